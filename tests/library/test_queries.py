"""What a query costs, against the examples of https://aws.amazon.com/athena/pricing/ computed by hand."""

import pytest

from workshop.queries import QueryCost, price


@pytest.mark.parametrize(
    ("scanned", "statement", "dollars"),
    [
        (0, "DML", 0.00005),  # the minimum of 10 MB: 10e6 / 1e12 * 5
        (9_999_999, "DML", 0.00005),
        (10_000_000, "DML", 0.00005),
        (1_000_000_000_000, "DML", 5.0),
        (3_000_000_000_000, "DML", 15.0),
        (0, "DDL", 0.0),
    ],
)
def test_price(scanned: int, statement: str, dollars: float) -> None:
    assert price(scanned, statement) == pytest.approx(dollars)
    assert QueryCost("id", statement, scanned, 1.0).dollars == pytest.approx(dollars)
