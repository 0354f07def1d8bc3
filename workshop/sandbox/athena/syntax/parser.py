"""From text to syntax tree: sqlglot's Trino grammar with every function left a plain call.

sqlglot rewrites many functions into nodes of its own, with the semantics of other engines; here a call stays a call
(`exp.Anonymous`), and `functions` alone says what it means. Statements that sqlglot does not know (UNLOAD, EXECUTE)
are cut from the tokens by `statements`.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from workshop.sandbox.athena.errors import InvalidRequestError, Position

# Syntax that is not a plain argument list; everything else is a call by name.
_SPECIAL_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "TRIM")


def _placeholder(parser: TrinoParser) -> exp.Placeholder:
    node = exp.Placeholder()
    node.update_positions(parser._prev)
    return node


def _placed(parse: Callable[[TrinoParser, Token], exp.Expr | None]) -> Callable[[TrinoParser, Token], exp.Expr | None]:
    """A parser of literals that also remembers where they stand."""

    def parse_and_place(parser: TrinoParser, token: Token) -> exp.Expr | None:
        node = parse(parser, token)
        return node if node is None else node.update_positions(token)

    return parse_and_place


class _Tokenizer(Trino.Tokenizer):
    COMMANDS: ClassVar[set[TokenType]] = set()  # a command would swallow the rest of the text as one token


class _Parser(TrinoParser):
    PLACEHOLDER_PARSERS: ClassVar[dict[TokenType, Any]] = {TokenType.PLACEHOLDER: _placeholder}
    PRIMARY_PARSERS: ClassVar[dict[TokenType, Any]] = {
        kind: _placed(parse) for kind, parse in TrinoParser.PRIMARY_PARSERS.items()
    }
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: parser for name, parser in TrinoParser.FUNCTION_PARSERS.items() if name in _SPECIAL_SYNTAX
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: parser for name, parser in TrinoParser.NO_PAREN_FUNCTION_PARSERS.items() if name in ("CASE", "IF")
    }


class _Dialect(Trino):
    INDEX_OFFSET = 0  # leave subscripts as written
    Tokenizer = _Tokenizer
    Parser = _Parser


_DIALECT = _Dialect()


class SyntaxTree:
    """The tokens of a text, and trees parsed from them."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.tokens: list[Token] = _DIALECT.tokenize(text)
        except TokenError as error:
            raise InvalidRequestError(f"line 1:1: {_first_line(error)}", athena_error_code="INVALID_INPUT") from error
        if self.tokens and self.tokens[-1].token_type == TokenType.SEMICOLON:
            self.tokens.pop()

    def parse(self, tokens: Sequence[Token] | None = None) -> exp.Expr:
        """The one statement in `tokens` (default: the whole text); raises `InvalidRequestError` as Athena words it."""
        chosen = list(self.tokens if tokens is None else tokens)
        for token in chosen:
            if token.token_type == TokenType.SEMICOLON:
                raise InvalidRequestError(
                    "Only one sql statement is allowed. Got: " + self.text, athena_error_code="INVALID_INPUT"
                )
        try:
            trees = _DIALECT.parser().parse(chosen, self.text)
        except ParseError as error:
            raise self._syntax_error(error) from error
        if len(trees) != 1 or trees[0] is None:
            raise self.mismatched(chosen[0] if chosen else None)
        _place_operators(trees[0], chosen)
        return trees[0]

    def position(self, token: Token) -> Position:
        """Where a token begins."""
        return position_of(self.text, token.start)

    def mismatched(self, token: Token | None, expecting: str = "") -> InvalidRequestError:
        """Athena's answer to a token that cannot stand where it stands (None: the text ended too early)."""
        place = self.position(token) if token else position_of(self.text, len(self.text))
        shown = self.text[token.start : token.end + 1] if token else "<EOF>"
        tail = f". Expecting: {expecting}" if expecting else ""
        return InvalidRequestError(
            f"line {place.line}:{place.column}: mismatched input '{shown}'{tail}", athena_error_code="MALFORMED_QUERY"
        )

    def _syntax_error(self, error: ParseError) -> InvalidRequestError:
        details = error.errors[0] if error.errors else {}
        line, end = details.get("line"), details.get("col")
        wrong = next((t for t in self.tokens if t.line == line and t.col == end), None)
        # sqlglot reads a bare word such as SELCT as an expression and stumbles over what follows it.
        first = self.tokens[0] if self.tokens else None
        if first is not None and first.token_type == TokenType.VAR and wrong is not None:
            wrong = first
        if wrong is not None and str(details.get("description", "")).startswith("Required keyword"):
            wrong = None if wrong is self.tokens[-1] else self.tokens[self.tokens.index(wrong) + 1]
        return self.mismatched(wrong)


_SYMBOLS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Add: ("+",),
    exp.Sub: ("-",),
    exp.Mul: ("*",),
    exp.Div: ("/",),
    exp.Mod: ("%",),
    exp.DPipe: ("||",),
    exp.EQ: ("=",),
    exp.NEQ: ("<>", "!="),
    exp.LT: ("<",),
    exp.LTE: ("<=",),
    exp.GT: (">",),
    exp.GTE: (">=",),
    exp.Between: ("BETWEEN",),
    exp.In: ("IN",),
    exp.Like: ("LIKE",),
}


def _place_operators(tree: exp.Expr, tokens: Sequence[Token]) -> None:
    """Give operators the place of their symbol, as Trino's errors do: the first one behind the left operand."""
    starts = [t.start for t in tokens]
    for node in tree.walk():
        symbols = _SYMBOLS.get(type(node))
        if symbols is None or not isinstance(node.this, exp.Expr):
            continue
        end = max((n.meta["end"] for n in node.this.walk() if "end" in n.meta), default=-1)
        for token in tokens[bisect_right(starts, end) :]:
            if token.text.upper() in symbols:
                node.update_positions(token)
                break


def position_of(text: str, offset: int) -> Position:
    """Line and column of an offset into `text`."""
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def start_of(node: exp.Expr) -> int | None:
    """Offset where Trino places `node`: its own token (an operator's symbol, a call's name), else its first one."""
    if "start" in node.meta:
        return int(node.meta["start"])
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return min(starts) if starts else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
