"""Backfills: which hours are asked for, starting the state machine for them, and following it to its end.

The state machine is in `terraform/modules/gharchive_backfill`. It runs on its own: whoever follows it only reads its
history, so that leaving does not stop it and coming back costs nothing.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from workshop.errors import WorkshopError

# From this day on the archive holds events in the form of today's Events API. https://www.gharchive.org
FIRST_DAY = date(2015, 1, 1)
# More hours would not fit into what one execution may remember: 25,000 events of history, 256 KB of data a state.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_DAYS = 31
HISTORY_PAGE = 1000

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RANGE = re.compile(r"([0-9-]+)\.\.([0-9-]+)")
_HOURS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


@dataclass(frozen=True, order=True)
class Hour:
    """An hour of the archive, in UTC."""

    day: date
    hour: int

    def is_over(self, now: datetime) -> bool:
        """Whether the archive can have all of it."""
        start = datetime(self.day.year, self.day.month, self.day.day, self.hour, tzinfo=UTC)
        return start + timedelta(hours=1) <= now

    def __str__(self) -> str:
        return f"{self.day} {self.hour:02}:00"


# --- what is asked for -----------------------------------------------------------------------------------------------


def parse_day(text: str) -> date:
    """A day written as YYYY-MM-DD. WorkshopError for anything else."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise WorkshopError(f"{text!r} is not a day.", "Write it as YYYY-MM-DD, e.g. 2024-01-15.")


def parse_days(texts: Sequence[str]) -> list[date]:
    """Days and ranges of days (`2024-01-10..2024-01-15`, both included), sorted, each once."""
    days: set[date] = set()
    for text in texts:
        found = _RANGE.fullmatch(text)
        if not found:
            days.add(parse_day(text))
            continue
        first, last = parse_day(found[1]), parse_day(found[2])
        if last < first:
            raise WorkshopError(f"{text} ends before it begins.", f"Write it as {last}..{first}.")
        if (last - first).days >= MOST_DAYS:
            raise _too_many((last - first).days + 1)
        days.update(first + timedelta(days=number) for number in range((last - first).days + 1))
    return sorted(days)


def parse_hours(text: str) -> list[int]:
    """Hours and ranges of hours (`0-5,12`, both included), sorted, each once."""
    hours: set[int] = set()
    for part in text.split(","):
        found = _HOURS.fullmatch(part.strip())
        first = int(found[1]) if found else -1
        last = int(found[2] or found[1]) if found else -1
        if not 0 <= first <= last <= 23:
            raise WorkshopError(f"{part.strip()!r} are no hours of a day.", "Write e.g. 7, 0-23 or 0-5,12.")
        hours.update(range(first, last + 1))
    return sorted(hours)


def refuse_days_out_of_reach(days: Sequence[date], now: datetime) -> None:
    """WorkshopError for days that the archive does not have, or more days than one execution takes."""
    for day in days:
        if day < FIRST_DAY:
            raise WorkshopError(
                f"{day} is before {FIRST_DAY}.", "The archive's older hours have another form. Choose a later day."
            )
        if day > now.date():
            raise WorkshopError(f"{day} is in the future.", f"Choose a day until today, {now.date()} in UTC.")
    if len(days) > MOST_DAYS:
        raise _too_many(len(days))


def _too_many(days: int) -> WorkshopError:
    return WorkshopError(f"{days} days are too many at once.", f"Ask for {MOST_DAYS} at most, several times.")


def hours_of(days: Sequence[date], hours: Sequence[int], now: datetime) -> tuple[list[Hour], list[Hour]]:
    """The hours of the days: those that are over, and those that are not yet. WorkshopError if none is over."""
    refuse_days_out_of_reach(days, now)
    asked = [Hour(day, hour) for day in days for hour in hours]
    over = [hour for hour in asked if hour.is_over(now)]
    if not over:
        raise WorkshopError(f"None of these hours is over; it is {now:%Y-%m-%d %H:%M} in UTC.", "Try again later.")
    return over, [hour for hour in asked if not hour.is_over(now)]


# --- the execution ---------------------------------------------------------------------------------------------------


def machine_input(hours: Sequence[Hour]) -> dict[str, Any]:
    """What the state machine is started with."""
    return {
        "hours": [{"day": hour.day.isoformat(), "hour": hour.hour} for hour in hours],
        "days": sorted({hour.day.isoformat() for hour in hours}),
    }


def start_or_join(client: Any, machine_arn: str, hours: Sequence[Hour]) -> tuple[str, bool]:
    """Start an execution for the hours, or find one that is at it already: its ARN, and whether it was there."""
    given = machine_input(hours)
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine_arn, statusFilter="RUNNING")
    for page in pages:
        for one in page["executions"]:
            found = client.describe_execution(executionArn=one["executionArn"])
            if json.loads(found["input"]) == given:
                return str(one["executionArn"]), True
    name = f"{given['days'][0]}-{len(hours)}-hours-{uuid.uuid4().hex[:8]}"
    started = client.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(given))
    return str(started["executionArn"]), False


