"""Schedules of arrivals, runs and faults on a lake in the sandbox, and what must be true after every one of them.

A schedule is drawn from a seed. Its faults strike at the n-th call that a run makes to S3, Athena or Glue: the run is
killed before or after the call, the call is throttled or denied, its answer is lost, Lambda's time is up, another
worker does the whole work in between, or an insert fails after it has written. Then the functions run without faults
until nothing is left to do, and the lake is compared with the lines that arrived, by pandas and without Athena.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd
from athena_transform import gold, silver
from athena_transform.deadline import SHUTDOWN_SECONDS
from athena_transform.errors import TransformError
from botocore.exceptions import ClientError
from transform_fakes import FakeClock, client_error
from transform_lake import GOLD, HOURLY, SILVER, SandboxLake, comparable

DAYS = (date(2025, 6, 11), date(2025, 6, 12))
KINDS = ("kill before", "kill after", "throttle", "deny", "lose answer", "time out", "other worker", "fail insert")
FUNCTIONS = ("silver", "silver", "gold", "compact")
# The last call that a fault may strike; runs of Silver and Gold make 20 to 70.
LAST_CALL = 60
# A lease of the fake clock lasts five minutes and a minute of tolerance.
AFTER_A_LEASE = timedelta(minutes=10)
AFTER_THE_GRACE = timedelta(hours=2)


class Killed(BaseException):
    """The process is gone: no handler runs, nothing is given back."""


@dataclass(frozen=True)
class Step:
    """Something arrives (`first`, `last`: a slice of the events) or a function runs, with a fault or without one."""

    what: str
    day: date = DAYS[0]
    first: int = 0
    last: int = 0
    kind: str = ""
    call: int = 0

    def __str__(self) -> str:
        if self.what == "arrive":
            return f"events {self.first} to {self.last} arrive on {self.day}"
        return f"{self.what}, {self.kind} at call {self.call}" if self.kind else self.what


def draw(seed: int, events: int) -> list[Step]:
    """The schedule of a seed."""
    rng = random.Random(seed)
    steps = [Step("arrive", DAYS[0], 0, rng.randrange(5, events))]
    for _ in range(rng.randrange(2, 5)):
        if rng.random() < 0.4:
            first = rng.randrange(events - 1)
            steps.append(Step("arrive", rng.choice(DAYS), first, rng.randrange(first + 1, events + 1)))
        steps.append(Step(rng.choice(FUNCTIONS), kind=rng.choice(KINDS), call=rng.randrange(1, LAST_CALL)))
    return steps


def every_step(events: int) -> Iterator[list[Step]]:
    """One schedule for every call that a run of each function makes, and every kind of fault at it."""
    before = [Step("arrive", DAYS[0], 0, events // 2), Step("silver"), Step("arrive", DAYS[1], events // 3, events)]
    for what, calls, prepared in (
        ("silver", 35, before),
        ("gold", 60, [*before, Step("silver")]),
        ("compact", 40, [*before, Step("silver")]),
    ):
        for call in range(1, calls + 1):
            for kind in KINDS[:-1]:
                yield [*prepared, Step(what, kind=kind, call=call)]


class Faulty:
    """A boto3 client whose calls, paginators' pages among them, pass a gate before and after."""

    def __init__(self, client: Any, service: str, gate: "Gate") -> None:
        self._client, self._service, self._gate = client, service, gate

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        if name == "get_paginator":
            return lambda listed: _FaultyPages(operation(listed), f"{self._service}.{listed}", self._gate)

        def call(**arguments: Any) -> Any:
            return self._gate.call(f"{self._service}.{name}", lambda: operation(**arguments))

        return call


class _FaultyPages:
    def __init__(self, paginator: Any, name: str, gate: "Gate") -> None:
        self._paginator, self._name, self._gate = paginator, name, gate

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        return iter(self._gate.call(self._name, lambda: list(self._paginator.paginate(**arguments))))


@dataclass
class Gate:
    """Counts calls and lets one fault strike. `fired` names the call that it struck."""

    step: Step
    other_worker: Callable[[], None]
    clock: FakeClock
    calls: int = 0
    fired: str = ""

    def call(self, name: str, do: Callable[[], Any]) -> Any:
        """Do the call, or what the fault makes of it. A look at a query waits for its end: a wait is one call."""
        self.calls += 1
        kind = self.step.kind
        look, do = do, (lambda: _at_its_end(look)) if name == "athena.get_query_execution" else do
        if kind == "fail insert":
            return self._fail_insert(name, do())
        if self.calls != self.step.call:
            return do()
        self.fired = name
        if kind == "kill before":
            raise Killed
        if kind == "throttle":
            raise client_error("ThrottlingException", 400)
        if kind == "deny":
            raise client_error("AccessDenied", 403)
        if kind == "other worker":
            self.other_worker()
        if kind == "time out":
            self.clock.killed_at = self.clock.time + timedelta(seconds=SHUTDOWN_SECONDS)
            return look()
        answer = do()
        if kind == "kill after":
            raise Killed
        if kind == "lose answer":
            raise client_error("InternalError", 500)
        return answer

    def _fail_insert(self, name: str, answer: Any) -> Any:
        """Let a query that has written its files seem to have failed after that, as when its commit fails."""
        if name == "athena.get_query_execution":
            execution = answer["QueryExecution"]
            if execution["Status"]["State"] == "SUCCEEDED" and "INSERT INTO" in execution["Query"]:
                self.fired = name
                execution["Status"] = {"State": "FAILED", "StateChangeReason": "HIVE_WRITER_CLOSE_ERROR"}
        return answer


