"""Statements about the catalog over a running sandbox: what clients see, and what Glue holds, both by boto3."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox

pytestmark = pytest.mark.sandbox

FULL = {"Action": ["athena:*", "glue:*", "s3:*"], "Effect": "Allow", "Resource": "*"}


class World:
    """A bucket and a database of its own."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.bucket = f"dp-ddl-{uuid.uuid4().hex[:8]}"
        self.database = self.bucket.replace("-", "_")
        self.athena, self.s3, self.glue = (sandbox.client(s) for s in ("athena", "s3", "glue"))
        self.s3.create_bucket(Bucket=self.bucket)
        self.run(f"CREATE DATABASE {self.database} COMMENT 'tests'", database=None)

    def run(self, sql: str, client: Any = None, database: str | None = "", **more: Any) -> dict[str, Any]:
        athena = client or self.athena
        context = {} if database is None else {"Database": database or self.database}
        started = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext=context,
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/results/"},
            **more,
        )
        while True:
            found = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(found)
            time.sleep(0.05)

    def succeed(self, sql: str, **more: Any) -> dict[str, Any]:
        execution = self.run(sql, **more)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        return execution

    def rows(self, sql: str, **more: Any) -> list[str]:
        """The only value of each row."""
        execution = self.succeed(sql, **more)
        answer = self.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return [row["Data"][0].get("VarCharValue", "") for row in answer["ResultSet"]["Rows"]]

    def body(self, location: str) -> str:
        key = location.removeprefix(f"s3://{self.bucket}/")
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())


@pytest.fixture(scope="module")
def world(sandbox: RunningSandbox) -> Iterator[World]:
    world = World(sandbox)
    yield world
    world.run(f"DROP DATABASE IF EXISTS {world.database} CASCADE", database=None)


# (statement, StatementType, SubstatementType, extension of the result)
KINDS = [
    ("CREATE EXTERNAL TABLE k (a int) PARTITIONED BY (p string) LOCATION 's3://{bucket}/k/'", "DDL", "CREATE_TABLE", ".txt"),
    ("ALTER TABLE k ADD PARTITION (p='x')", "DDL", "ALTER_TABLE_ADD_PARTITION", ".txt"),
    ("ALTER TABLE k DROP PARTITION (p='x')", "DDL", "ALTER_TABLE_DROP_PARTITION", ".txt"),
    ("ALTER TABLE k SET LOCATION 's3://{bucket}/l/'", "DDL", "ALTER_TABLE_SET_LOCATION", ".txt"),
    ("ALTER TABLE k SET TBLPROPERTIES ('a'='b')", "DDL", "ALTER_TABLE_PROPERTIES", ".txt"),
    ("ALTER TABLE k ADD COLUMNS (b string)", "DDL", "ALTER_TABLE_ADD_COLUMN", ".txt"),
    ("ALTER TABLE k REPLACE COLUMNS (c string)", "DDL", "ALTER_TABLE_REPLACE_COLUMN", ".txt"),
    ("MSCK REPAIR TABLE k", "DDL", "MSCK_REPAIR", ".txt"),
    ("SHOW TABLES", "UTILITY", "SHOW_TABLES", ".txt"),
    ("SHOW DATABASES", "UTILITY", "SHOW_DATABASES", ".txt"),
    ("SHOW COLUMNS IN k", "UTILITY", "SHOW_COLUMNS", ".txt"),
    ("SHOW PARTITIONS k", "UTILITY", "SHOW_PARTITIONS", ".txt"),
    ("SHOW TBLPROPERTIES k", "UTILITY", "SHOW_TABLE_PROPERTIES", ".txt"),
    ("SHOW CREATE TABLE k", "UTILITY", "SHOW_CREATE_TABLE", ".txt"),
    ("DESCRIBE k", "UTILITY", "DESCRIBE_TABLE", ".txt"),
    ("CREATE VIEW kv AS SELECT 1 AS n", "DDL", "CREATE_VIEW", ".txt"),
    ("SHOW CREATE VIEW kv", "UTILITY", "SHOW_CREATE_VIEW", ".txt"),
    ("SHOW VIEWS", "UTILITY", "SHOW_VIEWS", ".txt"),
    ("DROP VIEW kv", "DDL", "DROP_VIEW", ".txt"),
    ("EXPLAIN SELECT 1", "DML", "EXPLAIN", ".txt"),
    ("DROP TABLE k", "DDL", "DROP_TABLE", ".txt"),
]  # fmt: skip


def test_kinds_and_result_files(world: World) -> None:
    for sql, kind, sort, extension in KINDS:
        execution = world.succeed(sql.replace("{bucket}", world.bucket))
        assert (execution["StatementType"], execution["SubstatementType"]) == (kind, sort), sql
        location = execution["ResultConfiguration"]["OutputLocation"]
        assert location == f"s3://{world.bucket}/results/{execution['QueryExecutionId']}{extension}"
        answer = world.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        assert ("UpdateCount" in answer) == (kind == "DML"), sql
        lines = [row["Data"][0].get("VarCharValue", "") for row in answer["ResultSet"]["Rows"]]
        assert world.body(location).rstrip("\n") == "\n".join(lines).rstrip("\n"), sql
        assert execution["Statistics"]["DataScannedInBytes"] == 0


