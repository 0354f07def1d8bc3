"""The moving window over the events: what `GET /events` shows at the moment."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.sandbox.github.source import Event, EventSource

# "Timelines will include up to 300 events": https://docs.github.com/en/rest/activity/events
WINDOW_SIZE = 300


class Timeline:
    """Consecutive windows of at most 300 events over a source; the position survives a restart.

    The window moves on only when it is told to (the replica does so when a client has shown that it has the window),
    and the new position is on the disk before the new window is served.
    """

    def __init__(self, source: EventSource, state_file: Path) -> None:
        self._source = source
        self._state_file = state_file
        self._position = self._load()

    @property
    def window(self) -> Sequence[Event]:
        """The current window, newest event first, as GitHub lists them."""
        current = self._source.events[self._position : self._position + WINDOW_SIZE]
        return sorted(current, key=lambda event: (event.created_at, event.id), reverse=True)

    def advance(self) -> bool:
        """Move to the next window; False at the end of the source, where the window stays."""
        following = self._position + WINDOW_SIZE
        if following >= len(self._source.events):
            return False
        self._save(following)
        self._position = following
        return True

    def _load(self) -> int:
        try:
            state = json.loads(self._state_file.read_bytes())
            source, position = str(state["source"]), int(state["position"])
        except FileNotFoundError:
            return 0
        except (ValueError, KeyError, TypeError) as error:
            raise WorkshopError(
                f"The replica's position in {self._state_file} cannot be read: {error!r}.",
                "Delete that file to start from the first event.",
            ) from error
        # Another source has other events, so a position in the old one means nothing.
        known = source == self._source.fingerprint and position in range(0, len(self._source.events), WINDOW_SIZE)
        return position if known else 0

    def _save(self, position: int) -> None:
        state = {"source": self._source.fingerprint, "position": position}
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._state_file.with_suffix(".new")
        with beside.open("w") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._state_file)
