"""Trino's regular expression functions over a compiled pattern (Trino documentation: regular expression functions).

Empty matches move on by one character, and one may follow a match that is not empty, as in Python.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workshop.sandbox.athena.regex.parts import PatternError, Translation
from workshop.sandbox.athena.regex.translation import Translator

_SAFE_STEPS = 10**8
_SAFE_LENGTH = 20
_LONGEST = 100_000


@dataclass(frozen=True)
class Compiled:
    """A pattern that is ready, and what it may cost."""

    pattern: re.Pattern[str]
    loops: int
    explosive: bool

    def may_take_long(self, text: str) -> bool:
        """Whether backtracking over `text` could take longer than some seconds."""
        if self.explosive:
            return len(text) > _SAFE_LENGTH
        return self.loops > 1 and len(text) ** (self.loops + 1) > _SAFE_STEPS


@lru_cache(maxsize=1024)
def translated(pattern: str) -> Translation:
    """The pattern in the other syntaxes; raises `PatternError`."""
    if len(pattern) > _LONGEST:
        raise PatternError("too big regular expression")
    return Translator(pattern).translate()


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Compiled:
    """The pattern in Python; raises `PatternError`."""
    translation = translated(pattern)
    try:
        ready = re.compile(translation.part.python)
    except (re.error, OverflowError, RecursionError) as error:
        if "look-behind" in str(error):
            raise PatternError("invalid pattern in look-behind") from None
        raise PatternError(f"The regular expression {pattern!r}", unsupported=True) from None
    return Compiled(ready, translation.part.loops, translation.part.explosive)


def like(pattern: re.Pattern[str], text: str) -> bool:
    """regexp_like"""
    return pattern.search(text) is not None


def extract(pattern: re.Pattern[str], text: str, group: int) -> str | None:
    """regexp_extract"""
    _check_group(pattern, group)
    found = pattern.search(text)
    return found[group] if found else None


def extract_all(pattern: re.Pattern[str], text: str, group: int) -> list[str | None]:
    """regexp_extract_all"""
    _check_group(pattern, group)
    return [found[group] for found in pattern.finditer(text)]


def _check_group(pattern: re.Pattern[str], group: int) -> None:
    if group < 0:
        raise PatternError("Group cannot be negative")
    if group > pattern.groups:
        raise PatternError(f"Pattern has {pattern.groups} groups. Cannot access group {group}")


def count(pattern: re.Pattern[str], text: str) -> int:
    """regexp_count"""
    return sum(1 for _ in pattern.finditer(text))


def position(pattern: re.Pattern[str], text: str, start: int, occurrence: int) -> int:
    """regexp_position: where the n-th match from `start` on begins; -1 if there is none."""
    if start < 1:
        raise PatternError("start position cannot be smaller than 1")
    if occurrence < 1:
        raise PatternError("occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    for number, found in enumerate(pattern.finditer(text, start - 1), 1):
        if number == occurrence:
            return found.start() + 1
    return -1


def split(pattern: re.Pattern[str], text: str) -> list[str]:
    """regexp_split"""
    return [before for before, _ in _gaps(pattern, text)]


def _gaps(pattern: re.Pattern[str], text: str) -> list[tuple[str, list[str | None] | None]]:
    """The text before each match with the match's groups, and the rest with None."""
    gaps: list[tuple[str, list[str | None] | None]] = []
    end = 0
    for found in pattern.finditer(text):
        gaps.append((text[end : found.start()], list(found.groups())))
        end = found.end()
    return [*gaps, (text[end:], None)]


def pieces(pattern: re.Pattern[str], text: str) -> dict[str, list[object]]:
    """What regexp_replace with a lambda needs: the texts between the matches, and the groups of each match."""
    gaps = _gaps(pattern, text)
    return {"between": [before for before, _ in gaps], "groups": [groups for _, groups in gaps if groups is not None]}


def replace(pattern: re.Pattern[str], text: str, replacement: str) -> str:
    """regexp_replace; the replacement is looked at only if there is a match."""
    parsed: list[str | int] | None = None
    written: list[str] = []
    end = 0
    for found in pattern.finditer(text):
        parsed = _replacement(pattern, replacement) if parsed is None else parsed
        written.append(text[end : found.start()])
        written += [part if isinstance(part, str) else found[part] or "" for part in parsed]
        end = found.end()
    return "".join([*written, text[end:]])


def _replacement(pattern: re.Pattern[str], text: str) -> list[str | int]:
    """Text and numbers of groups: `$1`, `${name}`, `\\$`; of `$12` as many digits count as there are groups."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char not in "$\\":
            parts.append(char)
            continue
        if at == len(text):
            raise PatternError(f"Illegal replacement sequence: {text}")
        if char == "\\":
            parts.append(text[at])
            at += 1
        elif text[at] == "{":
            end = text.find("}", at)
            name = text[at + 1 :] if end < 0 else text[at + 1 : end]
            at = len(text) if end < 0 else end + 1
            if name not in pattern.groupindex:
                raise PatternError(f"Illegal replacement sequence: unknown group {{ {name} }}")
            parts.append(pattern.groupindex[name])
        else:
            number, at = _group_number(pattern, text, at)
            parts.append(number)
    return parts


def _group_number(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int]:
    if text[at] not in "0123456789":
        raise PatternError(f"Illegal replacement sequence: {text}")
    number = int(text[at])
    if number > pattern.groups:
        raise PatternError(f"Illegal replacement sequence: unknown group {number}")
    at += 1
    while at < len(text) and text[at] in "0123456789" and number * 10 + int(text[at]) <= pattern.groups:
        number = number * 10 + int(text[at])
        at += 1
    return number, at


_FUNCTIONS = (like, extract, extract_all, count, position, split, pieces, replace)
OPERATIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _FUNCTIONS}
"""By name, as another process is asked for them."""
