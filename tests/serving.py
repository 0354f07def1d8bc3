"""Serves an ASGI application over TLS on 127.0.0.1, in a thread, for as long as a test needs it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from workshop.sandbox.certificates import ensure_certificates
from workshop.sandbox.home import SandboxHome


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the CA bundle that clients need to trust it."""

    url: str
    ca_bundle: Path


@contextmanager
def serving(app: Any, folder: Path) -> Iterator[Server]:
    """Serve `app` until the block ends; certificates go to `folder`."""
    home = SandboxHome(folder)
    home.certificates.mkdir(parents=True, exist_ok=True)
    certificate, key = ensure_certificates(home)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = Config()
    # From here on the server owns the socket, so that no one else can take its port.
    config.bind = [f"fd://{listener.detach()}"]
    config.certfile, config.keyfile = str(certificate), str(key)
    config.errorlog = None
    config.graceful_timeout = 1
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(serve(app, config, shutdown_trigger=stop.wait)), daemon=True
    )
    thread.start()
    try:
        yield Server(f"https://127.0.0.1:{port}", home.ca_bundle)
    finally:
        loop.call_soon_threadsafe(stop.set)
        # A client that leaves its connection open makes TLS wait for half a minute.
        thread.join(timeout=60)
        loop.close()
