"""One hour of GH Archive to Bronze, exactly once however often and by how many it is tried.

The order of writes makes it so: first the quarantine, then the Bronze object (only if there is none), last the record.
Whoever dies in between leaves an hour that the next try either does again from the beginning or, once the Bronze object
is there, takes as it is.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO, Literal

from github_events_ingestor.deadline import Deadline, utc_now
from github_events_ingestor.errors import ConflictError, CorruptArchiveError, SourceError
from github_events_ingestor.event import Rule
from github_events_ingestor.gharchive import Archive, MissingHourError, PassingError, backoff
from github_events_ingestor.hour import CheckedHour
from github_events_ingestor.hour_store import HourStore, Record, in_utc
from github_events_ingestor.telemetry import logger

MAX_DOWNLOADS = 3
MAX_FAILURES = 5


@dataclass(frozen=True)
class HourOutcome:
    """ "stored" by this try, "already_stored" by another one, or "missing" upstream. The record has the numbers."""

    outcome: Literal["stored", "already_stored", "missing"]
    record: Record


@dataclass
class Backfill:
    """Stores hours of `archive` in `store`, within the time that `deadline` leaves."""

    store: HourStore
    archive: Archive
    deadline: Deadline
    now: Callable[[], datetime] = field(default=utc_now)

    def hour(self, day: date, hour: int) -> HourOutcome:
        """Store an hour, unless it is stored.

        CorruptArchiveError, after a record of it, if the file was not whole gzip in MAX_DOWNLOADS downloads.
        SourceError if the archive kept failing, or the time does not suffice. Both may be asked for again.
        """
        known = self.store.read_record(day, hour)
        if known is not None and known.outcome == "stored":
            return HourOutcome("already_stored", known)
        adopted = self._adopt(day, hour, known)
        if adopted is not None:
            return adopted

        source = self.archive.source(day, hour)
        attempts, corrupt, failures = 0, 0, 0
        while True:
            attempts += 1
            try:
                return self._try(day, hour, known, attempts)
            except MissingHourError:
                record = Record("missing", source, attempts=attempts, at=in_utc(self.now()))
                written = self.store.write_record(day, hour, record, known)
                return HourOutcome("missing" if written.outcome == "missing" else "already_stored", written)
            except CorruptArchiveError as error:
                corrupt += 1
                pause = backoff(corrupt)
                logger.warning("The file is corrupt", extra={"source": source, "cause": str(error)})
                if corrupt >= MAX_DOWNLOADS or pause >= self.deadline.left():
                    record = Record("corrupt", source, attempts=attempts, at=in_utc(self.now()))
                    written = self.store.write_record(day, hour, record, known)
                    if written.outcome == "stored":
                        return HourOutcome("already_stored", written)
                    raise
            except PassingError as error:
                failures += 1
                pause = max(backoff(failures), error.pause or 0.0)
                logger.warning("The archive failed", extra={"source": source, "cause": str(error), "pause": pause})
                if failures >= MAX_FAILURES or pause >= self.deadline.left():
                    raise SourceError(f"{source} could not be read in {attempts} attempts: {error}") from error
            self.deadline.sleep(pause)

    def _try(self, day: date, hour: int, known: Record | None, attempts: int) -> HourOutcome:
        source, received_at = self.archive.source(day, hour), self.now()
        with CheckedHour() as checked:
            with self.archive.download(source) as chunks:
                checked.read(chunks, Rule(received_at), source, received_at)
            quarantine_key = self._store_quarantine(day, hour, checked, source, received_at)
            key, size = None, 0
            if checked.summary.events:
                key = self.store.bronze_key(day, hour)
                file = checked.archive if checked.is_clean else checked.rewritten()
                size = file.seek(0, os.SEEK_END)
                if not self._store_bronze(key, file, checked.summary.metadata(source, received_at)):
                    adopted = self._adopt(day, hour, known)
                    if adopted is None:
                        raise ConflictError(f"{key} was there, and is gone.")
                    return adopted
            record = Record(
                outcome="stored",
                source=source,
                events=checked.summary.events,
                quarantined=checked.quarantined,
                bytes=size,
                key=key,
                quarantine_key=quarantine_key,
                attempts=attempts,
                at=in_utc(self.now()),
            )
        # If another worker has found our object and recorded it meanwhile, its record stays.
        self.store.write_record(day, hour, record, known)
        return HourOutcome("stored", record)

    def _store_quarantine(
        self, day: date, hour: int, checked: CheckedHour, source: str, received_at: datetime
    ) -> str | None:
        if not checked.quarantined:
            return None
        key = self.store.quarantine_key(day, hour)
        about = {"source": source, "quarantined": str(checked.quarantined), "received-at": in_utc(received_at)}
        self.store.put_quarantine(key, checked.quarantine, about)
        return key

    def _store_bronze(self, key: str, file: BinaryIO, metadata: Mapping[str, str]) -> bool:
        """Whether the object that is there now is this one."""
        if self.store.put_bronze(key, file, metadata):
            return True
        # The SDK repeats a put whose answer got lost, and is then refused because of its own first try.
        there = self.store.head(key)
        return there is not None and there["Metadata"] == metadata

    def _adopt(self, day: date, hour: int, known: Record | None) -> HourOutcome | None:
        """Record an hour whose Bronze object is there, though no record says so; None if it is not there."""
        key, quarantine_key = self.store.bronze_key(day, hour), self.store.quarantine_key(day, hour)
        there = self.store.head(key)
        if there is None:
            return None
        quarantine = self.store.head(quarantine_key)
        record = Record(
            outcome="stored",
            source=there["Metadata"].get("source", self.archive.source(day, hour)),
            events=_number(there["Metadata"].get("events")),
            quarantined=_number(quarantine["Metadata"].get("quarantined")) if quarantine else 0,
            bytes=there["ContentLength"],
            key=key,
            quarantine_key=quarantine_key if quarantine else None,
            at=in_utc(self.now()),
        )
        return HourOutcome("already_stored", self.store.write_record(day, hour, record, known))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
