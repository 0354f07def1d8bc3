"""Partition projection (Athena user guide: partition projection, supported types).

The partitions of a table follow from its properties: `projection.<key>.type` and its kin say which values a key has,
`storage.location.template` where their files are. Glue's own partitions are then ignored.

A range may hold far more values than a query asks for. So a key's values are never listed here: `Projected` writes SQL
that makes them, says how many there are, and whether a given text is one of them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from math import prod

from workshop.sandbox.athena.catalog.glue import Partition, Table
from workshop.sandbox.athena.catalog.projected_dates import dates
from workshop.sandbox.athena.catalog.projected_keys import Integers, Listed, Projected, invalid, property_of
from workshop.sandbox.athena.errors import AthenaError

MOST_ENUMERATED = 10_000
"""More partitions than this are found by listing the objects below their common prefix."""


@dataclass(frozen=True)
class Narrowing:
    """What the query says: texts that keys are compared with (for injected ones their values), and a function that
    makes of the SQL of a key's values, in a column k, the list of those that the predicates on this key alone leave."""

    equalities: Mapping[str, Sequence[str]]
    keep: Callable[[str, str], list[str]]


def is_projected(table: Table) -> bool:
    """Whether projection is switched on for a partitioned table."""
    return table.properties.get("projection.enabled", "").strip().lower() == "true" and bool(table.partition_keys)


def is_injected(table: Table, key: str) -> bool:
    """Whether the query must give the values of `key`."""
    return table.properties.get(f"projection.{key}.type", "").strip().lower() == "injected"


def keys_of(table: Table, now: datetime, equalities: Mapping[str, Sequence[str]]) -> list[Projected]:
    """What the properties say of each key; INVALID_TABLE_PROPERTY names what is wrong with them. `now` is in UTC."""
    name = f"{table.database}.{table.name}"
    missing = [c.name for c in table.partition_keys if f"projection.{c.name}.type" not in table.properties]
    if missing:
        raise AthenaError(
            "INVALID_TABLE_PROPERTY",
            f"Table {name} is configured for partition projection, but the following partition columns are missing "
            f"projection configuration: [{', '.join(missing)}] (table: {name})",
        )
    _check_template(table)
    return [_key(table, c.name, now, equalities) for c in table.partition_keys]


def _key(table: Table, key: str, now: datetime, equalities: Mapping[str, Sequence[str]]) -> Projected:
    match table.properties[f"projection.{key}.type"].strip().lower():
        case "enum":
            return Listed(tuple(dict.fromkeys(property_of(table, key, "values").split(","))))
        case "integer":
            return Integers.of(table, key)
        case "date":
            return dates(table, key, now)
        case "injected":
            values = equalities.get(key)
            if not values:
                raise AthenaError(
                    "CONSTRAINT_VIOLATION",
                    f"For the injected projected partition column {key}, the WHERE clause must contain only static "
                    "equality conditions, and at least one such condition must be present.",
                )
            return Listed(tuple(values))
    kind = table.properties[f"projection.{key}.type"]
    raise invalid(table, f"has an invalid projection type for column {key}: {kind}")


def partitions(table: Table, now: datetime, narrowing: Narrowing) -> list[Partition] | None:
    """The partitions that the predicates on single keys leave; None if they are too many to be listed."""
    keys = keys_of(table, now, narrowing.equalities)
    columns: list[list[str]] = []
    for column, key in zip(table.partition_keys, keys, strict=True):
        columns.append(_left(column.name, key, narrowing, named=column.type.name == "varchar"))
    if prod(map(len, columns)) > MOST_ENUMERATED:
        return None
    return [Partition(values, location(table, values)) for values in product(*columns)]


def _left(name: str, key: Projected, narrowing: Narrowing, *, named: bool) -> list[str]:
    """The values of one key that the predicates on it leave."""
    texts = narrowing.equalities.get(name)
    if texts and named:
        return [t for t in texts if key.contains(t)]
    return narrowing.keep(name, key.sql())


def folders(table: Table, now: datetime, narrowing: Narrowing) -> Callable[[str], Partition | None]:
    """A function that finds the projected partition of an object by its URI."""
    keys = keys_of(table, now, narrowing.equalities)
    names = [c.name for c in table.partition_keys]
    pattern = re.escape(_template(table).rstrip("/") + "/")
    groups: dict[str, str] = {}
    for i, (name, key) in enumerate(zip(names, keys, strict=True)):
        groups[name] = f"k{i}"
        mark = re.escape(f"${{{name}}}")
        pattern = pattern.replace(mark, f"(?P<k{i}>{key.pattern()})", 1).replace(mark, f"(?P=k{i})")
    compiled = re.compile(pattern)
    known: dict[tuple[str, str], bool] = {}

    def find(uri: str) -> Partition | None:
        found = compiled.match(uri)
        if found is None:
            return None
        values = tuple(found[groups[n]] for n in names)
        for name, key, value in zip(names, keys, values, strict=True):
            if (name, value) not in known:
                known[name, value] = key.contains(value)
            if not known[name, value]:
                return None
        return Partition(values, location(table, values))

    return find


def _check_template(table: Table) -> None:
    template = table.properties.get("storage.location.template")
    if template is None:
        return
    for column in table.partition_keys:
        if f"${{{column.name}}}" not in template:
            raise AthenaError(
                "INVALID_TABLE_PROPERTY",
                f"storage.location.template does not contain the partition column {column.name}",
            )
    known = {c.name for c in table.partition_keys}
    unknown = [n for n in re.findall(r"\$\{([^}]*)\}", template) if n not in known]
    if unknown:
        raise invalid(table, f"names no partition column in storage.location.template: {unknown[0]}")


def _template(table: Table) -> str:
    template = table.properties.get("storage.location.template")
    if template is not None:
        return template
    return table.location.rstrip("/") + "/" + "".join(f"{c.name}=${{{c.name}}}/" for c in table.partition_keys)


def location(table: Table, values: Sequence[str]) -> str:
    """The folder of a partition: the template with each `${key}` replaced, or `key=value/` below the table."""
    _check_template(table)
    found = _template(table)
    for column, value in zip(table.partition_keys, values, strict=True):
        found = found.replace(f"${{{column.name}}}", value)
    return found.rstrip("/") + "/"


def common_prefix(table: Table) -> str:
    """The part of every partition's location that comes before the first value."""
    return _template(table).partition("${")[0]
