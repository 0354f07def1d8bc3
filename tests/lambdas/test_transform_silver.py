"""Silver's state machine: what is read, what a crash leaves behind, and in which order it is put right."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from athena_transform import silver
from athena_transform.errors import QueryFailedError, QueryTimedOutError, UnsafeDeletionError
from athena_transform.lake import Outcome
from botocore.exceptions import ClientError
from transform_fakes import GOLD, RAW, SILVER, Scripted, World, client_error

DAY, NEXT_DAY = date(2020, 12, 18), date(2020, 12, 19)
ORPHAN = "github_events_silver/year=2020/month=12/orphan"
MANIFEST = f"s3://{GOLD}/athena-results/query-1-manifest.csv"


@pytest.fixture
def world() -> World:
    return World("silver")


def poll(world: World, day: date, name: str, content: bytes = b"event") -> None:
    world.s3.objects[RAW, f"github/events/ingest_dt={day}/{name}.json.gz"] = content


def insert(**more: Any) -> Scripted:
    return Scripted("INSERT INTO github_events_silver", **more)


def failing_insert(world: World) -> Scripted:
    """An insert that leaves a readable file behind, as Athena's do."""

    def leave_file(_: dict[str, Any]) -> None:
        world.s3.objects[SILVER, ORPHAN] = b"parquet"
        world.s3.objects[GOLD, "athena-results/query-1-manifest.csv"] = f"s3://{SILVER}/{ORPHAN}\n".encode()

    return insert(states=["RUNNING", "FAILED"], manifest=MANIFEST, effect=leave_file)


def state(world: World) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(world.s3.objects[SILVER, "state/silver.json"])
    return document


def days_read(world: World) -> list[list[str]]:
    return [request["ExecutionParameters"] for request in world.athena.requests.values()]


def test_first_run_reads_every_day_there_is(world: World) -> None:
    poll(world, DAY, "a")
    poll(world, NEXT_DAY, "b")
    world.athena.script = [insert(update_count=7)]
    assert silver.run(world.lake()) == Outcome("ok", 7, (DAY, NEXT_DAY))
    assert days_read(world) == [["'2020-12-18'", "'2020-12-19'"]]


def test_without_bronze_there_is_nothing_to_do(world: World) -> None:
    assert silver.run(world.lake()) == Outcome("nothing_to_do")


def test_nothing_new_costs_no_query(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert()]
    silver.run(world.lake())
    assert silver.run(world.lake()) == Outcome("nothing_to_do")
    assert len(world.athena.queries) == 1


@pytest.mark.parametrize("days_late", [0, 1, 7])
def test_object_that_arrives_late_is_read(world: World, days_late: int) -> None:
    poll(world, DAY, "a")
    poll(world, DAY + timedelta(days_late), "b")
    world.athena.script = [insert(), insert(update_count=1), insert()]
    silver.run(world.lake())
    queries = len(world.athena.queries)
    poll(world, DAY, "late")
    silver.run(world.lake())
    assert days_read(world)[queries:] == [["'2020-12-18'", "'2020-12-18'"]]


def test_replaced_object_is_read_again(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(), insert()]
    silver.run(world.lake())
    poll(world, DAY, "a", b"other content")
    assert silver.run(world.lake()).outcome == "ok"


@pytest.mark.parametrize("key", ["_hidden", ".hidden", "folder/inside"])
def test_objects_that_athena_does_not_read_do_not_count(world: World, key: str) -> None:
    world.s3.objects[RAW, f"github/events/ingest_dt=2020-12-18/{key}"] = b""
    world.s3.objects[RAW, "github/events/readme.txt"] = b""
    assert silver.run(world.lake()) == Outcome("nothing_to_do")


def test_older_history_is_read_when_the_event_asks_for_it(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert() for _ in range(3)]
    silver.run(world.lake())
    for month in (3, 5):
        poll(world, date(2015, month, 1), "archive")
    assert silver.run(world.lake()) == Outcome("nothing_to_do")
    outcome = silver.run(world.lake(), reprocess_from=date(2015, 1, 1))
    assert outcome.days == (date(2015, 3, 1), date(2015, 5, 1))
    assert days_read(world)[1:] == [["'2015-03-01'"] * 2, ["'2015-05-01'"] * 2]
    assert silver.run(world.lake()) == Outcome("nothing_to_do")


def test_unfinished_reload_of_history_goes_on_in_the_next_run(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert()]
    silver.run(world.lake())
    for month in (3, 5):
        poll(world, date(2015, month, 1), "archive")
    world.athena.script = [insert(states=["RUNNING"] * 60 + ["SUCCEEDED"]), insert()]
    world.clock.new_invocation(limit=340)  # the first batch leaves too little time for another
    assert silver.run(world.lake(), reprocess_from=date(2015, 1, 1)).days == (date(2015, 3, 1),)
    world.clock.new_invocation()
    assert silver.run(world.lake()).days == (date(2015, 5, 1),)


def test_second_reload_of_history_does_not_forget_an_unfinished_one(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(), insert(states=["FAILED"])]
    silver.run(world.lake())
    poll(world, date(2015, 3, 1), "archive")
    with pytest.raises(QueryFailedError):
        silver.run(world.lake(), reprocess_from=date(2015, 1, 1))
    world.athena.script = [insert()]
    assert silver.run(world.lake(), reprocess_from=date(2018, 1, 1)).days == (date(2015, 3, 1),)


