"""What both transforms work with, and what both return."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from athena_transform.athena import Athena
from athena_transform.deadline import Deadline
from athena_transform.settings import SILVER_TABLE, Settings
from athena_transform.state import StateStore, utc_now


@dataclass(frozen=True)
class Lake:
    """The clients and settings of one run. `owner` tells this run's lease from others'."""

    settings: Settings
    s3: Any
    glue: Any
    athena: Athena
    deadline: Deadline
    owner: str
    now: Callable[[], datetime] = utc_now

    def state(self) -> StateStore:
        """Where this transform keeps its state."""
        return StateStore(self.s3, self.settings.state_bucket, self.settings.state_key, self.now)

    def table(self, name: str) -> dict[str, Any]:
        """The table as Glue describes it."""
        table: dict[str, Any] = self.glue.get_table(DatabaseName=self.settings.database, Name=name)["Table"]
        return table

    def silver_partitions(self) -> dict[str, str]:
        """Silver's months (`yyyy-MM`) and the folders that readers see for them, each ending in a slash."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.settings.database, TableName=SILVER_TABLE
        )
        return {
            "-".join(partition["Values"]): f"{partition['StorageDescriptor']['Location'].rstrip('/')}/"
            for page in pages
            for partition in page["Partitions"]
        }


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    `rows` counts the rows written; `days` are the ingest days that are up to date because of it; `compacted` the months
    (`yyyy-MM`) whose files were merged. `is_complete` is False when the time did not suffice and another run is needed.
    `quality_failures` and `quality_warnings` count the rules that failed, blocking and not.
    """

    outcome: Literal["ok", "nothing_to_do", "busy"]
    rows: int = 0
    days: tuple[date, ...] = ()
    compacted: tuple[str, ...] = ()
    is_complete: bool = True
    quality_failures: int = field(default=0, compare=False)
    quality_warnings: int = field(default=0, compare=False)

    @classmethod
    def of(cls, rows: int, days: list[date], *, is_complete: bool = True) -> "Outcome":
        """`ok` with what was done, or `nothing_to_do`."""
        return cls("ok" if days else "nothing_to_do", rows, tuple(days), is_complete=is_complete)
