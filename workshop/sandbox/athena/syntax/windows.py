"""What may follow a call: FILTER, IGNORE NULLS, OVER; and the windows that OVER and WINDOW describe.

`f(x) FILTER (WHERE c) IGNORE NULLS OVER w` is Window(IgnoreNulls(Filter(f))). A window's parts are the arguments of the
`Window` node: `partition_by`, `order`, `spec`; `alias` is the window that it is or starts from, and `over` is True when
it is `OVER w` and nothing else; `meta["inside"]` is the offset of what follows its opening bracket. In a frame, `start`
and `end` are `UNBOUNDED`, `CURRENT ROW` or an expression.
"""

from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.syntax.cursor import placed
from workshop.sandbox.athena.syntax.lexer import Lexeme

if TYPE_CHECKING:
    from workshop.sandbox.athena.syntax.expression_parser import ExpressionParser

_FRAMES = ("ROWS", "RANGE", "GROUPS")


def with_clauses(parser: "ExpressionParser", call: exp.Expr, first: Lexeme) -> exp.Expr:
    """`call` with what follows it."""
    node = call
    if parser.is_word("FILTER") and parser.is_symbol("(", ahead=1):
        parser.take()
        parser.expect_symbol("(")
        parser.expect("WHERE")
        condition = exp.Where(this=parser.expression())
        parser.expect_symbol(")")
        node = placed(exp.Filter(this=node, expression=condition), first)
    nulls: type[exp.Expr] | None = None
    if parser.is_word("IGNORE", "RESPECT") and parser.is_word("NULLS", ahead=1):
        nulls = exp.IgnoreNulls if parser.take().value == "IGNORE" else exp.RespectNulls
        parser.take()
        node = placed(nulls(this=node), first)
        if not parser.is_word("OVER"):
            parser.expect("OVER")
    if not (parser.is_word("OVER") and (parser.is_symbol("(", ahead=1) or parser.is_identifier(ahead=1))):
        return node
    parser.take()
    inside = parser.ahead().start if parser.is_symbol("(") else parser.token.start
    if parser.is_symbol("("):
        window = placed(exp.Window(this=node, **window_parts(parser)), first)
    else:
        window = placed(exp.Window(this=node, alias=parser.identifier(), over=True), first)
    window.meta["inside"] = inside
    return window


def window_parts(parser: "ExpressionParser") -> dict[str, object]:
    """`( [name] [PARTITION BY …] [ORDER BY …] [frame] )` as arguments of a Window."""
    parts: dict[str, object] = {}
    parser.expect_symbol("(")
    with parser.deeper():
        starts = parser.is_word("PARTITION", *_FRAMES) and not parser.is_symbol(")", ahead=1)
        if parser.is_identifier() and not starts:
            parts["alias"] = parser.identifier()
        if parser.accept("PARTITION"):
            parser.expect("BY")
            parts["partition_by"] = parser.several(parser.expression)
        if parser.is_word("ORDER"):
            token = parser.token
            parts["order"] = placed(exp.Order(expressions=parser.order_by()), token)
        else:
            parser.note("'ORDER'")
        if kind := parser.accept(*_FRAMES):
            parts["spec"] = _frame(parser, kind)
        parser.expect_symbol(")")
    return parts


def _frame(parser: "ExpressionParser", kind: Lexeme) -> exp.Expr:
    end: str | exp.Expr | None = None
    end_side: str | None = None
    if parser.accept("BETWEEN"):
        start, start_side = _bound(parser)
        parser.expect("AND")
        end, end_side = _bound(parser)
    else:
        start, start_side = _bound(parser)
    spec = exp.WindowSpec(kind=kind.value, start=start, start_side=start_side, end=end, end_side=end_side)
    return placed(spec, kind)


def _bound(parser: "ExpressionParser") -> tuple[str | exp.Expr, str | None]:
    if parser.accept("UNBOUNDED"):
        return "UNBOUNDED", parser.expect("PRECEDING", "FOLLOWING").value
    if parser.is_word("CURRENT") and parser.is_word("ROW", ahead=1):
        parser.take()
        parser.take()
        return "CURRENT ROW", None
    parser.note("'CURRENT'")
    value = parser.expression()
    return value, parser.expect("PRECEDING", "FOLLOWING").value
