"""Fixtures of the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from athena_fakes import FakeCatalog, FakeStorage, LocalLake

from workshop.sandbox.athena.engine import Engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine") / "running")
    yield engine
    engine.close()


@pytest.fixture
def local(engine: Engine, tmp_path: Path) -> LocalLake:
    return LocalLake(engine, FakeCatalog(), FakeStorage(tmp_path / "s3"))
