"""The whole life of the lake in a sandbox, in one chain: every step starts from what the one before has left."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox

from workshop.errors import WorkshopError
from workshop.paths import REPOSITORY
from workshop.terraform import Terraform
from workshop.terraform_events import Change

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1200)]

# The parts of the remote state that an environment cannot do without. The lifecycle rules take the provider a minute.
STATE_FIRST = (
    "aws_kms_alias.state",
    "aws_s3_bucket_policy.state",
    "aws_s3_bucket_server_side_encryption_configuration.state",
    "aws_s3_bucket_versioning.state",
)
RAW_BLOCK = 'module.lakehouse.module.data_lake.aws_s3_bucket_public_access_block.this["raw"]'


class Deployment:
    """A sandbox of its own, and Terraform on it."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.env = sandbox.environment | {
            "TF_VAR_ingestor_archive": str(archive(folder / "ingestor.zip")),
            "TF_VAR_transform_archive": str(archive(folder / "transform.zip")),
            # Nothing shall poll while we look.
            "TF_VAR_schedules_enabled": "false",
        }
        self.remote_state = Terraform("global/remote_state", env=self.env)
        self.dev = Terraform("envs/dev", env=self.env)


def archive(path: Path) -> Path:
    """A deployment archive that deploys and does nothing."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("placeholder.py", "def handler(event, context):\n    return {}\n")
    return path


@pytest.fixture(scope="module")
def deployment(start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """An empty sandbox that no other test looks into."""
    return Deployment(start_sandbox(), tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


def test_an_apply_after_a_killed_one_leaves_nothing_to_do(deployed: Deployment) -> None:
    with ThreadPoolExecutor() as pool:
        rest = pool.submit(deployed.remote_state.plan)
        plan = deployed.dev.plan()
        assert rest.result().exit_code == 0
    assert plan.exit_code == 0
    assert plan.changes == ()
    # One usable key: the killed run's is used, not forgotten beside a second one.
    assert [one for one in keys(deployed.sandbox) if "dev lake" in one] == [
        "Encrypts the dev lake: its buckets, query results and log groups"
    ]


def test_the_names_are_those_that_terraform_gives(deployed: Deployment) -> None:
    names, outputs = deployed.dev.names(), deployed.dev.output()
    assert names.buckets == outputs["bucket_names"]
    assert names.database == outputs["database_name"]
    assert names.tables == outputs["table_names"]
    assert names.work_group == outputs["work_group_name"]
    assert names.functions == outputs["function_names"]
    assert {layer: f"arn:aws:iam::123456789012:role/{role}" for layer, role in names.roles.items()} == outputs[
        "role_arns"
    ]
    kms = deployed.sandbox.client("kms")
    assert kms.describe_key(KeyId=names.key_alias)["KeyMetadata"]["Arn"] == outputs["kms_key_arn"]
    remote = deployed.remote_state.output()
    assert (names.state_bucket, "") == (remote["bucket_name"], remote["lock_table_name"])
    described = kms.describe_key(KeyId=names.state_key_alias_arn)["KeyMetadata"]["Arn"]
    assert described == remote["kms_key_arn"]
    configured = deployed.sandbox.client("athena").get_work_group(WorkGroup=names.work_group)["WorkGroup"]
    assert configured["Configuration"]["ResultConfiguration"]["OutputLocation"] == names.results_location


def test_state_and_lake_refuse_plain_http_foreign_encryption_and_direct_use_of_their_keys(deployed: Deployment) -> None:
    names, sandbox = deployed.dev.names(), deployed.sandbox
    plain = sandbox.client("s3", endpoint_url=sandbox.home.http_endpoint)
    s3 = sandbox.client("s3")
    for bucket in (names.state_bucket, *names.buckets.values()):
        assert refusal(plain.list_objects_v2, Bucket=bucket) == "AccessDenied"
        wrong = "aws:kms" if bucket == names.buckets["logs"] else "AES256"
        put = {"Bucket": bucket, "Key": "probe", "Body": b"", "ServerSideEncryption": wrong}
        assert refusal(s3.put_object, **put) == "AccessDenied"
    # Even an administrator uses the keys through S3 only.
    for alias in (names.state_key_alias, names.key_alias):
        assert refusal(sandbox.client("kms").encrypt, KeyId=alias, Plaintext=b"x") == "AccessDeniedException"


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """The code of the error that the call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_drift_is_seen_and_repaired(deployed: Deployment) -> None:
    s3, bucket = deployed.sandbox.client("s3"), deployed.dev.names().buckets["raw"]
    s3.delete_public_access_block(Bucket=bucket)
    plan = deployed.dev.plan()
    assert plan.exit_code == 2
    assert plan.changes == (Change(RAW_BLOCK, "create"),)
    deployed.dev.apply()
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}


