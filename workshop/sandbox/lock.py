"""Says which process serves a home. The operating system drops the lock when that process ends, however it ends."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from workshop.errors import WorkshopError


@dataclass(frozen=True)
class Holder:
    """The server that holds a home: its process, when it started (Unix time) and where its events come from."""

    pid: int
    started_at: float
    source: str


class HomeLock:
    """An exclusive lock on a home, held until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self, source: str) -> Holder:
        """Take the lock and write down who holds it. Raises `WorkshopError` if another process has it."""
        file = self.path.open("a+", encoding="utf-8")
        # `status` holds the lock for an instant when it looks.
        for _ in range(20):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
        else:
            file.close()
            holder = self.holder()
            raise WorkshopError(
                f"Another sandbox already runs on {self.path.parent}" + (f" (pid {holder.pid})." if holder else "."),
                "Stop it with `make sandbox-down`, or name another folder in LAKEHOUSE_SANDBOX_HOME.",
            )
        holder = Holder(os.getpid(), time.time(), source)
        file.truncate(0)
        file.write(json.dumps(asdict(holder)))
        file.flush()
        self._file = file
        return holder

    def holder(self) -> Holder | None:
        """Who holds the lock now, or None. A file left behind by a dead process counts for nothing."""
        try:
            file = self.path.open(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file)
            return None


def _read(file: IO[str]) -> Holder | None:
    # The holder takes the lock an instant before it has written its name.
    for _ in range(20):
        file.seek(0)
        text = file.read()
        if text.endswith("}"):
            return Holder(**json.loads(text))
        time.sleep(0.05)
    return None
