"""Fixtures of the replica's tests."""

import asyncio
import asyncio.constants
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from replica_client import START, Client, Start
from serving import serving

from workshop.sandbox.github import EventSource, GitHubReplica, open_source


@pytest.fixture(scope="module")
def source() -> EventSource:
    return open_source(seed=7, count=650)


@pytest.fixture
def start(source: EventSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a replica with options of its own."""
    # As in the sandbox: after an answer that was cut, the server would wait half a minute for a TLS goodbye.
    monkeypatch.setattr(asyncio.constants, "SSL_SHUTDOWN_TIMEOUT", 1.0)
    with ExitStack() as servers:

        def begin(**options: Any) -> tuple[GitHubReplica, Client]:
            defaults: dict[str, Any] = {"state_file": tmp_path / "timeline.json", "clock": lambda: START}
            replica = GitHubReplica(options.pop("source", source), **(defaults | options))
            client = Client(servers.enter_context(serving(replica, tmp_path / "server")))
            servers.callback(client.close)
            return replica, client

        yield begin
