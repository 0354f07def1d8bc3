"""What INSERT INTO, UNLOAD and CREATE TABLE AS are to write (Athena user guide: insert-into, unload, ctas)."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workshop.sandbox.athena.api.results import labels
from workshop.sandbox.athena.catalog.binder import Binder
from workshop.sandbox.athena.catalog.glue import Table, TableColumn
from workshop.sandbox.athena.compiler.scope import Compiled
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.reading.storage import Storage, split_uri
from workshop.sandbox.athena.syntax.statements import Ctas, Insert, Unload
from workshop.sandbox.athena.types import Type, can_coerce, quote, to_hive
from workshop.sandbox.athena.writing.layouts import Layout, layout, layout_of, properties_for_glue

_UNLOAD_PROPERTIES = {"format", "compression", "compression_level", "field_delimiter", "partitioned_by"}
_CTAS_PROPERTIES = {
    "format", "external_location", "partitioned_by", "write_compression", "parquet_compression", "orc_compression",
    "compression_level", "field_delimiter", "table_type", "is_external",
}  # fmt: skip

Properties = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Plan:
    """What to write: SQL with named columns, where to, and how. Without `with_data` only the table is made;
    `nothing` is to be done when the table is there already and need not be made."""

    sql: str
    columns: tuple[tuple[str, Type], ...]
    partition_columns: tuple[str, ...]
    location: str
    layout: Layout
    table: Table | None
    creates_table: bool = False
    with_data: bool = True
    nothing: bool = False


def plan_insert(statement: Insert, compiled: Compiled, table: Table) -> Plan:
    """Match the query's columns with the table's; partition keys come last."""
    written = layout_of(table)
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
    return Plan(
        f"SELECT {listed} FROM ({compiled.sql}) AS q",
        tuple((n, types[n]) for n in names),
        tuple(c.name for c in table.partition_keys),
        table.location.rstrip("/") + "/",
        written,
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
    written = layout(statement.properties, str(kind))
    columns = _named_columns(compiled)
    location = statement.location.rstrip("/") + "/"
    _must_be_empty(location, storage)
    partitioned = _partition_columns(statement.properties, [n for n, _ in columns])
    return Plan(_select_named(compiled), tuple(columns), partitioned, location, written, None)


def plan_ctas(
    statement: Ctas, compiled: Compiled, binder: Binder, storage: Storage, default_location: str | None
) -> Plan:
    """The new table and its location."""
    properties = statement.properties
    unknown = sorted(set(properties) - _CTAS_PROPERTIES)
    if "bucketed_by" in unknown or "bucket_count" in unknown:
        raise not_supported("Bucketing, by the table property bucketed_by,")
    if unknown:
        raise AthenaError(
            "INVALID_TABLE_PROPERTY", f"Catalog 'awsdatacatalog' table property '{unknown[0]}' does not exist"
        )
    if str(properties.get("table_type", "HIVE")).upper() != "HIVE":
        raise not_supported(f"CREATE TABLE AS with table_type {properties['table_type']}")
    given_format = properties.get("format")
    written = layout(properties, None if given_format is None else str(given_format))
    database = statement.table.database or binder.database
    if database is None:
        raise AthenaError("MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set")
    if not binder.catalog.database_exists(database):
        raise AthenaError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
    columns = _named_columns(compiled)
    exists = binder.catalog.table(database, statement.table.name) is not None
    if exists and not statement.if_not_exists:
        raise AthenaError(
            "TABLE_ALREADY_EXISTS", f"Table 'awsdatacatalog.{database}.{statement.table.name}' already exists"
        )
    partitioned = _partition_columns(properties, [n for n, _ in columns])
    given = properties.get("external_location")
    location = str(given) if given is not None else default_location
    if location is None:
        raise AthenaError("INVALID_TABLE_PROPERTY", "No output location: set external_location")
    location = location.rstrip("/") + "/"
    if not exists:
        _must_be_empty(location, storage)
    parameters, table_properties = properties_for_glue(written)
    hive = [TableColumn(n, to_hive(t)) for n, t in columns]
    table = Table(
        database=database,
        name=statement.table.name,
        columns=tuple(c for c in hive if c.name not in partitioned),
        partition_keys=tuple(c for c in hive if c.name in partitioned),
        location=location,
        serde=written.format.serde,
        input_format=written.format.input_format,
        output_format=written.format.output_format,
        serde_parameters=parameters,
        properties=table_properties,
    )
    return Plan(
        _select_named(compiled),
        tuple(columns),
        partitioned,
        location,
        written,
        table,
        creates_table=True,
        with_data=statement.with_data,
        nothing=exists,
    )


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


def _partition_columns(properties: Properties, names: Sequence[str]) -> tuple[str, ...]:
    given = properties.get("partitioned_by", [])
    partitioned = tuple(n.lower() for n in ([given] if isinstance(given, str) else given))
    absent = [n for n in partitioned if n not in names]
    if absent:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Partition columns [{', '.join(absent)}] not present in schema")
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
