"""Projection of the type date: formats of Java's DateTimeFormatter, ranges relative to NOW, intervals, units."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal()

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.catalog.projected_keys import interval, invalid, property_of
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.types import literal

_RELATIVE = re.compile(
    r"NOW(?:\s*([+-])\s*(\d+)\s*(YEARS?|MONTHS?|WEEKS?|DAYS?|HOURS?|MINUTES?|SECONDS?))?", re.IGNORECASE
)
_LETTERS = {
    "yyyy": "%Y", "uuuu": "%Y", "y": "%Y", "u": "%Y", "yy": "%y", "uu": "%y", "MM": "%m", "M": "%-m", "MMM": "%b",
    "MMMM": "%B", "LL": "%m", "L": "%-m", "dd": "%d", "d": "%-d", "DDD": "%j", "D": "%-j", "E": "%a", "EE": "%a",
    "EEE": "%a", "EEEE": "%A", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "a": "%p", "mm": "%M", "m": "%-M",
    "ss": "%S", "s": "%-S", "SSS": "%g",
}  # fmt: skip
"""Letters of a Java format as DuckDB's strftime spells them."""
_UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND")
_FINEST = (("%g", "MILLISECOND"), ("S", "SECOND"), ("M", "MINUTE"), ("H", "HOUR"), ("I", "HOUR"), ("d", "DAY"),
           ("j", "DAY"), ("m", "MONTH"), ("b", "MONTH"), ("B", "MONTH"))  # fmt: skip
_MONTHS = {"MONTH": 1, "YEAR": 12}
_FIXED = {
    "WEEK": timedelta(weeks=1),
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
    "MILLISECOND": timedelta(milliseconds=1),
}


@dataclass(frozen=True)
class Dates:
    """Moments from `first` to `last`, `amount` units apart, as strftime prints them by `form`."""

    form: str
    first: datetime
    last: datetime
    amount: int
    unit: str

    def sql(self) -> str:
        """A query whose column k holds the values, as text."""
        first, last = (f"TIMESTAMP {literal(m.isoformat(' '))}" for m in (self.first, self.last))
        series = f"generate_series({first}, {last}, INTERVAL {self.amount} {self.unit})"
        return f"SELECT strftime(t, {literal(self.form)}) AS k FROM (SELECT unnest({series}) AS t)"

    def contains(self, text: str) -> bool:
        """Whether a text is one of the values."""
        moment = parse(text, self.form)
        if moment is None or not self.first <= moment <= self.last or render(moment, self.form) != text:
            return False
        if self.unit in _FIXED:
            return (moment - self.first) % (_FIXED[self.unit] * self.amount) == timedelta(0)
        months = (moment.year - self.first.year) * 12 + moment.month - self.first.month
        return months % (_MONTHS[self.unit] * self.amount) == 0 and moment == move(self.first, months, "MONTH")

    def pattern(self) -> str:
        """A regular expression that matches each value in a path: as many folders as the format has."""
        return "[^/]*" + "/[^/]*" * self.form.count("/")


def dates(table: Table, key: str, now: datetime) -> Dates:
    """As the properties say; the interval and its unit may be left out where the format ends with days or months."""
    pattern = strftime_of(property_of(table, key, "format"))
    bounds = [b.strip() for b in property_of(table, key, "range").split(",")]
    if len(bounds) != 2:
        raise invalid(table, f"projection.{key}.range must be 'start,end'", colon=True)
    first, last = (_bound(table, key, b, pattern, now) for b in bounds)
    finest = _finest(pattern)
    given = table.properties.get(f"projection.{key}.interval.unit")
    if finest not in ("DAY", "MONTH"):
        for name in ("interval", "interval.unit"):
            property_of(table, key, name)
    unit = (given or finest).strip().upper().removesuffix("S")
    if unit not in _UNITS:
        raise invalid(table, f"projection.{key}.interval.unit is not a unit of time: {given}", colon=True)
    return Dates(pattern, first, last, interval(table, key), unit)


def strftime_of(pattern: str) -> str:
    """A Java date format as strftime's; letters that are not known are refused."""
    result = ""
    for part in re.finditer(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+)", pattern):
        quoted, letters, _, other = part.groups()
        if letters:
            if letters not in _LETTERS:
                raise not_supported(f"The letters {letters!r} in a projection's date format")
            result += _LETTERS[letters]
        else:
            text = other if other is not None else (quoted.replace("''", "'") or "'")
            result += text.replace("%", "%%")
    return result


def parse(text: str, pattern: str) -> datetime | None:
    """The moment that a text names by strftime's pattern."""
    try:
        return datetime.strptime(text, pattern.replace("%-", "%").replace("%g", "%f"))
    except ValueError:
        return None


def render(moment: datetime, pattern: str) -> str:
    """A moment by strftime's pattern, years in four digits."""
    pattern = pattern.replace("%Y", f"{moment.year:04}").replace("%g", f"{moment.microsecond // 1000:03}")
    for code in set(re.findall(r"%-(.)", pattern)):
        pattern = pattern.replace(f"%-{code}", str(int(moment.strftime(f"%{code}"))))
    return moment.strftime(pattern)


def _bound(table: Table, key: str, text: str, pattern: str, now: datetime) -> datetime:
    relative = _RELATIVE.fullmatch(text)
    if relative:
        sign, amount, unit = relative.groups()
        moment = now.replace(tzinfo=None)
        if amount:
            moment = move(moment, int(amount) * (-1 if sign == "-" else 1), unit.upper().removesuffix("S"))
        text = render(moment, pattern)
    found = parse(text, pattern)
    if found is None:
        raise invalid(table, f"projection.{key}.range: {text!r} does not match the format", colon=True)
    return found


def _finest(pattern: str) -> str:
    codes = re.findall(r"%-?([A-Za-z])", pattern)
    for code, unit in _FINEST:
        if code.lstrip("%") in codes:
            return unit
    return "YEAR"


def move(moment: datetime, amount: int, unit: str) -> datetime:
    """`amount` units later; the end of a shorter month stands for days it does not have."""
    if unit in _FIXED:
        return moment + _FIXED[unit] * amount
    months = moment.year * 12 + moment.month - 1 + amount * _MONTHS[unit]
    year, month = divmod(months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
