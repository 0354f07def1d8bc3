"""Breaking things for a while: what is broken, that it is whole afterwards, and what a killed run leaves."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests

from workshop.breakage import TIMEOUT_TAG, copy_beside, put_back, short_of_time, source_faults
from workshop.errors import WorkshopError
from workshop.functions import wait_until_active

pytestmark = pytest.mark.sandbox

BUCKET = "dp-breakage"
FUNCTION = "dp-breakage-patient"


@pytest.fixture
def session(environment: None) -> Any:
    return boto3.Session()


@pytest.fixture
def s3(session: Any) -> Any:
    client = session.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="day/one.gz", Body=b"events", Metadata={"first-id": "7"})
    return client


def names(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="day/").get("Contents", [])]


def content(s3: Any, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def test_a_copy_lies_beside_the_object_with_its_metadata_and_then_it_is_gone(s3: Any) -> None:
    with copy_beside(s3, BUCKET, "day/one.gz") as key:
        assert names(s3) == sorted(["day/one.gz", key])
        assert content(s3, key) == b"events"
        assert s3.head_object(Bucket=BUCKET, Key=key)["Metadata"] == {"first-id": "7"}
    assert names(s3) == ["day/one.gz"]


def test_a_changed_copy_leaves_the_object_alone_and_is_gone_after_an_error(s3: Any) -> None:
    with pytest.raises(ZeroDivisionError), copy_beside(s3, BUCKET, "day/one.gz", lambda body: body[:3]) as key:
        assert content(s3, key) == b"eve"
        assert s3.head_object(Bucket=BUCKET, Key=key)["Metadata"] == {"first-id": "7"}
        raise ZeroDivisionError
    assert names(s3) == ["day/one.gz"]
    assert content(s3, "day/one.gz") == b"events"


def test_what_a_killed_lesson_left_goes_with_the_next_one(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="day/lesson-other.gz", Body=b"left")
    s3.put_object(Bucket=BUCKET, Key="elsewhere/lesson-other.gz", Body=b"not in this folder")
    with copy_beside(s3, BUCKET, "day/one.gz"):
        assert "day/lesson-other.gz" not in names(s3)
    assert content(s3, "elsewhere/lesson-other.gz") == b"not in this folder"


def test_a_memory_is_put_back_as_it_was(s3: Any) -> None:
    with pytest.raises(ZeroDivisionError), put_back(s3, BUCKET, "day/one.gz"):
        s3.delete_object(Bucket=BUCKET, Key="day/one.gz")
        s3.put_object(Bucket=BUCKET, Key="day/one.gz", Body=b"something else")
        raise ZeroDivisionError
    assert content(s3, "day/one.gz") == b"events"
    with put_back(s3, BUCKET, "day/new"):
        s3.put_object(Bucket=BUCKET, Key="day/new", Body=b"written meanwhile")
    assert names(s3) == ["day/one.gz"]


def replica(session: Any, path: str) -> Any:
    return requests.get(f"{session.client('s3').meta.endpoint_url}/{path}/_faults", timeout=20).json()


def test_the_replica_is_told_and_what_was_not_taken_is_withdrawn(
    session: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.home.ca_bundle))
    with source_faults([{"damage": "poisoned"}, {"skip": 2}]) as possible:
        assert possible
        assert [(fault["damage"], fault.get("skip", 0)) for fault in replica(session, "_github")] == [
            ("poisoned", 0), (None, 2),
        ]  # fmt: skip
        assert replica(session, "_gharchive") == []
    assert replica(session, "_github") == []
    with source_faults([{"hour": "2024-01-15-1", "damage": "truncated"}], part="archive"):
        assert [fault["hour"] for fault in replica(session, "_gharchive")] == ["2024-01-15-1"]
    assert replica(session, "_gharchive") == []


def test_faults_that_nobody_knows_are_refused(session: Any) -> None:
    with pytest.raises(WorkshopError, match="tipsy"), source_faults([{"damage": "tipsy"}]):
        pass


def test_the_real_source_is_left_alone(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_VAR_github_api_url", raising=False)
    with source_faults([{"damage": "poisoned"}]) as possible:
        assert not possible
    # Nor is another server that somebody uses as the source.
    monkeypatch.setenv("TF_VAR_gharchive_url", "https://data.gharchive.org")
    with source_faults([{"damage": "truncated"}], part="archive") as possible:
        assert not possible


@pytest.fixture
def patient(session: Any) -> Iterator[Any]:
    """A function with 100 seconds."""
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    iam, client = session.client("iam"), session.client("lambda")
    role = iam.create_role(RoleName=FUNCTION, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("patient.py", "def handler(event, context):\n    return context.get_remaining_time_in_millis()\n")
    client.create_function(
        FunctionName=FUNCTION, Role=role, Runtime="python3.13", Handler="patient.handler", Timeout=100,
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    wait_until_active(client, FUNCTION)
    yield client
    client.delete_function(FunctionName=FUNCTION)
    iam.delete_role(RoleName=FUNCTION)


def remaining(client: Any) -> float:
    """Seconds that the function is given."""
    return float(json.loads(client.invoke(FunctionName=FUNCTION)["Payload"].read())) / 1000


def timeout(client: Any) -> int:
    return int(client.get_function_configuration(FunctionName=FUNCTION)["Timeout"])


def test_a_function_is_short_of_time_and_then_has_it_again(patient: Any) -> None:
    arn = patient.get_function_configuration(FunctionName=FUNCTION)["FunctionArn"]
    with pytest.raises(ZeroDivisionError), short_of_time(patient, FUNCTION, 15):
        assert remaining(patient) <= 15
        raise ZeroDivisionError
    assert timeout(patient) == 100
    assert 15 < remaining(patient) <= 100
    assert TIMEOUT_TAG not in patient.list_tags(Resource=arn)["Tags"]


def test_the_true_timeout_survives_a_killed_lesson(patient: Any) -> None:
    killed = short_of_time(patient, FUNCTION, 15)
    killed.__enter__()  # and never left
    assert timeout(patient) == 15
    with short_of_time(patient, FUNCTION, 15):
        pass
    assert timeout(patient) == 100
