"""Merge the small files of a month of Silver, in one step for its readers.

Hourly inserts leave a month with hundreds of small files, and every query opens each of them. Compaction writes the
month anew into a folder of its own: small files are merged by UNLOAD, sorted by event id so that Parquet's statistics
tell row groups apart, and files that are large already are copied within S3. The folder is counted against the month
through a table over it, and then one Glue call points the partition there. A reader plans with the old folder or with
the new one; both hold the same rows. Later inserts write where the partition points.

It runs under Silver's lease, so no insert runs meanwhile. What becomes of the old folder, and of one that a crash
leaves: `staging`.
"""

import functools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from athena_transform.athena import Query
from athena_transform.cleanup import split_location
from athena_transform.errors import AuditError, SettingsError
from athena_transform.lake import Lake
from athena_transform.settings import SILVER_AUDIT_TABLE, SILVER_TABLE
from athena_transform.sql import column_list, months_predicate, paths, statement
from athena_transform.staging import Retired, audit_table
from athena_transform.state import Lease
from athena_transform.telemetry import logger

# "Optimize file sizes": splits of 128 MB or more. A file of half that is left alone.
# https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-data-optimization-techniques.html
LARGE_BYTES = 64 * 1024**2
# What one UNLOAD merges at most; its file is no larger, because it is sorted.
MOST_BYTES = 256 * 1024**2
# The paths stand in the statement, whose length is limited.
MOST_FILES = 1_000
# A month that has collected so many small files is compacted without being asked for: a day of hourly inserts.
MANY_SMALL_FILES = 24


@dataclass(frozen=True)
class File:
    """A file of Silver."""

    path: str
    size: int

    @property
    def is_small(self) -> bool:
        """Whether it is worth merging."""
        return self.size < LARGE_BYTES


class Compactor:
    """Compacts months of Silver under a run's lease."""

    def __init__(self, lake: Lake, lease: Lease) -> None:
        self._lake = lake
        self._lease = lease
        self._retired = Retired(lake, lease)

    def compact(self, *, named: Iterable[str], written: Iterable[str]) -> tuple[str, ...]:
        """Compact the months that are named, and of those written to the ones with many small files.

        Returns the months that were compacted. What does not fit into the time left is done by a later run.
        """
        partitions = self._lake.silver_partitions() if {*named, *written} else {}
        if unknown := sorted(set(named) - set(partitions)):
            raise SettingsError(
                f"Silver has no month {unknown[0]!r}; it has {', '.join(sorted(partitions)) or 'none'}."
            )
        done: list[str] = []
        for month in sorted({*named, *(set(written) & set(partitions))}):
            files = self._files(partitions[month])
            small = sum(file.is_small for file in files)
            if small < (2 if month in named else MANY_SMALL_FILES):
                continue
            if not self._lake.deadline.allows_more():
                logger.warning("Little time left; a later run compacts", extra={"month": month})
                break
            self._rewrite(month, partitions[month], files)
            done.append(month)
        return tuple(done)

    def remove_retired(self) -> None:
        """Delete the folders that have been out of use for longer than GRACE."""
        partitions = functools.cache(self._lake.silver_partitions)
        self._retired.remove_due(
            lambda item: partitions().get(item["month"]), within=lambda _: self._lake.settings.silver_location
        )

    def _rewrite(self, month: str, live: str, files: list[File]) -> None:
        table = self._lake.table(SILVER_TABLE)
        year, number = month.split("-")
        run_id = f"{self._lake.now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        location = f"{self._lake.settings.silver_location}compacted/year={year}/month={number}/run={run_id}/"
        self._retired.add([location], month=month)
        for index, group in enumerate(groups(file for file in files if file.is_small)):
            target = f"{location}part={index:04}/"
            text = statement(
                "silver_compact",
                location=target,
                # Not spelt out in the statement: a column that was added to the table must survive.
                columns=column_list(column["Name"] for column in table["StorageDescriptor"]["Columns"]),
                months=months_predicate([month]),
                objects=paths(file.path for file in group),
            )
            self._lake.athena.run(Query(text))
        for file in files:
            if not file.is_small:
                self._copy(file, location)
        self._audit(month, location)
        self._retired.add([live], month=month)
        self._publish(month, location)
        self._retired.take_back([location])
        self._lease.save()
        written = self._files(location)
        logger.info(
            "Compacted a month",
            extra={
                "month": month,
                "files_before": len(files),
                "bytes_before": sum(file.size for file in files),
                "files_after": len(written),
                "bytes_after": sum(file.size for file in written),
            },
        )

    def _files(self, location: str) -> list[File]:
        bucket, prefix = split_location(location)
        pages = self._lake.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            File(f"s3://{bucket}/{item['Key']}", int(item["Size"]))
            for page in pages
            for item in page.get("Contents", [])
        ]

    def _copy(self, file: File, location: str) -> None:
        bucket, key = split_location(file.path)
        _, folder = split_location(location)
        # One CopyObject takes 5 GB; UNLOAD's files stay far below.
        self._lake.s3.copy_object(
            Bucket=bucket, Key=f"{folder}{key.rpartition('/')[2]}", CopySource={"Bucket": bucket, "Key": key}
        )

    def _audit(self, month: str, location: str) -> None:
        """Count the folder, with the engine that its readers use, against the month; AuditError if they differ."""
        with audit_table(self._lake, SILVER_AUDIT_TABLE, self._lake.table(SILVER_TABLE), location):
            execution = self._lake.athena.run(Query(statement("silver_audit_month", months=months_predicate([month]))))
        [row] = self._lake.athena.rows(execution.query_execution_id)
        if row[:4] != row[4:]:
            raise AuditError(f"{location} holds (rows, ids, first, last) {row[:4]}, but the month {month} {row[4:]}.")

    def _publish(self, month: str, location: str) -> None:
        """Point the month's partition to the folder: one call, all or nothing for readers."""
        values = month.split("-")
        descriptor = {**self._lake.table(SILVER_TABLE)["StorageDescriptor"], "Location": location}
        self._lake.glue.update_partition(
            DatabaseName=self._lake.settings.database,
            TableName=SILVER_TABLE,
            PartitionValueList=values,
            PartitionInput={"Values": values, "StorageDescriptor": descriptor},
        )


def groups(files: Iterable[File]) -> list[list[File]]:
    """Split files into groups that one UNLOAD merges."""
    found: list[list[File]] = []
    size = 0
    for file in files:
        if found and len(found[-1]) < MOST_FILES and size + file.size <= MOST_BYTES:
            found[-1].append(file)
            size += file.size
        else:
            found.append([file])
            size = file.size
    return found
