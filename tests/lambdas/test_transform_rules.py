"""Each quality rule against the sandbox's Athena: rows that break it, counted by hand, and rows that only just do not.

Silver's files, its state and its ledger are put there by the tests, because Silver itself writes no such rows.
"""

import gzip
import io
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena_transform import gold
from athena_transform.errors import QualityError
from athena_transform.lake import Outcome
from running_sandbox import RunningSandbox
from transform_lake import GOLD, HOURLY, QUALITY, SILVER, SandboxLake

pytestmark = pytest.mark.sandbox

DAY = date(2025, 6, 11)
NOON = datetime(2025, 6, 11, 12)
SILVER_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("created_at", pa.timestamp("ms")),
        ("event_date", pa.date32()),
        ("repo_id", pa.int64()),
        ("repo_name", pa.string()),
        ("actor_id", pa.int64()),
        ("actor_login", pa.string()),
        ("is_bot", pa.bool_()),
        ("ingest_dt", pa.date32()),
    ]
)
HOURLY_SCHEMA = pa.schema(
    [
        ("hour", pa.timestamp("ms")),
        ("event_type", pa.string()),
        ("is_bot", pa.bool_()),
        ("events_count", pa.int64()),
    ]
)
DAILY_SCHEMA = pa.schema(
    [
        ("event_type", pa.string()),
        ("repo_id", pa.int64()),
        ("repo_name", pa.string()),
        ("events_count", pa.int64()),
    ]
)


def event(number: int, **fields: Any) -> dict[str, Any]:
    """A row of Silver as it should be, but for the fields given; `event_date` follows `created_at`."""
    created_at = fields.get("created_at", NOON)
    return {
        "event_id": f"{1000 + number}",
        "event_type": "PushEvent",
        "created_at": created_at,
        "event_date": created_at.date(),
        "repo_id": 7,
        "repo_name": "octo/repo",
        "actor_id": 9,
        "actor_login": "someone",
        "is_bot": False,
        "ingest_dt": DAY,
        **fields,
    }


def parquet(rows: list[dict[str, Any]], schema: pa.Schema) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), buffer)
    return buffer.getvalue()


class RuleLake(SandboxLake):
    """A lake whose Silver and Gold are written by hand."""

    def put_silver(self, rows: Iterable[dict[str, Any]], month: str = "2025-06", name: str = "part-0") -> None:
        """A file of Silver, in the partition of a month."""
        year, number = month.split("-")
        self.put("silver", f"{SILVER}/year={year}/month={number}/{name}", parquet(list(rows), SILVER_SCHEMA))
        self.point(SILVER, [year, number], f"s3://{self.bucket('silver')}/{SILVER}/year={year}/month={number}/")

    def put_state(self, months: Iterable[str] = ("2025-06",), *, days: Iterable[date] = (DAY,), **entry: Any) -> None:
        """Silver's state: the days, whose rows may lie in these months, with ids from 1000 to 1999 unless said."""
        fields = {"revision": "r1", "months": list(months), "first_id": "1000", "last_id": "1999", **entry}
        document = {"days": {day.isoformat(): fields for day in days}}
        self.put("silver", "state/silver.json", json.dumps(document).encode())

    def put_bronze(self, name: str, ids: Iterable[str], *, read: bool = True) -> None:
        """An object of Bronze, and its entry in the ledger of what Silver has read."""
        key = f"github/events/ingest_dt={DAY}/{name}"
        lines = [json.dumps({"id": one, "created_at": "2025-06-11T12:00:00Z"}) for one in ids]
        etag = self.put("raw", key, gzip.compress("\n".join(lines).encode()))
        if read:
            document = {"objects": {name: etag}}
            self.put("silver", f"state/silver/objects/{DAY}.json", json.dumps(document).encode())

    def put_recent(self, counts: Iterable[int], *, until: date = DAY) -> None:
        """Days of hourly Gold before a day: the newest first, so many events each."""
        for number, count in enumerate(counts, start=1):
            day = until - timedelta(days=number)
            row = {"hour": NOON, "event_type": "PushEvent", "is_bot": False, "events_count": count}
            prefix = f"{HOURLY}/ingest_dt={day}/run=before/"
            self.put("gold", f"{prefix}part-0", parquet([row], HOURLY_SCHEMA))
            self.point(HOURLY, [day.isoformat()], f"s3://{self.bucket('gold')}/{prefix}")

    def put(self, layer: str, key: str, body: bytes) -> str:
        etag: str = self.clients["s3"].put_object(Bucket=self.bucket(layer), Key=key, Body=body)["ETag"]
        return etag

    def point(self, table: str, values: list[str], location: str) -> None:
        """Register a partition, unless it is there."""
        glue = self.clients["glue"]
        descriptor = glue.get_table(DatabaseName=self.database, Name=table)["Table"]["StorageDescriptor"]
        partition = {"Values": values, "StorageDescriptor": {**descriptor, "Location": location}}
        with suppress(glue.exceptions.AlreadyExistsException):
            glue.create_partition(DatabaseName=self.database, TableName=table, PartitionInput=partition)

    def check(self, **clients: Any) -> dict[str, float]:
        """Run Gold; the rules about DAY that failed, with what they observed, as the table of results has it."""
        before = set(self.results())
        self.outcome, self.error = None, None
        try:
            self.outcome = gold.run(self.lake("gold", **clients))
        except QualityError as error:
            self.outcome, self.error = error.outcome, str(error)
        [key] = set(self.results()) - before
        run_id = key.rsplit("/", 1)[1].removesuffix(".json.gz")
        rows = self.query(
            "SELECT table_name, rule, CAST(observed AS varchar) FROM github_events_quality"
            f" WHERE run_id = '{run_id}' AND NOT passed AND ingest_day = DATE '{DAY}' AND rule <> 'data_is_fresh'"
        )
        return {f"{str(table).removeprefix('github_events_')}.{rule}": float(str(seen)) for table, rule, seen in rows}

    def results(self) -> list[str]:
        pages = self.clients["s3"].list_objects_v2(Bucket=self.bucket("gold"), Prefix=f"{QUALITY}/")
        return [item["Key"] for item in pages.get("Contents", [])]

    def published(self, day: date = DAY) -> list[list[str | None]]:
        """What readers of both tables of Gold count for the day."""
        return [
            self.query(f"SELECT SUM(events_count) FROM {table} WHERE ingest_dt = DATE '{day}'")[0]
            for table in (GOLD, HOURLY)
        ]


