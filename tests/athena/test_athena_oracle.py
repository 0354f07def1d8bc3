"""Random queries over small tables with many NULLs: SQLite, which knows nothing of this engine, answers the same.

Both are given the same text. The shapes keep to what the SQL of both defines alike: integers, texts, NULLs that sort last.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import random
import sqlite3

from athena_fakes import LocalLake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# {t}, {u}: tables with the columns a, b (integers) and s (text); [x, y]: a condition on two integers
SHAPES = (
    "SELECT a, b, s FROM t WHERE [a, b] AND [b, a]",
    "SELECT a, b, s FROM t WHERE NOT ([a, b] OR [b, a])",
    "SELECT t.a, u.b, u.s FROM t JOIN u ON t.a = u.a AND [t.b, u.b]",
    "SELECT t.a, u.b, u.s FROM t LEFT JOIN u ON t.a = u.a AND [t.b, u.b] WHERE [t.a, t.b]",
    "SELECT t.a, u.b, t.s FROM t LEFT JOIN u ON t.s = u.s LEFT JOIN u v ON v.a = u.a AND [v.b, t.b]",
    "SELECT t.a, u.b, t.s FROM t RIGHT JOIN u ON t.a = u.a AND [t.b, u.b]",
    "SELECT t.a, u.b, t.s FROM t FULL JOIN u ON t.a = u.a",
    "SELECT a, s, t.b + u.b FROM t JOIN u USING (a, s)",
    "SELECT * FROM t LEFT JOIN u USING (a)",
    "SELECT count(*), t.a, u.a FROM t, u WHERE t.s = u.s GROUP BY t.a, u.a",
    "SELECT a, count(*), sum(b), min(s), max(b) FROM t GROUP BY a HAVING [a, count(b)]",
    "SELECT a % 2, count(DISTINCT b), count(b) FROM t WHERE [a, b] GROUP BY a % 2",
    "SELECT sum(a), count(*), min(b) FROM t WHERE [a, b]",
    "SELECT coalesce(a, b), count(*) FILTER (WHERE [a, b]) FROM t GROUP BY coalesce(a, b)",
    "SELECT DISTINCT a, s FROM t WHERE [a, b]",
    "SELECT a, s FROM t WHERE a IN (SELECT b FROM u WHERE [a, b])",
    "SELECT a, s FROM t WHERE a NOT IN (SELECT b FROM u WHERE [u.a, t.b])",
    "SELECT a, b, a NOT IN (SELECT b FROM u) FROM t",
    "SELECT a, s FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.s = t.s AND [u.a, t.b])",
    "SELECT a, (SELECT max(u.b) FROM u WHERE u.a = t.a AND [u.b, t.b]) FROM t",
    "SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE [u.b, t.b])",
    "SELECT a, b FROM t WHERE (a, b) = (SELECT max(a), max(b) FROM u)",
    "SELECT a FROM t UNION SELECT b FROM u WHERE [a, b]",
    "SELECT a, s FROM t UNION ALL SELECT b, s FROM u WHERE [a, b]",
    "SELECT a FROM t EXCEPT SELECT b FROM u WHERE [a, b]",
    "SELECT a, s FROM t INTERSECT SELECT b, s FROM u",
    "SELECT a, s FROM t INTERSECT SELECT a, s FROM u UNION SELECT b, s FROM t WHERE [a, b]",
    "SELECT a, b, s FROM t ORDER BY a DESC NULLS LAST, b NULLS FIRST, s NULLS LAST LIMIT 3",
    "SELECT s, count(*) AS n FROM t GROUP BY s ORDER BY n DESC, s NULLS LAST LIMIT 2",
    "SELECT a, b, row_number() OVER (PARTITION BY a ORDER BY b NULLS LAST, s NULLS LAST) FROM t",
    "SELECT a, b, rank() OVER (ORDER BY a NULLS LAST), dense_rank() OVER (ORDER BY b DESC NULLS LAST) FROM t",
    "SELECT a, b, sum(b) OVER (PARTITION BY s ORDER BY a NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (SELECT DISTINCT a, b, s FROM t WHERE a IS NOT NULL AND b = 1)",
    "SELECT a, count(*) OVER (ORDER BY a NULLS LAST RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t WHERE a IS NOT NULL",
    "SELECT a, sum(b) OVER (ORDER BY a NULLS LAST GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT s, sum(sum(a)) OVER (ORDER BY s NULLS LAST) FROM t GROUP BY s",
    "WITH w AS (SELECT a, count(*) AS n FROM t GROUP BY a) SELECT w.a, w.n, u.b FROM w LEFT JOIN u ON u.a = w.a WHERE [w.n, u.b]",
    "SELECT q.x, q.y FROM (SELECT a AS x, b AS y FROM t) q WHERE [q.x, q.y]",
    "SELECT CASE a WHEN b THEN 'same' WHEN 1 THEN 'one' END, CASE WHEN [a, b] THEN s ELSE 'no' END FROM t",
    "SELECT nullif(a, b), coalesce(a, b, 7), a BETWEEN b AND 2, a IS NOT DISTINCT FROM b FROM t",
    "SELECT a + b, a - b, a * b, -a FROM t",
)
CONDITIONS = (
    "{x} = {y}", "{x} <> {y}", "{x} < {y}", "{x} >= 1", "{x} IS NULL", "{y} IS NOT NULL", "{x} IN (1, {y})", "{x} NOT IN (1, NULL)",
    "NOT {x} = 1", "{x} BETWEEN 0 AND {y}", "coalesce({x}, 1) = 1", "({x} = 1 OR {y} = 1)", "({x}, {y}) = (1, 2)", "{x} + {y} > 1",
)  # fmt: skip


def _rows(source: random.Random, count: int) -> str:
    def value(choices: tuple[str, ...]) -> str:
        return source.choice(choices)

    numbers, texts = ("NULL", "0", "1", "1", "2", "3"), ("NULL", "'x'", "'y'", "''")
    # the first row tells the types of the columns
    rows = ["(1, 2, 'x')", *(f"({value(numbers)}, {value(numbers)}, {value(texts)})" for _ in range(count))]
    return ", ".join(rows)


def _query(source: random.Random) -> str:
    shape = source.choice(SHAPES)
    while "[" in shape:
        x, y = shape[shape.index("[") + 1 : shape.index("]")].split(", ")
        condition = source.choice(CONDITIONS).format(x=x, y=y)
        shape = shape[: shape.index("[")] + f"({condition})" + shape[shape.index("]") + 1 :]
    tables = f"t(a, b, s) AS (VALUES {_rows(source, 6)}), u(a, b, s) AS (VALUES {_rows(source, 4)})"
    return f"WITH {tables}, {shape.removeprefix('WITH ')}" if shape.startswith("WITH ") else f"WITH {tables} {shape}"


def _text(value: object) -> str:
    """A value as both write it; SQLite's booleans are numbers."""
    return {"true": "1", "false": "0", None: "NULL"}.get(value, str(value))  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_sqlite_answers_the_same(local: LocalLake, seed: int) -> None:
    sql = _query(random.Random(seed))
    expected = sqlite3.connect(":memory:").execute(sql).fetchall()
    actual = local.rows(sql)
    if "ORDER BY" in sql.rpartition(")")[2] or " LIMIT " in sql:
        assert [[_text(v) for v in r] for r in actual] == [[_text(v) for v in r] for r in expected], sql
    else:
        assert sorted([_text(v) for v in r] for r in actual) == sorted([_text(v) for v in r] for r in expected), sql
