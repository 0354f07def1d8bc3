"""Which files a scan must read: partitions whose keys satisfy the query's predicates, and the objects below them."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workshop.sandbox.athena.catalog import projection
from workshop.sandbox.athena.catalog.glue import NULL_PARTITION, Catalog, Partition, Table, TableColumn
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
        return _by_hidden(scan, [whole], connection)
    if projection.is_projected(table):
        return _by_hidden(scan, _projected(scan, storage, connection, now), connection)
    kept = _matching(scan, catalog.partitions(table, _expression(scan)), connection)
    return _by_hidden(scan, _list(table, kept, storage, whole=not scan.conditions), connection)


def _projected(scan: Scan, storage: Storage, connection: Connection, now: datetime) -> list[PartitionFiles]:
    """Projected partitions with files: by their folders if they are few, else by what is below their common prefix."""
    table = scan.table
    narrowing = _narrowing(scan, connection)
    candidates = projection.partitions(table, now, narrowing)
    if candidates is not None:
        kept = _matching(scan, candidates, connection)
        if len(kept) <= _LISTED_ONE_BY_ONE:
            return [PartitionFiles(p, tuple(_visible(storage, p.location))) for p in kept]
        return _match(kept, storage.objects(projection.common_prefix(table)))
    find = projection.folders(table, now, narrowing)
    found: dict[Partition, list[S3Object]] = {}
    for item in storage.objects(projection.common_prefix(table)):
        partition = find(item.uri)
        if partition is not None and not is_skipped(item, split_uri(partition.location)[1]):
            found.setdefault(partition, []).append(item)
    return [PartitionFiles(p, tuple(found[p])) for p in _matching(scan, list(found), connection)]


_PLAIN = re.compile(r"[A-Za-z0-9_ .:/=+-]*")
_EXPRESSION_LENGTH = 2048


def _expression(scan: Scan) -> str | None:
    """What Glue may leave out itself, in its own grammar: keys of text that the query compares with literals.

    Only a help: whatever comes back is looked at again.
    """
    parts = []
    for key in scan.table.partition_keys:
        values = sorted(scan.equalities.get(key.name, ()))
        if key.type == VARCHAR and values and all(map(_PLAIN.fullmatch, [key.name, *values])):
            parts.append(f"{key.name} IN ({', '.join(map(literal, values))})")
    expression = " AND ".join(parts)
    return expression if 0 < len(expression) <= _EXPRESSION_LENGTH else None


def _narrowing(scan: Scan, connection: Connection) -> projection.Narrowing:
    """How projection asks which values of some keys the predicates leave, before it combines all keys."""
    keys = [c.name for c in scan.table.partition_keys]
    first = len(scan.table.columns)

    def keep(key: str, values: str) -> list[str]:
        place = keys.index(key)
        alone = [c for c in scan.conditions if _columns_of(c, scan.alias) == {f"c{first + place}"}]
        typed = _typed(scan.table.partition_keys[place], "p.k")
        where = f" WHERE {' AND '.join(alone)}" if alone else ""
        sql = f"SELECT k FROM (SELECT k, {typed} AS c{first + place} FROM ({values}) AS p) AS {scan.alias}{where}"
        limit = projection.MOST_ENUMERATED + 1
        return [k for (k,) in connection.execute(f"{sql} LIMIT {limit}").fetchall()]

    return projection.Narrowing(_injected(scan), keep)


def _columns_of(condition: str, alias: str) -> set[str]:
    return set(re.findall(rf"\b{alias}\.(c\d+)\b", condition))


def key_values(scan: Scan, partition: Partition) -> list[str]:
    """SQL of the partition's key values, typed as the table declares them."""
    values = []
    for column, text in zip(scan.table.partition_keys, partition.values, strict=True):
        if text is None:
            values.append(f"CAST(NULL AS {column.type.duckdb})")
            continue
        values.append(_typed(column, literal(text)))
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
    return [_typed(key, sql) for key, sql in zip(scan.table.partition_keys, columns, strict=True)]


