"""The hours of GH Archive's replica that no recording holds: generated when asked for, and kept for a while."""

import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from workshop.errors import WorkshopError
from workshop.sandbox.github.batches import Batches
from workshop.sandbox.github.hour_writer import HourWriter
from workshop.sandbox.github.hours import MAX_EVENTS_PER_HOUR, hour_of, is_covered, is_missing

# Enough for a few of the largest hours: a client that has to ask again gets the same file at once.
KEPT_BYTES = 512 * 1024 * 1024


def check_events_per_hour(events_per_hour: int) -> None:
    """WorkshopError unless that many events an hour can be generated; 0 is for none at all."""
    if not 0 <= events_per_hour <= MAX_EVENTS_PER_HOUR:
        raise WorkshopError(
            f"An archive of {events_per_hour} events an hour cannot be generated.",
            f"Choose a number from 0 (no generated hours) to {MAX_EVENTS_PER_HOUR}.",
        )


class GeneratedArchive:
    """The files of generated hours, in a folder that nothing else uses. Not for several threads at once."""

    def __init__(
        self,
        folder: Path,
        events_per_hour: int,
        taken_ids: Collection[int] = (),
        clock: Callable[[], float] = time.time,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """`events_per_hour` is the average (0: there are no hours); `taken_ids` are other events'. Empties `folder`."""
        check_events_per_hour(events_per_hour)
        self._folder = folder
        self._is_empty = events_per_hour == 0
        self._writer = HourWriter(Batches(), events_per_hour, frozenset(taken_ids))
        self._clock = clock
        self._kept_bytes = kept_bytes
        # What is there may be another version's, another average's, or half a file of a killed server.
        for path in self._files():
            path.unlink()

    def open(self, name: str) -> BinaryIO | None:
        """The file of this name, open for reading; None if there is no such hour. OSError if the disk is full."""
        hour = hour_of(name)
        now = datetime.fromtimestamp(self._clock(), UTC)
        if self._is_empty or hour is None or is_missing(hour) or not is_covered(hour, now):
            return None
        path = self._folder / name
        if path.exists():
            path.touch()
        else:
            self._write(hour, path)
        # Whoever reads a file can go on when it is deleted.
        file = path.open("rb")
        self._delete_oldest()
        return file

    def _write(self, hour: datetime, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        try:
            with beside.open("wb") as file:
                self._writer.write(hour, file)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _delete_oldest(self) -> None:
        """Delete the files that were not asked for longest, but never the last one, until few enough bytes are left."""
        oldest_first = sorted(self._files(), key=lambda path: path.stat().st_mtime_ns)
        kept = sum(path.stat().st_size for path in oldest_first)
        for path in oldest_first[:-1]:
            if kept <= self._kept_bytes:
                break
            kept -= path.stat().st_size
            path.unlink()

    def _files(self) -> list[Path]:
        return list(self._folder.glob("*")) if self._folder.exists() else []
