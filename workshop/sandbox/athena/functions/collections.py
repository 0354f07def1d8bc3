"""Functions on arrays and maps (Trino documentation: array functions, map functions)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.operators import holds_zone
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.registry import Registry, Row


def _contains(values: Sequence[Value]) -> str:
    """NULL rather than false when an element is NULL."""
    if holds_zone(values[1].type):
        raise not_supported("contains() of timestamps with time zone")
    array, item = (v.sql for v in values)
    found = f"list_contains({array}, {item})"
    return f"CASE WHEN {found} THEN TRUE WHEN len({array}) > list_count({array}) THEN NULL ELSE {found} END"


_ROWS: tuple[Row, ...] = (
    ("cardinality(array(T)) -> bigint", "len({0})"),
    ("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    ("contains(array(T), T) -> boolean", _contains),
    ("element_at(array(T), bigint) -> T", "({0})[{1}]"),
    ("element_at(map(K, V), K) -> V", "({0})[{1}]"),
    ("array_join(array(varchar), varchar) -> varchar", "array_to_string({0}, {1})"),
    ("array_join(array(varchar), varchar, varchar) -> varchar",
     "array_to_string(list_transform({0}, lambda e: coalesce(e, {2})), {1})"),
    ("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    ("map_values(map(K, V)) -> array(V)", "map_values({0})"),
    ("map(array(K), array(V)) -> map(K, V)", "map({0}, {1})"),
)  # fmt: skip


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
