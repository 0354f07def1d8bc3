"""Lambda's entry point, the same for both functions; TRANSFORM says which of them this is."""

import os
import re
from datetime import date
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from athena_transform import gold, silver
from athena_transform.athena import Athena
from athena_transform.deadline import Deadline, LambdaContext
from athena_transform.errors import QualityError, SettingsError
from athena_transform.lake import Lake, Outcome
from athena_transform.settings import Settings
from athena_transform.telemetry import logger, metrics

# Throttling of Athena's and Glue's API is retried by the SDK, within seconds.
CLIENT_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Bring Silver or Gold up to date; the event may be anything.

    Silver takes `{"days": ["YYYY-MM-DD", …]}` (look at these days too), `{"since": "YYYY-MM-DD"}` (look at all days
    from then on) and `{"compact": ["YYYY-MM", …]}` (merge the files of these months). Gold takes
    `{"rebuild": ["YYYY-MM-DD", …]}` (build these days whatever their revision is) and `{"reconcile": true}` (compare
    every day's count with Silver's). Returns outcome (`ok`, `nothing_to_do`, `busy`), rows written, days, compacted
    months, is_complete (False: call again, with an empty event), and query_execution_ids and data_scanned_in_bytes of
    the run's queries.
    """
    logger.set_correlation_id(correlation_id(event, context))
    settings = Settings.from_environment(os.environ)
    deadline = Deadline(context)
    athena = Athena(
        boto3.client("athena", config=CLIENT_CONFIG),
        database=settings.database,
        work_group=settings.work_group,
        deadline=deadline,
    )
    lake = Lake(
        settings=settings,
        s3=boto3.client("s3", config=CLIENT_CONFIG),
        glue=boto3.client("glue", config=CLIENT_CONFIG),
        athena=athena,
        deadline=deadline,
        owner=context.aws_request_id,
    )
    if settings.transform == "silver":
        outcome = silver.run(
            lake,
            days=[day(text, "days") for text in listed(event, "days")],
            since=next((day(text, "since") for text in listed(event, "since")), None),
            compact=[month(text) for text in listed(event, "compact")],
        )
    else:
        rebuild = [day(text, "rebuild") for text in listed(event, "rebuild")]
        try:
            outcome = gold.run(lake, rebuild=rebuild, reconcile=flag(event, "reconcile"))
        except QualityError as error:
            # The other days were built, and the metrics are what the alarms see.
            _report(error.outcome, athena, context, settings)
            raise
    return _report(outcome, athena, context, settings)


def correlation_id(event: Any, context: LambdaContext) -> str:
    """The id that ties log lines to what caused them: Silver's request for a Gold run that Silver's success started."""
    if isinstance(event, dict):
        request = event.get("requestContext")
        if isinstance(request, dict) and isinstance(request.get("requestId"), str):
            return str(request["requestId"])
        if isinstance(event.get("id"), str):
            return str(event["id"])
    return context.aws_request_id


def listed(event: Any, name: str) -> list[Any]:
    """The event's list called `name`; a single value counts as a list of one, and nothing as an empty one."""
    value = event.get(name) if isinstance(event, dict) else None
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def day(text: Any, name: str) -> date:
    """A day of the event's field `name`. SettingsError if it is none."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} has {text!r}, which is not a day of the form YYYY-MM-DD.") from error


def flag(event: Any, name: str) -> bool:
    """Whether the event says `true` for `name`. SettingsError if it says something that is neither true nor false."""
    value = event.get(name, False) if isinstance(event, dict) else False
    if not isinstance(value, bool):
        raise SettingsError(f"{name} is {value!r}, which is neither true nor false.")
    return value


def month(text: Any) -> str:
    """A month of the event's field `compact`. SettingsError if it is none."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII):
        raise SettingsError(f"compact has {text!r}, which is not a month of the form YYYY-MM.")
    return text


def _report(outcome: Outcome, athena: Athena, context: LambdaContext, settings: Settings) -> dict[str, Any]:
    scanned = sum(execution.data_scanned_in_bytes for execution in athena.executions)
    # Environments share an account's metrics; the function's name keeps them apart.
    metrics.add_dimension("function_name", context.function_name)
    metrics.add_metric("RowsWritten", MetricUnit.Count, outcome.rows)
    metrics.add_metric("DataScanned", MetricUnit.Bytes, scanned)
    metrics.add_metric("Busy", MetricUnit.Count, int(outcome.outcome == "busy"))
    if settings.transform == "gold":
        metrics.add_metric("QualityFailures", MetricUnit.Count, outcome.quality_failures)
        metrics.add_metric("QualityWarnings", MetricUnit.Count, outcome.quality_warnings)
    report = {
        "outcome": outcome.outcome,
        "rows": outcome.rows,
        "days": [one.isoformat() for one in outcome.days],
        "compacted": list(outcome.compacted),
        "is_complete": outcome.is_complete,
        "query_execution_ids": [execution.query_execution_id for execution in athena.executions],
        "data_scanned_in_bytes": scanned,
    }
    logger.info("Transformed", extra=report)
    return report
