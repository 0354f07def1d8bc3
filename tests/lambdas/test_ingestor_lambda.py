"""The ingestor's archive as a Lambda function of the sandbox, with a role that may do what it needs and no more.

The statements are those that the function's README lists for its role.
"""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from ingestor_world import BRONZE, STATE_KEY, keys, lines
from running_sandbox import RunningSandbox

from workshop.archives import build

pytestmark = pytest.mark.sandbox


def test_the_archive_runs_as_a_lambda(sandbox: RunningSandbox, tmp_path: Path) -> None:
    name = f"dp-test-{uuid4().hex[:12]}"
    s3, iam, functions = sandbox.client("s3"), sandbox.client("iam"), sandbox.client("lambda")
    s3.create_bucket(Bucket=f"{name}-raw")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    bucket = f"arn:aws:s3:::{name}-raw"
    iam.put_role_policy(
        RoleName=name,
        PolicyName="work",
        PolicyDocument=policy(
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": [f"{bucket}/{BRONZE}*", f"{bucket}/quarantine/*"],
            },
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{bucket}/{STATE_KEY}"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        ),
    )
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Architectures=["arm64"],
        Handler="github_events_ingestor.handler.handler",
        Timeout=60,
        Code={"ZipFile": build("github_events_ingestor", dist=tmp_path).read_bytes()},
        Environment={
            "Variables": {
                "RAW_BUCKET": f"{name}-raw",
                "BRONZE_PREFIX": BRONZE,
                "STATE_KEY": STATE_KEY,
                "GITHUB_API_URL": f"{sandbox.home.endpoint}/_github",
            }
        },
    )

    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    payload = json.loads(answer["Payload"].read())

    assert "FunctionError" not in answer, payload
    assert payload["outcome"] == "stored"
    assert keys(s3, f"{name}-raw", BRONZE) == [payload["key"]]
    assert len(lines(s3, f"{name}-raw", BRONZE)) == payload["events"] > 0
    functions.delete_function(FunctionName=name)


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
