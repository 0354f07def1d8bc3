"""MSCK REPAIR TABLE: registers the folders `key=value/…` that are in S3 but not in Glue.

Partitions whose folder is gone are named, and stay (Athena user guide: msck-repair-table).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from workshop.sandbox.athena.catalog_statements.context import Answer, Context, keys_of
from workshop.sandbox.athena.catalog_statements.partitions import partition_input, path_of, root_of
from workshop.sandbox.athena.reading.storage import split_uri
from workshop.sandbox.athena.syntax.catalog_statements import RepairTable


def repair_table(statement: RepairTable, context: Context) -> Answer:
    """Add what is missing; one line for what was found, then one for each partition added."""
    table = context.hive_table(statement.name)
    root = f"{root_of(table)}/"
    keys = [key["Name"] for key in keys_of(table)]
    objects = context.storage.objects(root)
    if not objects:
        return Answer(lines=[f"Tables missing on filesystem:\t{table['Name']}"])
    if not keys:
        return Answer()
    _, prefix = split_uri(root)
    folders = _folders([o.key[len(prefix) :] for o in objects], keys)
    registered = {tuple(p["Values"]): p for p in context.glue.partitions(table["DatabaseName"], table["Name"])}
    missing = {values: folder for values, folder in folders.items() if values not in registered}
    context.check()
    context.glue.create_partitions(
        table["DatabaseName"],
        table["Name"],
        [partition_input(table, values, root + folder) for values, folder in missing.items()],
    )
    filled = {parent for o in objects for parent in _parents(o.uri)}
    gone = [
        values
        for values, partition in registered.items()
        if (location := partition["StorageDescriptor"]["Location"].rstrip("/")).startswith(root)
        and location not in filled
    ]
    return Answer(lines=_report(table, list(missing), gone))


def _parents(uri: str) -> Iterator[str]:
    while (slash := uri.rfind("/")) > len("s3://"):
        uri = uri[:slash]
        yield uri


def _folders(keys_below: list[str], names: list[str]) -> dict[tuple[str, ...], str]:
    """Values -> folder, for the folders that are named for all the partition keys in their order."""
    found: dict[tuple[str, ...], str] = {}
    for below in keys_below:
        parts = below.split("/")[:-1][: len(names)]
        if len(parts) < len(names):
            continue
        pairs = [part.partition("=") for part in parts]
        if all(unquote(key).lower() == name and equals for (key, equals, _), name in zip(pairs, names, strict=True)):
            values = tuple(unquote(value) for _, _, value in pairs)
            found.setdefault(values, "/".join(parts))
    return found


def _report(table: Mapping[str, Any], added: list[tuple[str, ...]], gone: list[tuple[str, ...]]) -> list[str]:
    def named(values: tuple[str, ...]) -> str:
        return f"{table['Name']}:{path_of(table, values)}"

    lines = []
    if added:
        lines.append("\t".join(["Partitions not in metastore:", *map(named, added)]))
    if gone:
        lines.append("\t".join(["Partitions missing from filesystem:", *map(named, gone)]))
    return [*lines, *(f"Repair: Added partition to metastore {named(values)}" for values in added)]
