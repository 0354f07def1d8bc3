"""One SELECT block: WHERE, grouping, the items, their order."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import comparisons, operators
from workshop.sandbox.athena.compiler.aggregation import (
    NotGroupedError,
    aggregates_in,
    canonical,
    groupings_in,
    refuse_all_but_scalars,
    windows_in,
    without_dots,
)
from workshop.sandbox.athena.compiler.anchors import Anchor
from workshop.sandbox.athena.compiler.expressions import HAVING, WHERE, Expressions
from workshop.sandbox.athena.compiler.grouping import Grouping, is_whole, output_name, unaliased
from workshop.sandbox.athena.compiler.limits import SortKey, Unlimited, direction, limited
from workshop.sandbox.athena.compiler.pushdown import findings, sources
from workshop.sandbox.athena.compiler.relations import Relations
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Scope
from workshop.sandbox.athena.compiler.stars import is_star, star
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.compiler.windows import named_windows, over
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.syntax.formatting import shown

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler

Item = tuple[str | None, Value]
"""An output: its name, if it has one, and its value."""


@dataclass
class SelectCompiler:
    """One SELECT block."""

    queries: "QueryCompiler"
    node: exp.Select
    parent: Scope | None

    def compile(self) -> Compiled:
        """The block as DuckDB SQL."""
        node = self.node
        relation = Relations(self.queries, self.parent).compile(node)
        scope = Scope(relation.columns, self.parent)
        anchor = Anchor(self.queries.name() if self.parent is not None else "")
        base = Expressions(self.queries, scope, place=self.queries.position(node), anchor=anchor)
        base.named_windows = named_windows(base, node.args.get("windows") or [])
        where = self._where(base)
        grouping = self._grouping(base, relation.columns)
        if grouping is not None:
            base = replace(base, groups=grouping.keys, scope=replace(scope, groups=grouping.keys))
        for window in base.named_windows.values():
            over(base, window, "'{}' must be an aggregate expression or appear in GROUP BY clause")
        items = self._items(base, relation.columns)
        having = self._having(base)
        distinct = bool(node.args.get("distinct"))
        order = self._order(base, items, distinct)
        keep = self._distinct(items) if distinct else ""
        listed = ", ".join(f"{value.sql} AS c{i}" for i, (_, value) in enumerate(items))
        rows = anchor.beside(relation.sql)
        source = f" FROM {rows}" if rows else ""
        group_by = grouping.sql if grouping is not None else ""
        tail = f"{source}{where}{group_by}{having}"
        unlimited = Unlimited(lambda more: f"SELECT {keep}{listed}{more}{tail}", order, len(items))
        sql, limit = limited(node, self.queries.text, unlimited)
        columns = tuple(OutputColumn(name, value.type) for name, value in items)
        origins = () if limit else tuple(self._origins(value, relation.columns, base) for _, value in items)
        return Compiled(sql, columns, origins)

    def _origins(self, value: Value, columns: Sequence[Column], base: Expressions) -> tuple[Column, ...]:
        """The columns of tables that an output shows, if a row's group and windows hold only rows that share it."""
        group = self.node.args.get("group")
        if group is not None and is_whole(group):
            return ()
        if base.groups is not None and value.sql not in base.groups:
            return ()
        if not all(canonical(value.sql) in keys for keys in base.partitions):
            return ()
        for column in columns:
            if column.sql == value.sql:
                null = column.nullable_side
                return tuple(replace(o, nullable_side=o.nullable_side or null) for o in sources(column))
        return ()

    # WHERE, GROUP BY, HAVING

    def _where(self, base: Expressions) -> str:
        clause = self.node.args.get("where")
        if clause is None:
            return ""
        refuse_all_but_scalars(clause.this, "WHERE clause", self.queries.text)
        condition = base.in_clause(WHERE).boolean(clause.this, "WHERE clause")
        self.queries.findings += findings(base.in_clause(WHERE), clause.this, lambda c: not c.nullable_side)
        return f" WHERE {condition.sql}"

    def _grouping(self, base: Expressions, columns: Sequence[Column]) -> Grouping | None:
        """The grouping of the block; None if it does not aggregate."""
        node = self.node
        clause, order = node.args.get("group"), node.args.get("order")
        selected = [*node.expressions, *(order.expressions if order is not None else [])]
        if clause is None:
            windows = node.args.get("windows") or []
            if groupings_in([*selected, *windows]):
                raise AthenaError(
                    "MISSING_GROUP_BY",
                    "A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY "
                    "clause",
                    self.queries.position(node),
                )
            aggregates = node.args.get("having") is not None or aggregates_in([*selected, *windows])
            return Grouping({}, "") if aggregates else None
        outputs: list[exp.Expr | Value] = []
        for item in node.expressions:
            if is_star(item):
                outputs += [value for _, value in star(base, item, columns, node)]
            else:
                outputs.append(item)
        return Grouping.of(base, clause, outputs)

    def _having(self, base: Expressions) -> str:
        clause = self.node.args.get("having")
        if clause is None:
            return ""
        windows = windows_in([clause.this])
        if windows:
            raise AthenaError(
                "NESTED_WINDOW", "HAVING clause cannot contain window functions or row pattern measures",
                self.queries.position(windows[0]),
            )  # fmt: skip
        block = base.in_clause(HAVING)
        condition = self._grouped(lambda: block.boolean(clause.this, "HAVING clause"), clause.this)
        return f" HAVING {without_dots(condition.sql)}"

    def _grouped(self, compiled: Callable[[], Value], node: exp.Expr) -> Value:
        """The value of `node`; EXPRESSION_NOT_AGGREGATE for all of it if its group does not determine it."""
        try:
            return compiled()
        except NotGroupedError as error:
            raise error.refuse(node, self.queries.text) from None

    # SELECT items, ORDER BY

    def _items(self, base: Expressions, columns: Sequence[Column]) -> list[Item]:
        items: list[Item] = []
        for node in self.node.expressions:
            target = unaliased(node)
            if is_star(target):
                items += star(base, target, columns, self.node)
                continue
            items.append((output_name(node), self._grouped(partial(base.compile, target), target)))
        return items

    def _distinct(self, items: Sequence[Item]) -> str:
        """DISTINCT, by what makes values the same: an instant is itself in every zone."""
        if not any(operators.holds_zone(value.type) for _, value in items):
            return "DISTINCT "
        return f"DISTINCT ON ({', '.join(operators.comparable(value) for _, value in items)}) "

    def _order(self, base: Expressions, items: Sequence[Item], distinct: bool) -> list[SortKey]:
        """The keys of ORDER BY."""
        clause = self.node.args.get("order")
        if clause is None:
            return []
        outputs = [Column(name, value.type, value.sql, output=True) for name, value in items if name is not None]
        block = replace(base, scope=Scope(outputs, base.scope, extends=True, outputs=True))
        selected = {canonical(v.sql): i for i, (_, v) in reversed(list(enumerate(items, 1)))}
        parts = []
        for item in clause.expressions:
            position = self.queries.position(item.this)
            ordinal = ordinal_of(item.this, len(items), "ORDER BY", position)
            if ordinal:
                parts.append(sort_key(items[ordinal - 1][1], item, ordinal, base.place))
                continue
            value = self._grouped(partial(block.compile, item.this), item.this)
            place = selected.get(canonical(value.sql))
            if distinct and place is None:
                raise AthenaError(
                    "EXPRESSION_NOT_IN_DISTINCT",
                    "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    position,
                )
            parts.append(sort_key(value, item, place, base.place))
        return parts


def sort_key(value: Value, item: exp.Expr, place: int | None, position: Position | None) -> SortKey:
    """The key of an item of ORDER BY; `place` is its ordinal among the outputs, if it is one."""
    if not comparisons.is_orderable(value.type):
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY: {shown(item.this)}",
            position,
        )
    compared = operators.comparable(value)
    return SortKey(compared, direction(item), place if compared == value.sql else None)


def ordinal_of(node: exp.Expr, count: int, clause: str, position: Position | None) -> int | None:
    """The position that an ORDER BY or GROUP BY item gives instead of an expression."""
    if not isinstance(node, exp.Literal) or node.is_string or not re.fullmatch(r"\d+", node.name):
        return None
    number = int(node.name)
    if not 1 <= number <= count:
        raise AthenaError("INVALID_COLUMN_REFERENCE", f"{clause} position {number} is not in select list", position)
    return number
