"""Bronze, quarantine and the ingestor's memory, in the raw bucket.

Bronze objects are named by their content, so storing the same events again writes the same object again. The memory is
one small JSON object that only conditional writes change, and only after the events it speaks of are stored.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from github_events_ingestor.events import Rejected
from github_events_ingestor.telemetry import logger


@dataclass(frozen=True)
class State:
    """What the ingestor remembers between polls.

    `etag` is GitHub's, of the timeline that was stored last. No poll is welcome before `not_before`, for the `reason`
    given. `version` is the S3 ETag of the object that this was read from, None if there was none.
    """

    etag: str | None = None
    not_before: datetime | None = None
    reason: str = ""
    version: str | None = None


@dataclass(frozen=True)
class Store:
    """The raw bucket as the ingestor uses it. `client` is a boto3 S3 client."""

    client: Any
    bucket: str
    bronze_prefix: str
    quarantine_prefix: str
    state_key: str

    def put_events(self, events: Sequence[bytes], polled_at: datetime, about: Mapping[str, str]) -> str:
        """Store events, one a line, exactly as served; return the object's key."""
        return self._put_lines(self.bronze_prefix, events, polled_at, about)

    def put_rejected(self, rejected: Sequence[Rejected], polled_at: datetime, about: Mapping[str, str]) -> str:
        """Store what is no event with the reason, one JSON object a line; return the object's key."""
        lines = (
            json.dumps({"reason": item.reason, "raw": item.raw.decode("utf-8")}, ensure_ascii=False).encode("utf-8")
            for item in rejected
        )
        return self._put_lines(self.quarantine_prefix, lines, polled_at, about)

    def _put_lines(self, prefix: str, lines: Iterable[bytes], polled_at: datetime, about: Mapping[str, str]) -> str:
        content = b"".join(line + b"\n" for line in lines)
        # The day on which the source showed the events, which is not the day on which they happened.
        day = f"{polled_at:%Y-%m-%d}"
        key = f"{prefix}ingest_dt={day}/{hashlib.sha256(content).hexdigest()[:32]}.json.gz"
        self.client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=gzip.compress(content, mtime=0),
            ContentType="application/gzip",
            Metadata={**about, "polled-at": polled_at.isoformat(timespec="seconds")},
        )
        return key

    def read_state(self) -> State:
        """What the last poll left. An object that cannot be read counts as a first run, and is written anew."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.state_key)
        except ClientError as error:
            # Without s3:ListBucket on the bucket S3 would answer 403 here, which is an error, not a first run.
            if error.response["Error"]["Code"] == "NoSuchKey":
                return State()
            raise
        version = str(answer["ETag"])
        try:
            document = json.loads(answer["Body"].read())
            not_before = document["not_before"] and datetime.fromisoformat(document["not_before"])
            return State(document["etag"], not_before, document["reason"], version)
        except (ValueError, KeyError, TypeError):
            logger.exception("The state cannot be read; starting from none", extra={"key": self.state_key})
            return State(version=version)

    def write_state(self, state: State) -> bool:
        """Write the state if it is still as `state.version` says; False if another invocation has been faster.

        Of two overlapping polls the slower one's ETag may be older, and must not replace the newer one:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        condition = {"IfNoneMatch": "*"} if state.version is None else {"IfMatch": state.version}
        not_before = state.not_before.isoformat() if state.not_before else None
        document = {"etag": state.etag, "not_before": not_before, "reason": state.reason}
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=self.state_key,
                Body=json.dumps(document, indent=2).encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}:
                return False
            raise
        return True
