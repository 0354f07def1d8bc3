"""The lake as Terraform deploys it, in a sandbox: whole, named as the library says, closed, repaired by an apply."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lake_deployment import Deployment, keys

from workshop.errors import WorkshopError
from workshop.terraform_events import Change

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1200)]

RAW_BLOCK = 'module.lakehouse.module.data_lake.aws_s3_bucket_public_access_block.this["raw"]'


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
    assert names.state_machine_arn == outputs["state_machine_arn"]
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
