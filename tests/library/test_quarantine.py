"""Looking into quarantine and replaying it, without AWS."""

import io
import json
from datetime import date
from typing import Any

import pytest

from workshop import functions
from workshop.functions import FunctionFailed
from workshop.names import Names
from workshop.quarantine import contents, days_with_lines, replay

NAMES = Names("dev", "123456789012", "us-east-1")
DAY = date(2024, 1, 15)


class FakeSession:
    """Lambdas that give the answers they were given, in order; a bucket with prefixes."""

    def __init__(self, answers: dict[str, list[Any]] | None = None, prefixes: tuple[str, ...] = ()) -> None:
        self.answers = answers or {}
        self.calls: list[tuple[str, Any]] = []
        self.config: Any = None
        self._prefixes = prefixes

    def client(self, service: str, config: Any = None) -> "FakeSession":
        if service == "lambda":
            self.config = config
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.calls.append((FunctionName, json.loads(Payload)))
        answer = self.answers[FunctionName].pop(0)
        failed = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())} | failed

    def get_paginator(self, operation: str) -> "FakeSession":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        assert given == {
            "Bucket": "dp-dev-123456789012-raw", "Prefix": "quarantine/github/events/", "Delimiter": "/"
        }  # fmt: skip
        return [{"CommonPrefixes": [{"Prefix": one} for one in self._prefixes]}, {}]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions.time, "sleep", lambda _: None)


RELEASED = {"outcome": "replayed", "day": "2024-01-15", "released": 3, "kept": 1, "keys": ["k"]}
OK = {"outcome": "ok", "rows": 2, "is_complete": True}
BACKFILL, SILVER, GOLD = "dp-dev-gharchive-backfill", "dp-dev-silver-scheduler", "dp-dev-gold-scheduler"


def test_a_replay_goes_through_bronze_silver_and_gold_until_each_is_done() -> None:
    busy, partly = OK | {"outcome": "busy", "rows": 0, "is_complete": False}, OK | {"is_complete": False}
    session = FakeSession({BACKFILL: [RELEASED], SILVER: [busy, partly, OK], GOLD: [partly, OK]})
    said: list[str] = []
    done = replay(session, NAMES, DAY, said.append)
    assert session.calls == [
        (BACKFILL, {"replay": "2024-01-15"}),
        *[(SILVER, {"days": ["2024-01-15"]})] * 3,
        *[(GOLD, {})] * 2,
    ]
    assert (done.released, done.silver["rows"], done.gold["rows"]) == (RELEASED, 4, 4)
    assert len(said) == 3


def test_silver_is_asked_even_if_nothing_was_released_now() -> None:
    """A replay that died after its release has left the day to the next one."""
    nothing = {"outcome": "nothing_to_do", "day": "2024-01-15", "released": 0, "kept": 1, "keys": []}
    session = FakeSession({BACKFILL: [nothing], SILVER: [OK], GOLD: [OK]})
    assert replay(session, NAMES, DAY).silver["rows"] == 2


def test_a_functions_own_error_is_raised_and_ends_the_replay() -> None:
    session = FakeSession({BACKFILL: [{"errorType": "RequestError", "errorMessage": "not a day"}]})
    with pytest.raises(FunctionFailed, match="RequestError: not a day"):
        replay(session, NAMES, DAY)
    assert len(session.calls) == 1


def test_a_function_is_waited_for_and_never_called_twice_by_the_client() -> None:
    session = FakeSession({BACKFILL: [RELEASED], SILVER: [OK], GOLD: [OK]})
    replay(session, NAMES, DAY)
    assert session.config.read_timeout > 900, "the longest that Lambda runs a function, in seconds"
    assert session.config.retries == {"total_max_attempts": 1}


def test_days_are_those_that_have_a_folder() -> None:
    root = "quarantine/github/events/"
    session = FakeSession(prefixes=(f"{root}ingest_dt=2024-01-15/", f"{root}ingest_dt=2023-12-31/", f"{root}other/"))
    assert days_with_lines(session, NAMES) == [date(2023, 12, 31), DAY]


def test_without_days_there_is_nothing_and_no_query() -> None:
    assert contents(object(), NAMES, []).reasons == ()
