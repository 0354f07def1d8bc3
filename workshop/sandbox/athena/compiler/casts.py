"""CAST and TRY_CAST with Trino's rules (Trino documentation: conversion functions), and values as text.

DuckDB's own casts are wider than Trino's (`CAST(' 1.5 ' AS BIGINT)` is 2 there), so every cast from text first checks
the form that Trino accepts.
"""

from workshop.sandbox.athena.compiler.values import Value, coerce, convert_row, fail, local_timestamp
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import VARCHAR, Type, can_coerce, field_names, literal, quote

_DAY = r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}"
_CLOCK = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?"
_FLOAT = r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|Infinity)\s*"
_FORMS = {
    "tinyint": r"[+-]?\d+",
    "smallint": r"[+-]?\d+",
    "integer": r"[+-]?\d+",
    "bigint": r"[+-]?\d+",
    "real": _FLOAT,
    "double": _FLOAT,
    "decimal": r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*",
    "boolean": r"(?i)t|true|1|f|false|0",
    "date": _DAY + r"\s*",
    "timestamp": _DAY + rf"( {_CLOCK})?\s*",
}
"""Text that Trino casts to each type."""

_SIMPLE = {
    ("boolean", "integer"),
    ("boolean", "bigint"),
    ("boolean", "double"),
    ("integer", "boolean"),
    ("bigint", "boolean"),
    ("date", "timestamp"),
    ("timestamp", "date"),
}


def cast(value: Value, target: Type, position: Position | None = None) -> Value:
    """`CAST(value AS target)`; TYPE_MISMATCH for a pair that Trino does not cast."""
    if not _castable(value.type, target):
        raise AthenaError("TYPE_MISMATCH", f"Cannot cast {value.type} to {target}", position)
    return Value(_cast(value.sql, value.type, target), target)


def try_cast(value: Value, target: Type, position: Position | None = None) -> Value:
    """`TRY_CAST(value AS target)`: NULL where CAST fails."""
    return Value(f"TRY({cast(value, target, position).sql})", target)


def _castable(source: Type, target: Type) -> bool:  # noqa: PLR0911 - one return for each rule
    if can_coerce(source, target) or source.name == target.name == "varchar":
        return True
    if source.name == target.name and source.args:
        return len(source.args) == len(target.args) and all(map(_castable, source.args, target.args))
    if source.is_numeric and target.is_numeric:
        return True
    if source.name == "varchar":
        return target.name in _FORMS
    if target.name == "varchar":
        scalar = ("boolean", "date", "timestamp", "timestamp with time zone")
        return target.length is None and (source.is_numeric or source.name in scalar)
    if source.is_timestamp_tz:
        return target.name in ("date", "timestamp")
    return (source.name, target.name) in _SIMPLE


def _cast(sql: str, source: Type, target: Type) -> str:  # noqa: PLR0911 - one return for each kind of cast
    if source.name == target.name == "varchar":
        if target.length is None or (source.length is not None and source.length <= target.length):
            return sql
        return f"left({sql}, {target.length})"
    if source.name == "row":
        return convert_row(sql, source, target, _cast)
    if source.name == "array":
        return f"list_transform({sql}, lambda e: {_cast('e', source.args[0], target.args[0])})"
    if source.name == "varchar":
        return _from_text(sql, target)
    if target == VARCHAR:
        return text(sql, source)
    if source.is_timestamp_tz:
        return f"CAST({local_timestamp(sql)} AS {target.duckdb})"
    if source.name in ("real", "double") and target.is_integer:
        # Trino rounds half away from zero, DuckDB half to even.
        return f"CAST(round({sql}) AS {target.duckdb})"
    return coerce(Value(sql, source), target).sql if can_coerce(source, target) else f"CAST({sql} AS {target.duckdb})"


def _from_text(sql: str, target: Type) -> str:
    if target.name in ("date", "timestamp"):
        message = f"'INVALID_CAST_ARGUMENT: Value cannot be cast to {target.name}: ' || {sql}"
    else:
        shown = {"integer": "INT", "decimal": str(target).upper()}.get(target.name, target.name.upper())
        message = f"'INVALID_CAST_ARGUMENT: Cannot cast ' || chr(39) || {sql} || chr(39) || ' to {shown}'"
    converted = f"TRY_CAST({sql} AS {target.duckdb})"
    if target.name == "timestamp":
        converted = round_to_millis(converted)
    well_formed = f"regexp_full_match({sql}, {literal(_FORMS[target.name])})"
    # TRY_CAST leaves NULL for what has the form but no value (2020-13-01, or a number that is too large).
    checked = f"CASE WHEN {well_formed} THEN {converted} END"
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE coalesce({checked}, {fail(message, target)}) END"


def round_to_millis(sql: str) -> str:
    """A TIMESTAMP rounded to the three digits of Athena's timestamp(3)."""
    return f"date_trunc('millisecond', {sql} + INTERVAL 500 MICROSECOND)"


