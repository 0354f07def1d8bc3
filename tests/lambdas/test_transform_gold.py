"""Gold: which days are built, what readers see meanwhile, and what happens to the folders they no longer need.

Athena is scripted here; that the statements and the rules say what they should is tested on the sandbox's Athena.
"""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from athena_transform import gold
from athena_transform.errors import LeaseLostError, QualityError, QueryFailedError, SettingsError
from athena_transform.lake import Outcome
from transform_fakes import GOLD, SILVER, START, Scripted, World

DAY, EARLIER, LATER = "2020-12-18", "2020-12-17", "2020-12-19"
HOUR = timedelta(hours=1)
DAILY, HOURLY = "github_events_gold_daily", "github_events_gold_hourly"
TABLES = (DAILY, HOURLY)


@pytest.fixture
def world() -> World:
    return World("gold")


def silver_says(world: World, revisions: Mapping[str, str], months: tuple[str, ...] = ("2020-12",)) -> None:
    """Silver's state: these days at these revisions."""
    days = {
        day: {"revision": revision, "months": list(months), "first_id": "100", "last_id": "900"}
        for day, revision in revisions.items()
    }
    ranges = {month: {"first_id": "100", "last_id": "900"} for month in months}
    world.s3.objects[SILVER, "state/silver.json"] = json.dumps({"days": days, "months": ranges}).encode()
    world.glue.silver = {month: f"s3://{SILVER}/github_events_silver/{month}/" for month in months}


def answer(contains: str, rows: tuple[int, ...], **numbers: float) -> Scripted:
    """A query of rules: the row counts, then for each rule that it asks for the number, 0 if none is given."""

    def fill(request: dict[str, Any]) -> None:
        asked = re.findall(r'AS double\) AS "\w+\.(\w+)"', request["QueryString"])
        assert set(numbers) <= set(asked)
        query.rows = [[*map(str, rows), *(str(numbers.get(name, 0.0)) for name in asked)]]

    query = Scripted(contains, effect=fill)
    return query


def gate(events: int = 10, **numbers: float) -> Scripted:
    return answer("github_events_silver.rows_count", (events,), **numbers)


def audit(world: World, daily: int = 3, hourly: int = 2, **numbers: float) -> Scripted:
    query = answer("github_events_gold_daily.rows_count", (daily, hourly), **numbers)
    fill = query.effect

    def check(request: dict[str, Any]) -> None:
        folders = [world.glue.tables[f"{table}_audit"]["StorageDescriptor"]["Location"] for table in TABLES]
        assert set(folders) <= folders_of(world)
        fill(request)

    query.effect = check
    return query


def unloads(world: World, effect: Callable[[], None] = lambda: None, **more: Any) -> list[Scripted]:
    """The two UNLOADs; the rest is about the first of them."""

    def write(request: dict[str, Any]) -> None:
        [target] = re.findall(rf"TO 's3://{GOLD}/(.*)'", request["QueryString"])
        assert not any(other.startswith(target) for other in world.s3.keys(GOLD))
        world.s3.objects[GOLD, f"{target}part-0"] = b"parquet"

    def write_first(request: dict[str, Any]) -> None:
        write(request)
        effect()

    return [Scripted("UNLOAD", effect=write_first, **more), Scripted("UNLOAD", effect=write)]


def whole(world: World, events: int = 10) -> list[Scripted]:
    """All queries of a day that goes well."""
    return [gate(events), *unloads(world), audit(world)]


def build(world: World, revision: str = "r1", day: str = DAY) -> dict[str, str]:
    """One whole run for one day; returns the folders it published, by table."""
    silver_says(world, {day: revision})
    world.athena.script = whole(world)
    assert gold.run(world.lake()) == Outcome("ok", 5, (date.fromisoformat(day),))
    return live(world, day)


def live(world: World, day: str = DAY) -> dict[str, str]:
    return {table: world.glue.location(table, day) for table in TABLES if (table, day) in world.glue.partitions}


def folders_of(world: World) -> set[str]:
    others = ("state/", "github_events_quality/")
    return {f"s3://{GOLD}/{key.rsplit('/', 1)[0]}/" for key in world.s3.keys(GOLD) if not key.startswith(others)}


def state(world: World) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(world.s3.objects[GOLD, "state/gold.json"])
    return document


def results(world: World) -> list[dict[str, Any]]:
    """The rows of the object of results that was put last: the clock stands still, so names do not tell."""
    written = (key for bucket, key in world.s3.objects if bucket == GOLD and key.startswith("github_events_quality/"))
    *_, key = written
    return [json.loads(line) for line in gzip.decompress(world.s3.objects[GOLD, key]).splitlines()]


