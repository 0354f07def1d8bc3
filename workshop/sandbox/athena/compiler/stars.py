"""`*`, `t.*` and `(row).*` in SELECT."""

from collections.abc import Sequence

from sqlglot import exp

from workshop.sandbox.athena.compiler.expressions import Expressions
from workshop.sandbox.athena.compiler.relations import check_aliases
from workshop.sandbox.athena.compiler.scope import Column, Scope
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import field_names, quote

Items = list[tuple[str | None, Value]]


def is_star(node: exp.Expr) -> bool:
    """Whether an item of SELECT stands for several outputs."""
    return isinstance(node, exp.Star) or isinstance(
        node.expression if isinstance(node, exp.Dot) else node.this, exp.Star
    )


def star(block: Expressions, node: exp.Expr, columns: Sequence[Column], select: exp.Select) -> Items:
    """The outputs that a star stands for; `columns` are those of FROM."""
    names = [n.name.lower() for n in node.args.get("names") or []]
    if isinstance(node, exp.Star):
        found = [c for c in columns if not c.hidden]
        if not found:
            place = block.position(node)
            if select.args.get("from_") is None:
                message = "SELECT * not allowed in queries without FROM clause"
                raise AthenaError("COLUMN_NOT_FOUND", message, place)
            raise AthenaError("COLUMN_NOT_FOUND", "SELECT * not allowed from relation that has no columns", place)
        return _of_columns(block, found)
    if isinstance(node, exp.Dot):
        return _renamed(block, node, names, _of_row(block, node.this))
    parts = [node.args[k] for k in ("catalog", "db", "table") if node.args.get(k) is not None]
    relation = [part.name.lower() for part in parts]
    for scope, own in _scopes(block.scope):
        found = [c for c in scope.columns if not c.hidden and _of_relation(c, relation)]
        if found:
            return _renamed(block, node, names, _of_columns(block, found, own=own))
    if len(parts) == 1:  # never a column (Trino: Scope, the basis of an asterisked identifier chain)
        raise _unresolved(block, node, relation)
    chain = list(reversed(parts))
    column = exp.Column(**dict(zip(("this", "table", "db", "catalog"), chain, strict=False)))
    column.meta.update(node.meta)
    try:
        return _renamed(block, node, names, _of_row(block, column))
    except AthenaError as error:
        if error.code != "COLUMN_NOT_FOUND":
            raise
        raise _unresolved(block, node, relation) from None


def _unresolved(block: Expressions, node: exp.Expr, relation: Sequence[str]) -> AthenaError:
    message = f"Unable to resolve reference {'.'.join(relation)}"
    return AthenaError("TABLE_NOT_FOUND", message, block.position(node))


def _of_columns(block: Expressions, columns: Sequence[Column], *, own: bool = True) -> Items:
    items: Items = []
    for i, column in enumerate(columns):
        sql = column.sql
        if own and block.groups is not None:
            if column.sql not in block.groups:
                name = str(i + 1)
                if column.name is not None:
                    name = f"'{column.relation}.{column.name}'" if column.relation else f"'{column.name}'"
                raise AthenaError("EXPRESSION_NOT_AGGREGATE", f"Column {name} not in GROUP BY clause")
            sql = block.groups[column.sql]
        if column.scan is not None and column.name is not None:
            column.scan.used.add((column.own_name,))
        items.append((column.name, Value(sql, column.type)))
    return items


def _of_row(block: Expressions, node: exp.Expr) -> Items:
    value = block.compile(node)
    if value.type.name != "row":
        raise AthenaError("TYPE_MISMATCH", "expected expression of type Row", block.place)
    fields = zip(value.type.fields, field_names(value.type), value.type.args, strict=True)
    return [(name, Value(f"({value.sql}).{quote(field)}", type_)) for name, field, type_ in fields]


def _renamed(block: Expressions, node: exp.Expr, names: Sequence[str], items: Items) -> Items:
    if not names:
        return items
    check_aliases(node.args["names"], len(items), block.position)
    return [(name, value) for name, (_, value) in zip(names, items, strict=True)]


def _of_relation(column: Column, wanted: Sequence[str]) -> bool:
    qualifiers = [column.relation, column.database, "awsdatacatalog" if column.database else None]
    return all(w == q for w, q in zip(reversed(wanted), qualifiers, strict=False)) and len(wanted) <= len(qualifiers)


def _scopes(scope: Scope | None) -> Sequence[tuple[Scope, bool]]:
    found = []
    own = True
    while scope is not None:
        found.append((scope, own))
        own = own and scope.extends
        scope = scope.parent
    return found
