"""Reads a recording of the Events API: JSON Lines, one event a line, plain or gzip."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.sandbox.github.source import Event, EventSource

GZIP_MAGIC = b"\x1f\x8b"
WHAT_A_RECORDING_IS = "A recording holds one GitHub event a line, as the Events API or GH Archive gives it."


def read_recording(path: Path) -> EventSource:
    """Read a recording, keeping each line's exact bytes. WorkshopError names file, line and what is wrong with it."""
    events = [_parse(path, number, line) for number, line in _lines(path)]
    if not events:
        raise WorkshopError(f"{path} holds no events.", WHAT_A_RECORDING_IS)
    return EventSource(f"recording {path.name}", events)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkshopError(
            f"The recording {path} cannot be read: {error.strerror}.", "Check LAKEHOUSE_RECORDING."
        ) from error
    if content.startswith(GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise WorkshopError(f"The recording {path} is damaged: {error}.", "Fetch it again.") from error
    for number, line in enumerate(content.split(b"\n"), start=1):
        if stripped := line.strip():
            yield number, stripped


def _parse(path: Path, number: int, line: bytes) -> Event:
    try:
        return Event.from_document(json.loads(line), line)
    except (ValueError, RecursionError) as error:
        reason = "it is not JSON" if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)) else str(error)
        raise WorkshopError(f"{path}, line {number}: not an event, {reason}.", WHAT_A_RECORDING_IS) from error
