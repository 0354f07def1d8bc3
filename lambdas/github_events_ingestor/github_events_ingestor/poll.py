"""Polls GitHub's public timeline: https://docs.github.com/en/rest/activity/events

A poll reads all pages of the timeline, conditionally on the ETag of the last one. It never waits for a rate limit (that
would be paying for sleep): it says when the next call is welcome. Only failures that pass by themselves are tried
again, and never longer than the invocation lasts.
"""

import random
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import urllib3

from github_events_ingestor.deadline import Deadline, utc_now
from github_events_ingestor.errors import SourceError, UnreadableBodyError
from github_events_ingestor.event import Rule
from github_events_ingestor.headers import DEFAULT_PAUSE_SECONDS, number, retry_after
from github_events_ingestor.page import Batch, split
from github_events_ingestor.telemetry import logger

# The largest page there is; a timeline holds 300 events, so three pages. The bound is for a Link that never ends.
PAGE_SIZE = 100
MAX_PAGES = 10
# https://docs.github.com/en/rest/about-the-rest-api/api-versions
API_VERSION = "2022-11-28"
USER_AGENT = "lakehouse-workshop-github-events-ingestor"

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
CHUNK_BYTES = 64 * 1024
MAX_ATTEMPTS = 4
FIRST_BACKOFF_SECONDS = 0.5
# No limit of GitHub's is longer than its hour, so a longer pause is a mistake that must not stop the ingestion.
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
MAX_PAUSE_SECONDS = 3600.0

_NEXT_PAGE = re.compile(r'<[^>]*>\s*;[^,]*\brel="?next\b')
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


