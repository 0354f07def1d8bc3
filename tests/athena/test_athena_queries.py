"""Whole queries on two small tables; the expected rows are worked out by hand."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import pytest
from athena_fakes import LocalLake

# people: 1 ann, 2 bob, 3 cid (no team); teams: a -> 1, 2; b -> nobody
WITH = (
    "WITH people(id, name, team) AS (VALUES (1, 'ann', 'a'), (2, 'bob', 'a'), (3, 'cid', NULL)), "
    "teams(team, title) AS (VALUES ('a', 'Alpha'), ('b', 'Beta')) "
)

QUERIES: list[tuple[str, list[list[str | None]]]] = [
    ("SELECT name, title FROM people p JOIN teams t ON p.team = t.team ORDER BY name",
     [["ann", "Alpha"], ["bob", "Alpha"]]),
    ("SELECT name, title FROM people p LEFT JOIN teams t ON p.team = t.team ORDER BY p.id",
     [["ann", "Alpha"], ["bob", "Alpha"], ["cid", None]]),
    ("SELECT name, title FROM people p RIGHT JOIN teams t ON p.team = t.team ORDER BY title, name",
     [["ann", "Alpha"], ["bob", "Alpha"], [None, "Beta"]]),
    ("SELECT coalesce(p.team, t.team) AS team, count(name) AS n FROM people p FULL OUTER JOIN teams t "
     "ON p.team = t.team GROUP BY 1 ORDER BY 1", [["a", "2"], ["b", "0"], [None, "1"]]),
    ("SELECT * FROM people JOIN teams USING (team) ORDER BY id", [["a", "1", "ann", "Alpha"], ["a", "2", "bob", "Alpha"]]),
    ("SELECT t.* FROM people p, teams t WHERE p.team = t.team AND p.id = 1", [["a", "Alpha"]]),
    ("SELECT count(*) FROM people CROSS JOIN teams", [["6"]]),
    ("SELECT name FROM people p WHERE NOT EXISTS (SELECT 1 FROM teams t WHERE t.team = p.team)", [["cid"]]),
    ("SELECT name FROM people WHERE team IN (SELECT team FROM teams) ORDER BY name DESC", [["bob"], ["ann"]]),
    ("SELECT team FROM teams WHERE team NOT IN (SELECT team FROM people WHERE team IS NOT NULL)", [["b"]]),
    ("SELECT title, (SELECT count(*) FROM people p WHERE p.team = t.team) AS n FROM teams t ORDER BY title",
     [["Alpha", "2"], ["Beta", "0"]]),
    ("SELECT team, count(*), min(name), max_by(name, id) FROM people GROUP BY team HAVING count(*) > 1",
     [["a", "2", "ann", "bob"]]),
    ("SELECT upper(team), count(*) FROM people GROUP BY upper(team) ORDER BY 2 DESC", [["A", "2"], [None, "1"]]),
    ("SELECT team, name, count(*) FROM people WHERE id < 3 GROUP BY GROUPING SETS ((team), (name)) ORDER BY 1, 2",
     [["a", None, "2"], [None, "ann", "1"], [None, "bob", "1"]]),
    ("SELECT team, count(*) FROM people GROUP BY ROLLUP (team) ORDER BY count(*) DESC, team LIMIT 1", [[None, "3"]]),
    ("SELECT sum(id) AS s, avg(id), count(DISTINCT team), bool_or(id > 2), count_if(id > 1) FROM people",
     [["6", "2.0", "1", "true", "2"]]),
    ("SELECT sum(id) FILTER (WHERE team IS NULL), array_agg(name ORDER BY id DESC) FROM people", [["3", "[cid, bob, ann]"]]),
    ("SELECT avg(x), sum(x) FROM (VALUES 1.10, 2.25) v(x)", [["1.68", "3.35"]]),
    ("SELECT name, row_number() OVER (PARTITION BY team ORDER BY id DESC) AS rn FROM people ORDER BY id",
     [["ann", "2"], ["bob", "1"], ["cid", "1"]]),
    ("SELECT id, lag(id) OVER (ORDER BY id), lead(id, 1, 0) OVER (ORDER BY id) FROM people ORDER BY id",
     [["1", None, "2"], ["2", "1", "3"], ["3", "2", "0"]]),
    ("SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM people ORDER BY id",
     [["1", "1"], ["2", "3"], ["3", "5"]]),
    ("SELECT team, rank() OVER (ORDER BY count(*) DESC) FROM people GROUP BY team ORDER BY 2", [["a", "1"], [None, "2"]]),
    ("SELECT team FROM people UNION SELECT team FROM teams ORDER BY 1", [["a"], ["b"], [None]]),
    ("SELECT team FROM people INTERSECT SELECT team FROM teams", [["a"]]),
    ("SELECT team FROM teams EXCEPT SELECT team FROM people", [["b"]]),
    ("SELECT 1 AS x UNION ALL SELECT 2.5 ORDER BY x", [["1.0"], ["2.5"]]),
    ("SELECT DISTINCT team FROM people ORDER BY team NULLS FIRST", [[None], ["a"]]),
    ("SELECT team FROM people ORDER BY team DESC, id", [["a"], ["a"], [None]]),
    ("SELECT id AS name FROM people ORDER BY name DESC LIMIT 1", [["3"]]),
    ("SELECT id FROM people ORDER BY people.name DESC OFFSET 1 LIMIT 1", [["2"]]),
    ("SELECT name FROM people ORDER BY id DESC", [["cid"], ["bob"], ["ann"]]),
    ("SELECT name FROM people ORDER BY -id", [["cid"], ["bob"], ["ann"]]),
    ("SELECT upper(name) AS name FROM people ORDER BY people.id DESC LIMIT 1", [["CID"]]),
    ("SELECT -id AS x FROM people ORDER BY x + 2 * id", [["-1"], ["-2"], ["-3"]]),
    ("SELECT name AS x FROM people ORDER BY coalesce(team, 'z') DESC, substr(name, 2) DESC", [["cid"], ["bob"], ["ann"]]),
    ("SELECT name FROM people p ORDER BY (SELECT title FROM teams t WHERE t.team = p.team) NULLS FIRST, id", [["cid"], ["ann"], ["bob"]]),
    ("SELECT name FROM people ORDER BY row_number() OVER (ORDER BY id DESC)", [["cid"], ["bob"], ["ann"]]),
    ("SELECT title FROM people JOIN teams USING (team) ORDER BY id DESC LIMIT 1", [["Alpha"]]),
    ("SELECT count(*) FROM people GROUP BY team ORDER BY coalesce(team, 'z') DESC", [["1"], ["2"]]),
    ("SELECT DISTINCT team AS x FROM people ORDER BY team", [["a"], [None]]),
    ("SELECT id FROM people ORDER BY id FETCH FIRST 2 ROWS ONLY", [["1"], ["2"]]),
    ("SELECT name, x FROM people CROSS JOIN UNNEST(ARRAY[id, 10]) AS u(x) WHERE id = 2 ORDER BY x", [["bob", "2"], ["bob", "10"]]),
    ("SELECT k, v, n FROM UNNEST(MAP(ARRAY['a', 'b'], ARRAY[1, 2])) WITH ORDINALITY AS u(k, v, n) ORDER BY n",
     [["a", "1", "1"], ["b", "2", "2"]]),
    ("SELECT a, b FROM UNNEST(ARRAY[1, 2], ARRAY['x']) AS u(a, b) ORDER BY a", [["1", "x"], ["2", None]]),
    ("SELECT p.id FROM (SELECT id FROM people WHERE id > 1) AS p WHERE p.id < 3", [["2"]]),
    ("SELECT 'a''b', '\"quoted\"', '', NULL", [["a'b", '"quoted"', "", None]]),
]  # fmt: skip


# one instant in two zones, then another
INSTANTS = (
    "WITH i AS (SELECT n, from_iso8601_timestamp(x) AS t FROM (VALUES (1, '2020-01-01T00:00:00Z'), "
    "(2, '2020-01-01T01:00:00+01:00'), (3, '2020-01-01T02:00:00Z'), (4, NULL)) v(n, x)) "
)


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("SELECT count(t), count(DISTINCT t), approx_distinct(t) FROM i", ["3", "2", "2"]),
        ("SELECT count(DISTINCT t) FILTER (WHERE n < 3) FROM i", ["1"]),
        ("SELECT count(*) FROM i a JOIN i b ON a.t = b.t", ["5"]),
        ("SELECT max(c) FROM (SELECT count(*) OVER (PARTITION BY t) AS c FROM i)", ["2"]),
        ("SELECT count(*) FROM i WHERE t IN (from_iso8601_timestamp('2019-12-31T23:00:00-01:00'))", ["2"]),
    ],
)
def test_an_instant_is_itself_in_every_zone(local: LocalLake, sql: str, row: list[str]) -> None:
    assert local.rows(INSTANTS + sql) == [row]


@pytest.mark.parametrize(("sql", "rows"), QUERIES)
def test_queries(local: LocalLake, sql: str, rows: list[list[str | None]]) -> None:
    assert local.rows(WITH + sql) == rows


def test_names_of_columns(local: LocalLake) -> None:
    columns = local.run("SELECT 1, 2 AS Two, x.Three, x.* FROM (SELECT 3 AS three) x").columns
    assert [c["Name"] for c in columns] == ["_col0", "two", "three", "three"]


def test_result_file(local: LocalLake) -> None:
    """Every value in quotes, NULL an empty field without them (Athena user guide: working with query results)."""
    outcome = local.run("SELECT 1 AS a, 'x \"y\"\nz' AS b, '' AS c, NULL AS d")
    body = local.storage.path(outcome.output_location).read_bytes()
    assert body == b'"a","b","c","d"\n"1","x ""y""\nz","",\n'
    assert local.rows("SELECT 'x \"y\"\nz' AS b, NULL AS c, 2 AS d") == [['x "y"\nz', None, "2"]]


def test_parameters_follow_the_text(local: LocalLake) -> None:
    sql = "WITH w AS (SELECT ? AS a) SELECT a, ? FROM w WHERE a = ? LIMIT 1"
    assert local.rows(sql, ["1", "'it''s'", "1"]) == [["1", "it's"]]
