"""What Gold knows of Silver: read from Silver's state, which Gold never changes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from athena_transform.bronze import Extent
from athena_transform.cleanup import split_location
from athena_transform.lake import Lake
from athena_transform.ledger import Ledger
from athena_transform.memory import Memory
from athena_transform.settings import BRONZE_TABLE
from athena_transform.sql import Fragment, day_parameter, id_literal, months_predicate, paths, rows_predicate
from athena_transform.telemetry import logger

# Bounds for ids that are not known: as text, every id of digits lies between them.
LOWEST_ID, HIGHEST_ID = "0", ":"
# Of a day's objects, those that are compared with Silver. Polls every five minutes make 288 objects a day, archive
# hours 24 with some 3 GB together; a statement has at most 262,144 bytes, and a work group limits what a query reads.
MOST_OBJECTS = 1_000
MOST_PATH_BYTES = 200_000
MOST_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class SilverDay:
    """An ingest day in Silver: `revision` changes with its rows; None when Silver's state does not know the day.

    `months` (`yyyy-MM`) are the partitions that may hold the day's rows; `first_id` and `last_id` bound their ids,
    compared as text (None: unknown).
    """

    day: date
    revision: str | None
    months: frozenset[str]
    first_id: str | None = None
    last_id: str | None = None

    def with_months(self, months: Iterable[str]) -> "SilverDay":
        """The same day, in these months too."""
        return SilverDay(self.day, self.revision, self.months | set(months), self.first_id, self.last_id)


@dataclass(frozen=True)
class SilverView:
    """Silver's state at the time of reading. `document` is empty when there is none yet."""

    document: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, lake: Lake) -> "SilverView":
        """Read the state object; it may change at any time after."""
        settings = lake.settings
        try:
            answer = lake.s3.get_object(Bucket=settings.silver_bucket, Key=settings.silver_state_key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return cls()
            raise
        return cls(json.loads(answer["Body"].read()))

    @property
    def days(self) -> list[date]:
        """The days that have rows, in order."""
        return sorted(date.fromisoformat(day) for day in self.document.get("days", {}))

    def day(self, day: date) -> SilverDay:
        """What is known of a day."""
        entry = self.document.get("days", {}).get(day.isoformat())
        if entry is None:
            return SilverDay(day, None, frozenset())
        return SilverDay(day, entry["revision"], frozenset(entry["months"]), entry["first_id"], entry["last_id"])

    def values(self, day: SilverDay, present: Iterable[str], objects: Fragment | None) -> dict[str, Fragment]:
        """What the SQL of Silver's rules is filled with. `present`: the months that have a partition in Silver."""
        may_hold = Memory(self.document).may_hold(present, Extent(day.first_id, day.last_id, day.months))
        values = {
            "day": day_parameter(day.day),
            "months": months_predicate(day.months),
            "ids": rows_predicate(may_hold, day.first_id, day.last_id),
            "first_id": id_literal(day.first_id or LOWEST_ID),
            "last_id": id_literal(day.last_id or HIGHEST_ID),
        }
        return values if objects is None else {**values, "objects": objects}


def read_objects(lake: Lake, day: date) -> Fragment | None:
    """The paths of the Bronze objects of the day that Silver has read as they are; None if there are none.

    Of very many, the newest. An object that has been replaced since is not listed: Silver will read it again.
    """
    read = Ledger(lake.s3, lake.settings.silver_bucket, lake.settings.ledger_prefix).read(day)
    if not read:
        return None
    bucket, folder = split_location(lake.table(BRONZE_TABLE)["StorageDescriptor"]["Location"])
    prefix = f"{folder.rstrip('/')}/ingest_dt={day.isoformat()}/"
    pages = lake.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [item for page in pages for item in page.get("Contents", [])]
    found = [item for item in found if read.get(item["Key"].removeprefix(prefix)) == item["ETag"]]
    found.sort(key=lambda item: (item["LastModified"], item["Key"]), reverse=True)
    chosen: list[str] = []
    path_bytes = size = 0
    for item in found[:MOST_OBJECTS]:
        path = f"s3://{bucket}/{item['Key']}"
        path_bytes += len(path) + len("'',\n")
        size += item["Size"]
        if chosen and (path_bytes > MOST_PATH_BYTES or size > MOST_BYTES):
            break
        chosen.append(path)
    if len(chosen) < len(found):
        logger.info("Not all objects are compared", extra={"objects": len(found), "compared": len(chosen)})
    return paths(chosen) if chosen else None
