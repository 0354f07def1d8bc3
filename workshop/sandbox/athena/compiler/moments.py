"""SQL over dates, times and timestamps of any precision: wall clocks, instants, rounding, zones.

A timestamp of up to six digits is DuckDB's TIMESTAMP, of more digits a HUGEINT of picoseconds since 1970; a time of day
is a BIGINT of picoseconds. With time zone it is a struct of that (`t`: the instant in UTC; for a time of day what the
clock shows) and the zone `z` (`UTC`, `+02:00` or a name of the tz database; for a time of day minutes east of UTC).
"""

import zlib
from collections.abc import Callable

from workshop.sandbox.athena.types import MICROS, PICOS, Type

MICROS_PER_DAY = 86_400_000_000
PICOS_PER_MICRO = 1_000_000
PICOS_PER_DAY = MICROS_PER_DAY * PICOS_PER_MICRO
PICOS_PER_MINUTE = 60 * 10**PICOS
_LONG = 60


def once(sql: str, build: Callable[[str], str]) -> str:
    """`build(sql)`, where `sql` is evaluated once however often it is named (macros repeat their arguments).

    DuckDB computes what is named twice beforehand, even where only some of the rows need it: so a function in Python is
    always named once.
    """
    if len(sql) <= _LONG and "random" not in sql and "py_" not in sql:
        return build(sql)
    name = f"m{zlib.crc32(sql.encode()):08x}"
    return f"list_transform([{sql}], lambda {name}: {build(name)})[1]"


def floor_mod(sql: str, unit: int) -> str:
    """The remainder of a division that rounds down, never negative."""
    return f"((({sql}) % {unit} + {unit}) % {unit})"


# timestamps


def short(sql: str, type_: Type) -> str:
    """A timestamp (with time zone) cut to the microseconds that DuckDB's TIMESTAMP holds."""
    if not type_.is_long:
        return sql
    if type_.is_timestamp_tz:
        return once(sql, lambda x: f"athena_short({x})")
    return once(sql, lambda x: f"athena_micros({x})")


def rest(sql: str, type_: Type) -> str:
    """The picoseconds that `short` cuts off."""
    return floor_mod(f"({sql}).t" if type_.is_timestamp_tz else sql, PICOS_PER_MICRO) if type_.is_long else "0"


def clock(sql: str, type_: Type) -> str:
    """The TIMESTAMP on the wall clock of a date or timestamp (in its own zone), cut to microseconds."""
    if type_.name == "date":
        return f"CAST({sql} AS TIMESTAMP)"
    return local_timestamp(short(sql, type_)) if type_.is_timestamp_tz else short(sql, type_)


def local_timestamp(sql: str) -> str:
    """The wall-clock TIMESTAMP that a timestamp with time zone (of up to six digits) shows in its own zone."""
    return once(sql, lambda x: f"athena_local({x})")


def at_zone(local: str, zone: str) -> str:
    """The timestamp with time zone (of up to six digits) of what the clocks of `zone` show.

    Clocks show it twice: the earlier one. They skip it: as much later as they skip (Java: ZonedDateTime.of).
    """
    return once(local, lambda x: once(zone, lambda z: f"athena_at({x}, {z})"))


def at_zone_near(local: str, original: str) -> str:
    """Like `at_zone` in the zone of `original`, but with the offset of `original` where it fits (Joda-Time)."""
    return once(local, lambda x: once(original, lambda v: f"athena_at_near({x}, {v})"))


def lengthened(sql: str, rest_: str, type_: Type) -> str:
    """A short timestamp (with time zone) as `type_`, with the picoseconds that `short` had cut off."""
    if not type_.is_long:
        return sql
    if type_.is_timestamp_tz:
        return once(
            sql,
            lambda x: (
                f"CASE WHEN {x} IS NOT NULL THEN struct_pack(t := athena_picos(({x}).t) + {rest_}, z := ({x}).z) END"
            ),
        )
    return f"(athena_picos({sql}) + {rest_})"


def rounded(sql: str, precision: int) -> str:
    """A TIMESTAMP rounded half up (towards the future) to `precision` digits of at most six."""
    match precision:
        case 6:
            return sql
        case 3:
            return f"date_trunc('millisecond', {sql} + INTERVAL 500 MICROSECOND)"
        case 0:
            return f"date_trunc('second', {sql} + INTERVAL 500000 MICROSECOND)"
    unit = 10 ** (MICROS - precision)
    return once(sql, lambda x: f"make_timestamp({_rounded_integer(f'epoch_us({x})', unit)})")


def rounded_picos(sql: str, precision: int) -> str:
    """Picoseconds rounded half up to `precision` digits of a second."""
    unit = 10 ** (PICOS - precision)
    return sql if unit == 1 else once(sql, lambda x: _rounded_integer(x, unit))


def _rounded_integer(sql: str, unit: int) -> str:
    raised = f"({sql} + {unit // 2})"
    return f"({raised} - {floor_mod(raised, unit)})"


