"""CAST from json: a function for each type (Trino documentation: JSON functions, cast from JSON).

Errors are INVALID_CAST_ARGUMENT and NUMERIC_VALUE_OUT_OF_RANGE, worded as Trino's JsonOperators and JSON casts.
"""

import math
import re
import struct
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any

from workshop.sandbox.athena.sqljson.text import Json, Real, java_double, parse, valid_text, write
from workshop.sandbox.athena.types import Type, field_names
from workshop.sandbox.athena.udf import FunctionError, Udf

Reader = Callable[[Json], Any]
_SHOWN_AT_MOST = 10_000
_INTEGERS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}
"""The first number that is too large for each type."""
_FLOATING = re.compile(r"[\x00-\x20]*([+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))[dDfF]?[\x00-\x20]*")
_TRUTH = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
_WIDE = Context(prec=400)


class _WrongShapeError(Exception):
    """The value is not of the kind that the type wants; the whole cast says so."""


def _invalid_cast(message: str) -> FunctionError:
    return FunctionError("INVALID_CAST_ARGUMENT", message)


@lru_cache(maxsize=512)
def reader(type_: Type) -> Udf:
    """The function that casts json to `type_`."""
    read = _reader(type_)
    nested = type_.name in ("array", "map", "row")

    def cast(text: str | None) -> Any:
        if text is None:
            return None
        try:
            return read(parse(text))
        except ValueError:
            detail = ""  # no JSON, or nested too deeply
        except _WrongShapeError as error:
            detail = f" {error}" if str(error) else ""
        except FunctionError as error:
            if not nested:
                raise
            detail = f" {_message(error)}"
        if not nested:
            raise _invalid_cast(f"Cannot cast '{text}' to {_shown(type_)}")
        shown = text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}...(truncated)"
        raise _invalid_cast(f"Cannot cast to {type_}.{detail}\n{shown}")

    return Udf(cast, nulls=True)


def _message(error: FunctionError) -> str:
    """Its text without the code and the marks around both."""
    found = re.search(r"[A-Z_]+: (.*)", str(error), re.DOTALL)
    return found[1][:-1] if found else str(error)


def _shown(type_: Type) -> str:
    return str(type_).upper() if type_.name == "decimal" else str(type_)


def _reader(type_: Type) -> Reader:  # noqa: PLR0911 - one return for each kind of type
    if type_.name in _INTEGERS:
        return partial(_integer, type_.name)
    match type_.name:
        case "boolean":
            return _boolean
        case "real" | "double":
            return partial(_floating, type_.name)
        case "decimal":
            return partial(_decimal, type_)
        case "varchar":
            return partial(_varchar, type_)
        case "array":
            return partial(_array, _reader(type_.args[0]))
        case "map":
            return partial(_map, _reader(type_.args[0]), _reader(type_.args[1]))
        case "row":
            return partial(_row, type_, [_reader(t) for t in type_.args])
    return write  # json itself


def _token(value: Json) -> str:
    """The first token of a value, as messages show it."""
    if isinstance(value, dict):
        return "{"
    if isinstance(value, list):
        return "["
    return value if isinstance(value, str) else write(value)


def _unexpected(name: str, value: Json) -> _WrongShapeError:
    return _WrongShapeError(f"Unexpected token when cast to {name}: {_token(value)}")


