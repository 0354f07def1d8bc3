"""Nobody gets in without keys, by any door, and only from this machine."""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import boto3
import certifi
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox, policy


def request(
    sandbox: RunningSandbox, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> tuple[int, bytes]:
    """One raw request over TLS."""
    context = ssl.create_default_context(cafile=str(sandbox.home.ca_bundle))
    port = sandbox.home.settings.https_port
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/sns/sms-messages"),
        ("GET", "/_ministack/lambda-code/anything"),
        ("GET", "/_ministack/transfer/sftp-ports"),
        ("GET", "/_ministack/rds/ca.pem"),
        ("PUT", "/_ministack/cfn-response/token"),
        ("POST", "/_ministack/rds/iam-auth"),
        ("POST", "/_ministack/eks-auth/cluster"),
        ("GET", "/_aws/sqs/messages"),
        ("GET", "/_aws/ses"),
        ("GET", "/_localstack/health"),
        ("GET", "/_alb/name/"),
        ("POST", "/oauth2/token"),
        ("GET", "/oauth2/authorize"),
        ("POST", "/login"),
        ("GET", "/v2/_catalog"),
        ("GET", "/iceberg/v1/config"),
    ],
)
def test_the_emulators_own_doors_are_closed(sandbox: RunningSandbox, method: str, path: str) -> None:
    """Paths of `_handle_pre_body_request` and its like in ministack's app.py."""
    status, body = request(sandbox, method, path)
    assert status in {400, 403, 404, 405}, body


def test_a_reset_wipes_nothing(sandbox: RunningSandbox) -> None:
    sandbox.client("s3").create_bucket(Bucket="dp-doors-reset")
    request(sandbox, "POST", "/_ministack/reset")
    sandbox.client("s3").head_bucket(Bucket="dp-doors-reset")


def test_the_health_page_is_open(sandbox: RunningSandbox) -> None:
    status, body = request(sandbox, "GET", "/_sandbox/health")
    assert status == 200
    assert json.loads(body)["status"] == "ready"


@pytest.mark.parametrize("key", ["test", "123456789012", "000000000000", "AKIA" + "QQQQWWWWEEEERRRR"])
@pytest.mark.parametrize(
    ("service", "call", "codes"),
    [
        ("s3", "list_buckets", {"InvalidAccessKeyId"}),
        ("sts", "get_caller_identity", {"InvalidClientTokenId"}),
        ("iam", "list_users", {"InvalidClientTokenId"}),
        ("glue", "get_databases", {"UnrecognizedClientException"}),
        ("lambda", "list_functions", {"UnrecognizedClientException"}),
    ],
)
def test_unknown_and_root_keys_are_refused(
    sandbox: RunningSandbox, key: str, service: str, call: str, codes: set[str]
) -> None:
    client = sandbox.client(service, {"AccessKeyId": key, "SecretAccessKey": "test"})
    with pytest.raises(ClientError) as refused:
        getattr(client, call)()
    assert refused.value.response["Error"]["Code"] in codes


def test_the_learners_key_needs_its_secret(sandbox: RunningSandbox) -> None:
    keys = {"AccessKeyId": sandbox.home.credentials.access_key_id, "SecretAccessKey": "guessed"}
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        sandbox.client("s3", keys).list_buckets()


def test_unsigned_requests_are_refused(sandbox: RunningSandbox) -> None:
    sandbox.client("s3").create_bucket(Bucket="dp-doors-unsigned")
    sandbox.client("s3").put_object(Bucket="dp-doors-unsigned", Key="secret", Body=b"secret")
    for method, path in [("GET", "/"), ("GET", "/dp-doors-unsigned/secret"), ("PUT", "/dp-doors-unsigned/mine")]:
        status, body = request(sandbox, method, path)
        assert status == 403, (method, path)
        assert b"secret" not in body
        assert b"<Code>AccessDenied</Code>" in body
    status, body = request(
        sandbox, "POST", "/", {"x-amz-target": "AWSGlue.GetDatabases", "content-type": "application/x-amz-json-1.1"}
    )
    assert status in {400, 403}
    assert b"MissingAuthenticationToken" in body


def test_presigned_urls_work_for_the_learner_and_not_for_root(sandbox: RunningSandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="dp-doors-presigned")
    s3.put_object(Bucket="dp-doors-presigned", Key="key", Body=b"content")
    where = {"Bucket": "dp-doors-presigned", "Key": "key"}
    good = s3.generate_presigned_url("get_object", Params=where).removeprefix(sandbox.home.endpoint)
    assert request(sandbox, "GET", good) == (200, b"content")
    root = sandbox.client("s3", {"AccessKeyId": "test", "SecretAccessKey": "test"})
    forged = root.generate_presigned_url("get_object", Params=where).removeprefix(sandbox.home.endpoint)
    assert request(sandbox, "GET", forged)[0] == 403


