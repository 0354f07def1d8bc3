"""One deployment for all tests of it, made in one chain: each fixture starts from what the one before has left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lake_deployment import Deployment
from running_sandbox import RunningSandbox

from workshop.paths import REPOSITORY

# The parts of the remote state that an environment cannot do without. The lifecycle rules take the provider a minute.
STATE_FIRST = (
    "aws_kms_alias.state",
    "aws_s3_bucket_policy.state",
    "aws_s3_bucket_server_side_encryption_configuration.state",
    "aws_s3_bucket_versioning.state",
)


@pytest.fixture(scope="session")
def deployment(start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """An empty sandbox that no other test looks into."""
    return Deployment(start_sandbox(), tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="session")
def killed(deployment: Deployment) -> Deployment:
    """The remote state, and an environment whose first apply was killed (with whoever had called it) in the middle."""
    deployment.remote_state.init()
    deployment.remote_state.apply(targets=STATE_FIRST)
    deployment.dev.init()
    caller = subprocess.Popen(
        [sys.executable, "-c", "from workshop.terraform import Terraform; Terraform('envs/dev').apply()"],
        cwd=REPOSITORY, env=deployment.env, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    workplace = deployment.dev.workplace
    wait_for(lambda: _has_made_the_key(workplace.log("apply")))
    running = workplace.recorded()
    assert running is not None
    assert running.is_alive
    caller.kill()
    caller.wait()
    assert running.is_alive, "the death of its caller must not stop Terraform"
    os.kill(running.pid, signal.SIGKILL)
    wait_for(lambda: not running.is_alive)
    return deployment


@pytest.fixture(scope="session")
def deployed(killed: Deployment) -> Deployment:
    """The same after the next apply; the rest of the remote state is made at the same time."""
    with ThreadPoolExecutor() as pool:
        rest = pool.submit(killed.remote_state.apply)
        killed.dev.apply()
        rest.result()
    return killed


def wait_for(condition: Callable[[], bool]) -> None:
    """Until the test's own timeout."""
    while not condition():
        time.sleep(0.05)


def _has_made_the_key(log: Path) -> bool:
    if not log.exists():
        return False
    lines = log.read_text(encoding="utf-8").splitlines()
    return any('"apply_complete"' in line and "data_lake.aws_kms_key" in line for line in lines)
