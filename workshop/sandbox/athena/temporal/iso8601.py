"""ISO 8601 as Trino reads it: Joda-Time's dateTimeParser and dateElementParser, and Java's ISO_DATE_TIME."""

import re
from collections.abc import Sequence

from workshop.sandbox.athena.temporal import civil, joda_fields, zones
from workshop.sandbox.athena.temporal.joda import NotParsedError, malformed

_DATES: Sequence[tuple[re.Pattern[str], tuple[str, ...]]] = (
    (re.compile(r"([+-]?\d{1,9})-W(\d{1,2})(?:-(\d))?", re.ASCII), ("weekyear", "weekOfWeekyear", "dayOfWeek")),
    (re.compile(r"([+-]?\d{1,9})-(\d{3})(?!\d)", re.ASCII), ("year", "dayOfYear")),
    (re.compile(r"([+-]?\d{1,9})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII), ("year", "monthOfYear", "dayOfMonth")),
)
_TIME = re.compile(r"(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?(?:[.,](\d{1,9}))?", re.ASCII)
_OFFSET = re.compile(r"([Zz])|([+-])(\d\d)(?::?([0-5]\d)(?::?[0-5]\d)?)?", re.ASCII)
_CLOCK_FIELDS = (("hourOfDay", 3_600_000), ("minuteOfHour", 60_000), ("secondOfMinute", 1000))
_JAVA = re.compile(
    r"([+-]?\d{4,9})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?:(Z|[+-]\d\d:\d\d(?::\d\d)?)(?:\[([^\]]+)\])?)?",
    re.ASCII,
)


def _read_date(text: str, saved: list[tuple[str, int]]) -> int:
    """Where the date that `text` begins with ends."""
    for form, names in _DATES:
        matched = form.match(text)
        if matched:
            saved += [(name, int(v)) for name, v in zip(names, matched.groups(), strict=True) if v is not None]
            return matched.end()
    return 0


def _read_time(text: str, at: int, saved: list[tuple[str, int]]) -> tuple[int, int]:
    """Where the time of day ends, and the milliseconds of a fraction of its last part."""
    matched = _TIME.match(text, at)
    if not matched:
        return at, 0
    *parts, fraction = matched.groups()
    given = [(name, unit, int(part)) for (name, unit), part in zip(_CLOCK_FIELDS, parts, strict=True) if part]
    saved += [(name, value) for name, _, value in given]
    millis = int(fraction or 0) * given[-1][1] // 10 ** len(fraction or "")
    return matched.end(), millis


def _computed(text: str, saved: list[tuple[str, int]]) -> int:
    try:
        return joda_fields.compute(saved)
    except joda_fields.FieldRangeError as error:
        raise NotParsedError(f'Cannot parse "{text}": {error}') from error


def date(text: str) -> int:
    """Days since 1970 of a calendar, ordinal or week date; raises `NotParsedError`."""
    saved: list[tuple[str, int]] = []
    end = _read_date(text, saved)
    if end == 0 or end < len(text):
        raise NotParsedError(malformed(text, end))
    return _computed(text, saved) // joda_fields.MILLIS_PER_DAY


def timestamp(text: str) -> tuple[int, str]:
    """Milliseconds on the wall clock, and the zone (UTC if none is given); raises `NotParsedError`."""
    saved: list[tuple[str, int]] = []
    at = _read_date(text, saved)
    millis, zone = 0, "UTC"
    if text[at : at + 1] in ("T", "t"):
        dated = at > 0
        at, millis = _read_time(text, at + 1, saved)
        if not dated and not saved:
            raise NotParsedError(malformed(text, at))
        offset = _OFFSET.match(text, at)
        if offset:
            at = offset.end()
            zone = _zone(offset, text)
    if at == 0 or at < len(text):
        raise NotParsedError(malformed(text, at))
    return _computed(text, saved) + millis, zone


def _zone(offset: re.Match[str], text: str) -> str:
    if offset[1]:
        return "UTC"
    minutes = int(offset[3]) * 60 + int(offset[4] or 0)
    zone = zones.of_offset(-minutes if offset[2] == "-" else minutes)
    if zone is None:
        raise NotParsedError(malformed(text, offset.start()))
    return zone


def timestamp_nanos(text: str) -> tuple[int, str, int]:
    """Nanoseconds on the wall clock, the zone, and the offset in minutes that the text gives; `NotParsedError`."""
    matched = _JAVA.fullmatch(text)
    if not matched:
        raise NotParsedError(f"Text '{text}' could not be parsed at index 0")
    year, month, day, hour, minute, second = (int(part or 0) for part in matched.groups()[:6])
    valid = 1 <= month <= 12 and 1 <= day <= civil.month_length(year, month) and hour < 24 and max(minute, second) < 60
    zone = zones.canonical(matched[9] or matched[8] or "UTC")
    if not valid or zone is None:
        raise NotParsedError(f"Text '{text}' could not be parsed")
    seconds = civil.days_of(year, month, day) * 86_400 + (hour * 60 + minute) * 60 + second
    offset = zones.minutes_of(zones.canonical(matched[8] or "UTC") or "UTC")
    return seconds * 10**9 + int((matched[7] or "").ljust(9, "0")), zone, offset
