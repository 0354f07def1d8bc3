"""Functions that take a lambda (Trino documentation: lambda expressions, array functions, map functions)."""

from collections.abc import Callable, Sequence
from typing import cast

from workshop.sandbox.athena.compiler.comparisons import every, has_key, some, value_at
from workshop.sandbox.athena.compiler.values import LambdaValue, Value, fail, held
from workshop.sandbox.athena.functions.maps import checked_map, unless_null
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.types import INTEGER, map_of


def _matching(verdict: Callable[[str], str]) -> Callable[[Sequence[Value]], str]:
    def build(values: Sequence[Value]) -> str:
        return unless_null(values[:1], verdict(f"list_transform({values[0].sql}, {values[1].sql})"))

    return build


def _reduce(values: Sequence[Value]) -> str:
    items, start, step, finish = values
    state = f"list_reduce({items.sql}, {step.sql}, CAST({start.sql} AS {start.type.duckdb}))"
    return unless_null([items], f"list_transform([{state}], {finish.sql})[1]")


def _zip_with(values: Sequence[Value]) -> str:
    """The shorter array goes on with NULLs."""
    x, y = values[:2]
    body = cast(LambdaValue, values[2])
    pair = body.variables[0]
    zipped = f"list_transform(list_zip({x.sql}, {y.sql}), lambda {pair}: {body.apply([f'{pair}[1]', f'{pair}[2]'])})"
    return unless_null([x, y], zipped)


# sorting by a lambda

_WRONG_RESULT = "'INVALID_FUNCTION_ARGUMENT: Lambda comparator must return either -1, 0, or 1'"
_BROKEN_CONTRACT = "'INVALID_FUNCTION_ARGUMENT: Lambda comparator violates the comparator contract'"
_NOTICED_FROM = 32
"""Java's sort compares shorter arrays without noticing that a comparator contradicts itself."""


def _sort_by(values: Sequence[Value]) -> str:
    """An element's place is one more than the number of those that come before it.

    Every pair is compared, the later element with the earlier one as Java's sort does, so that equal ones keep their
    order. NULLs are compared, too. The ranks of a comparator that contradicts itself are no permutation.
    """
    body = cast(LambdaValue, values[1])
    i, j = body.variables
    wrong = fail(_WRONG_RESULT, INTEGER)
    broken = fail(_BROKEN_CONTRACT, values[0].type)

    def ranked(items: str) -> str:
        compared = body.apply([f"({items})[greatest({i}, {j})]", f"({items})[least({i}, {j})]"])
        valid = held(compared, lambda c: f"CASE WHEN {c} IN (-1, 0, 1) THEN {c} ELSE {wrong} END")
        before = f"CASE WHEN {i} = {j} THEN FALSE WHEN {i} > {j} THEN {valid} >= 0 ELSE {valid} < 0 END"
        places = f"range(1, len({items}) + 1)"
        return f"list_transform({places}, lambda {i}: len(list_filter({places}, lambda {j}: {before})))"

    def placed(items: str, ranks: str) -> str:
        contradicts = f"len({items}) >= {_NOTICED_FROM} AND len(list_distinct({ranks})) < len({ranks})"
        order = f"list_transform(list_sort(list_zip({ranks}, range(1, len({ranks}) + 1))), lambda p: p[2])"
        return f"CASE WHEN {contradicts} THEN {broken} ELSE list_select({items}, {order}) END"

    def sorted_(items: str) -> str:
        return held(ranked(items), lambda ranks: placed(items, ranks))

    return unless_null(values[:1], held(values[0].sql, sorted_))


# maps


def _map_filter(values: Sequence[Value]) -> str:
    body = cast(LambdaValue, values[1])
    entry = body.variables[0]
    kept = f"list_filter(map_entries({values[0].sql}), lambda {entry}: {_of_entry(body)})"
    return unless_null(values[:1], f"map_from_entries({kept})")


def _transform_values(values: Sequence[Value]) -> str:
    body = cast(LambdaValue, values[1])
    entry = body.variables[0]
    items = f"list_transform(map_entries({values[0].sql}), lambda {entry}: {_of_entry(body)})"
    return unless_null(values[:1], f"map(map_keys({values[0].sql}), {items})")


def _transform_keys(values: Sequence[Value]) -> str:
    body = cast(LambdaValue, values[1])
    entry = body.variables[0]
    type_ = map_of(body.type, values[0].type.args[1])
    keys = f"list_transform(map_entries({values[0].sql}), lambda {entry}: {_of_entry(body)})"
    made = held(keys, lambda listed: checked_map(listed, f"map_values({values[0].sql})", type_))
    return unless_null(values[:1], made)


def _of_entry(body: LambdaValue) -> str:
    entry = body.variables[0]
    return body.apply([f"{entry}.key", f"{entry}.value"])


def _map_zip_with(values: Sequence[Value]) -> str:
    """The keys of the first map, then those that only the second has."""
    body = cast(LambdaValue, values[2])
    key_type, value_type = values[0].type.args
    e = body.variables[0]

    def zipped(x: str, y: str) -> str:
        here = body.apply([f"{e}.key", f"{e}.value", value_at(y, f"{e}.key", key_type)])
        there = body.apply([f"{e}.key", f"CAST(NULL AS {value_type.duckdb})", f"{e}.value"])
        only = f"list_filter(map_entries({y}), lambda {e}: NOT {has_key(x, f'{e}.key', key_type)})"
        keys = f"list_concat(map_keys({x}), list_transform({only}, lambda {e}: {e}.key))"
        items = f"list_concat(list_transform(map_entries({x}), lambda {e}: {here}), "
        items += f"list_transform({only}, lambda {e}: {there}))"
        return f"map({keys}, {items})"

    made = held(values[0].sql, lambda x: held(values[1].sql, lambda y: zipped(x, y)))
    return unless_null(values[:2], made)


_ROWS: tuple[Row, ...] = (
    ("transform(array(T), function(T, R)) -> array(R)", "list_transform({0}, {1})"),
    ("filter(array(T), function(T, boolean)) -> array(T)", "list_filter({0}, {1})"),
    ("all_match(array(T), function(T, boolean)) -> boolean", _matching(every)),
    ("any_match(array(T), function(T, boolean)) -> boolean", _matching(some)),
    ("none_match(array(T), function(T, boolean)) -> boolean", _matching(lambda booleans: f"(NOT {some(booleans)})")),
    ("reduce(array(T), S, function(S, T, S), function(S, R)) -> R", _reduce),
    ("zip_with(array(T), array(U), function(T, U, R)) -> array(R)", _zip_with),
    ("array_sort(array(T), function(T, T, integer)) -> array(T)", _sort_by),
    ("map_filter(map(K, V), function(K, V, boolean)) -> map(K, V)", _map_filter),
    ("transform_keys(map(T, V), function(T, V, K)) -> map(K, V)", _transform_keys),
    ("transform_values(map(K, T), function(K, T, V)) -> map(K, V)", _transform_values),
    ("map_zip_with(map(K, T), map(K, U), function(K, T, U, V)) -> map(K, V)", _map_zip_with),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
