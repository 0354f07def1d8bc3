"""Conditions outside a derived table or a CTE reach the tables inside it, and never change a result.

The same rows lie in two tables: `parted` has partitions, `plain` has the keys as ordinary columns, so nothing of it can
be pruned. Whatever a query answers over the one it must answer over the other.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import random
from collections.abc import Sequence
from itertools import product

import pytest
from athena_fakes import JSON, LocalLake
from test_athena_tables import put_lines

from workshop.sandbox.athena.catalog.glue import Partition
from workshop.sandbox.athena.errors import AthenaError

QUERIES = 15
"""Random queries of a test; a thousand take five minutes."""

YEARS, MONTHS = ("2019", "2020"), ("01", "02", "x")


@pytest.fixture
def twins(local: LocalLake) -> LocalLake:
    """Six partitions with rows whose n is 0, 1 and NULL; month 'x' is no number."""
    local.catalog.add("parted", "n int", "year string; month string", serde=JSON)
    local.catalog.add("plain", "n int; year string; month string", serde=JSON)
    for year, month in product(YEARS, MONTHS):
        location = f"s3://lake/parted/{year}/{month}/"
        put_lines(local, f"{location}a.json", *({"n": n} for n in (0, 1, None)))
        put_lines(
            local,
            f"s3://lake/plain/{year}{month}.json",
            *({"n": n, "year": year, "month": month} for n in (0, 1, None)),
        )
        local.catalog.registered.setdefault("parted", []).append(Partition((year, month), location))
    return local


def opened(lake: LocalLake, sql: str) -> list[str]:
    lake.storage.fetched.clear()
    lake.rows(sql)
    return [uri.removeprefix("s3://lake/parted/").removesuffix("/a.json") for uri in lake.storage.fetched]


ALL = [f"{y}/{m}" for y, m in product(YEARS, MONTHS)]
OF_2020 = [k for k in ALL if k.startswith("2020")]
OF_01 = [k for k in ALL if k.endswith("01")]

# (query, folders that are read)
REACHED = [
    ("SELECT n FROM (SELECT * FROM parted) WHERE year = '2020'", OF_2020),
    ("SELECT n FROM (SELECT n, year AS y FROM parted) d WHERE d.y = '2020' AND d.n = 1", OF_2020),
    ("WITH w AS (SELECT * FROM parted), v AS (SELECT * FROM w) SELECT n FROM v WHERE year = '2020'", OF_2020),
    ("WITH w(a, b, c) AS (SELECT * FROM parted) SELECT a FROM w WHERE b = '2020' AND c = '01'", ["2020/01"]),
    ("SELECT n FROM (SELECT * FROM parted UNION ALL SELECT n, month, year FROM parted) WHERE year = '2020'", OF_2020),
    ("SELECT n FROM (SELECT * FROM parted UNION SELECT 7, '2020', 'z') WHERE year = '2020'", OF_2020),
    ("SELECT year, s FROM (SELECT year, sum(n) AS s FROM parted GROUP BY year) WHERE year = '2020'", OF_2020),
    ("SELECT * FROM (SELECT DISTINCT year, month FROM parted) WHERE month = '01'", OF_01),
    ("SELECT * FROM (SELECT year, row_number() OVER (PARTITION BY year, month) AS r FROM parted) WHERE year = '2020' AND r = 1", OF_2020),
    ("SELECT * FROM (VALUES 1) v(x) JOIN (SELECT * FROM parted) d ON d.n = v.x AND d.year = '2020'", OF_2020),
    ("SELECT * FROM (VALUES 1) v(x) LEFT JOIN (SELECT * FROM parted) d ON d.n = v.x AND d.year = '2020'", OF_2020),
    ("SELECT * FROM (SELECT a.year FROM parted a LEFT JOIN (VALUES 1) v(x) ON a.n = v.x) WHERE year = '2020'", OF_2020),
    ("SELECT * FROM (SELECT \"$path\" AS p, month FROM parted) WHERE p LIKE '%2020/%' AND month = '01'", ["2020/01"]),
    ("SELECT count(*) FROM (SELECT * FROM parted WHERE month <> 'x') WHERE CAST(month AS integer) = 1", OF_01),
    # where a condition must not reach
    ("SELECT * FROM (SELECT * FROM parted ORDER BY n LIMIT 3) WHERE year = '2020'", ALL),
    ("SELECT * FROM ((SELECT * FROM parted) OFFSET 1) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT max(year) AS year FROM parted) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT year, sum(n) FROM parted GROUP BY ROLLUP (year)) d(year, s) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT year, rank() OVER (PARTITION BY month ORDER BY n) AS r FROM parted) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT year FROM parted ORDER BY sum(n) OVER ()) WHERE year = '2020'", ALL),
    ("SELECT * FROM (SELECT lower(year) AS year FROM parted) WHERE year = '2020'", ALL),
    ("WITH w AS (SELECT * FROM parted) SELECT a.n FROM w a JOIN w b ON a.n = b.n WHERE a.year = '2020' AND b.year = '2019'", ALL),
    ("WITH w AS (SELECT * FROM parted) SELECT (SELECT count(*) FROM w), count(*) FROM w WHERE year = '2020'", ALL),
    ("SELECT * FROM (VALUES 1) v(x) LEFT JOIN (SELECT * FROM parted) d ON d.n = v.x WHERE d.year IS NULL", ALL),
    ("SELECT * FROM (SELECT a.year FROM (VALUES 1) v(x) LEFT JOIN parted a ON a.n = v.x) WHERE year IS NULL", ALL),
    ("SELECT * FROM (SELECT * FROM parted) d LEFT JOIN (VALUES 1) v(x) ON d.year = '2020'", ALL),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "folders"), REACHED)
def test_folders_that_are_read(twins: LocalLake, sql: str, folders: list[str]) -> None:
    assert sorted(set(opened(twins, sql))) == folders


@pytest.mark.parametrize(
    "sql",
    [
        sql
        for sql, _ in REACHED
        if "$path" not in sql and "row_number" not in sql and "OFFSET" not in sql and "LIMIT" not in sql
    ],
)
def test_results_of_these_queries(twins: LocalLake, sql: str) -> None:
    assert sorted(map(str, twins.rows(sql))) == sorted(map(str, twins.rows(sql.replace("parted", "plain"))))


CONDITIONS = (
    "{y} = '2020'", "{y} <> '2019'", "{y} IS NULL", "{y} IS NOT NULL", "{m} = '01'", "{m} IN ('02', 'x')", "{y} > {m}",
    "{y} = '2020' OR {m} = '01'", "NOT {y} = '2020'", "coalesce({y}, '2019') = '2019'", "TRY_CAST({m} AS integer) = 1",
    "{n} = 1", "{n} = 1 OR {y} = '2020'", "{y} BETWEEN '2019' AND '20195'", "{y} IN (SELECT max(year) FROM TABLE)",
)  # fmt: skip
SHAPES = (
    "SELECT * FROM {} WHERE [year, month, n]",
    "SELECT n, month, year FROM {}",
    "SELECT n + 1, year, month FROM {}",
    "SELECT n, year, '02' FROM {}",
    "SELECT DISTINCT * FROM {}",
    "SELECT max(n), year, month FROM {} GROUP BY year, month",
    "SELECT sum(n), year, max(month) FROM {} GROUP BY year",
    "SELECT count(n), year, month FROM {} GROUP BY GROUPING SETS ((year), (month))",
    "SELECT sum(n) OVER (PARTITION BY year, month), year, month FROM {}",
    "SELECT sum(n) OVER (PARTITION BY month), year, month FROM {}",
    "SELECT * FROM {} UNION ALL SELECT n, month, year FROM {}",
    "SELECT * FROM {} EXCEPT SELECT * FROM {} WHERE [year, month, n]",
    "SELECT * FROM {} INTERSECT SELECT * FROM {} WHERE [year, month, n]",
    "SELECT a.n, a.year, b.month FROM {} a LEFT JOIN {} b ON a.n = b.n AND [b.year, b.month, a.n] WHERE [a.year, b.month, b.n]",
    "SELECT a.n, b.year, b.month FROM {} a FULL OUTER JOIN {} b ON a.n = b.n AND a.year = b.year AND a.month = b.month",
    "SELECT a.n, a.year, b.month FROM {} a RIGHT JOIN {} b ON a.year = b.month AND [a.year, b.month, b.n]",
    "SELECT a.n, b.year, a.month FROM {} a JOIN {} b ON a.n = b.n AND [b.year, a.month, a.n]",
    "SELECT n, year, month FROM {} a WHERE EXISTS (SELECT 1 FROM {} b WHERE b.year = a.year AND [b.year, a.month, b.n])",
    "SELECT d.n, d.year, d.month FROM {} a, LATERAL (SELECT * FROM {} b WHERE a.n = b.n AND [b.year, a.month, b.n]) d",
    "WITH w AS (SELECT * FROM {}) SELECT a.n, a.year, b.month FROM w a JOIN w b ON a.n = b.n WHERE [b.year, a.month, a.n]",
    "WITH w AS (SELECT * FROM {}) SELECT * FROM w WHERE [year, month, n]",
    "SELECT * FROM {} ORDER BY year, month, n LIMIT 4",
)


def random_query(
    source: random.Random, depth: int, shapes: Sequence[str] = SHAPES, conditions: Sequence[str] = CONDITIONS
) -> str:
    """A query with the columns n, year, month over TABLE, out of shapes and conditions like those above."""
    shape = source.choice(shapes)
    while "{}" in shape:
        inner = (
            "TABLE"
            if depth == 0 or source.random() < 0.3
            else f"({random_query(source, depth - 1, shapes, conditions)})"
        )
        renamed = inner if inner == "TABLE" else f"(SELECT * FROM {inner} AS q(n, year, month))"
        shape = shape.replace("{}", renamed, 1)
    while "[" in shape:
        y, m, n = shape[shape.index("[") + 1 : shape.index("]")].split(", ")
        condition = source.choice(conditions) if " ON " not in shape else source.choice(CONDITIONS[:-1])
        shape = shape[: shape.index("[")] + f"({condition.format(y=y, m=m, n=n)})" + shape[shape.index("]") + 1 :]
    return shape


def answer(lake: LocalLake, sql: str) -> object:
    try:
        return sorted(map(str, lake.rows(sql)))
    except AthenaError as error:
        return error.code


@pytest.mark.parametrize("seed", range(2))
def test_pruning_never_changes_a_result(twins: LocalLake, seed: int) -> None:
    source = random.Random(seed)
    answered = 0
    for _ in range(QUERIES):
        query = random_query(source, depth=2)
        condition = " AND ".join(c.format(y="year", m="month", n="n") for c in source.sample(CONDITIONS, 2))
        sql = f"SELECT * FROM ({query}) AS q(n, year, month) WHERE {condition}"
        expected = answer(twins, sql.replace("TABLE", "plain"))
        assert answer(twins, sql.replace("TABLE", "parted")) == expected, sql
        answered += isinstance(expected, list) and bool(expected)
    assert answered > QUERIES // 5
