"""Invented events with the statistics of real ones: the same bytes for the same seed, on every machine.

Only integer draws and exact divisions are used, so that no platform's libm can change a byte.
"""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop.errors import WorkshopError
from workshop.sandbox.github.payloads import PAYLOADS, Scene
from workshop.sandbox.github.population import Population
from workshop.sandbox.github.source import CREATED_AT, Event, EventSource

DEFAULT_SEED = 1
DEFAULT_COUNT = 5_000

# Two hours over three hours of the clock, so that GH Archive's files are three.
FIRST_EVENT_AT = datetime(2025, 6, 11, 13, 40, tzinfo=UTC)
DURATION_SECONDS = 2 * 60 * 60
FIRST_ID = 50_800_000_000
# One event in so many is seen again, as polls that overlap see it.
REPEAT_EVERY = 100
REPEAT_WITHIN = 300
BOT_SHARE = 0.064
MAINTAINER_SHARE = 0.6
# Bots do not star, fork, publish or join.
PEOPLE_ONLY = {"WatchEvent", "ForkEvent", "PublicEvent", "MemberEvent"}


def generate(seed: int = DEFAULT_SEED, count: int = DEFAULT_COUNT) -> EventSource:
    """`count` events, about 1 % of them byte-identical repeats of earlier ones. WorkshopError for a count below 1."""
    if count < 1:
        raise WorkshopError(f"Cannot generate {count} events.", "Ask for at least one.")
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    population = Population(rng)
    repeats = count // REPEAT_EVERY
    distinct = count - repeats
    kinds = rng.choices(list(PAYLOADS), weights=[weight for weight, _ in PAYLOADS.values()], k=distinct)
    seconds = sorted(rng.randrange(DURATION_SECONDS) for _ in range(distinct))
    events: list[Event] = []
    identifier = FIRST_ID
    for kind, second in zip(kinds, seconds, strict=True):
        identifier += rng.randrange(1, 60)
        events.append(_event(rng, population, identifier, kind, FIRST_EVENT_AT + timedelta(seconds=second)))
    for _ in range(repeats):
        # Behind the event itself, at most a timeline away.
        original = rng.randrange(len(events))
        events.insert(min(len(events), original + rng.randrange(1, REPEAT_WITHIN)), events[original])
    return EventSource(f"generator, seed {seed}, {count} events", events)


def compose(
    rng: random.Random, population: Population, kind: str, *, identifier: str, created_at: str, payload_at: str
) -> dict[str, Any]:
    """One invented event of a type, as GitHub's document; `payload_at` is the time of what its payload describes."""
    repository = population.repository()
    if kind not in PEOPLE_ONLY and rng.random() < BOT_SHARE:
        actor = population.bot()
    else:
        actor = repository.maintainer if rng.random() < MAINTAINER_SHARE else population.user()
    _, payload = PAYLOADS[kind]
    document = {
        "id": identifier,
        "type": kind,
        "actor": actor.short(display=True),
        "repo": repository.short(),
        "payload": payload(Scene(rng, actor, repository, payload_at)),
        "public": True,
        "created_at": created_at,
    }
    if repository.owned_by_organization:
        document["org"] = repository.owner.short(display=False)
    return document


def write(document: Any) -> bytes:
    """A document as GitHub writes it: UTF-8 without escapes or spaces."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _event(rng: random.Random, population: Population, identifier: int, kind: str, created: datetime) -> Event:
    at = created.strftime(CREATED_AT)
    document = compose(rng, population, kind, identifier=str(identifier), created_at=at, payload_at=at)
    return Event(identifier, created, write(document))
