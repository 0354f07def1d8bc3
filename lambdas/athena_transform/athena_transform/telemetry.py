"""The one logger (JSON lines) and the one set of metrics (embedded metric format) of the package."""

from aws_lambda_powertools import Logger, Metrics

SERVICE = "athena_transform"

logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE, namespace="Lakehouse")
