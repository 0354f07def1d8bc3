"""awswrangler, from the released package, against a running sandbox: `read_sql_query` in its three modes."""

from typing import Any

import awswrangler
import boto3
import pytest
from awswrangler.exceptions import EmptyDataFrame, QueryFailed
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox
from world import World

pytestmark = pytest.mark.sandbox

MODES: list[tuple[str, dict[str, Any]]] = [
    ("plain", {"ctas_approach": False}),
    ("ctas", {"ctas_approach": True}),
    ("unload", {"ctas_approach": False, "unload_approach": True}),
]


class Wrangler:
    """`read_sql_query` with a session that leads to the sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.session = boto3.Session(region_name="us-east-1")

    def read(self, sql: str, **options: Any) -> Any:
        output = {"s3_output": f"{self.world.output}unload-{len(sql)}/"} if options.get("unload_approach") else {}
        return awswrangler.athena.read_sql_query(
            sql,
            database=self.world.database,
            boto3_session=self.session,
            athena_query_wait_polling_delay=0.05,
            **{"s3_output": self.world.output, **output, **options},
        )


@pytest.fixture(scope="module")
def world(sandbox: RunningSandbox) -> World:
    return World(sandbox)


@pytest.fixture
def wrangler(world: World, environment: None) -> Wrangler:
    return Wrangler(world)


@pytest.mark.parametrize(("mode", "options"), MODES, ids=[m for m, _ in MODES])
def test_read_sql_query(wrangler: Wrangler, mode: str, options: dict[str, Any]) -> None:
    frame = wrangler.read("SELECT id, name FROM people ORDER BY id", **options)
    assert frame["id"].tolist() == [1, 2]
    assert frame["name"].isna().tolist() == [False, True]
    assert frame["name"][0] == "ann"
    assert frame.query_metadata["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(("mode", "options"), MODES[:2], ids=[m for m, _ in MODES[:2]])
def test_no_rows(wrangler: Wrangler, mode: str, options: dict[str, Any]) -> None:
    frame = wrangler.read("SELECT id, name FROM people WHERE id = -1", **options)
    assert (len(frame), frame.columns.tolist()) == (0, ["id", "name"])


def test_an_unload_of_no_rows_writes_no_files(wrangler: Wrangler) -> None:
    with pytest.raises(EmptyDataFrame):
        wrangler.read("SELECT id, name FROM people WHERE id = -1", ctas_approach=False, unload_approach=True)


def test_ctas_leaves_nothing_behind(wrangler: Wrangler, world: World) -> None:
    wrangler.read("SELECT id FROM people", ctas_approach=True, keep_files=False)
    assert [t["Name"] for t in world.glue.get_tables(DatabaseName=world.database)["TableList"]] == ["people"]


@pytest.mark.parametrize(("mode", "options"), MODES[:2], ids=[m for m, _ in MODES[:2]])
def test_chunks(wrangler: Wrangler, mode: str, options: dict[str, Any]) -> None:
    frames = wrangler.read(
        f"SELECT x FROM UNNEST(ARRAY[{', '.join(map(str, range(50)))}]) AS t(x)", chunksize=20, **options
    )
    assert sum(len(f) for f in frames) == 50


def test_parameters(wrangler: Wrangler) -> None:
    frame = wrangler.read(
        "SELECT name FROM people WHERE id = :id", ctas_approach=False, params={"id": 1}, paramstyle="named"
    )
    assert frame["name"].tolist() == ["ann"]
    frame = wrangler.read("SELECT name FROM people WHERE id = ?", ctas_approach=False, params=["1"], paramstyle="qmark")
    assert frame["name"].tolist() == ["ann"]


def test_failures(wrangler: Wrangler) -> None:
    with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND"):
        wrangler.read("SELECT nosuch FROM people", ctas_approach=False)
    with pytest.raises((QueryFailed, ClientError, awswrangler.exceptions.InvalidArgumentValue)):
        wrangler.read("SELECT 1, 2", ctas_approach=True)


def test_queries_and_prepared_statements(wrangler: Wrangler, world: World) -> None:
    athena = awswrangler.athena
    query_id = athena.start_query_execution(
        "SELECT 1", database=world.database, s3_output=world.output, boto3_session=wrangler.session
    )
    assert athena.wait_query(query_id, boto3_session=wrangler.session)["Status"]["State"] == "SUCCEEDED"
    assert athena.get_query_columns_types(query_id, boto3_session=wrangler.session) == {"_col0": "integer"}
    assert query_id in athena.list_query_executions(boto3_session=wrangler.session)
    found = athena.get_query_executions([query_id, "nosuch"], return_unprocessed=True, boto3_session=wrangler.session)
    assert [len(f) for f in found] == [1, 1]
    athena.create_prepared_statement(
        sql="SELECT name FROM people WHERE id = ?", statement_name="by_id", boto3_session=wrangler.session
    )
    athena.create_prepared_statement(
        sql="SELECT id FROM people WHERE id = ?", statement_name="by_id", mode="update", boto3_session=wrangler.session
    )
    listed = athena.list_prepared_statements(boto3_session=wrangler.session)
    assert "by_id" in [s["StatementName"] for s in listed]
    assert wrangler.read("EXECUTE by_id USING 2", ctas_approach=False)["id"].tolist() == [2]
    athena.delete_prepared_statement("by_id", boto3_session=wrangler.session)


def test_the_cache_of_earlier_queries(wrangler: Wrangler) -> None:
    sql, cache = (
        "SELECT count(*) + 3000 AS n FROM people",
        {"max_cache_seconds": 900, "max_cache_query_inspections": 50},
    )
    first = wrangler.read(sql, ctas_approach=False)
    again = wrangler.read(sql, ctas_approach=False, athena_cache_settings=cache)
    assert (again["n"].tolist(), again.query_metadata["QueryExecutionId"]) == (
        first["n"].tolist(),
        first.query_metadata["QueryExecutionId"],
    )