@pytest.fixture
def lake(sandbox: RunningSandbox) -> RuleLake:
    return RuleLake({name: sandbox.client(name) for name in ("s3", "glue", "athena")})


def test_day_that_keeps_all_rules_is_published(lake: RuleLake) -> None:
    lake.put_silver(event(number) for number in range(5))
    lake.put_state()
    assert lake.check() == {}
    assert lake.outcome == Outcome("ok", 2, (DAY,)), "one row in each table"
    assert lake.published() == [["5"], ["5"]]


UTC_NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
IN_TWO_DAYS, TOMORROW = UTC_NOW + timedelta(days=2), UTC_NOW + timedelta(hours=23)


@pytest.mark.parametrize(
    ("rows", "month", "broken"),
    [
        ([event(1), event(1), event(1), event(2)], "2025-06", {"silver.event_id_unique": 2}),
        # A copy that counts to another day counts, too.
        ([event(1), event(1, ingest_dt=date(2025, 6, 10))], "2025-06", {"silver.event_id_unique": 1}),
        ([event(1, event_type=None), event(2)], "2025-06", {"silver.required_fields_present": 1}),
        ([event(1, repo_id=None), event(2, event_id=None)], "2025-06", {"silver.required_fields_present": 1}),
        (
            [event(1, created_at=datetime(2025, 5, 31, 23, 59, 59)), event(2)],
            "2025-06",
            {"silver.partition_matches_created_at": 1},
        ),
        ([event(1, event_date=date(2025, 6, 10)), event(2)], "2025-06", {"silver.event_date_matches_created_at": 1}),
        ([event(1, event_date=None), event(2)], "2025-06", {"silver.event_date_matches_created_at": 1}),
        ([event(1, created_at=datetime(2011, 2, 11, 23, 59, 59))], "2011-02", {"silver.created_at_plausible": 1}),
        ([event(1, created_at=datetime(2011, 2, 12))], "2011-02", {}),
        ([event(1, created_at=IN_TWO_DAYS)], f"{IN_TWO_DAYS:%Y-%m}", {"silver.created_at_plausible": 1}),
        ([event(1, created_at=TOMORROW)], f"{TOMORROW:%Y-%m}", {}),
        ([event(1, actor_login="x[bot]"), event(2)], "2025-06", {"silver.bot_flag_matches_login": 1}),
        ([event(1, is_bot=True), event(2, is_bot=None)], "2025-06", {"silver.bot_flag_matches_login": 2}),
        ([event(1, actor_login=None)], "2025-06", {"silver.bot_flag_matches_login": 1}),
        ([event(1, actor_login="x[bot]", is_bot=True), event(2, actor_login=None, is_bot=None)], "2025-06", {}),
        ([event(1, actor_login="[bot", is_bot=False), event(2, actor_login="", is_bot=False)], "2025-06", {}),
    ],
)
def test_rows_that_break_a_blocking_rule_keep_the_day_back(
    lake: RuleLake, rows: list[dict[str, Any]], month: str, broken: dict[str, float]
) -> None:
    lake.put_silver(rows, month)
    lake.put_state([month])
    assert lake.check() == broken
    assert lake.published() == ([[None], [None]] if broken else [[str(len(rows))]] * 2)
    assert (lake.error is not None) == bool(broken)


