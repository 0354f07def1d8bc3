"""What can happen around an hour of GH Archive: two workers at once, refusals, endless lines, deaths while replaying.

S3 is in memory and keeps the one rule that matters here, conditional writes. What is expected is counted with json from
the served lines.
"""

# ruff: noqa: N803 (boto3 spells its arguments like this)

import gzip
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from github_events_ingestor.backfill import Backfill, HourOutcome
from github_events_ingestor.backfill_handler import Request
from github_events_ingestor.errors import RequestError, SettingsError, SourceError
from github_events_ingestor.event import MAX_LINE_BYTES, Rule
from github_events_ingestor.gharchive import Archive
from github_events_ingestor.hour_store import HourStore
from github_events_ingestor.quarantine import MAX_RAW_BYTES
from github_events_ingestor.replay import Replay
from github_events_ingestor.settings import BackfillSettings
from ingestor_world import BRONZE, QUARANTINE, Invocation, Scripted, archive, event

Serve = Callable[[Any], str]
DAY, HOUR = date(2025, 6, 11), 7
NOW = datetime(2025, 7, 1, tzinfo=UTC)
BUCKET, RECORDS = "dp-test-raw", "state/gharchive_backfill/"
KEY = f"{BRONZE}ingest_dt=2025-06-11/gharchive-2025-06-11-07.json.gz"
RECORD = f"{RECORDS}2025-06-11/07.json"
EVENTS = [json.dumps(event(number)).encode() for number in range(1, 6)]
BAD = b'{"id": "1", "type": "PushEv'


@dataclass
class MemoryS3:
    """S3 with conditional writes; safe for threads. `dies` may raise, before or after the call with this number."""

    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)
    dies: tuple[int, bool] | None = None
    calls: int = 0
    lock: Any = field(default_factory=threading.RLock)

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **options: Any) -> None:
        content = Body if isinstance(Body, bytes) else Body.read()
        with self._call():
            self._check(Key, options)
            self.objects[Key] = content, options.get("Metadata", {})
            self.puts.append(Key)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        with self._call():
            content, metadata = self._find(Key)
            body = StreamingBody(io.BytesIO(content), len(content))
            return {"Body": body, "ETag": self._etag(Key), "Metadata": metadata}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        with self._call():
            content, metadata = self._find(Key)
            return {"ContentLength": len(content), "Metadata": metadata}

    def delete_object(self, *, Bucket: str, Key: str, **options: Any) -> None:
        with self._call():
            self._check(Key, options)
            self.objects.pop(Key, None)

    def get_paginator(self, operation: str) -> "MemoryS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        with self._call():
            found = sorted(key for key in self.objects if key.startswith(Prefix))
        yield {"Contents": [{"Key": key} for key in found]} if found else {}

    def lines(self, prefix: str) -> list[bytes]:
        contents = [content for key, (content, _) in sorted(self.objects.items()) if key.startswith(prefix)]
        return [line for content in contents for line in gzip.decompress(content).split(b"\n")[:-1]]

    def _check(self, key: str, options: Mapping[str, Any]) -> None:
        if options.get("IfNoneMatch") == "*" and key in self.objects:
            raise _error("PreconditionFailed")
        if "IfMatch" in options:
            self._find(key)
            if options["IfMatch"] != self._etag(key):
                raise _error("PreconditionFailed")

    def _find(self, key: str) -> tuple[bytes, dict[str, str]]:
        if key not in self.objects:
            raise _error("NoSuchKey")
        return self.objects[key]

    def _etag(self, key: str) -> str:
        return f'"{hashlib.sha256(self.objects[key][0]).hexdigest()}"'

    def _call(self) -> "_Call":
        return _Call(self)


class _Call:
    def __init__(self, s3: MemoryS3) -> None:
        self._s3 = s3

    def __enter__(self) -> None:
        self._s3.lock.acquire()
        self._s3.calls += 1
        self._number = self._s3.calls
        if self._s3.dies == (self._number, False):
            self._s3.lock.release()
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        self._s3.lock.release()
        if self._s3.dies == (self._number, True):
            raise KeyboardInterrupt


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Memory")


def store_of(s3: MemoryS3) -> HourStore:
    return HourStore(s3, BUCKET, BRONZE, QUARANTINE, RECORDS)


def run(s3: MemoryS3, url: str, invocation: Invocation | None = None) -> HourOutcome:
    deadline = (invocation or Invocation(limit=600)).deadline()
    return Backfill(store_of(s3), Archive(url, deadline, now=lambda: NOW), deadline, now=lambda: NOW).hour(DAY, HOUR)


