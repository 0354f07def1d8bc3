"""The one logger (JSON lines) and the one set of metrics (embedded metric format) of the package."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics

from github_events_ingestor.deadline import LambdaContext

SERVICE = "github_events_ingestor"

# RFC 3339 times are what lets Lambda read the level of a JSON line, and so filter by it:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
logger = Logger(service=SERVICE, use_rfc3339=True)
metrics = Metrics(service=SERVICE, namespace="Lakehouse")


def correlation_id(event: Any, context: LambdaContext) -> str:
    """The id that ties log lines to what caused them: the schedule's event if it has one, else the invocation."""
    if isinstance(event, dict) and isinstance(event.get("id"), str):
        return str(event["id"])
    return context.aws_request_id
