"""Where a number of Gold comes from: the rows of Silver, the objects of Bronze, and what those were fetched from."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from workshop.errors import WorkshopError
from workshop.names import Names
from workshop.queries import athena_sql

SILVER_STATE, GOLD_STATE = "state/silver.json", "state/gold.json"
LOOKS_AT_ONCE = 8


@dataclass(frozen=True)
class BronzeObject:
    """An object of Bronze and how many of the asked events came from it.

    `path` is None for rows from before Silver noted it. The rest is the object's own metadata, None where it has none:
    `source` its address, `received_at` in UTC, `object_events` all the events in it. `exists` is False once it is gone.
    """

    path: str | None
    events: int
    exists: bool = True
    source: str | None = None
    received_at: str | None = None
    object_events: int | None = None


@dataclass(frozen=True)
class SilverFile:
    """A file of Silver that holds some of the events, and the objects that they came from."""

    path: str
    bronze: tuple[BronzeObject, ...]

    @property
    def events(self) -> int:
        """How many of the events are in it."""
        return sum(one.events for one in self.bronze)


@dataclass(frozen=True)
class Lineage:
    """A number of Gold, and what it is made of. `is_stale`: Silver's day has changed since Gold was built from it."""

    day: date
    event_type: str
    repository: str
    gold_events: int
    files: tuple[SilverFile, ...]
    is_stale: bool

    @property
    def silver_events(self) -> int:
        """How many rows Silver has."""
        return sum(file.events for file in self.files)

    @property
    def agrees(self) -> bool:
        """Whether Gold says what Silver holds."""
        return self.gold_events == self.silver_events


def trace(session: Any, names: Names, day: date, event_type: str, repository: str) -> Lineage:
    """Follow one number down. Two queries, which read the day's partition of Gold and its months of Silver.

    WorkshopError if Silver has nothing of that day, or neither table any such event.
    """
    s3 = session.client("s3")
    silver_day = _state(s3, names.buckets["silver"], SILVER_STATE).get("days", {}).get(day.isoformat())
    if silver_day is None:
        raise WorkshopError(
            f"Silver has no events of {day}.",
            f"Fetch them first: `workshop backfill {day}`, or wait for the next run of Silver.",
        )
    built = _state(s3, names.buckets["gold"], GOLD_STATE).get("built", {}).get(day.isoformat())
    # What people type is quoted, the rest are dates and names of ours.
    asked = f"ingest_dt = DATE '{day}' AND event_type = {literal(event_type)} AND repo_name = {literal(repository)}"
    sum_of = f"SELECT SUM(events_count) AS events FROM {names.tables['gold']} WHERE {asked}"  # noqa: S608 - see above
    [gold] = _rows(session, names, sum_of)
    silver = _rows(
        session,
        names,
        f"""SELECT "$path" AS silver_path, bronze_path, COUNT(*) AS events
        FROM {names.tables["silver"]} WHERE ({_months(silver_day["months"])}) AND {asked}
        GROUP BY "$path", bronze_path ORDER BY bronze_path, silver_path""",  # noqa: S608 - see above
    )
    gold_events = int(gold["events"] or 0)
    if not gold_events and not silver:
        raise WorkshopError(
            f"There is no {event_type} in {repository} on {day}.",
            "Names are compared exactly; look them up in the view or table, e.g. with the saved query lineage_today.",
        )
    is_stale = built != silver_day["revision"]
    return Lineage(day, event_type, repository, gold_events, _files(s3, silver), is_stale)


def literal(text: str) -> str:
    """A text as SQL writes it."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _months(months: Sequence[str]) -> str:
    """The partitions that may hold the day's rows; without it the query would read the whole table."""
    pairs = [month.split("-") for month in months]
    return " OR ".join(f"(year = {literal(year)} AND month = {literal(month)})" for year, month in pairs) or "false"


def _state(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    try:
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return {}
        raise
    state: dict[str, Any] = json.loads(content)
    return state


def _rows(session: Any, names: Names, sql: str) -> list[dict[str, Any]]:
    frame, _ = athena_sql(session, work_group=names.work_group, database=names.database, sql=sql)
    # pandas has NaN or NA for SQL's null.
    present = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in present.to_dict("records")]


def _files(s3: Any, rows: Sequence[Mapping[str, Any]]) -> tuple[SilverFile, ...]:
    paths = sorted({row["bronze_path"] for row in rows if row["bronze_path"] is not None})
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        described = dict(zip(paths, pool.map(lambda path: _describe(s3, path), paths), strict=True))
    files: dict[str, list[BronzeObject]] = {}
    for row in rows:
        path, events = row["bronze_path"], int(row["events"])
        found = BronzeObject(path, events, **described.get(path, {}))
        files.setdefault(row["silver_path"], []).append(found)
    return tuple(SilverFile(path, tuple(objects)) for path, objects in files.items())


def _describe(s3: Any, path: str) -> dict[str, Any]:
    """What HeadObject says about an object, as fields of `BronzeObject`."""
    address = urlsplit(path)
    try:
        metadata = s3.head_object(Bucket=address.netloc, Key=address.path.lstrip("/"))["Metadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return {"exists": False}
        raise
    events = metadata.get("events", "")
    return {
        "source": metadata.get("source"),
        "received_at": metadata.get("received-at"),
        "object_events": int(events) if events.isdigit() else None,
    }
