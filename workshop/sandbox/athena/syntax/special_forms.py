"""Expressions with a syntax of their own: literals with a type, CASE, CAST, and calls that are no plain argument lists.

What the nodes look like, where sqlglot's do not say it:

* A literal of a named type (`DECIMAL '1.23'`, `BIGINT '1'`) is a `Cast` (or a JSON literal's) whose
  `meta["typed_literal"]` is True: `CAST('1.23' AS DECIMAL)` means something else.
* `X'65683F'` is a `HexString` of the digits.
* `INTERVAL '1-2' YEAR TO MONTH`: `Interval.unit` is an `IntervalSpan`, `meta["sign"]` is -1 for `INTERVAL -'1' DAY`.
* `CURRENT_TIMESTAMP(6)`, `LOCALTIME(0)`: the precision is `this`.
* Calls are `Anonymous`. Of `f(DISTINCT a, b ORDER BY c)` the one element of `expressions` is a `Distinct` of the
  arguments; the last argument is wrapped in an `Order` with the sort items. `LISTAGG(a, ',' ON OVERFLOW …) WITHIN GROUP
  (ORDER BY b)` is the call `listagg(a, ',' ORDER BY b)`; `meta["overflow"]` is then `{"error": bool, "filler": str,
  "count": bool}`. A separator that is not written is `''`.
* JSON functions: see `json_functions`.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.syntax import json_functions
from workshop.sandbox.athena.syntax.cursor import placed
from workshop.sandbox.athena.syntax.lexer import Kind, Lexeme
from workshop.sandbox.athena.syntax.type_parser import INTERVAL_FIELDS
from workshop.sandbox.athena.syntax.windows import with_clauses

if TYPE_CHECKING:
    from workshop.sandbox.athena.syntax.expression_parser import ExpressionParser

Form = Callable[["ExpressionParser"], exp.Expr | None]


# literals


def typed_literal(parser: "ExpressionParser") -> exp.Expr:
    """`type 'text'`."""
    token = parser.token
    to = parser.type()
    node = placed(exp.Cast(this=parser.string(), to=to), token)
    node.meta["typed_literal"] = True
    return node


def _double_precision(parser: "ExpressionParser") -> exp.Expr | None:
    if parser.is_word("PRECISION", ahead=1) and parser.ahead(2).kind is Kind.STRING:
        return typed_literal(parser)
    return None


def binary(parser: "ExpressionParser") -> exp.Expr:
    """`X'…'`."""
    token = parser.take()
    digits = re.sub(r"[ \t\r\n]", "", token.value).upper()
    if len(digits) % 2:
        parser.refuse(token, "Binary literal must contain an even number of digits")
    if not re.fullmatch(r"[0-9A-F]*", digits):
        parser.refuse(token, "Binary literal can only contain hexadecimal digits")
    return placed(exp.HexString(this=digits), token)


def unicode(parser: "ExpressionParser", token: Lexeme) -> str:
    """The text of `U&'…' [UESCAPE 'c']`."""
    mark = "\\"
    if parser.accept("UESCAPE"):
        mark = parser.expect_kind(Kind.STRING).value
        if len(mark) != 1 or re.match(r"[0-9A-Fa-f+'\"\s]", mark):
            parser.refuse(token, f"Invalid Unicode escape character: {mark}")
    escaped = re.escape(mark)

    def character(match: re.Match[str]) -> str:
        if match[1] is not None:
            return mark
        if match[2] is None and match[3] is None:
            parser.refuse(token, f"Incomplete escape sequence: {match.group()}")
        code = int(match[2] or match[3], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            parser.refuse(token, f"Invalid escaped character: {match[2] or match[3]}")
        return chr(code)

    return re.sub(rf"{escaped}(?:({escaped})|\+([0-9A-Fa-f]{{6}})|([0-9A-Fa-f]{{4}})|)", character, token.value)


def interval(parser: "ExpressionParser") -> exp.Expr | None:
    """`INTERVAL [+|-] 'text' field [TO field]`; None if INTERVAL is a name here."""
    signed = parser.is_symbol("+", "-", ahead=1)
    if parser.ahead(1 + signed).kind is not Kind.STRING:
        return None
    token = parser.take()
    sign = parser.take().text if signed else "+"
    text: exp.Expr = parser.string()
    if sign == "-":
        text = placed(exp.Neg(this=text), token)
    unit: exp.Expr = exp.Var(this=parser.expect(*INTERVAL_FIELDS).value)
    if parser.accept("TO"):
        unit = exp.IntervalSpan(this=unit, expression=exp.Var(this=parser.expect(*INTERVAL_FIELDS).value))
    return placed(exp.Interval(this=text, unit=unit), token)


def _constant(make: Callable[[], exp.Expr]) -> Form:
    return lambda parser: placed(make(), parser.take())


def _with_precision(kind: type[exp.Expr]) -> Form:
    def read(parser: "ExpressionParser") -> exp.Expr:
        token = parser.take()
        node = kind()
        if parser.accept_symbol("("):
            number = parser.expect_kind(Kind.INTEGER)
            node.set("this", placed(exp.Literal(this=number.value, is_string=False), number))
            parser.expect_symbol(")")
        return placed(node, token)

    return read


def _name_of_session(parser: "ExpressionParser") -> exp.Expr:
    """CURRENT_USER and the like, as calls without arguments."""
    token = parser.take()
    return placed(exp.Anonymous(this=token.value.lower(), expressions=[]), token)


# conditionals and conversions


def _case(parser: "ExpressionParser") -> exp.Expr:
    token = parser.take()
    subject = None if parser.is_word("WHEN") else parser.expression()
    branches: list[exp.If] = []
    parser.note("'WHEN'")
    while (when := parser.accept("WHEN")) or not branches:
        if when is None:
            parser.fail()
        condition = parser.expression()
        parser.expect("THEN")
        branches.append(placed(exp.If(this=condition, true=parser.expression()), when))
    default = parser.expression() if parser.accept("ELSE") else None
    parser.expect("END")
    return placed(exp.Case(this=subject, ifs=branches, default=default), token)


def _cast(parser: "ExpressionParser") -> exp.Expr | None:
    if not parser.is_symbol("(", ahead=1):
        return None
    token = parser.take()
    parser.expect_symbol("(")
    value = parser.expression()
    parser.expect("AS")
    to = parser.type()
    parser.expect_symbol(")")
    return placed((exp.Cast if token.value == "CAST" else exp.TryCast)(this=value, to=to), token)


# arrays, rows, queries


def _array(parser: "ExpressionParser") -> exp.Expr | None:
    if not parser.is_symbol("[", ahead=1):
        return None
    token = parser.take()
    parser.take()
    items = [] if parser.is_symbol("]") else parser.several(parser.expression)
    parser.expect_symbol("]")
    return placed(exp.Array(expressions=items), token)


def _row(parser: "ExpressionParser") -> exp.Expr | None:
    if not parser.is_symbol("(", ahead=1):
        return None
    token = parser.take()
    parser.take()
    items = parser.several(parser.expression)
    parser.expect_symbol(")")
    return placed(exp.Tuple(expressions=items), token)


def _exists(parser: "ExpressionParser") -> exp.Expr:
    token = parser.take()
    parser.expect_symbol("(")
    query = parser.query()
    parser.expect_symbol(")")
    return placed(exp.Exists(this=query), token)


# calls


def call(parser: "ExpressionParser", name: str, first: Lexeme) -> exp.Expr:
    """A call of the function `name`, whose brackets begin here, with FILTER and OVER."""
    node = placed(exp.Anonymous(this=name, expressions=_arguments(parser, name)), first)
    lowered = name.lower()
    if lowered in _COUNTS:
        fits, message = _COUNTS[lowered]
        if not fits(len(node.expressions)):
            parser.refuse(first, message)
        if node.expressions and isinstance(node.expressions[0], exp.Distinct):
            parser.refuse(first, f"DISTINCT not valid for '{lowered}' function")
        for word, clause in (("OVER", "OVER clause"), ("FILTER", "FILTER")):
            if parser.is_word(word) and parser.is_symbol("(", ahead=1):
                parser.refuse(first, f"{clause} not valid for '{lowered}' function")
    if lowered == "if":
        condition, yes, *no = node.expressions
        return placed(exp.If(this=condition, true=yes, false=no[0] if no else None), first)
    return with_clauses(parser, node, first)


_COUNTS: dict[str, tuple[Callable[[int], bool], str]] = {
    "if": (lambda n: n in (2, 3), "Invalid number of arguments for 'if' function"),
    "nullif": (lambda n: n == 2, "Invalid number of arguments for 'nullif' function"),
    "coalesce": (lambda n: n >= 2, "The 'coalesce' function must have at least two arguments"),
    "try": (lambda n: n == 1, "The 'try' function must have exactly one argument"),
    "format": (lambda n: n >= 2, "The 'format' function must have at least two arguments"),
}
"""Functions whose arguments Trino's parser counts."""


