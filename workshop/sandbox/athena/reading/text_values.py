"""SQL that turns fields of text into values, as the SerDes for text do (Trino: io.trino.hive.formats.encodings.text).

LazySimpleSerDe and RegexSerDe make NULL of what they cannot read; OpenCSVSerDe fails the query, and takes dates and
timestamps as numbers (Athena user guide: Open CSV SerDe).
"""

from dataclasses import dataclass
from itertools import chain

from workshop.sandbox.athena.compiler.values import fail
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.reading.text_lines import masked
from workshop.sandbox.athena.types import Type, field_names, literal, quote

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_DAY = r"-?\d{1,10}-\d{1,2}-\d{1,2}"
_TIMESTAMP = (
    rf"\s*({_DAY}( \d{{1,2}}:\d{{1,2}}:\d{{1,2}}(\.\d{{1,9}})?)?|\d{{4}}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{{1,9}})?)?)\s*"
)


@dataclass(frozen=True)
class Delimiters:
    """How LazySimpleSerDe writes values: one separator for each level of nesting, the text of NULL, the escape."""

    separators: tuple[str, ...]
    null: str = "\\N"
    escape: str | None = None
    extended_booleans: bool = False

    @property
    def specials(self) -> str:
        """Characters that an escape may precede, but the escape itself."""
        return "".join(dict.fromkeys(self.separators))

    def plain(self, sql: str) -> str:
        """Text without escapes."""
        if self.escape is None:
            return sql
        sql = f"regexp_replace({sql}, {literal(_pattern(self.escape) + '(.)')}, '\\1', 'gs')"
        for i, special in enumerate((self.escape, *self.specials)):
            sql = f"replace({sql}, {literal(masked(i))}, {literal(special)})"
        return sql


def _pattern(character: str) -> str:
    return f"\\{character}" if not character.isalnum() else character


def delimited_value(sql: str, type_: Type, options: Delimiters, level: int = 1) -> str:
    """A value of LazySimpleSerDe, given the SQL of its text; `level` is the separator of its elements."""
    value = f"nullif({sql}, {literal(options.null)})"
    if not type_.args:
        if type_.name == "varbinary":
            return f"coalesce(TRY(from_base64({value})), encode({value}))"
        return scalar(options.plain(value) if type_.name in ("varchar", "char") else value, type_, options)
    if level + (type_.name == "map") >= len(options.separators):
        raise not_supported("Nesting of more levels than there are separators")
    separator, item = literal(options.separators[level]), f"e{level}"
    parts = f"CASE WHEN {value} = '' THEN CAST([] AS VARCHAR[]) ELSE string_split({value}, {separator}) END"
    match type_.name:
        case "array":
            return f"list_transform({parts}, lambda {item}: {delimited_value(item, type_.args[0], options, level + 1)})"
        case "map":
            return _map(parts, type_, options, level)
    fields = ", ".join(
        f"{quote(name)} := {delimited_value(f'{item}[{i}]', t, options, level + 1)}"
        for i, (name, t) in enumerate(zip(field_names(type_), type_.args, strict=True), 1)
    )
    # A list of one, so that the text is split once for all fields.
    split = f"list_transform([string_split({value}, {separator})], lambda {item}: struct_pack({fields}))[1]"
    return f"CASE WHEN {value} IS NOT NULL THEN {split} END"


def _map(parts: str, type_: Type, options: Delimiters, level: int) -> str:
    """A map; the first of equal keys counts, and one that is NULL is left out."""
    item, mark = f"e{level}", literal(options.separators[level + 1])
    at = f"strpos({item}, {mark})"
    key = delimited_value(
        f"CASE WHEN {at} = 0 THEN {item} ELSE left({item}, {at} - 1) END", type_.args[0], options, level + 2
    )
    value = delimited_value(f"CASE WHEN {at} > 0 THEN substr({item}, {at} + 1) END", type_.args[1], options, level + 2)
    entries = f"list_transform({parts}, lambda {item}: struct_pack(k := {key}, v := {value}))"
    return distinct_map(entries, level)


