"""Where the replica's events come from: recordings are read byte for byte or refused, generated ones never change."""

import gzip
import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from workshop.errors import WorkshopError
from workshop.sandbox.github import EventSource, open_source

GOOD = b'{"id": "14584635286",  "type":"PushEvent","created_at":"2020-12-18T15:41:51Z","payload":{"x":"\xc3\xa9"}}'
# The 15 types that GitHub documents and the public timeline shows.
TYPES = {
    "CommitCommentEvent", "CreateEvent", "DeleteEvent", "ForkEvent", "GollumEvent", "IssueCommentEvent", "IssuesEvent",
    "MemberEvent", "PublicEvent", "PullRequestEvent", "PullRequestReviewCommentEvent", "PullRequestReviewEvent",
    "PushEvent", "ReleaseEvent", "WatchEvent",
}  # fmt: skip


@pytest.fixture(scope="module")
def generated() -> EventSource:
    return open_source()


@pytest.fixture(scope="module")
def documents(generated: EventSource) -> list[dict[str, Any]]:
    return [json.loads(event.raw) for event in generated.events]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_recording_keeps_every_events_bytes_and_order(compressed: bool, tmp_path: Path) -> None:
    second = GOOD.replace(b"14584635286", b"14584635285")
    content = GOOD + b"\r\n" + second + b"\n\n" + GOOD
    path = tmp_path / "recording.jsonl"
    path.write_bytes(gzip.compress(content) if compressed else content)
    source = open_source(path)
    assert [event.raw for event in source.events] == [GOOD, second, GOOD]
    assert source.name == "recording recording.jsonl"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"hello", "it is not JSON"),
        (b'{"id":', "it is not JSON"),
        (b'"\xff"', "it is not JSON"),
        (b"[1]", "it is not a JSON object"),
        (b"{}", "id is None"),
        (GOOD.replace(b'"14584635286"', b"14584635286"), "id is 14584635286, not a string of digits"),
        (GOOD.replace(b"PushEvent", b""), "type is ''"),
        (GOOD.replace(b"12-18T", b"13-18T"), "created_at is '2020-13-18T15:41:51Z'"),
    ],
)
def test_a_line_that_is_no_event_is_named(line: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    path.write_bytes(GOOD + b"\n" + line + b"\n")
    with pytest.raises(WorkshopError) as caught:
        open_source(path)
    assert caught.value.message.startswith(f"{path}, line 2: not an event, ")
    assert message in caught.value.message


def test_a_recording_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl.gz"
    with pytest.raises(WorkshopError, match="cannot be read: No such file"):
        open_source(path)
    path.write_bytes(gzip.compress(GOOD * 100)[:-20])
    with pytest.raises(WorkshopError, match="is damaged"):
        open_source(path)
    path.write_bytes(b"\n")
    with pytest.raises(WorkshopError, match="holds no events"):
        open_source(path)


def test_the_same_seed_gives_the_same_bytes_on_every_machine(generated: EventSource) -> None:
    """Pinned: a change of the generator changes every lesson's numbers, and must be meant."""
    assert generated.fingerprint == "73abda5e2221a714ac3176d921307e5a836789a6ffb6bb602840808bb2d8e1c3"
    assert open_source(seed=2).fingerprint != generated.fingerprint


def test_generated_events_look_like_real_ones(generated: EventSource, documents: list[dict[str, Any]]) -> None:
    """Bounds from a real recording of 5,000 events: 15 types, half of them pushes, 1 KB median, 30 % with org."""
    assert len(generated.events) == 5_000
    types = Counter(document["type"] for document in documents)
    assert set(types) == TYPES
    assert 0.48 < types["PushEvent"] / 5_000 < 0.56
    assert 900 < statistics.median(len(event.raw) for event in generated.events) < 1_500
    assert 0.25 < sum("org" in document for document in documents) / 5_000 < 0.35
    assert 0.03 < sum(document["actor"]["login"].endswith("[bot]") for document in documents) / 5_000 < 0.09
    assert min(int(document["id"]) for document in documents) > 2**32
    assert any(not event.raw.isascii() for event in generated.events)


def test_generated_activity_is_skewed(documents: list[dict[str, Any]]) -> None:
    for names in (
        Counter(document["repo"]["name"] for document in documents),
        Counter(document["actor"]["login"] for document in documents),
    ):
        assert 1_500 < len(names) < 4_000
        (_, most), *_ = names.most_common(1)
        assert 40 < most < 250
    repositories = {(document["repo"]["id"], document["repo"]["name"]) for document in documents}
    assert len({name for _, name in repositories}) == len({number for number, _ in repositories}) == len(repositories)


def test_generated_repeats_are_the_one_percent_of_overlapping_polls(generated: EventSource) -> None:
    counts = Counter(event.raw for event in generated.events)
    assert sum(count - 1 for count in counts.values()) == 50
    distinct: dict[int, set[bytes]] = {}
    for event in generated.events:
        distinct.setdefault(event.id, set()).add(event.raw)
    assert all(len(raws) == 1 for raws in distinct.values()), "one id, one event"


def test_generated_time_runs_for_two_hours(generated: EventSource) -> None:
    first_seen = list(dict.fromkeys(generated.events))
    assert first_seen == sorted(first_seen, key=lambda event: event.id)
    assert first_seen == sorted(first_seen, key=lambda event: event.created_at)
    assert 7_000 < (first_seen[-1].created_at - first_seen[0].created_at).total_seconds() <= 7_200


@pytest.mark.parametrize("count", [1, 2, 99, 100, 650])
def test_any_number_of_events_can_be_had(count: int) -> None:
    assert len(open_source(seed=3, count=count).events) == count


def test_no_events_at_all_are_refused() -> None:
    with pytest.raises(WorkshopError, match="Cannot generate 0 events"):
        open_source(count=0)
