"""`information_schema`: Glue's databases, tables, views and columns as relations (Athena user guide: querying the Glue
Data Catalog). Glue is asked only for what `table_schema = '…'` and `table_name = '…'` leave."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal()

from collections.abc import Callable, Iterator

from sqlglot import exp

from workshop.sandbox.athena.catalog.glue import CATALOG, Catalog, Table, TableColumn
from workshop.sandbox.athena.catalog.views import decoded
from workshop.sandbox.athena.compiler.scope import Compiled, OutputColumn
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import BIGINT, VARCHAR, literal

NAME = "information_schema"

Row = tuple[str | int | None, ...]
_Wanted = Callable[[str, str], bool]
"""(column, value) -> whether the query may want rows with this value."""

_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type", "comment", "extra_info",
    ),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
}  # fmt: skip


def compiled(catalog: Catalog, node: exp.Table, position: Position | None) -> Compiled:
    """The rows of a table of information_schema."""
    name = node.name.lower()
    if name not in _COLUMNS:
        raise AthenaError("TABLE_NOT_FOUND", f"Table '{CATALOG}.{NAME}.{name}' does not exist", position)
    columns = _COLUMNS[name]
    wanted = _wanted(node)
    rows = list(_ROWS[name](catalog, wanted))
    names = ", ".join(f"c{i}" for i in range(len(columns)))
    types = tuple(BIGINT if c == "ordinal_position" else VARCHAR for c in columns)
    if rows:
        listed = ", ".join("(" + ", ".join(map(_constant, row)) + ")" for row in rows)
        casts = ", ".join(f"CAST(c{i} AS {t.duckdb}) AS c{i}" for i, t in enumerate(types))
        sql = f"SELECT {casts} FROM (VALUES {listed}) AS v({names})"
    else:
        nothing = ", ".join(f"CAST(NULL AS {t.duckdb}) AS c{i}" for i, t in enumerate(types))
        sql = f"SELECT {nothing} WHERE FALSE"
    return Compiled(sql, tuple(OutputColumn(c, t) for c, t in zip(columns, types, strict=True)))


def _constant(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else literal(value)


def _schemas(catalog: Catalog, wanted: _Wanted, column: str) -> Iterator[str]:
    for name in sorted({*catalog.databases(), NAME}):
        if wanted(column, name):
            yield name


def _tables_of(catalog: Catalog, wanted: _Wanted) -> Iterator[tuple[str, Table]]:
    for schema in _schemas(catalog, wanted, "table_schema"):
        if schema == NAME:
            continue
        for table in sorted(catalog.tables(schema), key=lambda t: t.name):
            if wanted("table_name", table.name):
                yield schema, table


def _schemata(catalog: Catalog, wanted: _Wanted) -> Iterator[Row]:
    for schema in _schemas(catalog, wanted, "schema_name"):
        yield CATALOG, schema


def _tables(catalog: Catalog, wanted: _Wanted) -> Iterator[Row]:
    if wanted("table_schema", NAME):
        for name in _COLUMNS:
            yield CATALOG, NAME, name, "BASE TABLE"
    for schema, table in _tables_of(catalog, wanted):
        yield CATALOG, schema, table.name, "VIEW" if table.is_view else "BASE TABLE"


def _columns(catalog: Catalog, wanted: _Wanted) -> Iterator[Row]:
    if wanted("table_schema", NAME):
        for table_name, columns in _COLUMNS.items():
            for i, column in enumerate(columns, 1):
                type_ = "bigint" if column == "ordinal_position" else "varchar"
                yield CATALOG, NAME, table_name, column, i, None, "YES", type_, None, None
    for schema, table in _tables_of(catalog, wanted):
        keys = {c.name for c in table.partition_keys}
        definition = decoded(table.view_text) if table.is_view else None
        stored = dict(definition.columns) if definition is not None else {}
        for i, c in enumerate(table.all_columns, 1):
            extra = "partition key" if c.name in keys else None
            type_ = stored.get(c.name) or _type_name(c)
            yield CATALOG, schema, table.name, c.name, i, None, "YES", type_, c.comment or None, extra


def _type_name(column: TableColumn) -> str:
    """The Trino type, or Glue's text for a type that this engine does not know."""
    try:
        return str(column.type)
    except AthenaError:
        return column.hive_type


def _views(catalog: Catalog, wanted: _Wanted) -> Iterator[Row]:
    for schema, table in _tables_of(catalog, wanted):
        if table.is_view:
            definition = decoded(table.view_text)
            yield CATALOG, schema, table.name, definition.sql if definition is not None else table.view_text


_ROWS: dict[str, Callable[[Catalog, _Wanted], Iterator[Row]]] = {
    "schemata": _schemata, "tables": _tables, "columns": _columns, "views": _views,
}  # fmt: skip


def _wanted(node: exp.Table) -> _Wanted:
    """What the conjuncts of the WHERE around a reference say of its columns by `=` and IN with texts."""
    select = node.find_ancestor(exp.Select)
    where = select.args.get("where") if select is not None else None
    allowed: dict[str, set[str]] = {}
    alias = node.alias_or_name.lower()
    for conjunct in _conjuncts(where.this) if where is not None else ():
        column, values = _comparison(conjunct)
        if column is None or (column.table and column.table.lower() != alias):
            continue
        name = column.name.lower()
        allowed[name] = allowed.get(name, values) & values

    def wanted(column: str, value: str) -> bool:
        return value in allowed[column] if column in allowed else True

    return wanted


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    elif isinstance(node, exp.Paren):
        yield from _conjuncts(node.this)
    else:
        yield node


def _comparison(node: exp.Expr) -> tuple[exp.Column | None, set[str]]:
    match node:
        case exp.EQ(this=exp.Column() as column, expression=exp.Literal(is_string=True) as value):
            return column, {value.name}
        case exp.EQ(this=exp.Literal(is_string=True) as value, expression=exp.Column() as column):
            return column, {value.name}
        case exp.In(this=exp.Column() as column, expressions=[_, *_]) if all(
            isinstance(v, exp.Literal) and v.is_string for v in node.expressions
        ):
            return column, {v.name for v in node.expressions}
    return None, set()
