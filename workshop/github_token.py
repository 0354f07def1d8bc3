"""The GitHub token: kept as a SecureString in SSM, which the ingestor reads; Terraform knows its name only."""

import os
import re
from typing import Any

from workshop.errors import WorkshopError

# Terraform's variable of that name says which parameter the ingestor reads.
VARIABLE = "TF_VAR_github_token_parameter"
DEFAULT_PARAMETER = "/lakehouse/github-token"

# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
_PARAMETER = re.compile(r"/?[A-Za-z0-9_.-]+|(?:/[A-Za-z0-9_.-]+)+")
_TOKEN = re.compile(r"[!-~]{1,4096}")


def parameter_name(chosen: str | None) -> str:
    """What was chosen, else the name that Terraform is told, else the default. WorkshopError if it is malformed."""
    name = chosen or os.environ.get(VARIABLE) or DEFAULT_PARAMETER
    if not _PARAMETER.fullmatch(name):
        raise WorkshopError(f"{name!r} is not a parameter's name.", f"Write it like {DEFAULT_PARAMETER}.")
    return name


def checked(text: str) -> str:
    """The token in what was typed or piped in. WorkshopError, which does not repeat it, for anything else."""
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise WorkshopError(
            "That is not a token." if token else "There is no token.",
            "Pipe it in (`… | workshop github-token`), or type it where it is asked for: one word, on one line.",
        )
    return token


def put(session: Any, name: str, token: str) -> int:
    """Store the token, encrypted with the key `aws/ssm`; returns the parameter's new version."""
    answer = session.client("ssm").put_parameter(
        Name=name,
        Value=token,
        Type="SecureString",
        Overwrite=True,
        Description="GitHub token of the lakehouse's ingestor.",
    )
    return int(answer["Version"])


def delete(session: Any, name: str) -> bool:
    """Delete the parameter; False if there is none."""
    client = session.client("ssm")
    try:
        client.delete_parameter(Name=name)
    except client.exceptions.ParameterNotFound:
        return False
    return True
