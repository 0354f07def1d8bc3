"""CAST from and to JSON (Trino documentation: JSON functions, cast to and from JSON).

`casts` asks `castable` and `convert` here for every pair of types of which exactly one is JSON. A value becomes JSON in
DuckDB, part by part; JSON becomes a value in Python.
"""

from decimal import Decimal
from itertools import count

from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import joined_texts
from workshop.sandbox.athena.sqljson.from_json import reader
from workshop.sandbox.athena.sqljson.text import quote as quote_text
from workshop.sandbox.athena.types import JSON, UNKNOWN, VARCHAR, Type, field_names, literal, quote
from workshop.sandbox.athena.udf import Udf, call

_COMMA = literal(",")
_NUMBERS = frozenset(["tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"])
_KEYS = _NUMBERS | {"boolean", "varchar"}
_SCALARS = _KEYS | {"json"}
_WRITTEN = _SCALARS | {"date", "timestamp", "unknown"}
_PLAIN_SCALE = 6
"""Java's BigDecimal has no exponent up to so many digits behind the point."""


def _big_decimal(shown: str) -> str:
    """Java's BigDecimal.toString, which is Python's."""
    return str(Decimal(shown))


_QUOTE, _BIG_DECIMAL = Udf(quote_text), Udf(_big_decimal)
_PLAIN = literal('^[^"\\\\\x01-\x1f]*$')


def castable(source: Type, target: Type) -> bool:
    """Whether Trino casts `source` to `target`; one of them is JSON."""
    if source == UNKNOWN:
        return True
    return _holds(target, _SCALARS) if source == JSON else _holds(source, _WRITTEN)


def _holds(type_: Type, scalars: frozenset[str]) -> bool:
    if type_.name == "map":
        return type_.args[0].name in (*_KEYS, "unknown") and _holds(type_.args[1], scalars)
    if type_.name in ("array", "row"):
        return all(_holds(t, scalars) for t in type_.args)
    return type_.name in scalars


def convert(sql: str, source: Type, target: Type) -> str:
    """SQL of `CAST(sql AS target)`; `castable(source, target)` holds."""
    if source == UNKNOWN:
        return f"CAST({sql} AS {target.duckdb})"
    if source == JSON:
        return call(reader(target), [sql], [JSON], target)
    return _json(sql, source, map("e{}".format, count()))


def _json(sql: str, type_: Type, names: "map[str]") -> str:
    """JSON text of a value, NULL if it is NULL; `names` are names for variables."""
    match type_.name:
        case "unknown":
            return "CAST(NULL AS VARCHAR)"
        case "json":
            return sql
        case "array":
            item = next(names)
            items = f"list_transform({sql}, lambda {item}: {_or_null(item, type_.args[0], names)})"
            return f"('[' || {joined_texts(items, _COMMA)} || ']')"
        case "map":
            return _object(sql, type_, names)
        case "row":
            fields = zip(type_.fields, field_names(type_), type_.args, strict=True)
            members = [
                literal(quote_text(name or "") + ":") + " || " + _or_null(f"({sql}).{quote(field)}", t, names)
                for name, field, t in fields
            ]
            joined = " || ',' || ".join(members)
            return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    return _scalar(sql, type_)


def _or_null(sql: str, type_: Type, names: "map[str]") -> str:
    return f"coalesce({_json(sql, type_, names)}, 'null')"


def _object(sql: str, type_: Type, names: "map[str]") -> str:
    """A map, its keys in order."""
    entry, pair = next(names), next(names)
    key, value = text(f"{entry}.key", type_.args[0]), _or_null(f"{entry}.value", type_.args[1], names)
    pairs = f"list_transform(map_entries({sql}), lambda {entry}: struct_pack(k := {key}, v := {value}))"
    members = f"list_transform(list_sort({pairs}), lambda {pair}: {_quoted(f'{pair}.k')} || ':' || {pair}.v)"
    return f"('{{' || {joined_texts(members, _COMMA)} || '}}')"


def _scalar(sql: str, type_: Type) -> str:
    shown = text(sql, type_)
    if type_.name in ("real", "double"):
        # What is no number in JSON is text.
        return f"CASE WHEN isfinite({sql}) THEN {shown} ELSE '\"' || {shown} || '\"' END"
    if type_.name == "decimal" and type_.scale > _PLAIN_SCALE:
        return call(_BIG_DECIMAL, [shown], [VARCHAR], VARCHAR)
    if type_.name in _NUMBERS or type_.name == "boolean":
        return shown
    return _quoted(shown)


def _quoted(sql: str) -> str:
    """A JSON string; most texts have nothing to escape."""
    plain = f"regexp_full_match({sql}, {_PLAIN}) AND NOT contains({sql}, chr(0))"
    return f"CASE WHEN {plain} THEN '\"' || {sql} || '\"' ELSE {call(_QUOTE, [sql], [VARCHAR], VARCHAR)} END"
