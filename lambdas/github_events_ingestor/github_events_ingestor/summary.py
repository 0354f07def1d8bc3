"""What an object of Bronze holds, told in its user metadata: HeadObject is enough to know whether to read it."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Summary:
    """The number of events added so far, and the smallest and largest of their ids and times.

    Ids are compared as text, which is the order in which Athena compares strings: "9" is larger than "10".
    """

    events: int = 0
    first_id: str = ""
    last_id: str = ""
    first_created_at: str = ""
    last_created_at: str = ""

    def add(self, identifier: str, created_at: str) -> None:
        """Count an event in."""
        if not self.events:
            self.first_id = self.last_id = identifier
            self.first_created_at = self.last_created_at = created_at
        elif identifier < self.first_id:
            self.first_id = identifier
        elif identifier > self.last_id:
            self.last_id = identifier
        if created_at < self.first_created_at:
            self.first_created_at = created_at
        elif created_at > self.last_created_at:
            self.last_created_at = created_at
        self.events += 1

    def metadata(self, source: str, received_at: datetime) -> dict[str, str]:
        """S3 user metadata of an object with these events. There must be one."""
        return {
            "source": source,
            "events": str(self.events),
            "first-id": self.first_id,
            "last-id": self.last_id,
            "first-created-at": self.first_created_at,
            "last-created-at": self.last_created_at,
            "received-at": received_at.astimezone(UTC).isoformat(timespec="seconds"),
        }
