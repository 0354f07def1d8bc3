"""ALTER TABLE ADD, DROP and RENAME PARTITION, SHOW PARTITIONS, and what ALTER TABLE does to a single partition."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog.glue import NULL_PARTITION
from workshop.sandbox.athena.catalog.glue_client import Structure
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    execution_error,
    keys_of,
    semantic_error,
)
from workshop.sandbox.athena.catalog_statements.names import check_location
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.syntax.catalog_statements import (
    AddColumns,
    AddPartitions,
    DropPartitions,
    RenamePartition,
    ReplaceColumns,
    SetLocation,
    ShowPartitions,
)

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")
_ESCAPED = frozenset("\"#%'*/:=?\\\x7f{[]^" + "".join(map(chr, range(1, 32))))
"""Characters that Hive writes as %XX in the names of folders (FileUtils.escapePathName)."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def add_partitions(statement: AddPartitions, context: Context) -> Answer:
    """Register partitions; the folder of one without LOCATION is that of its values below the table's."""
    table = context.hive_table(statement.name)
    inputs = []
    for added in statement.partitions:
        values = _values(table, added.values)
        check_location(added.location)
        location = added.location or f"{root_of(table)}/{path_of(table, values)}"
        inputs.append(partition_input(table, values, location))
    if not statement.if_not_exists:
        existing = {tuple(p["Values"]) for p in context.glue.partitions(table["DatabaseName"], table["Name"])}
        given = [tuple(p["Values"]) for p in inputs]
        if existing & set(given) or len(set(given)) < len(given):
            raise execution_error("AlreadyExistsException(message:Partition already exists.)")
    context.glue.create_partitions(table["DatabaseName"], table["Name"], inputs)
    return Answer()


def drop_partitions(statement: DropPartitions, context: Context) -> Answer:
    """Drop all partitions that satisfy one of the lists of conditions; the files stay."""
    table = context.hive_table(statement.name)
    keys = {k["Name"]: k["Type"] for k in keys_of(table)}
    partitions = list(context.glue.partitions(table["DatabaseName"], table["Name"]))
    dropped: dict[tuple[str, ...], None] = {}
    for spec in statement.specs:
        _check_keys(table, {key: value for key, _, value in spec})
        found = [p for p in partitions if _satisfies(p, spec, keys)]
        if not found and not statement.if_exists:
            raise semantic_error(10006, f"Partition not found ({', '.join(f'{k} {o} {v}' for k, o, v in spec)})")
        dropped.update(dict.fromkeys(tuple(p["Values"]) for p in found))
    for values in dropped:
        context.check()
        context.glue.delete_partition(table["DatabaseName"], table["Name"], values)
    return Answer()


def rename_partition(statement: RenamePartition, context: Context) -> Answer:
    """Give a partition other values; its files stay where they are."""
    table = context.hive_table(statement.name)
    partition = partition_of(table, statement.values, context)
    values = _values(table, statement.new_values)
    if values != partition["Values"] and _find(table, values, context) is not None:
        raise execution_error(f"Unable to rename partition. Partition already exists: {values}")
    context.glue.update_partition(
        table["DatabaseName"], table["Name"], partition["Values"], {**partition, "Values": values}
    )
    return Answer()


def set_partition_location(statement: SetLocation, context: Context) -> Answer:
    """Move one partition."""
    check_location(statement.location)
    return _update_storage(statement.name, statement.partition or {}, context, {"Location": statement.location})


def add_partition_columns(statement: AddColumns, context: Context) -> Answer:
    """Append columns to one partition's own list."""
    table = context.hive_table(statement.name)
    before = partition_of(table, statement.partition or {}, context)["StorageDescriptor"].get("Columns") or []
    added = [*before, *(c.glue() for c in statement.columns)]
    return _update_storage(statement.name, statement.partition or {}, context, {"Columns": added})


def replace_partition_columns(statement: ReplaceColumns, context: Context) -> Answer:
    """Replace one partition's own list of columns."""
    columns = [c.glue() for c in statement.columns]
    return _update_storage(statement.name, statement.partition or {}, context, {"Columns": columns})


