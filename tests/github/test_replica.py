"""The replica over real HTTP: what GitHub's documentation promises, and faults on demand.

https://docs.github.com/en/rest/activity/events and https://docs.github.com/en/rest/using-the-rest-api
"""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from replica_client import START, Start

from workshop.sandbox.github import EventSource, Fault, GitHubReplica, open_source

# Formed like a token; written so that no scanner takes it for one.
TOKEN = "gh" + "p_" + "A1" * 18


def test_a_page_is_the_events_own_bytes(start: Start, source: EventSource) -> None:
    _, client = start()
    answer = client.page()
    newest = sorted(source.events[:300], key=lambda event: (event.created_at, event.id), reverse=True)[:100]
    assert answer.content == b"[" + b",".join(event.raw for event in newest) + b"]"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Poll-Interval"] == "0"
    assert answer.headers["ETag"].startswith('W/"')


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ("", 30),
        ("per_page=100", 100),
        ("per_page=101", 100),
        ("per_page=0", 30),
        ("per_page=many", 30),
        ("per_page=7&page=2", 7),
        ("page=10", 30),
        ("per_page=100&page=0", 100),
    ],
)
def test_page_sizes(query: str, events: int, start: Start) -> None:
    _, client = start()
    assert len(client.get(f"/_github/events?{query}").json()) == events


def test_links_lead_through_all_pages(start: Start, source: EventSource) -> None:
    _, client = start()
    answer = client.get(params={"per_page": "100"})
    links = answer.links
    assert {relation: link["url"] for relation, link in links.items()} == {
        "next": f"{client.url}/_github/events?per_page=100&page=2",
        "last": f"{client.url}/_github/events?per_page=100&page=3",
    }
    seen = answer.json()
    while "next" in answer.links:
        answer = client.get(answer.links["next"]["url"].removeprefix(client.url))
        seen += answer.json()
    assert set(answer.links) == {"prev", "first"}
    assert sorted(item["id"] for item in seen) == sorted(str(event.id) for event in source.events[:300])


def test_pages_beyond_the_events_are_empty_and_beyond_the_timeline_refused(start: Start) -> None:
    _, client = start(source=open_source(count=120))
    assert client.page(3).json() == []
    assert "next" not in client.page(2).links
    beyond = client.page(4)
    assert beyond.status_code == 422
    assert "pagination is limited" in beyond.json()["message"]


def test_the_etag_says_how_far_a_reader_has_come(start: Start, source: EventSource) -> None:
    _, client = start()
    windows = [{event.id for event in source.events[number : number + 300]} for number in (0, 300, 600)]

    def shown(answer: requests.Response) -> int:
        return next(number for number, ids in enumerate(windows) if int(answer.json()[0]["id"]) in ids)

    first = client.page().headers["ETag"]
    assert shown(client.page()) == 0, "asking without an ETag takes nothing from anybody"
    assert shown(client.page(2)) == 0
    assert shown(client.page(etag='W/"something-else"')) == 0
    moved = client.page(etag=first)
    assert (moved.status_code, shown(moved)) == (200, 1)
    # The answer was lost: the client still has the first ETag, and gets the same window again.
    assert shown(client.page(etag=first)) == 1
    assert [shown(client.page(number)) for number in (2, 3)] == [1, 1]
    second = moved.headers["ETag"]
    last = client.page(etag=f'"unknown", {second}')
    assert (shown(last), len(last.json())) == (2, 50)
    for _ in range(2):
        end = client.page(etag=last.headers["ETag"])
        assert (end.status_code, end.content, end.headers["ETag"]) == (304, b"", last.headers["ETag"])
        assert end.headers["X-Poll-Interval"] == "0"
    # A new lake remembers nothing, and starts where the first one did.
    assert [shown(client.page(number)) for number in (1, 2, 3)] == [0, 0, 0]
    assert client.page(etag=first).content == moved.content


def test_a_reader_who_looks_in_takes_no_pages_from_another(start: Start) -> None:
    _, client = start()
    moved = client.page(etag=client.page().headers["ETag"])
    follows = client.page(2).content
    looked = client.get("/_github/events?per_page=100", headers={"User-Agent": "somebody-else"})
    assert looked.content != moved.content
    assert client.page(2).content == follows