def record(s3: MemoryS3) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(s3.objects[RECORD][0])
    return document


def test_two_workers_at_once_store_an_hour_once(serve: Serve) -> None:
    url = serve(Scripted([(200, {}, archive(*EVENTS, BAD))]))
    both = threading.Barrier(2)
    outcomes: list[HourOutcome] = []

    class Meeting(MemoryS3):
        def put_object(self, *, Key: str, **arguments: Any) -> None:  # type: ignore[override]
            # Neither has begun to write when the other finds nothing there.
            if Key.startswith(QUARANTINE):
                both.wait(timeout=60)
            super().put_object(Key=Key, **arguments)

    s3 = Meeting()
    workers = [threading.Thread(target=lambda: outcomes.append(run(s3, url))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(outcomes) == 2
    assert s3.puts.count(KEY) == 1
    assert s3.lines(BRONZE) == EVENTS
    assert [json.loads(line)["raw"] for line in s3.lines(QUARANTINE)] == [BAD.decode()]
    for outcome in outcomes:
        assert (outcome.record.outcome, outcome.record.events, outcome.record.quarantined) == ("stored", 5, 1)
    assert (record(s3)["outcome"], record(s3)["events"], record(s3)["key"]) == ("stored", 5, KEY)


def test_a_file_whose_only_line_is_no_event_leaves_no_object_of_bronze(serve: Serve) -> None:
    s3 = MemoryS3()
    outcome = run(s3, serve(Scripted([(200, {}, archive(BAD))])))
    assert (outcome.outcome, outcome.record.events, outcome.record.quarantined) == ("stored", 0, 1)
    assert outcome.record.key is None
    assert s3.lines(BRONZE) == []
    assert [json.loads(line)["raw"] for line in s3.lines(QUARANTINE)] == [BAD.decode()]
    assert run(s3, serve(Scripted([(500, {}, b"")]))).outcome == "already_stored"


def test_a_line_that_is_too_long_is_put_aside_with_its_beginning(serve: Serve) -> None:
    size = MAX_LINE_BYTES + 1
    long = b'{"pad":"' + b"x" * (size - 10) + b'"}'
    assert len(long) == size
    s3 = MemoryS3()
    outcome = run(s3, serve(Scripted([(200, {}, archive(EVENTS[0], long, EVENTS[1]))])))
    assert (outcome.record.events, outcome.record.quarantined) == (2, 1)
    assert s3.lines(BRONZE) == EVENTS[:2]
    [line] = [json.loads(line) for line in s3.lines(QUARANTINE)]
    assert (line["raw_bytes"], line["truncated"], line["byte_offset"]) == (size, True, len(EVENTS[0]) + 1)
    assert line["raw"].encode() == long[:MAX_RAW_BYTES]
    # Only its beginning is there, so it can never be released.
    later = NOW + timedelta(days=30)
    assert Replay(store_of(s3), Rule(later), Invocation(limit=600).deadline(), later).day(DAY).kept == 1


def test_members_of_gzip_blank_lines_and_line_ends_of_windows(serve: Serve) -> None:
    served = gzip.compress(EVENTS[0] + b"\r\n\n") + gzip.compress(b" \r\n" + EVENTS[1])
    s3 = MemoryS3()
    outcome = run(s3, serve(Scripted([(200, {}, served)])))
    assert (outcome.record.events, outcome.record.quarantined) == (2, 0)
    content = gzip.decompress(s3.objects[KEY][0])
    assert content == EVENTS[0] + b"\r\n" + EVENTS[1]


def test_a_failure_that_passes_is_waited_out(serve: Serve) -> None:
    invocation = Invocation(limit=600)
    answers = [(503, {"Retry-After": "100"}, b""), (429, {}, b""), (200, {}, archive(*EVENTS))]
    s3 = MemoryS3()
    outcome = run(s3, serve(Scripted(answers)), invocation)
    assert (outcome.outcome, outcome.record.attempts) == ("stored", 3)
    # The server's own wish counts, where it has one.
    assert invocation.slept[0] == 100
    assert 0 < invocation.slept[1] <= 2


@pytest.mark.parametrize(
    ("status", "headers", "requests"),
    [(500, {}, 5), (503, {"Retry-After": "3600"}, 1), (401, {}, 1), (301, {"Location": "/elsewhere"}, 1)],
)
def test_a_failure_that_stays_is_an_error_and_leaves_nothing(
    status: int, headers: dict[str, str], requests: int, serve: Serve
) -> None:
    server, s3 = Scripted([(status, headers, b"")]), MemoryS3()
    with pytest.raises(SourceError, match=str(status)):
        run(s3, serve(server))
    assert len(server.requests) == requests
    assert s3.objects == {}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_death_while_replaying_is_made_good_by_the_next_replay(number: int, after: bool, serve: Serve) -> None:
    ahead = json.dumps(event(70, created_at="2025-07-02T00:00:01Z")).encode()
    s3, later = MemoryS3(), NOW + timedelta(hours=1)
    run(s3, serve(Scripted([(200, {}, archive(*EVENTS, ahead, BAD))])))
    assert s3.lines(BRONZE) == EVENTS

    def replay() -> None:
        Replay(store_of(s3), Rule(later), Invocation(limit=600).deadline(), later).day(DAY)

    s3.dies, s3.calls = (number, after), 0
    with suppress(KeyboardInterrupt):
        replay()
    s3.dies = None
    assert ahead in s3.lines(BRONZE) or ahead.decode() in [json.loads(one)["raw"] for one in s3.lines(QUARANTINE)]
    replay()
    assert sorted(s3.lines(BRONZE)) == sorted([*EVENTS, ahead])
    assert [json.loads(line)["raw"] for line in s3.lines(QUARANTINE)] == [BAD.decode()]


def test_a_replay_leaves_a_quarantine_that_has_changed_meanwhile(serve: Serve) -> None:
    ahead = json.dumps(event(70, created_at="2025-07-02T00:00:01Z")).encode()
    s3, later = MemoryS3(), NOW + timedelta(hours=1)
    run(s3, serve(Scripted([(200, {}, archive(*EVENTS, ahead))])))
    [key] = [key for key in s3.objects if key.startswith(QUARANTINE)]
    written = gzip.compress(b'{"raw": "by somebody else"}\n')

    class Changing(MemoryS3):
        def delete_object(self, *, Key: str, **arguments: Any) -> None:  # type: ignore[override]
            self.objects[Key] = written, {}
            super().delete_object(Key=Key, **arguments)

    changing = Changing(s3.objects)
    Replay(store_of(changing), Rule(later), Invocation(limit=600).deadline(), later).day(DAY)
    assert changing.objects[key] == (written, {})


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"day": "2024-01-15", "hour": 0}, Request(date(2024, 1, 15), 0)),
        ({"day": "2011-02-12", "hour": 23, "more": 1}, Request(date(2011, 2, 12), 23)),
        ({"replay": "2024-02-29"}, Request(date(2024, 2, 29), None)),
    ],
)
def test_an_event_says_what_is_asked_for(asked: Any, expected: Request) -> None:
    assert Request.from_event(asked) == expected


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"day": "2024-01-15"},
        {"hour": 7},
        {"day": "2024-01-15", "hour": 24},
        {"day": "2024-01-15", "hour": -1},
        {"day": "2024-01-15", "hour": "7"},
        {"day": "2024-01-15", "hour": True},
        {"day": "2024-1-15", "hour": 7},
        {"day": "2023-02-29", "hour": 7},
        {"day": "2011-02-11", "hour": 7},
        {"day": "20240115", "hour": 7},
        {"day": "2024-01-15", "hour": 7, "replay": "2024-01-15"},
        {"replay": None},
    ],
)
def test_an_event_that_asks_for_nothing_known_is_refused(asked: Any) -> None:
    with pytest.raises(RequestError):
        Request.from_event(asked)


ENVIRONMENT = {
    "RAW_BUCKET": "dp-dev-123456789012-raw",
    "BRONZE_PREFIX": "github/events/",
    "BACKFILL_STATE_PREFIX": "state/gharchive_backfill/",
    "GHARCHIVE_URL": "https://data.gharchive.org",
}


def test_the_environment_is_read() -> None:
    assert BackfillSettings.from_environment(ENVIRONMENT) == BackfillSettings(
        "dp-dev-123456789012-raw", "github/events/", "state/gharchive_backfill/", "https://data.gharchive.org"
    )


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("value", [None, "http://data.gharchive.org/"])
def test_a_setting_that_is_missing_or_malformed_is_named(name: str, value: str | None) -> None:
    environment = {key: text for key, text in (ENVIRONMENT | {name: value}).items() if text is not None}
    with pytest.raises(SettingsError, match=name):
        BackfillSettings.from_environment(environment)
