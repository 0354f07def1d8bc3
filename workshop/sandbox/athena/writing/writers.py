"""Statements that write tables: INSERT INTO, UNLOAD and CREATE TABLE AS (Athena user guide: insert-into, unload, ctas).

Files are written to the query's own folder, uploaded under names nobody else uses, then partitions are registered, and
only then the statement succeeds. When a step fails, the objects that were uploaded are deleted.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from workshop.sandbox.athena.api.results import labels
from workshop.sandbox.athena.catalog import projection
from workshop.sandbox.athena.catalog.binder import Binder
from workshop.sandbox.athena.catalog.glue import NULL_PARTITION, Catalog, Partition, Table, TableColumn
from workshop.sandbox.athena.compiler.scope import Compiled
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.engine import Session
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.reading.formats import PARQUET_SERDE, Kind, kind_of
from workshop.sandbox.athena.reading.storage import Encryption, Storage, split_uri
from workshop.sandbox.athena.syntax.statements import Ctas, Insert, Unload
from workshop.sandbox.athena.types import Type, can_coerce, literal, quote, to_hive
from workshop.sandbox.athena.udf import Connection

MAX_PARTITIONS = 100
"""Partitions that one statement may write (Athena user guide: considerations of CTAS and INSERT INTO)."""

_COMPRESSIONS = ("ZSTD", "SNAPPY", "GZIP", "NONE", "UNCOMPRESSED")
_UNLOAD_PROPERTIES = {"format", "compression", "compression_level", "partitioned_by"}
_CTAS_PROPERTIES = {
    "format", "external_location", "partitioned_by", "write_compression", "parquet_compression", "table_type",
    "is_external",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What to write: SQL with named columns, where to, and how."""

    sql: str
    columns: tuple[tuple[str, Type], ...]
    partition_columns: tuple[str, ...]
    location: str
    compression: str
    table: Table | None
    creates_table: bool = False


@dataclass(frozen=True)
class Written:
    """What was written: the number of rows and the URIs of the objects."""

    rows: int
    uris: tuple[str, ...]


def plan_insert(statement: Insert, compiled: Compiled, table: Table) -> Plan:
    """Match the query's columns with the table's; partition keys come last."""
    if kind_of(table) is not Kind.PARQUET:
        raise not_supported(f"INSERT INTO a table of SerDe {table.serde}")
    if table.storage.get("BucketColumns"):
        raise AthenaError("NOT_SUPPORTED", "Inserting into bucketed tables is not supported")
    names = [c.name for c in table.all_columns]
    target = list(statement.columns) if statement.columns is not None else names
    for name in target:
        if name not in names:
            raise AthenaError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {name}")
        if target.count(name) > 1:
            raise AthenaError("DUPLICATE_COLUMN_NAME", f"Insert column name is specified more than once: {name}")
    types = {c.name: c.type for c in table.all_columns}
    expected = [types[n] for n in target]
    given = [c.type for c in compiled.columns]
    if len(expected) != len(given) or not all(map(_assignable, given, expected)):
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Insert query has mismatched column types: Table: [{', '.join(map(str, expected))}], "
            f"Query: [{', '.join(map(str, given))}]",
        )
    values = {n: coerce(Value(f"q.c{i}", g), types[n]).sql for i, (n, g) in enumerate(zip(target, given, strict=True))}
    listed = ", ".join(f"{values.get(n, f'CAST(NULL AS {types[n].duckdb})')} AS {quote(n)}" for n in names)
    properties = {**table.serde_parameters, **table.properties}
    compression = properties.get("parquet.compression") or properties.get("write.compression") or "GZIP"
    return Plan(
        f"SELECT {listed} FROM ({compiled.sql}) AS q",
        tuple((n, types[n]) for n in names),
        tuple(c.name for c in table.partition_keys),
        table.location.rstrip("/") + "/",
        _compression(compression),
        table,
    )


def _assignable(given: Type, expected: Type) -> bool:
    """Trino also stores text of any length in a varchar of any length, cutting nothing but blanks."""
    if given.name == expected.name == "varchar" and expected.length is not None:
        return given.length is not None and given.length <= expected.length
    return can_coerce(given, expected)