def _update_storage(name: Any, values: Mapping[str, str], context: Context, storage: Mapping[str, Any]) -> Answer:
    table = context.hive_table(name)
    partition = partition_of(table, values, context)
    changed = {**partition, "StorageDescriptor": {**partition["StorageDescriptor"], **storage}}
    context.glue.update_partition(table["DatabaseName"], table["Name"], partition["Values"], changed)
    return Answer()


def show_partitions(statement: ShowPartitions, context: Context) -> Answer:
    """`key=value/…` for each registered partition."""
    table = context.hive_table(statement.name)
    if not keys_of(table):
        raise semantic_error(10241, f"Table {statement.name} is not a partitioned table")
    wanted = statement.partition or {}
    _check_keys(table, wanted)
    keys = {k["Name"]: k["Type"] for k in keys_of(table)}
    spec = [(key, "=", value) for key, value in wanted.items()]
    partitions = context.glue.partitions(table["DatabaseName"], table["Name"])
    lines = [path_of(table, p["Values"]) for p in partitions if _satisfies(p, spec, keys)]
    return Answer([column("partition")], lines)


def partition_input(table: Mapping[str, Any], values: Sequence[str], location: str) -> Structure:
    """What Glue is told of a new partition: it is stored as its table is."""
    return {"Values": list(values), "StorageDescriptor": {**table["StorageDescriptor"], "Location": location}}


def root_of(table: Mapping[str, Any]) -> str:
    """The table's folder, without a slash at the end."""
    return str(table["StorageDescriptor"].get("Location") or "").rstrip("/")


def path_of(table: Mapping[str, Any], values: Sequence[str]) -> str:
    """`key=value/…`, as Hive names folders."""
    return "/".join(
        f"{escape(key['Name'])}={escape(value)}" for key, value in zip(keys_of(table), values, strict=False)
    )


def escape(text: str) -> str:
    """A name or value in the name of a folder; an empty one is NULL's."""
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in text) or NULL_PARTITION


def _values(table: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """Values in the order of the table's keys; Hive's error unless all of them are given."""
    _check_keys(table, given)
    keys = keys_of(table)
    if len(given) < len(keys):
        raise _invalid(f"partition spec {_shown(given)} doesn't contain all ({len(keys)}) partition columns")
    return [given[key["Name"]] for key in keys]


def _check_keys(table: Mapping[str, Any], given: Mapping[str, str]) -> None:
    keys = {k["Name"]: k["Type"] for k in keys_of(table)}
    if given and not keys:
        raise _invalid(f"table is not partitioned but partition spec exists: {_shown(given)}")
    if any(key not in keys for key in given):
        raise _invalid(f"Partition spec {_shown(given)} contains non-partition columns")
    for key, value in given.items():
        if keys[key] in _NUMBERS and _number(value) is None and value != NULL_PARTITION:
            raise semantic_error(
                10248, f"Cannot add partition column {key} of type string as it cannot be converted to type {keys[key]}"
            )


def partition_of(table: Mapping[str, Any], given: Mapping[str, str], context: Context) -> Structure:
    """The registered partition with these values; Hive's error if there is none."""
    values = _values(table, given)
    found = _find(table, values, context)
    if found is None:
        raise semantic_error(10006, f"Partition not found {_shown(given)}")
    return found


def _find(table: Mapping[str, Any], values: Sequence[str], context: Context) -> Structure | None:
    partitions: Iterator[Structure] = context.glue.partitions(table["DatabaseName"], table["Name"])
    return next((p for p in partitions if p["Values"] == list(values)), None)


def _satisfies(partition: Mapping[str, Any], spec: Sequence[tuple[str, str, str]], keys: Mapping[str, str]) -> bool:
    values = dict(zip(keys, partition["Values"], strict=False))
    return all(_compares(values.get(key, ""), comparison, value, keys[key]) for key, comparison, value in spec)


def _compares(left: str, comparison: str, right: str, type_: str) -> bool:
    if type_ in _NUMBERS:
        a, b = _number(left), _number(right)
        if a is not None and b is not None:
            return _COMPARE[comparison](a, b)
    return _COMPARE[comparison](left, right)


def _number(text: str) -> float | int | None:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _invalid(text: str) -> AthenaError:
    return AthenaError("", f"FAILED: ValidationFailureSemanticException {text}")


def _shown(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}={value}" for key, value in values.items()) + "}"
