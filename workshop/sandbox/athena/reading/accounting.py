"""Bytes that Athena would report as scanned (Athena user guide: columnar formats, pricing).

Parquet: the compressed chunks of the referenced leaf columns, in the row groups that the statistics of their columns
cannot exclude; so partition keys and count(*) cost nothing. Text: whole objects, compressed as they are.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, values go through parameters

from collections.abc import Iterable, Sequence

from workshop.sandbox.athena.compiler.time_casts import round_to_millis
from workshop.sandbox.athena.compiler.scope import Scan
from workshop.sandbox.athena.reading.parquet_files import RowGroup, inspect
from workshop.sandbox.athena.reading.readers import ScanFiles, is_parquet
from workshop.sandbox.athena.types import TIMESTAMP
from workshop.sandbox.athena.udf import Connection


def scanned_bytes(scans: Iterable[ScanFiles], connection: Connection) -> int:
    """`DataScannedInBytes` of a query that reads `scans`."""
    return sum(_scan(files, connection) for files in scans)


def _scan(files: ScanFiles, connection: Connection) -> int:
    scan = files.scan
    if not is_parquet(scan.table):
        return sum(item.size for item in files.objects)
    keys = {c.name for c in scan.table.partition_keys}
    used = {path for path in scan.used if path[0] not in keys}
    if not used:
        return 0
    groups = [group for path in files.paths for group in inspect(path).row_groups]
    return sum(group.bytes_of(used) for group in _read(scan, groups, connection))


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
