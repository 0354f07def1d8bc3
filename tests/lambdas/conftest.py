"""Fixtures shared by the Lambdas' tests."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from github_events_ingestor.telemetry import logger
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


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What a function of the ingestor has printed since the last call."""
    # The logger writes to the stream of the time when it was imported, the metrics to today's.
    logged = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", logged)

    def read() -> str:
        captured, written = capsys.readouterr(), logged.getvalue()
        logged.seek(0)
        logged.truncate()
        return written + captured.out + captured.err

    return read
