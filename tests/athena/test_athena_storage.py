"""Reading from S3: listings, the checks of the cache, queries that are stopped meanwhile; with a client of our own."""

import gzip
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from athena_fakes import JSON, NOW, FakeCatalog, LocalLake
from botocore.exceptions import ClientError

from workshop.sandbox.athena.catalog.glue import Partition, Table
from workshop.sandbox.athena.errors import AthenaError, QueryCancelledError
from workshop.sandbox.athena.reading.object_cache import ObjectCache
from workshop.sandbox.athena.reading.storage import Encryption, S3Object, S3Storage
from workshop.sandbox.athena.run import Cancellation, Job, Lake, run
from workshop.sandbox.athena.syntax.statements import parse

MODIFIED = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Body:
    data: bytes
    pause: float = 0.0

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        for _ in range(50):
            time.sleep(self.pause)
            yield self.data[:1]
            self.data = self.data[1:]

    def close(self) -> None:
        pass


@dataclass
class Client:
    """Objects of one bucket; `denied` keys are refused; every call is written down."""

    objects: dict[str, bytes]
    pause: float = 0.0
    denied: set[str] = field(default_factory=set)
    classes: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, bool]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    most: int = 0
    now: int = 0

    def get_paginator(self, name: str) -> "Client":
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's names
        listed = [k for k in sorted(self.objects) if k.startswith(Prefix)]
        pages = [listed[i : i + 2] for i in range(0, len(listed), 2)]
        return [{"Contents": [self._item(k) for k in page]} for page in pages] or [{}]

    def _item(self, key: str) -> dict[str, Any]:
        item = {"Key": key, "Size": len(self.objects[key]), "ETag": f'"{self.etag(key)}"', "LastModified": MODIFIED}
        return item | ({"StorageClass": self.classes[key]} if key in self.classes else {})

    def etag(self, key: str) -> str:
        return f"e{hash(self.objects[key])}"

    def get_object(self, Bucket: str, Key: str, **conditions: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        with self.lock:
            self.calls.append((Key, "IfNoneMatch" in conditions))
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        if Key in self.denied:
            raise failure("AccessDenied", 403)
        if conditions.get("IfNoneMatch") == self.etag(Key):
            raise failure("304", 304)
        return {"Body": Body(self.objects[Key], self.pause), "ETag": f'"{self.etag(Key)}"'}


def failure(code: str, status: int) -> ClientError:
    details = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "1"},
    }
    return ClientError(details, "GetObject")  # type: ignore[arg-type]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def storage(client: Client, folder: Path, pool: ThreadPoolExecutor) -> S3Storage:
    return S3Storage(client, ObjectCache(folder / "cache"), pool)


def test_listings_say_when_and_how_objects_are_stored(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    classes = {"t/b": "GLACIER", "t/c": "DEEP_ARCHIVE", "t/d": "GLACIER_IR", "t/e": "STANDARD_IA"}
    client = Client({k: k.encode() for k in ("t/a", *classes, "u/f")}, classes=classes)
    found = storage(client, tmp_path, pool).objects("s3://lake/t/")
    assert [(o.key, o.archived) for o in found] == [
        ("t/a", False),
        ("t/b", True),
        ("t/c", True),
        ("t/d", False),
        ("t/e", False),
    ]
    assert {o.modified for o in found} == {MODIFIED}
    assert found[0].uri == "s3://lake/t/a"


def test_objects_come_in_parallel_and_are_checked_when_they_are_here(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    client = Client({f"t/{i:02}": b"%02d" % i for i in range(20)})
    store = storage(client, tmp_path, pool)
    with store.reading():
        objects = store.objects("s3://lake/t/")
        assert [p.read_bytes() for p in store.fetch(objects)] == [b"%02d" % i for i in range(20)]
        assert client.most > 4
        client.calls.clear()
        store.fetch(objects)
        assert sorted(client.calls) == [(o.key, True) for o in objects]
        client.denied.add("t/07")
        with pytest.raises(AthenaError, match=r"HIVE_CURSOR_ERROR: .*s3://lake/t/07: Access Denied"):
            store.fetch(objects)


@pytest.mark.parametrize("count", [1, 6])
def test_a_stopped_query_does_not_wait_for_its_objects(tmp_path: Path, pool: ThreadPoolExecutor, count: int) -> None:
    """Each object takes five seconds to come; the query is stopped after a third of one."""
    client = Client({f"t/{i}": b"x" * 50 for i in range(count)}, pause=0.1)
    begun = time.monotonic()

    def check() -> None:
        if time.monotonic() - begun > 0.3:
            raise QueryCancelledError

    store = storage(client, tmp_path, pool)
    with pytest.raises(QueryCancelledError):
        store.fetch([S3Object("lake", k, 50, client.etag(k)) for k in client.objects], check)
    pool.submit(lambda: None).result(1)
    assert time.monotonic() - begun < 1.5
    time.sleep(0.3)
    assert list((tmp_path / "cache").glob("*/*")) == []


@dataclass
class Impatient(Cancellation):
    """Stops the query at some look at whether it is stopped."""

    looks: int = 0
    last: int = 0

    def check(self) -> None:
        self.looks += 1
        if self.looks >= self.last:
            self.stop()
        super().check()


@pytest.mark.parametrize("last", [1, 2, 4, 6, 8])
@pytest.mark.parametrize("serde", ["org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", JSON])
def test_a_query_that_is_stopped_while_files_are_converted(
    local: LocalLake, monkeypatch: pytest.MonkeyPatch, serde: str, last: int
) -> None:
    """It ends as cancelled, whatever it was at, and leaves nothing half made beside the objects."""
    monkeypatch.setattr("workshop.sandbox.athena.reading.sources.DIRECT_BYTES", 0)
    local.catalog.add("t", "n int", serde=serde)
    for i in range(3):
        lines = b"".join(b'{"n": %d}\n' % n if serde == JSON else b"%d\n" % n for n in range(100_000))
        local.storage.put(f"s3://lake/t/{i}.gz", gzip.compress(lines, 1), Encryption())
    sql = "SELECT sum(n) FROM t"
    job = Job(parse(sql), sql, "lake", "s3://results/q", Encryption(), NOW)
    with pytest.raises(QueryCancelledError):
        run(job, Lake(local.catalog, local.storage), local.engine, Impatient(last=last))
    assert not list(local.storage.root.with_name("cache").glob("*.partial"))
    assert local.rows(sql) == [["14999850000"]]


@dataclass
class ExpressionCatalog(FakeCatalog):
    """Notes what Glue would be asked for."""

    asked: list[str | None] = field(default_factory=list)

    def partitions(self, table: Table, expression: str | None = None) -> list[Partition]:
        self.asked.append(expression)
        return super().partitions(table, expression)


@pytest.mark.parametrize(
    ("where", "expression"),
    [
        ("k = 'x'", "k IN ('x')"),
        ("k IN ('x', 'y') AND l = 'z'", "k IN ('x', 'y') AND l IN ('z')"),
        ("k = 'it''s'", None),
        ("k > 'x'", None),
        ("k = 'x' OR n = 1", None),
        ("d = DATE '2020-01-01'", None),
        ("n = 1", None),
    ],
)
def test_what_glue_is_asked_for(local: LocalLake, where: str, expression: str | None) -> None:
    catalog = ExpressionCatalog()
    lake = LocalLake(local.engine, catalog, local.storage)
    catalog.add("t", "n int", "k string; l string; d date")
    assert lake.rows(f"SELECT n FROM t WHERE {where}") == []
    assert catalog.asked == [expression]
