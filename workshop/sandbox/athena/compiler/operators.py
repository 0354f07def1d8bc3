"""Operators with Trino's types (Trino documentation: mathematical, decimal, date and time, comparison)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler import array_concatenation, comparisons, decimals, time_operators
from workshop.sandbox.athena.compiler.values import Value, coerce, sharing
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import (
    BOOLEAN,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    as_decimal,
    can_coerce,
    char,
    common_type,
)

_APPROXIMATE = ("real", "double")
_LONGEST_CHAR = 65536
_SIDE_OF_NAN = {"=": 0, "<>": 0, "<": 1, "<=": 1, ">": 0, ">=": 0}
"""The side that makes DuckDB's answer wrong if it is NaN (for = and <>, if both are)."""


def arithmetic(operator: str, left: Value, right: Value, position: Position | None) -> Value:
    """`left operator right` for + - * / %."""
    moved = time_operators.arithmetic(operator, left, right)
    if moved is not None:
        return moved
    a, b = left.type, right.type
    numbers = (a.is_numeric or a == UNKNOWN) and (b.is_numeric or b == UNKNOWN)
    common = common_type(a, b) if numbers and (a, b) != (UNKNOWN, UNKNOWN) else None
    if common is None:
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {a} {operator} {b}", position)
    if common.name == "decimal":
        x, y = coerce(left, _decimal_side(a, common)), coerce(right, _decimal_side(b, common))
        result = decimals.result_type(operator, x.type, y.type, position)
        return Value(
            sharing([x, y], lambda values: decimals.arithmetic(operator, values[0], values[1], result)), result
        )
    x, y = coerce(left, common), coerce(right, common)
    if not common.is_integer:
        return Value(f"({x.sql} {operator} {y.sql})", common)
    # DuckDB's integers overflow as Trino's do: the module `overflows` has the texts.
    if operator == "%" and right.constant in (None, "-1"):
        return Value(sharing([x, y], lambda values: _remainder(*values)), common)
    return Value(f"({x.sql} {'//' if operator == '/' else operator} {y.sql})", common)


def _decimal_side(type_: Type, common: Type) -> Type:
    return common if type_ == UNKNOWN else as_decimal(type_)


def _remainder(x: Value, y: Value) -> str:
    """DuckDB divides first, and fails for the smallest number and -1; the remainder by -1 is that by 1."""
    return f"({x.sql} % CASE WHEN {y.sql} = -1 THEN CAST(1 AS {y.type.duckdb}) ELSE {y.sql} END)"


def negate(value: Value, position: Position | None) -> Value:
    """`-value`."""
    if not value.type.is_numeric and value.type not in (*time_operators.INTERVALS, UNKNOWN):
        raise AthenaError("TYPE_MISMATCH", f"Cannot negate {value.type}", position)
    if value.type.is_integer:
        # A negated integer is wider in DuckDB; the difference is not, and overflows.
        return Value(f"(CAST(0 AS {value.type.duckdb}) - {value.sql})", value.type)
    return Value(f"(-{value.sql})", value.type)


def compare(operator: str, left: Value, right: Value, position: Position | None) -> Value:
    """`left operator right` for = <> < <= > >= and IS [NOT] DISTINCT FROM; operands are never converted to text."""
    common = common_type(left.type, right.type)
    if common is None or (operator in ("<", "<=", ">", ">=") and not comparisons.is_orderable(common)):
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {operator} {right.type}", position)
    if comparisons.is_nested(common):
        return comparisons.compare(operator, coerce(left, common), coerce(right, common))
    sides = [Value(comparable(coerce(v, common)), common) for v in (left, right)]
    suspects = [v.constant is None and v.type.name in _APPROXIMATE for v in (left, right)]
    if operator not in _SIDE_OF_NAN or not any(suspects):
        return Value(f"({sides[0].sql} {operator} {sides[1].sql})", BOOLEAN)
    return Value(sharing(sides, lambda values: _unless_nan(operator, [v.sql for v in values], suspects)), BOOLEAN)


def _unless_nan(operator: str, sides: Sequence[str], suspects: Sequence[bool]) -> str:
    """A comparison of numbers that may be NaN: it equals nothing; in DuckDB it is the largest, and equal to itself."""
    plain = f"({sides[0]} {operator} {sides[1]})"
    side = _SIDE_OF_NAN[operator]
    if not (all(suspects) if operator in ("=", "<>") else suspects[side]):
        return plain
    return f"({plain} OR isnan({sides[side]}))" if operator == "<>" else f"({plain} AND NOT isnan({sides[side]}))"


def comparable(value: Value) -> str:
    """SQL that compares as Trino compares the value: a timestamp with time zone is its instant, whatever its zone."""
    return sharing([value], lambda values: comparisons.identity(values[0].sql, value.type))


def holds_zone(type_: Type) -> bool:
    """Whether equal values of the type may differ in DuckDB: instant and zone are a struct, a map has an order."""
    return not comparisons.is_plain(type_)


def concatenate(left: Value, right: Value, position: Position | None) -> Value:
    """`left || right` on text, bytes, arrays, or an array and an element."""
    a, b = left.type, right.type
    if a.name == b.name == "char":
        joined = f"rtrim({coerce(left, VARCHAR).sql} || {right.sql}, ' ')"
        return Value(joined, char(min(_LONGEST_CHAR, (a.length or 1) + (b.length or 1))))
    for type_ in (VARCHAR, VARBINARY):
        if can_coerce(a, type_) and can_coerce(b, type_):
            return Value(f"({coerce(left, type_).sql} || {coerce(right, type_).sql})", type_)
    arrays = array_concatenation.concatenate(left, right)
    if arrays is not None:
        return arrays
    raise AthenaError(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({a}, {b}) for function concat. Expected: concat(char(x), char(y)), "
        "concat(array(E), E) E, concat(E, array(E)) E, concat(array(E)) E, concat(varchar), concat(varbinary)",
        position,
    )
