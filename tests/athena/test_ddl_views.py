"""Views, information_schema and EXPLAIN: the catalog as something that queries read.

Texts of errors are those of Trino's StatementAnalyzer; the form of a view in Glue is that of Athena and awswrangler.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena_fakes import FakeStorage
from ddl_fixtures import NOW
from fake_glue import FakeGlueClient

from workshop.sandbox.athena.catalog.glue import GlueCatalog
from workshop.sandbox.athena.catalog.glue_client import Glue
from workshop.sandbox.athena.engine import Engine
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.storage import Encryption
from workshop.sandbox.athena.run import Cancellation, Job, Lake, Outcome, run
from workshop.sandbox.athena.syntax.statements import bind_parameters, parse


@dataclass
class Bench:
    """Runs whole statements on Glue in memory and files in a folder."""

    engine: Engine
    root: Path
    client: FakeGlueClient

    @property
    def storage(self) -> FakeStorage:
        return FakeStorage(self.root / "s3")

    def run(self, sql: str, parameters: tuple[str, ...] = (), database: str | None = "lake") -> Outcome:
        statement = bind_parameters(parse(sql), list(parameters))
        job = Job(statement, sql, database, "s3://results/q", Encryption(), NOW)
        lake = Lake(GlueCatalog(self.client), self.storage, None, Glue(self.client))
        return run(job, lake, self.engine, Cancellation())

    def lines(self, sql: str, parameters: tuple[str, ...] = ()) -> list[str]:
        return self.storage.path(self.run(sql, parameters).output_location).read_text("utf-8").splitlines()

    def refused(self, sql: str) -> str:
        with pytest.raises(AthenaError) as refused:
            self.run(sql)
        return refused.value.reason


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Bench:
    """A table of three rows in two days."""
    bench = Bench(engine, tmp_path, FakeGlueClient("lake", "other"))
    bench.run(
        "CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (day string) STORED AS PARQUET LOCATION 's3://b/t/'"
    )
    for day, rows in (("x", {"a": [1, 2], "b": ["one", "two"]}), ("y", {"a": [3], "b": ["three"]})):
        path = bench.storage.path(f"s3://b/t/day={day}/f.parquet")
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table({"a": pa.array(rows["a"], pa.int32()), "b": rows["b"]}), path)
    bench.run("MSCK REPAIR TABLE t")
    return bench


def definition(bench: Bench, name: str) -> dict[str, Any]:
    text = bench.client.tables["lake", name]["ViewOriginalText"]
    assert (text[:16], text[-3:]) == ("/* Presto View: ", " */")
    found: dict[str, Any] = json.loads(base64.b64decode(text[16:-3]))
    return found


def test_what_glue_holds(bench: Bench) -> None:
    bench.run('CREATE VIEW v AS SELECT a, b AS "B", day, CAST(a AS decimal(10,2)) AS d, ARRAY[a] AS l FROM t')
    assert definition(bench, "v") == {
        "originalSql": 'SELECT a, b AS "B", day, CAST(a AS decimal(10,2)) AS d, ARRAY[a] AS l FROM t',
        "catalog": "awsdatacatalog",
        "schema": "lake",
        "columns": [
            {"name": "a", "type": "integer"},
            {"name": "b", "type": "varchar"},
            {"name": "day", "type": "varchar"},
            {"name": "d", "type": "decimal(10,2)"},
            {"name": "l", "type": "array(integer)"},
        ],
    }
    view = bench.client.tables["lake", "v"]
    assert view["TableType"] == "VIRTUAL_VIEW"
    assert view["ViewExpandedText"] == "/* Presto View */"
    assert view["Parameters"] == {"presto_view": "true", "comment": "Presto View"}
    assert [c["Type"] for c in view["StorageDescriptor"]["Columns"]] == [
        "int",
        "string",
        "string",
        "decimal(10,2)",
        "array<int>",
    ]


# (view, query, result lines)
READ = [
    ("SELECT a, b FROM t WHERE day = 'x'", "SELECT * FROM v ORDER BY a", ['"a","b"', '"1","one"', '"2","two"']),
    ("SELECT day, sum(a) AS s FROM t GROUP BY day", "SELECT s FROM v WHERE day = 'y'", ['"s"', '"3"']),
    ("SELECT day, count(*) AS n FROM t GROUP BY day", "SELECT sum(n) AS n FROM v LIMIT 1", ['"n"', '"3"']),
    ("SELECT a FROM t ORDER BY a DESC", "SELECT count(*) AS n FROM v x JOIN lake.v y ON x.a = y.a", ['"n"', '"3"']),
    ("WITH w AS (SELECT 7 AS q) SELECT q FROM w", "WITH w AS (SELECT 8 AS q) SELECT v.q, w.q AS r FROM v, w", ['"q","r"', '"7","8"']),
    ("SELECT a FROM t UNION ALL SELECT 9", "SELECT x.n FROM v AS x(n) WHERE n > 2 ORDER BY 1", ['"n"', '"3"', '"9"']),
    ("(SELECT 1 AS one)", "SELECT lake.v.one FROM lake.v", ['"one"', '"1"']),
    ("SELECT max(a) OVER () AS m FROM t", "SELECT m FROM v LIMIT 1", ['"m"', '"3"']),
]  # fmt: skip


@pytest.mark.parametrize(("view", "query", "expected"), READ)
def test_reading(bench: Bench, view: str, query: str, expected: list[str]) -> None:
    bench.run(f"CREATE OR REPLACE VIEW v AS {view};")
    assert bench.lines(query) == expected


def test_names_in_a_view_belong_to_its_own_database(bench: Bench) -> None:
    bench.run("CREATE VIEW other.v AS SELECT a FROM t")  # t of the session's database, as Athena resolves it
    outcome = bench.run("SELECT a FROM v ORDER BY 1 LIMIT 1", database="other")
    assert bench.storage.path(outcome.output_location).read_text().splitlines() == ['"a"', '"1"']


def test_views_of_views_and_only_the_partitions_they_need(bench: Bench) -> None:
    bench.run("CREATE VIEW v AS SELECT a, day FROM t")
    bench.run("CREATE VIEW w AS SELECT a AS n, day FROM v")
    outcome = bench.run("SELECT n FROM w WHERE day = 'y'")
    assert (outcome.rows, outcome.scanned > 0) == (1, True)


def test_a_view_that_awswrangler_made(bench: Bench) -> None:
    described = {
        "originalSql": "SELECT a FROM lake.t",
        "catalog": "awsdatacatalog",
        "schema": "default",
        "columns": [{"name": "a", "type": "bigint"}],
    }
    text = base64.b64encode(json.dumps(described).encode()).decode()
    bench.client.create_table(
        DatabaseName="lake",
        TableInput={
            "Name": "v",
            "TableType": "VIRTUAL_VIEW",
            "ViewOriginalText": f"/* Presto View: {text} */",
            "ViewExpandedText": "/* Presto View */",
            "Parameters": {"presto_view": "true"},
        },
    )
    outcome = bench.run("SELECT sum(a) AS s, max(a) AS m FROM v")
    assert [c["Type"] for c in outcome.columns] == ["bigint", "bigint"]


# (statements first, query, StateChangeReason)
REFUSED = [
    ("CREATE VIEW v AS SELECT a AS n FROM t", "CREATE VIEW v AS SELECT 1 AS n", "ALREADY_EXISTS: View already exists: 'lake.v'"),
    ("", "CREATE VIEW t AS SELECT 1 AS n", "TABLE_ALREADY_EXISTS: line 1:1: Table already exists: 'awsdatacatalog.lake.t'"),
    ("", "CREATE OR REPLACE VIEW t AS SELECT 1 AS n", "TABLE_ALREADY_EXISTS: line 1:1: Table already exists: 'awsdatacatalog.lake.t'"),
    ("", "CREATE VIEW nope.v AS SELECT 1 AS n", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nope' does not exist"),
    ("", "CREATE VIEW v AS SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1"),
    ("", "CREATE VIEW v AS SELECT a, b AS a FROM t", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified more than once"),
    ("", "CREATE VIEW v AS SELECT NULL AS n", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown at position 1"),
    ("", "CREATE VIEW v AS SELECT a FROM nope", "TABLE_NOT_FOUND: line 1:32: Table 'awsdatacatalog.lake.nope' does not exist"),
    ("", "DROP VIEW v", "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.lake.v' does not exist"),
    ("", "DROP VIEW t", "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.lake.t' does not exist, but a table with that name exists. Did you mean DROP TABLE awsdatacatalog.lake.t?"),
    ("CREATE VIEW v AS SELECT 1 AS n", "DROP TABLE v", "FAILED: SemanticException [Error 10147]: Cannot drop a view with DROP TABLE"),
    ("CREATE VIEW v AS SELECT 1 AS n", "ALTER TABLE v ADD COLUMNS (a int)", "FAILED: SemanticException [Error 10144]: Cannot alter a view with ALTER TABLE: v"),
    ("CREATE VIEW v AS SELECT 1 AS n", "INSERT INTO v VALUES 1", "NOT_SUPPORTED: Inserting into views is not supported"),
    ("CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t CHANGE a a bigint", "SELECT * FROM v", "VIEW_IS_STALE: line 1:15: View 'awsdatacatalog.lake.v' is stale or in invalid state: column [a] of type bigint projected from query view at position 0 cannot be coerced to column [a] of type integer stored in view definition"),
    ("CREATE VIEW v AS SELECT * FROM t; ALTER TABLE t ADD COLUMNS (c int)", "SELECT * FROM v", "VIEW_IS_STALE: line 1:15: View 'awsdatacatalog.lake.v' is stale or in invalid state: stored view column count (3) does not match column count derived from the view query analysis (4)"),
    ("CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t CHANGE a z int", "SELECT * FROM v", "INVALID_VIEW: line 1:15: Failed analyzing stored view 'awsdatacatalog.lake.v': line 1:8: Column 'a' cannot be resolved or requester is not authorized to access requested resources"),
    ("CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE OR REPLACE VIEW v AS SELECT a FROM w", "SELECT * FROM v", "VIEW_IS_RECURSIVE: line 1:15: View is recursive"),
    ("", "DELETE FROM t WHERE a = 1", "NOT_SUPPORTED: line 1:13: Modifying Hive table rows is only supported for transactional tables"),
    ("", "UPDATE lake.t SET a = 1", "NOT_SUPPORTED: line 1:8: Modifying Hive table rows is only supported for transactional tables"),
    ("", "MERGE INTO nope USING t ON true WHEN MATCHED THEN DELETE", "TABLE_NOT_FOUND: line 1:12: Table 'awsdatacatalog.lake.nope' does not exist"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "sql", "reason"), REFUSED)
def test_refused(bench: Bench, first: str, sql: str, reason: str) -> None:
    for statement in filter(None, first.split("; ")):
        bench.run(statement)
    assert bench.refused(sql).startswith(reason)


# information_schema

INFORMATION = [
    ("SELECT schema_name FROM information_schema.schemata ORDER BY 1", ["information_schema", "lake", "other"]),
    ("SELECT table_name || ' ' || table_type FROM information_schema.tables WHERE table_schema = 'lake' ORDER BY 1", ["t BASE TABLE", "v VIEW"]),
    ("SELECT count(*) FROM \"awsdatacatalog\".information_schema.tables WHERE table_schema IN ('other', 'nope')", ["0"]),
    ("SELECT column_name || ':' || data_type || ':' || coalesce(extra_info, '') FROM information_schema.columns WHERE table_schema = 'lake' AND table_name = 't' ORDER BY ordinal_position", ["a:integer:", "b:varchar:", "day:varchar:partition key"]),
    ("SELECT c.column_name FROM information_schema.tables t JOIN information_schema.columns c ON t.table_name = c.table_name WHERE t.table_type = 'VIEW' AND c.table_schema = 'lake'", ["n"]),
    ("SELECT view_definition FROM information_schema.views", ["SELECT count(*) AS n FROM t"]),
    ("SELECT max(ordinal_position) + 1 FROM information_schema.columns WHERE table_schema = 'lake'", ["4"]),
    ("SELECT count(*) FROM (SELECT * FROM information_schema.columns WHERE table_name = 't') AS x WHERE table_schema = 'lake'", ["3"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), INFORMATION)
def test_information_schema(bench: Bench, sql: str, expected: list[str]) -> None:
    bench.run("CREATE VIEW v AS SELECT count(*) AS n FROM t")
    assert bench.lines(sql)[1:] == [f'"{value}"' for value in expected]


def test_information_schema_asks_glue_for_what_is_wanted_alone(bench: Bench) -> None:
    bench.client.denied = {"get_tables"}
    assert bench.lines("SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = 'nope'") == [
        '"n"',
        '"0"',
    ]
    assert "does not exist" in bench.refused("SELECT * FROM information_schema.nope")


# EXPLAIN


def test_explain(bench: Bench) -> None:
    outcome = bench.run(
        "EXPLAIN SELECT b, count(*) AS n FROM t WHERE a > 1 AND day = 'x' GROUP BY b ORDER BY 2 LIMIT 3"
    )
    lines = bench.storage.path(outcome.output_location).read_text("utf-8").split("\n")
    assert outcome.output_location.endswith(".txt")
    assert outcome.scanned == 0
    assert lines[0] == outcome.columns[0]["Name"] == "Query Plan"
    assert lines[-3:] == ["", "", ""]
    text = "\n".join(lines)
    for step in (
        "Fragment 0 [SINGLE]",
        "Output[columnNames = [b, n]]",
        "Sort[",
        "Aggregate[",
        "Filter[",
        "TableScan[table = awsdatacatalog:lake:t]",
    ):
        assert step in text
    assert "partition keys: [day], conditions on them alone: 1" in text


def test_explain_in_other_forms(bench: Bench) -> None:
    tree = json.loads("\n".join(bench.lines("EXPLAIN (FORMAT JSON) SELECT a FROM t WHERE a = ?", ("1",))[1:]))
    assert tree["0"]["name"] == "Output"
    assert json.loads("\n".join(bench.lines("EXPLAIN (TYPE LOGICAL, FORMAT JSON) SELECT 1")[1:]))["name"] == "Output"
    assert bench.lines("EXPLAIN (TYPE VALIDATE) SELECT 1") == ["Valid", "true"]
    assert bench.lines("EXPLAIN (FORMAT GRAPHVIZ) SELECT a FROM t")[1] == "digraph logical_plan {"
    tables = json.loads("\n".join(bench.lines("EXPLAIN (TYPE IO, FORMAT JSON) SELECT a FROM t")[1:]))
    assert tables["inputTableColumnInfos"][0]["table"]["schemaTable"] == {"schema": "lake", "table": "t"}
    assert "COLUMN_NOT_FOUND" in bench.refused("EXPLAIN SELECT nope FROM t")
    assert "TABLE_NOT_FOUND" in bench.refused("EXPLAIN ANALYZE SELECT 1 FROM nope")
    assert "Fragment" in "\n".join(bench.lines("EXPLAIN INSERT INTO t SELECT a, b, day FROM t"))


def test_explain_analyze(bench: Bench) -> None:
    outcome = bench.run("EXPLAIN ANALYZE SELECT a FROM t WHERE day = 'x'")
    lines = bench.storage.path(outcome.output_location).read_text("utf-8").split("\n")
    assert outcome.scanned > 0
    assert f"2 rows, {outcome.scanned} bytes scanned" in lines[1]


def test_a_failure_of_hives_leaves_its_reason_beside_the_results(bench: Bench) -> None:
    reason = bench.refused("DROP TABLE nope")
    assert bench.storage.path("s3://results/q.txt").read_text() == reason