def distinct_map(entries: str, level: int) -> str:
    """A map of a list of structs k, v: the first of equal keys counts, and one that is NULL is left out."""
    item, keys = f"m{level}", f"list_transform(l{level}, lambda k{level}: k{level}.k)"
    first = f"list_filter(l{level}, lambda {item}, i{level}: list_position({keys}, {item}.k) = i{level})"
    kept = f"list_transform([{entries}], lambda l{level}: list_filter({first}, lambda {item}: {item}.k IS NOT NULL))[1]"
    return f"map_from_entries({kept})"


def scalar(sql: str, type_: Type, options: Delimiters | None = None) -> str:  # noqa: PLR0911 - one for each kind
    """A scalar of a text; NULL where the text is not one."""
    match type_.name:
        case "varchar":
            return sql if type_.length is None else f"left({sql}, {type_.length})"
        case "char":
            return f"rtrim(left({sql}, {type_.length}), ' ')"
        case "boolean":
            extended = options is not None and options.extended_booleans
            yes, no = ("'true', 't', '1'", "'false', 'f', '0'") if extended else ("'true'", "'false'")
            return f"CASE WHEN lower({sql}) IN ({yes}) THEN TRUE WHEN lower({sql}) IN ({no}) THEN FALSE END"
        case "real" | "double":
            form = literal(rf"\s*({_NUMBER}[dDfF]?|[+-]?(NaN|Infinity))\s*")
            number = f"TRY_CAST(rtrim(trim({sql}), 'dDfF') AS {type_.duckdb})"
            named = f"CASE WHEN contains({sql}, 'n') THEN TRY_CAST(trim({sql}) AS {type_.duckdb}) ELSE {number} END"
            return f"CASE WHEN regexp_full_match({sql}, {form}) THEN {named} END"
        case "decimal":
            return f"CASE WHEN regexp_full_match({sql}, {literal(_NUMBER)}) THEN TRY_CAST({sql} AS {type_.duckdb}) END"
        case "date":
            return date_of(sql)
        case "timestamp":
            return timestamp_of(sql, type_)
    if type_.is_integer:
        return integer_of(sql, type_)
    raise not_supported(f"Text of type {type_}")


def integer_of(sql: str, type_: Type) -> str:
    """A whole number; a fraction that is well-formed is cut off."""
    whole = f"coalesce(nullif(split_part({sql}, '.', 1), ''), '0')"
    form = literal(r"[+-]?\d+(\.\d*)?|\.\d+")
    return f"CASE WHEN regexp_full_match({sql}, {form}) THEN TRY_CAST({whole} AS {type_.duckdb}) END"


def date_of(sql: str) -> str:
    """A date; what follows a blank is ignored, and days past the end of a month run on into the next."""
    day = f"split_part(trim({sql}), ' ', 1)"
    year, month, date = (f"CAST(regexp_extract({day}, '^(-?\\d+)-(\\d+)-(\\d+)$', {i}) AS INTEGER)" for i in (1, 2, 3))
    lenient = f"CAST(TRY(make_date({year}, 1, 1) + to_months({month} - 1) + to_days({date} - 1)) AS DATE)"
    form = literal(rf"\s*{_DAY}\s*|\s*{_DAY} .*")
    return f"CASE WHEN regexp_full_match({sql}, {form}) THEN coalesce(TRY_CAST({day} AS DATE), {lenient}) END"


def timestamp_of(sql: str, type_: Type) -> str:
    """A timestamp in JDBC's or ISO 8601's form, without a zone."""
    parsed = f"CASE WHEN regexp_full_match({sql}, {literal(_TIMESTAMP)}) THEN TRY_CAST(trim({sql}) AS TIMESTAMP) END"
    return round_to_millis(parsed) if type_.precision <= 3 else parsed


def round_to_millis(sql: str) -> str:
    """A TIMESTAMP rounded to the three digits of Athena's timestamp(3)."""
    return f"date_trunc('millisecond', {sql} + INTERVAL 500 MICROSECOND)"


