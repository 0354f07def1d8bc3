"""SHOW and DESCRIBE: rows and columns as Athena prints them, padding included.

The layouts are Hive's; the rows were written down from its formats: fields of 20 characters, parted by tabs.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

from pathlib import Path

import pytest
from ddl_fixtures import CatalogBench

from workshop.sandbox.athena.catalog.views import ViewDefinition, view_table
from workshop.sandbox.athena.catalog_statements.view_text import formatted
from workshop.sandbox.athena.errors import AthenaError


@pytest.fixture
def bench(tmp_path: Path) -> CatalogBench:
    bench = CatalogBench(tmp_path)
    bench.run(
        r"""CREATE EXTERNAL TABLE events (id string COMMENT 'the id', s struct<aa:int,bb:int>, c20_3456789012345678 int)
        COMMENT 'it''s all' PARTITIONED BY (day string COMMENT 'pc')
        ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' STORED AS TEXTFILE
        LOCATION 's3://b/events/' TBLPROPERTIES ('note'='x y', 'classification'='csv')"""
    )
    bench.run(
        "CREATE EXTERNAL TABLE json_lines (a int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        "WITH SERDEPROPERTIES ('ignore.malformed.json'='true') LOCATION 's3://b/json/'"
    )
    definition = ViewDefinition("SELECT 1 AS n,\n  'a' AS s", "lake", (("n", "integer"), ("s", "varchar(1)")))
    hive = [{"Name": "n", "Type": "int"}, {"Name": "s", "Type": "varchar(1)"}]
    bench.client.create_table(DatabaseName="lake", TableInput=view_table("lake", "numbers", definition, hive, None))
    return bench


BLANK = "\t \t "
HEADING = "# col_name            \tdata_type           \tcomment             "
DAY = "day                 \tstring              \tpc                  "
EVENTS = [
    "id                  \tstring              \tthe id              ",
    "s                   \tstruct<aa:int,bb:int>\t                    ",
    "c20_3456789012345678\tint                 \t                    ",
]

# (statement, names of columns, rows)
SHOWN = [
    ("SHOW DATABASES", "database_name", ["default", "lake", "other"]),
    ("SHOW SCHEMAS LIKE '(la|ot).*'", "database_name", ["lake", "other"]),
    ("SHOW DATABASES LIKE 'lak*'", "database_name", []),
    ("SHOW TABLES", "tab_name", ["events", "json_lines", "numbers"]),
    ("SHOW TABLES IN lake", "tab_name", ["events", "json_lines", "numbers"]),
    ("SHOW TABLES FROM `lake` LIKE 'ev*'", "tab_name", ["events"]),
    ("SHOW TABLES IN lake '*n*s|nothing'", "tab_name", ["events", "json_lines", "numbers"]),
    ("SHOW TABLES 'json.*'", "tab_name", ["json_lines"]),
    ("SHOW TABLES '('", "tab_name", []),
    ("SHOW TABLES IN other", "tab_name", []),
    ("SHOW VIEWS", "views", ["numbers"]),
    ("SHOW VIEWS IN lake LIKE 'x*'", "views", []),
    ("SHOW COLUMNS IN events", "field", ["id                  ", "s                   ", "c20_3456789012345678", "day                 "]),
    ("SHOW COLUMNS FROM events FROM lake", "field", ["id                  ", "s                   ", "c20_3456789012345678", "day                 "]),
    ("SHOW COLUMNS IN numbers", "column type", ["n\tinteger", "s\tvarchar(1)"]),
    ("SHOW TBLPROPERTIES events", "prpt_name prpt_value", ["EXTERNAL\tTRUE", "transient_lastDdlTime\t1714979289", "note\tx y", "classification\tcsv", "comment\tits all"]),
    ("SHOW TBLPROPERTIES events('note')", "prpt_name prpt_value", ["x y"]),
    ("SHOW TBLPROPERTIES events('no')", "prpt_name prpt_value", ["Table events does not have property: no"]),
    ("DESCRIBE json_lines", "col_name data_type comment", ["a                   \tint                 \tfrom deserializer   "]),
    ("DESC lake.events", "col_name data_type comment", [*EVENTS, DAY, BLANK, "# Partition Information\t \t ", HEADING, BLANK, DAY]),
    ("DESCRIBE numbers", "column type", ["n\tinteger", "s\tvarchar(1)"]),
    ("DESCRIBE VIEW lake.numbers", "column type", ["n\tinteger", "s\tvarchar(1)"]),
    ("DESCRIBE events id", "col_name data_type comment", ["id                  \tstring              \tfrom deserializer   "]),
    ("SHOW CREATE VIEW numbers", "create view", ["CREATE VIEW lake.numbers AS", "SELECT", "  1 n", ", 'a' s"]),
    ("SHOW CREATE VIEW \"lake\".\"numbers\"", "create view", ["CREATE VIEW lake.numbers AS", "SELECT", "  1 n", ", 'a' s"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "columns", "rows"), SHOWN)
def test_rows(bench: CatalogBench, sql: str, columns: str, rows: list[str]) -> None:
    answer = bench.run(sql)
    names = " ".join(c["Name"] for c in answer.columns)
    assert (names, answer.lines) == (columns, rows)
    assert {c["Precision"] for c in answer.columns} == {0}
    assert {c["CaseSensitive"] for c in answer.columns} == {False}


def test_show_create_table_delimited(bench: CatalogBench) -> None:
    assert bench.lines("SHOW CREATE TABLE events") == [
        "CREATE EXTERNAL TABLE `events`(",
        "  `id` string COMMENT 'the id', ",
        "  `s` struct<aa:int,bb:int>, ",
        "  `c20_3456789012345678` int)",
        "COMMENT 'its all'",
        "PARTITIONED BY ( ",
        "  `day` string COMMENT 'pc')",
        "ROW FORMAT DELIMITED ",
        "  FIELDS TERMINATED BY '\\t' ",
        "STORED AS INPUTFORMAT ",
        "  'org.apache.hadoop.mapred.TextInputFormat' ",
        "OUTPUTFORMAT ",
        "  'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'",
        "LOCATION",
        "  's3://b/events'",
        "TBLPROPERTIES (",
        "  'classification'='csv', ",
        "  'note'='x y', ",
        "  'transient_lastDdlTime'='1714979289')",
    ]


def test_show_create_table_of_a_serde(bench: CatalogBench) -> None:
    assert bench.lines("SHOW CREATE TABLE `lake.json_lines`")[:7] == [
        "CREATE EXTERNAL TABLE `lake.json_lines`(",
        "  `a` int COMMENT 'from deserializer')",
        "ROW FORMAT SERDE ",
        "  'org.openx.data.jsonserde.JsonSerDe' ",
        "WITH SERDEPROPERTIES ( ",
        "  'ignore.malformed.json'='true') ",
        "STORED AS INPUTFORMAT ",
    ]


# (columns and clauses, table properties)
ROUND_TRIPS = [
    ("(a int, `order` string COMMENT 'it\\'s') STORED AS PARQUET", ""),
    ("(a int) PARTITIONED BY (p string, q int) STORED AS ORC", ""),
    (r"(a string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('input.regex'='(\\d+) \"([^\"]*)\"')", ""),
    (r"(a string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001' ESCAPED BY '\\' NULL DEFINED AS '\\N'", ""),
    ("(a int, b string) CLUSTERED BY (a, b) INTO 4 BUCKETS STORED AS PARQUET", "TBLPROPERTIES ('a'='b\\'c')"),
]  # fmt: skip


@pytest.mark.parametrize(("clauses", "properties"), ROUND_TRIPS)
def test_show_create_table_makes_the_same_table(bench: CatalogBench, clauses: str, properties: str) -> None:
    bench.run(f"CREATE EXTERNAL TABLE u {clauses} LOCATION 's3://b/u/' {properties}")
    made = bench.table("u")
    shown = "\n".join(bench.lines("SHOW CREATE TABLE u"))
    bench.run("DROP TABLE u")
    bench.run(shown)
    assert bench.table("u") == made


def test_describe_formatted(bench: CatalogBench) -> None:
    lines = bench.lines("DESCRIBE FORMATTED events")
    assert lines[:2] == [HEADING, BLANK]
    assert lines[2:5] == EVENTS
    assert lines[5:11] == [BLANK, "# Partition Information\t \t ", HEADING, BLANK, DAY, BLANK]
    assert "Location:           \ts3://b/events       \t " in lines
    assert "Table Type:         \tEXTERNAL_TABLE      \t " in lines
    assert "\tclassification      \tcsv                 " in lines
    assert "SerDe Library:      \torg.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe\t " in lines
    assert "\tfield.delim         \t\\t                  " in lines


def test_describe_extended(bench: CatalogBench) -> None:
    lines = bench.lines("DESCRIBE EXTENDED events")
    assert lines[:4] == [*EVENTS, DAY]
    assert lines[-2] == BLANK
    assert lines[-1].startswith("Detailed Table Information\tTable(tableName:events, dbName:lake, owner:hadoop")


def test_describe_partition(bench: CatalogBench) -> None:
    bench.run("ALTER TABLE events ADD PARTITION (day='x')")
    lines = bench.lines("DESCRIBE FORMATTED events PARTITION (day='x')")
    assert "Partition Value:    \t[x]                 \t " in lines
    assert "Location:           \ts3://b/events/day=x \t " in lines
    with pytest.raises(AthenaError, match="Partition not found"):
        bench.run("DESCRIBE events PARTITION (day='y')")


def test_show_create_table_of_a_view_is_refused(bench: CatalogBench) -> None:
    with pytest.raises(AthenaError, match="numbers is a view, not a table"):
        bench.run("SHOW CREATE TABLE numbers")


# (query, its lines in SHOW CREATE VIEW): Trino's SqlFormatter for a plain SELECT, the text as it is for others
LAYOUTS = [
    ("SELECT * FROM lake.one_row", ["SELECT *", "FROM", "  lake.one_row"]),
    ("SELECT 1 AS n", ["SELECT 1 n"]),
    ("select a, count(*) AS n from t as x where a > 1 group by a limit 3", ["SELECT", "  a", ", count(*) n", "FROM", "  t x", "WHERE (a > 1)", "GROUP BY a", "LIMIT 3"]),
    ("SELECT f(a, ARRAY[1, 2]) FROM t WHERE (a = 1) AND (b = 2)", ["SELECT f(a, ARRAY[1, 2])", "FROM", "  t", "WHERE ((a = 1) AND (b = 2))"]),
    ("SELECT a FROM t WHERE (a = 'x, FROM')", ["SELECT a", "FROM", "  t", "WHERE (a = 'x, FROM')"]),
    ("SELECT a FROM t JOIN u ON t.a = u.a", ["SELECT a FROM t JOIN u ON t.a = u.a"]),
    ("WITH w AS (SELECT 1 AS a)\nSELECT a FROM w", ["WITH w AS (SELECT 1 AS a)", "SELECT a FROM w"]),
    ("SELECT a -- why", ["SELECT a -- why"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "lines"), LAYOUTS)
def test_layout_of_views(sql: str, lines: list[str]) -> None:
    assert formatted(sql).split("\n") == lines
