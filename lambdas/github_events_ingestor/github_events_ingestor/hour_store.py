"""Archive hours in the raw bucket: the Bronze object, the quarantine of its lines, and the record of what was done."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO, Literal

from botocore.exceptions import ClientError

from github_events_ingestor.errors import ConflictError
from github_events_ingestor.state import NOT_FOUND, REFUSED
from github_events_ingestor.store import CONTENT_TYPE

# Two writers of one key at a time get 409, and are to try again:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
MAX_WRITES = 5
_EXISTS = frozenset({"PreconditionFailed", "412"})


@dataclass(frozen=True)
class Record:
    """What was done about an hour, as it is kept in `state/gharchive_backfill/D/HH.json`.

    `events`, `quarantined`: numbers of lines, None if somebody else stored the hour and did not say. `bytes`: size of
    the Bronze object. `key`: its key, None if the hour has no events. `attempts`: downloads that it took.
    """

    outcome: Literal["stored", "missing", "corrupt"]
    source: str
    events: int | None = 0
    quarantined: int | None = 0
    bytes: int = 0
    key: str | None = None
    quarantine_key: str | None = None
    attempts: int = 0
    at: str = ""
    version: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class HourStore:
    """The raw bucket as the backfill uses it. `client` is a boto3 S3 client; prefixes end in a slash."""

    client: Any
    bucket: str
    bronze_prefix: str
    quarantine_prefix: str
    state_prefix: str

    def bronze_key(self, day: date, hour: int) -> str:
        """Where an hour's events are."""
        return f"{self.bronze_prefix}ingest_dt={day:%Y-%m-%d}/gharchive-{day:%Y-%m-%d}-{hour:02}.json.gz"

    def quarantine_key(self, day: date, hour: int) -> str:
        """Where those lines of an hour are that are not events."""
        return f"{self.quarantine_prefix}ingest_dt={day:%Y-%m-%d}/gharchive-{day:%Y-%m-%d}-{hour:02}.json.gz"

    def record_key(self, day: date, hour: int) -> str:
        """Where the record of an hour is."""
        return f"{self.state_prefix}{day:%Y-%m-%d}/{hour:02}.json"

    def put_quarantine(self, key: str, file: BinaryIO, metadata: Mapping[str, str]) -> None:
        """Write an hour's quarantine, in place of the one that an earlier try may have left."""
        file.seek(0)
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=file, ContentType=CONTENT_TYPE, Metadata=dict(metadata)
        )

    def put_bronze(self, key: str, file: BinaryIO, metadata: Mapping[str, str]) -> bool:
        """Write an object of Bronze; False if there is one of this name, which stays as it is."""
        for _ in range(MAX_WRITES):
            file.seek(0)
            try:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=file,
                    ContentType=CONTENT_TYPE,
                    Metadata=dict(metadata),
                    IfNoneMatch="*",
                )
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _EXISTS:
                    return False
                if code not in REFUSED:
                    raise
            else:
                return True
        raise ConflictError(f"Others were writing {key} at each of {MAX_WRITES} attempts.")

    def head(self, key: str) -> Mapping[str, Any] | None:
        """What S3 says about an object, None if there is none. Needs s3:ListBucket, or S3 answers 403 for 404."""
        try:
            answer: Mapping[str, Any] = self.client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_FOUND:
                return None
            raise
        return answer

    def read_record(self, day: date, hour: int) -> Record | None:
        """The record of an hour, None if there is none, or one that is not of this form."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.record_key(day, hour))
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_FOUND:
                return None
            raise
        version = str(answer["ETag"])
        try:
            return Record(**json.loads(answer["Body"].read()), version=version)
        except (ValueError, TypeError):
            # It is written anew, on top of this version.
            return Record("missing", "", version=version)

    def write_record(self, day: date, hour: int, record: Record, known: Record | None) -> Record:
        """Write the record over the `known` one; returns the one that is there now.

        A record that says "stored" is final: who comes later with anything else, gets it back.
        """
        for _ in range(MAX_WRITES):
            condition = {"IfMatch": known.version} if known and known.version else {"IfNoneMatch": "*"}
            document = asdict(record)
            del document["version"]
            try:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=self.record_key(day, hour),
                    Body=json.dumps(document, indent=2).encode(),
                    ContentType="application/json",
                    **condition,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in REFUSED:
                    raise
            else:
                return record
            known = self.read_record(day, hour)
            if known is not None and known.outcome == "stored":
                return known
        raise ConflictError(f"Others were writing {self.record_key(day, hour)} at each of {MAX_WRITES} attempts.")


def in_utc(moment: datetime) -> str:
    """A moment as records hold it: ISO 8601 with its zone, to the second."""
    return moment.isoformat(timespec="seconds")
