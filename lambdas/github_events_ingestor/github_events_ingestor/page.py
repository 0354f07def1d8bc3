"""Takes a page of the Events API apart without changing a byte of any event."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from github_events_ingestor.errors import NotAnEventError, UnreadableBodyError
from github_events_ingestor.event import Rule
from github_events_ingestor.quarantine import Rejected

# Insignificant whitespace: https://www.rfc-editor.org/rfc/rfc8259#section-2
_WHITESPACE = re.compile(r"[ \t\r\n]*")
# Only where an element ends is asked here; numbers stay text, because Python refuses to convert very long ones.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


@dataclass(frozen=True)
class Event:
    """An event as served, on one line without a line end, and the two fields by which it is known."""

    raw: bytes
    id: str
    created_at: str


@dataclass(frozen=True)
class Batch:
    """The elements of a page, in the order served: events, and the others."""

    events: Sequence[Event]
    rejected: Sequence[Rejected]

    def __len__(self) -> int:
        return len(self.events) + len(self.rejected)


def split(body: bytes, rule: Rule) -> Batch:
    """Slice the elements of a JSON array out of `body`.

    Every event keeps its exact bytes, duplicates included: what to make of them is Silver's business. Only a line break
    between two tokens becomes a space, because Bronze is one event a line (a string cannot hold an unescaped one).
    UnreadableBodyError if the body is not one whole JSON array.
    """
    events: list[Event] = []
    rejected: list[Rejected] = []
    for offset, raw in _elements(body):
        try:
            events.append(Event(raw, *rule.identify(raw)))
        except NotAnEventError as error:
            rejected.append(Rejected(raw, str(error), offset, len(raw)))
    return Batch(events, rejected)


def _elements(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements, each with its offset in bytes."""
    try:
        # Decoding strictly and encoding again gives the same bytes, so slices of the text are slices of the body.
        text = body.decode("utf-8")
        position = _after(text, _skip(text, 0), "[")
        if text[position : position + 1] == "]":
            position += 1
        else:
            closed, read, offset = False, 0, 0
            while not closed:
                _, end = _DECODER.raw_decode(text, position)
                offset += len(text[read:position].encode("utf-8"))
                element = text[position:end].encode("utf-8")
                yield offset, element.replace(b"\n", b" ").replace(b"\r", b" ")
                read, offset = end, offset + len(element)
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
