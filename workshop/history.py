"""Backfills and lineage as a notebook shows them: one line while it goes on, one table at the end."""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from workshop.backfill import (
    Follower,
    Hour,
    Progress,
    hours_of,
    parse_days,
    parse_hours,
    reason_of,
    start_or_join,
    tally,
)
from workshop.errors import WorkshopError
from workshop.lineage import trace
from workshop.records import Record, amount, show, step

if TYPE_CHECKING:
    import pandas as pd

    from workshop.names import Names

LOOK_EVERY_SECONDS = 0.5
COLUMNS = ["day", "hour", "outcome", "events", "quarantined", "bytes", "attempts"]
_PHASES = {"silver": "; Silver is being brought up to date", "gold": "; Gold is being brought up to date"}


def fetch(client: Any, machine_arn: str, days: Sequence[str], hours: str) -> "pd.DataFrame":
    """Run the state machine for these hours, or join the run that is at it, and wait for its end.

    `client` is boto3's for Step Functions. Returns one row an hour; WorkshopError for anything but success.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    asked, _ = hours_of(parse_days(days), parse_hours(hours), datetime.now(UTC))
    with step(f"Backfill {', '.join(days)}, {len(asked)} hours") as line:
        arn, _ = start_or_join(client, machine_arn, asked)
        follower = Follower(client, arn)
        while not (progress := follower.look()).has_ended:
            line.say(f"{len(progress.results)}/{len(asked)} hours{_PHASES.get(progress.phase, '')}")
            time.sleep(LOOK_EVERY_SECONDS)
        line.note = _words(asked, progress)
        if progress.status != "SUCCEEDED":
            reason = reason_of({"error": progress.error, "cause": progress.cause})
            raise WorkshopError(
                f"The backfill ended as {progress.status}. {reason}",
                "Run the cell again: it does only what is missing.",
            )
    rows = [{"day": str(hour.day), "hour": hour.hour} | progress.results[hour] for hour in asked]
    return pd.DataFrame(rows, columns=COLUMNS)


def _words(asked: Sequence[Hour], progress: Progress) -> str:
    total = tally(asked, progress.results)
    outcomes = {
        "stored": total.stored,
        "already stored": total.already_stored,
        "missing": total.missing,
        "failed": total.failed,
    }
    parts = [f"{count} {outcome}" for outcome, count in outcomes.items() if count]
    return " · ".join([", ".join(parts), f"{total.events:,} events", amount(total.bytes)])


def _clock(received_at: str | None) -> str:
    """A moment as tables show it; objects keep it as ISO 8601 in UTC."""
    return (received_at or "").partition("+")[0].replace("T", " ")


def lineage(session: Any, names: "Names", day: date, event_type: str, repository: str) -> "pd.DataFrame":
    """Follow one number of Gold down, and say in one line whether the layers agree on it.

    Returns one row for each file of Silver and object of Bronze (the index), with the events that came from it, when it
    was received and from where. WorkshopError if they do not agree.
    """
    import pandas as pd  # noqa: PLC0415

    found = trace(session, names, day, event_type, repository)
    rows = [
        (
            file.path.rpartition("/")[2],
            str(one.path).rpartition("/")[2],
            one.events,
            _clock(one.received_at),
            one.source,
        )
        for file in found.files
        for one in file.bronze
    ]
    title = f"{event_type} in {repository} on {day}"
    note = f"Gold says {found.gold_events:,}, Silver holds {found.silver_events:,}"
    show(Record("step", title, "pass" if found.agrees else "fail"), note)
    if not found.agrees:
        raise WorkshopError(
            f"{title}: {note}.",
            "Silver has changed since; run Gold." if found.is_stale else "Gold was built from just this Silver.",
        )
    frame = pd.DataFrame(rows, columns=["silver_file", "bronze_object", "events", "received_at", "source"])
    return frame.set_index(["silver_file", "bronze_object"])
