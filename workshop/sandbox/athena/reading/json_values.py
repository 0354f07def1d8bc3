"""Values of JSON records as the SerDes of Athena take them.

The Hive JSON SerDe reads as Trino's own reader does (io.trino.hive.formats.line.json.JsonDeserializer): a scalar column
takes no object and no array, a number no text; a fraction in an integer column is cut off; booleans are the text `true`
or false; everything else is taken by its text. The OpenX SerDe (…line.openxjson.OpenXJsonDeserializer) takes objects as
their text in a column of text, and numbers in quotes, hexadecimal and octal ones too. What they cannot read fails the
query, as with Trino's strict parsing.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from workshop.sandbox.athena.compiler.values import fail
from workshop.sandbox.athena.reading.text_values import date_of, distinct_map, round_to_millis, scalar, timestamp_of
from workshop.sandbox.athena.types import BIGINT, VARCHAR, Type, field_names, literal, quote
from workshop.sandbox.athena.udf import Udf, call

NUMBER_TEXT = "JSON_NUMBER_TEXT"
"""The code of the error that asks for the records to be read again with their numbers as they are written."""

_COMPOUND = ("{", "[")
_NOT_A_NUMBER = ('"', "t", "f")

KeyOf = Callable[[str], str]
"""The JSON key of a column or field."""


def stored_type(type_: Type, key_of: KeyOf) -> str:
    """The DuckDB type that a value is read as: containers as such, scalars as the JSON they are."""
    match type_.name:
        case "array":
            return f"{stored_type(type_.args[0], key_of)}[]"
        case "map":
            return f"MAP(VARCHAR, {stored_type(type_.args[1], key_of)})"
        case "row":
            fields = zip(field_names(type_), type_.args, strict=True)
            return f"STRUCT({', '.join(f'{quote(key_of(n))} {stored_type(t, key_of)}' for n, t in fields)})"
    return "JSON"


def from_stored(sql: str, type_: Type, key_of: KeyOf, *, strict: bool, depth: int = 0) -> str:
    """SQL of a value of `type_`, given that of its `stored_type`; `strict`: as the Hive SerDe, else as OpenX's."""
    item = f"e{depth}"

    def inner(part: str, part_type: Type) -> str:
        return from_stored(part, part_type, key_of, strict=strict, depth=depth + 1)

    match type_.name:
        case "array":
            return f"list_transform({sql}, lambda {item}: {inner(item, type_.args[0])})"
        case "map":
            key = _of_text(f"{item}.key", type_.args[0], strict=strict)
            value = inner(f"{item}.value", type_.args[1])
            entries = f"list_transform(map_entries({sql}), lambda {item}: struct_pack(k := {key}, v := {value}))"
            if type_.args[0] == VARCHAR:
                return f"map_from_entries({entries})"
            return f"CASE WHEN {sql} IS NOT NULL THEN {distinct_map(entries, depth)} END"
        case "row":
            fields = zip(field_names(type_), type_.args, strict=True)
            packed = ", ".join(f"{quote(n)} := {inner(f'({sql}).{quote(key_of(n))}', t)}" for n, t in fields)
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
    return _scalar(sql, type_, strict=strict)


def _scalar(sql: str, type_: Type, *, strict: bool) -> str:
    raw = f"CAST({sql} AS VARCHAR)"
    content = f"CASE WHEN contains({raw}, '\\') THEN ({sql} ->> '$') ELSE {raw}[2:-2] END"
    branches = [f"WHEN {raw} = 'null' THEN CAST(NULL AS {type_.duckdb})"]
    if type_.name in ("varchar", "char"):
        branches.append(f"WHEN left({raw}, 1) = '\"' THEN {scalar(content, type_)}")
    if strict or type_.name not in ("varchar", "char"):
        numbers = strict and (type_.is_integer or type_.name in ("real", "double"))
        listed = ", ".join(map(literal, (*_COMPOUND, *_NOT_A_NUMBER) if numbers else _COMPOUND))
        branches.append(f"WHEN left({raw}, 1) IN ({listed}) THEN {_bad(raw, type_)}")
    if type_.name in ("varchar", "char", "decimal"):
        # DuckDB has made a double of a number with a fraction: 1.50 would be 1.5.
        asked = fail(f"'{NUMBER_TEXT}: '", type_)
        number = f"{_has_fraction(raw)} AND regexp_matches({raw}, '^-?[0-9]')"
        branches.append(f"WHEN {number} THEN {asked}")
    text = f"(CASE WHEN left({raw}, 1) = '\"' THEN {content} ELSE {raw} END)"
    if strict and type_.is_integer:
        text = raw
    return f"CASE {' '.join(branches)} ELSE {_of_text(text, type_, strict=strict)} END"


