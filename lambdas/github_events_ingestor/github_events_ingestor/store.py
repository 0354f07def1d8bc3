"""Bronze and quarantine of polls, in the raw bucket.

Objects are named by their content, so storing the same events again writes the same object again.
"""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from github_events_ingestor.page import Event
from github_events_ingestor.quarantine import Rejected, render
from github_events_ingestor.summary import Summary

CONTENT_TYPE = "application/gzip"


@dataclass(frozen=True)
class Store:
    """The raw bucket as polls use it. `client` is a boto3 S3 client."""

    client: Any
    bucket: str
    bronze_prefix: str
    quarantine_prefix: str

    def put_events(self, events: Sequence[Event], source: str, received_at: datetime, etag: str) -> str:
        """Store events, one a line, exactly as served; return the object's key. There must be one."""
        summary = Summary()
        for event in events:
            summary.add(event.id, event.created_at)
        content = b"".join(event.raw + b"\n" for event in events)
        about = {**summary.metadata(source, received_at), "etag": etag}
        return self._put(self.bronze_prefix, content, content, received_at, about)

    def put_rejected(self, rejected: Sequence[tuple[str, Rejected]], received_at: datetime) -> str:
        """Store what is no event, each with its source, in the form of the quarantine; return the object's key."""
        content = b"".join(render(item, source, received_at) for source, item in rejected)
        # Without the time, so that the same elements have the same name when they are seen again after a crash.
        identity = b"".join(source.encode() + b"\0" + item.raw + b"\0" for source, item in rejected)
        about = {"quarantined": str(len(rejected)), "received-at": received_at.isoformat(timespec="seconds")}
        return self._put(self.quarantine_prefix, content, identity, received_at, about)

    def _put(
        self, prefix: str, content: bytes, identity: bytes, received_at: datetime, about: Mapping[str, str]
    ) -> str:
        # The day on which the source showed the events, which is not the day on which they happened.
        day = f"{received_at:%Y-%m-%d}"
        key = f"{prefix}ingest_dt={day}/{hashlib.sha256(identity).hexdigest()[:32]}.json.gz"
        self.client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=gzip.compress(content, mtime=0),
            ContentType=CONTENT_TYPE,
            Metadata=dict(about),
        )
        return key
