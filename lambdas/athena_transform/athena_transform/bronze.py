"""What Bronze holds, found by listing it: listing costs next to nothing, reading does not.

An object's extent (the range of its ids, the months of its events) is in its metadata, written by whoever stored it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from athena_transform.cleanup import split_location

# A file whose name starts with `_` or `.` is hidden from Athena.
# https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html
_OBJECT = re.compile(r"ingest_dt=(?P<day>\d{4}-\d{2}-\d{2})/(?P<name>[^/_.][^/]*)")
_ID = re.compile(r"[0-9]{1,20}")
_CREATED_AT = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-\d{2}T.*", re.ASCII)
# An object that spans more than this holds a stray: its months are asked of Athena instead of being spelt out.
MOST_MONTHS = 24
HEADS_AT_A_TIME = 8


@dataclass(frozen=True)
class BronzeObject:
    """An object of Bronze: its day, its name within the day, its path for Athena, its ETag and its bytes."""

    day: date
    name: str
    path: str
    etag: str
    size: int


@dataclass(frozen=True)
class Extent:
    """What ids (compared as text) and what months (`yyyy-MM` of created_at) some objects hold. No ids: no events."""

    first_id: str | None
    last_id: str | None
    months: frozenset[str]

    @classmethod
    def union(cls, extents: Iterable["Extent"]) -> "Extent":
        """The extent that covers all of them."""
        listed = list(extents)
        return cls(
            min((one.first_id for one in listed if one.first_id is not None), default=None),
            max((one.last_id for one in listed if one.last_id is not None), default=None),
            frozenset(month for one in listed for month in one.months),
        )


def objects_since(s3: Any, location: str, since: date | None) -> Iterator[BronzeObject]:
    """The objects of all days from `since` on (None: of all days), in the order of days."""
    _, folder = _folder(location)
    # Every key of that day is longer than this, so it sorts after it.
    start = {} if since is None else {"StartAfter": f"{folder}ingest_dt={since.isoformat()}"}
    return _objects(s3, location, "ingest_dt=", start)


def objects_of_day(s3: Any, location: str, day: date) -> Iterator[BronzeObject]:
    """The objects of one day."""
    return _objects(s3, location, f"ingest_dt={day.isoformat()}/", {})


def _folder(location: str) -> tuple[str, str]:
    """Bucket and key prefix of a table's location; the prefix ends in a slash."""
    bucket, folder = split_location(location)
    return bucket, f"{folder.rstrip('/')}/"


def _objects(s3: Any, location: str, prefix: str, start: dict[str, str]) -> Iterator[BronzeObject]:
    bucket, folder = _folder(location)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}{prefix}", **start)
    for page in pages:
        for item in page.get("Contents", []):
            match = _OBJECT.fullmatch(item["Key"].removeprefix(folder))
            if match:
                path = f"s3://{bucket}/{item['Key']}"
                day = date.fromisoformat(match["day"])
                yield BronzeObject(day, match["name"], path, str(item["ETag"]), int(item["Size"]))


def extents(s3: Any, objects: Iterable[BronzeObject]) -> dict[BronzeObject, Extent | None]:
    """Each object's extent by its metadata; None where the metadata does not say it."""

    def look(one: BronzeObject) -> Extent | None:
        bucket, key = split_location(one.path)
        return extent_of(s3.head_object(Bucket=bucket, Key=key).get("Metadata", {}))

    listed = list(objects)
    with ThreadPoolExecutor(HEADS_AT_A_TIME) as pool:
        return dict(zip(listed, pool.map(look, listed), strict=True))


def extent_of(metadata: Mapping[str, str]) -> Extent | None:
    """The extent that an object's metadata states; None when something is missing, malformed or suspiciously wide."""
    first_id, last_id = metadata.get("first-id", ""), metadata.get("last-id", "")
    first = _CREATED_AT.fullmatch(metadata.get("first-created-at", ""))
    last = _CREATED_AT.fullmatch(metadata.get("last-created-at", ""))
    if not (_ID.fullmatch(first_id) and _ID.fullmatch(last_id) and first and last and first_id <= last_id):
        return None
    begin, end = (12 * int(match[1]) + int(match[2]) - 1 for match in (first, last))
    if not 0 <= end - begin < MOST_MONTHS:
        return None
    months = frozenset(f"{number // 12:04}-{number % 12 + 1:02}" for number in range(begin, end + 1))
    return Extent(first_id, last_id, months)
