"""A call as the emulator hands it to the handler of a service."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

# Status, headers, body.
Response = tuple[int, dict[str, str], Any]


class Call(NamedTuple):
    """One request to one AWS service; header names are in lower case, `query` maps names to lists of values."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, Any]

    @property
    def action(self) -> str:
        """The operation's name in the JSON and query protocols; "" in REST protocols, where the path says it."""
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        found = self.query.get("Action")
        if not found and "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            found = parse_qs(self.body.decode("utf-8", "replace")).get("Action")
        return str(found[0] if isinstance(found, list) else found) if found else ""

    @property
    def fields(self) -> dict[str, Any]:
        """The members of a JSON request; {} for anything else."""
        try:
            fields = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            return {}
        return fields if isinstance(fields, dict) else {}

    @property
    def bucket_and_key(self) -> tuple[str, str]:
        """The S3 bucket and key that the path names, "" for what it does not."""
        bucket, _, key = self.path.lstrip("/").partition("/")
        return bucket, key


# Called with the five parts of a `Call`.
Handler = Callable[..., Awaitable[Response]]
