"""Views over the files of a scan, whatever they are.

Partitions may have columns and a SerDe of their own: files are read by those of their partition, and the values made
those of the table. Partition keys and hidden columns are joined to the number of each row's file.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from workshop.sandbox.athena.catalog.glue import Table, table_from_glue
from workshop.sandbox.athena.compiler.relations import HIDDEN_COLUMNS
from workshop.sandbox.athena.compiler.scope import Scan
from workshop.sandbox.athena.reading import container_files, json_lines, parquet_source, sources
from workshop.sandbox.athena.reading.coercions import check_partition, coerced
from workshop.sandbox.athena.reading.conversions import LocalFile
from workshop.sandbox.athena.reading.formats import Kind, by_name, kind_of
from workshop.sandbox.athena.reading.pruning import (
    HIDDEN_TIME,
    PartitionFiles,
    key_values,
    key_values_of_columns,
    partition_name,
)
from workshop.sandbox.athena.reading.sources import Request, Source, Wanted
from workshop.sandbox.athena.reading.storage import Check, S3Object, Storage, never
from workshop.sandbox.athena.udf import Connection

_SOURCES: dict[Kind, Callable[[Request], Source]] = {
    Kind.PARQUET: parquet_source.parquet,
    Kind.ORC: container_files.orc,
    Kind.AVRO: container_files.avro,
    Kind.HIVE_JSON: json_lines.json_source,
    Kind.OPENX_JSON: json_lines.json_source,
    Kind.DELIMITED: sources.text,
    Kind.CSV: sources.text,
    Kind.REGEX: sources.text,
}


@dataclass(frozen=True)
class ScanFiles:
    """The files of one scan: where they are in S3, and locally."""

    scan: Scan
    partitions: Sequence[PartitionFiles]
    objects: tuple[S3Object, ...]
    paths: tuple[Path, ...]


@dataclass
class Group:
    """Files that are read by the same schema."""

    table: Table
    partition: str
    files: list[LocalFile] = field(default_factory=list)


def check_readable(table: Table) -> None:
    """Refuse formats by name, before anything is read."""
    kind_of(table)


def fetch(
    scan: Scan,
    partitions: Sequence[PartitionFiles],
    storage: Storage,
    here: tuple[Path, ...] = (),
    check: Check = never,
) -> ScanFiles:
    """Bring the files of a scan here; `here` are the first of them, if they came before."""
    objects = tuple(o for p in partitions for o in p.objects if o.size > 0)
    return ScanFiles(scan, partitions, objects, (*here, *storage.fetch(objects[len(here) :], check)))


def create_view(connection: Connection, files: ScanFiles, folder: Path, check: Check = never) -> None:
    """Create, or create anew, the view that the compiled SQL calls `scan.view`."""
    scan, table = files.scan, files.scan.table
    used = {path[0] for path in scan.used}
    if not files.objects:
        connection.execute(f"CREATE OR REPLACE VIEW {scan.view} AS SELECT {_nothing(table)} WHERE FALSE")
        return
    keys = [(len(table.columns) + i, c.name) for i, c in enumerate(table.partition_keys)]
    needed = [i for i, name in keys if name in used]
    kept = [p for p in files.partitions if p.objects]
    joined = scan.uses_path or (bool(needed) and len(kept) > 1)
    constants = []
    if not joined:
        values = key_values(scan, kept[0].partition)
        constants = [f"{value} AS c{i}" for (i, name), value in zip(keys, values, strict=True) if name in used]
    else:
        _create_file_table(connection, files)
        constants = [f"f.c{i}" for i in needed]
        if scan.uses_path:
            constants += [f"f.h{i}" for i in range(len(HIDDEN_COLUMNS))]
    selects = []
    for n, group in enumerate(groups(files)):
        sql, selected, number = _read(group, files, Place(connection, folder, f"rows_{scan.alias}_{n}", check))
        join = f" JOIN files_{scan.alias} AS f ON f.n = {number}" if joined else ""
        listed = ", ".join([*selected, *constants]) or "1 AS one"
        selects.append(f"SELECT {listed} FROM {sql} AS r{join}")
    connection.execute(f"CREATE OR REPLACE VIEW {scan.view} AS {' UNION ALL '.join(selects)}")


@dataclass(frozen=True)
class Place:
    """Where a source is made: a name of its own, and a folder for its files."""

    connection: Connection
    folder: Path
    name: str
    check: Check


def _read(group: Group, files: ScanFiles, place: Place) -> tuple[str, list[str], str]:
    """FROM, the columns of the table, and the number of the file, of one group."""
    table, own = files.scan.table, group.table
    used = {path[0] for path in files.scan.used}
    places = {c.name: i for i, c in enumerate(own.columns)}
    named = by_name(own)
    wanted, missing = [], []
    for i, column in enumerate(table.columns):
        if column.name not in used:
            continue
        at = places.get(column.name) if named else i
        if at is None and kind_of(own) is Kind.PARQUET:  # the file may have what its partition does not declare
            wanted.append(Wanted(i, column.name, i, column.type))
            continue
        if at is None or at >= len(own.columns):
            missing.append((i, column))
            continue
        stored = column.type if own is table else own.columns[at].type
        wanted.append(Wanted(i, column.name, at, stored))
    request = Request(place.connection, own, wanted, group.files, place.folder, place.name, place.check)
    source = _SOURCES[kind_of(own)](request)
    selected = [
        f"{coerced(sql, w.type, table.columns[w.index].type)} AS c{w.index}"
        for w, sql in zip(wanted, source.columns, strict=True)
    ]
    selected += [f"{sources.null_column(c.type)} AS c{i}" for i, c in missing]
    order = {f"c{i}": i for i in range(len(table.columns))}
    return source.sql, sorted(selected, key=lambda s: order[s.rpartition(" AS ")[2]]), source.number


def groups(files: ScanFiles) -> list[Group]:
    """Files by the schema of their partitions; HIVE_PARTITION_SCHEMA_MISMATCH where it does not fit the table's."""
    table = files.scan.table
    found: dict[object, Group] = {}
    paths = iter(files.paths)
    number = 0
    for item in files.partitions:
        objects = [o for o in item.objects if o.size > 0]
        own = _own_table(table, item)
        key: object = None if own is table else (own.serde, own.columns, repr(sorted(own.serde_parameters.items())))
        if objects and key not in found:
            name = partition_name(table, item.partition)
            if own is not table:
                check_partition(table, own, name)
            found[key] = Group(own, name)
        for o in objects:
            found[key].files.append(LocalFile(o, next(paths), number))
            number += 1
    return list(found.values())


