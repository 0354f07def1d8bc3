"""Bytes that Athena would report as scanned (Athena user guide: columnar formats, pricing).

Parquet: the compressed chunks of the referenced leaf columns, so partition keys and count(*) cost nothing. Text: whole
objects, compressed as they are. An upper bound for now: row groups that statistics exclude are counted too.
"""

from collections.abc import Iterable

from workshop.sandbox.athena.parquet_files import inspect
from workshop.sandbox.athena.readers import ScanFiles, is_parquet


def scanned_bytes(scans: Iterable[ScanFiles]) -> int:
    """`DataScannedInBytes` of a query that reads `scans`."""
    return sum(_scan(files) for files in scans)


def _scan(files: ScanFiles) -> int:
    table = files.scan.table
    if is_parquet(table):
        keys = {c.name for c in table.partition_keys}
        used = {path for path in files.scan.used if path[0] not in keys}
        return sum(inspect(path).bytes_of(used) for path in files.paths)
    return sum(item.size for item in files.objects)
