"""Functions on maps (Trino documentation: map functions and operators); those with lambdas are in `lambdas`."""

from collections.abc import Sequence
from functools import partial

from workshop.sandbox.athena.compiler.comparisons import equal, has_key, identity, is_nested, value_at
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import Value, fail, held
from workshop.sandbox.athena.functions.array_sets import distinct
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.types import Type, array, field_names, map_of, quote, row

_INVALID = "'INVALID_FUNCTION_ARGUMENT: "


def checked_map(keys: str, items: str, type_: Type, duplicates: str = "Duplicate keys") -> str:
    """A map of two lists of one length, none of them NULL; keys that a map cannot have are errors."""
    key = type_.args[0]
    null = fail(f"{_INVALID}map key cannot be null'", type_)
    whole = identity(keys, array(key))
    earlier = f"list_position({whole}, {identity('k', key)}) < i"
    again = f"list_filter({keys}, lambda k, i: {earlier})[1]"
    twice = fail(f"{_INVALID}{duplicates} (' || {held(again, lambda k: text(k, key))} || ') are not allowed'", type_)
    return (
        f"CASE WHEN list_count({keys}) < len({keys}) THEN {null} {_indeterminate(keys, type_)}"
        f"WHEN len(list_distinct({whole})) < len({keys}) THEN {twice} ELSE map({keys}, {items}) END"
    )


def _indeterminate(keys: str, type_: Type) -> str:
    """A branch for keys that hold NULL: they equal nothing, not even themselves."""
    key = type_.args[0]
    if not is_nested(key):
        return ""
    # NaN is not equal to itself, but can be a key.
    unknown = f"list_filter({keys}, lambda k: {equal('k', 'k', key)} IS NULL)"
    shown = held(f"{unknown}[1]", lambda k: text(k, key))
    message = fail(f"{_INVALID}map key cannot be indeterminate: ' || {shown}", type_)
    return f"WHEN len({unknown}) > 0 THEN {message} "


def unless_null(values: Sequence[Value], sql: str) -> str:
    """`sql` where none of the values is NULL."""
    return f"CASE WHEN {' AND '.join(f'{v.sql} IS NOT NULL' for v in values)} THEN {sql} END"


def _map(values: Sequence[Value]) -> str:
    keys, items = (v.sql for v in values)
    type_ = map_of(values[0].type.args[0], values[1].type.args[0])
    uneven = fail(f"{_INVALID}Key and value arrays must be the same length'", type_)
    made = checked_map(keys, items, type_, "Duplicate map keys")
    return unless_null(values, f"CASE WHEN len({keys}) <> len({items}) THEN {uneven} ELSE {made} END")


def _element_at(values: Sequence[Value]) -> str:
    entries, key = (v.sql for v in values)
    return unless_null(values, value_at(entries, key, values[0].type.args[0]))


def _map_entries(values: Sequence[Value]) -> str:
    pairs = "lambda e: struct_pack(field0 := e.key, field1 := e.value)"
    return f"list_transform(map_entries({values[0].sql}), {pairs})"


def _entries_type(types: Sequence[Type]) -> Type:
    return array(row([(None, types[0].args[0]), (None, types[0].args[1])]))


def _from_entries(values: Sequence[Value]) -> str:
    entries, type_ = values[0].sql, values[0].type.args[0]
    key, value = (quote(n) for n in field_names(type_))
    result = map_of(*type_.args)
    null = fail(f"{_INVALID}map entry cannot be null'", result)
    keys, items = (f"list_transform({entries}, lambda e: e.{name})" for name in (key, value))
    made = held(keys, lambda listed: checked_map(listed, items, result))
    whole = f"CASE WHEN list_count({entries}) < len({entries}) THEN {null} ELSE {made} END"
    return unless_null(values, whole)


def _multimap(values: Sequence[Value]) -> str:
    """The values of each key in an array, in the order of the entries."""
    return held(values[0].sql, lambda entries: _grouped(entries, values[0].type.args[0]))


def _grouped(entries: str, type_: Type) -> str:
    key, value = (quote(n) for n in field_names(type_))
    result = map_of(type_.args[0], array(type_.args[1]))
    null = fail(f"{_INVALID}map entry cannot be null'", result)
    null_key = fail(f"{_INVALID}map key cannot be null'", result)
    same = f"{identity(f'e.{key}', type_.args[0])} = {identity('k', type_.args[0])}"
    items = f"list_transform(list_filter({entries}, lambda e: {same}), lambda e: e.{value})"
    keys = f"list_transform({entries}, lambda e: e.{key})"

    def grouped(listed: str) -> str:
        made = held(
            distinct(listed, array(type_.args[0])), lambda own: f"map({own}, list_transform({own}, lambda k: {items}))"
        )
        return f"CASE WHEN list_count({listed}) < len({listed}) THEN {null_key} ELSE {made} END"

    whole = f"CASE WHEN list_count({entries}) < len({entries}) THEN {null} ELSE {held(keys, grouped)} END"
    return f"CASE WHEN {entries} IS NOT NULL THEN {whole} END"


def _concat(values: Sequence[Value]) -> str:
    """The last map that has a key gives its value; its entries come first (Trino: MapConcatFunction)."""
    key = values[0].type.args[0]

    def two(first: str, last: str) -> str:
        rest = f"list_filter(map_entries({first}), lambda e: NOT {has_key(last, 'e.key', key)})"
        return f"map_from_entries(list_concat(map_entries({last}), {rest}))"

    joined = values[0].sql
    for value in values[1:]:
        joined = held(value.sql, partial(two, joined))
    return unless_null(values, joined)


ROWS: tuple[Row, ...] = (
    ("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    ("element_at(map(K, V), K) -> V", _element_at),
    ("map() -> map(unknown, unknown)", "map(CAST([] AS INTEGER[]), CAST([] AS INTEGER[]))"),
    ("map(array(K), array(V)) -> map(K, V)", _map),
    ("map_concat(map(K, V), map(K, V), ...) -> map(K, V)", _concat),
    ("map_entries(map(K, V)) -> array(row(K, V))", _map_entries, _entries_type),
    ("map_from_entries(array(row(K, V))) -> map(K, V)", _from_entries),
    ("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    ("map_values(map(K, V)) -> array(V)", "map_values({0})"),
    ("multimap_from_entries(array(row(K, V))) -> map(K, array(V))", _multimap),
)
