"""Requests of boto3 clients that reach an application without a socket."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from workshop.sandbox.in_process import InProcessSession


class Store:
    """An ASGI application that keeps what is put, and the scopes it saw."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        if scope["path"].endswith("/slow"):
            await asyncio.sleep(60)
        if scope["method"] == "PUT":
            self.objects[scope["path"]] = body
        found = self.objects.get(scope["path"])
        answer = b"" if scope["method"] == "PUT" else found or b""
        headers = [(b"etag", b'"1"'), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 404 if found is None else 200, "headers": headers})
        answer = b"" if scope["method"] == "HEAD" else answer
        for start in range(0, len(answer), 1000):
            await send({"type": "http.response.body", "body": answer[start : start + 1000], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Serving:
    """An event loop on a thread of its own, and an S3 client whose requests go there."""

    def __init__(self) -> None:
        self.app = Store()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        session = InProcessSession()
        session.serve(self.app, self.loop)
        self.s3 = boto3.client(
            "s3", endpoint_url="https://127.0.0.1:1", region_name="us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}, request_checksum_calculation="when_required"),
        )  # fmt: skip
        session.install(self.s3)

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
            self.loop.close()


@pytest.fixture
def serving() -> Iterator[Serving]:
    made = Serving()
    yield made
    made.stop()


def test_bodies_arrive_whole(serving: Serving, tmp_path: Any) -> None:
    large = bytes(range(256)) * 20_000
    (tmp_path / "large").write_bytes(large)
    with (tmp_path / "large").open("rb") as file:
        serving.s3.put_object(Bucket="b", Key="a b/ü", Body=file)
    assert serving.app.objects == {"/b/a b/ü": large}
    assert serving.s3.get_object(Bucket="b", Key="a b/ü")["Body"].read() == large
    assert serving.s3.head_object(Bucket="b", Key="a b/ü")["ContentLength"] == len(large)
    serving.s3.put_object(Bucket="b", Key="empty", Body=b"")
    assert serving.s3.get_object(Bucket="b", Key="empty")["Body"].read() == b""


def test_requests_are_signed_and_say_that_they_are_encrypted(serving: Serving) -> None:
    with pytest.raises(serving.s3.exceptions.ClientError, match="404"):
        serving.s3.head_object(Bucket="b", Key="missing")
    [scope] = serving.app.scopes
    headers = dict(scope["headers"])
    assert scope["scheme"] == "https"
    assert headers[b"authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=a/")
    assert headers[b"host"] == b"127.0.0.1:1"
    assert scope["raw_path"] == b"/b/missing"


def test_a_server_that_stops_ends_the_request(serving: Serving) -> None:
    failures: list[Exception] = []

    def ask() -> None:
        try:
            serving.s3.get_object(Bucket="b", Key="slow")
        except ConnectionClosedError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not serving.app.scopes:
        pass
    serving.loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(serving.loop)])
    asking.join(10)
    assert len(failures) == 1
    serving.stop()
    with pytest.raises(ConnectionClosedError):
        serving.s3.get_object(Bucket="b", Key="late")
