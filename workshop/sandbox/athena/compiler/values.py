"""A typed expression: DuckDB SQL text together with the Trino type it has."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from workshop.sandbox.athena.errors import MARK
from workshop.sandbox.athena.types import Type, field_names, literal, quote, varchar

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


@dataclass(frozen=True)
class LambdaValue(Value):
    """A lambda: `sql` is DuckDB's `lambda x, y: body`, `type` that of the body, `variables` x and y."""

    variables: tuple[str, ...] = ()
    body: str = ""


_LONG = 120
"""Characters of an argument's SQL beyond which it is written once only."""
_counter = count()


def fresh_name() -> str:
    """A name for a lambda's variable that no other has."""
    return f"x{next(_counter)}"


def sharing(values: Sequence[Value], build: Callable[[Sequence[Value]], str]) -> str:
    """`build(values)`, evaluating each of the values once even if the SQL that is built names it several times.

    A long argument that is named twice would double the text at each level of nesting; and a random one would be two
    different values. It becomes the variable of a lambda over a list of one element.
    """
    name = fresh_name()
    held: list[tuple[str, str]] = []
    stand_ins: list[Value] = []
    for i, value in enumerate(values):
        if isinstance(value, LambdaValue) or (len(value.sql) <= _LONG and "random" not in value.sql):
            stand_ins.append(value)
            continue
        held.append((f"{name}.a{i}", value.sql))
        stand_ins.append(replace(value, sql=f"{name}.a{i}"))
    sql = build(stand_ins)
    repeated = [(field, text) for field, text in held if _uses(sql, field) > 1]
    for field, text in held:
        if (field, text) not in repeated:
            sql = re.sub(rf"\b{re.escape(field)}\b", text.replace("\\", r"\\"), sql)
    if not repeated:
        return sql
    packed = ", ".join(f"{field.partition('.')[2]} := {text}" for field, text in repeated)
    return f"list_transform([struct_pack({packed})], lambda {name}: {sql})[1]"


def _uses(sql: str, field: str) -> int:
    return len(re.findall(rf"\b{re.escape(field)}\b", sql))


def fail(message_sql: str, type_: Type) -> str:
    """SQL that raises the Trino error whose `CODE: message` is the text `message_sql`.

    A failing CAST instead of error(), because DuckDB's TRY refuses the latter. `errors_of_run` reads it back.
    """
    return f"CAST(CAST('{MARK}' || {message_sql} || '{MARK}' AS INTEGER) AS {type_.duckdb})"


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
    if target.is_timestamp_tz and source.is_timestamp_tz:
        return sql
    if target.is_timestamp_tz:
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
