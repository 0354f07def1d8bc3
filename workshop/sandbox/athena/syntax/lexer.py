"""Text to tokens, as Trino's lexer cuts it (Trino source: the lexer rules of SqlBase.g4).

sqlglot's tokens belong to many dialects: they join words (`GROUP BY`), take `#` for a comment and `\\'` for an escape.
The tokens of queries are therefore cut here, and a character that Trino does not know is a token that nothing expects.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from workshop.sandbox.athena.errors import InvalidRequestError, Position


class Kind(Enum):
    """What a token is; the values appear in `Expecting:` lists."""

    WORD = "<identifier>"
    QUOTED = "<quoted identifier>"
    STRING = "<string>"
    UNICODE = "<unicode string>"
    BINARY = "<binary>"
    INTEGER = "<integer>"
    DECIMAL = "<decimal>"
    DOUBLE = "<double>"
    SYMBOL = "<symbol>"
    BACKQUOTED = "<backquoted>"
    DIGITS = "<identifier with a leading digit>"
    UNKNOWN = "<unknown>"
    END = "<EOF>"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A token: its text as written, the word or value it stands for, the offsets of its first and last character."""

    kind: Kind
    text: str
    value: str
    start: int
    end: int


_RULES: tuple[tuple[str, str], ...] = (
    ("SKIP", r"\s+|--[^\r\n]*|/\*.*?\*/"),
    ("UNICODE", r"U&'(?:[^']|'')*'"),
    ("BINARY", r"X'(?:[^']|'')*'"),
    ("STRING", r"'(?:[^']|'')*'"),
    ("QUOTED", r'"(?:[^"]|"")*"'),
    ("BACKQUOTED", r"`(?:[^`]|``)*`"),
    ("DOUBLE", r"(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)E[+-]?[0-9]+(?![A-Z0-9_])"),
    ("DECIMAL", r"[0-9](?:_?[0-9])*\.(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*"),
    ("INTEGER", r"(?:0X(?:_?[0-9A-F])+|0O(?:_?[0-7])+|0B(?:_?[01])+|[0-9](?:_?[0-9])*)(?![A-Z0-9_])"),
    ("DIGITS", r"[0-9][A-Z0-9_]+"),
    ("WORD", r"[A-Z_][A-Z0-9_]*"),
    ("SYMBOL", r"<>|!=|<=|>=|\|\||->|=>|[-+*/%=<>().,\[\]?;:{}|]"),
    ("UNKNOWN", r"."),
)  # fmt: skip
_TOKEN = re.compile("|".join(f"(?P<{name}>{rule})" for name, rule in _RULES), re.IGNORECASE | re.ASCII | re.DOTALL)


def lex(text: str, begin: int = 0, end: int | None = None) -> list[Lexeme]:
    """The tokens of `text[begin:end]`, the last of kind END; offsets count from the start of `text`."""
    stop = len(text) if end is None else end
    found: list[Lexeme] = []
    for match in _TOKEN.finditer(text, begin, stop):
        name = str(match.lastgroup)
        if name == "SKIP":
            continue
        kind, raw = Kind[name], match.group()
        found.append(Lexeme(kind, raw, _value(kind, raw), match.start(), match.end() - 1))
    found.append(_end(text, stop))
    return found


def _end(text: str, stop: int) -> Lexeme:
    """The end of a part of a text shows what stands behind it, as in `UNLOAD (SELECT * FROM) TO …`."""
    behind = re.compile(r"\s*(\S)").match(text, stop)
    if behind is None or behind[1] == ";":
        return Lexeme(Kind.END, "<EOF>", "<EOF>", stop, stop)
    return Lexeme(Kind.END, behind[1], "<EOF>", behind.start(1), behind.start(1))


def _value(kind: Kind, raw: str) -> str:
    match kind:
        case Kind.WORD:
            return raw.upper()
        case Kind.STRING:
            return raw[1:-1].replace("''", "'")
        case Kind.QUOTED:
            return raw[1:-1].replace('""', '"')
        case Kind.UNICODE | Kind.BINARY:
            return raw[raw.index("'") + 1 : -1].replace("''", "'")
        case Kind.INTEGER | Kind.DECIMAL | Kind.DOUBLE:
            return _number(raw)
    return raw


def _number(raw: str) -> str:
    digits = raw.replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower())
    return str(min(int(digits[2:], base), 2**64)) if base else digits


class Places:
    """Lines and columns of offsets into a text, both counted from 1."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self._text))]

    def of(self, offset: int) -> Position:
        """The place of an offset."""
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)


def malformed(place: Position, message: str) -> InvalidRequestError:
    """A syntax error as StartQueryExecution answers it."""
    return InvalidRequestError(f"line {place.line}:{place.column}: {message}", athena_error_code="MALFORMED_QUERY")
