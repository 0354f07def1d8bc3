"""What the poller remembers between polls: one small JSON object, changed by conditional writes alone.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from github_events_ingestor.telemetry import logger

# S3's codes, and the bare status of answers without a body.
NOT_FOUND = frozenset({"NoSuchKey", "404", "NotFound"})
REFUSED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


@dataclass(frozen=True)
class State:
    """What the last poll left.

    `etag` is GitHub's, of the timeline that was stored last, and `newest_id` the largest event id of it. No poll is
    welcome before `not_before`, for the `reason` given. `version` is the S3 ETag of the object that this was read from,
    None if there was none.
    """

    etag: str | None = None
    not_before: datetime | None = None
    reason: str = ""
    newest_id: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class StateStore:
    """Where the state is. `client` is a boto3 S3 client."""

    client: Any
    bucket: str
    key: str

    def read(self) -> State:
        """What the last poll left. An object that cannot be read counts as a first run, and is written anew."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            # Without s3:ListBucket on the bucket S3 would answer 403 here, which is an error, not a first run.
            if error.response["Error"]["Code"] in NOT_FOUND:
                return State()
            raise
        version = str(answer["ETag"])
        try:
            document = json.loads(answer["Body"].read())
            not_before = document["not_before"] and datetime.fromisoformat(document["not_before"])
            # Not there in a state that an older version has written.
            newest_id = document.get("newest_id")
            if newest_id is not None and not re.fullmatch("[0-9]{1,20}", newest_id):
                raise ValueError("newest_id is not an event's id")
            return State(document["etag"], not_before, document["reason"], newest_id, version)
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.exception("The state cannot be read; starting from none", extra={"key": self.key})
            return State(version=version)

    def write(self, state: State) -> bool:
        """Write the state if it is still as `state.version` says; False if another invocation has been faster.

        Of two overlapping polls the slower one's ETag may be older, and must not replace the newer one.
        """
        condition = {"IfNoneMatch": "*"} if state.version is None else {"IfMatch": state.version}
        document = {
            "etag": state.etag,
            "not_before": state.not_before.isoformat() if state.not_before else None,
            "reason": state.reason,
            "newest_id": state.newest_id,
        }
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=self.key,
                Body=json.dumps(document, indent=2).encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED:
                return False
            raise
        return True
