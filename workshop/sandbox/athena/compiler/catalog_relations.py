"""Relations that the catalog itself describes: views, and `information_schema`.

A view is compiled as a derived table from its own text: names in it belong to its own database, and nothing of the
query around it is in sight. Its columns have the types that were stored when it was made (Trino source:
StatementAnalyzer, analyzeView).
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal()

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.catalog.glue import CATALOG, Table
from workshop.sandbox.athena.catalog.views import ViewDefinition, decoded
from workshop.sandbox.athena.compiler import information_schema
from workshop.sandbox.athena.compiler.scope import Compiled, OutputColumn
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError, Position, not_supported
from workshop.sandbox.athena.syntax.parser import SyntaxTree
from workshop.sandbox.athena.syntax.syntax_types import type_of
from workshop.sandbox.athena.types import Type, can_coerce

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler

_PASSED_ON = ("", "NOT_SUPPORTED", "VIEW_IS_RECURSIVE", "VIEW_IS_STALE", "INVALID_VIEW")
"""Errors inside a view that are about this engine, the caller's rights or another view, not about the view's text."""


def compiled(queries: "QueryCompiler", node: exp.Table) -> tuple[str, Compiled] | None:
    """The database of a view or of a table of information_schema, and its rows; None if it is a table of files."""
    position = queries.position(node)
    database = queries.binder.database_of(node, position)
    if database == information_schema.NAME:
        return database, information_schema.compiled(queries.binder.catalog, node, position)
    table = queries.binder.table(node, position)
    return (database, _view(queries, table, position)) if table.is_view else None


def _view(queries: "QueryCompiler", table: Table, position: Position | None) -> Compiled:
    name = f"{CATALOG}.{table.database}.{table.name}"
    definition = decoded(table.view_text)
    if definition is None:
        raise not_supported(f"The Hive view {table.name}", position)
    if (table.database, table.name) in queries.binder.views:
        raise AthenaError("VIEW_IS_RECURSIVE", "View is recursive", position)
    outer = queries.text, queries.ctes, queries.binder
    try:
        tree = SyntaxTree(definition.sql).parse()
        queries.text, queries.ctes = definition.sql, {}
        queries.binder = queries.binder.inside(table, definition.schema)
        found = queries.compile(tree)
    except InvalidRequestError as error:
        raise AthenaError("INVALID_VIEW", f"Failed parsing stored view '{name}': {error.message}", position) from error
    except AthenaError as error:
        if error.code in _PASSED_ON:
            raise
        where = f"line {error.position.line}:{error.position.column}: " if error.position else ""
        raise AthenaError(
            "INVALID_VIEW", f"Failed analyzing stored view '{name}': {where}{error.message}", position
        ) from error
    finally:
        queries.text, queries.ctes, queries.binder = outer
    return _as_stored(found, definition, name, position)


def _as_stored(found: Compiled, definition: ViewDefinition, name: str, position: Position | None) -> Compiled:
    """`found` with the names and types of the definition; VIEW_IS_STALE where it no longer fits."""

    def stale(why: str) -> AthenaError:
        return AthenaError("VIEW_IS_STALE", f"View '{name}' is stale or in invalid state: {why}", position)

    stored = definition.columns
    if len(found.columns) != len(stored):
        raise stale(
            f"stored view column count ({len(stored)}) does not match column count derived from the view query "
            f"analysis ({len(found.columns)})"
        )
    columns, values, origins = [], [], []
    for i, (column, (stored_name, text)) in enumerate(zip(found.columns, stored, strict=True)):
        if column.name is None:
            raise stale(f"a column of type {column.type} projected from query view at position {i} has no name")
        if column.name != stored_name:
            raise stale(
                f"column [{column.name}] of type {column.type} projected from query view at position {i} has a "
                f"different name from column [{stored_name}] of type {text} stored in view definition"
            )
        type_ = stored_type(text)
        if column.type != type_ and not can_coerce(column.type, type_):
            raise stale(
                f"column [{column.name}] of type {column.type} projected from query view at position {i} cannot be "
                f"coerced to column [{stored_name}] of type {type_} stored in view definition"
            )
        columns.append(OutputColumn(stored_name, type_))
        values.append(f"{coerce(Value(f'q.c{i}', column.type), type_).sql} AS c{i}")
        origins.append(found.origins[i] if found.origins and column.type == type_ else ())
    if [c.type for c in columns] == [c.type for c in found.columns]:
        return replace(found, columns=tuple(columns))
    return Compiled(f"SELECT {', '.join(values)} FROM ({found.sql}) AS q", tuple(columns), tuple(origins))


def stored_type(text: str) -> Type:
    """The Trino type that a view's definition names."""
    try:
        cast = SyntaxTree(f"SELECT CAST(NULL AS {text})").parse().expressions[0]
    except InvalidRequestError as error:
        raise AthenaError("INVALID_VIEW", f"Unknown type in the view's definition: {text}") from error
    return type_of(cast.args["to"], cast.this, None)
