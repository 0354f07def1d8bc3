"""Operators with Trino's types (Trino documentation: mathematical, decimal, date and time, comparison)."""

from workshop.sandbox.athena.compiler.values import Value, coerce, fail, local_timestamp
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.types import (
    BOOLEAN,
    DATE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    UNKNOWN,
    VARCHAR,
    Type,
    as_decimal,
    common_type,
    decimal,
    literal,
    varchar,
)

_INTERVALS = (INTERVAL_DAY, INTERVAL_YEAR)
_NOT_ORDERED = ("map",)


def arithmetic(operator: str, left: Value, right: Value, position: Position | None) -> Value:
    """`left operator right` for + - * / %."""
    moved = _with_times(operator, left, right)
    if moved is not None:
        return moved
    a, b = left.type, right.type
    numbers = (a.is_numeric or a == UNKNOWN) and (b.is_numeric or b == UNKNOWN)
    common = common_type(a, b) if numbers and (a, b) != (UNKNOWN, UNKNOWN) else None
    if common is None:
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {a} {operator} {b}", position)
    if common.name == "decimal":
        return _decimals(operator, coerce(left, _decimal_side(a, common)), coerce(right, _decimal_side(b, common)))
    x, y = coerce(left, common).sql, coerce(right, common).sql
    symbol = "//" if operator == "/" and common.is_integer else operator
    if common.is_integer:
        # DuckDB widens and checks for overflow; Trino stays in the type and fails when it is left.
        return Value(f"CAST(({x} {symbol} {y}) AS {common.duckdb})", common)
    return Value(f"({x} {symbol} {y})", common)


def negate(value: Value, position: Position | None) -> Value:
    """`-value`."""
    if not value.type.is_numeric and value.type not in (*_INTERVALS, UNKNOWN):
        raise AthenaError("TYPE_MISMATCH", f"Cannot negate {value.type}", position)
    return Value(f"(-{value.sql})", value.type)


def compare(operator: str, left: Value, right: Value, position: Position | None) -> Value:
    """`left operator right` for = <> < <= > >= and IS [NOT] DISTINCT FROM; operands are never converted to text."""
    common = common_type(left.type, right.type)
    if common is None or (operator in ("<", "<=", ">", ">=") and common.name in _NOT_ORDERED):
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {operator} {right.type}", position)
    x, y = comparable(coerce(left, common)), comparable(coerce(right, common))
    return Value(f"({x} {operator} {y})", BOOLEAN)


def comparable(value: Value) -> str:
    """SQL that compares as Trino compares the value: a timestamp with time zone is its instant, whatever its zone."""
    if any(map(holds_zone, value.type.args)):
        raise not_supported(f"Comparison of the type {value.type}")
    return f"({value.sql}).t" if value.type.is_timestamp_tz else value.sql


def holds_zone(type_: Type) -> bool:
    """Whether equal values of the type may differ in DuckDB, which holds an instant and its zone as a struct."""
    return type_.is_timestamp_tz or any(map(holds_zone, type_.args))


def concatenate(left: Value, right: Value, position: Position | None) -> Value:
    """`left || right` on text, or on arrays."""
    a, b = left.type, right.type
    text = {"varchar", "unknown"}
    if a.name in text and b.name in text:
        known = a.length is not None and b.length is not None
        length = varchar((a.length or 0) + (b.length or 0)) if known else VARCHAR
        return Value(f"({coerce(left, VARCHAR).sql} || {coerce(right, VARCHAR).sql})", length)
    common = common_type(a, b)
    if common is not None and common.name == "array":
        x, y = coerce(left, common).sql, coerce(right, common).sql
        joined = f"CASE WHEN {x} IS NOT NULL AND {y} IS NOT NULL THEN list_concat({x}, {y}) END"
        return Value(joined, common)
    raise AthenaError(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({a}, {b}) for function concat. Expected: concat(varchar, varchar), "
        "concat(array(E), array(E))",
        position,
    )


def _decimal_side(type_: Type, common: Type) -> Type:
    return common if type_ == UNKNOWN else as_decimal(type_)


