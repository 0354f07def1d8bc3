"""UNNEST: arrays side by side as columns, maps as two, arrays of rows as their fields (Trino documentation: SELECT)."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own

from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler.aggregation import refuse_all_but_scalars
from workshop.sandbox.athena.compiler.expressions import JOIN, Expressions
from workshop.sandbox.athena.compiler.scope import Column, Relation, Scope
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import BIGINT, Type, field_names, quote

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.queries import QueryCompiler


def unnest(queries: "QueryCompiler", node: exp.Unnest, scope: Scope) -> Relation:
    """The rows of UNNEST; `scope` holds the columns it may use. Shorter arrays are filled up with NULL."""
    expressions = Expressions(queries, scope, clause=JOIN)
    listed: list[str] = []
    outputs: list[tuple[str | None, Type, str]] = []
    lengths = []
    for item in node.expressions:
        refuse_all_but_scalars(item, "UNNEST", queries.text)
        value = expressions.compile(item)
        if value.type.name not in ("array", "map"):
            raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.type}")
        lists = _lists(value)
        lengths.append(f"coalesce(len({lists[0][0]}), 0)")
        for sql, type_ in lists:
            element = f"u{len(listed)}"
            listed.append(f"unnest({sql}) AS {element}")
            outputs += _columns(element, type_)
    if node.args.get("offset"):
        element = f"u{len(listed)}"
        listed.append(f"unnest(range(1, greatest({', '.join(lengths)}) + 1)) AS {element}")
        outputs.append((None, BIGINT, element))
    name = queries.name()
    shown = ", ".join(f"{sql} AS c{i}" for i, (_, _, sql) in enumerate(outputs))
    columns = tuple(Column(field, type_, f"{name}.c{i}") for i, (field, type_, _) in enumerate(outputs))
    return Relation(f"LATERAL (SELECT {shown} FROM (SELECT {', '.join(listed)}) AS q) AS {name}", columns)


def _lists(value: Value) -> list[tuple[str, Type]]:
    """The lists to go through, with the types of their elements."""
    if value.type.name == "array":
        return [(value.sql, value.type.args[0])]
    functions = ("map_keys", "map_values")
    return [(f"{f}({value.sql})", type_) for f, type_ in zip(functions, value.type.args, strict=True)]


def _columns(element: str, type_: Type) -> list[tuple[str | None, Type, str]]:
    """Name, type and SQL of the columns that an element makes: the fields of a row, or itself."""
    if type_.name != "row":
        return [(None, type_, element)]
    fields = zip(type_.fields, type_.args, field_names(type_), strict=True)
    return [(name, field, f"({element}).{quote(column)}") for name, field, column in fields]
