"""Arrays as sets: distinct, union, intersection, difference (Trino documentation: array functions).

NULL equals NULL here, as in IS DISTINCT FROM; the order of the elements is kept. DuckDB's own list_distinct and
list_intersect keep neither, so the elements are sorted together with their places.
"""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.comparisons import identity
from workshop.sandbox.athena.compiler.moments import once
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.types import Type


def keys(sql: str, array_type: Type) -> str:
    """A list of what tells the elements of an array apart."""
    return identity(sql, array_type)


def distinct(sql: str, array_type: Type) -> str:
    """The elements of an array that is not NULL, each once, in the order of their first places."""
    return f"list_select({sql}, {first_places(keys(sql, array_type))})"


def first_places(listed: str) -> str:
    """The places of the elements that were not there before, in order; the list is not NULL."""

    def new(pairs: str) -> str:
        first = f"i = 1 OR {pairs}[i - 1][1] IS DISTINCT FROM e[1]"
        return f"list_sort(list_transform(list_filter({pairs}, lambda e, i: {first}), lambda e: e[2]))"

    return once(_with_places(listed), new)


def _with_places(listed: str) -> str:
    """Pairs of an element and its place, sorted."""
    return once(listed, lambda a: f"list_sort(list_zip({a}, range(1, len({a}) + 1)))")


def _distinct(values: Sequence[Value]) -> str:
    (array,) = values
    return f"CASE WHEN {array.sql} IS NOT NULL THEN {distinct(array.sql, array.type)} END"


def _union(values: Sequence[Value]) -> str:
    x, y = (v.sql for v in values)
    return _unless_null(x, y, once(f"list_concat({x}, {y})", lambda both: distinct(both, values[0].type)))


def _except(values: Sequence[Value]) -> str:
    """What is first met behind all of `y` is not in it."""
    x, y = (v.sql for v in values)
    places = first_places(f"list_concat({keys(y, values[1].type)}, {keys(x, values[0].type)})")
    own = f"list_transform(list_filter({places}, lambda i: i > len({y})), lambda i: i - len({y}))"
    return _unless_null(x, y, f"list_select({x}, {own})")


def _intersect(values: Sequence[Value]) -> str:
    """In the order of the longer array (Trino: ArrayIntersectFunction); equal elements of both lie side by side."""
    x, y = (v.sql for v in values)
    type_ = values[0].type
    longer = distinct(f"(CASE WHEN len({x}) < len({y}) THEN {y} ELSE {x} END)", type_)
    shorter = distinct(f"(CASE WHEN len({x}) < len({y}) THEN {x} ELSE {y} END)", type_)
    chosen = once(longer, lambda a: once(shorter, lambda b: f"list_select({a}, {_shared_places(a, b, type_)})"))
    return _unless_null(x, y, chosen)


def _shared_places(a: str, b: str, type_: Type) -> str:
    """The places in `a` of what is in `b`, too; neither holds anything twice."""

    def twins(pairs: str) -> str:
        next_same = f"i < len({pairs}) AND {pairs}[i + 1][1] IS NOT DISTINCT FROM e[1]"
        return f"list_sort(list_transform(list_filter({pairs}, lambda e, i: {next_same}), lambda e: e[2]))"

    return once(_with_places(f"list_concat({keys(a, type_)}, {keys(b, type_)})"), twins)


def _overlap(values: Sequence[Value]) -> str:
    """NULL when only NULLs could make it true; DuckDB's list_has_any does not count them."""
    x, y = (v.sql for v in values)
    found = f"list_has_any({keys(x, values[0].type)}, {keys(y, values[1].type)})"
    nulls = f"list_count({x}) < len({x}) OR list_count({y}) < len({y})"
    decided = f"CASE WHEN len({x}) = 0 OR len({y}) = 0 THEN FALSE WHEN {found} THEN TRUE WHEN {nulls} THEN NULL "
    return _unless_null(x, y, f"{decided} ELSE FALSE END")


def _unless_null(x: str, y: str, sql: str) -> str:
    return f"CASE WHEN {x} IS NOT NULL AND {y} IS NOT NULL THEN {sql} END"


def _histogram(values: Sequence[Value]) -> str:
    """How often each element occurs; NULLs do not count."""
    array, type_ = values[0].sql, values[0].type
    item = identity("e", type_.args[0])

    def entries(known: str) -> str:
        times = f"len(list_filter({keys(known, type_)}, lambda k: k = {item}))"
        return f"list_transform({distinct(known, type_)}, lambda e: struct_pack(key := e, value := {times}))"

    known = f"list_filter({array}, lambda e: e IS NOT NULL)"
    counted = once(known, lambda a: f"map_from_entries({entries(a)})")
    return f"CASE WHEN {array} IS NOT NULL THEN {counted} END"


ROWS: tuple[Row, ...] = (
    ("array_distinct(array(T)) -> array(T)", _distinct),
    ("array_union(array(T), array(T)) -> array(T)", _union),
    ("array_except(array(T), array(T)) -> array(T)", _except),
    ("array_intersect(array(T), array(T)) -> array(T)", _intersect),
    ("arrays_overlap(array(T), array(T)) -> boolean", _overlap),
    ("array_histogram(array(T)) -> map(T, bigint)", _histogram),
)
