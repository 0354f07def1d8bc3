"""JSON_ARRAY and JSON_OBJECT (Trino documentation: JSON functions and operators).

`syntax/json_functions.py` says what the nodes hold.
"""

from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler.json_calls import json_input, returned, sql_item
from workshop.sandbox.athena.compiler.values import Value, coerce, joined_texts
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.sqljson.path_functions import compacted
from workshop.sandbox.athena.sqljson.text import quote
from workshop.sandbox.athena.types import BOOLEAN, JSON, VARCHAR, array, can_coerce, literal
from workshop.sandbox.athena.udf import FunctionError, Udf, call

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions

_MAKERS = frozenset(["json_query", "json_array", "json_object"])
"""Calls whose text is JSON, wherever they stand."""


def json_array(block: "Expressions", node: exp.Expr) -> Value:
    """JSON_ARRAY(…)."""
    clauses = node.meta["json"]
    items = [_item(block, e, form) for e, form in zip(node.expressions, clauses["formats"], strict=True)]
    listed = f"CAST([{', '.join(items)}] AS VARCHAR[])"
    keep = clauses["nulls"] == "NULL"
    kept = f"list_transform({listed}, lambda e: coalesce(e, 'null'))" if keep else _present(listed)
    return returned(block, node, Value(f"('[' || {joined_texts(kept, literal(','))} || ']')", VARCHAR))


def _present(listed: str) -> str:
    return f"list_filter({listed}, lambda e: e IS NOT NULL)"


def json_object(block: "Expressions", node: exp.Expr) -> Value:
    """JSON_OBJECT(…)."""
    clauses = node.meta["json"]
    keys, items = node.expressions[::2], node.expressions[1::2]
    names = ", ".join(_key(block, e) for e in keys)
    values = ", ".join(_item(block, e, form) for e, form in zip(items, clauses["formats"], strict=True))
    arguments = [
        f"CAST([{names}] AS VARCHAR[])",
        f"CAST([{values}] AS VARCHAR[])",
        str(clauses["nulls"] == "NULL"),
        str(bool(clauses["unique"])),
    ]
    made = call(_OBJECT, arguments, [array(VARCHAR), array(VARCHAR), BOOLEAN, BOOLEAN], VARCHAR)
    return returned(block, node, Value(made, VARCHAR))


def _key(block: "Expressions", node: exp.Expr) -> str:
    value = block.compile(node)
    if not can_coerce(value.type, VARCHAR):
        message = f"Invalid type of JSON object key: {value.type}"
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", message, block.position(node))
    return coerce(value, VARCHAR).sql


def _item(block: "Expressions", node: exp.Expr, form: str | None) -> str:
    """JSON text of an element or a member's value, NULL if it is NULL."""
    made = isinstance(node, exp.Anonymous) and str(node.this).lower() in _MAKERS
    if form is not None or made:
        value, encoding = json_input(block, node, form)
        return call(_COMPACT, [value.sql, literal(encoding)], [value.type, VARCHAR], VARCHAR)
    value = block.compile(node)
    return value.sql if value.type == JSON else sql_item(value, block.position(node))


def _compact(data: str | bytes, encoding: str) -> str:
    written = compacted(data, encoding)
    if written is None:
        raise FunctionError("JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed: ")
    return written


def _object(keys: list[str | None], values: list[str | None], nulls: bool, unique: bool) -> str:
    members: dict[str, str] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            message = "null value passed for JSON object key to JSON_OBJECT function"
            raise FunctionError("JSON_INPUT_CONVERSION_ERROR", f"conversion to JSON failed: {message}")
        if value is None and not nulls:
            continue
        if unique and key in members:
            message = "duplicate key passed to JSON_OBJECT function"
            raise FunctionError("JSON_INPUT_CONVERSION_ERROR", f"conversion to JSON failed: {message}")
        members[key] = "null" if value is None else value
    return "{" + ",".join(f"{quote(key)}:{value}" for key, value in members.items()) + "}"


_COMPACT, _OBJECT = Udf(_compact), Udf(_object)
