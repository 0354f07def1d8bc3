"""Window functions: each query gathers the values of a window in the order of the rows."""

from documented.tables import Fails, Table

_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"


def _over(call: str, values: str = "(1, 10), (2, 20), (3, 30)", order: str = "x") -> str:
    """The values of the window function `call` (with its OVER) over rows of x and y, as an array in the order of x."""
    rows = f"SELECT x, {call} AS w FROM (VALUES {values}) AS t(x, y)"
    return f"SELECT array_agg(w ORDER BY {order}) FROM ({rows})"


_NULLS = "(1, 10), (2, NULL), (3, NULL), (4, 40)"
_TIES = "(1, 10), (2, 10), (3, 20)"

TABLES = [
    Table(
        "window",
        "Trino: window functions: ranking",
        [
            (_over("row_number() OVER (ORDER BY x DESC)"), "[3, 2, 1]"),
            (_over("rank() OVER (ORDER BY y)", _TIES), "[1, 1, 3]"),
            (_over("dense_rank() OVER (ORDER BY y)", _TIES), "[1, 1, 2]"),
            (_over("percent_rank() OVER (ORDER BY y)", _TIES), "[0.0, 0.0, 1.0]"),
            (_over("cume_dist() OVER (ORDER BY x)", "(1, 1), (2, 2), (3, 3), (4, 4)"), "[0.25, 0.5, 0.75, 1.0]"),
            (_over("ntile(2) OVER (ORDER BY x)"), "[1, 1, 2]"),
            (_over("ntile(5) OVER (ORDER BY x)"), "[1, 2, 3]"),
            (_over("rank() OVER (PARTITION BY y ORDER BY x)", _TIES), "[1, 2, 1]"),
            (_over("row_number() OVER ()", "(1, 1)"), "[1]"),
            ("SELECT typeof(row_number() OVER ())", "bigint"),
            ("SELECT typeof(percent_rank() OVER (ORDER BY 1))", "double"),
            ("SELECT ntile(0) OVER () FROM (VALUES 1) t(x)", Fails(_ARGUMENT, "Buckets must be greater than 0")),
        ],
    ),
    Table(
        "window",
        "Trino: window functions: values",
        [
            (_over("first_value(y) OVER (ORDER BY x)"), "[10, 10, 10]"),
            (_over("last_value(y) OVER (ORDER BY x)"), "[10, 20, 30]"),
            (_over("last_value(y) OVER (ORDER BY x ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)"), "[30, 30, 30]"),
            (_over("nth_value(y, 2) OVER (ORDER BY x)"), "[null, 20, 20]"),
            (_over("nth_value(y, x) OVER (ORDER BY x)"), "[10, 20, 30]"),
            (_over("lag(y) OVER (ORDER BY x)"), "[null, 10, 20]"),
            (_over("lead(y) OVER (ORDER BY x)"), "[20, 30, null]"),
            (_over("lag(y, 2) OVER (ORDER BY x)"), "[null, null, 10]"),
            (_over("lag(y, 0) OVER (ORDER BY x)"), "[10, 20, 30]"),
            (_over("lead(y, 1, -1) OVER (ORDER BY x)"), "[20, 30, -1]"),
            (_over("lag(y, 1, 1.5) OVER (ORDER BY x)"), "[1.5, 10.0, 20.0]"),
            (_over("lag(y, x) OVER (ORDER BY x)", "(1, 10), (1, 20), (2, 30)", "w NULLS FIRST"), "[null, 10, 10]"),
            (_over("lag(y) IGNORE NULLS OVER (ORDER BY x)", _NULLS), "[null, 10, 10, 10]"),
            (_over("lag(y) RESPECT NULLS OVER (ORDER BY x)", _NULLS), "[null, 10, null, null]"),
            (_over("lead(y) IGNORE NULLS OVER (ORDER BY x)", _NULLS), "[40, 40, 40, null]"),
            (_over("last_value(y) IGNORE NULLS OVER (ORDER BY x)", _NULLS), "[10, 10, 10, 40]"),
            (_over("first_value(y) IGNORE NULLS OVER (ORDER BY x DESC)", _NULLS), "[40, 40, 40, 40]"),
            (_over("nth_value(y, 2) IGNORE NULLS OVER (ORDER BY x)", _NULLS), "[null, null, null, 40]"),
            ("SELECT lag(x, -1) OVER (ORDER BY x) FROM (VALUES 1) t(x)", Fails(_ARGUMENT, "Offset must be at least 0")),
            ("SELECT nth_value(x, 0) OVER () FROM (VALUES 1) t(x)", Fails(_ARGUMENT, "Offset must be at least 1")),
            ("SELECT lag(x, 1, 'a') OVER (ORDER BY x) FROM (VALUES 1) t(x)", Fails("FUNCTION_NOT_FOUND", "")),
        ],
    ),
    Table(
        "window",
        "Trino: window functions: aggregates over frames",
        [
            (_over("sum(y) OVER (ORDER BY x)"), "[10, 30, 60]"),
            (_over("sum(y) OVER ()"), "[60, 60, 60]"),
            (_over("sum(y) OVER (ORDER BY y)", _TIES), "[20, 20, 40]"),
            (_over("sum(y) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"), "[10, 30, 50]"),
            (_over("sum(y) OVER (ORDER BY x ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)"), "[30, 50, 30]"),
            (_over("sum(y) OVER (ORDER BY x ROWS 1 PRECEDING)"), "[10, 30, 50]"),
            (_over("sum(y) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)"), "[10, 30, 50]"),
            (_over("sum(y) OVER (ORDER BY y GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW)", _TIES), "[20, 20, 40]"),
            (_over("count(*) OVER (PARTITION BY y)", _TIES), "[2, 2, 1]"),
            (_over("avg(y) OVER (ORDER BY x)"), "[10.0, 15.0, 20.0]"),
            (_over("avg(CAST(y AS decimal(4,1))) OVER (ORDER BY x)"), "[10.0, 15.0, 20.0]"),
            (_over("max(y) OVER (ORDER BY x DESC)"), "[30, 30, 30]"),
            (_over("max(y, 2) OVER (ORDER BY x)"), "[[10], [20, 10], [30, 20]]"),
            (_over("array_agg(y) OVER (ORDER BY x)"), "[[10], [10, 20], [10, 20, 30]]"),
            (_over("map_agg(x, y) OVER (ORDER BY x)", "(1, 10), (2, 20)"), "[{1=10}, {1=10, 2=20}]"),
            (_over("approx_percentile(y, 0.5) OVER (ORDER BY x)"), "[10, 20, 20]"),
            (_over("min_by(x, y) OVER (ORDER BY x)"), "[1, 1, 1]"),
            (_over("bool_or(y > 15) OVER (ORDER BY x)"), "[false, true, true]"),
            (_over("stddev_pop(y) OVER (ORDER BY x ROWS 1 PRECEDING)"), "[0.0, 5.0, 5.0]"),
            ("SELECT array_agg(w) FROM (SELECT sum(x) OVER w AS w FROM (VALUES 1, 2) t(x) WINDOW w AS ())", "[3, 3]"),
            ("SELECT rank() FROM (VALUES 1) t(x)", Fails("MISSING_OVER", "")),
            ("SELECT abs(x) OVER () FROM (VALUES 1) t(x)", Fails("FUNCTION_NOT_WINDOW", "Not a window function: abs")),
        ],
    ),
]  # fmt: skip
