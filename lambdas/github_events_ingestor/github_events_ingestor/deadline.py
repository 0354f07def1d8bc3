"""The time, and how much of it an invocation has left."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

# Kept back for storing what was read: a poll that used the whole Lambda timeout would be killed with its events in
# hand. Longer than the read that may be under way when the time for polling ends.
STORE_SECONDS = 15.0


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


class LambdaContext(Protocol):
    """The part of Lambda's context object that the ingestor uses."""

    @property
    def function_name(self) -> str:
        """The function's name."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id; the same again when Lambda retries an asynchronous invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the invocation."""


class Deadline:
    """The invocation's remaining time, and the one way to sleep in it. `reserve`: seconds kept back for storing."""

    def __init__(
        self,
        context: LambdaContext,
        sleep: Callable[[float], None] = time.sleep,
        *,
        reserve: float = STORE_SECONDS,
    ) -> None:
        self._context = context
        self._reserve = reserve
        self.sleep = sleep

    def left(self) -> float:
        """Seconds that reading and waiting may still take, zero or more."""
        return max(0.0, self._context.get_remaining_time_in_millis() / 1000 - self._reserve)
