"""Aggregate functions (Trino documentation: aggregate functions); the modules imported here have those of each kind."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.comparisons import identity, is_orderable, is_plain
from workshop.sandbox.athena.compiler.decimals import divide
from workshop.sandbox.athena.compiler.operators import comparable
from workshop.sandbox.athena.compiler.values import LambdaValue, Value, coerce, fail
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.functions import checksums, map_aggregates, statistical_aggregates, windows
from workshop.sandbox.athena.functions.collecting import collected, constant
from workshop.sandbox.athena.functions.registry import Clauses, Kind, Registry, Row
from workshop.sandbox.athena.types import Type, array, decimal

_ARGS = "{distinct}{0}{inner}"
_LEAST_ERROR, _MOST_ERROR = 0.0040625, 0.26
"""Of approx_distinct."""
_MOST = 10_000
"""Values that min and max of several values may be asked for."""


def _sum_of_decimals(types: Sequence[Type]) -> Type:
    return decimal(38, types[0].scale)


def _average_of_decimals(values: Sequence[Value], clauses: Clauses) -> str:
    """Exact, rounded half away from zero to the argument's own scale."""
    argument = f"({clauses.distinct}{values[0].sql}{clauses.inner}){clauses.after}"
    total = Value(f"sum{argument}", decimal(38, values[0].type.scale))
    # No rows: 0 / NULL instead of a division by zero.
    count = Value(f"CAST(nullif(count{argument}, 0) AS DECIMAL(19,0))", decimal(19, 0))
    return divide(total, count, values[0].type)


def _count(values: Sequence[Value], clauses: Clauses) -> str:
    argument = comparable(values[0]) if clauses.distinct else values[0].sql
    return f"count({clauses.distinct}{argument}{clauses.inner}){clauses.after}"


def _count_distinct(values: Sequence[Value], clauses: Clauses) -> str:
    """Exact, so within any error that Trino allows."""
    counted = f"count(DISTINCT {comparable(values[0])}){clauses.after}"
    if len(values) == 1 or values[1].constant is None or _LEAST_ERROR <= float(values[1].constant) <= _MOST_ERROR:
        return counted
    raise AthenaError(
        "INVALID_FUNCTION_ARGUMENT",
        f"Standard error must be in [{_LEAST_ERROR}, {_MOST_ERROR}]: {float(values[1].constant)}",
    )


def _list(values: Sequence[Value], clauses: Clauses) -> str:
    if clauses.distinct and not is_plain(values[0].type):
        raise not_supported(f"array_agg(DISTINCT …) of {values[0].type}")
    return collected(values[0], clauses)


# the least and the greatest


def _check_order(name: str, type_: Type) -> None:
    if not is_orderable(type_):
        raise AthenaError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({type_}) for function {name}. Expected: {name}(E) E:orderable",
        )


def _extreme(name: str, values: Sequence[Value], clauses: Clauses) -> str:
    value = values[0]
    _check_order(name, value.type)
    argument = f"({clauses.distinct}{value.sql}{clauses.inner}){clauses.after}"
    if not is_plain(value.type):
        return f"arg_{name}({value.sql}, {identity(value.sql, value.type)}){clauses.after}"
    if name == "max" and value.type.name in ("real", "double"):
        # NaN is the greatest number of DuckDB; it is Trino's maximum only if there is no number.
        numbers = f"({clauses.distinct}CASE WHEN NOT isnan({value.sql}) THEN {value.sql} END{clauses.inner})"
        return f"coalesce(max{numbers}{clauses.after}, max{argument})"
    return f"{name}{argument}"


def _extreme_by(name: str, values: Sequence[Value], clauses: Clauses) -> str:
    value, key = values
    _check_order(f"{name}_by", key.type)
    return f"arg_{name}_null({clauses.distinct}{value.sql}, {comparable(key)}{clauses.inner}){clauses.after}"


