"""FROM: tables, derived tables, UNNEST and joins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import catalog_relations, operators
from workshop.sandbox.athena.compiler.aggregation import refuse_all_but_scalars
from workshop.sandbox.athena.compiler.expressions import JOIN, Expressions
from workshop.sandbox.athena.compiler.pushdown import findings
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Relation, Scan, Scope
from workshop.sandbox.athena.compiler.unnesting import unnest
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.types import BIGINT, TIMESTAMP_TZ, VARCHAR, Type, common_type

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler


HIDDEN_COLUMNS: dict[str, Type] = {
    "$path": VARCHAR,
    "$file_size": BIGINT,
    "$file_modified_time": TIMESTAMP_TZ,
    "$partition": VARCHAR,
}
"""Columns every table has but SELECT * leaves out."""


@dataclass
class Relations:
    """Compiles what one SELECT block selects from; `parent` is the scope around the block."""

    queries: "QueryCompiler"
    parent: Scope | None

    def compile(self, select: exp.Select) -> Relation:
        """FROM and JOIN of a block; no SQL and no columns if it has none."""
        clause = select.args.get("from_")
        return Relation("", ()) if clause is None else self._relation(clause.this)

    # joins

    def _join(self, join: exp.Join) -> Relation:
        side, kind = (str(join.args.get(k) or "") for k in ("side", "kind"))
        if join.args.get("method"):
            raise AthenaError("NOT_SUPPORTED", "Natural join not supported", self.queries.position(join))
        left = self._relation(join.args["left"])
        lateral = isinstance(join.this, exp.Unnest | exp.Lateral)
        before = left.columns if lateral and side not in ("RIGHT", "FULL") else ()
        try:
            right = self._relation(join.this, before)
        except AthenaError as error:
            if lateral and side in ("RIGHT", "FULL") and error.code == "COLUMN_NOT_FOUND":
                self._relation(join.this, left.columns)  # is it a name of the left side?
                message = f"LATERAL reference not allowed in {side} JOIN"
                raise AthenaError("INVALID_COLUMN_REFERENCE", message, error.position) from None
            raise
        if isinstance(join.this, exp.Unnest):
            self._check_unnest(join, side, kind)
        if join.args.get("using"):
            return self._join_using(left, right, side, join)
        left_null, right_null = side in ("RIGHT", "FULL"), side in ("LEFT", "FULL")
        columns = [replace(c, nullable_side=c.nullable_side or left_null) for c in left.columns]
        added = [replace(c, nullable_side=c.nullable_side or right_null) for c in right.columns]
        if kind in ("CROSS", "IMPLICIT"):
            return Relation(f"{left.sql} CROSS JOIN {_bracketed(right, join)}", (*columns, *added))
        refuse_all_but_scalars(join.args["on"], "JOIN clause", self.queries.text)
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

    def _check_unnest(self, join: exp.Join, side: str, kind: str) -> None:
        on = join.args.get("on")
        if kind in ("CROSS", "IMPLICIT") or (isinstance(on, exp.Boolean) and on.this):
            return
        raise AthenaError(
            "NOT_SUPPORTED",
            f"{side or 'INNER'} JOIN involving UNNEST is only supported with condition ON TRUE",
            self.queries.position(join if on is None else on),
        )

    def _join_using(self, left: Relation, right: Relation, side: str, join: exp.Join) -> Relation:
        """The columns of USING come first, once each and without a table's name."""
        conditions: list[str] = []
        merged: list[Column] = []
        used: set[Column] = set()
        for identifier in join.args["using"]:
            name, position = identifier.name.lower(), self.queries.position(identifier)
            if name in {c.name for c in merged}:
                message = f"Column '{identifier.name}' appears multiple times in USING clause"
                raise AthenaError("DUPLICATE_COLUMN_NAME", message, position)
            a = self._shared(left, "left", identifier)
            b = self._shared(right, "right", identifier)
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

    def _shared(self, relation: Relation, side: str, identifier: exp.Expr) -> Column:
        """The column of USING on one side of the join."""
        name, position = identifier.name.lower(), self.queries.position(identifier)
        if not any(c.name == name for c in relation.columns):
            message = f"Column '{identifier.name}' is missing from {side} side of join"
            raise AthenaError("COLUMN_NOT_FOUND", message, position)
        column = Scope(relation.columns).resolve([name], position).column
        if column.scan is not None and column.name is not None:
            column.scan.used.add((column.own_name,))
        return column

    # items of FROM

    def _relation(  # noqa: PLR0911 - one return for each kind
        self, node: exp.Expr, before: Sequence[Column] = ()
    ) -> Relation:
        """A relation; `before` are the columns to its left, which UNNEST and LATERAL may use."""
        alias = node.args.get("alias")
        match node:
            case exp.Join():
                return self._join(node)
            case exp.Table():
                return self._aliased(self._table(node), alias, node)
            case exp.Subquery() if _is_relation(node.this):
                found = self._relation(node.this)
                return self._aliased(replace(found, sql=f"({found.sql})"), alias, node)
            case exp.Subquery():
                compiled = self.queries.compile(node.this, self.parent)
                return self._aliased(self._bring(f"({compiled.sql})", compiled), alias, node)
            case exp.Unnest():
                return self._aliased(unnest(self.queries, node, Scope(before, self.parent)), alias, node)
            case exp.Lateral():
                inner = self.queries.compile(node.this.this, Scope(before, self.parent))
                return self._aliased(self._bring(f"LATERAL ({inner.sql})", inner), alias, node)
            case exp.TableSample():
                return self._sampled(node)
            case exp.MatchRecognize():
                raise not_supported("MATCH_RECOGNIZE", self.queries.position(node))
        raise not_supported(f"{node.key.upper()} in FROM", self.queries.position(node))

    def _aliased(self, relation: Relation, alias: exp.Expr | None, node: exp.Expr) -> Relation:
        """`relation` under another name and, where they are given, with other names of its columns."""
        if alias is None:
            return relation
        name, names = alias.name.lower(), alias.args.get("columns") or []
        columns = [replace(c, relation=name, database=None) for c in relation.columns]
        if not names:
            return replace(relation, columns=tuple(columns))
        columns = [c for c in columns if not c.hidden]
        if len(names) != len(columns):
            raise AthenaError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(names)} entries but '{alias.name}' has {len(columns)} columns available",
                self.queries.position(node),
            )
        renamed_ = [
            replace(c, name=n.name.lower(), stored=c.own_name if c.scan is not None else None)
            for c, n in zip(columns, names, strict=True)
        ]
        return replace(relation, columns=tuple(renamed_))

    def _sampled(self, node: exp.TableSample) -> Relation:
        if isinstance(node.this, exp.Join):
            raise not_supported("TABLESAMPLE of a join", self.queries.position(node))
        relation = self._relation(node.this)
        percent = self._percentage(node.args["percent"])
        return replace(relation, sql=f"{relation.sql} TABLESAMPLE {node.args['method']} ({percent} PERCENT)")

    def _percentage(self, node: exp.Expr) -> str:
        position = self.queries.position(node)
        if node.find(exp.Column):
            message = "Sample percentage cannot contain column references"
            raise AthenaError("EXPRESSION_NOT_CONSTANT", message, position)
        value = Expressions(self.queries, Scope([], None)).compile(node)
        if value.type.name == "unknown":
            raise AthenaError("INVALID_ARGUMENTS", "Sample percentage cannot be NULL", position)
        if not value.type.is_numeric:
            raise AthenaError("TYPE_MISMATCH", "Sample percentage should be a numeric expression", position)
        negative = isinstance(node, exp.Neg)
        number = node.this if negative else node
        if not isinstance(number, exp.Literal):
            raise not_supported("A sample percentage that is no literal", position)
        if negative and float(number.name) > 0:
            message = "Sample percentage must be greater than or equal to 0"
            raise AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", message, position)
        if float(number.name) > 100:
            message = "Sample percentage must be less than or equal to 100"
            raise AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", message, position)
        return f"{float(number.name):f}"

    def _table(self, node: exp.Table) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            name = node.this.name if isinstance(node.this, exp.Anonymous) else node.this.key
            raise AthenaError(
                "FUNCTION_NOT_FOUND", f"Table function '{name}' not registered", self.queries.position(node)
            )
        if node.args.get("version"):
            raise not_supported("A table as it was before", self.queries.position(node))
        name = node.name.lower()
        if not node.db and name in self.queries.ctes:
            cte, compiled = self.queries.ctes[name]
            self.queries.readers[cte] += 1
            origins = tuple(tuple(replace(o, shared=o.shared | {cte}) for o in found) for found in compiled.origins)
            return self._bring(cte, replace(compiled, origins=origins), name)
        described = catalog_relations.compiled(self.queries, node)
        if described is not None:
            database, compiled = described
            found = self._bring(f"({compiled.sql})", compiled, name)
            return replace(found, columns=tuple(replace(c, database=database) for c in found.columns))
        scan = Scan(self.queries.binder.table(node, self.queries.position(node)), self.queries.name())
        self.queries.scans.append(scan)
        table = scan.table
        keys = {c.name for c in table.partition_keys}
        columns = [
            Column(
                c.name, c.type, f"{scan.alias}.c{i}", table.name, table.database, scan=scan,
                partition_key=c.name in keys,
            )
            for i, c in enumerate(table.all_columns)
        ]  # fmt: skip
        for i, (hidden, type_) in enumerate(HIDDEN_COLUMNS.items()):
            columns.append(Column(hidden, type_, f"{scan.alias}.h{i}", table.name, hidden=True, scan=scan))
        return Relation(f"{scan.view} AS {scan.alias}", tuple(columns))

    def _bring(self, sql: str, compiled: Compiled, alias: str | None = None) -> Relation:
        name = self.queries.name()
        origins = compiled.origins or ((),) * len(compiled.columns)
        columns = tuple(
            Column(c.name, c.type, f"{name}.c{i}", alias, origins=o)
            for i, (c, o) in enumerate(zip(compiled.columns, origins, strict=True))
        )
        return Relation(f"{sql} AS {name}", columns)


