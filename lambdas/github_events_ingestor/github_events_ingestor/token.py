"""GitHub's token, kept as a SecureString in Parameter Store: never in an environment variable, plan or state."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from github_events_ingestor.telemetry import logger


def read_token(client: Any, name: str) -> str | None:
    """The token's current value, read at every poll, so a rotated one is used at once; None if there is none to be had.

    Without a token GitHub still answers 60 requests an hour, and a poll every five minutes makes 36. So what keeps the
    token from being read (throttling, a missing permission) is told, and costs no events.
    """
    try:
        answer = client.get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ParameterNotFound":
            logger.info("There is no token; polling without one", extra={"parameter": name})
        else:
            logger.error("The token cannot be read; polling without one", extra={"parameter": name, "cause": code})
        return None
    except BotoCoreError as error:
        cause = type(error).__name__
        logger.error("The token cannot be read; polling without one", extra={"parameter": name, "cause": cause})
        return None
    return str(answer["Parameter"]["Value"]).strip() or None
