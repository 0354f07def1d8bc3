"""CAST and TRY_CAST with Trino's rules (Trino documentation: conversion functions).

DuckDB's own casts are wider than Trino's (`CAST(' 1.5 ' AS BIGINT)` is 2 there), so every cast from text first checks
the form that Trino accepts, and every cast to a narrower type says what Trino says of a value that it does not hold.
Dates, times and JSON have modules of their own.
"""

from workshop.sandbox.athena.compiler import json_casts, network_casts, time_casts
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import Value, coerce, convert_row, fail, sharing
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import JSON, UNKNOWN, Type, as_decimal, can_coerce, literal

_INTEGER = r"[+-]?\d+"
_FLOAT = r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?|NaN|Infinity)\s*"
_FORMS = {
    "tinyint": _INTEGER,
    "smallint": _INTEGER,
    "integer": _INTEGER,
    "bigint": _INTEGER,
    "real": _FLOAT,
    "double": _FLOAT,
    "decimal": r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*",
    "boolean": r"(?i)t|true|1|f|false|0",
}
"""Text that Trino casts to each type."""

_BOUNDS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}
"""The first whole number that is too large for each type."""

_SHOWN = {"integer": "INT"}
_APPROXIMATE = ("real", "double")


def cast(value: Value, target: Type, position: Position | None = None) -> Value:
    """`CAST(value AS target)`; TYPE_MISMATCH for a pair that Trino does not cast."""
    if not castable(value.type, target):
        raise AthenaError("TYPE_MISMATCH", f"Cannot cast {value.type} to {target}", position)
    if value.type == target:
        return value
    return Value(sharing([value], lambda values: convert(values[0].sql, value.type, target)), target)


def try_cast(value: Value, target: Type, position: Position | None = None) -> Value:
    """`TRY_CAST(value AS target)`: NULL where CAST fails."""
    return Value(f"TRY({cast(value, target, position).sql})", target)


def castable(source: Type, target: Type) -> bool:  # noqa: PLR0911 - one return for each rule
    """Whether Trino casts `source` to `target`."""
    if source in (target, UNKNOWN):
        return True
    if JSON in (source, target):
        return json_casts.castable(source, target)
    if source.name in time_casts.KINDS or target.name in time_casts.KINDS:
        return time_casts.castable(source, target)
    if source.name in network_casts.KINDS or target.name in network_casts.KINDS:
        return network_casts.castable(source, target)
    if source.name == target.name and source.args:
        return len(source.args) == len(target.args) and all(map(castable, source.args, target.args))
    numbers = ("boolean", *_BOUNDS, *_APPROXIMATE, "decimal")
    if source.name in numbers and target.name in numbers:
        return True
    if source.name == "varchar":
        return target.name in (*_FORMS, "varchar", "char", "varbinary")
    if target.name == "varchar":
        return source.name in (*numbers, "char")
    return source.name == target.name == "char" or can_coerce(source, target)


def convert(sql: str, source: Type, target: Type) -> str:  # noqa: PLR0911 - one return for each kind of cast
    """SQL of `CAST(sql AS target)`; `castable(source, target)` holds."""
    if source == target:
        return sql
    if source == UNKNOWN:
        return f"CAST({sql} AS {target.duckdb})"
    if JSON in (source, target):
        return json_casts.convert(sql, source, target)
    if source.name == target.name and source.args:
        return _nested(sql, source, target)
    if source.name in ("varchar", "char") and target.name in ("varchar", "char"):
        return _characters(sql, source, target)
    if target.name == "varchar":
        return _fitting(text(sql, source), source, target)
    if source.name in time_casts.KINDS or target.name in time_casts.KINDS:
        return time_casts.convert(sql, source, target)
    if source.name in network_casts.KINDS or target.name in network_casts.KINDS:
        return network_casts.convert(sql, source, target)
    if source.name == "varchar":
        return _from_text(sql, target)
    if target.name == "decimal":
        return _to_decimal(sql, source, target)
    if source.name == "decimal":
        return _from_decimal(sql, source, target)
    if source.name in _APPROXIMATE:
        return _from_approximate(sql, source, target)
    return coerce(Value(sql, source), target).sql if can_coerce(source, target) else f"CAST({sql} AS {target.duckdb})"


def _nested(sql: str, source: Type, target: Type) -> str:
    """Arrays, maps and rows, part by part; a map whose keys become equal fails as in Trino."""
    if source.name == "row":
        return convert_row(sql, source, target, convert)
    if source.name == "array":
        return f"list_transform({sql}, lambda e: {convert('e', source.args[0], target.args[0])})"
    entries = f"map_entries({sql})"
    keys = f"list_transform({entries}, lambda e: {convert('e.key', source.args[0], target.args[0])})"
    items = f"list_transform({entries}, lambda e: {convert('e.value', source.args[1], target.args[1])})"
    duplicate = fail("'INVALID_CAST_ARGUMENT: duplicate keys'", target)
    return (
        f"CASE WHEN {sql} IS NULL THEN NULL WHEN len(list_distinct({keys})) < cardinality({sql}) THEN {duplicate} "
        f"ELSE map({keys}, {items}) END"
    )


def _characters(sql: str, source: Type, target: Type) -> str:
    """Between varchar and char: cut to the length; char is kept without the blanks that fill it."""
    shown = text(sql, source)
    fits = target.length is None or (source.length is not None and source.length <= target.length)
    cut = shown if fits else f"left({shown}, {target.length})"
    return f"rtrim({cut}, ' ')" if target.name == "char" else cut