def _at_its_end(look: Callable[[], Any]) -> Any:
    while True:
        answer = look()
        if answer["QueryExecution"]["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            return answer


@dataclass
class Pipeline:
    """A lake under a schedule. `fired` counts by kind the faults that have struck."""

    lake: SandboxLake
    events: Sequence[bytes]
    fired: list[tuple[str, str]] = field(default_factory=list)
    arrivals: int = 0

    def run(self, steps: Sequence[Step]) -> None:
        """Do the steps, then let the functions run until nothing is left, and check the lake."""
        for step in steps:
            if step.what == "arrive":
                self._arrive(step)
            else:
                self._invoke(step)
        self._recover()
        self.check()

    def _arrive(self, step: Step) -> None:
        self.arrivals += 1
        self.lake.put_poll(step.day, f"poll-{self.arrivals}", self.events[step.first : step.last])

    def _invoke(self, step: Step) -> None:
        clock = FakeClock()
        published = self._published()
        gate = Gate(step, lambda: self._clean(step.what), clock)
        # A killed run's lease expires before the next run; what its query has begun goes on meanwhile.
        with suppress(Killed, ClientError, TransformError):
            self._function(step.what, gate, clock)
        if gate.fired:
            self.fired.append((step.kind, gate.fired))
        self.lake.time_passed += AFTER_A_LEASE
        assert published <= self._published(), "A day that was published is gone"

    def _clean(self, what: str) -> None:
        with suppress(TransformError):
            self._function(what)

    def _function(self, what: str, gate: Gate | None = None, clock: FakeClock | None = None) -> Any:
        gate = gate or Gate(Step(what), lambda: None, FakeClock())
        clients = {name: Faulty(client, name, gate) for name, client in self.lake.clients.items()}
        if what == "gold":
            return gold.run(self.lake.lake("gold", clock, **clients))
        months = sorted(self.lake.lake("silver").silver_partitions()) if what == "compact" else []
        return silver.run(self.lake.lake("silver", clock, **clients), compact=months)

    def _recover(self) -> None:
        for _ in range(2):
            for _ in range(10):
                outcomes = [self._function(what).outcome for what in ("silver", "gold")]
                if outcomes == ["nothing_to_do", "nothing_to_do"]:
                    break
                self.lake.time_passed += AFTER_A_LEASE
            else:
                raise AssertionError(f"There is still something to do: {outcomes}")
            self.lake.wait_for_queries()
            self.lake.time_passed += AFTER_THE_GRACE

    def _published(self) -> set[str]:
        return {day for day, _ in self._folders("gold", GOLD)}

    def _folders(self, layer: str, table: str) -> list[tuple[str, str]]:
        """(partition, key prefix) of every partition that readers see."""
        pages = self.lake.clients["glue"].get_paginator("get_partitions")
        found = [
            partition
            for page in pages.paginate(DatabaseName=self.lake.database, TableName=table)
            for partition in page["Partitions"]
        ]
        bucket = f"s3://{self.lake.bucket(layer)}/"
        return [
            ("-".join(one["Values"]), one["StorageDescriptor"]["Location"].removeprefix(bucket).rstrip("/") + "/")
            for one in found
        ]

    def _rows(self, layer: str, table: str, key: str, columns: Sequence[str] = ()) -> pd.DataFrame:
        """What readers see of a table, read without Athena; `key` is the partition as a column."""
        frames = [
            self.lake.files(layer, folder).assign(**{key: partition})
            for partition, folder in self._folders(layer, table)
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    # --- what must be true ---

    def check(self) -> None:
        """Compare the lake with the lines that arrived."""
        rows = self._rows("silver", SILVER, "partition", ["event_id", "ingest_dt", "created_at"])
        self._check_silver(rows)
        self._check_gold(rows)
        for layer, tables in (("silver", (SILVER,)), ("gold", (GOLD, HOURLY))):
            live = tuple(folder for table in tables for _, folder in self._folders(layer, table))
            stray = [key for key in self.lake.objects(layer) if not key.startswith(live)]
            assert stray == [], f"Files that nobody reads: {stray}"

    def _check_silver(self, rows: pd.DataFrame) -> None:
        copies: dict[str, list[tuple[date, str]]] = {}
        documents: dict[str, Any] = {}
        for line in self.lake.lines:
            document = json.loads(line.raw)
            copies.setdefault(document["id"], []).append((line.day, line.path))
            documents[document["id"]] = document
        assert sorted(rows["event_id"]) == sorted(documents), "Silver has not each id once"
        for row in rows.itertuples():
            document = documents[row.event_id]
            found = (row.event_type, f"{row.created_at:%Y-%m-%dT%H:%M:%SZ}", row.repo_name, row.actor_login)
            wanted = (document["type"], document["created_at"], document["repo"]["name"], document["actor"]["login"])
            assert found == wanted
            assert row.partition == document["created_at"][:7]
            # Which copy is taken depends on which arrived before the first insert that succeeded.
            assert (row.ingest_dt, row.bronze_path) in copies[row.event_id]

    def _check_gold(self, silver_rows: pd.DataFrame) -> None:
        frame = silver_rows.assign(
            day=silver_rows["ingest_dt"].astype(str), hour=silver_rows["created_at"].dt.floor("h")
        )
        for table, columns in (
            (GOLD, ["event_type", "repo_id", "repo_name"]),
            (HOURLY, ["hour", "event_type", "is_bot"]),
        ):
            keys = ["day", *columns]
            wanted = frame.groupby(keys, dropna=False).size().rename("events_count").reset_index()
            found = self._rows("gold", table, "day", [*keys, "events_count"])
            assert comparable(found, [*keys, "events_count"]) == comparable(wanted, [*keys, "events_count"])
