"""JSON functions on text and json (Trino documentation: JSON functions and operators, functions of before SQL/JSON)."""

import re
from collections.abc import Callable, Sequence

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.nullable import nullable
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.sqljson import extract
from workshop.sandbox.athena.sqljson.text import parse, write
from workshop.sandbox.athena.types import VARCHAR, literal
from workshop.sandbox.athena.udf import Udf, call, invalid

_SHOWN_AT_MOST = 10_000
_NAMES = re.compile(r'\$((?:\.[A-Za-z_]\w*|\["[A-Za-z_][^"\\*]*"\])+)')
_SCALAR = nullable(extract.extract_scalar)


def json_parse(text: str) -> str:
    """Text as json; fails if it is not JSON."""
    try:
        written = write(parse(text))
        written.encode()
    except ValueError:
        raise invalid(f"Cannot convert value to JSON: '{text}'") from None
    return written


def _is_scalar(text: str) -> bool:
    try:
        return not isinstance(parse(text), list | dict)
    except ValueError:
        shown = text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}...(truncated)"
        raise invalid(f"Invalid JSON value: {shown}") from None


def _extract_scalar(values: Sequence[Value]) -> str:
    """DuckDB's own reader for a literal path of names, where it finds text, a boolean or an integer."""
    text, path = values[0].sql, values[1].constant
    ours = call(_SCALAR, [v.sql for v in values], [v.type for v in values], VARCHAR)
    if path is None or not _NAMES.fullmatch(path):
        return ours
    names = re.sub(r'\["([^"]*)"\]|\.(\w+)', lambda m: f'."{m[1] or m[2]}"', path)
    written = literal(names)
    # Not the text itself: DuckDB may look into constants before it looks at the condition.
    valid = f"CASE WHEN json_valid({text}) THEN {text} END"
    theirs = f"json_extract_string({valid}, {written})"
    return (
        f"CASE WHEN json_valid({text}) THEN CASE coalesce(json_type({valid}, {written}), 'NULL') "
        "WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL "
        f"WHEN 'VARCHAR' THEN {theirs} WHEN 'BOOLEAN' THEN {theirs} WHEN 'UBIGINT' THEN {theirs} "
        f"ELSE {ours} END ELSE {ours} END"
    )


def _on_both(signature: str, build: Udf | Callable[..., str], json_signature: str = "") -> list[Row]:
    """A function of text, and the same one of json."""
    return [
        (signature, build),
        (json_signature or signature.replace("(varchar_x", "(json").replace("(varchar", "(json"), build),
    ]


_CONTAINS = nullable(extract.array_contains)
_ROWS: tuple[Row, ...] = (
    ("json_parse(varchar) -> json", Udf(json_parse)),
    ("json_format(json) -> varchar", "{0}"),
    *_on_both("is_json_scalar(varchar) -> boolean", Udf(_is_scalar)),
    *_on_both("json_array_length(varchar) -> bigint", nullable(extract.array_length)),
    *_on_both("json_array_get(varchar, bigint) -> json", nullable(extract.array_get)),
    *_on_both("json_array_contains(varchar, boolean) -> boolean", _CONTAINS),
    *_on_both("json_array_contains(varchar, bigint) -> boolean", _CONTAINS),
    *_on_both("json_array_contains(varchar, double) -> boolean", _CONTAINS),
    *_on_both("json_array_contains(varchar, varchar) -> boolean", _CONTAINS),
    *_on_both("json_extract(varchar, varchar) -> json", nullable(extract.extract)),
    *_on_both(
        "json_extract_scalar(varchar_x, varchar) -> varchar_x",
        _extract_scalar,
        "json_extract_scalar(json, varchar) -> varchar",
    ),
    *_on_both("json_size(varchar, varchar) -> bigint", nullable(extract.size)),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
