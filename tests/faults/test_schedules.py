"""Random schedules of arrivals, runs and faults: no event is lost, none is counted twice, readers see whole days.

LAKEHOUSE_FAULT_SCHEDULES says how many schedules in which faults strike, LAKEHOUSE_FAULT_SEED from which seed on. A
failure prints its seed and its schedule: LAKEHOUSE_FAULT_SEED=<seed> LAKEHOUSE_FAULT_SCHEDULES=1 runs it alone.
"""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import typer
from athena_transform import silver, staging
from fault_injection import SCRIPTS, Fault
from fault_lake import DAYS, Arena, World
from fault_schedules import Step, draw
from running_sandbox import RunningSandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(7200)]

FIRST_SEED = int(os.environ.get("LAKEHOUSE_FAULT_SEED", "1"))
SCHEDULES = int(os.environ.get("LAKEHOUSE_FAULT_SCHEDULES", "40"))
DRAWN = set(SCRIPTS) - {"sandbox killed"}


@pytest.fixture(scope="module")
def arena(sandbox: RunningSandbox, small_runs: None) -> Arena:
    return Arena(sandbox)


def play(arena: Arena, seed: int, steps: Sequence[Step]) -> World:
    """Let a schedule happen, and the lake recover and be compared; a failure tells how it came to it."""
    world = World(arena, seed)
    try:
        for step in steps:
            step.do(world)
        world.finish()
    except Exception as error:
        listed = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
        happened = "\n".join(f"  {line}" for line in world.history)
        error.add_note(f"LAKEHOUSE_FAULT_SEED={seed}\nschedule:\n{listed}\nwhat happened:\n{happened}")
        raise
    world.close()
    return world


def test_no_schedule_loses_an_event_or_counts_one_twice(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    struck: Counter[str] = Counter()
    distinct: set[str] = set()
    seed = FIRST_SEED
    while len(distinct) < SCHEDULES:
        steps = draw(seed)
        world = play(arena, seed, steps)
        # A schedule whose faults never strike shows nothing.
        if world.struck or SCHEDULES == 1:
            distinct.add("\n".join(map(str, steps)))
            struck.update(one.fault.kind for one in world.struck)
        seed += 1
    with capsys.disabled():
        typer.echo(f"\n{len(distinct)} schedules, seeds {FIRST_SEED} to {seed - 1}; faults that struck: {dict(struck)}")
    assert SCHEDULES < 40 or len(set(struck) & DRAWN) > len(DRAWN) // 2
    assert SCHEDULES < 200 or set(struck) == DRAWN


# The search itself is tested: broken functions must not get through.


def silver_broken_by(fault: Fault) -> list[Step]:
    return [
        Step("events happen", {"day": DAYS[0], "number": 4}),
        Step("poll", {"day": DAYS[0]}),
        Step("silver", {}, (fault,)),
        Step("wait", {"minutes": 70}),
        Step("silver"),
    ]


def test_an_insert_that_is_forgotten_when_its_run_dies_is_found(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silver.Inserter, "settle_previous", lambda _: True)
    monkeypatch.setattr(silver, "rows_predicate", lambda *_: "(1 = 0)")
    with pytest.raises(AssertionError, match="LAKEHOUSE_FAULT_SEED") as found:
        _raised_with_notes(arena, silver_broken_by(Fault("killed after", 1, "athena.StartQueryExecution")))
    assert "killed" in str(found.value)


def test_files_of_a_failed_insert_that_stay_are_found(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silver, "remove_orphans", lambda *_, **__: 0)
    with pytest.raises(AssertionError, match="query fails"):
        _raised_with_notes(arena, silver_broken_by(Fault("query fails", 1, detail=(1.0,))))


def test_a_replaced_day_that_is_deleted_at_once_is_found(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "GRACE", timedelta(0))
    steps = [
        *(Step(*one) for one in _two_days_of_gold()),
        Step("gold"),
        Step("gold"),
    ]
    with pytest.raises(AssertionError, match="after readers saw it"):
        _raised_with_notes(arena, steps)


def _two_days_of_gold() -> list[tuple[str, dict[str, Any]]]:
    """Gold is built, and what it was built from grows."""
    arrival: list[tuple[str, dict[str, Any]]] = [
        ("events happen", {"day": DAYS[0], "number": 3}),
        ("poll", {"day": DAYS[0]}),
        ("silver", {}),
    ]
    return [*arrival, ("gold", {}), *arrival]


def _raised_with_notes(arena: Arena, steps: Sequence[Step]) -> None:
    """`play`, whose failure has the notes in its text."""
    try:
        play(arena, 1, steps)
    except Exception as error:
        raise AssertionError("\n".join([str(error), *error.__notes__])) from error
