"""Runs random statements: `make fuzz`. Not part of `make test`: the file's name is not a test's.

Whatever is asked, the process lives, the outcome is rows or an error with a code that Athena has, nothing outside the
sandbox is read or written, and a query that is stopped ends.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path

import pytest
from athena_fakes import NOW, FakeCatalog, FakeStorage
from grammar import Signature, statements
from hypothesis import HealthCheck, given, settings

from workshop.sandbox.athena.api.results import read_page
from workshop.sandbox.athena.api.running import deep_pool
from workshop.sandbox.athena.containment import contain_process
from workshop.sandbox.athena.engine import Engine, machine_memory
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError, QueryCancelledError
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.reading.storage import Encryption
from workshop.sandbox.athena.run import Cancellation, Job, Lake, run
from workshop.sandbox.athena.syntax.statements import Execute, bind_parameters, parse

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3000"))
SECONDS_TO_RUN, SECONDS_TO_STOP = 10, 20
CODE = re.compile(r"[A-Z][A-Z0-9_]+: |line \d+:\d+: |FAILED: |[A-Z][^_]*")
SECRETS = re.compile(r"root:[^:]*:0:0:|" + re.escape(str(Path.home())) + r"\b")
UNKNOWN_CODE = "GENERIC_INTERNAL_ERROR"


class World:
    """An engine on fakes, as the service uses it."""

    def __init__(self, folder: Path) -> None:
        contain_process(machine_memory() // 2)
        self.folder = folder
        self.canary = folder / "canary.csv"
        self.canary.write_text("a\n1\n")
        self.engine = Engine(folder / "running", memory=2 << 30)
        self.pool: ThreadPoolExecutor = deep_pool(4, "fuzz")
        self.seen: Counter[str] = Counter()
        self._count = 0

    def outcome(self, sql: str) -> str:
        """Rows as text, or the reason of the failure; raises for what must not happen."""
        cancellation = Cancellation()
        future = self.pool.submit(self._run, sql, cancellation)
        try:
            return future.result(SECONDS_TO_RUN)
        except TookTooLong:
            cancellation.stop()
            return future.result(SECONDS_TO_STOP)

    def _run(self, sql: str, cancellation: Cancellation) -> str:
        self._count += 1
        storage = FakeStorage(self.folder / "s3" / str(self._count))
        try:
            statement = parse(sql)
            if isinstance(statement, Execute):
                return "EXECUTE"
            output = f"s3://results/q{self._count}"
            job = Job(bind_parameters(statement, ["1"] * sql.count("?")), sql, "lake", output, Encryption(), NOW)
            done = run(job, Lake(FakeCatalog(), storage), self.engine, cancellation)
            if done.output_location.endswith(".csv"):
                return str(read_page(storage.path(done.output_location), 0, 100).rows)
            return done.output_location
        except (AthenaError, InvalidRequestError, QueryCancelledError) as error:
            assert UNKNOWN_CODE not in str(error), f"{error}"
            return f"{type(error).__name__}: {error}"
        except (RecursionError, MemoryError) as error:  # the service gives these codes of their own
            return type(error).__name__
        except AssertionError as error:
            if not str(error):  # statements about the catalog ask a Glue that the fakes have not
                return "no Glue here"
            raise


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("fuzz"))
    yield world
    print("\noutcomes:", dict(world.seen.most_common(40)))  # noqa: T201 - a report
    assert world.canary.read_text() == "a\n1\n"
    assert not Path("/tmp/fuzz").exists()  # what the grammar's COPY would have written
    world.engine.close()


def functions() -> list[Signature]:
    """All functions that the engine knows."""
    overloads = [o for found in REGISTRY._overloads.values() for o in found]
    return sorted({(o.name, tuple(p.name for p in o.params)) for o in overloads})


@given(sql=statements(functions()))
@settings(
    max_examples=EXAMPLES, deadline=None, database=None, print_blob=True, report_multiple_bugs=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_any_statement(world: World, sql: str) -> None:
    found = world.outcome(sql)
    assert not SECRETS.search(found), found
    kind = re.match(r"[A-Za-z]+Error: [A-Z_]+(?=:)|[A-Za-z]+Error|\[\[|[a-z0-9]+", found)
    world.seen[kind[0] if kind else found[:20]] += 1
