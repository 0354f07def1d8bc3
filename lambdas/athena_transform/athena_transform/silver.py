"""Bronze to Silver: insert exactly the events that are not there yet.

A run lists Bronze from a week before the newest day it knows, and the days that it was asked for, and reads the objects
that are not in the ledger of their day. Nothing new, nothing to do. It looks back so that an object that arrives late
is found; days further back are named in the event by whoever wrote there (`days`), or searched (`since`).

What an insert costs follows what is new. It reads the new objects only, and of Silver, to know which ids are there,
only the months whose known range of ids overlaps the range of the new ones, and of these only the row groups that do.
That is exact whatever `created_at` says: a row with the same id must lie in a month whose range covers it.

An insert leaves a trace before it starts. Its statement and its ClientRequestToken go into the state first, so after a
crash the next run finds the query by starting it again with the same token, which starts nothing new, and settles it
before anything else: the files of a failed insert must be gone before the next insert asks which ids are there, or
their ids would count as present and be lost with the files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import ClientError

from athena_transform import bronze
from athena_transform.athena import Execution, Query
from athena_transform.bronze import BronzeObject, Extent
from athena_transform.cleanup import manifest_paths, remove_orphans
from athena_transform.compaction import Compactor
from athena_transform.errors import MisplacedFilesError
from athena_transform.lake import Lake, Outcome
from athena_transform.ledger import Ledger
from athena_transform.memory import Memory
from athena_transform.settings import BRONZE_TABLE
from athena_transform.sql import day_parameter, paths, rows_predicate, statement
from athena_transform.state import Lease
from athena_transform.telemetry import logger

# What one statement reads at most. Bounds its duration and the length of its text, and with the days it bounds the
# months it may write: an INSERT writes at most 100 partitions.
# https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
LONGEST_BATCH = timedelta(days=7)
MOST_OBJECTS = 500
MOST_BYTES = 4 * 1024**3


def run(lake: Lake, *, days: Iterable[date] = (), since: date | None = None, compact: Iterable[str] = ()) -> Outcome:
    """Bring Silver up to date with Bronze; `busy` when another run, or a query that it left behind, is still at it.

    `days` are looked at besides the window, `since` is the first day of a look at all history. `compact` names months
    (`yyyy-MM`) whose files are merged now; months that have collected many small files are merged without being named.
    """
    lease = lake.state().acquire(lake.owner, lake.deadline.until_killed())
    if lease is None:
        return Outcome("busy")
    with lease:
        inserter = Inserter(lake, lease)
        if not inserter.settle_previous():
            return Outcome("busy")
        compactor = Compactor(lake, lease)
        compactor.remove_retired()
        is_complete = inserter.insert_new(days, since)
        compacted = compactor.compact(named=compact, written=inserter.months) if is_complete else ()
        return Outcome(
            "ok" if inserter.days or compacted else "nothing_to_do",
            inserter.rows,
            tuple(sorted(inserter.days)),
            compacted,
            is_complete,
        )


def batches(objects: Iterable[BronzeObject]) -> list[list[BronzeObject]]:
    """Split objects, in the order of days, into groups that one statement reads."""
    groups: list[list[BronzeObject]] = []
    size = 0
    for one in objects:
        fits = groups and (
            one.day - groups[-1][0].day < LONGEST_BATCH
            and len(groups[-1]) < MOST_OBJECTS
            and size + one.size <= MOST_BYTES
        )
        if fits:
            groups[-1].append(one)
            size += one.size
        else:
            groups.append([one])
            size = one.size
    return groups


@dataclass(frozen=True)
class InFlight:
    """An insert as the state records it: what it reads, and how to find the query that does it."""

    document: dict[str, Any]

    @classmethod
    def planned(cls, query: Query, days: dict[date, dict[str, str]], extent: Extent) -> "InFlight":
        """An insert that has not been started, of these objects (name -> ETag) by day."""
        return cls(
            {
                "sql": query.sql,
                "parameters": list(query.parameters),
                "token": query.token,
                "days": {day.isoformat(): objects for day, objects in days.items()},
                "first_id": extent.first_id,
                "last_id": extent.last_id,
                "months": sorted(extent.months),
                "query_execution_id": None,
            }
        )

    @property
    def query(self) -> Query:
        """The statement, with the token that starts it once."""
        return Query(self.document["sql"], tuple(self.document["parameters"]), self.document["token"])

    @property
    def query_execution_id(self) -> str | None:
        """The query's id; None while nobody knows whether it was started."""
        known: str | None = self.document["query_execution_id"]
        return known

    @property
    def days(self) -> dict[date, dict[str, str]]:
        """The objects it reads, by day: name -> ETag."""
        return {date.fromisoformat(day): objects for day, objects in self.document["days"].items()}

    @property
    def extent(self) -> Extent:
        """The ids and months that it may write."""
        return Extent(self.document["first_id"], self.document["last_id"], frozenset(self.document["months"]))


