"""WITH RECURSIVE as Trino runs it: the base, then at most ten steps, each over the rows of the one before.

Rules and words follow Trino's StatementAnalyzer (recursive queries) and RelationPlanner (planExpand). A query that does
not refer to itself is an ordinary one.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler.relations import renamed
from workshop.sandbox.athena.compiler.scope import Compiled, Scope
from workshop.sandbox.athena.compiler.values import Value, coerce, fail
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import BOOLEAN, can_coerce, literal

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler

MAX_RECURSION_DEPTH = 10
"""Trino's max_recursion_depth, which Athena does not let one change."""
_TOO_DEEP = (
    f"NOT_SUPPORTED: Recursion depth limit exceeded ({MAX_RECURSION_DEPTH}). Use 'max_recursion_depth' session "
    "property to modify the limit."
)


def compiled(queries: "QueryCompiler", cte: exp.CTE, alias: str, parent: Scope | None) -> Compiled | None:
    """The rows of a query of WITH RECURSIVE; None if it does not refer to itself."""
    query, name = cte.this, cte.alias.lower()
    columns = cte.args["alias"].columns
    if not columns:
        raise AthenaError(
            "MISSING_COLUMN_ALIASES", "missing column aliases in recursive WITH query", queries.position(cte)
        )
    for inner in query.find_all(exp.With):
        if inner.args.get("recursive"):
            raise AthenaError("NESTED_RECURSIVE", "nested recursive WITH query", queries.position(inner))
    found = next(_references(query, name), None)
    if found is None:
        return None
    union = _union(query)
    if union is None:
        message = "recursive reference not allowed in this context"
        raise AthenaError("INVALID_RECURSIVE_REFERENCE", message, queries.position(found))
    _check_references(queries, union, name)
    _check_clauses(queries, query)
    base = renamed(queries.compile(union.this, parent), columns, queries.position)
    base = Compiled(base.sql, base.columns)
    step_alias = f"{alias}_0"
    outer = queries.ctes
    queries.ctes = {**outer, name: (step_alias, base)}
    try:
        step = queries.compile(union.expression, parent)
    finally:
        queries.ctes = outer
    _check_types(queries, union, base, step)
    sql = _unrolled(base, _as(step, base), step_alias, distinct=bool(union.args.get("distinct")))
    return Compiled(sql, base.columns)


def _unrolled(base: Compiled, step: str, alias: str, *, distinct: bool) -> str:
    """Each step is a query of its own, over the rows of the one before; the one after the last must have none."""
    names = [f"{alias.removesuffix('_0')}_{i}" for i in range(MAX_RECURSION_DEPTH + 2)]
    parts = [f"{names[0]} AS MATERIALIZED ({base.sql})"]
    for before, name in pairwise(names):
        parts.append(f"{name} AS MATERIALIZED ({step.replace(alias, before)})")
    listed = ", ".join(f"c{i}" for i in range(len(base.columns)))
    rows = [f"SELECT {listed} FROM {name}" for name in names[:-1]]
    too_deep = f"CASE WHEN n > 0 THEN {fail(literal(_TOO_DEEP), BOOLEAN)} END"
    counted = f"SELECT *, row_number() OVER () AS n FROM {names[-1]}"
    rows.append(f"SELECT {listed} FROM ({counted}) AS q WHERE {too_deep}")
    union = " UNION ALL ".join(rows)
    if distinct:
        union = f"SELECT DISTINCT {listed} FROM ({union}) AS q"
    return f"WITH {', '.join(parts)} {union}"


def _as(step: Compiled, base: Compiled) -> str:
    listed = ", ".join(
        f"{coerce(Value(f'q.c{i}', s.type), b.type).sql} AS c{i}"
        for i, (s, b) in enumerate(zip(step.columns, base.columns, strict=True))
    )
    return f"SELECT {listed} FROM ({step.sql}) AS q"


def _union(query: exp.Expr) -> exp.Union | None:
    """The UNION that the query is, in brackets or not."""
    while isinstance(query, exp.Subquery) and not any(query.args.get(k) for k in ("order", "limit", "offset", "with_")):
        query = query.this
    return query if isinstance(query, exp.Union) else None


def _check_references(queries: "QueryCompiler", union: exp.Union, name: str) -> None:
    def refuse(node: exp.Expr, message: str) -> None:
        raise AthenaError("INVALID_RECURSIVE_REFERENCE", message, queries.position(node))

    for node in _references(union.this, name):
        refuse(node, "WITH table name is referenced in the base relation of recursion")
    found = sorted(_references(union.expression, name), key=lambda node: int(node.meta.get("start", 0)))
    if len(found) > 1:
        refuse(found[1], "multiple recursive references in the step relation of recursion")
    step = union.expression
    while isinstance(step, exp.Subquery):
        if step.args.get("limit") is not None:
            message = "FETCH FIRST / LIMIT clause in the step relation of recursion"
            raise AthenaError("INVALID_LIMIT_CLAUSE", message, queries.position(step.args["limit"]))
        step = step.this
    source = step.args.get("from_") if isinstance(step, exp.Select) else None
    if source is None or not any(_references(source, name)):
        refuse(found[0], "recursive reference outside of FROM clause of the step relation of recursion")
    assert source is not None
    for join in source.find_all(exp.Join):
        sides = {"LEFT": [join.this], "RIGHT": [join.args["left"]], "FULL": [join.args["left"], join.this]}
        for side in sides.get(str(join.args.get("side") or ""), []):
            for node in _references(side, name):
                place = "right" if side is join.this else "left"
                refuse(node, f"recursive reference in {place} source of {join.args['side']} join")


def _check_clauses(queries: "QueryCompiler", query: exp.Expr) -> None:
    clauses = (
        ("with_", "WITH clause"), ("order", "ORDER BY clause"), ("offset", "OFFSET clause"),
        ("limit", "FETCH FIRST / LIMIT clause"),
    )  # fmt: skip
    for key, words in clauses:
        if query.args.get(key) is not None:
            message = f"immediate {words} in recursive query is not supported"
            raise AthenaError("NOT_SUPPORTED", message, queries.position(query.args[key]))


def _check_types(queries: "QueryCompiler", union: exp.Union, base: Compiled, step: Compiled) -> None:
    place = queries.position(union.expression)
    if len(base.columns) != len(step.columns):
        raise AthenaError(
            "TYPE_MISMATCH",
            f"base and step relations of recursion have different number of fields: {len(base.columns)}, "
            f"{len(step.columns)}",
            place,
        )
    for i, (left, right) in enumerate(zip(base.columns, step.columns, strict=True)):
        if left.type != right.type and not can_coerce(right.type, left.type):
            raise AthenaError(
                "TYPE_MISMATCH",
                f"recursion step relation output type ({right.type}) is not coercible to recursion base relation "
                f"output type ({left.type}) at column {i + 1}",
                place,
            )


def _references(node: exp.Expr, name: str) -> Iterator[exp.Expr]:
    """Tables of the name in `node`, where no WITH clause inside gives it another meaning."""
    stack = [node]
    while stack:
        item = stack.pop()
        clause = item.args.get("with_")
        if clause is not None and any(c.alias.lower() == name for c in clause.expressions):
            continue
        if isinstance(item, exp.Table) and not item.db and item.name.lower() == name:
            yield item
        stack += list(item.iter_expressions())[::-1]
