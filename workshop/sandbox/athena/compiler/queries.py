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
from workshop.sandbox.athena.compiler import recursion, set_operations
from workshop.sandbox.athena.compiler.aggregation import refuse_all_but_scalars
from workshop.sandbox.athena.compiler.expressions import Expressions
from workshop.sandbox.athena.compiler.limits import Unlimited, limited
from workshop.sandbox.athena.compiler.pushdown import Finding
from workshop.sandbox.athena.compiler.relations import renamed
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Scan, Scope
from workshop.sandbox.athena.compiler.select_block import SelectCompiler, ordinal_of, sort_key
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.syntax.parser import place_of
from workshop.sandbox.athena.types import Type, common_type, field_names, quote


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
        try:
            compiled = self.compile(node)
        except RecursionError as error:
            raise AthenaError("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)") from error
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
        return place_of(node, self.text)

    def name(self) -> str:
        """A name for a relation that no other has."""
        self._names += 1
        return f"t{self._names}"

    def _body(self, node: exp.Expr, parent: Scope | None) -> Compiled:
        match node:
            case exp.Select():
                return SelectCompiler(self, node, parent).compile()
            case exp.SetOperation():
                compiled = set_operations.compiled(self, node, parent)
                return self._ordered(node, compiled, parent) if _has_order(node) else compiled
            case exp.Subquery() if node.this is not None:
                inner = self.compile(node.this, parent)
                return self._ordered(node, inner, parent) if _has_order(node) else inner
            case exp.Values():
                return self.values(node, parent)
        raise not_supported(f"The query {node.key.upper()}", self.position(node))

    # WITH

    def _with(self, node: exp.Expr, parent: Scope | None) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        parts, seen = [], set()
        for cte in clause.expressions:
            name, position = cte.alias.lower(), self.position(cte)
            if name in seen:
                message = f"WITH query name '{cte.alias}' specified more than once"
                raise AthenaError("DUPLICATE_NAMED_QUERY", message, position)
            seen.add(name)
            alias = f"cte_{self.name()}"
            compiled = recursion.compiled(self, cte, alias, parent) if clause.args.get("recursive") else None
            if compiled is None:
                compiled = renamed(self.compile(cte.this, parent), cte.args["alias"].columns, self.position)
            parts.append(f"{alias} AS ({compiled.sql})")
            self.ctes = {**self.ctes, name: (alias, compiled)}
        return f"WITH {', '.join(parts)} "

    # ORDER BY, VALUES

    def _ordered(self, node: exp.Expr, inner: Compiled, parent: Scope | None) -> Compiled:
        """ORDER BY and LIMIT of a set operation or a query in brackets: they see its output columns alone."""
        alias = self.name()
        columns = [Column(c.name, c.type, f"{alias}.c{i}") for i, c in enumerate(inner.columns)]
        expressions = Expressions(self, Scope(columns, parent))
        listed = ", ".join(f"{alias}.c{i} AS c{i}" for i in range(len(inner.columns)))
        keys = []
        for item in node.args["order"].expressions if node.args.get("order") else []:
            refuse_all_but_scalars(item.this, "ORDER BY clause", self.text)
            position = self.position(item.this)
            ordinal = ordinal_of(item.this, len(columns), "ORDER BY", position)
            if ordinal:
                value = Value(columns[ordinal - 1].sql, columns[ordinal - 1].type)
            else:
                value = expressions.compile(item.this)
            keys.append(sort_key(value, item, ordinal, self.position(node)))
        unlimited = Unlimited(lambda more: f"SELECT {listed}{more} FROM ({inner.sql}) AS {alias}", keys, len(columns))
        sql, cut = limited(node, self.text, unlimited)
        return replace(inner, sql=sql, origins=() if cut else inner.origins)

    def values(self, node: exp.Expr, parent: Scope | None) -> Compiled:
        """VALUES."""
        for item in node.expressions:
            refuse_all_but_scalars(item, "VALUES", self.text)
        expressions = Expressions(self, Scope([], parent))
        rows = [_row(expressions, item) for item in node.expressions]
        types: list[Type] = [v.type for v in rows[0]]
        for r in rows[1:]:
            if len(r) != len(types):
                raise AthenaError(
                    "TYPE_MISMATCH",
                    f"Values rows have mismatched sizes: {len(types)} vs {len(r)}",
                    self.position(node),
                )
            for i, value in enumerate(r):
                common = common_type(types[i], value.type)
                if common is None:
                    raise AthenaError(
                        "TYPE_MISMATCH",
                        f"Values rows have mismatched types: {_row_type(types)} vs {_row_type([v.type for v in r])}",
                        self.position(node),
                    )
                types[i] = common
        listed = ", ".join("(" + ", ".join(coerce(v, t).sql for v, t in zip(r, types, strict=True)) + ")" for r in rows)
        names = ", ".join(f"c{i}" for i in range(len(types)))
        sql = f"SELECT {names} FROM (VALUES {listed}) AS {self.name()}({names})"
        return Compiled(sql, tuple(OutputColumn(None, t) for t in types))


def _row(block: Expressions, node: exp.Expr) -> list[Value]:
    """The columns of a row of VALUES: those of a row constructor, the fields of any other row, else the value."""
    if isinstance(node, exp.Tuple):
        return [block.compile(item) for item in node.expressions]
    value = block.compile(node)
    if value.type.name != "row":
        return [value]
    fields = zip(field_names(value.type), value.type.args, strict=True)
    return [Value(f"({value.sql}).{quote(name)}", type_) for name, type_ in fields]


def _row_type(types: Sequence[Type]) -> str:
    return f"row({', '.join(map(str, types))})" if len(types) > 1 else str(types[0])


def _has_order(node: exp.Expr) -> bool:
    return any(node.args.get(k) is not None for k in ("order", "limit", "offset"))
