"""The course, measured from an empty sandbox."""

import importlib.metadata
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from workshop.records import amount, took
from workshop.runner import RunResult, run
from workshop.sandbox.home import SandboxHome
from workshop.sandbox.lifecycle import down
from workshop.terraform import find_terraform


def measure_course(console: Console) -> RunResult:
    """Run every notebook in a new sandbox of its own; the caller's sandbox is left alone."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as folder:
        home = SandboxHome(Path(folder) / "home")
        os.environ["LAKEHOUSE_SANDBOX_HOME"] = str(home.root)
        try:
            return run(output_dir=Path(folder) / "report", console=console)
        finally:
            down(home)


def as_markdown(result: RunResult) -> str:
    """The conditions, then a row for each notebook with the time since the first one started."""
    packages = " · ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ministack", "duckdb", "papermill"))
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, Terraform {find_terraform()[1]}, {packages}; "
        f"load of the last 15 minutes {os.getloadavg()[2]:.1f}.",
        "",
        "| notebook | duration | since the start | checks | scanned |",
        "|---|---:|---:|---:|---:|",
    ]
    elapsed = 0.0
    for one in result.notebooks:
        elapsed += one.seconds
        passed, made = one.checks
        lines.append(
            f"| {one.name} | {took(one.seconds)} | {took(elapsed)} | {passed}/{made} | {amount(one.bytes_scanned)} |"
        )
    return "\n".join(lines)
