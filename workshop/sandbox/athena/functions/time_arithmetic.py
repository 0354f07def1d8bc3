"""date_trunc, date_add and date_diff (Trino documentation: truncation and interval functions; Joda-Time's fields).

A timestamp with time zone moves by days and more on the wall clock of its zone, by hours and less in time. date_diff
counts complete units; the second timestamp is seen in the zone of the first.
"""

from collections.abc import Callable, Iterator, Sequence

from workshop.sandbox.athena.compiler import moments
from workshop.sandbox.athena.compiler.comparisons import identity
from workshop.sandbox.athena.compiler.moments import PICOS_PER_DAY, once
from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.functions.registry import Build
from workshop.sandbox.athena.types import BIGINT, DATE, TIMESTAMP, Type, literal

_TIME_UNITS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
"""Milliseconds of each."""
_DATE_UNITS = {"day": ("day", 1), "week": ("day", 7), "month": ("month", 1), "quarter": ("month", 3),
               "year": ("month", 12)}  # fmt: skip
"""How many days or months each is."""
_MILLIS_PER_DAY = 86_400_000
_PICOS_PER_MILLI = 10**9


def _units(type_: Type) -> tuple[tuple[str, ...], str]:
    """The units of a type, and what Trino calls its fields."""
    if type_ == DATE:
        return tuple(_DATE_UNITS), "DATE"
    if type_.is_time or type_.is_time_tz:
        return tuple(_TIME_UNITS), "Time"
    return (*_TIME_UNITS, *_DATE_UNITS), "Timestamp"


def _by_unit(unit: Value, type_: Type, result: Type, build: Callable[[str], str]) -> str:
    """`build(unit)`; a unit that is not a literal chooses among all of them."""
    units, kind = _units(type_)
    if unit.constant is not None:
        chosen = unit.constant.lower()
        if chosen in units:
            return build(chosen)
        return fail(literal(f"INVALID_FUNCTION_ARGUMENT: '{chosen}' is not a valid {kind} field"), result)
    branches = " ".join(f"WHEN {literal(u)} THEN {build(u)}" for u in units)
    unknown = literal(f"' is not a valid {kind} field")
    wrong = fail(f"'INVALID_FUNCTION_ARGUMENT: ' || chr(39) || lower({unit.sql}) || {unknown}", result)
    return f"CASE WHEN {unit.sql} IS NULL THEN NULL ELSE CASE lower({unit.sql}) {branches} ELSE {wrong} END END"


# truncation


def _truncate(values: Sequence[Value]) -> str:
    unit, value = values
    return _by_unit(unit, value.type, value.type, lambda u: once(value.sql, lambda x: _truncated(u, x, value.type)))


def _truncated(unit: str, sql: str, type_: Type) -> str:
    if type_ == DATE:
        return f"CAST(date_trunc('{unit}', {sql}) AS DATE)"
    if type_.is_time or type_.is_time_tz:
        length = _TIME_UNITS[unit] * _PICOS_PER_MILLI
        if type_.is_time:
            return f"({sql} - {sql} % {length})"
        return (
            f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := ({sql}).t - ({sql}).t % {length}, z := ({sql}).z) END"
        )
    if type_.is_timestamp:
        return moments.lengthened(f"date_trunc('{unit}', {moments.short(sql, type_)})", "0", type_)
    zoned = moments.short(sql, type_)
    if unit in _DATE_UNITS:
        moved = moments.at_zone_near(f"date_trunc('{unit}', {moments.local_timestamp(zoned)})", zoned)
    else:
        moved = once(
            zoned,
            lambda v: (
                f"CASE WHEN {v} IS NOT NULL THEN struct_pack(t := "
                f"({v}).t - (athena_local({v}) - date_trunc('{unit}', athena_local({v}))), z := ({v}).z) END"
            ),
        )
    return moments.lengthened(moved, "0", type_)


# addition


def _add(values: Sequence[Value]) -> str:
    unit, amount, value = values
    return _by_unit(
        unit, value.type, value.type, lambda u: once(value.sql, lambda x: _added(u, amount.sql, x, value.type))
    )


