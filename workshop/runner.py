"""Runs the notebooks headless: the files that a learner opens, in order, with papermill.

Everything the report says is read out of the executed notebooks (`workshop.records`). A failure stops the run and
leaves the world as it is, so that it can be looked at; the last lines say how to go on.
"""

import copy
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from workshop.errors import WorkshopError
from workshop.paths import NOTEBOOKS
from workshop.records import Record, amount, read_records, took

Parameters = Mapping[str, str]


@dataclass(frozen=True)
class CellFailure:
    """Where and why a notebook stopped. `cell` counts from 1, as people do; 0 is no cell in particular."""

    cell: int
    section: str
    kind: str
    message: str


@dataclass(frozen=True)
class NotebookResult:
    """One executed notebook. `seconds` is wall-clock time with the kernel's start; `started` is a Unix time."""

    name: str
    title: str
    executed: Path
    started: float
    seconds: float
    records: Sequence[Record] = ()
    failure: CellFailure | None = None

    @property
    def ok(self) -> bool:
        """Whether every cell ran."""
        return self.failure is None

    @property
    def checks(self) -> tuple[int, int]:
        """Checks that passed, and all checks that were made."""
        findings = [found for record in self.records if record.kind == "check" for found in record.details["checks"]]
        return sum(finding["ok"] for finding in findings), len(findings)

    @property
    def bytes_scanned(self) -> int:
        """Bytes that Athena read for the notebook's own queries."""
        return sum(record.details.get("bytes_scanned", 0) for record in self.records if record.kind == "query")

    @property
    def dollars(self) -> float:
        """What those queries cost at Athena's list price."""
        return float(sum(record.details.get("dollars", 0.0) for record in self.records if record.kind == "query"))


@dataclass(frozen=True)
class RunResult:
    """All notebooks that ran, in order, and the report about them."""

    notebooks: Sequence[NotebookResult]
    parameters: Parameters
    report: Path
    not_run: Sequence[str] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether every notebook that was asked for ran to its end."""
        return not self.not_run and all(notebook.ok for notebook in self.notebooks)

    @property
    def seconds(self) -> float:
        """From the first cell to the last."""
        return sum(notebook.seconds for notebook in self.notebooks)


def available() -> list[Path]:
    """The course's notebooks in their order."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def run(
    notebooks: Sequence[str] | None = None,
    *,
    parameters: Parameters | None = None,
    until: str | None = None,
    output_dir: Path = Path("report"),
    solutions: bool = False,
    console: Console | None = None,
) -> RunResult:
    """Execute notebooks in the course's order and write `index.html` and the executed notebooks into `output_dir`.

    `notebooks` are names or their numbers ("04_bronze_ingest", "04"); none means all. `until` is the last one to run.
    With `solutions`, exercises are answered by the solution printed below them. Wrong names and parameters are refused
    before anything starts.
    """
    from workshop.report import write_report  # noqa: PLC0415 - nbconvert takes a second to import
    from workshop.target import activate, refuse_unknown_environment  # noqa: PLC0415
    from workshop.terraform import find_terraform  # noqa: PLC0415

    console = console or Console()
    chosen = choose(notebooks or [], until)
    given = _from_environment() | dict(parameters or {})
    for path in chosen:
        refuse_unknown_parameters(path, given)
    refuse_unknown_environment(given.get("env", "dev"))
    find_terraform()
    os.environ.setdefault("LAKEHOUSE_REGION", given.get("region", "us-east-1"))  # for a sandbox that is made now
    activate(given.get("target", "sandbox"), given.get("source", "replica"))

    output_dir.mkdir(parents=True, exist_ok=True)
    results: list[NotebookResult] = []
    with _progress(console, [path.stem for path in chosen]) as progress:
        for path in chosen:
            results.append(_execute(path, given, output_dir, solutions, progress))
            if not results[-1].ok:
                break
    not_run = [path.stem for path in chosen[len(results) :]]
    result = RunResult(results, given, output_dir / "index.html", not_run)
    write_report(result)
    _summarize(result, console)
    return result


