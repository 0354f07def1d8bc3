"""Where Terraform and its provider are found, on made-up machines."""

import platform
from pathlib import Path

import pytest

from workshop.errors import WorkshopError
from workshop.terraform_provider import (
    ProviderSource,
    cli_environment,
    find_terraform,
    provider_source,
    search_roots,
)

VERSION = "5.100.0"  # as in the roots' versions.tf
TARGET = f"{platform.system().lower()}_{'arm64' if platform.machine() in {'arm64', 'aarch64'} else 'amd64'}"


def unpacked(folder: Path, version: str = VERSION) -> Path:
    """A mirror below `folder`; returns what a CLI configuration has to name."""
    (folder / "registry.terraform.io" / "hashicorp" / "aws" / version / TARGET).mkdir(parents=True)
    return folder


def home(tmp_path: Path, **variables: str) -> dict[str, str]:
    (tmp_path / "home").mkdir(exist_ok=True)
    return {"HOME": str(tmp_path / "home"), "PATH": "", **variables}


@pytest.mark.parametrize("depth", ["", "plugins"])
def test_a_mirror_at_most_two_levels_deep_is_used(tmp_path: Path, depth: str) -> None:
    mirror = unpacked(tmp_path / "opt" / depth)
    assert provider_source(home(tmp_path), [tmp_path / "opt"]) == ProviderSource(mirror=mirror)


def test_a_deeper_one_is_not(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt" / "vendor" / "terraform")
    assert provider_source(home(tmp_path), [tmp_path / "opt"]) == ProviderSource()


def test_a_packed_mirror_counts(tmp_path: Path) -> None:
    folder = tmp_path / "registry.terraform.io" / "hashicorp" / "aws"
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_{VERSION}_{TARGET}.zip").touch()
    assert provider_source(home(tmp_path), [tmp_path]).mirror == tmp_path


def test_a_mirror_without_our_version_is_passed_over(tmp_path: Path) -> None:
    unpacked(tmp_path / "old", version="4.0.0")
    good = unpacked(tmp_path / "share" / "new")
    assert provider_source(home(tmp_path), [tmp_path / "old", tmp_path / "share"]).mirror == good


def test_without_a_mirror_terraform_downloads(tmp_path: Path) -> None:
    source = provider_source(home(tmp_path), [tmp_path / "nothing-here"])
    variables = cli_environment(source, tmp_path)
    assert variables["TF_CLI_CONFIG_FILE"] is None
    assert "registry" in source.describe()


def test_an_existing_configuration_wins(tmp_path: Path) -> None:
    mirror = unpacked(tmp_path / "opt")
    configuration = tmp_path / "my.tfrc"
    configuration.touch()
    env = home(tmp_path, TF_CLI_CONFIG_FILE=str(configuration))
    source = provider_source(env, [mirror])
    assert source == ProviderSource(configuration=configuration)
    assert cli_environment(source, tmp_path) == {"TF_CLI_CONFIG_FILE": str(configuration)}


def test_a_configuration_that_does_not_exist_is_ignored(tmp_path: Path) -> None:
    mirror = unpacked(tmp_path / "opt")
    env = home(tmp_path, TF_CLI_CONFIG_FILE=str(tmp_path / "missing"))
    assert provider_source(env, [mirror]).mirror == mirror


def test_the_users_own_terraformrc_wins(tmp_path: Path) -> None:
    mirror = unpacked(tmp_path / "opt")
    env = home(tmp_path)
    (tmp_path / "home" / ".terraformrc").touch()
    assert provider_source(env, [mirror]).configuration == tmp_path / "home" / ".terraformrc"


def test_the_users_folders_come_before_the_systems(tmp_path: Path) -> None:
    roots = search_roots(home(tmp_path, XDG_DATA_HOME="/data", XDG_DATA_DIRS="/a:/b"))
    assert roots[:4] == [
        tmp_path / "home" / ".terraform.d" / "plugins",
        Path("/data/terraform/plugins"),
        Path("/a/terraform/plugins"),
        Path("/b/terraform/plugins"),
    ]
    assert {Path("/opt"), Path("/usr/share"), Path("/usr/local/share")} <= set(roots)


def test_only_the_aws_provider_is_tied_to_the_mirror(tmp_path: Path) -> None:
    written = cli_environment(ProviderSource(mirror=tmp_path / "my mirror"), tmp_path)["TF_CLI_CONFIG_FILE"]
    assert written is not None
    text = Path(written).read_text()
    assert f'path    = "{tmp_path}/my mirror"' in text
    assert text.count("hashicorp/aws") == 2  # included in the one, excluded from the other


def terraform_that_says(folder: Path, text: str) -> dict[str, str]:
    script = folder / "terraform"
    script.write_text(f"#!/bin/sh\necho '{text}'\n")
    script.chmod(0o755)
    return {"PATH": str(folder), "HOME": str(folder)}


def test_terraform_is_missing(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match="not installed") as caught:
        find_terraform({"PATH": str(tmp_path)})
    assert "https://" in caught.value.hint


def test_terraform_is_too_old(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match=r"1\.9\.8.* too old"):
        find_terraform(terraform_that_says(tmp_path, '{"terraform_version": "1.9.8"}'))


def test_terraform_is_something_else(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match="does not say which version"):
        find_terraform(terraform_that_says(tmp_path, "Hello"))


def test_two_digits_are_more_than_one(tmp_path: Path) -> None:
    env = terraform_that_says(tmp_path, '{"terraform_version": "1.11.0"}')
    assert find_terraform(env) == (tmp_path / "terraform", "1.11.0")
