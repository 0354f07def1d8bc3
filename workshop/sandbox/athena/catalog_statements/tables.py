"""CREATE EXTERNAL TABLE, DROP TABLE, and ALTER TABLE where it does not concern partitions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from workshop.sandbox.athena.catalog.glue_client import Structure
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    columns_of,
    execution_error,
    is_iceberg,
    is_view,
    keys_of,
    no_database,
    semantic_error,
)
from workshop.sandbox.athena.catalog_statements.names import check_location, check_name
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.syntax.catalog_statements import (
    AddColumns,
    ChangeColumn,
    ColumnDefinition,
    CreateTable,
    DropColumn,
    DropTable,
    RenameTable,
    ReplaceColumns,
    SetLocation,
    SetProperties,
)

_REPLACEABLE = (
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "org.apache.hadoop.hive.serde2.columnar.ColumnarSerDe",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
)
"""SerDes whose columns are the catalog's, so that REPLACE COLUMNS makes sense (Hive: DDLTask)."""


def create_table(statement: CreateTable, context: Context) -> Answer:
    """Create it in Glue as Athena does: EXTERNAL_TABLE, with the time in `transient_lastDdlTime`."""
    name = statement.name
    database = context.database_of(name)
    check_name(name.name)
    if context.glue.database(database) is None:
        raise no_database(database)
    if context.glue.table(database, name.name) is not None:
        if statement.if_not_exists:
            return Answer()
        raise execution_error(f"AlreadyExistsException(message:Table {name.name} already exists.)")
    check_location(statement.location)
    storage = statement.storage
    buckets, count = statement.buckets or ((), -1)
    unknown = next((b for b in buckets if b not in {c.name for c in statement.columns}), None)
    if unknown is not None:
        raise semantic_error(10002, f"Invalid column reference {unknown}")
    parameters = {"EXTERNAL": "TRUE", **_stamp(context), **statement.properties}
    if statement.comment is not None:
        parameters["comment"] = statement.comment
    context.glue.create_table(
        database,
        {
            "Name": name.name,
            "Owner": "hadoop",
            "Retention": 0,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [c.glue() for c in statement.partition_keys],
            "StorageDescriptor": {
                "Columns": [c.glue() for c in statement.columns],
                "Location": _folder(statement.location),
                "InputFormat": storage.input_format,
                "OutputFormat": storage.output_format,
                "Compressed": False,
                "NumberOfBuckets": count,
                "SerdeInfo": {"SerializationLibrary": storage.serde, "Parameters": dict(storage.serde_parameters)},
                "BucketColumns": list(buckets),
                "SortColumns": [],
                "Parameters": {},
                "StoredAsSubDirectories": False,
            },
        },
    )
    return Answer()


def drop_table(statement: DropTable, context: Context) -> Answer:
    """Delete it from Glue; its files stay (Athena user guide: drop-table)."""
    found = context.find(statement.name)
    if found is None:
        if not statement.if_exists:
            context.table(statement.name)
        return Answer()
    if is_view(found):
        raise semantic_error(10147, "Cannot drop a view with DROP TABLE")
    if is_iceberg(found):
        raise not_supported("DROP TABLE of an Iceberg table")
    context.glue.delete_table(context.database_of(statement.name), statement.name.name)
    return Answer()


def set_location(statement: SetLocation, context: Context) -> Answer:
    """Move a table to another folder; nothing is copied."""
    table = context.hive_table(statement.name)
    check_location(statement.location)
    return _update(table, context, storage={"Location": _folder(statement.location)})


def set_properties(statement: SetProperties, context: Context) -> Answer:
    """Set properties; the others stay."""
    return _update(context.hive_table(statement.name), context, parameters=statement.properties)


def add_columns(statement: AddColumns, context: Context) -> Answer:
    """Append columns, before the partition keys."""
    table = context.hive_table(statement.name)
    before = columns_of(table)
    _check_new(statement.columns, [c["Name"] for c in (*before, *keys_of(table))])
    return _update(table, context, storage={"Columns": [*before, *(c.glue() for c in statement.columns)]})


def replace_columns(statement: ReplaceColumns, context: Context) -> Answer:
    """Put other columns in the place of all that are not partition keys."""
    table = context.hive_table(statement.name)
    if serde_of(table) not in _REPLACEABLE:
        raise execution_error(
            f"Replace columns is not supported for table {statement.name}. SerDe may be incompatible."
        )
    _check_new(statement.columns, [c["Name"] for c in keys_of(table)])
    return _update(table, context, storage={"Columns": [c.glue() for c in statement.columns]})


def change_column(statement: ChangeColumn, context: Context) -> Answer:
    """Rename, retype or move a column."""
    table = context.hive_table(statement.name)
    columns = columns_of(table)
    names = [c["Name"] for c in columns]
    for wanted in (statement.old, statement.after):
        if wanted is not None and wanted not in names:
            raise execution_error(f"Invalid column reference {wanted}")
    changed = statement.column
    if changed.name != statement.old and changed.name in [*names, *(c["Name"] for c in keys_of(table))]:
        raise execution_error(f"Duplicate column name: {changed.name}")
    at = names.index(statement.old)
    new = changed.glue()
    if not changed.comment and columns[at].get("Comment"):
        new["Comment"] = columns[at]["Comment"]
    rest = [c for c in columns if c["Name"] != statement.old]
    if statement.first:
        at = 0
    elif statement.after is not None:
        at = [c["Name"] for c in rest].index(statement.after) + 1 if statement.after != statement.old else at
    return _update(table, context, storage={"Columns": [*rest[:at], new, *rest[at:]]})


def rename_table(statement: RenameTable, context: Context) -> Answer:
    """Glue cannot rename."""
    context.hive_table(statement.name)
    raise execution_error(
        "Unable to alter table. Table cannot be renamed. (Service: AmazonDataCatalog; Status Code: 400; "
        "Error Code: InvalidInputException)"
    )


def drop_column(statement: DropColumn, context: Context) -> Answer:
    """Only Iceberg tables lose a column; for others there is REPLACE COLUMNS."""
    context.hive_table(statement.name)
    raise AthenaError("NOT_SUPPORTED", "ALTER TABLE DROP COLUMN is only supported for Iceberg tables")


def serde_of(table: Mapping[str, Any]) -> str:
    """The SerDe of a table, '' if it has none."""
    return str(((table.get("StorageDescriptor") or {}).get("SerdeInfo") or {}).get("SerializationLibrary") or "")


def _check_new(added: Sequence[ColumnDefinition], present: Sequence[str]) -> None:
    counts = Counter([*present, *(c.name for c in added)])
    twice = next((c.name for c in added if counts[c.name] > 1), None)
    if twice is not None:
        raise execution_error(f"Duplicate column name: {twice}")


def _update(
    table: Structure,
    context: Context,
    *,
    storage: Mapping[str, Any] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Answer:
    changed = {
        **table,
        "StorageDescriptor": {**(table.get("StorageDescriptor") or {}), **(storage or {})},
        "Parameters": {**(table.get("Parameters") or {}), **_stamp(context), **(parameters or {})},
    }
    context.glue.update_table(table["DatabaseName"], changed)
    return Answer()


def _stamp(context: Context) -> dict[str, str]:
    return {"transient_lastDdlTime": str(int(context.now.timestamp()))}


def _folder(location: str) -> str:
    """Glue holds locations without the last slash, as Hive writes paths; a bucket alone keeps its own."""
    bucket, _, key = location.partition("://")[2].partition("/")
    return location.rstrip("/") if key.strip("/") else f"{location.partition('://')[0]}://{bucket}/"
