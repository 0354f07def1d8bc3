"""Statements about the catalog that are cut off, nested deep or oddly named: an answer every time, never a trace."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import itertools
import time
from pathlib import Path

import pytest
from ddl_fixtures import CatalogBench

from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError
from workshop.sandbox.athena.syntax.hive_tokens import tokens_of
from workshop.sandbox.athena.syntax.statements import Statement, parse, result_suffix, statement_types

STATEMENTS = [
    r"CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`t` (a int COMMENT 'x', b struct<a:int,b:array<map<string,int>>>) COMMENT 'c' "
    r"PARTITIONED BY (p string, q decimal(10,2)) CLUSTERED BY (a) INTO 4 BUCKETS ROW FORMAT DELIMITED FIELDS TERMINATED "
    r"BY '\t' ESCAPED BY '\\' STORED AS TEXTFILE LOCATION 's3://b/k/' TBLPROPERTIES ('a'='b', 'c'='d')",
    "CREATE EXTERNAL TABLE t (a int) ROW FORMAT SERDE 'x.Y' WITH SERDEPROPERTIES ('a'='b') STORED AS INPUTFORMAT 'i' "
    "OUTPUTFORMAT 'o' LOCATION 's3://b/k/'",
    "CREATE DATABASE IF NOT EXISTS d COMMENT 'c' LOCATION 's3://b/' WITH DBPROPERTIES ('a'='b')",
    "ALTER TABLE d.t ADD IF NOT EXISTS PARTITION (p='x', q=1) LOCATION 's3://b/' PARTITION (p='y', q=-2)",
    "ALTER TABLE t DROP IF EXISTS PARTITION (p >= 'x', q != 1), PARTITION (p=date '2020-01-01')",
    "ALTER TABLE t PARTITION (p='x') RENAME TO PARTITION (p='y')",
    "ALTER TABLE t CHANGE COLUMN a b array<int> COMMENT 'x' AFTER c",
    "ALTER TABLE t SET TBLPROPERTIES ('a'='b')",
    "ALTER DATABASE d SET DBPROPERTIES ('a'='b')",
    "CREATE OR REPLACE VIEW d.v AS SELECT a, count(*) AS n FROM t WHERE a > 1 GROUP BY a",
    "DROP VIEW IF EXISTS d.v",
    "DROP DATABASE IF EXISTS d CASCADE",
    "SHOW TABLES IN d LIKE 'x*'",
    "SHOW COLUMNS FROM t IN d",
    "SHOW TBLPROPERTIES t('a')",
    "SHOW CREATE TABLE d.t",
    "DESCRIBE FORMATTED d.t PARTITION (p='x') a.b",
    "MSCK REPAIR TABLE d.t",
    "EXPLAIN ANALYZE VERBOSE (FORMAT JSON) SELECT 1",
    "EXPLAIN (TYPE LOGICAL, FORMAT TEXT) SELECT 1",
    "PREPARE p FROM SELECT * FROM t WHERE a = ?",
    "DEALLOCATE PREPARE p",
    "DELETE FROM d.t WHERE a = 1",
    "MERGE INTO d.t AS x USING s ON x.a = s.a WHEN MATCHED THEN DELETE",
]


def parsed(text: str) -> Statement | None:
    """The statement, None when it is refused; anything else is a defect."""
    try:
        statement = parse(text)
    except InvalidRequestError as refused:
        assert refused.message
        return None
    assert all(statement_types(statement))
    assert result_suffix(statement) in ("", ".csv", ".txt")
    return statement


@pytest.mark.parametrize("sql", STATEMENTS)
def test_cut_off_at_every_token(sql: str) -> None:
    assert parsed(sql) is not None
    for token in tokens_of(sql)[:-1]:
        parsed(sql[: token.start])
        parsed(sql[: token.end])


@pytest.mark.parametrize("sql", STATEMENTS)
def test_with_each_token_lost_doubled_or_replaced(sql: str) -> None:
    for token in tokens_of(sql)[:-1]:
        before, own, after = sql[: token.start], sql[token.start : token.end], sql[token.end :]
        for put in ("", f"{own} {own}", "'", '"', "`", "(", ")", ";", "\x00", "/*", "--", "é", "💥", "select"):
            parsed(before + put + after)


ODD_NAMES = [
    "`a``b`", "`a b`", "`a'b`", '`a"b`', "`a;b`", "`--`", "`select`", "`ä`", "`1`", "`a%b`", "`a\\b`", "``", "` `",
    "`a/b`", "`../b`", "`a\nb`", "`" + "x" * 300 + "`", "`a.b.c.d`", "`.`", "`$path`",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(tmp_path: Path, name: str) -> None:
    """They are names in Glue, or they are refused; nothing else happens."""
    bench = CatalogBench(tmp_path)
    for sql in (
        f"CREATE EXTERNAL TABLE {name} (a int) LOCATION 's3://b/t/'",
        f"CREATE EXTERNAL TABLE t ({name} int) LOCATION 's3://b/t/'",
        f"CREATE DATABASE {name}",
        f"ALTER TABLE t SET LOCATION {name}",
        f"SHOW COLUMNS IN {name}",
        f"DROP TABLE IF EXISTS {name}",
        f"DROP DATABASE IF EXISTS {name}",
    ):
        try:
            bench.run(sql)
        except (InvalidRequestError, AthenaError) as refused:
            assert str(refused)
    names = [name for _, name in bench.client.tables] + list(bench.client.databases)
    assert not any(c in n for n, c in itertools.product(names, "/\n\\`"))


def test_fifty_levels_of_types(tmp_path: Path) -> None:
    bench = CatalogBench(tmp_path)
    deep = "array<struct<a:map<string," * 17 + "int" + ">>>" * 17
    bench.run(f"CREATE EXTERNAL TABLE t (a {deep}) LOCATION 's3://b/t/'")
    assert bench.table("t")["StorageDescriptor"]["Columns"][0]["Type"] == deep


def test_types_nested_without_end_are_refused() -> None:
    for depth in (1_000, 20_000):
        assert parsed(f"CREATE EXTERNAL TABLE t (a {'array<' * depth}int{'>' * depth}) LOCATION 's3://b/t/'") is None
        assert parsed(f"CREATE EXTERNAL TABLE t (a {'array<' * depth}) LOCATION 's3://b/t/'") is None
        assert parsed(f"CREATE EXTERNAL TABLE t {'(' * depth} LOCATION 's3://b/t/'") is None


def test_ten_thousand_columns(tmp_path: Path) -> None:
    bench = CatalogBench(tmp_path)
    listed = ", ".join(f"c{i} int" for i in range(10_000))
    started = time.monotonic()
    bench.run(f"CREATE EXTERNAL TABLE t ({listed}) LOCATION 's3://b/t/'")
    assert len(bench.lines("DESCRIBE t")) == 10_000
    assert len(bench.lines("SHOW CREATE TABLE t")) == 10_000 + 11
    assert time.monotonic() - started < 20  # minutes, if anything were quadratic


LONG = 100_000
ENDLESS = [
    "/*" * LONG,
    "\\'" * LONG,
    "'\"`" * LONG,
    "EXPLAIN " * LONG,
    "--\n" * LONG,
    " " * LONG,
    "(" * LONG,
    "." * LONG,
]


@pytest.mark.parametrize("text", ENDLESS, ids=range(len(ENDLESS)))
@pytest.mark.parametrize("head", ["", "DROP TABLE ", "CREATE EXTERNAL TABLE t (a int COMMENT ", "EXPLAIN "])
def test_long_texts_are_read_once(head: str, text: str) -> None:
    started = time.monotonic()
    if head or text[0] not in "('\"`":  # what is a query is read elsewhere
        assert parsed(head + text) is None
    assert time.monotonic() - started < 60  # hours, if texts were read from each of their characters


def test_a_pattern_does_not_hang(tmp_path: Path) -> None:
    bench = CatalogBench(tmp_path)
    bench.client.databases["a" * 200] = {"Name": "a" * 200}
    assert bench.lines("SHOW DATABASES LIKE '(a+)+$b'") == []
    assert bench.lines(r"SHOW DATABASES LIKE '(a*)*\\1c'") == []


def test_text_stays_text(tmp_path: Path) -> None:
    """What looks like SQL or a path in a comment or property is kept as it is."""
    bench = CatalogBench(tmp_path)
    evil = "'); DROP TABLE x; COPY (SELECT 1) TO '/etc/passwd' --\n\t\\ ${jndi:ldap://x}"
    literal = evil.replace("\\", "\\\\").replace("'", "\\'")
    bench.run(
        f"CREATE EXTERNAL TABLE t (a int COMMENT '{literal}') COMMENT '{literal}' LOCATION 's3://b/t/' "
        f"TBLPROPERTIES ('{literal}'='{literal}')"
    )
    table = bench.table("t")
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == evil
    assert table["Parameters"]["comment"] == " ".join(evil.split())
    assert table["Parameters"][evil] == evil
    shown = "\n".join(bench.lines("SHOW CREATE TABLE t"))
    bench.run("DROP TABLE t")
    bench.run(shown)
    assert bench.table("t") == table
