"""One poll, from the memory of the last one to the memory of this one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from github_events_ingestor.poll import Poll
from github_events_ingestor.store import State, Store
from github_events_ingestor.telemetry import logger


@dataclass(frozen=True)
class Outcome:
    """What an invocation did.

    "stored": `events` events are in Bronze under `key`. "not_modified": nothing new. "empty": the timeline had no event
    to store. "rate_limited": GitHub refused; events of the pages before that are stored. "too_early": GitHub asked for
    silence until `not_before`, so it was not called.
    """

    outcome: Literal["stored", "not_modified", "rate_limited", "too_early", "empty"]
    events: int = 0
    quarantined: int = 0
    key: str | None = None
    quarantine_key: str | None = None
    requests: int = 0
    not_before: datetime | None = None
    reason: str = ""


def ingest(store: Store, poll: Callable[[str | None], Poll], now: datetime, source: str) -> Outcome:
    """Poll once, store what came, then remember it. `poll` takes GitHub's last ETag; `now` is the time, in UTC.

    The order is what makes a crash harmless: until the events are stored, the old ETag stays, and the next poll gets
    the same timeline again.
    """
    state = store.read_state()
    if state.not_before is not None and now < state.not_before:
        return Outcome("too_early", not_before=state.not_before, reason=state.reason)

    result = poll(state.etag)
    events = [event for batch in result.batches for event in batch.events]
    rejected = [item for batch in result.batches for item in batch.rejected]
    about = {"source": source, "events": str(len(events)), "etag": result.etag or ""}
    key = store.put_events(events, now, about) if events else None
    quarantine_key = store.put_rejected(rejected, now, about) if rejected else None

    not_before, reason = None, ""
    if result.pause > 0:
        not_before = now + timedelta(seconds=result.pause)
        reason = result.limited.reason if result.limited else "poll interval"
    # A timeline that was not read to its end has to be read again: the old ETag stays.
    etag = state.etag if result.limited else result.etag
    if not store.write_state(State(etag, not_before, reason, state.version)):
        logger.info("An overlapping invocation has moved on already; its state stays")
    return Outcome(
        _name(result, events), len(events), len(rejected), key, quarantine_key, result.requests, not_before, reason
    )


def _name(result: Poll, events: list[bytes]) -> Literal["stored", "not_modified", "rate_limited", "empty"]:
    if result.limited:
        return "rate_limited"
    if not result.modified:
        return "not_modified"
    return "stored" if events else "empty"
