"""Rules for the Terraform files that no Terraform command checks."""

import re
from pathlib import Path

import pytest

from workshop.adopt import FINDERS
from workshop.paths import TERRAFORM

FILES = sorted(path for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts)
FOLDERS = sorted({path.parent for path in FILES})
ROOTS = [folder for folder in FOLDERS if folder.parent.name in {"envs", "global"}]
MODULES = [folder for folder in FOLDERS if folder not in ROOTS]
TEXT = {path: path.read_text(encoding="utf-8") for path in FILES}


def name(path: Path) -> str:
    return str(path.relative_to(TERRAFORM))


def blocks(kind: str) -> list[tuple[str, str]]:
    """(file and name, body) of every top-level block of a kind."""
    pattern = re.compile(rf'^{kind} "([^"]+)"(?: "([^"]+)")? {{\n(.*?)^}}', re.MULTILINE | re.DOTALL)
    return [
        (f"{name(path)}: {'.'.join(filter(None, found.groups()[:2]))}", found[3])
        for path, text in TEXT.items()
        for found in pattern.finditer(text)
    ]


def test_there_is_something_to_check() -> None:
    assert {name(root) for root in ROOTS} >= {"envs/dev", "global/remote_state"}
    assert len(MODULES) >= 6
    assert len(blocks("resource")) > 25
    assert len(blocks("variable")) > 40


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_every_folder_has_the_same_files(folder: Path) -> None:
    assert {"main.tf", "variables.tf", "outputs.tf", "versions.tf"} <= {path.name for path in folder.iterdir()}


def test_a_wildcard_resource_has_its_reason_beside_it() -> None:
    bare = [
        f"{name(path)}:{number}"
        for path, text in TEXT.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(r'[Rr]esources?\s*=\s*\[?\s*"\*"', line) and "#" not in line
    ]
    assert bare == []


def test_nothing_knows_where_it_runs() -> None:
    words = re.compile(
        r"sandbox|ministack|localstack|emulator|127\.0\.0\.1|localhost|endpoints\s*{|skip_\w+", re.IGNORECASE
    )
    texts = [
        *TEXT.items(),
        *((path, path.read_text()) for path in TERRAFORM.rglob("*.hcl") if ".terraform" not in path.parts),
    ]
    assert [f"{name(path)}: {found[0]}" for path, text in texts if (found := words.search(text))] == []


def test_no_secret_passes_through_variables_or_outputs() -> None:
    """A secret in either would be in the state and in plan text. The name of a parameter that holds one is fine."""
    suspicious = re.compile(r"token|secret|password|credential|access_key", re.IGNORECASE)
    named = [
        where for kind in ("variable", "output") for where, _ in blocks(kind) if suspicious.search(where.split(": ")[1])
    ]
    assert {where.split(": ")[1] for where in named} <= {"github_token_parameter"}


@pytest.mark.parametrize(("where", "body"), blocks("variable"), ids=lambda value: value if ": " in value else "")
def test_variables_are_described_typed_and_null_only_where_that_means_something(where: str, body: str) -> None:
    assert re.search(r'^  description\s+= ".{10,}"', body, re.MULTILINE)
    assert re.search(r"^  type\s+= ", body, re.MULTILINE)
    absent = re.search(r"^  default\s+= null", body, re.MULTILINE) and ("object(" in body or "Null: " in body)
    assert absent or re.search(r"^  nullable\s+= false", body, re.MULTILINE)


@pytest.mark.parametrize(("where", "body"), blocks("output"), ids=lambda value: value if ": " in value else "")
def test_outputs_are_described(where: str, body: str) -> None:
    assert re.search(r'^  description\s+= ".{10,}"', body, re.MULTILINE)


def test_every_variable_is_used() -> None:
    unused = [
        f"{name(folder)}: {variable}"
        for folder in FOLDERS
        for variable in re.findall(r'^variable "(\w+)"', (folder / "variables.tf").read_text(), re.MULTILINE)
        if not any(
            re.search(rf"\bvar\.{variable}\b", TEXT[path])
            for path in folder.glob("*.tf")
            if path.name != "variables.tf"
        )
    ]
    assert unused == []


@pytest.mark.parametrize("root", ROOTS, ids=name)
def test_roots_pin_the_provider_and_its_hashes(root: Path) -> None:
    versions = (root / "versions.tf").read_text()
    assert 'required_version = ">= 1.11"' in versions
    assert 'version = "5.100.0"' in versions
    lock = (root / ".terraform.lock.hcl").read_text()
    assert re.search(r'version\s+= "5\.100\.0"', lock)
    assert lock.count('"zh:') > 10, "a zip hash for every platform"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_modules_state_minimum_versions_and_configure_no_provider(module: Path) -> None:
    assert 'version = ">= 5.100"' in (module / "versions.tf").read_text()
    assert not any(re.search(r"^provider ", TEXT[path], re.MULTILINE) for path in module.glob("*.tf"))


@pytest.mark.parametrize("root", ROOTS, ids=name)
def test_the_provider_block_has_region_and_tags_only(root: Path) -> None:
    found = re.search(r'^provider "aws" {\n(.*?)^}', (root / "main.tf").read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    assert set(re.findall(r"^  (\w+)", found[1], re.MULTILINE)) == {"region", "default_tags"}
    assert set(re.findall(r"^      (\w+)", found[1], re.MULTILINE)) == {
        "Project",
        "Environment",
        "ManagedBy",
        "Repository",
    }


def test_no_resource_overrides_a_default_tag() -> None:
    assert [where for where, body in blocks("resource") if re.search(r"^  tags\b", body, re.MULTILINE)] == []


def test_an_interrupted_apply_can_be_picked_up_whatever_it_had_made() -> None:
    types = {where.split(": ")[1].split(".")[0] for where, _ in blocks("resource")}
    assert types - FINDERS.keys() == set()
