"""Lines of text, and their fields, as Arrow arrays: how the SerDes for text cut a file up.

A line ends with LF, CR or CRLF. Bytes that are not UTF-8 become U+FFFD.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workshop.sandbox.athena.errors import AthenaError, not_supported

BATCH_BYTES = 16 * 1024**2
"""Text that is cut into lines at once."""

Splitter = Callable[[pa.StringArray], pa.ListArray]
"""Lines to lists of fields."""


def line_batches(chunks: Iterator[bytes], skip: int = 0) -> Iterator[pa.StringArray]:
    """The lines of one file but its first `skip`, in arrays of some `BATCH_BYTES`."""
    left, size = [], 0
    for chunk in chunks:
        left.append(chunk)
        size += len(chunk)
        if size < BATCH_BYTES:
            continue
        data = b"".join(left)
        end = data.rfind(b"\n") + 1
        if end:
            lines = _lines(data[:end])
            yield lines[skip:]
            skip = max(0, skip - len(lines))
        left, size = [data[end:]], len(data) - end
    data = b"".join(left)
    if data:
        yield _lines(data)[skip:]


def _lines(data: bytes) -> pa.StringArray:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.endswith(b"\n"):
        data += b"\n"
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode(errors="replace").encode()
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw == ord("\n"))
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends - np.arange(len(ends))
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(raw[raw != ord("\n")].tobytes()))


def delimited(separator: str, escape: str | None, specials: str, *, last_takes_rest: int | None = None) -> Splitter:
    """LazySimpleSerDe: every separator that is not escaped ends a field.

    Escaped `specials` become the characters of `masked`, which later stages no longer take for separators.
    """

    def split(lines: pa.StringArray) -> pa.ListArray:
        if escape is not None:
            for i, special in enumerate((escape, *specials)):
                lines = pc.replace_substring(lines, escape + special, masked(i))
        limit = {} if last_takes_rest is None else {"max_splits": last_takes_rest - 1}
        return pc.split_pattern(lines, separator, **limit)

    return split


def masked(index: int) -> str:
    """What stands for an escaped special character: one of Unicode's noncharacters, which text never holds."""
    return chr(0xFDD0 + index)


@dataclass(frozen=True)
class Csv:
    """The characters of OpenCSVSerDe; NUL switches one off."""

    separator: str = ","
    quote: str = '"'
    escape: str = "\\"

    def splitter(self) -> Splitter:
        """Cuts most lines by libraries, the odd ones character by character."""
        s, q, e = (re.escape(c) for c in (self.separator, self.quote, self.escape))
        inside = f"[^{q}{e}]*"
        field = f"(?:[^{s}{q}{e}]*|{q}{inside}(?:{q}{q}{inside})*{q})"
        plain = f"^{field}(?:{s}{field})*$"

        def split(lines: pa.StringArray) -> pa.ListArray:
            special = pc.or_(pc.match_substring(lines, self.quote), pc.match_substring(lines, self.escape))
            if not pc.any(special).as_py():
                return _empty_as_none(pc.split_pattern(lines, self.separator), lines)
            regular = pc.match_substring_regex(lines, plain).to_pylist()
            rows = [
                self._regular(t) if ok else self._fields(t) for t, ok in zip(lines.to_pylist(), regular, strict=True)
            ]
            return pa.array(rows, pa.list_(pa.string()))

        return split

    def _regular(self, line: str) -> list[str]:
        if not line:
            return []
        if self.quote not in line:
            return line.split(self.separator)
        return next(csv.reader([line], delimiter=self.separator, quotechar=self.quote, strict=True))

    def _fields(self, line: str) -> list[str]:
        """One line by OpenCSV's rules; a field whose quote is never closed is left out."""
        fields: list[str] = []
        value: list[str] = []
        quoted = inside = False
        at, end = 0, len(line)
        while at < end:
            c, following = line[at], line[at + 1 : at + 2]
            if c == self.escape:
                if (quoted or inside) and following in (self.quote, self.escape) and following:
                    value.append(following)
                    at += 1
            elif c == self.quote:
                if (quoted or inside) and following == self.quote:
                    value.append(following)
                    at += 1
                else:
                    embedded = at > 2 and self.separator not in (line[at - 1], following) and following
                    if embedded and value and "".join(value).isspace():
                        value.clear()
                    elif embedded:
                        value.append(c)
                    quoted = not quoted
                inside = not inside
            elif c == self.separator and not quoted:
                fields.append("".join(value))
                value.clear()
                inside = False
            else:
                value.append(c)
                inside = True
            at += 1
        return fields if quoted else [*fields, "".join(value)]


def _empty_as_none(fields: pa.ListArray, lines: pa.StringArray) -> pa.ListArray:
    """An empty line has no fields at all."""
    empty = pc.equal(pc.binary_length(lines), 0)
    if not pc.any(empty).as_py():
        return fields
    return pc.if_else(empty, pa.scalar(None, fields.type), fields)


def matched(pattern: str, *, ignore_case: bool) -> Splitter:
    """RegexSerDe: the groups of a pattern that matches the whole line; no fields at all where it does not."""
    compiled = java_pattern(pattern, ignore_case=ignore_case)

    def split(lines: pa.StringArray) -> pa.ListArray:
        rows = [found.groups() if (found := compiled.fullmatch(t)) else None for t in lines.to_pylist()]
        return pa.array(rows, pa.list_(pa.string()))

    return split


_JAVA = (
    (r"\\p\{(?:Alpha|L|IsAlphabetic)\}", "[^\\\\W\\\\d_]"),
    (r"\\p\{(?:Digit|Nd|IsDigit)\}", "[0-9]"),
    (r"\\p\{Alnum\}", "[A-Za-z0-9]"),
    (r"\\p\{Punct\}", r"[!-/:-@\\[-`{-~]"),
    (r"\\p\{Space\}", r"\\s"),
    (r"\\h", r"[ \\t]"),
    (r"\(\?<([A-Za-z][A-Za-z0-9]*)>", r"(?P<\1>"),
)
"""What Java spells otherwise than Python."""


def _nested_class(pattern: str) -> re.Match[str] | None:
    """A character class inside of another, or an intersection of classes: Python knows neither."""
    for found in re.finditer(r"(?:[^\\\[]|\\.)*?\[\^?\]?((?:[^\\\]]|\\.)*)\]", pattern, re.DOTALL):
        inside = re.sub(r"\\.", "", found[1])
        odd = re.search(r"\[|&&", inside)
        if odd:
            return odd
    return None


def java_pattern(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """A Java pattern compiled for Python: ASCII classes, `.` matches all; refused if Python has no such thing."""
    text = pattern
    for java, python in _JAVA:
        text = re.sub(java, python, text)
    unknown = re.search(r"\\[pPQEGRXzhHv]", text) or _nested_class(text)
    if unknown:
        raise not_supported(f"{unknown[0]!r} in the regular expression {pattern!r}")
    try:
        return re.compile(text, re.DOTALL | re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except re.error as error:
        raise AthenaError("HIVE_INVALID_METADATA", f"Invalid input.regex {pattern!r}: {error}") from error
