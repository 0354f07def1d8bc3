"""Builds the slow parts of the server beside its start, so that it answers at once."""

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class Deferred(Generic[T]):
    """A value that is built in a thread, from `start` on; whoever needs it waits for it."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._task: asyncio.Task[T] | None = None

    def start(self) -> None:
        """Begin to build, within the running event loop."""
        self._task = asyncio.create_task(asyncio.to_thread(self._build))
        self._task.add_done_callback(_report)

    async def get(self) -> T:
        """Return the value, once it is built. Raises what building it raised."""
        if self._task is None:
            self.start()
        assert self._task is not None
        # One request that is given up must not cancel the building for all.
        return await asyncio.shield(self._task)

    def built(self) -> T | None:
        """The value if it is there by now."""
        if self._task is None or not self._task.done() or self._task.cancelled() or self._task.exception():
            return None
        return self._task.result()


def _report(task: "asyncio.Task[T]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("A part of the sandbox could not be built", exc_info=error)
