"""What a block aggregates: aggregates, windows and GROUPING in expressions, and expressions that a group determines.

Trino's AggregationAnalyzer names the whole expression that is not constant within a group, not the column that makes it
so; only subqueries and windows have words of their own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.functions.registry import Kind
from workshop.sandbox.athena.syntax.formatting import shown, shown_all
from workshop.sandbox.athena.syntax.parser import place_of


@dataclass
class NotGroupedError(Exception):
    """A column that neither is a GROUP BY key nor stands in an aggregate."""

    node: exp.Expr

    def refuse(self, expression: exp.Expr, text: str, template: str = "") -> AthenaError:
        """Trino's words for it; `template` has a place for the expression."""
        message = template or "'{}' must be an aggregate expression or appear in GROUP BY clause"
        return AthenaError("EXPRESSION_NOT_AGGREGATE", message.format(shown(expression)), place_of(expression, text))


def own_nodes(nodes: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    """All nodes of expressions in the order of the text, without those of subqueries."""
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query):
            continue
        yield node
        stack += list(node.iter_expressions())[::-1]


def aggregates_in(nodes: Iterable[exp.Expr]) -> list[exp.Expr]:
    """Calls of aggregate functions that are no windows; those in the arguments of windows too."""
    windowed = set()
    found: list[exp.Expr] = []
    for node in own_nodes(nodes):
        if isinstance(node, exp.Window):
            windowed.add(id(_windowed(node)))
        if isinstance(node, exp.Anonymous) and id(node) not in windowed and is_aggregate(node):
            found.append(node)
    return found


def windows_in(nodes: Iterable[exp.Expr]) -> list[exp.Expr]:
    """Window functions."""
    return [node for node in own_nodes(nodes) if isinstance(node, exp.Window)]


def groupings_in(nodes: Iterable[exp.Expr]) -> list[exp.Expr]:
    """Calls of GROUPING."""
    return [n for n in own_nodes(nodes) if isinstance(n, exp.Anonymous) and str(n.this).lower() == "grouping"]


def is_aggregate(node: exp.Anonymous) -> bool:
    """Whether the function is an aggregate."""
    return REGISTRY.kind(str(node.this).lower()) == Kind.AGGREGATE


def contains_aggregate(node: exp.Expr) -> bool:
    """Whether `node` holds an aggregate or GROUPING of its own query block (not of a subquery)."""
    return bool(aggregates_in([node]) or groupings_in([node]))


def refuse_all_but_scalars(node: exp.Expr, where: str, text: str) -> None:
    """EXPRESSION_NOT_SCALAR for aggregates, windows and GROUPING in WHERE, ON and GROUP BY."""
    found = [*aggregates_in([node]), *windows_in([node]), *groupings_in([node])]
    if found:
        raise AthenaError(
            "EXPRESSION_NOT_SCALAR",
            f"{where} cannot contain aggregations, window functions or grouping operations: {shown_all(found)}",
            place_of(node, text),
        )


def refuse_nested(name: str, node: exp.Expr, arguments: Sequence[exp.Expr], position: Position | None) -> None:
    """Aggregates and windows in the arguments of an aggregate."""
    nested = aggregates_in(arguments)
    if nested:
        raise AthenaError(
            "NESTED_AGGREGATION", f"Cannot nest aggregations inside aggregation '{name}': {shown_all(nested)}", position
        )
    windows = windows_in(arguments)
    if windows:
        raise AthenaError(
            "NESTED_WINDOW",
            f"Cannot nest window functions or row pattern measures inside aggregation '{name}': {shown_all(windows)}",
            position,
        )


def canonical(sql: str) -> str:
    """SQL with the variables of lambdas numbered from 0: the same expression compiled twice is the same text."""
    names: dict[str, str] = {}
    return _VARIABLE.sub(lambda m: names.setdefault(m[0], f"x_{len(names)}"), sql)


_VARIABLE = re.compile(r"\bx\d+\b")


def without_dots(sql: str) -> str:
    """SQL of a condition for HAVING, where DuckDB takes `x.a` for a column even if `x` is the variable of a lambda."""
    names = {name for listed in _LAMBDA.findall(sql) for name in listed.split(", ")}
    if not names:
        return sql
    dotted = re.compile(rf"('(?:[^']|'')*')|\b({'|'.join(sorted(names))})\.(\w+)\b")
    return dotted.sub(lambda m: m[1] or f"{m[2]}['{m[3]}']", sql)


_LAMBDA = re.compile(r"\blambda (\w+(?:, \w+)*):")


def _windowed(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Window | exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        node = node.this
    return node
