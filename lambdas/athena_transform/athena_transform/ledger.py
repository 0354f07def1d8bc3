"""Which objects of Bronze are in Silver: one small JSON object for each ingest day, beside the state.

An object is entered after the insert that read it has succeeded. Forgetting an entry costs a second reading, which
inserts nothing; so it does no harm when a run that lost its lease writes an older list.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Ledger:
    """The ledgers of all days, under `prefix` (ends in a slash) of `bucket`."""

    s3: Any
    bucket: str
    prefix: str

    def key(self, day: date) -> str:
        """The object key of a day's ledger."""
        return f"{self.prefix}{day.isoformat()}.json"

    def read(self, day: date) -> dict[str, str]:
        """Object name -> ETag of what has been read of a day."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=self.key(day))
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return {}
            raise
        objects: dict[str, str] = json.loads(answer["Body"].read())["objects"]
        return objects

    def add(self, day: date, objects: Mapping[str, str]) -> None:
        """Enter objects, by name and ETag, of a day."""
        self._write(day, {**self.read(day), **objects})

    def remove(self, day: date, names: Iterable[str]) -> None:
        """Take objects of a day out again, by name."""
        entered, gone = self.read(day), set(names)
        if entered.keys() & gone:
            self._write(day, {name: etag for name, etag in entered.items() if name not in gone})

    def _write(self, day: date, objects: Mapping[str, str]) -> None:
        document = {"objects": dict(objects)}
        body = json.dumps(document, indent=1, sort_keys=True).encode()
        self.s3.put_object(Bucket=self.bucket, Key=self.key(day), Body=body, ContentType="application/json")
