"""CREATE VIEW, DROP VIEW, SHOW VIEWS, SHOW CREATE VIEW (Athena user guide: working with views)."""

from collections import Counter

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog.glue import CATALOG
from workshop.sandbox.athena.catalog.views import ViewDefinition, decoded, view_table
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    is_view,
    lines_of,
    no_database,
)
from workshop.sandbox.athena.catalog_statements.names import check_name, matching_wildcards
from workshop.sandbox.athena.catalog_statements.view_text import formatted
from workshop.sandbox.athena.compiler.scope import Compiled
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.syntax.catalog_statements import (
    CreateView,
    DropView,
    ObjectName,
    ShowCreateView,
    ShowViews,
)
from workshop.sandbox.athena.types import UNKNOWN, Type, to_hive

_START = Position(1, 1)


def create_view(statement: CreateView, compiled: Compiled, context: Context) -> Answer:
    """Store the view in Glue with the names and types of `compiled`, its query."""
    name = statement.name
    database = _database(name, context)
    check_name(name.name)
    if context.glue.database(database) is None:
        raise AthenaError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", _START)
    found = context.glue.table(database, name.name)
    full = f"{CATALOG}.{database}.{name.name}"
    if found is not None and not is_view(found):
        raise AthenaError("TABLE_ALREADY_EXISTS", f"Table already exists: '{full}'", _START)
    if found is not None and not statement.replace:
        raise AthenaError("ALREADY_EXISTS", f"View already exists: '{database}.{name.name}'")
    columns = _columns(compiled)
    definition = ViewDefinition(statement.sql, context.database, tuple((n, str(t)) for n, t in columns))
    hive = [{"Name": n, "Type": _hive(t)} for n, t in columns]
    table = view_table(database, name.name, definition, hive, statement.comment)
    if found is None:
        context.glue.create_table(database, table)
    else:
        context.glue.update_table(database, table)
    return Answer()


def drop_view(statement: DropView, context: Context) -> Answer:
    """Delete a view from Glue."""
    database = _database(statement.name, context)
    full = f"{CATALOG}.{database}.{statement.name.name}"
    found = context.glue.table(database, statement.name.name)
    if found is not None and not is_view(found):
        raise AthenaError(
            "TABLE_NOT_FOUND",
            f"View '{full}' does not exist, but a table with that name exists. Did you mean DROP TABLE {full}?",
            _START,
        )
    if found is None:
        if statement.if_exists:
            return Answer()
        raise AthenaError("TABLE_NOT_FOUND", f"View '{full}' does not exist", _START)
    context.glue.delete_table(database, statement.name.name)
    return Answer()


def show_views(statement: ShowViews, context: Context) -> Answer:
    """Names of a database's views, sorted."""
    database = statement.database or context.database or "default"
    if context.glue.database(database) is None:
        raise no_database(database)
    names = sorted(t["Name"] for t in context.glue.tables(database) if is_view(t))
    if statement.pattern is not None:
        names = matching_wildcards(names, statement.pattern)
    return Answer([column("views", "varchar")], names)


def show_create_view(statement: ShowCreateView, context: Context) -> Answer:
    """The statement that makes the view."""
    database = _database(statement.name, context)
    full = f"{database}.{statement.name.name}"
    found = context.glue.table(database, statement.name.name)
    if found is None:
        raise AthenaError("TABLE_NOT_FOUND", f"View '{CATALOG}.{full}' does not exist", _START)
    if not is_view(found):
        raise AthenaError("NOT_SUPPORTED", f"Relation '{CATALOG}.{full}' is a table, not a view", _START)
    definition = decoded(found.get("ViewOriginalText") or "")
    if definition is None:
        raise not_supported(f"The Hive view {statement.name.name}")
    return Answer([column("create view", "varchar")], lines_of(f"CREATE VIEW {full} AS\n{formatted(definition.sql)}"))


def _database(name: ObjectName, context: Context) -> str:
    database = name.database or context.database
    if database is None:
        raise AthenaError("MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set", _START)
    return database


def _columns(compiled: Compiled) -> list[tuple[str, Type]]:
    names = Counter(c.name for c in compiled.columns)
    found = []
    for i, output in enumerate(compiled.columns, 1):
        if output.name is None:
            raise AthenaError("MISSING_COLUMN_NAME", f"Column name not specified at position {i}", _START)
        if names[output.name] > 1:
            raise AthenaError("DUPLICATE_COLUMN_NAME", f"Column name '{output.name}' specified more than once", _START)
        if output.type == UNKNOWN:
            raise AthenaError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown at position {i}", _START)
        found.append((output.name, output.type))
    return found


def _hive(type_: Type) -> str:
    """Glue's type of a view's column: `string` where Hive has none, as nothing reads it but catalogs' readers."""
    try:
        return to_hive(type_)
    except AthenaError:
        return "string"
