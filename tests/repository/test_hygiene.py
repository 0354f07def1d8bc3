"""What must never be committed: machine paths, registry hosts, credentials, outputs, generated files."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from workshop.paths import REPOSITORY


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    return [REPOSITORY / name for name in listed if name and (REPOSITORY / name).is_file()]


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # pictures
    return found


FORBIDDEN = {
    # Written with classes so that this file does not match itself.
    "a path of a developer's machine": r"(?<![\w.])/(?:w[o]rk|r[o]ot|h[o]me/\w+|Us[e]rs/\w+)/",
    "a package registry's host": r"https?://[a-z.-]*(?:pyp[i]|pythonh[o]sted|npmj[s]|deb[i]an)[a-z.-]*",
    "an AWS access key id": r"\b(?:AK[I]A|AS[I]A)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_p[a]t_\w{22,})\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE K[E]Y-----",
    "an unfinished mark": r"\b(?:TO[D]O|FIX[M]E|X[X]X|NotImplementedErr[o]r)\b",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    hits = [
        f"{name}:{text[: match.start()].count(chr(10)) + 1}: {match[0]}"
        for name, text in texts()
        for match in pattern.finditer(text)
    ]
    assert hits == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of a developer's machine", "cache = '/ro" + "ot/.cache'"),
        ("a package registry's host", "https://files.pythonh" + "osted.org/x"),
        ("an AWS access key id", "AK" + "IA" + "ABCDEFGHIJKLMNOP"),
        ("a GitHub token", "gh" + "p_" + "a" * 36),
        ("a private key", "-----BEGIN EC PRIVATE K" + "EY-----"),
        ("an unfinished mark", "# TO" + "DO later"),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], text)


def test_notebooks_are_committed_without_outputs() -> None:
    notebooks = [path for path in tracked() if path.suffix == ".ipynb"]
    assert notebooks
    for path in notebooks:
        for cell in json.loads(path.read_text())["cells"]:
            assert not cell.get("outputs"), path.name
            assert cell.get("execution_count") is None, path.name


def test_no_large_or_generated_file_is_tracked() -> None:
    names = [str(path.relative_to(REPOSITORY)) for path in tracked()]
    assert [name for name in names if (REPOSITORY / name).stat().st_size > 1_000_000] == []
    generated = re.compile(r"\.(zip|tfstate|tfplan|pyc|gz|parquet)$|(^|/)(dist|report|\.sandbox|\.terraform)/")
    assert [name for name in names if generated.search(name)] == []


def test_the_providers_lock_is_tracked_in_every_root() -> None:
    names = {str(path.relative_to(REPOSITORY)) for path in tracked()}
    roots = {name.rsplit("/", 1)[0] for name in names if re.search(r"terraform/(envs|global)/[^/]+/main\.tf$", name)}
    assert roots
    for root in roots:
        assert f"{root}/.terraform.lock.hcl" in names