def _several(name: str, values: Sequence[Value], clauses: Clauses) -> str:
    """The n least or greatest values, or the values of the n least or greatest keys, in their order."""
    *parts, number = values
    value, key = parts[0], parts[-1]
    what = f"{name}_by_n" if len(parts) > 1 else f"{name}_n"
    argument = "third" if len(parts) > 1 else "second"
    # CAST, because DuckDB refuses to order by a literal.
    ranked = f"CAST({key.sql} AS {key.type.duckdb})" if is_plain(key.type) else comparable(key)
    packed = f"struct_pack(k := {ranked}, v := {value.sql})"
    direction = "ASC" if name == "min" else "DESC"
    entries = f"list({packed} ORDER BY {ranked} {direction} NULLS LAST){clauses.after}"
    found = f"list_transform(list_filter({entries}, lambda e: e.k IS NOT NULL), lambda e: e.v)"
    result = array(value.type)
    low = fail(f"'INVALID_FUNCTION_ARGUMENT: {argument} argument of {what} must be positive'", result)
    high = f"{argument} argument of {what} must be less than or equal to {_MOST}; found "
    high = fail(f"'INVALID_FUNCTION_ARGUMENT: {high}' || x.n", result)
    first = "WHEN len(x.l) > 0 THEN list_slice(x.l, 1, x.n)"
    chosen = f"CASE WHEN x.n <= 0 THEN {low} WHEN x.n > {_MOST} THEN {high} {first} END"
    return f"list_transform([struct_pack(l := {found}, n := {constant(number, clauses)})], lambda x: {chosen})[1]"


def _min(values: Sequence[Value], clauses: Clauses) -> str:
    return _extreme("min", values, clauses)


def _max(values: Sequence[Value], clauses: Clauses) -> str:
    return _extreme("max", values, clauses)


def _min_by(values: Sequence[Value], clauses: Clauses) -> str:
    return _extreme_by("min", values, clauses)


def _max_by(values: Sequence[Value], clauses: Clauses) -> str:
    return _extreme_by("max", values, clauses)


def _least(values: Sequence[Value], clauses: Clauses) -> str:
    return _several("min", values, clauses)


def _greatest(values: Sequence[Value], clauses: Clauses) -> str:
    return _several("max", values, clauses)


def _reduce(values: Sequence[Value], clauses: Clauses) -> str:
    """reduce_agg: the list of the values that are not NULL, folded from the first state."""
    value, state, step, _ = values
    assert isinstance(step, LambdaValue)
    initial = coerce(state, step.type)
    # DuckDB folds values of one type: each is packed with a state.
    empty = f"CAST(NULL AS {value.type.duckdb})"
    items = f"list_transform(list_filter({collected(value, clauses)}, lambda e: e IS NOT NULL), lambda e: "
    items += f"struct_pack(s := CAST(NULL AS {step.type.duckdb}), v := e))"
    a, b = step.variables
    body = step.apply([f"({a}).s", f"({b}).v"])
    start = f"struct_pack(s := {constant(initial, clauses)}, v := {empty})"
    folded = f"list_reduce(l, lambda {a}, {b}: struct_pack(s := {body}, v := {empty}), {start})"
    return f"list_transform([{items}], lambda l: CASE WHEN len(l) > 0 THEN ({folded}).s END)[1]"


