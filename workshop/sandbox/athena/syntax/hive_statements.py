"""Hive's statements: DDL of databases and tables, SHOW, DESCRIBE, MSCK (Athena user guide: DDL statements)."""

from collections.abc import Callable

from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.syntax import catalog_statements as statements
from workshop.sandbox.athena.syntax import hive_parts as parts
from workshop.sandbox.athena.syntax.catalog_statements import CatalogStatement, FailsWhenRun, ObjectName
from workshop.sandbox.athena.syntax.hive_create_table import create_table
from workshop.sandbox.athena.syntax.hive_parts import HiveRefusalError
from workshop.sandbox.athena.syntax.hive_tokens import Cursor

Reader = Callable[[Cursor], CatalogStatement]


def hive_statement(text: str) -> CatalogStatement | None:
    """The statement if it begins as one of Hive's does, else None; `InvalidRequestError` when it goes wrong later."""
    cursor = Cursor.over(text.lstrip())  # Athena counts places from the first character that is no space
    for words, types, read in _READERS:
        if cursor.at(*words):
            cursor.one_statement()
            try:
                return read(cursor)
            except HiveRefusalError as error:
                return FailsWhenRun(types, error.reason)
    return None


# databases


def _create_database(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = parts.database_name(cursor)
    comment = cursor.string() if cursor.accept("COMMENT") else None
    location = cursor.string() if cursor.accept("LOCATION") else None
    properties = parts.properties(cursor) if cursor.accept("WITH", "DBPROPERTIES") else {}
    cursor.end()
    return statements.CreateDatabase(name, if_not_exists, comment, location, properties)


def _drop_database(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    if_exists = cursor.accept("IF", "EXISTS")
    name = parts.database_name(cursor)
    cascade = cursor.accept("CASCADE")
    if not cascade:
        cursor.accept("RESTRICT")
    cursor.end()
    return statements.DropDatabase(name, if_exists, cascade)


def _alter_database(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    name = parts.database_name(cursor)
    cursor.expect("SET", "DBPROPERTIES")
    properties = parts.properties(cursor)
    cursor.end()
    return statements.AlterDatabase(name, properties)


# tables


def _drop_table(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    if_exists = cursor.accept("IF", "EXISTS")
    name = parts.object_name(cursor, shown_from_start=False)
    cursor.accept("PURGE")
    cursor.end()
    return statements.DropTable(name, if_exists)


def _repair_table(cursor: Cursor) -> CatalogStatement:
    cursor.position += 1
    cursor.expect("REPAIR", "TABLE")
    name = parts.object_name(cursor)
    cursor.end()
    return statements.RepairTable(name)


def _alter_table(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    if cursor.at("IF", "EXISTS"):
        cursor.position += 1
        raise cursor.no_alternative()
    name = parts.object_name(cursor)
    partition = parts.partition(cursor) if cursor.at("PARTITION") else None
    change = next((change for words, change in _CHANGES if cursor.at(*words)), None)
    if change is None:
        cursor.advance()
        raise cursor.no_alternative()
    statement = change(cursor, name, partition)
    cursor.end()
    return statement


def _add_partitions(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    _no_partition(cursor, partition)
    cursor.expect("ADD")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    added = []
    while True:
        values = parts.partition(cursor)
        location = cursor.string() if cursor.accept("LOCATION") else None
        added.append(statements.PartitionLocation(values, location))
        cursor.accept(",")
        if not cursor.at("PARTITION"):
            return statements.AddPartitions(name, tuple(added), if_not_exists)


def _drop_partitions(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    _no_partition(cursor, partition)
    cursor.expect("DROP")
    if_exists = cursor.accept("IF", "EXISTS")
    specs = [parts.partition_conditions(cursor)]
    while cursor.accept(","):
        specs.append(parts.partition_conditions(cursor))
    cursor.accept("PURGE")
    return statements.DropPartitions(name, tuple(specs), if_exists)


def _rename(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    cursor.expect("RENAME", "TO")
    if partition is not None:
        return statements.RenamePartition(name, partition, parts.partition(cursor))
    parts.object_name(cursor)
    return statements.RenameTable(name)


def _set_location(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    cursor.expect("SET", "LOCATION")
    return statements.SetLocation(name, cursor.string(), partition)


def _set_properties(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    _no_partition(cursor, partition)
    cursor.expect("SET", "TBLPROPERTIES")
    return statements.SetProperties(name, parts.properties(cursor))


def _add_columns(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    cursor.expect("ADD", "COLUMNS")
    return statements.AddColumns(name, parts.columns(cursor), partition)


def _replace_columns(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    cursor.expect("REPLACE", "COLUMNS")
    return statements.ReplaceColumns(name, parts.columns(cursor), partition)


def _change_column(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    _no_partition(cursor, partition)
    cursor.expect("CHANGE")
    cursor.accept("COLUMN")
    old = cursor.name()
    column = parts.column(cursor)
    first = cursor.accept("FIRST")
    after = cursor.name() if not first and cursor.accept("AFTER") else None
    return statements.ChangeColumn(name, old, column, first, after)


def _drop_column(cursor: Cursor, name: ObjectName, partition: dict[str, str] | None) -> CatalogStatement:
    _no_partition(cursor, partition)
    cursor.expect("DROP", "COLUMN")
    if cursor.at("IF", "EXISTS"):
        cursor.position += 1
        raise cursor.mismatched("{<EOF>, '.'}")
    cursor.name()
    return statements.DropColumn(name)


def _no_partition(cursor: Cursor, partition: dict[str, str] | None) -> None:
    if partition is not None:
        raise cursor.no_alternative()


_CHANGES: tuple[
    tuple[tuple[str, ...], Callable[[Cursor, ObjectName, dict[str, str] | None], CatalogStatement]], ...
] = (
    (("ADD", "COLUMNS"), _add_columns),
    (("ADD", "IF"), _add_partitions),
    (("ADD", "PARTITION"), _add_partitions),
    (("DROP", "IF"), _drop_partitions),
    (("DROP", "PARTITION"), _drop_partitions),
    (("DROP", "COLUMN"), _drop_column),
    (("RENAME", "TO"), _rename),
    (("SET", "LOCATION"), _set_location),
    (("SET", "TBLPROPERTIES"), _set_properties),
    (("REPLACE", "COLUMNS"), _replace_columns),
    (("CHANGE",), _change_column),
)


# SHOW and DESCRIBE


def _show_databases(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    pattern = cursor.string() if cursor.accept("LIKE") else None
    cursor.end()
    return statements.ShowDatabases(pattern)


def _show_tables(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    database = parts.database_name(cursor) if cursor.accept("IN") or cursor.accept("FROM") else None
    pattern = _pattern(cursor)
    return statements.ShowTables(database, pattern)


def _show_views(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    database = parts.database_name(cursor) if cursor.accept("IN") or cursor.accept("FROM") else None
    pattern = _pattern(cursor)
    return statements.ShowViews(database, pattern)


def _pattern(cursor: Cursor) -> str | None:
    pattern = cursor.string() if cursor.accept("LIKE") or cursor.token.quote in ("'", '"') else None
    cursor.end()
    return pattern


def _show_columns(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    if not (cursor.accept("IN") or cursor.accept("FROM")):
        raise cursor.mismatched("{'FROM', 'IN'}")
    name = parts.object_name(cursor, shown_from_start=False)
    if cursor.accept("IN") or cursor.accept("FROM"):
        if name.database is not None:
            raise cursor.mismatched("<EOF>")
        name = ObjectName(name.name, parts.database_name(cursor))
    cursor.end()
    return statements.ShowColumns(name)


def _show_partitions(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    name = parts.object_name(cursor, shown_from_start=False)
    partition = parts.partition(cursor) if cursor.at("PARTITION") else None
    cursor.end()
    return statements.ShowPartitions(name, partition)


def _show_create_table(cursor: Cursor) -> CatalogStatement:
    cursor.position += 3
    first = cursor.position
    try:
        name = parts.object_name(cursor)
    except InvalidRequestError:
        if any(t.quote == '"' for t in cursor.tokens[first:]):
            raise InvalidRequestError(
                "Queries of this type are not supported", athena_error_code="MALFORMED_QUERY"
            ) from None
        raise
    cursor.end()
    return statements.ShowCreateTable(name)


def _show_properties(cursor: Cursor) -> CatalogStatement:
    cursor.position += 2
    name = parts.object_name(cursor, shown_from_start=False)
    key = None
    if cursor.accept("("):
        key = cursor.string()
        cursor.expect(")")
    cursor.end()
    return statements.ShowProperties(name, key)


def _show_functions(cursor: Cursor) -> CatalogStatement:
    raise HiveRefusalError("NOT_SUPPORTED: SHOW FUNCTIONS")


def _show_other(cursor: Cursor) -> CatalogStatement:
    cursor.position += 1
    raise cursor.no_alternative()


def _describe(cursor: Cursor) -> CatalogStatement:
    cursor.position += 1
    if (cursor.at("INPUT") or cursor.at("OUTPUT")) and cursor.ahead(1).is_name:
        raise HiveRefusalError(f"NOT_SUPPORTED: DESCRIBE {cursor.token.text.upper()}")
    if cursor.at("VIEW") and cursor.ahead(1).is_name:
        cursor.position += 1
    mode = next((m for m in ("EXTENDED", "FORMATTED") if cursor.at(m) and cursor.ahead(1).is_name), "")
    cursor.position += bool(mode)
    name = parts.object_name(cursor)
    partition = parts.partition(cursor) if cursor.at("PARTITION") else None
    column = None
    if cursor.token.is_name:
        column = cursor.name()
        while cursor.accept("."):
            column += f".{cursor.name()}"
    cursor.end()
    return statements.Describe(name, mode, partition, column)


def _types(of: type[CatalogStatement]) -> tuple[str, str]:
    return of.TYPES


_READERS: tuple[tuple[tuple[str, ...], tuple[str, str], Reader], ...] = (
    (("CREATE", "DATABASE"), _types(statements.CreateDatabase), _create_database),
    (("CREATE", "SCHEMA"), _types(statements.CreateDatabase), _create_database),
    (("CREATE", "EXTERNAL"), _types(statements.CreateTable), create_table),
    (("CREATE", "TABLE"), _types(statements.CreateTable), create_table),
    (("DROP", "DATABASE"), _types(statements.DropDatabase), _drop_database),
    (("DROP", "SCHEMA"), _types(statements.DropDatabase), _drop_database),
    (("DROP", "TABLE"), _types(statements.DropTable), _drop_table),
    (("ALTER", "DATABASE"), _types(statements.AlterDatabase), _alter_database),
    (("ALTER", "SCHEMA"), _types(statements.AlterDatabase), _alter_database),
    (("ALTER", "TABLE"), ("DDL", "ALTER_TABLE"), _alter_table),
    (("MSCK",), _types(statements.RepairTable), _repair_table),
    (("SHOW", "DATABASES"), _types(statements.ShowDatabases), _show_databases),
    (("SHOW", "SCHEMAS"), _types(statements.ShowDatabases), _show_databases),
    (("SHOW", "TABLES"), _types(statements.ShowTables), _show_tables),
    (("SHOW", "VIEWS"), _types(statements.ShowViews), _show_views),
    (("SHOW", "COLUMNS"), _types(statements.ShowColumns), _show_columns),
    (("SHOW", "PARTITIONS"), _types(statements.ShowPartitions), _show_partitions),
    (("SHOW", "CREATE", "TABLE"), _types(statements.ShowCreateTable), _show_create_table),
    (("SHOW", "TBLPROPERTIES"), _types(statements.ShowProperties), _show_properties),
    (("SHOW", "FUNCTIONS"), ("UTILITY", "SHOW_FUNCTIONS"), _show_functions),
    (("SHOW",), ("UTILITY", "SHOW"), _show_other),
    (("DESCRIBE",), _types(statements.Describe), _describe),
    (("DESC",), _types(statements.Describe), _describe),
)
