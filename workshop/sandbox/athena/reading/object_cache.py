"""Local copies of S3 objects, bounded: the least recently used go first, those that a running query reads never."""

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

CACHE_BYTES = 2 * 1024**3
"""Bytes that the copies, and what readers keep beside them, may take once no query runs."""
_LOOK_SECONDS = 60
"""How long what readers keep beside the copies may go unseen."""


class ObjectCache:
    """Files below `folder`, named by a hash of bucket, key and ETag; when each was used last is its mtime."""

    def __init__(self, folder: Path, limit: int = CACHE_BYTES) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._begun: list[float] = []
        self._grown = True  # the limit may be lower than it was
        self._looked = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        for partial in folder.glob(f"*/*{_PARTIAL}"):
            partial.unlink()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is found or stored while this lasts stays until it ends."""
        begun = time.time()
        with self._lock:
            self._begun.append(begun)
        try:
            yield
        finally:
            with self._lock:
                self._begun.remove(begun)
                if self._grown or time.monotonic() - self._looked > _LOOK_SECONDS:
                    self._trim()

    def find(self, bucket: str, key: str, etag: str) -> Path | None:
        """The copy of an object, None if there is none."""
        path = self._path(bucket, key, etag)
        with self._lock:
            try:
                os.utime(path)
            except FileNotFoundError:
                return None
        return path

    def store(self, bucket: str, key: str, etag: str, write: Callable[[BinaryIO], object]) -> Path:
        """Keep what `write` writes; it appears under its name only once it is complete."""
        path = self._path(bucket, key, etag)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, suffix=_PARTIAL)
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
            with self._lock:
                Path(partial).replace(path)
                os.utime(path)
                self._grown = True
        except BaseException:
            with suppress(FileNotFoundError):
                Path(partial).unlink()
            raise
        return path

    def _path(self, bucket: str, key: str, etag: str) -> Path:
        name = hashlib.sha256(f"{bucket}/{key}/{etag}".encode()).hexdigest()
        return self._folder / name[:2] / name

    def _trim(self) -> None:
        """Remove whole entries, a copy and what stands beside it, until the rest is within the limit."""
        entries: dict[str, list[tuple[Path, os.stat_result]]] = {}
        for path in self._folder.glob("*/*"):
            if not path.name.endswith(_PARTIAL):
                with suppress(FileNotFoundError):
                    entries.setdefault(path.name.partition(".")[0], []).append((path, path.stat()))
        total = sum(status.st_size for files in entries.values() for _, status in files)
        protected = min(self._begun, default=float("inf"))
        self._grown, self._looked = False, time.monotonic()
        for files in sorted(entries.values(), key=_last_use):
            if total <= self._limit:
                return
            if _last_use(files) >= protected:
                self._grown = True  # look again when the query that reads it has ended
                return
            for path, status in files:
                path.unlink(missing_ok=True)
                total -= status.st_size


_PARTIAL = ".partial"


def _last_use(files: list[tuple[Path, os.stat_result]]) -> float:
    return max(status.st_mtime for _, status in files)
