"""Aggregates that see all values of a group at once: DuckDB makes a list of them, a function in Python looks at it."""

from collections.abc import Callable, Sequence
from functools import partial

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.registry import Clauses, Row
from workshop.sandbox.athena.types import Type, array
from workshop.sandbox.athena.udf import Udf, call


def collected(value: Value, clauses: Clauses) -> str:
    """SQL of the list of a group's values, NULL if there are none."""
    return f"list({clauses.distinct}{value.sql}{clauses.inner}){clauses.after}"


def constant(value: Value, clauses: Clauses) -> str:
    """SQL of an argument that is the same for all rows of a group."""
    return f"any_value({value.sql}){clauses.after}"


def over_lists(signature: str, udf: Udf, result: Callable[[Sequence[Type]], Type], constants: int = 0) -> Row:
    """A row: `udf` gets a list for each argument, but the last `constants` arguments as they are."""
    return (signature, partial(_call, udf, result, constants), result)


def _call(
    udf: Udf, result: Callable[[Sequence[Type]], Type], constants: int, values: Sequence[Value], clauses: Clauses
) -> str:
    lists, rest = values[: len(values) - constants], values[len(values) - constants :]
    if clauses.distinct and len(lists) > 1:
        raise not_supported("DISTINCT of several arguments")
    sql = [collected(v, clauses) for v in lists] + [constant(v, clauses) for v in rest]
    return call(udf, sql, [*(array(v.type) for v in lists), *(v.type for v in rest)], result([v.type for v in values]))