_CSV_INTEGERS = ("tinyint", "smallint", "integer", "bigint")


def csv_value(sql: str, type_: Type, position: int, *, null_if_bad: bool) -> str:
    """A field of OpenCSVSerDe, the `position`-th (from 0): HIVE_BAD_DATA where a number is none."""
    whole = f"CASE WHEN regexp_full_match({sql}, '-?\\d+') THEN TRY_CAST({sql} AS BIGINT) END"
    match type_.name:
        case "varchar" | "char":
            return scalar(sql, type_)
        case "boolean":
            return f"(lower({sql}) = 'true')"
        case "date":
            value = f"TRY(CAST(DATE '1970-01-01' + CAST({whole} AS INTEGER) AS DATE))"
        case "timestamp":
            value = f"TRY(make_timestamp({whole} * 1000))"
        case "real" | "double":
            value = scalar(sql, type_)
        case name if name in _CSV_INTEGERS:
            value = f"CASE WHEN regexp_full_match({sql}, '[+-]?\\d+') THEN TRY_CAST({sql} AS {type_.duckdb}) END"
        case _:
            raise not_supported(f"A column of type {type_} with OpenCSVSerDe")
    if null_if_bad:
        return value
    bad = (
        f"'HIVE_BAD_DATA: Error parsing field value ''' || {sql} || ''' for field {position}: "
        f"For input string: \"' || {sql} || '\"'"
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce({value}, {fail(bad, type_)}) END"


def regex_value(sql: str, type_: Type) -> str:
    """A group of RegexSerDe; a boolean is true or else false, a whole number has no fraction."""
    if type_.args or type_.name == "varbinary":
        raise not_supported(f"A column of type {type_} with RegexSerDe")
    if type_.name == "boolean":
        return f"(lower({sql}) = 'true')"
    if type_.is_integer:
        return f"CASE WHEN regexp_full_match({sql}, '[+-]?\\d+') THEN TRY_CAST({sql} AS {type_.duckdb}) END"
    return scalar(sql, type_)


_DEFAULT_SEPARATORS = "".join(map(chr, (1, 2, 3, 4, 5, 6, 7, 8, 11, *range(14, 27), 28, 29)))
_LEVELS, _EXTENDED = 8, "hive.serialization.extend.nesting.levels"


def delimiters(properties: dict[str, str]) -> Delimiters:
    """The options of LazySimpleSerDe among a table's and its SerDe's properties."""
    extended = properties.get(_EXTENDED, "").lower() == "true"
    separators = list(_DEFAULT_SEPARATORS if extended else _DEFAULT_SEPARATORS[:_LEVELS])
    given = (
        ("field.delim", "serialization.format"),
        ("collection.delim", "colelction.delim"),  # Hive's own misspelling, which Glue tables carry
        ("mapkey.delim",),
    )
    for i, names in enumerate(given):
        text = next((properties[n] for n in names if properties.get(n)), None)
        if text is not None:
            separators[i] = _character(text)
    escape = properties.get("escape.delim")
    return Delimiters(
        tuple(separators),
        properties.get("serialization.null.format", "\\N"),
        None if escape is None else _character(escape or "\\"),
        properties.get("hive.lazysimple.extended_boolean_literal", "").lower() == "true",
    )


_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\", "\\b": "\b", "\\f": "\f"}


def _character(text: str) -> str:
    r"""The character that a property gives: as such, as a byte's number, or escaped (`\t`, `\001`, `\u0001`)."""
    if text.lstrip("-").isdigit() and len(text.lstrip("-")) > 0 and -128 <= int(text) <= 127:
        return chr(int(text) % 256)
    if text in _ESCAPES:
        return _ESCAPES[text]
    if text.startswith("\\u") and len(text) == 6:
        return chr(int(text[2:], 16))
    if text.startswith("\\") and text[1:].isdigit():
        return chr(int(text[1:], 8))
    return text[0]


def all_types(type_: Type) -> list[Type]:
    """A type and all those inside it."""
    return [type_, *chain.from_iterable(map(all_types, type_.args))]