def test_copy_in_another_month_is_found(lake: RuleLake) -> None:
    """The months' ranges of ids say where a copy could be; without them, it could be anywhere."""
    lake.put_silver([event(1)])
    lake.put_silver([event(1, created_at=datetime(2024, 1, 1), ingest_dt=date(2024, 1, 1))], "2024-01")
    lake.put_state()
    assert lake.check() == {"silver.event_id_unique": 1}


def test_unknown_type_is_a_warning(lake: RuleLake) -> None:
    lake.put_silver([event(1, event_type="SurpriseEvent"), event(2, event_type="DiscussionEvent"), event(3)])
    lake.put_state()
    assert lake.check() == {"silver.event_type_known": 1}
    assert lake.published() == [["3"], ["3"]]


def test_event_of_bronze_that_silver_does_not_hold_keeps_the_day_back(lake: RuleLake) -> None:
    lake.put_silver([event(1), event(2)])
    # The third came first on another day; the fourth and fifth got lost, one of them was received twice.
    lake.put_silver([event(3, ingest_dt=date(2025, 6, 10))], name="part-1")
    lake.put_bronze("a.json.gz", ["1001", "1002", "1003", "1004", "1005", "1004"])
    lake.put_state()
    assert lake.check() == {"silver.complete_against_bronze": 2}
    assert lake.error is not None
    assert "complete_against_bronze: observed 2, allowed 0" in lake.error
    # Silver is mended; the next run publishes the day, although no revision has changed.
    lake.put_silver([event(4), event(5)], name="part-2")
    assert lake.check() == {}
    assert lake.published() == [["4"], ["4"]]


def test_event_that_silver_has_not_read_yet_is_not_missed(lake: RuleLake) -> None:
    lake.put_silver([event(1)])
    lake.put_bronze("b.json.gz", ["1001"])
    lake.put_bronze("c.json.gz", ["1002"], read=False)
    lake.put_state()
    assert lake.check() == {}


def test_event_of_bronze_is_found_in_a_month_that_holds_no_rows_of_the_day(lake: RuleLake) -> None:
    lake.put_silver([event(1)])
    lake.put_silver([event(2, created_at=datetime(2025, 5, 31), ingest_dt=date(2025, 5, 31))], "2025-05")
    lake.put_bronze("a.json.gz", ["1001", "1002"])
    lake.put_state(["2025-06"])
    assert lake.check() == {}


def test_old_day_is_not_replaced_by_fewer_events(lake: RuleLake) -> None:
    lake.put_silver([event(1), event(2)])
    lake.put_silver([event(3)], name="part-1")
    lake.put_state()
    assert lake.check() == {}
    # A file of Silver expires, years later; then a late event arrives.
    lake.clients["s3"].delete_object(Bucket=lake.bucket("silver"), Key=f"{SILVER}/year=2025/month=06/part-0")
    lake.put_state(revision="r2")
    assert lake.check() == {"silver.old_day_has_not_shrunk": 2}
    assert lake.published() == [["3"], ["3"]]


def test_new_day_may_shrink(lake: RuleLake) -> None:
    """Rows of an insert that failed were visible while Gold was built, and have been removed."""
    today = UTC_NOW.date()
    month = f"{UTC_NOW:%Y-%m}"
    for number, name in enumerate(("part-0", "part-1")):
        lake.put_silver([event(number, created_at=UTC_NOW, ingest_dt=today)], month, name)
    lake.put_state([month], days=[today])
    gold.run(lake.lake("gold"))
    assert lake.published(today) == [["2"], ["2"]]
    year, number = month.split("-")
    lake.clients["s3"].delete_object(Bucket=lake.bucket("silver"), Key=f"{SILVER}/year={year}/month={number}/part-1")
    lake.put_state([month], days=[today], revision="r2")
    gold.run(lake.lake("gold"))
    assert lake.published(today) == [["1"], ["1"]]


