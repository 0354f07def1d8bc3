"""Lambdas run as their role, over TLS, in an environment of their own; what they trigger arrives."""

import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from running_sandbox import RunningSandbox, Statement, allow, policy, trust

BUCKET = "dp-lambdas"
ENVIRONMENT = """
import os
def handler(event, context):
    return dict(os.environ)
"""
PUT = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="from-lambda", Body=b"hello")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""
VERIFY = """
import ssl, urllib.request, os
def handler(event, context):
    # A plain urllib call: no SDK that reads AWS_CA_BUNDLE.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    roots = ssl.create_default_context().cert_store_stats()["x509_ca"]
    return [opener.open(event["url"], timeout=10).status, roots]
"""
FAIL = """
def handler(event, context):
    raise RuntimeError("on purpose")
"""
ECHO = """
def handler(event, context):
    print("got", event)
    return {"echo": event}
"""


def zipped(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


@pytest.fixture(scope="module")
def deploy(sandbox: RunningSandbox) -> Callable[..., str]:
    """Create a function with a role of its own that may do what the statements say; return its ARN."""

    def create(name: str, code: str, statements: Sequence[Statement] = (), **options: Any) -> str:
        iam = sandbox.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="test", PolicyDocument=policy(*statements))
        created = sandbox.client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Handler="index.handler", Role=role["Arn"], Timeout=30,
            Architectures=["arm64"], Code={"ZipFile": zipped(code)}, **options,
        )  # fmt: skip
        arn: str = created["FunctionArn"]
        return arn

    return create


@pytest.fixture(scope="module")
def key(sandbox: RunningSandbox) -> str:
    """The bucket's key. The bucket encrypts with it by default and denies plain http, as the lake's do."""
    arn: str = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    tls_only = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(tls_only))
    return arn


def invoke(sandbox: RunningSandbox, name: str, **event: Any) -> Any:
    answer = sandbox.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    content = json.loads(answer["Payload"].read())
    return {"error": content} if "FunctionError" in answer else content


