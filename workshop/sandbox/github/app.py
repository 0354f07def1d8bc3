"""The replica's HTTP side: `GET /_github/events` as GitHub answers it, and GH Archive's hours under `/_gharchive/`.

Rules from https://docs.github.com/en/rest/activity/events and .../using-the-rest-api (pagination, best practices, rate
limits), with two differences that make a workshop reproducible: the timeline moves on not with time but for each reader
that shows what it has already (see `_window_for`), and the defaults of poll interval and rate limit are generous.
"""

import asyncio
import gzip
import hashlib
import ipaddress
import json
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from workshop.sandbox.github.archive import HourlyArchive
from workshop.sandbox.github.faults import Fault, read_faults, write_faults
from workshop.sandbox.github.limits import RateLimiter
from workshop.sandbox.github.source import Event, EventSource
from workshop.sandbox.github.timeline import WINDOW_SIZE, Timeline

API_PREFIX = "/_github"
ARCHIVE_PREFIX = "/_gharchive"
DEFAULT_PAGE_SIZE = 30
MAX_PAGE_SIZE = 100
# GitHub gives 60 an hour without a token and 5,000 with one. The replica is generous to both, because a workshop polls
# more often than every five minutes; `hourly_limit=60` brings the real limit back.
DEFAULT_HOURLY_LIMIT = 5000
MAX_FAULTS_BYTES = 64 * 1024

