"""The whole way from Bronze to Gold on the sandbox's S3, Glue and Athena.

What is expected is computed with pandas from the raw lines that went into Bronze, and what is there is read from the
Parquet files: neither comes from the SQL under test.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from athena_transform import compaction, gold, silver
from athena_transform.errors import QueryFailedError
from athena_transform.lake import Outcome
from athena_transform.staging import GRACE
from running_sandbox import RunningSandbox
from transform_lake import GOLD, HOURLY, SandboxLake, comparable, expected_gold, expected_hourly, expected_silver

from workshop.paths import REPOSITORY
from workshop.sandbox.github import open_source

pytestmark = pytest.mark.sandbox

FIRST, SECOND, THIRD = date(2025, 6, 11), date(2025, 6, 12), date(2025, 6, 13)


@pytest.fixture(scope="module")
def events() -> list[bytes]:
    """The recording, if the machine has it, else generated events; some of them come twice."""
    recording = os.environ.get("LAKEHOUSE_RECORDING")
    return [event.raw for event in open_source(Path(recording) if recording else None).events]


@pytest.fixture
def lake(sandbox: RunningSandbox) -> SandboxLake:
    return SandboxLake({name: sandbox.client(name) for name in ("s3", "glue", "athena")})


def assert_silver_is_complete(lake: SandboxLake) -> None:
    expected = expected_silver(lake.lines)
    actual = lake.files("silver", "github_events_silver/")
    assert comparable(actual, expected.columns) == comparable(expected, expected.columns)


def assert_silver_is_complete_in(lake: SandboxLake, files: Sequence[str]) -> None:
    """Like `assert_silver_is_complete`, of these files alone."""
    expected = expected_silver(lake.lines)
    actual = pd.concat([lake.files("silver", key) for key in files])
    columns = [column for column in expected.columns if column not in {"year", "month"}]
    assert comparable(actual, columns) == comparable(expected, columns)


def live_gold(lake: SandboxLake, expected: pd.DataFrame, table: str) -> list[tuple[object, ...]]:
    """A table of Gold as readers see it, in the columns of what is expected: the files of the folders Glue names."""
    pages = lake.clients["glue"].get_paginator("get_partitions").paginate(DatabaseName=lake.database, TableName=table)
    rows = []
    for partition in (partition for page in pages for partition in page["Partitions"]):
        prefix = partition["StorageDescriptor"]["Location"].removeprefix(f"s3://{lake.bucket('gold')}/")
        frame = lake.files("gold", prefix).assign(ingest_dt=date.fromisoformat(partition["Values"][0]))
        rows += comparable(frame, expected.columns)
    return sorted(rows, key=lambda row: [str(cell) for cell in row])


def assert_gold_is_complete(lake: SandboxLake) -> None:
    for table, expected in ((GOLD, expected_gold(lake.lines)), (HOURLY, expected_hourly(lake.lines))):
        assert live_gold(lake, expected, table) == comparable(expected, expected.columns)


def test_silver_and_gold_hold_what_the_raw_lines_say(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST, SECOND], events)
    distinct = len(expected_silver(lake.lines))
    assert distinct < len(lake.lines), "the polls must overlap for this test to mean anything"

    outcome = silver.run(lake.lake("silver"))
    assert outcome == Outcome("ok", distinct, (FIRST, SECOND))
    assert_silver_is_complete(lake)
    outcome = gold.run(lake.lake("gold"))
    rows = len(expected_gold(lake.lines)) + len(expected_hourly(lake.lines))
    assert outcome == Outcome("ok", rows, (FIRST, SECOND))
    assert_gold_is_complete(lake)

    before = lake.objects("silver") | lake.objects("gold")
    for _ in range(2):
        assert silver.run(lake.lake("silver")) == Outcome("nothing_to_do")
        assert gold.run(lake.lake("gold")) == Outcome("nothing_to_do")
    assert lake.objects("silver") | lake.objects("gold") == before


def documented_queries() -> list[str]:
    """Every statement of the page that tells people how to query the lake."""
    page = (REPOSITORY / "docs" / "datasets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sql\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [query.strip() for block in blocks for query in block.split(";") if query.strip()]


def test_documented_queries_run_and_count_what_pandas_counts(lake: SandboxLake, events: list[bytes]) -> None:
    today = datetime.now(UTC).date()
    lake.put_polls([today - timedelta(days=1), today], events[:900])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    results = {query: lake.query(query) for query in documented_queries()}
    assert len(results) == 12

    [top_types] = [
        rows
        for query, rows in results.items()
        if query.startswith("SELECT event_type, SUM") and "ingest_dt = CURRENT_DATE" in query
    ]
    counts = expected_silver(lake.lines).query("ingest_dt == @today")["event_type"].value_counts()
    assert [int(row[1] or 0) for row in top_types] == counts.head(10).to_list()
    assert all(counts[str(kind)] == int(total or 0) for kind, total in top_types)

    [lineage] = [rows for query, rows in results.items() if "silver_file" in query]
    pushes = expected_silver(lake.lines).query("ingest_dt == @today and event_type == 'PushEvent'")
    found = {str(path): int(count or 0) for _, path, count in lineage}
    assert found == pushes["bronze_path"].value_counts().to_dict()

    quality = [rows for query, rows in results.items() if "copies" in query or "<>" in query]
    assert quality == [[], [], []]


def test_late_and_repeated_events_are_added_once(lake: SandboxLake, events: list[bytes]) -> None:
    old, late, new = events[:1000], events[1000:1200], events[1200:1500]
    lake.put_polls([FIRST, SECOND], old)
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    before = lake.objects("silver")

    lake.put_poll(FIRST, "late", late)
    lake.put_poll(THIRD, "poll", [*old[-100:], *late[:50], *new, *new[:10]])
    silver.run(lake.lake("silver"))
    # Repeated old events keep the day they had.
    assert_silver_is_complete(lake)
    assert before.items() <= lake.objects("silver").items(), "Silver only adds files"
    assert gold.run(lake.lake("gold")).days == (FIRST, THIRD)
    assert_gold_is_complete(lake)


class Watched:
    """A client that calls `after` with the name of each operation it has done, and may change its answer."""

    def __init__(self, client: Any, after: Callable[[str, Any], Any]) -> None:
        self._client = client
        self._after = after

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        if name == "get_paginator":
            return operation

        def watched(**arguments: Any) -> Any:
            return self._after(name, operation(**arguments))

        return watched


def say_failed(operation: str, answer: Any) -> Any:
    """Let a query that has written its files seem to have failed after that, as it would when its commit fails."""
    if operation == "get_query_execution" and answer["QueryExecution"]["Status"]["State"] == "SUCCEEDED":
        answer["QueryExecution"]["Status"] = {"State": "FAILED", "StateChangeReason": "HIVE_WRITER_CLOSE_ERROR"}
    return answer


def test_files_of_a_failed_insert_are_removed_by_its_manifest(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST], events[:600])
    silver.run(lake.lake("silver"))
    before = lake.objects("silver")
    lake.put_poll(SECOND, "poll", events[600:900])
    with pytest.raises(QueryFailedError, match="HIVE_WRITER_CLOSE_ERROR"):
        silver.run(lake.lake("silver", athena=Watched(lake.clients["athena"], say_failed)))
    assert lake.objects("silver") == before
    assert silver.run(lake.lake("silver")).outcome == "ok"
    assert_silver_is_complete(lake)


def test_line_that_is_not_json_fails_with_athenas_reason_and_changes_nothing(
    lake: SandboxLake, events: list[bytes]
) -> None:
    lake.put_polls([FIRST], events[:300])
    silver.run(lake.lake("silver"))
    before = lake.objects("silver")
    lake.put_poll(SECOND, "broken", [events[300], b'{"id": "1", "type": '], states_extent=False)
    with pytest.raises(QueryFailedError, match="HIVE_"):
        silver.run(lake.lake("silver"))
    assert lake.objects("silver") == before


def test_id_that_comes_again_with_another_time_and_without_metadata_stays_one_row(
    lake: SandboxLake, events: list[bytes]
) -> None:
    lake.put_polls([FIRST], events[:300])
    silver.run(lake.lake("silver"))
    before = lake.objects("silver")
    changed = [
        re.sub(rb'"created_at":"[^"]*"', b'"created_at":"2019-02-03T04:05:06Z"', raw, count=0) for raw in events[:50]
    ]
    lake.put_poll(SECOND, "changed", changed)
    lake.put_poll(SECOND, "foreign", events[:100], states_extent=False)
    outcome = silver.run(lake.lake("silver"))
    assert (outcome.rows, outcome.outcome) == (0, "ok")
    assert lake.objects("silver") == before


def test_cost_of_a_run_follows_the_batch_and_not_the_lake(lake: SandboxLake, events: list[bytes]) -> None:
    batch, history = events[:150], events[300:4000]

    def scanned_by(name: str, ids: int) -> int:
        lake.put_poll(THIRD, name, (with_id(raw, ids + number) for number, raw in enumerate(batch)))
        run = lake.lake("silver")
        assert silver.run(run).rows == len(batch)
        return sum(execution.data_scanned_in_bytes for execution in run.athena.executions)

    alone = scanned_by("first", 10**10)
    for number in range(10):
        lake.put_poll(FIRST, f"history-{number}", history[number::10])
    silver.run(lake.lake("silver"))
    assert scanned_by("second", 2 * 10**10) < 1.2 * alone


def with_id(raw: bytes, number: int) -> bytes:
    return re.sub(rb'"id":"\d+"', b'"id":"%d"' % number, raw, count=1)


def test_state_that_got_lost_costs_a_reading_but_no_event(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST, SECOND], events[:900])
    silver.run(lake.lake("silver"))
    s3, bucket = lake.clients["s3"], lake.bucket("silver")
    s3.delete_object(Bucket=bucket, Key="state/silver.json")
    assert silver.run(lake.lake("silver")) == Outcome("nothing_to_do")
    for day in (FIRST, SECOND):
        s3.delete_object(Bucket=bucket, Key=f"state/silver/objects/{day}.json")
    s3.delete_object(Bucket=bucket, Key="state/silver.json")
    assert silver.run(lake.lake("silver")).rows == 0
    lake.put_poll(SECOND, "late", events[800:1000])
    silver.run(lake.lake("silver"))
    assert_silver_is_complete(lake)


def months(lake: SandboxLake) -> dict[str, list[str]]:
    """The files of every month of Silver, as readers see them."""
    folders = lake.lake("silver").silver_partitions()
    bucket = f"s3://{lake.bucket('silver')}/"
    return {month: sorted(lake.objects("silver", folder.removeprefix(bucket))) for month, folder in folders.items()}


def in_pieces(lake: SandboxLake, events: list[bytes], pieces: int) -> None:
    for number in range(pieces):
        lake.put_poll(FIRST, f"poll-{number}", events[number::pieces])
        silver.run(lake.lake("silver"))


SILVER_CONTENT = (
    "SELECT COUNT(*), COUNT(DISTINCT event_id), MIN(created_at), MAX(bronze_path) FROM github_events_silver"
)


def test_compaction_changes_files_and_nothing_else(lake: SandboxLake, events: list[bytes]) -> None:
    in_pieces(lake, events[:600], 5)
    [(month, files)] = months(lake).items()
    assert len(files) == 5
    before = lake.query(SILVER_CONTENT)

    seen: list[list[list[str | None]]] = []

    def look(operation: str, answer: Any) -> Any:
        if operation.startswith(("start_", "create_", "update_", "delete_", "put_", "copy_")):
            seen.append(lake.query(SILVER_CONTENT))
        return answer

    clients = {name: Watched(client, look) for name, client in lake.clients.items()}
    outcome = silver.run(lake.lake("silver", **clients), compact=[month])
    assert outcome == Outcome("ok", compacted=(month,))
    assert len(seen) > 5
    assert all(one == before for one in seen)
    [compacted] = months(lake)[month]
    assert compacted.startswith(f"github_events_silver/compacted/year={month[:4]}/month={month[5:]}/run=")

    # What arrives later goes where the partition points; the old files go after the grace period.
    lake.put_poll(SECOND, "later", events[550:800])
    silver.run(lake.lake("silver"))
    assert len(months(lake)[month]) == 2
    lake.time_passed = GRACE + timedelta(minutes=1)
    silver.run(lake.lake("silver"))
    assert not set(files) & set(lake.objects("silver"))
    assert_silver_is_complete(lake)
    assert silver.run(lake.lake("silver"), compact=[month]).compacted == (month,)
    assert silver.run(lake.lake("silver"), compact=[month]) == Outcome("nothing_to_do")


def test_files_that_are_large_already_are_copied(
    lake: SandboxLake, events: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(lake, events[:600], 3)
    lake.put_poll(SECOND, "large", events[600:2000])
    silver.run(lake.lake("silver"))
    [(month, files)] = months(lake).items()
    sizes = [lake.clients["s3"].head_object(Bucket=lake.bucket("silver"), Key=key)["ContentLength"] for key in files]
    monkeypatch.setattr(compaction, "LARGE_BYTES", max(sizes))
    large = files[sizes.index(max(sizes))]
    silver.run(lake.lake("silver"), compact=[month])
    after = months(lake)[month]
    assert len(after) == 2
    assert [key for key in after if key.endswith(large.rpartition("/")[2])]
    in_both = {key: etag for key, etag in lake.objects("silver").items() if key in after or key in files}
    assert_silver_is_complete_in(lake, after)
    assert len(in_both) == 6


def test_month_with_many_small_files_is_compacted_without_being_asked(
    lake: SandboxLake, events: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MANY_SMALL_FILES", 4)
    in_pieces(lake, events[:400], 5)
    [(_, files)] = months(lake).items()
    assert len(files) == 2
    assert_silver_is_complete_in(lake, files)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(12))
def test_killed_compaction_loses_nothing_and_leaves_nothing(lake: SandboxLake, events: list[bytes], step: int) -> None:
    in_pieces(lake, events[:300], 3)
    [month] = months(lake)
    calls = 0

    def die(operation: str, answer: Any) -> Any:
        nonlocal calls
        if operation.startswith(("start_", "create_", "update_", "delete_", "put_", "copy_")):
            calls += 1
            if calls == step + 1:
                raise Killed
        return answer

    clients = {name: Watched(client, die) for name, client in lake.clients.items()}
    with suppress(Killed):
        silver.run(lake.lake("silver", **clients), compact=[month])
    lake.wait_for_queries()
    lake.time_passed = timedelta(hours=2)
    lake.put_poll(SECOND, "later", events[250:500])
    silver.run(lake.lake("silver"))
    silver.run(lake.lake("silver"), compact=[month])
    lake.time_passed = timedelta(hours=4)
    silver.run(lake.lake("silver"))
    assert lake.objects("silver").keys() == set(months(lake)[month])
    assert_silver_is_complete(lake)


def totals(lake: SandboxLake, day: date) -> list[int]:
    """What readers of the two tables of Gold count for the day."""
    query = f"SELECT SUM(events_count) FROM {{}} WHERE ingest_dt = DATE '{day}'"
    return [int(lake.query(query.format(table))[0][0] or 0) for table in (GOLD, HOURLY)]


def test_readers_see_whole_days_at_every_step(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST], events[:600])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    old = len(expected_silver(lake.lines))
    lake.put_poll(FIRST, "late", events[600:900])
    silver.run(lake.lake("silver"))
    new = len(expected_silver(lake.lines))
    assert old != new

    seen: list[tuple[str, list[int]]] = []

    def look(operation: str, answer: Any) -> Any:
        if operation.startswith(("start_", "create_", "update_", "delete_", "put_")):
            seen.append((operation, totals(lake, FIRST)))
        return answer

    gold.run(lake.lake("gold", **{name: Watched(client, look) for name, client in lake.clients.items()}))
    published = [operation for operation, _ in seen].index("update_partition")
    assert published > 0
    assert [counts for _, counts in seen[:published]] == [[old, old]] * published
    # One call a table.
    assert seen[published : published + 2] == [("update_partition", [new, old]), ("update_partition", [new, new])]
    assert all(counts == [new, new] for _, counts in seen[published + 2 :])


def test_only_days_that_silver_has_changed_are_built(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_poll(FIRST, "poll", events[:300])
    lake.put_poll(SECOND, "poll", events[300:600])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    before = lake.objects("gold")

    lake.put_poll(SECOND, "repeated", events[400:500])
    silver.run(lake.lake("silver"))
    run = lake.lake("gold")
    assert gold.run(run) == Outcome("nothing_to_do"), "what was known already changes nothing"
    assert run.athena.executions == []

    lake.put_poll(SECOND, "new", events[600:700])
    silver.run(lake.lake("silver"))
    run = lake.lake("gold")
    assert gold.run(run).days == (SECOND,)
    # The rules on Silver, two tables written, the rules on what was written.
    assert len(run.athena.executions) == 4
    assert before.items() < lake.objects("gold").items()
    assert_gold_is_complete(lake)


def test_daily_files_are_sorted_by_type_and_repository(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST], events[:900])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    files = lake.objects("gold", f"{GOLD}/")
    assert files
    for key in files:
        rows = list(lake.files("gold", key)[["event_type", "repo_name"]].itertuples(index=False, name=None))
        assert rows == sorted(rows)


def test_reconciling_finds_what_the_states_do_not_know(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST, SECOND], events[:600])
    silver.run(lake.lake("silver"))
    lake.clients["s3"].delete_object(Bucket=lake.bucket("silver"), Key="state/silver.json")
    assert gold.run(lake.lake("gold")) == Outcome("nothing_to_do")
    assert gold.run(lake.lake("gold"), reconcile=True).days == (FIRST, SECOND)
    assert_gold_is_complete(lake)
    assert gold.run(lake.lake("gold"), reconcile=True) == Outcome("nothing_to_do")


def test_day_is_built_from_all_its_months_after_silver_forgot_them(lake: SandboxLake, events: list[bytes]) -> None:
    """A day with events of two months; then Silver's state and ledger get lost, and only one month gets more."""
    may = [re.sub(rb'"created_at":"[^"]*"', b'"created_at":"2025-05-31T23:50:00Z"', raw) for raw in events[:50]]
    june = [re.sub(rb'"created_at":"[^"]*"', b'"created_at":"2025-06-01T00:10:00Z"', raw) for raw in events[50:120]]
    day = date(2025, 6, 1)
    lake.put_poll(day, "both", [*may, *june[:50]])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    for key in ("state/silver.json", f"state/silver/objects/{day}.json"):
        lake.clients["s3"].delete_object(Bucket=lake.bucket("silver"), Key=key)
    lake.put_poll(day, "one", june[50:])
    silver.run(lake.lake("silver"))
    assert gold.run(lake.lake("gold")).days == (day,)
    assert_gold_is_complete(lake)


def test_replaced_folders_go_after_the_grace_period(lake: SandboxLake, events: list[bytes]) -> None:
    lake.put_polls([FIRST], events[:600])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    old = lake.objects("gold")
    lake.put_poll(FIRST, "late", events[600:900])
    silver.run(lake.lake("silver"))
    gold.run(lake.lake("gold"))
    assert old.items() < lake.objects("gold").items()

    lake.time_passed = GRACE + timedelta(minutes=1)
    assert gold.run(lake.lake("gold")) == Outcome("nothing_to_do")
    assert not old.keys() & lake.objects("gold").keys()
    assert_gold_is_complete(lake)
