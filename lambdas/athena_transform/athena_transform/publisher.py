"""Days of Gold: each written beside, then published at once; never half of one.

A day of a Gold table lives in a folder of its own run, and Glue's partition says which run readers see. Publishing is
one Glue call a table, so a reader plans with the old folder or with the new one. The replaced folder stays until every
query that may have planned with it has ended.

The state lists as `retired` every folder that readers do not need: a new one from before it is written until it is
published, and the replaced one from just before that. A crash anywhere therefore leaves no folder unaccounted for, and
what is live is asked of Glue before anything is deleted.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from athena_transform.athena import Query
from athena_transform.cleanup import remove_folder
from athena_transform.errors import UnsafeDeletionError
from athena_transform.lake import Lake
from athena_transform.settings import GOLD_HOURLY_TABLE, GOLD_TABLE
from athena_transform.sql import day_parameter, months_predicate, statement
from athena_transform.state import Lease
from athena_transform.telemetry import logger

# Twice the longest that a DML query may take by default, 30 minutes.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
GRACE = timedelta(hours=1)


@dataclass(frozen=True)
class GoldTable:
    """A table whose days are published: its name, and the statement that writes a day of it."""

    name: str
    unload: str

    @property
    def audit_name(self) -> str:
        """A table that exists only while a day is checked, over the folder that is about to be published."""
        return f"{self.name}_audit"

    def location(self, bucket: str) -> str:
        """The folder of all days and of their runs."""
        return f"s3://{bucket}/{self.name}/"


GOLD_TABLES = (
    GoldTable(GOLD_TABLE, unload="gold_unload_daily"),
    GoldTable(GOLD_HOURLY_TABLE, unload="gold_unload_hourly"),
)


@dataclass(frozen=True)
class Staged:
    """A day that has been written for all tables: table name -> folder. Nobody reads the folders yet."""

    day: date
    folders: dict[str, str]


class Publisher:
    """Writes and publishes days of Gold, under a run's lease. `run_id` names the run's folders."""

    def __init__(self, lake: Lake, lease: Lease, run_id: str, tables: tuple[GoldTable, ...] = GOLD_TABLES) -> None:
        self._lake = lake
        self._lease = lease
        self._run_id = run_id
        self._tables = tables
        self._descriptions: dict[str, dict[str, Any]] = {}

    def stage(self, day: date, months: Iterable[str]) -> Staged:
        """Write the day anew for all tables, from these months of Silver."""
        folder = f"ingest_dt={day.isoformat()}/run={self._run_id}/"
        folders = {table.name: f"{self._location(table)}{folder}" for table in self._tables}
        self._retire(day, folders.values())
        predicate = months_predicate(months)
        for table in self._tables:
            text = statement(table.unload, location=folders[table.name], months=predicate)
            self._lake.athena.run(Query(text, (day_parameter(day),)))
        return Staged(day, folders)

    @contextmanager
    def audit_tables(self, staged: Staged) -> Iterator[None]:
        """While this lasts, `<table>_audit` is a table over just the staged folder, for the engine readers use."""
        with ExitStack() as tables:
            for table in self._tables:
                tables.enter_context(self._audit_table(table, staged.folders[table.name]))
            yield

    def publish(self, staged: Staged) -> None:
        """Show the day to readers. The caller's next save makes the state forget the new folders as retired."""
        live = {table.name: self._live_location(table, staged.day) for table in self._tables}
        # This saves, which also proves that the lease is still ours, right before readers are shown something new.
        self._retire(staged.day, [location for location in live.values() if location is not None])
        for table in self._tables:
            self._point(table, staged.day, staged.folders[table.name], is_new=live[table.name] is None)
        published = set(staged.folders.values())
        self._lease.document["retired"] = [item for item in self._retired() if item["location"] not in published]
        logger.info("Published a day", extra={"day": staged.day.isoformat(), "folders": staged.folders})

    def is_published(self, day: date) -> bool:
        """Whether readers of any table see something for the day."""
        return any(self._live_location(table, day) is not None for table in self._tables)

    def remove_retired(self) -> None:
        """Delete the folders that have been out of use for longer than GRACE."""
        kept = []
        for item in self._retired():
            if datetime.fromisoformat(item["since"]) > self._lake.now() - GRACE:
                kept.append(item)
                continue
            table = self._table_of(item["location"])
            if item["location"] != self._live_location(table, date.fromisoformat(item["day"])):
                files = remove_folder(self._lake.s3, item["location"], within=self._location(table))
                logger.info("Removed a retired folder", extra={"location": item["location"], "files": files})
        self._lease.document["retired"] = kept

    def _location(self, table: GoldTable) -> str:
        return table.location(self._lake.settings.gold_bucket)

    def _table_of(self, location: str) -> GoldTable:
        for table in self._tables:
            if location.startswith(self._location(table)):
                return table
        raise UnsafeDeletionError(f"The state calls {location} retired, which is not a folder of Gold.")

    def _retired(self) -> list[dict[str, str]]:
        retired: list[dict[str, str]] = self._lease.document.get("retired", [])
        return retired

    def _retire(self, day: date, locations: Iterable[str]) -> None:
        since = self._lake.now().isoformat()
        items = [{"day": day.isoformat(), "location": location, "since": since} for location in locations]
        self._lease.document["retired"] = [*self._retired(), *items]
        self._lease.save()

    @contextmanager
    def _audit_table(self, table: GoldTable, location: str) -> Iterator[None]:
        database = self._lake.settings.database
        audit = {
            "Name": table.audit_name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": self._description(table).get("Parameters", {}),
            "StorageDescriptor": self._descriptor(table, location),
        }
        try:
            self._lake.glue.create_table(DatabaseName=database, TableInput=audit)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
            # A run that was killed while it checked has left it; the lease makes us the only one to use it now.
            self._lake.glue.update_table(DatabaseName=database, TableInput=audit)
        try:
            yield
        finally:
            self._lake.glue.delete_table(DatabaseName=database, Name=table.audit_name)

    def _live_location(self, table: GoldTable, day: date) -> str | None:
        """The folder that readers of the day see; None when the day has not been published."""
        try:
            answer = self._lake.glue.get_partition(
                DatabaseName=self._lake.settings.database, TableName=table.name, PartitionValues=[day.isoformat()]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise
        location = str(answer["Partition"]["StorageDescriptor"]["Location"])
        return location if location.endswith("/") else f"{location}/"

    def _point(self, table: GoldTable, day: date, location: str, *, is_new: bool) -> None:
        """Point the day's partition to the folder: one call, all or nothing for the table's readers."""
        partition = {"Values": [day.isoformat()], "StorageDescriptor": self._descriptor(table, location)}
        names = {"DatabaseName": self._lake.settings.database, "TableName": table.name}
        if is_new:
            self._lake.glue.create_partition(**names, PartitionInput=partition)
        else:
            self._lake.glue.update_partition(**names, PartitionValueList=[day.isoformat()], PartitionInput=partition)

    def _description(self, table: GoldTable) -> dict[str, Any]:
        if table.name not in self._descriptions:
            self._descriptions[table.name] = self._lake.table(table.name)
        return self._descriptions[table.name]

    def _descriptor(self, table: GoldTable, location: str) -> dict[str, Any]:
        return {**self._description(table)["StorageDescriptor"], "Location": location}
