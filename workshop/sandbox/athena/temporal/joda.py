"""Joda-Time's formatters: a list of elements that print a wall clock, or parse a text into one.

`formats` makes the elements. Milliseconds are the finest that they know.
"""
# ruff: noqa: D102 - `show` and `parse` of the elements are described at `Element`

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from workshop.sandbox.athena.temporal import joda_fields, zones
from workshop.sandbox.athena.temporal.joda_fields import FIELDS

_MILLIS_PER_MINUTE = 60_000
_SAMPLE = 32


@dataclass(frozen=True)
class Clock:
    """What is printed: milliseconds on the wall clock; the zone, its offset from UTC in minutes, its short name."""

    millis: int
    zone: str | None = None
    minutes: int = 0
    short_name: str = ""


@dataclass
class Bucket:
    """What was parsed so far."""

    text: str
    saved: list[tuple[str, int]] = field(default_factory=list)
    zone: str | None = None


class NotParsedError(ValueError):
    """The text does not have the form; the argument is Joda-Time's message."""


class Element(ABC):
    """A piece of a format. `parse` returns the position behind it, or None and the position that is wrong as ~n."""

    @abstractmethod
    def show(self, clock: Clock) -> str:
        """The text of the element."""

    @abstractmethod
    def parse(self, bucket: Bucket, at: int) -> int:
        """The position behind the element, or `~n` if the character at `n` is wrong."""


@dataclass(frozen=True)
class Literal(Element):
    """Text as it is; parsed in any case."""

    text: str

    def show(self, clock: Clock) -> str:
        return self.text

    def parse(self, bucket: Bucket, at: int) -> int:
        end = at + len(self.text)
        return end if bucket.text[at:end].lower() == self.text.lower() else ~at


@dataclass(frozen=True)
class Number(Element):
    """A number of at least `least` digits; at most `most` are parsed."""

    name: str
    least: int
    most: int
    signed: bool = False

    def show(self, clock: Clock) -> str:
        value = FIELDS[self.name].get(clock.millis)
        return f"{'-' if value < 0 else ''}{abs(value):0{self.least}}"

    def parse(self, bucket: Bucket, at: int) -> int:
        text, end = bucket.text, at
        if self.signed and text[at : at + 1] in ("+", "-") and text[at + 1 : at + 2].isdigit():
            end += 1
        limit = end + self.most
        digits = end
        while digits < min(limit, len(text)) and text[digits] in "0123456789":
            digits += 1
        if digits == end:
            return ~at
        bucket.saved.append((self.name, int(text[at:digits])))
        return digits


@dataclass(frozen=True)
class TwoDigitYear(Element):
    """The last two digits of a year; parsed, years begin 50 before `pivot`. `lenient` takes other lengths, too."""

    name: str
    pivot: int
    lenient: bool = False

    def show(self, clock: Clock) -> str:
        return f"{abs(FIELDS[self.name].get(clock.millis)) % 100:02}"

    def parse(self, bucket: Bucket, at: int) -> int:
        text, start = bucket.text, at
        if self.lenient:
            signed = text[at : at + 1] in ("+", "-")
            end = at + signed
            while end < len(text) and text[end] in "0123456789":
                end += 1
            if end == at + signed:
                return ~at
            if signed or end - at != 2:
                bucket.saved.append((self.name, int(text[at:end])))
                return end
        digits = text[start : start + 2]
        if len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
            return ~at
        low = self.pivot - 50
        year = low + (int(digits) - low) % 100
        bucket.saved.append((self.name, year))
        return start + 2


@dataclass(frozen=True)
class Fraction(Element):
    """Digits of a second; printed with at least `least`, without zeros beyond those, up to `most`."""

    least: int
    most: int

    def show(self, clock: Clock) -> str:
        digits = f"{clock.millis % 1000:03}"[: self.most].rstrip("0")
        return digits.ljust(self.least, "0")

    def parse(self, bucket: Bucket, at: int) -> int:
        text, end = bucket.text, at
        while end < min(at + self.most, len(text)) and text[end] in "0123456789":
            end += 1
        if end == at:
            return ~at
        bucket.saved.append(("millisOfSecond", int(text[at : at + 3][: end - at].ljust(3, "0"))))
        return end