def _arguments(parser: "ExpressionParser", name: str) -> list[exp.Expr]:
    opening = parser.expect_symbol("(")
    with parser.deeper():
        if star := parser.accept_symbol("*"):
            items: list[exp.Expr] = [placed(exp.Star(), star)]
            parser.expect_symbol(")")
            return items
        distinct = parser.accept("DISTINCT", "ALL")
        if distinct is None and (parser.is_symbol(")") or parser.is_word("ORDER")):
            items = []
        else:
            items = parser.several(parser.expression)
        if name.lower() == "substring" and len(items) == 1 and parser.accept("FROM"):
            items.append(parser.value())
            if parser.accept("FOR"):
                items.append(parser.value())
        if parser.is_word("ORDER"):
            token = parser.token
            order = exp.Order(this=items[-1] if items else None, expressions=parser.order_by())
            items[-1:] = [placed(order, token)]
        else:
            parser.note("'ORDER'")
        parser.expect_symbol(")")
    if distinct is not None and distinct.value == "DISTINCT":
        items = [placed(exp.Distinct(expressions=items), opening)]
    return items


def _listagg(parser: "ExpressionParser") -> exp.Expr:
    token = parser.take()
    parser.expect_symbol("(")
    distinct = parser.accept("DISTINCT", "ALL")
    value = parser.expression()
    separator: exp.Expr = exp.Literal(this="", is_string=True)
    if parser.accept_symbol(","):
        separator = parser.string()
    overflow = {"error": True, "filler": "...", "count": False}
    if parser.accept("ON"):
        parser.expect("OVERFLOW")
        if parser.expect("ERROR", "TRUNCATE").value == "TRUNCATE":
            overflow["error"] = False
            if parser.token.kind is Kind.STRING:
                overflow["filler"] = parser.take().value
            overflow["count"] = parser.expect("WITH", "WITHOUT").value == "WITH"
            parser.expect("COUNT")
    parser.expect_symbol(")")
    parser.expect_words("WITHIN", "GROUP")
    parser.expect_symbol("(")
    order = exp.Order(this=separator, expressions=parser.order_by())
    parser.expect_symbol(")")
    items: list[exp.Expr] = [value, order]
    if distinct is not None and distinct.value == "DISTINCT":
        items = [exp.Distinct(expressions=items)]
    node = placed(exp.Anonymous(this="listagg", expressions=items), token)
    node.meta["overflow"] = overflow
    return with_clauses(parser, node, token)


