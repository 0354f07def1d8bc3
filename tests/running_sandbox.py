"""What the `sandbox` fixture hands to tests."""

import os
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from workshop.sandbox.home import SandboxHome


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
        session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"] if credentials else keys.access_key_id,
            aws_secret_access_key=credentials["SecretAccessKey"] if credentials else keys.secret_access_key,
            aws_session_token=credentials.get("SessionToken") if credentials else None,
            region_name=self.home.settings.region,
        )
        defaults = {
            "endpoint_url": self.home.endpoint,
            "verify": str(self.home.ca_bundle),
            "config": Config(retries={"total_max_attempts": 1}, proxies={}),
        }
        return session.client(service, **(defaults | options))
