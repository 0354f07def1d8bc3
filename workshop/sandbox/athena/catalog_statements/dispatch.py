"""From a statement about the catalog to what runs it."""

from collections.abc import Callable
from typing import Any

from workshop.sandbox.athena.catalog_statements import (
    create_table_text,
    databases,
    describing,
    listing,
    partitions,
    repair,
    tables,
    views,
)
from workshop.sandbox.athena.catalog_statements.context import Answer, Context, is_iceberg, is_view
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError, Position, not_supported
from workshop.sandbox.athena.syntax import catalog_statements as statements
from workshop.sandbox.athena.syntax.catalog_statements import CatalogStatement, ObjectName
from workshop.sandbox.athena.syntax.modifications import Modification

_RUN: dict[type[CatalogStatement], Callable[[Any, Context], Answer]] = {
    statements.CreateDatabase: databases.create_database,
    statements.DropDatabase: databases.drop_database,
    statements.AlterDatabase: databases.alter_database,
    statements.ShowDatabases: databases.show_databases,
    statements.CreateTable: tables.create_table,
    statements.DropTable: tables.drop_table,
    statements.SetLocation: tables.set_location,
    statements.SetProperties: tables.set_properties,
    statements.AddColumns: tables.add_columns,
    statements.ReplaceColumns: tables.replace_columns,
    statements.ChangeColumn: tables.change_column,
    statements.RenameTable: tables.rename_table,
    statements.DropColumn: tables.drop_column,
    statements.AddPartitions: partitions.add_partitions,
    statements.DropPartitions: partitions.drop_partitions,
    statements.RenamePartition: partitions.rename_partition,
    statements.ShowPartitions: partitions.show_partitions,
    statements.RepairTable: repair.repair_table,
    statements.DropView: views.drop_view,
    statements.ShowViews: views.show_views,
    statements.ShowCreateView: views.show_create_view,
    statements.ShowTables: listing.show_tables,
    statements.ShowColumns: listing.show_columns,
    statements.ShowProperties: listing.show_properties,
    statements.ShowCreateTable: create_table_text.show_create_table,
    statements.Describe: describing.describe,
    # What is prepared is kept by the work group: the API has done it when the statement runs.
    statements.Prepare: lambda _, __: Answer(),
    statements.Deallocate: lambda _, __: Answer(),
}

_OF_ONE_PARTITION: dict[type[CatalogStatement], Callable[[Any, Context], Answer]] = {
    statements.SetLocation: partitions.set_partition_location,
    statements.AddColumns: partitions.add_partition_columns,
    statements.ReplaceColumns: partitions.replace_partition_columns,
}


def answer(statement: CatalogStatement, context: Context) -> Answer:
    """Run a statement that needs nothing but Glue and S3."""
    if isinstance(statement, statements.FailsWhenRun):
        raise statement.error()
    kind = type(statement)
    run = _RUN.get(kind)
    if getattr(statement, "partition", None) is not None:
        run = _OF_ONE_PARTITION.get(kind, run)
    if run is None:
        raise not_supported(kind.TYPES[1].replace("_", " "))
    return run(statement, context)


def refuse_modification(statement: Modification, context: Context) -> AthenaError:
    """Why a statement that changes rows cannot run: there is no such table, or it is none of Iceberg's."""
    table = context.find(statement.table)
    place = Position(statement.line, statement.column)
    if table is None:
        database = context.database_of(statement.table)
        name = f"awsdatacatalog.{database}.{statement.table.name}"
        return AthenaError("TABLE_NOT_FOUND", f"Table '{name}' does not exist", place)
    if is_iceberg(table):
        return not_supported(f"{statement.what} of an Iceberg table")
    if is_view(table):
        return AthenaError("NOT_SUPPORTED", f"{statement.what} on a view is not supported", place)
    if statement.what in ("OPTIMIZE", "VACUUM"):
        return AthenaError("NOT_SUPPORTED", f"{statement.what} is only supported for Iceberg tables")
    return AthenaError("NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables", place)


def refuse_at_start(statement: object, context: Context) -> None:
    """DESCRIBE and SHOW COLUMNS of a table that is not there are refused before there is an execution."""
    if not isinstance(statement, statements.Describe | statements.ShowColumns):
        return
    if isinstance(statement, statements.Describe) and statement.mode:
        return
    name: ObjectName = statement.name
    if context.find(name) is None:
        raise InvalidRequestError(
            "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; "
            "Proxy: null)",
            athena_error_code="INVALID_INPUT",
        )
