"""`||` and concat of arrays and elements (Trino documentation: array functions and operators)."""

from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.types import Type, array, common_type


def concatenate(left: Value, right: Value) -> Value | None:
    """`left || right` where one side is an array and the other an array or an element; None if they do not fit."""
    if left.type.name == right.type.name == "array":
        common = common_type(left.type, right.type)
        if common is not None:
            return _joined(left, right, common)
    if left.type.name == "array" and (common := _with_element(left.type, right.type)):
        return _joined(left, _single(right, common), common)
    if right.type.name == "array" and (common := _with_element(right.type, left.type)):
        return _joined(_single(left, common), right, common)
    return None


def _with_element(type_: Type, element: Type) -> Type | None:
    common = common_type(type_.args[0], element)
    return None if common is None else array(common)


def _single(value: Value, common: Type) -> Value:
    return Value(f"[{coerce(value, common.args[0]).sql}]", common)


def _joined(left: Value, right: Value, common: Type) -> Value:
    # DuckDB's || of lists is NULL when one of them is.
    return Value(f"({coerce(left, common).sql} || {coerce(right, common).sql})", common)
