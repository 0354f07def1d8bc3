"""What the ingestor's tests share: an invocation's clock, a server that follows a script, and ways to look into S3."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from github_events_ingestor.deadline import Deadline
from github_events_ingestor.state import StateStore
from github_events_ingestor.store import Store

BRONZE, QUARANTINE = "github/events/", "quarantine/github/events/"
STATE_KEY = "state/github_events_ingestor.json"


class Invocation:
    """A Lambda context with so many seconds left. Its clock moves when someone sleeps, and by `tick` at each look."""

    function_name = "dp-test-github-events-ingestor"
    memory_limit_in_mb = 256
    invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def __init__(self, limit: float = 60.0, tick: float = 0.0) -> None:
        self.left = limit
        self.tick = tick
        self.slept: list[float] = []

    def get_remaining_time_in_millis(self) -> int:
        self.left -= self.tick
        return int(self.left * 1000)

    def deadline(self) -> Deadline:
        return Deadline(self, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= seconds
        assert self.left > 0, "Lambda has killed the invocation"


@dataclass
class Scripted:
    """An ASGI application that gives the scripted answers (status, headers, body) in turn, the last one for ever."""

    answers: Sequence[tuple[int, Mapping[str, str], bytes]]
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self.requests.append((f"{scope['path']}?{scope['query_string'].decode()}", headers))
        status, extra, body = self.answers[min(len(self.requests), len(self.answers)) - 1]
        pairs = [(name.lower().encode(), value.encode()) for name, value in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})


def archive(*raws: bytes) -> bytes:
    """The file of an hour with these lines."""
    return gzip.compress(b"".join(raw + b"\n" for raw in raws), mtime=0)


def event(identifier: int, **changes: Any) -> dict[str, Any]:
    """A small event as the API serves it."""
    return {
        "id": str(identifier),
        "type": "WatchEvent",
        "actor": {"id": 1, "login": "someone"},
        "repo": {"id": 2, "name": "someone/something"},
        "payload": {"action": "started"},
        "public": True,
        "created_at": "2025-06-11T13:40:00Z",
    } | changes


def page(*documents: Any) -> bytes:
    return json.dumps(documents).encode()


def keys(client: Any, bucket: str, prefix: str) -> list[str]:
    found = client.list_objects_v2(Bucket=bucket, Prefix=prefix)
    assert not found["IsTruncated"]
    return [item["Key"] for item in found.get("Contents", [])]


def lines(client: Any, bucket: str, prefix: str) -> list[bytes]:
    """All lines of the gzip objects under a prefix."""
    contents = [client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys(client, bucket, prefix)]
    return [line for content in contents for line in gzip.decompress(content).splitlines()]


def store_in(client: Any, bucket: str) -> Store:
    return Store(client, bucket, BRONZE, QUARANTINE)


def memory_of(store: Store) -> StateStore:
    """The memory that belongs to a store's bucket, through the same client."""
    return StateStore(store.client, store.bucket, STATE_KEY)