def steps(world: World) -> list[str]:
    return [" ".join(step.split()[:2]) if step.startswith("publish") else step.split()[0] for step in world.journal]


# --- which days ---


def test_day_is_checked_written_checked_and_published(world: World) -> None:
    folders = build(world)
    for table in TABLES:
        assert folders[table].startswith(f"s3://{GOLD}/{table}/ingest_dt={DAY}/run=20201231T1200")
        descriptor = world.glue.partitions[table, DAY]["StorageDescriptor"]
        assert descriptor["Columns"] == [{"Name": "events_count", "Type": "bigint"}]
    assert steps(world) == ["start"] * 4 + [f"publish {table}" for table in TABLES]
    assert not any(name.endswith("_audit") for name in world.glue.tables)
    assert state(world)["built"] == {DAY: "r1"}
    assert state(world)["retired"] == []


def test_every_read_of_silver_is_bound_to_the_days_months(world: World) -> None:
    silver_says(world, {DAY: "r1"}, months=("2020-11", "2020-12"))
    world.athena.script = whole(world)
    gold.run(world.lake())
    for request in world.athena.requests.values():
        reads = re.findall(r"FROM github_events_silver\s+WHERE (.*)", request["QueryString"])
        assert reads
        assert len(reads) == len(re.findall(r"FROM github_events_silver\b", request["QueryString"]))
        months = "(year = '2020' AND month IN ('11', '12'))"
        assert all(months in read or f"AND ({months})" in request["QueryString"] for read in reads)


def test_without_silvers_state_there_is_nothing_to_do(world: World) -> None:
    assert gold.run(world.lake()) == Outcome("nothing_to_do")
    assert world.s3.keys(GOLD) == {"state/gold.json"}


def test_without_changes_no_query_runs(world: World) -> None:
    build(world)
    queries = len(world.athena.queries)
    assert gold.run(world.lake()) == Outcome("nothing_to_do")
    assert len(world.athena.queries) == queries
    # 2020-12-31 is 13 days after the newest day, and a warning is no failure.
    assert [(row["rule"], row["observed"], row["passed"]) for row in results(world)] == [("data_is_fresh", 13.0, False)]


def test_busy_while_another_run_has_the_lease(world: World) -> None:
    lease = {"owner": "rival", "expires_at": (START + HOUR).isoformat()}
    world.s3.objects[GOLD, "state/gold.json"] = json.dumps({"lease": lease}).encode()
    silver_says(world, {DAY: "r1"})
    assert gold.run(world.lake()) == Outcome("busy")


def test_changed_days_are_built_from_the_oldest_on_and_others_left_alone(world: World) -> None:
    build(world)
    silver_says(world, {LATER: "r2", DAY: "r1", EARLIER: "r2"})
    world.athena.script = [*whole(world), *whole(world)]
    assert gold.run(world.lake()).days == (date.fromisoformat(EARLIER), date.fromisoformat(LATER))
    assert state(world)["built"] == {EARLIER: "r2", DAY: "r1", LATER: "r2"}


def test_revision_that_changes_meanwhile_is_built_by_the_next_run(world: World) -> None:
    silver_says(world, {DAY: "r1"})
    world.athena.script = [gate(), *unloads(world, effect=lambda: silver_says(world, {DAY: "r2"})), audit(world)]
    gold.run(world.lake())
    assert state(world)["built"] == {DAY: "r1"}
    world.athena.script = whole(world)
    assert gold.run(world.lake()).outcome == "ok"
    assert state(world)["built"] == {DAY: "r2"}


def test_day_without_rows_is_not_published(world: World) -> None:
    silver_says(world, {DAY: "r1"})
    world.athena.script = [gate(0)]
    assert gold.run(world.lake()) == Outcome("ok", 0, (date.fromisoformat(DAY),))
    assert world.glue.partitions == {}
    assert gold.run(world.lake()) == Outcome("nothing_to_do")


def test_day_that_lost_all_its_rows_is_published_empty(world: World) -> None:
    old = build(world)
    silver_says(world, {DAY: "r2"})
    world.athena.script = [gate(0), *unloads(world), audit(world, 0, 0)]
    assert gold.run(world.lake()).outcome == "ok"
    assert live(world) != old


def test_day_that_silver_forgets_meanwhile_is_not_touched(world: World) -> None:
    old = build(world, day=EARLIER)
    silver_says(world, {EARLIER: "r2", DAY: "r2"})

    def forget() -> None:
        del world.s3.objects[SILVER, "state/silver.json"]

    world.athena.script = [gate(), *unloads(world, effect=forget), audit(world)]
    assert gold.run(world.lake()).days == (date.fromisoformat(EARLIER),)
    assert live(world, EARLIER) != old
    assert live(world, DAY) == {}


