"""Silver's state machine: what is read, what a crash leaves behind, and in which order it is put right."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from athena_transform import silver
from athena_transform.bronze import BronzeObject, extent_of
from athena_transform.errors import MisplacedFilesError, QueryFailedError, QueryTimedOutError, UnsafeDeletionError
from athena_transform.lake import Outcome
from botocore.exceptions import ClientError
from transform_fakes import GOLD, RAW, SILVER, Scripted, World, client_error

DAY, NEXT_DAY = date(2020, 12, 18), date(2020, 12, 19)
ORPHAN = "github_events_silver/year=2020/month=12/orphan"
MANIFEST = f"s3://{GOLD}/athena-results/query-1-manifest.csv"


@pytest.fixture
def world() -> World:
    return World("silver")


def poll(
    world: World,
    day: date,
    name: str,
    content: bytes = b"event",
    ids: tuple[str, str] = ("100", "200"),
    month: str = "",
) -> None:
    key = RAW, f"github/events/ingest_dt={day}/{name}.json.gz"
    world.s3.objects[key] = content
    created_at = f"{month or f'{day:%Y-%m}'}-02T00:00:00Z"
    world.s3.metadata[key] = {
        "first-id": ids[0],
        "last-id": ids[1],
        "first-created-at": created_at,
        "last-created-at": created_at,
    }


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
    outcome = silver.run(world.lake(), since=date(2015, 1, 1))
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
    assert silver.run(world.lake(), since=date(2015, 1, 1)).days == (date(2015, 3, 1),)
    world.clock.new_invocation()
    assert silver.run(world.lake()).days == (date(2015, 5, 1),)


def test_second_reload_of_history_does_not_forget_an_unfinished_one(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(), insert(states=["FAILED"])]
    silver.run(world.lake())
    poll(world, date(2015, 3, 1), "archive")
    with pytest.raises(QueryFailedError):
        silver.run(world.lake(), since=date(2015, 1, 1))
    world.athena.script = [insert()]
    assert silver.run(world.lake(), since=date(2018, 1, 1)).days == (date(2015, 3, 1),)


def test_day_in_the_future_does_not_hide_the_real_ones(world: World) -> None:
    poll(world, DAY, "a")
    poll(world, date(2099, 1, 1), "mistake")
    world.athena.script = [insert(), insert()]
    assert silver.run(world.lake()).days == (DAY,)
    poll(world, NEXT_DAY, "b")
    assert silver.run(world.lake()).days == (NEXT_DAY,)


def test_batches_are_at_most_a_week_and_in_order() -> None:
    days = [date(2020, 12, 1) + timedelta(number) for number in range(16)]
    objects = [BronzeObject(day, "a", f"s3://{RAW}/{day}", "etag", 1) for day in days]
    assert [len(batch) for batch in silver.batches(objects)] == [7, 7, 2]
    assert [one for batch in silver.batches(objects) for one in batch] == objects
    assert silver.batches([objects[0], objects[7]]) == [[objects[0]], [objects[7]]]


def test_batches_have_a_limit_of_objects_and_of_bytes() -> None:
    small = [BronzeObject(DAY, str(number), f"s3://{RAW}/{number}", "etag", 1) for number in range(1_200)]
    assert [len(batch) for batch in silver.batches(small)] == [500, 500, 200]
    large = [BronzeObject(DAY, str(number), f"s3://{RAW}/{number}", "etag", 3 * 1024**3) for number in range(3)]
    assert [len(batch) for batch in silver.batches(large)] == [1, 1, 1]


def test_day_before_the_window_is_read_when_it_is_named_and_only_what_is_new(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert() for _ in range(3)]
    silver.run(world.lake())
    old = date(2015, 3, 1)
    poll(world, old, "gharchive-2015-03-01-00")
    assert silver.run(world.lake(), days=[old]).days == (old,)
    poll(world, old, "gharchive-2015-03-01-01")
    assert silver.run(world.lake()) == Outcome("nothing_to_do")
    assert silver.run(world.lake(), days=[old]).days == (old,)
    assert "gharchive-2015-03-01-00" not in text_of(world, 3)
    assert silver.run(world.lake(), days=[old]) == Outcome("nothing_to_do")


def test_named_day_is_not_forgotten_when_its_insert_fails(world: World) -> None:
    poll(world, DAY, "a")
    old = date(2015, 3, 1)
    world.athena.script = [insert(), insert(states=["FAILED"]), insert()]
    silver.run(world.lake())
    poll(world, old, "archive")
    with pytest.raises(QueryFailedError):
        silver.run(world.lake(), days=[old])
    assert silver.run(world.lake()).days == (old,)


def text_of(world: World, number: int) -> str:
    """The text of the n-th query, counted from 1."""
    text: str = world.athena.requests[f"query-{number}"]["QueryString"]
    return text


def known_rows(world: World, number: int) -> str:
    """The condition on the rows of Silver that the n-th query compares with."""
    return text_of(world, number).split("FROM github_events_silver\n    WHERE ")[1].split("\n")[0]


def test_only_months_that_may_hold_the_ids_are_compared(world: World) -> None:
    world.athena.script = [insert(update_count=1) for _ in range(4)]
    for number, ids in ((10, ("100", "199")), (11, ("190", "299")), (12, ("300", "399"))):
        poll(world, date(2020, number, 5), "a", ids=ids)
        silver.run(world.lake())
        world.glue.silver[f"2020-{number}"] = f"s3://{SILVER}/github_events_silver/year=2020/month={number}/"
    assert known_rows(world, 1) == "(1 = 0) AND event_id BETWEEN '100' AND '199'"
    assert known_rows(world, 2) == "((year = '2020' AND month IN ('10'))) AND event_id BETWEEN '190' AND '299'"
    assert known_rows(world, 3) == "(1 = 0) AND event_id BETWEEN '300' AND '399'"
    # An id that two months may hold, in an object whose events say a third month.
    poll(world, date(2020, 12, 6), "b", ids=("195", "197"), month="2020-09")
    silver.run(world.lake())
    assert known_rows(world, 4) == "((year = '2020' AND month IN ('10', '11'))) AND event_id BETWEEN '195' AND '197'"


def test_month_whose_ids_nobody_knows_is_always_compared(world: World) -> None:
    world.glue.silver["2019-05"] = f"s3://{SILVER}/github_events_silver/year=2019/month=05/"
    world.athena.script = [insert(update_count=1) for _ in range(2)]
    for name, ids in (("a", ("100", "199")), ("b", ("900", "999"))):
        poll(world, DAY, name, ids=ids, month="2019-05")
        silver.run(world.lake())
    assert "'2019'" in known_rows(world, 1)
    # Having inserted into it does not tell what else it holds.
    assert "'2019'" in known_rows(world, 2)


def test_object_that_does_not_state_its_extent_is_asked_about(world: World) -> None:
    poll(world, DAY, "a")
    poll(world, DAY, "foreign")
    del world.s3.metadata[RAW, f"github/events/ingest_dt={DAY}/foreign.json.gz"]
    extent = Scripted("MIN(id) AS first_id", rows=[["050", "150", "2020-11,2020-12"]])
    world.athena.script = [extent, insert(update_count=2)]
    silver.run(world.lake())
    assert f"{DAY}/a.json.gz" not in text_of(world, 1)
    assert known_rows(world, 2).endswith("BETWEEN '050' AND '200'")
    assert state(world)["days"][str(DAY)] == {
        "revision": "query-2",
        "months": ["2020-11", "2020-12"],
        "first_id": "050",
        "last_id": "200",
    }


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"first-id": "2", "last-id": "1", "first-created-at": "2020-12-01T", "last-created-at": "2020-12-01T"},
        {"first-id": "1'", "last-id": "2", "first-created-at": "2020-12-01T", "last-created-at": "2020-12-01T"},
        {"first-id": "1", "last-id": "2", "first-created-at": "2020-13-01T", "last-created-at": "2020-12-01T"},
        {"first-id": "1", "last-id": "2", "first-created-at": "2015-01-01T", "last-created-at": "2020-12-01T"},
        {"first-id": "1", "last-id": "2", "first-created-at": "2020-12-01T", "last-created-at": "2020-11-01T"},
    ],
)
def test_metadata_that_cannot_be_right_states_no_extent(metadata: dict[str, str]) -> None:
    assert extent_of(metadata) is None


def test_revision_of_a_day_changes_with_rows_and_with_removed_files(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(update_count=1), insert(update_count=0), insert(states=["FAILED"])]
    silver.run(world.lake())
    assert state(world)["days"][str(DAY)]["revision"] == "query-1"
    poll(world, DAY, "b")
    silver.run(world.lake())
    assert state(world)["days"][str(DAY)]["revision"] == "query-1", "nothing was added"
    poll(world, DAY, "c")
    with pytest.raises(QueryFailedError):
        silver.run(world.lake())
    assert state(world)["days"][str(DAY)]["revision"] == "query-3", "its rows were visible for a while"


def test_day_whose_state_got_lost_may_have_rows_anywhere(world: World) -> None:
    poll(world, DAY, "a", ids=("100", "199"))
    world.athena.script = [insert(update_count=1), insert(update_count=1)]
    silver.run(world.lake())
    del world.s3.objects[SILVER, "state/silver.json"]
    world.glue.silver = {
        month: f"s3://{SILVER}/github_events_silver/year=2020/month={month[5:]}/" for month in ("2020-11", "2020-12")
    }
    poll(world, DAY, "b", ids=("300", "399"))
    silver.run(world.lake())
    assert state(world)["days"][str(DAY)] == {
        "revision": "query-2",
        "months": ["2020-11", "2020-12"],
        "first_id": None,
        "last_id": None,
    }


def test_ids_of_repeats_belong_to_the_day_though_they_change_nothing(world: World) -> None:
    poll(world, DAY, "a", ids=("300", "399"))
    world.athena.script = [insert(update_count=1), insert(update_count=0)]
    silver.run(world.lake())
    poll(world, DAY, "b", ids=("100", "350"))
    silver.run(world.lake())
    entry = state(world)["days"][str(DAY)]
    assert (entry["revision"], entry["first_id"], entry["last_id"]) == ("query-1", "100", "399")


def test_files_that_no_reader_would_see_are_an_error_and_removed(world: World) -> None:
    world.glue.silver["2020-12"] = f"s3://{SILVER}/github_events_silver/compacted/year=2020/month=12/run=1/"
    poll(world, DAY, "a")
    query = failing_insert(world)
    query.states = ["SUCCEEDED"]
    query.update_count = 1
    world.athena.script = [query, insert(update_count=1)]
    with pytest.raises(MisplacedFilesError, match="where no partition of Silver points"):
        silver.run(world.lake())
    assert ORPHAN not in world.s3.keys(SILVER)
    assert silver.run(world.lake()) == Outcome("ok", 1, (DAY,))


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


# A run writes: 1 lease, 2 insert planned, 3 insert started, 4 objects entered in the ledger, 5 insert settled,
# 6 lease given back.
@pytest.mark.parametrize("write", [1, 2, 3, 4, 5, 6])
def test_crash_anywhere_loses_nothing_and_inserts_once(world: World, write: int) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(states=["RUNNING", "RUNNING", "SUCCEEDED"], update_count=7)]
    kill_at_put(world, write)
    rows = 0
    for _ in range(3):
        rows += silver.run(world.lake()).rows
        world.clock.new_invocation(timedelta(hours=1))
    assert rows == (0 if write == 6 else 7)
    assert [step for step in world.journal if step.startswith("start")] == [
        "start query-1 INSERT INTO github_events_silver"
    ]
    assert state(world) == state(world) | {"in_flight": None, "lease": None}
    assert list(state(world)["days"]) == ["2020-12-18"]


def test_objects_whose_files_are_removed_are_read_again_whatever_was_said_before(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [failing_insert(world), insert(update_count=1)]
    world.athena.script[0].states = ["SUCCEEDED", "FAILED"]
    world.glue.silver["2020-12"] = f"s3://{SILVER}/github_events_silver/year=2020/month=12/"
    kill_at_put(world, 5)  # the objects are in the ledger, the state does not say so yet
    assert silver.run(world.lake()).rows == 1
    assert ORPHAN not in world.s3.keys(SILVER)


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


def refuse_repetition(_: dict[str, Any]) -> None:
    """The query has been started, its answer got lost, and the SDK's next attempts are throttled."""
    error = client_error("ThrottlingException", 400)
    error.response["ResponseMetadata"]["RetryAttempts"] = 4
    raise error


def test_refusal_of_a_repeated_request_does_not_say_that_nothing_runs(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(states=["SUCCEEDED"], update_count=7, effect=refuse_repetition)]
    with pytest.raises(ClientError, match="Throttling"):
        silver.run(world.lake())
    assert silver.run(world.lake()) == Outcome("ok", 7, (DAY,))
    assert list(state(world)["days"]) == ["2020-12-18"]


def test_refusal_in_a_later_run_does_not_say_that_the_query_of_a_dead_one_never_ran(world: World) -> None:
    poll(world, DAY, "a")
    world.athena.script = [insert(states=["SUCCEEDED"], update_count=7)]
    kill_at_put(world, 3)  # started, and nobody knows
    world.athena.refusals = [client_error("ThrottlingException", 400)]
    with pytest.raises(ClientError, match="Throttling"):
        silver.run(world.lake())
    assert silver.run(world.lake()) == Outcome("ok", 7, (DAY,))
