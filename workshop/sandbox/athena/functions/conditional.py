"""Functions of comparison (Trino documentation: comparison functions and operators)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Registry, Row

_APPROXIMATE = ("real", "double")


def _extreme(name: str, values: Sequence[Value]) -> str:
    """NULL if one is; DuckDB skips NULLs. NaN is neither the greatest nor the least; for DuckDB it is the greatest."""
    any_null = " OR ".join(f"{v.sql} IS NULL" for v in values)
    listed = ", ".join(v.sql for v in values)
    if name == "greatest" and values[0].type.name in _APPROXIMATE:
        numbers = ", ".join(f"CASE WHEN NOT isnan({v.sql}) THEN {v.sql} END" for v in values)
        return f"CASE WHEN {any_null} THEN NULL ELSE coalesce(greatest({numbers}), {values[0].sql}) END"
    return f"CASE WHEN {any_null} THEN NULL ELSE {name}({listed}) END"


def _greatest(values: Sequence[Value]) -> str:
    return _extreme("greatest", values)


def _least(values: Sequence[Value]) -> str:
    return _extreme("least", values)


_ROWS: tuple[Row, ...] = (
    ("greatest(T, ...) -> T", _greatest),
    ("least(T, ...) -> T", _least),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
