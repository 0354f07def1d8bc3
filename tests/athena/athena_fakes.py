"""A catalog in memory and a store on the local disk, for tests of the engine without a server."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from workshop.sandbox.athena.api.results import read_page
from workshop.sandbox.athena.catalog.glue import Partition, Table, TableColumn
from workshop.sandbox.athena.engine import Engine
from workshop.sandbox.athena.reading.storage import Check, Encryption, S3Object, never, split_uri
from workshop.sandbox.athena.run import Cancellation, Job, Lake, Outcome, run
from workshop.sandbox.athena.syntax.statements import bind_parameters, parse

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
NOW = datetime(2020, 12, 18, 15, 42, 1, 123456, tzinfo=UTC)
"""When every query of these tests is started."""


def columns(text: str) -> tuple[TableColumn, ...]:
    """`"id bigint; tags array<string>"` as columns."""
    parts = [p.strip() for p in text.split(";") if p.strip()]
    return tuple(TableColumn(*p.split(" ", 1)) for p in parts)


@dataclass
class FakeCatalog:
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    registered: dict[str, list[Partition]] = field(default_factory=dict)

    def database_exists(self, name: str) -> bool:
        return name == "lake"

    def table(self, database: str, name: str) -> Table | None:
        return self.tables.get((database, name))

    def partitions(self, table: Table, expression: str | None = None) -> list[Partition]:
        return list(self.registered.get(table.name, []))

    def add_partitions(self, table: Table, partitions: Sequence[Partition]) -> None:
        self.registered.setdefault(table.name, []).extend(partitions)

    def create_table(self, table: Table) -> None:
        self.tables[table.database, table.name] = table

    def delete_table(self, database: str, name: str) -> None:
        del self.tables[database, name]

    def add(self, name: str, listed: str, keys: str = "", **options: object) -> Table:
        table = Table("lake", name, columns(listed), columns(keys), f"s3://lake/{name}/", PARQUET)
        table = replace(table, **options)  # type: ignore[arg-type]
        self.create_table(table)
        return table


@dataclass
class FakeStorage:
    """Objects are files below `root`/bucket; `listed` and `fetched` record what was asked for."""

    root: Path
    listed: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    refuse_puts_after: int | None = None
    archived: set[str] = field(default_factory=set)

    def path(self, uri: str) -> Path:
        bucket, key = split_uri(uri)
        return self.root / bucket / key

    def uris(self) -> list[str]:
        return sorted(f"s3://{p.relative_to(self.root)}" for p in self.root.rglob("*") if p.is_file())

    def reading(self) -> AbstractContextManager[None]:
        return nullcontext()

    def objects(self, uri: str) -> list[S3Object]:
        self.listed.append(uri)
        found = []
        for key in self.uris():
            if key.startswith(uri):
                bucket, name = split_uri(key)
                status = self.path(key).stat()
                etag = hashlib.md5(self.path(key).read_bytes()).hexdigest()
                modified = datetime.fromtimestamp(status.st_mtime, UTC)
                found.append(S3Object(bucket, name, status.st_size, etag, modified, key in self.archived))
        return found

    def fetch(self, objects: Sequence[S3Object], check: Check = never) -> list[Path]:
        """Copies, as the real cache holds them: the reader keeps files of its own beside."""
        self.fetched += [o.uri for o in objects]
        copies = []
        for item in objects:
            check()
            name = hashlib.md5(f"{item.uri} {item.etag}".encode()).hexdigest()
            copy = self.root.with_name("cache") / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists():
                shutil.copyfile(self.path(item.uri), copy)
            copies.append(copy)
        return copies

    def read(self, uri: str) -> Path:
        return self.path(uri)

    def put(self, uri: str, body: bytes | Path, encryption: Encryption) -> None:
        if self.refuse_puts_after is not None:
            self.refuse_puts_after -= 1
            if self.refuse_puts_after < 0:
                raise OSError("the disk is full")
        target = self.path(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body.read_bytes() if isinstance(body, Path) else body)

    def delete(self, uris: Iterable[str]) -> None:
        for uri in uris:
            self.path(uri).unlink(missing_ok=True)


@dataclass
class LocalLake:
    """Runs SQL on the fakes."""

    engine: Engine
    catalog: FakeCatalog
    storage: FakeStorage
    _count: int = 0

    def run(self, sql: str, parameters: Sequence[str] = (), cutoff: int | None = None) -> Outcome:
        self._count += 1
        job = Job(
            statement=bind_parameters(parse(sql), list(parameters)),
            text=sql,
            database="lake",
            output=f"s3://results/q{self._count}",
            encryption=Encryption(),
            started=NOW,
            cutoff=cutoff,
        )
        return run(job, Lake(self.catalog, self.storage), self.engine, Cancellation())

    def rows(self, sql: str, parameters: Sequence[str] = ()) -> list[list[str | None]]:
        """Rows as Athena prints them, without the header."""
        outcome = self.run(sql, parameters)
        return read_page(self.storage.path(outcome.output_location), 0, 1_000_000).rows[1:]

    def types(self, sql: str) -> list[str]:
        return [str(c["Type"]) for c in self.run(sql).columns]
