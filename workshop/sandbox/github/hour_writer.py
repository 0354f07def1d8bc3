"""Writes an hour of GH Archive's replica: invented events as gzip, a few at a time, so that memory does not grow."""

import random
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, repeat
from typing import BinaryIO

from workshop.sandbox.github.batches import BATCHES, EVENTS_IN_BATCH, SEED, Batch, Batches, stored
from workshop.sandbox.github.hours import POISONED_HOUR, count_of, ids_of, name_of, spare_id
from workshop.sandbox.github.poison import POISONED_LINES, not_events
from workshop.sandbox.github.source import CREATED_AT

# RFC 1952: deflate, no flags, no time, no extra flags, an unknown system. Then a last block without any text.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_BLOCK = b"\x03\x00"
SECONDS = 3600


@dataclass(frozen=True)
class HourWriter:
    """Writes any hour as it is when hours have `events_per_hour` on average; none of its ids is in `taken_ids`."""

    batches: Batches
    events_per_hour: int
    taken_ids: Collection[int] = ()

    def write(self, hour: datetime, file: BinaryIO) -> None:
        """Write one gzip member of JSON lines, sorted by time and by id.

        The lines are the same on every machine. The gzip bytes are, where zlib compresses alike.
        """
        file.write(GZIP_HEADER)
        checksum = size = 0
        for text, compressed in self._pieces(hour):
            file.write(compressed)
            checksum = zlib.crc32(text, checksum)
            size += len(text)
        file.write(LAST_BLOCK + struct.pack("<LL", checksum, size & 0xFFFFFFFF))

    def _pieces(self, hour: datetime) -> Iterator[tuple[bytes, bytes]]:
        """The hour's text piece by piece, each also as whole blocks of raw deflate."""
        events = count_of(hour, self.events_per_hour)
        rng = random.Random(f"{SEED} {name_of(hour)}")  # noqa: S311 - reproducible on purpose
        ids = ids_of(hour, events, self.taken_ids, rng)
        times = _times(hour, events, rng)
        for piece in self._plan(hour, events, rng):
            if isinstance(piece, bytes):
                yield piece, stored(piece)
            else:
                yield piece.fill(list(islice(ids, len(piece))), list(islice(times, len(piece))), rng)

    def _plan(self, hour: datetime, events: int, rng: random.Random) -> Iterator[Batch | bytes]:
        """Batches of so many events in all, and the lines that are not events."""
        if hour == POISONED_HOUR:
            ids = [spare_id(hour, number) for number in range(len(POISONED_LINES))]
            before = 0
            lines = not_events(ids, hour + timedelta(seconds=SECONDS // 2))
            for number, line in zip(POISONED_LINES, lines, strict=True):
                gap = min(number - before - 1, events)
                yield from self._batches(gap, rng)
                yield line + b"\n"
                events -= gap
                before = number
        yield from self._batches(events, rng)

    def _batches(self, events: int, rng: random.Random) -> Iterator[Batch]:
        while events >= EVENTS_IN_BATCH:
            yield self.batches.whole(rng.randrange(BATCHES))
            events -= EVENTS_IN_BATCH
        if events:
            yield self.batches.part(rng.randrange(BATCHES), events)


def _times(hour: datetime, events: int, rng: random.Random) -> Iterator[bytes]:
    """So many times of an hour in order, as events have them."""
    counts = [0] * SECONDS
    for _ in range(events):
        counts[int(rng.random() * SECONDS)] += 1
    for second, count in enumerate(counts):
        yield from repeat((hour + timedelta(seconds=second)).strftime(CREATED_AT).encode(), count)
