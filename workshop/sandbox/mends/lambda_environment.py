"""A Lambda sees its own variables, its role's credentials, and what it needs to find AWS; nothing else of the server.

Wrong in ministack 1.5.33: a Lambda's process gets the whole environment of the server.
"""

import os
import subprocess
from types import SimpleNamespace
from typing import Any

import ministack.core.lambda_runtime as runtime

from workshop.sandbox.environment import SHOWN_TO_LAMBDAS


def narrow_lambda_environment() -> None:
    """Filter the environment that Lambda processes are started with."""
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        if "env" in options:
            options["env"] = narrowed(options["env"])
        return popen(*arguments, **options)

    # The module keeps its own view of `subprocess`, so that nothing else in the process is touched.
    runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": start})


def narrowed(environment: dict[str, str]) -> dict[str, str]:
    """Drop what was inherited from the server and is not meant for Lambdas; a function's own variable stays."""
    return {
        name: value for name, value in environment.items() if name in SHOWN_TO_LAMBDAS or os.environ.get(name) != value
    }