def text(sql: str, type_: Type) -> str:  # noqa: PLR0911 - one return for each kind of type
    """A value as text, as Athena prints it in results; NULL stays NULL."""
    match type_.name:
        case "varchar":
            return sql
        case "real" | "double":
            return f"athena_text_of_double({sql})" if type_.name == "double" else f"athena_text_of_real({sql})"
        case "timestamp":
            return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')"
        case "timestamp with time zone":
            return f"strftime({local_timestamp(sql)}, '%Y-%m-%d %H:%M:%S.%g ') || ({sql}).z"
        case "interval day to second":
            return f"athena_text_of_interval({sql})"
        case "interval year to month":
            sign = f"CASE WHEN {sql} < 0 THEN '-' ELSE '' END"
            return f"({sign} || (abs({sql}) // 12) || '-' || (abs({sql}) % 12))"
        case "varbinary":
            return f"trim(regexp_replace(lower(hex({sql})), '(..)', '\\1 ', 'g'))"
        case "array":
            return _joined(f"list_transform({sql}, lambda e: {_nested('e', type_.args[0])})", sql, "[", "]")
        case "map":
            entry = f"{_nested('e.key', type_.args[0])} || '=' || {_nested('e.value', type_.args[1])}"
            return _joined(f"list_transform(map_entries({sql}), lambda e: {entry})", sql, "{", "}")
        case "row":
            parts = [
                literal(f"{name}=") + " || " + _nested(f"({sql}).{quote(name)}", t)
                for name, t in zip(field_names(type_), type_.args, strict=True)
            ]
            joined = " || ', ' || ".join(parts)
            return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    return f"CAST({sql} AS VARCHAR)"


def _nested(sql: str, type_: Type) -> str:
    return f"coalesce({text(sql, type_)}, 'null')"


def _joined(items: str, sql: str, opening: str, closing: str) -> str:
    return f"CASE WHEN {sql} IS NOT NULL THEN '{opening}' || array_to_string({items}, ', ') || '{closing}' END"


PRELUDE = (
    # The wall clock of a timestamp with time zone: zones are UTC, offsets such as +02:00, or names of the tz database.
    """CREATE MACRO athena_local(v) AS CASE
        WHEN v IS NULL THEN NULL
        WHEN v.z = 'UTC' THEN v.t
        WHEN regexp_full_match(v.z, '[+-]\\d\\d:\\d\\d') THEN v.t + to_minutes(CAST(
            (CAST(v.z[2:3] AS INTEGER) * 60 + CAST(v.z[5:6] AS INTEGER)) * (CASE v.z[1] WHEN '-' THEN -1 ELSE 1 END)
            AS INTEGER))
        ELSE timezone(v.z, timezone('UTC', v.t)) END""",
    # The instant that shows `local` on the clocks of `zone`.
    """CREATE MACRO athena_at(local, zone) AS CASE
        WHEN local IS NULL OR zone IS NULL THEN NULL
        WHEN zone = 'UTC' THEN struct_pack(t := local, z := zone)
        WHEN regexp_full_match(zone, '[+-]\\d\\d:\\d\\d') THEN struct_pack(
            t := local - (athena_local(struct_pack(t := local, z := zone)) - local), z := zone)
        ELSE struct_pack(t := timezone('UTC', timezone(zone, local)), z := zone) END""",
    # Java's Double.toString: plain from 10^-3 to 10^7, else d.dddE±n; DuckDB prints the same shortest digits.
    """CREATE MACRO athena_text_of_shortest(x, s) AS CASE
        WHEN isnan(x) THEN 'NaN'
        WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
        WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN s
        WHEN contains(s, 'e') THEN
            regexp_replace(CASE WHEN contains(split_part(s, 'e', 1), '.') THEN s ELSE replace(s, 'e', '.0e') END,
                           'e(?:[+]|(-))?0*', 'E\\1')
        WHEN abs(x) >= 1e7 THEN CASE WHEN x < 0 THEN '-' ELSE '' END
            || ltrim(s, '-')[1] || '.'
            || coalesce(nullif(rtrim(replace(ltrim(s, '-')[2:], '.', ''), '0'), ''), '0')
            || 'E' || (strpos(ltrim(s, '-'), '.') - 2)
        ELSE CASE WHEN x < 0 THEN '-' ELSE '' END
            || ltrim(ltrim(s, '-'), '0.')[1] || '.'
            || coalesce(nullif(ltrim(ltrim(s, '-'), '0.')[2:], ''), '0')
            || 'E-' || (length(ltrim(s, '-')) - length(ltrim(ltrim(s, '-'), '0.')) - 1) END""",
    "CREATE MACRO athena_text_of_double(x) AS athena_text_of_shortest(x, CAST(CAST(x AS DOUBLE) AS VARCHAR))",
    "CREATE MACRO athena_text_of_real(x) AS athena_text_of_shortest(x, CAST(CAST(x AS FLOAT) AS VARCHAR))",
    # days hours:minutes:seconds.millis
    """CREATE MACRO athena_text_of_interval(i) AS
        CASE WHEN i < 0 THEN '-' ELSE '' END
        || (abs(i) // 86400000) || ' '
        || lpad(CAST(abs(i) // 3600000 % 24 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(abs(i) // 60000 % 60 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(abs(i) // 1000 % 60 AS VARCHAR), 2, '0') || '.'
        || lpad(CAST(abs(i) % 1000 AS VARCHAR), 3, '0')""",
)
"""Macros that the generated SQL calls; created in every connection before it is locked."""