def _fitting(shown: str, source: Type, target: Type) -> str:
    """Text of a value that is not text; it is never cut."""
    if target.length is None:
        return shown
    message = f"'INVALID_CAST_ARGUMENT: Value ' || {shown} || ' cannot be represented as varchar({target.length})'"
    return f"CASE WHEN length({shown}) > {target.length} THEN {fail(message, target)} ELSE {shown} END"


def _checked(sql: str, converted: str, message: str, target: Type) -> str:
    """`converted`, where NULL means that the value `sql` is not one of the type."""
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE coalesce({converted}, {fail(message, target)}) END"


def _quoted(before: str, sql: str, behind: str) -> str:
    """SQL of an INVALID_CAST_ARGUMENT that shows the text `sql` in quotes."""
    return f"{literal(f'INVALID_CAST_ARGUMENT: {before} ')} || chr(39) || {sql} || chr(39) || {literal(behind)}"


def _from_text(sql: str, target: Type) -> str:
    if target.name == "varbinary":
        return f"encode({sql})"
    well_formed = f"regexp_full_match({sql}, {literal(_FORMS[target.name])})"
    number = f"rtrim({sql}, 'dDfF \t\r\n')" if target.name in _APPROXIMATE else sql
    if target.name != "decimal":
        # TRY_CAST leaves NULL for what has the form but no value, such as a number that is too large.
        converted = f"CASE WHEN {well_formed} THEN TRY_CAST({number} AS {target.duckdb}) END"
        message = _quoted("Cannot cast", sql, f" to {_SHOWN.get(target.name, target.name.upper())}")
        return _checked(sql, converted, message, target)
    shown = f" to DECIMAL({target.precision}, {target.scale}). "
    too_large = fail(_quoted("Cannot cast VARCHAR", sql, shown + "Value too large."), target)
    converted = f"CASE WHEN {well_formed} THEN coalesce(TRY_CAST({sql} AS {target.duckdb}), {too_large}) END"
    return _checked(sql, converted, _quoted("Cannot cast VARCHAR", sql, shown + "Value is not a number."), target)


def _to_decimal(sql: str, source: Type, target: Type) -> str:
    if source.name == "boolean" or _holds(target, source):
        return f"CAST({sql} AS {target.duckdb})"
    kind = source.name.upper()
    if source.name == "decimal":
        kind = f"DECIMAL({source.precision}, {source.scale})"
    # A double by its shortest digits, as Java's BigDecimal.valueOf: 1.005 is 1.01, though it is a little less.
    number = f"CAST({sql} AS VARCHAR)" if source.name in _APPROXIMATE else sql
    message = _quoted(f"Cannot cast {kind}", text(sql, source), f" to DECIMAL({target.precision}, {target.scale})")
    return _checked(sql, f"TRY_CAST({number} AS {target.duckdb})", message, target)


def _holds(target: Type, source: Type) -> bool:
    """Whether a decimal type holds every value of another exact type."""
    if source.name in _APPROXIMATE:
        return False
    digits = as_decimal(source)
    return digits.scale <= target.scale and digits.precision - digits.scale <= target.precision - target.scale


def _from_decimal(sql: str, source: Type, target: Type) -> str:
    if target.name == "boolean":
        return f"({sql} <> 0)"
    if target.name in _APPROXIMATE:
        # Beyond 18 digits DuckDB divides in double; the digits as text are rounded once.
        number = sql if source.precision <= 15 else f"CAST({sql} AS VARCHAR)"
        return f"CAST({number} AS {target.duckdb})"
    # A decimal of more than 18 digits is shown as it is, another one rounded (Trino source: DecimalCasts).
    shown = text(sql, source) if source.precision > 18 else f"split_part(CAST(round({sql}, 0) AS VARCHAR), '.', 1)"
    message = _quoted("Cannot cast", shown, f" to {target.name.upper()}")
    return _checked(sql, f"TRY_CAST({sql} AS {target.duckdb})", message, target)


def _from_approximate(sql: str, source: Type, target: Type) -> str:
    if target.name == "boolean":
        return f"({sql} <> 0)"
    if target.name == "real":
        # Java's (float): beyond the range it is infinite.
        infinite = f"CAST(CASE WHEN {sql} > 0 THEN 'Infinity' ELSE '-Infinity' END AS FLOAT)"
        return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(TRY_CAST({sql} AS FLOAT), {infinite}) END"
    if target.name == "double":
        return f"CAST({sql} AS DOUBLE)"
    shown, bound = text(sql, source), _BOUNDS[target.name]
    # Trino rounds half away from zero, DuckDB half to even.
    rounded = f"CAST(round({sql}) AS {target.duckdb})"
    if target.name == "bigint":
        wrong = fail(f"'INVALID_CAST_ARGUMENT: Unable to cast ' || {shown} || ' to bigint'", target)
        return f"CASE WHEN round({sql}) >= {bound}e0 OR round({sql}) < -{bound}e0 THEN {wrong} ELSE {rounded} END"
    nan = fail(f"'INVALID_CAST_ARGUMENT: Cannot cast {source.name} NaN to {target.name}'", target)
    outside = fail(f"'NUMERIC_VALUE_OUT_OF_RANGE: Out of range for {target.name}: ' || {shown}", target)
    return (
        f"CASE WHEN isnan({sql}) THEN {nan} WHEN round({sql}) >= {bound} OR round({sql}) < -{bound} THEN {outside} "
        f"ELSE {rounded} END"
    )
