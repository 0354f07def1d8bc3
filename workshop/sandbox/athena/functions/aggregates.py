"""Aggregate and window functions (Trino documentation: aggregate functions, window functions)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.decimals import divide
from workshop.sandbox.athena.compiler.operators import comparable, holds_zone
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.registry import Clauses, Kind, Registry, Row
from workshop.sandbox.athena.types import Type, decimal

_ARGS = "{distinct}{0}{inner}"


def _sum_of_decimals(types: Sequence[Type]) -> Type:
    return decimal(38, types[0].scale)


def _average_of_decimals(values: Sequence[Value], clauses: Clauses) -> str:
    """Exact, rounded half away from zero to the argument's own scale."""
    argument = f"({clauses.distinct}{values[0].sql}{clauses.inner}){clauses.after}"
    total = Value(f"sum{argument}", decimal(38, values[0].type.scale))
    return divide(total, Value(f"count{argument}", decimal(19, 0)), values[0].type)


def _count(values: Sequence[Value], clauses: Clauses) -> str:
    argument = comparable(values[0]) if clauses.distinct else values[0].sql
    return f"count({clauses.distinct}{argument}{clauses.inner}){clauses.after}"


def _count_distinct(values: Sequence[Value], clauses: Clauses) -> str:
    """Exact, so within any error that Trino allows."""
    return f"count(DISTINCT {comparable(values[0])}){clauses.after}"


def _list(values: Sequence[Value], clauses: Clauses) -> str:
    if clauses.distinct and holds_zone(values[0].type):
        raise not_supported("array_agg(DISTINCT …) of timestamps with time zone")
    return f"list({clauses.distinct}{values[0].sql}{clauses.inner}){clauses.after}"


_AGGREGATES: tuple[Row, ...] = (
    ("count() -> bigint", "count(*){after}"),
    ("count(T) -> bigint", _count),
    ("count_if(boolean) -> bigint", f"CAST(count_if({_ARGS}){{after}} AS BIGINT)"),
    ("sum(bigint) -> bigint", f"CAST(sum({_ARGS}){{after}} AS BIGINT)"),
    ("sum(decimal) -> decimal", f"sum({_ARGS}){{after}}", _sum_of_decimals),
    ("sum(real) -> real", f"CAST(sum({_ARGS}){{after}} AS FLOAT)"),
    ("sum(double) -> double", f"sum({_ARGS}){{after}}"),
    ("avg(bigint) -> double", f"avg({_ARGS}){{after}}"),
    ("avg(decimal) -> decimal", _average_of_decimals, lambda types: types[0]),
    ("avg(real) -> real", f"CAST(avg({_ARGS}){{after}} AS FLOAT)"),
    ("avg(double) -> double", f"avg({_ARGS}){{after}}"),
    ("min(T) -> T", f"min({_ARGS}){{after}}"),
    ("max(T) -> T", f"max({_ARGS}){{after}}"),
    ("min_by(T, K) -> T", "arg_min_null({distinct}{0}, {1}{inner}){after}"),
    ("max_by(T, K) -> T", "arg_max_null({distinct}{0}, {1}{inner}){after}"),
    ("approx_distinct(T) -> bigint", _count_distinct),
    ("arbitrary(T) -> T", "any_value({0}{inner}){after}"),
    ("any_value(T) -> T", "any_value({0}{inner}){after}"),
    ("array_agg(T) -> array(T)", _list),
    ("bool_and(boolean) -> boolean", f"bool_and({_ARGS}){{after}}"),
    ("bool_or(boolean) -> boolean", f"bool_or({_ARGS}){{after}}"),
    ("every(boolean) -> boolean", f"bool_and({_ARGS}){{after}}"),
    ("stddev(double) -> double", f"stddev_samp({_ARGS}){{after}}"),
    ("stddev_samp(double) -> double", f"stddev_samp({_ARGS}){{after}}"),
    ("stddev_pop(double) -> double", f"stddev_pop({_ARGS}){{after}}"),
    ("variance(double) -> double", f"var_samp({_ARGS}){{after}}"),
    ("var_samp(double) -> double", f"var_samp({_ARGS}){{after}}"),
    ("var_pop(double) -> double", f"var_pop({_ARGS}){{after}}"),
)

_WINDOWS = (
    ("row_number() -> bigint", "row_number(){after}"),
    ("rank() -> bigint", "rank(){after}"),
    ("dense_rank() -> bigint", "dense_rank(){after}"),
    ("percent_rank() -> double", "percent_rank(){after}"),
    ("cume_dist() -> double", "cume_dist(){after}"),
    ("ntile(bigint) -> bigint", "ntile({0}){after}"),
    ("lag(T) -> T", "lag({0}{inner}){after}"),
    ("lag(T, bigint) -> T", "lag({0}, {1}{inner}){after}"),
    ("lag(T, bigint, T) -> T", "lag({0}, {1}, {2}{inner}){after}"),
    ("lead(T) -> T", "lead({0}{inner}){after}"),
    ("lead(T, bigint) -> T", "lead({0}, {1}{inner}){after}"),
    ("lead(T, bigint, T) -> T", "lead({0}, {1}, {2}{inner}){after}"),
    ("first_value(T) -> T", "first_value({0}{inner}){after}"),
    ("last_value(T) -> T", "last_value({0}{inner}){after}"),
    ("nth_value(T, bigint) -> T", "nth_value({0}, {1}{inner}){after}"),
)


def register(registry: Registry) -> None:
    """Enter the tables."""
    registry.add(_AGGREGATES, Kind.AGGREGATE)
    registry.add(_WINDOWS, Kind.WINDOW)
