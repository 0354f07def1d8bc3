"""What the service keeps on disk: copies of objects within a bound, executions for 45 days."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from workshop.sandbox.athena.api.executions import Execution, ExecutionStore
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


def execution(execution_id: str, *, days_ago: float, token: str) -> Execution:
    return Execution(
        id=execution_id, account_id="1", query="SELECT 1", work_group="primary", database=None, catalog=None,
        statement_type="DML", substatement_type="SELECT", output="s3://b/o", encryption={},
        submitted=time.time() - days_ago * 86_400, token=token, state="SUCCEEDED",
    )  # fmt: skip


def test_executions_expire(tmp_path: Path) -> None:
    store = ExecutionStore(tmp_path)
    for name, days in (("old", 44.99), ("new", 1)):
        store.add(lambda i, n=name, d=days: execution(i, days_ago=d, token=n), "1", name)  # type: ignore[misc]
    old, new = store.newest_first("1", "primary")[::-1]
    assert ExecutionStore(tmp_path).newest_first("1", "primary") == [new, old]
    store.update(old, submitted=time.time() - 45.01 * 86_400)
    again = ExecutionStore(tmp_path)
    assert again.newest_first("1", "primary") == [new]
    with pytest.raises(InvalidRequestError, match="was not found"):
        again.get(old)
    assert [p.stem for p in tmp_path.glob("*.json")] == [new]
    made, fresh = again.add(lambda i: execution(i, days_ago=0, token="old"), "1", "old")
    assert fresh
    assert replace(made, id="") == replace(again.get(made.id), id="")
    again.update(new, submitted=0)
    again.add(lambda i: execution(i, days_ago=0, token="x"), "1", "x")
    assert new not in again.newest_first("1", "primary")
