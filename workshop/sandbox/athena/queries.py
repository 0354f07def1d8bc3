"""Queries: FROM, joins, grouping, set operations and CTEs, compiled to DuckDB SQL whose names are all our own.

Tables become t1, t2, …, columns c0, c1, …: nothing that a user wrote reaches DuckDB as an identifier.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlglot import exp

from workshop.sandbox.athena import operators
from workshop.sandbox.athena.binder import Binder
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.expressions import (
    GROUP_BY,
    HAVING,
    JOIN,
    WHERE,
    Expressions,
    contains_aggregate,
    direction,
)
from workshop.sandbox.athena.parser import position_of, start_of
from workshop.sandbox.athena.pushdown import Finding, findings, sources
from workshop.sandbox.athena.scope import Column, Compiled, OutputColumn, Relation, Scan, Scope
from workshop.sandbox.athena.types import BIGINT, VARCHAR, Type, common_type
from workshop.sandbox.athena.values import Value, coerce


@dataclass
class QueryCompiler:
    """Compiles one statement's query; `scans` lists the tables it reads."""

    binder: Binder
    text: str
    started: datetime
    scans: list[Scan] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _names: int = 0
    _readers: Counter[str] = field(default_factory=Counter)
    _ctes: Mapping[str, tuple[str, Compiled]] = field(default_factory=dict)

    def statement(self, node: exp.Expr) -> Compiled:
        """A statement's whole query; its scans then know what its conditions say of them."""
        compiled = self.compile(node)
        for finding in self.findings:
            if all(self._readers[cte] == 1 for cte in finding.shared):
                finding.apply()
        return compiled

    def compile(self, node: exp.Expr, parent: Scope | None = None) -> Compiled:
        """Any query: SELECT, a set operation, VALUES, in brackets or not."""
        outer = self._ctes
        try:
            prefix = self._with(node, parent)
            compiled = self._body(node, parent)
        finally:
            self._ctes = outer
        return replace(compiled, sql=prefix + compiled.sql) if prefix else compiled

    def position(self, node: exp.Expr) -> Position | None:
        """Where `node` begins in the text."""
        start = start_of(node)
        return None if start is None else position_of(self.text, start)

    def _name(self) -> str:
        self._names += 1
        return f"t{self._names}"

    def _body(self, node: exp.Expr, parent: Scope | None) -> Compiled:
        match node:
            case exp.Select():
                _refuse_clauses(node, self.position(node))
                return SelectCompiler(self, node, parent).compile()
            case exp.SetOperation():
                return self._set_operation(node, parent)
            case exp.Subquery() if node.this is not None and not node.args.get("joins"):
                inner = self.compile(node.this, parent)
                return self._ordered(node, inner) if _has_order(node) else inner
            case exp.Values():
                return self._values(node, parent)
        raise not_supported(f"The query {node.key.upper()}", self.position(node))

    # WITH

    def _with(self, node: exp.Expr, parent: Scope | None) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        if clause.args.get("recursive"):
            raise not_supported("WITH RECURSIVE", self.position(node))
        parts = []
        ctes = dict(self._ctes)
        for cte in clause.expressions:
            name = cte.alias.lower()
            if name in {c.alias.lower() for c in clause.expressions[: clause.expressions.index(cte)]}:
                raise AthenaError("DUPLICATE_NAMED_QUERY", f"WITH query name '{name}' specified more than once")
            compiled = self.compile(cte.this, parent)
            compiled = _renamed(compiled, cte.args["alias"].columns, self.position(cte))
            alias = f"cte_{self._name()}"
            parts.append(f"{alias} AS ({compiled.sql})")
            ctes[name] = (alias, compiled)
            self._ctes = ctes
        return f"WITH {', '.join(parts)} "

    # set operations, VALUES

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None) -> Compiled:
        left, right = self.compile(node.this, parent), self.compile(node.expression, parent)
        word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}[type(node)]
        if node.args.get("by_name") or node.args.get("match_condition"):
            raise not_supported(f"{word} BY NAME", self.position(node))
        if len(left.columns) != len(right.columns):
            raise AthenaError(
                "TYPE_MISMATCH",
                f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}",
                self.position(node),
            )
        columns = []
        for i, (a, b) in enumerate(zip(left.columns, right.columns, strict=True)):
            common = common_type(a.type, b.type)
            if common is None:
                raise AthenaError(
                    "TYPE_MISMATCH",
                    f"column {i + 1} in {word} query has incompatible types: {a.type}, {b.type}",
                    self.position(node),
                )
            columns.append(OutputColumn(a.name, common))
        distinct = node.args.get("distinct")
        word += "" if distinct or distinct is None else " ALL"
        types = [c.type for c in columns]
        if " ALL" not in word:
            _refuse_distinct_zones(types, self.position(node))
        sql = f"({_coerced(left, types)}) {word} ({_coerced(right, types)})"
        compiled = Compiled(sql, tuple(columns), _origins_of_both(left, right, types))
        return self._ordered(node, compiled) if _has_order(node) else compiled

    def _ordered(self, node: exp.Expr, inner: Compiled) -> Compiled:
        """ORDER BY and LIMIT of a set operation or a query in brackets: they see its output columns alone."""
        alias = self._name()
        scope = Scope([Column(c.name, c.type, f"{alias}.c{i}") for i, c in enumerate(inner.columns)])
        expressions = Expressions(self, scope)
        listed = ", ".join(f"{alias}.c{i} AS c{i}" for i in range(len(inner.columns)))
        parts = []
        for item in node.args["order"].expressions if node.args.get("order") else []:
            ordinal = _ordinal(item.this, len(inner.columns), "ORDER BY", self.position(item))
            key = f"{alias}.c{ordinal - 1}" if ordinal else operators.comparable(expressions.compile(item.this))
            parts.append(key + direction(item))
        order = f" ORDER BY {', '.join(parts)}" if parts else ""
        limit = self.limit(node)
        sql = f"SELECT {listed} FROM ({inner.sql}) AS {alias}{order}{limit}"
        return replace(inner, sql=sql, origins=() if limit else inner.origins)

    def _values(self, node: exp.Expr, parent: Scope | None) -> Compiled:
        expressions = Expressions(self, Scope([], parent))
        rows = [
            [expressions.compile(e) for e in (r.expressions if isinstance(r, exp.Tuple) else [r])]
            for r in node.expressions
        ]
        if len({len(r) for r in rows}) != 1:
            raise AthenaError("TYPE_MISMATCH", "Values rows have mismatched sizes", self.position(node))
        types: list[Type] = [v.type for v in rows[0]]
        for r in rows[1:]:
            for i, value in enumerate(r):
                common = common_type(types[i], value.type)
                if common is None:
                    shown = f"{types[i]}, {value.type}"
                    raise AthenaError(
                        "TYPE_MISMATCH", f"Values rows have mismatched types: {shown}", self.position(node)
                    )
                types[i] = common
        listed = ", ".join("(" + ", ".join(coerce(v, t).sql for v, t in zip(r, types, strict=True)) + ")" for r in rows)
        names = ", ".join(f"c{i}" for i in range(len(types)))
        sql = f"SELECT {names} FROM (VALUES {listed}) AS {self._name()}({names})"
        return Compiled(sql, tuple(OutputColumn(None, t) for t in types))

    def limit(self, node: exp.Expr) -> str:
        """SQL of OFFSET and LIMIT (or FETCH FIRST)."""
        sql = ""
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            if options is not None and options.args.get("with_ties"):
                raise not_supported("FETCH FIRST … WITH TIES", self.position(node))
            sql += f" LIMIT {self._count(limit.args.get('count'), 'FETCH FIRST', node, 1)}"
        elif limit is not None and not (isinstance(limit.expression, exp.Var) and limit.expression.name == "ALL"):
            sql += f" LIMIT {self._count(limit.expression, 'LIMIT', node)}"
        if offset is not None:
            sql += f" OFFSET {self._count(offset.expression, 'OFFSET', node)}"
        return sql

    def _count(self, number: exp.Expr | None, clause: str, node: exp.Expr, default: int | None = None) -> int:
        if number is None and default is not None:
            return default
        if not isinstance(number, exp.Literal) or number.is_string or not number.name.isdigit():
            raise AthenaError("TYPE_MISMATCH", f"{clause} must be a constant integer", self.position(node))
        return int(number.name)

    # FROM

    def relation(self, node: exp.Expr, parent: Scope | None, before: Sequence[Column] = ()) -> Relation:
        """One item of FROM; `before` are the columns to its left, which UNNEST and LATERAL may use."""
        match node:
            case exp.Table():
                return self._table(node)
            case exp.Subquery():
                return self._derived(self.compile(node.this, parent), node.args.get("alias"), node)
            case exp.Values():
                return self._derived(self._values(node, parent), node.args.get("alias"), node)
            case exp.Unnest():
                return self._unnest(node, Scope(before, parent))
            case exp.Lateral() if isinstance(node.this, exp.Subquery) and not node.args.get("view"):
                inner = self.compile(node.this.this, Scope(before, parent))
                found = self._derived(inner, node.args.get("alias"), node)
                return replace(found, sql=f"LATERAL {found.sql}")
        raise not_supported(f"{node.key.upper()} in FROM", self.position(node))

    def _table(self, node: exp.Table) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            name = node.this.name if isinstance(node.this, exp.Anonymous) else node.this.key
            raise AthenaError("FUNCTION_NOT_FOUND", f"Table function '{name}' not registered", self.position(node))
        for option in ("sample", "version", "when", "pivots", "hints", "partition", "changes", "rows_from"):
            if node.args.get(option):
                raise not_supported(f"{option.upper()} of a table", self.position(node))
        alias = node.alias.lower() if node.args.get("alias") else None
        names = node.args["alias"].columns if node.args.get("alias") else []
        name = node.name.lower()
        if not node.db and name in self._ctes:
            cte, compiled = self._ctes[name]
            self._readers[cte] += 1
            origins = tuple(tuple(replace(o, shared=o.shared | {cte}) for o in found) for found in compiled.origins)
            compiled = replace(compiled, origins=origins)
            return self._bring(cte, _renamed(compiled, names, self.position(node)), alias or name)
        scan = Scan(self.binder.table(node, self.position(node)), self._name())
        self.scans.append(scan)
        table = scan.table
        keys = {c.name for c in table.partition_keys}
        columns = [
            Column(
                c.name, c.type, f"{scan.alias}.c{i}", alias or table.name, None if alias else table.database,
                scan=scan, partition_key=c.name in keys,
            )
            for i, c in enumerate(table.all_columns)
        ]  # fmt: skip
        columns = _with_names(columns, names, self.position(node))
        for i, (hidden, type_) in enumerate(HIDDEN_COLUMNS.items()):
            columns.append(Column(hidden, type_, f"{scan.alias}.h{i}", alias or table.name, hidden=True, scan=scan))
        return Relation(f"{scan.view} AS {scan.alias}", tuple(columns))

    def _derived(self, compiled: Compiled, alias: exp.Expr | None, node: exp.Expr) -> Relation:
        name = alias.name.lower() if alias is not None else None
        compiled = _renamed(compiled, alias.columns if isinstance(alias, exp.TableAlias) else [], self.position(node))
        return self._bring(f"({compiled.sql})", compiled, name or None)

    def _bring(self, sql: str, compiled: Compiled, alias: str | None) -> Relation:
        name = self._name()
        origins = compiled.origins or ((),) * len(compiled.columns)
        columns = tuple(
            Column(c.name, c.type, f"{name}.c{i}", alias, origins=o)
            for i, (c, o) in enumerate(zip(compiled.columns, origins, strict=True))
        )
        return Relation(f"{sql} AS {name}", columns)

    def _unnest(self, node: exp.Unnest, scope: Scope) -> Relation:
        expressions = Expressions(self, scope, clause=JOIN)
        name = self._name()
        columns: list[Type] = []
        listed, lengths = [], []
        for item in node.expressions:
            value = expressions.compile(item)
            if value.type.name == "array" and value.type.args[0].name == "row":
                raise not_supported("UNNEST of an array of rows", self.position(item))
            if value.type.name not in ("array", "map"):
                raise AthenaError("TYPE_MISMATCH", f"Cannot unnest type: {value.type}", self.position(item))
            parts = (
                [value.sql] if value.type.name == "array" else [f"{f}({value.sql})" for f in ("map_keys", "map_values")]
            )
            lengths.append(f"coalesce(len({parts[0]}), 0)")
            for part, type_ in zip(parts, value.type.args, strict=True):
                listed.append(f"unnest({part}) AS c{len(columns)}")
                columns.append(type_)
        if node.args.get("offset"):
            # sqlglot takes the ordinality's name from the alias's columns.
            listed.append(f"unnest(range(1, greatest({', '.join(lengths)}) + 1)) AS c{len(columns)}")
            columns.append(BIGINT)
        alias = node.args.get("alias")
        names = list(alias.columns) if alias is not None else []
        if isinstance(node.args.get("offset"), exp.Identifier):
            names.append(node.args["offset"])
        outputs = tuple(OutputColumn(None, t) for t in columns)
        compiled = _renamed(Compiled("", outputs), names, self.position(node))
        qualifier = alias.name.lower() if alias is not None else None
        found = tuple(Column(c.name, c.type, f"{name}.c{i}", qualifier) for i, c in enumerate(compiled.columns))
        return Relation(f"LATERAL (SELECT {', '.join(listed)}) AS {name}", found)


