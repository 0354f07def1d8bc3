"""UNION, INTERSECT and EXCEPT, with ALL or without; equality is Trino's: an instant is itself in every zone."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.scope import Column, Compiled, OutputColumn, Scope
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import Type, common_type

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler

_WORDS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def compiled(queries: "QueryCompiler", node: exp.SetOperation, parent: Scope | None) -> Compiled:
    """A set operation without its ORDER BY. A chain of one kind (of thousands of UNION ALL) is one list: DuckDB takes
    eight times as long for operations nested twice as deep."""
    chain = [node]
    while type(chain[-1].this) is type(node) and chain[-1].this.args.get("distinct") == node.args.get("distinct"):
        if any(chain[-1].this.args.get(k) for k in ("order", "limit", "offset", "with_")):
            break
        chain.append(chain[-1].this)
    chain.reverse()
    sides = [queries.compile(chain[0].this, parent)]
    types = [c.type for c in sides[0].columns]
    changes = []
    for i, operation in enumerate(chain, 1):
        side = queries.compile(operation.expression, parent)
        before, types = types, _common(queries, operation, types, side)
        sides.append(side)
        changes += [(i, before)] if before != types else []
    word = _WORDS[type(node)]
    columns = _output_columns(sides[0].columns, types)
    keep = not node.args.get("distinct")
    listed, done = sides, 1
    for i, before in changes if word == "EXCEPT" else []:
        # Rows that a conversion makes alike are told apart until then.
        if i > done:
            sql = _written(word, [_coerced(side, before) for side in [listed[0], *sides[done:i]]], before, keep=keep)
            listed, done = [Compiled(sql, _output_columns(columns, before))], i
    listed = [listed[0], *sides[done:]]
    sql = _written(word, [_coerced(side, types) for side in listed], types, keep=keep)
    return Compiled(sql, columns, _origins(sides, types))


def _output_columns(columns: Sequence[OutputColumn], types: Sequence[Type]) -> tuple[OutputColumn, ...]:
    return tuple(OutputColumn(c.name, t) for c, t in zip(columns, types, strict=True))


def _common(queries: "QueryCompiler", node: exp.Expr, types: Sequence[Type], side: Compiled) -> list[Type]:
    word = _WORDS[type(node)]
    if len(types) != len(side.columns):
        raise AthenaError(
            "TYPE_MISMATCH",
            f"{word} query has different number of fields: {len(types)}, {len(side.columns)}",
            queries.position(node),
        )
    found = []
    for i, (type_, column) in enumerate(zip(types, side.columns, strict=True)):
        common = common_type(type_, column.type)
        if common is None:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"column {i + 1} in {word} query has incompatible types: {type_}, {column.type}",
                queries.position(node),
            )
        found.append(common)
    return found


def _written(word: str, sides: Sequence[str], types: Sequence[Type], *, keep: bool) -> str:
    alike = [operators.comparable(Value(f"q.c{i}", t)) for i, t in enumerate(types)]
    plain = all(sql == f"q.c{i}" for i, sql in enumerate(alike))
    if word == "EXCEPT" and len(sides) > 2:
        # What is in none of several is not in all of them together; with ALL, their rows add up.
        sides = [sides[0], " UNION ALL ".join(f"({side})" for side in sides[1:])]
    if word == "INTERSECT" and len(sides) > 2:
        half = len(sides) // 2
        sides = [_written(word, part, types, keep=keep) for part in (sides[:half], sides[half:])]
    if len(sides) == 1:
        return sides[0]
    if plain or (word == "UNION" and keep):
        return f" {word}{' ALL' if keep else ''} ".join(f"({side})" for side in sides)
    listed = ", ".join(f"q.c{i} AS c{i}" for i in range(len(types)))
    if word == "UNION":
        rows = " UNION ALL ".join(f"({side})" for side in sides)
        return f"SELECT DISTINCT ON ({', '.join(alike)}) {listed} FROM ({rows}) AS q"
    return _matched(word, sides[0], sides[1], alike, listed, keep=keep)


def _matched(word: str, left: str, right: str, alike: Sequence[str], listed: str, *, keep: bool) -> str:
    """INTERSECT or EXCEPT by what makes rows alike; with ALL, the n-th of a kind matches the n-th."""
    keys = ", ".join(f"{sql} AS k{i}" for i, sql in enumerate(alike))
    number = f", row_number() OVER (PARTITION BY {', '.join(alike)}) AS n" if keep else ""
    same = " AND ".join(f"q.k{i} IS NOT DISTINCT FROM p.k{i}" for i in range(len(alike)))
    same += " AND q.n = p.n" if keep else ""
    found = f"EXISTS (SELECT 1 FROM (SELECT {keys}{number} FROM ({right}) AS q) AS p WHERE {same})"
    first = "" if keep else f"DISTINCT ON ({', '.join(f'q.k{i}' for i in range(len(alike)))}) "
    rows = f"(SELECT q.*, {keys}{number} FROM ({left}) AS q) AS q"
    return f"SELECT {first}{listed} FROM {rows} WHERE {'' if word == 'INTERSECT' else 'NOT '}{found}"


def _origins(sides: Sequence[Compiled], types: Sequence[Type]) -> tuple[tuple[Column, ...], ...]:
    """Origins of the columns: those of each side that it does not convert."""

    def of(side: Compiled, i: int) -> tuple[Column, ...]:
        return side.origins[i] if side.origins and side.columns[i].type == types[i] else ()

    return tuple(tuple(column for side in sides for column in of(side, i)) for i in range(len(types)))


def _coerced(side: Compiled, types: Sequence[Type]) -> str:
    if all(c.type == t for c, t in zip(side.columns, types, strict=True)):
        return side.sql
    listed = ", ".join(
        f"{coerce(Value(f'q.c{i}', c.type), t).sql} AS c{i}"
        for i, (c, t) in enumerate(zip(side.columns, types, strict=True))
    )
    return f"SELECT {listed} FROM ({side.sql}) AS q"
