"""A typed expression: DuckDB SQL text together with the Trino type it has."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from workshop.sandbox.athena.compiler import moments
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
    """A lambda: `sql` is DuckDB's `lambda x, y: body`, `type` that of the body, `variables` x and y.

    `apply` writes the body with other SQL in place of the variables. That may name the variables, which no lambda
    around or inside of this one has: so a template that needs a variable of its own over a body takes one of them.
    """

    variables: tuple[str, ...] = ()
    body: str = ""
    apply: Callable[[Sequence[str]], str] = lambda _: ""


_LONG = 120
"""Characters of an argument's SQL beyond which it is written once only."""


def name_for(*texts: str) -> str:
    """A name for a variable of a lambda over `texts`, which no lambda inside of them has.

    The same texts give the same name, so that GROUP BY finds its keys in SELECT by their SQL.
    """
    return "x" + blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()


def sharing(values: Sequence[Value], build: Callable[[Sequence[Value]], str]) -> str:
    """`build(values)`, evaluating each of the values once even if the SQL that is built names it several times.

    A long argument that is named twice would double the text at each level of nesting; and a random one would be two
    different values. It becomes the variable of a lambda over a list of one element.
    """
    name = name_for(*(v.sql for v in values))
    held: list[tuple[str, str]] = []
    stand_ins: list[Value] = []
    for i, value in enumerate(values):
        if isinstance(value, LambdaValue) or may_be_repeated(value.sql):
            stand_ins.append(value)
            continue
        held.append((f"{name}.a{i}", value.sql))
        stand_ins.append(replace(value, sql=f"{name}.a{i}"))
    sql = build(stand_ins)
    repeated = [(field, text) for field, text in held if _uses(sql, field) > 1]
    if repeated or "lambda" in sql:
        repeated += [h for h in held if h not in repeated and _is_fragile(h[1]) and _uses(sql, h[0])]
    for field, text in held:
        if (field, text) not in repeated:
            sql = re.sub(rf"\b{re.escape(field)}\b", text.replace("\\", r"\\"), sql)
    if not repeated:
        return sql
    packed = ", ".join(f"{field.partition('.')[2]} := {text}" for field, text in repeated)
    return f"list_transform([struct_pack({packed})], lambda {name}: {sql})[1]"


def may_be_repeated(sql: str) -> bool:
    """Whether SQL may be written more than once: it is short, and gives the same value each time."""
    return len(sql) <= _LONG and not _is_fragile(sql)


def _is_fragile(sql: str) -> bool:
    """Whether the SQL may not stand in a lambda: DuckDB takes no subquery there, and a random value is one value."""
    return "SELECT" in sql or "random" in sql


def held(sql: str, build: Callable[[str], str]) -> str:
    """`build(sql)`, where lambdas name `sql`: unless it is a mere column, it is computed once, not for each element."""
    if _COLUMN.fullmatch(sql):
        return build(sql)
    name = name_for(sql)
    return f"list_transform([{sql}], lambda {name}: {build(name)})[1]"


def joined_texts(texts: str, separator: str) -> str:
    """The texts of a list with a separator, a literal, between them; without NULLs; NULL if the list is NULL.

    DuckDB's macro writes the list twice: nested ones would double at every level.
    """
    return held(texts, lambda listed: f"array_to_string({listed}, {separator})")


_COLUMN = re.compile(r"[\w.]+")


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


def _convert(sql: str, source: Type, target: Type) -> str:  # noqa: PLR0911 - one return for each kind
    if source.name == "char" and target.name == "varchar":
        return f"rpad({sql}, {source.length}, ' ')"
    if source.name == "varchar" and target.name == "char":
        return f"rtrim({sql}, ' ')"
    if source.duckdb == target.duckdb and source.name != "unknown":
        return sql
    if source.name == "unknown":
        return f"CAST(NULL AS {target.duckdb})"
    if moments.is_temporal(target):
        return moments.coerced(sql, source, target)
    if target.name == "row":
        return convert_row(sql, source, target, _convert)
    if target.name in ("array", "map"):
        return convert_items(sql, source, target, _convert)
    return f"CAST({sql} AS {target.duckdb})"


def convert_items(sql: str, source: Type, target: Type, convert: Converter) -> str:
    """An array or a map converted item by item; the keys of a map stay different and not NULL."""
    names = ["e"] if target.name == "array" else ["e.key", "e.value"]
    items = [convert(n, from_, to) for n, from_, to in zip(names, source.args, target.args, strict=True)]
    if items == [f"CAST({n} AS {to.duckdb})" for n, to in zip(names, target.args, strict=True)]:
        return f"CAST({sql} AS {target.duckdb})"
    if target.name == "array":
        return f"list_transform({sql}, lambda e: {items[0]})"
    entries = f"list_transform(map_entries({sql}), lambda e: struct_pack(key := {items[0]}, value := {items[1]}))"
    return f"map_from_entries({entries})"


def convert_row(sql: str, source: Type, target: Type, convert: Converter) -> str:
    """A row rebuilt field by field under the names of `target`."""
    fields = ", ".join(
        f"{quote(new)} := {convert(f'({sql}).{quote(old)}', from_, to)}"
        for old, new, from_, to in zip(field_names(source), field_names(target), source.args, target.args, strict=True)
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"


def text_literal(text: str) -> Value:
    """A varchar literal."""
    return Value(literal(text), varchar(len(text)), text)
