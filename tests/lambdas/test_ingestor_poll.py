"""One poll against the replica over TLS, and against servers that misbehave in ways the replica does not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from github_events_ingestor.errors import SourceError
from github_events_ingestor.event import Rule
from github_events_ingestor.poll import Limited, Poll, Timeline
from ingestor_world import Invocation, Scripted, event, page

from workshop.sandbox.github import EventSource, Fault, GitHubReplica, open_source

Serve = Callable[[Any], str]
NOW = datetime(2025, 6, 12, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def source() -> EventSource:
    return open_source(seed=7, count=650)


@pytest.fixture
def replica(source: EventSource, tmp_path: Path) -> GitHubReplica:
    return GitHubReplica(source, state_file=tmp_path / "timeline.json", clock=NOW.timestamp)


def poll(url: str, etag: str | None = None, *, token: str | None = None, invocation: Invocation | None = None) -> Poll:
    invocation = invocation or Invocation()
    return Timeline(f"{url}/_github", token, invocation.deadline(), Rule(NOW), now=lambda: NOW).poll(etag)


def events(result: Poll) -> list[bytes]:
    return [one.raw for batch in result.batches for one in batch.events]


def test_one_poll_reads_the_whole_timeline_in_pages_of_100(
    serve: Serve, replica: GitHubReplica, source: EventSource
) -> None:
    first = poll(serve(replica))
    assert sorted(events(first)) == sorted(event.raw for event in source.events[:300])
    assert (first.requests, first.modified, first.limited, first.pause) == (3, True, None, 0.0)
    assert first.etag is not None


def test_polls_follow_the_timeline_to_its_end(serve: Serve, replica: GitHubReplica, source: EventSource) -> None:
    url = serve(replica)
    etag, sizes, seen = None, [], []
    while (result := poll(url, etag)).modified:
        etag = result.etag
        sizes.append(len(events(result)))
        seen += events(result)
    # 650 events in windows of 300.
    assert sizes == [300, 300, 50]
    assert sorted(seen) == sorted(event.raw for event in source.events)
    assert (result.etag, result.requests, result.batches) == (etag, 1, ())


@pytest.mark.parametrize(
    "fault", [Fault(damage="cut"), Fault(damage="truncated"), Fault(damage="garbage"), Fault(status=502)], ids=str
)
@pytest.mark.parametrize("on_page", [1, 2, 3])
def test_a_passing_failure_is_tried_again(
    fault: Fault, on_page: int, serve: Serve, replica: GitHubReplica, source: EventSource
) -> None:
    invocation = Invocation()
    replica.faults.extend([*[Fault()] * (on_page - 1), fault])
    result = poll(serve(replica), invocation=invocation)
    assert sorted(events(result)) == sorted(event.raw for event in source.events[:300])
    assert result.requests == 4
    assert len(invocation.slept) == 1


def test_a_lasting_failure_ends_the_poll(serve: Serve, replica: GitHubReplica) -> None:
    invocation = Invocation()
    replica.faults.extend([Fault(status=500)] * 4)
    with pytest.raises(SourceError, match=r"Page 1 could not be read in 4 attempts: GitHub answered 500"):
        poll(serve(replica), invocation=invocation)
    # Half a second, doubled each time, with jitter that only shortens.
    assert [seconds <= limit for seconds, limit in zip(invocation.slept, (0.5, 1, 2), strict=True)] == [True] * 3


def test_nothing_is_tried_again_when_the_time_would_not_suffice(serve: Serve, replica: GitHubReplica) -> None:
    # 15 seconds are kept for storing, so there is a fifth of a second for polling, less than the shortest backoff.
    invocation = Invocation(limit=15.2)
    replica.faults.extend([Fault(status=503)] * 4)
    with pytest.raises(SourceError, match="in 1 attempts"):
        poll(serve(replica), invocation=invocation)
    assert invocation.slept == []


def test_no_request_is_made_without_time_for_it(serve: Serve) -> None:
    server = Scripted([(200, {}, page(event(1)))])
    with pytest.raises(SourceError, match="No time was left"):
        poll(serve(server), invocation=Invocation(limit=15))
    assert server.requests == []


def test_a_body_that_takes_too_long_is_given_up(serve: Serve) -> None:
    # Each look at the clock takes a second: before a request, and after each 64 KB of its body.
    server = Scripted([(200, {}, page(*[event(number) for number in range(10_000)]))])
    with pytest.raises(SourceError, match="time ran out while a page was being read"):
        poll(serve(server), invocation=Invocation(limit=20, tick=1))


def test_a_long_retry_after_is_a_value_and_is_not_slept(serve: Serve, replica: GitHubReplica) -> None:
    invocation = Invocation(limit=30)
    replica.faults.append(Fault(status=429, retry_after=3600))
    result = poll(serve(replica), invocation=invocation)
    assert result == Poll(limited=Limited("Retry-After", 3600.0), pause=3600.0, reason="Retry-After", requests=1)
    assert invocation.slept == []


SECONDARY = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (403, {"Retry-After": "120"}, SECONDARY, Limited("Retry-After", 120)),
        (403, {}, SECONDARY, Limited("secondary rate limit", 60)),
        (429, {}, b"", Limited("secondary rate limit", 60)),
        (429, {"Retry-After": "soon"}, b"", Limited("Retry-After", 60)),
        (429, {"Retry-After": "99999999"}, b"", Limited("Retry-After", 3600)),
        (429, {"Retry-After": "Thu, 12 Jun 2025 08:40:00 GMT"}, b"", Limited("Retry-After", 600)),
        (429, {"Retry-After": "Thu, 12 Jun 2025 08:00:00 GMT"}, b"", Limited("Retry-After", 0)),
        # 2025-06-12T08:45:00Z, a quarter of an hour from NOW.
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1749717900"},
            b"{}",
            Limited("primary rate limit", 900),
        ),
        (429, {"X-RateLimit-Remaining": "0"}, b"{}", Limited("primary rate limit", 60)),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 12},
            b"{}",
            Limited("primary rate limit", 3600),
        ),
    ],
)
def test_rate_limits_are_values(
    status: int, headers: dict[str, str], body: bytes, expected: Limited, serve: Serve
) -> None:
    result = poll(serve(Scripted([(status, headers, body)])))
    assert (result.limited, result.pause, result.etag, result.requests) == (expected, expected.seconds, None, 1)


def test_the_last_request_of_the_hour_is_not_exceeded(serve: Serve, source: EventSource, tmp_path: Path) -> None:
    replica = GitHubReplica(source, state_file=tmp_path / "timeline.json", hourly_limit=2, clock=NOW.timestamp)
    result = poll(serve(replica))
    assert result.requests == 2
    assert len(events(result)) == 200
    # The hour begins with the first request.
    assert result.limited == Limited("primary rate limit", 3600)
    assert result.etag is None, "a timeline that was not read to its end must be read again"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (401, {}, b'{"message": "Bad credentials"}'),
        (403, {"X-RateLimit-Remaining": "12"}, b'{"message": "Resource not accessible"}'),
        (404, {}, b'{"message": "Not Found"}'),
        (301, {"Location": "/elsewhere"}, b""),
    ],
)
def test_refusals_are_errors_and_are_not_tried_again(
    status: int, headers: dict[str, str], body: bytes, serve: Serve
) -> None:
    server = Scripted([(status, headers, body)])
    with pytest.raises(SourceError, match=f"GitHub answered {status}"):
        poll(serve(server))
    assert len(server.requests) == 1


def test_requests_say_what_github_asks_for(serve: Serve) -> None:
    link = (
        '<https://elsewhere.example/events?page=2>; rel="next", <https://elsewhere.example/events?page=2>; rel="last"'
    )
    server = Scripted([(200, {"Link": link, "ETag": 'W/"new"'}, page(event(1))), (200, {}, page(event(2)))])
    token = "a-token"
    result = poll(serve(server), 'W/"old"', token=token)
    (first, first_headers), (second, second_headers) = server.requests
    # Page 2 is asked of the same host, whatever the link says: the token goes nowhere else.
    assert (first, second) == ("/_github/events?per_page=100&page=1", "/_github/events?per_page=100&page=2")
    assert first_headers["if-none-match"] == 'W/"old"'
    assert "if-none-match" not in second_headers
    for headers in (first_headers, second_headers):
        assert headers["authorization"] == f"Bearer {token}"
        assert headers["x-github-api-version"] == "2022-11-28"
        assert headers["accept"] == "application/vnd.github+json"
        assert "ingestor" in headers["user-agent"]
    assert result.etag == 'W/"new"'
    assert [json.loads(raw)["id"] for raw in events(result)] == ["1", "2"]


def test_without_a_token_nothing_is_said_about_it(serve: Serve) -> None:
    server = Scripted([(200, {}, b"[]")])
    assert poll(serve(server)).etag is None
    assert "authorization" not in server.requests[0][1]


def test_links_without_end_are_not_followed_for_ever(serve: Serve) -> None:
    server = Scripted([(200, {"Link": '<https://api.example/events?page=2>; rel="next"'}, page(event(1)))])
    assert poll(serve(server)).requests == 10


@pytest.mark.parametrize(("header", "pause"), [("60", 60.0), ("0", 0.0), ("-5", 0.0), ("soon", 0.0), ("86400", 3600.0)])
def test_the_poll_interval_is_reported_within_bounds(header: str, pause: float, serve: Serve) -> None:
    url = serve(Scripted([(200, {"X-Poll-Interval": header}, b"[]"), (304, {"X-Poll-Interval": header}, b"")]))
    assert poll(url).pause == pause
    assert poll(url, 'W/"old"').pause == pause


def test_a_server_that_cannot_be_trusted_gets_no_second_try(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Scripted([(200, {}, b"[]")])
    url = serve(server)
    monkeypatch.setenv("SSL_CERT_FILE", "")
    invocation = Invocation()
    with pytest.raises(SourceError, match="cannot be trusted"):
        poll(url, token="a-token", invocation=invocation)
    assert (server.requests, invocation.slept) == ([], [])
