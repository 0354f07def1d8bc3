"""The one logger (JSON lines) and the one set of metrics (embedded metric format) of the package."""

from aws_lambda_powertools import Logger, Metrics

SERVICE = "athena_transform"

# RFC 3339 times are what lets Lambda read the level of a JSON line, and so filter by it:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
logger = Logger(service=SERVICE, use_rfc3339=True)
metrics = Metrics(service=SERVICE, namespace="Lakehouse")
