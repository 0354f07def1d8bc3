"""String functions (Trino documentation: string functions and operators).

DuckDB's own functions stand where they agree code point by code point; `code_points` does the rest, often only for
text that is not ASCII.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.functions import code_points, english_stems
from workshop.sandbox.athena.functions.nullable import nullable
from workshop.sandbox.athena.functions.registry import Registry, ResultType, Row
from workshop.sandbox.athena.types import VARCHAR, Type, array, char, literal, varchar
from workshop.sandbox.athena.udf import Udf, call

_MAX_LENGTH = 2**31 - 1
_MAX_CHAR = 65536
_MAX_ARGUMENTS = 127
_SUBSTRING = (
    # Trino: position 0 and positions outside the text give ''; negative ones count from the end.
    "CASE WHEN {1} = 0 OR abs({1}) > length({0}) THEN CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN '' END "
    "ELSE substr({0}, {1}%s) END"
)
_REST = _SUBSTRING % ""
_PART = (
    "CASE WHEN {2} <= 0 THEN CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN '' END ELSE "
    + _SUBSTRING % ", least({2}, 2147483647)"
    + " END"
)


def _text(values: Sequence[Value], function: Callable[..., object], result: Type = VARCHAR) -> str:
    return call(Udf(function), [v.sql for v in values], [v.type for v in values], result)


def _ascii_or(template: str, function: Callable[..., object], result: Type = VARCHAR) -> Callable[..., str]:
    """DuckDB's function for ASCII text, ours for any other."""

    def build(values: Sequence[Value]) -> str:
        text = values[0].sql
        ours = _text(values, function, result)
        return f"CASE WHEN strlen({text}) = length({text}) THEN {template.format(text)} ELSE {ours} END"

    return build


def _padded(values: Sequence[Value]) -> Value:
    """The first argument, a char, with the blanks that fill it up to its length."""
    return Value(f"rpad({values[0].sql}, {values[0].type.length}, ' ')", VARCHAR)


def _on_padded(template: str) -> Callable[[Sequence[Value]], str]:
    return lambda values: template.format(_padded(values).sql, *(v.sql for v in values[1:]))


def _varchar_of_char(types: Sequence[Type]) -> Type:
    return varchar(types[0].length or 1)


def _array_of_first(types: Sequence[Type]) -> Type:
    return array(types[0])


def _replaced_length(types: Sequence[Type]) -> Type:
    """Longest where every gap between characters is filled: x + z * (x + 1)."""
    x, z = types[0].length, types[2].length
    length = _MAX_LENGTH if x is None or z is None else x + z * (x + 1)
    return varchar(length) if length < _MAX_LENGTH else VARCHAR


def _concat(values: Sequence[Value]) -> str:
    if len(values) > _MAX_ARGUMENTS:
        raise AthenaError("TOO_MANY_ARGUMENTS", "Too many arguments for function call concat()")
    return "(" + " || ".join(v.sql for v in values) + ")"


def _concat_char(values: Sequence[Value]) -> str:
    left, right = values
    return f"CASE WHEN {right.sql} = '' THEN {left.sql} ELSE {_padded(values).sql} || {right.sql} END"


def _char_of_both(types: Sequence[Type]) -> Type:
    length = sum(t.length or 1 for t in types)
    if length > _MAX_CHAR:
        raise AthenaError("TYPE_NOT_FOUND", f"Unknown type: char({length})")
    return char(length)


def _one_argument(values: Sequence[Value]) -> str:
    raise AthenaError("INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments")


def _concat_ws(values: Sequence[Value]) -> str:
    separator, *parts = (v.sql for v in values)
    # A missing separator gives NULL, missing parts are left out: DuckDB does the same.
    return f"CASE WHEN {separator} IS NOT NULL THEN concat_ws({separator}, {', '.join(parts)}) END"


