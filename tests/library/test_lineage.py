"""Lineage without AWS: what is asked of Athena, and what is made of states and objects that are incomplete."""

import io
import json
from datetime import date
from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import ClientError

from workshop import lineage
from workshop.errors import WorkshopError
from workshop.lineage import BronzeObject, literal, trace
from workshop.names import Names

NAMES = Names("dev", "123456789012", "us-east-1")
DAY = date(2024, 1, 1)
RAW, SILVER, GOLD = (f"dp-dev-123456789012-{name}" for name in ("raw", "silver", "gold"))


class FakeS3:
    """Objects by bucket and key: their bytes, or their metadata."""

    def __init__(self, objects: dict[tuple[str, str], Any]) -> None:
        self.objects = objects

    def client(self, service: str) -> "FakeS3":
        assert service == "s3"
        return self

    def _find(self, bucket: str, key: str, code: str) -> Any:
        if (bucket, key) not in self.objects:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "Get")
        return self.objects[bucket, key]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(json.dumps(self._find(Bucket, Key, "NoSuchKey")).encode())}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Metadata": self._find(Bucket, Key, "404")}


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[pd.DataFrame]]:
    """The statements that were run, and the frames that they are answered with."""
    asked: list[str] = []
    answers: list[pd.DataFrame] = []

    def athena_sql(session: Any, *, work_group: str, database: str, sql: str) -> tuple[pd.DataFrame, None]:
        assert (work_group, database) == ("dp-dev-wg", "dp_dev_lake")
        asked.append(" ".join(sql.split()))
        return answers.pop(0), None

    monkeypatch.setattr(lineage, "athena_sql", athena_sql)
    return asked, answers


def lake(built: str = "r2", **more: Any) -> FakeS3:
    entry = {"revision": "r2", "months": ["2023-12", "2024-01"], "first_id": None, "last_id": None}
    states = {
        (SILVER, "state/silver.json"): {"days": {"2024-01-01": entry}},
        (GOLD, "state/gold.json"): {"built": {"2024-01-01": built}},
    }
    return FakeS3(states | {(RAW, key): metadata for key, metadata in more.items()})


def frame(*rows: tuple[str, Any, int]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["silver_path", "bronze_path", "events"])


def gold(events: Any) -> pd.DataFrame:
    return pd.DataFrame({"events": pd.array([events], dtype="Int64")})


def test_files_and_objects_with_what_the_objects_say(queries: tuple[list[str], list[pd.DataFrame]]) -> None:
    _, answers = queries
    answers += [
        gold(9),
        frame(
            ("s3://silver/a", f"s3://{RAW}/full", 2), ("s3://silver/b", f"s3://{RAW}/full", 1),
            ("s3://silver/b", f"s3://{RAW}/bare", 1), ("s3://silver/b", f"s3://{RAW}/gone", 2),
            ("s3://silver/b", None, 3),
        ),
    ]  # fmt: skip
    metadata = {"source": "https://a/1", "received-at": "2024-01-01T01:00:00+00:00", "events": "700"}
    found = trace(lake(full=metadata, bare={}), NAMES, DAY, "WatchEvent", "octo/cat")
    assert [(file.path, file.events) for file in found.files] == [("s3://silver/a", 2), ("s3://silver/b", 7)]
    assert found.files[0].bronze == (
        BronzeObject(f"s3://{RAW}/full", 2, True, "https://a/1", "2024-01-01T01:00:00+00:00", 700),
    )
    assert found.files[1].bronze[1:] == (
        BronzeObject(f"s3://{RAW}/bare", 1),
        BronzeObject(f"s3://{RAW}/gone", 2, exists=False),
        BronzeObject(None, 3),
    )
    assert (found.gold_events, found.silver_events, found.agrees, found.is_stale) == (9, 9, True, False)


def test_silver_is_read_in_the_days_months_only(queries: tuple[list[str], list[pd.DataFrame]]) -> None:
    asked, answers = queries
    answers += [gold(1), frame(("s3://silver/a", f"s3://{RAW}/gone", 1))]
    trace(lake(), NAMES, DAY, "WatchEvent", "o'brien/x")
    in_months = "((year = '2023' AND month = '12') OR (year = '2024' AND month = '01'))"
    events = "ingest_dt = DATE '2024-01-01' AND event_type = 'WatchEvent' AND repo_name = 'o''brien/x'"
    assert asked[0].endswith(f"FROM github_events_gold_daily WHERE {events}")
    assert f"FROM github_events_silver WHERE {in_months} AND {events} GROUP BY" in asked[1]


def test_gold_that_is_behind_silver_is_told_from_gold_that_is_wrong(
    queries: tuple[list[str], list[pd.DataFrame]],
) -> None:
    for built, is_stale in (("r1", True), ("r2", False)):
        queries[1].extend([gold(pd.NA), frame(("s3://silver/a", None, 1))])
        found = trace(lake(built), NAMES, DAY, "WatchEvent", "octo/cat")
        assert (found.gold_events, found.agrees, found.is_stale) == (0, False, is_stale)


def test_nothing_at_all_is_an_error_with_a_way_out(queries: tuple[list[str], list[pd.DataFrame]]) -> None:
    queries[1].extend([gold(pd.NA), frame()])
    with pytest.raises(WorkshopError, match="There is no WatchEvent in octo/cat on 2024-01-01"):
        trace(lake(), NAMES, DAY, "WatchEvent", "octo/cat")
    for world in (lake(), FakeS3({})):
        with pytest.raises(
            WorkshopError, match=r"Silver has no events of 2024-01-02\. .*`workshop backfill 2024-01-02`"
        ):
            trace(world, NAMES, date(2024, 1, 2), "WatchEvent", "octo/cat")


def test_a_literal_cannot_end_early() -> None:
    assert literal("a' OR 'b'='b") == "'a'' OR ''b''=''b'"
