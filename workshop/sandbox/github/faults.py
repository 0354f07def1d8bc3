"""Faults on demand: what can go wrong between a client and GitHub or GH Archive, one answer at a time.

There are two queues. A `PUT` of a JSON array to `/_github/_faults` sets the one of the Events API, to
`/_gharchive/_faults` the one of the archive; `GET` shows what is left of it.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from workshop.sandbox.github.hours import hour_of

Damage = Literal["truncated", "cut", "garbage", "poisoned", "corrupt"]
MAX_DELAY_SECONDS = 120.0


@dataclass(frozen=True)
class Fault:
    """How one answer goes wrong; `Fault()` lets one answer pass, so that a later page can be hit.

    `status` answers with an error instead of looking at the timeline or the archive, with `retry_after` as its
    `Retry-After` in seconds; for the Events API, 403 and 429 are a secondary rate limit. `delay` waits so many seconds
    before the answer. `damage` spoils the true answer's body: "truncated" ends it half way without a sign of it in the
    headers, "cut" closes the connection half way, "garbage" is neither JSON nor gzip.

    Only for the Events API: the damage "poisoned" puts five things that are not events between the events of a page
    (see `poison.py`), and `skip` is the number of windows that nobody gets to see before the one that a reader's first
    page comes from; it does nothing to a later page, nor to a reader who has come to the end.

    Only for the archive: the damage "corrupt" changes one byte in the middle of a file. In a generated hour it is a
    digit of a time, so that every line is still an event and nothing but the checksum at the end tells; in another one
    decompression may fail already there. `hour` ("2024-01-15-7") makes the fault wait for a request of that hour,
    however many others are asked for meanwhile.
    """

    status: int | None = None
    retry_after: int | None = None
    delay: float = 0.0
    damage: Damage | None = None
    skip: int = 0
    hour: str | None = None

    @classmethod
    def from_document(cls, document: Any, queue: "FaultQueue") -> "Fault":
        """Read one fault of a queue from JSON. ValueError says what is wrong."""
        if not isinstance(document, Mapping):
            raise ValueError("a fault is a JSON object")
        known = ["status", "retry_after", "delay", "damage", queue.own_field]
        unknown = sorted(set(document) - set(known))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; a fault here has {', '.join(known[:-1])} and {known[-1]}")
        status, retry_after = document.get("status"), document.get("retry_after")
        delay, damage = document.get("delay", 0.0), document.get("damage")
        skip, hour = document.get("skip", 0), document.get("hour")
        if status is not None and (type(status) is not int or not 400 <= status <= 599):
            raise ValueError(f"status is {status!r}, not an error status from 400 to 599")
        if retry_after is not None and (type(retry_after) is not int or retry_after < 0):
            raise ValueError(f"retry_after is {retry_after!r}, not a number of seconds")
        if type(delay) not in (int, float) or not 0 <= delay <= MAX_DELAY_SECONDS:
            raise ValueError(f"delay is {delay!r}, not seconds from 0 to {MAX_DELAY_SECONDS:g}")
        if damage is not None and damage not in queue.damages:
            raise ValueError(f"damage is {damage!r}, not one of {', '.join(queue.damages)}")
        if type(skip) is not int or skip < 0:
            raise ValueError(f"skip is {skip!r}, not a number of windows")
        if hour is not None and (not isinstance(hour, str) or hour_of(f"{hour}.json.gz") is None):
            raise ValueError(f"hour is {hour!r}, not an hour like 2024-01-15-7")
        return cls(status, retry_after, float(delay), damage, skip, hour)


@dataclass(frozen=True)
class FaultQueue:
    """What faults one of the two queues takes: its kinds of damage, and the field that only it has."""

    damages: tuple[Damage, ...]
    own_field: str

    def read(self, body: bytes) -> list[Fault]:
        """The queue that a client sets: a JSON array of faults. ValueError says what is wrong."""
        documents = json.loads(body)
        if not isinstance(documents, list):
            raise ValueError("the queue is a JSON array of faults")
        return [Fault.from_document(document, self) for document in documents]

    def write(self, faults: Iterable[Fault]) -> bytes:
        """The queue as JSON; the field that only it has is there if it is set."""
        documents = [asdict(fault) for fault in faults]
        return json.dumps(
            [
                {name: value for name, value in document.items() if name not in {"skip", "hour"} or value}
                for document in documents
            ]
        ).encode()


API_FAULTS = FaultQueue(("truncated", "cut", "garbage", "poisoned"), "skip")
ARCHIVE_FAULTS = FaultQueue(("truncated", "cut", "garbage", "corrupt"), "hour")


def take(faults: deque[Fault], hour: str | None = None) -> Fault:
    """Take the next fault for a request (of that archive hour) from the queue; `Fault()` if there is none."""
    for fault in faults:
        if fault.hour is None or fault.hour == hour:
            faults.remove(fault)
            return fault
    return Fault()
