"""Functions on arrays and maps (Trino documentation: array functions, map functions)."""

from workshop.sandbox.athena.functions.registry import Registry

_ROWS = (
    ("cardinality(array(T)) -> bigint", "len({0})"),
    ("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    ("contains(array(T), T) -> boolean",
     "CASE WHEN list_contains({0}, {1}) THEN TRUE WHEN len({0}) > list_count({0}) THEN NULL "
     "ELSE list_contains({0}, {1}) END"),
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
