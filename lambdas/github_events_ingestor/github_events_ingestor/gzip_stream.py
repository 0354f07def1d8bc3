"""Reads gzip and lines in pieces of bounded size, whatever the size of the whole."""

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from github_events_ingestor.errors import CorruptArchiveError
from github_events_ingestor.event import MAX_LINE_BYTES
from github_events_ingestor.quarantine import MAX_RAW_BYTES

CHUNK_BYTES = 256 * 1024
# https://docs.python.org/3/library/zlib.html#zlib.decompress: with a header and trailer of gzip, both checked.
GZIP = 31
LEVEL = 6


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """A file's bytes from its beginning."""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def decompressed(compressed: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip file of one or more members, in pieces of CHUNK_BYTES at most.

    CorruptArchiveError if it is not gzip, damaged, cut short, or followed by anything else. All checks have been made
    only once the last piece was read: a member's checksum comes at its end.
    """
    member, begun, members = zlib.decompressobj(GZIP), False, 0
    try:
        for chunk in compressed:
            rest = chunk
            while rest:
                begun = True
                piece = member.decompress(rest, CHUNK_BYTES)
                if piece:
                    yield piece
                rest = member.unconsumed_tail
                if member.eof:
                    rest, member, begun = member.unused_data, zlib.decompressobj(GZIP), False
                    members += 1
    except zlib.error as error:
        where = f"after {members} whole members of gzip" if members else "at its beginning"
        raise CorruptArchiveError(f"The file is damaged {where}: {error}.") from error
    if begun or not members:
        raise CorruptArchiveError("The file ends too early." if begun else "The file is empty.")


def compressed(pieces: Iterable[bytes], file: BinaryIO) -> None:
    """Write gzip of the pieces. zlib writes no time into the header, so equal content gives equal bytes."""
    member = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    for piece in pieces:
        file.write(member.compress(piece))
    file.write(member.flush())


def lines(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes, int]]:
    """Each line without its line feed: where it begins, its bytes, and how many they are.

    Of a line that is longer than MAX_LINE_BYTES only the beginning is kept, MAX_RAW_BYTES of it. What follows the last
    line feed is a line if it is not empty.
    """
    offset = 0
    # The beginning of a line whose end has not come yet, and how long it is by now.
    begun, size = bytearray(), 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        _append(begun, size, first)
        size += len(first)
        if not others:
            continue
        yield offset, bytes(begun), size
        offset += size + 1
        begun.clear()
        *whole, last = others
        for line in whole:
            size = len(line)
            yield offset, line, size
            offset += size + 1
        begun += last
        size = len(last)
    if size:
        yield offset, bytes(begun), size


def _append(begun: bytearray, size: int, more: bytes) -> None:
    """Add to the beginning of a line of `size` bytes, as long as it may still be an event."""
    if size + len(more) <= MAX_LINE_BYTES:
        begun += more
    elif size <= MAX_LINE_BYTES:
        del begun[MAX_RAW_BYTES:]
        begun += more[: MAX_RAW_BYTES - len(begun)]
