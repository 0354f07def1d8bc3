"""Calls of functions, aggregates and windows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.literals import current_timestamp
from workshop.sandbox.athena.compiler.operations import row_of, same_type
from workshop.sandbox.athena.compiler.scope import Column, Scope
from workshop.sandbox.athena.compiler.values import LambdaValue, Value, coerce, fresh_name, text_literal
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.functions.registry import Argument, Clauses, Kind, LambdaArgument
from workshop.sandbox.athena.types import BIGINT, Type

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


def _call(block: "Expressions", node: exp.Expr) -> Value:
    return _function(block, node.name.lower() if isinstance(node.this, str) else str(node.this).lower(), node)


def _function(
    block: "Expressions", name: str, node: exp.Expr, *, over: str = "", filtered: str = "", nulls: str = ""
) -> Value:
    """A call by name; `over`, `filtered` and `nulls` are SQL that follows it."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(block, node)
    kind = REGISTRY.kind(name)
    if kind == Kind.WINDOW and not over:
        raise AthenaError("MISSING_OVER", f"Window function {name} requires an OVER clause", block.position(node))
    if kind == Kind.SCALAR and (over or filtered):
        raise AthenaError("FUNCTION_NOT_AGGREGATE", f"{name} is not an aggregate function", block.position(node))
    if kind == Kind.AGGREGATE and not over:
        return _aggregate(block, name, node, filtered)
    with block.within(kind == Kind.AGGREGATE and not over):
        arguments, distinct, order = _arguments(block, name, node)
    if (distinct or order) and kind != Kind.AGGREGATE:
        raise AthenaError("FUNCTION_NOT_AGGREGATE", f"{name} is not an aggregate function", block.position(node))
    if over and (distinct or order):
        raise not_supported("DISTINCT or ORDER BY in a window function", block.position(node))
    clauses = Clauses(inner=f" {nulls}" if nulls else "", after=_after(filtered, over))
    call = REGISTRY.resolve(name, arguments, block.position(node), clauses)
    return Value(call.sql, call.type)


def _aggregate(block: "Expressions", name: str, node: exp.Expr, filtered: str) -> Value:
    if block.inside_aggregate:
        raise AthenaError(
            "NESTED_AGGREGATION",
            f"Cannot nest aggregations inside aggregation '{name}': [{node.sql('trino')}]",
            block.position(node),
        )
    if not block.clause.aggregates:
        raise AthenaError(
            "EXPRESSION_NOT_SCALAR",
            f"{block.clause.name} cannot contain aggregations, window functions or grouping operations: "
            f"[{node.sql('trino')}]",
            block.position(node),
        )
    with block.within(True):
        arguments, distinct, order = _arguments(block, name, node)
    clauses = Clauses("DISTINCT " if distinct else "", f" ORDER BY {order}" if order else "", _after(filtered, ""))
    call = REGISTRY.resolve(name, arguments, block.position(node), clauses)
    return Value(call.sql, call.type)


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
    return [_argument(block, e) for e in listed], distinct, order


def _argument(block: "Expressions", node: exp.Expr) -> Argument:
    """A value, or a lambda that waits for the types of its parameters."""
    if not isinstance(node, exp.Lambda):
        return block.compile(node)
    names = [parameter.name.lower() for parameter in node.expressions]

    def compiled(types: Sequence[Type]) -> LambdaValue:
        variables = tuple(fresh_name() for _ in names)
        columns = [Column(n, t, v, output=True) for n, t, v in zip(names, types, variables, strict=True)]
        body = replace(block, scope=Scope(columns, block.scope)).compile(node.this)
        return LambdaValue(f"lambda {', '.join(variables)}: {body.sql}", body.type, None, variables, body.sql)

    return LambdaArgument(len(names), compiled)


def _filter(block: "Expressions", node: exp.Expr) -> Value:
    with block.within(True):
        condition = block.boolean(node.expression.this, "FILTER clause").sql
    call = node.this
    if not isinstance(call, exp.Anonymous):
        raise not_supported(f"FILTER on {call.sql('trino')}", block.position(node))
    return _function(block, str(call.this).lower(), call, filtered=condition)