def _own_table(table: Table, item: PartitionFiles) -> Table:
    """The table as the partition of some files describes it."""
    storage = item.partition.storage
    if not storage or not storage.get("Columns"):
        return table
    own = table_from_glue({"DatabaseName": table.database, "Name": table.name, "StorageDescriptor": storage})
    same = (
        [(c.name, c.hive_type) for c in own.columns] == [(c.name, c.hive_type) for c in table.columns]
        and own.serde in ("", table.serde)
        and (not own.serde or dict(own.serde_parameters) == dict(table.serde_parameters))
    )
    if same:
        return table
    serde = {} if own.serde else {"serde": table.serde, "serde_parameters": table.serde_parameters}
    return replace(
        own,
        properties=table.properties,
        input_format=own.input_format or table.input_format,
        **serde,  # type: ignore[arg-type]
    )


def _nothing(table: Table) -> str:
    listed = [f"CAST(NULL AS {c.type.duckdb}) AS c{i}" for i, c in enumerate(table.all_columns)]
    hidden = [f"CAST(NULL AS {t.duckdb}) AS h{i}" for i, t in enumerate(HIDDEN_COLUMNS.values())]
    return ", ".join([*listed, *hidden])


def _create_file_table(connection: Connection, files: ScanFiles) -> None:
    """files_<alias>: for each file its number n, its hidden columns h0, h1, … and its partition's key values."""
    scan = files.scan
    first = len(scan.table.columns)
    keys = range(len(scan.table.partition_keys))
    rows = [(p, o) for p in files.partitions for o in p.objects if o.size > 0]
    name = f"listed_{scan.alias}"
    columns = {"n": pa.array(range(len(rows)), pa.int64())} | hidden_values([o for _, o in rows])
    columns["h3"] = pa.array([partition_name(scan.table, p.partition) for p, _ in rows], pa.string())
    columns |= {f"k{i}": pa.array([p.partition.values[i] for p, _ in rows], pa.string()) for i in keys}
    connection.register(name, pa.table(columns))
    typed = "".join(
        f", {sql} AS c{first + i}"
        for i, sql in zip(keys, key_values_of_columns(scan, [f"k{i}" for i in keys]), strict=True)
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE files_{scan.alias} AS SELECT n, h0, h1, {HIDDEN_TIME} AS h2, h3{typed} FROM {name}"
    ).fetchall()


def hidden_values(objects: Sequence[S3Object]) -> dict[str, pa.Array]:
    """The hidden columns of files that do not depend on their partition."""
    return {
        "h0": pa.array([o.uri for o in objects], pa.string()),
        "h1": pa.array([o.size for o in objects], pa.int64()),
        "h2": pa.array([o.modified.replace(tzinfo=None) for o in objects], pa.timestamp("us")),
    }
