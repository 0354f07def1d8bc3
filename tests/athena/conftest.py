"""Fixtures of the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from athena_fakes import FakeCatalog, FakeStorage, LocalLake
from running_sandbox import RunningSandbox

from workshop.sandbox.athena.engine import Engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine") / "running")
    yield engine
    engine.close()


@pytest.fixture
def local(engine: Engine, tmp_path: Path) -> LocalLake:
    return LocalLake(engine, FakeCatalog(), FakeStorage(tmp_path / "s3"))


@pytest.fixture
def environment(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that lead clients to the sandbox."""
    for name, value in sandbox.home.environment().items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
