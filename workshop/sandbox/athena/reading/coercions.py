"""Values of a partition's own column types as those of the table (Athena user guide: handle schema updates)."""

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.compiler.casts import cast
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.formats import by_name
from workshop.sandbox.athena.reading.text_values import round_to_millis
from workshop.sandbox.athena.types import VARCHAR, Type, can_coerce, field_names, quote

_TO_TEXT = (
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double",
    "decimal",
    "boolean",
    "date",
    "timestamp",
    "char",
)
_FRACTIONS = ("real", "double", "decimal")


def can_become(stored: Type, declared: Type) -> bool:  # noqa: PLR0911 - one return for each rule
    """Whether Hive tables read a column of files, `stored`, as the table's `declared` type."""
    if stored == declared or can_coerce(stored, declared):
        return True
    if declared.name == "varchar":
        return stored.name in (*_TO_TEXT, "varchar")
    if stored.name == "varchar":
        return declared.is_integer or declared.name in ("timestamp", "char")
    if stored.name in _FRACTIONS and declared.name in _FRACTIONS:
        return True
    if stored.name == declared.name == "timestamp":
        return True
    if stored.name == declared.name == "row":
        types = dict(zip(field_names(declared), declared.args, strict=True))
        return all(can_become(t, types[n]) for n, t in zip(field_names(stored), stored.args, strict=True) if n in types)
    if stored.name == declared.name and stored.args:
        return all(map(can_become, stored.args, declared.args))
    return False


def coerced(sql: str, stored: Type, declared: Type, depth: int = 0) -> str:  # noqa: PLR0911 - one for each kind
    """SQL of a value read as `stored`, as `declared`; text that is no number becomes NULL."""
    if stored == declared:
        return sql
    item = f"p{depth}"
    match declared.name:
        case "row":
            types = dict(zip(field_names(stored), stored.args, strict=True))
            packed = ", ".join(
                f"{quote(n)} := "
                + (
                    coerced(f"({sql}).{quote(n)}", types[n], t, depth + 1)
                    if n in types
                    else f"CAST(NULL AS {t.duckdb})"
                )
                for n, t in zip(field_names(declared), declared.args, strict=True)
            )
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
        case "array":
            return f"list_transform({sql}, lambda {item}: {coerced(item, stored.args[0], declared.args[0], depth + 1)})"
        case "map":
            parts = [
                coerced(f"{item}.{n}", a, b, depth + 1)
                for n, a, b in zip(("key", "value"), stored.args, declared.args, strict=True)
            ]
            packed = f"struct_pack(k := {parts[0]}, v := {parts[1]})"
            return f"map_from_entries(list_transform(map_entries({sql}), lambda {item}: {packed}))"
        case "varchar" if stored.name == "varbinary":
            return f"coalesce(TRY(decode({sql})), CAST({sql} AS VARCHAR))"
        case "varchar" if stored.name != "varchar":
            shown = text(sql, stored)
            return shown if declared.length is None else f"left({shown}, {declared.length})"
        case "varchar":
            return sql if declared.length is None else f"left({sql}, {declared.length})"
        case "char":
            shown = sql if stored.name in ("varchar", "char") else text(sql, stored)
            return f"rtrim(left({shown}, {declared.length}), ' ')"
        case "timestamp" if stored.name == "timestamp":
            local = f"timezone('UTC', {sql})" if stored.scale else sql
            return (
                round_to_millis(f"CAST({local} AS TIMESTAMP)")
                if stored.precision > 3
                else f"CAST({local} AS TIMESTAMP)"
            )
        case "varbinary":
            return f"CAST({sql} AS BLOB)" if stored.name == "varbinary" else f"encode({sql})"
    if stored.name == "varchar":
        return f"TRY({cast(Value(sql, VARCHAR), declared).sql})"
    return f"TRY_CAST({sql} AS {declared.duckdb})"


def check_partition(table: Table, own: Table, name: str) -> None:
    """HIVE_PARTITION_SCHEMA_MISMATCH if some column of a partition cannot be read as the table's."""
    places = {c.name: c for c in own.columns}
    for i, column in enumerate(table.columns):
        found = places.get(column.name) if by_name(own) else (own.columns[i] if i < len(own.columns) else None)
        if found is None or can_become(found.type, column.type):
            continue
        raise AthenaError(
            "HIVE_PARTITION_SCHEMA_MISMATCH",
            "There is a mismatch between the table and partition schemas. The types are incompatible and cannot be "
            f"coerced. The column '{column.name}' in table '{table.database}.{table.name}' is declared as type "
            f"'{column.hive_type}', but partition '{name}' declared column '{found.name}' as type '{found.hive_type}'.",
        )
