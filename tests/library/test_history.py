"""Backfills and lineage as notebooks see them, against a Step Functions and a lake that the tests script."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from workshop import history
from workshop.errors import WorkshopError
from workshop.lineage import BronzeObject, Lineage, SilverFile
from workshop.names import Names

STARTED = datetime(2024, 2, 1, 10, 0, tzinfo=UTC)


def task(hour: int, outcome: str, **more: int) -> dict[str, Any]:
    answer = {"day": "2024-01-15", "hour": hour, "outcome": outcome, "events": 0, "quarantined": 0, "bytes": 0} | more
    return {
        "type": "TaskSucceeded",
        "taskSucceededEventDetails": {"output": json.dumps({"Payload": answer | {"attempts": 1}})},
    }


class Machine:
    """A state machine that has done two hours and is at Silver at the first look, and has ended at the second."""

    def __init__(self, status: str = "SUCCEEDED") -> None:
        self.status = status
        self.looks = 0
        self.input: dict[str, Any] = {}
        self._operation = ""

    def start_execution(self, **given: Any) -> dict[str, Any]:
        self.input = json.loads(given["input"])
        return {"executionArn": "arn:execution"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        assert executionArn == "arn:execution"
        self.looks += 1
        if self.looks == 1:
            return {"status": "RUNNING", "startDate": STARTED}
        failed = {"error": "HoursFailed", "cause": "Could not store 2024-01-15 8:00."}
        return {"status": self.status, "startDate": STARTED, "stopDate": STARTED} | (
            failed if self.status == "FAILED" else {}
        )

    def get_paginator(self, operation: str) -> "Machine":
        self._operation = operation
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        if self._operation == "list_executions":
            yield {"executions": []}
            return
        events = [
            task(7, "stored", events=700, quarantined=2, bytes=3_000),
            task(8, "missing"),
            {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Silver"}},
        ]
        yield {"events": [{"id": number, **event} for number, event in enumerate(events, 1)][::-1]}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; the pauses are kept."""
    pauses: list[float] = []
    monkeypatch.setattr("workshop.history.time.sleep", pauses.append)
    return pauses


def test_a_backfill_is_one_line_that_moves_and_one_row_an_hour(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine()
    found = history.fetch(machine, "arn:machine", ["2024-01-15"], "7-8")
    assert machine.input == {
        "hours": [{"day": "2024-01-15", "hour": 7}, {"day": "2024-01-15", "hour": 8}],
        "days": ["2024-01-15"],
    }
    assert found.to_dict("list") == {
        "day": ["2024-01-15", "2024-01-15"],
        "hour": [7, 8],
        "outcome": ["stored", "missing"],
        "events": [700, 0],
        "quarantined": [2, 0],
        "bytes": [3000, 0],
        "attempts": [1, 1],
    }
    said = capsys.readouterr().out
    assert "2/2 hours; Silver is being brought up to date" in said
    assert "✔ Backfill 2024-01-15, 2 hours 1 stored, 1 missing · 700 events · 3.0 KB" in said


def test_a_failed_backfill_says_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        WorkshopError, match=r"ended as FAILED\. HoursFailed: Could not store 2024-01-15 8:00"
    ) as caught:
        history.fetch(Machine("FAILED"), "arn:machine", ["2024-01-15"], "7-8")
    assert "only what is missing" in caught.value.hint
    assert "✘ Backfill" in capsys.readouterr().out


def lineage(monkeypatch: pytest.MonkeyPatch, gold: int, *, is_stale: bool = False) -> Any:
    objects = (
        BronzeObject(
            "s3://raw/github/events/ingest_dt=2024-01-15/a.json.gz",
            2,
            source="https://api.github.com/events",
            received_at="2024-01-15T10:00:01+00:00",
        ),
        BronzeObject("s3://raw/github/events/ingest_dt=2024-01-15/b.json.gz", 1, exists=False),
    )
    files = (SilverFile("s3://silver/github_events_silver/year=2024/month=01/one", objects),)
    found = Lineage(date(2024, 1, 15), "PushEvent", "o/r", gold, files, is_stale)
    monkeypatch.setattr(history, "trace", lambda *_: found)
    return history.lineage(None, Names("dev", "1" * 12, "us-east-1"), found.day, "PushEvent", "o/r")


def test_lineage_has_a_row_for_each_object_with_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lineage(monkeypatch, gold=3)
    assert found.index.tolist() == [("one", "a.json.gz"), ("one", "b.json.gz")]
    assert found["events"].tolist() == [2, 1]
    assert found["received_at"].tolist() == ["2024-01-15 10:00:01", ""]
    assert found["source"].iloc[0] == "https://api.github.com/events"
    assert "Gold says 3, Silver holds 3" in capsys.readouterr().out


@pytest.mark.parametrize(("is_stale", "hint"), [(True, "run Gold"), (False, "from just this Silver")])
def test_a_number_that_does_not_agree_is_an_error(monkeypatch: pytest.MonkeyPatch, is_stale: bool, hint: str) -> None:
    with pytest.raises(WorkshopError, match="Gold says 4, Silver holds 3") as caught:
        lineage(monkeypatch, gold=4, is_stale=is_stale)
    assert hint in caught.value.hint
