"""What the replica serves: a finite list of GitHub events, as the exact bytes that GitHub would send."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

CREATED_AT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its bytes, and the two fields by which the replica sorts and groups."""

    id: int
    created_at: datetime
    raw: bytes

    @classmethod
    def from_document(cls, document: Any, raw: bytes) -> "Event":
        """Take id, type and created_at from a parsed event. ValueError says which of them is not as GitHub sends it."""
        if not isinstance(document, dict):
            raise ValueError("it is not a JSON object")
        identifier, kind, created_at = (document.get(name) for name in ("id", "type", "created_at"))
        if not (isinstance(identifier, str) and identifier.isascii() and identifier.isdigit()):
            raise ValueError(f"id is {identifier!r}, not a string of digits")
        if not (isinstance(kind, str) and kind):
            raise ValueError(f"type is {kind!r}, not the name of an event type")
        if not isinstance(created_at, str):
            raise ValueError(f"created_at is {created_at!r}, not a time")
        try:
            created = datetime.strptime(created_at, CREATED_AT).replace(tzinfo=UTC)
        except ValueError:
            raise ValueError(f"created_at is {created_at!r}, not a time like 2020-12-18T15:41:51Z") from None
        return cls(int(identifier), created, raw)


@dataclass(frozen=True)
class EventSource:
    """All events in the order in which they arrive. `name` says to people where they come from."""

    name: str
    events: Sequence[Event]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the events' bytes, one a line: equal for equal events, whatever they were read from."""
        digest = hashlib.sha256()
        for event in self.events:
            digest.update(event.raw)
            digest.update(b"\n")
        return digest.hexdigest()