@dataclass(frozen=True)
class Limited:
    """GitHub wants no call for so many seconds."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class Poll:
    """What one poll brought.

    `batches` are the timeline's pages, the first one first. `modified` is False for a 304. `etag` is the one to send
    next time; None if the timeline could not be read to its end, because then it must be read again: `limited` says
    why. `pause` is for how many seconds GitHub wants no further poll, for the `reason` given.
    """

    batches: tuple[Batch, ...] = ()
    modified: bool = True
    etag: str | None = None
    limited: Limited | None = None
    pause: float = 0.0
    reason: str = ""
    requests: int = 0


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    batch: Batch | None = None
    limited: Limited | None = None


class _PassingError(Exception):
    """A failure that another try may not meet."""


@dataclass
class Timeline:
    """The public timeline at `api_url`, read as whoever `token` belongs to (None: as nobody).

    `rule` tells what of it is an event.
    """

    api_url: str
    token: str | None
    deadline: Deadline
    rule: Rule
    now: Callable[[], datetime] = field(default=utc_now)
    requests: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # One host: there is nowhere else for a token to go.
        self._http = urllib3.connection_from_url(self.api_url, ssl_context=ssl.create_default_context())
        self._path = f"{urlsplit(self.api_url).path}/events"

    def poll(self, etag: str | None) -> Poll:
        """Read the timeline unless `etag` is still its own. SourceError if GitHub cannot be read in the time left."""
        try:
            return self._poll(etag)
        finally:
            # The connection that the pages shared would not survive until the next invocation.
            self._http.close()

    def _poll(self, etag: str | None) -> Poll:
        batches: list[Batch] = []
        answer = first = self._get(1, etag)
        limited = first.limited
        while answer.batch is not None:
            batches.append(answer.batch)
            if len(batches) == MAX_PAGES or not _NEXT_PAGE.search(answer.headers.get("link", "")):
                break
            limited = self._exhausted(answer.headers)
            if limited is not None:
                break
            answer = self._get(len(batches) + 1)
            limited = answer.limited
        modified = first.status != HTTPStatus.NOT_MODIFIED
        # A poll may also end with the last request of the hour: then it is the next one that has to wait.
        exhausted = limited or self._exhausted(answer.headers) or Limited("", 0.0)
        pause = max(exhausted, _poll_interval(first.headers), key=lambda asked: asked.seconds)
        return Poll(
            batches=tuple(batches),
            modified=modified,
            etag=None if limited else _etag(first.headers) if modified else etag,
            limited=limited,
            pause=pause.seconds,
            reason=pause.reason,
            requests=self.requests,
        )

    def _get(self, page: int, etag: str | None = None) -> _Answer:
        """One page, tried again after failures that may pass."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._try(page, etag)
            except _PassingError as error:
                backoff = FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                if attempt == MAX_ATTEMPTS or backoff >= self.deadline.left():
                    raise SourceError(f"Page {page} could not be read in {attempt} attempts: {error}") from error
                logger.warning("Trying again", extra={"page": page, "attempt": attempt, "cause": str(error)})
                self.deadline.sleep(backoff)
        raise AssertionError("The last attempt returns or raises.")

    def _try(self, page: int, etag: str | None) -> _Answer:
        left = self.deadline.left()
        if left <= 0:
            raise SourceError(f"No time was left to read page {page}.")
        self.requests += 1
        try:
            response = self._http.request(
                "GET",
                self._path,
                fields={"per_page": str(PAGE_SIZE), "page": str(page)},
                headers=self._headers(etag),
                timeout=urllib3.Timeout(total=left, connect=CONNECT_SECONDS, read=READ_SECONDS),
                # Retries are ours, and there is no good reason for a redirect.
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                body = self._read(response)
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
                raise SourceError(f"{self.api_url} cannot be trusted: {error}") from error
            raise _PassingError(f"{type(error).__name__}: {error}") from error
        return self._judge(response.status, response.headers, body)

    def _headers(self, etag: str | None) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            "X-GitHub-Api-Version": API_VERSION,
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if etag is not None:
            headers["If-None-Match"] = etag
        return headers

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The whole body. A timeout holds for one read only, so a server that trickles is stopped by the deadline."""
        chunks: list[bytes] = []
        while chunk := response.read1(CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            if self.deadline.left() <= 0:
                raise SourceError("The time ran out while a page was being read.")
        return b"".join(chunks)

    def _judge(self, status: int, headers: Mapping[str, str], body: bytes) -> _Answer:
        if status == HTTPStatus.NOT_MODIFIED:
            return _Answer(status, headers)
        if status == HTTPStatus.OK:
            try:
                return _Answer(status, headers, batch=split(body, self.rule))
            except UnreadableBodyError as error:
                raise _PassingError(str(error)) from error
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _PassingError(f"GitHub answered {status}.")
        limited = self._limited(status, headers, body)
        if limited is None:
            raise SourceError(f"GitHub answered {status}: {body[:200].decode('utf-8', 'replace')}")
        return _Answer(status, headers, limited=limited)

    def _limited(self, status: int, headers: Mapping[str, str], body: bytes) -> Limited | None:
        """The rate limit that an answer tells of, None if it is another refusal."""
        if status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
            return None
        asked = retry_after(headers, self.now())
        if asked is not None:
            return Limited("Retry-After", _bounded(asked))
        if exhausted := self._exhausted(headers):
            return exhausted
        if status == HTTPStatus.TOO_MANY_REQUESTS or b"rate limit" in body.lower():
            return Limited("secondary rate limit", DEFAULT_PAUSE_SECONDS)
        return None

    def _exhausted(self, headers: Mapping[str, str]) -> Limited | None:
        """The primary rate limit, if no request is left in this hour."""
        if headers.get("x-ratelimit-remaining") != "0":
            return None
        reset = number(headers.get("x-ratelimit-reset"))
        seconds = DEFAULT_PAUSE_SECONDS if reset is None else reset - self.now().timestamp()
        return Limited("primary rate limit", _bounded(seconds))


def _etag(headers: Mapping[str, str]) -> str | None:
    """The answer's ETag with its quotes, as If-None-Match wants it back."""
    etag = headers.get("etag", "")
    return etag if _ETAG.fullmatch(etag) else None


def _poll_interval(headers: Mapping[str, str]) -> Limited:
    """X-Poll-Interval: "the time that you are required to wait", in seconds, more under load."""
    return Limited("poll interval", _bounded(number(headers.get("x-poll-interval")) or 0.0))


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_PAUSE_SECONDS)
