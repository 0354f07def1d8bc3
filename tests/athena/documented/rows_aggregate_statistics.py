"""Statistical and approximate aggregates: values worked out by hand, NULLs, empty groups, errors and refusals."""

from documented.tables import Fails, Table

_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"


def _of(call: str, values: str, columns: str = "x") -> str:
    return f"SELECT {call} FROM (VALUES {values}) AS t({columns})"


_PAIRS = "(2e0, 1e0), (4e0, 2e0), (6e0, 3e0)"
"""y is 2x."""

TABLES = [
    Table(
        "aggregate",
        "Trino: aggregate functions: statistics",
        [
            (_of("stddev(x)", "2, 4, 4, 4, 5, 5, 7, 9"), "2.138089935299395"),
            (_of("stddev_samp(x)", "1, 3"), "1.4142135623730951"),
            (_of("stddev_pop(x)", "2, 4, 4, 4, 5, 5, 7, 9"), "2.0"),
            (_of("variance(x)", "1, 3"), "2.0"),
            (_of("var_samp(x)", "1e0, 3e0"), "2.0"),
            (_of("var_pop(x)", "1, 3"), "1.0"),
            (_of("var_pop(x)", "1.5, 3.5"), "1.0"),
            (_of("stddev(x)", "1"), None),
            (_of("stddev_pop(x)", "1"), "0.0"),
            (_of("var_samp(x)", "CAST(NULL AS double)"), None),
            (_of("typeof(stddev(x))", "1"), "double"),
            (_of("covar_pop(y, x)", _PAIRS, "y, x"), "1.3333333333333333"),
            (_of("covar_samp(y, x)", _PAIRS, "y, x"), "2.0"),
            (_of("covar_samp(y, x)", "(1e0, 1e0)", "y, x"), None),
            (_of("covar_pop(y, x)", "(1e0, 1e0)", "y, x"), "0.0"),
            (_of("corr(y, x)", _PAIRS, "y, x"), "1.0"),
            (_of("corr(y, x)", "(1e0, 2e0)", "y, x"), None),
            (_of("corr(y, x)", "(1e0, 2e0), (1e0, 3e0)", "y, x"), None),
            (_of("typeof(corr(y, x))", "(REAL '1', REAL '2')", "y, x"), "real"),
            (_of("regr_slope(y, x)", _PAIRS, "y, x"), "2.0"),
            (_of("regr_intercept(y, x)", _PAIRS, "y, x"), "0.0"),
            (_of("regr_slope(y, x)", "(1e0, 2e0), (NULL, 3e0)", "y, x"), None),
            (_of("skewness(x)", "1, 2, 3"), "0.0"),
            (_of("skewness(x)", "1, 2"), None),
            # the deviations from 4 are -3, -2, -1, 6: √4 · 180 / 50^1.5, and 30 · 1394 / 50² - 13.5
            (_of("round(skewness(x), 10)", "1, 2, 3, 10"), "1.0182337649"),
            (_of("round(kurtosis(x), 10)", "1, 2, 3, 10"), "3.228"),
            (_of("kurtosis(x)", "1, 2, 3"), None),
            (_of("entropy(x)", "1, 1"), "1.0"),
            (_of("entropy(x)", "1, 1, 1, 1, NULL"), "2.0"),
            (_of("entropy(x)", "5"), "0.0"),
            (_of("entropy(x)", "0"), "0.0"),
            (_of("entropy(x)", "-1"), Fails(_ARGUMENT, "Entropy count argument must be non-negative")),
        ],
    ),
    Table(
        "aggregate",
        "Trino: aggregate functions: approximate",
        [
            (_of("approx_distinct(x)", "1, 1, 2, NULL"), "2"),
            (_of("approx_distinct(x)", "'a', 'b', 'a'"), "2"),
            (_of("approx_distinct(x, 0.1)", "1, 1, 2"), "2"),
            (_of("approx_distinct(x)", "CAST(NULL AS integer)"), "0"),
            (_of("approx_distinct(x, 0.5e0)", "1"), Fails(_ARGUMENT, "error must be in [0.0040625, 0.26]: 0.5")),
            (_of("approx_percentile(x, 0.5)", "1, 2, 3"), "2"),
            (_of("typeof(approx_percentile(x, 0.5))", "1, 2, 3"), "bigint"),
            (_of("approx_percentile(x, 0)", "1, 2, 3"), "1"),
            (_of("approx_percentile(x, 1)", "1, 2, 3"), "3"),
            (_of("approx_percentile(x, 0.9)", "1e0, 2e0, 3e0, NULL"), "3.0"),
            (_of("typeof(approx_percentile(x, 0.9))", "REAL '1'"), "real"),
            (_of("approx_percentile(x, ARRAY[0.1e0, 0.5e0, 0.9e0])", "1, 2, 3"), "[1, 2, 3]"),
            (_of("approx_percentile(x, y, 0.5)", "(1, 1), (2, 1), (3, 5)", "x, y"), "3"),
            (_of("approx_percentile(x, y, 0.5, 0.01)", "(1, 1), (2, 1), (3, 5)", "x, y"), "3"),
            (_of("approx_percentile(x, y, ARRAY[0.1e0, 0.5e0])", "(1, 1), (2, 1), (3, 5)", "x, y"), "[1, 3]"),
            (_of("approx_percentile(x, 0.5)", "CAST(NULL AS double)"), None),
            (_of("approx_percentile(x, 1.5)", "1"), Fails(_ARGUMENT, "Percentile must be between 0 and 1")),
            (_of("approx_percentile(x, 0, 0.5)", "1"), Fails(_ARGUMENT, "percentile weight must be > 0")),
            (_of("approx_set(x)", "1"), Fails("NOT_SUPPORTED", "The function approx_set")),
            (_of("tdigest_agg(x)", "1e0"), Fails("NOT_SUPPORTED", "The function tdigest_agg")),
            (_of("qdigest_agg(x)", "1e0"), Fails("NOT_SUPPORTED", "The function qdigest_agg")),
            (_of("make_set_digest(x)", "1"), Fails("NOT_SUPPORTED", "The function make_set_digest")),
            (_of("no_such_aggregate(x)", "1"), Fails("FUNCTION_NOT_FOUND", "'no_such_aggregate' not registered")),
        ],
    ),
]  # fmt: skip
