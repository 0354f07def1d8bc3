"""Aggregates that give maps (Trino documentation: aggregate functions, map aggregate functions).

A function in Python tells which of a group's rows have the same key; DuckDB picks keys and values by their places. Keys
stand in the order in which they first occur; Trino's order is that of a hash table.
"""

import math
from collections.abc import Sequence
from typing import Any

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.collecting import collected, constant
from workshop.sandbox.athena.functions.registry import Clauses, Row
from workshop.sandbox.athena.types import BIGINT, INTEGER, Type, array
from workshop.sandbox.athena.udf import Udf, call, invalid

_MINUTE, _DAY = 60 * 10**12, 86_400 * 10**12
"""In picoseconds."""
_GROUPS = array(array(INTEGER))


def hashable(value: Any) -> Any:
    """What equal values have in common, as a key of a dictionary."""
    if isinstance(value, list):
        return tuple(map(hashable, value))
    if not isinstance(value, dict):
        return "NaN" if isinstance(value, float) and math.isnan(value) else value
    if value.keys() == {"t", "z"}:  # a value with a time zone is its instant
        return (value["t"] - value["z"] * _MINUTE) % _DAY if isinstance(value["z"], int) else value["t"]
    return tuple((name, hashable(item)) for name, item in value.items())


def _places_of_keys(keys: list[Any]) -> list[list[int]]:
    """The places (from 1) of each key that is not NULL."""
    places: dict[Any, list[int]] = {}
    for place, key in enumerate(keys, 1):
        if key is not None:
            places.setdefault(hashable(key), []).append(place)
    return list(places.values())


def _most_frequent(keys: list[Any], buckets: int, capacity: int) -> list[list[int]]:
    if buckets < 2:
        raise invalid(f"approx_most_frequent bucket count must be greater than one, input bucket count: {buckets}")
    return sorted(_places_of_keys(keys), key=len, reverse=True)[:buckets]


_PLACES, _MOST = Udf(_places_of_keys), Udf(_most_frequent)


def _mapped(keys: str, key: Type, values: str, item: str, groups: str = "") -> str:
    """A map made of the lists `keys` and `values`; `item` is the value of a key whose places are `g`."""
    places = groups or call(_PLACES, ["e.k"], [array(key)], _GROUPS)
    picked = f"list_transform(e.g, lambda g: e.e.k[g[1]]), list_transform(e.g, lambda g: {item})"
    packed = f"list_transform([struct_pack(k := {keys}, v := {values})], lambda e: struct_pack(e := e, g := {places}))"
    return f"list_transform({packed}, lambda e: CASE WHEN len(e.g) > 0 THEN map({picked}) END)[1]"


def _map_agg(values: Sequence[Value], clauses: Clauses) -> str:
    keys, items = (collected(v, clauses) for v in values)
    return _mapped(keys, values[0].type, items, "e.e.v[g[1]]")


def _multimap_agg(values: Sequence[Value], clauses: Clauses) -> str:
    keys, items = (collected(v, clauses) for v in values)
    return _mapped(keys, values[0].type, items, "list_select(e.e.v, g)")


def _histogram(values: Sequence[Value], clauses: Clauses) -> str:
    return _mapped(collected(values[0], clauses), values[0].type, "NULL", "CAST(len(g) AS BIGINT)")


def _map_union(values: Sequence[Value], clauses: Clauses) -> str:
    maps = Value(f"map_entries({values[0].sql})", values[0].type)
    entries = f"flatten({collected(maps, clauses)})"
    keys, items = (f"list_transform({entries}, lambda x: x.{part})" for part in ("key", "value"))
    found = _mapped(keys, values[0].type.args[0], items, "e.e.v[g[1]]")
    # Maps that are all empty give an empty map, not NULL.
    empty = f"CASE WHEN count({values[0].sql}){clauses.after} > 0 THEN CAST(MAP {{}} AS {values[0].type.duckdb}) END"
    return f"coalesce({found}, {empty})"


def _approx_most_frequent(values: Sequence[Value], clauses: Clauses) -> str:
    buckets, value, capacity = values
    limits = [constant(buckets, clauses), constant(capacity, clauses)]
    counted = f"struct_pack(k := {collected(value, clauses)}, n := {limits[0]}, c := {limits[1]})"
    groups = call(_MOST, ["x.k", "x.n", "x.c"], [array(value.type), BIGINT, BIGINT], _GROUPS)
    picked = "list_transform(e.g, lambda g: e.k[g[1]]), list_transform(e.g, lambda g: CAST(len(g) AS BIGINT))"
    packed = f"list_transform([{counted}], lambda x: struct_pack(k := x.k, g := {groups}))"
    return f"list_transform({packed}, lambda e: CASE WHEN len(e.g) > 0 THEN map({picked}) END)[1]"


ROWS: tuple[Row, ...] = (
    ("histogram(T) -> map(T, bigint)", _histogram),
    ("map_agg(K, V) -> map(K, V)", _map_agg),
    ("map_union(map(K, V)) -> map(K, V)", _map_union),
    ("multimap_agg(K, V) -> map(K, array(V))", _multimap_agg),
    ("approx_most_frequent(bigint, T, bigint) -> map(T, bigint)", _approx_most_frequent),
)
