"""Literals, intervals and the current moment."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler.values import Value, text_literal
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    TIMESTAMP,
    TIMESTAMP_TZ,
    UNKNOWN,
    decimal,
)

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


def _literal(block: "Expressions", node: exp.Expr) -> Value:
    text = node.name
    if node.args["is_string"]:
        return text_literal(text)
    lowered = text.lower()
    if "e" in lowered:
        return Value(f"CAST('{lowered}' AS DOUBLE)", DOUBLE, text)
    if "." in text:
        whole, _, fraction = text.partition(".")
        type_ = decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
        return Value(f"CAST('{text}' AS {type_.duckdb})", type_, text)
    type_ = INTEGER if int(text) <= 2**31 - 1 else BIGINT
    # CAST keeps DuckDB from taking a bare number in GROUP BY or ORDER BY for a column's ordinal.
    return Value(f"CAST({int(text)} AS {type_.duckdb})", type_, text)


def _true_or_false(block: "Expressions", node: exp.Expr) -> Value:
    return Value("TRUE" if node.this else "FALSE", BOOLEAN)


def _null(block: "Expressions", _: exp.Expr) -> Value:
    return Value("NULL", UNKNOWN)


def _interval(block: "Expressions", node: exp.Expr) -> Value:
    unit = node.args.get("unit")
    amount = node.this
    negative = isinstance(amount, exp.Neg)
    amount = amount.this if negative else amount
    if not isinstance(unit, exp.Var) or not isinstance(amount, exp.Literal):
        raise not_supported(f"The interval {node.sql('trino')}", block.position(node))
    name = unit.name.lower().removesuffix("s")
    number = amount.name.strip()
    digits = number.lstrip("+-")
    known = name in _MONTHS or name in _MILLIS
    if not known or not (digits.isdigit() or (name == "second" and digits.replace(".", "", 1).isdigit())):
        raise not_supported(f"The interval {node.sql('trino')}", block.position(node))
    amount_of_unit = Decimal(number) * (-1 if negative else 1)
    if name in _MONTHS:
        return Value(f"CAST({int(amount_of_unit * _MONTHS[name])} AS INTEGER)", INTERVAL_YEAR, name)
    return Value(f"CAST({int(amount_of_unit * _MILLIS[name])} AS BIGINT)", INTERVAL_DAY, name)


_MONTHS = {"year": 12, "month": 1}
_MILLIS = {"day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000}


def _current_date(block: "Expressions", _: exp.Expr) -> Value:
    return Value(f"DATE '{block.started:%Y-%m-%d}'", DATE)


def current_timestamp(block: "Expressions", _: exp.Expr) -> Value:
    """CURRENT_TIMESTAMP and now(): the moment at which the query started."""
    return Value(f"struct_pack(t := {_now(block)}, z := 'UTC')", TIMESTAMP_TZ)


def _local_timestamp(block: "Expressions", _: exp.Expr) -> Value:
    return Value(_now(block), TIMESTAMP)


def _now(block: "Expressions") -> str:
    return f"TIMESTAMP '{block.started:%Y-%m-%d %H:%M:%S}.{block.started.microsecond // 1000:03}'"


METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Literal: _literal,
    exp.Boolean: _true_or_false,
    exp.Null: _null,
    exp.Interval: _interval,
    exp.CurrentDate: _current_date,
    exp.CurrentTimestamp: current_timestamp,
    exp.Localtimestamp: _local_timestamp,
}
"""What compiles each kind of node."""