def _from_environment() -> dict[str, str]:
    """The parameters that the workshop's own variables name, so that one setting fits every command."""
    variables = {"target": "LAKEHOUSE_TARGET", "source": "LAKEHOUSE_SOURCE"}
    return {name: os.environ[variable] for name, variable in variables.items() if os.environ.get(variable)}


def choose(names: Sequence[str], until: str | None = None) -> list[Path]:
    """The notebooks to run, in the course's order."""
    paths = available()
    wanted = [_find(name, paths) for name in names] or paths
    last = _find(until, paths) if until else paths[-1]
    chosen = [path for path in paths if path in wanted and path <= last]
    if not chosen:
        raise WorkshopError(f"Nothing to run up to {last.stem}.", "Name a later notebook with --until.")
    return chosen


def _find(name: str, paths: Sequence[Path]) -> Path:
    stem = Path(name).stem
    for path in paths:
        if path.stem == stem or path.stem.split("_")[0] == stem:
            return path
    raise WorkshopError(f"There is no notebook {name!r}.", f"Choose from: {', '.join(path.stem for path in paths)}.")


def refuse_unknown_parameters(path: Path, parameters: Parameters) -> None:
    """Papermill only logs a warning about a parameter that a notebook does not have, and runs with the default."""
    from papermill import inspect_notebook  # noqa: PLC0415 - takes two seconds to import

    known = inspect_notebook(str(path))
    for name in parameters:
        if name not in known:
            raise WorkshopError(
                f"{path.stem} has no parameter {name!r}.", f"Its parameters are: {', '.join(known) or 'none'}."
            )


def with_solutions(notebook: Mapping[str, Any]) -> Any:
    """Return a copy in which each cell tagged `exercise` holds the solution that the next markdown cell folds away."""
    solved = copy.deepcopy(notebook)
    cells = solved["cells"]
    for position, cell in enumerate(cells):
        if "exercise" in cell["metadata"].get("tags", []):
            cell["source"] = solution_of(cells[position + 1]["source"])
    return solved


def solution_of(markdown: str) -> str:
    """The Python code in the `<details>` block whose summary is "Solution"."""
    found = re.search(r"<summary>Solution</summary>.*?```python\n(.*?)```", markdown, flags=re.DOTALL)
    if found is None:
        raise WorkshopError("An exercise is not followed by a folded solution.")
    return found.group(1)


def _execute(
    path: Path, parameters: Parameters, output_dir: Path, solutions: bool, progress: "_Progress"
) -> NotebookResult:
    import nbformat  # noqa: PLC0415
    from papermill import execute_notebook  # noqa: PLC0415
    from papermill.exceptions import PapermillExecutionError  # noqa: PLC0415

    source = nbformat.read(path, as_version=4)
    if solutions:
        source = with_solutions(source)
    executed = output_dir / path.name
    sections = section_of_cells(source)
    # papermill puts one cell with the injected values after the parameters cell.
    injected = 1 if parameters else 0

    def on_cell(cell: Any, cell_index: int) -> None:
        del cell
        position = max(0, min(cell_index - injected, len(sections) - 1))
        progress.section(path.stem, sections[position], (cell_index + 1) / (len(sections) + injected))

    started, clock, failure = time.time(), time.monotonic(), None
    progress.start(path.stem)
    try:
        execute_notebook(
            source, str(executed), parameters=dict(parameters), kernel_name="python3", progress_bar=False,
            cwd=str(NOTEBOOKS), on_cell_start=on_cell, extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )  # fmt: skip
    except PapermillExecutionError as error:
        position = max(0, min(error.cell_index - injected, len(sections) - 1))
        failure = CellFailure(error.cell_index + 1, sections[position], error.ename, error.evalue)
    except KeyboardInterrupt:
        failure = CellFailure(0, "", "Interrupted", "stopped by Ctrl-C")
    records = read_records(json.loads(executed.read_text())) if executed.exists() else []
    wrong = [record.title for record in records if record.kind == "exercise" and record.outcome != "pass"]
    if solutions and wrong and failure is None:
        failure = CellFailure(0, "", "WrongSolution", "; ".join(wrong))
    result = NotebookResult(path.stem, _title(source), executed, started, time.monotonic() - clock, records, failure)
    progress.end(result)
    return result


