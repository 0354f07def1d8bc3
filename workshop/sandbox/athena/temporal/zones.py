"""Time zones as Trino names them: `UTC`, `+05:30`, or a name of the tz database (Trino: TimeZoneKey)."""

import re
from functools import cache, lru_cache

import duckdb

_UTC = frozenset([
    "gmt", "gmt0", "gmt+0", "gmt-0", "ut", "ut+0", "ut-0", "utc", "utc+0", "utc-0", "z", "zulu", "uct", "greenwich",
    "universal", "+0000", "-0000", "+00:00", "-00:00",
])  # fmt: skip
_PREFIXED = re.compile(r"(etc/)?(?:gmt|utc|ut)([+-])(\d{1,2})(?::(\d\d))?")
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d\d)(?::?00)?)?")
_MOST_MINUTES = 14 * 60
_SHORT_NAMES = frozenset([
    "ACT", "AET", "AGT", "ART", "AST", "BET", "BST", "CAT", "CNT", "CST", "CTT", "EAT", "ECT", "IET", "IST", "JST",
    "MIT", "NET", "NST", "PLT", "PNT", "PRT", "PST", "SST", "VST", "Factory",
])  # fmt: skip
"""Names of ICU's that are not in the tz database."""


@cache
def _names() -> dict[str, str]:
    """The names of the tz database, by their lower case."""
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT name FROM pg_timezone_names()").fetchall()
    return {name.lower(): name for (name,) in rows if name not in _SHORT_NAMES}


@lru_cache(4096)
def canonical(zone: str) -> str | None:
    """The name that Trino gives a zone, None if it does not know it."""
    lowered = zone.lower()
    if lowered.removeprefix("etc/") in _UTC:
        return "UTC"
    prefixed = _PREFIXED.fullmatch(lowered)
    if prefixed:
        etc, sign, hours, minutes = prefixed.groups()
        if etc and lowered.startswith("etc/gmt"):  # there the sign says how far UTC is from the zone
            sign = "-" if sign == "+" else "+"
        return _offset_name(sign, int(hours), int(minutes or 0))
    offset = _OFFSET.fullmatch(lowered)
    if offset:
        sign, hours, minutes = offset.groups()
        return _offset_name(sign, int(hours), int(minutes or 0))
    return _names().get(lowered)


def _offset_name(sign: str, hours: int, minutes: int) -> str | None:
    if minutes > 59 or hours * 60 + minutes > _MOST_MINUTES:
        return None
    return f"{sign}{hours:02}:{minutes:02}" if hours or minutes else "UTC"


def of_offset(minutes: int) -> str | None:
    """The zone that is always `minutes` east of UTC."""
    sign = "-" if minutes < 0 else "+"
    return _offset_name(sign, *divmod(abs(minutes), 60))


def minutes_of(offset: str) -> int:
    """Minutes east of UTC of `UTC` or `+05:30`."""
    if offset == "UTC":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return -minutes if offset[0] == "-" else minutes


LONGEST = 40
"""More characters than the name of any zone has."""


def exact(text: str) -> str | None:
    """The zone whose name of the tz database, or `UTC`, is `text`, in the case as it is written there."""
    if text == "UTC":
        return text
    name = _names().get(text.lower())
    return canonical(text) if name == text else None
