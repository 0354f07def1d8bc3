"""Arrays as sets: distinct, union, intersection, difference (Trino documentation: array functions).

NULL equals NULL here, as in IS DISTINCT FROM; the order of the elements is kept. DuckDB's own list_distinct and
list_intersect keep neither, so the elements are sorted together with their places.
"""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.comparisons import identity, is_plain
from workshop.sandbox.athena.compiler.values import Value, held
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.types import BIGINT, Type, map_of


def keys(sql: str, array_type: Type) -> str:
    """A list of what tells the elements of an array apart."""
    return identity(sql, array_type)


_SHORT = 32
"""Elements up to which looking each one up is faster than sorting them all (measured)."""


def distinct(sql: str, array_type: Type) -> str:
    """The elements of an array that is not NULL, each once, in the order of their first places."""
    sorting = f"list_select({sql}, {first_places(keys(sql, array_type))})"
    if not is_plain(array_type):
        return sorting
    looking = f"list_filter({sql}, lambda e, i: list_position({sql}, e) = i)"
    return f"CASE WHEN len({sql}) <= {_SHORT} THEN {looking} ELSE {sorting} END"


def _found(x: str, y: str, array_type: Type, looked: str, otherwise: str) -> str:
    """The elements of `x` for which `looked` is true of `list_position` in `y`; `otherwise` if there are many."""
    if not is_plain(array_type):
        return otherwise
    looking = held(
        f"list_filter({x}, lambda e: list_position({y}, e) {looked})", lambda found: distinct(found, array_type)
    )
    return f"CASE WHEN len({x}) <= {_SHORT} AND len({y}) <= {_SHORT} THEN {looking} ELSE {otherwise} END"


def first_places(listed: str) -> str:
    """The places of the elements that were not there before, in order; the list is not NULL."""

    def new(pairs: str) -> str:
        first = f"i = 1 OR {pairs}[i - 1][1] IS DISTINCT FROM e[1]"
        return f"list_sort(list_transform(list_filter({pairs}, lambda e, i: {first}), lambda e: e[2]))"

    return held(_with_places(listed), new)


def _with_places(listed: str) -> str:
    """Pairs of an element and its place, sorted."""
    return held(listed, lambda a: f"list_sort(list_zip({a}, range(1, len({a}) + 1)))")


def _distinct(values: Sequence[Value]) -> str:
    (array,) = values
    return held(array.sql, lambda a: f"CASE WHEN {a} IS NOT NULL THEN {distinct(a, array.type)} END")


def _union(values: Sequence[Value]) -> str:
    x, y = (v.sql for v in values)
    return _unless_null(x, y, held(f"list_concat({x}, {y})", lambda both: distinct(both, values[0].type)))


def _except(values: Sequence[Value]) -> str:
    """What is first met behind all of `y` is not in it."""
    type_ = values[0].type

    def rest(x: str, y: str) -> str:
        places = first_places(f"list_concat({keys(y, type_)}, {keys(x, type_)})")
        own = f"list_transform(list_filter({places}, lambda i: i > len({y})), lambda i: i - len({y}))"
        return _unless_null(x, y, _found(x, y, type_, "IS NULL", f"list_select({x}, {own})"))

    return held(values[0].sql, lambda x: held(values[1].sql, lambda y: rest(x, y)))


def _intersect(values: Sequence[Value]) -> str:
    """In the order of the longer array (Trino: ArrayIntersectFunction); equal elements of both lie side by side."""
    x, y = (v.sql for v in values)
    type_ = values[0].type
    longer, shorter = (f"(CASE WHEN len({x}) < len({y}) THEN {a} ELSE {b} END)" for a, b in ((y, x), (x, y)))

    def shared(a: str, b: str) -> str:
        return f"list_select({a}, {_shared_places(a, b, type_)})"

    def both(a: str, b: str) -> str:
        many = held(distinct(a, type_), lambda c: held(distinct(b, type_), lambda d: shared(c, d)))
        return _found(a, b, type_, "IS NOT NULL", many)

    return _unless_null(x, y, held(longer, lambda a: held(shorter, lambda b: both(a, b))))


def _shared_places(a: str, b: str, type_: Type) -> str:
    """The places in `a` of what is in `b`, too; neither holds anything twice."""

    def twins(pairs: str) -> str:
        next_same = f"i < len({pairs}) AND {pairs}[i + 1][1] IS NOT DISTINCT FROM e[1]"
        return f"list_sort(list_transform(list_filter({pairs}, lambda e, i: {next_same}), lambda e: e[2]))"

    return held(_with_places(f"list_concat({keys(a, type_)}, {keys(b, type_)})"), twins)


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
    if is_plain(type_):
        result = map_of(type_.args[0], BIGINT).duckdb
        counted = f"CAST(list_aggregate({array}, 'histogram') AS {result})"
        none = f"CAST(map([], []) AS {result})"
        return f"CASE WHEN list_count({array}) > 0 THEN {counted} WHEN {array} IS NOT NULL THEN {none} END"
    item = identity("e", type_.args[0])

    def entries(known: str) -> str:
        times = f"len(list_filter({keys(known, type_)}, lambda k: k = {item}))"
        return f"list_transform({distinct(known, type_)}, lambda e: struct_pack(key := e, value := {times}))"

    known = f"list_filter({array}, lambda e: e IS NOT NULL)"
    counted = held(known, lambda a: f"map_from_entries({entries(a)})")
    return f"CASE WHEN {array} IS NOT NULL THEN {counted} END"


ROWS: tuple[Row, ...] = (
    ("array_distinct(array(T)) -> array(T)", _distinct),
    ("array_union(array(T), array(T)) -> array(T)", _union),
    ("array_except(array(T), array(T)) -> array(T)", _except),
    ("array_intersect(array(T), array(T)) -> array(T)", _intersect),
    ("arrays_overlap(array(T), array(T)) -> boolean", _overlap),
    ("array_histogram(array(T)) -> map(T, bigint)", _histogram),
)
