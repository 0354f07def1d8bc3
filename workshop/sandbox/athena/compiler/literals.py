"""Literals of numbers and text, NULL, and the names of the nodes of dates and times (see `time_literals`)."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import time_literals
from workshop.sandbox.athena.compiler.casts import cast
from workshop.sandbox.athena.compiler.values import Value, text_literal
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.syntax.syntax_types import type_of
from workshop.sandbox.athena.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    JSON,
    UNKNOWN,
    VARBINARY,
    char,
    decimal,
    literal,
)

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


_DECIMAL = re.compile(r"[+-]?(0*)(\d*)(?:\.(\d*))?")
_INTEGER = r"[+-]?\d+"
_NUMBER = r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?|NaN|Infinity)\s*"
_FORMS = {
    "tinyint": _INTEGER,
    "smallint": _INTEGER,
    "integer": _INTEGER,
    "bigint": _INTEGER,
    "real": _NUMBER,
    "double": _NUMBER,
    "boolean": r"(?i)t|true|1|f|false|0",
}
"""What the text of a literal of each type looks like."""
_MOST_DIGITS = 38
_LIMITS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def _literal(block: "Expressions", node: exp.Expr) -> Value:
    text = node.name
    if node.args["is_string"]:
        return text_literal(text)
    lowered = text.lower()
    if "e" in lowered:
        return Value(f"CAST('{lowered}' AS DOUBLE)", DOUBLE, text)
    if "." in text:
        return _decimal(text, block.position(node))
    type_ = INTEGER if -(2**31) <= int(text) < 2**31 else BIGINT
    # CAST keeps DuckDB from taking a bare number in GROUP BY or ORDER BY for a column's ordinal.
    return Value(f"CAST({int(text)} AS {type_.duckdb})", type_, text)


def _decimal(text: str, position: Position | None) -> Value:
    """A decimal of as many digits as are written, without zeros in front."""
    found = _DECIMAL.fullmatch(text)
    if found is None or not any(found.groups()):
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", position)
    scale = len(found[3] or "")
    precision = max(1, len(found[2]) + scale)
    if precision > _MOST_DIGITS:
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", position)
    type_ = decimal(precision, scale)
    return Value(f"CAST('{text}' AS {type_.duckdb})", type_, text)


def typed(block: "Expressions", node: exp.Expr) -> Value:
    """A literal of a named type (`BIGINT '1'`, `DECIMAL '1.50'`, `JSON '{}'`), but those of dates and times."""
    text, to, position = node.this.name, node.args["to"], block.position(node)
    if to.this == exp.DataType.Type.DECIMAL and not to.expressions:
        return _decimal(text, position)
    if to.this == exp.DataType.Type.CHAR and not to.expressions:
        return Value(literal(text.rstrip(" ")), char(max(1, len(text))), text)
    target = type_of(to, node.this, position)
    value = text_literal(text)
    if target == JSON:
        call = REGISTRY.resolve("json_parse", [value], position)
        return Value(call.sql, call.type)
    form = _FORMS.get(target.name)
    if form is not None and not _is_valid(text, form, target.name):
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid {target.name.upper()} literal", position)
    constant = text if target.is_numeric and text.strip().lstrip("+-") != "NaN" else None
    return Value(cast(value, target, position).sql, target, constant)


def _is_valid(text: str, form: str, name: str) -> bool:
    if not re.fullmatch(form, text):
        return False
    return name not in _LIMITS or -_LIMITS[name] <= int(text) < _LIMITS[name]


def _bytes(block: "Expressions", node: exp.Expr) -> Value:
    return Value(f"unhex({literal(node.name)})", VARBINARY)


def _true_or_false(block: "Expressions", node: exp.Expr) -> Value:
    return Value("TRUE" if node.this else "FALSE", BOOLEAN)


def _null(block: "Expressions", _: exp.Expr) -> Value:
    return Value("NULL", UNKNOWN)


METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Literal: _literal,
    exp.Boolean: _true_or_false,
    exp.Null: _null,
    exp.HexString: _bytes,
    exp.Interval: time_literals.interval,
    exp.CurrentDate: time_literals.current_date,
    exp.CurrentTime: time_literals.current_time,
    exp.CurrentTimestamp: time_literals.current_timestamp,
    exp.Localtime: time_literals.local_time,
    exp.Localtimestamp: time_literals.local_timestamp,
}
"""What compiles each kind of node."""