@pytest.mark.parametrize("etag", ['W/"0-abc"', 'W/"999999999-abc"', 'W/"-1-abc"', "*", 'W/"1"'])
def test_an_etag_that_was_never_given_counts_as_none(etag: str, start: Start) -> None:
    _, client = start()
    assert client.page(etag=etag).content == client.page().content


def test_an_etag_of_pages_of_another_size_counts_as_none(start: Start) -> None:
    _, client = start()
    small = client.get("/_github/events?per_page=30").headers["ETag"]
    assert client.page(etag=small).content == client.page().content


def test_a_later_pages_etag_answers_304_without_moving(start: Start) -> None:
    _, client = start()
    second = client.page(2)
    assert client.page(2, etag=second.headers["ETag"]).status_code == 304
    assert client.page(2).content == second.content


def test_head_answers_like_get_without_a_body_and_opens_no_window(start: Start) -> None:
    _, client = start()
    got = client.page()
    follows = client.page(2).content
    for _ in range(2):
        head = client.get("/_github/events?per_page=100", method="HEAD", headers={"If-None-Match": got.headers["ETag"]})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["ETag"].startswith('W/"1-')
    assert client.page(2).content == follows
    head = client.get("/_github/events?per_page=100&page=1", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.content))
    assert head.headers["ETag"] == got.headers["ETag"]


def test_an_open_window_survives_a_restart(start: Start) -> None:
    _, client = start()
    client.page(etag=client.page().headers["ETag"])
    follows = client.page(2).content
    _, restarted = start()
    assert restarted.page(2).content == follows


def test_json_is_compressed_for_whoever_accepts_it(start: Start) -> None:
    _, client = start()
    plain = client.page()
    compressed = client.get("/_github/events?per_page=100", headers={"Accept-Encoding": "br, gzip;q=0.8"}, stream=True)
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.raw.read(decode_content=False)) == plain.content
    assert compressed.headers["ETag"] == plain.headers["ETag"]


def test_the_rate_limit_is_counted_told_and_enforced(start: Start) -> None:
    now = [START]
    _, client = start(hourly_limit=3, clock=lambda: now[0])
    told = [client.page().headers for _ in range(3)]
    assert [headers["X-RateLimit-Remaining"] for headers in told] == ["2", "1", "0"]
    assert [headers["X-RateLimit-Used"] for headers in told] == ["1", "2", "3"]
    assert {headers["X-RateLimit-Reset"] for headers in told} == {str(START + 3600)}
    assert {(headers["X-RateLimit-Limit"], headers["X-RateLimit-Resource"]) for headers in told} == {("3", "core")}

    refused = client.page()
    assert refused.status_code == 403
    assert refused.json()["message"] == "API rate limit exceeded for 127.0.0.1."
    assert refused.headers["X-RateLimit-Remaining"] == "0"

    assert client.page(authorization=f"Bearer {TOKEN}").status_code == 200, "a token has an hour of its own"
    now[0] += 3600
    assert client.page().headers["X-RateLimit-Remaining"] == "2"


def test_a_304_is_free_with_a_token_only(start: Start) -> None:
    _, client = start(source=open_source(count=10))
    etag = client.page().headers["ETag"]
    assert client.page(etag=etag).headers["X-RateLimit-Used"] == "2"
    authorization = f"token {TOKEN}"
    assert client.page(authorization=authorization).headers["X-RateLimit-Used"] == "1"
    answer = client.page(etag=etag, authorization=authorization)
    assert (answer.status_code, answer.headers["X-RateLimit-Used"]) == (304, "1")


@pytest.mark.parametrize("authorization", ["Bearer nonsense", f"Basic {TOKEN}", TOKEN, "Bearer "])
def test_a_malformed_token_is_refused(authorization: str, start: Start) -> None:
    _, client = start()
    answer = client.page(authorization=authorization)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_github/user", 404),
        ("GET", "/_github", 404),
        ("GET", "/_github/events/1", 404),
        ("POST", "/_github/events", 405),
        ("DELETE", "/_github/events", 405),
        ("POST", "/_gharchive/2025-06-11-13.json.gz", 405),
        ("DELETE", "/_github/_faults", 405),
    ],
)
def test_what_there_is_not_is_refused_as_github_does(method: str, path: str, status: int, start: Start) -> None:
    _, client = start()
    answer = client.get(path, method=method)
    assert answer.status_code == status
    assert answer.json()["status"] == str(status)
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_client_without_a_user_agent_is_refused(start: Start) -> None:
    _, client = start()
    answer = client.get(headers={"User-Agent": ""})
    assert answer.status_code == 403
    assert b"User-Agent" in answer.content


