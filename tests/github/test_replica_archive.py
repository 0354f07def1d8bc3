"""GH Archive over real HTTP: hours of the source, generated ones, and faults on demand."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import requests
from replica_client import START, Client, Start

from workshop.errors import WorkshopError
from workshop.sandbox.github import EventSource, Fault, GitHubReplica, open_source
from workshop.sandbox.github.generated import GeneratedArchive
from workshop.sandbox.github.hours import count_of

AVERAGE = 60
# An hour of several pieces on its way through the server.
LARGE = "/_gharchive/2024-01-16-12.json.gz"
SMALL = "/_gharchive/2020-01-02-3.json.gz"


def lines_of(answer: requests.Response) -> list[bytes]:
    assert answer.status_code == 200
    return gzip.decompress(answer.content).splitlines()


def set_faults(client: Client, *faults: Mapping[str, Any]) -> None:
    assert client.get("/_gharchive/_faults", method="PUT", json=list(faults)).status_code == 200


def test_the_sources_hours_stay_and_all_others_are_generated(start: Start, source: EventSource) -> None:
    _, client = start(archive_events_per_hour=AVERAGE)
    ids: list[int] = []
    for hour in range(24):
        answer = client.get(f"/_gharchive/2025-06-11-{hour}.json.gz")
        if answer.status_code == 404:
            continue
        assert answer.headers["Content-Type"] == "application/gzip"
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        lines = lines_of(answer)
        ids += [int(json.loads(line)["id"]) for line in lines]
        # The generator's two hours begin at 13:40.
        if hour in {13, 14, 15}:
            expected = sorted({event for event in source.events if event.created_at.hour == hour}, key=lambda e: e.id)
            assert lines == [event.raw for event in expected]
        else:
            assert len(lines) == count_of(datetime(2025, 6, 11, hour, tzinfo=UTC), AVERAGE)
            assert {json.loads(line)["created_at"][:13] for line in lines} == {f"2025-06-11T{hour:02}"}
    assert ids == sorted(set(ids)), "generated events and the source's own lie in one order"
    assert len(ids) > 15 * AVERAGE


def test_a_recordings_ids_are_not_given_to_generated_events(start: Start, tmp_path: Path) -> None:
    """A recording of 2020 has ids that the replica's calendar gives to 2017."""
    _, client = start(archive_events_per_hour=1_000)
    name = "/_gharchive/2017-03-05-14.json.gz"
    ids = [json.loads(line)["id"] for line in lines_of(client.get(name))]
    recording = tmp_path / "recording.jsonl"
    recording.write_text(
        "".join(f'{{"id":"{number}","type":"PushEvent","created_at":"2020-12-18T14:00:00Z"}}\n' for number in ids[::3])
    )
    _, other = start(source=open_source(recording), archive_events_per_hour=1_000)
    others = [json.loads(line)["id"] for line in lines_of(other.get(name))]
    assert len(others) == len(ids)
    assert not set(others) & set(ids[::3])
    assert [json.loads(line)["id"] for line in lines_of(other.get("/_gharchive/2020-12-18-14.json.gz"))] == ids[::3]


def test_the_archive_ends_with_the_last_full_hour(start: Start) -> None:
    now = datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC)
    assert now.timestamp() == START
    _, client = start(archive_events_per_hour=AVERAGE)
    assert client.get("/_gharchive/2025-06-15-14.json.gz").status_code == 200
    for name in ("2025-06-15-15", "2014-12-31-23", "2024-01-15-11", "2024-01-16-03"):
        answer = client.get(f"/_gharchive/{name}.json.gz")
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
    _, bare = start()
    assert bare.get("/_gharchive/2025-06-15-14.json.gz").status_code == 404, "a replica generates none unless told to"


def test_head_says_how_large_an_hour_is(start: Start) -> None:
    _, client = start(archive_events_per_hour=AVERAGE)
    head = client.get(LARGE, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(client.get(LARGE).content))


