"""Window functions (Trino documentation: window functions; source: the classes of operator.window)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.values import Value, fail, sharing
from workshop.sandbox.athena.functions.registry import Clauses, Row


def _at_least(value: Value, least: int, message: str) -> str:
    """An argument that must not be smaller than `least`."""
    if value.constant is not None and value.constant.isdigit() and int(value.constant) >= least:
        return value.sql
    wrong = fail(f"'INVALID_FUNCTION_ARGUMENT: {message}'", value.type)
    return sharing([value], lambda v: f"CASE WHEN {v[0].sql} < {least} THEN {wrong} ELSE {v[0].sql} END")


def _ntile(values: Sequence[Value], clauses: Clauses) -> str:
    return f"ntile({_at_least(values[0], 1, 'Buckets must be greater than 0')}){clauses.after}"


def _nth_value(values: Sequence[Value], clauses: Clauses) -> str:
    place = _at_least(values[1], 1, "Offset must be at least 1")
    return f"nth_value({values[0].sql}, {place}{clauses.inner}){clauses.after}"


def _shifted(name: str, values: Sequence[Value], clauses: Clauses) -> str:
    value, *rest = values
    arguments = [value.sql]
    if rest:
        arguments += [_at_least(rest[0], 0, "Offset must be at least 0"), *(v.sql for v in rest[1:])]
    return f"{name}({', '.join(arguments)}{clauses.inner}){clauses.after}"


def _lag(values: Sequence[Value], clauses: Clauses) -> str:
    return _shifted("lag", values, clauses)


def _lead(values: Sequence[Value], clauses: Clauses) -> str:
    return _shifted("lead", values, clauses)


ROWS: tuple[Row, ...] = (
    *((f"{name}() -> bigint", f"{name}(){{after}}") for name in ("row_number", "rank", "dense_rank")),
    *((f"{name}() -> double", f"{name}(){{after}}") for name in ("percent_rank", "cume_dist")),
    ("ntile(bigint) -> bigint", _ntile),
    ("first_value(T) -> T", "first_value({0}{inner}){after}"),
    ("last_value(T) -> T", "last_value({0}{inner}){after}"),
    ("nth_value(T, bigint) -> T", _nth_value),
    *((f"{name}({types}) -> T", build)
      for name, build in (("lag", _lag), ("lead", _lead)) for types in ("T", "T, bigint", "T, bigint, T")),
)  # fmt: skip
