"""Backfills: what may be asked for, and what is read from an execution's history."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from workshop.backfill import (
    Follower,
    Hour,
    Tally,
    hours_of,
    machine_input,
    parse_days,
    parse_hours,
    reason_of,
    start_or_join,
    tally,
)
from workshop.errors import WorkshopError

DAY = date(2024, 1, 15)
NOON = datetime(2024, 1, 15, 12, 30, tzinfo=UTC)


# --- what is asked for ---


def test_days_and_ranges_are_sorted_and_taken_once() -> None:
    assert parse_days(["2024-03-01", "2024-02-28..2024-03-01"]) == [
        date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hours"),
    [("7", [7]), ("0-23", list(range(24))), ("22-23,0-1,1", [0, 1, 22, 23]), (" 5 , 6", [5, 6])],
)
def test_hours_and_ranges_of_hours(text: str, hours: list[int]) -> None:
    assert parse_hours(text) == hours


@pytest.mark.parametrize(
    "text", ["yesterday", "2024-02-30", "2024-1-5", "20240115", "2024-01-15T00", "", "2024-01-15..", "..2024-01-15"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(WorkshopError, match="is not a day") as caught:
        parse_days([text])
    assert "2024-01-15" in caught.value.hint


@pytest.mark.parametrize("text", ["24", "-1", "5-3", "a", "", "0-24", "1,,2", "0..5", "٣"])
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(WorkshopError, match="hours of a day"):
        parse_hours(text)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (["2014-12-31"], "before 2015-01-01"),
        (["2024-01-16"], "in the future"),
        (["2024-01-05..2024-01-01"], "ends before it begins"),
        (["2023-12-01..2024-01-01"], "32 days are too many"),
        (["2015-01-01..2023-12-31"], "3287 days are too many"),
        (["2023-10-01..2023-10-31", "2023-12-01"], "32 days are too many"),
    ],
)
def test_days_out_of_reach_are_refused(days: list[str], says: str) -> None:
    with pytest.raises(WorkshopError, match=says):
        hours_of(parse_days(days), [0], NOON)


def test_a_month_and_the_first_day_of_the_archive_are_taken() -> None:
    over, not_yet = hours_of(parse_days(["2015-01-01..2015-01-31"]), list(range(24)), NOON)
    assert (len(over), not_yet) == (744, [])


def test_hours_that_are_not_over_are_left_out() -> None:
    over, not_yet = hours_of([DAY], [10, 11, 12, 13], NOON)
    assert over == [Hour(DAY, 10), Hour(DAY, 11)]
    assert not_yet == [Hour(DAY, 12), Hour(DAY, 13)]
    with pytest.raises(WorkshopError, match=r"None of these hours is over; it is 2024-01-15 12:30"):
        hours_of([DAY], [12], NOON)


# --- the execution ---


class FakeStates:
    """Step Functions with one execution; `history` grows as the test says. Pages hold `page_size` events."""

    def __init__(self, history: Sequence[dict[str, Any]] = (), page_size: int = 1000) -> None:
        self.history = [{"id": number, **event} for number, event in enumerate(history, 1)]
        self.status = "RUNNING"
        self.pages_read = 0
        self.running: dict[str, str] = {}
        self.started: list[dict[str, Any]] = []
        self._page_size = page_size

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if executionArn in self.running:
            return {"input": self.running[executionArn]}
        ended = {} if self.status == "RUNNING" else {"stopDate": datetime(2024, 1, 15, 10, 2, tzinfo=UTC)}
        failed = {"error": "HoursFailed", "cause": "hour 1"} if self.status == "FAILED" else {}
        return {"status": self.status, "startDate": datetime(2024, 1, 15, 10, 0, tzinfo=UTC), **ended, **failed}

    def start_execution(self, **given: Any) -> dict[str, Any]:
        self.started.append(given)
        return {"executionArn": f"{given['stateMachineArn']}:{given['name']}"}

    def get_paginator(self, operation: str) -> "FakeStates":
        self._operation = operation
        return self

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        if self._operation == "list_executions":
            assert given["statusFilter"] == "RUNNING"
            for arn in self.running:
                yield {"executions": [{"executionArn": arn}]}
            return
        assert given["reverseOrder"]
        newest_first = self.history[::-1]
        for start in range(0, max(1, len(newest_first)), self._page_size):
            self.pages_read += 1
            yield {"events": newest_first[start : start + self._page_size]}


def succeeded(hour: int, outcome: str = "stored", **more: Any) -> dict[str, Any]:
    answer = {"day": "2024-01-15", "hour": hour, "outcome": outcome, "events": 10, "quarantined": 1, "bytes": 100}
    output = {"ExecutedVersion": "$LATEST", "Payload": answer | more, "StatusCode": 200}
    details = {"resourceType": "lambda", "resource": "invoke", "output": json.dumps(output)}
    return {"type": "TaskSucceeded", "taskSucceededEventDetails": details}


def entered(name: str) -> dict[str, Any]:
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name, "input": "{}"}}


def exited(kind: str, name: str, output: Any) -> dict[str, Any]:
    return {"type": f"{kind}StateExited", "stateExitedEventDetails": {"name": name, "output": json.dumps(output)}}


FAILED = {"type": "TaskFailed", "taskFailedEventDetails": {"error": "RuntimeError", "cause": "{}"}}
NOTED = {
    "day": "2024-01-15", "hour": 1, "outcome": "failed", "error": "CorruptArchiveError",
    "cause": '{"errorMessage": "hour 1 is \\"cut\\" off", "errorType": "CorruptArch',
}  # fmt: skip


def test_a_history_is_read_once_and_in_order() -> None:
    states = FakeStates([{"type": "ExecutionStarted"}, entered("Store an hour"), succeeded(0)])
    follower = Follower(states, "arn")
    assert set(follower.look().results) == {Hour(DAY, 0)}
    for event in (FAILED, succeeded(2, "already_stored"), succeeded(3, "missing", events=0, quarantined=0, bytes=0)):
        states.history.append({"id": len(states.history) + 1, **event})
    found = follower.look()
    assert (len(found.results), found.failed_tries, found.phase, found.has_ended) == (3, 1, "hours", False)
    hours = [{"day": "2024-01-15", "hour": hour, "outcome": "stored"} for hour in (0, 2, 3)]
    for event in (
        exited("Map", "Store the hours", {"days": ["2024-01-15"], "hours": [*hours[:1], NOTED]}),
        entered("Silver"), exited("Task", "Silver", {"silver": {"outcome": "busy", "rows": 0}}),
        entered("Silver"), exited("Task", "Silver", {"silver": {"outcome": "ok", "rows": 20}}),
        entered("Silver"), exited("Task", "Silver", {"silver": {"outcome": "ok", "rows": 1}}),
        entered("Gold"),
    ):  # fmt: skip
        states.history.append({"id": len(states.history) + 1, **event})
    states.status = "FAILED"
    found = follower.look()
    assert (found.phase, found.rows, found.answers["silver"]) == ("gold", {"silver": 21}, {"outcome": "ok", "rows": 1})
    assert (found.error, found.cause, found.seconds, found.has_ended) == ("HoursFailed", "hour 1", 120.0, True)
    assert tally([Hour(DAY, hour) for hour in range(5)], found.results) == Tally(
        stored=1, already_stored=1, missing=1, failed=2, events=20, quarantined=2, bytes=200
    )


def test_a_long_history_is_read_from_its_end() -> None:
    states = FakeStates([succeeded(hour) for hour in range(20)], page_size=4)
    follower = Follower(states, "arn")
    assert len(follower.look().results) == 20
    assert states.pages_read == 5
    states.history.append({"id": 21, **succeeded(20)})
    assert len(follower.look().results) == 21
    assert states.pages_read == 6, "one page more, not the whole history again"


def test_the_same_hours_are_joined_and_others_are_not() -> None:
    states = FakeStates()
    hours = [Hour(DAY, 0), Hour(DAY, 1)]
    arn, joined = start_or_join(states, "machine", hours)
    assert not joined
    [started] = states.started
    assert json.loads(started["input"]) == {
        "hours": [{"day": "2024-01-15", "hour": 0}, {"day": "2024-01-15", "hour": 1}], "days": ["2024-01-15"],
    }  # fmt: skip
    states.running = {"other": json.dumps(machine_input([Hour(DAY, 5)])), arn: started["input"]}
    assert start_or_join(states, "machine", hours) == (arn, True)
    assert start_or_join(states, "machine", [Hour(DAY, 7)])[1] is False
    names = [one["name"] for one in states.started]
    assert len(set(names)) == 2, "a name may be used once in ninety days"
    assert all(len(name) <= 80 for name in names)


def test_a_month_fits_into_what_an_execution_is_started_with() -> None:
    hours, _ = hours_of(parse_days(["2023-12-01..2023-12-31"]), list(range(24)), NOON)
    assert len(json.dumps(machine_input(hours))) < 256 * 1024


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (NOTED, 'CorruptArchiveError: hour 1 is "cut" off'),
        ({"error": "States.Timeout", "cause": ""}, "States.Timeout"),
        ({"error": "Lambda.Unknown", "cause": '{"errorMessage":"2024 Task timed out after 900.00 sec'},
         "Lambda.Unknown: 2024 Task timed out after 900.00 sec"),
        ({}, "not begun"),
    ],
)  # fmt: skip
def test_why_an_hour_failed(result: dict[str, Any], says: str) -> None:
    assert reason_of(result) == says
