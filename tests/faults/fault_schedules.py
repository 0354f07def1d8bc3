"""Schedules: what arrives and runs in which order, and which faults strike where. Drawn from a seed."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from fault_injection import SCRIPTS, Fault
from fault_lake import DAYS, OLD_DAY, World

# About as many calls as a run makes that has something to do.
CALLS = {"poll": 4, "hour": 9, "silver": 34, "gold": 60}
# Half of the faults are aimed at calls that change something, which are fewer than those that read.
CHANGES = {
    "poll": ("s3.PutObject",),
    "hour": ("s3.PutObject",),
    "silver": (
        *("athena.StartQueryExecution", "athena.StartQueryExecution", "s3.PutObject", "s3.DeleteObjects"),
        *("glue.UpdatePartition", "athena.GetQueryExecution", "glue.CreateTable"),
    ),
    "gold": (
        *("athena.StartQueryExecution", "glue.CreatePartition", "glue.UpdatePartition", "s3.PutObject"),
        *("s3.DeleteObjects", "glue.CreateTable", "glue.DeleteTable"),
    ),
}
# What another worker may do in the middle of a run: the same, what changes its input, what reads its output.
OTHERS = {
    "poll": ("poll", "silver"),
    "hour": ("hour", "silver"),
    "silver": ("silver", "silver", "gold", "poll", "hour"),
    "gold": ("gold", "silver", "silver", "poll"),
}
# Kinds that lose something are drawn more often than those that the SDK survives.
WEIGHTS = {
    "killed before": 4,
    "killed after": 6,
    "answers lost until given up": 3,
    "answer lost, then throttled": 3,
    "answer lost, then denied": 2,
    "query fails": 4,
    "query takes long": 4,
    "time passes": 3,
    "another worker": 6,
    # Not drawn: it takes seconds, and other tests share the sandbox.
    "sandbox killed": 0,
}
SECONDS_LEFT = (-1, 5, 21, 75)
SHARES = (0.0, 0.5, 1.0)
# Within the invocation, past its end, past its lease.
DURATIONS = (20, 290, 900)
WHEN_STOPPED = ("cancelled", "too late", "later")
# A killed run's lease still holds, has ended, the grace period has ended.
PAUSES = (1, 8, 70)


@dataclass(frozen=True)
class Step:
    """Something that arrives, time that passes, or a run with its faults."""

    what: str
    arguments: dict[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    looks: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [self.what]
        if self.arguments:
            parts.append(", ".join(f"{name} {value}" for name, value in self.arguments.items()))
        if self.faults:
            parts.append("; ".join(map(str, self.faults)))
        if self.looks:
            parts.append(f"readers look before calls {', '.join(map(str, self.looks))}")
        return " | ".join(parts)

    def do(self, world: World) -> None:
        """Let it happen."""
        actions = {"events happen": world.happen, "an hour appears": world.publish_hour, "foreign": world.put_foreign}
        if self.what == "wait":
            world.clock.advance(timedelta(minutes=self.arguments["minutes"]))
        elif self.what in actions:
            actions[self.what](**self.arguments)  # type: ignore[operator]
        else:
            world.run(self.what, self.faults, self.looks, **self.arguments)
            world.clock.advance(timedelta(minutes=1))


def draw(seed: int) -> list[Step]:
    """The schedule of a seed."""
    return Drawing(random.Random(seed)).steps


class Drawing:
    """A schedule being drawn: arrivals first, then runs among more of them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        # The poller's days only go on.
        self._day = rng.randrange(2)
        self._hours: list[tuple[date, int]] = []
        self.steps: list[Step] = []
        self._arrive()
        for _ in range(rng.randint(2, 4)):
            if rng.random() < 0.45:
                self._arrive()
            self._run(rng.choices(("silver", "gold"), (3, 2))[0])
            if rng.random() < 0.5:
                self.steps.append(Step("wait", {"minutes": rng.choice(PAUSES)}))

    def _arrive(self) -> None:
        rng = self._rng
        kind = rng.choices(("poll", "hour", "foreign"), (5, 3, 1))[0]
        if kind == "poll":
            self._day = min(self._day + rng.choice((0, 0, 1)), len(DAYS) - 1)
            day = DAYS[self._day]
            bad = int(rng.random() < 0.2)
            self.steps.append(Step("events happen", {"day": day, "number": rng.randint(1, 4), "bad": bad}))
            self._run("poll", day=day)
            return
        day = rng.choice((*DAYS[: self._day + 1], OLD_DAY))
        if kind == "foreign":
            self.steps.append(Step("foreign", {"day": day, "number": rng.randint(1, 3), "repeated": rng.randint(0, 3)}))
            return
        hour = rng.randrange(24)
        if (day, hour) in self._hours:
            return
        self._hours.append((day, hour))
        numbers = {"number": rng.randint(1, 3), "repeated": rng.randint(0, 4), "bad": int(rng.random() < 0.2)}
        self.steps.append(Step("an hour appears", {"day": day, "hour": hour, **numbers}))
        self._run("hour", day=day, hour=hour)

    def _run(self, function: str, **arguments: Any) -> None:
        rng = self._rng
        chance = 0.3 if function in {"poll", "hour"} else 0.85
        faults = [self._fault(function)] if rng.random() < chance else []
        if faults and rng.random() < 0.2:
            faults.append(self._fault(function))
        looks: tuple[int, ...] = ()
        if function == "silver" and rng.random() < 0.25:
            arguments["compact"] = True
        elif function == "gold":
            if rng.random() < 0.5:
                looks = (rng.randint(1, CALLS["gold"]),)
            if rng.random() < 0.1:
                arguments["reconcile"] = True
        self.steps.append(Step(function, arguments, tuple(faults), looks))

    def _fault(self, function: str) -> Fault:
        rng = self._rng
        kinds = [kind for kind in SCRIPTS if not (kind.startswith("query") and function in {"poll", "hour"})]
        kind = rng.choices(kinds, [WEIGHTS.get(kind, 1) for kind in kinds])[0]
        detail: tuple[Any, ...] = ()
        if kind == "time passes":
            detail = (rng.choice(SECONDS_LEFT),)
        elif kind == "another worker":
            detail = (rng.choice(OTHERS[function]),)
        elif kind == "query fails":
            detail = (rng.choice(SHARES),)
        elif kind == "query takes long":
            detail = (rng.choice(DURATIONS), rng.choice(WHEN_STOPPED))
        if kind.startswith("query"):
            return Fault(kind, rng.randint(1, CALLS[function] // 2), detail=detail)
        if rng.random() < 0.5:
            return Fault(kind, rng.randint(1, CALLS[function] // 2), rng.choice(CHANGES[function]), detail)
        return Fault(kind, rng.randint(1, CALLS[function]), "", detail)
