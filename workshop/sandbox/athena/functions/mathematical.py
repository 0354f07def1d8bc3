"""Mathematical functions (Trino documentation: mathematical functions, decimal functions and operators)."""

import math
from collections.abc import Sequence

from workshop.sandbox.athena.compiler import decimals, operators
from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.functions import distributions, rounding
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.types import Type, varchar
from workshop.sandbox.athena.udf import FunctionError, Udf, invalid

_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_LARGEST = 2**63 - 1
_EXACT_ROOT = 2**26


def _cbrt(value: float) -> float:
    """Exact where the root is a whole number, as Java's."""
    root = math.cbrt(value)
    nearest = round(root) if abs(root) < _EXACT_ROOT else 0
    return float(nearest) if nearest and nearest**3 == value else root


def _to_base(value: int, radix: int) -> str:
    _check_radix(radix)
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return "-" + digits if value < 0 else digits


def _from_base(text: str, radix: int) -> int:
    _check_radix(radix)
    digits = text[1:] if text[:1] in ("+", "-") else text
    known = _DIGITS[:radix]
    value = int(digits, radix) if digits and all(d in known for d in digits.lower()) else None
    if value is not None and text[0] == "-":
        value = -value
    if value is None or not -_LARGEST - 1 <= value <= _LARGEST:
        raise invalid(f"Not a valid base-{radix} number: {text}")
    return value


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= len(_DIGITS):
        raise invalid("Radix must be between 2 and 36")


def _width_bucket(operand: float, bound1: float, bound2: float, count: int) -> int:
    for wrong, message in (
        (count <= 0, "bucketCount must be greater than 0"),
        (math.isnan(operand), "operand must not be NaN"),
        (not math.isfinite(bound1), "first bound must be finite"),
        (not math.isfinite(bound2), "second bound must be finite"),
        (bound1 == bound2, "bounds cannot equal each other"),
    ):
        if wrong:
            raise invalid(message)
    lower, upper = min(bound1, bound2), max(bound1, bound2)
    if operand < lower:
        bucket = 0
    elif operand >= upper:
        bucket = count + 1
    else:
        bucket = int(count * (operand - lower) / (upper - lower) + 1)
    if bucket > _LARGEST:
        raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", f"Bucket for value {operand} is out of range")
    return count - bucket + 1 if bound1 > bound2 else bucket


def _width_bucket_of_bins(operand: float, bins: Sequence[float | None]) -> int:
    if not bins:
        raise invalid("Bins cannot be an empty array")
    if math.isnan(operand):
        raise invalid("Operand cannot be NaN")
    edges = [0.0 if b is None else b for b in bins]
    lower, upper = 0, len(edges)
    while lower < upper:
        if edges[lower] > edges[upper - 1]:
            raise invalid("Bin values are not sorted in ascending order")
        middle = (lower + upper) // 2
        if not math.isfinite(edges[middle]):
            raise invalid(f"Bin value must be finite, got {_java_text(edges[middle])}")
        if operand < edges[middle]:
            upper = middle
        else:
            lower = middle + 1
    return lower


