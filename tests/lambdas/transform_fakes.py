"""In-memory S3, Athena and Glue for the transforms' unit tests, and a clock that only sleeping moves.

Each fake keeps the one rule of its service that the code relies on: S3's conditional writes, Athena's request tokens,
Glue's all-or-nothing partition calls. `journal` is the order in which things happened, across the three of them.
"""

# ruff: noqa: N803 (boto3 spells its arguments like this)

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from athena_transform.athena import Athena
from athena_transform.deadline import Deadline
from athena_transform.lake import Lake
from athena_transform.settings import Settings
from botocore.exceptions import ClientError

RAW, SILVER, GOLD = "dp-test-raw", "dp-test-silver", "dp-test-gold"
START = datetime(2020, 12, 31, 12, tzinfo=UTC)


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Fake"
    )


class FakeClock:
    """Time stands still except while someone sleeps. Is also the Lambda context, with a time limit in seconds."""

    aws_request_id = "request-1"
    function_name = "dp-test-transform"

    def __init__(self, limit: float = 300) -> None:
        self.time = START
        self.killed_at = START + timedelta(seconds=limit)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += timedelta(seconds=seconds)
        assert self.time < self.killed_at, "Lambda has killed the invocation"

    def get_remaining_time_in_millis(self) -> int:
        return int((self.killed_at - self.time).total_seconds() * 1000)

    def new_invocation(self, after: timedelta = timedelta(), limit: float = 300) -> None:
        self.time += after
        self.killed_at = self.time + timedelta(seconds=limit)


class FakeS3:
    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.objects: dict[tuple[str, str], bytes] = {}
        self.metadata: dict[tuple[str, str], dict[str, str]] = {}
        self.modified: dict[tuple[str, str], datetime] = {}
        self.before_put: Callable[[], None] = lambda: None
        self.after_put: Callable[[], None] = lambda: None

    def etag(self, bucket: str, key: str) -> str:
        return f'"{hashlib.md5(self.objects[bucket, key]).hexdigest()}"'

    def keys(self, bucket: str) -> set[str]:
        return {key for owner, key in self.objects if owner == bucket}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **options: str) -> dict[str, str]:
        self.before_put()
        exists = (Bucket, Key) in self.objects
        if "IfMatch" in options and not exists:
            raise client_error("NoSuchKey", 404)
        if options.get("IfNoneMatch") == "*" and exists:
            raise client_error("PreconditionFailed", 412)
        if "IfMatch" in options and options["IfMatch"] != self.etag(Bucket, Key):
            raise client_error("PreconditionFailed", 412)
        self.objects[Bucket, Key] = Body
        self.after_put()
        return {"ETag": self.etag(Bucket, Key)}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise client_error("NoSuchKey", 404)
        return {"Body": io.BytesIO(self.objects[Bucket, Key]), "ETag": self.etag(Bucket, Key)}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        assert len(Delete["Objects"]) <= 1000
        for item in Delete["Objects"]:
            self.journal.append(f"delete {item['Key']}")
            self.objects.pop((Bucket, item["Key"]), None)
        return {}

    def get_paginator(self, operation: str) -> "FakeS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, StartAfter: str = "") -> Iterator[dict[str, Any]]:
        keys = sorted(key for key in self.keys(Bucket) if key.startswith(Prefix) and key > StartAfter)
        for start in range(0, len(keys), 2):
            yield {"Contents": [self._listed(Bucket, key) for key in keys[start : start + 2]]}
        if not keys:
            yield {}

    def _listed(self, bucket: str, key: str) -> dict[str, Any]:
        size, modified = len(self.objects[bucket, key]), self.modified.get((bucket, key), START)
        return {"Key": key, "ETag": self.etag(bucket, key), "Size": size, "LastModified": modified}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Metadata": self.metadata.get((Bucket, Key), {}), "ETag": self.etag(Bucket, Key)}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str]) -> None:
        self.journal.append(f"copy {CopySource['Key']}")
        self.objects[Bucket, Key] = self.objects[CopySource["Bucket"], CopySource["Key"]]


@dataclass
class Scripted:
    """What will happen to the next query, which must contain `contains`. The last state stays."""

    contains: str
    states: list[str] = field(default_factory=lambda: ["RUNNING", "SUCCEEDED"])
    rows: list[list[str | None]] = field(default_factory=list)
    update_count: int = 0
    manifest: str | None = None
    effect: Callable[[dict[str, Any]], None] = lambda request: None


