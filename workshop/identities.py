"""Short-lived identities for experiments with permissions: a role that a person takes on, a function in another's role.

Both are created, used and removed within one `with` block, and both start by removing what a killed run left behind.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from workshop.functions import invoke, wait_until_active

T = TypeVar("T")

# IAM is eventually consistent: on AWS a new role can be assumed, or passed to Lambda, some seconds after it is made.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
PROPAGATION_SECONDS = 30


@contextmanager
def temporary_role(session: Any, name: str, statements: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """Create a role of the caller's account with these policy statements, and yield a boto3 session in that role."""
    import boto3  # noqa: PLC0415

    iam, sts = session.client("iam"), session.client("sts")
    account = sts.get_caller_identity()["Account"]
    trust = _policy(
        [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]
    )
    delete_role(iam, name)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, MaxSessionDuration=3600)["Role"]
    try:
        iam.put_role_policy(RoleName=name, PolicyName="lesson", PolicyDocument=_policy(statements))
        assumed = _once_propagated(
            lambda: sts.assume_role(RoleArn=role["Arn"], RoleSessionName="lesson"), {"AccessDenied"}
        )
        keys = assumed["Credentials"]
        yield boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], session.region_name)
    finally:
        delete_role(iam, name)


def delete_role(iam: Any, name: str) -> None:
    """Delete a role with its inline policies; a role that is not there is fine."""
    try:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        return


@contextmanager
def function_wearing(
    session: Any, role_arn: str, name: str
) -> Iterator[Callable[[str, dict[str, Any]], dict[str, Any]]]:
    """Create a small function that has `role_arn`, and yield `call(action, arguments)`.

    A function's role trusts Lambda and nobody else, so its permissions can only be felt from inside a function.
    `action` is `service.operation` as in boto3, e.g. `s3.put_object`. The answer has `allowed` and `message`.
    """
    client = session.client("lambda")
    delete_function(session, name)
    _once_propagated(
        lambda: client.create_function(
            FunctionName=name,
            Role=role_arn,
            Runtime="python3.13",
            Handler="probe.handler",
            Code={"ZipFile": _probe_archive()},
            Timeout=20,
        ),
        {"InvalidParameterValueException"},
    )
    try:
        wait_until_active(client, name)
        yield lambda action, arguments: invoke(client, name, {"action": action, "arguments": arguments})
    finally:
        delete_function(session, name)


def delete_function(session: Any, name: str) -> None:
    """Delete a function and the log group that Lambda may have made for it; what is not there is fine."""
    client, logs = session.client("lambda"), session.client("logs")
    with suppress(client.exceptions.ResourceNotFoundException):
        client.delete_function(FunctionName=name)
    with suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")


PROBE = """\
import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    service, operation = event["action"].split(".")
    try:
        getattr(boto3.client(service), operation)(**event["arguments"])
    except ClientError as error:
        details = error.response["Error"]
        return {"allowed": False, "code": details["Code"], "message": details["Message"]}
    return {"allowed": True, "code": "", "message": "allowed"}
"""


def _probe_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("probe.py", PROBE)
    return buffer.getvalue()


def _policy(statements: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _once_propagated(call: Callable[[], T], retry_codes: set[str]) -> T:
    deadline = time.monotonic() + PROPAGATION_SECONDS
    while True:
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in retry_codes or time.monotonic() > deadline:
                raise
        time.sleep(2)
