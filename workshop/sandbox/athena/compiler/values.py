"""A typed expression: DuckDB SQL text together with the Trino type it has."""

from collections.abc import Callable
from dataclasses import dataclass

from workshop.sandbox.athena.types import TIMESTAMP_TZ, Type, field_names, literal, quote, varchar

Converter = Callable[[str, Type, Type], str]
"""(sql, source type, target type) -> sql of the converted value."""


@dataclass(frozen=True)
class Value:
    """`sql` evaluates in DuckDB to a value of `type`.

    `constant` holds the text of a literal (a date format, a unit, a JSON path), for functions whose translation
    depends on it.
    """

    sql: str
    type: Type
    constant: str | None = None


def fail(message_sql: str, type_: Type) -> str:
    """SQL that raises the Trino error whose `CODE: message` is the text `message_sql`.

    A failing CAST instead of error(), because DuckDB's TRY refuses the latter. `errors_of_run` reads it back.
    """
    return f"CAST(CAST('{MARK}' || {message_sql} || '{MARK}' AS INTEGER) AS {type_.duckdb})"


MARK = "\u001e"
"""Encloses the text of an error that our SQL raises on purpose (the record separator: not in ordinary data)."""


def coerce(value: Value, target: Type) -> Value:
    """`value` as `target`, a type it coerces to implicitly."""
    if value.type == target:
        return value
    return Value(_convert(value.sql, value.type, target), target, value.constant)


def _convert(sql: str, source: Type, target: Type) -> str:
    if source.duckdb == target.duckdb and source.name != "unknown":
        return sql
    if source.name == "unknown":
        return f"CAST(NULL AS {target.duckdb})"
    if target == TIMESTAMP_TZ:
        # The session's zone is UTC, as in Athena.
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := CAST({sql} AS TIMESTAMP), z := 'UTC') END"
    if target.name == "row":
        return convert_row(sql, source, target, _convert)
    return f"CAST({sql} AS {target.duckdb})"


def convert_row(sql: str, source: Type, target: Type, convert: Converter) -> str:
    """A row rebuilt field by field under the names of `target`."""
    fields = ", ".join(
        f"{quote(new)} := {convert(f'({sql}).{quote(old)}', from_, to)}"
        for old, new, from_, to in zip(field_names(source), field_names(target), source.args, target.args, strict=True)
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"


def local_timestamp(sql: str) -> str:
    """The wall-clock TIMESTAMP that a timestamp with time zone shows in its own zone."""
    return f"athena_local({sql})"


def text_literal(text: str) -> Value:
    """A varchar literal."""
    return Value(literal(text), varchar(len(text)), text)
