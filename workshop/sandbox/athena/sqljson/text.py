"""JSON text: parsed, and written in the form in which values of the type json are kept.

That form is what Trino's json_parse makes: no blanks, keys in the order of their UTF-16 units, numbers with a fraction
or exponent as Java's Double.toString. Where a double would lose digits the number stays as it is written.
"""

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from json.decoder import WHITESPACE, JSONDecoder  # type: ignore[attr-defined] # known to Python, not to its stubs

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
_EXACT_DIGITS = 15
"""A number of so many digits comes through a double unchanged."""
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Real(float):
    """A number with a fraction or an exponent, and how it is written."""

    text: str

    def __new__(cls, text: str) -> "Real":
        """Of JSON's spelling of a number."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def refuse_constant(name: str) -> Json:
    """NaN and Infinity, which Python takes for JSON."""
    raise ValueError(f"{name} is not JSON")


DECODER = JSONDecoder(parse_float=Real, parse_constant=refuse_constant)


def parse(text: str) -> Json:
    """The value; raises ValueError if it is not JSON. Of keys that are there twice the last counts."""
    try:
        value: Json = DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def scan(text: str, at: int) -> tuple[Json, int]:
    """The value that begins at `at`, and where it ends; raises ValueError if none does."""
    try:
        value, end = DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value, end


def skip_blanks(text: str, at: int) -> int:
    """Where the next token begins."""
    return int(WHITESPACE.match(text, at).end())


def write(value: Json, *, in_order: bool = True) -> str:
    """The value as text; `in_order`: keys sorted, else as they come. Raises ValueError if it is nested too deeply."""
    parts: list[str] = []
    try:
        _write(value, parts.append, in_order)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return "".join(parts)


def _write(value: Json, emit: Callable[[str], object], in_order: bool) -> None:
    if isinstance(value, str):
        emit(quote(value))
    elif isinstance(value, dict):
        emit("{")
        for i, key in enumerate(sorted_keys(value) if in_order else value):
            emit(f"{',' if i else ''}{quote(key)}:")
            _write(value[key], emit, in_order)
        emit("}")
    elif isinstance(value, list):
        emit("[")
        for i, item in enumerate(value):
            if i:
                emit(",")
            _write(item, emit, in_order)
        emit("]")
    else:
        emit(scalar_text(value))


def scalar_text(value: bool | float | None) -> str:
    """null, true, false or a number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _real_text(value)


def _real_text(number: float) -> str:
    if not isinstance(number, Real):
        return java_double(number)
    if math.isinf(number):
        return number.text
    if len(number.text) > _EXACT_DIGITS and Decimal(number.text) != Decimal(repr(float(number))):
        return number.text
    return java_double(number)


def sorted_keys(keys: Sequence[str] | dict[str, Json]) -> list[str]:
    """As Java compares strings."""
    plain = all(map(str.isascii, keys))
    return sorted(keys) if plain else sorted(keys, key=lambda k: k.encode("utf-16-be", "surrogatepass"))


def quote(text: str) -> str:
    """A JSON string."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or f"\\u{ord(found[0]):04X}"


def java_double(number: float) -> str:
    """Java's Double.toString: plain from 10^-3 to 10^7, else d.dddE±n."""
    size = abs(number)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if size == 0 or 1e-3 <= size < 1e7:
        return repr(float(number))
    sign, digits, exponent = Decimal(repr(float(number))).normalize().as_tuple()
    assert isinstance(exponent, int)  # the number is finite
    shown = "".join(map(str, digits))
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{exponent + len(digits) - 1}"


def valid_text(text: str) -> str:
    """Text that can be stored: half of a surrogate pair becomes `?`, as Java encodes it."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text