def _codepoint(values: Sequence[Value]) -> str:
    length = values[0].type.length
    if values[0].type.name == "varchar" and (length is None or length > 1):
        raise AthenaError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({values[0].type}) for function codepoint. Expected: codepoint(varchar(1))",
        )
    return _text([replace(values[0], type=VARCHAR)], code_points.codepoint, Type("integer"))


def _split(values: Sequence[Value]) -> str:
    """DuckDB splits by a literal delimiter just so; an empty one fails in ours."""
    if values[1].constant:
        return f"string_split({values[0].sql}, {values[1].sql})"
    return _text(values, code_points.split_all, array(VARCHAR))


def _padding(name: str, ours: Callable[..., object]) -> Callable[[Sequence[Value]], str]:
    """DuckDB pads to a literal length with a literal filler just so; others may be ones that fail."""

    def build(values: Sequence[Value]) -> str:
        size = values[1].constant
        if size is None or not size.isdigit() or int(size) > _MAX_LENGTH or not values[2].constant:
            return _text(values, ours)
        return f"{name}({values[0].sql}, CAST({size} AS INTEGER), {values[2].sql})"

    return build


_SPLIT_PART = nullable(code_points.split_part)


def _split_part(values: Sequence[Value]) -> str:
    text, delimiter, index = (v.sql for v in values)
    if not values[1].constant:
        return call(_SPLIT_PART, [v.sql for v in values], [v.type for v in values], VARCHAR)
    low = fail(literal("INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"), VARCHAR)
    return (
        f"CASE WHEN {index} <= 0 THEN {low} WHEN {index} > len(string_split({text}, {delimiter})) THEN NULL "
        f"ELSE string_split({text}, {delimiter})[{index}] END"
    )


def _replace(values: Sequence[Value]) -> str:
    text, search = values[0].sql, values[1].sql
    replacement = values[2].sql if len(values) > 2 else "''"
    if values[1].constant:
        return f"replace({text}, {search}, {replacement})"
    arguments = [*values[:2], Value(replacement, VARCHAR)]
    slow, fast = _text(arguments, code_points.replace), f"replace({text}, {search}, {replacement})"
    return f"CASE WHEN {search} = '' THEN {slow} ELSE {fast} END"


