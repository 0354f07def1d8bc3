"""Chooses where the workshop works: the local sandbox (default) or the AWS account of the caller's credentials.

The choice shows itself in the standard AWS environment variables and nowhere else: everything below this module
(Terraform, Lambdas, SQL, notebooks) only reads those.
"""

import os
from typing import Literal, get_args
from urllib.parse import urlsplit

from workshop.errors import WorkshopError
from workshop.paths import TERRAFORM

Target = Literal["sandbox", "aws"]
Source = Literal["replica", "live"]


def refuse_unknown_environment(env: str) -> None:
    """Environments are the roots in terraform/envs; anything else is a slip of the pen."""
    known = sorted(path.parent.name for path in TERRAFORM.glob("envs/*/versions.tf"))
    if env not in known:
        raise WorkshopError(f"There is no environment {env!r}.", f"Choose one of: {', '.join(known)}.")


def activate(target: str | None = None, source: str | None = None) -> Target:
    """Make `os.environ` point at `target`, starting the sandbox if it is not running.

    `target` defaults to `LAKEHOUSE_TARGET`, else "sandbox"; `source` (where the sandbox's events come from: its GitHub
    replica or GitHub itself) to `LAKEHOUSE_SOURCE`, else "replica". Returns the target in use.
    """
    chosen = target or os.environ.get("LAKEHOUSE_TARGET") or "sandbox"
    events = source or os.environ.get("LAKEHOUSE_SOURCE") or "replica"
    if events not in get_args(Source):
        raise WorkshopError(f"Unknown source {events!r}.", f"Choose one of: {', '.join(get_args(Source))}.")
    if chosen == "sandbox":
        os.environ["LAKEHOUSE_SOURCE"] = events
        _enter_sandbox()
        return "sandbox"
    if chosen == "aws":
        _refuse_sandbox_leftovers()
        return "aws"
    raise WorkshopError(f"Unknown target {chosen!r}.", f"Choose one of: {', '.join(get_args(Target))}.")


def _enter_sandbox() -> None:
    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415 - keeps `workshop --help` fast
    from workshop.sandbox.lifecycle import up  # noqa: PLC0415

    home = SandboxHome.default()
    up(home)
    for name, value in home.environment().items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _refuse_sandbox_leftovers() -> None:
    """With target "aws", an endpoint on this machine means a shell that still holds the sandbox's variables."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if urlsplit(endpoint).hostname in {"127.0.0.1", "localhost", "::1"}:
        raise WorkshopError(
            f"The target is aws, but AWS_ENDPOINT_URL is {endpoint}.",
            "Open a new shell (or unset AWS_ENDPOINT_URL, AWS_CA_BUNDLE and the AWS keys) and try again.",
        )
