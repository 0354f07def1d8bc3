"""CREATE, DROP and ALTER DATABASE; SHOW DATABASES."""

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    execution_error,
    no_database,
)
from workshop.sandbox.athena.catalog_statements.names import check_location, check_name, matching
from workshop.sandbox.athena.syntax.catalog_statements import AlterDatabase, CreateDatabase, DropDatabase, ShowDatabases


def create_database(statement: CreateDatabase, context: Context) -> Answer:
    """Create it in Glue, as Hive words COMMENT, LOCATION and DBPROPERTIES there."""
    check_name(statement.name)
    if context.glue.database(statement.name) is not None:
        if statement.if_not_exists:
            return Answer()
        raise execution_error(f"Database {statement.name} already exists")
    check_location(statement.location)
    context.glue.create_database(
        {
            "Name": statement.name,
            "Description": statement.comment,
            "LocationUri": statement.location,
            "Parameters": dict(statement.properties),
        }
    )
    return Answer()


def drop_database(statement: DropDatabase, context: Context) -> Answer:
    """Delete it from Glue; with CASCADE the tables in it too. The files stay where they are."""
    if context.glue.database(statement.name) is None:
        if statement.if_exists:
            return Answer()
        raise no_database(statement.name)
    if not statement.cascade and next(context.glue.tables(statement.name), None) is not None:
        raise execution_error(
            f"InvalidOperationException(message:Database {statement.name} is not empty. One or more tables exist.)"
        )
    context.glue.delete_database(statement.name)
    return Answer()


def alter_database(statement: AlterDatabase, context: Context) -> Answer:
    """Set properties; the others stay."""
    found = context.glue.database(statement.name)
    if found is None:
        raise no_database(statement.name)
    parameters = {**(found.get("Parameters") or {}), **statement.properties}
    context.glue.update_database({**found, "Parameters": parameters})
    return Answer()


def show_databases(statement: ShowDatabases, context: Context) -> Answer:
    """Names, sorted; LIKE takes a regular expression for the whole name (Athena user guide: show-databases)."""
    names = sorted(d["Name"] for d in context.glue.databases())
    if statement.pattern is not None:
        names = matching(names, statement.pattern)
    return Answer([column("database_name")], names)
