"""Finds Terraform itself, and the place where it takes the AWS provider from."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.paths import TERRAFORM

# S3-native state locking (`use_lockfile`) left its experimental stage in 1.11:
# https://developer.hashicorp.com/terraform/language/backend/s3
MINIMUM_VERSION = (1, 11)
INSTALL = "Install 1.11 or newer from https://developer.hashicorp.com/terraform/install and put it on PATH."
REGISTRY = "registry.terraform.io"
# Python's names of processors that Terraform names otherwise.
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def find_terraform(env: Mapping[str, str] | None = None) -> tuple[Path, str]:
    """Return the Terraform on PATH and its version. Raises `WorkshopError` if there is none or it is too old."""
    path = (os.environ if env is None else env).get("PATH")
    found = shutil.which("terraform", path=path)
    if found is None:
        raise WorkshopError("Terraform is not installed.", INSTALL)
    try:
        answer = subprocess.run(
            [found, "version", "-json"], capture_output=True, text=True, timeout=60, check=True, env=_quiet(env)
        )
        version = str(json.loads(answer.stdout)["terraform_version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise WorkshopError(f"{found} does not say which version of Terraform it is: {error}", INSTALL) from error
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < MINIMUM_VERSION:
        raise WorkshopError(f"Terraform {version} at {found} is too old.", INSTALL)
    return Path(found), version


def _quiet(env: Mapping[str, str] | None) -> dict[str, str]:
    """The environment without a CLI configuration that does not exist, of which Terraform would complain."""
    kept = dict(os.environ if env is None else env)
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "/")).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    return kept


@dataclass(frozen=True)
class ProviderSource:
    """Where providers come from: the user's own CLI configuration, a mirror on this machine, or the registry."""

    configuration: Path | None = None
    mirror: Path | None = None

    def describe(self) -> str:
        """One line for people."""
        if self.configuration is not None:
            return f"as {self.configuration} says"
        if self.mirror is not None:
            return f"from the mirror {self.mirror}"
        return "downloaded from the Terraform registry"


def provider_source(env: Mapping[str, str] | None = None, roots: Iterable[Path] | None = None) -> ProviderSource:
    """Decide where Terraform shall take the AWS provider from.

    A CLI configuration that exists wins: the file that TF_CLI_CONFIG_FILE names, else `~/.terraformrc`. Without one a
    mirror is looked for in `roots`, by default where systems keep optional software and shared files.
    """
    environment = os.environ if env is None else env
    home = Path(environment.get("HOME") or Path.home())
    for named in (environment.get("TF_CLI_CONFIG_FILE"), home / ".terraformrc"):
        if named and Path(named).is_file():
            return ProviderSource(configuration=Path(named))
    version = required_provider_version()
    for mirror in _mirrors(search_roots(environment) if roots is None else roots):
        if _holds(mirror, version):
            return ProviderSource(mirror=mirror.parent)
    return ProviderSource()


def describe_provider_source() -> str:
    """Say in one line where the AWS provider comes from."""
    return f"{required_provider_version()}, {provider_source().describe()}"


def search_roots(env: Mapping[str, str]) -> list[Path]:
    """Folders in which machines without a network keep provider mirrors, the user's own first."""
    home = Path(env.get("HOME") or Path.home())
    data_home = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    data_folders = [Path(one) for one in env.get("XDG_DATA_DIRS", "").split(os.pathsep) if one]
    return [
        home / ".terraform.d" / "plugins",
        data_home / "terraform" / "plugins",
        *(folder / "terraform" / "plugins" for folder in data_folders),
        Path("/opt"),
        Path("/usr/local/share"),
        Path("/usr/share"),
    ]


def _mirrors(roots: Iterable[Path]) -> Iterator[Path]:
    """Folders named like the registry, at most two levels below a root."""
    for root in roots:
        yield root / REGISTRY
        try:
            inner = sorted(path for path in root.iterdir() if path.is_dir())
        except OSError:
            continue  # not there, or not ours to read
        yield from (path / REGISTRY for path in inner)


def _holds(mirror: Path, version: str) -> bool:
    """Whether a mirror has the AWS provider for this machine, packed or unpacked."""
    folder = mirror / "hashicorp" / "aws"
    target = _platform()
    packed = folder / f"terraform-provider-aws_{version}_{target}.zip"
    try:
        return packed.is_file() or (folder / version / target).is_dir()
    except OSError:
        return False


def _platform() -> str:
    """This machine as Terraform names it, e.g. linux_amd64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{MACHINES.get(machine, machine)}"


def required_provider_version() -> str:
    """The version that the roots pin."""
    text = (TERRAFORM / "envs" / "dev" / "versions.tf").read_text(encoding="utf-8")
    found = re.search(r'version = "(\d+\.\d+\.\d+)"', text)
    if found is None:
        raise WorkshopError(f"{TERRAFORM}/envs/dev/versions.tf does not pin the AWS provider.")
    return found[1]


def cli_environment(source: ProviderSource, state_home: Path) -> dict[str, str | None]:
    """Variables that make Terraform use `source`; None means unset. Writes a CLI configuration for a mirror."""
    if source.configuration is not None:
        return {"TF_CLI_CONFIG_FILE": str(source.configuration)}
    if source.mirror is None:
        # Both roots need the same 0.7 GB: download it once, unless the user has a cache already.
        cache = Path(os.environ.get("TF_PLUGIN_CACHE_DIR") or state_home / "plugin-cache")
        cache.mkdir(parents=True, exist_ok=True)
        return {"TF_CLI_CONFIG_FILE": None, "TF_PLUGIN_CACHE_DIR": str(cache)}
    written = state_home / "terraform.rc"
    text = (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(source.mirror))}\n"
        f'    include = ["{REGISTRY}/hashicorp/aws"]\n'
        "  }\n"
        "  direct {\n"
        f'    exclude = ["{REGISTRY}/hashicorp/aws"]\n'
        "  }\n"
        "}\n"
    )
    if not written.is_file() or written.read_text(encoding="utf-8") != text:
        written.write_text(text, encoding="utf-8")
    return {"TF_CLI_CONFIG_FILE": str(written)}
