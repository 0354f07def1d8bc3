"""Fixtures shared by the Lambdas' tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from serving import serving


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], str]]:
    """Serve ASGI applications over TLS until the test ends; returns a server's address, which Python's TLS trusts."""
    with ExitStack() as servers:

        def start(app: Any) -> str:
            server = servers.enter_context(serving(app, tmp_path / "server"))
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_bundle))
            return server.url

        yield start
