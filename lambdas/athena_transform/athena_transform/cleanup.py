"""Delete what a failed query left, and Gold folders that a newer run has replaced; never anything else."""

from typing import Any

from botocore.exceptions import ClientError

from athena_transform.errors import TransformError, UnsafeDeletionError
from athena_transform.telemetry import logger

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MOST_KEYS_PER_DELETE = 1_000


def split_location(location: str) -> tuple[str, str]:
    """`s3://bucket/key` as (bucket, key)."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not location.startswith("s3://") or not bucket:
        raise TransformError(f"{location!r} is not an S3 path.")
    return bucket, key


def manifest_paths(s3: Any, manifest: str | None) -> list[str]:
    """The files that a query wrote or meant to write, by its data manifest; none without a manifest.

    https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    """
    if manifest is None:
        return []  # the query failed before it had a plan for writing
    bucket, key = split_location(manifest)
    try:
        lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return []
        raise
    return [path for line in lines if (path := line.strip().strip('"'))]


def remove_orphans(s3: Any, manifest: str | None, *, within: str) -> int:
    """Delete the files that a failed query wrote, by its data manifest; returns how many the manifest names.

    A failed INSERT leaves its files where readers see them, and its manifest lists the files that it wrote or meant
    to write: https://docs.aws.amazon.com/athena/latest/ug/insert-into.html. Nothing is deleted (UnsafeDeletionError)
    if one of them lies outside the folder `within`.
    """
    paths = manifest_paths(s3, manifest)
    outside = [path for path in paths if not path.startswith(within)]
    if outside:
        raise UnsafeDeletionError(f"The manifest {manifest} names {outside[0]}, which is not under {within}.")
    if paths:
        table_bucket, _ = split_location(within)
        _delete(s3, table_bucket, [split_location(path)[1] for path in paths])
        logger.warning("Removed the files of a failed query", extra={"manifest": manifest, "files": paths})
    return len(paths)


def remove_folder(s3: Any, location: str, *, within: str) -> int:
    """Delete every object of the folder `location`, which must be a real sub-folder of `within`; returns how many."""
    if not location.startswith(within) or location == within or not location.endswith("/"):
        raise UnsafeDeletionError(f"{location} is not a folder under {within}.")
    bucket, prefix = split_location(location)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    _delete(s3, bucket, keys)
    return len(keys)


def _delete(s3: Any, bucket: str, keys: list[str]) -> None:
    for start in range(0, len(keys), MOST_KEYS_PER_DELETE):
        chunk = keys[start : start + MOST_KEYS_PER_DELETE]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in chunk], "Quiet": True})
        # DeleteObjects answers 200 even when single deletions were refused.
        if failures := answer.get("Errors"):
            raise TransformError(f"S3 refused to delete {len(failures)} objects of {bucket}, the first: {failures[0]}")
