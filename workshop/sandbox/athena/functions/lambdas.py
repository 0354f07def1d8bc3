"""Functions that take a lambda (Trino documentation: lambda expressions, array functions, map functions)."""

from workshop.sandbox.athena.functions.registry import Registry, Row

_ROWS: tuple[Row, ...] = (
    ("transform(array(T), function(T, R)) -> array(R)", "list_transform({0}, {1})"),
    ("filter(array(T), function(T, boolean)) -> array(T)", "list_filter({0}, {1})"),
    ("any_match(array(T), function(T, boolean)) -> boolean",
     "CASE WHEN len({0}) = 0 THEN FALSE ELSE list_bool_or(list_transform({0}, {1})) END"),
)  # fmt: skip


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
