"""Formats in the words of DuckDB's strftime and strptime, where these mean exactly the same."""

import re

from workshop.sandbox.athena.temporal.joda import Element, Format, Fraction, Literal, Name, Number, TwoDigitYear
from workshop.sandbox.athena.temporal.joda_fields import DAYS, HALF_DAYS, MONTHS

_PRINTED = {
    ("year", 4): "%Y",
    ("yearOfEra", 4): "%Y",
    ("weekyear", 4): "%G",
    ("monthOfYear", 2): "%m",
    ("monthOfYear", 1): "%-m",
    ("dayOfMonth", 2): "%d",
    ("dayOfMonth", 1): "%-d",
    ("dayOfYear", 3): "%j",
    ("weekOfWeekyear", 2): "%V",
    ("dayOfWeek", 1): "%u",
    ("hourOfDay", 2): "%H",
    ("hourOfDay", 1): "%-H",
    ("clockhourOfHalfday", 2): "%I",
    ("clockhourOfHalfday", 1): "%-I",
    ("minuteOfHour", 2): "%M",
    ("minuteOfHour", 1): "%-M",
    ("secondOfMinute", 2): "%S",
    ("secondOfMinute", 1): "%-S",
}
"""Numbers by field and least digits, in the years 1 to 9999."""
_NAMES = {
    (MONTHS, False): "%B",
    (MONTHS, True): "%b",
    (DAYS, False): "%A",
    (DAYS, True): "%a",
    (HALF_DAYS, False): "%p",
}
_FRACTIONS = {(3, 3): "%g", (6, 6): "%f", (6, 9): "%f"}
_DIGITS = {
    "%Y": r"[0-9]{4}",
    "%m": r"(?:0[1-9]|1[0-2])",
    "%d": r"[0-3][0-9]",
    "%H": r"(?:[01][0-9]|2[0-3])",
    "%M": r"[0-5][0-9]",
    "%S": r"[0-5][0-9]",
    "%f": r"[0-9]{1,6}",
    "%g": r"[0-9]{1,3}",
    "%b": f"(?:{'|'.join(name[:3] for name in MONTHS)})",
}
"""What is parsed the same, with all of its digits."""
_READ_AS = {"%g": "%f"}


def _printed(element: Element) -> str | None:
    match element:
        case Literal():
            return element.text.replace("%", "%%")
        case Number():
            return _PRINTED.get((element.name, element.least))
        case TwoDigitYear() if element.name == "year":
            return "%y"
        case Fraction():
            return _FRACTIONS.get((element.least, element.most))
        case Name():
            return _NAMES.get((element.names, element.short))
    return None


def printing(elements: Format) -> str | None:
    """The format for strftime of a TIMESTAMP of whole milliseconds in the years 1 to 9999; None if there is none."""
    parts = [_printed(element) for element in elements]
    if any(part is None for part in parts):
        return None
    return "".join(part for part in parts if part is not None) or None


def parsing(elements: Format) -> tuple[str, str] | None:
    """A regular expression, and the format for strptime that reads what matches it exactly; None if there is none."""
    form = format_ = ""
    seen: list[str] = []
    for element in elements:
        part = _printed(element)
        if isinstance(element, Literal) and part is not None:
            form, format_ = form + re.escape(element.text), format_ + part
            continue
        if part not in _DIGITS or part in seen:
            return None
        seen.append(part)
        form, format_ = form + _DIGITS[part], format_ + _READ_AS.get(part, part)
    complete = {"%Y", "%d"} <= set(seen) and len({"%m", "%b"} & set(seen)) == 1
    return (form, format_) if complete else None
