"""Java's `String.format` (java.util.Formatter), for the function `format`."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

_SPECIFIER = re.compile(r"%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?(?:([tT])(.)|(.)|$)", re.DOTALL)
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)
_LONG = 2**64
_DEFAULT_DIGITS = 6
_JAVA_TYPES = {bool: "java.lang.Boolean", int: "java.lang.Long", float: "java.lang.Double", str: "java.lang.String",
               Decimal: "java.math.BigDecimal", datetime: "java.time.LocalDateTime", date: "java.time.LocalDate",
               time: "java.time.LocalTime"}  # fmt: skip


class BadFormatError(Exception):
    """A format or an argument that Java's Formatter refuses; `str()` is what it says."""


def java_format(pattern: str, arguments: Sequence[Any]) -> str:
    """`pattern` with its specifiers replaced; raises `BadFormatError`."""
    parts: list[str] = []
    at, ordinary, last = 0, 0, -1
    while (start := pattern.find("%", at)) >= 0:
        parts.append(pattern[at:start])
        found = _SPECIFIER.match(pattern, start)
        if found is None or (found[8] is None and found[7] is None):
            raise BadFormatError("UnknownFormatConversion: Conversion = '%'")
        at = found.end()
        kind = found[8] or "t"
        if kind in "n%":
            parts.append("\n" if kind == "n" else _padded("%", found[3], found[4]))
            continue
        if found[1]:
            last = int(found[1]) - 1
        elif not found[2]:
            last, ordinary = ordinary, ordinary + 1
        if not 0 <= last < len(arguments):
            raise BadFormatError(f"MissingFormatArgument: Format specifier '{found[0]}'")
        parts.append(_formatted(found, kind, arguments[last]))
    parts.append(pattern[at:])
    return "".join(parts)


