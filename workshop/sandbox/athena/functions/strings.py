"""String and regular expression functions (Trino documentation: string functions, regular expression functions)."""

import re
from collections.abc import Sequence

from workshop.sandbox.athena.compiler.values import Value, fail
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.registry import Registry
from workshop.sandbox.athena.types import VARCHAR, array, literal

_SUBSTRING = (
    # Trino: position 0 and positions outside the text give ''; negative ones count from the end.
    "CASE WHEN {1} = 0 OR abs({1}) > length({0}) THEN CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN '' END "
    "ELSE substr({0}, {1}%s) END"
)
_SPLIT_PART = (
    f"CASE WHEN {{2}} <= 0 THEN {fail(literal('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero'), VARCHAR)} "
    "WHEN {2} > len(string_split({0}, {1})) THEN NULL ELSE string_split({0}, {1})[{2}] END"
)
_TOO_FEW = fail(literal("INVALID_FUNCTION_ARGUMENT: Limit must be positive"), array(VARCHAR))
_SPLIT_LIMIT = (
    f"CASE WHEN {{2}} <= 0 THEN {_TOO_FEW} "
    "WHEN len(string_split({0}, {1})) <= {2} THEN string_split({0}, {1}) "
    "ELSE list_append(string_split({0}, {1})[:{2} - 1], array_to_string(string_split({0}, {1})[{2}:], {1})) END"
)


def _concat(values: Sequence[Value]) -> str:
    return "(" + " || ".join(v.sql for v in values) + ")"


def _pattern(value: Value) -> str:
    if value.constant is None:
        raise not_supported("A regular expression that is not a literal")
    if re.search(r"\(\?<?[=!]|\\[1-9]|[*+?}]\+", value.constant):
        raise not_supported("Lookaround, back references and possessive quantifiers in a regular expression")
    return value.sql


def _regexp_like(values: Sequence[Value]) -> str:
    return f"regexp_matches({values[0].sql}, {_pattern(values[1])})"


def _regexp_extract(values: Sequence[Value]) -> str:
    group = f"CAST({values[2].sql} AS INTEGER)" if len(values) > 2 else "0"
    matched = f"regexp_extract({values[0].sql}, {_pattern(values[1])}, {group})"
    # '' of DuckDB is either an empty match or none at all: Trino gives NULL for the latter.
    return f"CASE WHEN regexp_matches({values[0].sql}, {values[1].sql}) THEN {matched} END"


def _regexp_extract_all(values: Sequence[Value]) -> str:
    group = f"CAST({values[2].sql} AS INTEGER)" if len(values) > 2 else "0"
    return f"regexp_extract_all({values[0].sql}, {_pattern(values[1])}, {group})"


def _regexp_replace(values: Sequence[Value]) -> str:
    if len(values) == 2:
        return f"regexp_replace({values[0].sql}, {_pattern(values[1])}, '', 'g')"
    replacement = values[2].constant
    if replacement is None or re.search(r"\$\{|\\[^\\$]", replacement):
        raise not_supported("A replacement with named groups, or one that is not a literal, in regexp_replace")
    # Java writes $1 and \$, RE2 writes \1.
    written = re.sub(
        r"\\(.)|(\$)(\d)|(\\)", lambda m: m[1] if m[1] == "$" else f"\\{m[3]}" if m[3] else "\\\\", replacement
    )
    return f"regexp_replace({values[0].sql}, {_pattern(values[1])}, {literal(written)}, 'g')"


_ROWS = (
    ("length(varchar) -> bigint", "length({0})"),
    ("lower(varchar) -> varchar", "lower({0})"),
    ("upper(varchar) -> varchar", "upper({0})"),
    ("reverse(varchar) -> varchar", "reverse({0})"),
    ("trim(varchar) -> varchar", "trim({0}, e' \\t\\n\\r\\f\\v')"),
    ("ltrim(varchar) -> varchar", "ltrim({0}, e' \\t\\n\\r\\f\\v')"),
    ("rtrim(varchar) -> varchar", "rtrim({0}, e' \\t\\n\\r\\f\\v')"),
    ("trim(varchar, varchar) -> varchar", "trim({0}, {1})"),
    ("ltrim(varchar, varchar) -> varchar", "ltrim({0}, {1})"),
    ("rtrim(varchar, varchar) -> varchar", "rtrim({0}, {1})"),
    ("substr(varchar, bigint) -> varchar", _SUBSTRING % ""),
    ("substr(varchar, bigint, bigint) -> varchar", _SUBSTRING % ", greatest({2}, 0)"),
    ("substring(varchar, bigint) -> varchar", _SUBSTRING % ""),
    ("substring(varchar, bigint, bigint) -> varchar", _SUBSTRING % ", greatest({2}, 0)"),
    ("strpos(varchar, varchar) -> bigint", "strpos({0}, {1})"),
    ("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    ("replace(varchar, varchar) -> varchar", "replace({0}, {1}, '')"),
    ("replace(varchar, varchar, varchar) -> varchar", "replace({0}, {1}, {2})"),
    ("lpad(varchar, bigint, varchar) -> varchar", "lpad({0}, CAST({1} AS INTEGER), {2})"),
    ("rpad(varchar, bigint, varchar) -> varchar", "rpad({0}, CAST({1} AS INTEGER), {2})"),
    ("chr(bigint) -> varchar", "chr(CAST({0} AS INTEGER))"),
    ("codepoint(varchar) -> integer", "unicode({0})"),
    ("split(varchar, varchar) -> array(varchar)", "string_split({0}, {1})"),
    ("split(varchar, varchar, bigint) -> array(varchar)", _SPLIT_LIMIT),
    ("split_part(varchar, varchar, bigint) -> varchar", _SPLIT_PART),
    ("concat(varchar, varchar, ...) -> varchar", _concat),
    ("regexp_like(varchar, varchar) -> boolean", _regexp_like),
    ("regexp_extract(varchar, varchar) -> varchar", _regexp_extract),
    ("regexp_extract(varchar, varchar, bigint) -> varchar", _regexp_extract),
    ("regexp_extract_all(varchar, varchar) -> array(varchar)", _regexp_extract_all),
    ("regexp_extract_all(varchar, varchar, bigint) -> array(varchar)", _regexp_extract_all),
    ("regexp_replace(varchar, varchar) -> varchar", _regexp_replace),
    ("regexp_replace(varchar, varchar, varchar) -> varchar", _regexp_replace),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
