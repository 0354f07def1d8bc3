"""GitHub's primary rate limit: so many requests an hour and client.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections.abc import Callable
from dataclasses import dataclass

HOUR_SECONDS = 3600


@dataclass
class Allowance:
    """What one client has used of its hour; `reset` is the Unix time at which a new hour begins."""

    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """Requests left in this hour."""
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with every answer."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Resource": "core",
        }


class RateLimiter:
    """The allowances of all clients, in memory."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._allowances: dict[str, Allowance] = {}

    def allowance(self, client: str) -> Allowance:
        """The client's current hour; a new one begins with the first request after the last one's reset."""
        now = self._clock()
        current = self._allowances.get(client)
        if current is None or now >= current.reset:
            current = self._allowances[client] = Allowance(self._limit, int(now) + HOUR_SECONDS)
        return current
