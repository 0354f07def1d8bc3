"""The sandbox's server dies (`kill -9`) between two calls that it has answered; the functions go on when it is back."""

import random
from collections.abc import Callable

import pytest
from fault_injection import Fault
from fault_lake import DAYS, Arena
from fault_schedules import Step
from running_sandbox import RunningSandbox
from test_schedules import play

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def mortal(start_sandbox: Callable[..., RunningSandbox], small_runs: None) -> Arena:
    """An arena that these tests may kill."""
    return Arena(start_sandbox())


@pytest.mark.parametrize("seed", range(4))
def test_what_was_acknowledged_is_there_after_a_crash_anywhere(seed: int, mortal: Arena) -> None:
    rng = random.Random(seed)
    crash = {name: (Fault("sandbox killed", rng.randint(1, calls)),) for name, calls in CALLS.items()}
    steps = [
        Step("events happen", {"day": DAYS[0], "number": 4, "bad": 1}),
        Step("poll", {"day": DAYS[0]}, crash["poll"]),
        Step("an hour appears", {"day": DAYS[0], "hour": 7, "number": 2, "repeated": 2}),
        Step("hour", {"day": DAYS[0], "hour": 7}, crash["hour"]),
        Step("silver", {}, crash["silver"]),
        # Whatever the crash has left undone: without it Gold might have nothing to do, and no call to die at.
        Step("silver", {}),
        Step("gold", {}, crash["gold"]),
    ]
    world = play(mortal, seed, steps)
    assert [struck.function for struck in world.struck] == list(CALLS), (
        "the crashes must have happened to show anything"
    )


# Each function makes at least as many calls in these steps.
CALLS = {"poll": 4, "hour": 4, "silver": 16, "gold": 16}