# GH Archive


def test_hours_hold_each_event_once_in_order(start: Start, source: EventSource) -> None:
    _, client = start()
    ids = []
    for hour in range(24):
        answer = client.get(f"/_gharchive/2025-06-11-{hour}.json.gz")
        # The generator's two hours begin at 13:40.
        assert answer.status_code == (200 if hour in {13, 14, 15} else 404)
        if answer.status_code == 200:
            assert answer.headers["Content-Type"] == "application/gzip"
            assert answer.content == client.get(f"/_gharchive/2025-06-11-{hour}.json.gz").content
            lines = gzip.decompress(answer.content).splitlines()
            assert {json.loads(line)["created_at"][:13] for line in lines} == {f"2025-06-11T{hour}"}
            ids += [int(json.loads(line)["id"]) for line in lines]
    assert ids == sorted({event.id for event in source.events})


def test_the_hour_in_a_name_is_not_padded(start: Start, tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    recording.write_bytes(b'{"id":"1","type":"PushEvent","created_at":"2020-01-02T03:04:05Z"}\n')
    _, client = start(source=open_source(recording))
    assert gzip.decompress(client.get("/_gharchive/2020-01-02-3.json.gz").content) == recording.read_bytes()
    assert client.get("/_gharchive/2020-01-02-3.json.gz", method="HEAD").status_code == 200
    for name in ("2020-01-02-03.json.gz", "2020-01-02-4.json.gz", "../2020-01-02-3.json.gz", ""):
        assert client.get(f"/_gharchive/{name}").status_code == 404


# Faults on demand (those of the archive are in test_replica_archive.py)


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_rate_limit_on_demand(status: int, start: Start) -> None:
    replica, client = start()
    replica.faults.append(Fault(status=status, retry_after=60))
    answer = client.page()
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "60")
    assert "secondary rate limit" in answer.json()["message"]
    assert client.page().status_code == 200


