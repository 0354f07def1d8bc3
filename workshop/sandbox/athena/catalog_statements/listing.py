"""SHOW TABLES, SHOW COLUMNS, SHOW TBLPROPERTIES: lists out of Glue."""

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    columns_of,
    is_view,
    keys_of,
    lines_of,
    no_database,
)
from workshop.sandbox.athena.catalog_statements.describing import padded, view_columns
from workshop.sandbox.athena.catalog_statements.names import matching_wildcards
from workshop.sandbox.athena.syntax.catalog_statements import ShowColumns, ShowProperties, ShowTables


def show_tables(statement: ShowTables, context: Context) -> Answer:
    """Names of a database's tables and views, sorted."""
    database = statement.database or context.database or "default"
    if context.glue.database(database) is None:
        raise no_database(database)
    names = sorted(t["Name"] for t in context.glue.tables(database))
    if statement.pattern is not None:
        names = matching_wildcards(names, statement.pattern)
    return Answer([column("tab_name")], names)


def show_columns(statement: ShowColumns, context: Context) -> Answer:
    """Names of columns and partition keys, as wide as DESCRIBE's; those of a view with their types."""
    table = context.table(statement.name)
    if is_view(table):
        return view_columns(table)
    return Answer([column("field")], [padded(c["Name"]) for c in (*columns_of(table), *keys_of(table))])


def show_properties(statement: ShowProperties, context: Context) -> Answer:
    """`name<TAB>value` for each property of a table, or the value of one."""
    table = context.table(statement.name)
    parameters = table.get("Parameters") or {}
    columns = [column("prpt_name"), column("prpt_value")]
    if statement.key is not None:
        missing = f"Table {statement.name} does not have property: {statement.key}"
        return Answer(columns, lines_of(parameters.get(statement.key, missing)))
    return Answer(columns, lines_of(*(f"{name}\t{value}" for name, value in parameters.items())))
