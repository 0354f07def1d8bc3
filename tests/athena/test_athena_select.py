"""What queries answer: Trino's SELECT page, form by form. The rows are worked out by hand from the documentation."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import pytest
from athena_fakes import LocalLake

# people: 1 ann, 2 bob, 3 cid (no team); teams: a -> 1, 2; b -> nobody
WITH = (
    "WITH people(id, name, team) AS (VALUES (1, 'ann', 'a'), (2, 'bob', 'a'), (3, 'cid', NULL)), "
    "teams(team, title) AS (VALUES ('a', 'Alpha'), ('b', 'Beta')), "
    "sales(day, shop, n) AS (VALUES (DATE '2020-01-01', 'x', 1), (DATE '2020-01-02', 'x', 2), (DATE '2020-01-04', 'y', 4), "
    "(DATE '2020-01-05', 'y', NULL)) "
)
Rows = list[list[str | None]]

QUERIES: list[tuple[str, Rows]] = [
    # joins
    ("SELECT name, title FROM people p JOIN teams t USING (team) WHERE p.id = 1", [["ann", "Alpha"]]),
    ("SELECT * FROM people LEFT JOIN teams USING (team) ORDER BY id", [["a", "1", "ann", "Alpha"], ["a", "2", "bob", "Alpha"], [None, "3", "cid", None]]),
    ("SELECT * FROM people RIGHT JOIN teams USING (team) ORDER BY team, id", [["a", "1", "ann", "Alpha"], ["a", "2", "bob", "Alpha"], ["b", None, None, "Beta"]]),
    ("SELECT team, count(*) FROM people FULL JOIN teams USING (team) GROUP BY team ORDER BY team", [["a", "2"], ["b", "1"], [None, "1"]]),
    ("SELECT p.*, title FROM people p JOIN teams t USING (team) WHERE id = 2", [["2", "bob", "Alpha"]]),
    ("SELECT name, title, x FROM (people p JOIN teams t ON p.team = t.team) CROSS JOIN (VALUES 7) v(x) ORDER BY 1", [["ann", "Alpha", "7"], ["bob", "Alpha", "7"]]),
    ("SELECT p.id FROM people p JOIN (teams t JOIN (VALUES 'Alpha') v(title) ON t.title = v.title) ON p.team = t.team ORDER BY 1", [["1"], ["2"]]),
    ("SELECT p.id FROM people p JOIN teams t JOIN (VALUES 'Alpha') v(title) ON t.title = v.title ON p.team = t.team ORDER BY 1", [["1"], ["2"]]),
    ("SELECT j.id, j.title FROM (people p JOIN teams t ON p.team = t.team) AS j(id, name, team, x, title) ORDER BY 1", [["1", "Alpha"], ["2", "Alpha"]]),
    ("SELECT count(*) FROM people, teams, (VALUES 1, 2) v(x)", [["12"]]),
    ("SELECT a.id, b.id FROM people a, people b LEFT JOIN teams t ON b.team = t.team WHERE a.id = b.id AND t.title IS NULL", [["3", "3"]]),
    ("SELECT a.id FROM people a JOIN people b ON a.id < b.id AND b.name = 'cid' ORDER BY 1", [["1"], ["2"]]),
    # tables under other names
    ("SELECT q.b FROM people AS q(a, b, c) WHERE q.a = 1", [["ann"]]),
    ("TABLE teams", [["a", "Alpha"], ["b", "Beta"]]),
    ("TABLE teams ORDER BY 1 DESC LIMIT 1", [["b", "Beta"]]),
    ("SELECT * FROM (TABLE teams) WHERE team = 'a'", [["a", "Alpha"]]),
    ("SELECT * FROM ((SELECT 1)) AS x(a)", [["1"]]),
    ("VALUES CAST(ROW(1, 'a') AS ROW(x integer, y varchar)), (2, 'b') ORDER BY 1", [["1", "a"], ["2", "b"]]),
    ("SELECT current_catalog, current_schema", [["awsdatacatalog", "lake"]]),
    ("VALUES 3, 1, 2 ORDER BY 1 LIMIT 2", [["1"], ["2"]]),
    ("SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t(x, y) ORDER BY x", [["1", "a"], ["2", None]]),
    ("SELECT x FROM (SELECT 1, 2 AS x)", [["2"]]),
    # LATERAL
    ("SELECT p.id, n FROM people p CROSS JOIN LATERAL (SELECT p.id * 10 AS n) ORDER BY 1", [["1", "10"], ["2", "20"], ["3", "30"]]),
    ("SELECT p.id, x FROM people p, LATERAL (SELECT title FROM teams t WHERE t.team = p.team) AS l(x) ORDER BY 1", [["1", "Alpha"], ["2", "Alpha"]]),
    ("SELECT p.id, x FROM people p LEFT JOIN LATERAL (SELECT title FROM teams t WHERE t.team = p.team) AS l(x) ON TRUE ORDER BY 1",
     [["1", "Alpha"], ["2", "Alpha"], ["3", None]]),
    ("SELECT t.team, n FROM teams t CROSS JOIN LATERAL (SELECT count(*) AS n FROM people p WHERE p.team = t.team) ORDER BY 1", [["a", "2"], ["b", "0"]]),
    # UNNEST
    ("SELECT * FROM UNNEST(ARRAY[1, 2]) ORDER BY 1", [["1"], ["2"]]),
    ("SELECT * FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY ORDER BY 2 DESC", [["b", "2"], ["a", "1"]]),
    ("SELECT * FROM UNNEST(ARRAY[1, 2, 3], MAP(ARRAY['k'], ARRAY['v'])) WITH ORDINALITY AS t(x, k, v, n) ORDER BY n",
     [["1", "k", "v", "1"], ["2", None, None, "2"], ["3", None, None, "3"]]),
    ("SELECT * FROM UNNEST(ARRAY[CAST(ROW(1, 'a') AS ROW(x integer, y varchar)), CAST(ROW(2, 'b') AS ROW(x integer, y varchar))]) ORDER BY x", [["1", "a"], ["2", "b"]]),
    ("SELECT y FROM UNNEST(ARRAY[ROW(1, 'a'), NULL]) AS t(x, y) ORDER BY x", [["a"], [None]]),
    ("SELECT name, x FROM people, UNNEST(ARRAY[id, 10]) AS u(x) WHERE id = 2 ORDER BY x", [["bob", "2"], ["bob", "10"]]),
    ("SELECT id, x FROM (VALUES (1, ARRAY[5, 6]), (2, ARRAY[]), (3, NULL)) v(id, l) CROSS JOIN UNNEST(l) AS u(x) ORDER BY 2", [["1", "5"], ["1", "6"]]),
    ("SELECT id, x, n FROM (VALUES (1, ARRAY[5, 6]), (2, ARRAY[]), (3, NULL)) v(id, l) LEFT JOIN UNNEST(l) WITH ORDINALITY AS u(x, n) ON TRUE ORDER BY 1, 3",
     [["1", "5", "1"], ["1", "6", "2"], ["2", None, None], ["3", None, None]]),
    ("SELECT a, b FROM UNNEST(ARRAY[ARRAY[1, 2], ARRAY[3]]) t(l) CROSS JOIN UNNEST(l) u(a) CROSS JOIN UNNEST(ARRAY[a * 10]) w(b) ORDER BY 1", [["1", "10"], ["2", "20"], ["3", "30"]]),
    # CTEs
    ("SELECT * FROM (WITH teams AS (SELECT 1 AS x) SELECT * FROM teams)", [["1"]]),
    ("SELECT (WITH w AS (SELECT max(id) AS m FROM people) SELECT m FROM w)", [["3"]]),
    ("SELECT * FROM (WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b, a)", [["2"]]),
    ("SELECT id FROM people WHERE id IN (WITH w(x) AS (VALUES 1, 3) SELECT x FROM w) ORDER BY 1", [["1"], ["3"]]),
    # subqueries
    ("SELECT name FROM people WHERE id = (SELECT max(id) FROM people)", [["cid"]]),
    ("SELECT (SELECT id FROM people WHERE id > 9)", [[None]]),
    ("SELECT name FROM people WHERE team NOT IN (SELECT team FROM teams WHERE team = 'b') ORDER BY 1", [["ann"], ["bob"]]),
    ("SELECT 'z' NOT IN (SELECT team FROM people)", [[None]]),
    ("SELECT 3 > ALL (SELECT id FROM people WHERE id < 3), 3 > ALL (SELECT id FROM people), 1 > ALL (SELECT 1 WHERE false)", [["true", "false", "true"]]),
    ("SELECT 2 = ANY (SELECT id FROM people), 9 = SOME (SELECT id FROM people), 1 < ANY (SELECT 1 WHERE false)", [["true", "false", "false"]]),
    ("SELECT 'z' <> ALL (SELECT team FROM people), 'a' <> ANY (SELECT team FROM people), 'a' = ALL (SELECT team FROM people WHERE id < 3)", [[None, None, "true"]]),
    ("SELECT 'b' <> SOME (SELECT team FROM people), 'a' = ALL (SELECT team FROM people), 'b' <= ANY (SELECT team FROM people)", [["true", None, None]]),
    ("SELECT NULL = ANY (SELECT 1 WHERE false), NULL <> ALL (SELECT 1 WHERE false), CAST(NULL AS integer) > ALL (SELECT 1)", [["false", "true", None]]),
    ("SELECT name FROM people p WHERE id >= ALL (SELECT q.id FROM people q WHERE q.team = p.team) ORDER BY 1", [["bob"], ["cid"]]),
    ("SELECT team FROM people GROUP BY team HAVING count(*) > ALL (SELECT 1) ORDER BY 1", [["a"]]),
    ("SELECT (1, 'a') = (1, 'a'), (1, 2) IN ((1, 2), (3, 4)), (1, 2) <> (1, 3), (1, 2) < (1, 3)", [["true", "true", "true", "true"]]),
    ("SELECT (1, 'ann') IN (SELECT id, name FROM people), (1, 'bob') IN (SELECT id, name FROM people)", [["true", "false"]]),
    ("SELECT (SELECT (id, name) FROM people WHERE id = 1), (SELECT id, name FROM people WHERE id = 2)", [["{field0=1, field1=ann}", "{id=2, name=bob}"]]),
    ("SELECT EXISTS (SELECT 1 FROM people WHERE id = 3), NOT EXISTS (SELECT 1 FROM teams WHERE team = 'c')", [["true", "true"]]),
    ("SELECT team, (SELECT count(*) FROM people q WHERE q.team = p.team) FROM people p GROUP BY team ORDER BY 1", [["a", "2"], [None, "0"]]),
    ("SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM teams t WHERE EXISTS (SELECT 1 FROM people q WHERE q.team = t.team AND q.id = p.id)) ORDER BY 1", [["1"], ["2"]]),
    ("SELECT sum((SELECT max(id) FROM people) + id) FROM people", [["15"]]),
    # groups
    ("SELECT shop, count(*), sum(n) FROM sales GROUP BY ALL shop ORDER BY 1", [["x", "2", "3"], ["y", "2", "4"]]),
    ("SELECT shop, day, sum(n) FROM sales GROUP BY GROUPING SETS ((shop), (day), ()) HAVING sum(n) > 2 ORDER BY sum(n), shop", [["x", None, "3"], ["y", None, "4"], [None, "2020-01-04", "4"], [None, None, "7"]]),
    ("SELECT shop, sum(n) FROM sales GROUP BY ROLLUP (shop) ORDER BY shop", [["x", "3"], ["y", "4"], [None, "7"]]),
    ("SELECT shop, n, count(*) FROM sales WHERE n < 3 GROUP BY CUBE (shop, n) ORDER BY 1, 2, 3",
     [["x", "1", "1"], ["x", "2", "1"], ["x", None, "2"], [None, "1", "1"], [None, "2", "1"], [None, None, "2"]]),
    ("SELECT shop, n, grouping(shop), grouping(n), grouping(shop, n) FROM sales WHERE n < 2 GROUP BY ROLLUP (shop, n) ORDER BY 5", [["x", "1", "0", "0", "0"], ["x", None, "0", "1", "1"], [None, None, "1", "1", "3"]]),
    ("SELECT shop, n, count(*) FROM sales WHERE n < 3 GROUP BY shop, ROLLUP (n) ORDER BY 1, 2", [["x", "1", "1"], ["x", "2", "1"], ["x", None, "2"]]),
    ("SELECT shop, count(*) FROM sales GROUP BY DISTINCT ROLLUP (shop), CUBE (shop) ORDER BY 1", [["x", "2"], ["y", "2"], [None, "4"]]),
    ("SELECT count(*) FROM sales GROUP BY GROUPING SETS ((), ())", [["4"], ["4"]]),
    ("SELECT count(*) FROM sales WHERE false GROUP BY ()", [["0"]]),
    ("SELECT count(*) FROM sales WHERE false GROUP BY shop", []),
    ("SELECT count(*) FROM sales HAVING count(*) > 5", []),
    ("SELECT 1 FROM sales HAVING true", [["1"]]),
    ("SELECT n % 2 AS odd, count(*) FROM sales WHERE n IS NOT NULL GROUP BY n % 2 ORDER BY 1", [["0", "2"], ["1", "1"]]),
    ("SELECT n % 2 + 1, count(*) FROM sales GROUP BY n % 2 HAVING n % 2 = 1", [["2", "1"]]),
    ("SELECT transform(ARRAY[shop], x -> upper(x)), count(*) FROM sales GROUP BY transform(ARRAY[shop], y -> upper(y)) ORDER BY 1", [["[X]", "2"], ["[Y]", "2"]]),
    ("SELECT ROW(shop, 1), count(*) FROM sales GROUP BY ROW(shop, 1) ORDER BY 2, 1", [["{field0=x, field1=1}", "2"], ["{field0=y, field1=1}", "2"]]),
    ("SELECT shop, count(*) FROM sales GROUP BY (shop, day) ORDER BY 1", [["x", "1"], ["x", "1"], ["y", "1"], ["y", "1"]]),
    ("SELECT shop, count(*) FROM sales GROUP BY (shop) ORDER BY 1", [["x", "2"], ["y", "2"]]),
    ("SELECT * FROM teams GROUP BY 1, 2 ORDER BY 1", [["a", "Alpha"], ["b", "Beta"]]),
    ("SELECT r.x, count(*) FROM (VALUES ROW(CAST(ROW(1) AS ROW(x integer)))) v(r) GROUP BY r", [["1", "1"]]),
    ("SELECT shop, (SELECT count(*) FROM teams) FROM sales GROUP BY shop ORDER BY 1", [["x", "2"], ["y", "2"]]),
    ("SELECT DISTINCT shop FROM sales ORDER BY shop DESC", [["y"], ["x"]]),
    ("SELECT DISTINCT shop, count(*) OVER (PARTITION BY shop) FROM sales ORDER BY 1", [["x", "2"], ["y", "2"]]),
    ("SELECT ALL shop FROM sales ORDER BY 1", [["x"], ["x"], ["y"], ["y"]]),
    # order
    ("SELECT n FROM sales ORDER BY n", [["1"], ["2"], ["4"], [None]]),
    ("SELECT n FROM sales ORDER BY n DESC", [["4"], ["2"], ["1"], [None]]),
    ("SELECT n FROM sales ORDER BY n NULLS FIRST LIMIT 1", [[None]]),
    ("SELECT n AS day FROM sales ORDER BY sales.day DESC", [[None], ["4"], ["2"], ["1"]]),
    ("SELECT shop FROM sales GROUP BY shop ORDER BY sum(n) DESC", [["y"], ["x"]]),
    ("SELECT n FROM sales ORDER BY n OFFSET 1 ROW FETCH NEXT ROW ONLY", [["2"]]),
    ("SELECT n FROM sales ORDER BY n LIMIT ALL", [["1"], ["2"], ["4"], [None]]),
    ("SELECT n FROM sales LIMIT 0", []),
    ("SELECT shop FROM sales ORDER BY shop FETCH FIRST 1 ROW WITH TIES", [["x"], ["x"]]),
    ("SELECT shop, n FROM sales ORDER BY shop OFFSET 1 ROWS FETCH FIRST 2 ROWS WITH TIES", [["x", "2"], ["y", "4"], ["y", None]]),
    ("SELECT DISTINCT shop FROM sales ORDER BY shop FETCH FIRST 1 ROWS WITH TIES", [["x"]]),
    ("SELECT shop, sum(n) FROM sales GROUP BY shop ORDER BY sum(n) % 1 FETCH FIRST 1 ROWS WITH TIES", [["x", "3"], ["y", "4"]]),
    # set operations
    ("SELECT 1 UNION SELECT 2 UNION ALL SELECT 2 ORDER BY 1", [["1"], ["2"], ["2"]]),
    ("SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 2 ORDER BY 1", [["1"], ["2"]]),
    ("(SELECT 1 UNION ALL SELECT 2) INTERSECT SELECT 2", [["2"]]),
    ("SELECT * FROM (VALUES 1, 1, 2) EXCEPT ALL SELECT 1 ORDER BY 1", [["1"], ["2"]]),
    ("SELECT * FROM (VALUES 1, 1, 2) INTERSECT ALL SELECT * FROM (VALUES 1, 1, 1)", [["1"], ["1"]]),
    ("SELECT 1 EXCEPT SELECT 2 EXCEPT SELECT 1", []),
    ("SELECT * FROM (VALUES 1, 1, 1, 1, 2) EXCEPT ALL SELECT 1 EXCEPT ALL SELECT 1 ORDER BY 1", [["1"], ["1"], ["2"]]),
    ("SELECT 1 EXCEPT ALL SELECT 2 EXCEPT SELECT 3", [["1"]]),
    ("SELECT 1 EXCEPT SELECT 2 EXCEPT SELECT 1.0 EXCEPT SELECT 4e0", []),
    ("SELECT 9007199254740993 EXCEPT SELECT 9007199254740992 EXCEPT SELECT 1e0", [["9.007199254740992E15"]]),
    ("SELECT TIMESTAMP '2020-01-01 00:00:00 UTC' EXCEPT SELECT TIMESTAMP '2020-01-02 00:00:00 UTC' "
     "EXCEPT SELECT TIMESTAMP '2020-01-01 03:00:00 +03:00'", []),
    ("SELECT * FROM (VALUES 1, 1, 1, 1, 2) INTERSECT ALL SELECT * FROM (VALUES 1, 1, 1) "
     "INTERSECT ALL SELECT * FROM (VALUES 3, 1, 1)", [["1"], ["1"]]),
    ("SELECT 1 EXCEPT (SELECT 1 EXCEPT SELECT 1)", [["1"]]),
    ("SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2 AS y) ORDER BY x DESC", [["2"], ["1"]]),
    ("SELECT NULL UNION SELECT NULL UNION SELECT 'a' ORDER BY 1", [["a"], [None]]),
    ("(SELECT 3 AS x LIMIT 1) UNION (SELECT 1) ORDER BY x", [["1"], ["3"]]),
    ("SELECT DATE '2020-01-01' UNION SELECT TIMESTAMP '2020-01-01 00:00:00.000'", [["2020-01-01 00:00:00.000"]]),
    # windows
    ("SELECT id, sum(id) OVER w, count(*) OVER (w ROWS 1 PRECEDING) FROM people WINDOW w AS (ORDER BY id) ORDER BY 1", [["1", "1", "1"], ["2", "3", "2"], ["3", "6", "2"]]),
    ("SELECT id, max(id) OVER (p ORDER BY id DESC) FROM people WINDOW p AS (PARTITION BY team) ORDER BY 1", [["1", "2"], ["2", "2"], ["3", "3"]]),
    ("SELECT day, sum(n) OVER (ORDER BY day RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM sales ORDER BY 1",
     [["2020-01-01", "1"], ["2020-01-02", "3"], ["2020-01-04", "4"], ["2020-01-05", "4"]]),
    ("SELECT n, count(*) OVER (ORDER BY n RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING) FROM sales WHERE n > 0 ORDER BY 1", [["1", "2"], ["2", "3"], ["4", "1"]]),
    ("SELECT n, sum(n) OVER (ORDER BY n RANGE 1.5 PRECEDING) FROM sales ORDER BY 1", [["1", "1"], ["2", "3"], ["4", "4"], [None, None]]),
    ("SELECT x, sum(x) OVER (ORDER BY x DESC RANGE 1 PRECEDING) FROM (VALUES 1.5, 2.5, 4) t(x) ORDER BY 1", [["1.5", "4.0"], ["2.5", "2.5"], ["4.0", "4.0"]]),
    ("SELECT shop, sum(n) OVER (ORDER BY shop GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM sales ORDER BY 1, 2", [["x", "3"], ["x", "3"], ["y", "7"], ["y", "7"]]),
    ("SELECT n, last_value(n) IGNORE NULLS OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM sales ORDER BY day", [["1", "4"], ["2", "4"], ["4", "4"], [None, "4"]]),
    ("SELECT n, first_value(n) RESPECT NULLS OVER (ORDER BY day DESC) FROM sales ORDER BY day", [["1", None], ["2", None], ["4", None], [None, None]]),
    ("SELECT shop, sum(sum(n)) OVER (ORDER BY shop) FROM sales GROUP BY shop ORDER BY 1", [["x", "3"], ["y", "7"]]),
    ("SELECT id FROM people WINDOW w AS (ORDER BY id DESC) ORDER BY row_number() OVER w", [["3"], ["2"], ["1"]]),
    ("SELECT id, row_number() OVER () > 0 FROM people ORDER BY 1 LIMIT 1", [["1", "true"]]),
    # stars
    ("SELECT t.*, p.id FROM people p JOIN teams t ON p.team = t.team WHERE id = 1", [["a", "Alpha", "1"]]),
    ("SELECT v.r.* FROM (SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) AS r) v", [["1", "x"]]),
    ("SELECT y FROM (SELECT ROW(1, 2).* AS (x, y))", [["2"]]),
    ("SELECT q FROM (SELECT teams.* AS (p, q) FROM teams) WHERE p = 'b'", [["Beta"]]),
    # sampling keeps all or nothing at its ends
    ("SELECT count(*) FROM people TABLESAMPLE BERNOULLI (100)", [["3"]]),
    ("SELECT count(*) FROM (SELECT 1) t TABLESAMPLE BERNOULLI (0)", [["0"]]),
    ("SELECT count(*) <= 3 FROM people AS p TABLESAMPLE SYSTEM (50) WHERE p.id > 0", [["true"]]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), QUERIES)
def test_queries(local: LocalLake, sql: str, rows: Rows) -> None:
    assert local.rows(WITH + sql) == rows


RECURSIVE: list[tuple[str, Rows]] = [
    ("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t", [["10"]]),
    ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 11) SELECT count(*), max(n) FROM t", [["11", "11"]]),
    ("WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT 1 FROM t WHERE n > 1) SELECT * FROM t", [["1"]]),
    ("WITH RECURSIVE t(n) AS (SELECT 5) SELECT * FROM t", [["5"]]),
    ("WITH RECURSIVE edges(a, b) AS (VALUES (1, 2), (2, 3), (3, 4)), reach(x) AS (SELECT 1 UNION ALL SELECT e.b FROM reach r JOIN edges e ON r.x = e.a) "
     "SELECT x FROM reach ORDER BY x", [["1"], ["2"], ["3"], ["4"]]),
    ("WITH RECURSIVE f(i, a, b) AS (VALUES (1, 0, 1) UNION ALL SELECT i + 1, b, a + b FROM f WHERE i < 8) SELECT max(a) FROM f", [["13"]]),
    ("WITH RECURSIVE t(n) AS (SELECT BIGINT '1' UNION ALL (SELECT 2 FROM t WHERE n = 1)) SELECT n, count(*) FROM t GROUP BY n ORDER BY 1", [["1", "1"], ["2", "1"]]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), RECURSIVE)
def test_recursive_queries(local: LocalLake, sql: str, rows: Rows) -> None:
    assert local.rows(sql) == rows


# one instant in two zones, then another
INSTANTS = (
    "WITH i AS (SELECT n, from_iso8601_timestamp(x) AS t FROM (VALUES (1, '2020-01-01T00:00:00Z'), "
    "(2, '2020-01-01T01:00:00+01:00'), (3, '2020-01-01T02:00:00Z'), (4, NULL)) v(n, x)) "
)
OF_INSTANTS: list[tuple[str, Rows]] = [
    ("SELECT count(*) FROM (SELECT DISTINCT t FROM i)", [["3"]]),
    ("SELECT count(*) FROM i GROUP BY t ORDER BY 1", [["1"], ["1"], ["2"]]),
    ("SELECT to_unixtime(t), count(*) FROM i GROUP BY t ORDER BY 1", [["1.5778368E9", "2"], ["1.577844E9", "1"], [None, "1"]]),
    ("SELECT count(*) FROM (SELECT t FROM i UNION SELECT t FROM i)", [["3"]]),
    ("SELECT count(*) FROM (SELECT t FROM i WHERE n = 1 INTERSECT SELECT t FROM i WHERE n = 2)", [["1"]]),
    ("SELECT count(*) FROM (SELECT t FROM i WHERE n < 3 INTERSECT ALL SELECT t FROM i WHERE n = 2)", [["1"]]),
    ("SELECT count(*) FROM (SELECT t FROM i EXCEPT SELECT t FROM i WHERE n = 2)", [["2"]]),
    ("SELECT count(*) FROM (SELECT t FROM i EXCEPT ALL SELECT t FROM i WHERE n = 2)", [["3"]]),
    ("SELECT grouping(t), count(*) FROM i GROUP BY ROLLUP (t) ORDER BY 1, 2", [["0", "1"], ["0", "1"], ["0", "2"], ["1", "4"]]),
    ("SELECT count(t) FROM (SELECT t FROM i WHERE n < 3 GROUP BY ROLLUP (t))", [["1"]]),
    ("SELECT count(*) FROM (SELECT DISTINCT ARRAY[t] FROM i WHERE n < 4)", [["2"]]),
    ("SELECT count(*) FROM (SELECT DISTINCT t FROM i ORDER BY t)", [["3"]]),
    ("SELECT count(*) FROM i a JOIN i b USING (t)", [["5"]]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), OF_INSTANTS)
def test_an_instant_is_itself_in_every_zone(local: LocalLake, sql: str, rows: Rows) -> None:
    assert local.rows(INSTANTS + sql) == rows


def test_columns_without_a_name(local: LocalLake) -> None:
    columns = local.run("SELECT * FROM (SELECT 1, 2 AS b, 3) CROSS JOIN UNNEST(ARRAY[1])").columns
    assert [c["Name"] for c in columns] == ["_col0", "b", "_col2", "_col3"]
    columns = local.run(
        "SELECT x.b FROM UNNEST(ARRAY[CAST(ROW(1, 2) AS ROW(a integer, b integer))]) AS x(a, b)"
    ).columns
    assert [c["Name"] for c in columns] == ["b"]


@pytest.mark.parametrize("count", ["2", "0"])
def test_a_parameter_limits(local: LocalLake, count: str) -> None:
    assert len(local.rows("SELECT * FROM (VALUES 1, 2, 3) LIMIT ?", [count])) == int(count)
    assert len(local.rows("SELECT * FROM (VALUES 1, 2, 3) OFFSET ?", [count])) == 3 - int(count)
