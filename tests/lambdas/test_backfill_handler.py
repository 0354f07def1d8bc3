"""The backfill's entry point: what an event asks for, what comes back, and what is logged and measured."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from github_events_ingestor.backfill_handler import Request, handler
from github_events_ingestor.errors import CorruptArchiveError, RequestError
from ingestor_world import BRONZE, Invocation, Scripted, archive, event, keys
from running_sandbox import RunningSandbox

Serve = Callable[[Any], str]
Printed = Callable[[], str]
ASKED = {"id": "execution-7", "day": "2025-06-11", "hour": 13}
EVENTS = [json.dumps(event(number)).encode() for number in (1, 2, 3)]
BAD = b'{"id": "4", "type": '


@pytest.fixture
def raw_bucket(sandbox: RunningSandbox, environment: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket, and the environment that Lambda gives the function."""
    bucket = f"dp-test-{uuid4().hex[:12]}-raw"
    sandbox.client("s3").create_bucket(Bucket=bucket)
    monkeypatch.setenv("RAW_BUCKET", bucket)
    monkeypatch.setenv("BRONZE_PREFIX", BRONZE)
    monkeypatch.setenv("BACKFILL_STATE_PREFIX", "state/gharchive_backfill/")
    return bucket


def measured(output: str) -> dict[str, float]:
    [metrics] = [line for line in map(json.loads, output.splitlines()) if "_aws" in line]
    [directive] = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Lakehouse"
    assert sorted(directive["Dimensions"][0]) == ["function_name", "service"]
    return {metric["Name"]: sum(metrics[metric["Name"]]) for metric in directive["Metrics"]}


@pytest.mark.sandbox
def test_an_hour_is_reported_and_measured_once(
    serve: Serve, sandbox: RunningSandbox, raw_bucket: str, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHARCHIVE_URL", serve(Scripted([(200, {}, archive(*EVENTS, BAD))])))
    report = handler(ASKED, Invocation(limit=600))
    assert json.loads(json.dumps(report)) == report, "Lambda returns it as JSON"
    [key] = keys(sandbox.client("s3"), raw_bucket, BRONZE)
    size = sandbox.client("s3").head_object(Bucket=raw_bucket, Key=key)["ContentLength"]
    assert {name: report[name] for name in ("outcome", "events", "quarantined", "bytes", "key", "attempts")} == {
        "outcome": "stored", "events": 3, "quarantined": 1, "bytes": size, "key": key, "attempts": 1,
    }  # fmt: skip
    output = printed()
    assert measured(output) == {
        "EventsStored": 3, "EventsQuarantined": 1, "BytesStored": size, "HoursMissing": 0, "HoursCorrupt": 0,
    }  # fmt: skip
    [line] = [line for line in map(json.loads, output.splitlines()) if line.get("message") == "Looked after an hour"]
    assert (line["correlation_id"], line["hour"]) == ("execution-7", 13)

    # Delivered twice: the same report, and nothing counted a second time.
    assert handler(ASKED, Invocation(limit=600)) == report | {"outcome": "already_stored"}
    assert set(measured(printed()).values()) == {0}


@pytest.mark.sandbox
def test_an_hour_that_is_not_there_is_measured_and_no_error(
    serve: Serve, raw_bucket: str, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHARCHIVE_URL", serve(Scripted([(404, {}, b"")])))
    assert handler(ASKED, Invocation(limit=600))["outcome"] == "missing"
    found = measured(printed())
    assert (found["HoursMissing"], found["EventsStored"]) == (1, 0)


@pytest.mark.sandbox
def test_a_damaged_file_is_measured_and_fails_the_run(
    serve: Serve, sandbox: RunningSandbox, raw_bucket: str, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = archive(*EVENTS)[:-9]  # the checksum and a byte of the content
    monkeypatch.setenv("GHARCHIVE_URL", serve(Scripted([(200, {}, cut)] * 9)))
    with pytest.raises(CorruptArchiveError):
        handler(ASKED, Invocation(limit=600))
    assert measured(printed())["HoursCorrupt"] == 1
    assert keys(sandbox.client("s3"), raw_bucket, BRONZE) == []


@pytest.mark.sandbox
def test_a_day_without_quarantine_has_nothing_to_replay(
    raw_bucket: str, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHARCHIVE_URL", "https://127.0.0.1:9")  # a replay asks nobody
    assert handler({"replay": "2025-06-11"}, Invocation(limit=600)) == {
        "outcome": "nothing_to_do", "day": "2025-06-11", "released": 0, "kept": 0, "keys": [],
    }  # fmt: skip
    assert measured(printed())["EventsStored"] == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, "neither"),
        ({}, "neither"),
        ({"replay": "2025-06-11", "hour": 3}, "neither"),
        ({"day": "2025-06-11"}, "hour is None"),
        ({"day": "2025-06-11", "hour": 24}, "hour is 24"),
        ({"day": "2025-06-11", "hour": "3"}, "hour is '3'"),
        ({"day": "2025-06-11", "hour": True}, "hour is True"),
        ({"hour": 3}, "day is None"),
        ({"day": "2025-02-30", "hour": 3}, "2025-02-30"),
        ({"day": "20250611", "hour": 3}, "20250611"),
        ({"replay": "../../state"}, "state"),
        ({"replay": "1999-01-01"}, "1999-01-01"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(asked: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        Request.from_event(asked)
