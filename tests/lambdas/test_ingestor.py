"""Whole invocations against a real S3 API (the sandbox's) and a replica of GitHub over TLS.

Expected lines come from the replica's source, not from the ingestor.
"""

import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from github_events_ingestor.errors import SourceError
from github_events_ingestor.event import Rule
from github_events_ingestor.handler import handler
from github_events_ingestor.ingest import Outcome, ingest
from github_events_ingestor.poll import Poll, Timeline
from github_events_ingestor.state import State
from github_events_ingestor.store import Store
from ingestor_world import (
    BRONZE,
    QUARANTINE,
    STATE_KEY,
    Invocation,
    Scripted,
    event,
    keys,
    lines,
    memory_of,
    page,
    store_in,
)
from running_sandbox import RunningSandbox

from workshop.sandbox.github import EventSource, Fault, GitHubReplica, open_source

pytestmark = pytest.mark.sandbox

Serve = Callable[[Any], str]
# Long after the generator's events were created.
NOW = datetime(2026, 2, 3, 23, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def source() -> EventSource:
    return open_source(seed=7, count=650)


@pytest.fixture
def replica(source: EventSource, tmp_path: Path) -> GitHubReplica:
    return GitHubReplica(source, state_file=tmp_path / "timeline.json", clock=NOW.timestamp)


@pytest.fixture
def s3(sandbox: RunningSandbox) -> Any:
    return sandbox.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"dp-test-{uuid4().hex[:12]}-raw"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def store(s3: Any, bucket: str) -> Store:
    return store_in(s3, bucket)


def run(store: Store, url: str, now: datetime = NOW, invocation: Invocation | None = None) -> Outcome:
    timeline = Timeline(f"{url}/_github", None, (invocation or Invocation()).deadline(), Rule(now), now=lambda: now)
    return ingest(store, memory_of(store), timeline.poll, now, f"{url}/_github/events")


def digests(raws: Iterable[bytes]) -> Counter[str]:
    return Counter(hashlib.sha256(raw).hexdigest() for raw in raws)


def state_document(store: Store) -> dict[str, Any]:
    body = store.client.get_object(Bucket=store.bucket, Key=STATE_KEY)["Body"].read()
    document: dict[str, Any] = json.loads(body)
    return document


class Failing:
    """An S3 client whose connection breaks at the first put of a key under `prefix`, before or after the put."""

    def __init__(self, client: Any, prefix: str, *, after: bool = False) -> None:
        self._client = client
        self._prefix = prefix
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **request: Any) -> Any:
        if not request["Key"].startswith(self._prefix):
            return self._client.put_object(**request)
        if self._after:
            self._client.put_object(**request)
        raise ConnectionError("The invocation dies here.")


def test_every_event_arrives_byte_for_byte(
    serve: Serve, replica: GitHubReplica, source: EventSource, store: Store
) -> None:
    url = serve(replica)
    outcomes = [run(store, url) for _ in range(5)]
    assert [(outcome.outcome, outcome.events) for outcome in outcomes] == [
        ("stored", 300), ("stored", 300), ("stored", 50), ("not_modified", 0), ("not_modified", 0),
    ]  # fmt: skip
    stored = lines(store.client, store.bucket, BRONZE)
    assert digests(stored) == digests(event.raw for event in source.events)
    assert any(not raw.isascii() for raw in stored), "the source must show that UTF-8 survives"
    assert keys(store.client, store.bucket, QUARANTINE) == []


def test_a_whole_source_takes_seventeen_polls(serve: Serve, store: Store, tmp_path: Path) -> None:
    recording = os.environ.get("LAKEHOUSE_RECORDING")
    source = open_source(Path(recording) if recording else None)
    assert len(source.events) == 5_000
    url = serve(GitHubReplica(source, state_file=tmp_path / "timeline.json"))
    outcomes = [run(store, url).outcome for _ in range(18)]
    assert outcomes == ["stored"] * 17 + ["not_modified"]
    assert digests(lines(store.client, store.bucket, BRONZE)) == digests(event.raw for event in source.events)


def test_a_bronze_object_is_named_by_its_day_and_content(serve: Serve, replica: GitHubReplica, store: Store) -> None:
    url = serve(replica)
    outcome = run(store, url)
    assert outcome.key is not None
    found = store.client.get_object(Bucket=store.bucket, Key=outcome.key)
    body = found["Body"].read()
    # The day of the poll, though every event was created in June 2025.
    assert (
        outcome.key == f"{BRONZE}ingest_dt=2026-02-03/{hashlib.sha256(gzip.decompress(body)).hexdigest()[:32]}.json.gz"
    )
    held = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert found["ContentType"] == "application/gzip"
    assert found["Metadata"] == {
        "source": f"{url}/_github/events",
        "events": "300",
        "first-id": min(document["id"] for document in held),
        "last-id": max(document["id"] for document in held),
        "first-created-at": min(document["created_at"] for document in held),
        "last-created-at": max(document["created_at"] for document in held),
        "etag": state_document(store)["etag"],
        "received-at": "2026-02-03T23:59:00+00:00",
    }
    # Bytes 4 to 7 of a gzip file are its time (RFC 1952): none, so that the same events give the same object.
    assert body[4:8] == bytes(4)


