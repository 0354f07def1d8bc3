"""round, truncate, ceiling and floor (Trino documentation: mathematical functions; source: MathFunctions)."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.types import INTEGER, Type, decimal
from workshop.sandbox.athena.udf import FunctionError, Udf, call

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_MOST_DIGITS = 38
_SHORT_DIGITS = 18
_WHOLE = 2**52
"""From here on doubles have no fraction."""
_WIDE = Context(prec=90)


def _round_integer(value: int, digits: int, name: str) -> int:
    if digits >= 0:
        return value
    factor = int(10**-digits)
    rounded = (2 * abs(value) + factor) // (2 * factor) * factor * (1 if value >= 0 else -1)
    half = 2 ** (_BITS[name] - 1)
    if digits < -_SHORT_DIGITS or not -(2**63) <= rounded < 2**63:
        raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", f"numerical overflow: {value}")
    if not -half <= rounded < half:
        raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {name}: {rounded}")
    return rounded


def _rounded_integer(values: Sequence[Value]) -> str:
    type_ = values[0].type
    return call(_integer_rounder(type_.name), [v.sql for v in values], [type_, INTEGER], type_)


@lru_cache
def _integer_rounder(name: str) -> Udf:
    def round_integer(value: int, digits: int) -> int:
        return _round_integer(value, digits, name)

    return Udf(round_integer)


def _rounded_double(values: Sequence[Value]) -> str:
    """Half away from zero in double arithmetic, as Java: `round(x * 10^d) / 10^d`."""
    x, type_ = values[0].sql, values[0].type.duckdb
    factor = f"pow(10e0, {values[1].sql})"
    scaled = f"(CAST({x} AS DOUBLE) * {factor})"
    return f"CASE WHEN abs({scaled}) >= {_WHOLE} THEN {x} ELSE CAST(round({scaled}) / {factor} AS {type_}) END"


def _decimal_of(values: Sequence[Value], rounding: str) -> str:
    type_, x = values[0].type, values[0].sql
    result = _rounded_type([type_]) if rounding == ROUND_HALF_UP else type_
    constant = values[1].constant
    digits = int(constant) if constant is not None and constant.isdigit() else -1
    if digits >= type_.scale:
        return f"CAST({x} AS {result.duckdb})"
    widest = rounding == ROUND_HALF_UP and type_.precision == _MOST_DIGITS
    if digits < 0 or widest or type_.precision == type_.scale:
        function = _decimal_rounder(type_, result, rounding)
        return call(function, [v.sql for v in values], [type_, INTEGER], result)
    # The usual case, in DuckDB alone.
    if rounding == ROUND_HALF_UP:
        shorter = decimal(type_.precision - type_.scale + digits + 1, digits)
        return f"CAST(CAST({x} AS {shorter.duckdb}) AS {result.duckdb})"
    unit = Decimal(1).scaleb(-digits)
    return f"CAST({x} - ({x} % CAST('{unit:f}' AS {type_.duckdb})) AS {result.duckdb})"


@lru_cache(maxsize=1024)
def _decimal_rounder(type_: Type, result: Type, rounding: str) -> Udf:
    unit, limit = Decimal(1).scaleb(-result.scale), Decimal(10) ** (result.precision - result.scale)
    # Trino gives 0 where no digit is left, but for decimals of many digits it rounds up to the next power of ten.
    to_zero = rounding == ROUND_DOWN or result.precision <= _SHORT_DIGITS

    def round_decimal(value: Decimal, digits: int) -> Decimal:
        if digits >= type_.scale:
            return value
        with localcontext(_WIDE):
            if (to_zero and type_.precision - type_.scale + digits <= 0) or digits < -_MOST_DIGITS:
                return Decimal(0).quantize(unit)
            rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=rounding).quantize(unit)
            if abs(rounded) >= limit:
                raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", f"decimal overflow: {value}")
            return rounded

    return Udf(round_decimal)


def _rounded_type(types: Sequence[Type]) -> Type:
    return decimal(min(_MOST_DIGITS, types[0].precision + 1), types[0].scale)


def _whole_type(types: Sequence[Type]) -> Type:
    type_ = types[0]
    return decimal(min(_MOST_DIGITS, type_.precision - type_.scale + min(1, type_.scale)), 0)


def _truncated_type(types: Sequence[Type]) -> Type:
    return decimal(max(1, types[0].precision - types[0].scale), 0)


def _whole(step: str, sign: str, values: Sequence[Value]) -> str:
    """ceiling or floor of a decimal: its digits before the point, one more or less if there are others."""
    type_, x = values[0].type, values[0].sql
    if type_.scale == 0:
        return x
    cut = _truncated(values)
    return f"CAST(CASE WHEN {x} {sign} {cut} THEN {cut} {step} 1 ELSE {cut} END AS {_whole_type([type_]).duckdb})"


def _truncated(values: Sequence[Value]) -> str:
    type_, x = values[0].type, values[0].sql
    if type_.scale == 0:
        return x
    if type_.precision == type_.scale:
        return (
            "CAST(0 AS DECIMAL(1,0))" if x == "NULL" else f"CASE WHEN {x} IS NOT NULL THEN CAST(0 AS DECIMAL(1,0)) END"
        )
    return f"CAST(trunc({x}) AS {_truncated_type([type_]).duckdb})"


def _ceiling(values: Sequence[Value]) -> str:
    return _whole("+", ">", values)


def _floor(values: Sequence[Value]) -> str:
    return _whole("-", "<", values)


def _rounded_to_nearest(values: Sequence[Value]) -> str:
    return _decimal_of(values, ROUND_HALF_UP)


def _cut(values: Sequence[Value]) -> str:
    return _decimal_of(values, ROUND_DOWN)


_APPROXIMATE = (("real", "FLOAT"), ("double", "DOUBLE"))

ROWS: tuple[Row, ...] = (
    *((f"round({t}) -> {t}", "{0}") for t in _BITS),
    ("round(decimal) -> decimal", lambda v: f"CAST({v[0].sql} AS {_whole_type([v[0].type]).duckdb})", _whole_type),
    *((f"round({t}) -> {t}", f"CASE WHEN abs({{0}}) < {_WHOLE} THEN CAST(round({{0}}) AS {d}) ELSE {{0}} END")
      for t, d in _APPROXIMATE),
    *((f"round({t}, integer) -> {t}", _rounded_integer) for t in _BITS),
    ("round(decimal, integer) -> decimal", _rounded_to_nearest, _rounded_type),
    *((f"round({t}, integer) -> {t}", _rounded_double) for t, _ in _APPROXIMATE),
    ("truncate(decimal) -> decimal", _truncated, _truncated_type),
    *((f"truncate({t}) -> {t}", f"CAST(trunc({{0}}) AS {d})") for t, d in _APPROXIMATE),
    ("truncate(decimal, integer) -> decimal", _cut, lambda types: types[0]),
    *((f"{name}({t}) -> {t}", "{0}") for name in ("ceiling", "ceil", "floor") for t in _BITS),
    *((f"{name}(decimal) -> decimal", _ceiling, _whole_type) for name in ("ceiling", "ceil")),
    ("floor(decimal) -> decimal", _floor, _whole_type),
    *((f"{name}({t}) -> {t}", f"CAST({f}({{0}}) AS {d})")
      for name, f in (("ceiling", "ceil"), ("ceil", "ceil"), ("floor", "floor")) for t, d in _APPROXIMATE),
)  # fmt: skip