def _window(block: "Expressions", node: exp.Expr) -> Value:
    if not block.clause.windows or block.inside_aggregate:
        raise AthenaError(
            "EXPRESSION_NOT_SCALAR",
            f"{block.clause.name} cannot contain aggregations, window functions or grouping operations: "
            f"[{node.sql('trino')}]",
            block.position(node),
        )
    call, nulls, filtered = node.this, "", ""
    if isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
        nulls = "IGNORE NULLS" if isinstance(call, exp.IgnoreNulls) else ""
        call = call.this
    if isinstance(call, exp.Filter):
        filtered = block.boolean(call.expression.this, "FILTER clause").sql
        call = call.this
    if not isinstance(call, exp.Anonymous) or node.args.get("alias") is not None:
        raise not_supported(f"The window {node.sql('trino')}", block.position(node))
    parts = []
    keys = [block.compile(e) for e in node.args.get("partition_by") or []]
    block.partitions.append(frozenset(k.sql for k in keys))
    if keys:
        parts.append("PARTITION BY " + ", ".join(map(operators.comparable, keys)))
    if node.args.get("order"):
        parts.append("ORDER BY " + block.order_by(node.args["order"].expressions))
    if node.args.get("spec"):
        parts.append(_frame(block, node.args["spec"]))
    return _function(block, str(call.this).lower(), call, over=f"({' '.join(parts)})", filtered=filtered, nulls=nulls)


def _frame(block: "Expressions", spec: exp.Expr) -> str:
    kind = str(spec.args["kind"]).upper()
    if kind not in ("ROWS", "RANGE", "GROUPS") or spec.args.get("exclude"):
        raise not_supported("This window frame", block.position(spec))
    start = _bound(block, spec.args.get("start"), spec.args.get("start_side"))
    if spec.args.get("end") is None:
        return f"{kind} {start}"
    return f"{kind} BETWEEN {start} AND {_bound(block, spec.args['end'], spec.args.get('end_side'))}"


def _bound(block: "Expressions", bound: object, side: object) -> str:
    if bound in ("CURRENT ROW", "UNBOUNDED"):
        return f"{bound} {side or ''}".strip() if bound == "UNBOUNDED" else "CURRENT ROW"
    if not isinstance(bound, exp.Expr) or side not in ("PRECEDING", "FOLLOWING"):
        raise not_supported("This window frame")
    return f"{block.compile(bound).sql} {side}"


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
    common = same_type(block, values, "All COALESCE operands", node)
    return Value(f"coalesce({', '.join(coerce(v, common).sql for v in values)})", common)


def _nullif(block: "Expressions", node: exp.Expr) -> Value:
    if len(node.expressions) != 2:
        raise AthenaError("INVALID_ARGUMENTS", "Invalid number of arguments for 'nullif'", block.position(node))
    first, second = (block.compile(e) for e in node.expressions)
    equal = operators.compare("=", first, second, block.position(node))
    return Value(f"CASE WHEN {equal.sql} THEN NULL ELSE {first.sql} END", first.type)


def _try(block: "Expressions", node: exp.Expr) -> Value:
    if len(node.expressions) != 1:
        raise AthenaError(
            "INVALID_ARGUMENTS", "The 'try' function must have exactly one argument", block.position(node)
        )
    value = block.compile(node.expressions[0])
    return Value(f"TRY({value.sql})", value.type)


def _typeof(block: "Expressions", node: exp.Expr) -> Value:
    return text_literal(str(block.compile(node.expressions[0]).type))


def _grouping(block: "Expressions", node: exp.Expr) -> Value:
    keys = [replace(block, groups=None).compile(e) for e in node.expressions]
    if block.groups is None or not keys or any(k.sql not in block.groups for k in keys):
        raise AthenaError(
            "INVALID_ARGUMENTS",
            "The arguments to GROUPING() must be expressions referenced by GROUP BY",
            block.position(node),
        )
    return Value(f"CAST(GROUPING({', '.join(k.sql for k in keys)}) AS BIGINT)", BIGINT)


_SPECIAL: dict[str, Callable[["Expressions", exp.Expr], Value]] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
    "row": row_of,
    "grouping": _grouping,
    "now": current_timestamp,
}

_EXTRACTED = frozenset(
    [
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
    exp.Window: _window,
    exp.Extract: _extract,
    exp.StrPosition: _position_in,
    exp.Trim: _trim,
}
"""What compiles each kind of node."""
