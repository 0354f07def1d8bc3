"""CAST from and to JSON (Trino documentation: JSON functions, cast to and from JSON).

`casts` asks `castable` and `convert` here for every pair of types of which exactly one is JSON.
"""

from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.types import UNKNOWN, Type


def castable(source: Type, target: Type) -> bool:
    """Whether Trino casts `source` to `target`; one of them is JSON."""
    if source == UNKNOWN:
        return True
    raise not_supported(f"CAST from {source} to {target}")


def convert(sql: str, source: Type, target: Type) -> str:
    """SQL of `CAST(sql AS target)`; `castable(source, target)` holds."""
    return f"CAST({sql} AS {target.duckdb})"
