"""LIKE (Trino documentation: comparison functions and operators, pattern comparison).

DuckDB's LIKE agrees on `%`, `_` (one code point) and line ends; it is laxer about what an escape stands before.
"""

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.types import VARCHAR, literal
from workshop.sandbox.athena.udf import FunctionError, Udf, call, invalid

_ESCAPE = "\\"


def like(value: str, pattern: Value, escape: Value | None) -> str:
    """SQL of `value LIKE pattern [ESCAPE escape]`; all are text."""
    if escape is None:
        return f"({value} LIKE {pattern.sql})"
    if pattern.constant is not None and escape.constant is not None and _is_right(pattern.constant, escape.constant):
        written = literal(rewrite(pattern.constant, escape.constant))
    else:
        written = call(_REWRITE, [pattern.sql, escape.sql], [VARCHAR, VARCHAR], VARCHAR)
    return f"({value} LIKE {written} ESCAPE '{_ESCAPE}')"


def rewrite(pattern: str, escape: str) -> str:
    """The pattern with a backslash for its escape; an empty escape is none. Fails if it escapes anything else."""
    if len(escape) > 1:
        raise invalid("Escape string must be a single character")
    written, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == escape:
            at += 1
            char = pattern[at : at + 1]
            if char not in ("%", "_", escape):
                raise invalid("Escape character must be followed by '%', '_' or the escape character itself")
            written += _ESCAPE
        elif char == _ESCAPE:
            written += _ESCAPE
        written += char
        at += 1
    return written


def _is_right(pattern: str, escape: str) -> bool:
    try:
        rewrite(pattern, escape)
    except FunctionError:
        return False  # it fails again when a row is there, so that TRY sees it
    return True


_REWRITE = Udf(rewrite)