def _boolean(value: Json) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value.lower() not in _TRUTH:
            raise _invalid_cast(f"Cannot cast '{value}' to BOOLEAN")
        return _TRUTH[value.lower()]
    if isinstance(value, list | dict):
        raise _unexpected("boolean", value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _WrongShapeError
    return value != 0


def _integer(name: str, value: Json) -> int | None:
    bound = _INTEGERS[name]
    if value is None:
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d+", value) or not -bound <= int(value) < bound:
            raise _invalid_cast(f"Cannot cast '{value}' to {'INT' if name == 'integer' else name.upper()}")
        return int(value)
    if isinstance(value, float):
        return _rounded(name, value)
    if isinstance(value, list | dict):
        raise _unexpected(name, value)
    if not -bound <= value < bound:
        raise _WrongShapeError
    return int(value)


def _rounded(name: str, value: float) -> int:
    """Half away from zero."""
    bound = _INTEGERS[name]
    number = None if math.isinf(value) else int(math.copysign(math.floor(abs(value) + 0.5), value))
    if number is None or not -bound <= number < bound:
        if name == "bigint":
            raise _invalid_cast(f"Unable to cast {java_double(value)} to bigint")
        raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {name}: {java_double(value)}")
    return number


def _floating(name: str, value: Json) -> float | str | None:
    if value is None:
        return None
    if isinstance(value, list | dict):
        raise _unexpected(name, value)
    if not isinstance(value, str):
        return _narrow(float(value), name) if not isinstance(value, int) or abs(value) < 10**308 else math.inf
    found = _FLOATING.fullmatch(value)
    if not found:
        raise _invalid_cast(f"Cannot cast '{value}' to {name.upper()}")
    return _narrow(float(found[1]), name)


def _narrow(number: float, name: str) -> float | str:
    if math.isnan(number):
        return "NaN"  # DuckDB takes Python's for NULL
    if name == "double" or not math.isfinite(number):
        return float(number)
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def _decimal(type_: Type, value: Json) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, list | dict):
        raise _unexpected(_shown(type_), value)
    text = value.text if isinstance(value, Real) else value if isinstance(value, str) else str(int(value))
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", text):
        raise _WrongShapeError
    try:
        number = Decimal(text).quantize(Decimal(1).scaleb(-type_.scale), ROUND_HALF_UP, _WIDE)
    except InvalidOperation:
        number = Decimal("Infinity")
    if not number.is_finite() or len(number.as_tuple().digits) > type_.precision:
        raise FunctionError(
            "INVALID_CAST_ARGUMENT", f"Cannot cast input json to DECIMAL({type_.precision},{type_.scale})"
        )
    return number


def _varchar(type_: Type, value: Json) -> str | None:
    if value is None:
        return None
    if isinstance(value, list | dict):
        raise _unexpected("varchar", value)
    if isinstance(value, str):
        text = valid_text(value)
    else:
        text = java_double(value) if isinstance(value, float) else write(value)
    if type_.length is not None and len(text) > type_.length:
        raise _WrongShapeError
    return text


def _array(read: Reader, value: Json) -> list[Any] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise _WrongShapeError(f"Expected a json array, but got {_token(value)}")
    return [read(item) for item in value]


def _map(read_key: Reader, read: Reader, value: Json) -> dict[str, list[Any]] | None:
    """DuckDB takes a map as its keys and its values."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _WrongShapeError(f"Expected a json object, but got {_token(value)}")
    keys = [read_key(key) for key in value]
    if len(set(keys)) < len(keys):
        raise _WrongShapeError("Duplicate keys are not allowed")
    return {"key": keys, "value": [read(item) for item in value.values()]}


def _row(type_: Type, readers: list[Reader], value: Json) -> dict[str, Any] | None:
    """Of an array by position, of an object by name in any case; fields that are not there are NULL."""
    if value is None:
        return None
    names = field_names(type_)
    if isinstance(value, list):
        if len(value) < len(readers):
            raise _WrongShapeError(_ended(type_.args[len(value)]))
        return _row_of_array(readers, names, value)
    if not isinstance(value, dict):
        raise _WrongShapeError(f"Expected a json array or object, but got {_token(value)}")
    if any(name is None for name in type_.fields):
        raise _WrongShapeError("Cannot cast a JSON object to anonymous row type. Input must be a JSON array.")
    places = {name.lower(): i for i, name in enumerate(names)}
    found: dict[str, Any] = dict.fromkeys(names)
    seen: set[int] = set()
    for key, item in value.items():
        place = places.get(key.lower())
        if place is None:
            continue
        if place in seen:
            raise _WrongShapeError(f"Duplicate field: {key.lower()}")
        seen.add(place)
        found[names[place]] = readers[place](item)
    return found


def _ended(type_: Type) -> str:
    """What is said of an array that ends before the field of `type_`."""
    kinds = {"array": "a json array", "map": "a json object", "row": "a json array or object"}
    if type_.name in kinds:
        return f"Expected {kinds[type_.name]}, but got ]"
    return f"Unexpected token when cast to {_shown(type_).partition('(')[0]}: ]"


def _row_of_array(readers: list[Reader], names: list[str], value: list[Json]) -> dict[str, Any]:
    if len(value) > len(readers):
        raise _WrongShapeError(f"Expected json array ending, but got {_token(value[len(readers)])}")
    return {name: read(item) for name, read, item in zip(names, readers, value, strict=True)}
