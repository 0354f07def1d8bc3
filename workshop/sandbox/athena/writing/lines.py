"""SQL of a row as a line of text: for LazySimpleSerDe, and for the Hive JSON SerDe."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import joined_texts
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.text_values import Delimiters
from workshop.sandbox.athena.types import Type, field_names, literal, quote


def delimited_line(columns: Sequence[tuple[str, Type]], options: Delimiters) -> str:
    """The line of a row whose columns are SQL and type."""
    parts = [delimited(sql, type_, options) for sql, type_ in columns]
    return f" || {literal(options.separators[0])} || ".join(parts)


def delimited(sql: str, type_: Type, options: Delimiters, level: int = 1) -> str:
    """A value as LazySimpleSerDe writes it."""
    null = literal(options.null)
    if not type_.args:
        return f"coalesce({_scalar(sql, type_, options)}, {null})"
    if level + (type_.name == "map") >= len(options.separators):
        raise AthenaError("NOT_SUPPORTED", "Nesting of more levels than there are separators")
    separator, item = literal(options.separators[level]), f"w{level}"
    match type_.name:
        case "array":
            parts = f"list_transform({sql}, lambda {item}: {delimited(item, type_.args[0], options, level + 1)})"
        case "map":
            key, value = (
                delimited(f"{item}.{n}", t, options, level + 2)
                for n, t in zip(("key", "value"), type_.args, strict=True)
            )
            entry = f"{key} || {literal(options.separators[level + 1])} || {value}"
            parts = f"list_transform(map_entries({sql}), lambda {item}: {entry})"
        case _:
            fields = zip(field_names(type_), type_.args, strict=True)
            listed = ", ".join(delimited(f"({sql}).{quote(n)}", t, options, level + 1) for n, t in fields)
            parts = f"[{listed}]"
    return f"CASE WHEN {sql} IS NULL THEN {null} ELSE {joined_texts(parts, separator)} END"


def _scalar(sql: str, type_: Type, options: Delimiters) -> str:
    match type_.name:
        case "varchar" | "char":
            value = sql
            if options.escape is not None:
                value = f"replace({value}, {literal(options.escape)}, {literal(options.escape * 2)})"
                for special in options.specials:
                    value = f"replace({value}, {literal(special)}, {literal(options.escape + special)})"
            return value
        case "varbinary":
            return f"to_base64({sql})"
        case "timestamp":
            return hive_timestamp(sql, type_)
    return text(sql, type_)


def hive_timestamp(sql: str, type_: Type) -> str:
    """`yyyy-MM-dd HH:mm:ss`, and as many digits of the second as there are."""
    return f"rtrim(rtrim({text(sql, type_)}, '0'), '.')" if type_.precision else text(sql, type_)


def json_line(columns: Sequence[tuple[str, str, Type]]) -> str:
    """The JSON object of a row whose columns are name, SQL and type."""
    packed = ", ".join(f"{quote(name)} := {_json(sql, type_)}" for name, sql, type_ in columns)
    return f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"


def _json(sql: str, type_: Type, level: int = 0) -> str:  # noqa: PLR0911 - one return for each kind
    """A value of a type that to_json writes as the SerDe does."""
    item = f"j{level}"
    match type_.name:
        case "timestamp":
            return hive_timestamp(sql, type_)
        case "date":
            return text(sql, type_)
        case "varbinary":
            return f"to_base64({sql})"
        case "array":
            return f"list_transform({sql}, lambda {item}: {_json(item, type_.args[0], level + 1)})"
        case "map":
            key, value = text(f"{item}.key", type_.args[0]), _json(f"{item}.value", type_.args[1], level + 1)
            entries = f"list_transform(map_entries({sql}), lambda {item}: struct_pack(k := {key}, v := {value}))"
            return f"map_from_entries({entries})"
        case "row":
            fields = zip(field_names(type_), type_.args, strict=True)
            packed = ", ".join(f"{quote(n)} := {_json(f'({sql}).{quote(n)}', t, level + 1)}" for n, t in fields)
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
    return sql
