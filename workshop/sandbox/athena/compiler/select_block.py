"""One SELECT block: WHERE, grouping, the items, their order."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.expressions import (
    GROUP_BY,
    HAVING,
    WHERE,
    Expressions,
    contains_aggregate,
    direction,
)
from workshop.sandbox.athena.compiler.pushdown import findings, sources
from workshop.sandbox.athena.compiler.relations import Relations
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Scope
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.types import Type

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler


@dataclass
class SelectCompiler:
    """One SELECT block."""

    queries: "QueryCompiler"
    node: exp.Select
    parent: Scope | None

    def compile(self) -> Compiled:
        """The block as DuckDB SQL."""
        node = self.node
        _refuse_clauses(node, self.queries.position(node))
        relation = Relations(self.queries, self.parent).compile(node)
        scope = Scope(relation.columns, self.parent)
        base = Expressions(self.queries, scope)
        where = self._where(base)
        grouped, group_sql = self._group(base)
        if grouped is not None:
            base = replace(base, groups=frozenset(grouped))
        items = self._items(base, relation.columns)
        having = ""
        if node.args.get("having"):
            condition = base.in_clause(HAVING).boolean(node.args["having"].this, "HAVING clause")
            having = f" HAVING {condition.sql}"
        distinct = "DISTINCT " if node.args.get("distinct") else ""
        if node.args.get("distinct") is not None and node.args["distinct"].args.get("on"):
            raise not_supported("DISTINCT ON", self.queries.position(node))
        if distinct:
            refuse_distinct_zones((value.type for _, value in items), self.queries.position(node))
        order = self._order(base, items, bool(distinct))
        listed = ", ".join(f"{value.sql} AS c{i}" for i, (_, value) in enumerate(items))
        source = f" FROM {relation.sql}" if relation.sql else ""
        limit = self.queries.limit(node)
        sql = f"SELECT {distinct}{listed}{source}{where}{group_sql}{having}{order}{limit}"
        columns = tuple(OutputColumn(name, value.type) for name, value in items)
        origins = () if limit else tuple(self._origins(value, relation.columns, base) for _, value in items)
        return Compiled(sql, columns, origins)

    def _origins(self, value: Value, columns: Sequence[Column], base: Expressions) -> tuple[Column, ...]:
        """The columns of tables that an output shows, if a row's group and windows hold only rows that share it."""
        group = self.node.args.get("group")
        whole = group is not None and any(type(item) in _GROUPINGS for item in group.expressions)
        if whole or (base.groups is not None and value.sql not in base.groups):
            return ()
        if not all(value.sql in keys for keys in base.partitions):
            return ()
        for column in columns:
            if column.sql == value.sql:
                null = column.nullable_side
                return tuple(replace(o, nullable_side=o.nullable_side or null) for o in sources(column))
        return ()

    # WHERE, GROUP BY

    def _where(self, base: Expressions) -> str:
        clause = self.node.args.get("where")
        if clause is None:
            return ""
        condition = base.in_clause(WHERE).boolean(clause.this, "WHERE clause")
        self.queries.findings += findings(base.in_clause(WHERE), clause.this, lambda c: not c.nullable_side)
        return f" WHERE {condition.sql}"

    def _group(self, base: Expressions) -> tuple[list[str] | None, str]:
        """SQL of the grouping keys (None: the block does not aggregate) and of the GROUP BY clause."""
        clause = self.node.args.get("group")
        if clause is None:
            having = self.node.args.get("having")
            order = self.node.args.get("order")
            aggregates = any(map(contains_aggregate, self.node.expressions)) or having is not None
            aggregates = aggregates or (order is not None and contains_aggregate(order))
            return ([], "") if aggregates else (None, "")
        expressions = base.in_clause(GROUP_BY)
        keys: list[str] = []

        def key(node: exp.Expr) -> str:
            ordinal = ordinal_of(node, len(self.node.expressions), "GROUP BY", self.queries.position(node))
            target = _unaliased(self.node.expressions[ordinal - 1]) if ordinal else node
            if ordinal and contains_aggregate(target):
                raise AthenaError(
                    "EXPRESSION_NOT_SCALAR",
                    "GROUP BY clause cannot contain aggregations, window functions or grouping operations: "
                    f"[{target.sql('trino')}]",
                    self.queries.position(node),
                )
            value = expressions.compile(target)
            if operators.holds_zone(value.type):
                raise not_supported("GROUP BY a timestamp with time zone", self.queries.position(node))
            keys.append(value.sql)
            return value.sql

        def several(node: exp.Expr) -> str:
            inner = node.expressions if isinstance(node, exp.Tuple) else [node]
            return "(" + ", ".join(key(n.this if isinstance(n, exp.Paren) else n) for n in inner) + ")"

        parts = []
        for item in clause.expressions:
            word = _GROUPINGS.get(type(item))
            if word is not None:
                parts.append(f"{word} ({', '.join(several(n) for n in item.expressions)})")
            else:
                parts.append(key(item.this if isinstance(item, exp.Paren) else item))
        if any(value for name, value in clause.args.items() if name != "expressions"):
            raise not_supported(f"The clause {clause.sql('trino')}", self.queries.position(clause))
        return keys, f" GROUP BY {', '.join(parts)}"

    # SELECT items, ORDER BY

    def _items(self, base: Expressions, columns: Sequence[Column]) -> list[tuple[str | None, Value]]:
        items: list[tuple[str | None, Value]] = []
        for node in self.node.expressions:
            target = _unaliased(node)
            if isinstance(target, exp.Star) or (isinstance(target, exp.Column) and isinstance(target.this, exp.Star)):
                items += self._star(target, base, columns)
                continue
            value = base.compile(target)
            items.append((_output_name(node), value))
        if not items:
            raise AthenaError("COLUMN_NOT_FOUND", "SELECT * not allowed from relation that has no columns")
        return items

    def _star(self, node: exp.Expr, base: Expressions, columns: Sequence[Column]) -> list[tuple[str | None, Value]]:
        star = node if isinstance(node, exp.Star) else node.this
        if any(star.args.get(k) for k in ("except_", "replace", "rename", "except")):
            raise not_supported("SELECT * EXCEPT", self.queries.position(node))
        table = node.args["table"].name.lower() if isinstance(node, exp.Column) else None
        found = [c for c in columns if not c.hidden and (table is None or c.relation == table)]
        if not found:
            if table is None:
                raise AthenaError(
                    "COLUMN_NOT_FOUND",
                    "SELECT * not allowed in queries without FROM clause",
                    self.queries.position(self.node),
                )
            raise AthenaError("TABLE_NOT_FOUND", f"Unable to resolve reference {table}", self.queries.position(node))
        result: list[tuple[str | None, Value]] = []
        for column in found:
            if base.groups is not None and column.sql not in base.groups:
                raise AthenaError(
                    "EXPRESSION_NOT_AGGREGATE",
                    f"'{column.name}' must be an aggregate expression or appear in GROUP BY clause",
                    self.queries.position(node),
                )
            if column.scan is not None and column.name is not None:
                column.scan.used.add((column.name,))
            result.append((column.name, Value(column.sql, column.type)))
        return result

    def _order(self, base: Expressions, items: Sequence[tuple[str | None, Value]], distinct: bool) -> str:
        clause = self.node.args.get("order")
        if clause is None:
            return ""
        outputs = [Column(name, value.type, value.sql, output=True) for name, value in items if name is not None]
        # Output names hide those of FROM; the same expression under one name twice is not ambiguous.
        outputs = list({(c.name, c.sql): c for c in outputs}.values())
        scope = Scope(outputs, base.scope, extends=True)
        parts = []
        for item in clause.expressions:
            position = self.queries.position(item)
            ordinal = ordinal_of(item.this, len(items), "ORDER BY", position)
            if ordinal:
                parts.append(f"{ordinal}{direction(item)}")
                continue
            value = replace(base, scope=scope).compile(item.this)
            if distinct and value.sql not in {v.sql for _, v in items}:
                raise AthenaError(
                    "EXPRESSION_NOT_IN_DISTINCT",
                    "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    position,
                )
            ordinals = [i for i, (_, v) in enumerate(items, 1) if v.sql == value.sql]
            parts.append((str(ordinals[0]) if ordinals else operators.comparable(value)) + direction(item))
        return f" ORDER BY {', '.join(parts)}"


