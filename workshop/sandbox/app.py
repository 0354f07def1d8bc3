"""One ASGI application on both ports: the GitHub replica, a health page, and AWS for everything else."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

HEALTH = "/_sandbox/health"
GITHUB_PREFIXES = ("/_github/", "/_gharchive/")
# A reverse proxy's headers. There is none here, so whoever sends them lies: about TLS or about where it is.
PROXY_HEADERS = (b"x-forwarded-proto", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"forwarded")
LOCAL_NAMES = frozenset({b"127.0.0.1", b"localhost"})


class SandboxApp:
    """Routes requests; runs `on_startup` once the emulator has its state, and `on_shutdown` before it stops."""

    def __init__(
        self,
        *,
        aws: App,
        github: App,
        health: dict[str, Any],
        on_startup: Callable[[], Awaitable[None]],
        on_shutdown: Callable[[], Awaitable[None]],
    ) -> None:
        self._aws = aws
        self._github = github
        self._health = json.dumps(health).encode()
        self._on_startup = on_startup
        self._on_shutdown = on_shutdown
        self.failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            # No service of the sandbox speaks WebSocket.
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not _is_addressed_here(scope):
            # A web page that a browser shows can point its own name at 127.0.0.1 (DNS rebinding), but not hide it.
            await _answer(send, 421, b'{"message": "This server answers for 127.0.0.1 and localhost only."}')
        elif path == HEALTH:
            await _answer(send, 200, self._health)
        elif path.startswith(GITHUB_PREFIXES):
            await self._github(scope, receive, send)
        elif path.startswith("/_"):
            # The emulator's own doors; no AWS path and no bucket's name starts with an underscore.
            await _answer(send, 403, b'{"message": "Not an AWS address."}')
        else:
            headers = [pair for pair in scope["headers"] if pair[0].lower() not in PROXY_HEADERS]
            await self._aws({**scope, "headers": headers}, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_and_stop() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._on_shutdown()
            return message

        async def start_and_send(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._on_startup()
            await send(message)

        try:
            await self._aws(scope, receive_and_stop, start_and_send)
        except Exception as error:
            # The server would go on without its state if it were not told in so many words.
            self.failure = error
            log.exception("The sandbox could not start or stop in order")
            await send({"type": "lifespan.startup.failed", "message": str(error)})


def _is_addressed_here(scope: Scope) -> bool:
    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    return host.partition(b":")[0] in LOCAL_NAMES


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
