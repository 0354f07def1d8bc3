"""Expressions: one pass resolves names, checks types as Trino does and writes DuckDB SQL.

Every kind of syntax node has a function of its own, for names here, for the others in `literals`, `operations`, `calls`
and `subqueries`; a node without one is refused by name. Errors carry the place in the query's text.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import calls, literals, operations, operators, subqueries
from workshop.sandbox.athena.compiler.scope import Column, Scope
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.functions.registry import Kind
from workshop.sandbox.athena.syntax.parser import position_of, start_of
from workshop.sandbox.athena.types import BOOLEAN, can_coerce, field_names, quote

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler


@dataclass(frozen=True)
class Clause:
    """Where an expression stands, and so what it may hold."""

    name: str
    aggregates: bool = False
    windows: bool = False


WHERE = Clause("WHERE clause")
JOIN = Clause("JOIN clause")
GROUP_BY = Clause("GROUP BY clause")
HAVING = Clause("HAVING clause", aggregates=True)
SELECT = Clause("SELECT", aggregates=True, windows=True)


@dataclass
class Expressions:
    """Compiles the expressions of one query block.

    `groups` holds the SQL of the GROUP BY keys once the block aggregates; `touched` collects the columns that were
    resolved, so that the caller can tell which tables a predicate is about; `partitions` the SQL of the PARTITION BY
    keys of each window of the block.
    """

    queries: "QueryCompiler"
    scope: Scope
    clause: Clause = SELECT
    groups: frozenset[str] | None = None
    touched: list[tuple[Column, bool]] = field(default_factory=list)
    partitions: list[frozenset[str]] = field(default_factory=list)
    inside_aggregate: bool = False

    def compile(self, node: exp.Expr) -> Value:
        """The value of `node`."""
        if self.groups is not None and not self.inside_aggregate and not isinstance(node, exp.Literal):
            plain = self._as_group_key(node)
            if plain is not None:
                return plain
        method = _METHODS.get(type(node))
        if method is None:
            raise not_supported(f"The expression {node.key.upper()} ({node.sql('trino')})", self.position(node))
        return method(self, node)

    def boolean(self, node: exp.Expr, what: str) -> Value:
        """A condition; `what` names the clause in the error."""
        value = self.compile(node)
        if not can_coerce(value.type, BOOLEAN):
            raise AthenaError(
                "TYPE_MISMATCH", f"{what} must evaluate to a boolean: actual type {value.type}", self.position(node)
            )
        return coerce(value, BOOLEAN)

    def position(self, node: exp.Expr) -> Position | None:
        """Where `node` begins in the text."""
        start = start_of(node)
        return None if start is None else position_of(self.queries.text, start)

    @property
    def started(self) -> datetime:
        """The moment that CURRENT_DATE and its kin are taken from."""
        return self.queries.started

    def in_clause(self, clause: Clause) -> "Expressions":
        """The same block, another clause."""
        return replace(self, clause=clause, touched=[])

    # grouping

    def _as_group_key(self, node: exp.Expr) -> Value | None:
        """`node` if it is one of the GROUP BY expressions."""
        if isinstance(node, exp.Window | exp.Filter) or contains_aggregate(node) or node.find(exp.Query):
            return None
        plain = replace(self, groups=None, touched=[]).compile(node)
        return plain if self.groups is not None and plain.sql in self.groups else None

    # names

    def _column(self, node: exp.Expr) -> Value:
        assert isinstance(node, exp.Column)
        if isinstance(node.this, exp.Star):
            raise not_supported("A star here", self.position(node))
        return self.path([part.name.lower() for part in node.parts], node)

    def _identifier(self, node: exp.Expr) -> Value:
        return self.path([node.name.lower()], node)

    def path(self, parts: Sequence[str], node: exp.Expr) -> Value:
        """A column by its qualified name, then fields of it."""
        column, fields, own = self.scope.resolve(parts, self.position(node))
        if own and self.groups is not None and not self.inside_aggregate and not column.output:
            raise AthenaError(
                "EXPRESSION_NOT_AGGREGATE",
                f"'{'.'.join(parts)}' must be an aggregate expression or appear in GROUP BY clause",
                self.position(node),
            )
        self.touched.append((column, own))
        if column.scan is not None and column.hidden:
            column.scan.uses_path = True
        elif column.scan is not None and column.name is not None:
            column.scan.used.add((column.name, *fields))
        value = Value(column.sql, column.type)
        for name in fields:
            value = self.field_of(value, name, node)
        return value

    def field_of(self, value: Value, name: str, node: exp.Expr) -> Value:
        """A field of a row."""
        if value.type.name == "row" and name in (names := field_names(value.type)):
            return Value(f"({value.sql}).{quote(name)}", value.type.args[names.index(name)])
        if value.type.name == "row":
            raise AthenaError(
                "COLUMN_NOT_FOUND",
                f"Column '{node.sql('trino')}' cannot be resolved or requester is not authorized to access "
                "requested resources",
                self.position(node),
            )
        raise AthenaError("TYPE_MISMATCH", f"Expression {value.type} is not of type ROW", self.position(node))

    def _dot(self, node: exp.Expr) -> Value:
        parts = _dotted(node)
        if parts is not None:
            return self.path(parts, node)
        return self.field_of(self.compile(node.this), node.expression.name.lower(), node)

    # for the modules that compile the kinds of nodes

    @contextmanager
    def within(self, aggregate: bool) -> Iterator[None]:
        """While this lasts, names stand inside an aggregate, where the rows of a group can be seen."""
        before = self.inside_aggregate
        self.inside_aggregate = before or aggregate
        try:
            yield
        finally:
            self.inside_aggregate = before

    def order_by(self, items: Sequence[exp.Expr]) -> str:
        """SQL of ORDER BY; NULLS LAST unless said otherwise (Trino's default, for DESC too)."""
        parts = []
        for item in items:
            value = self.compile(item.this)
            parts.append(operators.comparable(value) + direction(item))
        return ", ".join(parts)


_METHODS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
    exp.Column: Expressions._column,
    exp.Identifier: Expressions._identifier,
    exp.Dot: Expressions._dot,
    **literals.METHODS,
    **operations.METHODS,
    **subqueries.METHODS,
    **calls.METHODS,
}


def contains_aggregate(node: exp.Expr) -> bool:
    """Whether `node` holds an aggregate of its own query block (not one of a subquery or a plain window)."""
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        inner: exp.Expr = node.this
        while isinstance(inner, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
            inner = inner.this
        rest = [*inner.expressions, *(node.args.get("partition_by") or [])]
        order = node.args.get("order")
        return any(map(contains_aggregate, rest + ([order] if order is not None else [])))
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        if REGISTRY.kind(name) == Kind.AGGREGATE or name == "grouping":
            return True
    return any(contains_aggregate(child) for child in node.iter_expressions())


def direction(item: exp.Expr) -> str:
    """ASC/DESC and NULLS of an ORDER BY item, as SQL."""
    nulls = " NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST"
    return (" DESC" if item.args.get("desc") else " ASC") + nulls


def _dotted(node: exp.Expr) -> list[str] | None:
    """`a.b.c.d.e` as parts when it is nothing but names."""
    if isinstance(node, exp.Column):
        return [p.name.lower() for p in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        parts = _dotted(node.this)
        return None if parts is None else [*parts, node.expression.name.lower()]
    return None