def test_a_lock_of_somebody_else_is_left_alone(deployed: Deployment) -> None:
    s3, names = deployed.sandbox.client("s3"), deployed.dev.names()
    lock = {"Bucket": names.state_bucket, "Key": "envs/dev/terraform.tfstate.tflock"}
    body = (
        b'{"ID":"11111111-2222-3333-4444-555555555555","Operation":"OperationTypeApply","Info":"","Version":"1.11.4",'
        b'"Who":"somebody@elsewhere","Created":"2026-01-02T03:04:05Z","Path":"envs/dev/terraform.tfstate"}'
    )
    s3.put_object(**lock, Body=body)
    with pytest.raises(WorkshopError) as caught:
        deployed.dev.plan()
    assert "somebody@elsewhere" in caught.value.message
    assert "force-unlock 11111111-2222-3333-4444-555555555555" in caught.value.hint
    assert s3.get_object(**lock)["Body"].read() == body
    s3.delete_object(**lock)


def test_the_state_outlives_what_it_manages(deployed: Deployment) -> None:
    with pytest.raises(WorkshopError, match=r"envs/dev/terraform\.tfstate still manages \d+ resources"):
        deployed.remote_state.destroy()
    assert deployed.dev.state_list()


def test_destroy_leaves_nothing(deployed: Deployment) -> None:
    s3, names = deployed.sandbox.client("s3"), deployed.dev.names()
    for _ in range(2):  # a bucket with data, and with versions of it
        s3.put_object(Bucket=names.buckets["raw"], Key="github/events/ingest_dt=2026-01-01/x.json.gz", Body=b"x")
    s3.delete_object(Bucket=names.buckets["raw"], Key="github/events/ingest_dt=2026-01-01/x.json.gz")
    deployed.dev.destroy()
    assert deployed.dev.state_list() == []
    deployed.remote_state.destroy()
    assert leftovers(deployed.sandbox) == []


def leftovers(sandbox: RunningSandbox) -> list[str]:
    """Everything of ours that is still in the account, seen without Terraform."""
    client = sandbox.client
    found = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    found += [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]]
    found += [one["Name"] for one in client("glue").get_databases()["DatabaseList"]]
    found += [one["Name"] for one in client("athena").list_work_groups()["WorkGroups"]]
    found += [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]]
    found += client("sqs").list_queues().get("QueueUrls", [])
    found += [one["RoleName"] for one in client("iam").list_roles()["Roles"]]
    found += [one["Name"] for one in client("scheduler").list_schedules()["Schedules"]]
    found += [one["AliasName"] for one in client("kms").list_aliases()["Aliases"]]
    ours = [name for name in found if "dp-" in name or "dp_" in name]
    return ours + [one for one in keys(sandbox) if one.startswith("Encrypts the")]


def keys(sandbox: RunningSandbox) -> list[str]:
    """Descriptions of the keys that can be used, and cost money."""
    kms = sandbox.client("kms")
    found = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]
    return [one["Description"] for one in found if one["KeyState"] == "Enabled"]
