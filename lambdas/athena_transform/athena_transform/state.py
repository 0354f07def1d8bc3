"""A transform's memory: one JSON object in S3, changed only by conditional writes.

The object holds what the transform knows and the lease of the run that may change it. A run takes the lease by writing
the object under the condition that it is still what was read (`If-Match`), or that there is none yet
(`If-None-Match: *`). S3 lets one of two such writers win and answers the other 412 (or 409 while both are at it):
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
Every later save carries the condition too, so a run that lost its lease cannot overwrite its successor's state.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from athena_transform.errors import LeaseLostError
from athena_transform.telemetry import logger

# A lease outlives its invocation by this much, so that clocks that differ a little never let two runs overlap.
CLOCK_TOLERANCE = timedelta(seconds=60)


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


@dataclass
class Lease:
    """The right to change the state, and the state itself: `document` is what gets saved."""

    store: "StateStore"
    document: dict[str, Any]
    etag: str

    def save(self) -> None:
        """Write the document. LeaseLostError when another run has written since."""
        etag = self.store.put(self.document, if_match=self.etag)
        if etag is None:
            raise LeaseLostError(f"Another run has changed s3://{self.store.bucket}/{self.store.key}.")
        self.etag = etag

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.document["lease"] = None
        try:
            self.save()
        except (LeaseLostError, ClientError, BotoCoreError):
            if error is None:
                raise
            # The error under way matters more; the lease ends by itself when it expires.
            logger.exception("The lease could not be given back")


@dataclass(frozen=True)
class StateStore:
    """The state object of one transform."""

    client: Any
    bucket: str
    key: str
    now: Callable[[], datetime] = field(default=utc_now)

    def acquire(self, owner: str, seconds: float) -> Lease | None:
        """Take the lease for an invocation that ends in so many seconds; None while another run has it."""
        document, etag = self._get()
        held = document.get("lease")
        if held and datetime.fromisoformat(held["expires_at"]) > self.now():
            logger.info("Another run has the lease", extra={"lease": held})
            return None
        if held:
            logger.warning("Taking over a lease that has expired", extra={"lease": held})
        expires_at = self.now() + timedelta(seconds=seconds) + CLOCK_TOLERANCE
        document["lease"] = {"owner": owner, "expires_at": expires_at.isoformat()}
        new_etag = self.put(document, if_match=etag)
        return None if new_etag is None else Lease(self, document, new_etag)

    def put(self, document: dict[str, Any], *, if_match: str | None) -> str | None:
        """Write the document if the object still has this ETag (None: if there is none); None when it is not so."""
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": if_match}
        body = json.dumps(document, indent=2, sort_keys=True).encode()
        try:
            answer = self.client.put_object(
                Bucket=self.bucket, Key=self.key, Body=body, ContentType="application/json", **condition
            )
        except ClientError as error:
            # 412, 409, and 404 for an If-Match on an object that is gone.
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}:
                raise
            # The SDK repeats a request whose answer got lost, and the repetition then meets its own first write.
            present, etag = self._get()
            return etag if present == document else None
        return str(answer["ETag"])

    def _get(self) -> tuple[dict[str, Any], str | None]:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            # Without s3:ListBucket on the bucket S3 would answer 403 here, which is an error, not a first run.
            if error.response["Error"]["Code"] == "NoSuchKey":
                return {}, None
            raise
        document: dict[str, Any] = json.loads(answer["Body"].read())
        return document, str(answer["ETag"])
