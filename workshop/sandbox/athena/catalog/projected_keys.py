"""What projection says of one partition key: its values as SQL, how many there are, whether a text is one of them."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal()

import re
from dataclasses import dataclass
from typing import Protocol

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import literal

_MOST_VALUES = 50_000_000


class Projected(Protocol):
    """The projected values of a key."""

    def sql(self) -> str:
        """A query whose column k holds the values, as text."""

    def contains(self, text: str) -> bool:
        """Whether a text is one of the values."""

    def pattern(self) -> str:
        """A regular expression that matches each value in a path."""


@dataclass(frozen=True)
class Listed:
    """Values that are given one by one."""

    values: tuple[str, ...]

    def sql(self) -> str:
        """A query whose column k holds the values, as text."""
        return f"SELECT unnest([{', '.join(map(literal, self.values))}]) AS k"

    def contains(self, text: str) -> bool:
        """Whether a text is one of the values."""
        return text in self.values

    def pattern(self) -> str:
        """A regular expression that matches each value in a path."""
        return "|".join(map(re.escape, sorted(self.values, key=len, reverse=True)))


@dataclass(frozen=True)
class Integers:
    """Every `step`-th number from `first` to `last`, filled up with zeros to `digits`."""

    first: int
    last: int
    step: int
    digits: int

    @classmethod
    def of(cls, table: Table, key: str) -> "Integers":
        """As the properties say."""
        bounds = property_of(table, key, "range").split(",")
        if len(bounds) != 2:
            raise invalid(table, f"projection.{key}.range must be 'min,max'", colon=True)
        first, last = (_whole(table, key, "range", bound) for bound in bounds)
        digits = _whole(table, key, "digits", table.properties.get(f"projection.{key}.digits", "0"))
        return checked(
            table, key, cls(first, last, interval(table, key), digits), (last - first) // interval(table, key)
        )

    def _text(self, number: int) -> str:
        return str(number).zfill(self.digits)

    def sql(self) -> str:
        """A query whose column k holds the values, as text."""
        plain = f"SELECT CAST(n AS VARCHAR) AS t FROM range({self.first}, {self.last + 1}, {self.step}) AS r(n)"
        if not self.digits:
            return f"SELECT t AS k FROM ({plain})"
        width = f"greatest(length(ltrim(t, '-')), {self.digits} - CAST(t[1] = '-' AS INTEGER))"
        filled = f"lpad(ltrim(t, '-'), CAST({width} AS INTEGER), '0')"
        return f"SELECT CASE WHEN t[1] = '-' THEN '-' ELSE '' END || {filled} AS k FROM ({plain})"

    def contains(self, text: str) -> bool:
        """Whether a text is one of the values."""
        if not re.fullmatch(r"-?[0-9]+", text):
            return False
        number = int(text)
        on_grid = (number - self.first) % self.step == 0
        return self.first <= number <= self.last and on_grid and self._text(number) == text

    def pattern(self) -> str:
        """A regular expression that matches each value in a path."""
        return "-?[0-9]+"


def checked(table: Table, key: str, projected: "Integers", count: int) -> "Integers":
    """`projected`, if its values can be counted out."""
    if projected.last > 2**63 - 2 or projected.first < -(2**63):
        raise invalid(table, f"projection.{key}.range is not within that of a signed long", colon=True)
    if count > _MOST_VALUES:
        raise AthenaError(
            "NOT_SUPPORTED", f"Projection of {count} values of {key} is not supported by the local Athena"
        )
    return projected


def property_of(table: Table, key: str, name: str) -> str:
    """A property that must be there."""
    value = table.properties.get(f"projection.{key}.{name}")
    if value is None:
        raise invalid(table, f"lacks the property projection.{key}.{name}")
    return value


def interval(table: Table, key: str) -> int:
    """The distance of two values; 1 without the property."""
    found = _whole(table, key, "interval", table.properties.get(f"projection.{key}.interval", "1"))
    if found < 1:
        raise invalid(table, f"projection.{key}.interval must be positive", colon=True)
    return found


def _whole(table: Table, key: str, name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise invalid(table, f"projection.{key}.{name} must be of whole numbers, not {text!r}", colon=True) from error


def invalid(table: Table, what: str, *, colon: bool = False) -> AthenaError:
    """INVALID_TABLE_PROPERTY."""
    return AthenaError("INVALID_TABLE_PROPERTY", f"Table {table.name}{':' if colon else ''} {what}")
