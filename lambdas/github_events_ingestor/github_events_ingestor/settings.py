"""The functions' environments, read once per invocation; each function checks what it needs itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from github_events_ingestor.errors import SettingsError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-]+/)+")
_KEY = re.compile(r"[A-Za-z0-9_./-]{1,1024}")
# The token travels with every request, and nothing vouches for an hour's content but TLS: https alone.
_URL = re.compile(r"https://[A-Za-z0-9._:\[\]-]+(?:/[A-Za-z0-9._~-]+)*")
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
_PARAMETER = re.compile(r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")


def quarantine_prefix(bronze_prefix: str) -> str:
    """Where lines go that are not events; outside of the Bronze table's location."""
    return f"quarantine/{bronze_prefix}"


@dataclass(frozen=True)
class PollSettings:
    """Where a poll reads and writes. `bronze_prefix` ends in a slash; `token_parameter` is None for no token."""

    raw_bucket: str
    bronze_prefix: str
    state_key: str
    api_url: str
    token_parameter: str | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "PollSettings":
        """Read and check the variables; SettingsError names the first that is missing or malformed."""
        return cls(
            raw_bucket=_read(environment, "RAW_BUCKET", _BUCKET),
            bronze_prefix=_read(environment, "BRONZE_PREFIX", _PREFIX),
            state_key=_read(environment, "STATE_KEY", _KEY),
            api_url=_read(environment, "GITHUB_API_URL", _URL),
            token_parameter=(
                _read(environment, "GITHUB_TOKEN_PARAMETER", _PARAMETER)
                if environment.get("GITHUB_TOKEN_PARAMETER")
                else None
            ),
        )


@dataclass(frozen=True)
class BackfillSettings:
    """Where the backfill reads and writes. Prefixes end in a slash."""

    raw_bucket: str
    bronze_prefix: str
    state_prefix: str
    archive_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "BackfillSettings":
        """Read and check the variables; SettingsError names the first that is missing or malformed."""
        return cls(
            raw_bucket=_read(environment, "RAW_BUCKET", _BUCKET),
            bronze_prefix=_read(environment, "BRONZE_PREFIX", _PREFIX),
            state_prefix=_read(environment, "BACKFILL_STATE_PREFIX", _PREFIX),
            archive_url=_read(environment, "GHARCHIVE_URL", _URL),
        )


def _read(environment: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = environment.get(name)
    if value is None:
        raise SettingsError(f"The environment variable {name} is not set.")
    if not shape.fullmatch(value):
        raise SettingsError(f"The environment variable {name} is {value!r}, which does not match {shape.pattern}.")
    return value