def test_hours_can_be_asked_for_at_once(start: Start) -> None:
    _, client = start(archive_events_per_hour=AVERAGE)
    paths = [f"/_gharchive/2024-01-16-{hour}.json.gz" for hour in (1, 2, 3, 4, 1, 2, 3, 4)]
    with ThreadPoolExecutor(8) as pool:
        contents = [answer.content for answer in pool.map(client.get, paths)]
    assert contents[:4] == contents[4:]
    assert contents[:4] == [client.get(path).content for path in paths[:4]]
    assert len(set(contents)) == 4


def test_a_large_hour_goes_out_in_pieces(source: EventSource, tmp_path: Path) -> None:
    """Neither the file nor what is on its way to a slow client is ever in memory as a whole."""
    replica = GitHubReplica(
        source, state_file=tmp_path / "timeline.json", archive_events_per_hour=3_000, clock=lambda: START
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": LARGE, "headers": [], "client": ("127.0.0.1", 4711)}
    asyncio.run(replica(scope, receive, send))
    first, *pieces = sent
    content = b"".join(piece["body"] for piece in pieces)
    assert dict(first["headers"])[b"content-length"] == str(len(content)).encode()
    assert len(gzip.decompress(content).splitlines()) == count_of(datetime(2024, 1, 16, 12, tzinfo=UTC), 3_000)
    assert max(len(piece["body"]) for piece in pieces) <= 256 * 1024
    assert len(pieces) > 5
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]


def test_nothing_more_is_sent_to_a_client_that_has_gone(source: EventSource, tmp_path: Path) -> None:
    replica = GitHubReplica(
        source, state_file=tmp_path / "timeline.json", archive_events_per_hour=3_000, clock=lambda: START
    )
    messages = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"", "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": LARGE, "headers": [], "client": ("127.0.0.1", 4711)}
    asyncio.run(replica(scope, receive, send))
    assert sum(len(message.get("body", b"")) for message in sent) <= 2 * 256 * 1024
    assert not sent[-1]["more_body"]


