"""pyproject.toml says what is needed, requirements.lock which exact files, environment.yml the same for conda users."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from workshop.doctor import locked_versions
from workshop.paths import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = REPOSITORY / "requirements.lock"


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("line", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"])
def test_the_lock_pins_a_version_that_pyproject_allows(line: str) -> None:
    requirement = Requirement(line)
    pinned = locked_versions(LOCK).get(normalised(requirement.name))
    assert pinned is not None, f"{requirement.name} is not in requirements.lock: run `make lock`"
    assert requirement.specifier.contains(pinned), f"{pinned} is locked: run `make lock`"


def test_every_locked_package_has_hashes_and_no_address() -> None:
    text = LOCK.read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert len(blocks) > 100
    without = [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]
    assert without == []
    assert "://" not in text
    assert "--index-url" not in text and "--find-links" not in text


def test_the_environment_of_conda_users_is_the_same() -> None:
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert f"python{PROJECT['project']['requires-python']}" in conda
    # Everything else comes from the one lock, whose agreement with pyproject.toml is tested above.
    assert pip == ["--require-hashes", "-r requirements.lock"]
    needed = re.search(r"required_version = \">= ([\d.]+)\"", _root_versions().read_text())
    assert needed is not None
    assert f"terraform>={'.'.join(needed[1].split('.')[:2])}" in conda


def _root_versions() -> Path:
    return REPOSITORY / "terraform" / "envs" / "dev" / "versions.tf"


def test_the_lock_covers_other_machines(tmp_path: Path) -> None:
    """Lines for other platforms carry a marker; locked_versions leaves out what does not apply here."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "alpha==1.0 \\\n    --hash=sha256:aa\n    # via beta\n"
        "only-elsewhere==2.0 ; sys_platform == 'no-such-platform' \\\n    --hash=sha256:bb\n"
    )
    assert locked_versions(lock) == {"alpha": "1.0"}
