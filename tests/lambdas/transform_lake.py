"""A small lake in the sandbox: buckets, catalog and work group made with boto3, and Bronze objects to fill it.

Tables are written down here once more, by hand, so that these tests do not depend on Terraform's.
"""

import gzip
import io
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from athena_transform.athena import Athena, Query
from athena_transform.deadline import Deadline
from athena_transform.lake import Lake
from athena_transform.settings import Settings
from transform_fakes import FakeClock

BRONZE, SILVER, GOLD = "github_events_bronze", "github_events_silver", "github_events_gold_daily"
QUARANTINE = "github_events_quarantine"
HOURLY, QUALITY = "github_events_gold_hourly", "github_events_quality"
HIVE = "org.apache.hadoop.hive.ql.io"
TEXT_FORMAT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": f"{HIVE}.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
}
PARQUET_FORMAT = {
    "InputFormat": f"{HIVE}.parquet.MapredParquetInputFormat",
    "OutputFormat": f"{HIVE}.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": f"{HIVE}.parquet.serde.ParquetHiveSerDe"},
}
PARQUET_PARAMETERS = {"EXTERNAL": "TRUE", "classification": "parquet", "parquet.compression": "ZSTD"}
BRONZE_COLUMNS = (
    "id string, type string, actor struct<id:bigint;login:string;display_login:string>, "
    "repo struct<id:bigint;name:string>, "
    "payload struct<action:string;ref:string;ref_type:string;size:int;distinct_size:int;number:int>, "
    "public boolean, created_at string, org struct<id:bigint;login:string>"
)
SILVER_COLUMNS = (
    "event_id string, event_type string, created_at timestamp, event_date date, repo_id bigint, repo_name string, "
    "actor_id bigint, actor_login string, is_bot boolean, org_login string, action string, ref string, "
    "ref_type string, push_size int, number int, ingest_dt date, bronze_path string"
)
GOLD_COLUMNS = "event_type string, repo_id bigint, repo_name string, events_count bigint"
HOURLY_COLUMNS = "hour timestamp, event_type string, is_bot boolean, events_count bigint"
QUARANTINE_COLUMNS = (
    "reason string, source string, byte_offset bigint, raw string, raw_bytes bigint, encoding string, "
    "truncated boolean, received_at timestamp"
)
QUALITY_COLUMNS = (
    "run_id string, checked_at timestamp, ingest_day date, table_name string, rule string, blocking boolean, "
    "passed boolean, observed double, maximum double, revision string"
)


def projection(key: str, location: str) -> dict[str, str]:
    """The parameters of a table of JSON whose days are computed."""
    return {
        "EXTERNAL": "TRUE",
        "classification": "json",
        "projection.enabled": "true",
        f"projection.{key}.type": "date",
        f"projection.{key}.format": "yyyy-MM-dd",
        f"projection.{key}.range": "2015-01-01,NOW",
        "storage.location.template": f"{location}{key}=${{{key}}}/",
    }


@dataclass(frozen=True)
class Line:
    """One line of Bronze, as it was put there; `arrival` counts up with every Silver run that came before it."""

    raw: bytes
    day: date
    path: str
    key: str
    arrival: int


