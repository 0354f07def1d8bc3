"""The conditions on partition keys that Glue's GetPartitions takes (Glue API reference: GetPartitions, Expression).

`year = '2024' AND (month IN ('1', '2') OR day BETWEEN 3 AND 5) AND NOT region LIKE 'eu-%'`. Values are compared as
numbers where the key is one, else as text, which is right for dates too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Test = Callable[[Mapping[str, str]], bool]
"""Whether a partition, by its values, satisfies a condition."""

_TOKEN = re.compile(
    r"\s*(?:('(?:[^']|'')*'|\"[^\"]*\")|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*|`[^`]*`)|(<=|>=|<>|!=|[=<>(),]))"
)
_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint", "long", "float", "double", "decimal")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class ExpressionError(Exception):
    """Text that is no condition, or one on something that is no partition key."""


def condition(text: str, keys: Mapping[str, str]) -> Test:
    """What `text` asks of the partition keys (name -> Hive type)."""
    parser = _Parser(_tokens(text), {name.lower(): type_ for name, type_ in keys.items()})
    test = parser.disjunction()
    if parser.tokens:
        raise ExpressionError(f"Unsupported expression '{text}'")
    return test


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        found = _TOKEN.match(stripped, position)
        if found is None:
            raise ExpressionError(f"Unsupported expression '{text}'")
        tokens.append(found.group().strip())
        position = found.end()
    return tokens


@dataclass
class _Parser:
    tokens: list[str]
    keys: Mapping[str, str]
    depth: int = field(default=0)

    def disjunction(self) -> Test:
        tests = [self._conjunction()]
        while self._accept("OR"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda values: any(t(values) for t in tests)

    def _conjunction(self) -> Test:
        tests = [self._negation()]
        while self._accept("AND"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda values: all(t(values) for t in tests)

    def _negation(self) -> Test:
        self.depth += 1
        if self.depth > 200:
            raise ExpressionError("The expression is nested too deep")
        try:
            if self._accept("NOT"):
                inner = self._negation()
                return lambda values: not inner(values)
            if self._accept("("):
                inner = self.disjunction()
                self._expect(")")
                return inner
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Test:
        key = self._next().strip('`"').lower()
        if key not in self.keys:
            raise ExpressionError(f"Unknown partition key '{key}'")
        read = self._reader(key)
        negated = self._accept("NOT")
        if self._accept("IN"):
            test = self._among(key, read)
        elif self._accept("BETWEEN"):
            test = self._between(key, read)
        elif self._accept("LIKE"):
            pattern = _text(self._next())
            test = lambda values: like(values[key], pattern)  # noqa: E731
        elif self._accept("IS"):
            wanted = not self._accept("NOT")
            self._expect("NULL")
            test = lambda values: (values[key] == "__HIVE_DEFAULT_PARTITION__") is wanted  # noqa: E731
        else:
            compare = _COMPARISONS.get(self._next())
            if compare is None:
                raise ExpressionError(f"Unsupported comparison of '{key}'")
            value = read(_text(self._next()))
            test = lambda values: compare(read(values[key]), value)  # noqa: E731
        return (lambda values: not test(values)) if negated else test

    def _among(self, key: str, read: Callable[[str], Any]) -> Test:
        self._expect("(")
        wanted = {read(_text(self._next()))}
        while self._accept(","):
            wanted.add(read(_text(self._next())))
        self._expect(")")
        return lambda values: read(values[key]) in wanted

    def _between(self, key: str, read: Callable[[str], Any]) -> Test:
        low = read(_text(self._next()))
        self._expect("AND")
        high = read(_text(self._next()))
        return lambda values: bool(low <= read(values[key]) <= high)

    def _reader(self, key: str) -> Callable[[str], Any]:
        return _number if self.keys[key].partition("(")[0] in _NUMBERS else str

    def _next(self) -> str:
        if not self.tokens:
            raise ExpressionError("The expression ends too early")
        return self.tokens.pop(0)

    def _accept(self, word: str) -> bool:
        if self.tokens and self.tokens[0].upper() == word:
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise ExpressionError(f"Expected '{word}'")


def _text(token: str) -> str:
    if token[0] in "'\"":
        return token[1:-1].replace("''", "'")
    return token


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # compares with nothing


def like(text: str, pattern: str) -> bool:
    """Whether LIKE matches: `%` is anything, `_` one character. It takes at most length times length steps."""
    at, place = 0, 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "%":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("_", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return all(c == "%" for c in pattern[place:])
