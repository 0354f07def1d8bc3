"""What the service keeps on disk: copies of objects within a bound, executions for 45 days."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from workshop.sandbox.athena.api.executions import Execution
from workshop.sandbox.athena.api.store import ExecutionStore
from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.reading.object_cache import ObjectCache


@pytest.fixture
def cache(tmp_path: Path) -> ObjectCache:
    """A cache of 300 bytes."""
    return ObjectCache(tmp_path / "objects", limit=300)


def store(cache: ObjectCache, key: str, size: int = 100) -> Path:
    return cache.store("bucket", key, "etag", lambda file: file.write(b"x" * size))


def kept(cache: ObjectCache, keys: str) -> str:
    return "".join(k for k in keys if cache._path("bucket", k, "etag").exists())


def test_the_least_recently_used_go_first(cache: ObjectCache) -> None:
    for key in "abc":
        with cache.reading():
            store(cache, key)
    with cache.reading():
        assert cache.find("bucket", "a", "etag") is not None
        assert cache.find("bucket", "a", "other") is None
    with cache.reading():
        store(cache, "d")
    assert kept(cache, "abcd") == "acd"


def test_what_a_query_reads_stays_until_it_ends(cache: ObjectCache) -> None:
    with cache.reading():
        store(cache, "a")
    with cache.reading():
        assert cache.find("bucket", "a", "etag") is not None
        with cache.reading():
            store(cache, "b", 1000)
        assert kept(cache, "ab") == "ab"
    assert kept(cache, "ab") == ""


def test_files_beside_a_copy_count_and_go_with_it(cache: ObjectCache) -> None:
    with cache.reading():
        path = store(cache, "a")
        beside = path.with_name(f"{path.name}.lines")
        beside.write_bytes(b"x" * 100)
    assert beside.exists()
    with cache.reading():
        store(cache, "b", 200)
    assert (path.exists(), beside.exists(), kept(cache, "b")) == (False, False, "b")


def test_a_failed_download_leaves_nothing(cache: ObjectCache, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        cache.store("bucket", "a", "etag", lambda file: file.write("text"))  # type: ignore[call-overload]
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_lower_limit_holds_after_a_restart(cache: ObjectCache, tmp_path: Path) -> None:
    for key in "abc":
        with cache.reading():
            store(cache, key)
    with ObjectCache(tmp_path / "objects", limit=100).reading():
        pass
    assert kept(cache, "abc") == "c"


def execution(execution_id: str, *, days_ago: float = 0, token: str | None = None, **more: object) -> Execution:
    return Execution(
        id=execution_id, account_id="1", query="SELECT 1", work_group="primary", database=None, catalog=None,
        statement_type="DML", substatement_type="SELECT", output="s3://b/o", submitted=time.time() - days_ago * 86_400,
        token=token, **({"state": "SUCCEEDED"} | more),  # type: ignore[arg-type]
    )  # fmt: skip


def listed(store: ExecutionStore) -> list[str]:
    return store.newest_first("1", "primary", 50)[0]


def test_executions_expire(tmp_path: Path) -> None:
    store = ExecutionStore(tmp_path)
    for name, days in (("old", 44.99), ("new", 1)):
        store.add(lambda i, n=name, d=days: execution(i, days_ago=d, token=n), "1", name)  # type: ignore[misc]
    old, new = listed(store)[::-1]
    assert listed(ExecutionStore(tmp_path)) == [new, old]
    store.update(old, submitted=time.time() - 45.01 * 86_400)
    again = ExecutionStore(tmp_path)
    assert listed(again) == [new]
    with pytest.raises(InvalidRequestError, match="was not found"):
        again.get(old)
    made, fresh = again.add(lambda i: execution(i, token="old"), "1", "old")
    assert fresh
    assert replace(made, id="") == replace(again.get(made.id), id="")
    again.update(new, submitted=0)
    again.add(lambda i: execution(i, token="x"), "1", "x")
    assert new not in listed(again)


def test_the_same_token_is_the_same_execution(tmp_path: Path) -> None:
    store = ExecutionStore(tmp_path)
    first, _ = store.add(execution, "1", "token")
    for known in (store, ExecutionStore(tmp_path)):
        found, fresh = known.add(execution, "1", "token")
        assert (found.id, fresh) == (first.id, False)
    assert store.add(execution, "2", "token")[1]


def test_what_ran_when_the_process_was_killed_has_failed(tmp_path: Path) -> None:
    """The store is never closed, as after `kill -9`."""
    store = ExecutionStore(tmp_path)
    ids = [store.add(lambda i, s=s: execution(i, state=s), "1", None)[0].id for s in ("QUEUED", "RUNNING")]  # type: ignore[misc]
    done = store.add(execution, "1", None)[0].id
    again = ExecutionStore(tmp_path)
    assert [again.get(i).state for i in ids] == ["FAILED", "FAILED"]
    assert again.get(done).state == "SUCCEEDED"
    error = again.get(ids[0]).error
    assert error is not None
    assert (error["ErrorCategory"], error["Retryable"]) == (1, True)


def test_an_execution_that_has_ended_keeps_its_state(tmp_path: Path) -> None:
    store = ExecutionStore(tmp_path)
    made = store.add(lambda i: execution(i, state="RUNNING"), "1", None)[0].id
    store.update(made, state="CANCELLED")
    store.update(made, state="SUCCEEDED", rows=5)
    assert (store.get(made).state, store.get(made).rows) == ("CANCELLED", 0)


def test_ten_thousand_executions(tmp_path: Path) -> None:
    """Pages hold every execution once, newest first; starting and listing do not read all of them."""
    store = ExecutionStore(tmp_path)
    ids = [store.add(execution, "1", None)[0].id for _ in range(10_000)]
    again = ExecutionStore(tmp_path)
    found: list[str] = []
    before: int | None = None
    while True:
        page, before = again.newest_first("1", "primary", 50, before)
        found += page
        if before is None:
            break
    assert found == ids[::-1]
    assert again.find(ids[0]) is not None
