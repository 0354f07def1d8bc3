"""Regular expression functions (Trino documentation: regular expression functions).

A literal pattern that RE2 reads as Java does runs in DuckDB, on texts of ASCII; all else in Python (`regex/`). Matches
that may take very long run in a process of their own, and fail after `guard.TIME_LIMIT` seconds.
"""

import re
from collections.abc import Sequence
from functools import wraps
from typing import Any

from workshop.sandbox.athena.compiler.values import LambdaValue, Value
from workshop.sandbox.athena.functions.nullable import nullable
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.regex import guard
from workshop.sandbox.athena.regex.matching import OPERATIONS, translated
from workshop.sandbox.athena.regex.parts import PatternError, Translation
from workshop.sandbox.athena.types import BIGINT, BOOLEAN, INTEGER, VARCHAR, Type, array, literal, row, varchar
from workshop.sandbox.athena.udf import FunctionError, Udf, call, invalid

_MAX_LENGTH = 2**31 - 1
_PIECES = row([("between", array(VARCHAR)), ("groups", array(array(VARCHAR)))])


def _udf(operation: str) -> Udf:
    def apply(text: str, pattern: str, *arguments: object) -> Any:
        try:
            return guard.run(operation, pattern, text, *arguments)
        except PatternError as error:
            if error.unsupported:
                raise FunctionError("NOT_SUPPORTED", f"{error.message} is not supported by the local Athena") from None
            raise invalid(error.message) from None
        except guard.TookTooLongError:
            raise FunctionError(
                "EXCEEDED_TIME_LIMIT", f"A regular expression took more than {guard.TIME_LIMIT:.0f} seconds on a value"
            ) from None

    # DuckDB wants to know how many arguments there are.
    apply = wraps(OPERATIONS[operation])(apply)
    return nullable(apply) if operation == "extract" else Udf(apply)


_UDFS = {operation: _udf(operation) for operation in OPERATIONS}


def _in_python(operation: str, values: Sequence[Value], result: Type) -> str:
    return call(_UDFS[operation], [v.sql for v in values], [v.type for v in values], result)


def _fast(value: Value) -> Translation | None:
    """The literal pattern, if RE2 can do it."""
    if value.constant is None:
        return None
    try:
        found = translated(value.constant)
    except PatternError:
        return None  # it fails when a row is there, as in Trino
    return found if found.part.re2 is not None else None


def _either(text: str, fast: str, slow: str, translation: Translation) -> str:
    """`fast` for ASCII; `$` matches before a line end that is the last character, which RE2 does not know."""
    ended = f" AND NOT suffix({text}, chr(10))" if translation.ends else ""
    return f"CASE WHEN strlen({text}) = length({text}){ended} THEN {fast} ELSE {slow} END"


def _like(values: Sequence[Value]) -> str:
    slow = _in_python("like", values, BOOLEAN)
    translation = _fast(values[1])
    if translation is None or translation.part.re2 is None:
        return slow
    fast = f"regexp_matches({values[0].sql}, {literal(translation.part.re2)})"
    return _either(values[0].sql, fast, slow, translation)


def _group(values: Sequence[Value]) -> Value:
    return values[2] if len(values) > 2 else Value("CAST(0 AS BIGINT)", BIGINT, "0")


def _number(group: Value) -> int:
    """The literal number of a group, -1 if it is none."""
    return int(group.constant) if group.constant is not None and group.constant.isdigit() else -1


def _extract(values: Sequence[Value]) -> str:
    group, text = _group(values), values[0].sql
    slow = _in_python("extract", [*values[:2], group], VARCHAR)
    translation = _fast(values[1])
    number = _number(group)
    if translation is None or translation.part.re2 is None or number not in {0} | translation.sure:
        return slow
    pattern = literal(translation.part.re2)
    # '' of DuckDB is either an empty match or none at all: Trino gives NULL for the latter.
    fast = f"regexp_extract({text}, {pattern}, {number})"
    if translation.part.empty or number:
        fast = f"CASE WHEN regexp_matches({text}, {pattern}) THEN {fast} END"
    else:
        fast = f"nullif({fast}, '')"
    return _either(text, fast, slow, translation)


def _extract_all(values: Sequence[Value]) -> str:
    group, text = _group(values), values[0].sql
    slow = _in_python("extract_all", [*values[:2], group], array(VARCHAR))
    translation = _fast(values[1])
    number = _number(group)
    if translation is None or translation.part.empty or number not in {0} | translation.sure:
        return slow
    fast = f"regexp_extract_all({text}, {literal(translation.part.re2 or '')}, {number})"
    return _either(text, fast, slow, translation)


