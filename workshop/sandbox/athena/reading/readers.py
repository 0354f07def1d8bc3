"""Views over a table's files, as Athena's SerDes read them.

The files of a scan are linked into the query's own folder as `athena_file=<n>/…`, so that DuckDB reports for each row
which file it came from; partition keys and `"$path"` are joined to that number.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.compiler.casts import round_to_millis
from workshop.sandbox.athena.compiler.scope import Scan
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.reading.json_lines import as_declared
from workshop.sandbox.athena.reading.json_values import from_stored, stored_type
from workshop.sandbox.athena.reading.parquet_files import ParquetFile, inspect
from workshop.sandbox.athena.reading.pruning import PartitionFiles, key_values
from workshop.sandbox.athena.reading.storage import S3Object, Storage
from workshop.sandbox.athena.types import TIMESTAMP, Type, can_coerce, literal, quote, row
from workshop.sandbox.athena.udf import Connection

PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_HIVE_JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
_JSON_SERDES = (_HIVE_JSON_SERDE, "org.openx.data.jsonserde.JsonSerDe")
_FILE = "athena_file"


@dataclass(frozen=True)
class ScanFiles:
    """The files of one scan: where they are in S3, and locally."""

    scan: Scan
    partitions: Sequence[PartitionFiles]
    objects: tuple[S3Object, ...]
    paths: tuple[Path, ...]


def is_parquet(table: Table) -> bool:
    """Whether the table's files are Parquet."""
    return table.serde == PARQUET_SERDE


def check_readable(table: Table) -> None:
    """Refuse formats by name, before anything is read."""
    if not is_parquet(table) and table.serde not in _JSON_SERDES:
        raise not_supported(f"The SerDe {table.serde or '(none)'} of table {table.name}")


def fetch(scan: Scan, partitions: Sequence[PartitionFiles], storage: Storage, here: tuple[Path, ...] = ()) -> ScanFiles:
    """Bring the files of a scan here; `here` are the first of them, if they came before."""
    objects = tuple(o for p in partitions for o in p.objects if o.size > 0)
    return ScanFiles(scan, partitions, objects, (*here, *storage.fetch(objects[len(here) :])))


def create_view(connection: Connection, files: ScanFiles, folder: Path) -> None:
    """Create, or create anew, the view that the compiled SQL calls `scan.view`."""
    scan, table = files.scan, files.scan.table
    used = {path[0] for path in scan.used}
    if not files.objects:
        connection.execute(f"CREATE OR REPLACE VIEW {scan.view} AS SELECT {_nothing(table)} WHERE FALSE")
        return
    columns = [(i, c.name, c.type) for i, c in enumerate(table.columns) if c.name in used]
    if is_parquet(table):
        source, selected = _parquet(files, columns, folder)
    else:
        source, selected = _json(files, columns, folder)
    keys = [(len(table.columns) + i, c.name) for i, c in enumerate(table.partition_keys)]
    needed = [(i, name) for i, name in keys if name in used]
    kept = [p for p in files.partitions if p.objects]
    if not scan.uses_path and (not needed or len(kept) == 1):
        values = key_values(scan, kept[0].partition)
        selected += [f"{value} AS c{i}" for (i, name), value in zip(keys, values, strict=True) if name in used]
        connection.execute(
            f"CREATE OR REPLACE VIEW {scan.view} AS SELECT {', '.join(selected) or '1 AS one'} FROM {source} AS r"
        )
        return
    selected += [f"f.c{i}" for i, _ in needed] + ["f.h0"]
    _create_file_table(connection, files, keys)
    connection.execute(
        f"CREATE OR REPLACE VIEW {scan.view} AS SELECT {', '.join(selected)} FROM {source} AS r "
        f"JOIN files_{scan.alias} AS f ON f.n = r.{_FILE}"
    )


def _nothing(table: Table) -> str:
    listed = [f"CAST(NULL AS {c.type.duckdb}) AS c{i}" for i, c in enumerate(table.all_columns)]
    return ", ".join([*listed, "CAST(NULL AS VARCHAR) AS h0"])


def _create_file_table(
    connection: Connection, files: ScanFiles, keys: Sequence[tuple[int, str]]
) -> None:
    """files_<alias>: for each file its number n, its URI h0 and its partition's key values."""
    rows, number = [], 0
    for item in files.partitions:
        values = "".join(f", {v}" for v in key_values(files.scan, item.partition))
        for o in item.objects:
            if o.size > 0:
                rows.append(f"({number}, {literal(o.uri)}{values})")
                number += 1
    names = ", ".join(["n", "h0", *(f"c{i}" for i, _ in keys)])
    connection.execute(
        f"CREATE OR REPLACE TABLE files_{files.scan.alias} AS SELECT * FROM (VALUES {', '.join(rows)}) AS v({names})"
    )