class Inserter:
    """The inserts of one run, under its lease. `rows`, `days`, `months` tell what has become part of Silver."""

    def __init__(self, lake: Lake, lease: Lease) -> None:
        self._lake = lake
        self._lease = lease
        self._memory = Memory(lease.document)
        self._ledger = Ledger(lake.s3, lake.settings.silver_bucket, lake.settings.ledger_prefix)
        self.rows = 0
        self.days: set[date] = set()
        self.months: set[str] = set()

    def settle_previous(self) -> bool:
        """Settle the insert that an earlier run left behind; False while it is still running."""
        document = self._lease.document.get("in_flight")
        if document is None:
            return True
        in_flight = InFlight(document)
        logger.warning("An earlier run did not finish", extra={"token": in_flight.query.token})
        if in_flight.query_execution_id is None:
            self._start(in_flight, is_first_try=False)
        execution = self._lake.athena.describe(str(in_flight.query_execution_id))
        if not execution.is_finished:
            logger.info("Its query still runs", extra={"query_execution_id": execution.query_execution_id})
            return False
        self._settle(in_flight, execution)
        return True

    def insert_new(self, days: Iterable[date], since: date | None) -> bool:
        """Insert what Silver does not have, as far as the time allows; True when nothing is left."""
        self._memory.ask(days, since)
        location = self._lake.table(BRONZE_TABLE)["StorageDescriptor"]["Location"]
        for number, batch in enumerate(batches(self._unread(location))):
            if number and not self._lake.deadline.allows_more():
                logger.warning("Little time left; the next run goes on", extra={"from_day": batch[0].day.isoformat()})
                return False
            self._insert(batch)
        self._memory.done_looking()
        return True

    def _unread(self, location: str) -> Iterator[BronzeObject]:
        """The objects that are not in their day's ledger, in the order of days."""
        start = self._memory.window_start()
        found: dict[date, list[BronzeObject]] = {}
        for day in self._memory.pending_days:
            if start is not None and day < start:
                found[day] = list(bronze.objects_of_day(self._lake.s3, location, day))
        for one in bronze.objects_since(self._lake.s3, location, start):
            found.setdefault(one.day, []).append(one)
        today = self._lake.now().date()
        for day in sorted(found):
            if day > today:
                # The table's projection ends today, so Athena cannot see them; remembered as the newest, they would
                # hide every real day.
                logger.warning("Bronze holds a day in the future", extra={"day": day.isoformat()})
                continue
            read = self._ledger.read(day) if found[day] else {}
            yield from (one for one in found[day] if read.get(one.name) != one.etag)

    def _insert(self, batch: list[BronzeObject]) -> None:
        days = (day_parameter(batch[0].day), day_parameter(batch[-1].day))
        read: dict[date, dict[str, str]] = {}
        for one in batch:
            read.setdefault(one.day, {})[one.name] = one.etag
        extent = self._extent(batch, days)
        if extent.first_id is None:
            logger.warning("Objects without a single event", extra={"paths": [one.path for one in batch]})
            self._enter(read)
            return
        present = self._lake.silver_partitions()
        known = rows_predicate(self._memory.may_hold(present, extent), extent.first_id, extent.last_id)
        text = statement("silver_insert", objects=paths(one.path for one in batch), known=known)
        in_flight = InFlight.planned(Query(text, days), read, extent)
        self._memory.widen(extent, present)
        self._lease.document["in_flight"] = in_flight.document
        self._lease.save()
        self._start(in_flight, is_first_try=True)
        execution = self._lake.athena.wait(str(in_flight.query_execution_id))
        if not self._settle(in_flight, execution):
            raise execution.error()

    def _extent(self, batch: list[BronzeObject], days: tuple[str, str]) -> Extent:
        """What ids and months the batch holds, by its metadata, else by asking Athena."""
        stated = bronze.extents(self._lake.s3, batch)
        known = [extent for extent in stated.values() if extent is not None]
        silent = [one for one, extent in stated.items() if extent is None]
        if silent:
            logger.info("Objects that do not state their extent", extra={"objects": len(silent)})
            text = statement("bronze_extent", objects=paths(one.path for one in silent))
            execution = self._lake.athena.run(Query(text, days))
            [(first_id, last_id, months)] = self._lake.athena.rows(execution.query_execution_id)
            known.append(Extent(first_id, last_id, frozenset((months or "").split(",")) - {""}))
        return Extent.union(known)

    def _start(self, in_flight: InFlight, *, is_first_try: bool) -> None:
        try:
            in_flight.document["query_execution_id"] = self._lake.athena.start(in_flight.query)
        except ClientError as error:
            # A refusal says that nothing runs only if no request came before it whose answer got lost.
            if is_first_try and _is_refused_at_once(error):
                self._lease.document["in_flight"] = None
            raise
        self._lease.save()

    def _settle(self, in_flight: InFlight, execution: Execution) -> bool:
        """Record a query that has ended: its objects as read, or its files as removed. True when it had succeeded."""
        if execution.has_succeeded:
            inserted = self._lake.athena.inserted_rows(execution.query_execution_id)
            present = self._refuse_misplaced(execution)
            revision = execution.query_execution_id if inserted else None
            for day in in_flight.days:
                self._memory.touched(day, in_flight.extent, revision, present if self._ledger.read(day) else None)
            self._enter(in_flight.days)
            self.rows += inserted
            self.days |= set(in_flight.days)
            self.months |= in_flight.extent.months
            logger.info("Inserted new events", extra={"rows": inserted, "days": sorted(in_flight.document["days"])})
        else:
            remove_orphans(self._lake.s3, execution.manifest, within=self._lake.settings.silver_location)
            # Entered already, if an earlier run was told that the query had succeeded. Files and entries go together.
            for day, objects in in_flight.days.items():
                self._ledger.remove(day, objects)
            self._memory.disturbed(in_flight.days, execution.query_execution_id)
        self._lease.document["in_flight"] = None
        self._lease.save()
        return execution.has_succeeded

    def _refuse_misplaced(self, execution: Execution) -> list[str]:
        """Make sure that readers see every file of an insert; returns the months that Silver has.

        Athena writes into the folder that a partition points to, also when a compaction has moved it, as Trino's Hive
        connector does. Should it ever write elsewhere, the rows would be lost without an error.
        """
        partitions = self._lake.silver_partitions()
        folders = tuple(partitions.values())
        lost = [path for path in manifest_paths(self._lake.s3, execution.manifest) if not path.startswith(folders)]
        if lost:
            remove_orphans(self._lake.s3, execution.manifest, within=self._lake.settings.silver_location)
            self._lease.document["in_flight"] = None
            raise MisplacedFilesError(f"Athena wrote {lost[0]}, where no partition of Silver points.")
        return list(partitions)

    def _enter(self, days: dict[date, dict[str, str]]) -> None:
        for day, objects in days.items():
            self._ledger.add(day, objects)
            self._memory.saw(day)


def _is_refused_at_once(error: ClientError) -> bool:
    """Whether a service has refused the first request that the SDK sent.

    After a server error (5xx) nobody knows what it has done, nor after a refusal of a repetition: the SDK repeats a
    request whose answer got lost.
    """
    metadata = error.response["ResponseMetadata"]
    return int(metadata["HTTPStatusCode"]) < 500 and not metadata.get("RetryAttempts")
