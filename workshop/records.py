"""What a notebook leaves behind for machines: one record per query, check, step or call, inside the cell's own output.

A record travels as a MIME type of our own beside the HTML that people see, so the executed notebook is the only file
that the headless runner reads: no side channel, and nothing that a killed run could leave out of step.
"""

import dataclasses
import html
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

MIME = "application/vnd.lakehouse.record+json"

Kind = Literal["query", "check", "step", "call", "exercise"]
Outcome = Literal["pass", "fail", "not attempted"]

# Read on white and on JupyterLab's dark background alike, and told apart by the colour-blind (Okabe and Ito).
GREEN, RED, AMBER, GREY = "#009e73", "#d55e00", "#c98500", "#808080"
_MARKS = {"pass": ("✔", GREEN), "fail": ("✘", RED), "not attempted": ("○", GREY)}


@dataclass(frozen=True)
class Record:
    """One thing that happened.

    `seconds` is wall-clock time. `details` holds numbers by kind; a query has `rows`, `bytes_scanned`, `dollars` and
    `query_execution_id`.
    """

    kind: Kind
    title: str
    outcome: Outcome = "pass"
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong; an exercise that nobody attempted is fine."""
        return self.outcome != "fail"


def read_records(notebook: Mapping[str, Any]) -> list[Record]:
    """All records in the outputs of an executed notebook (nbformat 4), in order."""
    bundles = (
        output["data"][MIME]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    )
    return [Record(**bundle) for bundle in bundles]


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs us, so that rich output has somewhere to go."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class Line:
    """One line of output that changes in place while work goes on, and ends as a record.

    Under papermill the last state stays in the executed notebook; outside a notebook each state is printed.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self.started = time.monotonic()
        self._handle: Any = None
        self._last = ""

    @property
    def seconds(self) -> float:
        """Time since the line appeared."""
        return time.monotonic() - self.started

    def say(self, text: str) -> None:
        """Show what is going on now."""
        if text != self._last:
            self._last = text
            working = f'<span style="color:{AMBER}">●</span> {html.escape(self.title)} '
            self._show(
                {"text/html": _line(working + _quiet(html.escape(text))), "text/plain": f"… {self.title} {text}"}
            )

    def end(self, record: Record, note: str = "", body: str = "") -> None:
        """Show the result: `note` is text, `body` is HTML that goes below the line."""
        mark, colour = _MARKS[record.outcome]
        head = f'<span style="color:{colour}">{mark}</span> {html.escape(record.title)} {_quiet(html.escape(note))}'
        plain = f"{mark} {record.title} {note}".rstrip()
        self._show({"text/html": _line(head) + body, "text/plain": plain, MIME: dataclasses.asdict(record)})

    def _show(self, bundle: dict[str, Any]) -> None:
        if not in_notebook():
            print(bundle["text/plain"])  # noqa: T201 - a plain Python session has nothing richer
            return
        from IPython.display import display  # noqa: PLC0415 - only a kernel needs it

        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def show(record: Record, note: str = "", body: str = "") -> None:
    """Display a finished record as one line, with optional HTML below."""
    Line(record.title).end(record, note, body)


def show_html(markup: str, plain: str) -> None:
    """Display HTML with a text twin, without a record."""
    if not in_notebook():
        print(plain)  # noqa: T201
        return
    from IPython.display import display  # noqa: PLC0415

    display({"text/html": markup, "text/plain": plain}, raw=True)


@contextmanager
def step(title: str, *, live: bool = True) -> Iterator[Line]:
    """Time a piece of work, show it while it runs, and record how it ended. What it raises goes on upwards.

    The body may set `line.note`, a result worth reading, for the final line. Work that has a display of its own takes
    `live=False` and gets only that.
    """
    line = Line(title)
    if live:
        line.say("…")
    try:
        yield line
    except BaseException as error:
        line.end(
            Record("step", title, "fail", round(line.seconds, 3)), f"{type(error).__name__} after {took(line.seconds)}"
        )
        raise
    note = " · ".join(part for part in (line.note, took(line.seconds)) if part)
    line.end(Record("step", title, seconds=round(line.seconds, 3)), note)


def took(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `12 s`, `1 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def amount(count: float) -> str:
    """Bytes as people say them, in powers of 1,000 as AWS bills: `0 B`, `1.6 KB`, `2.5 MB`."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _line(markup: str) -> str:
    return f'<div style="font-family:var(--jp-ui-font-family,system-ui,sans-serif);line-height:1.6">{markup}</div>'


def _quiet(markup: str) -> str:
    return f'<span style="opacity:.72">{markup}</span>'
