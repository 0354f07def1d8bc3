"""Looks at a day's quarantine again, and releases what is an event by today's rule.

For when the rule was too strict, or a clock was wrong. First the events go to Bronze, then they leave the quarantine;
who dies in between leaves events in both, and the next try writes the same object of Bronze once more: it is named by
its content. Lines of which only the beginning was kept stay where they are.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from botocore.exceptions import ClientError

from github_events_ingestor.deadline import Deadline
from github_events_ingestor.errors import IngestorError, NotAnEventError, SourceError
from github_events_ingestor.event import Rule
from github_events_ingestor.gzip_stream import CHUNK_BYTES, GZIP, LEVEL, decompressed, lines
from github_events_ingestor.hour_store import HourStore
from github_events_ingestor.quarantine import raw_of
from github_events_ingestor.state import NOT_FOUND, REFUSED
from github_events_ingestor.store import CONTENT_TYPE
from github_events_ingestor.summary import Summary
from github_events_ingestor.telemetry import logger


@dataclass(frozen=True)
class ReplayOutcome:
    """Numbers of lines that left the quarantine and that stay in it, and the objects of Bronze that were written."""

    released: int
    kept: int
    bytes: int
    keys: tuple[str, ...]


class _Lines:
    """Lines on their way into a gzip object, in a temporary file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.count = 0
        self._member = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._digest = hashlib.sha256()

    def add(self, line: bytes) -> None:
        """Add a line, given without its line feed."""
        self.count += 1
        self._digest.update(line + b"\n")
        self.file.write(self._member.compress(line + b"\n"))

    def finish(self) -> str:
        """Complete the file and go to its beginning; returns the content's name."""
        self.file.write(self._member.flush())
        self.file.seek(0)
        return self._digest.hexdigest()[:32]


@dataclass
class Replay:
    """Replays days of the quarantine in `store`, by the rule as of `now`, while `deadline` has time left."""

    store: HourStore
    rule: Rule
    deadline: Deadline
    now: datetime

    def day(self, day: date) -> ReplayOutcome:
        """Replay one day. SourceError if the time ran out: what was done stays, the next call does the rest."""
        outcomes = []
        for key in self._keys(day):
            if self.deadline.left() <= 0:
                raise SourceError(f"The time ran out before {key} was replayed.")
            outcomes.append(self._object(key, day))
        return ReplayOutcome(
            released=sum(one.released for one in outcomes),
            kept=sum(one.kept for one in outcomes),
            bytes=sum(one.bytes for one in outcomes),
            keys=tuple(key for one in outcomes for key in one.keys),
        )

    def _keys(self, day: date) -> Iterator[str]:
        prefix = f"{self.store.quarantine_prefix}ingest_dt={day:%Y-%m-%d}/"
        pages = self.store.client.get_paginator("list_objects_v2").paginate(Bucket=self.store.bucket, Prefix=prefix)
        # Listed whole before any is changed.
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        yield from (key for key in keys if key.endswith(".json.gz"))

    def _object(self, key: str, day: date) -> ReplayOutcome:
        summary = Summary()
        with ExitStack() as files:
            released = _Lines(files.enter_context(tempfile.TemporaryFile()))
            kept = _Lines(files.enter_context(tempfile.TemporaryFile()))
            try:
                answer = self.store.client.get_object(Bucket=self.store.bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in NOT_FOUND:
                    # Another replay has been faster.
                    return ReplayOutcome(0, 0, 0, ())
                raise
            for _, line, size in lines(decompressed(answer["Body"].iter_chunks(CHUNK_BYTES))):
                if size > len(line):
                    raise IngestorError(f"{key} holds a line of {size} bytes, which is not of the quarantine's form.")
                raw = raw_of(line)
                try:
                    if raw is None:
                        raise NotAnEventError("not kept whole")
                    summary.add(*self.rule.identify(raw))
                    released.add(raw)
                except NotAnEventError:
                    kept.add(line)
            if not released.count:
                return ReplayOutcome(0, kept.count, 0, ())
            bronze_key = f"{self.store.bronze_prefix}ingest_dt={day:%Y-%m-%d}/replay-{released.finish()}.json.gz"
            source = f"s3://{self.store.bucket}/{key}"
            self.store.put_bronze(bronze_key, released.file, summary.metadata(source, self.now))
            kept.finish()
            self._replace(key, answer["ETag"], answer.get("Metadata", {}), kept)
            return ReplayOutcome(released.count, kept.count, _size(released.file), (bronze_key,))

    def _replace(self, key: str, version: str, metadata: dict[str, str], kept: _Lines) -> None:
        """Leave in the quarantine what is kept, if the object is still the one that was read."""
        try:
            if not kept.count:
                self.store.client.delete_object(Bucket=self.store.bucket, Key=key, IfMatch=version)
                return
            self.store.client.put_object(
                Bucket=self.store.bucket,
                Key=key,
                Body=kept.file,
                ContentType=CONTENT_TYPE,
                Metadata=metadata | {"quarantined": str(kept.count)},
                IfMatch=version,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in REFUSED | NOT_FOUND:
                raise
            logger.warning("The quarantine has changed meanwhile and stays", extra={"key": key})


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)