def _link(paths: Sequence[Path], folder: Path, suffix: str) -> str:
    """Hard links (the cache may drop a file while it is read), as a SQL list."""
    listed = []
    for i, path in enumerate(paths):
        target = folder / f"{_FILE}={i}" / f"data{suffix}"
        target.parent.mkdir(parents=True)
        os.link(path, target)
        listed.append(literal(str(target)))
    return f"[{', '.join(listed)}]"


def _parquet(files: ScanFiles, columns: Sequence[tuple[int, str, Type]], folder: Path) -> tuple[str, list[str]]:
    inside = [inspect(p) for p in files.paths]
    for item, found in zip(files.objects, inside, strict=True):
        for _, name, type_ in columns:
            _check_parquet_type(name, type_, found, item)
    listed = _link(files.paths, folder / files.scan.alias, ".parquet")
    same = all(found.columns == inside[0].columns for found in inside)
    union = "" if same else ", union_by_name = true"
    source = f"read_parquet({listed}, hive_partitioning = true, hive_types = {{'{_FILE}': BIGINT}}{union})"
    selected = []
    for i, name, type_ in columns:
        having = [found for found in inside if name in found.columns]
        if not having:
            selected.append(f"CAST(NULL AS {type_.duckdb}) AS c{i}")
            continue
        value = f"r.{quote(name)}"
        if type_ == TIMESTAMP:
            value = f"timezone('UTC', {value})" if name in having[0].zoned else value
            value = round_to_millis(f"CAST({value} AS TIMESTAMP)")
        elif any(found.columns[name] != type_ for found in having):
            value = f"CAST({value} AS {type_.duckdb})"
        selected.append(f"{value} AS c{i}")
    return source, selected


def _check_parquet_type(name: str, declared: Type, found: ParquetFile, item: S3Object) -> None:
    if name not in found.columns:
        return
    stored = found.columns[name]
    if stored is None or not (can_coerce(stored, declared) or _same_shape(stored, declared)):
        raise AthenaError(
            "HIVE_BAD_DATA",
            f"Malformed Parquet file. Field {name}'s type {stored or 'UNKNOWN'} in parquet file {item.uri} is "
            f"incompatible with type {declared} defined in table schema",
        )


def _same_shape(stored: Type, declared: Type) -> bool:
    if stored.name != declared.name:
        return False
    if stored.name == "row":
        types = dict(zip(declared.fields, declared.args, strict=True))
        pairs = [(t, types[f]) for f, t in zip(stored.fields, stored.args, strict=True) if f in types]
        return all(can_coerce(a, b) or _same_shape(a, b) for a, b in pairs)
    if stored.name == "decimal":
        return stored.scale == declared.scale
    return all(can_coerce(a, b) or _same_shape(a, b) for a, b in zip(stored.args, declared.args, strict=True))


def _json(files: ScanFiles, columns: Sequence[tuple[int, str, Type]], folder: Path) -> tuple[str, list[str]]:
    for option, value in files.scan.table.serde_parameters.items():
        if option.startswith("mapping.") or (option == "case.insensitive" and value.lower() == "false"):
            raise not_supported(f"The SerDe property {option}")
    # A line must be read even when no column of it is used: count(*) counts lines.
    wanted = columns or [(0, files.scan.table.columns[0].name, files.scan.table.columns[0].type)]
    shape = row([(name, type_) for _, name, type_ in wanted])
    scratch = folder / f"{files.scan.alias}_rewritten"
    scratch.mkdir(parents=True)
    paths = [as_declared(path, shape, scratch, item) for path, item in zip(files.paths, files.objects, strict=True)]
    listed = _link(paths, folder / files.scan.alias, ".json")
    types = ", ".join(f"{literal(name)}: {literal(stored_type(type_))}" for _, name, type_ in wanted)
    source = (
        f"read_json({listed}, format = 'newline_delimited', records = true, auto_detect = false, "
        f"columns = {{{types}}}, hive_partitioning = true, "
        f"hive_types = {{'{_FILE}': BIGINT}})"
    )
    strict = files.scan.table.serde == _HIVE_JSON_SERDE
    return source, [f"{from_stored(f'r.{quote(name)}', type_, strict=strict)} AS c{i}" for i, name, type_ in columns]
