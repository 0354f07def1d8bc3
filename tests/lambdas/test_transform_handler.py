"""The entry point: any event, one report; and what the environment must hold."""

import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from athena_transform import gold, handler
from athena_transform.errors import QualityError, SettingsError
from athena_transform.lake import Outcome
from athena_transform.settings import Settings
from transform_fakes import RAW, Scripted, World

# What Lambda sends to an on-success destination:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
ENVELOPE = {
    "version": "1.0",
    "timestamp": "2020-12-18T15:44:05.000Z",
    "requestContext": {"requestId": "silver-request", "condition": "Success", "approximateInvokeCount": 1},
    "requestPayload": {},
    "responseContext": {"statusCode": 200},
    "responsePayload": {"outcome": "ok"},
}


@dataclass
class Context:
    aws_request_id: str = "own-request"
    function_name: str = "dp-test-gold-scheduler"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:dp-test-gold-scheduler"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def enter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = {"s3": world.s3, "athena": world.athena, "glue": world.glue}
    monkeypatch.setattr(boto3, "client", lambda name, **_: clients[name])
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "event",
    [{}, None, [], "text", 7, ENVELOPE, {"id": 7}, {"requestContext": None}, {"requestContext": {"requestId": 7}}],
)
def test_gold_takes_any_event(event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("gold")
    enter(world, monkeypatch)
    report = handler.handler(event, Context())
    assert report == {
        "outcome": "nothing_to_do",
        "rows": 0,
        "days": [],
        "compacted": [],
        "is_complete": True,
        "query_execution_ids": [],
        "data_scanned_in_bytes": 0,
    }


def test_gold_reconciles_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("gold")
    enter(world, monkeypatch)
    world.athena.script = [Scripted("LEFT JOIN", states=["SUCCEEDED"])]
    report = handler.handler({"reconcile": True}, Context())
    assert (report["outcome"], report["query_execution_ids"]) == ("nothing_to_do", ["query-1"])


def test_gold_rebuilds_the_days_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("gold")
    enter(world, monkeypatch)
    with pytest.raises(SettingsError, match="does not know 2020-12-17, 2020-12-18"):
        handler.handler({"rebuild": ["2020-12-18", "2020-12-17"]}, Context())


@pytest.mark.parametrize("event", [{"reconcile": "yes"}, {"reconcile": 1}, {"rebuild": ["yesterday"]}])
def test_gold_refuses_what_it_does_not_understand(event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("gold")
    enter(world, monkeypatch)
    with pytest.raises(SettingsError):
        handler.handler(event, Context())


def test_blocked_days_are_in_the_metrics(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world = World("gold")
    enter(world, monkeypatch)
    outcome = Outcome("ok", 5, quality_failures=2, quality_warnings=1)

    def run(lake: Any, **_: Any) -> Outcome:
        raise QualityError("2020-12-18 was blocked.", outcome)

    monkeypatch.setattr(gold, "run", run)
    with pytest.raises(QualityError):
        handler.handler({}, Context())
    [metrics] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert (metrics["QualityFailures"], metrics["QualityWarnings"], metrics["RowsWritten"]) == ([2.0], [1.0], [5.0])


def test_silver_reports_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("silver")
    enter(world, monkeypatch)
    world.s3.objects[RAW, "github/events/ingest_dt=2020-12-18/a.json.gz"] = b"event"
    world.athena.script = [
        Scripted("MIN(id)", states=["SUCCEEDED"], rows=[["1", "9", "2020-12"]]),
        Scripted("INSERT", states=["SUCCEEDED"], update_count=7),
    ]
    report = handler.handler({}, Context())
    assert json.loads(json.dumps(report)) == {
        "outcome": "ok",
        "rows": 7,
        "days": ["2020-12-18"],
        "compacted": [],
        "is_complete": True,
        "query_execution_ids": ["query-1", "query-2"],
        "data_scanned_in_bytes": 200,
    }


def test_metrics_and_logs_are_json_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world = World("gold")
    enter(world, monkeypatch)
    world.athena.script = [Scripted("LEFT JOIN", states=["SUCCEEDED"])]
    handler.handler({"reconcile": True}, Context())
    [metrics] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert metrics["function_name"] == "dp-test-gold-scheduler"
    assert metrics["DataScanned"] == [100.0]
    assert metrics["QualityFailures"] == metrics["QualityWarnings"] == [0.0]
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Lakehouse"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ENVELOPE, "silver-request"),
        ({"id": "scheduler-event"}, "scheduler-event"),
        ({"requestContext": {}}, "own-request"),
        (None, "own-request"),
    ],
)
def test_correlation_id(event: Any, expected: str) -> None:
    assert handler.correlation_id(event, Context()) == expected


@pytest.mark.parametrize("field", ["days", "since"])
@pytest.mark.parametrize("value", ["yesterday", "2020-13-01", 20201218, ["2020-12-18T00:00"], "", [None]])
def test_days_of_an_event_must_be_days(field: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(World("silver"), monkeypatch)
    with pytest.raises(SettingsError, match="YYYY-MM-DD"):
        handler.handler({field: value}, Context())


@pytest.mark.parametrize("value", ["2020-13", "2020-1", "2020-01-01", 202001, ["2020-01", "x' OR TRUE --"]])
def test_months_of_an_event_must_be_months(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(World("silver"), monkeypatch)
    with pytest.raises(SettingsError, match="YYYY-MM"):
        handler.handler({"compact": value}, Context())


@pytest.mark.parametrize("name", list(World("silver").environment))
def test_every_variable_must_be_set(name: str) -> None:
    environment = World("silver").environment
    del environment[name]
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRANSFORM", "bronze"), ("DATABASE", 'x"; DROP'), ("GOLD_BUCKET", "a/b"), ("STATE_PREFIX", "state")],
)
def test_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(World("silver").environment | {name: value})


def test_state_is_kept_per_transform() -> None:
    assert Settings.from_environment(World("silver").environment).state_key == "state/silver.json"
    assert Settings.from_environment(World("gold").environment).state_key == "state/gold.json"
