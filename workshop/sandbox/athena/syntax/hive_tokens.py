"""Tokens of Hive's language, in which Athena reads DDL, SHOW and DESCRIBE, and a cursor over them.

It differs from Trino's: backquotes hold names, double quotes hold text, and a backslash escapes (Hive language manual:
types, string literals; Athena user guide: reserved words and names). The heads of Trino's own statements about the
catalog (CREATE VIEW, EXPLAIN, …) are read with the same cursor over Trino's quotes.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import TypeVar

from workshop.sandbox.athena.errors import InvalidRequestError

T = TypeVar("T")


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    NAME = auto()  # in backquotes
    STRING = auto()
    NUMBER = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class HiveToken:
    """A token: its meaning (a name or text without quotes) and its place in the text, `end` excluded."""

    kind: Kind
    text: str
    start: int
    end: int
    quote: str = ""

    @property
    def is_name(self) -> bool:
        """Whether it may name something."""
        return self.kind in (Kind.WORD, Kind.NAME)

    def is_word(self, word: str) -> bool:
        """Whether it is this keyword."""
        return self.kind is Kind.WORD and self.text.upper() == word


_HIVE_STRINGS = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_TRINO_STRINGS = r"""'(?:[^']|'')*'|"(?:[^"]|"")*\""""


def _lexer(strings: str) -> re.Pattern[str]:
    return re.compile(
        rf"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>{strings})
      | (?P<name>`(?:[^`]|``)*`)
      | (?P<number>\d+\.\d+(?:[eE][+-]?\d+)?(?!\w)|\d+(?!\w))
      | (?P<word>[A-Za-z0-9]\w*)
      | (?P<symbol><=|>=|<>|!=|.)""",
        re.VERBOSE | re.DOTALL | re.ASCII,
    )


_LEXERS = {"hive": _lexer(_HIVE_STRINGS), "trino": _lexer(_TRINO_STRINGS)}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3][0-7][0-7]|.)", re.DOTALL)
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}


@lru_cache(maxsize=2)  # one text is looked at in several ways
def tokens_of(text: str, language: str = "hive") -> tuple[HiveToken, ...]:
    """All tokens of a text, without comments, an END last; a character of no token is a symbol that nothing expects,
    and so is a quote that does not end, the last that is read.

    `language`: "trino" takes double quotes for names, and backslashes for what they are.
    """
    tokens = []
    for found in _LEXERS[language].finditer(text):
        kind = found.lastgroup or ""
        if kind == "skip":
            continue
        raw = found.group()
        meaning = raw
        if kind == "string" and language == "trino":
            meaning = raw[1:-1].replace(raw[0] * 2, raw[0])
            kind = "name" if raw[0] == '"' else kind
        elif kind == "string":
            meaning = unescape(raw[1:-1])
        elif kind == "name":
            meaning = raw[1:-1].replace("``", "`")
        quote = raw[0] if raw[0] in "'\"`" and len(raw) > 1 else ""
        tokens.append(HiveToken(Kind[kind.upper()], meaning, found.start(), found.end(), quote))
        if raw in "'\"`" or text.startswith("/*", found.start()):
            break  # a quote or comment that does not end: nothing behind it can be read
    tokens.append(HiveToken(Kind.END, "<EOF>", len(text), len(text)))
    return tuple(tokens)


_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)


def first_word(text: str) -> str:
    """The word that a text begins with, in upper case, comments left out; '' if it begins with something else."""
    found = _FIRST_WORD.match(text)
    return found[1].upper() if found else ""


