"""What this machine has, what it lacks for the workshop, and how to get it."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from workshop.errors import WorkshopError
from workshop.paths import REPOSITORY

State = Literal["ok", "warning", "missing"]

MINIMUM_PYTHON = (3, 11)
# The provider (0.7 GB unpacked), the packages, the sandbox's objects and Terraform's data, with some air.
MINIMUM_FREE_BYTES = 3 * 10**9


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its state, what was found and, unless it is fine, the way out."""

    name: str
    state: State
    found: str
    way_out: str = ""


def examine() -> list[Finding]:
    """Look at everything the workshop needs; never raises for something that is missing."""
    checks: list[Callable[[], Finding]] = [_python, _packages, _terraform, _provider, _git, _disk, _home, _sandbox]
    return [check() for check in checks]


def show(findings: list[Finding], console: Console) -> None:
    """Print the findings as a table, then one line that says whether the workshop can start."""
    marks = {"ok": "[green]✔[/]", "warning": "[yellow]![/]", "missing": "[red]✘[/]"}
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        text = finding.found if finding.state == "ok" else f"{finding.found}\n[bold]{finding.way_out}[/]"
        table.add_row(marks[finding.state], finding.name, text)
    console.print(table, highlight=False)
    missing = [finding.name for finding in findings if finding.state == "missing"]
    if missing:
        console.print(f"\n[red]Missing: {', '.join(missing)}.[/] The lines above say how to get it.")
    else:
        console.print("\n[green]Ready.[/] Start with `make workshop` or `make lab`.")


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < MINIMUM_PYTHON:
        return Finding("Python", "missing", found, "Install Python 3.11 or later: https://www.python.org/downloads/")
    return Finding("Python", "ok", found)


def locked_versions(lock: Path) -> dict[str, str]:
    """Map each distribution's normalised name in a pip requirements lock to its pinned version.

    Lines whose environment marker excludes this machine (`; sys_platform == 'win32'`) are left out.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415

    versions: dict[str, str] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not re.match(r"[A-Za-z0-9]", line):
            continue
        requirement = Requirement(line.removesuffix("\\").strip())
        if requirement.marker is None or requirement.marker.evaluate():
            name = re.sub(r"[-_.]+", "-", requirement.name).lower()
            versions[name] = next(iter(requirement.specifier)).version
    return versions


def _packages() -> Finding:
    locked = locked_versions(REPOSITORY / "requirements.lock")
    installed: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        installed[re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()] = distribution.version
    wrong = [name for name, version in locked.items() if installed.get(name) != version]
    if wrong:
        listed = ", ".join(sorted(wrong)[:5]) + (" …" if len(wrong) > 5 else "")
        return Finding(
            "Packages", "missing", f"{len(wrong)} of {len(locked)} differ from the lock: {listed}", "Run `make setup`."
        )
    return Finding("Packages", "ok", f"all {len(locked)} as locked")


def _terraform() -> Finding:
    from workshop.terraform import find_terraform  # noqa: PLC0415

    try:
        executable, version = find_terraform()
    except WorkshopError as error:
        return Finding("Terraform", "missing", error.message, error.hint)
    return Finding("Terraform", "ok", f"{version} at {executable}")


def _provider() -> Finding:
    from workshop.terraform import describe_provider_source  # noqa: PLC0415

    return Finding("AWS provider", "ok", describe_provider_source())


def _git() -> Finding:
    found = shutil.which("git")
    if found is None:
        return Finding("git", "warning", "not found", "Only needed to keep your own changes: https://git-scm.com")
    return Finding("git", "ok", found)


def _disk() -> Finding:
    free = shutil.disk_usage(REPOSITORY).free
    found = f"{free / 1e9:.0f} GB free"
    if free < MINIMUM_FREE_BYTES:
        return Finding("Disk", "missing", found, f"Free at least {MINIMUM_FREE_BYTES / 1e9:.0f} GB on this volume.")
    return Finding("Disk", "ok", found)


def _home() -> Finding:
    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415

    root = SandboxHome.default().root
    nearest = next(path for path in [root, *root.parents] if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(
            "Sandbox home",
            "missing",
            f"{nearest} is not writable",
            "Make it writable, or name another folder in LAKEHOUSE_SANDBOX_HOME.",
        )
    return Finding("Sandbox home", "ok", str(root))


def _sandbox() -> Finding:
    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415
    from workshop.sandbox.lifecycle import status  # noqa: PLC0415

    try:
        current = status(SandboxHome.default())
    except WorkshopError as error:
        return Finding("Sandbox", "missing", error.message, error.hint)
    if not current.running:
        return Finding("Sandbox", "warning", "not running", "`make sandbox-up` starts it (so do workshop and lab).")
    return Finding("Sandbox", "ok", f"running at {current.endpoint} (pid {current.pid})")
