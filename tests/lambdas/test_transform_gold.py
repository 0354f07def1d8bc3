"""Gold: what readers see while days are rebuilt, and what happens to the folders they no longer need."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from athena_transform import gold
from athena_transform.errors import AuditError, LeaseLostError, QueryFailedError
from athena_transform.lake import Outcome
from transform_fakes import GOLD, Scripted, World

DAY = "2020-12-18"
HOUR = timedelta(hours=1)
TABLE = f"s3://{GOLD}/github_events_gold_daily/"


@pytest.fixture
def world() -> World:
    return World("gold")


def target(request: dict[str, Any]) -> str:
    """Where an UNLOAD writes to."""
    location: str = request["QueryString"].split("TO '")[1].split("'")[0]
    return location


def unload(world: World, effect: Callable[[], None] = lambda: None, **more: Any) -> Scripted:
    def write(request: dict[str, Any]) -> None:
        key = target(request).removeprefix(f"s3://{GOLD}/")
        assert not any(other.startswith(key) for other in world.s3.keys(GOLD))
        world.s3.objects[GOLD, f"{key}part-0"] = b"parquet"
        effect()

    return Scripted("UNLOAD", effect=write, **more)


def changed(*days: tuple[str, int]) -> Scripted:
    return Scripted("AS silver\nLEFT JOIN", rows=[[day, str(events)] for day, events in days])


def audit(world: World, rows: int, events: int, silver_events: int) -> Scripted:
    def check(_: dict[str, Any]) -> None:
        # What is read back is the folder that the last UNLOAD wrote, and readers do not see it yet.
        unloads = [request for request in world.athena.requests.values() if "UNLOAD" in request["QueryString"]]
        location = world.glue.tables["github_events_gold_daily_audit"]["StorageDescriptor"]["Location"]
        assert location == target(unloads[-1])
        assert location not in [world.glue.location(day) for day in world.glue.partitions]

    return Scripted("github_events_gold_daily_audit", rows=[[str(rows), str(events), str(silver_events)]], effect=check)


def rebuild(world: World, day: str = DAY, events: int = 10) -> str:
    """One whole run for one day; returns the folder it published."""
    world.athena.script = [changed((day, events)), unload(world), audit(world, 3, events, events)]
    assert gold.run(world.lake()) == Outcome("ok", 3, (date.fromisoformat(day),))
    return world.glue.location(day)


def folders(world: World) -> set[str]:
    return {f"s3://{GOLD}/{key.rsplit('/', 1)[0]}/" for key in world.s3.keys(GOLD) if not key.startswith("state/")}


def retired(world: World) -> list[str]:
    document = json.loads(world.s3.objects[GOLD, "state/gold.json"])
    return [item["location"] for item in document["retired"]]


def test_day_is_written_checked_and_published(world: World) -> None:
    location = rebuild(world)
    assert location.startswith(f"{TABLE}ingest_dt={DAY}/run=20201231T1200")
    descriptor = world.glue.partitions[DAY]["StorageDescriptor"]
    assert descriptor["Columns"] == [{"Name": "events_count", "Type": "bigint"}]
    assert [step.split()[0] for step in world.journal] == ["start", "start", "start", "publish"]
    assert "github_events_gold_daily_audit" not in world.glue.tables
    assert retired(world) == []


def test_without_changed_days_there_is_nothing_to_do(world: World) -> None:
    world.athena.script = [changed()]
    assert gold.run(world.lake()) == Outcome("nothing_to_do")
    assert world.glue.partitions == {}


def test_replaced_folder_stays_for_its_readers_and_then_goes(world: World) -> None:
    old = rebuild(world)
    world.clock.new_invocation(HOUR)
    new = rebuild(world, events=11)
    assert new != old
    assert folders(world) == {old, new}
    for minutes, left in [(59, {old, new}), (1, {new}), (600, {new})]:
        world.clock.new_invocation(timedelta(minutes=minutes))
        world.athena.script = [changed()]
        gold.run(world.lake())
        assert folders(world) == left
    assert retired(world) == []


@pytest.mark.parametrize(
    ("before", "written", "after"),
    [(10, 9, 10), (10, 11, 10), (10, 0, 10), (10, 13, 12)],
)
def test_folder_that_does_not_add_up_is_not_published(world: World, before: int, written: int, after: int) -> None:
    world.athena.script = [changed((DAY, before)), unload(world), audit(world, 3, written, after)]
    with pytest.raises(AuditError, match=f"holds {written} events"):
        gold.run(world.lake())
    assert world.glue.partitions == {}
    world.clock.new_invocation(HOUR)
    rebuild(world)
    assert folders(world) == {world.glue.location(DAY)}


def test_silver_may_grow_while_a_day_is_written(world: World) -> None:
    world.athena.script = [changed((DAY, 10)), unload(world), audit(world, 3, 11, 12)]
    assert gold.run(world.lake()).outcome == "ok"


def test_failed_unload_changes_nothing_for_readers(world: World) -> None:
    old = rebuild(world)
    world.athena.script = [changed((DAY, 11)), unload(world, states=["FAILED"])]
    with pytest.raises(QueryFailedError):
        gold.run(world.lake())
    assert world.glue.location(DAY) == old
    world.clock.new_invocation(HOUR)
    world.athena.script = [changed()]
    gold.run(world.lake())
    assert folders(world) == {old}


class Killed(BaseException):
    """The process is gone."""


# A run writes its state: 1 lease, 2 new folder, 3 old folder, 4 published, 5 lease given back.
@pytest.mark.parametrize("write", [1, 2, 3, 4, 5])
def test_crash_anywhere_leaves_a_whole_day_and_in_the_end_no_waste(world: World, write: int) -> None:
    old = rebuild(world)
    writes = 0

    def die() -> None:
        nonlocal writes
        writes += 1
        if writes >= write:
            raise Killed

    world.s3.before_put = die
    world.athena.script = [changed((DAY, 11)), unload(world), audit(world, 3, 11, 11)]
    with pytest.raises(Killed):
        gold.run(world.lake())
    world.s3.before_put = lambda: None
    live = world.glue.location(DAY)
    assert (live == old) == (write <= 3)
    assert live in folders(world)
    for _ in range(2):
        world.clock.new_invocation(2 * HOUR)
        world.athena.script = [changed()]
        gold.run(world.lake())
    assert world.glue.location(DAY) == live
    assert folders(world) == {live}
    assert retired(world) == []


def test_audit_table_left_by_a_killed_run_is_used_again(world: World) -> None:
    world.glue.tables["github_events_gold_daily_audit"] = {"StorageDescriptor": {"Location": "s3://old/"}}
    rebuild(world)
    assert "github_events_gold_daily_audit" not in world.glue.tables


def test_run_that_lost_its_lease_does_not_publish(world: World) -> None:
    def take_over() -> None:
        world.s3.objects[GOLD, "state/gold.json"] = b'{"lease": {"owner": "rival"}}'

    world.athena.script = [changed((DAY, 10)), unload(world, effect=take_over), audit(world, 3, 10, 10)]
    with pytest.raises(LeaseLostError):
        gold.run(world.lake())
    assert world.glue.partitions == {}


def test_days_that_do_not_fit_into_the_time_are_left_to_the_next_run(world: World) -> None:
    slow = unload(world, states=["RUNNING"] * 50 + ["SUCCEEDED"])
    world.athena.script = [changed(("2020-12-17", 5), (DAY, 10)), slow, audit(world, 2, 5, 5)]
    assert gold.run(world.lake()) == Outcome("ok", 2, (date(2020, 12, 17),))
    world.clock.new_invocation()
    rebuild(world)
    assert set(world.glue.partitions) == {"2020-12-17", DAY}
