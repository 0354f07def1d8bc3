"""Lambda's entry point for the backfill: hours of GH Archive, and the quarantine once more."""

import os
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from github_events_ingestor.backfill import Backfill
from github_events_ingestor.deadline import Deadline, LambdaContext, utc_now
from github_events_ingestor.errors import CorruptArchiveError, RequestError
from github_events_ingestor.event import FIRST_DAY, Rule
from github_events_ingestor.gharchive import Archive
from github_events_ingestor.hour_store import HourStore
from github_events_ingestor.replay import Replay
from github_events_ingestor.settings import BackfillSettings, quarantine_prefix
from github_events_ingestor.telemetry import correlation_id, logger, metrics

# An hour that has just been checked may have to be compressed anew and uploaded: kept back of the 15 minutes.
RESERVE_SECONDS = 120.0
# S3 takes its time to answer a large put.
CLIENT_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=60)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Request:
    """What an event asks for: an hour of a day, or (`hour` is None) to replay a day."""

    day: date
    hour: int | None

    @classmethod
    def from_event(cls, event: Any) -> "Request":
        """Read `{"day": "2024-01-15", "hour": 7}` or `{"replay": "2024-01-15"}`; other members are not looked at.

        RequestError says what is wrong.
        """
        if not isinstance(event, dict) or ("replay" in event) == ("hour" in event or "day" in event):
            raise RequestError('The event is neither {"day": "YYYY-MM-DD", "hour": 0-23} nor {"replay": "YYYY-MM-DD"}.')
        if "replay" in event:
            return cls(_day(event["replay"]), None)
        hour = event.get("hour")
        if type(hour) is not int or not 0 <= hour <= 23:
            raise RequestError(f"The event's hour is {hour!r}, not a number from 0 to 23.")
        return cls(_day(event.get("day")), hour)


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = date.min
        if day >= FIRST_DAY:
            return day
    raise RequestError(f"The event's day is {value!r}, not a day like 2024-01-15 from {FIRST_DAY} on.")


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Store one hour of GH Archive, or replay one day of the quarantine.

    `{"day": "2024-01-15", "hour": 7}` returns outcome (`stored`, `already_stored`, `missing`), day, hour, the numbers
    of events and of quarantined lines, bytes, key, quarantine_key and attempts, as the hour's record has them.
    `{"replay": "2024-01-15"}` returns outcome (`replayed`, `nothing_to_do`), day, the numbers of lines that were
    released and kept, and the keys of the objects that were written.
    """
    logger.set_correlation_id(correlation_id(event, context))
    # Environments share an account's metrics; the function's name keeps them apart.
    metrics.add_dimension("function_name", context.function_name)
    request = Request.from_event(event)
    settings = BackfillSettings.from_environment(os.environ)
    store = HourStore(
        client=boto3.client("s3", config=CLIENT_CONFIG),
        bucket=settings.raw_bucket,
        bronze_prefix=settings.bronze_prefix,
        quarantine_prefix=quarantine_prefix(settings.bronze_prefix),
        state_prefix=settings.state_prefix,
    )
    deadline = Deadline(context, reserve=RESERVE_SECONDS)
    if request.hour is None:
        return _replay(Replay(store, Rule(utc_now()), deadline, utc_now()), request.day)
    return _hour(Backfill(store, Archive(settings.archive_url, deadline), deadline), request.day, request.hour)


def _hour(backfill: Backfill, day: date, hour: int) -> dict[str, Any]:
    try:
        done = backfill.hour(day, hour)
    except CorruptArchiveError:
        _measure(corrupt=1)
        raise
    record, is_new = done.record, done.outcome == "stored"
    report = {
        "outcome": done.outcome,
        "day": f"{day:%Y-%m-%d}",
        "hour": hour,
        "events": record.events,
        "quarantined": record.quarantined,
        "bytes": record.bytes,
        "key": record.key,
        "quarantine_key": record.quarantine_key,
        "attempts": record.attempts,
    }
    _measure(
        events=record.events or 0 if is_new else 0,
        quarantined=record.quarantined or 0 if is_new else 0,
        size=record.bytes if is_new else 0,
        missing=int(done.outcome == "missing"),
    )
    logger.info("Looked after an hour", extra=report)
    return report


def _replay(replay: Replay, day: date) -> dict[str, Any]:
    done = replay.day(day)
    report = {
        "outcome": "replayed" if done.released else "nothing_to_do",
        "day": f"{day:%Y-%m-%d}",
        "released": done.released,
        "kept": done.kept,
        "keys": list(done.keys),
    }
    _measure(events=done.released, size=done.bytes)
    logger.info("Replayed a day", extra=report)
    return report


def _measure(*, events: int = 0, quarantined: int = 0, size: int = 0, missing: int = 0, corrupt: int = 0) -> None:
    metrics.add_metric("EventsStored", MetricUnit.Count, events)
    metrics.add_metric("EventsQuarantined", MetricUnit.Count, quarantined)
    metrics.add_metric("BytesStored", MetricUnit.Bytes, size)
    metrics.add_metric("HoursMissing", MetricUnit.Count, missing)
    metrics.add_metric("HoursCorrupt", MetricUnit.Count, corrupt)