class FakeAthena:
    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.script: list[Scripted] = []
        self.queries: dict[str, Scripted] = {}
        self.requests: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.refusals: list[ClientError] = []

    def start_query_execution(self, **request: Any) -> dict[str, str]:
        if self.refusals:
            raise self.refusals.pop(0)
        token = request["ClientRequestToken"]
        if token not in self.tokens:
            scripted = self.script.pop(0)
            assert scripted.contains in request["QueryString"]
            query_id = f"query-{len(self.queries) + 1}"
            self.journal.append(f"start {query_id} {scripted.contains}")
            self.tokens[token], self.queries[query_id], self.requests[query_id] = query_id, scripted, request
            scripted.effect(request)
        query_id = self.tokens[token]
        assert self.requests[query_id] == request, "Idempotent parameters do not match"
        return {"QueryExecutionId": query_id}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        query = self.queries[QueryExecutionId]
        state = query.states.pop(0) if len(query.states) > 1 else query.states[0]
        status = {"State": state}
        if state == "FAILED":
            status["StateChangeReason"] = "HIVE_BAD_DATA: a reason of Athena's"
        statistics: dict[str, Any] = {"DataScannedInBytes": 100}
        if query.manifest:
            statistics["DataManifestLocation"] = query.manifest
        return {"QueryExecution": {"Status": status, "Statistics": statistics}}

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:
        self.journal.append(f"stop {QueryExecutionId}")
        self.queries[QueryExecutionId].states = ["RUNNING", "CANCELLED"]

    def get_query_results(self, *, QueryExecutionId: str, MaxResults: int) -> dict[str, Any]:
        return {"UpdateCount": self.queries[QueryExecutionId].update_count}

    def get_paginator(self, operation: str) -> "FakeAthena":
        assert operation == "get_query_results"
        return self

    def paginate(self, *, QueryExecutionId: str) -> Iterator[dict[str, Any]]:
        rows = [["header"], *self.queries[QueryExecutionId].rows]
        for row in rows:
            yield {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": cell} for cell in row]}]}}


class FakeGlue:
    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.tables: dict[str, dict[str, Any]] = {
            "github_events_bronze": {"StorageDescriptor": {"Location": f"s3://{RAW}/github/events/"}},
            **{table: self._gold_table(table) for table in ("github_events_gold_daily", "github_events_gold_hourly")},
        }
        # (table, day) -> partition of Gold.
        self.partitions: dict[tuple[str, str], dict[str, Any]] = {}
        self.before_publish: Callable[[str], None] = lambda table: None
        # Silver's months, "yyyy-MM" -> folder.
        self.silver: dict[str, str] = {}

    @staticmethod
    def _gold_table(name: str) -> dict[str, Any]:
        return {
            "StorageDescriptor": {
                "Location": f"s3://{GOLD}/{name}/",
                "Columns": [{"Name": "events_count", "Type": "bigint"}],
            },
            "PartitionKeys": [{"Name": "ingest_dt", "Type": "date"}],
        }

    def get_paginator(self, operation: str) -> "FakeGlue":
        assert operation == "get_partitions"
        return self

    def paginate(self, *, DatabaseName: str, TableName: str) -> Iterator[dict[str, Any]]:
        assert TableName == "github_events_silver"
        for month, location in sorted(self.silver.items()):
            yield {"Partitions": [{"Values": month.split("-"), "StorageDescriptor": {"Location": location}}]}
        yield {"Partitions": []}

    def get_table(self, *, DatabaseName: str, Name: str) -> dict[str, Any]:
        return {"Table": self.tables[Name]}

    def create_table(self, *, DatabaseName: str, TableInput: dict[str, Any]) -> None:
        if TableInput["Name"] in self.tables:
            raise client_error("AlreadyExistsException")
        self.tables[TableInput["Name"]] = TableInput

    def update_table(self, *, DatabaseName: str, TableInput: dict[str, Any]) -> None:
        assert TableInput["Name"] in self.tables
        self.tables[TableInput["Name"]] = TableInput

    def delete_table(self, *, DatabaseName: str, Name: str) -> None:
        del self.tables[Name]

    def get_partition(self, *, DatabaseName: str, TableName: str, PartitionValues: list[str]) -> dict[str, Any]:
        [day] = PartitionValues
        if (TableName, day) not in self.partitions:
            raise client_error("EntityNotFoundException")
        return {"Partition": self.partitions[TableName, day]}

    def create_partition(self, *, DatabaseName: str, TableName: str, PartitionInput: dict[str, Any]) -> None:
        [day] = PartitionInput["Values"]
        assert (TableName, day) not in self.partitions
        self._publish(TableName, day, PartitionInput)

    def update_partition(
        self, *, DatabaseName: str, TableName: str, PartitionValueList: list[str], PartitionInput: dict[str, Any]
    ) -> None:
        [day] = PartitionValueList
        assert PartitionInput["Values"] == [day]
        assert (TableName, day) in self.partitions
        self._publish(TableName, day, PartitionInput)

    def _publish(self, table: str, day: str, partition: dict[str, Any]) -> None:
        self.before_publish(table)
        self.journal.append(f"publish {table} {day}")
        self.partitions[table, day] = partition

    def location(self, table: str, day: str) -> str:
        location: str = self.partitions[table, day]["StorageDescriptor"]["Location"]
        return location


class World:
    """The three services and the clock, and runs of a transform in them."""

    def __init__(self, transform: str) -> None:
        self.journal: list[str] = []
        self.s3, self.glue = FakeS3(self.journal), FakeGlue(self.journal)
        self.athena = FakeAthena(self.journal)
        self.clock = FakeClock()
        self.environment = {
            "TRANSFORM": transform,
            "DATABASE": "dp_test_lake",
            "WORK_GROUP": "dp-test-wg",
            "SILVER_BUCKET": SILVER,
            "GOLD_BUCKET": GOLD,
            "STATE_BUCKET": SILVER if transform == "silver" else GOLD,
            "STATE_PREFIX": "state/",
        }

    def lake(self) -> Lake:
        """A lake for the next invocation."""
        settings = Settings.from_environment(self.environment)
        deadline = Deadline(self.clock, self.clock.sleep)
        athena = Athena(self.athena, database=settings.database, work_group=settings.work_group, deadline=deadline)
        return Lake(settings, self.s3, self.glue, athena, deadline, "request-1", self.clock.now)
