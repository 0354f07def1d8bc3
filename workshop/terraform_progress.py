"""Shows a running Terraform: one line that moves in a terminal or a notebook, one line a resource anywhere else."""

import html
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from workshop.records import AMBER, GREY, in_notebook, took
from workshop.terraform_events import SYMBOLS

REFRESH_SECONDS = 0.5
# What Terraform says about every -target; lessons say it better.
EXPECTED_WARNINGS = ("Resource targeting is in effect", "Applied changes may be incomplete")


def short(address: str) -> str:
    """An address without the modules that all have in common."""
    return address.removeprefix("module.lakehouse.").replace("module.", "")


@dataclass
class Tracker:
    """What has happened so far in a run. Without a title there are only remarks, and no result."""

    title: str
    started: float = field(default_factory=time.monotonic)
    planned: int = 0
    refreshed: int = 0
    done: int = 0
    failed: int = 0
    active: dict[str, tuple[str, float]] = field(default_factory=dict)

    def take(self, event: dict[str, Any]) -> str | None:
        """Note an event; return the line to keep on display for it, if it deserves one."""
        kind = event.get("type")
        if kind == "planned_change" and event["change"]["action"] not in {"noop", "read"}:
            self.planned += 1
        elif kind == "refresh_complete":
            self.refreshed += 1
        elif kind == "diagnostic":
            diagnostic = event["diagnostic"]
            if diagnostic["severity"] == "warning" and diagnostic["summary"] not in EXPECTED_WARNINGS:
                return f"! {diagnostic['summary']}"
        elif kind in {"apply_start", "apply_complete", "apply_errored"} and event["hook"]["action"] != "read":
            return self._apply(str(kind), event["hook"])
        return None

    def _apply(self, kind: str, hook: dict[str, Any]) -> str | None:
        address, action = hook["resource"]["addr"], hook["action"]
        if kind == "apply_start":
            self.active[address] = (action, time.monotonic())
            return None
        _, began = self.active.pop(address, (action, time.monotonic()))
        # Terraform's own count is right even for a run that we began to watch late.
        seconds = took(max(time.monotonic() - began, hook.get("elapsed_seconds", 0)))
        if kind == "apply_errored":
            self.failed += 1
            return f"✘ {short(address)} failed after {seconds}"
        self.done += 1
        return f"{SYMBOLS.get(action, ' ')} {short(address)} {seconds}"

    def now(self) -> str:
        """What is going on, in one line."""
        parts = [took(time.monotonic() - self.started)]
        if self.planned:
            parts.append(f"{self.done} of {self.planned}")
        elif self.refreshed:
            parts.append(f"{self.refreshed} resources read")
        if self.active:
            (address, (_, began)), *rest = sorted(self.active.items(), key=lambda item: item[1][1])
            waiting = f"{short(address)} since {took(time.monotonic() - began)}"
            parts.append(f"waiting for {waiting}" + (f" and {len(rest)} more" if rest else ""))
        return " · ".join(parts)

    def result(self) -> str:
        """How it ended."""
        parts = [took(time.monotonic() - self.started)]
        if self.done:
            parts.append(f"{self.done} of {self.planned}" if self.failed else f"{self.done} resources")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return " · ".join(parts)


class Progress(Protocol):
    """A display of one run."""

    tracker: Tracker

    def __call__(self, event: dict[str, Any] | None) -> None:
        """Take an event, or None when time has passed without one."""

    def say(self, text: str) -> None:
        """Keep a line on display."""

    def close(self) -> None:
        """The run is over."""


def progress(title: str) -> Progress:
    """The display that suits where we run."""
    if in_notebook():
        return NotebookProgress(title)
    return TerminalProgress(title) if sys.stdout.isatty() else PlainProgress(title)