HIDDEN_COLUMNS: dict[str, Type] = {"$path": VARCHAR}
"""Columns every table has but SELECT * leaves out."""


@dataclass
class SelectCompiler:
    """One SELECT block."""

    queries: QueryCompiler
    node: exp.Select
    parent: Scope | None
    _using: dict[str, list[Column]] = field(default_factory=dict)

    def compile(self) -> Compiled:
        """The block as DuckDB SQL."""
        node = self.node
        relation = self._from()
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
            _refuse_distinct_zones((value.type for _, value in items), self.queries.position(node))
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

    # FROM and joins

    def _from(self) -> Relation:
        clause = self.node.args.get("from_")
        if clause is None:
            return Relation("", ())
        left = self._with_joins(clause.this, Relation("", ()))
        for join in self.node.args.get("joins") or []:
            left = self._join(left, join)
        return left

    def _with_joins(self, node: exp.Expr, before: Relation) -> Relation:
        left = self.queries.relation(node, self.parent, before.columns)
        for join in node.args.get("joins") or []:
            left = self._join(left, join)
        return left

    def _join(self, left: Relation, join: exp.Join) -> Relation:
        side, kind, method = (str(join.args.get(k) or "").upper() for k in ("side", "kind", "method"))
        if method or kind not in ("", "INNER", "OUTER", "CROSS") or side not in ("", "LEFT", "RIGHT", "FULL"):
            raise not_supported(f"{method} {side} {kind} JOIN".strip(), self.queries.position(join))
        right = self.queries.relation(join.this, self.parent, left.columns)
        if join.this.args.get("joins"):
            raise not_supported("Joins in brackets", self.queries.position(join))
        left_null, right_null = side in ("RIGHT", "FULL"), side in ("LEFT", "FULL")
        columns = [replace(c, nullable_side=c.nullable_side or left_null) for c in left.columns]
        added = [replace(c, nullable_side=c.nullable_side or right_null) for c in right.columns]
        if join.args.get("using"):
            return self._join_using(left, right, side, join)
        if join.args.get("on") is None:
            if side or kind == "INNER":
                raise not_supported(f"{side} JOIN without ON", self.queries.position(join))
            return Relation(f"{left.sql} CROSS JOIN {right.sql}", (*columns, *added))
        scope = Scope([*left.columns, *right.columns], self.parent)
        expressions = Expressions(self.queries, scope, clause=JOIN)
        condition = expressions.boolean(join.args["on"], "JOIN ON clause")
        # A row of the preserved side survives whatever ON says, so ON prunes only the other one.
        preserved = {"LEFT": left, "RIGHT": right}.get(side)
        keep = {id(c) for c in preserved.columns} if preserved else set()
        if side != "FULL":
            self.queries.findings += findings(
                expressions, join.args["on"], lambda c: not c.nullable_side and id(c) not in keep
            )
        word = f"{side} JOIN" if side else "JOIN"
        return Relation(f"{left.sql} {word} {right.sql} ON {condition.sql}", (*columns, *added))

    def _join_using(self, left: Relation, right: Relation, side: str, join: exp.Join) -> Relation:
        conditions, merged, used = [], [], set()
        for identifier in join.args["using"]:
            name = identifier.name.lower()
            position = self.queries.position(identifier)
            a, _, _ = Scope(left.columns).resolve([name], position)
            b, _, _ = Scope(right.columns).resolve([name], position)
            for column in (a, b):
                if column.scan is not None and column.name is not None:
                    column.scan.used.add((column.name,))
            equal = operators.compare("=", Value(a.sql, a.type), Value(b.sql, b.type), position)
            conditions.append(equal.sql)
            common = common_type(a.type, b.type) or a.type
            x, y = coerce(Value(a.sql, a.type), common).sql, coerce(Value(b.sql, b.type), common).sql
            sql = {"": x, "LEFT": x, "RIGHT": y}.get(side, f"coalesce({x}, {y})")
            merged.append(Column(name, common, sql))
            used |= {a, b}
        rest = [c for c in (*left.columns, *right.columns) if c not in used]
        word = f"{side} JOIN" if side else "JOIN"
        sql = f"{left.sql} {word} {right.sql} ON {' AND '.join(conditions)}"
        return Relation(sql, (*merged, *(replace(c, nullable_side=c.nullable_side or bool(side)) for c in rest)))

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
            ordinal = _ordinal(node, len(self.node.expressions), "GROUP BY", self.queries.position(node))
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
            ordinal = _ordinal(item.this, len(items), "ORDER BY", position)
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