def _span(unit: str, amount: str) -> str:
    """DuckDB's INTERVAL; Trino, too, takes amounts of 32 bits only."""
    number = f"CAST({amount} AS INTEGER)"
    if unit in _TIME_UNITS:
        return f"to_milliseconds(CAST({number} AS BIGINT) * {_TIME_UNITS[unit]})"
    kind, many = _DATE_UNITS[unit]
    return f"to_{kind}s(CAST(CAST({number} AS BIGINT) * {many} AS INTEGER))"


def _added(unit: str, amount: str, sql: str, type_: Type) -> str:
    if type_ == DATE:
        kind, many = _DATE_UNITS[unit]
        if kind == "day":
            return f"({sql} + CAST(CAST({amount} AS INTEGER) * CAST({many} AS BIGINT) AS INTEGER))"
        return f"CAST({sql} + {_span(unit, amount)} AS DATE)"
    if type_.is_time or type_.is_time_tz:
        change = (
            f"CAST(CAST({amount} AS HUGEINT) * {_TIME_UNITS[unit]} % {_MILLIS_PER_DAY} * {_PICOS_PER_MILLI} AS BIGINT)"
        )
        clock = f"({sql}).t" if type_.is_time_tz else sql
        moved = f"{moments.rounded_picos(f'({clock} + {change})', type_.precision)}"
        moved = moments.floor_mod(moved, PICOS_PER_DAY)
        if type_.is_time:
            return moved
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := {moved}, z := ({sql}).z) END"
    short, rest = moments.short(sql, type_), moments.rest(sql, type_)
    # A unit smaller than the last digit of the type is rounded.
    digits = min(type_.precision, 6) if unit == "millisecond" and type_.precision < TIMESTAMP.precision else 6
    if type_.is_timestamp:
        return moments.lengthened(moments.rounded(f"({short} + {_span(unit, amount)})", digits), rest, type_)
    if unit in _DATE_UNITS:
        moved = moments.at_zone_near(f"({moments.local_timestamp(short)} + {_span(unit, amount)})", short)
    else:
        instant = moments.rounded(f"(({short}).t + {_span(unit, amount)})", digits)
        moved = f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := {instant}, z := ({sql}).z) END"
    return moments.lengthened(moved, rest, type_)


# difference


def _difference(values: Sequence[Value]) -> str:
    unit, start, end = values
    return _by_unit(unit, start.type, BIGINT, lambda u: _between(u, start, end))


def _between(unit: str, start: Value, end: Value) -> str:
    type_ = start.type
    if type_.is_time or type_.is_time_tz:
        length = _TIME_UNITS[unit] * _PICOS_PER_MILLI
        return f"(({identity(end.sql, type_)} - {identity(start.sql, type_)}) // {length})"
    if unit in _TIME_UNITS:
        x, y = (_instant(v) for v in (start, end))
        return f"(({_millis(y)} - {_millis(x)}) // {_TIME_UNITS[unit]})"
    x = moments.clock(start.sql, type_)
    y = moments.clock(end.sql, type_)
    if type_.is_timestamp_tz:
        y = f"athena_clock_in({_instant(end)}, ({start.sql}).z)"
    kind, many = _DATE_UNITS[unit]
    if kind == "day":
        return f"(({_millis(y)} - {_millis(x)}) // {many * _MILLIS_PER_DAY})"
    # Complete months, as Trino counts them; DuckDB's date_diff counts the boundaries between.
    return f"(date_sub('month', date_trunc('millisecond', {x}), date_trunc('millisecond', {y})) // {many})"


def _instant(value: Value) -> str:
    short = moments.short(value.sql, value.type)
    return f"({short}).t" if value.type.is_timestamp_tz else short


def _millis(timestamp: str) -> str:
    """Whole milliseconds since 1970 of a TIMESTAMP, rounded down."""
    return f"epoch_us(date_trunc('millisecond', {timestamp})) // 1000"


def rows() -> Iterator[tuple[str, Build]]:
    """The rows of the table."""
    for type_ in ("date", "time", "time_tz", "timestamp", "timestamp_tz"):
        yield f"date_trunc(varchar, {type_}) -> {type_}", _truncate
        yield f"date_add(varchar, bigint, {type_}) -> {type_}", _add
        yield f"date_diff(varchar, {type_}, {type_}) -> bigint", _difference
