"""Random schedules of faults against Silver, Gold and compaction: no event is lost, none is counted twice.

`LAKEHOUSE_FAULT_SCHEDULES` says how many schedules, `LAKEHOUSE_FAULT_SEED` from which seed on. A failure prints its
seed: `LAKEHOUSE_FAULT_SEED=<seed> LAKEHOUSE_FAULT_SCHEDULES=1` runs it alone.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator

import pytest
import typer
from athena_transform import silver
from fault_world import KINDS, Pipeline, Step, draw, every_step
from running_sandbox import RunningSandbox
from transform_lake import SandboxLake

from workshop.sandbox.github import open_source

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(3600)]

EVENTS = 40
FIRST_SEED = int(os.environ.get("LAKEHOUSE_FAULT_SEED", "1"))
SCHEDULES = int(os.environ.get("LAKEHOUSE_FAULT_SCHEDULES", "40"))


@pytest.fixture(scope="module")
def events() -> list[bytes]:
    """Some events, each once; a quarter of them happened a month earlier than the others."""
    distinct = dict.fromkeys(event.raw for event in open_source(count=200).events)
    chosen = list(distinct)[:EVENTS]
    return [
        raw.replace(b'"created_at":"2025-06-', b'"created_at":"2025-05-') if number % 4 == 0 else raw
        for number, raw in enumerate(chosen)
    ]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Without the functions' own logs, a failure can be read."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def pipeline(sandbox: RunningSandbox, events: list[bytes]) -> Pipeline:
    return Pipeline(SandboxLake({name: sandbox.client(name) for name in ("s3", "glue", "athena")}), events)


def run(one: Pipeline, steps: list[Step], name: str) -> None:
    try:
        one.run(steps)
    except BaseException as error:
        listed = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
        error.add_note(f"{name}:\n{listed}\nFaults that struck: {one.fired}")
        raise


def test_no_schedule_of_faults_loses_an_event_or_counts_one_twice(
    sandbox: RunningSandbox, events: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    struck: Counter[str] = Counter()
    distinct: set[tuple[Step, ...]] = set()
    seed = FIRST_SEED
    while len(distinct) < SCHEDULES:
        steps = draw(seed, len(events))
        one = pipeline(sandbox, events)
        run(one, steps, f"LAKEHOUSE_FAULT_SEED={seed}")
        if one.fired or SCHEDULES == 1:
            distinct.add(tuple(steps))
            struck.update(kind for kind, _ in one.fired)
        seed += 1
    with capsys.disabled():
        typer.echo(
            f"\n{len(distinct)} schedules with faults that struck, seeds {FIRST_SEED} to {seed - 1}: {dict(struck)}"
        )
    assert SCHEDULES < 40 or set(struck) == set(KINDS)


@pytest.mark.skipif("LAKEHOUSE_FAULT_EVERY_STEP" not in os.environ, reason="half an hour; LAKEHOUSE_FAULT_EVERY_STEP=1")
def test_fault_at_every_call_of_every_function(
    sandbox: RunningSandbox, events: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    struck: Counter[str] = Counter()
    for steps in every_step(len(events)):
        one = pipeline(sandbox, events)
        run(one, steps, "every step")
        struck.update(call for _, call in one.fired)
    with capsys.disabled():
        typer.echo(f"\nFaults that struck, by call: {dict(struck)}")
    assert struck["athena.start_query_execution"] > 0


def test_search_finds_a_silver_that_leaves_the_files_of_a_failed_insert(
    sandbox: RunningSandbox, events: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The insert fails after it has written, and its files are never removed.
    monkeypatch.setattr(silver, "remove_orphans", lambda *_, **__: 0)
    steps = [Step("arrive", first=0, last=20), Step("silver", kind="fail insert")]
    with pytest.raises(AssertionError):
        run(pipeline(sandbox, events), steps, "broken on purpose")