@pytest.mark.parametrize(
    ("recent", "events", "broken"),
    [
        # The median of seven days of 1, 2, 10, 10, 10, 500 and 900 events is 10.
        ([1, 900, 10, 2, 10, 500, 10], 50, {}),
        ([1, 900, 10, 2, 10, 500, 10], 51, {"silver.volume_is_usual": 5.1}),
        ([1, 900, 10, 2, 10, 500, 10], 2, {}),
        ([1, 900, 10, 2, 10, 500, 10], 1, {"silver.volume_is_usual": 10}),
        # Six days are no measure; nor are days that are more than four weeks ago.
        ([10] * 6, 51, {}),
        ([10] * 20 + [1000] * 30, 100, {"silver.volume_is_usual": 10}),
    ],
)
def test_unusual_volume_is_a_warning(lake: RuleLake, recent: list[int], events: int, broken: dict[str, float]) -> None:
    lake.put_silver(event(number) for number in range(events))
    lake.put_state()
    lake.put_recent(recent)
    assert lake.check() == broken
    assert lake.published() == [[str(events)], [str(events)]]


def test_day_that_is_not_over_cannot_be_unusual(lake: RuleLake) -> None:
    today, month = UTC_NOW.date(), f"{UTC_NOW:%Y-%m}"
    lake.put_silver([event(1, created_at=UTC_NOW, ingest_dt=today)], month)
    lake.put_state([month], days=[today])
    lake.put_recent([10] * 10, until=today)
    assert gold.run(lake.lake("gold")).quality_warnings == 0


class Tampering:
    """Athena's client, but that something happens to the files of each UNLOAD to a table before it is called done."""

    def __init__(self, lake: RuleLake, table: str, rows: list[dict[str, Any]], *, instead: bool) -> None:
        self._lake = lake
        self._table = table
        self._rows = rows
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lake.clients["athena"], name)

    def get_query_execution(self, **arguments: Any) -> Any:
        answer = self._lake.clients["athena"].get_query_execution(**arguments)
        execution = answer["QueryExecution"]
        if execution["Status"]["State"] == "SUCCEEDED" and execution.get("SubstatementType") == "UNLOAD":
            target = execution["Query"].split("TO '")[1].split("'")[0]
            key = target.removeprefix(f"s3://{self._lake.bucket('gold')}/")
            if key.startswith(f"{self._table}/"):
                self._tamper(key)
        return answer

    def _tamper(self, folder: str) -> None:
        bucket = self._lake.bucket("gold")
        if self._instead:
            for item in self._lake.clients["s3"].list_objects_v2(Bucket=bucket, Prefix=folder).get("Contents", []):
                self._lake.clients["s3"].delete_object(Bucket=bucket, Key=item["Key"])
        if self._rows:
            schema = DAILY_SCHEMA if self._table == GOLD else HOURLY_SCHEMA
            self._lake.put("gold", f"{folder}tampered", parquet(self._rows, schema))


def count(events: int | None, kind: str | None = "PushEvent") -> dict[str, Any]:
    return {"event_type": kind, "events_count": events}


@pytest.mark.parametrize("table", [GOLD, HOURLY])
@pytest.mark.parametrize(
    ("rows", "instead", "broken"),
    [
        ([], True, {"sum_matches_silver": 3}),
        ([count(2)], True, {"sum_matches_silver": 1}),
        ([count(2)], False, {"sum_matches_silver": 2}),
        ([count(0), count(3)], True, {"counts_are_positive": 1}),
        ([count(-1), count(None), count(4)], True, {"counts_are_positive": 2}),
        ([count(1, None), count(2)], True, {"event_type_present": 1}),
    ],
)
def test_folder_that_is_not_as_it_should_be_is_not_published(
    lake: RuleLake, table: str, rows: list[dict[str, Any]], instead: bool, broken: dict[str, float]
) -> None:
    lake.put_silver([event(1), event(2), event(3)])
    lake.put_state()
    name = table.removeprefix("github_events_")
    tampering = Tampering(lake, table, rows, instead=instead)
    assert lake.check(athena=tampering) == {f"{name}.{rule}": observed for rule, observed in broken.items()}
    assert lake.published() == [[None], [None]], "neither table shows the day"
