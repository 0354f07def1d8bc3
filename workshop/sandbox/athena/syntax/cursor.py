"""A reader of tokens that knows, at each place, what could have stood there.

Trino answers a syntax error with the furthest token it could not use and what it expected instead. Every test for a
token that fails is therefore noted: what was expected at the furthest place becomes the `Expecting:` list.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from sqlglot import exp

from workshop.sandbox.athena.errors import InvalidRequestError, Position
from workshop.sandbox.athena.syntax.lexer import Kind, Lexeme, Places, lex, malformed
from workshop.sandbox.athena.syntax.words import RESERVED

Item = TypeVar("Item")
Node = TypeVar("Node", bound=exp.Expr)

_DEEPEST = 250
"""Brackets within brackets that are read; a tree that is deeper would exhaust Python's stack."""


class TooDeepError(InvalidRequestError):
    """Brackets within brackets beyond measure."""

    def __init__(self) -> None:
        super().__init__(
            "line 1:1: statement is too large (stack overflow while parsing)", athena_error_code="MALFORMED_QUERY"
        )


class Cursor:
    """Tokens, the place reached, and what was expected there."""

    def __init__(self, text: str, begin: int = 0, end: int | None = None) -> None:
        self.text = text
        self.places = Places(text)
        self.tokens: Sequence[Lexeme] = lex(text, begin, end)
        self.index = 0
        self._furthest = 0
        self._expected: set[str] = set()
        self._depth = 0
        self._brackets: list[int] = []
        self._failed: set[int] = set()

    @property
    def token(self) -> Lexeme:
        """The next token."""
        return self.tokens[self.index]

    @property
    def previous(self) -> Lexeme:
        """The token last taken."""
        return self.tokens[self.index - 1]

    def ahead(self, count: int = 1) -> Lexeme:
        """The token `count` places behind the next one."""
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def brackets_ahead(self) -> int:
        """How many opening brackets begin here."""
        if not self._brackets:
            self._brackets = [0] * len(self.tokens)
            for i in range(len(self.tokens) - 2, -1, -1):
                if self.tokens[i].text == "(":
                    self._brackets[i] = self._brackets[i + 1] + 1
        return self._brackets[self.index]

    # tests

    def is_word(self, *words: str, ahead: int = 0) -> bool:
        """Whether a token is one of `words`; nothing is noted."""
        token = self.ahead(ahead) if ahead else self.token
        return token.kind is Kind.WORD and token.value in words

    def is_symbol(self, *symbols: str, ahead: int = 0) -> bool:
        """Whether a token is one of `symbols`; nothing is noted."""
        token = self.ahead(ahead) if ahead else self.token
        return token.kind is Kind.SYMBOL and token.text in symbols

    def accept(self, *words: str) -> Lexeme | None:
        """Take the next token if it is one of `words`."""
        token = self.token
        if token.kind is Kind.WORD and token.value in words:
            self.index += 1
            return token
        self.note(*(f"'{word}'" for word in words))
        return None

    def accept_symbol(self, *symbols: str) -> Lexeme | None:
        """Take the next token if it is one of `symbols`."""
        token = self.token
        if token.kind is Kind.SYMBOL and token.text in symbols:
            self.index += 1
            return token
        self.note(*(f"'{symbol}'" for symbol in symbols))
        return None

    def accept_kind(self, *kinds: Kind) -> Lexeme | None:
        """Take the next token if it is of one of `kinds`."""
        token = self.token
        if token.kind in kinds:
            self.index += 1
            return token
        self.note(*(kind.value for kind in kinds))
        return None

    def expect(self, *words: str) -> Lexeme:
        """Take the next token, which must be one of `words`."""
        return self.accept(*words) or self.fail()

    def expect_symbol(self, *symbols: str) -> Lexeme:
        """Take the next token, which must be one of `symbols`."""
        return self.accept_symbol(*symbols) or self.fail()

    def expect_kind(self, *kinds: Kind) -> Lexeme:
        """Take the next token, which must be of one of `kinds`."""
        return self.accept_kind(*kinds) or self.fail()

    def expect_words(self, *words: str) -> Lexeme:
        """Take several words in a row; the first of them."""
        first = self.expect(words[0])
        for word in words[1:]:
            self.expect(word)
        return first

    def take(self) -> Lexeme:
        """Take the next token, whatever it is."""
        token = self.token
        self.index += 1
        return token

    def several(self, one: Callable[[], Item]) -> list[Item]:
        """One or more, between commas."""
        found = [one()]
        while self.accept_symbol(","):
            found.append(one())
        return found

    def attempt(self, read: Callable[[], Node], closing: str) -> Node | None:
        """What `read` reads if the symbol `closing` follows it; else nothing is taken. A place fails only once."""
        start, depth = self.index, self._depth
        if start in self._failed:
            return None
        try:
            found = read()
            if self.is_symbol(closing):
                return found
        except TooDeepError:
            raise
        except InvalidRequestError:
            pass
        self._failed.add(start)
        self.index, self._depth = start, depth
        return None

    # identifiers

    def is_identifier(self, ahead: int = 0) -> bool:
        """Whether a token can stand for a name."""
        token = self.ahead(ahead) if ahead else self.token
        if token.kind is Kind.WORD:
            return token.value not in RESERVED
        return token.kind in (Kind.QUOTED, Kind.BACKQUOTED, Kind.DIGITS)

    def accept_identifier(self) -> exp.Identifier | None:
        """Take a name, if the next token is one."""
        token = self.token
        if not self.is_identifier():
            self.note(Kind.WORD.value)
            return None
        if token.kind is Kind.BACKQUOTED:
            self.refuse(token, "backquoted identifiers are not supported; use double quotes to quote identifiers")
        if token.kind is Kind.DIGITS:
            self.refuse(token, "identifiers must not start with a digit; surround the identifier with double quotes")
        if token.kind is Kind.QUOTED and not token.value:
            self.refuse(token, "Zero-length delimited identifier not allowed")
        self.index += 1
        quoted = token.kind is Kind.QUOTED
        return placed(exp.Identifier(this=token.value if quoted else token.text, quoted=quoted), token)

    def identifier(self) -> exp.Identifier:
        """Take a name."""
        return self.accept_identifier() or self.fail()

    # errors

    def note(self, *names: str) -> None:
        """Remember that one of `names` could stand here."""
        if self.index < self._furthest:
            return
        if self.index > self._furthest:
            self._furthest = self.index
            self._expected.clear()
        self._expected.update(names)

    def fail(self) -> NoReturn:
        """A token that cannot stand where it stands, with all that could."""
        token = self.tokens[self._furthest]
        expected = ", ".join(sorted(self._expected, key=_rank))
        self.refuse(token, f"mismatched input '{token.text}'" + (f". Expecting: {expected}" if expected else ""))

    def refuse(self, token: Lexeme, message: str) -> NoReturn:
        """A syntax error at `token`."""
        raise malformed(self.places.of(token.start), message)

    def refuse_whole(self, message: str) -> NoReturn:
        """A syntax error that Trino places at the start of the text."""
        raise malformed(Position(1, 1), message)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of brackets down; too many are refused as Trino refuses them."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TooDeepError
        try:
            yield
        finally:
            self._depth -= 1


def placed(node: Node, first: Lexeme, last: Lexeme | None = None) -> Node:
    """`node`, which Trino places at the token `first`."""
    node.meta["start"] = first.start
    node.meta["end"] = (last or first).end
    return node


def _rank(name: str) -> tuple[bool, str]:
    """Words and symbols first, then the names of rules."""
    return name.startswith("<"), name
