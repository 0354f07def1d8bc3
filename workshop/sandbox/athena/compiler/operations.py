"""Operators, conditionals and conversions: syntax with values inside."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import collections, literals, operators, time_literals
from workshop.sandbox.athena.compiler.casts import cast, try_cast
from workshop.sandbox.athena.compiler.comparisons import is_nested
from workshop.sandbox.athena.compiler.like import like
from workshop.sandbox.athena.compiler.subqueries import in_query
from workshop.sandbox.athena.compiler.values import Value, coerce, may_be_repeated, sharing
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.syntax.syntax_types import type_of
from workshop.sandbox.athena.types import (
    BOOLEAN,
    UNKNOWN,
    VARCHAR,
    Type,
    can_coerce,
    common_of,
    common_type,
)

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


def _paren(block: "Expressions", node: exp.Expr) -> Value:
    return block.compile(node.this)


def _connector(block: "Expressions", node: exp.Expr) -> Value:
    word = "AND" if isinstance(node, exp.And) else "OR"
    sides = [_logical(block, n, word) for n in (node.this, node.expression)]
    return Value(f"({sides[0]} {word} {sides[1]})", BOOLEAN)


def _not(block: "Expressions", node: exp.Expr) -> Value:
    return Value(f"(NOT {_logical(block, node.this, 'NOT')})", BOOLEAN)


def _logical(block: "Expressions", node: exp.Expr, word: str) -> str:
    value = block.compile(node)
    if not can_coerce(value.type, BOOLEAN):
        message = f"Logical expression term must evaluate to a boolean (actual: {value.type})"
        if word == "NOT":
            message = f"Value of logical NOT expression must evaluate to a boolean (actual: {value.type})"
        raise AthenaError("TYPE_MISMATCH", message, block.position(node))
    return coerce(value, BOOLEAN).sql


def _arithmetic(block: "Expressions", node: exp.Expr) -> Value:
    symbol = _ARITHMETIC[type(node)]
    left, right = block.compile(node.this), block.compile(node.expression)
    return operators.arithmetic(symbol, left, right, block.position(node))


def _neg(block: "Expressions", node: exp.Expr) -> Value:
    return operators.negate(block.compile(node.this), block.position(node))


def _comparison(block: "Expressions", node: exp.Expr) -> Value:
    symbol = _COMPARISONS[type(node)]
    left, right = block.compile(node.this), block.compile(node.expression)
    return operators.compare(symbol, left, right, block.position(node))


def _between(block: "Expressions", node: exp.Expr) -> Value:
    value, low, high = (block.compile(node.args[k]) for k in ("this", "low", "high"))
    if common_of([value.type, low.type, high.type]) is None:
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}",
            block.position(node),
        )

    def written(values: Sequence[Value]) -> str:
        above = operators.compare(">=", values[0], values[1], None)
        below = operators.compare("<=", values[0], values[2], None)
        return f"({above.sql} AND {below.sql})"

    return Value(sharing([value, low, high], written), BOOLEAN)


def _is(block: "Expressions", node: exp.Expr) -> Value:
    if not isinstance(node.expression, exp.Null):
        raise not_supported(f"The expression {node.sql('trino')}", block.position(node))
    return Value(f"({block.compile(node.this).sql} IS NULL)", BOOLEAN)


def _in(block: "Expressions", node: exp.Expr) -> Value:
    value = block.compile(node.this)
    if node.args.get("query") is not None:
        return in_query(block, value, node)
    items = [block.compile(e) for e in node.expressions]
    common = common_of([value.type, *(i.type for i in items)])
    if common is None:
        other = next(i.type for i in items if common_of([value.type, i.type]) is None)
        raise AthenaError(
            "TYPE_MISMATCH",
            f"IN value and list items must be the same type or coercible to a common type. Cannot find common type "
            f"between {value.type} and {other}, all types (without duplicates): "
            f"[{', '.join(dict.fromkeys(str(t) for t in (value.type, *(i.type for i in items))))}]",
            block.position(node),
        )
    if is_nested(common):

        def any_equal(values: Sequence[Value]) -> str:
            return f"({' OR '.join(operators.compare('=', values[0], v, None).sql for v in values[1:])})"

        return Value(sharing([value, *items], any_equal), BOOLEAN)
    listed = ", ".join(operators.comparable(coerce(i, common)) for i in items)
    return Value(f"({operators.comparable(coerce(value, common))} IN ({listed}))", BOOLEAN)


def _like(block: "Expressions", node: exp.Expr, escape: exp.Expr | None = None) -> Value:
    value, pattern = block.compile(node.this), block.compile(node.expression)
    for side in (value, pattern):
        if not can_coerce(side.type, VARCHAR):
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Left side of LIKE expression must evaluate to a varchar (actual: {side.type})"
                if side is value
                else f"Pattern for LIKE expression must evaluate to a varchar (actual: {side.type})",
                block.position(node.this if side is value else node.expression),
            )
    mark = coerce(block.compile(escape), VARCHAR) if escape is not None else None
    return Value(like(coerce(value, VARCHAR).sql, coerce(pattern, VARCHAR), mark), BOOLEAN)


def _escape(block: "Expressions", node: exp.Expr) -> Value:
    return _like(block, node.this, node.expression)


def _concatenation(block: "Expressions", node: exp.Expr) -> Value:
    return operators.concatenate(block.compile(node.this), block.compile(node.expression), block.position(node))


def _at_time_zone(block: "Expressions", node: exp.Expr) -> Value:
    arguments = [block.compile(node.this), block.compile(node.args["zone"])]
    call = REGISTRY.resolve("at_timezone", arguments, block.position(node))
    return Value(call.sql, call.type)


def _case(block: "Expressions", node: exp.Expr) -> Value:
    subject, conditions = _conditions(block, node)
    results = [block.compile(branch.args["true"]) for branch in node.args["ifs"]]
    default = node.args.get("default")
    otherwise = block.compile(default) if default is not None else Value("NULL", UNKNOWN)
    nodes = [branch.args["true"] for branch in node.args["ifs"]] + ([default] if default is not None else [])
    common = same_type(block, [*results, otherwise], "All CASE results", nodes)
    branches = " ".join(f"WHEN {c} THEN {coerce(r, common).sql}" for c, r in zip(conditions, results, strict=True))
    return Value(f"CASE {subject}{branches} ELSE {coerce(otherwise, common).sql} END", common)


def _conditions(block: "Expressions", node: exp.Expr) -> tuple[str, list[str]]:
    """What stands before the branches of a CASE, and behind WHEN in each: a condition, or its number if the subject is
    long or random, and so is compared apart."""
    branches = node.args["ifs"]
    if node.this is None:
        return "", [block.boolean(branch.this, "CASE WHEN clause").sql for branch in branches]
    values = [block.compile(node.this), *(block.compile(branch.this) for branch in branches)]

    def equal(sides: Sequence[Value]) -> list[str]:
        pairs = zip(sides[1:], branches, strict=True)
        return [operators.compare("=", sides[0], side, block.position(branch)).sql for side, branch in pairs]

    def number(sides: Sequence[Value]) -> str:
        return f"CASE {' '.join(f'WHEN {c} THEN {i}' for i, c in enumerate(equal(sides)))} END"

    if len(branches) == 1 or may_be_repeated(values[0].sql):
        return "", equal(values)
    return f"{sharing(values, number)} ", [str(i) for i in range(len(branches))]


def _if(block: "Expressions", node: exp.Expr) -> Value:
    condition = block.boolean(node.this, "IF condition")
    yes = block.compile(node.args["true"])
    no = node.args.get("false")
    otherwise = block.compile(no) if no is not None else Value("NULL", UNKNOWN)
    common = common_type(yes.type, otherwise.type)
    if common is None:
        shown = f"Result types for IF must be the same: {yes.type} vs {otherwise.type}"
        raise AthenaError("TYPE_MISMATCH", shown, block.position(node))
    chosen = f"WHEN {condition.sql} THEN {coerce(yes, common).sql} ELSE {coerce(otherwise, common).sql}"
    return Value(f"CASE {chosen} END", common)


def same_type(block: "Expressions", values: Sequence[Value], what: str, nodes: Sequence[exp.Expr]) -> Type:
    """The common type of `values`, which `nodes` compile to; TYPE_MISMATCH when there is none."""
    types = [v.type for v in values]
    common = common_of(types)
    if common is not None:
        return common
    # Trino names the first value that does not go with those before it.
    wrong = next(n for n in range(len(types)) if common_of(types[: n + 1]) is None)
    raise AthenaError(
        "TYPE_MISMATCH",
        f"{what} must be the same type or coercible to a common type. Cannot find common type between "
        f"{common_of(types[:wrong])} and {types[wrong]}, all types (without duplicates): "
        f"[{', '.join(dict.fromkeys(map(str, types)))}]",
        block.position(nodes[wrong]),
    )


def _cast(block: "Expressions", node: exp.Expr) -> Value:
    if node.meta.get("typed_literal"):
        moment = time_literals.typed(block, node)
        return moment if moment is not None else literals.typed(block, node)
    value = block.compile(node.this)
    target = type_of(node.args["to"], node.this, block.position(node))
    return (try_cast if isinstance(node, exp.TryCast) else cast)(value, target, block.position(node))


_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}

METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Paren: _paren,
    exp.And: _connector,
    exp.Or: _connector,
    exp.Not: _not,
    exp.Add: _arithmetic,
    exp.Sub: _arithmetic,
    exp.Mul: _arithmetic,
    exp.Div: _arithmetic,
    exp.Mod: _arithmetic,
    exp.Neg: _neg,
    exp.EQ: _comparison,
    exp.NEQ: _comparison,
    exp.LT: _comparison,
    exp.LTE: _comparison,
    exp.GT: _comparison,
    exp.GTE: _comparison,
    exp.NullSafeEQ: _comparison,
    exp.NullSafeNEQ: _comparison,
    exp.Between: _between,
    exp.Is: _is,
    exp.In: _in,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.DPipe: _concatenation,
    exp.AtTimeZone: _at_time_zone,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    **collections.METHODS,
}
"""What compiles each kind of node."""
