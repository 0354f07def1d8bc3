"""What the `sandbox` fixture hands to tests."""

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config

from workshop.sandbox.home import SandboxHome
from workshop.sandbox.lock import HomeLock

Statement = Mapping[str, Any]
# Creates a role with these permissions; returns credentials of a session.
Assume = Callable[[str, Sequence[Statement]], Mapping[str, str]]

# One session for all clients: it keeps the service models, which are slow to load.
SESSION = boto3.Session()


class RunningSandbox:
    """A sandbox of the test session's own: its home, the variables that lead to it, and clients."""

    def __init__(self, home: SandboxHome) -> None:
        self.home = home

    @property
    def environment(self) -> dict[str, str]:
        """The process's environment, pointed at this sandbox: for subprocesses."""
        merged: dict[str, str | None] = {**os.environ, **self.home.environment()}
        return {name: value for name, value in merged.items() if value is not None}

    def client(self, service: str, credentials: Mapping[str, str] | None = None, **options: Any) -> Any:
        """A boto3 client of the learner, or of the `Credentials` that STS returned; it never retries."""
        keys = self.home.credentials
        given = credentials or {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
        defaults: dict[str, Any] = {
            "region_name": self.home.settings.region,
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given.get("SessionToken"),
            "endpoint_url": self.home.endpoint,
            "verify": str(self.home.ca_bundle),
            "config": Config(retries={"total_max_attempts": 1}, proxies={}),
        }
        return SESSION.client(service, **(defaults | options))


def kill(sandbox: RunningSandbox) -> None:
    """End the server at once, as a crash or the out-of-memory killer would."""
    lock = HomeLock(sandbox.home.lock)
    holder = lock.holder()
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    while lock.holder() is not None:
        time.sleep(0.01)


def allow(actions: str | Sequence[str], resources: str | Sequence[str], **more: Any) -> Statement:
    """An IAM statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def policy(*statements: Statement) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(**principal: str) -> str:
    """A role's trust policy: `trust(Service="lambda.amazonaws.com")`."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
