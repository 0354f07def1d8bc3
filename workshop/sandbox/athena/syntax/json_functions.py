"""JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_ARRAY and JSON_OBJECT: calls with clauses (Trino documentation: JSON
functions and operators).

Each is an `exp.Anonymous` with its name in lower case. `expressions` holds the plain operands, `node.args` the clauses,
and `node.meta["json"]` a dict of what is no expression:

* `json_exists`, `json_value`, `json_query`: `expressions` are the input and the path (a string literal).
  `args["passing"]` is a list of `exp.Alias(this=value, alias=Identifier)`, in the order written.
  `meta["json"]["input_format"]` is None, `"JSON"` or `"JSON ENCODING UTF8"` …; `meta["json"]["formats"]` has one such
  entry for each PASSING value.
  * `json_exists`: `meta["json"]["on_error"]` is `"TRUE"`, `"FALSE"`, `"UNKNOWN"` or `"ERROR"` (default `"FALSE"`).
  * `json_value`: `args["returning"]` is a DataType or absent (varchar). `meta["json"]["on_empty"]` and `["on_error"]`
    are `"NULL"`, `"ERROR"` or `"DEFAULT"` (default `"NULL"`); the defaults' values are `args["empty_default"]` and
    `args["error_default"]`.
  * `json_query`: `args["returning"]`; `meta["json"]["format"]`; `["wrapper"]` is `"WITHOUT"`, `"CONDITIONAL"` or
    `"UNCONDITIONAL"` (default `"WITHOUT"`); `["quotes"]` is `"KEEP"` or `"OMIT"` (default `"KEEP"`); `["on_empty"]` and
    `["on_error"]` are `"NULL"`, `"ERROR"`, `"EMPTY ARRAY"` or `"EMPTY OBJECT"` (default `"NULL"`).
* `json_array`: `expressions` are the values; `meta["json"]["formats"]` one entry each; `["nulls"]` is `"ABSENT"` (the
  default) or `"NULL"`; `args["returning"]`, `meta["json"]["format"]`.
* `json_object`: `expressions` are key, value, key, value, …; `meta["json"]["formats"]` one entry for each value;
  `["nulls"]` is `"NULL"` (the default) or `"ABSENT"`; `["unique"]` is True after WITH UNIQUE KEYS;
  `args["returning"]`, `meta["json"]["format"]`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.syntax.cursor import placed

if TYPE_CHECKING:
    from workshop.sandbox.athena.syntax.expression_parser import ExpressionParser

_Clauses = dict[str, object]


def _path_call(parser: "ExpressionParser", clauses: _Clauses) -> exp.Anonymous:
    """`name(input [FORMAT JSON], path [PASSING …]`, without the closing bracket."""
    token = parser.take()
    parser.expect_symbol("(")
    value = parser.expression()
    clauses["input_format"] = _format(parser)
    parser.expect_symbol(",")
    path = parser.string()
    node = placed(exp.Anonymous(this=token.value.lower(), expressions=[value, path]), token)
    formats: list[str | None] = []
    passing: list[exp.Expr] = []
    if parser.accept("PASSING"):
        while not passing or parser.accept_symbol(","):
            item = parser.expression()
            formats.append(_format(parser))
            parser.expect("AS")
            passing.append(exp.Alias(this=item, alias=parser.identifier()))
    clauses["formats"] = formats
    node.set("passing", passing)
    return node


def _exists(parser: "ExpressionParser") -> exp.Expr:
    clauses: _Clauses = {"on_error": "FALSE"}
    node = _path_call(parser, clauses)
    if word := parser.accept("TRUE", "FALSE", "UNKNOWN", "ERROR"):
        clauses["on_error"] = word.value
        parser.expect_words("ON", "ERROR")
    return _closed(parser, node, clauses)


def _value(parser: "ExpressionParser") -> exp.Expr:
    clauses: _Clauses = {"on_empty": "NULL", "on_error": "NULL"}
    node = _path_call(parser, clauses)
    if parser.accept("RETURNING"):
        node.set("returning", parser.type())
    for event in ("EMPTY", "ERROR"):
        if parser.is_word("NULL", "ERROR", "DEFAULT"):
            behaviour = parser.take().value
            default = parser.expression() if behaviour == "DEFAULT" else None
            parser.expect("ON")
            found = parser.expect(*(("EMPTY", "ERROR") if event == "EMPTY" else ("ERROR",))).value.lower()
            clauses[f"on_{found}"] = behaviour
            node.set(f"{found}_default", default)
            if found == "error":
                break
    parser.note("'NULL'", "'ERROR'", "'DEFAULT'")
    return _closed(parser, node, clauses)


def _query(parser: "ExpressionParser") -> exp.Expr:
    clauses: _Clauses = {"wrapper": "WITHOUT", "quotes": "KEEP", "on_empty": "NULL", "on_error": "NULL"}
    node = _path_call(parser, clauses)
    _returning(parser, node, clauses)
    if wrapper := parser.accept("WITHOUT", "WITH"):
        kind = None if wrapper.value == "WITHOUT" else parser.accept("CONDITIONAL", "UNCONDITIONAL")
        parser.accept("ARRAY")
        parser.expect("WRAPPER")
        clauses["wrapper"] = kind.value if kind else {"WITH": "UNCONDITIONAL"}.get(wrapper.value, "WITHOUT")
    if quotes := parser.accept("KEEP", "OMIT"):
        clauses["quotes"] = quotes.value
        parser.expect("QUOTES")
        if parser.accept("ON"):
            parser.expect_words("SCALAR", "STRING")
    for event in ("EMPTY", "ERROR"):
        if parser.is_word("NULL", "ERROR", "EMPTY"):
            behaviour = parser.take().value
            if behaviour == "EMPTY":
                behaviour += f" {parser.expect('ARRAY', 'OBJECT').value}"
            parser.expect("ON")
            found = parser.expect(*(("EMPTY", "ERROR") if event == "EMPTY" else ("ERROR",))).value.lower()
            clauses[f"on_{found}"] = behaviour
            if found == "error":
                break
    parser.note("'NULL'", "'ERROR'", "'EMPTY'")
    return _closed(parser, node, clauses)


def _array(parser: "ExpressionParser") -> exp.Expr:
    clauses: _Clauses = {"nulls": "ABSENT"}
    token = parser.take()
    parser.expect_symbol("(")
    items: list[exp.Expr] = []
    formats: list[str | None] = []
    if not parser.is_symbol(")") and not parser.is_word("RETURNING"):
        while not items or parser.accept_symbol(","):
            items.append(parser.expression())
            formats.append(_format(parser))
        _nulls(parser, clauses)
    node = placed(exp.Anonymous(this="json_array", expressions=items), token)
    _returning(parser, node, clauses)
    return _closed(parser, node, clauses | {"formats": formats})


def _object(parser: "ExpressionParser") -> exp.Expr:
    clauses: _Clauses = {"nulls": "NULL", "unique": False}
    token = parser.take()
    parser.expect_symbol("(")
    items: list[exp.Expr] = []
    formats: list[str | None] = []
    if not parser.is_symbol(")") and not parser.is_word("RETURNING"):
        while not items or parser.accept_symbol(","):
            worded = parser.is_word("KEY") and not parser.is_symbol(":", ".", ahead=1)
            if worded:
                parser.take()
            items.append(parser.expression())
            if worded or not parser.is_symbol(":"):
                parser.expect("VALUE")
            else:
                parser.expect_symbol(":")
            items.append(parser.expression())
            formats.append(_format(parser))
        _nulls(parser, clauses)
        if unique := parser.accept("WITH", "WITHOUT"):
            clauses["unique"] = unique.value == "WITH"
            parser.expect("UNIQUE")
            parser.accept("KEYS")
    node = placed(exp.Anonymous(this="json_object", expressions=items), token)
    _returning(parser, node, clauses)
    return _closed(parser, node, clauses | {"formats": formats})


def _nulls(parser: "ExpressionParser", clauses: _Clauses) -> None:
    if word := parser.accept("NULL", "ABSENT"):
        clauses["nulls"] = word.value
        parser.expect_words("ON", "NULL")


def _returning(parser: "ExpressionParser", node: exp.Expr, clauses: _Clauses) -> None:
    clauses["format"] = None
    if parser.accept("RETURNING"):
        node.set("returning", parser.type())
        clauses["format"] = _format(parser)


def _format(parser: "ExpressionParser") -> str | None:
    if not (parser.is_word("FORMAT") and parser.is_word("JSON", ahead=1)):
        return None
    parser.take()
    parser.take()
    if parser.accept("ENCODING"):
        return f"JSON ENCODING {parser.expect('UTF8', 'UTF16', 'UTF32').value}"
    return "JSON"


def _closed(parser: "ExpressionParser", node: exp.Expr, clauses: _Clauses) -> exp.Expr:
    parser.expect_symbol(")")
    node.meta["json"] = clauses
    return node


FORMS: dict[str, Callable[["ExpressionParser"], exp.Expr | None]] = {
    "JSON_EXISTS": _exists,
    "JSON_VALUE": _value,
    "JSON_QUERY": _query,
    "JSON_ARRAY": _array,
    "JSON_OBJECT": _object,
}
"""What reads each function."""
