"""S3 as the caller sees it, with a local cache of objects.

The cache is keyed by bucket, key and ETag. A hit is used only after S3 has said, to this caller and now, that the
object may be read (a conditional GET answered by 304), so the cache is no way around a policy.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from botocore.exceptions import ClientError

from workshop.sandbox.athena.errors import RESULT_WRITE_FAILED, AthenaError, QueryCancelledError
from workshop.sandbox.athena.reading.conditional import ConditionalGet
from workshop.sandbox.athena.reading.object_cache import ObjectCache

_EPOCH = datetime.fromtimestamp(0, UTC)
_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
_LOOK_SECONDS = 0.1

Check = Callable[[], None]
"""Raises `QueryCancelledError` once the query has been stopped."""


def never() -> None:
    """The check of what nobody stops."""


@dataclass(frozen=True)
class S3Object:
    """An object in S3; `size` in bytes. Athena skips what is `archived` (Glacier Flexible Retrieval, Deep Archive)."""

    bucket: str
    key: str
    size: int
    etag: str
    modified: datetime = _EPOCH
    archived: bool = False

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Encryption:
    """How objects are encrypted: `SSE_S3`, `SSE_KMS` with a key; None leaves it to the bucket."""

    option: str | None = None
    kms_key: str | None = None

    def arguments(self) -> dict[str, str]:
        """Arguments of PutObject."""
        match self.option:
            case "SSE_KMS":
                key = {"SSEKMSKeyId": self.kms_key} if self.kms_key else {}
                return {"ServerSideEncryption": "aws:kms", **key}
            case "SSE_S3":
                return {"ServerSideEncryption": "AES256"}
        return {}


class Storage(Protocol):
    """What the engine asks of an object store; every call acts with the caller's permissions."""

    def reading(self) -> AbstractContextManager[None]:
        """Keeps the local copies that are handed out while it lasts."""

    def objects(self, uri: str) -> list[S3Object]:
        """All objects whose key starts with that of `uri`, hidden ones too."""

    def fetch(self, objects: Sequence[S3Object], check: Check = never) -> list[Path]:
        """Local copies, in the same order; ends early when `check` raises."""

    def read(self, uri: str) -> Path:
        """A local copy of one object by its name."""

    def put(self, uri: str, body: bytes | Path, encryption: Encryption) -> None:
        """Write an object."""

    def delete(self, uris: Iterable[str]) -> None:
        """Delete objects."""


