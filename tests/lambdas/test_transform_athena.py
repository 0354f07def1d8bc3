"""Queries within the time that Lambda gives. Requests and answers are checked against the API's own model (Stubber)."""

import itertools
from collections.abc import Iterator

import boto3
import pytest
from athena_transform.athena import Athena, Query
from athena_transform.deadline import SHUTDOWN_SECONDS, Deadline
from athena_transform.errors import QueryFailedError, QueryTimedOutError
from botocore.stub import Stubber
from transform_fakes import START, FakeAthena, FakeClock, Scripted

QUERY = Query("SELECT x FROM t WHERE day = CAST(? AS date)", ("'2020-12-18'",), token="0" * 36)
ID = "6c1f1e4c-0000-4000-8000-000000000000"
START_REQUEST = {
    "QueryString": QUERY.sql,
    "ExecutionParameters": ["'2020-12-18'"],
    "ClientRequestToken": "0" * 36,
    "QueryExecutionContext": {"Database": "dp_test_lake"},
    "WorkGroup": "dp-test-wg",
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(limit=120)


@pytest.fixture
def stubber() -> Iterator[Stubber]:
    client = boto3.client("athena", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def athena(client: object, clock: FakeClock) -> Athena:
    deadline = Deadline(clock, clock.sleep)
    return Athena(client, database="dp_test_lake", work_group="dp-test-wg", deadline=deadline)


def answer(stubber: Stubber, state: str, **more: object) -> None:
    status = {"State": state} | ({"StateChangeReason": more.pop("reason")} if "reason" in more else {})
    stubber.add_response(
        "get_query_execution",
        {"QueryExecution": {"QueryExecutionId": ID, "Status": status, "Statistics": more}},
        {"QueryExecutionId": ID},
    )


def test_run_waits_for_success(stubber: Stubber, clock: FakeClock) -> None:
    stubber.add_response("start_query_execution", {"QueryExecutionId": ID}, START_REQUEST)
    answer(stubber, "QUEUED")
    answer(stubber, "RUNNING")
    answer(stubber, "SUCCEEDED", DataScannedInBytes=42, DataManifestLocation="s3://b/m.csv")
    service = athena(stubber.client, clock)
    execution = service.run(QUERY)
    assert (execution.state, execution.data_scanned_in_bytes, execution.manifest) == ("SUCCEEDED", 42, "s3://b/m.csv")
    assert service.executions == [execution]


def test_failure_carries_athenas_reason_and_the_id(stubber: Stubber, clock: FakeClock) -> None:
    stubber.add_response("start_query_execution", {"QueryExecutionId": ID}, START_REQUEST)
    answer(stubber, "FAILED", reason="TYPE_MISMATCH: line 1:8: Cannot apply operator: date = varchar")
    with pytest.raises(QueryFailedError, match=f"Cannot apply operator: date = varchar.*{ID}"):
        athena(stubber.client, clock).run(QUERY)


def test_rows_come_without_the_header_and_over_all_pages(stubber: Stubber, clock: FakeClock) -> None:
    pages: list[list[list[str | None]]] = [[["day", "n"], ["2020-12-18", "5"]], [["2020-12-19", None]]]
    for number, page in enumerate(pages):
        rows = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in page]
        more = {"NextToken": "more"} if number == 0 else {}
        stubber.add_response("get_query_results", {"ResultSet": {"Rows": rows}} | more)
    assert list(athena(stubber.client, clock).rows(ID)) == [["2020-12-18", "5"], ["2020-12-19", None]]


def test_inserted_rows_is_the_update_count(stubber: Stubber, clock: FakeClock) -> None:
    stubber.add_response("get_query_results", {"UpdateCount": 7}, {"QueryExecutionId": ID, "MaxResults": 1})
    assert athena(stubber.client, clock).inserted_rows(ID) == 7


def test_same_query_started_twice_runs_once(clock: FakeClock) -> None:
    client = FakeAthena([])
    client.script = [Scripted("SELECT x")]
    service = athena(client, clock)
    assert service.start(QUERY) == service.start(QUERY)
    assert Query("SELECT 1").token != Query("SELECT 1").token


@pytest.mark.parametrize("limit", [21, 30, 120, 900])
def test_query_that_outlasts_the_invocation_is_stopped_before_lambda_kills_it(limit: float) -> None:
    clock = FakeClock(limit)  # its sleep fails the test when it reaches the limit
    client = FakeAthena([])
    client.script = [Scripted("SELECT x", states=["RUNNING"])]
    with pytest.raises(QueryTimedOutError, match="query-1"):
        athena(client, clock).run(QUERY)
    assert client.journal == ["start query-1 SELECT x", "stop query-1"]
    assert (clock.time - START).total_seconds() >= limit - SHUTDOWN_SECONDS


def test_waiting_asks_ever_less_often(clock: FakeClock) -> None:
    client = FakeAthena([])
    client.script = [Scripted("SELECT x", states=["RUNNING"] * 12 + ["SUCCEEDED"])]
    pauses: list[float] = []
    service = Athena(client, database="d", work_group="w", deadline=Deadline(clock, pauses.append))
    service.run(QUERY)
    assert pauses[0] == 0.1
    ratios = [after / before for before, after in itertools.pairwise(pauses)]
    assert all(1.0 <= ratio <= 1.5 + 1e-9 for ratio in ratios)
    assert pauses[-1] == 5.0
