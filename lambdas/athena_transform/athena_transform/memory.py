"""What Silver remembers between runs: its part of the state document, with types.

newest_day     the newest ingest day that has been read; the look-back window hangs on it
pending_days   days outside of the window that have been asked for and not been read to their end
since          the first day of a look at all history that is not finished
months         "yyyy-MM" -> the range of the ids that the month's partition may hold, never too narrow
days           ingest day -> what Gold needs to know of it; `revision` changes whenever the day's rows do
in_flight      the insert that has been started, or was about to be
retired        folders that readers no longer need, see `compaction`
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from athena_transform.bronze import Extent

# How far behind the newest day an object that arrives late is noticed without being asked for.
LOOK_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Memory:
    """Typed access to the state document, which belongs to the run's lease."""

    document: dict[str, Any]

    # --- where to look ---

    @property
    def pending_days(self) -> list[date]:
        """Days to look at besides the window, in order."""
        return [date.fromisoformat(day) for day in self.document.get("pending_days", [])]

    def ask(self, days: Iterable[date], since: date | None) -> None:
        """Remember what a caller wants looked at, until `done_looking`."""
        wanted = sorted({*self.pending_days, *days})
        self.document["pending_days"] = [day.isoformat() for day in wanted]
        before = self._day("since")
        if since is not None and (before is None or since < before):
            self.document["since"] = since.isoformat()

    def window_start(self) -> date | None:
        """The day from which Bronze has to be listed; None on the first run, for all of it."""
        newest, since = self._day("newest_day"), self._day("since")
        if newest is None:
            return None
        recent = newest - LOOK_BACK
        return recent if since is None else min(recent, since)

    def done_looking(self) -> None:
        """All of the window and all pending days have been read."""
        self.document["pending_days"] = []
        self.document["since"] = None

    def saw(self, day: date) -> None:
        """A day has been read."""
        newest = self._day("newest_day")
        self.document["newest_day"] = max(day, newest or day).isoformat()

    def _day(self, name: str) -> date | None:
        text = self.document.get(name)
        return date.fromisoformat(text) if text else None

    # --- what may be where ---

    def may_hold(self, months: Iterable[str], extent: Extent) -> list[str]:
        """Those of the months whose partition may hold an id of the extent. A month without a known range may."""
        ranges = self.document.get("months", {})
        return [
            month
            for month in months
            if month not in ranges
            or extent.first_id is None
            or (ranges[month]["first_id"] <= extent.last_id and extent.first_id <= ranges[month]["last_id"])
        ]

    def widen(self, extent: Extent, present: Iterable[str]) -> None:
        """Let the extent's months hold its ids. `present`: the months that have a partition already.

        A month that is present without a known range stays unknown: it holds more than this extent.
        """
        ranges = self.document.setdefault("months", {})
        unknown = set(present) - set(ranges)
        for month in sorted(extent.months - unknown):
            known = ranges.get(month, {"first_id": extent.first_id, "last_id": extent.last_id})
            ranges[month] = {
                "first_id": min(known["first_id"], extent.first_id),
                "last_id": max(known["last_id"], extent.last_id),
            }

    # --- what Gold has to know ---

    def touched(self, day: date, extent: Extent, revision: str | None, unknown: Iterable[str] | None) -> None:
        """Objects of this extent have been read for a day; `revision` changes if rows were added (None: none were).

        `unknown`: the months of Silver, for a day that was read before without an entry of it here (its state was
        lost). It may have rows in any of them, with any id. None for a day that has not been read before.
        """
        entries = self.document.setdefault("days", {})
        entry = entries.get(day.isoformat())
        if entry is None and revision is None:
            return
        if entry is None:
            bounds = (None, None) if unknown is not None else (extent.first_id, extent.last_id)
            entry = {"revision": revision, "months": list(unknown or ()), "first_id": bounds[0], "last_id": bounds[1]}
        if entry["first_id"] is not None:
            entry["first_id"] = min(entry["first_id"], extent.first_id)
            entry["last_id"] = max(entry["last_id"], extent.last_id)
        entry["months"] = sorted({*entry["months"], *extent.months})
        entry["revision"] = revision or entry["revision"]
        entries[day.isoformat()] = entry

    def disturbed(self, days: Iterable[date], revision: str) -> None:
        """Rows of these days were visible for a while and have been removed: what was built from them may be wrong."""
        entries = self.document.get("days", {})
        for day in days:
            if day.isoformat() in entries:
                entries[day.isoformat()]["revision"] = revision
