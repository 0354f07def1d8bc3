"""`make` and `workshop` offer the same commands, each described, and say plainly what is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.paths import REPOSITORY


def workshop(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workshop", *arguments],
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def recipes() -> str:
    return "\n".join(path.read_text() for path in sorted((REPOSITORY / "make").glob("*.mk")))


def test_make_help_lists_every_target_with_its_description() -> None:
    shown = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    described = re.findall(r"^([a-z-]+):.*## (.+)$", recipes(), re.M)
    assert len(described) > 15
    for target, description in described:
        assert re.search(rf"^  {target} +{re.escape(description)}$", shown, re.M), target
    for name in ("plan-<env>", "apply-<env>", "destroy-<env>"):
        assert name in shown


def test_every_make_target_calls_a_command_that_exists() -> None:
    called = set(re.findall(r"\$\(WORKSHOP\) ([a-z-]+(?: [a-z-]+)?)", recipes()))
    assert {"run", "lab", "sandbox-up", "sandbox-down", "sandbox-reset", "doctor", "terraform plan"} <= called
    for command in called:
        words = command.split() if command.startswith("terraform") else command.split()[:1]
        answer = workshop(*words, "--help")
        assert answer.returncode == 0, command
        assert "Usage:" in answer.stdout


@pytest.mark.parametrize("command", ["env", "status", "doctor"])
def test_commands_work_without_a_sandbox(command: str, tmp_path: Path) -> None:
    answer = workshop(command, LAKEHOUSE_SANDBOX_HOME=str(tmp_path / "none"))
    assert "Traceback" not in answer.stderr
    if command == "env":
        assert answer.returncode == 1
        assert answer.stdout == ""
        assert "sandbox is not running" in answer.stderr.lower()
        assert "make sandbox-up" in answer.stderr
    else:
        assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "42_no_such_notebook"], "42_no_such_notebook"),
        (["run", "-p", "colour=red"], "colour"),
        (["run", "-p", "noequals"], "NAME=VALUE"),
        (["run", "-p", "env=moon", "03"], "moon"),
        (["terraform", "plan", "moon"], "moon"),
        (["backfill", "2024-01-15", "--env", "moon"], "moon"),
        (["backfill", "2024-02-30"], "2024-02-30"),
        (["backfill", "2024-01-15", "--hours", "7-5"], "7-5"),
        (["quarantine", "yesterday"], "yesterday"),
        (["replay", "2024-1-5"], "2024-1-5"),
        (["lineage", "today", "PushEvent", "octo/cat"], "today"),
        (["github-token", "ghp_0123"], "never an argument"),
    ],
)
def test_wrong_input_is_one_clear_line(arguments: list[str], says: str, tmp_path: Path) -> None:
    home = tmp_path / "none"
    answer = workshop(*arguments, LAKEHOUSE_SANDBOX_HOME=str(home))
    assert answer.returncode == 1
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not home.exists(), "nothing may be started for a command that cannot work"


@pytest.mark.parametrize("arguments", [["run"], ["terraform", "plan", "dev"], ["doctor"]])
@pytest.mark.parametrize(("version", "says"), [(None, "not installed"), ("1.5.7", "too old")])
def test_without_a_fitting_terraform_nothing_starts(
    arguments: list[str], version: str | None, says: str, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if version:
        (programs / "terraform").write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
        (programs / "terraform").chmod(0o755)
    home = tmp_path / "home"
    answer = workshop(*arguments, PATH=str(programs), LAKEHOUSE_SANDBOX_HOME=str(home))
    assert answer.returncode == 1
    assert says in answer.stdout + answer.stderr
    assert "1.11" in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    assert not home.exists()


def test_a_missing_or_wrong_recording_is_refused_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    missing = workshop("sandbox-up", "--recording", str(tmp_path / "none.jsonl"), LAKEHOUSE_SANDBOX_HOME=str(home))
    assert missing.returncode == 1 and "none.jsonl" in missing.stderr
    wrong = tmp_path / "shopping.jsonl"
    wrong.write_text('{"item": "bread"}\n')
    refused = workshop("sandbox-up", "--recording", str(wrong), LAKEHOUSE_SANDBOX_HOME=str(home))
    assert refused.returncode == 1
    assert "shopping.jsonl" in refused.stderr and "event" in refused.stderr
    assert "Traceback" not in missing.stderr + refused.stderr
