"""Literals of dates, times, timestamps and intervals, and the current moment (Trino: data types, date and time)."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import moments
from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.temporal import civil, texts
from workshop.sandbox.athena.types import (
    DATE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    MICROS,
    PICOS,
    Type,
    literal,
    time,
    time_tz,
    timestamp,
    timestamp_tz,
)

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions

_D = exp.DataType.Type
_MILLIS = 3
_PICOS_PER_MICRO = moments.PICOS_PER_MICRO
_PYTHON_YEARS = range(1, 10_000)
_INTERVAL_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def typed(block: "Expressions", node: exp.Expr) -> Value | None:
    """The value of `DATE '…'`, `TIME '…'` or `TIMESTAMP '…'`; None for another type."""
    kind = node.args["to"].this
    text = node.this.name
    position = block.position(node)
    if kind == _D.DATE:
        try:
            return Value(_date(texts.date(text)), DATE)
        except texts.NoValueError as error:
            raise _invalid(text, "date", position) from error
    if kind == _D.TIME:
        return _time(text, position)
    return _timestamp(text, position) if kind == _D.TIMESTAMP else None


def _invalid(text: str, kind: str, position: Position | None) -> AthenaError:
    return AthenaError("INVALID_LITERAL", f"'{text}' is not a valid {kind} literal", position)


def _check_precision(name: str, digits: int, position: Position | None) -> None:
    if digits > PICOS:
        message = f"{name} precision must be in range [0, {PICOS}]: {digits}"
        raise AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", message, position)


def _date(days: int) -> str:
    year, month, day = civil.date_of(days)
    if year in _PYTHON_YEARS:
        return f"DATE '{year:04}-{month:02}-{day:02}'"
    return f"(DATE '1970-01-01' + CAST({days} AS INTEGER))"


def _time(text: str, position: Position | None) -> Value:
    shape = texts.time_digits(text)
    if shape is None:
        raise _invalid(text, "time", position)
    _check_precision("TIME WITH TIME ZONE" if shape[1] else "TIME", shape[0], position)
    try:
        moment = texts.time(text)
    except texts.NoValueError as error:
        raise _invalid(text, "time", position) from error
    picos = f"CAST({moment.picos} AS BIGINT)"
    if moment.minutes is None:
        return Value(picos, time(moment.digits))
    return Value(f"struct_pack(t := {picos}, z := CAST({moment.minutes} AS INTEGER))", time_tz(moment.digits))


def _timestamp(text: str, position: Position | None) -> Value:
    shape = texts.timestamp_digits(text)
    if shape is None:
        raise _invalid(text, "timestamp", position)
    _check_precision("TIMESTAMP WITH TIME ZONE" if shape[1] else "TIMESTAMP", shape[0], position)
    try:
        moment = texts.timestamp(text)
    except texts.NoValueError as error:
        raise _invalid(text, "timestamp", position) from error
    if moment.zone is None:
        return Value(_instant(moment.picos, moment.digits), timestamp(moment.digits))
    type_ = timestamp_tz(moment.digits)
    local = _instant(moment.picos, min(moment.digits, MICROS))
    zoned = moments.at_zone(local, literal(moment.zone))
    if "/" in moment.zone:  # a time that clocks skip is no literal
        wrong = fail(literal(f"INVALID_LITERAL: '{text}' is not a valid timestamp literal"), timestamp_tz(MICROS))
        zoned = f"CASE WHEN athena_local({zoned}) = {local} THEN {zoned} ELSE {wrong} END"
    return Value(moments.lengthened(zoned, str(moment.picos % _PICOS_PER_MICRO), type_), type_)


def _instant(picos: int, digits: int) -> str:
    """SQL of a timestamp without zone, as it is held for so many digits."""
    if digits > MICROS:
        return f"CAST({picos} AS HUGEINT)"
    days, micros = divmod(picos // _PICOS_PER_MICRO, moments.MICROS_PER_DAY)
    year, month, day = civil.date_of(days)
    if year not in _PYTHON_YEARS:
        return f"make_timestamp({picos // _PICOS_PER_MICRO})"
    seconds, fraction = divmod(micros, 10**6)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    shown = f".{fraction:06}"[: digits + 1] if digits else ""
    return f"TIMESTAMP '{year:04}-{month:02}-{day:02} {clock}{shown}'"


def interval(block: "Expressions", node: exp.Expr) -> Value:
    """`INTERVAL '…' first [TO last]`."""
    unit, amount = node.args.get("unit"), node.this
    negative = isinstance(amount, exp.Neg)
    amount = amount.this if negative else amount
    ends = (unit.this, unit.expression) if isinstance(unit, exp.IntervalSpan) else (unit, unit)
    names = [end.name.lower().removesuffix("s") if isinstance(end, exp.Var) else "" for end in ends]
    if not isinstance(amount, exp.Literal) or not all(name in _INTERVAL_FIELDS for name in names):
        raise not_supported(f"The interval {node.sql('trino')}", block.position(node))
    first, last = names
    if not texts.is_interval(first, last):
        message = f"Invalid interval qualifier: {first.upper()} to {last.upper()}"
        raise AthenaError("INVALID_LITERAL", message, block.position(node))
    try:
        number = texts.interval(amount.name.strip(" "), first, last) * (-1 if negative else 1)
    except texts.NoValueError as error:
        raise _invalid(amount.name, "interval", block.position(node)) from error
    if first in ("year", "month"):
        return Value(f"CAST({number} AS INTEGER)", INTERVAL_YEAR, last)
    return Value(f"CAST({number} AS BIGINT)", INTERVAL_DAY, last)


# the moment at which the query started; the session's zone is UTC


def current_date(block: "Expressions", _: exp.Expr) -> Value:
    """CURRENT_DATE."""
    return Value(f"DATE '{block.started:%Y-%m-%d}'", DATE)


def current_timestamp(block: "Expressions", node: exp.Expr) -> Value:
    """CURRENT_TIMESTAMP, CURRENT_TIMESTAMP(p), and now()."""
    if node.expressions:
        given = ", ".join(str(block.compile(argument).type) for argument in node.expressions)
        message = f"Unexpected parameters ({given}) for function now. Expected: now()"
        raise AthenaError("FUNCTION_NOT_FOUND", message, block.position(node))
    type_ = timestamp_tz(_precision(block, node, "TIMESTAMP WITH TIME ZONE"))
    return Value(f"struct_pack(t := {_now(block.started, type_.precision)}, z := 'UTC')", type_)


def local_timestamp(block: "Expressions", node: exp.Expr) -> Value:
    """LOCALTIMESTAMP, LOCALTIMESTAMP(p)."""
    type_ = timestamp(_precision(block, node, "TIMESTAMP"))
    return Value(_now(block.started, type_.precision), type_)


def current_time(block: "Expressions", node: exp.Expr) -> Value:
    """CURRENT_TIME, CURRENT_TIME(p)."""
    type_ = time_tz(_precision(block, node, "TIME WITH TIME ZONE"))
    return Value(f"struct_pack(t := {_time_now(block.started, type_)}, z := 0)", type_)


def local_time(block: "Expressions", node: exp.Expr) -> Value:
    """LOCALTIME, LOCALTIME(p)."""
    type_ = time(_precision(block, node, "TIME"))
    return Value(_time_now(block.started, type_), type_)


def _precision(block: "Expressions", node: exp.Expr, name: str) -> int:
    written = node.this if isinstance(node.this, exp.Literal) else None
    if written is None:
        return _MILLIS
    digits = int(written.name)
    _check_precision(name, digits, block.position(node))
    return digits


def _micros_of_day(started: datetime, digits: int) -> int:
    seconds = (started.hour * 60 + started.minute) * 60 + started.second
    unit = int(10 ** max(0, MICROS - digits))
    return (seconds * 10**6 + started.microsecond) // unit * unit


def _now(started: datetime, digits: int) -> str:
    day = civil.days_of(started.year, started.month, started.day)
    return _instant((day * moments.MICROS_PER_DAY + _micros_of_day(started, digits)) * _PICOS_PER_MICRO, digits)


def _time_now(started: datetime, type_: Type) -> str:
    return f"CAST({_micros_of_day(started, type_.precision) * _PICOS_PER_MICRO} AS BIGINT)"
