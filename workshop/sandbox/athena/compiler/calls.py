"""Calls of functions, aggregates and windows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.catalog.glue import CATALOG
from workshop.sandbox.athena.compiler import json_calls, json_constructors, operators
from workshop.sandbox.athena.compiler.aggregation import contains_aggregate, refuse_nested
from workshop.sandbox.athena.compiler.collections import argument, row_of
from workshop.sandbox.athena.compiler.operations import same_type
from workshop.sandbox.athena.compiler.time_literals import current_timestamp
from workshop.sandbox.athena.compiler.values import Value, coerce, sharing, text_literal
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.functions.registry import Argument, Clauses, Kind
from workshop.sandbox.athena.syntax.formatting import shown
from workshop.sandbox.athena.types import INTEGER, VARCHAR, common_type, literal

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


def _call(block: "Expressions", node: exp.Expr) -> Value:
    return function(block, str(node.this).lower(), node)


def function(
    block: "Expressions", name: str, node: exp.Expr, *, over: str = "", filtered: str = "", nulls: str = ""
) -> Value:
    """A call by name; `over`, `filtered` and `nulls` are SQL that follows it."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(block, node)
    kind = REGISTRY.kind(name)
    if kind == Kind.WINDOW and not over:
        raise AthenaError("MISSING_OVER", f"Window function {name} requires an OVER clause", block.position(node))
    if kind == Kind.AGGREGATE and not over:
        return _aggregate(block, name, node, filtered)
    arguments, distinct, order = _arguments(block, name, node)
    if kind == Kind.SCALAR:
        for clause, given in (("Filter", filtered), ("ORDER BY", order), ("DISTINCT", distinct)):
            if given:
                message = f"{clause} is only valid for aggregation functions"
                raise AthenaError("FUNCTION_NOT_AGGREGATE", message, block.position(node))
    clauses = Clauses(inner=f" {nulls}" if nulls else "", after=_after(filtered, over))
    call = REGISTRY.resolve(name, arguments, block.position(node), clauses)
    return Value(call.sql, call.type)


def _aggregate(block: "Expressions", name: str, node: exp.Expr, filtered: str) -> Value:
    refuse_nested(name, node, node.expressions, block.position(node))
    seen = len(block.touched)
    with block.within(True):
        arguments, distinct, order = _arguments(block, name, node)
    of_outer = {own for _, own in block.touched[seen:]} == {False}
    if of_outer and isinstance(arguments[0], Value):
        arguments[0] = replace(arguments[0], sql=block.anchor.hold(arguments[0].sql))
    if distinct and order:
        _check_order_of_distinct(block, node)
    clauses = Clauses("DISTINCT " if distinct else "", f" ORDER BY {order}" if order else "", _after(filtered, ""))
    call = REGISTRY.resolve(name, arguments, block.position(node), clauses)
    return Value(call.sql, call.type)


def _check_order_of_distinct(block: "Expressions", node: exp.Expr) -> None:
    *before, order = node.expressions[0].expressions
    known = {shown(e) for e in (*before, order.this)}
    for item in order.expressions:
        if shown(item.this) not in known:
            raise AthenaError(
                "EXPRESSION_NOT_IN_DISTINCT",
                "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments",
                block.position(item.this),
            )


def _arguments(block: "Expressions", name: str, node: exp.Expr) -> tuple[list[Argument], bool, str]:
    """Arguments of a call; whether they are DISTINCT; SQL of ORDER BY within the call."""
    listed, distinct, order = list(node.expressions), False, ""
    if name == "count" and len(listed) == 1 and isinstance(listed[0], exp.Star):
        return [], False, ""
    if len(listed) == 1 and isinstance(listed[0], exp.Distinct):
        listed, distinct = list(listed[0].expressions), True
    if listed and isinstance(listed[-1], exp.Order):
        order = block.order_by(listed[-1].expressions)
        listed[-1] = listed[-1].this
    return [argument(block, e) for e in listed], distinct, order


def _filter(block: "Expressions", node: exp.Expr) -> Value:
    with block.within(True):
        condition = block.boolean(node.expression.this, "FILTER clause").sql
    call = node.this
    return function(block, str(call.this).lower(), call, filtered=condition)


def _extract(block: "Expressions", node: exp.Expr) -> Value:
    name = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week"}.get(node.name.lower(), node.name.lower())
    if name not in _EXTRACTED:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"Invalid EXTRACT field: {node.name}", block.position(node))
    call = REGISTRY.resolve(name, [block.compile(node.expression)], block.position(node))
    return Value(call.sql, call.type)


def _position_in(block: "Expressions", node: exp.Expr) -> Value:
    arguments = [block.compile(node.this), block.compile(node.args["substr"])]
    call = REGISTRY.resolve("strpos", arguments, block.position(node))
    return Value(call.sql, call.type)


