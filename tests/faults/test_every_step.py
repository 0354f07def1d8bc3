"""A fault at every single call that a run of each function makes. Takes long: LAKEHOUSE_FAULT_EVERY_STEP=1 asks for it.

The random schedules look at the same places by chance, with more than one fault and with more around them.
"""

import os
from collections import Counter

import pytest
import typer
from fault_injection import Fault
from fault_lake import DAYS, Arena
from fault_schedules import Step
from running_sandbox import RunningSandbox
from test_schedules import play

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.timeout(14_400),
    pytest.mark.skipif("LAKEHOUSE_FAULT_EVERY_STEP" not in os.environ, reason="long: LAKEHOUSE_FAULT_EVERY_STEP=1"),
]

KINDS = ("killed before", "killed after", "denied", "answers lost until given up", "another worker")


@pytest.fixture(scope="module")
def arena(sandbox: RunningSandbox, small_runs: None) -> Arena:
    return Arena(sandbox)


def schedule(function: str, fault: Fault) -> list[Step]:
    """Something for the function to do, and the function with the fault. Silver also has a month to compact."""
    arrival = [
        Step("events happen", {"day": DAYS[0], "number": 3, "bad": 1}),
        Step("poll", {"day": DAYS[0]}, (fault,) if function == "poll" else ()),
        Step("an hour appears", {"day": DAYS[0], "hour": 5, "number": 2, "repeated": 2, "bad": 1}),
        Step("hour", {"day": DAYS[0], "hour": 5}, (fault,) if function == "hour" else ()),
    ]
    if function in {"poll", "hour"}:
        return arrival
    before = [*arrival, Step("silver"), Step("gold"), Step("events happen", {"day": DAYS[0], "number": 2})]
    before.append(Step("poll", {"day": DAYS[0]}))
    if function == "silver":
        return [*before, Step("silver", {"compact": True}, (fault,))]
    return [*before, Step("silver"), Step("gold", {}, (fault,))]


@pytest.mark.parametrize("function", ["poll", "hour", "silver", "gold"])
def test_a_fault_at_any_call_loses_nothing(function: str, arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    operations: Counter[str] = Counter()
    for kind in KINDS:
        call = 0
        while True:
            call += 1
            fault = Fault(kind, call, detail=(function,) if kind == "another worker" else ())
            world = play(arena, call, schedule(function, fault))
            if not [one for one in world.struck if one.call == call]:
                break
            operations.update(one.operation for one in world.struck)
    with capsys.disabled():
        typer.echo(f"\n{function}: faults struck at {dict(operations)}")
    assert operations["s3.PutObject"] > 0
