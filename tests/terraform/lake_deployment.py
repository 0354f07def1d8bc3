"""A sandbox of its own, with the lake deployed in it by Terraform."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from running_sandbox import RunningSandbox

from workshop import archives, functions
from workshop.names import Names
from workshop.paths import REPOSITORY
from workshop.terraform import Terraform


class Deployment:
    """A sandbox of its own, and Terraform on it."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.env = sandbox.environment | {
            "LAKEHOUSE_SANDBOX_HOME": str(sandbox.home.root),
            "TF_VAR_ingestor_archive": str(archives.build("github_events_ingestor", dist=folder)),
            "TF_VAR_transform_archive": str(archives.build("athena_transform", dist=folder)),
            # Nothing shall poll while we look.
            "TF_VAR_schedules_enabled": "false",
        }
        self.remote_state = Terraform("global/remote_state", env=self.env)
        self.dev = Terraform("envs/dev", env=self.env)

    @property
    def names(self) -> Names:
        """What everything is called."""
        return self.dev.names()

    def session(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A boto3 session on the sandbox, for the library's own functions, which read the environment."""
        for name, value in self.env.items():
            if name.startswith(("AWS_", "SSL_")) or name.lower() == "no_proxy":
                monkeypatch.setenv(name, value)
        return boto3.Session()

    def workshop(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line on the sandbox."""
        return subprocess.run(
            [sys.executable, "-m", "workshop", *arguments],
            check=False, cwd=REPOSITORY, env=self.env, input=given, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def invoke(self, function: str) -> dict[str, Any]:
        """Call a function of the lake."""
        return functions.invoke(self.sandbox.client("lambda"), self.names.functions[function])


def keys(sandbox: RunningSandbox) -> list[str]:
    """Descriptions of the keys that can be used, and cost money."""
    kms = sandbox.client("kms")
    found = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]
    return [one["Description"] for one in found if one["KeyState"] == "Enabled"]