_GROUPINGS: dict[type[exp.Expr], str] = {exp.Cube: "CUBE", exp.Rollup: "ROLLUP", exp.GroupingSets: "GROUPING SETS"}


def _unaliased(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Alias) else node


def _output_name(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Alias):
        return node.alias.lower()
    if isinstance(node, exp.Column):
        return node.name.lower()
    if isinstance(node, exp.Dot):
        return str(node.expression.name.lower())
    return None


def ordinal_of(node: exp.Expr, count: int, clause: str, position: Position | None) -> int | None:
    """The position that an ORDER BY or GROUP BY item gives instead of an expression."""
    if not isinstance(node, exp.Literal) or node.is_string or not re.fullmatch(r"\d+", node.name):
        return None
    number = int(node.name)
    if not 1 <= number <= count:
        raise AthenaError("INVALID_COLUMN_REFERENCE", f"{clause} position {number} is not in select list", position)
    return number


def refuse_distinct_zones(types: Iterable[Type], position: Position | None) -> None:
    """Equal instants in different zones are one value for Trino, and two for DuckDB."""
    if any(map(operators.holds_zone, types)):
        raise not_supported("Distinct rows with a timestamp with time zone", position)


_SELECT_CLAUSES = frozenset(
    [
        "expressions",
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "offset",
        "distinct",
        "with_",
        "kind",
        "hint",
        "operation_modifiers",
    ]
)


def _refuse_clauses(node: exp.Select, position: Position | None) -> None:
    for name, value in node.args.items():
        if value and name not in _SELECT_CLAUSES:
            raise not_supported(f"The clause {name.upper().strip('_')}", position)
    if node.args.get("kind") or node.args.get("hint"):
        raise not_supported("SELECT AS", position)
