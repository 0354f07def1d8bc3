"""Pieces of a pattern in Python's and in RE2's syntax, and how they are put together."""

import re
from dataclasses import dataclass, replace

_RE2_REPEATS = 1000
"""RE2 repeats at most so often, repetitions of repetitions counted out."""
_JONI_REPEATS = 100_000
_MANY = 12
"""Repeating more often than this counts as repeating without a bound."""


class PatternError(Exception):
    """The pattern is not one, in JONI's words; `unsupported`: it is one that this engine does not know."""

    def __init__(self, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.unsupported = unsupported

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (self.message, self.unsupported)


def _rebuilt(message: str, unsupported: bool) -> PatternError:
    return PatternError(message, unsupported=unsupported)


@dataclass(frozen=True)
class Part:
    """A piece of a pattern: in Python's syntax, in RE2's (None: RE2 has no such thing), and what its match may be."""

    python: str
    re2: str | None
    empty: bool = False  # it may match the empty text
    loops: int = 0  # repetitions without a bound inside of it
    branches: bool = False  # it holds alternatives
    explosive: bool = False  # backtracking may take exponential time
    weight: int = 1  # pieces once its repetitions are written out


@dataclass(frozen=True)
class Translation:
    """A whole pattern. `sure` are the groups that take part in every match; `ends`: the pattern asks for the end."""

    part: Part
    groups: int
    sure: frozenset[int]
    ends: bool


@dataclass(frozen=True)
class Flags:
    """What `(?i)`, `(?s)`, `(?m)` and `(?x)` switch on."""

    ignore_case: bool = False
    dot_all: bool = False
    multiline: bool = False
    extended: bool = False


def joined(separator: str, parts: list[Part]) -> str | None:
    """The parts one after another, or with a separator between them, in RE2; None if one has no form there."""
    written = [p.re2 for p in parts if p.re2 is not None]
    return separator.join(written) if len(written) == len(parts) else None


def changed(flags: Flags, on: str, off: str) -> Flags:
    """The flags after `(?on-off)`."""
    known = {"i": "ignore_case", "s": "dot_all", "m": "multiline", "x": "extended"}
    for letters, value in ((on, True), (off, False)):
        for letter in letters:
            if letter not in known:
                raise PatternError("undefined group option")
            flags = replace(flags, **{known[letter]: value})
    return flags


def scoped(part: Part, before: Flags, after: Flags) -> Part:
    """A group within which case counts or not."""
    mark = "" if before.ignore_case == after.ignore_case else "i" if after.ignore_case else "-i"
    written = None if part.re2 is None else f"(?{mark}:{part.re2})"
    return replace(part, python=f"(?{mark}:{part.python})", re2=written)


def bounds(found: re.Match[str]) -> tuple[int, int | None]:
    """Least and greatest number of repetitions of a quantifier."""
    simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found[0])
    if simple is not None:
        return simple
    low = int(found[1] or 0)
    high = (int(found[3]) if found[3] else None) if found[2] else low
    if low > _JONI_REPEATS or (high or 0) > _JONI_REPEATS:
        raise PatternError("too big number range")
    return (low, high) if high is None or low <= high else (high, low)


def repeated(atom: Part, low: int, high: int | None, mode: str) -> Part:
    """The part repeated; `mode` is empty, ? or +."""
    mark = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high)) or f"{{{low},{'' if high is None else high}}}"
    endless = high is None or high > _MANY
    # Something that is repeated already, or is more than one character, is repeated as a whole.
    single = re.fullmatch(r"(?s:.|\\.|\\x..|\[(?:[^\[\]\\]|\\.)*\])", atom.python) is not None
    python = atom.python if single else f"(?:{atom.python})"
    re2 = None
    times = max(low, high or 1, 1)
    weight = atom.weight * times
    small = weight <= _RE2_REPEATS
    if atom.re2 is not None and mode != "+" and small and not atom.empty:
        re2 = f"(?:{atom.re2}){mark}{mode}"
    return Part(
        f"{python}{mark}{mode}",
        re2,
        low == 0 or atom.empty,
        atom.loops * times + endless,
        atom.branches,
        atom.explosive or (endless and mode != "+" and (atom.loops > 0 or atom.branches)),
        weight,
    )


def add(items: list[str], others: list[str], inside: str, *, negative: bool) -> None:
    """A predefined class as an item of a class."""
    if negative:
        others.append(f"[^{inside}]")
    else:
        items.append(inside)


def one_of(items: list[str], others: list[str]) -> str:
    """One character that is one of the items."""
    choices = [*others, *([f"[{''.join(items)}]"] if items else [])]
    return f"(?:{'|'.join(choices)})" if choices else "(?!)"
