"""format, format_number and data sizes (Trino documentation: conversion functions)."""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any

from workshop.sandbox.athena.compiler.casts import castable
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.functions.java_format import BadFormatError, java_format
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.types import DOUBLE, REAL, UNKNOWN, VARCHAR, Type, decimal, row
from workshop.sandbox.athena.udf import FunctionError, Udf, call, invalid

_AS_THEY_ARE = frozenset(
    ["boolean", "tinyint", "smallint", "integer", "bigint", "double", "decimal", "varchar", "date", "timestamp"]
)
_MICROS = 6
_UNITS = ("", "K", "M", "B", "T", "Q")
_SIZES = {unit: 1024**power for power, unit in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([a-zA-Z]+)")
_LARGEST = 10**38


def _format(values: Sequence[Value]) -> str:
    """Every argument by its own type; what Java has no type for is formatted as text."""
    arguments = [_argument(v) for v in values[1:]]
    packed = ", ".join(f"a{i} := {v.sql}" for i, v in enumerate(arguments))
    types = [VARCHAR, row([(f"a{i}", v.type) for i, v in enumerate(arguments)])]
    return call(_FORMAT, [values[0].sql, f"struct_pack({packed})"], types, VARCHAR)


def _argument(value: Value) -> Value:
    type_ = value.type
    if type_ == REAL:
        # The double with the same digits, so that `%s` shows them.
        return Value(f"CAST({text(value.sql, REAL)} AS DOUBLE)", DOUBLE)
    if type_ == UNKNOWN:
        return Value("CAST(NULL AS VARCHAR)", VARCHAR)
    if type_.name == "decimal" or (type_.name in _AS_THEY_ARE and type_.precision <= _MICROS):
        return value
    if type_.name != "char" and not castable(type_, VARCHAR):
        raise AthenaError("NOT_SUPPORTED", f"Type not supported for formatting: {type_}")
    return Value(text(value.sql, type_), VARCHAR)


def _format_values(pattern: str | None, arguments: dict[str, Any]) -> str | None:
    if pattern is None:
        return None
    try:
        return java_format(pattern, list(arguments.values()))
    except BadFormatError as error:
        raise invalid(f"Invalid format string: {pattern} ({error})") from None


_FORMAT = Udf(_format_values, nulls=True)


def _format_number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    number, unit = Decimal(repr(value)), 0
    while abs(number) >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    shown = format(number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN), "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + _UNITS[unit]


def _parse_data_size(size: str) -> Decimal:
    found = _SIZE.fullmatch(size)
    factor = _SIZES.get(found[2]) if found else None
    if found is None or factor is None:
        raise invalid(f"Invalid data size: '{size}'")
    value: Decimal = (Decimal(found[1]) * factor).to_integral_value(ROUND_DOWN)
    if value >= _LARGEST:
        raise FunctionError("NUMERIC_VALUE_OUT_OF_RANGE", f"Value out of range: '{size}' ('{value}B')")
    return value


def _whole(_: Sequence[Type]) -> Type:
    return decimal(38, 0)


_ROWS: tuple[Row, ...] = (
    ("format(varchar, any, ...) -> varchar", _format),
    ("format_number(double) -> varchar", Udf(_format_number)),
    ("parse_data_size(varchar) -> decimal", Udf(_parse_data_size), _whole),
    ("parse_presto_data_size(varchar) -> decimal", Udf(_parse_data_size), _whole),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