def test_rebuild_builds_days_that_have_not_changed(world: World) -> None:
    old = build(world)
    world.athena.script = whole(world)
    assert gold.run(world.lake(), rebuild=[date.fromisoformat(DAY)]).outcome == "ok"
    assert set(live(world).values()).isdisjoint(old.values())
    assert gold.run(world.lake()) == Outcome("nothing_to_do")


def test_rebuild_that_does_not_fit_into_the_time_needs_no_second_request(world: World) -> None:
    build(world, day=EARLIER)
    silver_says(world, {EARLIER: "r1", DAY: "r1"})
    world.athena.script = whole(world)
    gold.run(world.lake())
    old = live(world)
    slow = unloads(world, states=["RUNNING"] * 55 + ["SUCCEEDED"])
    world.athena.script = [gate(), *slow, audit(world)]
    world.clock.new_invocation(timedelta(minutes=1))
    outcome = gold.run(world.lake(), rebuild=[date.fromisoformat(DAY), date.fromisoformat(EARLIER)])
    assert outcome == Outcome("ok", 5, (date.fromisoformat(EARLIER),), is_complete=False)
    assert live(world) == old
    world.clock.new_invocation()
    world.athena.script = whole(world)
    assert gold.run(world.lake()) == Outcome("ok", 5, (date.fromisoformat(DAY),))
    assert live(world) != old


def test_rebuild_of_a_day_that_silver_does_not_know_is_refused(world: World) -> None:
    silver_says(world, {DAY: "r1"})
    with pytest.raises(SettingsError, match=f"does not know {EARLIER}"):
        gold.run(world.lake(), rebuild=[date.fromisoformat(EARLIER)])
    assert state(world)["lease"] is None


def test_reconcile_builds_what_differs_in_the_months_that_the_query_found(world: World) -> None:
    build(world)
    differing: list[list[str | None]] = [[EARLIER, "2020-10,2020-12"], [DAY, "2020-11,2020-12"]]
    world.athena.script = [Scripted("AS hourly", rows=differing), *whole(world), *whole(world)]
    outcome = gold.run(world.lake(), reconcile=True)
    assert outcome == Outcome("ok", 10, (date.fromisoformat(EARLIER), date.fromisoformat(DAY)))
    statements = [request["QueryString"] for request in world.athena.requests.values() if "UNLOAD" in str(request)]
    assert "month IN ('10', '12')" in statements[-4]
    assert "month IN ('11', '12')" in statements[-2]
    # Of the one that Silver's state does not know, there is no revision that could be remembered.
    assert state(world)["built"] == {DAY: "r1"}
    assert state(world)["asked"] == {}
    assert gold.run(world.lake()) == Outcome("nothing_to_do")


def test_days_that_do_not_fit_into_the_time_are_left_to_the_next_run(world: World) -> None:
    silver_says(world, {EARLIER: "r1", DAY: "r1"})
    world.athena.script = [gate(), *unloads(world, states=["RUNNING"] * 55 + ["SUCCEEDED"]), audit(world)]
    outcome = gold.run(world.lake())
    assert outcome == Outcome("ok", 5, (date.fromisoformat(EARLIER),), is_complete=False)
    world.clock.new_invocation()
    world.athena.script = whole(world)
    assert gold.run(world.lake()) == Outcome("ok", 5, (date.fromisoformat(DAY),))
    assert {day for _, day in world.glue.partitions} == {EARLIER, DAY}


# --- days that are kept back ---


def test_blocked_day_stays_as_it_was_and_others_go_on(world: World) -> None:
    old = build(world)
    silver_says(world, {DAY: "r2", LATER: "r2"})
    world.athena.script = [gate(event_id_unique=3.0, event_type_known=7.0), *whole(world)]
    with pytest.raises(QualityError) as caught:
        gold.run(world.lake())
    assert f"{DAY}, github_events_silver.event_id_unique: observed 3, allowed 0" in str(caught.value)
    assert "What to do" in str(caught.value)
    assert "event_type_known" not in str(caught.value), "a warning keeps nothing back"
    assert caught.value.outcome == Outcome("ok", 5, (date.fromisoformat(LATER),))
    # The unknown type and the age of the newest day.
    assert (caught.value.outcome.quality_failures, caught.value.outcome.quality_warnings) == (1, 2)
    assert live(world) == old
    assert live(world, LATER)
    assert state(world)["built"] == {DAY: "r1", LATER: "r2"}
    assert state(world)["lease"] is None


