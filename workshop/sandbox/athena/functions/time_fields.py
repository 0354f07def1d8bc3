"""Fields of dates, times, timestamps and intervals (Trino documentation: extraction functions)."""

from collections.abc import Iterator, Sequence

from workshop.sandbox.athena.compiler import moments
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Build

_DATE_FIELDS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "week_of_year": "week",
    "day": "day",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
}
"""Trino's names, and DuckDB's."""
_CLOCK_FIELDS = {
    "hour": ("hour", 3_600_000, 24),
    "minute": ("minute", 60_000, 60),
    "second": ("second", 1000, 60),
    "millisecond": ("millisecond", 1, 1000),
}
"""DuckDB's names; how many milliseconds one is, and how many there are in the next larger one."""
_PICOS_PER_MILLI = 10**9
_MICROS_PER_MINUTE = 60_000_000


def _of_date(part: str) -> Build:
    def build(values: Sequence[Value]) -> str:
        value = values[0]
        moment = value.sql if value.type.name == "date" else moments.clock(value.sql, value.type)
        return f"CAST(datepart('{part}', {moment}) AS BIGINT)"

    return build


def _of_clock(part: str, many: int) -> Build:
    def build(values: Sequence[Value]) -> str:
        # DuckDB's milliseconds include the seconds.
        return f"CAST(datepart('{part}', {moments.clock(values[0].sql, values[0].type)}) % {many} AS BIGINT)"

    return build


def _of_time(millis: int, many: int) -> Build:
    def build(values: Sequence[Value]) -> str:
        picos = f"({values[0].sql}).t" if values[0].type.is_time_tz else values[0].sql
        return f"({picos} // {millis * _PICOS_PER_MILLI} % {many})"

    return build


def offset_minutes(value: Value) -> str:
    """How many minutes the zone of a value is east of UTC at that moment."""
    if value.type.is_time_tz:
        return f"CAST(({value.sql}).z AS BIGINT)"
    clock = moments.clock(value.sql, value.type)
    instant = f"({moments.short(value.sql, value.type)}).t"
    return f"CAST((epoch_us({clock}) - epoch_us({instant})) // {_MICROS_PER_MINUTE} AS BIGINT)"


def _timezone_hour(values: Sequence[Value]) -> str:
    return f"({offset_minutes(values[0])} // 60)"


def _timezone_minute(values: Sequence[Value]) -> str:
    return f"({offset_minutes(values[0])} % 60)"


def rows() -> Iterator[tuple[str, Build]]:
    """The rows of the table."""
    for name, part in _DATE_FIELDS.items():
        for type_ in ("date", "timestamp", "timestamp_tz"):
            yield f"{name}({type_}) -> bigint", _of_date(part)
    for name, (part, millis, many) in _CLOCK_FIELDS.items():
        yield f"{name}(time) -> bigint", _of_time(millis, many)
        yield f"{name}(time_tz) -> bigint", _of_time(millis, many)
        yield f"{name}(timestamp) -> bigint", _of_clock(part, many)
        yield f"{name}(timestamp_tz) -> bigint", _of_clock(part, many)
        yield f"{name}(interval_day) -> bigint", f"({{0}} // {millis} % {many})"
    for name in ("day", "day_of_month"):
        yield f"{name}(interval_day) -> bigint", "({0} // 86400000)"
    yield "month(interval_year) -> bigint", "CAST({0} % 12 AS BIGINT)"
    yield "year(interval_year) -> bigint", "CAST({0} // 12 AS BIGINT)"
    for type_ in ("timestamp_tz", "time_tz"):
        yield f"timezone_hour({type_}) -> bigint", _timezone_hour
        yield f"timezone_minute({type_}) -> bigint", _timezone_minute
    yield "timezone(timestamp_tz) -> varchar", "({0}).z"
    yield "timezone(time_tz) -> varchar", "athena_text_of_offset(({0}).z)"
    yield "to_milliseconds(interval_day) -> bigint", "{0}"
