"""JSON_EXISTS, JSON_VALUE and JSON_QUERY, up to the point where SQL decides what to make of the outcome.

Each gives a `status`, and a text: JSON, or `CODE: message` of the error (Trino documentation: JSON functions).
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from workshop.sandbox.athena.sqljson.path_evaluation import EMPTY, Moment, PathError, evaluate
from workshop.sandbox.athena.sqljson.path_syntax import Path
from workshop.sandbox.athena.sqljson.text import parse, quote, scalar_text, valid_text, write
from workshop.sandbox.athena.types import INTEGER, VARCHAR, row
from workshop.sandbox.athena.udf import Udf

OUTCOME = row([("status", INTEGER), ("text", VARCHAR), ("kind", VARCHAR)])
FOUND, NOTHING, FAILED, NULL = 0, 1, 2, 3
"""Statuses: an item, no item, an error, JSON's null."""
ENCODINGS = {"UTF8": "utf-8", "UTF16": "utf-16-le", "UTF32": "utf-32-le"}
_NO_SCALAR = "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: JSON path found "
_NO_JSON = "JSON_OUTPUT_CONVERSION_ERROR: conversion from JSON failed: "
_INT_BOUND = 2**31
_Outcome = tuple[int, str | None, str | None]


def read_json(data: str | bytes, encoding: str = "utf-8") -> object:
    """A value of JSON text; raises ValueError."""
    return parse(data if isinstance(data, str) else data.decode(encoding))


@lru_cache(maxsize=512)
def runner(function: str, path: Path, names: tuple[str, ...], kinds: tuple[str, ...], options: str) -> Udf:
    """The function of (input, texts of the passed values); `kinds` say what these texts are.

    `options` is the input's encoding for json_exists and json_value, and the wrapper and quotes for json_query.
    """
    finish = _FINISHES[function]
    encoding, _, rest = options.partition(" ")

    def run(data: str | bytes | None, passed: list[str | None]) -> dict[str, object] | None:
        if data is None:
            return None
        try:
            context = read_json(data, encoding)
            variables = {n: _passed(text, kind) for n, text, kind in zip(names, passed, kinds, strict=True)}
            status, text, kind = finish(evaluate(path, context, variables), rest)
        except ValueError:
            status, text, kind = FAILED, "JSON_INPUT_CONVERSION_ERROR: conversion to JSON failed: ", None
        except PathError as error:
            status, text, kind = FAILED, f"PATH_EVALUATION_ERROR: path evaluation failed: {error}", None
        return {"status": status, "text": None if text is None else valid_text(text), "kind": kind}

    return Udf(run, nulls=True)


def _passed(text: str | None, kind: str) -> object:
    if text is None:
        return EMPTY if kind == "json" else None
    if kind == "decimal":
        return Decimal(text)
    return parse(text) if kind in ("json", "value") else Moment(kind, text)


def _exists(items: list[object], _: str) -> _Outcome:
    return (FOUND if items else NOTHING), None, None


def _value(items: list[object], _: str) -> _Outcome:
    if not items:
        return NOTHING, f"{_NO_SCALAR}no items", None
    if len(items) > 1:
        return FAILED, f"{_NO_SCALAR}multiple items", None
    (item,) = items
    if item is None:
        return NULL, None, None
    if isinstance(item, list | dict):
        return FAILED, f"{_NO_SCALAR}an item that cannot be converted to an SQL value", None
    return FOUND, _json(item), _sql_type(item)


def _sql_type(item: object) -> str:
    """The type that Trino gives the item, for its messages."""
    if isinstance(item, str):
        return f"varchar({len(item)})"
    if isinstance(item, int) and not isinstance(item, bool):
        return "integer" if -_INT_BOUND <= item < _INT_BOUND else "bigint"
    return "boolean" if isinstance(item, bool) else "decimal" if isinstance(item, Decimal) else "double"


def _query(items: list[object], options: str) -> _Outcome:
    wrapper, quotes = options.split()
    if not items:
        return NOTHING, f"{_NO_JSON}JSON path found no items", None
    if any(isinstance(item, Moment) for item in items):
        return FAILED, f"{_NO_JSON}JSON path found an item that is no JSON", None
    single = len(items) == 1 and isinstance(items[0], list | dict)
    if wrapper == "UNCONDITIONAL" or (wrapper == "CONDITIONAL" and not single):
        return FOUND, _json(items), None
    if len(items) > 1:
        return FAILED, f"{_NO_JSON}JSON path found multiple items", None
    (item,) = items
    return FOUND, item if quotes == "OMIT" and isinstance(item, str) else _json(item), None


def _json(item: object) -> str:
    """JSON text; keys as they come."""
    match item:
        case list():
            return f"[{','.join(map(_json, item))}]"
        case dict():
            return "{" + ",".join(f"{quote(key)}:{_json(value)}" for key, value in item.items()) + "}"
        case Decimal():
            return str(item)
        case Moment():
            return quote(item.text)
        case str():
            return quote(item)
        case None | bool() | int() | float():
            return scalar_text(item)
    raise TypeError(f"no item: {item!r}")


_FINISHES: dict[str, Callable[[list[object], str], _Outcome]] = {
    "json_exists": _exists,
    "json_value": _value,
    "json_query": _query,
}


def compacted(data: str | bytes, encoding: str) -> str | None:
    """JSON text without blanks; None if it is not JSON."""
    try:
        return valid_text(write(parse(data if isinstance(data, str) else data.decode(encoding)), in_order=False))
    except ValueError:
        return None
