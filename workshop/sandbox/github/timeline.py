"""The moving window over the events: what `GET /events` shows to a reader."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.sandbox.github.source import Event, EventSource

# "Timelines will include up to 300 events": https://docs.github.com/en/rest/activity/events
WINDOW_SIZE = 300


class Timeline:
    """Consecutive windows of at most 300 events over a source, and which of them each reader is reading.

    A reader says itself how far it has come (by the ETag that it sends), so a new lake starts with the first event,
    and no reader takes events from another. Only the pages of one window are remembered for it: `open_window` notes
    the window whose first page it was shown, on the disk before it is served, for the pages that follow.
    """

    def __init__(self, source: EventSource, state_file: Path) -> None:
        self._source = source
        self._state_file = state_file
        self._readers = self._load()

    def __len__(self) -> int:
        """The number of windows, at least one."""
        return max(1, -(-len(self._source.events) // WINDOW_SIZE))

    def window(self, index: int) -> Sequence[Event]:
        """One window, newest event first, as GitHub lists them."""
        events = self._source.events[index * WINDOW_SIZE : (index + 1) * WINDOW_SIZE]
        return sorted(events, key=lambda event: (event.created_at, event.id), reverse=True)

    def opened_window(self, reader: str) -> int:
        """The window whose first page `reader` saw last; the first one if it has seen none."""
        return self._readers.get(reader, 0)

    def open_window(self, reader: str, index: int) -> None:
        """Note that `reader` is shown the first page of a window."""
        if self.opened_window(reader) == index:
            return
        self._readers[reader] = index
        state = {"source": self._source.fingerprint, "readers": self._readers}
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._state_file.with_suffix(".new")
        with beside.open("w") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._state_file)

    def _load(self) -> dict[str, int]:
        try:
            state = json.loads(self._state_file.read_bytes())
            source = str(state["source"])
            readers = {str(reader): int(index) for reader, index in state["readers"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WorkshopError(
                f"The replica's readers in {self._state_file} cannot be read: {error!r}.",
                "Delete that file; every reader's next poll then starts a window anew.",
            ) from error
        # Another source has other windows.
        if source != self._source.fingerprint:
            return {}
        return {reader: index for reader, index in readers.items() if index in range(len(self))}
