"""Runs Terraform so that nobody's death kills an apply: in a session of its own, writing to a file that we only read.

A record beside the log says which process works on a root. The next command finds it there: a live one is waited
for, a dead one has been interrupted.
"""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workshop.errors import WorkshopError
from workshop.terraform_events import is_complete, parse

POLL_SECONDS = 0.2
# Where Terraform leaves the state that it could not save: https://developer.hashicorp.com/terraform/cli/state/recover
ERRORED_STATE = "errored.tfstate"
# Where `workshop.adopt` puts its import blocks for the moment.
ADOPTION_FILE = "adopted_after_interruption.tf"

# Called with every event as it comes, and with None at least a few times a second in between.
Listener = Callable[[dict[str, Any] | None], None]


@dataclass(frozen=True)
class Running:
    """A Terraform process. `started` tells it from a later one with the same id; `began` is Unix time."""

    pid: int
    started: str
    began: float
    operation: str
    log: str

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return process_start(self.pid) == self.started != ""


def process_start(pid: int) -> str:
    """When a process began, as the operating system counts it; empty if there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # After the command's name, which may hold anything, field 3 is the state and field 22 the start time.
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] == "Z" else fields[19]
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


class Workplace:
    """The files through which runs on one root find each other."""

    def __init__(self, state_home: Path, slug: str) -> None:
        self.state_home = state_home
        self.slug = slug
        self.record = state_home / f"{slug}.running.json"
        # Set when a run that could change the world was cut off, until one has come to its end.
        self.interrupted = state_home / f"{slug}.interrupted.json"
        self.lock = state_home / f"{slug}.lock"

    def log(self, operation: str) -> Path:
        """Where an operation's output goes; the last one of its kind is kept."""
        return self.state_home / f"{self.slug}.{operation}.jsonl"

    @contextmanager
    def exclusive(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Only one command works on a root at a time; `waiting` is called while another does."""
        self.state_home.mkdir(parents=True, exist_ok=True)
        with self.lock.open("a", encoding="utf-8") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    waiting()
                    time.sleep(POLL_SECONDS)
            yield

    def recorded(self) -> Running | None:
        """The process that the record names, dead or alive."""
        return _read(self.record)

    def wait_for_running(self, listener: Listener) -> None:
        """Follow a Terraform that an earlier, killed command has left running, until it ends by itself."""
        running = self.recorded()
        if running is not None and running.is_alive:
            _forwarding_interrupts(running.pid, lambda: running.is_alive, Path(running.log), listener)

    def settle(self) -> None:
        """Turn the record of a dead process into the note that it was interrupted, unless it came to its end."""
        running = self.recorded()
        if running is None or running.is_alive:
            return
        log = Path(running.log)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
        if not is_complete(lines):
            self.note_interruption(running)
        self.record.unlink()

    def interruption(self) -> Running | None:
        """The run that was cut off, if the world may hold something that the state does not know."""
        return _read(self.interrupted)

    def note_interruption(self, running: Running) -> None:
        """Remember it. A plan changes nothing, so it does not hide an apply that was cut off before it."""
        if running.operation != "plan" or not self.interrupted.exists():
            _write(self.interrupted, running)

    def forget_interruption(self) -> None:
        """After a run that has come to its end."""
        self.interrupted.unlink(missing_ok=True)

    def run(
        self, operation: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], listener: Listener
    ) -> tuple[int, list[dict[str, Any]]]:
        """Run a command to its end; return its exit status and its events.

        A first Ctrl-C is passed on to Terraform, which then finishes what it has begun, and raised when it has; a
        second one leaves it alone with that.
        """
        log = self.log(operation)
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(process.pid, process_start(process.pid), time.time(), operation, str(log))
        _write(self.record, running)
        events: list[dict[str, Any]] = []

        def collect(event: dict[str, Any] | None) -> None:
            if event is not None:
                events.append(event)
            listener(event)

        _forwarding_interrupts(process.pid, lambda: process.poll() is None, log, collect)
        if process.returncode < 0:
            self.settle()
            raise WorkshopError(
                f"Terraform was ended by {signal.Signals(-process.returncode).name} during {operation}.",
                "Run the same command again: it picks up what was begun.",
            )
        self.record.unlink(missing_ok=True)
        if (cwd / ERRORED_STATE).exists():
            self.note_interruption(running)
        return process.returncode, events


def _forwarding_interrupts(pid: int, is_alive: Callable[[], bool], log: Path, listener: Listener) -> None:
    stopped = False
    tail = Tail(log)
    while True:
        try:
            alive = is_alive()  # before reading: what a process wrote last is there once it is gone
            for line in tail.lines():
                if (event := parse(line)) is not None:
                    listener(event)
            listener(None)
            if not alive:
                break
            time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            if stopped:
                raise
            stopped = True
            os.kill(pid, signal.SIGINT)
    if stopped:
        raise KeyboardInterrupt


class Tail:
    """Reads what a growing file has got since the last time, whole lines only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0

    def lines(self) -> list[str]:
        """The lines that are complete by now and have not been returned yet."""
        if not self.path.is_file():
            return []
        with self.path.open("rb") as file:
            file.seek(self._position)
            text, newline, _ = file.read().rpartition(b"\n")
        self._position += len(text) + len(newline)
        return text.decode(errors="replace").splitlines() if newline else []


def _read(path: Path) -> Running | None:
    try:
        return Running(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # half-written by a machine that went down
        return None


def _write(path: Path, running: Running) -> None:
    staged = path.with_suffix(".new")
    staged.write_text(json.dumps(asdict(running)), encoding="utf-8")
    staged.replace(path)
