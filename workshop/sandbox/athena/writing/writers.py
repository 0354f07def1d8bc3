"""Statements that write tables: INSERT INTO, UNLOAD and CREATE TABLE AS.

Files are written to the query's own folder, uploaded under names nobody else uses, then partitions are registered, and
only then the statement succeeds. When a step fails, or the query is stopped, what was uploaded is deleted.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from workshop.sandbox.athena.catalog import projection
from workshop.sandbox.athena.catalog.glue import NULL_PARTITION, Catalog, Partition
from workshop.sandbox.athena.engine import Session
from workshop.sandbox.athena.reading.storage import Check, Encryption, Storage, never
from workshop.sandbox.athena.writing.files import MAX_PARTITIONS, File, write
from workshop.sandbox.athena.writing.plans import Plan, plan_ctas, plan_insert, plan_unload


@dataclass(frozen=True)
class Written:
    """What was written: the number of rows and the URIs of the objects."""

    rows: int
    uris: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """Where files go, how they are encrypted, and the URI of the manifest; `check` raises once the query is stopped."""

    storage: Storage
    encryption: Encryption
    manifest: str
    check: Check = never


def execute(plan: Plan, session: Session, catalog: Catalog, output: Output) -> Written:
    """Write, upload, register, and store the manifest; on failure delete what was uploaded."""
    storage = output.storage
    rows, files = 0, list[File]()
    if plan.with_data and not plan.nothing:
        rows, files = write(plan, session.connection, session.folder / "written", output.check)
    stem = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:10]}"
    known = _known(plan, catalog) if files else {}
    named = [(f, *_target(plan, f, f"{stem}_{i:05}{plan.layout.extension}", known)) for i, f in enumerate(files)]
    done: list[str] = []
    created = False
    try:
        for file, uri, _ in named:
            output.check()
            done.append(uri)
            storage.put(uri, file.path, output.encryption)
        output.check()
        if plan.creates_table and plan.table is not None and not plan.nothing:
            catalog.create_table(plan.table)
            created = True
        _register(plan, [p for _, _, p in named if p is not None], catalog)
        storage.put(output.manifest, "".join(f"{uri}\n" for uri in done).encode(), output.encryption)
    except BaseException:
        if created and plan.table is not None:
            catalog.delete_table(plan.table.database, plan.table.name)
        storage.delete(done)
        raise
    return Written(rows, tuple(done))


def _known(plan: Plan, catalog: Catalog) -> dict[tuple[str | None, ...], Partition]:
    """The partitions that are registered already; they may lie anywhere."""
    if plan.creates_table or plan.table is None or not plan.partition_columns or projection.is_projected(plan.table):
        return {}
    return {p.values: p for p in catalog.partitions(plan.table)}


def _target(
    plan: Plan, file: File, name: str, known: Mapping[tuple[str | None, ...], Partition]
) -> tuple[str, Partition | None]:
    """URI of a written file, and the partition that is to be registered for it."""
    if not plan.partition_columns:
        return f"{plan.location}{name}", None
    values = tuple(NULL_PARTITION if v is None else v for v in file.values)
    if file.values in known:
        return f"{known[file.values].location.rstrip('/')}/{name}", None
    if plan.table is not None and projection.is_projected(plan.table):
        return f"{projection.location(plan.table, values)}{name}", None
    keys = plan.partition_columns
    folder = plan.location + "".join(f"{k}={_escaped(v)}/" for k, v in zip(keys, values, strict=True))
    return f"{folder}{name}", Partition(file.values, folder)


def _escaped(value: str) -> str:
    """A partition value in a path, escaped as Hive does."""
    special = set("\"#%'*/:=?\\{[]^\x7f") | {chr(i) for i in range(1, 32)}
    return "".join(f"%{ord(c):02X}" if c in special else c for c in value)


def _register(plan: Plan, partitions: Sequence[Partition], catalog: Catalog) -> None:
    if plan.table is None or not partitions:
        return
    table = plan.table
    if plan.creates_table:
        table = catalog.table(table.database, table.name) or table
    catalog.add_partitions(table, list({p.values: p for p in partitions}.values()))


__all__ = ["MAX_PARTITIONS", "Output", "Plan", "Written", "execute", "plan_ctas", "plan_insert", "plan_unload"]