class Displays:
    """Opens a display for each command, and closes the one before.

    What is said before a command starts goes on that command's display.
    """

    def __init__(self) -> None:
        self._current: Progress | None = None
        self._early = False

    def begin(self, title: str) -> None:
        """The next command starts."""
        if self._current is not None and self._early:
            self._current.tracker.title = title
        else:
            self.close()
            self._current = progress(title)
        self._early = False

    def __call__(self, event: dict[str, Any] | None) -> None:
        """Pass an event on."""
        self._open()(event)

    def say(self, text: str) -> None:
        """Keep a line on display."""
        self._open().say(text)

    def close(self) -> None:
        """No more commands."""
        if self._current is not None:
            self._current.close()
            self._current = None

    def _open(self) -> Progress:
        if self._current is None:
            self._current = progress("terraform")
            self._early = True
        return self._current


class PlainProgress:
    """A line for each resource, when it is done."""

    def __init__(self, title: str) -> None:
        self.tracker = Tracker(title)

    def __call__(self, event: dict[str, Any] | None) -> None:
        """Print what deserves a line."""
        if event is not None and (line := self.tracker.take(event)):
            self.say(line)

    def say(self, text: str) -> None:
        """Print it."""
        print(f"  {text}", flush=True)  # noqa: T201 - a log is all there is

    def close(self) -> None:
        """Print the result."""
        if self.tracker.title:
            print(f"{self.tracker.title}: {self.tracker.result()}", flush=True)  # noqa: T201


class TerminalProgress:
    """The finished resources, and below them a line that says what is going on."""

    def __init__(self, title: str) -> None:
        from rich.console import Console  # noqa: PLC0415 - a tenth of a second to import

        self.tracker = Tracker(title)
        self._console = Console()
        self._status = self._console.status(title)
        self._status.start()

    def __call__(self, event: dict[str, Any] | None) -> None:
        """Show it."""
        line = self.tracker.take(event) if event is not None else None
        if line:
            self.say(line)
        # The line and its spinner have to fit, or the terminal scrolls.
        room = self._console.width - len(self.tracker.title) - 4
        self._status.update(f"[bold]{self.tracker.title}[/] {_plain_markup(self.tracker.now()[:room])}")

    def say(self, text: str) -> None:
        """Print above the moving line."""
        self._console.print(f"  {text}", markup=False, highlight=False)

    def close(self) -> None:
        """Replace the moving line by the result."""
        self._status.stop()
        if self.tracker.title:
            self._console.print(
                f"[bold]{self.tracker.title}[/]: {_plain_markup(self.tracker.result())}", highlight=False
            )


def _plain_markup(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)


class NotebookProgress:
    """One output that changes in place: a heartbeat while it runs, a compact result at the end."""

    def __init__(self, title: str) -> None:
        self.tracker = Tracker(title)
        self._lines: list[str] = []
        self._handle: Any = None
        self._shown_at = 0.0

    def __call__(self, event: dict[str, Any] | None) -> None:
        """Note it, and refresh the display now and then."""
        line = self.tracker.take(event) if event is not None else None
        if line:
            self._lines.append(line)
        if time.monotonic() - self._shown_at >= REFRESH_SECONDS:
            self._show(AMBER, self.tracker.now())

    def say(self, text: str) -> None:
        """Add it to what stays on display."""
        self._lines.append(text)
        self._show(AMBER, self.tracker.now())

    def close(self) -> None:
        """Leave the result and, folded, what was done."""
        self._show(GREY, self.tracker.result())

    def _show(self, colour: str, text: str) -> None:
        from IPython.display import display  # noqa: PLC0415 - only a kernel has it

        self._shown_at = time.monotonic()
        if not self.tracker.title:
            text = " · ".join(self._lines)
        head = (
            f'<span style="color:{colour}">●</span> {html.escape(self.tracker.title)} '
            f'<span style="opacity:.72">{html.escape(text)}</span>'
        )
        body = "".join(f"<div>{html.escape(line)}</div>" for line in self._lines)
        has_body = body and self.tracker.title
        folded = f"<details><summary>{head}</summary><code>{body}</code></details>" if has_body else head
        bundle = {"text/html": f"<div>{folded}</div>", "text/plain": f"{self.tracker.title}: {text}".lstrip(": ")}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
