"""Values as text: what CAST to varchar gives, and what Athena prints in results."""

from workshop.sandbox.athena.compiler import time_casts
from workshop.sandbox.athena.compiler.network_casts import text_of_address
from workshop.sandbox.athena.compiler.values import joined_texts
from workshop.sandbox.athena.types import Type, field_names, literal, quote


def text(sql: str, type_: Type) -> str:  # noqa: PLR0911 - one return for each kind of type
    """A value as text, as Athena prints it in results; NULL stays NULL."""
    if type_.name in time_casts.KINDS:
        return time_casts.text(sql, type_)
    match type_.name:
        case "varchar" | "json":
            return sql
        case "char":
            return f"rpad({sql}, {type_.length}, ' ')"
        case "real" | "double":
            return f"athena_text_of_{type_.name}({sql})"
        case "decimal":
            return _decimal(sql, type_)
        case "ipaddress":
            return text_of_address(sql)
        case "varbinary":
            return f"trim(regexp_replace(lower(hex({sql})), '(..)', '\\1 ', 'g'))"
        case "array":
            return _joined(f"list_transform({sql}, lambda e: {_nested('e', type_.args[0])})", sql, "[", "]")
        case "map":
            entry = f"{_nested('e.key', type_.args[0])} || '=' || {_nested('e.value', type_.args[1])}"
            return _joined(f"list_transform(map_entries({sql}), lambda e: {entry})", sql, "{", "}")
        case "row":
            parts = [
                literal(f"{name}=") + " || " + _nested(f"({sql}).{quote(name)}", t)
                for name, t in zip(field_names(type_), type_.args, strict=True)
            ]
            joined = " || ', ' || ".join(parts)
            return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    return f"CAST({sql} AS VARCHAR)"


def _decimal(sql: str, type_: Type) -> str:
    if type_.precision > type_.scale:
        return f"CAST({sql} AS VARCHAR)"
    # DuckDB leaves out the zero before the point if the type has no digit for it.
    return f"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)[.]', '\\10.')"


def _nested(sql: str, type_: Type) -> str:
    return f"coalesce({text(sql, type_)}, 'null')"


def _joined(items: str, sql: str, opening: str, closing: str) -> str:
    shown = joined_texts(items, literal(", "))
    return f"CASE WHEN {sql} IS NOT NULL THEN '{opening}' || {shown} || '{closing}' END"


PRELUDE = (
    # Java's Double.toString: plain from 10^-3 to 10^7, else d.dddE±n; DuckDB prints the same shortest digits.
    """CREATE MACRO athena_text_of_shortest(x, s) AS CASE
        WHEN isnan(x) THEN 'NaN'
        WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
        WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN s
        WHEN contains(s, 'e') THEN
            regexp_replace(CASE WHEN contains(split_part(s, 'e', 1), '.') THEN s ELSE replace(s, 'e', '.0e') END,
                           'e(?:[+]|(-))?0*', 'E\\1')
        WHEN abs(x) >= 1e7 THEN CASE WHEN x < 0 THEN '-' ELSE '' END
            || ltrim(s, '-')[1] || '.'
            || coalesce(nullif(rtrim(replace(ltrim(s, '-')[2:], '.', ''), '0'), ''), '0')
            || 'E' || (strpos(ltrim(s, '-'), '.') - 2)
        ELSE CASE WHEN x < 0 THEN '-' ELSE '' END
            || ltrim(ltrim(s, '-'), '0.')[1] || '.'
            || coalesce(nullif(ltrim(ltrim(s, '-'), '0.')[2:], ''), '0')
            || 'E-' || (length(ltrim(s, '-')) - length(ltrim(ltrim(s, '-'), '0.')) - 1) END""",
    "CREATE MACRO athena_text_of_double(x) AS athena_text_of_shortest(x, CAST(CAST(x AS DOUBLE) AS VARCHAR))",
    "CREATE MACRO athena_text_of_real(x) AS athena_text_of_shortest(x, CAST(CAST(x AS FLOAT) AS VARCHAR))",
    *time_casts.PRELUDE,
)
"""Macros that the generated SQL calls; created in every connection before it is locked."""
