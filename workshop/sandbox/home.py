"""The one folder that holds everything of a sandbox: state, certificates, credentials, logs and Terraform's state."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workshop.errors import WorkshopError
from workshop.paths import REPOSITORY

# Raised when an older checkout could no longer read what a newer one writes.
FORMAT = 2
ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
USER = "learner"


@dataclass(frozen=True)
class Settings:
    """What is decided at a sandbox's first start and kept: Terraform's state and open shells depend on it."""

    https_port: int
    http_port: int
    account: str
    region: str
    recording: str | None = None
    # How many events the generated hours of the GH Archive replica have on average: a lesson's day takes seconds.
    archive_events_per_hour: int = 1000


@dataclass(frozen=True)
class Credentials:
    """Access keys of the IAM user that learners work as."""

    access_key_id: str
    secret_access_key: str


class SandboxHome:
    """Paths inside a sandbox's folder, and the variables that point AWS clients at it."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        # Says that the folder is a sandbox's, so that a reset may delete it.
        self.marker = self.root / ".lakehouse-sandbox"
        self.settings_file = self.root / "settings.json"
        self.credentials_file = self.root / "credentials.json"
        self.lock = self.root / "lock.json"
        self.log = self.root / "sandbox.log"
        self.start_log = self.root / "start.log"
        self.certificates = self.root / "certificates"
        self.ca_bundle = self.certificates / "ca.pem"
        self.trust_bundle = self.certificates / "trust.pem"
        self.emulator_state = self.root / "state"
        self.s3_data = self.root / "s3"
        self.tmp = self.root / "tmp"
        self.athena = self.root / "athena"
        self.github = self.root / "github"
        self.terraform = self.root / "terraform"

    @classmethod
    def default(cls) -> "SandboxHome":
        """The folder that `LAKEHOUSE_SANDBOX_HOME` names, else `.sandbox/` in the checkout."""
        named = os.environ.get("LAKEHOUSE_SANDBOX_HOME")
        return cls(Path(named) if named else REPOSITORY / ".sandbox")

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that must exist before the server starts."""
        return (
            self.certificates,
            self.emulator_state,
            self.s3_data,
            self.tmp,
            self.athena,
            self.github,
            self.terraform,
        )

    def prepare(self) -> None:
        """Create the folder, its marker and its sub-folders, readable by this user only; keep what is there.

        Raises `WorkshopError` for a folder that cannot be written, that holds something else, or whose state was
        written by a newer version.
        """
        try:
            if self.root.exists() and not self.marker.exists() and any(self.root.iterdir()):
                raise WorkshopError(
                    f"{self.root} is not empty and not a sandbox's folder.",
                    "Name another folder in LAKEHOUSE_SANDBOX_HOME.",
                )
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._format() < FORMAT:
                write_private(self.marker, json.dumps({"format": FORMAT}))
            for folder in self.folders:
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise WorkshopError(
                f"The sandbox cannot write to {self.root}: {error.strerror}.",
                "Make the folder writable, or name another one in LAKEHOUSE_SANDBOX_HOME.",
            ) from error

    def _format(self) -> int:
        """The format of what is in the folder, 0 for a new one. Raises `WorkshopError` for a newer one than ours."""
        found = int(_read(self.marker).get("format", 0)) if self.marker.exists() else 0
        if found > FORMAT:
            raise WorkshopError(
                f"The sandbox in {self.root} was written by a newer version of the workshop (format {found}).",
                "Update the checkout, or wipe the sandbox with `make sandbox-reset`.",
            )
        return found

    @cached_property
    def settings(self) -> Settings:
        """What the first start decided. Raises `WorkshopError` if there was none or the file is damaged."""
        if not self.settings_file.exists():
            raise WorkshopError("The sandbox is not running.", "Start it with `make sandbox-up`.")
        try:
            return Settings(**_read(self.settings_file))
        except TypeError as error:
            raise _damaged(self.settings_file) from error

    def save_settings(self, settings: Settings) -> None:
        """Remember the settings for every later start."""
        write_private(self.settings_file, json.dumps(asdict(settings), indent=2) + "\n")
        self.__dict__["settings"] = settings

    @property
    def credentials(self) -> Credentials:
        """The learner's access keys. Raises `WorkshopError` before the first start."""
        if not self.credentials_file.exists():
            raise WorkshopError("The sandbox is not running.", "Start it with `make sandbox-up`.")
        try:
            return Credentials(**_read(self.credentials_file))
        except TypeError as error:
            raise _damaged(self.credentials_file) from error

    @property
    def endpoint(self) -> str:
        """Where AWS clients connect, over TLS."""
        return f"https://127.0.0.1:{self.settings.https_port}"

    @property
    def http_endpoint(self) -> str:
        """The same without TLS: what TLS-only policies deny."""
        return f"http://127.0.0.1:{self.settings.http_port}"

    def environment(self) -> dict[str, str | None]:
        """Map the variables that make any AWS client talk to the sandbox to their values; None means unset."""
        region = self.settings.region
        live = os.environ.get("LAKEHOUSE_SOURCE") == "live"
        no_proxy = without_proxy(os.environ)
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.ca_bundle),
            # Arrow and polars do not know AWS_CA_BUNDLE. Public certificates are in this file too.
            "SSL_CERT_FILE": str(self.trust_bundle),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_SESSION_TOKEN": None,
            "AWS_PROFILE": None,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "LAKEHOUSE_PLAIN_HTTP_ENDPOINT": self.http_endpoint,
            "LAKEHOUSE_STATE_HOME": str(self.terraform),
            "TF_VAR_github_api_url": None if live else f"{self.endpoint}/_github",
            "TF_VAR_gharchive_url": None if live else f"{self.endpoint}/_gharchive",
        }


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on, all different."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, all of it or nothing."""
    staged = path.with_name(path.name + ".new")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    staged.replace(path)


def without_proxy(environ: Mapping[str, str]) -> str:
    """The hosts of `NO_PROXY`, and this machine."""
    named = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    hosts = [host for host in named.split(",") if host]
    return ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _damaged(path: Path) -> WorkshopError:
    return WorkshopError(f"{path} is damaged.", "Wipe the sandbox with `make sandbox-reset` and start it again.")