@dataclass(frozen=True)
class Name(Element):
    """A name: parsed short or long, in its own, upper or lower case."""

    name: str
    names: tuple[str, ...]
    first: int = 0
    short: bool = False

    def show(self, clock: Clock) -> str:
        name = self.names[FIELDS[self.name].get(clock.millis) - self.first]
        return name[:3] if self.short else name

    @cached_property
    def _values(self) -> Mapping[str, int]:
        forms = {}
        for i, name in enumerate(self.names):
            for form in (name, name[:3]) if len(name) > 3 else (name,):
                forms.update(dict.fromkeys((form, form.lower(), form.upper()), i + self.first))
        return forms

    def parse(self, bucket: Bucket, at: int) -> int:
        for length in range(max(map(len, self.names)), 0, -1):
            value = self._values.get(bucket.text[at : at + length])
            if value is not None and at + length <= len(bucket.text):
                bucket.saved.append((self.name, value))
                return at + length
        return ~at


@dataclass(frozen=True)
class Offset(Element):
    """A zone's offset from UTC, `+0530` or `+05:30`; `Z` is parsed, too."""

    colon: bool

    def show(self, clock: Clock) -> str:
        hours, minutes = divmod(abs(clock.minutes), 60)
        return f"{'-' if clock.minutes < 0 else '+'}{hours:02}{':' if self.colon else ''}{minutes:02}"

    def parse(self, bucket: Bucket, at: int) -> int:
        text = bucket.text
        if text[at : at + 1].upper() == "Z":
            bucket.zone = "UTC"
            return at + 1
        sign, hours = text[at : at + 1], text[at + 1 : at + 3]
        if sign not in ("+", "-") or len(hours) < 2 or not hours.isdigit() or int(hours) > 23:
            return ~at
        end, minutes = at + 3, 0
        colon = text[end : end + 1] == ":"
        found = text[end + colon : end + colon + 2]
        if len(found) == 2 and found.isdigit():
            minutes, end = int(found), end + colon + 2
            if minutes > 59:
                return ~(end - 2)
        total = int(hours) * 60 + minutes
        bucket.zone = zones.of_offset(-total if sign == "-" else total)
        return end if bucket.zone is not None else ~at


@dataclass(frozen=True)
class ZoneName(Element):
    """The name of a zone: `Europe/Berlin`, `+05:30`."""

    def show(self, clock: Clock) -> str:
        return clock.zone or ""

    def parse(self, bucket: Bucket, at: int) -> int:
        for end in range(min(len(bucket.text), at + zones.LONGEST), at, -1):
            zone = zones.exact(bucket.text[at:end])
            if zone is not None:
                bucket.zone = zone
                return end
        return ~at


_SHORT_ZONES = {
    "UT": "UTC", "UTC": "UTC", "GMT": "UTC", "EST": "America/New_York", "EDT": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "MST": "America/Denver", "MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
}  # fmt: skip


@dataclass(frozen=True)
class ShortZoneName(Element):
    """The short name of a zone, `PST`; the American ones and UTC are parsed."""

    def show(self, clock: Clock) -> str:
        return clock.short_name

    def parse(self, bucket: Bucket, at: int) -> int:
        for length in (3, 2):
            zone = _SHORT_ZONES.get(bucket.text[at : at + length])
            if zone is not None:
                bucket.zone = zone
                return at + length
        return ~at


Format = Sequence[Element]


def show(elements: Format, clock: Clock) -> str:
    """The text of a wall clock."""
    return "".join([element.show(clock) for element in elements])


def parse(elements: Format, text: str) -> tuple[int, str | None]:
    """Milliseconds on the wall clock, and the zone if the text names one; raises `NotParsedError`."""
    bucket, at = Bucket(text), 0
    for element in elements:
        at = element.parse(bucket, at)
        if at < 0:
            raise NotParsedError(malformed(text, ~at))
    if at < len(text):
        raise NotParsedError(malformed(text, at))
    try:
        return joda_fields.compute(bucket.saved), bucket.zone
    except joda_fields.FieldRangeError as error:
        raise NotParsedError(f'Cannot parse "{text}": {error}') from error


def malformed(text: str, at: int) -> str:
    """Joda-Time's message on a text whose character `at` is wrong."""
    sample = text if len(text) <= at + _SAMPLE + 3 else text[: at + _SAMPLE] + "..."
    if at <= 0:
        return f'Invalid format: "{sample}"'
    if at >= len(text):
        return f'Invalid format: "{sample}" is too short'
    return f'Invalid format: "{sample}" is malformed at "{sample[at:]}"'
