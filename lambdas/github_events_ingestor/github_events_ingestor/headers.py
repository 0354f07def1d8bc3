"""What headers of HTTP answers say about waiting."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

# GitHub, for a limit that does not say how long it lasts: "wait for at least one minute".
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
DEFAULT_PAUSE_SECONDS = 60.0


def number(text: str | None) -> float | None:
    """A header that holds a number which is not negative, None for anything else."""
    return float(text) if text is not None and re.fullmatch(r"[0-9]{1,15}", text) else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, a number or a date (RFC 9110); None without one.

    One that cannot be read counts as DEFAULT_PAUSE_SECONDS, one that has passed as 0.
    """
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = number(value)
    if seconds is not None:
        return seconds
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return DEFAULT_PAUSE_SECONDS
    return max(0.0, (until - now).total_seconds()) if until.tzinfo else DEFAULT_PAUSE_SECONDS