def section_of_cells(notebook: Mapping[str, Any]) -> list[str]:
    """For each cell, the heading it stands under."""
    sections, current = [], ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (found := re.match(r"#+ +(.+)", cell["source"])):
            current = found.group(1).strip()
        sections.append(current)
    return sections


def _title(notebook: Mapping[str, Any]) -> str:
    return section_of_cells(notebook)[0]


class _Progress:
    """Says what runs now: a live display on a terminal, one plain line per section elsewhere."""

    def __init__(self, console: Console, names: Sequence[str]) -> None:
        self.console = console
        self.live = console.is_terminal
        self.bar = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.fields[name]}", style="bold"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[section]}"),
            console=console,
        )
        self.tasks: dict[str, TaskID] = {
            name: self.bar.add_task("", name=name, section="", total=1.0, start=False) for name in names
        }
        self.last = ""
        self.clock = time.monotonic()

    def start(self, name: str) -> None:
        self.bar.start_task(self.tasks[name])

    def section(self, name: str, section: str, share: float) -> None:
        self.bar.update(self.tasks[name], completed=min(share, 0.99), section=escape(section))
        if not self.live and section != self.last:
            self.last = section
            self.console.print(
                f"{took(time.monotonic() - self.clock):>12}  {name}  {section}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )

    def end(self, result: NotebookResult) -> None:
        task = self.tasks[result.name]
        self.bar.update(task, completed=1.0 if result.ok else None, section=_verdict(result))
        self.bar.stop_task(task)
        if result.failure:
            _explain(result.name, result.failure, self.console)


@contextmanager
def _progress(console: Console, names: Sequence[str]) -> Iterator[_Progress]:
    progress = _Progress(console, names)
    if progress.live:
        progress.bar.start()
    try:
        yield progress
    finally:
        if progress.live:
            progress.bar.stop()


def _verdict(result: NotebookResult) -> str:
    passed, made = result.checks
    return f"[green]✔[/] {passed} checks" if result.ok else f"[red]✘[/] {passed} of {made} checks"


def _explain(name: str, failure: CellFailure, console: Console) -> None:
    """The failed cell's error in a few lines."""
    where = f", cell {failure.cell}, section {failure.section!r}" if failure.cell else ""
    console.print(f"[bold red]✘ {name}[/]{escape(where)}", highlight=False, soft_wrap=True)
    lines = failure.message.strip().splitlines() or [""]
    console.print(f"  [red]{failure.kind}[/]: {escape(lines[0])}", highlight=False, soft_wrap=True)
    for line in lines[1:6]:
        console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def _summarize(result: RunResult, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("notebook")
    for heading in ("duration", "checks", "scanned", "cost"):
        table.add_column(heading, justify="right")
    for one in result.notebooks:
        passed, made = one.checks
        mark = "[green]✔[/]" if one.ok else "[red]✘[/]"
        table.add_row(
            f"{mark} {one.name}",
            took(one.seconds),
            f"{passed}/{made}",
            amount(one.bytes_scanned),
            f"${one.dollars:.5f}",
        )
    for name in result.not_run:
        table.add_row(f"[dim]○ {name}[/]", "", "", "", "")
    passed, made = (sum(pair) for pair in zip(*(one.checks for one in result.notebooks), strict=True))
    table.add_section()
    scanned = sum(one.bytes_scanned for one in result.notebooks)
    dollars = sum(one.dollars for one in result.notebooks)
    table.add_row("[bold]total[/]", took(result.seconds), f"{passed}/{made}", amount(scanned), f"${dollars:.5f}")
    console.print()
    console.print(table)
    console.print(f"\nReport: {result.report}", highlight=False, soft_wrap=True)
    if not result.ok:
        failed = next((one for one in result.notebooks if not one.ok), None)
        if failed:
            again = f"`workshop run {' '.join([failed.name, *result.not_run])}`"
            console.print(
                f"The world was left as it is. The output of every cell up to the failed one is in {failed.executed}.\n"
                f"Go on with {again}; `workshop run 99_teardown` takes everything down.",
                highlight=False, soft_wrap=True,
            )  # fmt: skip