def test_results_are_written_also_when_rules_failed(world: World) -> None:
    silver_says(world, {DAY: "r2"})
    world.athena.script = [gate(event_id_unique=3.0)]
    with pytest.raises(QualityError):
        gold.run(world.lake())
    [row] = [row for row in results(world) if row["rule"] == "event_id_unique"]
    run_id = row.pop("run_id")
    assert row == {
        "checked_at": "2020-12-31 12:00:00",
        "ingest_day": DAY,
        "table_name": "github_events_silver",
        "rule": "event_id_unique",
        "blocking": True,
        "passed": False,
        "observed": 3.0,
        "maximum": 0.0,
        "revision": "r2",
    }
    assert (GOLD, f"github_events_quality/run_dt=2020-12-31/{run_id}.json.gz") in world.s3.objects


def test_blocked_day_comes_last_until_it_passes(world: World) -> None:
    silver_says(world, {EARLIER: "r1"})
    world.athena.script = [gate(event_id_unique=3.0)]
    with pytest.raises(QualityError):
        gold.run(world.lake())
    silver_says(world, {EARLIER: "r1", DAY: "r1"})
    world.athena.script = [*whole(world), gate(event_id_unique=3.0)]
    with pytest.raises(QualityError) as caught:
        gold.run(world.lake())
    assert caught.value.outcome.days == (date.fromisoformat(DAY),)
    # Silver is mended, which need not change the revision.
    world.athena.script = whole(world)
    assert gold.run(world.lake()).days == (date.fromisoformat(EARLIER),)
    assert state(world)["blocked"] == {}
    assert gold.run(world.lake()) == Outcome("nothing_to_do")


def test_blocked_day_that_has_changed_takes_its_turn(world: World) -> None:
    silver_says(world, {EARLIER: "r1"})
    world.athena.script = [gate(event_id_unique=3.0)]
    with pytest.raises(QualityError):
        gold.run(world.lake())
    silver_says(world, {EARLIER: "r2", DAY: "r1"})
    world.athena.script = [*whole(world), *whole(world)]
    assert gold.run(world.lake()).days == (date.fromisoformat(EARLIER), date.fromisoformat(DAY))


def test_folder_that_does_not_add_up_is_not_published(world: World) -> None:
    old = build(world)
    world.clock.new_invocation(HOUR)
    silver_says(world, {DAY: "r2"})
    world.athena.script = [gate(), *unloads(world), audit(world, sum_matches_silver=2.0)]
    with pytest.raises(QualityError, match=f"{DAY}, {DAILY}.sum_matches_silver: observed 2, allowed 0"):
        gold.run(world.lake())
    assert live(world) == old
    assert not any(name.endswith("_audit") for name in world.glue.tables)
    world.clock.new_invocation(HOUR)
    new = build(world, "r2")
    world.clock.new_invocation(HOUR)
    gold.run(world.lake())
    assert folders_of(world) == set(new.values())


# --- what readers see, and what is left behind ---


def test_replaced_folders_stay_for_their_readers_and_then_go(world: World) -> None:
    old = set(build(world).values())
    world.clock.new_invocation(HOUR)
    new = set(build(world, "r2").values())
    assert new.isdisjoint(old)
    assert folders_of(world) == old | new
    for minutes, left in [(59, old | new), (1, new), (600, new)]:
        world.clock.new_invocation(timedelta(minutes=minutes))
        gold.run(world.lake())
        assert folders_of(world) == left
    assert state(world)["retired"] == []


def test_failed_unload_changes_nothing_for_readers(world: World) -> None:
    old = build(world)
    silver_says(world, {DAY: "r2"})
    world.athena.script = [gate(), *unloads(world, states=["FAILED"])]
    with pytest.raises(QueryFailedError):
        gold.run(world.lake())
    assert live(world) == old
    assert state(world)["built"] == {DAY: "r1"}
    assert [row["rule"] for row in results(world)].count("event_id_unique") == 1
    world.clock.new_invocation(HOUR)
    silver_says(world, {DAY: "r1"})
    gold.run(world.lake())
    assert folders_of(world) == set(old.values())


class Killed(BaseException):
    """The process is gone."""


def recover(world: World, old: dict[str, str]) -> None:
    """Two later runs after a crash: the day is whole in both tables, and nothing else is left."""
    rebuilds = state(world)["built"] != {DAY: "r2"}
    world.clock.new_invocation(2 * HOUR)
    world.athena.script = whole(world) if rebuilds else []
    assert gold.run(world.lake()).outcome == ("ok" if rebuilds else "nothing_to_do")
    world.clock.new_invocation(2 * HOUR)
    gold.run(world.lake())
    assert set(live(world).values()).isdisjoint(old.values())
    assert folders_of(world) == set(live(world).values())
    assert state(world)["retired"] == []
    assert state(world)["built"] == {DAY: "r2"}


