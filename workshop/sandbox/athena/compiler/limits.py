"""ORDER BY, OFFSET, LIMIT and FETCH FIRST at the end of a query."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.syntax.parser import place_of


def direction(item: exp.Expr) -> str:
    """ASC/DESC and NULLS of an ORDER BY item, as SQL."""
    nulls = " NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST"
    return (" DESC" if item.args.get("desc") else " ASC") + nulls


@dataclass(frozen=True)
class SortKey:
    """`sql` is what is compared, `direction` what follows it; `place` is its ordinal, if it is an output as it is."""

    sql: str
    direction: str
    place: int | None = None

    @property
    def written(self) -> str:
        """The key in ORDER BY; by its ordinal where it has one: DuckDB then computes it once."""
        return f"{self.sql if self.place is None else self.place}{self.direction}"


@dataclass(frozen=True)
class Unlimited:
    """A query without its last clauses: `written(more)` is its SQL with `more` behind its `count` outputs."""

    written: Callable[[str], str]
    keys: Sequence[SortKey]
    count: int


def limited(node: exp.Expr, text: str, query: Unlimited) -> tuple[str, bool]:
    """SQL of a query with the clauses of `node` behind it, and whether they leave out rows."""
    keys = query.keys
    limit, offset = node.args.get("limit"), node.args.get("offset")
    skipped = None if offset is None else _count(offset.expression, offset, text, "OFFSET")
    if isinstance(limit, exp.Fetch):
        number = limit.args.get("count")
        kept: int | None = 1 if number is None else _count(number, limit, text, "FETCH FIRST")
        if kept == 0:
            raise AthenaError(
                "NUMERIC_VALUE_OUT_OF_RANGE",
                "FETCH FIRST row count must be positive (actual value: 0)",
                place_of(limit, text),
            )
        if limit.args.get("limit_options") is not None:
            if not keys:
                message = "FETCH FIRST WITH TIES clause requires ORDER BY"
                raise AthenaError("MISSING_ORDER_BY", message, place_of(limit, text))
            return _with_ties(query, skipped or 0, kept or 1), True
    else:
        kept = None if limit is None else _count(limit.expression, limit, text, "LIMIT")
    sql = query.written("")
    if keys:
        sql += f" ORDER BY {', '.join(key.written for key in keys)}"
    if kept is not None:
        sql += f" LIMIT {kept}"
    if skipped is not None:
        sql += f" OFFSET {skipped}"
    return sql, kept is not None or skipped is not None


def _with_ties(query: Unlimited, skipped: int, kept: int) -> str:
    """The first rows and all that are equal to the last of them by the sort keys."""
    added = "".join(f", {key.sql} AS k{i}" for i, key in enumerate(query.keys) if key.place is None)
    order = ", ".join(
        f"q.{f'k{i}' if key.place is None else f'c{key.place - 1}'}{key.direction}" for i, key in enumerate(query.keys)
    )
    outputs = ", ".join(f"q.c{i} AS c{i}" for i in range(query.count))
    numbered = f"SELECT *, row_number() OVER (ORDER BY {order}) AS n FROM ({query.written(added)}) AS q"
    left = f"SELECT *, rank() OVER (ORDER BY {order}) AS r FROM ({numbered}) AS q WHERE n > {skipped}"
    return f"SELECT {outputs} FROM ({left}) AS q WHERE r <= {kept} ORDER BY n"


def _count(number: exp.Expr, clause: exp.Expr, text: str, word: str) -> int:
    if not isinstance(number, exp.Literal) or number.is_string or not number.name.isdigit():
        raise AthenaError("TYPE_MISMATCH", f"{word} must be a constant integer", place_of(clause, text))
    if int(number.name) >= 2**63:
        raise AthenaError("TYPE_MISMATCH", f"Invalid {word} row count: {number.name}", place_of(clause, text))
    return int(number.name)
