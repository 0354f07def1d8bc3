"""Queries: SELECT, set operations, VALUES and CTEs, compiled to DuckDB SQL whose names are all our own.

Tables become t1, t2, …, columns c0, c1, …: nothing that a user wrote reaches DuckDB as an identifier.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlglot import exp

from workshop.sandbox.athena.catalog.binder import Binder
from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.expressions import Expressions, direction
from workshop.sandbox.athena.compiler.pushdown import Finding
from workshop.sandbox.athena.compiler.relations import renamed
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Scan, Scope
from workshop.sandbox.athena.compiler.select_block import SelectCompiler, ordinal_of, refuse_distinct_zones
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.syntax.parser import position_of, start_of
from workshop.sandbox.athena.types import Type, common_type


@dataclass
class QueryCompiler:
    """Compiles one statement's query; `scans` lists the tables it reads.

    `ctes` are the WITH queries in sight, each with its name in DuckDB; `readers` counts the references to each.
    """

    binder: Binder
    text: str
    started: datetime
    scans: list[Scan] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _names: int = 0
    readers: Counter[str] = field(default_factory=Counter)
    ctes: Mapping[str, tuple[str, Compiled]] = field(default_factory=dict)

    def statement(self, node: exp.Expr) -> Compiled:
        """A statement's whole query; its scans then know what its conditions say of them."""
        compiled = self.compile(node)
        for finding in self.findings:
            if all(self.readers[cte] == 1 for cte in finding.shared):
                finding.apply()
        return compiled

    def compile(self, node: exp.Expr, parent: Scope | None = None) -> Compiled:
        """Any query: SELECT, a set operation, VALUES, in brackets or not."""
        outer = self.ctes
        try:
            prefix = self._with(node, parent)
            compiled = self._body(node, parent)
        finally:
            self.ctes = outer
        return replace(compiled, sql=prefix + compiled.sql) if prefix else compiled

    def position(self, node: exp.Expr) -> Position | None:
        """Where `node` begins in the text."""
        start = start_of(node)
        return None if start is None else position_of(self.text, start)

    def name(self) -> str:
        """A name for a relation that no other has."""
        self._names += 1
        return f"t{self._names}"

    def _body(self, node: exp.Expr, parent: Scope | None) -> Compiled:
        match node:
            case exp.Select():
                return SelectCompiler(self, node, parent).compile()
            case exp.SetOperation():
                return self._set_operation(node, parent)
            case exp.Subquery() if node.this is not None and not node.args.get("joins"):
                inner = self.compile(node.this, parent)
                return self._ordered(node, inner) if _has_order(node) else inner
            case exp.Values():
                return self.values(node, parent)
        raise not_supported(f"The query {node.key.upper()}", self.position(node))

    # WITH

    def _with(self, node: exp.Expr, parent: Scope | None) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        if clause.args.get("recursive"):
            raise not_supported("WITH RECURSIVE", self.position(node))
        parts = []
        ctes = dict(self.ctes)
        for cte in clause.expressions:
            name = cte.alias.lower()
            if name in {c.alias.lower() for c in clause.expressions[: clause.expressions.index(cte)]}:
                raise AthenaError("DUPLICATE_NAMED_QUERY", f"WITH query name '{name}' specified more than once")
            compiled = self.compile(cte.this, parent)
            compiled = renamed(compiled, cte.args["alias"].columns, self.position(cte))
            alias = f"cte_{self.name()}"
            parts.append(f"{alias} AS ({compiled.sql})")
            ctes[name] = (alias, compiled)
            self.ctes = ctes
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
            refuse_distinct_zones(types, self.position(node))
        sql = f"({_coerced(left, types)}) {word} ({_coerced(right, types)})"
        compiled = Compiled(sql, tuple(columns), _origins_of_both(left, right, types))
        return self._ordered(node, compiled) if _has_order(node) else compiled

    def _ordered(self, node: exp.Expr, inner: Compiled) -> Compiled:
        """ORDER BY and LIMIT of a set operation or a query in brackets: they see its output columns alone."""
        alias = self.name()
        scope = Scope([Column(c.name, c.type, f"{alias}.c{i}") for i, c in enumerate(inner.columns)])
        expressions = Expressions(self, scope)
        listed = ", ".join(f"{alias}.c{i} AS c{i}" for i in range(len(inner.columns)))
        parts = []
        for item in node.args["order"].expressions if node.args.get("order") else []:
            ordinal = ordinal_of(item.this, len(inner.columns), "ORDER BY", self.position(item))
            key = f"{alias}.c{ordinal - 1}" if ordinal else operators.comparable(expressions.compile(item.this))
            parts.append(key + direction(item))
        order = f" ORDER BY {', '.join(parts)}" if parts else ""
        limit = self.limit(node)
        sql = f"SELECT {listed} FROM ({inner.sql}) AS {alias}{order}{limit}"
        return replace(inner, sql=sql, origins=() if limit else inner.origins)

    def values(self, node: exp.Expr, parent: Scope | None) -> Compiled:
        """VALUES."""
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
        sql = f"SELECT {names} FROM (VALUES {listed}) AS {self.name()}({names})"
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


def _has_order(node: exp.Expr) -> bool:
    return any(node.args.get(k) is not None for k in ("order", "limit", "offset"))


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
