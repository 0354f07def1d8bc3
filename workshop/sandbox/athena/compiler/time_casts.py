"""CAST from and to dates, times and timestamps, and their texts (Trino documentation: date and time functions).

`casts` asks `castable`, `convert` and `text` here for every pair of types that one of `KINDS` is part of.
"""

from workshop.sandbox.athena.compiler.values import Value, coerce, fail, local_timestamp
from workshop.sandbox.athena.types import Type, can_coerce, literal

KINDS = frozenset(
    [
        "date",
        "time",
        "time with time zone",
        "timestamp",
        "timestamp with time zone",
        "interval day to second",
        "interval year to month",
    ]
)
"""Names of the types whose casts and texts are here."""

_DAY = r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}"
_CLOCK = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?"
_FORMS = {
    "date": _DAY + r"\s*",
    "timestamp": _DAY + rf"( {_CLOCK})?\s*",
}
"""Text that Trino casts to each type."""


def castable(source: Type, target: Type) -> bool:
    """Whether Trino casts `source` to `target`; one of them is of `KINDS`."""
    if can_coerce(source, target):
        return True
    if source.name == "varchar":
        return target.name in _FORMS
    if target.name == "varchar":
        return source.name in ("date", "timestamp", "timestamp with time zone")
    if source.is_timestamp_tz:
        return target.name in ("date", "timestamp")
    return (source.name, target.name) in (("date", "timestamp"), ("timestamp", "date"))


def convert(sql: str, source: Type, target: Type) -> str:
    """SQL of `CAST(sql AS target)`; `castable(source, target)` holds, and `target` is not text."""
    if source.name == "varchar":
        return _from_text(sql, target)
    if source.is_timestamp_tz and not target.is_timestamp_tz:
        return f"CAST({local_timestamp(sql)} AS {target.duckdb})"
    return coerce(Value(sql, source), target).sql if can_coerce(source, target) else f"CAST({sql} AS {target.duckdb})"


def _from_text(sql: str, target: Type) -> str:
    message = f"'INVALID_CAST_ARGUMENT: Value cannot be cast to {target.name}: ' || {sql}"
    converted = f"TRY_CAST({sql} AS {target.duckdb})"
    if target.name == "timestamp":
        converted = round_to_millis(converted)
    well_formed = f"regexp_full_match({sql}, {literal(_FORMS[target.name])})"
    # TRY_CAST leaves NULL for what has the form but no value, such as 2020-13-01.
    checked = f"CASE WHEN {well_formed} THEN {converted} END"
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE coalesce({checked}, {fail(message, target)}) END"


def round_to_millis(sql: str) -> str:
    """A TIMESTAMP rounded to the three digits of Athena's timestamp(3)."""
    return f"date_trunc('millisecond', {sql} + INTERVAL 500 MICROSECOND)"


def text(sql: str, type_: Type) -> str:
    """A value of one of `KINDS` as text; NULL stays NULL."""
    match type_.name:
        case "timestamp":
            return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')"
        case "timestamp with time zone":
            return f"strftime({local_timestamp(sql)}, '%Y-%m-%d %H:%M:%S.%g ') || ({sql}).z"
        case "interval day to second":
            return f"athena_text_of_interval({sql})"
        case "interval year to month":
            sign = f"CASE WHEN {sql} < 0 THEN '-' ELSE '' END"
            return f"({sign} || (abs({sql}) // 12) || '-' || (abs({sql}) % 12))"
    return f"CAST({sql} AS VARCHAR)"


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
