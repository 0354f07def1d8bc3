"""The one logger (JSON lines) and the one set of metrics (embedded metric format) of the package."""

from aws_lambda_powertools import Logger, Metrics

SERVICE = "github_events_ingestor"

logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE, namespace="Lakehouse")
