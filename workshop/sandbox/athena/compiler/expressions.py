"""Expressions: one pass resolves names, checks types as Trino does and writes DuckDB SQL.

Every kind of syntax node has a function of its own, for names here, for the others in `literals`, `operations`, `calls`
and `subqueries`; a node without one is refused by name. Errors carry the place in the query's text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import calls, literals, operations, operators, subqueries, windows
from workshop.sandbox.athena.compiler.aggregation import NotGroupedError, canonical, contains_aggregate, is_aggregate
from workshop.sandbox.athena.compiler.anchors import Anchor
from workshop.sandbox.athena.compiler.limits import direction
from workshop.sandbox.athena.compiler.scope import Column, Scope
from workshop.sandbox.athena.compiler.values import Value, coerce, name_for
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.syntax.formatting import shown
from workshop.sandbox.athena.syntax.parser import place_of
from workshop.sandbox.athena.types import BOOLEAN, can_coerce, field_names, quote

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler


@dataclass(frozen=True)
class Clause:
    """Where an expression stands, and so what it may hold."""

    name: str
    aggregates: bool = False
    windows: bool = False


_COERCED = ("CASE WHEN clause", "IF condition")
"""Conditions that Trino coerces; of those of whole clauses it says what they are in other words."""

WHERE = Clause("WHERE clause")
JOIN = Clause("JOIN clause")
GROUP_BY = Clause("GROUP BY clause")
HAVING = Clause("HAVING clause", aggregates=True)
SELECT = Clause("SELECT", aggregates=True, windows=True)


@dataclass
class Expressions:
    """Compiles the expressions of one query block.

    `groups` holds, once the block aggregates, the SQL of the GROUP BY keys and what stands for each in the block;
    `touched` collects the columns that were resolved, so that the caller can tell which tables a predicate is about;
    `partitions` the SQL of the PARTITION BY keys of each window of the block; `named_windows` is its WINDOW clause,
    `place` where the block begins.
    """

    queries: "QueryCompiler"
    scope: Scope
    clause: Clause = SELECT
    groups: Mapping[str, str] | None = None
    touched: list[tuple[Column, bool]] = field(default_factory=list)
    partitions: list[frozenset[str]] = field(default_factory=list)
    inside_aggregate: bool = False
    named_windows: Mapping[str, exp.Window] = field(default_factory=dict)
    place: Position | None = None
    apart: "_Apart | None" = None
    anchor: Anchor = field(default_factory=Anchor)

    def compile(self, node: exp.Expr) -> Value:
        """The value of `node`."""
        if self.apart is not None and _stands_apart(node):
            return self.apart.hold(replace(self, apart=None).compile(node))
        if self.groups is not None and not self.inside_aggregate and not isinstance(node, exp.Literal):
            plain = self._as_group_key(node)
            if plain is not None:
                return plain
        if isinstance(node.args.get("expression"), exp.All | exp.Any):
            return subqueries.compare_with_query(self, node)
        method = _METHODS.get(type(node))
        if method is None:
            raise not_supported(f"The expression {node.key.upper()} ({shown(node)})", self.position(node))
        return method(self, node)

    def boolean(self, node: exp.Expr, what: str) -> Value:
        """A condition; `what` names the clause in the error."""
        value = self.compile(node)
        if not can_coerce(value.type, BOOLEAN):
            actual = f" (actual: {value.type})" if what in _COERCED else f": actual type {value.type}"
            raise AthenaError("TYPE_MISMATCH", f"{what} must evaluate to a boolean{actual}", self.position(node))
        return coerce(value, BOOLEAN)

    def position(self, node: exp.Expr) -> Position | None:
        """Where `node` begins in the text."""
        return place_of(node, self.queries.text)

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
        key = None if self.groups is None else self.groups.get(canonical(plain.sql))
        return None if key is None else replace(plain, sql=key)

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
        found = self.scope.resolve(parts, self.position(node))
        column, fields, own = found.column, found.fields, found.own
        sql = column.sql
        if self.inside_aggregate and self.groups is not None and found.scope.outputs:
            message = "Invalid reference to output projection attribute from ORDER BY aggregation"
            raise AthenaError("COLUMN_NOT_FOUND", message, self.position(node))
        if own and self.groups is not None and not self.inside_aggregate and not column.output:
            if column.sql not in self.groups:
                raise NotGroupedError(node)
            sql = self.groups[column.sql]
        if not own and found.scope.groups is not None and not column.output:
            if column.sql not in found.scope.groups:
                raise AthenaError(
                    "EXPRESSION_NOT_AGGREGATE",
                    f"Subquery uses '{shown(node)}' which must appear in GROUP BY clause",
                    self.position(node),
                )
            sql = found.scope.groups[column.sql]
        self.touched.append((column, own))
        if column.scan is not None and column.hidden:
            column.scan.uses_path = True
        elif column.scan is not None and column.name is not None:
            column.scan.used.add((column.own_name, *fields))
        value = Value(sql, column.type)
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
                f"Column '{shown(node)}' cannot be resolved or requester is not authorized to access "
                "requested resources",
                self.position(node),
            )
        raise AthenaError("TYPE_MISMATCH", f"Expression {value.type} is not of type ROW", self.position(node))

    def _lambda(self, node: exp.Expr) -> Value:
        message = "Lambda expression should always be used inside a function"
        raise AthenaError("TYPE_MISMATCH", message, self.position(node))

    def _dot(self, node: exp.Expr) -> Value:
        parts = _dotted(node)
        if parts is not None:
            return self.path(parts, node)
        return self.field_of(self.compile(node.this), node.expression.name.lower(), node)

    def attempted(self, node: exp.Expr) -> Value:
        """TRY(node). As in Trino, aggregates, windows and queries in it are computed before: their errors stay."""
        apart = _Apart(name_for("try", shown(node)))
        value = replace(self, apart=apart).compile(node)
        return replace(value, sql=apart.around(f"TRY({value.sql})"), constant=None)

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


@dataclass
class _Apart:
    """Values that are computed apart, and stand in an expression as the fields of the variable `name`."""

    name: str
    values: list[str] = field(default_factory=list)

    def hold(self, value: Value) -> Value:
        """What stands for a value."""
        if value.sql not in self.values:
            self.values.append(value.sql)
        return replace(value, sql=f"{self.name}.a{self.values.index(value.sql)}", constant=None)

    def around(self, sql: str) -> str:
        """`sql`, which names what is held."""
        if not self.values:
            return sql
        packed = ", ".join(f"a{i} := {value}" for i, value in enumerate(self.values))
        return f"list_transform([struct_pack({packed})], lambda {self.name}: {sql})[1]"


def _stands_apart(node: exp.Expr) -> bool:
    """Whether DuckDB takes no such value in TRY: it holds an aggregate, a window or a query of its own."""
    if isinstance(node, exp.Anonymous):
        return is_aggregate(node) or str(node.this).lower() == "grouping"
    other = isinstance(node.args.get("expression"), exp.All | exp.Any) or node.args.get("query") is not None
    return other or isinstance(node, exp.Window | exp.Filter | exp.Subquery | exp.Exists)


_METHODS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
    exp.Column: Expressions._column,
    exp.Identifier: Expressions._identifier,
    exp.Dot: Expressions._dot,
    exp.Lambda: Expressions._lambda,
    **literals.METHODS,
    **operations.METHODS,
    **subqueries.METHODS,
    **calls.METHODS,
    **windows.METHODS,
}


def _dotted(node: exp.Expr) -> list[str] | None:
    """`a.b.c.d.e` as parts when it is nothing but names."""
    if isinstance(node, exp.Column):
        return [p.name.lower() for p in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        parts = _dotted(node.this)
        return None if parts is None else [*parts, node.expression.name.lower()]
    return None