def unescape(body: str) -> str:
    r"""The text that a literal's body stands for: `\t`, `\'`, `\\`, `\u0041` and `\101` (Hive: unescapeSQLString)."""

    def meaning(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if len(code) == 3:
            return chr(int(code, 8))
        return _ESCAPED.get(code, code)

    return _ESCAPE.sub(meaning, body)


@dataclass
class Cursor:
    """Reads the tokens of one statement; every complaint is Athena's answer to a syntax error."""

    text: str
    tokens: Sequence[HiveToken] = field(default_factory=list)
    position: int = 0

    @classmethod
    def over(cls, text: str, language: str = "hive") -> "Cursor":
        """A cursor at the beginning of `text`."""
        tokens = tokens_of(text, language)
        last = tokens[-2] if len(tokens) > 1 else None
        if last is not None and last.text == ";" and last.kind is Kind.SYMBOL:
            tokens = (*tokens[:-2], tokens[-1])
        return cls(text, tokens)

    def one_statement(self) -> None:
        """Refuse several statements in one text."""
        if any(t.kind is Kind.SYMBOL and t.text == ";" for t in self.tokens):
            raise InvalidRequestError(
                f"Only one sql statement is allowed. Got: {self.text}", athena_error_code="INVALID_INPUT"
            )

    @property
    def token(self) -> HiveToken:
        """The token to read next."""
        return self.tokens[self.position]

    def ahead(self, count: int) -> HiveToken:
        """The token `count` places behind the next one."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def advance(self) -> HiveToken:
        """Read a token."""
        token = self.token
        if token.kind is not Kind.END:
            self.position += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether these keywords (or symbols) come next."""
        return all(_matches(self.ahead(i), word) for i, word in enumerate(words))

    def accept(self, *words: str) -> bool:
        """Read these keywords if they come next."""
        if not self.at(*words):
            return False
        self.position += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Read these keywords."""
        for word in words:
            if not self.accept(word):
                raise self.mismatched(f"'{word}'")

    def string(self) -> str:
        """Read text in quotes; adjacent literals are one, as in Hive."""
        parts: list[str] = []
        while (token := self.token).kind is Kind.STRING:
            parts.append(token.text)
            self.advance()
        if not parts:
            raise self.no_alternative()
        return "".join(parts)

    def name(self) -> str:
        """Read a name, in lower case."""
        if not self.token.is_name or not self.token.text.strip():
            raise self.no_alternative()
        return self.advance().text.lower()

    def number(self) -> int:
        """Read a whole number."""
        if self.token.kind is not Kind.NUMBER or not self.token.text.isdigit() or len(self.token.text) > 9:
            raise self.no_alternative()
        return int(self.advance().text)

    def listed(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Read `( item, … )`."""
        self.expect("(")
        items = [read()]
        while self.accept(","):
            items.append(read())
        self.expect(")")
        return tuple(items)

    def end(self) -> None:
        """Nothing may follow."""
        if self.token.kind is not Kind.END:
            raise self.mismatched("<EOF>")

    def written(self, first: int, last: int) -> str:
        """The text from token `first` to token `last`, as written."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def no_alternative(self, token: HiveToken | None = None, start: int = 0) -> InvalidRequestError:
        """Athena's answer where several things might have stood: it shows the text up to what it stumbled over."""
        token = token or self.token
        shown = self.text[self.tokens[start].start : token.end] + ("<EOF>" if token.kind is Kind.END else "")
        return self.refused(token, f"no viable alternative at input '{_on_one_line(shown)}'")

    def mismatched(self, expecting: str) -> InvalidRequestError:
        """Athena's answer where one thing should have stood."""
        shown = self.text[self.token.start : self.token.end] or "<EOF>"
        return self.refused(self.token, f"mismatched input '{_on_one_line(shown)}' expecting {expecting}")

    def unexpected(self, expecting: str) -> InvalidRequestError:
        """Trino's answer to a token that cannot stand there."""
        shown = self.text[self.token.start : self.token.end] or "<EOF>"
        return self.refused(self.token, f"mismatched input '{shown}'. Expecting: {expecting}")

    def refused(self, token: HiveToken, message: str) -> InvalidRequestError:
        """`message`, with the place of a token."""
        before = self.text[: token.start]
        line, column = before.count("\n") + 1, token.start - (before.rfind("\n") + 1) + 1
        return InvalidRequestError(f"line {line}:{column}: {message}", athena_error_code="MALFORMED_QUERY")


def _matches(token: HiveToken, word: str) -> bool:
    return token.is_word(word) or (token.kind is Kind.SYMBOL and token.text == word)


def _on_one_line(text: str) -> str:
    return text.replace("\n", "\\n")