def plan_unload(statement: Unload, compiled: Compiled, storage: Storage) -> Plan:
    """Check the properties and that nothing is at the target yet."""
    unknown = set(statement.properties) - _UNLOAD_PROPERTIES
    if unknown:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Unrecognized UNLOAD properties: {', '.join(sorted(unknown))}")
    kind = statement.properties.get("format")
    if kind is None:
        raise AthenaError("INVALID_TABLE_PROPERTY", "UNLOAD requires the property 'format'")
    if str(kind).upper() != "PARQUET":
        raise not_supported(f"UNLOAD to the format {kind}")
    columns = _named_columns(compiled)
    location = statement.location.rstrip("/") + "/"
    _must_be_empty(location, storage)
    partitioned = _partition_columns(statement.properties, [n for n, _ in columns])
    compression = _compression(str(statement.properties.get("compression", "GZIP")))
    return Plan(_select_named(compiled), tuple(columns), partitioned, location, compression, None)


def plan_ctas(
    statement: Ctas, compiled: Compiled, binder: Binder, storage: Storage, default_location: str | None
) -> Plan:
    """The new table and its location."""
    unknown = set(statement.properties) - _CTAS_PROPERTIES
    if unknown:
        raise not_supported(f"The table property {sorted(unknown)[0]}")
    kind = str(statement.properties.get("format", "PARQUET"))
    if kind.upper() != "PARQUET" or str(statement.properties.get("table_type", "HIVE")).upper() != "HIVE":
        raise not_supported(
            f"CREATE TABLE AS with format {kind} and type {statement.properties.get('table_type', 'HIVE')}"
        )
    database = statement.table.database or binder.database
    if database is None:
        raise AthenaError("MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set")
    if not binder.catalog.database_exists(database):
        raise AthenaError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
    if binder.catalog.table(database, statement.table.name) is not None:
        raise AthenaError(
            "TABLE_ALREADY_EXISTS", f"Table 'awsdatacatalog.{database}.{statement.table.name}' already exists"
        )
    columns = _named_columns(compiled)
    given = statement.properties.get("external_location")
    location = str(given) if given is not None else default_location
    if location is None:
        raise AthenaError("INVALID_TABLE_PROPERTY", "No output location: set external_location")
    location = location.rstrip("/") + "/"
    _must_be_empty(location, storage)
    partitioned = _partition_columns(statement.properties, [n for n, _ in columns])
    codec = statement.properties.get("write_compression") or statement.properties.get("parquet_compression")
    compression = _compression(str(codec or "GZIP"))
    hive = [TableColumn(n, to_hive(t)) for n, t in columns]
    table = Table(
        database=database,
        name=statement.table.name,
        columns=tuple(c for c in hive if c.name not in partitioned),
        partition_keys=tuple(c for c in hive if c.name in partitioned),
        location=location,
        serde=PARQUET_SERDE,
        input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        serde_parameters={"serialization.format": "1"},
        properties={"parquet.compression": compression},
    )
    sql = _select_named(compiled)
    return Plan(sql, tuple(columns), partitioned, location, compression, table, creates_table=True)


def execute(plan: Plan, session: Session, catalog: Catalog, storage: Storage, encryption: Encryption) -> Written:
    """Write, upload, register; on failure delete what was uploaded."""
    folder = session.folder / "written"
    rows, files = _write(plan, session.connection, folder)
    stem = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:10]}"
    uploads = [(path, *_target(plan, folder, path, f"{stem}_{i:05}")) for i, path in enumerate(files)]
    done: list[str] = []
    created = False
    try:
        for path, uri, _ in uploads:
            done.append(uri)
            storage.put(uri, path, encryption)
        if plan.creates_table and plan.table is not None:
            catalog.create_table(plan.table)
            created = True
        _register(plan, [p for _, _, p in uploads if p is not None], catalog)
    except Exception:
        if created and plan.table is not None:
            catalog.delete_table(plan.table.database, plan.table.name)
        storage.delete(done)
        raise
    return Written(rows, tuple(done))