def test_foreign_host_names_are_refused(sandbox: RunningSandbox) -> None:
    """A browser's page that points its own name at 127.0.0.1 still sends that name."""
    assert request(sandbox, "GET", "/_sandbox/health", {"Host": "evil.example"})[0] == 421


@pytest.fixture(scope="module")
def tls_only_bucket(sandbox: RunningSandbox) -> str:
    bucket = "dp-doors-tls"
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"content")
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    return bucket


def test_a_tls_only_policy_denies_plain_http_and_allows_tls(sandbox: RunningSandbox, tls_only_bucket: str) -> None:
    assert sandbox.client("s3").get_object(Bucket=tls_only_bucket, Key="key")["Body"].read() == b"content"
    plain = sandbox.client("s3", endpoint_url=sandbox.home.http_endpoint)
    with pytest.raises(ClientError, match="AccessDenied"):
        plain.get_object(Bucket=tls_only_bucket, Key="key")


@pytest.mark.parametrize("header", ["X-Forwarded-Proto", "x-forwarded-proto", "Forwarded"])
def test_a_client_cannot_pretend_to_use_tls(sandbox: RunningSandbox, tls_only_bucket: str, header: str) -> None:
    keys = sandbox.home.credentials
    url = f"{sandbox.home.http_endpoint}/{tls_only_bucket}/key"
    signed = AWSRequest("GET", url, headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    S3SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), "s3", "us-east-1").add_auth(signed)
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.home.settings.http_port, timeout=10)
    value = "proto=https" if header == "Forwarded" else "https"
    connection.request("GET", f"/{tls_only_bucket}/key", headers={**dict(signed.headers), header: value})
    answer = connection.getresponse()
    assert (answer.status, b"AccessDenied" in answer.read()) == (403, True)


def test_the_learner_cannot_get_more_rights(sandbox: RunningSandbox) -> None:
    iam = sandbox.client("iam")
    refused: list[tuple[str, dict[str, str]]] = [
        ("attach_user_policy", {"UserName": "learner", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ("put_user_policy", {"UserName": "learner", "PolicyName": "more", "PolicyDocument": "{}"}),
        ("create_user", {"UserName": "another"}),
        ("create_access_key", {"UserName": "learner"}),
        ("create_role", {"RoleName": "elsewhere", "AssumeRolePolicyDocument": "{}"}),
    ]
    for call, arguments in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(iam, call)(**arguments)
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.client("s3").create_bucket(Bucket="not-of-the-course")


def test_both_ports_listen_on_this_machine_only(sandbox: RunningSandbox) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address the machine would use
        outside = probe.getsockname()[0]
    if outside.startswith("127."):
        pytest.skip("this machine has no other address")
    for port in (sandbox.home.settings.https_port, sandbox.home.settings.http_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((outside, port), timeout=5)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_client_with_the_wrong_authority_refuses_the_server(sandbox: RunningSandbox) -> None:
    client = boto3.client(
        "sts",
        endpoint_url=sandbox.home.endpoint,
        verify=certifi.where(),
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        client.get_caller_identity()


def test_a_web_identity_needs_no_keys(sandbox: RunningSandbox) -> None:
    """As GitHub Actions gets its role; a wrong subject is refused."""
    issuer = "token.actions.githubusercontent.com"
    iam = sandbox.client("iam")
    provider = iam.create_open_id_connect_provider(Url=f"https://{issuer}", ClientIDList=["sts.amazonaws.com"])
    federated = {"Federated": provider["OpenIDConnectProviderArn"]}
    condition = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "repo:me/lake:ref:main"}}
    statement = {"Effect": "Allow", "Principal": federated, "Action": "sts:AssumeRoleWithWebIdentity"}
    trusted = policy({**statement, "Condition": condition})
    role = iam.create_role(RoleName="dp-oidc", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    sts = sandbox.client("sts", config=Config(signature_version=UNSIGNED, proxies={}))

    def assume(subject: str) -> str:
        token = jwt(iss=f"https://{issuer}", aud="sts.amazonaws.com", sub=subject, exp=4102444800)
        session = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="session", WebIdentityToken=token)
        arn: str = sandbox.client("sts", session["Credentials"]).get_caller_identity()["Arn"]
        return arn

    assert assume("repo:me/lake:ref:main") == "arn:aws:sts::123456789012:assumed-role/dp-oidc/session"
    with pytest.raises(ClientError, match="AccessDenied"):
        assume("repo:you/lake:ref:main")


def jwt(**claims: Any) -> str:
    parts = [{"alg": "RS256", "typ": "JWT", "kid": "1"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])