def _has_fraction(text: str) -> str:
    return f"(contains({text}, '.') OR contains({text}, 'e') OR contains({text}, 'E'))"


def _of_text(text: str, type_: Type, *, strict: bool) -> str:
    if type_.name in ("varchar", "char"):
        return scalar(text, type_)
    if type_.name == "boolean":
        return f"(lower({text}) = 'true')"
    if type_.name == "varbinary" and strict:
        return f"encode({text})"
    readers = _HIVE if strict else _OPENX
    kind = "integer" if type_.is_integer else type_.name
    return _or_bad(readers.get(kind, scalar)(text, type_), text, type_)


def _hive_integer(text: str, type_: Type) -> str:
    cut = f"TRY_CAST(trunc(TRY_CAST({text} AS DOUBLE)) AS {type_.duckdb})"
    return f"CASE WHEN {_has_fraction(text)} THEN {cut} ELSE TRY_CAST({text} AS {type_.duckdb}) END"


def _openx_integer(text: str, type_: Type) -> str:
    odd = call(Udf(openx_whole_number, nulls=True), [text], [VARCHAR], BIGINT)
    plain = f"TRY_CAST({text} AS {type_.duckdb})"
    form = literal(r"-?(0|[1-9]\d*)")
    return f"CASE WHEN regexp_full_match({text}, {form}) THEN {plain} ELSE TRY_CAST({odd} AS {type_.duckdb}) END"


def _openx_date(text: str, type_: Type) -> str:
    days = f"TRY(CAST(DATE '1970-01-01' + TRY_CAST({text} AS INTEGER) AS {type_.duckdb}))"
    return f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+') THEN {days} ELSE {date_of(text)} END"


def _base64(text: str, type_: Type) -> str:
    return f"TRY(CAST(from_base64({text}) AS {type_.duckdb}))"


def openx_whole_number(text: str | None) -> int | None:
    """A whole number as OpenX reads it: hexadecimal after 0x, octal after 0, else decimal, its fraction cut off."""
    if text is None:
        return None
    try:
        if re.match(r"0[xX][0-9a-fA-F]", text):
            value = int(text[2:], 16)
        elif re.fullmatch(r"0[0-7]+", text):
            value = int(text, 8)
        else:
            value = int(Decimal(text)) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text) else 1 << 64
    except (ValueError, InvalidOperation):
        return None
    return value if -(2**63) <= value < 2**63 else None


def _openx_timestamp(text: str, type_: Type) -> str:
    """With a clock: JDBC's or ISO 8601's form, with a zone if need be; else seconds, or milliseconds of 13 digits."""
    zoned = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:?\d\d)"
    iso = f"regexp_replace(upper({text}), '([+-]\\d\\d)(\\d\\d)$', '\\1:\\2')"
    instant = round_to_millis(f"timezone('UTC', TRY_CAST({iso} AS TIMESTAMPTZ))")
    whole = f"TRY_CAST({text} AS BIGINT)"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(zoned)}) THEN {instant} "
        f"WHEN contains({text}, ':') THEN {timestamp_of(text, type_)} "
        f"WHEN regexp_full_match({text}, '[+-]?\\d*[.]\\d+') "
        f"THEN TRY(make_timestamp(CAST(trunc(CAST({text} AS DECIMAL(38,6)) * 1000) AS BIGINT) * 1000)) "
        f"WHEN regexp_full_match({text}, '[+-]?\\d+') "
        f"THEN TRY(make_timestamp({whole} * CASE WHEN length({text}) >= 13 THEN 1000 ELSE 1000000 END)) END"
    )


def _or_bad(value: str, text: str, type_: Type) -> str:
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce({value}, {_bad(text, type_)}) END"


def _bad(text: str, type_: Type) -> str:
    return fail(f"'HIVE_BAD_DATA: Error Parsing a row: Invalid JSON: not a value of type {type_}: ' || {text}", type_)


_HIVE: dict[str, Callable[[str, Type], str]] = {"integer": _hive_integer, "timestamp": timestamp_of}
_OPENX: dict[str, Callable[[str, Type], str]] = {
    "integer": _openx_integer,
    "date": _openx_date,
    "timestamp": _openx_timestamp,
    "varbinary": _base64,
}