def _decimals(operator: str, left: Value, right: Value) -> Value:
    a, b = left.type, right.type
    whole = max(a.precision - a.scale, b.precision - b.scale)
    scale = max(a.scale, b.scale)
    match operator:
        case "+" | "-":
            result = decimal(min(38, whole + scale + 1), scale)
        case "*":
            result = decimal(min(38, a.precision + b.precision), a.scale + b.scale)
        case "/":
            result = decimal(min(38, a.precision + b.scale + max(0, b.scale - a.scale)), scale)
            return Value(divide(left, right, result), result)
        case _:
            result = decimal(min(a.precision - a.scale, b.precision - b.scale) + scale, scale)
    # Operands of + and - as wide as the result, else DuckDB overflows on the way to it.
    x, y = (f"CAST({v.sql} AS {result.duckdb})" if operator in "+-" else v.sql for v in (left, right))
    return Value(f"CAST(({x} {operator} {y}) AS {result.duckdb})", result)


def divide(left: Value, right: Value, result: Type) -> str:
    """Exact division of scaled integers, rounded half away from zero as Trino does."""
    shift = result.scale - left.type.scale + right.type.scale
    x, y = _unscaled(left), _unscaled(right)
    numerator = f"abs({x} * CAST(1{'0' * shift} AS HUGEINT))"
    sign = f"(CASE WHEN ({x} < 0) <> ({y} < 0) THEN -1 ELSE 1 END)"
    quotient = f"CAST((2 * {numerator} + abs({y})) // (2 * abs({y})) * {sign} AS DECIMAL(38,0))"
    if result.scale:
        unit = f"CAST('0.{'0' * (result.scale - 1)}1' AS DECIMAL({result.scale},{result.scale}))"
        quotient = f"(CAST({quotient} AS DECIMAL({38 - result.scale},0)) * {unit})"
    return f"CAST({quotient} AS {result.duckdb})"


def _unscaled(value: Value) -> str:
    """The integer of a decimal's digits: 1.25 is 125."""
    text = f"replace(CAST({value.sql} AS VARCHAR), '.', '')"
    return f"CAST({text} AS HUGEINT)"


def _with_times(operator: str, left: Value, right: Value) -> Value | None:
    a, b = left.type, right.type
    if operator == "+" and a in _INTERVALS and b not in _INTERVALS:
        left, right, a, b = right, left, b, a
    if operator in ("+", "-") and b in _INTERVALS:
        if a == b:
            return Value(f"({left.sql} {operator} {right.sql})", a)
        if a == DATE or a.is_timestamp or a.is_timestamp_tz:
            return _moved(operator, left, right)
    if operator == "-" and a.name == b.name and (a == DATE or a.is_timestamp or a.is_timestamp_tz):
        return Value(f"(epoch_ms({comparable(left)}) - epoch_ms({comparable(right)}))", INTERVAL_DAY)
    if operator == "*" and a in _INTERVALS and b.is_integer:
        return Value(f"CAST(({left.sql} * {right.sql}) AS {a.duckdb})", a)
    return None


def span(interval: Value) -> str:
    """DuckDB's INTERVAL of an interval, which is kept as a number of milliseconds or months."""
    if interval.type == INTERVAL_DAY:
        return f"to_microseconds({interval.sql} * 1000)"
    return f"to_months({interval.sql})"


def _moved(operator: str, moment: Value, interval: Value) -> Value:
    """A date stays a date; a date does not take hours (Trino: INVALID_FUNCTION_ARGUMENT)."""
    amount = span(interval)
    if moment.type == DATE:
        message = "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date"
        moved = f"CAST(({moment.sql} {operator} {amount}) AS DATE)"
        if interval.type == INTERVAL_DAY and interval.constant != "day":
            wrong = fail(literal(message), DATE)
            moved = f"CASE WHEN {interval.sql} % 86400000 <> 0 THEN {wrong} ELSE {moved} END"
        return Value(moved, DATE)
    if moment.type.is_timestamp:
        return Value(f"({moment.sql} {operator} {amount})", moment.type)
    if interval.type == INTERVAL_DAY:
        instant = f"({moment.sql}).t {operator} {amount}"
        return Value(
            f"CASE WHEN {moment.sql} IS NOT NULL THEN struct_pack(t := {instant}, z := ({moment.sql}).z) END",
            moment.type,
        )
    local = f"{local_timestamp(moment.sql)} {operator} {amount}"
    return Value(f"athena_at({local}, ({moment.sql}).z)", moment.type)
