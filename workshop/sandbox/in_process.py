"""Requests of boto3 clients in this process, handed to the server's application without a socket.

They are signed and authorized like all others; what is saved is TLS and HTTP, most of what a small request costs.
"""

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3 import HTTPHeaderDict, HTTPResponse

from workshop.sandbox.app import App, Message

READ_SECONDS = 120
_PIECE_BYTES = 1024**2
_LEFT_OUT = frozenset({"expect", "transfer-encoding", "host"})


class InProcessSession:
    """Stands in for botocore's HTTP session; not to be used on the serving loop's own thread, which would wait for
    itself."""

    _app: App
    _loop: asyncio.AbstractEventLoop

    def serve(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        """Say what answers, and the event loop it runs on."""
        self._app, self._loop = app, loop

    def install(self, client: Any) -> None:
        """Let a boto3 client send its requests here."""
        client._endpoint.http_session = self

    def close(self) -> None:
        """Nothing is held open."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """The application's answer."""
        if self._loop.is_closed():
            raise ConnectionClosedError(endpoint_url=request.url)
        future = asyncio.run_coroutine_threadsafe(_exchange(self._app, request), self._loop)
        try:
            status, headers, body = future.result(READ_SECONDS)
        except FutureTimeoutError as error:
            future.cancel()
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except CancelledError as error:  # the server stops
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
        raw = HTTPResponse(io.BytesIO(body), headers, status, preload_content=False, request_method=request.method)
        answer = AWSResponse(request.url, status, headers, raw)
        if not request.stream_output:
            _ = answer.content
        return answer


async def _exchange(app: App, request: AWSPreparedRequest) -> tuple[int, HTTPHeaderDict, bytes]:
    url = urlsplit(request.url)
    headers = [(b"host", url.netloc.encode())]
    for name, value in request.headers.items():
        if name.lower() not in _LEFT_OUT:
            headers.append((name.lower().encode("latin-1"), value if isinstance(value, bytes) else str(value).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",
        "path": unquote(url.path) or "/",
        "raw_path": (url.path or "/").encode("ascii"),
        "query_string": url.query.encode("ascii"),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (url.hostname, url.port),
    }
    pieces = _pieces(request.body)
    ahead: bytes | None = next(pieces, b"")
    answered = asyncio.Event()

    async def receive() -> Message:
        nonlocal ahead
        if ahead is None:
            await answered.wait()
            return {"type": "http.disconnect"}
        piece, following = ahead, next(pieces, None)
        ahead = following
        return {"type": "http.request", "body": piece, "more_body": following is not None}

    status, found, body = 500, HTTPHeaderDict(), io.BytesIO()

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            for name, value in message.get("headers", []):
                found.add(name.decode("latin-1"), value.decode("latin-1"))
        elif message["type"] == "http.response.body":
            body.write(message.get("body", b""))
            if not message.get("more_body"):
                answered.set()

    await app(scope, receive, send)
    return status, found, body.getvalue()


def _pieces(body: Any) -> Iterator[bytes]:
    if body is None or isinstance(body, str | bytes | bytearray):
        yield body.encode() if isinstance(body, str) else bytes(body or b"")
        return
    while piece := body.read(_PIECE_BYTES):
        yield piece.encode() if isinstance(piece, str) else piece
