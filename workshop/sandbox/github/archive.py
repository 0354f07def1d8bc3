"""GH Archive's hourly files, made from the same events: https://www.gharchive.org

A file is gzip, one event a line, all events of one UTC hour by `created_at`; its name is `YYYY-MM-DD-H.json.gz` with an
hour that is not padded. Every event is in it once: the repeats of overlapping polls are the Events API's own.
"""

import gzip
from functools import cached_property
from operator import attrgetter

from workshop.sandbox.github.source import Event, EventSource


class HourlyArchive:
    """The hours of one source."""

    def __init__(self, source: EventSource) -> None:
        self._source = source

    def file(self, name: str) -> bytes | None:
        """The gzip file of this name (the same bytes each time), None for an hour without events or another name."""
        events = self._hours.get(name)
        if events is None:
            return None
        lines = b"".join(event.raw + b"\n" for event in sorted(events, key=attrgetter("id")))
        return gzip.compress(lines, mtime=0)

    @property
    def names(self) -> list[str]:
        """The files there are, oldest hour first."""
        return list(self._hours)

    @cached_property
    def _hours(self) -> dict[str, set[Event]]:
        hours: dict[str, set[Event]] = {}
        for event in sorted(self._source.events, key=attrgetter("created_at")):
            hours.setdefault(f"{event.created_at:%Y-%m-%d}-{event.created_at.hour}.json.gz", set()).add(event)
        return hours
