"""Days of Gold: each written beside, then published at once; never half of one.

A day of a Gold table lives in a folder of its own run, and Glue's partition says which run readers see. Publishing is
one Glue call a table, so a reader plans with the old folder or with the new one. What becomes of the replaced folder,
and of one that a crash leaves: `staging`.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from athena_transform.athena import Query
from athena_transform.errors import UnsafeDeletionError
from athena_transform.lake import Lake
from athena_transform.settings import GOLD_HOURLY_TABLE, GOLD_TABLE
from athena_transform.sql import day_parameter, months_predicate, statement
from athena_transform.staging import Item, Retired, audit_table
from athena_transform.state import Lease
from athena_transform.telemetry import logger


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
        self._retired = Retired(lake, lease)
        self._run_id = run_id
        self._tables = tables
        self._descriptions: dict[str, dict[str, Any]] = {}

    def stage(self, day: date, months: Iterable[str]) -> Staged:
        """Write the day anew for all tables, from these months of Silver."""
        folder = f"ingest_dt={day.isoformat()}/run={self._run_id}/"
        folders = {table.name: f"{self._location(table)}{folder}" for table in self._tables}
        self._retired.add(folders.values(), day=day.isoformat())
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
                folder = staged.folders[table.name]
                tables.enter_context(audit_table(self._lake, table.audit_name, self._description(table), folder))
            yield

    def publish(self, staged: Staged) -> None:
        """Show the day to readers. The caller's next save makes the state forget the new folders as retired."""
        live = {table.name: self._live_location(table, staged.day) for table in self._tables}
        replaced = [location for location in live.values() if location is not None]
        self._retired.add(replaced, day=staged.day.isoformat())
        for table in self._tables:
            self._point(table, staged.day, staged.folders[table.name], is_new=live[table.name] is None)
        self._retired.take_back(set(staged.folders.values()))
        logger.info("Published a day", extra={"day": staged.day.isoformat(), "folders": staged.folders})

    def is_published(self, day: date) -> bool:
        """Whether readers of any table see something for the day."""
        return any(self._live_location(table, day) is not None for table in self._tables)

    def remove_retired(self) -> None:
        """Delete the folders that have been out of use for longer than GRACE."""

        def live(item: Item) -> str | None:
            return self._live_location(self._table_of(item["location"]), date.fromisoformat(item["day"]))

        self._retired.remove_due(live, within=lambda item: self._location(self._table_of(item["location"])))

    def _location(self, table: GoldTable) -> str:
        return table.location(self._lake.settings.gold_bucket)

    def _table_of(self, location: str) -> GoldTable:
        for table in self._tables:
            if location.startswith(self._location(table)):
                return table
        raise UnsafeDeletionError(f"The state calls {location} retired, which is not a folder of Gold.")

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
