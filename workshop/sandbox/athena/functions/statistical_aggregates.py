"""Aggregates of statistics (Trino documentation: aggregate functions, statistical and approximate ones).

Percentiles are exact here: the value whose rank is the percentile of the number of values, which is what Trino's
t-digest gives as long as it holds each value by itself. `numeric_histogram` merges the same neighbours as Trino does
once all values are known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.functions.collecting import collected, constant, over_lists
from workshop.sandbox.athena.functions.registry import Clauses, Row
from workshop.sandbox.athena.types import BIGINT, DOUBLE, Type, array, map_of
from workshop.sandbox.athena.udf import Udf, call, invalid

_FOR_SKEWNESS, _FOR_KURTOSIS = 3, 4
_Numbers = list[Any]


def _present(values: _Numbers) -> _Numbers:
    return [v for v in values if v is not None]


def _moment(values: _Numbers, power: int) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum(math.pow(v - mean, power) for v in values)


def _skewness(values: _Numbers | None) -> float | None:
    found = _present(values or [])
    if len(found) < _FOR_SKEWNESS:
        return None
    divisor = math.pow(_moment(found, 2), 1.5)
    return math.sqrt(len(found)) * _moment(found, 3) / divisor if divisor else math.nan


def _kurtosis(values: _Numbers | None) -> float | None:
    found = _present(values or [])
    n = len(found)
    if n < _FOR_KURTOSIS:
        return None
    m2, m4 = _moment(found, 2), _moment(found, 4)
    if not m2:
        return math.nan
    first = (n - 1) * n * (n + 1) / ((n - 2) * (n - 3)) * m4 / (m2 * m2)
    return first - 3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3))


@dataclass
class _Pairs:
    """Pairs of numbers, summed up one after the other (Welford's method, as Trino does it)."""

    count: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    squares_x: float = 0.0
    squares_y: float = 0.0
    products: float = 0.0

    def add(self, x: float, y: float) -> None:
        self.count += 1
        from_x, from_y = x - self.mean_x, y - self.mean_y
        self.mean_x += from_x / self.count
        self.mean_y += from_y / self.count
        self.squares_x += from_x * (x - self.mean_x)
        self.squares_y += from_y * (y - self.mean_y)
        self.products += from_x * (y - self.mean_y)


def _pairs(first: _Numbers | None, second: _Numbers | None) -> _Pairs:
    """Of `(y, x)`, as these functions are called."""
    found = _Pairs()
    for y, x in zip(first or [], second or [], strict=True):
        if x is not None and y is not None:
            found.add(x, y)
    return found


def _ratio(dividend: float, divisor: float) -> float | None:
    found = dividend / divisor if divisor else math.nan
    return found if math.isfinite(found) else None


def _correlation(first: _Numbers | None, second: _Numbers | None) -> float | None:
    found = _pairs(first, second)
    return _ratio(found.products, math.sqrt(found.squares_x * found.squares_y))


def _population_covariance(first: _Numbers | None, second: _Numbers | None) -> float | None:
    found = _pairs(first, second)
    return found.products / found.count if found.count else None


def _sample_covariance(first: _Numbers | None, second: _Numbers | None) -> float | None:
    found = _pairs(first, second)
    return found.products / (found.count - 1) if found.count > 1 else None


def _slope(first: _Numbers | None, second: _Numbers | None) -> float | None:
    found = _pairs(first, second)
    return _ratio(found.products, found.squares_x)


def _intercept(first: _Numbers | None, second: _Numbers | None) -> float | None:
    found = _pairs(first, second)
    slope = _ratio(found.products, found.squares_x)
    return None if slope is None else found.mean_y - slope * found.mean_x


def _entropy(counts: _Numbers | None) -> float:
    found = _present(counts or [])
    if any(c < 0 for c in found):
        raise invalid("Entropy count argument must be non-negative")
    total = sum(found)
    if total <= 0:
        return 0.0
    weighted = math.fsum(c * math.log(c) for c in found if c > 0)
    return max((math.log(total) - weighted / total) / math.log(2), 0.0)


def _percentile_of(values: _Numbers, weights: Sequence[float], share: float) -> Any:
    if not 0 <= share <= 1:
        raise invalid("Percentile must be between 0 and 1")
    ranked = sorted(zip(values, weights, strict=True))
    offset, seen = share * sum(weights), 0.0
    for value, weight in ranked:
        seen += weight
        if seen > offset:
            return value
    return ranked[-1][0]


def _weighted(values: _Numbers | None, weights: _Numbers | None, shares: Sequence[float]) -> _Numbers | None:
    pairs = [(v, w) for v, w in zip(values or [], weights or [], strict=True) if v is not None and w is not None]
    if any(w <= 0 for _, w in pairs):
        raise invalid("percentile weight must be > 0")
    if not pairs:
        return None
    found, weights = [v for v, _ in pairs], [w for _, w in pairs]
    return [_percentile_of(found, weights, share) for share in shares]


def _percentile(values: Sequence[Value], clauses: Clauses) -> str:
    """approx_percentile(x, percentage), in DuckDB alone: it is called for millions of rows."""
    return _ranked(values, clauses, "{place}")


def _percentiles(values: Sequence[Value], clauses: Clauses) -> str:
    """approx_percentile(x, array of percentages)."""
    return _ranked(values, clauses, "list_transform(e.p, lambda p: {place})")


def _ranked(values: Sequence[Value], clauses: Clauses, form: str) -> str:
    value, share = values
    several = share.type.name == "array"
    p, item = ("p", value.type) if several else ("e.p", value.type)
    wrong = fail("'INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1'", item)
    place = f"e.l[least(CAST(floor({p} * len(e.l)) AS BIGINT) + 1, len(e.l))]"
    checked = f"CASE WHEN {p} NOT BETWEEN 0 AND 1 THEN {wrong} ELSE {place} END"
    ranked = f"list_sort(list_filter({collected(value, clauses)}, lambda x: x IS NOT NULL))"
    packed = f"struct_pack(l := {ranked}, p := {constant(share, clauses)})"
    chosen = f"CASE WHEN len(e.l) > 0 THEN {form.format(place=checked)} END"
    return f"list_transform([{packed}], lambda e: {chosen})[1]"


def _ones(values: _Numbers | None) -> _Numbers:
    return [1.0] * len(values or [])


def _weighted_percentile(values: _Numbers | None, weights: _Numbers | None, share: float | None) -> Any:
    found = None if share is None else _weighted(values, weights, [share])
    return None if found is None else found[0]


def _accurate_percentile(values: _Numbers | None, weights: _Numbers | None, share: float | None, _: float) -> Any:
    return _weighted_percentile(values, weights, share)


def _weighted_percentiles(values: _Numbers | None, weights: _Numbers | None, shares: _Numbers | None) -> Any:
    return None if shares is None else _weighted(values, weights, shares)


def _numeric_histogram(buckets: int | None, values: _Numbers | None, weights: _Numbers | None) -> Any:
    if buckets is None or not values:
        return None
    if buckets < 2:
        raise invalid("numeric_histogram bucket count must be greater than one")
    bars: dict[float, float] = {}
    for value, weight in zip(values, weights or _ones(values), strict=True):
        if value is not None and weight is not None and not math.isnan(value):
            bars[value] = bars.get(value, 0.0) + weight
    merged = sorted(bars.items())
    while len(merged) > buckets:
        place = min(range(len(merged) - 1), key=lambda i: _penalty(merged[i], merged[i + 1]))
        (a, m), (b, n) = merged[place : place + 2]
        merged[place : place + 2] = [((a * m + b * n) / (m + n), m + n)]
    return dict(merged) or None


def _penalty(left: tuple[float, float], right: tuple[float, float]) -> float:
    (a, m), (b, n) = left, right
    return (a - b) ** 2 * m * n / (m + n)


def _histogram(values: Sequence[Value], clauses: Clauses) -> str:
    """numeric_histogram(buckets, value, weight): the map is of the value's type."""
    buckets, value = values[0], values[1]
    lists = [collected(v, clauses) for v in values[1:]]
    if len(lists) == 1:
        lists.append(f"CAST(NULL AS {array(DOUBLE).duckdb})")
    types = [BIGINT, array(value.type), array(DOUBLE)]
    return call(_HISTOGRAM, [constant(buckets, clauses), *lists], types, map_of(value.type, value.type))


_HISTOGRAM = Udf(_numeric_histogram, nulls=True)


def _first(types: Sequence[Type]) -> Type:
    return types[0]


def _array_of_first(types: Sequence[Type]) -> Type:
    return array(types[0])


def _double(_: Sequence[Type]) -> Type:
    return DOUBLE


_ONE_WEIGHTED, _SEVERAL_WEIGHTED = Udf(_weighted_percentile, nulls=True), Udf(_weighted_percentiles, nulls=True)
_ACCURATE = Udf(_accurate_percentile, nulls=True)
_OF_PAIRS = {
    "corr": _correlation,
    "covar_pop": _population_covariance,
    "covar_samp": _sample_covariance,
    "regr_slope": _slope,
    "regr_intercept": _intercept,
}
_NUMBERS = ("bigint", "real", "double")

ROWS: tuple[Row, ...] = (
    over_lists("skewness(double) -> double", Udf(_skewness, nulls=True), _double),
    over_lists("kurtosis(double) -> double", Udf(_kurtosis, nulls=True), _double),
    over_lists("entropy(double) -> double", Udf(_entropy, nulls=True), _double),
    *(over_lists(f"{name}({t}, {t}) -> {t}", Udf(function, nulls=True), _first)
      for name, function in _OF_PAIRS.items() for t in ("real", "double")),
    *((f"approx_percentile({t}, double) -> {t}", _percentile) for t in _NUMBERS),
    *((f"approx_percentile({t}, array(double)) -> array({t})", _percentiles) for t in _NUMBERS),
    *(over_lists(f"approx_percentile({t}, double, double) -> {t}", _ONE_WEIGHTED, _first, 1) for t in _NUMBERS),
    *(over_lists(f"approx_percentile({t}, double, double, double) -> {t}", _ACCURATE, _first, 2)
      for t in _NUMBERS),
    *(over_lists(f"approx_percentile({t}, double, array(double)) -> array({t})", _SEVERAL_WEIGHTED, _array_of_first, 1)
      for t in _NUMBERS),
    *((f"numeric_histogram(bigint, {t}) -> map({t}, {t})", _histogram) for t in ("real", "double")),
    *((f"numeric_histogram(bigint, {t}, double) -> map({t}, {t})", _histogram) for t in ("real", "double")),
)  # fmt: skip
"""Percentiles of whole numbers, and of numbers with weights (and an accuracy, which is not needed)."""