# A run writes: 1 lease, 2 new folders, 3 old folders, 4 published and built, 5 results, 6 lease given back.
@pytest.mark.parametrize("write", [1, 2, 3, 4, 5, 6])
def test_crash_at_any_write_leaves_whole_days_and_in_the_end_no_waste(world: World, write: int) -> None:
    old = build(world)
    silver_says(world, {DAY: "r2"})
    writes = 0

    def die() -> None:
        nonlocal writes
        writes += 1
        if writes >= write:
            raise Killed

    world.s3.before_put = die
    world.athena.script = whole(world)
    with pytest.raises(Killed):
        gold.run(world.lake())
    world.s3.before_put = lambda: None
    assert (live(world) == old) == (write <= 3)
    assert set(live(world).values()) <= folders_of(world)
    recover(world, old)


def test_crash_between_the_two_tables_is_repaired_by_the_next_run(world: World) -> None:
    old = build(world)
    silver_says(world, {DAY: "r2"})

    def die(table: str) -> None:
        if table == HOURLY:
            world.s3.before_put = killed
            raise Killed

    def killed() -> None:
        raise Killed

    world.glue.before_publish = die
    world.athena.script = whole(world)
    with pytest.raises(Killed):
        gold.run(world.lake())
    world.s3.before_put, world.glue.before_publish = lambda: None, lambda table: None
    assert live(world)[DAILY] != old[DAILY]
    assert live(world)[HOURLY] == old[HOURLY]
    recover(world, old)


def test_audit_tables_left_by_a_killed_run_are_used_again(world: World) -> None:
    for table in TABLES:
        world.glue.tables[f"{table}_audit"] = {"StorageDescriptor": {"Location": "s3://old/"}}
    build(world)
    assert not any(name.endswith("_audit") for name in world.glue.tables)


def test_run_that_lost_its_lease_does_not_publish(world: World) -> None:
    def take_over() -> None:
        world.s3.objects[GOLD, "state/gold.json"] = b'{"lease": {"owner": "rival"}}'

    silver_says(world, {DAY: "r1"})
    world.athena.script = [gate(), *unloads(world, effect=take_over), audit(world)]
    with pytest.raises(LeaseLostError):
        gold.run(world.lake())
    assert world.glue.partitions == {}


# --- what is compared with Bronze ---


def test_objects_that_silver_has_read_as_they_are_are_compared(world: World) -> None:
    folder = f"github/events/ingest_dt={DAY}/"
    for name in ("read.json.gz", "changed.json.gz", "new.json.gz"):
        world.s3.objects["dp-test-raw", f"{folder}{name}"] = name.encode()
    etag = world.s3.etag("dp-test-raw", f"{folder}read.json.gz")
    ledger = {"objects": {"read.json.gz": etag, "changed.json.gz": '"before"', "expired.json.gz": '"gone"'}}
    world.s3.objects[SILVER, f"state/silver/objects/{DAY}.json"] = json.dumps(ledger).encode()
    build(world)
    [statement] = [request["QueryString"] for request in world.athena.requests.values() if "$path" in str(request)]
    assert re.findall(r"'s3://[^']*'", statement) == [f"'s3://dp-test-raw/{folder}read.json.gz'"]
    assert "id BETWEEN '100' AND '900'" in statement


def test_of_very_many_objects_the_newest_are_compared(world: World) -> None:
    folder = f"github/events/ingest_dt={DAY}/"
    ledger = {}
    for number in range(1_005):
        name = f"{number:04}.json.gz"
        world.s3.objects["dp-test-raw", f"{folder}{name}"] = b"events"
        world.s3.modified["dp-test-raw", f"{folder}{name}"] = START - timedelta(minutes=number)
        ledger[name] = world.s3.etag("dp-test-raw", f"{folder}{name}")
    document = {"objects": ledger}
    world.s3.objects[SILVER, f"state/silver/objects/{DAY}.json"] = json.dumps(document).encode()
    build(world)
    [statement] = [request["QueryString"] for request in world.athena.requests.values() if "$path" in str(request)]
    compared = re.findall(r"/(\d{4})\.json\.gz'", statement)
    assert compared == [f"{number:04}" for number in range(1_000)]
    # https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
    assert len(statement.encode()) <= 262_144
