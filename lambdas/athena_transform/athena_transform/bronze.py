"""What Bronze holds, found by listing it: listing costs next to nothing, reading does not."""

import hashlib
import re
from datetime import date
from typing import Any

from athena_transform.cleanup import split_location

# A file whose name starts with `_` or `.` is hidden from Athena.
# https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html
_OBJECT = re.compile(r"ingest_dt=(?P<day>\d{4}-\d{2}-\d{2})/[^_.][^/]*")


def fingerprints(s3: Any, location: str, since: date | None) -> dict[date, str]:
    """A digest of each day's objects, for the days from `since` on (None: all), in the order of days.

    Two listings give a day the same digest exactly when it holds the same objects with the same contents. One request
    lists 1,000 objects, about three days of polls every five minutes.
    """
    bucket, folder = split_location(location)
    prefix = f"{folder.rstrip('/')}/"
    request = {"Bucket": bucket, "Prefix": f"{prefix}ingest_dt="}
    if since is not None:
        # Every key of that day is longer than this, so it sorts after it.
        request["StartAfter"] = f"{prefix}ingest_dt={since.isoformat()}"
    digests: dict[date, Any] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(**request):
        for item in page.get("Contents", []):
            match = _OBJECT.fullmatch(item["Key"].removeprefix(prefix))
            if match:
                digest = digests.setdefault(date.fromisoformat(match["day"]), hashlib.sha256())
                digest.update(f"{item['Key']}\t{item['ETag']}\n".encode())
    return {day: digests[day].hexdigest() for day in sorted(digests)}
