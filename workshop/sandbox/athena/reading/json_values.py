"""Values of JSON records as the SerDes of Athena take them.

The Hive JSON SerDe reads as Trino's own reader does (io.trino.hive.formats.line.json.JsonDeserializer): a scalar column
takes no object and no array, a number no text; a fraction in an integer column is cut off; booleans are the text `true`
or false; everything else is taken by its text. The OpenX SerDe takes objects as their text, and numbers in quotes; a
fraction in an integer column, for which it has a rule that is not documented, is refused.
"""

from workshop.sandbox.athena.compiler.time_casts import round_to_millis
from workshop.sandbox.athena.compiler.values import fail
from workshop.sandbox.athena.types import Type, field_names, literal, quote

_COMPOUND = ("{", "[")
_NOT_A_NUMBER = ('"', "t", "f")


def stored_type(type_: Type) -> str:
    """The DuckDB type that a value is read as: containers as such, scalars as the JSON they are."""
    match type_.name:
        case "array":
            return f"{stored_type(type_.args[0])}[]"
        case "map":
            return f"MAP(VARCHAR, {stored_type(type_.args[1])})"
        case "row":
            fields = zip(field_names(type_), type_.args, strict=True)
            return f"STRUCT({', '.join(f'{quote(n)} {stored_type(t)}' for n, t in fields)})"
    return "JSON"


def from_stored(sql: str, type_: Type, *, strict: bool, depth: int = 0) -> str:
    """SQL of a value of `type_`, given that of its `stored_type`; `strict`: as the Hive SerDe, else as OpenX's."""
    item = f"e{depth}"

    def inner(part: str, part_type: Type) -> str:
        return from_stored(part, part_type, strict=strict, depth=depth + 1)

    match type_.name:
        case "array":
            return f"list_transform({sql}, lambda {item}: {inner(item, type_.args[0])})"
        case "map":
            key, value = _of_text(f"{item}.key", type_.args[0]), inner(f"{item}.value", type_.args[1])
            entries = f"list_transform(map_entries({sql}), lambda {item}: struct_pack(k := {key}, v := {value}))"
            return f"map_from_entries({entries})"
        case "row":
            fields = zip(field_names(type_), type_.args, strict=True)
            packed = ", ".join(f"{quote(n)} := {inner(f'({sql}).{quote(n)}', t)}" for n, t in fields)
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
    return _scalar(sql, type_, strict=strict)


def _scalar(sql: str, type_: Type, *, strict: bool) -> str:
    first, text = f"left(CAST({sql} AS VARCHAR), 1)", f"({sql} ->> '$')"
    wrong: tuple[str, ...] = _COMPOUND
    if strict and (type_.is_integer or type_.name in ("real", "double")):
        wrong = (*_COMPOUND, *_NOT_A_NUMBER)
    value = _of_text(text, type_)
    if strict and type_.is_integer:
        cut = f"TRY_CAST(trunc(TRY_CAST({text} AS DOUBLE)) AS {type_.duckdb})"
        value = f"CASE WHEN {_has_fraction(text)} THEN {_or_bad(cut, text, type_)} ELSE {value} END"
    if not strict and type_.name == "varchar":
        return value
    listed = ", ".join(map(literal, wrong))
    return f"CASE WHEN {first} IN ({listed}) THEN {_bad(f'CAST({sql} AS VARCHAR)', type_)} ELSE {value} END"


def _of_text(text: str, type_: Type) -> str:
    match type_.name:
        case "varchar":
            return text if type_.length is None else f"left({text}, {type_.length})"
        case "varbinary":
            return f"encode({text})"
        case "boolean":
            return f"(lower({text}) = 'true')"
        case "timestamp":
            return _or_bad(round_to_millis(f"TRY_CAST({text} AS TIMESTAMP)"), text, type_)
    value = f"TRY_CAST({text} AS {type_.duckdb})"
    if type_.is_integer:
        value = f"CASE WHEN NOT {_has_fraction(text)} THEN {value} END"  # DuckDB would round it
    return _or_bad(value, text, type_)


def _has_fraction(text: str) -> str:
    return f"regexp_matches({text}, '[.eE]')"


def _or_bad(value: str, text: str, type_: Type) -> str:
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce({value}, {_bad(text, type_)}) END"


def _bad(text: str, type_: Type) -> str:
    return fail(f"'HIVE_BAD_DATA: Error Parsing a row: Invalid JSON: not a value of type {type_}: ' || {text}", type_)