_ROWS: tuple[Row, ...] = (
    ("count() -> bigint", "count(*){after}"),
    ("count(T) -> bigint", _count),
    ("count_if(boolean) -> bigint", "count({distinct}CASE WHEN {0} THEN 1 END{inner}){after}"),
    ("sum(bigint) -> bigint", f"CAST(sum({_ARGS}){{after}} AS BIGINT)"),
    ("sum(decimal) -> decimal", f"sum({_ARGS}){{after}}", _sum_of_decimals),
    ("sum(real) -> real", f"CAST(sum({_ARGS}){{after}} AS FLOAT)"),
    ("sum(double) -> double", f"sum({_ARGS}){{after}}"),
    ("sum(interval_day) -> interval_day", f"CAST(sum({_ARGS}){{after}} AS BIGINT)"),
    ("sum(interval_year) -> interval_year", f"CAST(sum({_ARGS}){{after}} AS INTEGER)"),
    ("avg(bigint) -> double", f"avg({_ARGS}){{after}}"),
    ("avg(decimal) -> decimal", _average_of_decimals, lambda types: types[0]),
    ("avg(real) -> real", f"CAST(avg({_ARGS}){{after}} AS FLOAT)"),
    ("avg(double) -> double", f"avg({_ARGS}){{after}}"),
    ("avg(interval_day) -> interval_day", f"CAST(round(avg({_ARGS}){{after}}) AS BIGINT)"),
    ("avg(interval_year) -> interval_year", f"CAST(round(avg({_ARGS}){{after}}) AS INTEGER)"),
    ("geometric_mean(bigint) -> double", "exp(avg({distinct}ln(CAST({0} AS DOUBLE))){after})"),
    ("geometric_mean(real) -> real", "CAST(exp(avg({distinct}ln(CAST({0} AS DOUBLE))){after}) AS FLOAT)"),
    ("geometric_mean(double) -> double", "exp(avg({distinct}ln({0})){after})"),
    ("min(T) -> T", _min),
    ("max(T) -> T", _max),
    ("min(T, bigint) -> array(T)", _least),
    ("max(T, bigint) -> array(T)", _greatest),
    ("min_by(T, K) -> T", _min_by),
    ("max_by(T, K) -> T", _max_by),
    ("min_by(T, K, bigint) -> array(T)", _least),
    ("max_by(T, K, bigint) -> array(T)", _greatest),
    ("approx_distinct(T) -> bigint", _count_distinct),
    ("approx_distinct(T, double) -> bigint", _count_distinct),
    ("arbitrary(T) -> T", "any_value({0}{inner}){after}"),
    ("any_value(T) -> T", "any_value({0}{inner}){after}"),
    ("array_agg(T) -> array(T)", _list),
    ("listagg(varchar, varchar) -> varchar", "string_agg({distinct}{0}, {1}{inner}){after}"),
    *((f"{name}(boolean) -> boolean", f"{f}({_ARGS}){{after}}")
      for name, f in (("bool_and", "bool_and"), ("every", "bool_and"), ("bool_or", "bool_or"))),
    *((f"bitwise_{name}_agg(bigint) -> bigint", f"bit_{name}({_ARGS}){{after}}") for name in ("and", "or", "xor")),
    *((f"{name}(double) -> double", f"{f}({_ARGS}){{after}}")
      for name, f in (
          ("stddev", "stddev_samp"), ("stddev_samp", "stddev_samp"), ("stddev_pop", "stddev_pop"),
          ("variance", "var_samp"), ("var_samp", "var_samp"), ("var_pop", "var_pop"),
      )),
    ("reduce_agg(T, S, function(S, T, S), function(S, S, S)) -> S", _reduce),
)  # fmt: skip

REFUSED = {
    **dict.fromkeys(
        ["approx_set", "merge", "empty_approx_set"], "HyperLogLog sketches have a form of their own, byte by byte"
    ),
    **dict.fromkeys(
        ["qdigest_agg", "value_at_quantile", "values_at_quantiles", "quantile_at_value", "tdigest_agg", "trimmed_mean"],
        "digests have a form of their own, byte by byte",
    ),
    **dict.fromkeys(
        ["make_set_digest", "merge_set_digest", "intersection_cardinality", "jaccard_index", "hash_counts"],
        "set digests have a form of their own, byte by byte",
    ),
    **dict.fromkeys(
        [
            "classification_fall_out", "classification_miss_rate", "classification_precision", "classification_recall",
            "classification_thresholds", "differential_entropy",
        ],
        "the buckets and estimators behind them are not documented",
    ),
    **dict.fromkeys(
        [
            "learn_classifier", "learn_libsvm_classifier", "learn_regressor", "learn_libsvm_regressor", "classify",
            "regress", "features", "evaluate_classifier_predictions",
        ],
        "machine learning functions need libsvm",
    ),
}  # fmt: skip
"""Functions that Athena has and this engine refuses, and why."""


def register(registry: Registry) -> None:
    """Enter the tables."""
    for rows in (_ROWS, map_aggregates.ROWS, statistical_aggregates.ROWS, checksums.ROWS):
        registry.add(rows, Kind.AGGREGATE)
    registry.add(windows.ROWS, Kind.WINDOW)
    registry.refuse(REFUSED)