@dataclass
class Progress:
    """What the execution has come to. `results` are the functions' answers by hour; a failed hour has `error`.

    `phase` is what it is at: "hours", "silver" or "gold". `answers` are the last ones of Silver and Gold.
    """

    status: str = "RUNNING"
    phase: str = "hours"
    results: dict[Hour, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    failed_tries: int = 0
    error: str = ""
    cause: str = ""
    seconds: float = 0.0

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status != "RUNNING"


class Follower:
    """Reads an execution's history from where it stopped reading the last time."""

    def __init__(self, client: Any, execution_arn: str) -> None:
        self._client = client
        self._arn = execution_arn
        self._read = 0
        self.progress = Progress()

    def look(self) -> Progress:
        """Bring `progress` up to date. One call while little happens."""
        # First the status: the history of an execution that has ended is then complete.
        described = self._client.describe_execution(executionArn=self._arn)
        for event in self._new_events():
            _apply(event, self.progress)
        progress = self.progress
        progress.status = described["status"]
        progress.error, progress.cause = described.get("error", ""), described.get("cause", "")
        end = described.get("stopDate") or datetime.now(UTC)
        progress.seconds = (end - described["startDate"]).total_seconds()
        return progress

    def _new_events(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        # The newest first, until one that has been read.
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=self._arn, reverseOrder=True, maxResults=HISTORY_PAGE
        )
        for page in pages:
            new = [event for event in page["events"] if event["id"] > self._read]
            found += new
            if len(new) < len(page["events"]):
                break
        found.sort(key=lambda event: int(event["id"]))
        if found:
            self._read = int(found[-1]["id"])
        return found


def _apply(event: Mapping[str, Any], progress: Progress) -> None:
    kind = event["type"]
    if kind == "TaskSucceeded":
        answer = json.loads(event["taskSucceededEventDetails"]["output"])["Payload"]
        if isinstance(answer, dict) and "hour" in answer:
            progress.results[_hour(answer)] = answer
    elif kind == "TaskFailed":
        progress.failed_tries += 1
    elif kind == "TaskStateEntered" and event["stateEnteredEventDetails"]["name"] in {"Silver", "Gold"}:
        progress.phase = event["stateEnteredEventDetails"]["name"].lower()
    elif kind == "MapStateExited":
        # Failed hours are in the map's output only: their tasks never succeeded.
        for answer in json.loads(event["stateExitedEventDetails"]["output"])["hours"]:
            hour = _hour(answer)
            progress.results[hour] = progress.results.get(hour, {}) | answer
    elif kind == "TaskStateExited" and event["stateExitedEventDetails"]["name"] in {"Silver", "Gold"}:
        layer = event["stateExitedEventDetails"]["name"].lower()
        answer = json.loads(event["stateExitedEventDetails"]["output"])[layer]
        progress.answers[layer] = answer
        progress.rows[layer] = progress.rows.get(layer, 0) + answer.get("rows", 0)


def _hour(answer: Mapping[str, Any]) -> Hour:
    return Hour(date.fromisoformat(answer["day"]), int(answer["hour"]))


# --- what came of it -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """Hours by outcome, and what they hold. `bytes` are the compressed bytes of the archive's files."""

    stored: int = 0
    already_stored: int = 0
    missing: int = 0
    failed: int = 0
    events: int = 0
    quarantined: int = 0
    bytes: int = 0


def tally(hours: Iterable[Hour], results: Mapping[Hour, Mapping[str, Any]]) -> Tally:
    """Add up the hours that were asked for; one without a result has failed."""
    found = [results.get(hour, {}) for hour in hours]

    def count(outcome: str) -> int:
        return sum(result.get("outcome", "failed") == outcome for result in found)

    def total(name: str) -> int:
        return sum(result.get(name) or 0 for result in found)

    return Tally(
        stored=count("stored"),
        already_stored=count("already_stored"),
        missing=count("missing"),
        failed=count("failed"),
        events=total("events"),
        quarantined=total("quarantined"),
        bytes=total("bytes"),
    )


def reason_of(result: Mapping[str, Any]) -> str:
    """Why an hour, or the whole execution, failed: the error's name and its message."""
    # The cause of a function's error is its answer as text, which the state machine cuts off for an hour.
    found = re.search(r'"errorMessage": ?"((?:[^"\\]|\\.)*)', str(result.get("cause", "")))
    message = json.loads(f'"{found[1]}"', strict=False) if found else str(result.get("cause", ""))
    return ": ".join(part for part in (str(result.get("error", "")), message) if part) or "not begun"
