"""What texts mean as dates, times, timestamps and intervals (Trino: DateTimes, DateTimeUtils)."""

import re
from dataclasses import dataclass

from workshop.sandbox.athena.temporal import civil, zones
from workshop.sandbox.athena.types import PICOS

_DATE = re.compile(r"([-+]?\d{1,9})-(\d{1,2})-(\d{1,2})", re.ASCII)
_TIMESTAMP = re.compile(
    r"([-+]?\d{4,9})-(\d{1,2})-(\d{1,2})( (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(.+)?)?",
    re.ASCII | re.DOTALL,
)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?\s*(?:([+-])(\d\d):(\d\d))?", re.ASCII)
_PICOS_PER_SECOND = 10**PICOS
_MOST_SECONDS = 2**63 // 10**6
_INFINITE_DAY = 2**31 - 1
"""Days that DuckDB takes for infinity; Trino has one more on each side."""
_ZONED_MILLIS = 2**51
"""Milliseconds that Trino packs together with a zone, for timestamps of up to three digits."""


class NoValueError(ValueError):
    """The text is no such value."""


@dataclass(frozen=True)
class Moment:
    """A point on the clock: `picos` since 1970 (a time: since midnight), to `digits` of a second; the zone if any.

    The zone of a timestamp is a name, that of a time minutes east of UTC.
    """

    picos: int
    digits: int
    zone: str | None = None
    minutes: int | None = None

    def rounded(self, digits: int) -> int:
        """The picoseconds rounded half up to `digits` of a second."""
        unit = 10 ** (PICOS - digits)
        return self.picos if self.digits <= digits else (self.picos + unit // 2) // unit * unit


def date(text: str) -> int:
    """Days since 1970-01-01 of `[-]yyyy-mm-dd`, with blanks around it."""
    matched = _DATE.fullmatch(text.strip())
    if not matched:
        raise NoValueError(text)
    days = _day(*matched.groups())
    if abs(days) >= _INFINITE_DAY:
        raise NoValueError(text)
    return days


def _day(year: str, month: str, day: str) -> int:
    y, m, d = int(year), int(month), int(day)
    if not 1 <= m <= 12 or not 1 <= d <= civil.month_length(y, m):
        raise NoValueError
    return civil.days_of(y, m, d)


def _clock(hour: str | None, minute: str | None, second: str | None) -> int:
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    if h > 23 or m > 59 or s > 59:
        raise NoValueError
    return (h * 60 + m) * 60 + s


def _fraction(digits: str | None) -> int:
    if digits is not None and len(digits) > PICOS:
        raise NoValueError
    return int((digits or "").ljust(PICOS, "0"))


def timestamp(text: str, *, zoned: bool = True) -> Moment:
    """`yyyy-mm-dd [hh:mm[:ss[.fraction]]] [zone]`; `NoValueError`, too, for years that no timestamp holds.

    Without `zoned` what stands where the zone would is not looked at.
    """
    matched = _TIMESTAMP.fullmatch(text)
    if not matched:
        raise NoValueError(text)
    year, month, day, _, hour, minute, second, fraction, zone = matched.groups()
    seconds = _day(year, month, day) * 86_400 + _clock(hour, minute, second)
    if abs(seconds) >= _MOST_SECONDS:
        raise NoValueError(text)
    name = None
    if zone is not None and zoned:
        name = zones.canonical(zone)
        if name is None or (len(fraction or "") <= 3 and abs(seconds) * 1000 >= _ZONED_MILLIS):
            raise NoValueError(text)
    return Moment(seconds * _PICOS_PER_SECOND + _fraction(fraction), len(fraction or ""), name)


def timestamp_digits(text: str) -> tuple[int, bool] | None:
    """The digits of the fraction, and whether there is a zone; None if it does not look like a timestamp."""
    matched = _TIMESTAMP.fullmatch(text)
    return (len(matched[8] or ""), matched[9] is not None) if matched else None


def time_digits(text: str) -> tuple[int, bool] | None:
    """The digits of the fraction, and whether there is a zone; None if it does not look like a time."""
    matched = _TIME.fullmatch(text)
    return (len(matched[4] or ""), matched[5] is not None) if matched else None


def time(text: str) -> Moment:
    """`hh:mm[:ss[.fraction]] [(+|-)hh:mm]`."""
    matched = _TIME.fullmatch(text)
    if not matched:
        raise NoValueError(text)
    hour, minute, second, fraction, sign, zone_hour, zone_minute = matched.groups()
    minutes = None
    if sign is not None:
        minutes = int(zone_hour) * 60 + int(zone_minute)
        if int(zone_minute) > 59 or minutes > 14 * 60:
            raise NoValueError(text)
        minutes = -minutes if sign == "-" else minutes
    picos = _clock(hour, minute, second) * _PICOS_PER_SECOND + _fraction(fraction)
    return Moment(picos, len(fraction or ""), minutes=minutes)


_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_MONTHS = {"year": 12, "month": 1}
_MILLIS = {"day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000}
_SEPARATORS = {"month": "-", "hour": " ", "minute": ":", "second": ":"}
_NUMBER = r"\+?(\d{1,10})"
_SECONDS = r"\+?(\d{1,10})(?:\.(\d*))?"


def is_interval(first: str, last: str) -> bool:
    """Whether there is an interval of the fields `first` TO `last`."""
    start, end = _FIELDS.index(first), _FIELDS.index(last)
    return start <= end and (first in _MONTHS) == (last in _MONTHS)


def interval(text: str, first: str, last: str) -> int:
    """Months, or milliseconds, of the text of an interval `first` TO `last`; fields may be missing at its end."""
    units = _MONTHS if first in _MONTHS else _MILLIS
    names = _FIELDS[_FIELDS.index(first) : _FIELDS.index(last) + 1]
    form = ""
    for name in reversed(names):
        number = _SECONDS if name == "second" else _NUMBER
        separator = "" if name == first else re.escape(_SEPARATORS[name])
        form = f"{separator}{number}{form}" if name == first else f"(?:{separator}{number}{form})?"
    negative = text.startswith("-")
    matched = re.fullmatch(form, text.removeprefix("-"), re.ASCII)
    if not matched:
        raise NoValueError(text)
    values = matched.groups()
    total = sum(int(value or 0) * units[name] for name, value in zip(names, values, strict=False))
    if len(values) > len(names):
        total += int((values[-1] or "")[:3].ljust(3, "0"))
    bits = 31 if units is _MONTHS else 63
    if total >= 2**bits:
        raise NoValueError(text)
    return -total if negative else total
