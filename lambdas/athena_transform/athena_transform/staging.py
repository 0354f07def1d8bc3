"""What is written beside what readers see: folders on their way in or out, and tables to look at them.

The state lists as `retired` every folder that readers do not need: a new one from before it is written until it is
published, and the replaced one from just before that. A crash anywhere therefore leaves no folder unaccounted for. A
retired folder stays until every query that may have planned with it has ended, and what is live is asked of Glue before
anything is deleted.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from athena_transform.cleanup import remove_folder
from athena_transform.lake import Lake
from athena_transform.state import Lease
from athena_transform.telemetry import logger

# Twice the longest that a DML query may take by default, 30 minutes.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
GRACE = timedelta(hours=1)

# A retired folder as the state has it: location, since, and of what partition it is (`day` or `month`).
Item = dict[str, str]


@dataclass(frozen=True)
class Retired:
    """The retired folders in a run's state."""

    lake: Lake
    lease: Lease

    def add(self, locations: Iterable[str], **partition: str) -> None:
        """List folders of a partition, and save: right before they are written, or readers are shown something else.

        Saving also proves that the lease is still ours.
        """
        since = self.lake.now().isoformat()
        items = [{**partition, "location": location, "since": since} for location in locations]
        self.lease.document["retired"] = [*self._items(), *items]
        self.lease.save()

    def take_back(self, locations: Collection[str]) -> None:
        """Readers see these folders now. The caller saves."""
        self.lease.document["retired"] = [item for item in self._items() if item["location"] not in locations]

    def remove_due(self, find_live: Callable[[Item], str | None], within: Callable[[Item], str]) -> None:
        """Delete the folders that have been out of use for longer than GRACE. The caller saves.

        `find_live` gives the folder that readers of the item's partition see, `within` the folder of its table.
        """
        due = [item for item in self._items() if datetime.fromisoformat(item["since"]) <= self.lake.now() - GRACE]
        for item in due:
            if item["location"] != find_live(item):
                files = remove_folder(self.lake.s3, item["location"], within=within(item))
                logger.info("Removed a retired folder", extra={"location": item["location"], "files": files})
        self.lease.document["retired"] = [item for item in self._items() if item not in due]

    def _items(self) -> list[Item]:
        items: list[Item] = self.lease.document.get("retired", [])
        return items


@contextmanager
def audit_table(lake: Lake, name: str, like: Mapping[str, Any], location: str) -> Iterator[None]:
    """While this lasts, `name` is a table over just the folder, of the form of `like`, for the engine readers use."""
    database = lake.settings.database
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": like.get("Parameters", {}),
        "StorageDescriptor": {**like["StorageDescriptor"], "Location": location},
    }
    try:
        lake.glue.create_table(DatabaseName=database, TableInput=table)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
        # A run that was killed while it checked has left it; the lease makes us the only one to use it now.
        lake.glue.update_table(DatabaseName=database, TableInput=table)
    try:
        yield
    finally:
        lake.glue.delete_table(DatabaseName=database, Name=name)
