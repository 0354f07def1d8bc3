"""Silver to Gold: rebuild the days that have changed, each written beside, checked, then published at once.

A day lives in a folder of its own run, and Glue's partition says which run readers see. Publishing is one Glue call, so
a reader plans with the old folder or with the new one. The replaced folder stays until every query that may have
planned with it has ended.

The state lists as `retired` every folder that readers do not need: a new one from before it is written until it is
published, and the replaced one from just before that. A crash anywhere therefore leaves no folder unaccounted for, and
what is live is asked of Glue before anything is deleted.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from athena_transform.athena import Query
from athena_transform.cleanup import remove_folder
from athena_transform.errors import AuditError
from athena_transform.lake import Lake, Outcome
from athena_transform.settings import AUDIT_TABLE, GOLD_TABLE
from athena_transform.sql import day_parameter, statement
from athena_transform.state import Lease
from athena_transform.telemetry import logger

# Twice the longest that a DML query may take by default, 30 minutes.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
GRACE = timedelta(hours=1)


def run(lake: Lake) -> Outcome:
    """Rebuild the days whose Silver count differs from Gold's sum; `busy` when another run is at it."""
    lease = lake.state().acquire(lake.owner, lake.deadline.until_killed())
    if lease is None:
        return Outcome("busy")
    with lease:
        publisher = Publisher(lake, lease)
        publisher.remove_retired()
        published: list[date] = []
        rows = 0
        changed = _changed_days(lake)
        for day, events in changed:
            if published and not lake.deadline.allows_more():
                logger.warning(
                    "Little time left; the next run goes on", extra={"days_left": len(changed) - len(published)}
                )
                break
            rows += publisher.rebuild(day, events)
            published.append(day)
        return Outcome.of(rows, published)


def _changed_days(lake: Lake) -> list[tuple[date, int]]:
    """(day, events in Silver) for the days to rebuild, in order."""
    execution = lake.athena.run(Query(statement("gold_changed_days")))
    return [
        (date.fromisoformat(day), int(events))
        for day, events in lake.athena.rows(execution.query_execution_id)
        if day is not None and events is not None
    ]


@dataclass(frozen=True)
class Audit:
    """Counts read back through Athena: of the folder just written, and of Silver's day after it was written."""

    rows: int
    events: int
    silver_events: int


class Publisher:
    """Writes, checks and publishes days of Gold, under a run's lease."""

    def __init__(self, lake: Lake, lease: Lease) -> None:
        self._lake = lake
        self._lease = lease
        self._table = lake.table(GOLD_TABLE)

    def rebuild(self, day: date, events: int) -> int:
        """Build the day anew and publish it; returns its rows. `events` is Silver's count from before."""
        run_id = f"{self._lake.now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        location = f"{self._lake.settings.gold_location}ingest_dt={day.isoformat()}/run={run_id}/"
        self._retire(day, [location])
        self._lake.athena.run(Query(statement("gold_unload_day", location=location), (day_parameter(day),)))
        audit = self._audit(day, location)
        # Silver only grows, so what UNLOAD saw lies between the counts before and after it.
        if not events <= audit.events <= audit.silver_events:
            raise AuditError(
                f"{location} holds {audit.events} events of {day}, but Silver held {events} before it was written"
                f" and {audit.silver_events} after."
            )
        live = self._live_location(day)
        # This saves, which also proves that the lease is still ours, right before readers are shown something new.
        self._retire(day, [live] if live else [])
        self._publish(day, location, is_new=live is None)
        self._lease.document["retired"] = [item for item in self._retired() if item["location"] != location]
        self._lease.save()
        logger.info("Published a day", extra={"day": day.isoformat(), "location": location, "events": audit.events})
        return audit.rows

    def remove_retired(self) -> None:
        """Delete the folders that have been out of use for longer than GRACE."""
        kept = []
        for item in self._retired():
            if datetime.fromisoformat(item["since"]) > self._lake.now() - GRACE:
                kept.append(item)
            elif item["location"] != self._live_location(date.fromisoformat(item["day"])):
                files = remove_folder(self._lake.s3, item["location"], within=self._lake.settings.gold_location)
                logger.info("Removed a retired folder", extra={"location": item["location"], "files": files})
        self._lease.document["retired"] = kept

    def _retired(self) -> list[dict[str, str]]:
        retired: list[dict[str, str]] = self._lease.document.get("retired", [])
        return retired

    def _retire(self, day: date, locations: list[str]) -> None:
        since = self._lake.now().isoformat()
        items = [{"day": day.isoformat(), "location": location, "since": since} for location in locations]
        self._lease.document["retired"] = [*self._retired(), *items]
        self._lease.save()

    def _audit(self, day: date, location: str) -> Audit:
        """Read the folder back with the engine that its readers use, through a table made for this one query."""
        database = self._lake.settings.database
        table = {
            "Name": AUDIT_TABLE,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": self._table.get("Parameters", {}),
            "StorageDescriptor": self._descriptor(location),
        }
        try:
            self._lake.glue.create_table(DatabaseName=database, TableInput=table)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
            # A run that was killed while it checked has left it; the lease makes us the only one to use it now.
            self._lake.glue.update_table(DatabaseName=database, TableInput=table)
        try:
            execution = self._lake.athena.run(Query(statement("gold_audit_day"), (day_parameter(day),)))
        finally:
            self._lake.glue.delete_table(DatabaseName=database, Name=AUDIT_TABLE)
        [row] = self._lake.athena.rows(execution.query_execution_id)
        rows, events, silver_events = (int(cell or 0) for cell in row)
        return Audit(rows, events, silver_events)

    def _live_location(self, day: date) -> str | None:
        """The folder that readers of the day see; None when the day has not been published."""
        try:
            answer = self._lake.glue.get_partition(
                DatabaseName=self._lake.settings.database, TableName=GOLD_TABLE, PartitionValues=[day.isoformat()]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise
        location = str(answer["Partition"]["StorageDescriptor"]["Location"])
        return location if location.endswith("/") else f"{location}/"

    def _publish(self, day: date, location: str, *, is_new: bool) -> None:
        """Point the day's partition to the folder: one call, all or nothing for readers."""
        partition = {"Values": [day.isoformat()], "StorageDescriptor": self._descriptor(location)}
        names = {"DatabaseName": self._lake.settings.database, "TableName": GOLD_TABLE}
        if is_new:
            self._lake.glue.create_partition(**names, PartitionInput=partition)
        else:
            self._lake.glue.update_partition(**names, PartitionValueList=[day.isoformat()], PartitionInput=partition)

    def _descriptor(self, location: str) -> dict[str, Any]:
        return {**self._table["StorageDescriptor"], "Location": location}
