"""The lease: at most one run at a time, and none that writes after it has lost it."""

import json
from datetime import timedelta

import pytest
from athena_transform.errors import LeaseLostError
from athena_transform.state import CLOCK_TOLERANCE, StateStore
from botocore.exceptions import ClientError
from transform_fakes import SILVER, START, FakeClock, FakeS3, client_error

KEY = "state/silver.json"


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3([])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(s3: FakeS3, clock: FakeClock) -> StateStore:
    return StateStore(s3, SILVER, KEY, clock.now)


def saved(s3: FakeS3) -> dict[str, object]:
    document: dict[str, object] = json.loads(s3.objects[SILVER, KEY])
    return document


def test_first_run_gets_the_lease_and_an_empty_document(store: StateStore, s3: FakeS3) -> None:
    lease = store.acquire("a", 300)
    assert lease is not None
    assert set(lease.document) == {"lease"}
    expires_at = (START + timedelta(seconds=300) + CLOCK_TOLERANCE).isoformat()
    assert saved(s3)["lease"] == {"owner": "a", "expires_at": expires_at}


def test_second_run_is_refused_until_the_first_gives_back(store: StateStore) -> None:
    first = store.acquire("a", 300)
    assert first is not None
    with first:
        first.document["note"] = "kept"
        assert store.acquire("b", 300) is None
    second = store.acquire("b", 300)
    assert second is not None
    assert second.document["note"] == "kept"


def test_expired_lease_is_taken_over_and_its_owner_cannot_write_any_more(store: StateStore, clock: FakeClock) -> None:
    first = store.acquire("a", 300)
    assert first is not None
    clock.new_invocation(timedelta(seconds=300) + CLOCK_TOLERANCE - timedelta(seconds=1))
    assert store.acquire("b", 300) is None
    clock.new_invocation(timedelta(seconds=1))
    second = store.acquire("b", 300)
    assert second is not None
    with pytest.raises(LeaseLostError):
        first.save()
    second.save()


@pytest.mark.parametrize("is_first_run", [True, False])
def test_of_two_runs_that_read_the_same_state_one_wins(store: StateStore, s3: FakeS3, is_first_run: bool) -> None:
    if not is_first_run:
        lease = store.acquire("a", 300)
        assert lease is not None
        lease.__exit__(None, None, None)
    winners = []

    def rival() -> None:  # acts between the other's read and write
        s3.before_put = lambda: None
        winners.append(store.acquire("rival", 300))

    s3.before_put = rival
    assert store.acquire("b", 300) is None
    assert winners != [None]
    assert saved(s3)["lease"]["owner"] == "rival"  # type: ignore[index]


def test_write_whose_answer_was_lost_counts_as_written(store: StateStore, s3: FakeS3) -> None:
    # The SDK sends a request again when its connection broke; S3 had done it the first time and answers 412 now.
    def lose_answer() -> None:
        s3.after_put = lambda: None
        raise client_error("PreconditionFailed", 412)

    s3.after_put = lose_answer
    lease = store.acquire("a", 300)
    assert lease is not None
    s3.after_put = lose_answer
    lease.document["note"] = "kept"
    lease.save()
    lease.save()
    assert saved(s3)["note"] == "kept"


def test_lease_is_given_back_when_the_run_fails(store: StateStore, s3: FakeS3) -> None:
    lease = store.acquire("a", 300)
    assert lease is not None
    with pytest.raises(ZeroDivisionError), lease:
        lease.document["note"] = "kept"
        raise ZeroDivisionError
    assert saved(s3) == {"lease": None, "note": "kept"}


def test_failing_to_give_back_does_not_hide_why_the_run_failed(store: StateStore, s3: FakeS3) -> None:
    lease = store.acquire("a", 300)
    assert lease is not None
    s3.objects[SILVER, KEY] = b'{"lease": {"owner": "rival"}}'
    with pytest.raises(ZeroDivisionError), lease:
        raise ZeroDivisionError
    assert saved(s3) == {"lease": {"owner": "rival"}}


def test_losing_the_lease_is_an_error_even_when_the_work_is_done(store: StateStore, s3: FakeS3) -> None:
    lease = store.acquire("a", 300)
    assert lease is not None
    with pytest.raises(LeaseLostError), lease:
        del s3.objects[SILVER, KEY]


def test_a_refused_read_is_not_a_first_run(store: StateStore, s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: str) -> None:
        raise client_error("AccessDenied", 403)

    monkeypatch.setattr(s3, "get_object", refuse)
    with pytest.raises(ClientError, match="AccessDenied"):
        store.acquire("a", 300)
    assert s3.objects == {}
