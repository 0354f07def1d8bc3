"""From text to syntax tree.

Queries, INSERT and CREATE TABLE AS are read by a parser of our own, which knows Trino's grammar and nothing else
(`query_parser`): what Athena refuses as a syntax error is one here, at the same place. The trees are made of sqlglot's
nodes, every call of a function a plain one (`exp.Anonymous`): `functions` alone says what it means. The tokens that
`statements` cuts other statements from are sqlglot's.
"""

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from workshop.sandbox.athena.errors import InvalidRequestError, Position
from workshop.sandbox.athena.syntax.lexer import Places
from workshop.sandbox.athena.syntax.statement_parser import StatementParser
from workshop.sandbox.athena.syntax.words import QUERY_STARTS

sys.setrecursionlimit(max(sys.getrecursionlimit(), 5000))  # a level of brackets takes a dozen calls to read

_OURS = frozenset([*QUERY_STARTS, "INSERT", "("])
"""First words of the statements that our own parser reads, beside CREATE TABLE AS."""


class _Tokenizer(Trino.Tokenizer):
    COMMANDS: ClassVar[set[TokenType]] = set()  # a command would swallow the rest of the text as one token
    NESTED_COMMENTS: ClassVar[bool] = False


class _Parser(TrinoParser):
    pass


class _Dialect(Trino):
    Tokenizer = _Tokenizer
    Parser = _Parser


_DIALECT = _Dialect()


class SyntaxTree:
    """The tokens of a text, and trees parsed from them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._places = Places(text)
        try:
            self.tokens: list[Token] = _DIALECT.tokenize(text)
        except TokenError as error:
            if text.split(None, 1)[0].upper() in QUERY_STARTS:
                StatementParser(text).whole()  # says what is wrong as Trino does
            raise InvalidRequestError(f"line 1:1: {_first_line(error)}", athena_error_code="INVALID_INPUT") from error
        self._end = len(text)
        if self.tokens and self.tokens[-1].token_type == TokenType.SEMICOLON:
            self._end = self.tokens.pop().start

    def parse(self, tokens: Sequence[Token] | None = None) -> exp.Expr:
        """The one statement in `tokens` (default: the whole text); raises `InvalidRequestError` as Athena words it."""
        chosen = self.tokens if tokens is None else tokens
        for token in chosen:
            if token.token_type == TokenType.SEMICOLON:
                raise InvalidRequestError(
                    "Only one sql statement is allowed. Got: " + self.text, athena_error_code="INVALID_INPUT"
                )
        if not chosen:
            raise self.mismatched(None)
        if chosen[0].text.upper() in _OURS or _is_ctas(chosen):
            end = self._end if tokens is None else chosen[-1].end + 1
            return StatementParser(self.text, chosen[0].start, end).statement()
        return self._others(list(chosen))

    def position(self, token: Token) -> Position:
        """Where a token begins."""
        return self._places.of(token.start)

    def mismatched(self, token: Token | None, expecting: str = "") -> InvalidRequestError:
        """Athena's answer to a token that cannot stand where it stands (None: the text ended too early)."""
        place = self._places.of(token.start if token else len(self.text))
        shown = self.text[token.start : token.end + 1] if token else "<EOF>"
        tail = f". Expecting: {expecting}" if expecting else ""
        return InvalidRequestError(
            f"line {place.line}:{place.column}: mismatched input '{shown}'{tail}", athena_error_code="MALFORMED_QUERY"
        )

    def _others(self, tokens: list[Token]) -> exp.Expr:
        """A statement of another kind, read by sqlglot."""
        try:
            trees = _DIALECT.parser().parse(tokens, self.text)
        except ParseError as error:
            details = error.errors[0] if error.errors else {}
            place = (details.get("line"), details.get("col"))
            raise self.mismatched(next((t for t in tokens if (t.line, t.col) == place), None)) from error
        if len(trees) != 1 or trees[0] is None:
            raise self.mismatched(tokens[0])
        return trees[0]


def _is_ctas(tokens: Sequence[Token]) -> bool:
    words = [t.text.upper() for t in tokens[:2]]
    return words == ["CREATE", "TABLE"] and any(t.token_type == TokenType.ALIAS for t in tokens)


@lru_cache(maxsize=8)
def _places(text: str) -> Places:
    return Places(text)


def position_of(text: str, offset: int) -> Position:
    """Line and column of an offset into `text`."""
    return _places(text).of(offset)


def place_of(node: exp.Expr, text: str) -> Position | None:
    """Where Trino places `node` in `text`."""
    start = start_of(node)
    return None if start is None else position_of(text, start)


def start_of(node: exp.Expr) -> int | None:
    """Offset where Trino places `node`: its own token (an operator's symbol, a call's name), else its first one."""
    if "start" in node.meta:
        return int(node.meta["start"])
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return min(starts) if starts else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
