"""Unix time, calendar days, and durations as text (Trino documentation: date and time functions)."""

import math
import re
from collections.abc import Iterator, Sequence

from workshop.sandbox.athena.compiler import moments, time_casts
from workshop.sandbox.athena.compiler.moments import once
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.functions.time_zones import zone, zone_of_minutes
from workshop.sandbox.athena.types import BIGINT, DATE, VARCHAR, Type, timestamp_tz
from workshop.sandbox.athena.udf import Udf, call, invalid

_LONGEST = 2**63 - 1
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", re.ASCII)
_UNITS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7}
"""Milliseconds of the units of a duration."""
_PARTS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


# unix time


def _moment(double: str) -> str:
    """The TIMESTAMP of seconds since 1970, rounded half up to milliseconds."""
    return f"make_timestamp(CAST(floor({double} * 1000 + 0.5) AS BIGINT) * 1000)"


def _from_unixtime(values: Sequence[Value]) -> str:
    return once(
        values[0].sql, lambda x: f"CASE WHEN {x} IS NOT NULL THEN struct_pack(t := {_moment(x)}, z := 'UTC') END"
    )


def _from_unixtime_in_zone(values: Sequence[Value]) -> str:
    return _in_zone(values[0].sql, zone(values[1]))


def _zone_of_hours(hours: int, minutes: int) -> str:
    return zone_of_minutes(hours * 60 + minutes)


_OFFSET = Udf(_zone_of_hours)


def _from_unixtime_at_offset(values: Sequence[Value]) -> str:
    return _in_zone(values[0].sql, call(_OFFSET, [v.sql for v in values[1:]], [BIGINT, BIGINT], VARCHAR))


def _in_zone(double: str, name: str) -> str:
    return once(
        double,
        lambda x: once(
            name,
            lambda z: (
                f"CASE WHEN {x} IS NOT NULL AND {z} IS NOT NULL THEN struct_pack(t := {_moment(x)}, z := {z}) END"
            ),
        ),
    )


def _from_unixtime_nanos(values: Sequence[Value]) -> str:
    """Whole nanoseconds; a decimal is rounded."""
    value = values[0]
    nanos = f"round({value.sql}, 0)" if value.type.name == "decimal" else value.sql
    return once(
        nanos, lambda x: f"CASE WHEN {x} IS NOT NULL THEN struct_pack(t := CAST({x} AS HUGEINT) * 1000, z := 'UTC') END"
    )


def _to_unixtime(values: Sequence[Value]) -> str:
    value = values[0]
    instant = f"({value.sql}).t" if value.type.is_timestamp_tz else value.sql
    if value.type.is_long:
        return f"(CAST({instant} AS DOUBLE) / CAST(1e12 AS DOUBLE))"
    return f"(epoch_us({instant}) / CAST(1000000 AS DOUBLE))"


# days


def _date(values: Sequence[Value]) -> str:
    return time_casts.convert(values[0].sql, values[0].type, DATE) if values[0].type != DATE else values[0].sql


def _last_day(values: Sequence[Value]) -> str:
    value = values[0]
    return f"last_day({value.sql if value.type == DATE else moments.clock(value.sql, value.type)})"


# durations


def _millis_of_duration(text: str) -> int:
    if not text:
        raise invalid("duration is empty")
    matched = _DURATION.fullmatch(text)
    if not matched:
        raise invalid(f"duration is not a valid data duration string: {text}")
    factor = _UNITS.get(matched[2])
    if factor is None:
        raise invalid(f"Unknown time unit: {matched[2]}")
    millis = math.floor(float(matched[1]) * factor + 0.5)
    return min(millis, _LONGEST)


def _words_of_seconds(seconds: float) -> str:
    if not math.isfinite(seconds):
        shown = "NaN" if math.isnan(seconds) else "-Infinity" if seconds < 0 else "Infinity"
        raise invalid(f"Invalid argument found: {shown}")
    left, parts = abs(int(seconds)), []
    for name, length in _PARTS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"


def _nine_digits(_: Sequence[Type]) -> Type:
    return timestamp_tz(9)


def rows() -> Iterator[Row]:
    """The rows of the table."""
    yield "from_unixtime(double) -> timestamp_tz", _from_unixtime
    yield "from_unixtime(double, varchar) -> timestamp_tz", _from_unixtime_in_zone
    yield "from_unixtime(double, bigint, bigint) -> timestamp_tz", _from_unixtime_at_offset
    yield "from_unixtime_nanos(bigint) -> timestamp_tz", _from_unixtime_nanos, _nine_digits
    yield "from_unixtime_nanos(decimal) -> timestamp_tz", _from_unixtime_nanos, _nine_digits
    for type_ in ("timestamp", "timestamp_tz"):
        yield f"to_unixtime({type_}) -> double", _to_unixtime
    for type_ in ("date", "timestamp", "timestamp_tz"):
        yield f"date({type_}) -> date", _date
        yield f"last_day_of_month({type_}) -> date", _last_day
    yield "date(varchar) -> date", _date
    yield "parse_duration(varchar) -> interval_day", Udf(_millis_of_duration)
    yield "human_readable_seconds(double) -> varchar", Udf(_words_of_seconds)
