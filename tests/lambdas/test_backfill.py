"""Hours of GH Archive: stored whole, as they came, once; and what is no event put aside. Against the sandbox's S3.

What is expected is counted from the served files with gzip and json.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from github_events_ingestor.backfill import Backfill
from github_events_ingestor.errors import CorruptArchiveError, NotAnEventError
from github_events_ingestor.event import Rule
from github_events_ingestor.gharchive import Archive
from github_events_ingestor.hour_store import HourStore
from github_events_ingestor.replay import Replay
from hypothesis import given
from hypothesis import strategies as st
from ingestor_world import BRONZE, QUARANTINE, Invocation, Scripted, archive, event, keys, lines
from running_sandbox import RunningSandbox

from workshop.sandbox.github import open_source

Serve = Callable[[Any], str]
DAY, HOUR = date(2025, 6, 11), 13
NOW = datetime(2025, 7, 1, tzinfo=UTC)
KEY = f"{BRONZE}ingest_dt=2025-06-11/gharchive-2025-06-11-13.json.gz"
GENERATED = [one.raw for one in open_source(seed=5, count=300).events]


@pytest.fixture
def store(sandbox: RunningSandbox) -> HourStore:
    client, bucket = sandbox.client("s3"), f"dp-test-{uuid4().hex[:12]}-raw"
    client.create_bucket(Bucket=bucket)
    return HourStore(client, bucket, BRONZE, QUARANTINE, "state/gharchive_backfill/")


def run(store: HourStore, url: str) -> Any:
    deadline = Invocation(limit=600).deadline()
    return Backfill(store, Archive(url, deadline), deadline, now=lambda: NOW).hour(DAY, HOUR)


def body(store: HourStore, key: str) -> bytes:
    content: bytes = store.client.get_object(Bucket=store.bucket, Key=key)["Body"].read()
    return content


@pytest.mark.sandbox
def test_hour_of_events_is_the_archives_own_file(serve: Serve, store: HourStore) -> None:
    served = archive(*GENERATED)
    outcome = run(store, serve(Scripted([(200, {}, served)])))
    assert (outcome.outcome, outcome.record.events, outcome.record.quarantined) == ("stored", 300, 0)
    assert body(store, KEY) == served
    metadata = store.client.head_object(Bucket=store.bucket, Key=KEY)["Metadata"]
    ids = [json.loads(raw)["id"] for raw in GENERATED]
    assert (metadata["events"], metadata["first-id"], metadata["last-id"]) == ("300", min(ids), max(ids))
    # Once more: nothing is fetched, nothing is stored.
    again = Scripted([(500, {}, b"")])
    assert run(store, serve(again)).outcome == "already_stored"
    assert again.requests == []


@pytest.mark.sandbox
@pytest.mark.parametrize("place", [0, 150, 300], ids=["first", "middle", "last"])
def test_line_that_is_no_event_is_put_aside_and_the_others_stay(place: int, serve: Serve, store: HourStore) -> None:
    bad = b'{"id": "1", "type": "PushEv'
    content = [*GENERATED[:place], bad, *GENERATED[place:]]
    outcome = run(store, serve(Scripted([(200, {}, archive(*content))])))
    assert (outcome.outcome, outcome.record.events, outcome.record.quarantined) == ("stored", 300, 1)
    assert lines(store.client, store.bucket, BRONZE) == GENERATED
    [put_aside] = [json.loads(line) for line in lines(store.client, store.bucket, QUARANTINE)]
    assert put_aside["raw"].encode() == bad
    assert put_aside["byte_offset"] == sum(len(raw) + 1 for raw in GENERATED[:place])
    assert put_aside["source"].endswith("/2025-06-11-13.json.gz")


@pytest.mark.sandbox
def test_missing_hour_is_recorded_and_asked_for_again(serve: Serve, store: HourStore) -> None:
    url = serve(Scripted([(404, {}, b""), (200, {}, archive(*GENERATED))]))
    assert run(store, url).outcome == "missing"
    record = json.loads(body(store, "state/gharchive_backfill/2025-06-11/13.json"))
    assert record["outcome"] == "missing"
    assert keys(store.client, store.bucket, BRONZE) == []
    assert run(store, url).outcome == "stored"


def damaged(kind: str) -> bytes:
    whole = archive(*GENERATED)
    half = len(whole) // 2
    return {
        "truncated": whole[:half],
        "flipped": whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
        "crc": whole[:-8] + bytes(4) + whole[-4:],
        "garbage": b"<!DOCTYPE html><title>Unicorn!</title>",
        "more": whole + b"garbage",
        "empty": b"",
    }[kind]


@pytest.mark.sandbox
@pytest.mark.parametrize("kind", ["truncated", "flipped", "crc", "garbage", "more", "empty"])
def test_damaged_file_is_fetched_again_and_never_stored(kind: str, serve: Serve, store: HourStore) -> None:
    url = serve(Scripted([(200, {}, damaged(kind))]))
    with pytest.raises(CorruptArchiveError):
        run(store, url)
    assert keys(store.client, store.bucket, BRONZE) == []
    record = json.loads(body(store, "state/gharchive_backfill/2025-06-11/13.json"))
    assert (record["outcome"], record["attempts"]) == ("corrupt", 3)
    # Twice damaged, then whole.
    mended = Scripted([(200, {}, damaged(kind)), (200, {}, damaged(kind)), (200, {}, archive(*GENERATED))])
    assert run(store, serve(mended)).outcome == "stored"
    assert lines(store.client, store.bucket, BRONZE) == GENERATED


class Dying:
    """An S3 client that dies at the n-th call, before it or after it has taken effect."""

    def __init__(self, client: Any, number: int, *, after: bool) -> None:
        self._client, self._number, self._after = client, number, after

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self._number -= 1
            if self._number == 0 and not self._after:
                raise KeyboardInterrupt
            answer = operation(**arguments)
            if self._number == 0:
                raise KeyboardInterrupt
            return answer

        return call


@pytest.mark.sandbox
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, 7))
def test_death_at_any_call_leaves_an_hour_that_the_next_try_completes_once(
    number: int, after: bool, serve: Serve, store: HourStore
) -> None:
    url = serve(Scripted([(200, {}, archive(*GENERATED, b"no event"))]))
    dying = HourStore(
        Dying(store.client, number, after=after), store.bucket, BRONZE, QUARANTINE, "state/gharchive_backfill/"
    )
    with suppress(KeyboardInterrupt):
        run(dying, url)
    run(store, url)
    assert keys(store.client, store.bucket, BRONZE) == [KEY]
    assert lines(store.client, store.bucket, BRONZE) == GENERATED
    assert [json.loads(line)["raw"] for line in lines(store.client, store.bucket, QUARANTINE)] == ["no event"]
    record = json.loads(body(store, "state/gharchive_backfill/2025-06-11/13.json"))
    assert (record["outcome"], record["events"], record["quarantined"]) == ("stored", 300, 1)


@pytest.mark.sandbox
def test_replay_releases_what_is_an_event_by_now(serve: Serve, store: HourStore) -> None:
    ahead = json.dumps(event(7, created_at="2025-07-03T00:00:00Z")).encode()
    run(store, serve(Scripted([(200, {}, archive(*GENERATED, ahead, b"no event"))])))
    deadline = Invocation(limit=600).deadline()
    assert Replay(store, Rule(NOW), deadline, NOW).day(DAY).released == 0
    later = NOW + timedelta(days=2)
    for released in (1, 0):
        done = Replay(store, Rule(later), deadline, later).day(DAY)
        assert (done.released, done.kept) == (released, 1)
    assert sorted(lines(store.client, store.bucket, BRONZE)) == sorted([*GENERATED, ahead])
    assert [json.loads(line)["raw"] for line in lines(store.client, store.bucket, QUARANTINE)] == ["no event"]


@given(number=st.integers(0, 299), cuts=st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=3)), max_size=3))
def test_shortcut_accepts_only_what_the_definition_accepts(number: int, cuts: list[tuple[int, bytes]]) -> None:
    line = GENERATED[number]
    for place, put in cuts:
        at = place % len(line)
        line = line[:at] + put + line[at + 1 :]
    rule = Rule(NOW)
    shortcut = rule.recognise(line)
    if shortcut is not None:
        assert shortcut == rule.judge(line)


def test_every_generated_event_takes_the_shortcut() -> None:
    rule = Rule(NOW)
    taken = [rule.recognise(raw) for raw in GENERATED]
    assert taken == [(document["id"], document["created_at"]) for document in map(json.loads, GENERATED)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": 1}, "id is missing"),
        ({"created_at": "2025-02-30T00:00:00Z"}, "not a time"),
        ({"created_at": "2999-01-01T00:00:00Z"}, "ahead"),
        ({"created_at": "2011-02-11T23:59:59Z"}, "before"),
        ({"actor": {"id": "1"}}, "actor.id"),
        ({"payload": {"size": 2**31}}, "payload.size"),
        ({"payload": {"number": 1.5}}, "payload.number"),
        ({"payload": {"action": 5}}, "payload.action"),
        ({"public": "yes"}, "public"),
        ({"org": []}, "org is not an object"),
    ],
)
def test_what_athena_could_not_read_is_no_event(changes: dict[str, Any], reason: str) -> None:
    rule = Rule(NOW)
    line = json.dumps(event(1) | changes, separators=(",", ":")).encode()
    assert rule.recognise(line) is None
    with pytest.raises(NotAnEventError, match=reason):
        rule.judge(line)


DEEP = b'{"a":' * 600 + b"1" + b"}" * 600
NUL = json.dumps(event(1)).encode() + b"\0"


@pytest.mark.parametrize("line", [b"", b"42", b"[]", b'{"id":NaN}', b"\xff", NUL, DEEP])
def test_what_is_not_strict_json_is_no_event(line: bytes) -> None:
    with pytest.raises(NotAnEventError):
        Rule(NOW).identify(line)
