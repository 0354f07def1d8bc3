"""`terraform validate` for every root and `terraform test` for every module: no account, no sandbox, no trace."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.paths import TERRAFORM
from workshop.records import took
from workshop.terraform_provider import cli_environment, find_terraform, provider_source

if TYPE_CHECKING:
    from rich.console import Console

# Credentials that belong to nobody: the tests' provider is a mock, and must not find a real one to talk to.
NOBODY = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nobody",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def validate_all(out: "Console") -> bool:
    """Check every root and module in a copy of the tree; print a line for each. Returns whether all are right."""
    executable, _ = find_terraform()
    with tempfile.TemporaryDirectory(prefix="lakehouse-validate-") as folder:
        tree = Path(folder) / "terraform"
        shutil.copytree(TERRAFORM, tree, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        lock = next(tree.glob("*/*/.terraform.lock.hcl"))
        results = [
            _check(executable, directory, lock, out)
            for directory in sorted({path.parent for path in tree.rglob("*.tf")})
            if _is_checked(directory)
        ]
    return all(results)


def _check(executable: Path, directory: Path, lock: Path, out: "Console") -> bool:
    started = time.monotonic()
    own_lock = directory / lock.name
    if not own_lock.exists():
        shutil.copy(lock, own_lock)  # modules state minimum versions; they are tested with the one that roots pin
    verb = "test" if _tests(directory) else "validate"  # a test validates first
    name = "/".join(directory.parts[-2:])
    for step in (["init", "-backend=false", "-input=false"], [verb]):
        answer = subprocess.run(
            [str(executable), *step, "-no-color"], cwd=directory, env=_environment(directory), text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if answer.returncode != 0:
            out.print(f"[red]✘[/] {name}: terraform {step[0]}", highlight=False)
            out.print(answer.stdout, markup=False, highlight=False)
            return False
    out.print(f"[green]✔[/] {name}: terraform {verb}, {took(time.monotonic() - started)}", highlight=False)
    return True


def _tests(directory: Path) -> list[Path]:
    return list(directory.glob("*.tftest.hcl"))


def _is_checked(directory: Path) -> bool:
    """Roots and tested modules; a module without tests of its own is validated with the roots that use it."""
    return bool(_tests(directory)) or (directory / ".terraform.lock.hcl").exists()


def _environment(directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    for name, value in cli_environment(provider_source(), directory).items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = value
    return kept | NOBODY | {"CHECKPOINT_DISABLE": "1"}