def _java_text(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _cosine_similarity(left: dict[str, float | None], right: dict[str, float | None]) -> float | None:
    if left is None or right is None or None in left.values() or None in right.values():
        return None
    norms = [math.sqrt(sum(v * v for v in m.values() if v is not None)) for m in (left, right)]
    product = sum((left[k] or 0.0) * (right[k] or 0.0) for k in left if k in right)
    divisor = norms[0] * norms[1]
    return product / divisor if divisor else math.nan


def _remainder(values: Sequence[Value]) -> str:
    return operators.arithmetic("%", values[0], values[1], None).sql


def _random(values: Sequence[Value]) -> str:
    """A whole number from 0, or the first argument, up to but not including the last."""
    type_ = values[0].type
    if len(values) == 1:
        low, high, message, wrong = "0", values[0].sql, "bound must be positive", f"{values[0].sql} <= 0"
    else:
        low, high = values[0].sql, values[1].sql
        message, wrong = "start value must be less than stop value", f"{low} >= {high}"
    failed = fail(f"'INVALID_FUNCTION_ARGUMENT: {message}'", type_)
    drawn = f"CAST({low} + floor(random() * (CAST({high} AS DOUBLE) - {low})) AS {type_.duckdb})"
    return f"CASE WHEN {wrong} THEN {failed} ELSE {drawn} END"


def _remainder_type(types: Sequence[Type]) -> Type:
    return decimals.result_type("%", types[0], types[1])


_OF_DOUBLES = {
    "acos": "acos({0})",
    "asin": "asin({0})",
    "atan": "atan({0})",
    "cos": "cos({0})",
    "cosh": "cosh({0})",
    # Java multiplies by the rounded ratio of the units.
    "degrees": "({0} * 57.29577951308232e0)",
    "exp": "exp({0})",
    "ln": "CASE WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) ELSE ln({0}) END",
    "log10": "CASE WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) ELSE log10({0}) END",
    "log2": "CASE WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) ELSE ln({0}) / ln(2e0) END",
    "radians": "({0} * 0.017453292519943295e0)",
    "sin": "sin({0})",
    "sinh": "sinh({0})",
    "sqrt": "sqrt({0})",
    "tan": "tan({0})",
    "tanh": "tanh({0})",
}
_SIGN = "CASE WHEN {{0}} = 0 OR isnan({{0}}) THEN {{0}} ELSE CAST(sign({{0}}) AS {type}) END"

_ROWS: tuple[Row, ...] = (
    *((f"abs({t}) -> {t}", "abs({0})") for t in (*_INTEGERS, "decimal", "real", "double")),
    *((f"sign({t}) -> {t}", f"CAST(sign({{0}}) AS {t})") for t in _INTEGERS),
    ("sign(decimal) -> decimal", "CAST(sign({0}) AS DECIMAL(1,0))", lambda _: Type("decimal", precision=1)),
    ("sign(real) -> real", _SIGN.format(type="FLOAT")),
    ("sign(double) -> double", _SIGN.format(type="DOUBLE")),
    *((f"{name}(double) -> double", template) for name, template in _OF_DOUBLES.items()),
    ("cbrt(double) -> double", Udf(_cbrt)),
    ("atan2(double, double) -> double", "atan2({0}, {1})"),
    ("log(double, double) -> double",
     "CASE WHEN {0} < 0 OR {1} < 0 THEN CAST('NaN' AS DOUBLE) ELSE ln({1}) / ln({0}) END"),
    *((f"{name}(double, double) -> double", "pow({0}, {1})") for name in ("power", "pow")),
    *((f"mod({t}, {t}) -> {t}", _remainder) for t in _INTEGERS),
    ("mod(decimal, decimal) -> decimal", _remainder, _remainder_type),
    *((f"mod({t}, {t}) -> {t}", "({0} % {1})") for t in ("real", "double")),
    ("pi() -> double", "pi()"),
    ("e() -> double", "CAST(2.718281828459045e0 AS DOUBLE)"),
    ("nan() -> double", "CAST('NaN' AS DOUBLE)"),
    ("infinity() -> double", "CAST('Infinity' AS DOUBLE)"),
    ("is_nan(real) -> boolean", "isnan({0})"),
    ("is_nan(double) -> boolean", "isnan({0})"),
    ("is_finite(double) -> boolean", "isfinite({0})"),
    ("is_infinite(double) -> boolean", "isinf({0})"),
    ("to_base(bigint, bigint) -> varchar", Udf(_to_base), lambda _: varchar(64)),
    ("from_base(varchar, bigint) -> bigint", Udf(_from_base)),
    ("width_bucket(double, double, double, bigint) -> bigint", Udf(_width_bucket)),
    ("width_bucket(double, array(double)) -> bigint", Udf(_width_bucket_of_bins)),
    ("cosine_similarity(map(varchar, double), map(varchar, double)) -> double", Udf(_cosine_similarity, nulls=True)),
    *((f"{name}() -> double", "random()") for name in ("random", "rand")),
    *((f"{name}({t}) -> {t}", _random) for name in ("random", "rand") for t in _INTEGERS),
    *((f"{name}({t}, {t}) -> {t}", _random) for name in ("random", "rand") for t in _INTEGERS),
)  # fmt: skip


def register(registry: Registry) -> None:
    """Enter the tables."""
    registry.add(_ROWS)
    registry.add(rounding.ROWS)
    registry.add(distributions.ROWS)