def _write(plan: Plan, connection: Connection, folder: Path) -> tuple[int, list[Path]]:
    folder.mkdir()
    codec = "UNCOMPRESSED" if plan.compression in ("NONE", "UNCOMPRESSED") else plan.compression
    options = f"FORMAT parquet, COMPRESSION {codec}"
    if plan.partition_columns:
        options += f", PARTITION_BY ({', '.join(map(quote, plan.partition_columns))})"
        target = folder
    else:
        target = folder / "data.parquet"
    (rows,) = connection.execute(f"COPY ({plan.sql}) TO {literal(str(target))} ({options})").fetchone() or (0,)
    files = sorted(folder.rglob("*.parquet")) if rows else []
    if len({f.parent for f in files}) > MAX_PARTITIONS:
        raise AthenaError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets",
        )
    return int(rows), files


def _target(plan: Plan, root: Path, path: Path, name: str) -> tuple[str, Partition | None]:
    """URI of a written file, and the partition it belongs to."""
    values = tuple(unquote(part.partition("=")[2]) for part in path.relative_to(root).parts[:-1])
    if not values:
        return f"{plan.location}{name}", None
    texts = tuple(None if v == NULL_PARTITION else v for v in values)
    if plan.table is not None and projection.is_projected(plan.table):
        return f"{projection.location(plan.table, values)}{name}", None
    keys = plan.partition_columns
    folder = plan.location + "".join(f"{k}={_escaped(v)}/" for k, v in zip(keys, values, strict=True))
    return f"{folder}{name}", Partition(texts, folder.rstrip("/") + "/")


def _escaped(value: str) -> str:
    """A partition value in a path, escaped as Hive does."""
    special = set("\"#%'*/:=?\\{[]^\x7f") | {chr(i) for i in range(1, 32)}
    return "".join(f"%{ord(c):02X}" if c in special else c for c in value)


def _register(plan: Plan, partitions: Sequence[Partition], catalog: Catalog) -> None:
    if plan.table is None or not partitions:
        return
    known = set() if plan.creates_table else {p.values for p in catalog.partitions(plan.table)}
    table = plan.table
    if plan.creates_table:
        table = catalog.table(table.database, table.name) or table
    new = {p.values: p for p in partitions if p.values not in known}
    if new:
        catalog.add_partitions(table, list(new.values()))


def _select_named(compiled: Compiled) -> str:
    listed = ", ".join(f"q.c{i} AS {quote(n)}" for i, n in enumerate(labels(compiled.columns)))
    return f"SELECT {listed} FROM ({compiled.sql}) AS q"


def _named_columns(compiled: Compiled) -> list[tuple[str, Type]]:
    names = labels(compiled.columns)
    for i, column in enumerate(compiled.columns):
        if column.name is None:
            raise AthenaError("MISSING_COLUMN_NAME", f"Column name not specified at position {i + 1}")
        if names.count(column.name) > 1:
            raise AthenaError("DUPLICATE_COLUMN_NAME", f"Column name '{column.name}' specified more than once")
        if column.type.name == "unknown":
            raise AthenaError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown at position {i + 1}")
        to_hive(column.type)  # refuses what a file cannot hold
    return [(name, c.type) for name, c in zip(names, compiled.columns, strict=True)]


def _partition_columns(properties: dict[str, str | list[str]], names: Sequence[str]) -> tuple[str, ...]:
    given = properties.get("partitioned_by", [])
    partitioned = tuple(n.lower() for n in ([given] if isinstance(given, str) else given))
    if partitioned and tuple(names[-len(partitioned) :]) != partitioned:
        raise AthenaError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(partitioned)}]",
        )
    if partitioned and len(partitioned) == len(names):
        raise AthenaError("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    return partitioned


def _must_be_empty(location: str, storage: Storage) -> None:
    split_uri(location)
    if storage.objects(location):
        raise AthenaError("HIVE_PATH_ALREADY_EXISTS", f"Target directory for table already exists: {location}")


def _compression(name: str) -> str:
    if name.upper() not in _COMPRESSIONS:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Unsupported compression for Parquet: {name}")
    return name.upper()