def _typed(key: TableColumn, sql: str) -> str:
    return sql if key.type.name == "varchar" else cast(Value(sql, VARCHAR), key.type).sql


def _injected(scan: Scan) -> dict[str, list[str]]:
    """Values that the query gives for injected keys: only what `scan.equalities` collected from `key = 'value'`."""
    return {key: sorted(values) for key, values in scan.equalities.items()}


def _list(table: Table, kept: Sequence[Partition], storage: Storage, *, whole: bool) -> list[PartitionFiles]:
    """The files of the partitions in `kept`; `whole`: these are all that the table has."""
    if len(kept) <= (1 if whole else _LISTED_ONE_BY_ONE):
        return [PartitionFiles(p, tuple(_visible(storage, p.location))) for p in kept]
    root = table.location.rstrip("/") + "/"
    below = [p for p in kept if p.location.startswith(root)]
    outside = [PartitionFiles(p, tuple(_visible(storage, p.location))) for p in kept if not p.location.startswith(root)]
    return _match(below, storage.objects(root) if below else []) + outside


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
        listed = [o for o in folders.get((bucket, key), []) if not is_skipped(o, key)]
        if listed:
            found.append(PartitionFiles(partition, tuple(listed)))
    return found


def _visible(storage: Storage, location: str) -> list[S3Object]:
    if not location:
        raise AthenaError("HIVE_INVALID_METADATA", "The table has no location")
    folder = location.rstrip("/") + "/"
    _, prefix = split_uri(folder)
    return [o for o in storage.objects(folder) if not is_skipped(o, prefix)]


def is_skipped(item: S3Object, prefix: str) -> bool:
    """Whether Athena does not read an object below a table: hidden, a folder's marker, or archived."""
    return item.archived or is_hidden(item.key, prefix)


def _by_hidden(scan: Scan, found: Sequence[PartitionFiles], connection: Connection) -> list[PartitionFiles]:
    """Leave out files that the predicates on hidden columns exclude."""
    if not scan.path_conditions:
        return list(found)
    first, result = len(scan.table.columns), []
    for item in found:
        keys = "".join(f", {v} AS c{first + i}" for i, v in enumerate(key_values(scan, item.partition)))
        sql = (
            f"SELECT i FROM (SELECT i, h0, h1, {HIDDEN_TIME} AS h2, CAST($partition AS VARCHAR) AS h3{keys} FROM "
            f"(SELECT unnest(range({len(item.objects)})) AS i, unnest(CAST($paths AS VARCHAR[])) AS h0, "
            f"unnest(CAST($sizes AS BIGINT[])) AS h1, unnest(CAST($times AS TIMESTAMP[])) AS h2)) AS {scan.alias} "
            f"WHERE {' AND '.join(scan.path_conditions)}"
        )
        parameters = {
            "partition": partition_name(scan.table, item.partition),
            "paths": [o.uri for o in item.objects],
            "sizes": [o.size for o in item.objects],
            "times": [o.modified.replace(tzinfo=None) for o in item.objects],
        }
        kept = {row[0] for row in connection.execute(sql, parameters).fetchall()} if item.objects else set()
        result.append(PartitionFiles(item.partition, tuple(o for i, o in enumerate(item.objects) if i in kept)))
    return result


HIDDEN_TIME = "struct_pack(t := date_trunc('millisecond', h2), z := 'UTC')"
"""`"$file_modified_time"` of a TIMESTAMP in UTC."""


def partition_name(table: Table, partition: Partition) -> str:
    """`key=value/…`, as `"$partition"` and error messages show it."""
    values = [NULL_PARTITION if v is None else v for v in partition.values]
    return "/".join(f"{c.name}={v}" for c, v in zip(table.partition_keys, values, strict=True))