def test_day_in_the_future_does_not_hide_the_real_ones(world: World) -> None:
    poll(world, DAY, "a")
    poll(world, date(2099, 1, 1), "mistake")
    world.athena.script = [insert(), insert()]
    assert silver.run(world.lake()).days == (DAY,)
    poll(world, NEXT_DAY, "b")
    assert silver.run(world.lake()).days == (NEXT_DAY,)


def test_batches_are_at_most_a_week_and_in_order() -> None:
    days = [date(2020, 12, 1) + timedelta(number) for number in range(16)]
    assert [len(batch) for batch in silver.batches(days)] == [7, 7, 2]
    assert [day for batch in silver.batches(days) for day in batch] == days
    assert silver.batches([DAY, DAY + timedelta(7)]) == [[DAY], [DAY + timedelta(7)]]


def test_second_run_at_the_same_time_is_busy(world: World) -> None:
    poll(world, DAY, "a")
    outcomes = []
    world.athena.script = [insert(effect=lambda _: outcomes.append(silver.run(world.lake())))]
    assert silver.run(world.lake()).outcome == "ok"
    assert outcomes == [Outcome("busy")]


def test_failed_insert_is_cleaned_up_and_raised_and_tried_again(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [failing_insert(world), insert(update_count=1)]
    with pytest.raises(QueryFailedError, match="HIVE_BAD_DATA"):
        silver.run(world.lake())
    assert ORPHAN not in world.s3.keys(SILVER)
    assert silver.run(world.lake()) == Outcome("ok", 1, (DAY,))


def test_files_of_a_query_that_was_stopped_go_before_the_next_insert(world: World) -> None:
    poll(world, DAY, "a")
    query = failing_insert(world)
    query.states = ["RUNNING"]
    world.athena.script = [query, insert(update_count=1)]
    with pytest.raises(QueryTimedOutError):
        silver.run(world.lake())
    world.clock.new_invocation()
    assert silver.run(world.lake()) == Outcome("ok", 1, (DAY,))
    assert [step.split(" INSERT")[0] for step in world.journal] == [
        "start query-1",
        "stop query-1",
        f"delete {ORPHAN}",
        "start query-2",
    ]


def test_manifest_that_names_other_objects_deletes_nothing(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(states=["FAILED"], manifest=MANIFEST)]
    paths = [f"s3://{SILVER}/{ORPHAN}", f"s3://{SILVER}/state/silver.json"]
    world.s3.objects[GOLD, "athena-results/query-1-manifest.csv"] = "\n".join(paths).encode()
    world.s3.objects[SILVER, ORPHAN] = b"parquet"
    with pytest.raises(UnsafeDeletionError, match="silver"):
        silver.run(world.lake())
    assert ORPHAN in world.s3.keys(SILVER)


class Killed(BaseException):
    """The process is gone: no handler runs, nothing is given back."""


def kill_at_put(world: World, number: int) -> None:
    """Kill the run at its n-th write of the state, before it takes effect; then let its lease expire."""
    writes = 0

    def die() -> None:
        nonlocal writes
        writes += 1
        if writes >= number:
            raise Killed

    world.s3.before_put = die
    with pytest.raises(Killed):
        silver.run(world.lake())
    world.s3.before_put = lambda: None
    world.clock.new_invocation(timedelta(hours=1))


# A run writes its state: 1 lease, 2 insert planned, 3 insert started, 4 insert settled, 5 lease given back.
@pytest.mark.parametrize("write", [1, 2, 3, 4, 5])
def test_crash_anywhere_loses_nothing_and_inserts_once(world: World, write: int) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(states=["RUNNING", "RUNNING", "SUCCEEDED"], update_count=7)]
    kill_at_put(world, write)
    rows = 0
    for _ in range(3):
        rows += silver.run(world.lake()).rows
        world.clock.new_invocation(timedelta(hours=1))
    assert rows == (0 if write == 5 else 7)
    assert [step for step in world.journal if step.startswith("start")] == [
        "start query-1 INSERT INTO github_events_silver"
    ]
    assert state(world) == state(world) | {"in_flight": None, "lease": None}
    assert list(state(world)["days"]) == ["2020-12-18"]


def test_query_of_a_crashed_run_that_still_runs_means_busy(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(states=["RUNNING", "SUCCEEDED"])]
    kill_at_put(world, 3)
    assert silver.run(world.lake()) == Outcome("busy")
    assert state(world)["lease"] is None
    assert silver.run(world.lake()).outcome == "ok"


def test_query_of_a_crashed_run_that_failed_is_cleaned_up_before_the_insert(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [failing_insert(world), insert(update_count=1)]
    world.athena.script[0].states = ["FAILED"]
    kill_at_put(world, 3)
    assert ORPHAN in world.s3.keys(SILVER)
    assert silver.run(world.lake()) == Outcome("ok", 1, (DAY,))
    assert world.journal[1] == f"delete {ORPHAN}"


def test_refused_statement_leaves_no_trace_but_a_server_error_does(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.refusals = [client_error("InvalidRequestException", 400)]
    with pytest.raises(ClientError, match="InvalidRequest"):
        silver.run(world.lake())
    assert state(world)["in_flight"] is None

    world.athena.refusals = [client_error("InternalServerException", 500)]
    with pytest.raises(ClientError, match="InternalServer"):
        silver.run(world.lake())
    assert state(world)["in_flight"]["query_execution_id"] is None
    world.athena.script = [insert(states=["SUCCEEDED"], update_count=7)]
    assert silver.run(world.lake()) == Outcome("ok", 7, (DAY,))