@dataclass
class SandboxLake:
    """One lake of its own, so that tests do not see each other's. `lines` is everything ever put into Bronze."""

    clients: dict[str, Any]
    name: str = field(default_factory=lambda: f"dp-t{uuid.uuid4().hex[:8]}")
    lines: list[Line] = field(default_factory=list)
    time_passed: timedelta = timedelta()
    silver_runs: int = 0

    def __post_init__(self) -> None:
        self.database = f"{self.name.replace('-', '_')}_lake"
        self.work_group = f"{self.name}-wg"
        for layer in ("raw", "silver", "gold"):
            self.clients["s3"].create_bucket(Bucket=self.bucket(layer))
        self.clients["glue"].create_database(DatabaseInput={"Name": self.database})
        bronze = f"s3://{self.bucket('raw')}/github/events/"
        silver = f"s3://{self.bucket('silver')}/{SILVER}/"
        gold, hourly, quality = (f"s3://{self.bucket('gold')}/{table}/" for table in (GOLD, HOURLY, QUALITY))
        self._create_table(
            BRONZE, bronze, BRONZE_COLUMNS, "ingest_dt string", TEXT_FORMAT, projection("ingest_dt", bronze)
        )
        self._create_table(
            SILVER, silver, SILVER_COLUMNS, "year string, month string", PARQUET_FORMAT, PARQUET_PARAMETERS
        )
        self._create_table(GOLD, gold, GOLD_COLUMNS, "ingest_dt date", PARQUET_FORMAT, PARQUET_PARAMETERS)
        self._create_table(HOURLY, hourly, HOURLY_COLUMNS, "ingest_dt date", PARQUET_FORMAT, PARQUET_PARAMETERS)
        self._create_table(
            QUALITY, quality, QUALITY_COLUMNS, "run_dt string", TEXT_FORMAT, projection("run_dt", quality)
        )
        quarantine = f"s3://{self.bucket('raw')}/quarantine/github/events/"
        self._create_table(
            QUARANTINE,
            quarantine,
            QUARANTINE_COLUMNS,
            "ingest_dt string",
            TEXT_FORMAT,
            projection("ingest_dt", quarantine),
        )
        results = {"OutputLocation": f"s3://{self.bucket('gold')}/athena-results/"}
        self.clients["athena"].create_work_group(
            Name=self.work_group,
            Configuration={"EnforceWorkGroupConfiguration": True, "ResultConfiguration": results},
        )

    def _create_table(
        self, name: str, location: str, columns: str, keys: str, form: dict[str, Any], parameters: dict[str, str]
    ) -> None:
        def described(text: str) -> list[dict[str, str]]:
            pairs = (column.split(" ", 1) for column in text.split(", "))
            return [{"Name": name, "Type": kind.replace(";", ",")} for name, kind in pairs]

        table = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": described(keys),
            "StorageDescriptor": {"Columns": described(columns), "Location": location, **form},
        }
        self.clients["glue"].create_table(DatabaseName=self.database, TableInput=table)

    def bucket(self, layer: str) -> str:
        return f"{self.name}-123456789012-{layer}"

    def lake(self, transform: str, clock: FakeClock | None = None, **clients: Any) -> Lake:
        """What a run works with; `clients` takes the place of the real ones, `clock` says when Lambda ends the run."""
        chosen = self.clients | clients
        self.silver_runs += transform == "silver"
        bucket = self.bucket(transform)
        environment = {
            "TRANSFORM": transform,
            "DATABASE": self.database,
            "WORK_GROUP": self.work_group,
            "SILVER_BUCKET": self.bucket("silver"),
            "GOLD_BUCKET": self.bucket("gold"),
            "STATE_BUCKET": bucket,
            "STATE_PREFIX": "state/",
        }
        settings = Settings.from_environment(environment)
        deadline = Deadline(clock or FakeClock())
        athena = Athena(chosen["athena"], database=self.database, work_group=self.work_group, deadline=deadline)
        return Lake(settings, chosen["s3"], chosen["glue"], athena, deadline, "test", self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.time_passed

    def put_poll(self, day: date, name: str, events: Iterable[bytes], *, states_extent: bool = True) -> None:
        """One Bronze object, as the ingestor writes them; without metadata, as somebody else might."""
        key = f"github/events/ingest_dt={day}/{name}.json.gz"
        lines = [Line(raw, day, f"s3://{self.bucket('raw')}/{key}", key, self.silver_runs) for raw in events]
        body = gzip.compress(b"".join(line.raw + b"\n" for line in lines))
        metadata = extent_metadata(line.raw for line in lines) if states_extent and lines else {}
        self.clients["s3"].put_object(Bucket=self.bucket("raw"), Key=key, Body=body, Metadata=metadata)
        self.lines += lines

    def put_polls(
        self, days: Sequence[date], events: Sequence[bytes], *, per_poll: int = 300, overlap: int = 40
    ) -> None:
        """The events over the days, in polls that each repeat the last events of the one before, also over midnight."""
        starts = range(0, len(events), per_poll - overlap)
        for number, start in enumerate(starts):
            day = days[number * len(days) // len(starts)]
            self.put_poll(day, f"poll-{number:04}", events[start : start + per_poll])

    def objects(self, layer: str, prefix: str = "") -> dict[str, str]:
        """Key -> ETag of everything in a bucket but the state and the results of queries and quality rules."""
        pages = self.clients["s3"].get_paginator("list_objects_v2").paginate(Bucket=self.bucket(layer), Prefix=prefix)
        found = {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}
        others = ("state/", "athena-results/", f"{QUALITY}/")
        return {key: etag for key, etag in found.items() if not key.startswith(others)}

    def files(self, layer: str, prefix: str) -> pd.DataFrame:
        """The rows of a folder's Parquet files, read without Athena; Hive-style folders become columns of text."""
        frames = []
        for key in sorted(self.objects(layer, prefix)):
            body = self.clients["s3"].get_object(Bucket=self.bucket(layer), Key=key)["Body"].read()
            frame = pq.ParquetFile(io.BytesIO(body)).read().to_pandas(date_as_object=True)
            folders = (part.split("=", 1) for part in key.split("/") if "=" in part)
            frames.append(frame.assign(**dict(folders)))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def wait_for_queries(self) -> None:
        """Return when no query runs. Time that a test lets pass at once does not pass for them."""
        athena = self.clients["athena"]
        listed = athena.list_query_executions(WorkGroup=self.work_group)["QueryExecutionIds"]
        for one in listed:
            while True:
                execution = athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]
                if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                    break

    def query(self, sql: str) -> list[list[str | None]]:
        """What an analyst gets."""
        athena = self.lake("gold").athena
        return list(athena.rows(athena.run(Query(sql)).query_execution_id))


def extent_metadata(events: Iterable[bytes]) -> dict[str, str]:
    """The metadata of an object that holds these events."""
    documents = [json.loads(event) for event in events]
    ids, times = ([document[name] for document in documents] for name in ("id", "created_at"))
    return {
        "events": str(len(documents)),
        "first-id": min(ids),
        "last-id": max(ids),
        "first-created-at": min(times),
        "last-created-at": max(times),
    }


def expected_silver(lines: Iterable[Line]) -> pd.DataFrame:
    """What Silver must hold, computed from the raw lines alone: of an id's copies, the one that a run saw first."""
    records = []
    for line in lines:
        event = json.loads(line.raw)
        payload, org = event["payload"], event.get("org") or {}
        records.append(
            {
                "event_id": event["id"],
                "event_type": event["type"],
                "created_at": event["created_at"],
                "repo_id": event["repo"]["id"],
                "repo_name": event["repo"]["name"],
                "actor_id": event["actor"]["id"],
                "actor_login": event["actor"]["login"],
                "org_login": org.get("login"),
                "action": payload.get("action"),
                "ref": payload.get("ref"),
                "ref_type": payload.get("ref_type"),
                "push_size": payload.get("size"),
                "number": payload.get("number"),
                "ingest_dt": line.day,
                "bronze_path": line.path,
                "key": line.key,
                "arrival": line.arrival,
            }
        )
    order = ["arrival", "ingest_dt", "key"]
    frame = pd.DataFrame(records).sort_values(order, kind="stable").drop_duplicates("event_id")
    created_at = pd.to_datetime(frame["created_at"], utc=True).dt.tz_localize(None)
    return frame.drop(columns=["key", "arrival"]).assign(
        created_at=created_at,
        event_date=created_at.dt.date,
        is_bot=frame["actor_login"].str.endswith("[bot]"),
        year=created_at.dt.strftime("%Y"),
        month=created_at.dt.strftime("%m"),
    )


def expected_gold(lines: Iterable[Line]) -> pd.DataFrame:
    """What Gold must hold, computed from the raw lines alone."""
    keys = ["ingest_dt", "event_type", "repo_id", "repo_name"]
    return expected_silver(lines).groupby(keys).size().rename("events_count").reset_index()


def expected_hourly(lines: Iterable[Line]) -> pd.DataFrame:
    """What the hourly table must hold, computed from the raw lines alone."""
    silver = expected_silver(lines)
    hours = silver.assign(hour=silver["created_at"].dt.floor("h"))
    keys = ["ingest_dt", "hour", "event_type", "is_bot"]
    return hours.groupby(keys, dropna=False).size().rename("events_count").reset_index()


def comparable(frame: pd.DataFrame, columns: Iterable[str]) -> list[tuple[object, ...]]:
    """Rows in one order and with one kind of NULL, so that frames from different readers can be equal."""
    ordered = frame[list(columns)]
    rows = (tuple(None if pd.isna(cell) else cell for cell in row) for row in ordered.itertuples(index=False))
    return sorted(rows, key=lambda row: [str(cell) for cell in row])
