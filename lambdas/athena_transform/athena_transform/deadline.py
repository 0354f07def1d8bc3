"""How much time an invocation has left."""

import time
from collections.abc import Callable
from typing import Protocol

# What is kept back for stopping a query, saving the state and returning. A wait that used the whole Lambda timeout
# would be killed before it could stop its query.
SHUTDOWN_SECONDS = 20.0
# With less than this, the rest is left to the next run instead of being begun and stopped.
SECONDS_FOR_ANOTHER = 60.0


class LambdaContext(Protocol):
    """The part of Lambda's context object that the transforms use."""

    @property
    def function_name(self) -> str:
        """The function's name."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id; the same again when Lambda retries an asynchronous invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the invocation."""


class Deadline:
    """The invocation's remaining time, and the one way to sleep in it."""

    def __init__(self, context: LambdaContext, sleep: Callable[[float], None] = time.sleep) -> None:
        self._context = context
        self.sleep = sleep

    def until_killed(self) -> float:
        """Seconds until Lambda ends the process."""
        return self._context.get_remaining_time_in_millis() / 1000

    def for_work(self) -> float:
        """Seconds that work may still take, zero or more: what is left without the time kept back for shutting down."""
        return max(0.0, self.until_killed() - SHUTDOWN_SECONDS)

    def allows_more(self) -> bool:
        """Whether it is worth beginning another piece of work, once something has been done."""
        return self.for_work() >= SECONDS_FOR_ANOTHER