def _extract(parser: "ExpressionParser") -> exp.Expr:
    token = parser.take()
    parser.expect_symbol("(")
    field = parser.identifier()
    parser.expect("FROM")
    value = parser.value()
    parser.expect_symbol(")")
    return placed(exp.Extract(this=exp.Var(this=field.name.upper()), expression=value), token)


def _position(parser: "ExpressionParser") -> exp.Expr | None:
    if not parser.is_symbol("(", ahead=1):
        return None
    token = parser.take()
    parser.take()
    needle = parser.value()
    if parser.accept_symbol(","):
        items = [needle, *parser.several(parser.expression)]
        parser.expect_symbol(")")
        return placed(exp.Anonymous(this="position", expressions=items), token)
    parser.expect("IN")
    value = parser.value()
    parser.expect_symbol(")")
    return placed(exp.StrPosition(this=value, substr=needle), token)


def _trim(parser: "ExpressionParser") -> exp.Expr:
    token = parser.take()
    parser.expect_symbol("(")
    side = parser.accept("BOTH", "LEADING", "TRAILING")
    characters = None
    if side is not None and parser.accept("FROM"):
        value = parser.value()
    else:
        value = parser.value()
        if parser.accept("FROM"):
            characters, value = value, parser.value()
        elif side is None and parser.accept_symbol(","):
            characters = parser.value()
        elif side is not None:
            parser.fail()
    parser.expect_symbol(")")
    return placed(exp.Trim(this=value, expression=characters, position=side.value if side else None), token)


def _normalize(parser: "ExpressionParser") -> exp.Expr:
    token = parser.take()
    parser.expect_symbol("(")
    items = [parser.value()]
    if parser.accept_symbol(","):
        form = parser.expect("NFC", "NFD", "NFKC", "NFKD")
        items.append(placed(exp.Literal(this=form.value, is_string=True), form))
    parser.expect_symbol(")")
    return placed(exp.Anonymous(this="normalize", expressions=items), token)


def _grouping(parser: "ExpressionParser") -> exp.Expr:
    """GROUPING takes names, no other expressions."""
    token = parser.take()
    parser.expect_symbol("(")

    def name() -> exp.Expr:
        first = parser.token
        parts = [parser.identifier()]
        while parser.accept_symbol("."):
            parts.append(parser.identifier())
        places = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
        return placed(exp.Column(**places), first)

    items = [] if parser.is_symbol(")") else parser.several(name)
    parser.expect_symbol(")")
    return placed(exp.Anonymous(this="grouping", expressions=items), token)


FORMS: dict[str, Form] = {
    "NULL": _constant(exp.Null),
    "TRUE": _constant(lambda: exp.Boolean(this=True)),
    "FALSE": _constant(lambda: exp.Boolean(this=False)),
    "INTERVAL": interval,
    "DOUBLE": _double_precision,
    "CURRENT_DATE": _constant(exp.CurrentDate),
    "CURRENT_TIME": _with_precision(exp.CurrentTime),
    "CURRENT_TIMESTAMP": _with_precision(exp.CurrentTimestamp),
    "LOCALTIME": _with_precision(exp.Localtime),
    "LOCALTIMESTAMP": _with_precision(exp.Localtimestamp),
    **dict.fromkeys(("CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH"), _name_of_session),
    "CASE": _case,
    "CAST": _cast,
    "TRY_CAST": _cast,
    "ARRAY": _array,
    "ROW": _row,
    "EXISTS": _exists,
    "EXTRACT": _extract,
    "POSITION": _position,
    "TRIM": _trim,
    "NORMALIZE": _normalize,
    "GROUPING": _grouping,
    "LISTAGG": _listagg,
    **json_functions.FORMS,
}
"""What reads an expression that begins with a word; None when the word is an ordinary name there."""