def test_damage_on_demand(start: Start) -> None:
    replica, client = start()
    whole = client.page().content
    replica.faults.extend([Fault(damage="truncated"), Fault(damage="garbage"), Fault(damage="cut"), Fault(status=502)])

    assert client.page().content == whole[: len(whole) // 2]
    with pytest.raises(requests.JSONDecodeError):
        client.page().json()
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.page()
    assert client.page().status_code == 502
    assert client.page().content == whole


def test_a_damaged_answer_can_be_had_again(start: Start) -> None:
    replica, client = start()
    etag = client.page().headers["ETag"]
    replica.faults.append(Fault(damage="truncated"))
    half = client.page(etag=etag).content
    assert client.page(etag=etag).content.startswith(half)


def test_faults_are_set_over_http_from_this_machine(start: Start) -> None:
    replica, client = start()
    queue = [{"status": 503, "retry_after": 5, "delay": 0}, {}, {"damage": "garbage"}]
    assert client.get("/_github/_faults", method="PUT", json=queue).status_code == 200
    assert list(replica.faults) == [Fault(status=503, retry_after=5), Fault(), Fault(damage="garbage")]
    assert [client.page().status_code for _ in range(2)] == [503, 200]
    assert client.get("/_github/_faults").json() == [
        {"status": None, "retry_after": None, "delay": 0.0, "damage": "garbage"}
    ]
    client.get("/_github/_faults", method="PUT", json=[])
    assert not replica.faults


def windows_of(source: EventSource) -> list[set[str]]:
    """The ids of each window: 300 events after another, by GitHub's documentation of a timeline."""
    ids = [str(event.id) for event in source.events]
    return [set(ids[first : first + 300]) for first in range(0, len(ids), 300)]


def test_windows_are_skipped_on_demand(start: Start) -> None:
    source = open_source(seed=7, count=1650)
    windows = windows_of(source)
    replica, client = start(source=source)
    first = client.page().headers["ETag"]
    client.get("/_github/_faults", method="PUT", json=[{"skip": 2}])
    skipped = client.page(etag=first)
    poll = {item["id"] for number in (1, 2, 3) for item in (skipped if number == 1 else client.page(number)).json()}
    assert poll == windows[3]
    assert {item["id"] for item in client.page(etag=skipped.headers["ETag"]).json()} <= windows[4]
    # Whoever asks with the first ETag once more, without a fault, sees what the other missed.
    assert {item["id"] for item in client.page(etag=first).json()} <= windows[1]
    # No further than the last window, which is followed by nothing.
    replica.faults.extend([Fault(skip=99), Fault(skip=1)])
    last = client.page(etag=first)
    assert {item["id"] for item in last.json()} <= windows[5]
    assert client.page(etag=last.headers["ETag"]).status_code == 304
    replica.faults.append(Fault(skip=1))
    assert {item["id"] for item in client.page().json()} <= windows[1], "a reader without an ETag starts later, too"


def test_a_poisoned_page_holds_its_own_events_and_five_other_things(start: Start) -> None:
    replica, client = start()
    whole = client.page()
    events = whole.json()
    client.get("/_github/_faults", method="PUT", json=[{"damage": "poisoned"}])
    answer = client.page()
    elements = answer.json()
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert (elements[0], elements[-1]) == (events[0], events[-1]), "they are between the events"
    strangers = [element for element in elements if element not in events]
    assert [element for element in elements if element in events] == events
    number, no_id, no_time, future, quoted = strangers
    assert number == 42
    assert "id" not in no_id
    assert no_time["created_at"] == "yesterday at noon"
    assert future["created_at"].startswith("2999-")
    assert quoted["actor"]["id"] == "20000977"
    # Each has one fault only.
    for stranger, sound in ((no_id, "actor"), (no_time, "id"), (future, "id"), (quoted, "id")):
        assert stranger["type"] == "WatchEvent"
        assert stranger[sound]
    assert len({stranger["id"] for stranger in (no_time, future, quoted)} - {event["id"] for event in events}) == 3
    # The poll goes on as if nothing had been.
    assert not replica.faults
    assert client.page(etag=answer.headers["ETag"]).content == client.page(etag=whole.headers["ETag"]).content


@pytest.mark.parametrize("per_page", [1, 2, 5, 6, 7, 30])
def test_a_page_of_any_size_can_be_poisoned(per_page: int, start: Start) -> None:
    replica, client = start()
    path = f"/_github/events?per_page={per_page}"
    events = client.get(path).json()
    replica.faults.append(Fault(damage="poisoned"))
    elements = client.get(path).json()
    assert len(elements) == per_page + 5
    assert [element for element in elements if element in events] == events


def test_a_page_without_events_can_be_poisoned(start: Start) -> None:
    replica, client = start(source=open_source(count=50))
    replica.faults.append(Fault(damage="poisoned"))
    assert len(client.page(2).json()) == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"status": 200}]',
        b'[{"status": true}]',
        b'[{"delay": -1}]',
        b'[{"delay": 1e9}]',
        b'[{"damage": "worse"}]',
        b'[{"retry_after": "soon"}]',
        b'[{"typo": 1}]',
        b'[{"skip": -1}]',
        b'[{"skip": true}]',
        b'[{"damage": "corrupt"}]',
        b'[{"hour": "2024-01-15-3"}]',
        b"[" * 50_000,
    ],
)
def test_a_queue_that_makes_no_sense_is_refused(body: bytes, start: Start) -> None:
    replica, client = start()
    answer = client.get("/_github/_faults", method="PUT", data=body)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("Not a queue of faults: ")
    assert not replica.faults


def call(replica: GitHubReplica, method: str, path: str, client: str, body: bytes = b"") -> int:
    """Call the application itself, as a server would for a client at that address; returns the status."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"user-agent", b"test")]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": (client, 4711)}
    asyncio.run(replica(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize(("client", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 404), ("", 404)])
def test_faults_are_set_from_this_machine_only(client: str, status: int, source: EventSource, tmp_path: Path) -> None:
    replica = GitHubReplica(source, state_file=tmp_path / "timeline.json")
    assert call(replica, "PUT", "/_github/_faults", client, b'[{"status": 500}]') == status
    assert len(replica.faults) == (status == 200)


def test_an_answer_is_delayed_on_demand(source: EventSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    replica = GitHubReplica(source, state_file=tmp_path / "timeline.json")
    replica.faults.append(Fault(delay=2.5))
    assert call(replica, "GET", "/_github/events", "127.0.0.1") == 200
    assert slept == [2.5]
