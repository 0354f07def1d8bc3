"""Takes a page of the Events API apart without changing a byte of any event."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from github_events_ingestor.errors import UnreadableBodyError

# Insignificant whitespace: https://www.rfc-editor.org/rfc/rfc8259#section-2
_WHITESPACE = re.compile(r"[ \t\r\n]*")
_ID = re.compile(r"[0-9]{1,20}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CREATED_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
# A scalar where the Bronze table has a struct would make every query of the table fail.
_OBJECTS = ("actor", "repo", "payload", "org")


@dataclass(frozen=True)
class Rejected:
    """An element that is not an event: its text as served, and why it is none."""

    raw: bytes
    reason: str


@dataclass(frozen=True)
class Batch:
    """The elements of a page, in the order served: events as single lines without a line end, and the others."""

    events: Sequence[bytes]
    rejected: Sequence[Rejected]

    def __len__(self) -> int:
        return len(self.events) + len(self.rejected)


def split(body: bytes) -> Batch:
    """Slice the elements of a JSON array out of `body`.

    Every event keeps its exact bytes, duplicates included: what to make of them is Silver's business. Only a line break
    between two tokens becomes a space, because Bronze is one event a line (a string cannot hold an unescaped one).
    UnreadableBodyError if the body is not one whole JSON array.
    """
    events: list[bytes] = []
    rejected: list[Rejected] = []
    for document, raw in _elements(body):
        reason = _why_not(document)
        if reason is None:
            events.append(raw)
        else:
            rejected.append(Rejected(raw, reason))
    return Batch(events, rejected)


def _elements(body: bytes) -> Iterator[tuple[Any, bytes]]:
    decoder = json.JSONDecoder()
    try:
        # Decoding strictly and encoding again gives the same bytes, so slices of the text are slices of the body.
        text = body.decode("utf-8")
        position = _after(text, _skip(text, 0), "[")
        if text[position : position + 1] == "]":
            position += 1
        else:
            closed = False
            while not closed:
                document, end = decoder.raw_decode(text, position)
                yield document, text[position:end].replace("\n", " ").replace("\r", " ").encode("utf-8")
                position = _skip(text, end)
                closed = text[position : position + 1] == "]"
                position = position + 1 if closed else _after(text, position, ",")
        if _skip(text, position) != len(text):
            raise UnreadableBodyError(f"Something follows the JSON array, at character {position}.")
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError(f"The body is not a JSON array: {error}.") from error


def _skip(text: str, position: int) -> int:
    """The position of the next character that is not whitespace."""
    found = _WHITESPACE.match(text, position)
    return found.end() if found else position


def _after(text: str, position: int, character: str) -> int:
    """The position of what follows `character`, which must be here. ValueError otherwise."""
    if text[position : position + 1] != character:
        raise ValueError(f"expected {character!r} at character {position}")
    return _skip(text, position + 1)


def _why_not(document: Any) -> str | None:
    """Why a document is not an event, None if it is one."""
    if not isinstance(document, dict):
        return "not a JSON object"
    for name, shape in (("id", _ID), ("type", _TYPE), ("created_at", _CREATED_AT)):
        value = document.get(name)
        if not isinstance(value, str):
            return f"{name} is missing or not a string"
        if not shape.fullmatch(value):
            return f"{name} does not match {shape.pattern}"
    try:
        datetime.fromisoformat(document["created_at"])
    except ValueError:
        return "created_at is not a time"
    for name in _OBJECTS:
        if not isinstance(document.get(name), dict | None):
            return f"{name} is not an object"
    return None
