"""Faults on demand: what can go wrong between a client and GitHub, one answer at a time."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Damage = Literal["truncated", "cut", "garbage"]
MAX_DELAY_SECONDS = 120.0


@dataclass(frozen=True)
class Fault:
    """How one answer goes wrong; `Fault()` lets one answer pass, so that a later page can be hit.

    `status` answers with an error instead of looking at the timeline: 403 and 429 as a secondary rate limit, with
    `retry_after` as its `Retry-After` in seconds. `delay` waits so many seconds before the answer. `damage` spoils the
    true answer's body: "truncated" ends it half way without a sign of it in the headers, "cut" closes the connection
    half way, "garbage" is not JSON.
    """

    status: int | None = None
    retry_after: int | None = None
    delay: float = 0.0
    damage: Damage | None = None

    @classmethod
    def from_document(cls, document: Any) -> "Fault":
        """Read one fault from JSON. ValueError says what is wrong."""
        if not isinstance(document, Mapping):
            raise ValueError("a fault is a JSON object")
        unknown = sorted(set(document) - {"status", "retry_after", "delay", "damage"})
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; a fault has status, retry_after, delay and damage")
        status, retry_after = document.get("status"), document.get("retry_after")
        delay, damage = document.get("delay", 0.0), document.get("damage")
        if status is not None and (type(status) is not int or not 400 <= status <= 599):
            raise ValueError(f"status is {status!r}, not an error status from 400 to 599")
        if retry_after is not None and (type(retry_after) is not int or retry_after < 0):
            raise ValueError(f"retry_after is {retry_after!r}, not a number of seconds")
        if type(delay) not in (int, float) or not 0 <= delay <= MAX_DELAY_SECONDS:
            raise ValueError(f"delay is {delay!r}, not seconds from 0 to {MAX_DELAY_SECONDS:g}")
        if damage is not None and damage not in get_args(Damage):
            raise ValueError(f"damage is {damage!r}, not one of {', '.join(get_args(Damage))}")
        return cls(status, retry_after, float(delay), damage)


def read_faults(body: bytes) -> list[Fault]:
    """The queue that a client sets: a JSON array of faults. ValueError says what is wrong."""
    documents = json.loads(body)
    if not isinstance(documents, list):
        raise ValueError("the queue is a JSON array of faults")
    return [Fault.from_document(document) for document in documents]


def write_faults(faults: list[Fault]) -> bytes:
    """The queue as JSON."""
    return json.dumps([asdict(fault) for fault in faults]).encode()