def test_a_death_before_the_events_are_stored_loses_nothing(
    serve: Serve, replica: GitHubReplica, source: EventSource, store: Store, bucket: str
) -> None:
    url = serve(replica)
    run(store, url)
    before = state_document(store)
    with pytest.raises(ConnectionError):
        run(store_in(Failing(store.client, BRONZE), bucket), url)
    assert state_document(store) == before
    assert run(store, url).outcome == "stored"
    assert digests(lines(store.client, bucket, BRONZE)) == digests(event.raw for event in source.events[:600])


@pytest.mark.parametrize("after", [False, True], ids=["state not written", "state written, answer lost"])
def test_a_death_after_the_events_are_stored_neither_loses_nor_doubles_them(
    after: bool, serve: Serve, replica: GitHubReplica, source: EventSource, store: Store, bucket: str
) -> None:
    url = serve(replica)
    with pytest.raises(ConnectionError):
        run(store_in(Failing(store.client, "state/", after=after), bucket), url)
    while run(store, url).outcome == "stored":
        pass
    assert digests(lines(store.client, bucket, BRONZE)) == digests(event.raw for event in source.events)


def test_a_poll_that_fails_leaves_the_state_alone(
    serve: Serve, replica: GitHubReplica, source: EventSource, store: Store
) -> None:
    url = serve(replica)
    run(store, url)
    before = state_document(store)
    # The third page never arrives whole.
    replica.faults.extend([Fault(), Fault(), *[Fault(damage="truncated")] * 4])
    with pytest.raises(SourceError):
        run(store, url)
    assert state_document(store) == before
    run(store, url)
    assert digests(lines(store.client, store.bucket, BRONZE)) == digests(event.raw for event in source.events[:600])


def test_a_rate_limit_is_obeyed_across_invocations(serve: Serve, replica: GitHubReplica, store: Store) -> None:
    url = serve(replica)
    replica.faults.append(Fault(status=403, retry_after=120))
    limited = run(store, url)
    assert (limited.outcome, limited.not_before) == ("rate_limited", NOW + timedelta(seconds=120))

    early = run(store, url, NOW + timedelta(seconds=119))
    assert early == Outcome("too_early", not_before=NOW + timedelta(seconds=120), reason="Retry-After")
    assert early.requests == 0
    assert run(store, url, NOW + timedelta(seconds=120)).outcome == "stored"


def test_the_poll_interval_is_obeyed_across_invocations(
    serve: Serve, source: EventSource, store: Store, tmp_path: Path
) -> None:
    url = serve(GitHubReplica(source, state_file=tmp_path / "timeline.json", poll_interval=60))
    assert run(store, url).outcome == "stored"
    early = run(store, url, NOW + timedelta(seconds=59))
    assert (early.outcome, early.reason) == ("too_early", "poll interval")
    assert run(store, url, NOW + timedelta(seconds=60)).outcome == "stored"


def test_pages_before_a_rate_limit_are_stored_and_the_timeline_is_read_again(
    serve: Serve, source: EventSource, store: Store, tmp_path: Path
) -> None:
    now = NOW

    def clock() -> float:
        return now.timestamp()

    replica = GitHubReplica(source, state_file=tmp_path / "timeline.json", hourly_limit=4, clock=clock)
    url = serve(replica)
    assert run(store, url).outcome == "stored"
    etag = state_document(store)["etag"]

    partly = run(store, url)
    assert (partly.outcome, partly.events, partly.reason) == ("rate_limited", 100, "primary rate limit")
    assert state_document(store)["etag"] == etag

    now += timedelta(hours=1)
    again = run(store, url, now)
    assert (again.outcome, again.events) == ("stored", 300)
    assert set(digests(lines(store.client, store.bucket, BRONZE))) == set(
        digests(event.raw for event in source.events[:600])
    )


def test_two_overlapping_invocations_do_not_harm_each_other(
    serve: Serve, replica: GitHubReplica, source: EventSource, store: Store
) -> None:
    url = serve(replica)
    run(store, url)
    faster: list[Outcome] = []

    def slow_poll(etag: str | None) -> Poll:
        result = Timeline(f"{url}/_github", None, Invocation().deadline(), Rule(NOW)).poll(etag)
        # Between this one's poll and its storing, two others run from start to end.
        faster.extend([run(store, url), run(store, url)])
        return result

    slow = ingest(store, memory_of(store), slow_poll, NOW, "test")

    assert [slow.outcome, *(outcome.outcome for outcome in faster)] == ["stored"] * 3
    assert slow.key == faster[0].key, "both saw the same timeline and name it alike"
    assert digests(lines(store.client, store.bucket, BRONZE)) == digests(event.raw for event in source.events)
    # The slow one has not put the older ETag back: there is nothing new any more.
    assert run(store, url).outcome == "not_modified"


