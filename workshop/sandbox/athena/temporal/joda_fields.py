"""Fields of a wall clock, read and set as Joda-Time's formatters do it (what Trino's date formats are made of)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workshop.sandbox.athena.temporal import civil

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HALF_DAYS = ("AM", "PM")
ERAS = ("BC", "AD")
MILLIS_PER_DAY = 86_400_000
_HOUR, _MINUTE, _SECOND = 3_600_000, 60_000, 1000


class FieldRangeError(ValueError):
    """A value that a field does not take."""

    def __init__(self, name: str, value: int, low: int, high: int) -> None:
        super().__init__(f"Value {value} for {name} must be in the range [{low},{high}]")


@dataclass(frozen=True)
class Field:
    """A field of milliseconds on a wall clock.

    `rank` orders fields as Joda-Time applies them, from long to short. `set_` takes (milliseconds, value) and gives the
    milliseconds with that value; `start` is the first millisecond of the field's current value. `day_or_month` tells
    the fields that mean nothing without a year: then the year is 2000.
    """

    name: str
    rank: int
    get: Callable[[int], int]
    set_: Callable[[int, int], int]
    start: Callable[[int], int]
    day_or_month: bool = False


def _checked(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise FieldRangeError(name, value, low, high)
    return value


def _date(millis: int) -> tuple[int, int, int]:
    return civil.date_of(millis // MILLIS_PER_DAY)


def _at(days: int, millis: int) -> int:
    """The time of day of `millis` on another day."""
    return days * MILLIS_PER_DAY + millis % MILLIS_PER_DAY


def _year_day(millis: int) -> int:
    year = _date(millis)[0]
    return millis // MILLIS_PER_DAY - civil.days_of(year, 1, 1) + 1


def _set_year(millis: int, year: int) -> int:
    _, month, day = _date(millis)
    _checked("year", year, -292_275_054, 292_278_993)
    return _at(civil.days_of(year, month, min(day, civil.month_length(year, month))), millis)


def _set_month(millis: int, month: int) -> int:
    year, _, day = _date(millis)
    _checked("monthOfYear", month, 1, 12)
    return _at(civil.days_of(year, month, min(day, civil.month_length(year, month))), millis)


def _set_day(millis: int, day: int) -> int:
    year, month, _ = _date(millis)
    _checked("dayOfMonth", day, 1, civil.month_length(year, month))
    return _at(civil.days_of(year, month, day), millis)


def _set_year_day(millis: int, day: int) -> int:
    year = _date(millis)[0]
    _checked("dayOfYear", day, 1, 366 if civil.is_leap(year) else 365)
    return _at(civil.days_of(year, 1, 1) + day - 1, millis)


def _set_week_year(millis: int, year: int) -> int:
    days = millis // MILLIS_PER_DAY
    week = min(civil.iso_week(days)[1], civil.weeks_of(year))
    return _at(civil.first_week(year) + (week - 1) * 7 + civil.weekday(days) - 1, millis)


def _set_week(millis: int, week: int) -> int:
    days = millis // MILLIS_PER_DAY
    year, now = civil.iso_week(days)
    _checked("weekOfWeekyear", week, 1, civil.weeks_of(year))
    return _at(days + (week - now) * 7, millis)


def _set_weekday(millis: int, day: int) -> int:
    days = millis // MILLIS_PER_DAY
    _checked("dayOfWeek", day, 1, 7)
    return _at(days + day - civil.weekday(days), millis)


def _monday(millis: int) -> int:
    days = millis // MILLIS_PER_DAY
    return (days - civil.weekday(days) + 1) * MILLIS_PER_DAY


def _first_day(of_year: bool) -> Callable[[int], int]:
    def start(millis: int) -> int:
        year, month, _ = _date(millis)
        return civil.days_of(year, 1 if of_year else month, 1) * MILLIS_PER_DAY

    return start


def _precise(name: str, rank: int, unit: int, many: int, first: int = 0) -> Field:
    """A field of the time of day: `many` values of `unit` milliseconds; a clock hour calls 0 by its last value."""

    def get(millis: int) -> int:
        value = millis // unit % many
        return many if value == 0 and first else value

    def set_(millis: int, value: int) -> int:
        _checked(name, value, first, many - 1 + first)
        return millis + (value % many - millis // unit % many) * unit

    return Field(name, rank, get, set_, lambda millis: millis - millis % unit)


def _century(millis: int) -> int:
    return abs(_date(millis)[0]) // 100


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("era", 0, lambda m: int(_date(m)[0] > 0), lambda m, v: m if v == (_date(m)[0] > 0) else
              _set_year(m, 1 - _date(m)[0]), lambda m: m),
        Field("centuryOfEra", 1, _century, lambda m, v: _set_year(m, v * 100 + _date(m)[0] % 100),
              lambda m: civil.days_of(_date(m)[0] // 100 * 100, 1, 1) * MILLIS_PER_DAY),
        Field("year", 2, lambda m: _date(m)[0], _set_year, _first_day(of_year=True)),
        Field("yearOfEra", 2, lambda m: max(_date(m)[0], 1 - _date(m)[0]),
              lambda m, v: _set_year(m, v if _date(m)[0] > 0 else 1 - v), _first_day(of_year=True)),
        Field("weekyear", 2, lambda m: civil.iso_week(m // MILLIS_PER_DAY)[0], _set_week_year,
              lambda m: civil.first_week(civil.iso_week(m // MILLIS_PER_DAY)[0]) * MILLIS_PER_DAY),
        Field("monthOfYear", 3, lambda m: _date(m)[1], _set_month, _first_day(of_year=False), day_or_month=True),
        Field("weekOfWeekyear", 4, lambda m: civil.iso_week(m // MILLIS_PER_DAY)[1], _set_week, _monday,
              day_or_month=True),
        Field("dayOfYear", 5, _year_day, _set_year_day, lambda m: m - m % MILLIS_PER_DAY, day_or_month=True),
        Field("dayOfMonth", 6, lambda m: _date(m)[2], _set_day, lambda m: m - m % MILLIS_PER_DAY, day_or_month=True),
        Field("dayOfWeek", 7, lambda m: civil.weekday(m // MILLIS_PER_DAY), _set_weekday,
              lambda m: m - m % MILLIS_PER_DAY, day_or_month=True),
        _precise("halfdayOfDay", 8, 12 * _HOUR, 2),
        _precise("hourOfDay", 9, _HOUR, 24),
        _precise("clockhourOfDay", 9, _HOUR, 24, 1),
        _precise("hourOfHalfday", 10, _HOUR, 12),
        _precise("clockhourOfHalfday", 10, _HOUR, 12, 1),
        _precise("minuteOfHour", 11, _MINUTE, 60),
        _precise("secondOfMinute", 12, _SECOND, 60),
        _precise("millisOfSecond", 13, 1, 1000),
    )
}  # fmt: skip
_DEFAULT_YEAR = 2000


_CALENDAR = frozenset(["year", "monthOfYear", "dayOfMonth"])
_PLAIN = frozenset([*_CALENDAR, "hourOfDay", "minuteOfHour", "secondOfMinute", "millisOfSecond"])


def _usual(parts: Mapping[str, int]) -> int | None:
    """`compute` of a date and a time of day, without the steps in between; None if a value is out of its range."""
    year, month, day = parts["year"], parts["monthOfYear"], parts["dayOfMonth"]
    hour, minute, second, milli = (parts.get(name, 0) for name in ("hourOfDay", "minuteOfHour", "secondOfMinute",
                                                                    "millisOfSecond"))  # fmt: skip
    if not (1 <= month <= 12 and 1 <= day <= civil.month_length(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 59 or abs(year) > 290_000:
        return None
    return civil.days_of(year, month, day) * MILLIS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1000 + milli


def compute(saved: list[tuple[str, int]]) -> int:
    """The milliseconds of what was parsed, in the order of parsing; 1970-01-01 00:00 fills what is missing."""
    parts = dict(saved)
    if len(parts) == len(saved) and _CALENDAR <= parts.keys() <= _PLAIN:
        usual = _usual(parts)
        if usual is not None:
            return usual
    ordered = sorted(((FIELDS[name], value) for name, value in saved), key=lambda pair: pair[0].rank)
    if ordered and ordered[0][0].day_or_month:
        ordered.insert(0, (FIELDS["year"], _DEFAULT_YEAR))
    millis = 0
    for field, value in ordered:
        millis = field.start(field.set_(millis, value))
    for i, (field, value) in enumerate(ordered):
        millis = field.set_(millis, value)
        if i == len(ordered) - 1:
            millis = field.start(millis)
    return millis
