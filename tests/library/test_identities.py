"""Temporary identities on a running sandbox: they can do what they were given, nothing else, and then they are gone."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from workshop.identities import function_wearing, temporary_role
from workshop.leftovers import find

pytestmark = pytest.mark.sandbox


@pytest.fixture
def session(environment: None) -> Any:
    return boto3.Session()


def test_a_temporary_role_has_what_it_was_given(session: Any) -> None:
    session.client("s3").create_bucket(Bucket="dp-identities-open")
    session.client("s3").create_bucket(Bucket="dp-identities-closed")
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::dp-identities-open"}
    with temporary_role(session, "dp-dev-lesson-reader", [statement]) as reader:
        assert "dp-dev-lesson-reader" in reader.client("sts").get_caller_identity()["Arn"]
        reader.client("s3").list_objects_v2(Bucket="dp-identities-open")
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.client("s3").list_objects_v2(Bucket="dp-identities-closed")
    assert ("roles", "dp-dev-lesson-reader") not in find(session, "dev")


def test_a_role_that_a_killed_run_left_is_replaced(session: Any) -> None:
    nothing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    role = temporary_role(session, "dp-dev-lesson-killed", [nothing])
    role.__enter__()  # and never left
    assert ("roles", "dp-dev-lesson-killed") in find(session, "dev")
    with temporary_role(session, "dp-dev-lesson-killed", [nothing]) as second:
        second.client("s3").list_buckets()
    assert ("roles", "dp-dev-lesson-killed") not in find(session, "dev")


def test_a_function_feels_its_roles_permissions(session: Any) -> None:
    iam = session.client("iam")
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        '"Principal": {"Service": "lambda.amazonaws.com"}}]}'
    )
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", '
        '"Resource": "arn:aws:s3:::dp-identities-worn/in/*"}]}'
    )
    session.client("s3").create_bucket(Bucket="dp-identities-worn")
    arn = iam.create_role(RoleName="dp-identities-worn", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="dp-identities-worn", PolicyName="put", PolicyDocument=policy)
    with function_wearing(session, arn, "dp-dev-lesson-worn") as call:
        inside = call("s3.put_object", {"Bucket": "dp-identities-worn", "Key": "in/x", "Body": "x"})
        outside = call("s3.put_object", {"Bucket": "dp-identities-worn", "Key": "out/x", "Body": "x"})
    assert inside["allowed"]
    assert (outside["allowed"], outside["code"]) == (False, "AccessDenied")
    assert not [name for _, name in find(session, "dev") if "lesson-worn" in name]
