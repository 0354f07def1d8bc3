"""Lambda's entry point for polls."""

import os
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from github_events_ingestor.deadline import Deadline, LambdaContext, utc_now
from github_events_ingestor.event import Rule
from github_events_ingestor.ingest import Outcome, ingest
from github_events_ingestor.poll import Poll, Timeline
from github_events_ingestor.settings import PollSettings, quarantine_prefix
from github_events_ingestor.state import StateStore
from github_events_ingestor.store import Store
from github_events_ingestor.telemetry import correlation_id, logger, metrics
from github_events_ingestor.token import read_token

# A call that hangs and is tried again ends within the time that the deadline keeps for storing.
CLIENT_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=5)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Poll GitHub once and store what it has; the event may be anything.

    Returns outcome (`stored`, `not_modified`, `rate_limited`, `too_early`, `empty`), the numbers of events and of
    quarantined lines, the keys of their objects, the number of requests, until when GitHub wants no other poll, and an
    estimate of how many events no poll has seen.
    """
    logger.set_correlation_id(correlation_id(event, context))
    settings = PollSettings.from_environment(os.environ)
    client = boto3.client("s3", config=CLIENT_CONFIG)
    store = Store(client, settings.raw_bucket, settings.bronze_prefix, quarantine_prefix(settings.bronze_prefix))
    memory = StateStore(client, settings.raw_bucket, settings.state_key)
    now = utc_now()

    def poll(etag: str | None) -> Poll:
        return Timeline(settings.api_url, _token(settings), Deadline(context), Rule(now)).poll(etag)

    outcome = ingest(store, memory, poll, now, source=f"{settings.api_url}/events")
    return _report(outcome, context)


def _token(settings: PollSettings) -> str | None:
    if settings.token_parameter is None:
        return None
    return read_token(boto3.client("ssm", config=CLIENT_CONFIG), settings.token_parameter)


def _report(outcome: Outcome, context: LambdaContext) -> dict[str, Any]:
    # Environments share an account's metrics; the function's name keeps them apart.
    metrics.add_dimension("function_name", context.function_name)
    metrics.add_metric("EventsStored", MetricUnit.Count, outcome.events)
    metrics.add_metric("EventsQuarantined", MetricUnit.Count, outcome.quarantined)
    metrics.add_metric("RateLimited", MetricUnit.Count, int(outcome.outcome == "rate_limited"))
    if outcome.missed_estimate is not None:
        metrics.add_metric("MissedEventsEstimate", MetricUnit.Count, outcome.missed_estimate)
    report = {
        "outcome": outcome.outcome,
        "events": outcome.events,
        "quarantined": outcome.quarantined,
        "key": outcome.key,
        "quarantine_key": outcome.quarantine_key,
        "requests": outcome.requests,
        "not_before": outcome.not_before.isoformat() if outcome.not_before else None,
        "reason": outcome.reason,
        "missed_estimate": outcome.missed_estimate,
    }
    logger.info("Polled", extra=report)
    return report
