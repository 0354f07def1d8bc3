"""Clients for Glue and S3 that act as the caller of the API."""

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

from workshop.sandbox.athena.api.metadata import Metadata
from workshop.sandbox.athena.catalog.glue import GlueCatalog
from workshop.sandbox.athena.catalog.glue_client import Glue
from workshop.sandbox.athena.reading.object_cache import ObjectCache
from workshop.sandbox.athena.reading.storage import S3Storage
from workshop.sandbox.athena.run import Lake
from workshop.sandbox.caller import Caller
from workshop.sandbox.in_process import InProcessSession

_CALLERS = 64
_CONNECTIONS = 32


class Lakes:
    """Makes a `Lake` for a caller; clients are kept, as making them takes longer than a small query.

    With `in_process` their requests go to the server of this process without a socket.
    """

    def __init__(
        self,
        *,
        endpoint_url: str,
        ca_bundle: Path,
        region: str,
        cache: Path,
        in_process: InProcessSession | None = None,
    ) -> None:
        self._in_process = in_process
        self._endpoint_url = endpoint_url
        self._ca_bundle = ca_bundle
        self._region = region
        self._cache = ObjectCache(cache)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, str | None], Lake] = OrderedDict()
        self._pool = ThreadPoolExecutor(_CONNECTIONS // 2, thread_name_prefix="athena-read")

    def of(self, caller: Caller) -> Lake:
        """The lake as `caller` sees it."""
        key = (caller.access_key_id, caller.secret_access_key, caller.session_token)
        with self._lock:
            found = self._kept.get(key) or self._make(caller)
            self._kept[key] = found
            self._kept.move_to_end(key)
            if len(self._kept) > _CALLERS:
                self._kept.popitem(last=False)
            return found

    def close(self) -> None:
        """End the threads that read."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make(self, caller: Caller) -> Lake:
        session = boto3.Session(
            aws_access_key_id=caller.access_key_id,
            aws_secret_access_key=caller.secret_access_key,
            aws_session_token=caller.session_token,
            region_name=self._region,
        )
        config = Config(
            max_pool_connections=_CONNECTIONS,
            proxies={},
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        options = {"endpoint_url": self._endpoint_url, "verify": str(self._ca_bundle), "config": config}
        s3, glue = session.client("s3", **options), session.client("glue", **options)
        if self._in_process is not None:
            for client in (s3, glue):
                self._in_process.install(client)
        storage = S3Storage(s3, self._cache, self._pool)
        return Lake(GlueCatalog(glue), storage, Metadata(glue), Glue(glue))
