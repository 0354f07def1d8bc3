"""How many events no poll has seen: the estimate against streams of which all is known, and what polls remember."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from github_events_ingestor.event import Rule
from github_events_ingestor.ingest import Outcome, ingest
from github_events_ingestor.missed import estimate_missed
from github_events_ingestor.page import Batch, split
from github_events_ingestor.poll import Limited, Poll
from github_events_ingestor.store import Store
from hypothesis import given
from hypothesis import strategies as st
from ingestor_world import STATE_KEY, event, memory_of, page, store_in
from running_sandbox import RunningSandbox

NOW = datetime(2025, 7, 1, tzinfo=UTC)


@given(
    first=st.integers(1, 10**18), step=st.integers(1, 1_000), unseen=st.integers(0, 10_000), seen=st.integers(2, 300)
)
def test_with_even_steps_the_estimate_is_the_count(first: int, step: int, unseen: int, seen: int) -> None:
    stream = [first + number * step for number in range(1 + unseen + seen)]
    before, window = stream[0], stream[1 + unseen :]
    assert estimate_missed(map(str, window), str(before)) == unseen


def test_with_uneven_steps_it_is_near() -> None:
    # As in the recording: ids rise by 1 to 60 from one public event to the next.
    rng = random.Random(3)
    stream = [14_584_635_285]
    for _ in range(5_000):
        stream.append(stream[-1] + rng.randrange(1, 60))
    for unseen in (300, 1_000, 4_000):
        window = stream[1 + unseen : 301 + unseen]
        estimated = estimate_missed(map(str, window), str(stream[0]))
        assert estimated is not None
        # 300 uniform steps: their mean is within 3 standard errors, 10 %, of the whole stream's.
        assert abs(estimated - unseen) < 0.1 * unseen


@pytest.mark.parametrize(
    ("ids", "before", "expected"),
    [
        (["11", "12"], None, None),
        ([], "10", None),
        (["11"], "10", None),
        (["11", "11"], "10", None),
        (["9", "10"], "10", 0),
        (["10", "12"], "10", 0),
        # Adjacent windows.
        (["11", "12"], "10", 0),
        (["12", "13"], "10", 1),
        # Numbers, not text: 9 is before 10; and repeats in a window make no steps.
        (["10", "11", "11", "12"], "7", 2),
        # Nearer than a step.
        (["12", "22"], "10", 0),
    ],
)
def test_small_windows(ids: Sequence[str], before: str | None, expected: int | None) -> None:
    assert estimate_missed(ids, before) == expected


# What polls make of it


@pytest.fixture
def store(sandbox: RunningSandbox) -> Store:
    client, name = sandbox.client("s3"), f"dp-test-{uuid4().hex[:12]}-raw"
    client.create_bucket(Bucket=name)
    return store_in(client, name)


def batches(*pages: Sequence[int]) -> tuple[Batch, ...]:
    return tuple(split(page(*map(event, ids)), Rule(NOW)) for ids in pages)


def polled(store: Store, poll: Poll | Callable[[str | None], Poll]) -> Outcome:
    return ingest(
        store, memory_of(store), poll if callable(poll) else lambda _: poll, NOW, "https://api.example/events"
    )


def newest_id(store: Store) -> Any:
    return json.loads(store.client.get_object(Bucket=store.bucket, Key=STATE_KEY)["Body"].read())["newest_id"]


@pytest.mark.sandbox
def test_polls_remember_the_newest_id_and_tell_of_gaps(store: Store) -> None:
    first = polled(store, Poll(batches([105, 103], [101])))
    assert (first.missed_estimate, newest_id(store)) == (None, "105")
    overlapping = polled(store, Poll(batches([109, 107, 105])))
    assert (overlapping.missed_estimate, newest_id(store)) == (0, "109")
    # Steps of 2: 111 to 119 were never seen.
    assert polled(store, Poll(batches([125, 123], [121]))).missed_estimate == 5
    assert newest_id(store) == "125"


@pytest.mark.sandbox
def test_a_poll_that_brings_nothing_says_nothing(store: Store) -> None:
    polled(store, Poll(batches([105, 103])))
    unchanged = polled(store, Poll(modified=False, etag='"a"'))
    assert (unchanged.outcome, unchanged.missed_estimate, newest_id(store)) == ("not_modified", None, "105")
    empty = polled(store, Poll(batches([])))
    assert (empty.outcome, empty.missed_estimate, newest_id(store)) == ("empty", None, "105")


@pytest.mark.sandbox
def test_a_timeline_that_was_not_read_to_its_end_does_not_move_the_mark(store: Store) -> None:
    polled(store, Poll(batches([105, 103]), etag='"a"'))
    limited = polled(store, Poll(batches([209, 207]), limited=Limited("Retry-After", 60), pause=60))
    assert (limited.outcome, limited.events, limited.missed_estimate) == ("rate_limited", 2, None)
    assert newest_id(store) == "105"


@pytest.mark.sandbox
def test_an_older_window_does_not_turn_the_mark_back(store: Store) -> None:
    polled(store, Poll(batches([105, 103])))
    assert polled(store, Poll(batches([99, 97]))).missed_estimate == 0
    assert newest_id(store) == "105"


@pytest.mark.sandbox
def test_the_mark_moves_only_after_the_events_are_stored(store: Store) -> None:
    polled(store, Poll(batches([105, 103])))

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(store.client, name)

        def put_object(self, **_: Any) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        polled(store_in(Dying(), store.bucket), Poll(batches([125, 123])))
    assert newest_id(store) == "105"


@pytest.mark.sandbox
@pytest.mark.parametrize("kept", ["none", 5, "", "1e3"])
def test_a_mark_that_is_no_id_counts_as_a_first_poll(kept: Any, store: Store) -> None:
    document = {"etag": None, "not_before": None, "reason": "", "newest_id": kept}
    store.client.put_object(Bucket=store.bucket, Key=STATE_KEY, Body=json.dumps(document).encode())
    assert polled(store, Poll(batches([105, 103]))).missed_estimate is None
    assert newest_id(store) == "105"


@pytest.mark.sandbox
def test_a_state_from_before_the_mark_keeps_its_etag(store: Store) -> None:
    document = {"etag": '"old"', "not_before": None, "reason": ""}
    store.client.put_object(Bucket=store.bucket, Key=STATE_KEY, Body=json.dumps(document).encode())
    asked: list[str | None] = []

    def poll(etag: str | None) -> Poll:
        asked.append(etag)
        return Poll(batches([105, 103]))

    assert polled(store, poll).missed_estimate is None
    assert asked == ['"old"']
