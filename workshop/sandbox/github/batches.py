"""Batches of events whose text is composed and compressed once, and used in many hours.

Building and compressing every event anew would take some fifty times as long. In a batch only what no two events share
is left open: ids, times and hashes, all of fixed width. Compressed text can be joined at byte borders (RFC 1951): each
fixed part is a block that ends on one, and the header of a stored block, which holds the open parts as they are. As
all widths are fixed, a fixed part may refer back to everything before it in its batch, so a batch compresses well.
"""

import random
import re
import struct
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from workshop.sandbox.github.generator import write
from workshop.sandbox.github.hours import LARGEST_ID
from workshop.sandbox.github.invented import BEFORE, CREATED_AT, HEAD, ID, PUSH_ID, invent
from workshop.sandbox.github.population import Population

SEED = "gharchive"
EVENTS_IN_BATCH = 20
# The text of all batches takes some 35 MB of memory.
BATCHES = 410

# Bytes of each open part.
_WIDTHS = {
    name.encode(): width for name, width in ((ID, 11), (CREATED_AT, 20), (PUSH_ID, 11), (HEAD, 40), (BEFORE, 40))
}
_OPEN = re.compile(b"(\xee\x80[\x80-\x84])")
# Shorter fixed parts are not worth a block of their own.
_WORTH_COMPRESSING = 80
# No byte of UTF-8, so that no later text refers back to it.
_FILLER = b"\xff"
# Pushes are counted from another number than events, but both have eleven digits.
_PUSH_OFFSET = 500_000_000
_SMALLEST_NUMBER = 10_000_000_000


class Batch:
    """A few events, one a line."""

    def __init__(self, documents: Sequence[Any]) -> None:
        # A push has its number without quotes.
        number = PUSH_ID.encode()
        lines = [write(document).replace(b'"%b"' % number, number) + b"\n" for document in documents]
        # For each event, how often it is open at its head commit; None if it is not a push.
        self._heads = [line.count(HEAD.encode()) if number in line else None for line in lines]
        parts = _OPEN.split(b"".join(lines))
        self._text = parts
        self._compressed = _compress(parts)
        self._pushes = sum(heads is not None for heads in self._heads)

    def __len__(self) -> int:
        """The number of events."""
        return len(self._heads)

    def fill(self, ids: Sequence[int], times: Sequence[bytes], rng: random.Random) -> tuple[bytes, bytes]:
        """The events' text, and the same as whole blocks of raw deflate (none of them the last one).

        `ids` (increasing) and `times` (each 20 bytes) are the events' own; hashes of commits are drawn from `rng`.
        ValueError for ids of another width than the one that was left open.
        """
        if ids[0] - _PUSH_OFFSET < _SMALLEST_NUMBER or ids[-1] > LARGEST_ID:
            raise ValueError(f"ids {ids[0]} to {ids[-1]}, or the numbers of their pushes, do not have eleven digits")
        hashes = rng.randbytes(40 * self._pushes).hex().encode()
        position = 0
        values: list[bytes] = []
        for heads, identifier, time in zip(self._heads, ids, times, strict=True):
            values.append(b"%d" % identifier)
            if heads is not None:
                head, before = hashes[position : position + 40], hashes[position + 40 : position + 80]
                position += 80
                values += (b"%d" % (identifier - _PUSH_OFFSET), head, before)
                values += [head] * (heads - 1)
            values.append(time)
        text, compressed = self._text.copy(), self._compressed.copy()
        text[1::2] = compressed[1::2] = values
        return b"".join(text), b"".join(compressed)


class Batches:
    """All batches, each of them built when it is first needed. Not for several threads at once."""

    def __init__(self) -> None:
        self._built: dict[int, Batch] = {}

    def whole(self, number: int) -> Batch:
        """Batch `number` from 0 to `BATCHES` - 1, of `EVENTS_IN_BATCH` events."""
        if number not in self._built:
            self._built[number] = self.part(number, EVENTS_IN_BATCH)
        return self._built[number]

    def part(self, number: int, events: int) -> Batch:
        """A batch of that one's first events."""
        rng = random.Random(f"{SEED} {number}")  # noqa: S311 - reproducible on purpose
        population = self._population.drawing_from(rng)
        return Batch([invent(rng, population) for _ in range(events)])

    @cached_property
    def _population(self) -> Population:
        return Population(random.Random(SEED))  # noqa: S311 - reproducible on purpose


def stored(text: bytes) -> bytes:
    """A text of at most 65,535 bytes as a block of raw deflate that is not the last one."""
    return b"\x00" + _header(len(text)) + text


def _header(size: int) -> bytes:
    """The lengths of a stored block: they come after its three bits, on a byte border."""
    return struct.pack("<HH", size, size ^ 0xFFFF)


def _compress(parts: Sequence[bytes]) -> list[bytes]:
    """Fixed parts (those at even places) as deflate; open ones are left as they are, to be replaced.

    A fixed part is either a block or, if it is short, belongs to the stored block around it.
    """
    blocks = [number % 2 == 0 and len(part) >= _WORTH_COMPRESSING for number, part in enumerate(parts)]
    sizes = [_WIDTHS[part] if number % 2 else len(part) for number, part in enumerate(parts)]
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    compressed = []
    for number, part in enumerate(parts):
        if not blocks[number]:
            # What it becomes does not matter: the compressor only has to remember the text, for what refers back.
            compressor.compress(part if number % 2 == 0 else _FILLER * sizes[number])
            compressed.append(part)
            continue
        compressor.flush(zlib.Z_SYNC_FLUSH)
        flushed = compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH)
        # A flush ends with an empty stored block. It becomes the one that holds what follows.
        compressed.append(flushed.removesuffix(_header(0)) + _header(_stored_after(number, blocks, sizes)))
    if not blocks[0]:
        compressed[0] = b"\x00" + _header(_stored_after(-1, blocks, sizes)) + compressed[0]
    return compressed


def _stored_after(number: int, blocks: Sequence[bool], sizes: Sequence[int]) -> int:
    """Bytes from part `number` to the next one that is a block."""
    size = 0
    for is_block, part_size in zip(blocks[number + 1 :], sizes[number + 1 :], strict=True):
        if is_block:
            break
        size += part_size
    return size
