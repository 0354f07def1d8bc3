"""Many queries at once, queries that are stopped, and queries that need too much: over a running sandbox."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from running_sandbox import RunningSandbox
from world import LONG_QUERY, World

from workshop.sandbox import lifecycle
from workshop.sandbox.athena.api.running import CONCURRENT_QUERIES

pytestmark = pytest.mark.sandbox

DIGITS = ", ".join(map(str, range(1000)))
MANY = " CROSS JOIN ".join(f"UNNEST(ARRAY[{DIGITS}]) {name}(x)" for name in "abc")
LARGE_RESULT = f"SELECT array_agg(CAST(a.x AS varchar) || CAST(b.x AS varchar) || '{'x' * 100}') FROM {MANY}"
"""An array of a thousand million texts: more memory than there is."""

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


@pytest.fixture(scope="module")
def world(sandbox: RunningSandbox) -> World:
    return World(sandbox)


def state(world: World, execution_id: str) -> str:
    return str(world.athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"]["State"])


PATIENCE = 120
"""Seconds after which a query that does not move is reported as stuck, with its state."""


def until(world: World, execution_id: str, states: tuple[str, ...]) -> None:
    deadline = time.monotonic() + PATIENCE
    while (now := state(world, execution_id)) not in states:
        assert time.monotonic() < deadline, f"{now} for {PATIENCE} s, waiting for {states}"
        time.sleep(0.02)


def until_runs(world: World, execution_id: str) -> None:
    until(world, execution_id, ("RUNNING", *ENDED))


def stopped_after(world: World, execution_id: str) -> float:
    """Seconds from StopQueryExecution until the query has ended."""
    started = time.monotonic()
    world.athena.stop_query_execution(QueryExecutionId=execution_id)
    until(world, execution_id, ENDED)
    return time.monotonic() - started


def test_queries_beyond_the_limit_wait(world: World) -> None:
    running = [world.start(LONG_QUERY) for _ in range(CONCURRENT_QUERIES)]
    for execution_id in running:
        until_runs(world, execution_id)
    waiting = world.start("SELECT 1")
    time.sleep(0.5)
    assert [state(world, i) for i in running] == ["RUNNING"] * CONCURRENT_QUERIES
    assert state(world, waiting) == "QUEUED"
    also_waiting = world.start("SELECT 2")
    world.athena.stop_query_execution(QueryExecutionId=also_waiting)
    assert state(world, also_waiting) == "CANCELLED"
    for execution_id in running:
        world.athena.stop_query_execution(QueryExecutionId=execution_id)
    assert world.wait(waiting)["Status"]["State"] == "SUCCEEDED"
    assert [state(world, i) for i in running] == ["CANCELLED"] * CONCURRENT_QUERIES


STOPPED: list[tuple[str, str]] = [
    ("a join", LONG_QUERY),
    ("functions in Python", f"SELECT count(regexp_extract(CAST(a.x + c.x AS varchar), '(\\d)(?=7)')) FROM {MANY}"),
    ("a large result", f"SELECT a.x, b.x, c.x FROM {MANY}"),
]


@pytest.mark.parametrize(("what", "sql"), STOPPED, ids=[w for w, _ in STOPPED])
def test_a_stopped_query_ends_within_a_second(world: World, what: str, sql: str) -> None:
    execution_id = world.start(sql)
    until_runs(world, execution_id)
    time.sleep(0.3)
    assert state(world, execution_id) == "RUNNING", world.wait(execution_id)["Status"]
    assert stopped_after(world, execution_id) < 1.5  # a second, and what the calls take on a busy machine
    status = world.wait(execution_id)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query cancelled by user")


def test_a_stopped_write_leaves_nothing(world: World) -> None:
    target = f"s3://{world.name}/stopped/"
    query = STOPPED[2][1].replace("b.x, c.x", "b.x AS y, c.x AS z")
    execution_id = world.start(f"UNLOAD ({query}) TO '{target}' WITH (format = 'PARQUET')")
    until_runs(world, execution_id)
    time.sleep(0.5)
    assert stopped_after(world, execution_id) < 1.5
    assert state(world, execution_id) == "CANCELLED"
    assert "Contents" not in world.s3.list_objects_v2(Bucket=world.name, Prefix="stopped/")


def test_stopping_what_has_ended_changes_nothing(world: World) -> None:
    done = world.run("SELECT 1")["QueryExecutionId"]
    world.athena.stop_query_execution(QueryExecutionId=done)
    assert state(world, done) == "SUCCEEDED"


def test_a_query_over_its_memory_fails_alone(world: World) -> None:
    other = world.start(LONG_QUERY)
    status = world.run(LARGE_RESULT)["Status"]
    reason = "EXHAUSTED_RESOURCES: Query exhausted resources at this scale factor"
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", reason)
    error = status["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (1, 0, True)
    assert state(world, other) == "RUNNING"
    world.athena.stop_query_execution(QueryExecutionId=other)
    assert world.run("SELECT 1")["Status"]["State"] == "SUCCEEDED"


def test_executions_survive_kill_9(start_sandbox: Callable[..., RunningSandbox]) -> None:
    own = World(start_sandbox())
    done = own.run("SELECT name FROM people ORDER BY id")
    running = own.start(LONG_QUERY)
    until_runs(own, running)
    home = own.sandbox.home
    pid = lifecycle.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while lifecycle.status(home).running:
        time.sleep(0.05)
    lifecycle.up(home)
    own.athena = RunningSandbox(home).client("athena")
    assert own.rows(own.wait(done["QueryExecutionId"])) == [["name"], ["ann"], [None]]
    status = own.wait(running)["Status"]
    assert status["State"] == "FAILED"
    assert status["AthenaError"]["Retryable"]
    assert own.athena.list_query_executions()["QueryExecutionIds"][:2] == [running, done["QueryExecutionId"]]
