"""GitHub's token, kept as a SecureString in Parameter Store: never in an environment variable, plan or state."""

from typing import Any

from botocore.exceptions import ClientError

from github_events_ingestor.telemetry import logger


def read_token(client: Any, name: str) -> str | None:
    """The token's current value (read at every poll, so a rotated one is used at once); None if nobody has set it."""
    try:
        answer = client.get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            logger.info("There is no token; polling without one", extra={"parameter": name})
            return None
        raise
    return str(answer["Parameter"]["Value"]).strip() or None
