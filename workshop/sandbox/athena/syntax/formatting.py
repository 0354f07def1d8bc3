"""Expressions as Trino prints them in its errors (Trino source: ExpressionFormatter): all operators in brackets."""

from collections.abc import Callable, Iterable

from sqlglot import exp

_BINARY: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Like: "LIKE",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


def shown(node: exp.Expr) -> str:
    """`node` as text."""
    kind = type(node)
    if kind in _BINARY:
        return f"({shown(node.this)} {_BINARY[kind]} {shown(node.expression)})"
    form = _FORMS.get(kind)
    if form is not None:
        return form(node)
    return f"({node.key.upper()})" if isinstance(node, exp.Query) else node.key.upper()


def shown_all(nodes: Iterable[exp.Expr]) -> str:
    """Several, as Java prints a list."""
    return f"[{_listed(nodes)}]"


def _listed(nodes: Iterable[exp.Expr], separator: str = ", ") -> str:
    return separator.join(map(shown, nodes))


def _identifier(node: exp.Expr) -> str:
    return '"' + node.name.replace('"', '""') + '"' if node.args.get("quoted") else node.name


def _column(node: exp.Expr) -> str:
    assert isinstance(node, exp.Column)
    return ".".join(map(shown, node.parts))


def _literal(node: exp.Expr) -> str:
    if node.args["is_string"]:
        return "'" + node.name.replace("'", "''") + "'"
    text = node.name
    if "e" in text.lower():
        digits, exponent = f"{float(text):.18E}".split("E")
        return f"{digits.rstrip('0').rstrip('.')}E{int(exponent)}"
    return f"DECIMAL '{text}'" if "." in text else text


def _terms(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    if type(node) is not kind:
        return [node]
    return [*_terms(node.this, kind), *_terms(node.expression, kind)]


def _logical(node: exp.Expr) -> str:
    word = " AND " if isinstance(node, exp.And) else " OR "
    return f"({_listed(_terms(node, type(node)), word)})"


def _call(node: exp.Expr) -> str:
    if str(node.this).lower() == "grouping":
        return f"GROUPING ({_listed(node.expressions)})"
    listed = list(node.expressions)
    distinct = ""
    if len(listed) == 1 and isinstance(listed[0], exp.Distinct):
        distinct, listed = "DISTINCT ", list(listed[0].expressions)
    order = ""
    if listed and isinstance(listed[-1], exp.Order):
        order = f" ORDER BY {_listed(listed[-1].expressions)}"
        listed[-1] = listed[-1].this
    return f"{node.this}({distinct}{_listed(listed)}{order})"


def _case(node: exp.Expr) -> str:
    parts = ["CASE"] if node.this is None else ["CASE", shown(node.this)]
    parts += [f"WHEN {shown(b.this)} THEN {shown(b.args['true'])}" for b in node.args["ifs"]]
    if node.args.get("default") is not None:
        parts.append(f"ELSE {shown(node.args['default'])}")
    return f"({' '.join(parts)} END)"


def _if(node: exp.Expr) -> str:
    return f"IF({_listed(node.args[k] for k in ('this', 'true', 'false') if node.args.get(k) is not None)})"


def _in(node: exp.Expr) -> str:
    items = f"({_listed(node.expressions)})" if node.args.get("query") is None else shown(node.args["query"])
    return f"({shown(node.this)} IN {items})"


def _cast(node: exp.Expr) -> str:
    to = node.args["to"].sql("trino")
    if node.meta.get("typed_literal"):
        return f"{to} {shown(node.this)}"
    return f"{'TRY_CAST' if isinstance(node, exp.TryCast) else 'CAST'}({shown(node.this)} AS {to.lower()})"


def _window(node: exp.Expr) -> str:
    name = node.args.get("alias")
    if node.args.get("over"):
        return f"{shown(node.this)} OVER {shown(node.args['alias'])}"
    parts = [] if name is None else [shown(name)]
    if node.args.get("partition_by"):
        parts.append(f"PARTITION BY {_listed(node.args['partition_by'])}")
    if node.args.get("order"):
        parts.append(f"ORDER BY {_listed(node.args['order'].expressions)}")
    return f"{shown(node.this)} OVER ({' '.join(parts)})"


def _ordered(node: exp.Expr) -> str:
    nulls = " NULLS FIRST" if node.args.get("nulls_first") else " NULLS LAST"
    return shown(node.this) + (" DESC" if node.args.get("desc") else " ASC") + nulls


def _interval(node: exp.Expr) -> str:
    return f"INTERVAL {shown(node.this)} {node.args['unit'].sql('trino')}"


_FORMS: dict[type[exp.Expr], Callable[[exp.Expr], str]] = {
    exp.Identifier: _identifier,
    exp.Column: _column,
    exp.Star: lambda _: "*",
    exp.Literal: _literal,
    exp.Null: lambda _: "null",
    exp.Boolean: lambda node: "true" if node.this else "false",
    exp.HexString: lambda node: f"X'{node.this}'",
    exp.Interval: _interval,
    exp.Paren: lambda node: shown(node.this),
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: lambda node: f"(NOT {shown(node.this)})",
    exp.Neg: lambda node: f"-{shown(node.this)}",
    exp.Is: lambda node: f"({shown(node.this)} IS NULL)",
    exp.Between: lambda node: f"({shown(node.this)} BETWEEN {shown(node.args['low'])} AND {shown(node.args['high'])})",
    exp.In: _in,
    exp.Escape: lambda node: f"{shown(node.this)[:-1]} ESCAPE {shown(node.expression)})",
    exp.DPipe: lambda node: f"concat({shown(node.this)}, {shown(node.expression)})",
    exp.AtTimeZone: lambda node: f"{shown(node.this)} AT TIME ZONE {shown(node.args['zone'])}",
    exp.Anonymous: _call,
    exp.Filter: lambda node: f"{shown(node.this)} FILTER (WHERE {shown(node.expression.this)})",
    exp.IgnoreNulls: lambda node: f"{shown(node.this)} IGNORE NULLS",
    exp.RespectNulls: lambda node: f"{shown(node.this)} RESPECT NULLS",
    exp.Window: _window,
    exp.Ordered: _ordered,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Array: lambda node: f"ARRAY[{_listed(node.expressions, ',')}]",
    exp.Tuple: lambda node: f"ROW ({_listed(node.expressions)})",
    exp.Bracket: lambda node: f"{shown(node.this)}[{shown(node.expressions[0])}]",
    exp.Dot: lambda node: f"{shown(node.this)}.{shown(node.expression)}",
    exp.Lambda: lambda node: f"({_listed(node.expressions)}) -> {shown(node.this)}",
    exp.Extract: lambda node: f"EXTRACT({node.name} FROM {shown(node.expression)})",
    exp.Exists: lambda node: f"(EXISTS {shown(node.this)})",
    exp.Subquery: lambda _: "(SELECT)",
    exp.StrPosition: lambda node: f"strpos({shown(node.this)}, {shown(node.args['substr'])})",
    exp.Trim: lambda node: f"trim({shown(node.this)})",
    exp.CurrentDate: lambda _: "current_date",
    exp.CurrentTimestamp: lambda _: "current_timestamp",
    exp.CurrentTime: lambda _: "current_time",
    exp.Localtimestamp: lambda _: "localtimestamp",
    exp.Localtime: lambda _: "localtime",
    exp.Placeholder: lambda _: "?",
}
