"""Objects under a KMS key need the key. Expectations: S3 user guide, "Using server-side encryption with KMS keys"."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import Assume, RunningSandbox, allow, policy

BUCKET = "dp-encrypted"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"
VIA_S3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}


@pytest.fixture(scope="module")
def key(sandbox: RunningSandbox) -> str:
    """A key whose policy leaves decisions to IAM, and lets it be used through S3 only, as the lake's does."""
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    document = policy(
        {"Effect": "Allow", "Principal": root, "Action": ["kms:Describe*", "kms:Enable*", "kms:Disable*", "kms:Put*"]}
        | {"Resource": "*"},
        {"Effect": "Allow", "Principal": root, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}
        | {"Condition": VIA_S3},
    )
    arn: str = sandbox.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def bucket(sandbox: RunningSandbox, key: str) -> str:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=BUCKET, Key="there", Body=b"content")
    return BUCKET


@pytest.fixture(scope="module")
def roles(sandbox: RunningSandbox, assume: Assume, bucket: str, key: str) -> Mapping[str, Any]:
    """S3 clients of roles that may use all of the bucket's objects and what their names say of the key."""
    objects = allow("s3:*", [OBJECTS, f"arn:aws:s3:::{bucket}"])
    grants: Mapping[str, list[Mapping[str, Any]]] = {
        "nothing": [],
        "encrypt": [allow("kms:GenerateDataKey", key)],
        "decrypt": [allow("kms:Decrypt", key)],
        "both": [allow(["kms:GenerateDataKey", "kms:Decrypt"], key)],
        "other-context": [
            allow(
                "kms:Decrypt", key, Condition={"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::x"}}
            )
        ],
        "this-bucket": [
            allow("kms:Decrypt", key, Condition={"StringEquals": {"kms:EncryptionContext:aws:s3:arn": OBJECTS[:-2]}})
        ],
        "through-athena": [
            allow("kms:Decrypt", key, Condition={"StringEquals": {"kms:ViaService": "athena.us-east-1.amazonaws.com"}})
        ],
    }
    return {
        name: sandbox.client("s3", assume(f"dp-encryption-{name}", [objects, *grant])) for name, grant in grants.items()
    }


def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_reading_needs_decrypt(roles: Mapping[str, Any], key: str) -> None:
    for name in ("decrypt", "both", "this-bucket"):
        assert roles[name].get_object(Bucket=BUCKET, Key="there")["Body"].read() == b"content"
    for name in ("nothing", "encrypt", "other-context", "through-athena"):
        code, message = refusal(lambda name=name: roles[name].get_object(Bucket=BUCKET, Key="there"))
        assert code == "AccessDenied"
        assert f"is not authorized to perform: kms:Decrypt on resource: {key}" in message
        assert f"assumed-role/dp-encryption-{name}/test" in message


def test_a_head_needs_no_key(roles: Mapping[str, Any]) -> None:
    assert roles["nothing"].head_object(Bucket=BUCKET, Key="there")["ContentLength"] == 7


def test_writing_needs_a_data_key(roles: Mapping[str, Any], key: str) -> None:
    for name in ("encrypt", "both"):
        put = roles[name].put_object(Bucket=BUCKET, Key=f"by-{name}", Body=b"x")
        assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", key)
    for name in ("nothing", "decrypt"):
        code, message = refusal(lambda name=name: roles[name].put_object(Bucket=BUCKET, Key="by-nobody", Body=b"x"))
        assert (code, "kms:GenerateDataKey" in message) == ("AccessDenied", True)
    listed = roles["both"].list_objects_v2(Bucket=BUCKET, Prefix="by-")
    assert [found["Key"] for found in listed["Contents"]] == ["by-both", "by-encrypt"]


