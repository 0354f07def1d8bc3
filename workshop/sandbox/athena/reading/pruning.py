"""Which files a scan must read: partitions whose keys satisfy the query's predicates, and the objects below them."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workshop.sandbox.athena.catalog import projection
from workshop.sandbox.athena.catalog.glue import Catalog, Partition, Table
from workshop.sandbox.athena.compiler.casts import cast
from workshop.sandbox.athena.compiler.scope import Scan
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.storage import S3Object, Storage, is_hidden, split_uri
from workshop.sandbox.athena.types import VARCHAR, literal
from workshop.sandbox.athena.udf import Connection

_LISTED_ONE_BY_ONE = 16
"""Up to this many partitions are listed by a call each, more by walking their common prefix."""


@dataclass(frozen=True)
class PartitionFiles:
    """A partition that is read, and its objects in order of their keys."""

    partition: Partition
    objects: tuple[S3Object, ...]


def files_of(
    scan: Scan, catalog: Catalog, storage: Storage, connection: Connection, now: datetime
) -> list[PartitionFiles]:
    """The partitions of `scan` that its predicates leave, with their files."""
    table = scan.table
    if not table.partition_keys:
        whole = PartitionFiles(Partition((), table.location), tuple(_visible(storage, table.location)))
        return _by_path(scan, [whole], connection)
    projected = projection.is_projected(table)
    candidates = projection.partitions(table, now, _injected(scan)) if projected else catalog.partitions(table)
    kept = _matching(scan, candidates, connection)
    return _by_path(scan, _list(table, kept, storage, projected=projected), connection)


def key_values(scan: Scan, partition: Partition) -> list[str]:
    """SQL of the partition's key values, typed as the table declares them."""
    values = []
    for column, text in zip(scan.table.partition_keys, partition.values, strict=True):
        if text is None:
            values.append(f"CAST(NULL AS {column.type.duckdb})")
            continue
        value = Value(literal(text), VARCHAR)
        values.append(value.sql if column.type.name == "varchar" else cast(value, column.type).sql)
    return values


def _matching(scan: Scan, candidates: Sequence[Partition], connection: Connection) -> list[Partition]:
    """Evaluate the predicates in DuckDB, over a table of the candidates' values."""
    if not scan.conditions or not candidates:
        return list(candidates)
    first = len(scan.table.columns)
    keys = range(len(scan.table.partition_keys))
    typed = ", ".join(
        f"{key} AS c{first + i}"
        for i, key in zip(keys, key_values_of_columns(scan, [f"p.k{i}" for i in keys]), strict=True)
    )
    names = ", ".join(f"k{i}" for i in keys)
    parameters = {f"k{i}": [p.values[i] for p in candidates] for i in keys}
    unnested = ", ".join(f"unnest(CAST(${name} AS VARCHAR[])) AS {name}" for name in parameters)
    sql = (
        f"SELECT i FROM (SELECT i, {typed} FROM "
        f"(SELECT unnest(range({len(candidates)})) AS i, {unnested}) AS p(i, {names})) AS {scan.alias} "
        f"WHERE {' AND '.join(scan.conditions)} ORDER BY i"
    )
    return [candidates[i] for (i,) in connection.execute(sql, parameters).fetchall()]


def key_values_of_columns(scan: Scan, columns: Sequence[str]) -> list[str]:
    """SQL that turns columns of text into the table's partition keys."""
    return [
        sql if key.type.name == "varchar" else cast(Value(sql, VARCHAR), key.type).sql
        for key, sql in zip(scan.table.partition_keys, columns, strict=True)
    ]


def _injected(scan: Scan) -> dict[str, list[str]]:
    """Values that the query gives for injected keys: only what `scan.equalities` collected from `key = 'value'`."""
    return {key: sorted(values) for key, values in scan.equalities.items()}


def _list(table: Table, kept: Sequence[Partition], storage: Storage, *, projected: bool) -> list[PartitionFiles]:
    if len(kept) <= _LISTED_ONE_BY_ONE:
        return [PartitionFiles(p, tuple(_visible(storage, p.location))) for p in kept]
    if projected:
        return _match(kept, storage.objects(projection.common_prefix(table)))
    roots = {p.location for p in kept if not p.location.startswith(table.location.rstrip("/") + "/")}
    below = [p for p in kept if p.location not in roots]
    outside = [PartitionFiles(p, tuple(_visible(storage, p.location))) for p in kept if p.location in roots]
    return _match(below, storage.objects(table.location.rstrip("/") + "/")) + outside


def _match(kept: Sequence[Partition], objects: Sequence[S3Object]) -> list[PartitionFiles]:
    """Share out the objects of a common prefix among partitions by their folders."""
    folders: dict[tuple[str, str], list[S3Object]] = {}
    for item in objects:
        parts = item.key.split("/")
        for depth in range(1, len(parts)):
            folders.setdefault((item.bucket, "/".join(parts[:depth]) + "/"), []).append(item)
    found = []
    for partition in kept:
        bucket, key = split_uri(partition.location.rstrip("/") + "/")
        listed = [o for o in folders.get((bucket, key), []) if not is_hidden(o.key, key)]
        if listed:
            found.append(PartitionFiles(partition, tuple(listed)))
    return found


def _visible(storage: Storage, location: str) -> list[S3Object]:
    if not location:
        raise AthenaError("HIVE_INVALID_METADATA", "The table has no location")
    folder = location.rstrip("/") + "/"
    _, prefix = split_uri(folder)
    return [o for o in storage.objects(folder) if not is_hidden(o.key, prefix)]


def _by_path(
    scan: Scan, found: Sequence[PartitionFiles], connection: Connection
) -> list[PartitionFiles]:
    """Leave out files that the predicates on `"$path"` exclude."""
    if not scan.path_conditions:
        return list(found)
    first, result = len(scan.table.columns), []
    for item in found:
        keys = "".join(f", {v} AS c{first + i}" for i, v in enumerate(key_values(scan, item.partition)))
        sql = (
            f"SELECT h0 FROM (SELECT h0{keys} FROM (SELECT unnest(CAST($paths AS VARCHAR[])) AS h0)) AS {scan.alias} "
            f"WHERE {' AND '.join(scan.path_conditions)}"
        )
        paths = {row[0] for row in connection.execute(sql, {"paths": [o.uri for o in item.objects]}).fetchall()}
        result.append(PartitionFiles(item.partition, tuple(o for o in item.objects if o.uri in paths)))
    return result
