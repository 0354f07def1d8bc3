"""HTTP for the replica: what it reads from a request, and how it sends an answer, whole or damaged."""

import asyncio
import gzip
import io
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from workshop.sandbox.github.faults import Damage

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GARBAGE = b"<!DOCTYPE html><title>Unicorn!</title>"
# A file goes out in such pieces, each of them when the client has taken the one before.
CHUNK_BYTES = 256 * 1024
PLAIN_TIME = re.compile(rb'\d\dT\d\d:\d\d:\d\dZ"')


@dataclass(frozen=True)
class Request:
    """The parts of a request that the replica looks at. Header names are in lower case."""

    method: str
    path: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    client: str

    @property
    def reader(self) -> str:
        """Who reads the timeline: all readers come from this machine, so the program's name tells them apart."""
        return self.headers.get("user-agent", "")

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> "Request":
        """Read an ASGI HTTP scope. `url` is the request's address without its query."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        host = headers.get("host") or "localhost"
        return cls(
            method=scope["method"],
            path=scope["path"],
            url=f"{scope.get('scheme', 'http')}://{host}{scope['path']}",
            headers=headers,
            query={name: values[-1] for name, values in query.items()},
            client=(scope.get("client") or ("",))[0],
        )


@dataclass(frozen=True)
class Response:
    """An answer before it is sent. Its body is `file`, which `respond` closes, if there is one."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: BinaryIO | None = None


def compress(request: Request, response: Response) -> Response:
    """Gzip a JSON body for a client that accepts it, as GitHub does."""
    accepted = {coding.split(";")[0].strip() for coding in request.headers.get("accept-encoding", "").split(",")}
    if not response.body or "gzip" not in accepted or "json" not in response.headers.get("Content-Type", ""):
        return response
    compressed = gzip.compress(response.body, compresslevel=1, mtime=0)
    return replace(response, body=compressed, headers={**response.headers, "Content-Encoding": "gzip"})


async def respond(request: Request, response: Response, damage: Damage | None, receive: Receive, send: Send) -> None:
    """Send an answer; `damage` (see `Fault`) spoils its body, if it has one. "poisoned" is not for here to do."""
    file = response.file or io.BytesIO(response.body)
    with file:
        headers, size = dict(response.headers), _size(file)
        if size and damage == "garbage":
            headers.pop("Content-Encoding", None)
            file, size = io.BytesIO(GARBAGE), len(GARBAGE)
        sent = size // 2 if damage in {"truncated", "cut"} else size
        if response.status != 304:
            headers["Content-Length"] = str(sent if damage == "truncated" else size)
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [
                    (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
                ],
            }
        )
        if request.method != "HEAD":
            change = _change_in_the_middle(file, size) if damage == "corrupt" else None
            gone = asyncio.create_task(_wait_until_gone(receive))
            try:
                async for chunk in _chunks(file, sent, change):
                    if gone.done():
                        break
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                gone.cancel()
        # Returning with more to come makes the server close the connection.
        await send({"type": "http.response.body", "body": b"", "more_body": damage == "cut"})


async def _wait_until_gone(receive: Receive) -> None:
    """Return when the client has closed the connection: that is what comes after its request (ASGI)."""
    while (await receive()).get("more_body", False):
        pass
    if (await receive())["type"] != "http.disconnect":
        await asyncio.Event().wait()


async def _chunks(file: BinaryIO, size: int, change: tuple[int, int] | None) -> AsyncIterator[bytes]:
    """The first `size` bytes of a file, but for a changed one: its place, and the bits to turn round."""
    position = 0
    while position < size:
        wanted = min(CHUNK_BYTES, size - position)
        # A disk may keep the event loop waiting; memory does not.
        chunk = file.read(wanted) if isinstance(file, io.BytesIO) else await asyncio.to_thread(file.read, wanted)
        if change and position <= change[0] < position + len(chunk):
            at = change[0] - position
            chunk = chunk[:at] + bytes([chunk[at] ^ change[1]]) + chunk[at + 1 :]
        position += len(chunk)
        yield chunk


def _change_in_the_middle(file: BinaryIO, size: int) -> tuple[int, int]:
    """Where to change a gzip file, and which bits: preferably in a time that is not compressed, from digit to digit."""
    file.seek(size // 2)
    found = PLAIN_TIME.search(file.read(CHUNK_BYTES))
    file.seek(0)
    # All bits of a byte, since some of them may be between two blocks and mean nothing.
    return (size // 2 + found.end() - 3, 0x01) if found else (size // 2, 0xFF)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
