"""Time zones of values: AT TIME ZONE, with_timezone; the current zone, which is UTC (Trino: time zone conversion)."""

from collections.abc import Iterator, Sequence

from workshop.sandbox.athena.compiler import moments
from workshop.sandbox.athena.compiler.moments import PICOS_PER_DAY, PICOS_PER_MINUTE, once
from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.temporal import zones
from workshop.sandbox.athena.types import VARCHAR, Type, literal, timestamp_tz
from workshop.sandbox.athena.udf import FunctionError, Udf, call, invalid

_MILLIS_PER_MINUTE = 60_000
_TODAY = "CAST(current_date AS TIMESTAMP)"


def _zone_of_name(name: str) -> str:
    zone = zones.canonical(name)
    if zone is None:
        raise invalid(f"'{name}' is not a valid time zone")
    return zone


def _zone_of_millis(millis: int) -> str:
    """The zone of an interval from UTC."""
    if millis % _MILLIS_PER_MINUTE:
        raise invalid("Invalid time zone offset interval: interval contains seconds")
    minutes = abs(millis) // _MILLIS_PER_MINUTE * (-1 if millis < 0 else 1)
    return zone_of_minutes(minutes)


def zone_of_minutes(minutes: int) -> str:
    """The zone that is always so many minutes east of UTC; fails as Trino does beyond 14 hours."""
    zone = zones.of_offset(minutes)
    if zone is None:
        raise FunctionError("INVALID_FUNCTION_ARGUMENT", f"Invalid offset minutes {minutes}")
    return zone


_NAMED = Udf(_zone_of_name)
_SHIFTED = Udf(_zone_of_millis)


def zone(value: Value) -> str:
    """SQL of the name that Trino gives the zone of a text, or of an interval from UTC."""
    if value.type.name == "interval day to second":
        return call(_SHIFTED, [value.sql], [value.type], VARCHAR)
    if value.constant is None:
        return call(_NAMED, [value.sql], [VARCHAR], VARCHAR)
    known = zones.canonical(value.constant)
    if known is None:
        return fail(literal(f"INVALID_FUNCTION_ARGUMENT: '{value.constant}' is not a valid time zone"), VARCHAR)
    return literal(known)


def _at_timezone(values: Sequence[Value]) -> str:
    value, target = values
    name = zone(target)
    return once(
        value.sql,
        lambda x: once(
            name,
            lambda z: f"CASE WHEN {x} IS NOT NULL AND {z} IS NOT NULL THEN struct_pack(t := ({x}).t, z := {z}) END",
        ),
    )


def _time_at_timezone(values: Sequence[Value]) -> str:
    """The clock of another zone; its offset is that of today."""
    value, target = values
    minutes = once(
        zone(target),
        lambda z: f"CAST((epoch_us(athena_clock_in({_TODAY}, {z})) - epoch_us({_TODAY})) // 60000000 AS INTEGER)",
    )

    def moved(x: str, m: str) -> str:
        clock = moments.floor_mod(f"({x}).t + ({m} - ({x}).z) * {PICOS_PER_MINUTE}", PICOS_PER_DAY)
        return f"CASE WHEN {x} IS NOT NULL AND {m} IS NOT NULL THEN struct_pack(t := {clock}, z := {m}) END"

    return once(value.sql, lambda x: once(minutes, lambda m: moved(x, m)))


def _with_timezone(values: Sequence[Value]) -> str:
    value, target = values

    def build(x: str) -> str:
        zoned = moments.at_zone(moments.short(x, value.type), zone(target))
        return moments.lengthened(zoned, moments.rest(x, value.type), timestamp_tz(value.type.precision))

    return once(value.sql, build)


def _same_precision(types: Sequence[Type]) -> Type:
    return timestamp_tz(types[0].precision)


def rows() -> Iterator[Row]:
    """The rows of the table."""
    for kind in ("varchar", "interval_day"):
        yield f"at_timezone(timestamp_tz, {kind}) -> timestamp_tz", _at_timezone
        yield f"at_timezone(time_tz, {kind}) -> time_tz", _time_at_timezone
    yield "with_timezone(timestamp, varchar) -> timestamp_tz", _with_timezone, _same_precision
    yield "current_timezone() -> varchar", "'UTC'"
