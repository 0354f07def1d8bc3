"""One poll, from the memory of the last one to the memory of this one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from github_events_ingestor.missed import estimate_missed
from github_events_ingestor.page import Event
from github_events_ingestor.poll import Poll
from github_events_ingestor.state import State, StateStore
from github_events_ingestor.store import Store
from github_events_ingestor.telemetry import logger


@dataclass(frozen=True)
class Outcome:
    """What an invocation did.

    "stored": `events` events are in Bronze under `key`. "not_modified": nothing new. "empty": the timeline had no event
    to store. "rate_limited": GitHub refused; events of the pages before that are stored. "too_early": GitHub asked for
    silence until `not_before`, so it was not called.

    `missed_estimate`: how many events came and went since the poll before without being seen, None if nothing can be
    said about it (see `estimate_missed`).
    """

    outcome: Literal["stored", "not_modified", "rate_limited", "too_early", "empty"]
    events: int = 0
    quarantined: int = 0
    key: str | None = None
    quarantine_key: str | None = None
    requests: int = 0
    not_before: datetime | None = None
    reason: str = ""
    missed_estimate: int | None = None


def ingest(store: Store, memory: StateStore, poll: Callable[[str | None], Poll], now: datetime, source: str) -> Outcome:
    """Poll once, store what came, then remember it.

    `poll` takes GitHub's last ETag; `now` is the time, in UTC; `source` is the timeline's address.

    The order is what makes a crash harmless: until the events are stored, the old ETag stays, and the next poll gets
    the same timeline again.
    """
    state = memory.read()
    if state.not_before is not None and now < state.not_before:
        return Outcome("too_early", not_before=state.not_before, reason=state.reason)

    result = poll(state.etag)
    events = [event for batch in result.batches for event in batch.events]
    rejected = [
        (f"{source}?per_page=100&page={number}", item)
        for number, batch in enumerate(result.batches, start=1)
        for item in batch.rejected
    ]
    quarantine_key = store.put_rejected(rejected, now) if rejected else None
    key = store.put_events(events, source, now, result.etag or "") if events else None

    not_before = now + timedelta(seconds=result.pause) if result.pause > 0 else None
    # A timeline that was not read to its end has to be read again: the old ETag stays.
    etag = state.etag if result.limited else result.etag
    newest_id = state.newest_id if result.limited else _newest(state.newest_id, events)
    if not memory.write(State(etag, not_before, result.reason if not_before else "", newest_id, state.version)):
        logger.info("An overlapping invocation has moved on already; its state stays")
    return Outcome(
        outcome=_name(result, events),
        events=len(events),
        quarantined=len(rejected),
        key=key,
        quarantine_key=quarantine_key,
        requests=result.requests,
        not_before=not_before,
        reason=result.reason if not_before else "",
        # Of a timeline that was not read to its end the rest is still to come, and would look missed.
        missed_estimate=None if result.limited else estimate_missed((e.id for e in events), state.newest_id),
    )


def _newest(before: str | None, events: Sequence[Event]) -> str | None:
    """The largest id there was. As text, which is what JSON can hold exactly."""
    ids = [event.id for event in events]
    return max([*ids, *([before] if before else [])], key=int, default=None)


def _name(result: Poll, events: Sequence[Event]) -> Literal["stored", "not_modified", "rate_limited", "empty"]:
    if result.limited:
        return "rate_limited"
    if not result.modified:
        return "not_modified"
    return "stored" if events else "empty"
