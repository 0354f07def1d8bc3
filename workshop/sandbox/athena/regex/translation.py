"""Java's pattern syntax written in Python's, and where that is possible in RE2's, for text of ASCII.

Trino's default library JONI differs from Java in some points (Trino documentation: regular expression functions): only
`\\n` ends a line, case is ignored in Unicode's way, and a flag such as `(?i)` holds to the end of its group.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from workshop.sandbox.athena.regex.characters import POSIX, SPACE, escape, property_class, word_class
from workshop.sandbox.athena.regex.parts import (
    Flags,
    Part,
    PatternError,
    Translation,
    add,
    bounds,
    changed,
    joined,
    one_of,
    repeated,
    scoped,
)

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b", "v": "\v"}
_DEEPEST = 200
"""Groups within groups: beyond it Python's own compiler would end its stack."""


@dataclass
class Translator:
    """A recursive descent over the pattern's text."""

    text: str
    at: int = 0
    groups: int = 0
    names: set[str] = field(default_factory=set)
    optional: set[int] = field(default_factory=set)
    ends: bool = False
    depth: int = 0

    def translate(self) -> Translation:
        """The whole pattern."""
        part = self._alternatives(Flags())
        if self.at < len(self.text):
            raise PatternError("unmatched close parenthesis")
        sure = frozenset(range(1, self.groups + 1)) - self.optional
        return Translation(part, self.groups, sure, self.ends)

    def _alternatives(self, flags: Flags) -> Part:
        before = self.groups
        branches = [self._sequence(flags)]
        while self._take("|"):
            branches.append(self._sequence(flags))
        if len(branches) == 1:
            return branches[0]
        self.optional.update(range(before + 1, self.groups + 1))
        return Part(
            "|".join(b.python for b in branches),
            joined("|", branches),
            any(b.empty for b in branches),
            max(b.loops for b in branches),
            branches=True,
            explosive=any(b.explosive for b in branches),
            weight=sum(b.weight for b in branches),
        )

    def _sequence(self, flags: Flags) -> Part:
        parts: list[Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if flags.extended and self._skipped():
                continue
            after = self._flag_group(flags)
            if after is not None:
                # It holds for all that follows in this group, alternatives too.
                rest = self._alternatives(after)
                parts.append(scoped(rest, flags, after))
                break
            before = self.groups
            parts.append(self._repeated(self._atom(flags), before))
        return Part(
            "".join(p.python for p in parts),
            joined("", parts),
            all(p.empty for p in parts),
            sum(p.loops for p in parts),
            branches=any(p.branches for p in parts),
            explosive=any(p.explosive for p in parts),
            weight=max(1, sum(p.weight for p in parts)),
        )

    def _skipped(self) -> bool:
        """A blank or a comment of the extended syntax."""
        char = self.text[self.at]
        if char == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
            return True
        if char in " \t\n\r\f\v":
            self.at += 1
            return True
        return False

    def _flag_group(self, flags: Flags) -> Flags | None:
        found = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?\)").match(self.text, self.at)
        if not found or found[0] == "(?)":
            return None
        self.at = found.end()
        return changed(flags, found[1], found[2] or "")

    def _repeated(self, atom: Part, groups_before: int) -> Part:
        while True:
            found = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}").match(self.text, self.at)
            if not found or found[0] in ("{}", "{,}"):
                return atom
            self.at = found.end()
            low, high = bounds(found)
            if low == 0:
                self.optional.update(range(groups_before + 1, self.groups + 1))
            mode = self.text[self.at : self.at + 1]
            mode = mode if mode in ("?", "+") and mode else ""
            self.at += len(mode)
            atom = repeated(atom, low, high, mode)

    def _atom(self, flags: Flags) -> Part:
        char = self.text[self.at]
        self.at += 1
        match char:
            case "(":
                return self._group(flags)
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "." | "^" | "$":
                self.ends |= char == "$"
                return _DOT_AND_ANCHORS[char, flags.dot_all if char == "." else flags.multiline]
        if char in "*+?":
            raise PatternError("target of repeat operator is not specified")
        return _char(char)

    def _group(self, flags: Flags) -> Part:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise PatternError("too deep nest level")
        part = self._inside_group(flags)
        self.depth -= 1
        return part

    def _inside_group(self, flags: Flags) -> Part:
        for opening, behind, negative in (("?=", 0, 0), ("?!", 0, 1), ("?<=", 1, 0), ("?<!", 1, 1)):
            if self._take(opening):
                return self._lookaround(flags, behind=bool(behind), negative=bool(negative))
        if self._take("?>"):
            part = self._closed(flags)
            return replace(part, python=f"(?>{part.python})", re2=None)
        if self._take("?#"):
            end = self.text.find(")", self.at)
            if end < 0:
                raise PatternError("end pattern in group")
            self.at = end + 1
            return Part("", "", True)
        found = re.compile(r"\?([a-zA-Z]*)(?:-([a-zA-Z]*))?:").match(self.text, self.at)
        if found:
            self.at = found.end()
            after = changed(flags, found[1], found[2] or "")
            return scoped(self._closed(after), flags, after)
        found = re.compile(r"\?P?<([A-Za-z_]\w*)>").match(self.text, self.at)
        if found:
            self.at = found.end()
            self.names.add(found[1])
            opening = f"(?P<{found[1]}>"
        elif self.text[self.at : self.at + 1] == "?":
            raise PatternError("undefined group option")
        else:
            opening = "("
        self.groups += 1
        part = self._closed(flags)
        written = None if part.re2 is None else f"({part.re2})"
        return replace(part, python=f"{opening}{part.python})", re2=written)

    def _lookaround(self, flags: Flags, *, behind: bool, negative: bool) -> Part:
        start = self.at
        part = self._closed(flags)
        mark = ("<" if behind else "") + ("!" if negative else "=")
        if not behind or not part.branches:
            return replace(part, python=f"(?{mark}{part.python})", re2=None, empty=True)
        # Python wants alternatives of one length behind: each gets a look of its own.
        inner = Translator(self.text[start : self.at - 1], names=self.names)
        branches = [inner._sequence(flags).python]
        while inner._take("|"):
            branches.append(inner._sequence(flags).python)
        looks = [f"(?{mark}{b})" for b in branches]
        return replace(part, python="".join(looks) if negative else f"(?:{'|'.join(looks)})", re2=None, empty=True)

    def _closed(self, flags: Flags) -> Part:
        part = self._alternatives(flags)
        if not self._take(")"):
            raise PatternError("end pattern with unmatched parenthesis")
        return part

    def _escape(self) -> Part:
        if self.at >= len(self.text):
            raise PatternError("end pattern at escape")
        char = self.text[self.at]
        self.at += 1
        if char in _SIMPLE:
            return _SIMPLE[char]()
        if char == "Q":
            end = self.text.find("\\E", self.at)
            quoted = self.text[self.at :] if end < 0 else self.text[self.at : end]
            self.at = len(self.text) if end < 0 else end + 2
            written = "".join(map(escape, quoted))
            return Part(f"(?:{written})" if len(quoted) != 1 else written, f"(?:{written})", not quoted)
        if char in "pP":
            inside, outside = self._property(char == "P")
            return Part(f"[{inside}]" if not outside else f"[^{inside}]", None)
        if char == "k":
            found = re.compile(r"<(\w+)>").match(self.text, self.at)
            if not found or (found[1] not in self.names and not found[1].isdigit()):
                raise PatternError("invalid backref number/name")
            self.at = found.end()
            return Part(f"(?P={found[1]})" if found[1] in self.names else f"(?:\\{int(found[1])})", None, True)
        if char in "123456789":
            return self._reference()
        if char in "GRXhH":
            raise PatternError(f"The construct \\{char} in a regular expression", unsupported=True)
        return _char(self._one(char))

    def _reference(self) -> Part:
        self.at -= 1
        digits = re.compile(r"\d{1,2}").match(self.text, self.at)
        assert digits is not None  # the caller saw one
        number = digits[0] if int(digits[0]) <= max(self.groups, 9) else digits[0][:1]
        self.at += len(number)
        if int(number) > self.groups:
            raise PatternError("invalid backref number/name")
        return Part(f"(?:\\{number})", None, True)

    def _one(self, char: str) -> str:
        """The character that an escape stands for; `char` follows the backslash and has been read."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        for letter, form in (("x", r"\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{1,2})"), ("u", r"([0-9A-Fa-f]{4})")):
            found = re.compile(form).match(self.text, self.at) if char == letter else None
            if found:
                self.at = found.end()
                code = int(next(g for g in found.groups() if g), 16)
                if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                    raise PatternError("invalid code point value")
                return chr(code)
        if char == "0":
            found = re.compile(r"[0-7]{0,2}").match(self.text, self.at)
            assert found is not None  # it matches anything
            self.at = found.end()
            return chr(int(found[0] or "0", 8))
        if char == "c":
            if self.at >= len(self.text):
                raise PatternError("end pattern at control")
            self.at += 1
            return chr(ord(self.text[self.at - 1]) & 0x1F)
        return char

    def _property(self, negative: bool) -> tuple[str, bool]:
        found = re.compile(r"\{(\^?)([^}]*)\}|([A-Z])").match(self.text, self.at)
        if not found:
            raise PatternError("invalid character property name {}")
        self.at = found.end()
        inside = property_class(found[2] or found[3] or "")
        if inside is None:
            raise PatternError(
                f"The character property {found[2] or found[3]} in a regular expression", unsupported=True
            )
        return inside, negative != bool(found[1])

    def _class(self) -> Part:
        negative = self._take("^")
        sides: list[str] = []
        items: list[str] = []
        others: list[str] = []
        first = True
        while True:
            if self.at >= len(self.text):
                raise PatternError("premature end of char-class")
            if self._take("]"):
                if not first or "]" not in self.text[self.at :]:
                    break
                items.append(r"\]")
            elif self._take("&&"):
                sides.append(one_of(items, others))
                items, others = [], []
            else:
                self._class_item(items, others)
            first = False
        if not (items or others or sides):
            raise PatternError("empty char-class")
        if not others and not sides:
            written = f"[{'^' if negative else ''}{''.join(items)}]"
            return Part(written, written)
        *earlier, last = [*sides, one_of(items, others)]
        whole = "".join(f"(?={side})" for side in earlier) + last
        return Part(f"(?:(?!{whole})(?s:.))" if negative else f"(?:{whole})", None)

    def _class_item(self, items: list[str], others: list[str]) -> None:
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at)
        if posix and posix[2] in POSIX:
            self.at = posix.end()
            inside = property_class(posix[2]) or ""
            add(items, others, inside, negative=bool(posix[1]))
            return
        if self._take("["):
            others.append(self._class().python)
            return
        if self._take("\\"):
            if self.at >= len(self.text):
                raise PatternError("end pattern at escape")
            char = self.text[self.at]
            self.at += 1
            if char in "dDwWsS":
                inside = {"d": r"\d", "w": word_class(), "s": SPACE}[char.lower()]
                add(items, others, inside, negative=char.isupper())
                return
            if char in "pP":
                inside, outside = self._property(char == "P")
                add(items, others, inside, negative=outside)
                return
            if char in "RXhHG":
                raise PatternError(f"The construct \\{char} in a regular expression", unsupported=True)
            low = "\b" if char == "b" else self._one(char)
        else:
            low = self.text[self.at]
            self.at += 1
        items.append(self._range(low))

    def _range(self, low: str) -> str:
        rest = self.text[self.at : self.at + 2]
        if not rest.startswith("-") or rest[1:] in ("]", "", "["):
            return escape(low)
        if re.compile(r"-\\[dDwWsSpP]").match(self.text, self.at):
            return escape(low)
        self.at += 2
        high = rest[1]
        if high == "\\":
            if self.at >= len(self.text):
                raise PatternError("end pattern at escape")
            self.at += 1
            high = self._one(self.text[self.at - 1])
        if high < low:
            raise PatternError("empty range in char class")
        return f"{escape(low)}-{escape(high)}"

    def _take(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False


def _char(char: str) -> Part:
    return Part(escape(char), escape(char))


_SIMPLE: dict[str, Callable[[], Part]] = {
    "d": lambda: Part(r"\d", "[0-9]"),
    "D": lambda: Part(r"\D", "[^0-9]"),
    "w": lambda: Part(f"[{word_class()}]", r"\w"),
    "W": lambda: Part(f"[^{word_class()}]", r"\W"),
    "s": lambda: Part(f"[{SPACE}]", r"[\t-\r ]"),
    "S": lambda: Part(f"[^{SPACE}]", r"[^\t-\r ]"),
    "b": lambda: Part(r"\b", r"\b", True),
    "B": lambda: Part(r"\B", r"\B", True),
    "A": lambda: Part(r"\A", r"\A", True),
    "z": lambda: Part(r"\Z", r"\z", True),
    "Z": lambda: Part(r"(?=\n?\Z)", None, True),
}


_DOT_AND_ANCHORS = {
    (".", False): Part(r"[^\n]", r"[^\n]"),
    (".", True): Part("(?s:.)", "(?s:.)"),
    ("^", False): Part(r"\A", r"\A", True),
    ("^", True): Part(r"(?:\A|(?<=\n)(?!\Z))", None, True),
    ("$", False): Part(r"(?=\n?\Z)", r"\z", True),
    ("$", True): Part(r"(?=\n|\Z)", None, True),
}
"""By the flag s for the dot, m for the anchors."""
