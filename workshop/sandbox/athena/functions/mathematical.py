"""Mathematical functions (Trino documentation: mathematical functions)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.types import Type


def _same(types: Sequence[Type]) -> Type:
    return types[0]


_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_ROWS: tuple[Row, ...] = (
    *((f"abs({t}) -> {t}", "abs({0})") for t in _INTEGERS),
    ("abs(decimal) -> decimal", "abs({0})", _same),
    *((f"abs({t}) -> {t}", "abs({0})") for t in ("real", "double")),
    *((f"sign({t}) -> {t}", f"CAST(sign({{0}}) AS {t})") for t in _INTEGERS),
    ("sign(double) -> double", "CAST(sign({0}) AS DOUBLE)"),
    *((f"round({t}) -> {t}", "{0}") for t in _INTEGERS),
    ("round(double) -> double", "round({0})"),
    ("round(double, integer) -> double", "round({0}, {1})"),
    *((f"{f}({t}) -> {t}", "{0}") for f in ("ceil", "ceiling", "floor") for t in _INTEGERS),
    ("ceil(double) -> double", "ceil({0})"),
    ("ceiling(double) -> double", "ceil({0})"),
    ("floor(double) -> double", "floor({0})"),
    ("truncate(double) -> double", "trunc({0})"),
    ("sqrt(double) -> double", "CASE WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt({0}) END"),
    ("cbrt(double) -> double", "cbrt({0})"),
    ("exp(double) -> double", "exp({0})"),
    (
        "ln(double) -> double",
        "CASE WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) WHEN {0} = 0 THEN CAST('-Infinity' AS DOUBLE) ELSE ln({0}) END",
    ),
    ("power(double, double) -> double", "pow({0}, {1})"),
    ("pow(double, double) -> double", "pow({0}, {1})"),
    ("mod(bigint, bigint) -> bigint", "({0} % {1})"),
    ("mod(double, double) -> double", "({0} % {1})"),
    ("pi() -> double", "pi()"),
    ("is_nan(double) -> boolean", "isnan({0})"),
    ("is_finite(double) -> boolean", "isfinite({0})"),
    ("is_infinite(double) -> boolean", "isinf({0})"),
    # DuckDB skips NULLs here, in Trino one NULL makes the result NULL.
    ("greatest(T, ...) -> T", lambda values: _extreme("greatest", values)),
    ("least(T, ...) -> T", lambda values: _extreme("least", values)),
)


def _extreme(name: str, values: Sequence[Value]) -> str:
    any_null = " OR ".join(f"{v.sql} IS NULL" for v in values)
    return f"CASE WHEN {any_null} THEN NULL ELSE {name}({', '.join(v.sql for v in values)}) END"


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