def test_the_server_answers_others_while_it_generates(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    original = GeneratedArchive.open

    def slow(self: GeneratedArchive, name: str) -> BinaryIO | None:
        begun.set()
        assert go_on.wait(timeout=30)
        return original(self, name)

    monkeypatch.setattr(GeneratedArchive, "open", slow)
    _, client = start(archive_events_per_hour=AVERAGE)
    with ThreadPoolExecutor(1) as pool:
        hour = pool.submit(client.get, LARGE)
        assert begun.wait(timeout=30)
        assert client.page().status_code == 200
        assert not hour.done()
        go_on.set()
        assert lines_of(hour.result())


def test_too_large_an_average_is_refused(source: EventSource, tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match="cannot be generated"):
        GitHubReplica(source, state_file=tmp_path / "timeline.json", archive_events_per_hour=10**7)


# Faults on demand


@pytest.mark.parametrize(
    ("status", "retry_after"), [(404, None), (403, None), (429, 7), (500, None), (503, 30), (503, None)]
)
def test_an_error_on_demand(status: int, retry_after: int | None, start: Start) -> None:
    _, client = start(archive_events_per_hour=AVERAGE)
    set_faults(client, {"status": status, "retry_after": retry_after})
    answer = client.get(LARGE)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
    assert client.get(LARGE).status_code == 200


@pytest.fixture
def recorded(tmp_path: Path) -> EventSource:
    path = tmp_path / "recording.jsonl"
    path.write_bytes(b'{"id":"1","type":"PushEvent","created_at":"2020-01-02T03:04:05Z"}\n')
    return open_source(path)


@pytest.mark.parametrize("path", [SMALL, LARGE])
def test_damage_on_demand(path: str, start: Start, recorded: EventSource) -> None:
    """To an hour of a recording and to a generated one, which takes several pieces."""
    _, client = start(source=recorded, archive_events_per_hour=3_000)
    whole = client.get(path).content
    set_faults(client, {"damage": "truncated"}, {"damage": "garbage"}, {"damage": "cut"}, {"damage": "corrupt"})

    truncated = client.get(path)
    assert truncated.headers["Content-Length"] == str(len(whole) // 2)
    assert truncated.content == whole[: len(whole) // 2]
    with pytest.raises(EOFError):
        gzip.decompress(truncated.content)

    garbage = client.get(path)
    assert garbage.headers["Content-Length"] == str(len(garbage.content))
    with pytest.raises(gzip.BadGzipFile, match="Not a gzipped file"):
        gzip.decompress(garbage.content)

    with client.get(path, stream=True) as cut:
        assert cut.headers["Content-Length"] == str(len(whole))
        received = b""
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            for piece in cut.iter_content(64):
                received += piece
    # What is left of a last piece is lost with the connection.
    assert whole.startswith(received)
    assert len(whole) // 2 - 64 < len(received) <= len(whole) // 2

    corrupt = client.get(path)
    assert corrupt.headers["Content-Length"] == str(len(whole)) == str(len(corrupt.content))
    changed = [at for at in range(len(whole)) if whole[at] != corrupt.content[at]]
    assert len(changed) == 1
    assert len(whole) // 2 <= changed[0] < len(whole) // 2 + 20_000
    with pytest.raises((gzip.BadGzipFile, zlib.error)):
        gzip.decompress(corrupt.content)

    assert client.get(path).content == whole


def test_only_the_checksum_tells_of_a_corrupt_generated_hour(start: Start) -> None:
    _, client = start(archive_events_per_hour=3_000)
    whole = lines_of(client.get(LARGE))
    set_faults(client, {"damage": "corrupt"})
    corrupt = client.get(LARGE).content
    with pytest.raises(gzip.BadGzipFile, match="CRC check failed"):
        gzip.decompress(corrupt)
    lines = zlib.decompressobj(wbits=-15).decompress(corrupt[10:]).splitlines()
    (damaged, line), *others = [pair for pair in zip(lines, whole, strict=True) if pair[0] != pair[1]]
    assert not others
    one, two = json.loads(damaged), json.loads(line)
    assert one.pop("created_at") != two.pop("created_at")
    assert one == two


def test_a_fault_can_wait_for_its_hour(start: Start) -> None:
    _, client = start(archive_events_per_hour=AVERAGE)
    queue = [{"status": 503, "hour": "2024-01-16-3"}, {"status": 500}, {"status": 404, "hour": "2024-01-16-3"}]
    set_faults(client, *queue)
    shown = [
        {name: fault.get(name) for name in ("status", "hour")} for fault in client.get("/_gharchive/_faults").json()
    ]
    assert shown == [{"hour": None} | fault for fault in queue]
    assert [client.get(f"/_gharchive/2024-01-16-{hour}.json.gz").status_code for hour in (13, 12, 3, 30, 3, 3)] == [
        500, 200, 503, 404, 404, 200,
    ]  # fmt: skip
    assert client.get("/_gharchive/_faults").json() == []


def test_polls_and_the_archive_have_queues_of_their_own(start: Start) -> None:
    replica, client = start(archive_events_per_hour=AVERAGE)
    set_faults(client, {"status": 503})
    client.get("/_github/_faults", method="PUT", json=[{"status": 500}])
    assert (list(replica.faults), list(replica.archive_faults)) == ([Fault(status=500)], [Fault(status=503)])
    assert (client.get(LARGE).status_code, client.page().status_code) == (503, 500)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"damage": "poisoned"}, "damage is 'poisoned', not one of truncated, cut, garbage, corrupt"),
        ({"skip": 1}, "unknown field 'skip'; a fault here has status, retry_after, delay, damage and hour"),
        ({"hour": "2024-01-16-03"}, "hour is '2024-01-16-03', not an hour like 2024-01-15-7"),
        ({"hour": 7}, "hour is 7, not an hour like 2024-01-15-7"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fault: dict[str, Any], message: str, start: Start) -> None:
    replica, client = start()
    replica.archive_faults.append(Fault(status=500))
    answer = client.get("/_gharchive/_faults", method="PUT", json=[fault])
    assert (answer.status_code, answer.json()["message"]) == (422, f"Not a queue of faults: {message}.")
    assert list(replica.archive_faults) == [Fault(status=500)]


def test_an_hour_is_delayed_on_demand(source: EventSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message

    replica = GitHubReplica(source, state_file=tmp_path / "timeline.json")
    replica.archive_faults.append(Fault(delay=2.5, status=500))
    scope = {"type": "http", "method": "GET", "path": LARGE, "headers": [], "client": ("127.0.0.1", 4711)}
    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(replica(scope, receive, send))
    assert slept == [2.5]
