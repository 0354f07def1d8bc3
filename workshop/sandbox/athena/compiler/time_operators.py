"""Operators of dates, times, timestamps and intervals (Trino: date and time operators, TestDateTimeOperators).

An interval has milliseconds, so what it is added to has at least three digits of a second afterwards.
"""

from dataclasses import replace

from workshop.sandbox.athena.compiler import moments
from workshop.sandbox.athena.compiler.comparisons import identity
from workshop.sandbox.athena.compiler.moments import PICOS_PER_DAY, once
from workshop.sandbox.athena.compiler.values import Value, coerce, fail
from workshop.sandbox.athena.types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    TIMESTAMP,
    Type,
    common_type,
    literal,
)

INTERVALS = (INTERVAL_DAY, INTERVAL_YEAR)
_PICOS_PER_MILLI = 10**9
_MILLIS_PER_DAY = 86_400_000
_MESSAGES = {
    "+": "Cannot add hour, minutes or seconds to a date",
    "-": "Cannot subtract hour, minutes or seconds from a date",
}


def arithmetic(operator: str, left: Value, right: Value) -> Value | None:
    """`left operator right`; None if it is nothing of dates, times and intervals that Trino has."""
    a, b = left.type, right.type
    if operator == "+" and a in INTERVALS and moments.is_temporal(b):
        left, right, a, b = right, left, b, a
    if operator in ("+", "-") and b in INTERVALS:
        if a == b:
            return Value(f"CAST(({left.sql} {operator} {right.sql}) AS {a.duckdb})", a)
        return _moved(operator, left, right)
    if operator == "-" and moments.is_temporal(a) and moments.is_temporal(b):
        common = common_type(a, b)
        return None if common is None else _difference(coerce(left, common), coerce(right, common))
    if operator == "*" and b in INTERVALS and a not in INTERVALS:
        left, right, a, b = right, left, b, a
    return _scaled(operator, left, right) if operator in ("*", "/") and a in INTERVALS else None


def _scaled(operator: str, interval: Value, factor: Value) -> Value | None:
    if not factor.type.is_numeric:
        return None
    if operator == "*" and factor.type.is_integer:
        return Value(f"CAST(({interval.sql} * {coerce(factor, BIGINT).sql}) AS {interval.type.duckdb})", interval.type)
    quotient = f"{interval.sql} {operator} {coerce(factor, DOUBLE).sql}"
    return Value(f"CAST(trunc({quotient}) AS {interval.type.duckdb})", interval.type)


def _difference(left: Value, right: Value) -> Value:
    """The milliseconds between two values of one type, rounded half up."""
    type_ = left.type
    if type_ == DATE:
        return Value(f"(CAST(({left.sql} - {right.sql}) AS BIGINT) * {_MILLIS_PER_DAY})", INTERVAL_DAY)
    x, y = (once(v.sql, lambda sql: identity(sql, type_)) for v in (left, right))
    if type_.is_time or type_.is_time_tz or type_.is_long:
        delta, unit = f"({x} - {y})", _PICOS_PER_MILLI
    else:
        delta, unit = f"(epoch_us({x}) - epoch_us({y}))", 1000
    if type_.precision <= TIMESTAMP.precision:
        return Value(f"CAST({delta} // {unit} AS BIGINT)", INTERVAL_DAY)
    raised = f"({delta} + {unit // 2})"
    whole = once(raised, lambda d: f"(({d} - {moments.floor_mod(d, unit)}) // {unit})")
    return Value(f"CAST({whole} AS BIGINT)", INTERVAL_DAY)


def span(interval: Value) -> str:
    """DuckDB's INTERVAL of an interval, which is kept as a number of milliseconds or months."""
    if interval.type == INTERVAL_DAY:
        return f"to_microseconds({interval.sql} * 1000)"
    return f"to_months({interval.sql})"


def _moved(operator: str, moment: Value, interval: Value) -> Value | None:
    type_ = moment.type
    if type_ == DATE:
        return _moved_date(operator, moment, interval)
    if interval.type == INTERVAL_YEAR:
        return _moved_by_months(operator, moment, interval)
    result = replace(type_, precision=max(type_.precision, TIMESTAMP.precision))
    if type_.is_time or type_.is_time_tz:
        change = f"({interval.sql} % {_MILLIS_PER_DAY}) * {_PICOS_PER_MILLI}"
        of = "({}).t" if type_.is_time_tz else "{}"
        moved = once(moment.sql, lambda x: _zoned(x, _wrapped(f"{of.format(x)} {operator} {change}"), type_))
        return Value(moved, result)
    if not (type_.is_timestamp or type_.is_timestamp_tz):
        return None
    change = f"CAST({interval.sql} AS HUGEINT) * {_PICOS_PER_MILLI}" if type_.is_long else span(interval)
    if type_.is_timestamp:
        return Value(f"({moment.sql} {operator} {change})", result)
    return Value(once(moment.sql, lambda x: _zoned(x, f"({x}).t {operator} {change}", type_)), result)


def _wrapped(picos: str) -> str:
    return moments.floor_mod(picos, PICOS_PER_DAY)


def _zoned(sql: str, moved: str, type_: Type) -> str:
    """`moved` in the zone of `sql`, if the type has one."""
    if not (type_.is_timestamp_tz or type_.is_time_tz):
        return moved
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := {moved}, z := ({sql}).z) END"


def _moved_by_months(operator: str, moment: Value, interval: Value) -> Value | None:
    """The day of the month stays, or becomes the last one; a wall clock stays (Trino: in the zone of the value)."""
    type_ = moment.type
    if not (type_.is_timestamp or type_.is_timestamp_tz):
        return None

    def moved(x: str) -> str:
        shifted = f"{moments.clock(x, type_)} {operator} {span(interval)}"
        if type_.is_timestamp_tz:
            shifted = moments.at_zone_near(shifted, moments.short(x, type_))
        return moments.lengthened(f"({shifted})", moments.rest(x, type_), type_)

    return Value(once(moment.sql, moved), type_)


def _moved_date(operator: str, moment: Value, interval: Value) -> Value:
    """A date stays a date, and does not take hours."""
    moved = f"CAST(({moment.sql} {operator} {span(interval)}) AS DATE)"
    if interval.type == INTERVAL_DAY:
        moved = f"({moment.sql} {operator} CAST({interval.sql} // {_MILLIS_PER_DAY} AS INTEGER))"
    if interval.type == INTERVAL_DAY and interval.constant != "day":
        wrong = fail(literal(f"INVALID_FUNCTION_ARGUMENT: {_MESSAGES[operator]}"), DATE)
        moved = f"CASE WHEN {interval.sql} % {_MILLIS_PER_DAY} <> 0 THEN {wrong} ELSE {moved} END"
    return Value(moved, DATE)
