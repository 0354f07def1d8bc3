"""The SQL/JSON path language: text to tree (Trino documentation: JSON functions and operators, JSON path language)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.sqljson.text import Real, parse

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.|"")*")
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<variable>\$[A-Za-z_]\w*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>==|<>|!=|<=|>=|&&|\|\||\.\.|[-+*/%<>!()\[\].,?$@])
    )""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = ("==", "<>", "!=", "<", ">", "<=", ">=")
METHODS = frozenset(["double", "ceiling", "floor", "abs", "keyvalue", "type", "size"])
_UNKNOWN_METHODS = frozenset(["datetime"])


@dataclass(frozen=True)
class Node:
    """A part of a path: `kind` says what it does, `args` are its parts and constants."""

    kind: str
    args: tuple[object, ...] = ()


@dataclass(frozen=True)
class Path:
    """A whole path; `variables` are the names it asks for. The text tells it from others: in Python 1 equals True."""

    text: str
    lax: bool
    root: Node
    variables: frozenset[str] = frozenset()


class _SyntaxError(Exception):
    pass


@lru_cache(maxsize=512)
def parse_path(text: str) -> Path:
    """The tree of a path; raises INVALID_PATH, NOT_SUPPORTED for what this engine has not."""
    try:
        return _Parser(text).path()
    except _SyntaxError as error:
        raise AthenaError("INVALID_PATH", str(error)) from None
    except RecursionError:
        raise AthenaError("INVALID_PATH", "nested too deeply") from None


class _Parser:
    """Recursive descent; `at` counts tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if not found:
                raise _SyntaxError(f"unexpected character {text[place:].strip()[0]}")
            self.tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            place = found.end()
        self.at = 0

    def path(self) -> Path:
        """`lax` or `strict`, and an expression."""
        mode = self._word("lax", "strict")
        if mode is None:
            raise _SyntaxError(f"mismatched input '{self._peek()[1] or '<EOF>'}' expecting {{'lax', 'strict'}}")
        root = self._sum()
        if self.at < len(self.tokens):
            raise _SyntaxError(f"unexpected {self.tokens[self.at][1]}")
        variables = frozenset(text[1:] for kind, text in self.tokens if kind == "variable")
        return Path(self.text, mode == "lax", root, variables)

    def _sum(self) -> Node:
        left = self._product()
        while sign := self._sign("+", "-"):
            left = Node("arithmetic", (sign, left, self._product()))
        return left

    def _product(self) -> Node:
        left = self._signed()
        while sign := self._sign("*", "/", "%"):
            left = Node("arithmetic", (sign, left, self._signed()))
        return left

    def _signed(self) -> Node:
        sign = self._sign("+", "-")
        return Node("sign", (sign, self._signed())) if sign else self._accessors()

    def _accessors(self) -> Node:
        node = self._primary()
        while True:
            if self._sign(".."):
                node = Node("descendant", (node, self._key()))
            elif self._sign("."):
                node = self._member(node)
            elif self._sign("["):
                node = self._subscripts(node)
            elif self._sign("?"):
                self._expect("(")
                node = Node("filter", (node, self._predicate()))
                self._expect(")")
            else:
                return node

    def _member(self, node: Node) -> Node:
        if self._sign("*"):
            return Node("members", (node,))
        kind, text = self._peek()
        call = kind == "word" and self.tokens[self.at + 1 : self.at + 2] == [("sign", "(")]
        if not call:
            return Node("member", (node, self._key()))
        if text in _UNKNOWN_METHODS:
            raise AthenaError("NOT_SUPPORTED", f"The JSON path method {text}() is not supported by the local Athena")
        if text not in METHODS:
            raise _SyntaxError(f"unknown method {text}")
        self.at += 2
        self._expect(")")
        return Node("method", (text, node))

    def _key(self) -> str:
        kind, text = self._peek()
        self.at += 1
        if kind == "word":
            return text
        if kind == "string":
            return _unquoted(text)
        raise _SyntaxError(f"a key expected, not {text}")

    def _subscripts(self, node: Node) -> Node:
        if self._sign("*"):
            self._expect("]")
            return Node("elements", (node,))
        ranges: list[tuple[Node, Node | None]] = []
        while not ranges or self._sign(","):
            first = self._sum()
            ranges.append((first, self._sum() if self._word("to") else None))
        self._expect("]")
        return Node("subscripts", (node, tuple(ranges)))

    def _primary(self) -> Node:
        kind, text = self._peek()
        self.at += 1
        if kind == "variable":
            return Node("variable", (text[1:],))
        if kind == "string":
            return Node("literal", (_unquoted(text),))
        if kind == "number":
            return Node("literal", (_number(text),))
        if text in _CONSTANTS:
            return Node("literal", (_CONSTANTS[text],))
        if text in ("$", "@", "last"):
            return Node({"$": "context", "@": "item", "last": "last"}[text])
        if text == "(":
            node = self._sum()
            self._expect(")")
            return node
        raise _SyntaxError(f"unexpected {text or 'end'}")

    def _predicate(self) -> Node:
        left = self._conjunction()
        while self._sign("||"):
            left = Node("or", (left, self._conjunction()))
        return left

    def _conjunction(self) -> Node:
        left = self._condition()
        while self._sign("&&"):
            left = Node("and", (left, self._condition()))
        return left

    def _condition(self) -> Node:
        if self._sign("!"):
            return Node("not", (self._condition(),))
        if self._word("exists"):
            self._expect("(")
            node = Node("exists", (self._sum(),))
            self._expect(")")
            return node
        return self._in_brackets() or self._comparison()

    def _in_brackets(self) -> Node | None:
        """`(predicate)`, if what is in the brackets is no path."""
        start = self.at
        try:
            if not self._sign("("):
                return None
            node = self._predicate()
            self._expect(")")
        except _SyntaxError:
            self.at = start
            return None
        if self._word("is"):
            if not self._word("unknown"):
                raise _SyntaxError("unknown expected")
            return Node("unknown", (node,))
        return node

    def _comparison(self) -> Node:
        left = self._sum()
        operator = self._sign(*_COMPARISONS)
        if operator:
            return Node("compare", (operator, left, self._sum()))
        if self._word("starts"):
            if not self._word("with"):
                raise _SyntaxError("with expected")
            kind, text = self._peek()
            if kind not in ("string", "variable"):
                raise _SyntaxError(f"text or a variable expected, not {text}")
            return Node("starts", (left, self._primary()))
        if self._word("like_regex"):
            raise AthenaError(
                "NOT_SUPPORTED", "The JSON path predicate like_regex is not supported by the local Athena"
            )
        raise _SyntaxError(f"a comparison expected, not {self._peek()[1] or 'end'}")

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def _take(self, kind: str, texts: tuple[str, ...]) -> str | None:
        found, text = self._peek()
        if found != kind or text not in texts:
            return None
        self.at += 1
        return text

    def _sign(self, *texts: str) -> str | None:
        return self._take("sign", texts)

    def _word(self, *texts: str) -> str | None:
        return self._take("word", texts)

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise _SyntaxError(f"{sign} expected, not {self._peek()[1] or 'end'}")


_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}


def _number(text: str) -> object:
    if "e" in text or "E" in text:
        return Real(text)
    return Decimal(text) if "." in text else int(text)


def _unquoted(text: str) -> str:
    try:
        return str(parse(text))
    except ValueError:
        return text[1:-1].replace('""', '"')
