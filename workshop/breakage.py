"""Break the lake on purpose, for the length of one `with` block: a source that misbehaves, an object that should not be
there, a memory that is lost, a function without time.

Each block puts back what it changed, whatever happens inside of it, and begins by removing what a killed run left.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from botocore.exceptions import ClientError

from workshop.errors import WorkshopError

Part = Literal["api", "archive"]

# What the address of each part of the source is to Terraform; the sandbox's replica is named there.
ADDRESSES: Mapping[Part, str] = {"api": "TF_VAR_github_api_url", "archive": "TF_VAR_gharchive_url"}
# What a lesson's own objects begin with. Athena reads them: only `_` and `.` hide a file from it.
LESSON = "lesson-"
# A function's tag with the timeout that it had before a lesson changed it.
TIMEOUT_TAG = "lesson-timeout"
LONGEST_UPDATE_SECONDS = 60


@contextmanager
def source_faults(faults: Sequence[Mapping[str, Any]], part: Part = "api") -> Iterator[bool]:
    """Let the source's next answers go wrong, one fault an answer; what was not taken is withdrawn at the end.

    `part` is "api" (polls) or "archive" (hours). Faults are those of the sandbox's replica, e.g.
    `{"damage": "poisoned"}` (see `workshop/sandbox/github/faults.py`). Yields False, and does nothing, where the source
    is the real one, which cannot be made to misbehave.
    """
    address = _replica(part)
    if address is None:
        yield False
        return
    _set_faults(address, faults)
    try:
        yield True
    finally:
        _set_faults(address, [])


def _replica(part: Part) -> str | None:
    """Where the replica takes its faults; None if the source is the real one."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    address = os.environ.get(ADDRESSES[part], "")
    return f"{address}/_faults" if endpoint and address.startswith(f"{endpoint}/") else None


def _set_faults(address: str, faults: Sequence[Mapping[str, Any]]) -> None:
    import requests  # noqa: PLC0415 - slow to import, and few need it

    response = requests.put(address, json=list(faults), verify=os.environ["AWS_CA_BUNDLE"], timeout=20)
    if not response.ok:
        raise WorkshopError(f"The source did not take the faults: {response.text[:200]}")


@contextmanager
def copy_beside(s3: Any, bucket: str, key: str, change: Callable[[bytes], bytes] | None = None) -> Iterator[str]:
    """Put a copy of an object beside it, under another name, and yield its key; at the end it is gone.

    With `change` the copy's bytes are what that makes of the object's. Metadata is copied as it is.
    """
    folder, _, name = key.rpartition("/")
    remove_lesson_objects(s3, bucket, folder)
    copy = f"{folder}/{LESSON}{name}"
    if change is None:
        s3.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
    else:
        answer = s3.get_object(Bucket=bucket, Key=key)
        s3.put_object(Bucket=bucket, Key=copy, Body=change(answer["Body"].read()), Metadata=answer["Metadata"])
    try:
        yield copy
    finally:
        s3.delete_object(Bucket=bucket, Key=copy)


def remove_lesson_objects(s3: Any, bucket: str, folder: str) -> list[str]:
    """Delete what lessons left in a folder; returns the keys."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/{LESSON}")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)
    return keys


@contextmanager
def put_back(s3: Any, bucket: str, key: str) -> Iterator[None]:
    """Remember an object, and put it back at the end as it was; one that was not there is deleted then.

    For the small objects in which functions keep their memory. If a lesson is killed before it comes to that, the
    functions start from what they find, as after any crash.
    """
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
        content = answer["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        content = None
    try:
        yield
    finally:
        if content is None:
            s3.delete_object(Bucket=bucket, Key=key)
        else:
            s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=answer["ContentType"])


@contextmanager
def short_of_time(client: Any, function_name: str, seconds: int) -> Iterator[None]:
    """Let a function run for `seconds` at most, and at the end for as long as before.

    A tag of the function remembers the true timeout, for the case that this process dies. `client` is boto3's for
    Lambda.
    """
    configuration = client.get_function_configuration(FunctionName=function_name)
    arn = configuration["FunctionArn"]
    before = int(client.list_tags(Resource=arn)["Tags"].get(TIMEOUT_TAG, configuration["Timeout"]))
    client.tag_resource(Resource=arn, Tags={TIMEOUT_TAG: str(before)})
    try:
        _set_timeout(client, function_name, seconds)
        yield
    finally:
        _set_timeout(client, function_name, before)
        client.untag_resource(Resource=arn, TagKeys=[TIMEOUT_TAG])


def _set_timeout(client: Any, function_name: str, seconds: int) -> None:
    """Change the timeout and wait until it holds."""
    client.update_function_configuration(FunctionName=function_name, Timeout=seconds)
    deadline = time.monotonic() + LONGEST_UPDATE_SECONDS
    while client.get_function_configuration(FunctionName=function_name)["LastUpdateStatus"] == "InProgress":
        if time.monotonic() > deadline:
            raise WorkshopError(f"{function_name} did not take its new timeout in {LONGEST_UPDATE_SECONDS} s.")
        time.sleep(0.5)
