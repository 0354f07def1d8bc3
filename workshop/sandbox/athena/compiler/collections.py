"""ARRAY[…], ROW(…), subscripts and lambdas (Trino documentation: array, map, row, lambda)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import comparisons
from workshop.sandbox.athena.compiler.aggregation import refuse_all_but_scalars
from workshop.sandbox.athena.compiler.casts import castable
from workshop.sandbox.athena.compiler.scope import Column, Scope
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import LambdaValue, Value, coerce, fail, sharing
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.functions.registry import Argument, LambdaArgument
from workshop.sandbox.athena.types import (
    BIGINT,
    INTEGER,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    can_coerce,
    common_of,
    common_type,
    field_names,
    map_of,
    quote,
    row,
)

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions


# constructors


def _array(block: "Expressions", node: exp.Expr) -> Value:
    items = [block.compile(e) for e in node.expressions]
    common = _element_type(block, items, node) if items else UNKNOWN
    if not items:
        return Value("CAST([] AS INTEGER[])", array(UNKNOWN))
    return Value(f"[{', '.join(coerce(i, common).sql for i in items)}]", array(common))


def _element_type(block: "Expressions", items: Sequence[Value], node: exp.Expr) -> Type:
    common = common_of([i.type for i in items])
    if common is not None:
        return common
    # Trino names the first element that does not go with those before it.
    types = [i.type for i in items]
    wrong = next(n for n in range(len(types)) if common_of(types[: n + 1]) is None)
    raise AthenaError(
        "TYPE_MISMATCH",
        f"All ARRAY elements must be the same type or coercible to a common type. Cannot find common type between "
        f"{common_of(types[:wrong])} and {types[wrong]}, all types (without duplicates): "
        f"[{', '.join(dict.fromkeys(map(str, types)))}]",
        block.position(node.expressions[wrong]),
    )


def row_of(block: "Expressions", node: exp.Expr) -> Value:
    """ROW(…) or (…)."""
    items = [block.compile(e) for e in node.expressions]
    fields = ", ".join(f"field{i} := {_typed(v)}" for i, v in enumerate(items))
    return Value(f"struct_pack({fields})", row([(None, v.type) for v in items]))


def _typed(value: Value) -> str:
    """SQL with a type: a bare NULL has none."""
    return f"CAST({value.sql} AS {value.type.duckdb})" if value.type == UNKNOWN else value.sql


# subscripts


def _subscript(block: "Expressions", node: exp.Expr) -> Value:
    base, place = block.compile(node.this), node.expressions[0]
    if base.type.name == "row":
        return _field(block, base, place)
    index = block.compile(place)
    if base.type.name == "array" and can_coerce(index.type, BIGINT):
        written = sharing([base, coerce(index, BIGINT)], lambda values: _item(values, base.type.args[0]))
        return Value(written, base.type.args[0])
    key_type = common_type(base.type.args[0], index.type) if base.type.name == "map" else None
    if key_type is not None:
        type_ = map_of(key_type, base.type.args[1])
        sides = [coerce(base, type_), coerce(index, key_type)]
        return Value(sharing(sides, lambda values: _value_of_key(values, type_)), type_.args[1])
    raise AthenaError("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {base.type}", block.position(node))


def _item(values: Sequence[Value], element: Type) -> str:
    items, index = (v.sql for v in values)
    high = "'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' "
    high = fail(f"{high}|| {index} || ' > ' || len({items})", element)
    negative = fail(f"'INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || {index}", element)
    zero = fail("'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1'", element)
    wrong = f"CASE WHEN {index} = 0 THEN {zero} WHEN {index} < 0 THEN {negative} ELSE {high} END"
    return f"CASE WHEN {index} NOT BETWEEN 1 AND len({items}) THEN {wrong} ELSE ({items})[{index}] END"


def _value_of_key(values: Sequence[Value], type_: Type) -> str:
    entries, key = (v.sql for v in values)
    key_type, value_type = type_.args
    message = "'INVALID_FUNCTION_ARGUMENT: Key not present in map'"
    if castable(key_type, VARCHAR):
        message = f"'INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || {text(key, key_type)}"
    missing = fail(message, value_type)
    found = comparisons.has_key(entries, key, key_type)
    return f"CASE WHEN NOT {found} THEN {missing} ELSE {comparisons.value_at(entries, key, key_type)} END"


def _field(block: "Expressions", base: Value, index: exp.Expr) -> Value:
    """A field by its place, a literal: else the type of the result would not be known (Trino: ExpressionAnalyzer)."""
    place = _whole_number(index)
    if place is None:
        message = "Subscript expression on ROW requires a constant index"
        raise AthenaError("EXPRESSION_NOT_CONSTANT", message, block.position(index))
    type_ = block.compile(index).type
    if type_ != INTEGER:
        message = f"Subscript expression on ROW requires integer index, found {type_}"
        raise AthenaError("TYPE_MISMATCH", message, block.position(index))
    fields = base.type.args
    if not 1 <= place <= len(fields):
        message = f"Subscript index out of bounds: {place}, max value is {len(fields)}"
        if place <= 0:
            message = f"Invalid subscript index: {place}. ROW indices start at 1"
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", message, block.position(index))
    name = field_names(base.type)[place - 1]
    return Value(f"({base.sql}).{quote(name)}", fields[place - 1])


def _whole_number(node: exp.Expr) -> int | None:
    """The value of a literal of an integer type."""
    if isinstance(node, exp.Neg):
        number = _whole_number(node.this)
        return None if number is None else -number
    if isinstance(node, exp.Literal) and not node.args["is_string"] and node.name.isdigit():
        return int(node.name)
    return None


# lambdas


class LambdaScope(Scope):
    """The parameters of a lambda, in front of the names around it."""


def argument(block: "Expressions", node: exp.Expr) -> Argument:
    """A value, or a lambda that waits for the types of its parameters."""
    if not isinstance(node, exp.Lambda):
        return block.compile(node)
    names = [parameter.name.lower() for parameter in node.expressions]
    _check_body(block, node.this)
    depth = sum(isinstance(scope, LambdaScope) for scope in _scopes(block.scope))
    variables = tuple(f"v{depth}_{i}" for i in range(len(names)))

    def body(types: Sequence[Type], bound: Sequence[str]) -> Value:
        columns = [Column(n, t, sql, output=True) for n, t, sql in zip(names, types, bound, strict=True)]
        scope = LambdaScope(columns, block.scope, extends=True)
        value = replace(block, scope=scope).compile(node.this)
        return replace(value, sql=_typed(value))

    def compiled(types: Sequence[Type]) -> LambdaValue:
        if len(types) != len(names):
            raise AthenaError(
                "INVALID_PARAMETER_USAGE",
                f"Expected a lambda that takes {len(types)} argument(s) but got {len(names)}",
                block.position(node),
            )
        value = body(types, variables)
        return LambdaValue(
            f"lambda {', '.join(variables)}: {value.sql}",
            value.type,
            variables=variables,
            body=value.sql,
            apply=lambda bound: body(types, bound).sql,
        )

    return LambdaArgument(len(names), compiled)


def _scopes(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _check_body(block: "Expressions", body: exp.Expr) -> None:
    refuse_all_but_scalars(body, "Lambda expression", block.queries.text)
    query = next((n for n in body.walk() if isinstance(n, exp.Subquery | exp.Exists | exp.Query)), None)
    if query is not None:
        raise AthenaError("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", block.position(query))


def _alone(block: "Expressions", node: exp.Expr) -> Value:
    raise AthenaError(
        "TYPE_MISMATCH", "Lambda expression should always be used inside a function", block.position(node)
    )


METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {
    exp.Array: _array,
    exp.Tuple: row_of,
    exp.Bracket: _subscript,
    exp.Lambda: _alone,
}
"""What compiles each kind of node."""
