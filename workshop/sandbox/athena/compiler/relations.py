"""FROM: tables, derived tables, UNNEST and joins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.expressions import JOIN, Expressions
from workshop.sandbox.athena.compiler.pushdown import findings
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Relation, Scan, Scope
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.types import BIGINT, VARCHAR, Type, common_type

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler


HIDDEN_COLUMNS: dict[str, Type] = {"$path": VARCHAR}
"""Columns every table has but SELECT * leaves out."""


@dataclass
class Relations:
    """Compiles what one SELECT block selects from; `parent` is the scope around the block."""

    queries: "QueryCompiler"
    parent: Scope | None

    def compile(self, select: exp.Select) -> Relation:
        """FROM and JOIN of a block; no SQL and no columns if it has none."""
        clause = select.args.get("from_")
        return Relation("", ()) if clause is None else self._relation(clause.this, ())

    def _join(self, join: exp.Join, before: Sequence[Column]) -> Relation:
        """A join; `before` are columns to the left of both its sides (of a comma), which only LATERAL sees."""
        side, kind, method = (str(join.args.get(k) or "") for k in ("side", "kind", "method"))
        left = self._relation(join.args["left"], before)
        right = self._relation(join.this, (*before, *left.columns))
        left_null, right_null = side in ("RIGHT", "FULL"), side in ("LEFT", "FULL")
        columns = [replace(c, nullable_side=c.nullable_side or left_null) for c in left.columns]
        added = [replace(c, nullable_side=c.nullable_side or right_null) for c in right.columns]
        if method:
            raise not_supported("Natural join", self.queries.position(join))
        if join.args.get("using"):
            return self._join_using(left, right, side, join)
        if kind in ("CROSS", "IMPLICIT"):
            return Relation(f"{left.sql} CROSS JOIN {_bracketed(right, join)}", (*columns, *added))
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
        return Relation(f"{left.sql} {word} {_bracketed(right, join)} ON {condition.sql}", (*columns, *added))

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
        sql = f"{left.sql} {word} {_bracketed(right, join)} ON {' AND '.join(conditions)}"
        return Relation(sql, (*merged, *(replace(c, nullable_side=c.nullable_side or bool(side)) for c in rest)))

    # items of FROM

    def _relation(self, node: exp.Expr, before: Sequence[Column]) -> Relation:
        """One item of FROM; `before` are the columns to its left, which UNNEST and LATERAL may use."""
        match node:
            case exp.Join():
                return self._join(node, before)
            case exp.Table():
                return self._table(node)
            case exp.Subquery():
                return self._derived(self.queries.compile(node.this, self.parent), node.args.get("alias"), node)
            case exp.Values():
                return self._derived(self.queries.values(node, self.parent), node.args.get("alias"), node)
            case exp.Unnest():
                return self._unnest(node, Scope(before, self.parent))
            case exp.Lateral() if isinstance(node.this, exp.Subquery) and not node.args.get("view"):
                inner = self.queries.compile(node.this.this, Scope(before, self.parent))
                found = self._derived(inner, node.args.get("alias"), node)
                return replace(found, sql=f"LATERAL {found.sql}")
        raise not_supported(f"{node.key.upper()} in FROM", self.queries.position(node))

    def _table(self, node: exp.Table) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            name = node.this.name if isinstance(node.this, exp.Anonymous) else node.this.key
            raise AthenaError(
                "FUNCTION_NOT_FOUND", f"Table function '{name}' not registered", self.queries.position(node)
            )
        for option in ("sample", "version", "when", "pivots", "hints", "partition", "changes", "rows_from"):
            if node.args.get(option):
                raise not_supported(f"{option.upper()} of a table", self.queries.position(node))
        alias = node.alias.lower() if node.args.get("alias") else None
        names = node.args["alias"].columns if node.args.get("alias") else []
        name = node.name.lower()
        if not node.db and name in self.queries.ctes:
            cte, compiled = self.queries.ctes[name]
            self.queries.readers[cte] += 1
            origins = tuple(tuple(replace(o, shared=o.shared | {cte}) for o in found) for found in compiled.origins)
            compiled = replace(compiled, origins=origins)
            return self._bring(cte, renamed(compiled, names, self.queries.position(node)), alias or name)
        if names:
            raise not_supported("Column aliases of a table", self.queries.position(node))
        scan = Scan(self.queries.binder.table(node, self.queries.position(node)), self.queries.name())
        self.queries.scans.append(scan)
        table = scan.table
        keys = {c.name for c in table.partition_keys}
        columns = [
            Column(
                c.name, c.type, f"{scan.alias}.c{i}", alias or table.name, None if alias else table.database,
                scan=scan, partition_key=c.name in keys,
            )
            for i, c in enumerate(table.all_columns)
        ]  # fmt: skip
        for i, (hidden, type_) in enumerate(HIDDEN_COLUMNS.items()):
            columns.append(Column(hidden, type_, f"{scan.alias}.h{i}", alias or table.name, hidden=True, scan=scan))
        return Relation(f"{scan.view} AS {scan.alias}", tuple(columns))

    def _derived(self, compiled: Compiled, alias: exp.Expr | None, node: exp.Expr) -> Relation:
        name = alias.name.lower() if alias is not None else None
        compiled = renamed(
            compiled, alias.columns if isinstance(alias, exp.TableAlias) else [], self.queries.position(node)
        )
        return self._bring(f"({compiled.sql})", compiled, name or None)

    def _bring(self, sql: str, compiled: Compiled, alias: str | None) -> Relation:
        name = self.queries.name()
        origins = compiled.origins or ((),) * len(compiled.columns)
        columns = tuple(
            Column(c.name, c.type, f"{name}.c{i}", alias, origins=o)
            for i, (c, o) in enumerate(zip(compiled.columns, origins, strict=True))
        )
        return Relation(f"{sql} AS {name}", columns)

    def _unnest(self, node: exp.Unnest, scope: Scope) -> Relation:
        expressions = Expressions(self.queries, scope, clause=JOIN)
        name = self.queries.name()
        columns: list[Type] = []
        listed, lengths = [], []
        for item in node.expressions:
            value = expressions.compile(item)
            if value.type.name == "array" and value.type.args[0].name == "row":
                raise not_supported("UNNEST of an array of rows", self.queries.position(item))
            if value.type.name not in ("array", "map"):
                raise AthenaError("TYPE_MISMATCH", f"Cannot unnest type: {value.type}", self.queries.position(item))
            parts = (
                [value.sql] if value.type.name == "array" else [f"{f}({value.sql})" for f in ("map_keys", "map_values")]
            )
            lengths.append(f"coalesce(len({parts[0]}), 0)")
            for part, type_ in zip(parts, value.type.args, strict=True):
                listed.append(f"unnest({part}) AS c{len(columns)}")
                columns.append(type_)
        if node.args.get("offset"):
            listed.append(f"unnest(range(1, greatest({', '.join(lengths)}) + 1)) AS c{len(columns)}")
            columns.append(BIGINT)
        alias = node.args.get("alias")
        names = list(alias.columns) if alias is not None else []
        outputs = tuple(OutputColumn(None, t) for t in columns)
        compiled = renamed(Compiled("", outputs), names, self.queries.position(node))
        qualifier = alias.name.lower() if alias is not None else None
        found = tuple(Column(c.name, c.type, f"{name}.c{i}", qualifier) for i, c in enumerate(compiled.columns))
        return Relation(f"LATERAL (SELECT {', '.join(listed)}) AS {name}", found)


def _bracketed(right: Relation, join: exp.Join) -> str:
    """SQL of a join's right side: itself a join only in brackets."""
    return f"({right.sql})" if isinstance(join.this, exp.Join) else right.sql


def renamed(compiled: Compiled, names: Sequence[exp.Expr], position: Position | None) -> Compiled:
    """`compiled` with its columns renamed, as `AS t(a, b)` asks; as it is without names."""
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
