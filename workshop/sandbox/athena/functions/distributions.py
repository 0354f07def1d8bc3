"""Distributions and intervals of statistics (Trino documentation: mathematical functions)."""

import math
from statistics import NormalDist

from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.udf import Udf, invalid

_PRECISION = 1e-15
_STEPS = 10_000
_TINY = 1e-300
_LARGE = 50
"""Up to here the gamma function itself is more exact than the exponential of its logarithm."""


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise invalid(message)


def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    _check(deviation > 0, "standardDeviation must be > 0")
    return 0.5 * (1 + math.erf((value - mean) / (deviation * math.sqrt(2))))


def _inverse_normal_cdf(mean: float, deviation: float, probability: float) -> float:
    _check(0 < probability < 1, "p must be 0 > p > 1")
    _check(deviation > 0, "sd must be > 0")
    quantile = NormalDist().inv_cdf(probability)
    # One step of Newton's method makes up for the last digits.
    density = math.exp(-quantile * quantile / 2) / math.sqrt(2 * math.pi)
    quantile -= (0.5 * math.erfc(-quantile / math.sqrt(2)) - probability) / density
    return mean + deviation * quantile


def _beta_cdf(a: float, b: float, value: float) -> float:
    _check(0 <= value <= 1, "value must be 0 >= v >= 1")
    _check(a > 0 and b > 0, "a, b must be > 0")
    return _regularized_beta(value, a, b)


def _inverse_beta_cdf(a: float, b: float, probability: float) -> float:
    _check(0 <= probability <= 1, "p must be 0 >= p >= 1")
    _check(a > 0 and b > 0, "a, b must be > 0")
    low, high = 0.0, 1.0
    if probability in (low, high):
        return probability
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if _regularized_beta(middle, a, b) < probability:
            low = middle
        else:
            high = middle


def _t_pdf(x: float, freedom: float) -> float:
    _check(freedom > 0, "df must be > 0")
    half = (freedom + 1) / 2
    scale = math.lgamma(half) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    return math.exp(scale - half * math.log1p(x * x / freedom))


def _t_cdf(x: float, freedom: float) -> float:
    _check(freedom > 0, "df must be > 0")
    if x == 0:
        return 0.5
    tail = 0.5 * _regularized_beta(freedom / (freedom + x * x), 0.5 * freedom, 0.5)
    return tail if x < 0 else 1 - tail


def _regularized_beta(x: float, a: float, b: float) -> float:
    """The incomplete beta function, by its continued fraction (NIST DLMF 8.17.22, evaluated by Lentz's method)."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _regularized_beta(1 - x, b, a)
    if a + b < _LARGE:
        front = math.pow(x, a) * math.pow(1 - x, b) / _beta(a, b) / a
    else:
        front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    fraction = d
    for m in range(1, _STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + numerator * d or _TINY)
            c = 1 + numerator / c or _TINY
            fraction *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return front * fraction


def _beta(a: float, b: float) -> float:
    return math.gamma(a) * math.gamma(b) / math.gamma(a + b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _wilson(successes: int, trials: int, z: float, side: int) -> float:
    _check(successes >= 0, "number of successes must not be negative")
    _check(trials > 0, "number of trials must be positive")
    _check(successes <= trials, "number of successes must not be larger than number of trials")
    _check(z >= 0, "z-score must not be negative")
    share, n = successes / trials, float(trials)
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle + side * spread) / (1 + z * z / n)


def _wilson_lower(successes: int, trials: int, z: float) -> float:
    return _wilson(successes, trials, z, -1)


def _wilson_upper(successes: int, trials: int, z: float) -> float:
    return _wilson(successes, trials, z, 1)


ROWS: tuple[Row, ...] = (
    ("normal_cdf(double, double, double) -> double", Udf(_normal_cdf)),
    ("inverse_normal_cdf(double, double, double) -> double", Udf(_inverse_normal_cdf)),
    ("beta_cdf(double, double, double) -> double", Udf(_beta_cdf)),
    ("inverse_beta_cdf(double, double, double) -> double", Udf(_inverse_beta_cdf)),
    ("t_cdf(double, double) -> double", Udf(_t_cdf)),
    ("t_pdf(double, double) -> double", Udf(_t_pdf)),
    ("wilson_interval_lower(bigint, bigint, double) -> double", Udf(_wilson_lower)),
    ("wilson_interval_upper(bigint, bigint, double) -> double", Udf(_wilson_upper)),
)