def _ordinal(node: exp.Expr, count: int, clause: str, position: Position | None) -> int | None:
    if not isinstance(node, exp.Literal) or node.is_string or not re.fullmatch(r"\d+", node.name):
        return None
    number = int(node.name)
    if not 1 <= number <= count:
        raise AthenaError("INVALID_COLUMN_REFERENCE", f"{clause} position {number} is not in select list", position)
    return number


def _has_order(node: exp.Expr) -> bool:
    return any(node.args.get(k) is not None for k in ("order", "limit", "offset"))


def _refuse_distinct_zones(types: Iterable[Type], position: Position | None) -> None:
    """Equal instants in different zones are one value for Trino, and two for DuckDB."""
    if any(map(operators.holds_zone, types)):
        raise not_supported("Distinct rows with a timestamp with time zone", position)


def _origins_of_both(left: Compiled, right: Compiled, types: Sequence[Type]) -> tuple[tuple[Column, ...], ...]:
    """Origins of a set operation's columns: those of each side that it does not convert."""

    def of(side: Compiled, i: int) -> tuple[Column, ...]:
        return side.origins[i] if side.origins and side.columns[i].type == types[i] else ()

    return tuple((*of(left, i), *of(right, i)) for i in range(len(types)))


def _coerced(compiled: Compiled, types: Sequence[Type]) -> str:
    if all(c.type == t for c, t in zip(compiled.columns, types, strict=True)):
        return compiled.sql
    listed = ", ".join(
        f"{coerce(Value(f'q.c{i}', c.type), t).sql} AS c{i}"
        for i, (c, t) in enumerate(zip(compiled.columns, types, strict=True))
    )
    return f"SELECT {listed} FROM ({compiled.sql}) AS q"


def _renamed(compiled: Compiled, names: Sequence[exp.Expr], position: Position | None) -> Compiled:
    if not names:
        return compiled
    if len(names) != len(compiled.columns):
        raise AthenaError(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(names)} entries but relation has {len(compiled.columns)} columns",
            position,
        )
    columns = tuple(OutputColumn(n.name.lower(), c.type) for n, c in zip(names, compiled.columns, strict=True))
    return replace(compiled, columns=columns)


def _with_names(columns: list[Column], names: Sequence[exp.Expr], position: Position | None) -> list[Column]:
    if not names:
        return columns
    raise not_supported("Column aliases of a table", position)


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
