"""Bytes that Athena would report as scanned (Athena user guide: columnar formats, pricing).

Parquet: the compressed chunks of the referenced leaf columns, in the row groups that the statistics of their columns
cannot exclude; so partition keys and count(*) cost nothing. ORC: the streams of the referenced columns. Text and Avro:
whole objects, compressed as they are.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, values go through parameters

from collections.abc import Iterable, Sequence
from pathlib import Path

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.compiler.scope import Scan
from workshop.sandbox.athena.reading.formats import COLUMNAR, Kind, by_name, kind_of
from workshop.sandbox.athena.reading.orc_footer import column_sizes
from workshop.sandbox.athena.reading.parquet_files import RowGroup, inspect
from workshop.sandbox.athena.reading.readers import Group, ScanFiles, groups
from workshop.sandbox.athena.reading.text_values import round_to_millis
from workshop.sandbox.athena.types import TIMESTAMP
from workshop.sandbox.athena.udf import Connection


def scanned_bytes(scans: Iterable[ScanFiles], connection: Connection) -> int:
    """`DataScannedInBytes` of a query that reads `scans`."""
    return sum(_scan(files, connection) for files in scans)


def _scan(files: ScanFiles, connection: Connection) -> int:
    return sum(_group(files.scan, group, connection) for group in groups(files))


def _group(scan: Scan, group: Group, connection: Connection) -> int:
    """Bytes of files of one kind."""
    kind = kind_of(group.table)
    if kind not in COLUMNAR:
        return sum(file.object.size for file in group.files)
    keys = {c.name for c in scan.table.partition_keys}
    used = {path for path in scan.used if path[0] not in keys}
    if not used:
        return 0
    if kind is Kind.ORC:
        return sum(_orc(file.path, used, group.table) for file in group.files)
    named = by_name(group.table)
    found = []
    for file in group.files:
        inside = inspect(file.path)
        names = list(inside.columns)
        found += [g if named else _by_place(g, scan.table, names) for g in inside.row_groups]
    return sum(g.bytes_of(used) for g in _read(scan, found, connection))


def _orc(path: Path, used: set[tuple[str, ...]], table: Table) -> int:
    names, sizes = column_sizes(path)
    group = RowGroup(sizes, {}, frozenset())
    return (group if by_name(table) else _by_place(group, table, names)).bytes_of(used)


def _by_place(group: RowGroup, table: Table, names: Sequence[str]) -> RowGroup:
    """A row group whose columns are called as those of the table that stand at their places."""
    called = dict(zip(names, (c.name for c in table.columns), strict=False))
    return RowGroup(
        {(called.get(p[0], ""), *p[1:]): size for p, size in group.chunk_sizes.items() if p},
        {called[n]: b for n, b in group.bounds.items() if n in called},
        frozenset(called[n] for n in group.empty if n in called),
    )


def _read(scan: Scan, groups: Sequence[RowGroup], connection: Connection) -> list[RowGroup]:
    """The row groups that may hold a row which satisfies the ranges; DuckDB compares, as it does in the query."""
    types = {c.name: c.type for c in scan.table.columns}
    kept = [g for g in groups if not any(r.column in g.empty for r in scan.ranges)]
    for column in dict.fromkeys(r.column for r in scan.ranges):
        bounds = [g.bounds.get(column) for g in kept]
        low, high = (f"TRY_CAST(b.{side} AS {types[column].duckdb})" for side in ("lo", "hi"))
        if types[column] == TIMESTAMP:
            low, high = round_to_millis(low), round_to_millis(high)
        conditions = " AND ".join(r.sql for r in scan.ranges if r.column == column)
        sql = (
            f"SELECT i FROM (SELECT i, {low} AS lo, {high} AS hi FROM (SELECT unnest(range({len(kept)})) AS i, "
            "unnest(CAST($lo AS VARCHAR[])) AS lo, unnest(CAST($hi AS VARCHAR[])) AS hi) AS b) "
            f"WHERE coalesce({conditions}, TRUE) ORDER BY i"
        )
        texts = {"lo": [b and b.low for b in bounds], "hi": [b and b.high for b in bounds]}
        kept = [kept[i] for (i,) in connection.execute(sql, texts).fetchall()]
    return kept