def _count(values: Sequence[Value]) -> str:
    slow = _in_python("count", values, BIGINT)
    translation = _fast(values[1])
    if translation is None or translation.part.empty:
        return slow
    fast = f"len(regexp_extract_all({values[0].sql}, {literal(translation.part.re2 or '')}))"
    return _either(values[0].sql, fast, slow, translation)


def _split(values: Sequence[Value]) -> str:
    return _in_python("split", values, array(VARCHAR))


def _position(values: Sequence[Value]) -> str:
    one = Value("CAST(1 AS BIGINT)", BIGINT)
    return _in_python("position", [*values, *[one] * (4 - len(values))], INTEGER)


def _replace(values: Sequence[Value]) -> str:
    replacement = values[2] if len(values) > 2 else Value("''", VARCHAR, "")
    slow = _in_python("replace", [*values[:2], replacement], VARCHAR)
    translation = _fast(values[1])
    written = _in_re2(replacement.constant, translation) if translation is not None else None
    if translation is None or translation.part.empty or written is None:
        return slow
    fast = f"regexp_replace({values[0].sql}, {literal(translation.part.re2 or '')}, {literal(written)}, 'g')"
    return _either(values[0].sql, fast, slow, translation)


def _in_re2(replacement: str | None, translation: Translation) -> str | None:
    """Java writes $1 and \\$, RE2 \\1; None for what has no such form."""
    if replacement is None or re.search(r"\$(?!\d(?!\d))|\\(?!.)", replacement, re.DOTALL):
        return None
    if any(int(n) > min(translation.groups, 9) for n in re.findall(r"\\.|\$(\d)", replacement) if n):
        return None
    return re.sub(
        r"\\(.)|\$(\d)", lambda m: f"\\{m[2]}" if m[2] else m[1].replace("\\", r"\\"), replacement, flags=re.DOTALL
    )


def _replace_by_lambda(values: Sequence[Value]) -> str:
    body = values[2]
    assert isinstance(body, LambdaValue)  # the signature says so
    pieces = _in_python("pieces", values[:2], _PIECES)
    replaced = f"list_transform(p.groups, {body.sql})"
    # A lambda's NULL makes the result NULL. Between one match and the next stands the text that did not match.
    joined = call(_INTERLEAVE, ["p.between", replaced], [array(VARCHAR), array(VARCHAR)], VARCHAR)
    return f"list_transform([{pieces}], lambda p: CASE WHEN p IS NOT NULL THEN {joined} END)[1]"


def _interleave(between: list[str], replaced: list[str | None]) -> str | None:
    if None in replaced:
        return None
    return "".join(part for pair in zip(between, [*replaced, ""], strict=True) for part in pair if part)


_INTERLEAVE = nullable(_interleave)


def _replaced_length(types: Sequence[Type]) -> Type:
    """Trino's longest possible result."""
    x, y = types[0].length, types[2].length
    length = _MAX_LENGTH if x is None or y is None else x + max(x * y // 2, y) * (x + 1)
    return varchar(length) if length < _MAX_LENGTH else VARCHAR


def _first_array(types: Sequence[Type]) -> Type:
    return array(types[0])


_ROWS: tuple[Row, ...] = (
    ("regexp_count(varchar, varchar) -> bigint", _count),
    ("regexp_like(varchar, varchar) -> boolean", _like),
    ("regexp_extract(varchar_x, varchar) -> varchar_x", _extract),
    ("regexp_extract(varchar_x, varchar, bigint) -> varchar_x", _extract),
    ("regexp_extract_all(varchar_x, varchar) -> array(varchar)", _extract_all, _first_array),
    ("regexp_extract_all(varchar_x, varchar, bigint) -> array(varchar)", _extract_all, _first_array),
    ("regexp_position(varchar, varchar) -> integer", _position),
    ("regexp_position(varchar, varchar, bigint) -> integer", _position),
    ("regexp_position(varchar, varchar, bigint, bigint) -> integer", _position),
    ("regexp_replace(varchar_x, varchar) -> varchar_x", _replace),
    ("regexp_replace(varchar, varchar, function(array(varchar), varchar)) -> varchar", _replace_by_lambda),
    ("regexp_replace(varchar_x, varchar, varchar_x) -> varchar", _replace, _replaced_length),
    ("regexp_split(varchar_x, varchar) -> array(varchar)", _split, _first_array),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
