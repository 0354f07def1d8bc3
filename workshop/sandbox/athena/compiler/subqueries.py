"""Subqueries in expressions: scalar ones, EXISTS and IN."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.scope import Compiled
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import BOOLEAN, common_of

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


def _compiled(block: "Expressions", node: exp.Expr) -> Compiled:
    return block.queries.compile(node, block.scope)


def _scalar_query(block: "Expressions", node: exp.Expr) -> Value:
    inner = _compiled(block, node)
    if len(inner.columns) != 1:
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Multiple columns returned by subquery are not yet supported. Found {len(inner.columns)}",
            block.position(node),
        )
    return Value(f"({inner.sql})", inner.columns[0].type)


def _exists(block: "Expressions", node: exp.Expr) -> Value:
    return Value(f"EXISTS ({_compiled(block, node.this).sql})", BOOLEAN)


def in_query(block: "Expressions", value: Value, node: exp.Expr) -> Value:
    """`value IN (query)`."""
    inner = _compiled(block, node.args["query"])
    if len(inner.columns) != 1:
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Multiple columns returned by subquery are not yet supported. Found {len(inner.columns)}",
            block.position(node),
        )
    column = inner.columns[0]
    common = common_of([value.type, column.type])
    if common is None:
        raise AthenaError(
            "TYPE_MISMATCH",
            f"value and result of subquery must be of the same type for IN expression: {value.type} vs {column.type}",
            block.position(node),
        )
    item = operators.comparable(coerce(Value("q.c0", column.type), common))
    left = operators.comparable(coerce(value, common))
    return Value(f"({left} IN (SELECT {item} FROM ({inner.sql}) AS q))", BOOLEAN)


METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Subquery: _scalar_query,
    exp.Exists: _exists,
}
"""What compiles each kind of node."""