def test_the_state_is_written_only_by_whoever_knows_the_last_one(store: Store) -> None:
    memory = memory_of(store)
    assert memory.read() == State()
    assert memory.write(State(etag='W/"1"'))
    assert not memory.write(State(etag='W/"other first"')), "there is one already"
    first = memory.read()
    assert memory.write(State('W/"2"', NOW, "poll interval", "17", first.version))
    assert not memory.write(State(etag='W/"late"', version=first.version)), "somebody else was faster"
    second = memory.read()
    assert (second.etag, second.not_before, second.reason, second.newest_id) == ('W/"2"', NOW, "poll interval", "17")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"etag": null, "not_before": 5, "reason": ""}'])
def test_a_state_that_cannot_be_read_is_replaced(
    body: bytes, serve: Serve, replica: GitHubReplica, store: Store
) -> None:
    store.client.put_object(Bucket=store.bucket, Key=STATE_KEY, Body=body)
    assert run(store, serve(replica)).outcome == "stored"
    assert state_document(store)["etag"].startswith('W/"')


def test_what_is_no_event_goes_to_quarantine_with_its_reason(serve: Serve, store: Store) -> None:
    url = serve(Scripted([(200, {"ETag": '"a"'}, page(event(1), "naïve", event(2, id=2), event(3)))]))
    outcome = run(store, url)
    assert (outcome.outcome, outcome.events, outcome.quarantined) == ("stored", 2, 2)
    assert [json.loads(raw)["id"] for raw in lines(store.client, store.bucket, BRONZE)] == ["1", "3"]
    quarantined = [json.loads(raw) for raw in lines(store.client, store.bucket, QUARANTINE)]
    assert [item["reason"] for item in quarantined] == ["not a JSON object", "id is missing or not a string"]
    assert [json.loads(item["raw"]) for item in quarantined] == ["naïve", event(2, id=2)]
    assert outcome.quarantine_key is not None
    assert outcome.quarantine_key.startswith("quarantine/github/events/ingest_dt=2026-02-03/")


@pytest.mark.parametrize(("documents", "quarantined"), [([], 0), ([7], 1)])
def test_a_timeline_without_events_is_empty(documents: list[Any], quarantined: int, serve: Serve, store: Store) -> None:
    outcome = run(store, serve(Scripted([(200, {"ETag": '"a"'}, page(*documents))])))
    assert (outcome.outcome, outcome.key, outcome.quarantined) == ("empty", None, quarantined)
    assert keys(store.client, store.bucket, BRONZE) == []
    assert state_document(store)["etag"] == '"a"'


# The handler, with the environment that Lambda gives it


@pytest.fixture
def lambda_environment(environment: None, bucket: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("RAW_BUCKET", bucket)
    monkeypatch.setenv("BRONZE_PREFIX", BRONZE)
    monkeypatch.setenv("STATE_KEY", STATE_KEY)
    monkeypatch.delenv("GITHUB_TOKEN_PARAMETER", raising=False)
    return monkeypatch


def test_the_handler_polls_reports_and_measures(
    serve: Serve,
    replica: GitHubReplica,
    store: Store,
    lambda_environment: pytest.MonkeyPatch,
    printed: Callable[[], str],
) -> None:
    lambda_environment.setenv("GITHUB_API_URL", f"{serve(replica)}/_github")
    report = handler({"id": "an-event-of-the-schedule"}, Invocation())
    assert json.loads(json.dumps(report)) == report, "Lambda returns it as JSON"
    assert report == {
        "outcome": "stored",
        "events": 300,
        "quarantined": 0,
        "key": keys(store.client, store.bucket, BRONZE)[0],
        "quarantine_key": None,
        "requests": 3,
        "not_before": None,
        "reason": "",
        "missed_estimate": None,
    }
    output = [json.loads(line) for line in printed().splitlines()]
    (log,) = [line for line in output if line.get("message") == "Polled"]
    assert datetime.fromisoformat(log["timestamp"]).tzinfo is not None
    assert "T" in log["timestamp"], "RFC 3339, or Lambda does not read the level"
    assert (log["correlation_id"], log["service"]) == ("an-event-of-the-schedule", "github_events_ingestor")
    (metrics,) = [line for line in output if "_aws" in line]
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Lakehouse"
    assert sorted(directive["Dimensions"][0]) == ["function_name", "service"]
    assert (metrics["EventsStored"], metrics["EventsQuarantined"], metrics["RateLimited"]) == ([300], [0], [0])


def test_the_token_comes_from_parameter_store_and_is_told_to_github_alone(
    serve: Serve,
    sandbox: RunningSandbox,
    lambda_environment: pytest.MonkeyPatch,
    printed: Callable[[], str],
) -> None:
    server = Scripted([(200, {}, page(event(1)))])
    token, parameter = f"token-{uuid4()}", f"/dp-test/{uuid4()}"
    lambda_environment.setenv("GITHUB_API_URL", serve(server))
    lambda_environment.setenv("GITHUB_TOKEN_PARAMETER", parameter)

    handler({}, Invocation())
    sandbox.client("ssm").put_parameter(Name=parameter, Value=token, Type="SecureString")
    report = handler({}, Invocation())

    assert [headers.get("authorization") for _, headers in server.requests] == [None, f"Bearer {token}"]
    output = printed()
    assert "There is no token" in output
    assert token not in output + json.dumps(report)
