"""Bronze to Silver: insert exactly the events that are not there yet.

The state remembers a fingerprint of each recent Bronze day as it was last read. A run lists Bronze from a week before
the newest day it knows, and reads the days that look different now; nothing different, nothing to do. It looks back so
that an object that arrives late, for a day already left behind, is found; a load of older history names its first day
in the event (`reprocess_from`).

An insert leaves a trace before it starts. Its statement and its ClientRequestToken go into the state first, so after a
crash the next run finds the query by starting it again with the same token, which starts nothing new, and settles it
before anything else: the files of a failed insert must be gone before the next insert asks which ids are there, or
their ids would count as present and be lost with the files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import ClientError

from athena_transform import bronze
from athena_transform.athena import Execution, Query
from athena_transform.cleanup import remove_orphans
from athena_transform.lake import Lake, Outcome
from athena_transform.settings import BRONZE_TABLE
from athena_transform.sql import day_parameter, statement
from athena_transform.state import Lease
from athena_transform.telemetry import logger

# How far behind the newest day a late object is still noticed.
LOOK_BACK = timedelta(days=7)
# Days one statement reads at most. Bounds its duration, and with it the months it may write: an INSERT writes at most
# 100 partitions. https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
LONGEST_BATCH = timedelta(days=7)


def run(lake: Lake, *, reprocess_from: date | None = None) -> Outcome:
    """Bring Silver up to date with Bronze; `busy` when another run, or a query that it left behind, is still at it."""
    lease = lake.state().acquire(lake.owner, lake.deadline.until_killed())
    if lease is None:
        return Outcome("busy")
    with lease:
        inserter = Inserter(lake, lease)
        if not inserter.settle_previous():
            return Outcome("busy")
        inserter.insert_new(reprocess_from)
        return Outcome.of(inserter.rows, inserter.days)


def batches(days: Iterable[date]) -> list[list[date]]:
    """Split ascending days into groups that one statement reads."""
    groups: list[list[date]] = []
    for day in days:
        if groups and day - groups[-1][0] < LONGEST_BATCH:
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


@dataclass
class Memory:
    """Silver's part of the state document, with its types.

    `days`: fingerprints of the days from LOOK_BACK before the newest on. `reprocess_from`: the first day of a reload of
    history that is not finished. `in_flight`: the insert that has been started, or was about to be.
    """

    document: dict[str, Any]

    @property
    def days(self) -> dict[date, str]:
        """The fingerprints last read."""
        return {date.fromisoformat(day): digest for day, digest in self.document.get("days", {}).items()}

    @property
    def reprocess_from(self) -> date | None:
        """Where an unfinished reload stands."""
        text = self.document.get("reprocess_from")
        return date.fromisoformat(text) if text else None

    @property
    def in_flight(self) -> dict[str, Any] | None:
        """The insert that may be running."""
        return self.document.get("in_flight")

    def window_start(self) -> date | None:
        """The day from which Bronze has to be listed; None on the first run, for all of it."""
        known = self.days
        if not known:
            return None
        recent = max(known) - LOOK_BACK
        return min(recent, self.reprocess_from or recent)

    def record(self, done: dict[date, str]) -> None:
        """Remember that these days have been read as they were, and forget what lies before the window."""
        known = self.days | done
        oldest = max(known) - LOOK_BACK
        self.document["days"] = {day.isoformat(): known[day] for day in sorted(known) if day >= oldest}
        if (start := self.reprocess_from) is not None:
            self.document["reprocess_from"] = max(start, max(done) + timedelta(days=1)).isoformat()


class Inserter:
    """The inserts of one run, under its lease. `rows` and `days` count what has become part of Silver."""

    def __init__(self, lake: Lake, lease: Lease) -> None:
        self._lake = lake
        self._lease = lease
        self._memory = Memory(lease.document)
        self.rows = 0
        self.days: list[date] = []

    def settle_previous(self) -> bool:
        """Settle the insert that an earlier run left behind; False while it is still running."""
        in_flight = self._memory.in_flight
        if in_flight is None:
            return True
        logger.warning("An earlier run did not finish", extra={"in_flight": in_flight})
        if in_flight["query_execution_id"] is None:
            self._start(in_flight)
        execution = self._lake.athena.describe(in_flight["query_execution_id"])
        if not execution.is_finished:
            logger.info("Its query is still running", extra={"query_execution_id": execution.query_execution_id})
            return False
        self._lake.athena.executions.append(execution)
        if not self._settle(execution):
            logger.warning("Its query had failed", extra={"reason": execution.reason})
        return True

    def insert_new(self, reprocess_from: date | None) -> None:
        """Insert what is new in Bronze, a batch of days at a time; each finished batch is remembered."""
        if reprocess_from is not None:
            # An earlier reload may not be finished; its days are not forgotten.
            start = min(reprocess_from, self._memory.reprocess_from or reprocess_from)
            self._lease.document["reprocess_from"] = start.isoformat()
        location = self._lake.table(BRONZE_TABLE)["StorageDescriptor"]["Location"]
        present = bronze.fingerprints(self._lake.s3, location, self._memory.window_start())
        today = self._lake.now().date()
        if future := [day for day in present if day > today]:
            # The table's projection ends today, so Athena cannot see them; remembered, they would hide every real day.
            logger.warning("Bronze holds days in the future", extra={"days": [day.isoformat() for day in future]})
            present = {day: digest for day, digest in present.items() if day <= today}
        known = self._memory.days
        for batch in batches(day for day, digest in present.items() if known.get(day) != digest):
            if self.days and not self._lake.deadline.allows_more():
                logger.warning("Little time left; the next run goes on", extra={"from_day": batch[0].isoformat()})
                return
            self._insert({day: present[day] for day in batch})
        self._lease.document["reprocess_from"] = None

    def _insert(self, days: dict[date, str]) -> None:
        query = Query(statement("silver_insert"), (day_parameter(min(days)), day_parameter(max(days))))
        in_flight: dict[str, Any] = {
            "sql": query.sql,
            "parameters": query.parameters,
            "token": query.token,
            "days": {day.isoformat(): digest for day, digest in days.items()},
            "query_execution_id": None,
        }
        self._lease.document["in_flight"] = in_flight
        self._lease.save()
        self._start(in_flight)
        execution = self._lake.athena.wait(in_flight["query_execution_id"])
        if not self._settle(execution):
            raise execution.error()

    def _start(self, in_flight: dict[str, Any]) -> None:
        query = Query(in_flight["sql"], tuple(in_flight["parameters"]), in_flight["token"])
        try:
            in_flight["query_execution_id"] = self._lake.athena.start(query)
        except ClientError as error:
            # Athena has refused it, so nothing runs. After a server error (5xx) nobody knows: the next run will ask.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                self._lease.document["in_flight"] = None
            raise
        self._lease.save()

    def _settle(self, execution: Execution) -> bool:
        """Record a query that has ended: its days as done, or its files as removed. True when it had succeeded."""
        in_flight = self._lease.document["in_flight"]
        days = {date.fromisoformat(day): digest for day, digest in in_flight["days"].items()}
        if execution.has_succeeded:
            inserted = self._lake.athena.inserted_rows(execution.query_execution_id)
            self._memory.record(days)
            self.rows += inserted
            self.days += days
            logger.info("Inserted new events", extra={"rows": inserted, "days": sorted(in_flight["days"])})
        else:
            remove_orphans(self._lake.s3, execution.manifest, within=self._lake.settings.silver_location)
        self._lease.document["in_flight"] = None
        self._lease.save()
        return execution.has_succeeded