def test_naming_the_key_by_alias_changes_nothing(sandbox: RunningSandbox, roles: Mapping[str, Any], key: str) -> None:
    sandbox.client("kms").create_alias(AliasName="alias/dp-encryption", TargetKeyId=key)
    named = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/dp-encryption"}
    code, _ = refusal(lambda: roles["nothing"].put_object(Bucket=BUCKET, Key="alias", Body=b"x", **named))
    assert code == "AccessDenied"
    put = roles["both"].put_object(Bucket=BUCKET, Key="alias", Body=b"x", **named)
    assert put["SSEKMSKeyId"] == key


def test_objects_without_a_key_need_none(roles: Mapping[str, Any]) -> None:
    roles["nothing"].put_object(Bucket=BUCKET, Key="plain", Body=b"x", ServerSideEncryption="AES256")
    assert roles["nothing"].get_object(Bucket=BUCKET, Key="plain")["Body"].read() == b"x"


def test_copying_reads_and_writes(roles: Mapping[str, Any]) -> None:
    source = {"Bucket": BUCKET, "Key": "there"}
    for name, action in (("encrypt", "kms:Decrypt"), ("decrypt", "kms:GenerateDataKey")):
        code, message = refusal(lambda name=name: roles[name].copy_object(Bucket=BUCKET, Key="c", CopySource=source))
        assert (code, action in message) == ("AccessDenied", True)
    roles["both"].copy_object(Bucket=BUCKET, Key="copy", CopySource=source)
    assert roles["both"].get_object(Bucket=BUCKET, Key="copy")["Body"].read() == b"content"


def test_a_multipart_upload_needs_both(roles: Mapping[str, Any]) -> None:
    code, _ = refusal(lambda: roles["decrypt"].create_multipart_upload(Bucket=BUCKET, Key="large"))
    assert code == "AccessDenied"
    where = {"Bucket": BUCKET, "Key": "large"}
    upload = roles["encrypt"].create_multipart_upload(**where)["UploadId"]
    part = {**where, "UploadId": upload, "PartNumber": 1, "Body": b"part"}
    code, message = refusal(lambda: roles["encrypt"].upload_part(**part))
    assert (code, "kms:Decrypt" in message) == ("AccessDenied", True)
    etag = roles["both"].upload_part(**part)["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    roles["both"].complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    assert roles["both"].get_object(**where)["Body"].read() == b"part"


def test_a_key_policy_that_names_nobody_denies(sandbox: RunningSandbox, assume: Assume, bucket: str) -> None:
    kms = sandbox.client("kms")
    somebody = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:user/learner"}, "Resource": "*"}
    key = kms.create_key(Policy=policy({**somebody, "Action": "kms:*"}))["KeyMetadata"]["Arn"]
    role = assume("dp-encryption-policy", [allow("s3:*", OBJECTS), allow("kms:*", "*")])
    named = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3 = sandbox.client("s3", role)
    code, message = refusal(lambda: s3.put_object(Bucket=bucket, Key="x", Body=b"x", **named))
    assert (code, "kms:GenerateDataKey" in message) == ("AccessDenied", True)
    sandbox.client("s3").put_object(Bucket=bucket, Key="x", Body=b"x", **named)


@pytest.fixture
def disabled(sandbox: RunningSandbox, key: str) -> Iterator[None]:
    sandbox.client("kms").disable_key(KeyId=key)
    yield
    sandbox.client("kms").enable_key(KeyId=key)


@pytest.mark.usefixtures("disabled")
def test_a_disabled_key_opens_nothing(roles: Mapping[str, Any], key: str) -> None:
    for call in (
        lambda: roles["both"].get_object(Bucket=BUCKET, Key="there"),
        lambda: roles["both"].put_object(Bucket=BUCKET, Key="new", Body=b"x"),
    ):
        assert refusal(call) == ("KMS.DisabledException", f"{key} is disabled.")


def test_a_key_about_to_be_deleted_opens_nothing(sandbox: RunningSandbox, bucket: str) -> None:
    kms, s3 = sandbox.client("kms"), sandbox.client("s3")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="doomed", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    code, message = refusal(lambda: s3.get_object(Bucket=bucket, Key="doomed"))
    assert (code, message) == ("KMS.KMSInvalidStateException", f"{key} is pending deletion.")
