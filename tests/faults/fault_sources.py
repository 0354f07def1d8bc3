"""Where events come from in a schedule: a public timeline that scrolls, an archive of hours, and what is in them."""

import gzip
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from github_events_ingestor.event import Rule
from github_events_ingestor.page import split
from github_events_ingestor.poll import Poll

TYPES = ("PushEvent", "WatchEvent", "PullRequestEvent", "IssuesEvent")
ACTORS = ((1, "ann"), (2, "bob"), (3, "renovate[bot]"))
REPOSITORIES = ((11, "ann/tools"), (12, "bob/site"), (13, "org/engine"))
BAD_ELEMENTS = (b'{"id": 7}', b'"text"', b'{"id": "12", "type": "PushEvent", "created_at": "yesterday"}')
# How many events the timeline shows.
WINDOW = 6


@dataclass
class Events:
    """New events, each with an id of its own. As text, ids do not sort as they do as numbers: they pass 9,999."""

    rng: random.Random
    last_id: int = 9_985
    made: list[bytes] = field(default_factory=list)

    def new(self, day: date, number: int) -> list[bytes]:
        """So many events that happened on a day, or a month before it."""
        return [self._new(day) for _ in range(number)]

    def _new(self, day: date) -> bytes:
        rng = self.rng
        self.last_id += rng.randint(1, 3)
        actor, repo, kind = rng.choice(ACTORS), rng.choice(REPOSITORIES), rng.choice(TYPES)
        when = datetime.combine(day, time(rng.randrange(24), rng.randrange(60)))
        if rng.random() < 0.2:
            when -= timedelta(days=30)
        event: dict[str, Any] = {
            "id": str(self.last_id),
            "type": kind,
            "actor": {"id": actor[0], "login": actor[1]},
            "repo": {"id": repo[0], "name": repo[1]},
            "payload": {"action": "opened", "number": rng.randrange(99)} if kind != "PushEvent" else {"size": 1},
            "public": True,
            "created_at": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        }
        if rng.random() < 0.5:
            event["org"] = {"id": 21, "login": "org"}
        raw = json.dumps(event).encode()
        self.made.append(raw)
        return raw


@dataclass
class Timeline:
    """The public timeline: the newest events, and elements that are none. Its ETag changes when it does."""

    elements: list[bytes] = field(default_factory=list)
    version: int = 0

    def happen(self, elements: list[bytes]) -> None:
        """Something new is shown, and as much of the old is not shown any more."""
        if elements:
            self.elements = [*self.elements, *elements][-WINDOW:]
            self.version += 1

    def poll(self, etag: str | None, now: datetime) -> Poll:
        """What the poller makes of the timeline."""
        current = f'"{self.version}"'
        if etag == current:
            return Poll(modified=False, etag=etag)
        body = b"[" + b", ".join(reversed(self.elements)) + b"]"
        return Poll(batches=(split(body, Rule(now)),), etag=current)


@dataclass
class Archive:
    """GH Archive, as the backfill uses it: files by day and hour."""

    hours: dict[tuple[date, int], list[bytes]] = field(default_factory=dict)

    def source(self, day: date, hour: int) -> str:
        """A file's address."""
        return f"https://archive.test/{day}-{hour}.json.gz"

    @contextmanager
    def download(self, source: str) -> Iterator[Iterator[bytes]]:
        """A file's bytes."""
        [lines] = [lines for key, lines in self.hours.items() if self.source(*key) == source]
        yield iter([gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0)])