def java_text(value: Any) -> str:  # noqa: PLR0911 - one return for each type
    """Java's `String.valueOf`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _text_of_double(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return _text_of_clock(f"{value:%Y-%m-%dT%H:%M}", value)
        case time():
            return _text_of_clock(f"{value:%H:%M}", value)
    return str(value)


def _text_of_clock(shown: str, value: datetime | time) -> str:
    """ISO 8601 without seconds that are 0, and with three or six digits behind them."""
    if value.second or value.microsecond:
        shown += f":{value.second:02}"
    if value.microsecond:
        digits = f"{value.microsecond:06}"
        shown += "." + (digits[:3] if digits.endswith("000") else digits)
    return shown


def _text_of_double(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    shown = "".join(map(str, digits)).rstrip("0")
    power = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{power}"


def _padded(text: str, flags: str, width: str | None) -> str:
    size = int(width or 0)
    return text.ljust(size) if "-" in flags else text.rjust(size)


def _formatted(found: re.Match[str], kind: str, value: Any) -> str:
    flags, width, precision = found[3], found[4], None if found[5] is None else int(found[5])
    if found[6]:
        text = "null" if value is None else _moment(found[7], value)
        return _padded(text.upper() if found[6] == "T" else text, flags, width)
    if kind.lower() in "bs":
        text = java_text(value) if kind.lower() == "s" else _boolean(value)
        text = text if precision is None else text[:precision]
    elif kind not in "cCdoxXeEfgG":
        raise BadFormatError(f"UnknownFormatConversion: Conversion = '{kind}'")
    elif value is None:
        text = "null"
    else:
        return _number(kind, flags, width, precision, value)
    return _padded(text.upper() if kind.isupper() else text, flags, width)


def _boolean(value: Any) -> str:
    return java_text(value) if isinstance(value, bool) else "false" if value is None else "true"


def _number(kind: str, flags: str, width: str | None, precision: int | None, value: Any) -> str:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole != (kind in "cCdoxX") or not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        raise BadFormatError(f"IllegalFormatConversion: {kind} != {_JAVA_TYPES.get(type(value), type(value).__name__)}")
    if kind in "cC":
        assert isinstance(value, int)
        return _padded(chr(value).upper() if kind == "C" else chr(value), flags, width)
    if kind in "oxX":
        shown = format(value % _LONG if value < 0 else value, kind)
        if "#" in flags:
            shown = {"o": "0", "x": "0x", "X": "0X"}[kind] + shown
        return shown.rjust(int(width or 0), "0") if "0" in flags else _padded(shown, flags, width)
    if isinstance(value, float) and not math.isfinite(value):
        return _padded(_signed("NaN" if math.isnan(value) else "Infinity", value < 0, flags), flags, width)
    negative = math.copysign(1, value) < 0 if isinstance(value, float) else value < 0
    if isinstance(value, int):
        shown = str(abs(value))
    else:
        shown = _digits(kind, precision, Decimal(repr(value)) if isinstance(value, float) else value)
    if "," in flags:
        whole, point, fraction = shown.partition(".")
        shown = f"{int(whole):,}{point}{fraction}"
    signed = _signed(shown, negative, flags)
    if "0" in flags:
        missing = int(width or 0) - len(signed)
        front = len(signed) - len(signed.lstrip("-+( "))
        return signed[:front] + "0" * missing + signed[front:]
    return _padded(signed.upper() if kind.isupper() else signed, flags, width)


def _signed(shown: str, negative: bool, flags: str) -> str:
    if negative:
        return f"({shown})" if "(" in flags else f"-{shown}"
    return ("+" if "+" in flags else " " if " " in flags else "") + shown if shown != "NaN" else shown


def _digits(kind: str, precision: int | None, value: Decimal) -> str:
    """The digits of a number without its sign; half of the last digit is rounded up."""
    number, digits = abs(value), _DEFAULT_DIGITS if precision is None else precision
    if kind == "f":
        return format(number.quantize(Decimal(1).scaleb(-digits), context=_WIDE), "f")
    if kind in "eE":
        return _scientific(number, digits)
    digits = max(1, digits)
    if not number:
        return _digits("f", digits - 1, number)
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).plus(number)
    if Decimal("0.0001") <= rounded < Decimal(10) ** digits:
        return format(number.quantize(Decimal(1).scaleb(rounded.adjusted() - digits + 1), context=_WIDE), "f")
    return _scientific(number, digits - 1)


def _scientific(number: Decimal, digits: int) -> str:
    rounded = Context(prec=digits + 1, rounding=ROUND_HALF_UP).plus(number)
    power = rounded.adjusted() if rounded else 0
    mantissa = format(rounded.scaleb(-power).quantize(Decimal(1).scaleb(-digits), context=_WIDE), "f")
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"


def _moment(letter: str, value: Any) -> str:
    """A date or time by one of Java's letters behind %t."""
    write = _MOMENTS.get(letter)
    if write is None:
        raise BadFormatError(f"UnknownFormatConversion: Conversion = 't{letter}'")
    if not isinstance(value, date | time):
        raise BadFormatError(
            f"IllegalFormatConversion: {letter} != {_JAVA_TYPES.get(type(value), type(value).__name__)}"
        )
    try:
        return write(value)
    except (AttributeError, ValueError) as error:
        raise BadFormatError(f"UnsupportedTemporalTypeException: Unsupported field for {letter}") from error


_MOMENTS: dict[str, Callable[[Any], str]] = {
    "H": lambda v: f"{v.hour:02}",
    "I": lambda v: f"{v.hour % 12 or 12:02}",
    "k": lambda v: str(v.hour),
    "l": lambda v: str(v.hour % 12 or 12),
    "M": lambda v: f"{v.minute:02}",
    "S": lambda v: f"{v.second:02}",
    "L": lambda v: f"{v.microsecond // 1000:03}",
    "N": lambda v: f"{v.microsecond * 1000:09}",
    "p": lambda v: "am" if v.hour < 12 else "pm",
    "B": lambda v: f"{v:%B}",
    "b": lambda v: f"{v:%b}",
    "h": lambda v: f"{v:%b}",
    "A": lambda v: f"{v:%A}",
    "a": lambda v: f"{v:%a}",
    "C": lambda v: f"{v.year // 100:02}",
    "Y": lambda v: f"{v.year:04}",
    "y": lambda v: f"{v.year % 100:02}",
    "j": lambda v: f"{v:%j}",
    "m": lambda v: f"{v.month:02}",
    "d": lambda v: f"{v.day:02}",
    "e": lambda v: str(v.day),
    "R": lambda v: f"{v.hour:02}:{v.minute:02}",
    "T": lambda v: f"{v.hour:02}:{v.minute:02}:{v.second:02}",
    "r": lambda v: f"{v.hour % 12 or 12:02}:{v.minute:02}:{v.second:02} {'AM' if v.hour < 12 else 'PM'}",
    "D": lambda v: f"{v.month:02}/{v.day:02}/{v.year % 100:02}",
    "F": lambda v: f"{v.year:04}-{v.month:02}-{v.day:02}",
}