def test_the_environment_holds_nothing_of_the_server(sandbox: RunningSandbox, deploy: Callable[..., str]) -> None:
    deploy("dp-environment", ENVIRONMENT, Environment={"Variables": {"RAW_BUCKET": "raw", "LANG": "tlh"}})
    found = invoke(sandbox, "dp-environment")
    assert found["RAW_BUCKET"] == "raw"
    assert found["LANG"] == "tlh"
    assert found["AWS_ENDPOINT_URL"] == sandbox.home.endpoint
    assert found["AWS_CA_BUNDLE"] == str(sandbox.home.ca_bundle)
    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert found["AWS_SESSION_TOKEN"]
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "dp-environment"
    assert found["AWS_REGION"] == "us-east-1"
    assert found["HOME"] != os.environ.get("HOME")
    strange = {name for name in found if name.startswith(("MINISTACK", "S3_", "STATE", "LAKEHOUSE", "PYTEST", "TF_"))}
    assert strange == set()
    assert {"AUTH", "PERSIST_STATE", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"} & set(found) == set()


def test_a_role_with_just_enough_writes_to_the_lake(
    sandbox: RunningSandbox, deploy: Callable[..., str], key: str
) -> None:
    objects = f"arn:aws:s3:::{BUCKET}/*"
    deploy("dp-writer", PUT, [allow("s3:PutObject", objects), allow("kms:GenerateDataKey", key)])
    arn = invoke(sandbox, "dp-writer", bucket=BUCKET)
    assert arn == "arn:aws:sts::123456789012:assumed-role/dp-writer/dp-writer"
    stored = sandbox.client("s3").get_object(Bucket=BUCKET, Key="from-lambda")
    assert (stored["Body"].read(), stored["SSEKMSKeyId"]) == (b"hello", key)


@pytest.mark.parametrize("missing", ["kms:GenerateDataKey", "s3:PutObject"])
def test_a_role_that_lacks_something_is_denied(
    sandbox: RunningSandbox, deploy: Callable[..., str], key: str, missing: str
) -> None:
    grants = {"s3:PutObject": f"arn:aws:s3:::{BUCKET}/*", "kms:GenerateDataKey": key}
    name = f"dp-lacks-{missing.partition(':')[0]}"
    deploy(name, PUT, [allow(action, resource) for action, resource in grants.items() if action != missing])
    error = invoke(sandbox, name, bucket=BUCKET)["error"]
    assert error["errorType"] == "AccessDenied"  # the class that boto3 makes of the error's code
    assert missing in error["errorMessage"]
    assert any("in handler" in frame for frame in error["stackTrace"])


def test_other_libraries_verify_the_replica_and_public_sites(
    sandbox: RunningSandbox, deploy: Callable[..., str]
) -> None:
    deploy("dp-verify", VERIFY)
    status, roots = invoke(sandbox, "dp-verify", url=f"{sandbox.home.endpoint}/_sandbox/health")
    assert status == 200
    assert roots > 50  # ours, and those of public sites


def test_a_lambdas_credentials_cannot_be_computed(sandbox: RunningSandbox, deploy: Callable[..., str]) -> None:
    """ministack derives them from names that everybody may read."""
    arn = deploy("dp-credentials", ENVIRONMENT)
    found = invoke(sandbox, "dp-credentials")
    digest = hashlib.sha256(f"{arn}:arn:aws:iam::123456789012:role/dp-credentials".encode()).hexdigest()
    assert found["AWS_ACCESS_KEY_ID"] == f"ASIA{digest[:16].upper()}"
    assert found["AWS_SECRET_ACCESS_KEY"] != hashlib.sha256(f"secret:{digest}".encode()).hexdigest()


class Inbox:
    """A queue, and what has arrived in it."""

    arn = "arn:aws:sqs:us-east-1:123456789012:dp-lambdas"

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sqs = sandbox.client("sqs")
        self.url = self.sqs.create_queue(QueueName="dp-lambdas")["QueueUrl"]
        self.messages: list[str] = []

    def wait_for(self, text: str) -> Any:
        """The first message that mentions `text`; others are kept for those who wait for them."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if found := next((body for body in self.messages if text in body), None):
                self.messages.remove(found)
                return json.loads(found)
            for message in self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1).get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                self.messages.append(message["Body"])
        raise AssertionError(f"no message about {text} arrived")


@pytest.fixture(scope="module")
def inbox(sandbox: RunningSandbox) -> Inbox:
    return Inbox(sandbox)


def destine(sandbox: RunningSandbox, name: str, **destinations: str) -> None:
    """OnSuccess and OnFailure."""
    sandbox.client("lambda").put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={kind: {"Destination": arn} for kind, arn in destinations.items()},
    )


def test_asynchronous_results_go_to_their_destinations(
    sandbox: RunningSandbox, deploy: Callable[..., str], inbox: Inbox
) -> None:
    send = allow("sqs:SendMessage", inbox.arn)
    deploy("dp-succeeds", ECHO, [send])
    destine(sandbox, "dp-succeeds", OnSuccess=inbox.arn, OnFailure=inbox.arn)
    deploy("dp-fails", FAIL, [send])
    destine(sandbox, "dp-fails", OnFailure=inbox.arn)
    for name in ("dp-succeeds", "dp-fails"):
        payload = json.dumps({"for": name}).encode()
        answer = sandbox.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
        assert answer["StatusCode"] == 202
    success = inbox.wait_for("dp-succeeds")
    assert success["requestContext"]["condition"] == "Success"
    assert success["responsePayload"] == {"echo": {"for": "dp-succeeds"}}
    failure = inbox.wait_for("dp-fails")
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestPayload"] == {"for": "dp-fails"}


def test_a_lambda_may_be_the_destination(sandbox: RunningSandbox, deploy: Callable[..., str], inbox: Inbox) -> None:
    """As Gold runs after every successful Silver."""
    second = deploy("dp-second", ECHO, [allow("sqs:SendMessage", inbox.arn)])
    destine(sandbox, "dp-second", OnSuccess=inbox.arn)
    deploy("dp-first", ECHO, [allow("lambda:InvokeFunction", second)])
    destine(sandbox, "dp-first", OnSuccess=second)
    sandbox.client("lambda").invoke(FunctionName="dp-first", InvocationType="Event", Payload=b'{"n": 7}')
    record = inbox.wait_for("dp-second")["responsePayload"]["echo"]
    assert record["responsePayload"] == {"echo": {"n": 7}}


@pytest.mark.parametrize("permitted", [True, False])
def test_a_schedule_fires_a_lambda_as_its_role(
    sandbox: RunningSandbox, deploy: Callable[..., str], inbox: Inbox, permitted: bool
) -> None:
    """Permitted, the function runs and its result is sent on; otherwise the input lands in the dead-letter queue."""
    name = f"dp-scheduled-{permitted}".lower()
    function = deploy(name, ECHO, [allow("sqs:SendMessage", inbox.arn)])
    destine(sandbox, name, OnSuccess=inbox.arn)
    iam = sandbox.client("iam")
    trusted = trust(Service="scheduler.amazonaws.com")
    role = iam.create_role(RoleName=f"{name}-by", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    may = [allow("lambda:InvokeFunction", function)] if permitted else []
    grants = policy(*may, allow("sqs:SendMessage", inbox.arn))
    iam.put_role_policy(RoleName=f"{name}-by", PolicyName="test", PolicyDocument=grants)
    target = {
        "Arn": function,
        "RoleArn": role,
        "Input": json.dumps({"by": name}),
        "DeadLetterConfig": {"Arn": inbox.arn},
    }
    at = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 1))
    sandbox.client("scheduler").create_schedule(
        Name=name, ScheduleExpression=at, FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    message = inbox.wait_for(name)
    assert message.get("responsePayload", message) == ({"echo": {"by": name}} if permitted else {"by": name})


def test_what_a_lambda_prints_is_in_its_log_group(sandbox: RunningSandbox, deploy: Callable[..., str]) -> None:
    deploy("dp-prints", ECHO, [allow("logs:*", "*")])
    invoke(sandbox, "dp-prints", n=1)
    logs = sandbox.client("logs")
    deadline = time.monotonic() + 20
    lines: list[str] = []
    while time.monotonic() < deadline and not any("got" in line for line in lines):
        found = logs.filter_log_events(logGroupName="/aws/lambda/dp-prints")
        lines = [event["message"] for event in found["events"]]
    assert any("got {'n': 1}" in line for line in lines)
