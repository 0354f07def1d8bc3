"""Classes of characters in Java's regular expressions, as text between the brackets of Python's `[…]`.

Source: Trino documentation, regular expression functions (differences from Java); Unicode general categories.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""`\\s`: Unicode's White_Space."""
_CATEGORIES = frozenset(
    first + rest
    for first, rests in (
        ("L", ["", "u", "l", "t", "m", "o"]),
        ("M", ["", "n", "c", "e"]),
        ("N", ["", "d", "l", "o"]),
        ("P", ["", "c", "d", "s", "e", "i", "f", "o"]),
        ("S", ["", "m", "c", "k", "o"]),
        ("Z", ["", "s", "l", "p"]),
        ("C", ["", "c", "f", "n", "o", "s"]),
    )
    for rest in rests
)
_KINDS: dict[str, Callable[[str], bool]] = {
    "alpha": lambda c: c.isalpha() or unicodedata.category(c) in ("Nl", "Mc"),
    "alphabetic": lambda c: c.isalpha() or unicodedata.category(c) in ("Nl", "Mc"),
    "alnum": lambda c: c.isalpha() or unicodedata.category(c) in ("Nd", "Nl", "Mc"),
    "digit": lambda c: unicodedata.category(c) == "Nd",
    "upper": str.isupper,
    "uppercase": str.isupper,
    "lower": str.islower,
    "lowercase": str.islower,
    "punct": lambda c: unicodedata.category(c).startswith("P"),
    "blank": lambda c: c == "\t" or unicodedata.category(c) == "Zs",
    "cntrl": lambda c: unicodedata.category(c) == "Cc",
    "graph": lambda c: unicodedata.category(c)[0] not in "CZ",
    "print": lambda c: unicodedata.category(c)[0] not in "C",
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
    "ascii": str.isascii,
    "any": lambda _: True,
}
POSIX = frozenset({"ascii", "space", "word", *_KINDS} - {"alphabetic", "uppercase", "lowercase", "any"})
"""Names between `[:` and `:]`."""


def property_class(name: str) -> str | None:
    """The characters of `\\p{name}`; None: not known here."""
    plain = re.sub(r"[ _-]", "", name)
    category = plain[:1].upper() + plain[1:].lower()
    if category in _CATEGORIES:
        return _ranges_of(category)
    if plain.lower() == "space":
        return SPACE
    if plain.lower() == "word":
        return word_class()
    return _ranges_of(plain.lower()) if plain.lower() in _KINDS else None


@lru_cache(maxsize=1)
def word_class() -> str:
    """`\\w`: letters, marks, numbers and connectors."""
    return r"\w" + _ranges_of("M")


@lru_cache(maxsize=64)
def _ranges_of(name: str) -> str:
    if name in _CATEGORIES:
        return _ranges(lambda c: unicodedata.category(c).startswith(name))
    return _ranges(_KINDS[name])


def _ranges(holds: Callable[[str], bool]) -> str:
    return "".join(
        escape(first) if first == last else f"{escape(first)}-{escape(last)}" for first, last in _runs(holds)
    )


def _runs(holds: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    first: int | None = None
    for code in range(sys.maxunicode + 1):
        if holds(chr(code)):
            first = code if first is None else first
        elif first is not None:
            yield chr(first), chr(code - 1)
            first = None
    if first is not None:
        yield chr(first), chr(sys.maxunicode)


def escape(char: str) -> str:
    """A character that stands for itself, outside brackets or between them, in Python's syntax and in RE2's."""
    code = ord(char)
    if char.isascii() and char.isalnum():
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return char
