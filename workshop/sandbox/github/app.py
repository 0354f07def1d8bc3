"""The replica's HTTP side: `GET /_github/events` as GitHub answers it, and GH Archive's hours under `/_gharchive/`.

Rules from https://docs.github.com/en/rest/activity/events and .../using-the-rest-api (pagination, best practices, rate
limits), with two differences that make a workshop reproducible: the timeline moves on not with time but for each reader
that shows what it has already (see `_window_for`), and the defaults of poll interval and rate limit are generous.
"""

import asyncio
import hashlib
import ipaddress
import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from workshop.sandbox.github.archive import HourlyArchive
from workshop.sandbox.github.faults import API_FAULTS, ARCHIVE_FAULTS, Fault, FaultQueue, take
from workshop.sandbox.github.generated import GeneratedArchive
from workshop.sandbox.github.limits import RateLimiter
from workshop.sandbox.github.messages import Receive, Request, Response, Send, compress, respond
from workshop.sandbox.github.poison import poisoned
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


class GitHubReplica:
    """An ASGI application for the paths under `/_github` and `/_gharchive`."""

    def __init__(
        self,
        source: EventSource,
        *,
        state_file: Path,
        hourly_limit: int = DEFAULT_HOURLY_LIMIT,
        poll_interval: int = 0,
        archive_events_per_hour: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Serve `source`; which window each reader is at is kept in `state_file`.

        `hourly_limit` is the number of requests an hour and client, `poll_interval` the value of `X-Poll-Interval` in
        seconds (GitHub's own is 60). The archive has the source's hours and, if `archive_events_per_hour` is not 0,
        all others from 2015 to now with that many generated events on average, which are kept for a while in the folder
        `gharchive` beside the state file. WorkshopError for a state file that cannot be read, and for too many events.
        """
        self.source = source
        self.faults: deque[Fault] = deque()
        self.archive_faults: deque[Fault] = deque()
        self._timeline = Timeline(source, state_file)
        self._archive = HourlyArchive(source)
        self._generated = GeneratedArchive(
            state_file.parent / "gharchive", archive_events_per_hour, {event.id for event in source.events}, clock
        )
        # Hours are written one after the other, so that many requests at once take no more memory than one.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gharchive")
        self._limiter = RateLimiter(hourly_limit, clock)
        self._poll_interval = poll_interval

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request.from_scope(scope)
        fault = Fault()
        if request.path == f"{API_PREFIX}/_faults":
            response = await _administer(request, receive, API_FAULTS, self.faults)
        elif request.path == f"{ARCHIVE_PREFIX}/_faults":
            response = await _administer(request, receive, ARCHIVE_FAULTS, self.archive_faults)
        elif request.path.startswith(f"{ARCHIVE_PREFIX}/"):
            name = request.path.removeprefix(f"{ARCHIVE_PREFIX}/")
            fault = take(self.archive_faults, name.removesuffix(".json.gz"))
            await asyncio.sleep(fault.delay)
            response = await self._hour(request, name, fault)
        else:
            if request.path == f"{API_PREFIX}/events":
                fault = take(self.faults)
            await asyncio.sleep(fault.delay)
            response = self._api(request, fault)
        await respond(request, compress(request, response), fault.damage, receive, send)

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
            limited = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            return _fault_response(fault, limited if fault.status in {403, 429} else "Server Error")
        return self._limited(request, fault)

    def _limited(self, request: Request, fault: Fault) -> Response:
        authorization = request.headers.get("authorization")
        token = _token(authorization)
        if authorization is not None and token is None:
            return _error(401, "Bad credentials")

        allowance = self._limiter.allowance(token or request.client)
        if allowance.remaining == 0:
            message = f"API rate limit exceeded for {'the token' if token else request.client}."
            return replace(_error(403, message), headers=allowance.headers)
        response = self._events(request, fault)
        # A conditional request that answers 304 is free, but only an authorized one.
        if not (response.status == 304 and token):
            allowance.used += 1
        return replace(response, headers={**response.headers, **allowance.headers})

    def _events(self, request: Request, fault: Fault) -> Response:
        page = _number(request.query.get("page"), default=1, maximum=None)
        per_page = _number(request.query.get("per_page"), default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        if (page - 1) * per_page >= WINDOW_SIZE:
            return _error(422, "In order to keep the API fast for everyone, pagination is limited for this resource.")

        etags = _etags(request.headers.get("if-none-match", ""))
        index, is_new = self._window_for(request, page, per_page, etags, fault.skip)
        window = self._timeline.window(index)
        events, etag = _page(window, index, page, per_page)
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
        if fault.damage == "poisoned":
            # The ETag stays that of the events: the reader has seen this window, whatever came with it.
            events = poisoned(events, window[0].created_at)
        return Response(200, _array(events), headers)

    def _window_for(
        self, request: Request, page: int, per_page: int, etags: Sequence[str], skip: int
    ) -> tuple[int, bool]:
        """The window to show, and whether the reader does not have it yet.

        Page 1 follows the ETag: the window after the one that it names (`skip` windows later, but not beyond the last
        one), or that one again at the end of the source.
        Without an ETag of ours the reader is new, or crashed before it could remember: it gets the first window.
        Later pages belong to the window whose first page the same reader was shown.
        """
        if page > 1:
            return self._timeline.opened_window(request.reader), True
        last = len(self._timeline) - 1
        for etag in etags:
            named = WINDOW_OF_ETAG.match(etag)
            if named is None or int(named[1]) > last:
                continue
            index = int(named[1])
            # The same number in an ETag of another source, or of pages of another size, says nothing.
            if _page(self._timeline.window(index), index, 1, per_page)[1] == etag:
                return (min(index + 1 + skip, last), True) if index < last else (index, False)
        return min(skip, last), True

    # GH Archive

    async def _hour(self, request: Request, name: str, fault: Fault) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return replace(_error(405, "Method Not Allowed"), headers={"Allow": "GET, HEAD"})
        if fault.status is not None:
            return _fault_response(fault, "Not Found" if fault.status == 404 else "Server Error")
        headers = {"Content-Type": "application/gzip"}
        # Compressing an hour, let alone generating one, takes too long for the event loop.
        if content := await asyncio.to_thread(self._archive.file, name):
            return Response(200, content, headers)
        file = await asyncio.get_running_loop().run_in_executor(self._writer, self._generated.open, name)
        return Response(200, headers=headers, file=file) if file else _error(404, "Not Found")


async def _administer(request: Request, receive: Receive, kind: FaultQueue, faults: deque[Fault]) -> Response:
    """Show a queue of faults, or replace what is in it."""
    if not _is_loopback(request.client):
        return _error(404, "Not Found")
    if request.method == "PUT":
        body = await _read_body(receive)
        try:
            wanted = kind.read(body)
        except (ValueError, RecursionError) as error:
            return _error(422, f"Not a queue of faults: {error}.")
        faults.clear()
        faults.extend(wanted)
    elif request.method != "GET":
        return replace(_error(405, "Method Not Allowed"), headers={"Allow": "GET, PUT"})
    return Response(200, kind.write(faults), {"Content-Type": "application/json"})


def _page(window: Sequence[Event], index: int, page: int, per_page: int) -> tuple[list[bytes], str]:
    """The events of one page of window `index`, and the page's ETag."""
    first = (page - 1) * per_page
    events = [event.raw for event in window[first : first + per_page]]
    return events, f'W/"{index}-{hashlib.sha256(_array(events)).hexdigest()}"'


def _array(elements: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(elements) + b"]"


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


def _fault_response(fault: Fault, message: str) -> Response:
    response = _error(fault.status or 500, message)
    if fault.retry_after is None:
        return response
    return replace(response, headers={**response.headers, "Retry-After": str(fault.retry_after)})


async def _read_body(receive: Receive) -> bytes:
    body = b""
    more = True
    while more and len(body) <= MAX_FAULTS_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return body
