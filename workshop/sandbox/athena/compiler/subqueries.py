"""Subqueries in expressions: scalar ones, EXISTS, IN, and comparisons with ALL, ANY or SOME of their rows."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import comparisons, operators
from workshop.sandbox.athena.compiler.scope import Compiled
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import BOOLEAN, Type, common_type, field_names, quote, row

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions

_ROWS = "q"
"""Names a subquery's rows around it."""


def _compiled(block: "Expressions", node: exp.Expr) -> Compiled:
    # The arguments of an aggregate see all rows of a group, so the columns of a subquery in them need be no keys.
    scope = replace(block.scope, groups=None) if block.inside_aggregate else block.scope
    return block.queries.compile(node, scope)


def _single(compiled: Compiled) -> tuple[str, Type]:
    """The one value of a row of the subquery, as SQL over `q`; of several columns it is a row."""
    if len(compiled.columns) == 1:
        return f"{_ROWS}.c0", compiled.columns[0].type
    type_ = row([(c.name, c.type) for c in compiled.columns])
    fields = ", ".join(f"{quote(name)} := {_ROWS}.c{i}" for i, name in enumerate(_distinct_names(type_)))
    return f"struct_pack({fields})", type_


def _distinct_names(type_: Type) -> list[str]:
    names = field_names(type_)
    if len(set(names)) == len(names):
        return names
    raise AthenaError("NOT_SUPPORTED", "A row of several fields with one name is not supported by the local Athena")


def _scalar_query(block: "Expressions", node: exp.Expr) -> Value:
    inner = _compiled(block, node.this if isinstance(node, exp.Subquery) else node)
    if len(inner.columns) == 1:
        return Value(f"({inner.sql})", inner.columns[0].type)
    sql, type_ = _single(inner)
    return Value(f"(SELECT {sql} FROM ({inner.sql}) AS {_ROWS})", type_)


def _exists(block: "Expressions", node: exp.Expr) -> Value:
    return Value(f"EXISTS ({_compiled(block, node.this).sql})", BOOLEAN)


def in_query(block: "Expressions", value: Value, node: exp.Expr) -> Value:
    """`value IN (query)`."""
    return _Comparison(block, node, "=", node.args["query"]).any_of(value)


def compare_with_query(block: "Expressions", node: exp.Expr) -> Value:
    """`value symbol ALL|ANY (query)`, where `node.expression` is an `exp.All` or `exp.Any`."""
    value, symbol = block.compile(node.this), _SYMBOLS[type(node)]
    if isinstance(node.expression, exp.Any):
        return _Comparison(block, node, symbol, node.expression.this).any_of(value)
    # x > ALL (…) is NOT (x <= ANY (…)), with NULL where rows leave it open.
    other = _Comparison(block, node, _NEGATED[symbol], node.expression.this).any_of(value)
    return Value(f"(NOT {other.sql})", BOOLEAN)


_SYMBOLS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class _Comparison:
    """The comparison `node` of a value with the rows of `query`."""

    block: "Expressions"
    node: exp.Expr
    symbol: str
    query: exp.Expr

    def any_of(self, value: Value) -> Value:
        """Whether it holds for any row."""
        inner = _compiled(self.block, self.query)
        sql, type_ = _single(inner)
        common = common_type(value.type, type_)
        if common is None:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Value expression and result of subquery must be of the same type: {value.type} vs {type_}",
                self.block.position(self.node),
            )
        if self.symbol not in ("=", "<>") and not comparisons.is_orderable(common):
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Type [{common}] must be orderable in order to be used in quantified comparison",
                self.block.position(self.query),
            )
        left, right = coerce(value, common), coerce(Value(sql, type_), common)
        if comparisons.is_nested(common):
            # true if one is true, else NULL if one is NULL, else (and of no rows) false
            compared = operators.compare(self.symbol, left, right, None).sql
            unknown = f"CASE WHEN count(*) > count({compared}) THEN NULL ELSE FALSE END"
            found = f"coalesce(bool_or({compared}), FALSE) OR ({unknown})"
            return Value(f"(SELECT {found} FROM ({inner.sql}) AS {_ROWS})", BOOLEAN)
        rows = f"(SELECT {operators.comparable(right)} FROM ({inner.sql}) AS {_ROWS})"
        word = "IN" if self.symbol == "=" else f"{self.symbol} ANY"
        return Value(f"({operators.comparable(left)} {word} {rows})", BOOLEAN)


METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Subquery: _scalar_query,
    exp.Exists: _exists,
}
"""What compiles each kind of node."""
