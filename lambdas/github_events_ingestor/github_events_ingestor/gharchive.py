"""Downloads hours of GH Archive: https://www.gharchive.org

An hour is a gzip file of JSON lines named `YYYY-MM-DD-H.json.gz`, its H from 0 to 23 and not padded. About one in two
hundred is missing.
"""

import http.client
import random
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from http import HTTPStatus

import urllib3

from github_events_ingestor.deadline import Deadline, utc_now
from github_events_ingestor.errors import CorruptArchiveError, OutOfSpaceError, SourceError
from github_events_ingestor.gzip_stream import CHUNK_BYTES
from github_events_ingestor.headers import retry_after

USER_AGENT = "lakehouse-workshop-gharchive-backfill"
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
FIRST_BACKOFF_SECONDS = 1.0
# An hour is written to disk once more when a line of it is rejected, and the rejected lines are, too.
FILES_ON_DISK = 2
SPARE_BYTES = 64 * 1024 * 1024
# What a refusal may pass from by itself; others, like 401 or a redirect, are not tried again.
PASSING = {HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class PassingError(Exception):
    """A failure that another try may not meet. `pause`: seconds that the server asked for, None if it did not."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


class MissingHourError(Exception):
    """The archive has no such file, or does not have it yet."""


@dataclass
class Archive:
    """The archive at `url`."""

    url: str
    deadline: Deadline
    now: Callable[[], datetime] = field(default=utc_now)

    def source(self, day: date, hour: int) -> str:
        """The address of an hour's file."""
        return f"{self.url}/{day:%Y-%m-%d}-{hour}.json.gz"

    @contextmanager
    def download(self, source: str) -> Iterator[Iterator[bytes]]:
        """The file's bytes, as they come in.

        MissingHourError, PassingError; SourceError for what another try would not change; and while the bytes are read,
        CorruptArchiveError if they are fewer than announced.
        """
        left = self.deadline.left()
        if left <= 0:
            raise SourceError(f"No time was left to read {source}.")
        with urllib3.PoolManager(ssl_context=ssl.create_default_context()) as pool, _told_apart(source):
            response = pool.request(
                "GET",
                source,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                timeout=urllib3.Timeout(total=left, connect=CONNECT_SECONDS, read=READ_SECONDS),
                # Retries are ours, and there is no good reason for a redirect.
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                self._judge(response, source)
                yield self._bytes(response, source)
            finally:
                # What was not read does not matter any more.
                response.close()

    def _judge(self, response: urllib3.BaseHTTPResponse, source: str) -> None:
        status = response.status
        if status == HTTPStatus.NOT_FOUND:
            raise MissingHourError(source)
        if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise PassingError(f"{source} answered {status}.", retry_after(response.headers, self.now()))
        if status != HTTPStatus.OK:
            raise SourceError(f"{source} answered {status}.")
        length = response.headers.get("content-length", "")
        if length.isascii() and length.isdigit():
            needed = FILES_ON_DISK * int(length) + SPARE_BYTES
            free = shutil.disk_usage(tempfile.gettempdir()).free
            if free < needed:
                raise OutOfSpaceError(f"{source} has {length} bytes; that needs {needed} on disk, but {free} are free.")

    def _bytes(self, response: urllib3.BaseHTTPResponse, source: str) -> Iterator[bytes]:
        # A timeout holds for one read only, so a server that trickles is stopped by the deadline.
        while chunk := response.read(CHUNK_BYTES, decode_content=False):
            yield chunk
            if self.deadline.left() <= 0:
                raise SourceError(f"The time ran out while {source} was being read.")


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures: doubled each time, with jitter that only shortens."""
    return FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


@contextmanager
def _told_apart(source: str) -> Iterator[None]:
    """Turn urllib3's errors into ours."""
    try:
        yield
    except urllib3.exceptions.ProtocolError as error:
        if any(isinstance(cause, http.client.IncompleteRead) for cause in (error, *error.args)):
            raise CorruptArchiveError(f"{source} ended before all of it had come.") from error
        raise PassingError(f"{type(error).__name__}: {error}") from error
    except urllib3.exceptions.HTTPError as error:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
            raise SourceError(f"{source} cannot be trusted: {error}") from error
        raise PassingError(f"{type(error).__name__}: {error}") from error