def _is_relation(node: exp.Expr) -> bool:
    """Whether brackets in FROM hold a relation, not a query."""
    joined = isinstance(node, exp.Join | exp.Table | exp.Unnest | exp.Lateral | exp.TableSample | exp.MatchRecognize)
    return joined or (isinstance(node, exp.Subquery) and node.args.get("alias") is not None)


def _bracketed(right: Relation, join: exp.Join) -> str:
    """SQL of a join's right side: itself a join only in brackets."""
    return f"({right.sql})" if isinstance(join.this, exp.Join) else right.sql


def check_aliases(names: Sequence[exp.Expr], count: int, place: Callable[[exp.Expr], Position | None]) -> None:
    """The names that `w(a, b)` or `t.* AS (a, b)` give to `count` columns."""
    if len(names) != count:
        raise AthenaError(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(names)} entries but relation has {count} columns",
            place(names[0]),
        )


def renamed(compiled: Compiled, names: Sequence[exp.Expr], place: Callable[[exp.Expr], Position | None]) -> Compiled:
    """The rows of a WITH query with the names of its columns; as they are without any."""
    if not names:
        return compiled
    check_aliases(names, len(compiled.columns), place)
    seen = set()
    for name in names:
        if name.name.lower() in seen:
            raise AthenaError(
                "DUPLICATE_COLUMN_NAME", f"Column name '{name.name}' specified more than once", place(name)
            )
        seen.add(name.name.lower())
    columns = tuple(OutputColumn(n.name.lower(), c.type) for n, c in zip(names, compiled.columns, strict=True))
    return replace(compiled, columns=columns)