def _trim(block: "Expressions", node: exp.Expr) -> Value:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    arguments = [block.compile(node.this)]
    if node.expression is not None:
        arguments.append(block.compile(node.expression))
    call = REGISTRY.resolve(name, arguments, block.position(node))
    return Value(call.sql, call.type)


def _after(filtered: str, over: str) -> str:
    return (f" FILTER (WHERE {filtered})" if filtered else "") + (f" OVER {over}" if over else "")


def _coalesce(block: "Expressions", node: exp.Expr) -> Value:
    values = [block.compile(e) for e in node.expressions]
    if len(values) < 2:
        raise AthenaError(
            "INVALID_ARGUMENTS", "The 'coalesce' function must have at least two arguments", block.position(node)
        )
    common = same_type(block, values, "All COALESCE operands", node.expressions)
    return Value(f"coalesce({', '.join(coerce(v, common).sql for v in values)})", common)


def _nullif(block: "Expressions", node: exp.Expr) -> Value:
    if len(node.expressions) != 2:
        raise AthenaError("INVALID_ARGUMENTS", "Invalid number of arguments for 'nullif'", block.position(node))
    first, second = (block.compile(e) for e in node.expressions)
    if common_type(first.type, second.type) is None:
        message = f"Types are not comparable with NULLIF: {first.type} vs {second.type}"
        raise AthenaError("TYPE_MISMATCH", message, block.position(node))

    def written(values: Sequence[Value]) -> str:
        equal = operators.compare("=", values[0], values[1], block.position(node))
        return f"CASE WHEN {equal.sql} THEN NULL ELSE {values[0].sql} END"

    return Value(sharing([first, second], written), first.type)


def _try(block: "Expressions", node: exp.Expr) -> Value:
    if len(node.expressions) != 1:
        raise AthenaError(
            "INVALID_ARGUMENTS", "The 'try' function must have exactly one argument", block.position(node)
        )
    return block.attempted(node.expressions[0])


def _typeof(block: "Expressions", node: exp.Expr) -> Value:
    value = block.compile(node.expressions[0])
    name = literal(str(value.type))
    # The aggregates in it make groups of the rows, though nothing is asked but their type.
    grouped = contains_aggregate(node)
    return Value(f"CASE WHEN {value.sql} IS NULL THEN {name} ELSE {name} END" if grouped else name, VARCHAR)


def _grouping(block: "Expressions", node: exp.Expr) -> Value:
    """GROUPING(a, b): its value is an integer, as there are at most 31 columns."""
    keys = [replace(block, groups=None).compile(e) for e in node.expressions]
    for key, argument_ in zip(keys, node.expressions, strict=True):
        if block.groups is None or key.sql not in block.groups:
            raise AthenaError(
                "INVALID_ARGUMENTS",
                "The arguments to GROUPING() must be expressions referenced by the GROUP BY at the associated query "
                f"level. Mismatch due to {shown(argument_)}.",
                block.position(node),
            )
    if not keys:
        return Value("CAST(0 AS INTEGER)", INTEGER)
    # DuckDB knows a key by the SQL of the GROUP BY clause.
    return Value(f"CAST(GROUPING({', '.join(map(operators.comparable, keys))}) AS INTEGER)", INTEGER)


def _current_catalog(block: "Expressions", node: exp.Expr) -> Value:
    return text_literal(CATALOG)


def _current_schema(block: "Expressions", node: exp.Expr) -> Value:
    database = block.queries.binder.database
    return Value("NULL", VARCHAR) if database is None else text_literal(database)


def _unknown_of_session(block: "Expressions", node: exp.Expr) -> Value:
    raise not_supported(str(node.this).upper(), block.position(node))


_SPECIAL: dict[str, Callable[["Expressions", exp.Expr], Value]] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
    "row": row_of,
    "grouping": _grouping,
    "now": current_timestamp,
    "json_exists": json_calls.json_exists,
    "json_value": json_calls.json_value,
    "json_query": json_calls.json_query,
    "json_array": json_constructors.json_array,
    "json_object": json_constructors.json_object,
    "current_catalog": _current_catalog,
    "current_schema": _current_schema,
    "current_user": _unknown_of_session,
    "current_path": _unknown_of_session,
}

_EXTRACTED = frozenset(
    [
        "timezone_hour",
        "timezone_minute",
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "year_of_week",
        "hour",
        "minute",
        "second",
    ]
)

METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Anonymous: _call,
    exp.Filter: _filter,
    exp.Extract: _extract,
    exp.StrPosition: _position_in,
    exp.Trim: _trim,
}
"""What compiles each kind of node."""