def to_precision(sql: str, source: Type, target: Type) -> str:
    """A time, or timestamp, with or without zone, in another precision of the same kind."""
    narrower = target.precision < source.precision
    if source.precision == target.precision or (not narrower and source.is_long == target.is_long):
        return sql
    if source.is_time:
        return once(sql, lambda x: _time_rounded(x, target.precision))
    if source.is_time_tz:
        return once(sql, lambda x: _with_zone_of(x, _time_rounded(f"({x}).t", target.precision)))
    if source.is_timestamp_tz:
        return once(sql, lambda x: _with_zone_of(x, _instant_to_precision(f"({x}).t", source, target)))
    return _instant_to_precision(sql, source, target)


def _with_zone_of(sql: str, moved: str) -> str:
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := {moved}, z := ({sql}).z) END"


def _time_rounded(sql: str, precision: int) -> str:
    return f"({rounded_picos(sql, precision)} % {PICOS_PER_DAY})"


def _instant_to_precision(sql: str, source: Type, target: Type) -> str:
    """Between precisions that differ in what holds them, or to fewer digits."""
    if not source.is_long:
        return f"athena_picos({sql})" if target.is_long else rounded(sql, target.precision)
    fewer = rounded_picos(sql, target.precision)
    return fewer if target.is_long else once(fewer, lambda x: f"athena_micros({x})")


# conversions between the kinds


def coerced(sql: str, source: Type, target: Type) -> str:
    """A date, time or timestamp as a kind that Trino converts it to without a CAST; the session's zone is UTC."""
    if source.name == target.name:
        return to_precision(sql, source, target)
    if target.is_time_tz:
        return once(sql, lambda x: f"CASE WHEN {x} IS NOT NULL THEN struct_pack(t := {x}, z := 0) END")
    if target.is_timestamp_tz:
        plain = Type("timestamp", precision=target.precision)
        local = coerced(sql, source, plain)
        return once(local, lambda x: f"CASE WHEN {x} IS NOT NULL THEN struct_pack(t := {x}, z := 'UTC') END")
    if source.name == "date":
        local = f"CAST({sql} AS TIMESTAMP)"
        return f"athena_picos({local})" if target.is_long else local
    return to_precision(sql, source, target)


def is_temporal(type_: Type) -> bool:
    """Whether it is a date, a time or a timestamp."""
    return type_.name == "date" or type_.is_time or type_.is_time_tz or type_.is_timestamp or type_.is_timestamp_tz


_IS_OFFSET = "zone[1] IN ('+', '-')"
# What DuckDB is asked about also where the answer is not used: it evaluates constants before it chooses.
_NAME = f"CASE WHEN {_IS_OFFSET} THEN 'UTC' ELSE zone END"

PRELUDE = (
    # The wall clock of an instant in UTC.
    f"""CREATE MACRO athena_clock_in(t, zone) AS CASE
        WHEN zone = 'UTC' THEN t
        WHEN {_IS_OFFSET} THEN t + to_minutes(CAST(
            (CAST(zone[2:3] AS INTEGER) * 60 + CAST(zone[5:6] AS INTEGER)) * (CASE zone[1] WHEN '-' THEN -1 ELSE 1 END)
            AS INTEGER))
        ELSE timezone({_NAME}, timezone('UTC', t)) END""",
    # The wall clock of a timestamp with time zone.
    "CREATE MACRO athena_local(v) AS list_transform([v], lambda m: athena_clock_in(m.t, m.z))[1]",
    # The earlier of the two instants at which clocks show `local`; DuckDB gives `later`.
    """CREATE MACRO athena_earlier(local, later, zone) AS list_transform(
        [local - (athena_clock_in(later - INTERVAL 1 DAY, zone) - (later - INTERVAL 1 DAY))],
        lambda c: CASE WHEN c < later AND athena_clock_in(c, zone) = local THEN c ELSE later END)[1]""",
    f"""CREATE MACRO athena_instant(local, zone) AS CASE
        WHEN zone = 'UTC' THEN local
        WHEN {_IS_OFFSET} THEN local - (athena_clock_in(local, zone) - local)
        ELSE athena_earlier(local, timezone('UTC', timezone({_NAME}, local)), zone) END""",
    """CREATE MACRO athena_at(local, zone) AS list_transform([struct_pack(l := local, z := zone)], lambda m: CASE
        WHEN m.l IS NULL OR m.z IS NULL THEN NULL
        ELSE struct_pack(t := athena_instant(m.l, m.z), z := m.z) END)[1]""",
    """CREATE MACRO athena_at_near(local, v) AS CASE
        WHEN local IS NULL OR v IS NULL THEN NULL
        WHEN v.z = 'UTC' THEN struct_pack(t := local, z := v.z)
        WHEN athena_clock_in(local - (athena_local(v) - v.t), v.z) = local
        THEN struct_pack(t := local - (athena_local(v) - v.t), z := v.z)
        ELSE struct_pack(t := athena_instant(local, v.z), z := v.z) END""",
    f"""CREATE MACRO athena_micros(h) AS
        make_timestamp(CAST((h - {floor_mod("h", PICOS_PER_MICRO)}) // {PICOS_PER_MICRO} AS BIGINT))""",
    f"CREATE MACRO athena_picos(t) AS (CAST(epoch_us(t) AS HUGEINT) * {PICOS_PER_MICRO})",
    """CREATE MACRO athena_short(v) AS
        CASE WHEN v IS NOT NULL THEN struct_pack(t := athena_micros(v.t), z := v.z) END""",
)
"""Macros that the generated SQL calls; created in every connection before it is locked."""
