"""Fixtures shared by all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_sandbox import RunningSandbox

from workshop.sandbox import lifecycle
from workshop.sandbox.home import SandboxHome


@pytest.fixture(scope="session")
def start_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningSandbox]]:
    """Start sandboxes in temporary homes on free ports; all of them are stopped at the session's end."""
    homes: list[SandboxHome] = []

    def start(recording: Path | None = None) -> RunningSandbox:
        home = SandboxHome(tmp_path_factory.mktemp("sandbox") / "home")
        homes.append(home)
        lifecycle.up(home, recording=recording)
        return RunningSandbox(home)

    yield start
    for home in homes:
        lifecycle.down(home)


@pytest.fixture(scope="session")
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """One running sandbox for the whole session. Tests share it: use names of your own."""
    return start_sandbox()
