"""Checks the file of an archive hour, line by line, while it comes in.

Files go to temporary files that have no name, so nothing is left of them whatever happens to the process. What is kept
in memory does not grow with the file: the places of rejected lines, too, are written down on disk.
"""

import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import BinaryIO

from github_events_ingestor.errors import NotAnEventError
from github_events_ingestor.event import TOO_LONG, Rule
from github_events_ingestor.gzip_stream import GZIP, LEVEL, chunks, compressed, decompressed, lines
from github_events_ingestor.quarantine import Rejected, render
from github_events_ingestor.summary import Summary

# Where a line that stays out begins and ends in the decompressed file, its line feed included.
_RANGE = struct.Struct("<QQ")
_NO_RANGE = (1 << 63, 1 << 63)


class CheckedHour:
    """An hour's file and what was found in it. A context manager: its end deletes the temporary files.

    `archive`: the file as downloaded. `summary`: of its events. `quarantined`, `blank`: numbers of other lines.
    `quarantine`: the quarantine lines, as gzip.
    """

    def __init__(self) -> None:
        self._files = ExitStack()
        self.archive = self._new_file()
        self.quarantine = self._new_file()
        self._ranges = self._new_file()
        self.summary = Summary()
        self.quarantined = 0
        self.blank = 0

    def __enter__(self) -> "CheckedHour":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def read(self, download: Iterable[bytes], rule: Rule, source: str, received_at: datetime) -> None:
        """Keep the file's bytes and check its lines; call once. CorruptArchiveError if it is not whole gzip."""
        quarantine = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        for offset, line, size in lines(decompressed(self._kept(download))):
            if line.strip(b" \t\r"):
                try:
                    if size > len(line):
                        raise NotAnEventError(TOO_LONG)
                    self.summary.add(*rule.identify(line))
                    continue
                except NotAnEventError as error:
                    self.quarantined += 1
                    rejected = Rejected(line, str(error), offset, size)
                    self.quarantine.write(quarantine.compress(render(rejected, source, received_at)))
            else:
                self.blank += 1
            self._ranges.write(_RANGE.pack(offset, offset + size + 1))
        self.quarantine.write(quarantine.flush())

    @property
    def is_clean(self) -> bool:
        """Whether the archive's own bytes can go to Bronze. A blank line cannot: Athena takes it for a broken event."""
        return not self.quarantined and not self.blank

    def rewritten(self) -> BinaryIO:
        """The file without blank and rejected lines, gzip of our own; every other byte of its content is as it was."""
        file = self._new_file()
        compressed(self._without_ranges(), file)
        return file

    def _new_file(self) -> BinaryIO:
        return self._files.enter_context(tempfile.TemporaryFile())

    def _kept(self, download: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in download:
            self.archive.write(chunk)
            yield chunk

    def _without_ranges(self) -> Iterator[bytes]:
        ranges = self._read_ranges()
        begin, end = next(ranges, _NO_RANGE)
        offset = 0
        for piece in decompressed(chunks(self.archive)):
            position, after = 0, offset + len(piece)
            while begin < after:
                yield piece[position : max(position, begin - offset)]
                position = min(len(piece), end - offset)
                if end > after:
                    break
                begin, end = next(ranges, _NO_RANGE)
            yield piece[position:]
            offset = after

    def _read_ranges(self) -> Iterator[tuple[int, int]]:
        self._ranges.seek(0)
        while block := self._ranges.read(4096 * _RANGE.size):
            yield from _RANGE.iter_unpack(block)
