"""Starts, stops, wipes and describes the sandbox. Imports nothing heavy: every command of the workshop imports this."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.paths import REPOSITORY
from workshop.sandbox.endpoint import is_ready
from workshop.sandbox.home import ACCOUNT, DEFAULT_REGION, SandboxHome, Settings, free_ports
from workshop.sandbox.lock import HomeLock
from workshop.sandbox.ports import owner_of

START_SECONDS = 30
STOP_SECONDS = 15
NOT_RUNNING = WorkshopError("The sandbox is not running.", "Start it with `make sandbox-up`.")


@dataclass(frozen=True)
class Status:
    """What a sandbox is doing. Everything but `running` and `log` is None for a stopped one."""

    running: bool
    pid: int | None
    endpoint: str | None
    http_endpoint: str | None
    source: str | None
    started_at: float | None
    log: Path


def status(home: SandboxHome) -> Status:
    """Say whether a server holds `home`, and where it listens."""
    holder = HomeLock(home.lock).holder()
    if holder is None:
        return Status(False, None, None, None, None, None, home.log)
    return Status(True, holder.pid, home.endpoint, home.http_endpoint, holder.source, holder.started_at, home.log)


def require_running(home: SandboxHome) -> Status:
    """Return the status of a running sandbox; raise `WorkshopError` if it is not running."""
    current = status(home)
    if not current.running:
        raise NOT_RUNNING
    return current


def up(home: SandboxHome, *, recording: Path | None = None, archive_events_per_hour: int | None = None) -> Status:
    """Start the sandbox unless it runs, and return when it answers.

    `recording` (default: `LAKEHOUSE_RECORDING`) is a file of events for the GitHub replica; it is remembered, and
    without one a seeded generator is used. `archive_events_per_hour` (default: `LAKEHOUSE_ARCHIVE_EVENTS_PER_HOUR`,
    else 1,000) is the average of the hours that the GH Archive replica generates, 0 for no such hours; it is remembered
    too. Ports are chosen at the first start and never change afterwards.
    """
    wanted = _wanted_recording(recording)
    archive = _wanted_archive(archive_events_per_hour)
    running = status(home)
    if running.running:
        if wanted and str(wanted) != home.settings.recording:
            _refuse_unusable(wanted)
            raise WorkshopError(
                f"The sandbox already runs with events from {running.source}.",
                "Stop it first with `make sandbox-down`.",
            )
        if archive is not None and archive != home.settings.archive_events_per_hour:
            raise WorkshopError(
                f"The sandbox already runs with an archive of {home.settings.archive_events_per_hour} events an hour.",
                "Stop it first with `make sandbox-down`.",
            )
        return _wait_until_ready(home, None)
    remembered = home.settings.recording if home.settings_file.exists() else None
    if chosen := wanted or (Path(remembered) if remembered else None):
        _refuse_unusable(chosen)
    home.prepare()
    _decide_settings(home, wanted, archive)
    for port in (home.settings.https_port, home.settings.http_port):
        _refuse_taken(port)
    return _wait_until_ready(home, _launch(home))


def down(home: SandboxHome) -> bool:
    """Stop the sandbox and keep its state; False if it was not running."""
    lock = HomeLock(home.lock)
    holder = lock.holder()
    if holder is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(holder.pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            # Whoever holds the lock now, it is not the server that was asked to stop.
            if (current := lock.holder()) is None or current.pid != holder.pid:
                return True
            time.sleep(0.05)
    raise WorkshopError(f"The sandbox (pid {holder.pid}) does not stop.", f"Its log is {home.log}.")


def reset(home: SandboxHome) -> None:
    """Stop the sandbox and delete everything in its folder. Refuses a folder that is not a sandbox's."""
    if not home.root.exists():
        return
    if not home.marker.is_file():
        raise WorkshopError(
            f"{home.root} is not a sandbox's folder: nothing was deleted.",
            "Check LAKEHOUSE_SANDBOX_HOME, or delete the folder yourself.",
        )
    down(home)
    try:
        for entry in home.root.iterdir():
            # The marker goes last: an interrupted reset can be started again.
            if entry == home.marker:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        home.marker.unlink()
        if not home.root.is_symlink():
            home.root.rmdir()
    except OSError as error:
        raise WorkshopError(f"The sandbox's folder cannot be deleted: {error}.", "Delete it yourself.") from error
    home.__dict__.pop("settings", None)


def _wanted_recording(recording: Path | None) -> Path | None:
    named = os.environ.get("LAKEHOUSE_RECORDING")
    chosen = recording or (Path(named) if named else None)
    return chosen.expanduser().resolve() if chosen else None


def _wanted_archive(events_per_hour: int | None) -> int | None:
    named = os.environ.get("LAKEHOUSE_ARCHIVE_EVENTS_PER_HOUR")
    if events_per_hour is None and named:
        try:
            events_per_hour = int(named)
        except ValueError:
            raise WorkshopError(
                f"LAKEHOUSE_ARCHIVE_EVENTS_PER_HOUR is {named!r}, not a number.", "Give an average, such as 1000."
            ) from None
    if events_per_hour is not None:
        from workshop.sandbox.github import check_events_per_hour  # noqa: PLC0415

        check_events_per_hour(events_per_hour)
    return events_per_hour


def _refuse_unusable(recording: Path) -> None:
    from workshop.sandbox.github import open_source  # noqa: PLC0415

    open_source(recording)


def _decide_settings(home: SandboxHome, recording: Path | None, archive_events_per_hour: int | None) -> None:
    if not home.settings_file.exists():
        https_port, http_port = free_ports(2)
        region = os.environ.get("LAKEHOUSE_REGION") or os.environ.get("AWS_REGION") or DEFAULT_REGION
        home.save_settings(Settings(https_port, http_port, ACCOUNT, region))
    if recording:
        home.save_settings(replace(home.settings, recording=str(recording)))
    if archive_events_per_hour is not None:
        home.save_settings(replace(home.settings, archive_events_per_hour=archive_events_per_hour))


def _refuse_taken(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            owner = owner_of(port)
            raise WorkshopError(
                f"Port {port} of the sandbox is taken{f' by {owner}' if owner else ''}.",
                "Stop that program and try again, or wipe the sandbox with `make sandbox-reset` to get other ports.",
            ) from error


def _launch(home: SandboxHome) -> subprocess.Popen[bytes]:
    with home.start_log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "workshop.sandbox.server", "--home", str(home.root)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # The sandbox outlives the terminal that started it.
            start_new_session=True,
        )


def _wait_until_ready(home: SandboxHome, process: subprocess.Popen[bytes] | None) -> Status:
    """Wait for the health page. `process` is the server if we started it; another may have been faster."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if is_ready(home):
            return require_running(home)
        if process is not None and process.poll() is not None and not status(home).running:
            raise _died(home)
        time.sleep(0.05)
    raise WorkshopError(f"The sandbox does not answer after {START_SECONDS} s.", f"Its log is {home.log}.")


def _died(home: SandboxHome) -> WorkshopError:
    """What the server said last: its own one-line error, or the end of a traceback."""
    lines = home.start_log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    message, tab, hint = (lines[-1] if lines else "it said nothing").partition("\t")
    if tab:
        return WorkshopError(message, hint)
    return WorkshopError(
        f"The sandbox died while starting: {message}", f"Its logs are {home.start_log} and {home.log}."
    )
