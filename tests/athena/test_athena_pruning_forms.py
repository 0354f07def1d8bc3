"""Pruning and every form of SELECT: a condition outside reaches the partitions inside only where it changes no row.

As in `test_athena_pruning`, the same rows lie in a table with partitions and in one without; random queries over the
forms below must answer alike over both.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import random

import pytest
from athena_fakes import LocalLake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_athena_pruning import ALL, CONDITIONS, OF_01, OF_2020, answer, opened, random_query, twins

__all__ = ["twins"]  # the fixture

# (SQL, partitions that are read)
REACHED = [
    ("SELECT * FROM parted AS p(a, b, c) WHERE b = '2020'", OF_2020),
    ("SELECT * FROM parted AS p(month, year, n) WHERE year = '2020'", OF_2020),
    ("SELECT * FROM (parted a JOIN (VALUES 1) v(x) ON a.n = v.x) WHERE year = '2020'", OF_2020),
    ("SELECT * FROM (parted a JOIN (VALUES 1) v(x) ON a.n = v.x) AS j(n, y, m, x) WHERE y = '2020'", OF_2020),
    ("SELECT * FROM parted CROSS JOIN UNNEST(ARRAY[n]) AS u(x) WHERE month = '01'", OF_01),
    ("SELECT * FROM parted LEFT JOIN UNNEST(ARRAY[n]) AS u(x) ON TRUE WHERE month = '01'", OF_01),
    ("SELECT * FROM (VALUES 1) v(x), LATERAL (SELECT * FROM parted WHERE year = '2020' AND n = x)", OF_2020),
    ("SELECT year, grouping(year) FROM (SELECT * FROM parted WHERE month = '01') GROUP BY ROLLUP (year)", OF_01),
    ("SELECT * FROM (SELECT * FROM parted UNION SELECT * FROM parted UNION SELECT * FROM parted) WHERE year = '2020'", OF_2020),
    ("SELECT * FROM (SELECT * FROM parted EXCEPT SELECT * FROM parted WHERE n = 0) WHERE year = '2020'", OF_2020),
    ("SELECT * FROM (SELECT year, sum(n) OVER w AS s FROM parted WINDOW w AS (PARTITION BY year)) WHERE year = '2020'", OF_2020),
    ("WITH RECURSIVE r(n, d) AS (SELECT n, 0 FROM parted WHERE year = '2020' UNION ALL SELECT n, d + 1 FROM r WHERE d < 2) SELECT * FROM r", OF_2020),
    ("SELECT n FROM parted p WHERE year = '2020' AND n >= ALL (SELECT 1)", OF_2020),
    # where a condition must not reach
    ("SELECT * FROM (SELECT * FROM parted ORDER BY n FETCH FIRST 1 ROW WITH TIES) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT year, sum(n) OVER w AS s FROM parted WINDOW w AS (PARTITION BY month)) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT year, count(*) FROM parted GROUP BY CUBE (year)) WHERE year = '2020'", ALL),
    ("WITH RECURSIVE r(year, d) AS (SELECT year, 0 FROM parted UNION ALL SELECT year, d + 1 FROM r WHERE d < 2) SELECT * FROM r WHERE year = '2020'", ALL),
    ("SELECT * FROM (VALUES 1) v(x) LEFT JOIN LATERAL (SELECT * FROM parted WHERE n = x) p ON TRUE WHERE p.year IS NULL", ALL),
    ("SELECT * FROM parted a LEFT JOIN (VALUES '2020') v(year) USING (year) WHERE year = '2020'", ALL),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "folders"), REACHED)
def test_folders_that_are_read(twins: LocalLake, sql: str, folders: list[str]) -> None:
    assert sorted(set(opened(twins, sql))) == folders


@pytest.mark.parametrize("sql", [sql for sql, _ in REACHED if "AS p(month" not in sql])
def test_results_of_these_queries(twins: LocalLake, sql: str) -> None:
    assert answer(twins, sql) == answer(twins, sql.replace("parted", "plain"))


SHAPES = (
    "SELECT q.c, q.a, q.b FROM {} AS q(c, a, b) WHERE [q.a, q.b, q.c]",
    "SELECT n, year, month FROM {} a LEFT JOIN {} b USING (n, year, month) WHERE [year, month, n]",
    "SELECT n, a.year, b.month FROM {} a JOIN {} b USING (n) WHERE [a.year, b.month, n]",
    "SELECT a.n, a.year, b.month FROM {} a LEFT JOIN LATERAL (SELECT * FROM {} c WHERE c.n = a.n AND [c.year, c.month, a.n]) b ON TRUE",
    "SELECT a.n, a.year, u.x FROM {} a CROSS JOIN UNNEST(split(a.month || ' ' || a.year, ' ')) AS u(x) WHERE [a.year, u.x, a.n]",
    "SELECT n, x, month FROM {} LEFT JOIN UNNEST(split(year, '0')) AS u(x) ON TRUE WHERE [year, x, n]",
    "SELECT n, year, month FROM {} ORDER BY year, month FETCH FIRST 2 ROWS WITH TIES",
    "SELECT DISTINCT n, year, month FROM {} ORDER BY n NULLS FIRST, year DESC, month OFFSET 2",
    "(SELECT * FROM {}) UNION SELECT n, month, year FROM {} UNION SELECT * FROM {}",
    "SELECT * FROM {} EXCEPT ALL SELECT * FROM {} WHERE [year, month, n]",
    "SELECT * FROM {} INTERSECT ALL SELECT * FROM {} WHERE [year, month, n]",
    "SELECT a.n, a.year, b.month FROM ({} a JOIN {} b ON a.n = b.n AND [a.year, b.month, b.n])",
    "SELECT a.n, a.year, b.month FROM {} a LEFT JOIN ({} b JOIN {} c ON b.n = c.n AND b.year = c.year) ON a.n = b.n AND [a.year, b.month, b.n]",
    "SELECT sum(n), year, month FROM {} GROUP BY year, ROLLUP (month)",
    "SELECT grouping(year), year, month FROM {} GROUP BY GROUPING SETS ((year, month), (month))",
    "SELECT count(*) OVER w, year, month FROM {} WINDOW w AS (PARTITION BY year)",
    "SELECT sum(n) OVER (w ORDER BY n GROUPS 1 PRECEDING), year, month FROM {} WINDOW w AS (PARTITION BY year, month)",
    "WITH RECURSIVE r(n, year, month, d) AS (SELECT n, year, month, 0 FROM {} UNION SELECT r.n, r.year, p.month, d + 1 FROM r JOIN {} p "
    "ON p.year = r.year AND p.n = r.n AND [p.year, p.month, p.n] WHERE d < 1) SELECT n, year, month FROM r",
    "SELECT * FROM {} WHERE year >= ALL (SELECT year FROM {} WHERE [year, month, n])",
    "SELECT * FROM {} a WHERE n = ANY (SELECT n FROM {} b WHERE b.year = a.year AND [b.year, a.month, b.n])",
    "SELECT n, (SELECT max(b.year) FROM {} b WHERE b.n = a.n AND [b.year, a.month, b.n]), month FROM {} a",
    "SELECT * FROM {} a tablesample BERNOULLI (100) WHERE [a.year, a.month, a.n]",
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_pruning_never_changes_a_result(twins: LocalLake, seed: int) -> None:
    source = random.Random(seed)
    # The last of the conditions has a subquery of its own.
    condition = source.choice(CONDITIONS[:-1]).format(y="year", m="month", n="n")
    sql = f"SELECT * FROM ({random_query(source, 1, SHAPES, CONDITIONS[:-1])}) AS q(n, year, month) WHERE {condition}"
    assert answer(twins, sql.replace("TABLE", "parted")) == answer(twins, sql.replace("TABLE", "plain")), sql
