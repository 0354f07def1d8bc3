"""Five kinds of things that are not events, where events are expected: what a lake has to keep out of its tables.

In GH Archive's replica they are in one hour only, 2024-01-15-3, beside its events and each at a known line (the first
line is 1). An hour of so few events that it has no such line has them at its end.

| line | kind |
|---|---|
| 11 | not JSON: an object that ends in the middle |
| 22 | no `id` |
| 33 | a `created_at` that is no time |
| 44 | a `created_at` in the year 2999 |
| 55 | an `actor.id` that is a string, in quotes |

A page of the Events API gets the same five by a fault, "poisoned"; since a page must stay JSON, the number 42 stands in
for the first kind.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from workshop.sandbox.github.generator import write
from workshop.sandbox.github.source import CREATED_AT

POISONED_LINES = (11, 22, 33, 44, 55)
# Ids for a page's non-events: larger than 32 bits, and smaller than those of all events of the replica.
PAGE_IDS = range(4_900_000_001, 4_900_000_006)


def not_events(ids: Sequence[int], created: datetime) -> list[bytes]:
    """The five kinds in the order of the table, each with its own of five ids, created (but for two) at that time."""
    created_at = created.strftime(CREATED_AT)
    good = [_event(str(identifier), created_at) for identifier in ids]
    cut, no_id, no_time, future, quoted = good
    del no_id["id"]
    no_time["created_at"] = "yesterday at noon"
    future["created_at"] = f"2999{created_at[4:]}"
    quoted["actor"]["id"] = str(quoted["actor"]["id"])
    text = write(cut)
    return [text[: len(text) // 2], *(write(document) for document in (no_id, no_time, future, quoted))]


def poisoned(events: Sequence[bytes], created: datetime) -> list[bytes]:
    """The events of a page, unchanged, with five non-events spread evenly between them."""
    elements = list(events)
    strangers = [b"42", *not_events(PAGE_IDS, created)[1:]]
    # From the last one, so that the places of those before it stay.
    for number in reversed(range(len(strangers))):
        elements.insert((number + 1) * len(events) // (len(strangers) + 1), strangers[number])
    return elements


def _event(identifier: str, created_at: str) -> dict[str, Any]:
    api = "https://api.github.com"
    return {
        "id": identifier,
        "type": "WatchEvent",
        "actor": {
            "id": 20_000_977,
            "login": "a-stranger",
            "display_login": "a-stranger",
            "gravatar_id": "",
            "url": f"{api}/users/a-stranger",
            "avatar_url": "https://avatars.githubusercontent.com/u/20000977?",
        },
        "repo": {"id": 100_007_919, "name": "a-stranger/oddities", "url": f"{api}/repos/a-stranger/oddities"},
        "payload": {"action": "started"},
        "public": True,
        "created_at": created_at,
    }