def test_a_table_from_ddl_to_rows(world: World) -> None:
    world.succeed(
        f"""CREATE EXTERNAL TABLE people (id int COMMENT 'the id', name string)
        COMMENT 'who' PARTITIONED BY (day string)
        ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{world.bucket}/people/'"""
    )
    for day in ("2024-01-01", "2024-01-02"):
        key = f"people/day={day}/a.json"
        world.s3.put_object(Bucket=world.bucket, Key=key, Body=json.dumps({"id": 1, "name": day}).encode())
    lines = world.rows("MSCK REPAIR TABLE people")
    assert len(lines) == 3
    partitions = world.glue.get_partitions(DatabaseName=world.database, TableName="people")["Partitions"]
    assert sorted(p["Values"][0] for p in partitions) == ["2024-01-01", "2024-01-02"]
    assert sorted(world.rows("SHOW PARTITIONS people")) == ["day=2024-01-01", "day=2024-01-02"]
    assert world.rows("SELECT name FROM people WHERE day = '2024-01-02'") == ["name", "2024-01-02"]
    table = world.glue.get_table(DatabaseName=world.database, Name="people")["Table"]
    assert table["Parameters"]["comment"] == "who"
    assert table["StorageDescriptor"]["Columns"][0] == {"Name": "id", "Type": "int", "Comment": "the id"}
    described = world.athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=world.database, TableName="people"
    )["TableMetadata"]
    assert described["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    world.succeed("ALTER TABLE people PARTITION (day='2024-01-02') RENAME TO PARTITION (day='2030-01-01')")
    assert world.rows("SELECT name FROM people WHERE day = '2030-01-01'") == ["name", "2024-01-02"]
    world.succeed("ALTER TABLE people DROP PARTITION (day >= '2024-01-01')")
    assert world.rows("SHOW PARTITIONS people") == []


def test_a_table_that_ctas_made_is_altered(world: World) -> None:
    """Glue answers with an empty owner, and takes none."""
    world.succeed(f"CREATE TABLE made WITH (external_location='s3://{world.bucket}/made/') AS SELECT 1 AS n")
    world.succeed("ALTER TABLE made SET TBLPROPERTIES ('classification'='parquet')")
    table = world.glue.get_table(DatabaseName=world.database, Name="made")["Table"]
    assert table["Parameters"]["classification"] == "parquet"
    assert world.rows("SELECT n FROM made") == ["n", "1"]
    execution = world.run("ALTER TABLE made SET TBLPROPERTIES (''='x')")
    assert execution["Status"]["State"] in ("SUCCEEDED", "FAILED")
    assert "GENERIC_INTERNAL_ERROR" not in execution["Status"].get("StateChangeReason", "")


def test_a_view(world: World) -> None:
    world.succeed("CREATE OR REPLACE VIEW numbers AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(n, s)")
    table = world.glue.get_table(DatabaseName=world.database, Name="numbers")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["ViewOriginalText"].startswith("/* Presto View: ")
    assert world.rows("SELECT s FROM numbers WHERE n = 2") == ["s", "b"]
    wanted = f"SELECT table_type FROM information_schema.tables WHERE table_schema = '{world.database}' AND table_name = 'numbers'"
    assert world.rows(wanted) == ["table_type", "VIEW"]
    assert world.rows("SHOW CREATE VIEW numbers")[0] == f"CREATE VIEW {world.database}.numbers AS"


def test_prepared_statements(world: World) -> None:
    name = f"p{uuid.uuid4().hex[:8]}"
    world.succeed(f"PREPARE {name} FROM SELECT ? + 1 AS n")
    kept = world.athena.get_prepared_statement(StatementName=name, WorkGroup="primary")["PreparedStatement"]
    assert kept["QueryStatement"] == "SELECT ? + 1 AS n"
    assert world.rows(f"EXECUTE {name} USING 41") == ["n", "42"]
    world.succeed(f"PREPARE {name} FROM SELECT 'new' AS n")
    assert world.rows(f"EXECUTE {name}") == ["n", "new"]
    world.succeed(f"DEALLOCATE PREPARE {name}")
    with pytest.raises(ClientError):
        world.run(f"DEALLOCATE PREPARE {name}")


def test_failures(world: World) -> None:
    execution = world.run("DROP TABLE nope")
    assert execution["Status"]["State"] == "FAILED"
    reason = "FAILED: SemanticException [Error 10001]: Table not found nope"
    assert execution["Status"]["StateChangeReason"] == reason
    assert world.body(execution["ResultConfiguration"]["OutputLocation"]) == reason
    for sql, text in (
        ("DESCRIBE nope", "Entity Not Found"),
        ("SHOW COLUMNS IN nope", "Entity Not Found"),
        ("CREATE TABLE t (a int)", "No location was specified for table"),
        ('DROP TABLE "t"', "mismatched input"),
    ):
        with pytest.raises(ClientError, match=text) as refused:
            world.run(sql)
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_ddl_acts_as_the_caller(world: World, assume: Any) -> None:
    denied = {"Action": ["glue:CreateTable", "glue:DeleteTable"], "Effect": "Deny", "Resource": "*"}
    credentials = assume(f"dp-ddl-{uuid.uuid4().hex[:8]}", [FULL, denied])
    client = world.sandbox.client("athena", credentials)
    execution = world.run(f"CREATE EXTERNAL TABLE mine (a int) LOCATION 's3://{world.bucket}/m/'", client)
    assert execution["Status"]["State"] == "FAILED"
    assert "Insufficient permissions to execute the query" in execution["Status"]["StateChangeReason"]
    assert "glue:CreateTable" in execution["Status"]["StateChangeReason"]
    names = [t["Name"] for t in world.glue.get_tables(DatabaseName=world.database)["TableList"]]
    assert "mine" not in names
