"""Arithmetic on decimals with Trino's types and errors (Trino documentation: decimal functions and operators).

DuckDB computes what fits into 38 digits on the way; the rest is computed in Python, digit by digit.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import Type, decimal
from workshop.sandbox.athena.udf import FunctionError, Udf, call

MOST_DIGITS = 38
_WIDE = Context(prec=160, rounding=ROUND_HALF_UP)


def result_type(operator: str, a: Type, b: Type, position: Position | None = None) -> Type:
    """The type of `a operator b` for + - * / %."""
    scale = a.scale + b.scale if operator == "*" else max(a.scale, b.scale)
    if scale > MOST_DIGITS:
        raise AthenaError(
            "INVALID_FUNCTION_ARGUMENT", f"DECIMAL scale must be in range [0, precision (38)]: {scale}", position
        )
    return decimal(min(MOST_DIGITS, _digits(operator, a, b)), scale)


def arithmetic(operator: str, left: Value, right: Value, result: Type) -> str:
    """SQL of `left operator right`, whose type is `result`."""
    a, b = left.type, right.type
    if operator == "/":
        return divide(left, right, result)
    if _digits(operator, a, b) > MOST_DIGITS or _common_digits(operator, a, b) > MOST_DIGITS:
        return _in_python(operator, left, right, result)
    if operator == "*":
        return f"CAST(({left.sql} * {right.sql}) AS {result.duckdb})"
    # Operands as wide as the result, else DuckDB overflows on the way to it.
    wide = decimal(max(result.precision, _common_digits(operator, a, b)), result.scale)
    x, y = (coerce(v, wide).sql for v in (left, right))
    return f"CAST(({x} {operator} {y}) AS {result.duckdb})"


def _digits(operator: str, a: Type, b: Type) -> int:
    """Digits of the result, before Trino limits them to 38."""
    whole = (a.precision - a.scale, b.precision - b.scale)
    scale = max(a.scale, b.scale)
    match operator:
        case "*":
            return a.precision + b.precision
        case "/":
            return a.precision + b.scale + max(0, b.scale - a.scale)
        case "%":
            return min(whole) + scale or 1
    return max(whole) + scale + 1


def _common_digits(operator: str, a: Type, b: Type) -> int:
    if operator == "*":
        return 0
    return max(a.precision - a.scale, b.precision - b.scale) + max(a.scale, b.scale)


def divide(left: Value, right: Value, result: Type) -> str:
    """Exact division, rounded half away from zero to the scale of `result` as Trino does."""
    a, b = left.type, right.type
    shift = result.scale - a.scale + b.scale
    fits = max(a.precision + a.scale + 1, b.precision + b.scale + 1, a.precision + shift + 1) <= MOST_DIGITS
    if not fits or shift < 0 or _digits("/", a, b) > MOST_DIGITS:
        return _in_python("/", left, right, result)
    x, y = _unscaled(left), _unscaled(right)
    numerator = f"abs({x} * CAST(1{'0' * shift} AS HUGEINT))"
    sign = f"(CASE WHEN ({left.sql} < 0) <> ({right.sql} < 0) THEN -1 ELSE 1 END)"
    quotient = f"CAST((2 * {numerator} + abs({y})) // (2 * abs({y})) * {sign} AS DECIMAL(38,0))"
    if result.scale:
        unit = f"CAST('0.{'0' * (result.scale - 1)}1' AS DECIMAL({result.scale},{result.scale}))"
        quotient = f"(CAST({quotient} AS DECIMAL({MOST_DIGITS - result.scale},0)) * {unit})"
    return f"CAST({quotient} AS {result.duckdb})"


def _unscaled(value: Value) -> str:
    """The integer of a decimal's digits: 1.25 is 125."""
    scale = value.type.scale
    return f"CAST({value.sql} * CAST(1{'0' * scale} AS DECIMAL({scale + 1},0)) AS HUGEINT)"


def _in_python(operator: str, left: Value, right: Value, result: Type) -> str:
    function = _operation(operator, result.precision, result.scale)
    return call(function, [left.sql, right.sql], [left.type, right.type], result)


@lru_cache(maxsize=4096)
def _operation(operator: str, precision: int, scale: int) -> Udf:
    compute, unit, limit = _EXACT[operator], Decimal(1).scaleb(-scale), Decimal(10) ** (precision - scale)

    def decimal_operation(x: Decimal, y: Decimal) -> Decimal:
        if operator in "/%" and not y:
            raise FunctionError("DIVISION_BY_ZERO", "Division by zero")
        with localcontext(_WIDE):
            found = compute(x, y).quantize(unit)
            if abs(found) >= limit:
                raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
            return found

    return Udf(decimal_operation)


_EXACT: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "%": lambda x, y: x % y,
}