_SAME_ARRAY: ResultType = _array_of_first
_ROWS: tuple[Row, ...] = (
    ("chr(bigint) -> varchar", Udf(code_points.chr_of), lambda _: varchar(1)),
    ("codepoint(varchar_x) -> integer", _codepoint),
    ("length(char) -> bigint", lambda v: f"CASE WHEN {v[0].sql} IS NOT NULL THEN {v[0].type.length} END"),
    ("length(varchar_x) -> bigint", "length({0})"),
    ("lower(char) -> char", _ascii_or("lower({0})", code_points.lower)),
    ("lower(varchar_x) -> varchar_x", _ascii_or("lower({0})", code_points.lower)),
    ("upper(char) -> char", _ascii_or("upper({0})", code_points.upper)),
    ("upper(varchar_x) -> varchar_x", _ascii_or("upper({0})", code_points.upper)),
    ("reverse(char) -> varchar",
     lambda v: f"rtrim({_text([_padded(v)], code_points.reverse)}, ' ')", lambda t: t[0]),
    ("reverse(varchar_x) -> varchar_x", _ascii_or("reverse({0})", code_points.reverse)),
    ("substr(char, bigint) -> varchar", _on_padded(_REST), _varchar_of_char),
    ("substr(char, bigint, bigint) -> varchar", _on_padded(_PART), _varchar_of_char),
    ("substr(varchar_x, bigint) -> varchar_x", _REST),
    ("substr(varchar_x, bigint, bigint) -> varchar_x", _PART),
    ("substring(char, bigint) -> varchar", _on_padded(_REST), _varchar_of_char),
    ("substring(char, bigint, bigint) -> varchar", _on_padded(_PART), _varchar_of_char),
    ("substring(varchar_x, bigint) -> varchar_x", _REST),
    ("substring(varchar_x, bigint, bigint) -> varchar_x", _PART),
    ("strpos(varchar_x, varchar_x) -> bigint", "CASE WHEN {1} = '' THEN CASE WHEN {0} IS NOT NULL THEN 1 END "
     "ELSE strpos({0}, {1}) END"),
    ("strpos(varchar, varchar, bigint) -> bigint", Udf(code_points.position)),
    ("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    ("ends_with(varchar, varchar) -> boolean", "ends_with({0}, {1})"),
    ("replace(varchar_x, varchar) -> varchar_x", _replace),
    ("replace(varchar_x, varchar, varchar_x) -> varchar", _replace, _replaced_length),
    ("lpad(varchar, bigint, varchar) -> varchar", _padding("lpad", code_points.lpad)),
    ("rpad(varchar, bigint, varchar) -> varchar", _padding("rpad", code_points.rpad)),
    ("split(varchar_x, varchar) -> array(varchar)", _split, _SAME_ARRAY),
    ("split(varchar_x, varchar, bigint) -> array(varchar)", Udf(code_points.split), _SAME_ARRAY),
    ("split_part(varchar_x, varchar_x, bigint) -> varchar_x", _split_part),
    ("split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)", Udf(code_points.split_to_map)),
    ("split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
     Udf(code_points.split_to_multimap)),
    ("concat(char, char) -> char", _concat_char, _char_of_both),
    ("concat(varchar) -> varchar", _one_argument),
    ("concat(varchar, varchar, ...) -> varchar", _concat),
    ("concat_ws(varchar, array(varchar)) -> varchar",
     # The delimiter need not be constant, as DuckDB's array_to_string wants it.
     "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN coalesce(list_aggregate(list_transform(list_filter({1}, "
     "lambda e: e IS NOT NULL), lambda e, i: CASE WHEN i = 1 THEN e ELSE {0} || e END), 'string_agg', ''), '') END"),
    ("concat_ws(varchar, varchar, ...) -> varchar", _concat_ws),
    ("hamming_distance(varchar, varchar) -> bigint", Udf(code_points.hamming_distance)),
    ("levenshtein_distance(varchar, varchar) -> bigint", Udf(code_points.levenshtein_distance)),
    ("luhn_check(varchar) -> boolean", Udf(code_points.luhn_check)),
    ("normalize(varchar) -> varchar", "nfc_normalize({0})"),
    ("normalize(varchar, varchar) -> varchar", Udf(code_points.normalize)),
    ("soundex(varchar) -> varchar", Udf(code_points.soundex), lambda _: varchar(4)),
    ("translate(varchar, varchar, varchar) -> varchar", Udf(code_points.translate)),
    ("word_stem(varchar_x) -> varchar_x", Udf(english_stems.stem)),
    ("word_stem(varchar_x, varchar) -> varchar_x", Udf(english_stems.stem_in)),
    ("to_utf8(varchar) -> varbinary", "encode({0})"),
    ("from_utf8(varbinary) -> varchar", Udf(code_points.from_utf8)),
    ("from_utf8(varbinary, varchar) -> varchar", Udf(code_points.from_utf8_with)),
    ("from_utf8(varbinary, bigint) -> varchar", Udf(code_points.from_utf8_with_code_point)),
)  # fmt: skip


def _trims() -> list[Row]:
    blanks = literal(code_points.WHITESPACE)
    rows: list[Row] = []
    for name in ("trim", "ltrim", "rtrim"):
        rows += [
            (f"{name}(char) -> varchar", f"{name}({{0}}, {blanks})", _varchar_of_char),
            (f"{name}(char, varchar) -> varchar", f"rtrim({name}({{0}}, {{1}}), ' ')", _varchar_of_char),
            (f"{name}(varchar_x) -> varchar_x", f"{name}({{0}}, {blanks})"),
            (f"{name}(varchar_x, varchar) -> varchar_x", f"{name}({{0}}, {{1}})"),
        ]
    return rows


def register(registry: Registry) -> None:
    """Enter the tables."""
    registry.add(_ROWS)
    registry.add(_trims())