DOCUMENTATION = "https://docs.github.com/rest"
# Classic and fine-grained tokens, and the 40 hexadecimal digits of older ones.
TOKEN = re.compile(r"gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,251}|[0-9a-f]{40}")
WINDOW_OF_ETAG = re.compile(r'W/"(\d{1,9})-')
AUTHORIZATION = re.compile(r"(?:bearer|token) +(\S+)", re.IGNORECASE)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Response:
    """An answer before it is sent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """The parts of a request that the replica looks at. Header names are in lower case."""

    method: str
    path: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    client: str

    @property
    def reader(self) -> str:
        """Who reads the timeline: all readers come from this machine, so the program's name tells them apart."""
        return self.headers.get("user-agent", "")

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> "Request":
        """Read an ASGI HTTP scope. `url` is the request's address without its query."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        host = headers.get("host") or "localhost"
        return cls(
            method=scope["method"],
            path=scope["path"],
            url=f"{scope.get('scheme', 'http')}://{host}{scope['path']}",
            headers=headers,
            query={name: values[-1] for name, values in query.items()},
            client=(scope.get("client") or ("",))[0],
        )


class GitHubReplica:
    """An ASGI application for the paths under `/_github` and `/_gharchive`."""

    def __init__(
        self,
        source: EventSource,
        *,
        state_file: Path,
        hourly_limit: int = DEFAULT_HOURLY_LIMIT,
        poll_interval: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Serve `source`; which window each reader is at is kept in `state_file`.

        `hourly_limit` is the number of requests an hour and client, `poll_interval` the value of `X-Poll-Interval` in
        seconds (GitHub's own is 60). WorkshopError if the state file cannot be read.
        """
        self.source = source
        self.faults: deque[Fault] = deque()
        self._timeline = Timeline(source, state_file)
        self._archive = HourlyArchive(source)
        self._limiter = RateLimiter(hourly_limit, clock)
        self._poll_interval = poll_interval

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request.from_scope(scope)
        fault = Fault()
        if request.path == f"{API_PREFIX}/_faults":
            response = await self._administer(request, receive)
        elif request.path.startswith(f"{ARCHIVE_PREFIX}/"):
            response = await self._hour(request)
        else:
            if request.path == f"{API_PREFIX}/events" and self.faults:
                fault = self.faults.popleft()
            await asyncio.sleep(fault.delay)
            response = self._api(request, fault)
        await _respond(request, _compress(request, response), fault, send)

    # The API

    def _api(self, request: Request, fault: Fault) -> Response:
        if request.path != f"{API_PREFIX}/events":
            return _error(404, "Not Found")
        if request.method not in {"GET", "HEAD"}:
            return replace(_error(405, "Method Not Allowed"), headers={"Allow": "GET, HEAD"})
        if not request.headers.get("user-agent"):
            return Response(
                403,
                b"Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            )
        if fault.status is not None:
            return _fault_response(fault.status, fault.retry_after)
        return self._limited(request)

    def _limited(self, request: Request) -> Response:
        authorization = request.headers.get("authorization")
        token = _token(authorization)
        if authorization is not None and token is None:
            return _error(401, "Bad credentials")

        allowance = self._limiter.allowance(token or request.client)
        if allowance.remaining == 0:
            message = f"API rate limit exceeded for {'the token' if token else request.client}."
            return replace(_error(403, message), headers=allowance.headers)
        response = self._events(request)
        # A conditional request that answers 304 is free, but only an authorized one.
        if not (response.status == 304 and token):
            allowance.used += 1
        return replace(response, headers={**response.headers, **allowance.headers})

    def _events(self, request: Request) -> Response:
        page = _number(request.query.get("page"), default=1, maximum=None)
        per_page = _number(request.query.get("per_page"), default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        if (page - 1) * per_page >= WINDOW_SIZE:
            return _error(422, "In order to keep the API fast for everyone, pagination is limited for this resource.")

        etags = _etags(request.headers.get("if-none-match", ""))
        index, is_new = self._window_for(request, page, per_page, etags)
        window = self._timeline.window(index)
        body, etag = _page(window, index, page, per_page)
        if not is_new or etag in etags:
            return Response(304, headers={"ETag": etag, "X-Poll-Interval": str(self._poll_interval)})
        if page == 1 and request.method == "GET":
            self._timeline.open_window(request.reader, index)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "public, max-age=60, s-maxage=60",
            "Vary": "Accept, Accept-Encoding",
            "ETag": etag,
            "X-Poll-Interval": str(self._poll_interval),
            "X-GitHub-Media-Type": "github.v3; format=json",
        }
        if link := _link(request, page, len(window), per_page):
            headers["Link"] = link
        return Response(200, body, headers)

    def _window_for(self, request: Request, page: int, per_page: int, etags: Sequence[str]) -> tuple[int, bool]:
        """The window to show, and whether the reader does not have it yet.

        Page 1 follows the ETag: the window after the one that it names, or that one again at the end of the source.
        Without an ETag of ours the reader is new, or crashed before it could remember: it gets the first window.
        Later pages belong to the window whose first page the same reader was shown.
        """
        if page > 1:
            return self._timeline.opened_window(request.reader), True
        for etag in etags:
            named = WINDOW_OF_ETAG.match(etag)
            if named is None or int(named[1]) >= len(self._timeline):
                continue
            index = int(named[1])
            # The same number in an ETag of another source, or of pages of another size, says nothing.
            if _page(self._timeline.window(index), index, 1, per_page)[1] == etag:
                return (index + 1, True) if index + 1 < len(self._timeline) else (index, False)
        return 0, True

    # GH Archive

    async def _hour(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return replace(_error(405, "Method Not Allowed"), headers={"Allow": "GET, HEAD"})
        # Compressing an hour takes too long for the event loop.
        content = await asyncio.to_thread(self._archive.file, request.path.removeprefix(f"{ARCHIVE_PREFIX}/"))
        if content is None:
            return _error(404, "Not Found")
        return Response(200, content, {"Content-Type": "application/gzip"})

    # Faults on demand

    async def _administer(self, request: Request, receive: Receive) -> Response:
        if not _is_loopback(request.client):
            return _error(404, "Not Found")
        if request.method == "PUT":
            body = await _read_body(receive)
            try:
                self.faults = deque(read_faults(body))
            except (ValueError, RecursionError) as error:
                return _error(422, f"Not a queue of faults: {error}.")
        elif request.method != "GET":
            return replace(_error(405, "Method Not Allowed"), headers={"Allow": "GET, PUT"})
        return Response(200, write_faults(list(self.faults)), {"Content-Type": "application/json"})


def _page(window: Sequence[Event], index: int, page: int, per_page: int) -> tuple[bytes, str]:
    """The body of one page of window `index`, and its ETag."""
    first = (page - 1) * per_page
    body = b"[" + b",".join(event.raw for event in window[first : first + per_page]) + b"]"
    return body, f'W/"{index}-{hashlib.sha256(body).hexdigest()}"'


def _link(request: Request, page: int, events: int, per_page: int) -> str:
    """The Link header (RFC 8288) for one of several pages, "" for the only one."""
    last = -(-events // per_page)
    targets = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    if page <= 1:
        del targets["prev"], targets["first"]
    if page >= last:
        del targets["next"], targets["last"]
    return ", ".join(
        f'<{request.url}?{urlencode({**request.query, "page": target})}>; rel="{relation}"'
        for relation, target in targets.items()
    )


def _etags(if_none_match: str) -> list[str]:
    """The ETags of an If-None-Match header, as weak ones: RFC 9110 compares weakly here."""
    return [f"W/{quoted}" for quoted in re.findall(r'"[^"]*"', if_none_match)]


def _number(text: str | None, *, default: int, maximum: int | None) -> int:
    """A query parameter as GitHub reads it: not a positive number counts as absent, and too large as `maximum`."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        return default
    return int(text) if maximum is None else min(int(text), maximum)


def _token(authorization: str | None) -> str | None:
    """The token of an Authorization header, None without one or if it is not formed like one."""
    found = AUTHORIZATION.fullmatch(authorization or "")
    return found[1] if found and TOKEN.fullmatch(found[1]) else None


def _is_loopback(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False


def _error(status: int, message: str) -> Response:
    document = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return Response(status, json.dumps(document).encode(), {"Content-Type": "application/json; charset=utf-8"})


def _fault_response(status: int, retry_after: int | None) -> Response:
    limited = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    response = _error(status, limited if status in {403, 429} else "Server Error")
    if retry_after is None:
        return response
    return replace(response, headers={**response.headers, "Retry-After": str(retry_after)})


def _compress(request: Request, response: Response) -> Response:
    """Gzip a JSON body for a client that accepts it, as GitHub does."""
    accepted = {coding.split(";")[0].strip() for coding in request.headers.get("accept-encoding", "").split(",")}
    if not response.body or "gzip" not in accepted or "json" not in response.headers.get("Content-Type", ""):
        return response
    compressed = gzip.compress(response.body, compresslevel=1, mtime=0)
    return replace(response, body=compressed, headers={**response.headers, "Content-Encoding": "gzip"})


async def _respond(request: Request, response: Response, fault: Fault, send: Send) -> None:
    headers, body, length = dict(response.headers), response.body, len(response.body)
    if body and fault.damage == "garbage":
        headers.pop("Content-Encoding", None)
        body = b"<!DOCTYPE html><title>Unicorn!</title>"
        length = len(body)
    elif body and fault.damage is not None:
        body = body[: length // 2]
        length = len(body) if fault.damage == "truncated" else length
    if response.status != 304:
        headers["Content-Length"] = str(length)
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    # Returning with more to come makes the server close the connection.
    await send(
        {
            "type": "http.response.body",
            "body": b"" if request.method == "HEAD" else body,
            "more_body": fault.damage == "cut",
        }
    )


async def _read_body(receive: Receive) -> bytes:
    body = b""
    more = True
    while more and len(body) <= MAX_FAULTS_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return body
