"""Functions that take a lambda: the element's type is known before the lambda's body is compiled."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler.scope import Column, Scope
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import BOOLEAN, array, can_coerce

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions

_counter = count()


def _over_array(expressions: "Expressions", node: exp.Expr, name: str) -> tuple[Value, str, Value]:
    """The array, the lambda's variable in DuckDB, and the compiled body."""
    arguments = node.expressions
    position = expressions.position(node)
    if len(arguments) != 2 or not isinstance(arguments[1], exp.Lambda) or len(arguments[1].expressions) != 1:
        raise AthenaError("FUNCTION_NOT_FOUND", f"Unexpected parameters for function {name}", position)
    values = expressions.compile(arguments[0])
    if values.type.name != "array":
        raise AthenaError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({values.type}) for function {name}", position)
    variable = f"x{next(_counter)}"
    parameter = Column(arguments[1].expressions[0].name.lower(), values.type.args[0], variable, output=True)
    inner = replace(expressions, scope=Scope([parameter], expressions.scope))
    return values, variable, inner.compile(arguments[1].this)


def _transform(expressions: "Expressions", node: exp.Expr) -> Value:
    values, variable, body = _over_array(expressions, node, "transform")
    return Value(f"list_transform({values.sql}, lambda {variable}: {body.sql})", array(body.type))


def _filter(expressions: "Expressions", node: exp.Expr) -> Value:
    values, variable, body = _over_array(expressions, node, "filter")
    _must_be_boolean(expressions, node, body, "filter")
    return Value(f"list_filter({values.sql}, lambda {variable}: {body.sql})", values.type)


def _any_match(expressions: "Expressions", node: exp.Expr) -> Value:
    values, variable, body = _over_array(expressions, node, "any_match")
    _must_be_boolean(expressions, node, body, "any_match")
    found = f"list_bool_or(list_transform({values.sql}, lambda {variable}: {body.sql}))"
    return Value(f"CASE WHEN len({values.sql}) = 0 THEN FALSE ELSE {found} END", BOOLEAN)


def _must_be_boolean(expressions: "Expressions", node: exp.Expr, body: Value, name: str) -> None:
    if not can_coerce(body.type, BOOLEAN):
        raise AthenaError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters for function {name}: the lambda returns {body.type}",
            expressions.position(node),
        )


LAMBDA_FUNCTIONS: dict[str, Callable[["Expressions", exp.Expr], Value]] = {
    "transform": _transform,
    "filter": _filter,
    "any_match": _any_match,
}
"""Handlers by name."""