_SHORT_BYTES = 1 << 20
"""A body that nobody needs is read to its end if it is no longer: closing the connection costs a TLS handshake."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise AthenaError("INVALID_INPUT", f"outputLocation is not a valid S3 path: {uri}")
    return bucket, key


def is_hidden(key: str, prefix: str) -> bool:
    """Whether Athena skips the object: a name below the table that starts with `_` or `.`, or a folder marker."""
    names = key[len(prefix) :].split("/")
    return key.endswith("/") or any(name.startswith(("_", ".")) for name in names)


class S3Storage:
    """`Storage` over a boto3 S3 client made from the caller's credentials."""

    def __init__(self, client: Any, cache: ObjectCache, pool: ThreadPoolExecutor) -> None:
        self._client = client
        self._conditional = ConditionalGet.over(client)
        self._cache = cache
        self._pool = pool

    def reading(self) -> AbstractContextManager[None]:
        """Keeps the local copies that are handed out while it lasts."""
        return self._cache.reading()

    def objects(self, uri: str) -> list[S3Object]:
        """All objects whose key starts with that of `uri`, hidden ones too."""
        bucket, prefix = split_uri(uri)
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            return [
                S3Object(
                    bucket,
                    item["Key"],
                    item["Size"],
                    item["ETag"].strip('"'),
                    item["LastModified"],
                    item.get("StorageClass") in _ARCHIVED,
                )
                for page in pages
                for item in page.get("Contents", [])
            ]
        except ClientError as error:
            raise _list_failed(error, uri) from error

    def fetch(self, objects: Sequence[S3Object], check: Check = never) -> list[Path]:
        """Local copies, in the same order; ends early when `check` raises."""
        if len(objects) == 1:
            return [self._fetch(objects[0], check)]
        stopped = threading.Event()

        def check_here() -> None:
            if stopped.is_set():
                raise QueryCancelledError

        futures = [self._pool.submit(self._fetch, item, check_here) for item in objects]
        pending = set(futures)
        try:
            while pending:
                done, pending = wait(pending, _LOOK_SECONDS, FIRST_EXCEPTION)
                check()
                for future in done:
                    future.result()
        except BaseException:
            stopped.set()
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]

    def _fetch(self, item: S3Object, check: Check) -> Path:
        check()
        found = self._cache.find(item.bucket, item.key, item.etag)
        try:
            if found is not None:
                self._check(item)
                return found
            body = self._client.get_object(Bucket=item.bucket, Key=item.key, IfMatch=item.etag)["Body"]
        except ClientError as error:
            raise read_failed(error, item.bucket, item.key) from error
        return self._store(item.bucket, item.key, item.etag, body, check)

    def _store(self, bucket: str, key: str, etag: str, body: Any, check: Check = never) -> Path:
        def write(file: BinaryIO) -> None:
            for chunk in body.iter_chunks(1 << 20):
                check()
                file.write(chunk)

        return self._cache.store(bucket, key, etag, write)

    def _check(self, item: S3Object) -> None:
        """Ask S3 whether the caller may read the object: 304 when it may and the object is unchanged."""
        if self._conditional is not None and self._conditional.unchanged(item.bucket, item.key, item.etag):
            return
        try:
            answer = self._client.get_object(Bucket=item.bucket, Key=item.key, IfNoneMatch=item.etag)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 304:
                return
            raise
        answer["Body"].close()
        raise AthenaError("HIVE_CURSOR_ERROR", f"S3 object changed while it was read: {item.uri}")

    def read(self, uri: str) -> Path:
        """A local copy of one object by its name."""
        bucket, key = split_uri(uri)
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise read_failed(error, bucket, key) from error
        etag = answer["ETag"].strip('"')
        found = self._cache.find(bucket, key, etag)
        if found is not None:
            if answer["ContentLength"] <= _SHORT_BYTES:
                answer["Body"].read()
            answer["Body"].close()
            return found
        return self._store(bucket, key, etag, answer["Body"])

    def put(self, uri: str, body: bytes | Path, encryption: Encryption) -> None:
        """Write an object."""
        bucket, key = split_uri(uri)
        try:
            if isinstance(body, bytes):
                self._client.put_object(Bucket=bucket, Key=key, Body=body, **encryption.arguments())
            else:
                with body.open("rb") as file:
                    self._client.put_object(Bucket=bucket, Key=key, Body=file, **encryption.arguments())
        except ClientError as error:
            raise write_failed(error, uri) from error

    def delete(self, uris: Iterable[str]) -> None:
        """Delete objects."""
        for uri in uris:
            bucket, key = split_uri(uri)
            try:
                self._client.delete_object(Bucket=bucket, Key=key)
            except ClientError as error:
                raise write_failed(error, uri) from error


def _details(error: ClientError) -> tuple[str, str, int]:
    response = error.response
    details = response.get("Error", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return str(details.get("Code", "")), str(details.get("Message", "")), status


def _service_text(error: ClientError) -> str:
    code, message, status = _details(error)
    request = error.response.get("ResponseMetadata", {}).get("RequestId", "")
    message = "Access Denied" if status == 403 else message
    return f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {request})"


def read_failed(error: ClientError, bucket: str, key: str) -> AthenaError:
    """How Athena words a failed read of a table's file."""
    return AthenaError("HIVE_CURSOR_ERROR", f"Failed to read S3 object: s3://{bucket}/{key}: {_service_text(error)}")


def _list_failed(error: ClientError, uri: str) -> AthenaError:
    if _details(error)[2] == 403:
        return AthenaError("PERMISSION_DENIED", f"Failed to list directory: {uri}. {_service_text(error)}")
    return AthenaError("HIVE_FILESYSTEM_ERROR", f"Failed to list directory: {uri}. {_service_text(error)}")


def write_failed(error: ClientError, uri: str) -> AthenaError:
    """How Athena words a refused write of results."""
    if _details(error)[2] == 403:
        text = (
            f"Access denied when writing output to url: {uri} . Please ensure you are allowed to access the S3 bucket. "
            "If you are encrypting query results with KMS key, please ensure you are allowed to access your KMS key"
        )
    else:
        text = f"Unable to write output to url: {uri} . {_service_text(error)}"
    return AthenaError("", text, error_type=RESULT_WRITE_FAILED)
