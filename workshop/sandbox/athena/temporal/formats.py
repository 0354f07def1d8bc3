"""Date formats as lists of elements: MySQL's (`%Y-%m-%d`) and Joda-Time's (`yyyy-MM-dd`)."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from workshop.sandbox.athena.temporal.joda import (
    Element,
    Format,
    Fraction,
    Literal,
    Name,
    Number,
    Offset,
    ShortZoneName,
    TwoDigitYear,
    ZoneName,
)
from workshop.sandbox.athena.temporal.joda_fields import DAYS, ERAS, HALF_DAYS, MONTHS


class UnknownFormatError(ValueError):
    """A format that Trino does not know; the argument is its message."""


LONG_ZONE_NAMES = "Long names of time zones (zzzz)"
"""The message on a pattern that Trino knows and this engine does not."""
_MOST_YEAR_DIGITS = 9
_HALF_DAY = Name("halfdayOfDay", HALF_DAYS)
_HOUR_MINUTE_SECOND = (Literal(":"), Number("minuteOfHour", 2, 2), Literal(":"), Number("secondOfMinute", 2, 2))
_TWENTIETH_CENTURY_FROM = 2020
"""Of `%y`: 70 is 1970, 69 is 2069."""

_MYSQL: dict[str, tuple[Element, ...]] = {
    "a": (Name("dayOfWeek", DAYS, 1, short=True),),
    "b": (Name("monthOfYear", MONTHS, 1, short=True),),
    "c": (Number("monthOfYear", 1, 2),),
    "d": (Number("dayOfMonth", 2, 2),),
    "e": (Number("dayOfMonth", 1, 2),),
    "f": (Fraction(6, 9),),
    "H": (Number("hourOfDay", 2, 2),),
    "h": (Number("clockhourOfHalfday", 2, 2),),
    "I": (Number("clockhourOfHalfday", 2, 2),),
    "i": (Number("minuteOfHour", 2, 2),),
    "j": (Number("dayOfYear", 3, 3),),
    "k": (Number("hourOfDay", 1, 2),),
    "l": (Number("clockhourOfHalfday", 1, 2),),
    "M": (Name("monthOfYear", MONTHS, 1),),
    "m": (Number("monthOfYear", 2, 2),),
    "p": (_HALF_DAY,),
    "r": (Number("clockhourOfHalfday", 2, 2), *_HOUR_MINUTE_SECOND, Literal(" "), _HALF_DAY),
    "S": (Number("secondOfMinute", 2, 2),),
    "s": (Number("secondOfMinute", 2, 2),),
    "T": (Number("hourOfDay", 2, 2), *_HOUR_MINUTE_SECOND),
    "v": (Number("weekOfWeekyear", 2, 2),),
    "x": (Number("weekyear", 4, 4, signed=True),),
    "W": (Name("dayOfWeek", DAYS, 1),),
    "Y": (Number("year", 4, 4, signed=True),),
    "y": (TwoDigitYear("year", _TWENTIETH_CENTURY_FROM),),
}
_NOT_IN_TRINO = frozenset("wUuVXD")


def _is_open(text: str) -> bool:
    """Whether the last `%` has no letter behind it."""
    return (len(text) - len(text.rstrip("%"))) % 2 == 1


@lru_cache(256)
def mysql(text: str) -> Format:
    """The elements of a format of date_format and date_parse; raises `UnknownFormatError`."""
    elements: list[Element] = []
    for marked, letter in re.findall(r"(%?)(.)", text.removesuffix("%") if _is_open(text) else text, re.DOTALL):
        if marked and letter in _NOT_IN_TRINO:
            raise UnknownFormatError(f"%{letter} not supported in date format string")
        elements += _MYSQL.get(letter, (Literal(letter),)) if marked else (Literal(letter),)
    if not elements:
        raise UnknownFormatError("Both printing and parsing not supported")
    return elements


_NUMBERS = {
    "C": "centuryOfEra",
    "d": "dayOfMonth",
    "h": "clockhourOfHalfday",
    "H": "hourOfDay",
    "k": "clockhourOfDay",
    "K": "hourOfHalfday",
    "m": "minuteOfHour",
    "s": "secondOfMinute",
    "e": "dayOfWeek",
    "D": "dayOfYear",
    "w": "weekOfWeekyear",
}
_YEARS = {"x": "weekyear", "y": "year", "Y": "yearOfEra"}
_DIGITS = {"D": 3, "e": 1, "C": _MOST_YEAR_DIGITS}
"""The digits of the greatest value, where it has not two."""


def _tokens(pattern: str) -> list[tuple[str, str]]:
    """(letter, run of the letter) or ("'", literal text)."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter.isascii() and letter.isalpha():
            end = at
            while pattern[end : end + 1] == letter:
                end += 1
            found.append((letter, pattern[at:end]))
            at = end
            continue
        text, quoted = "", False
        while at < len(pattern):
            letter = pattern[at]
            if letter == "'":
                if pattern[at + 1 : at + 2] == "'":
                    text += "'"
                    at += 1
                else:
                    quoted = not quoted
            elif letter.isascii() and letter.isalpha() and not quoted:
                break
            else:
                text += letter
            at += 1
        found.append(("'", text))
    return found


def _is_number(token: tuple[str, str] | None) -> bool:
    if token is None:
        return False
    return token[0] in _NUMBERS or token[0] in _YEARS or token[0] in "SF" or (token[0] == "M" and len(token[1]) < 3)


@lru_cache(256)
def joda(pattern: str) -> Format:
    """The elements of a pattern of format_datetime and parse_datetime; raises `UnknownFormatError`."""
    tokens = _tokens(pattern)
    if not tokens:
        raise UnknownFormatError("Invalid pattern specification")
    following = [*tokens[1:], None]
    return [_joda_element(*token, after) for token, after in zip(tokens, following, strict=True)]


def has_zone(pattern: str) -> bool:
    """Whether a pattern shows a zone."""
    return any(letter in "zZ" for letter, _ in _tokens(pattern))


def _joda_element(letter: str, run: str, after: tuple[str, str] | None) -> Element:  # noqa: PLR0911 - one per kind
    length = len(run)
    if letter == "'":
        return Literal(run)
    if letter in _YEARS:
        name = _YEARS[letter]
        if length == 2:
            pivot = datetime.now(UTC).year - 30
            return TwoDigitYear("year" if name == "yearOfEra" else name, pivot, lenient=not _is_number(after))
        return Number(name, length, length if _is_number(after) else _MOST_YEAR_DIGITS, signed=letter != "Y")
    if letter in _NUMBERS:
        return Number(_NUMBERS[letter], length, max(length, _DIGITS.get(letter, 2)))
    match letter:
        case "G":
            return Name("era", ERAS)
        case "M":
            return Name("monthOfYear", MONTHS, 1, short=length == 3) if length > 2 else Number("monthOfYear", length, 2)
        case "E":
            return Name("dayOfWeek", DAYS, 1, short=length < 4)
        case "a":
            return _HALF_DAY
        case "S":
            return Fraction(length, length)
        case "z" if length < 4:
            return ShortZoneName()
        case "z":
            raise UnknownFormatError(LONG_ZONE_NAMES)
        case "Z":
            return ZoneName() if length > 2 else Offset(colon=length == 2)
    raise UnknownFormatError(f"Illegal pattern component: {run}")
