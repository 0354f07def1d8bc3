"""Builds the Lambda archives: the same bytes from the same sources and lock, on every machine.

An archive holds the Lambda's own Python, SQL and TOML files and the pure-Python distributions that its
`requirements.txt` pins, taken from the environment that the lock installed and checked against what the wheels
recorded. boto3 and botocore are the Lambda runtime's. Entries are sorted, stored without compression (zlib's output
differs between its versions) and carry one fixed time and mode, so `source_code_hash` in Terraform changes only when
the code does.
"""

import base64
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path, PurePosixPath

from workshop.errors import WorkshopError
from workshop.paths import DIST, LAMBDAS

OWN_SUFFIXES = {".py", ".sql", ".toml"}
NOT_SHIPPED = {"__pycache__", "tests"}
NATIVE_SUFFIXES = {".so", ".pyd", ".dylib", ".dll"}
# The licences travel with the code; the name and version let scanners and importlib.metadata see what is inside.
SHIPPED_METADATA = re.compile(r"METADATA|(?:licenses/.*)|(?:LICEN[CS]E|NOTICE|COPYING|AUTHORS)[^/]*", re.IGNORECASE)
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+]+)")

# The oldest time that a zip file can hold.
ENTRY_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3
ENTRY_MODE = 0o100644 << 16


def build_all(*, lambdas: Path = LAMBDAS, dist: Path = DIST) -> list[Path]:
    """Build the archive of every Lambda; return their paths. Errors as in `build`."""
    return [build(name, lambdas=lambdas, dist=dist) for name in _names(lambdas)]


def build(name: str, *, lambdas: Path = LAMBDAS, dist: Path = DIST) -> Path:
    """Build `dist/<name>.zip` from `lambdas/<name>/`; a file that would not change is left alone.

    WorkshopError if there is no such Lambda, or if what is installed is not what its requirements pin.
    """
    if name not in _names(lambdas):
        raise WorkshopError(f"There is no Lambda {name!r}.", f"Choose one of: {', '.join(_names(lambdas))}.")
    entries = _own_files(lambdas / name)
    for pinned, version in read_pins(lambdas / name / "requirements.txt").items():
        for entry, content in _distribution_files(_installed(pinned, version)).items():
            if entry in entries:
                raise WorkshopError(f"{entry} comes twice into the archive of {name}.", f"Remove it or {pinned}.")
            entries[entry] = content
    archive = dist / f"{name}.zip"
    _write_if_changed(archive, _zip(entries))
    return archive


def read_pins(requirements: Path) -> dict[str, str]:
    """Versions by distribution name. WorkshopError for a line that is not a comment or an exact pin."""
    pins: dict[str, str] = {}
    for number, line in enumerate(requirements.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        pin = PIN.fullmatch(text)
        if pin is None:
            raise WorkshopError(f"{requirements}, line {number}: {text!r} is not a pin.", "Write name==version.")
        pins[pin[1]] = pin[2]
    return pins


def _names(lambdas: Path) -> list[str]:
    return sorted(path.parent.name for path in lambdas.glob("*/requirements.txt"))


def _own_files(root: Path) -> dict[str, bytes]:
    """The Lambda's own files by their name in the archive."""
    files = {}
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if path.is_file() and path.suffix in OWN_SUFFIXES and not NOT_SHIPPED.intersection(relative.parts):
            files[relative.as_posix()] = path.read_bytes()
    return files


def _installed(name: str, version: str) -> Distribution:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise WorkshopError(f"{name} is not installed.", "Install the locked environment: make setup.") from None
    if found.version != version:
        raise WorkshopError(
            f"{name} {found.version} is installed, but the Lambda pins {version}.",
            "Install the locked environment (make setup), or bring requirements.txt in line with the lock.",
        )
    return found


def _distribution_files(installed: Distribution) -> dict[str, bytes]:
    """A distribution's files by their name in the archive, checked against its RECORD."""
    wheel = installed.read_text("WHEEL") or ""
    if installed.files is None or not wheel:
        raise WorkshopError(f"{installed.name} was not installed from a wheel.", "Install the locked environment.")
    native = [str(file) for file in installed.files if PurePosixPath(file).suffix in NATIVE_SUFFIXES]
    if native or "Root-Is-Purelib: true" not in wheel:
        raise WorkshopError(
            f"{installed.name} is not pure Python{f' ({native[0]})' if native else ''}.",
            "A native library fits one machine only: take a pure-Python distribution or a Lambda layer.",
        )
    return {file.as_posix(): _verified(installed, file) for file in installed.files if _is_shipped(PurePosixPath(file))}


def _is_shipped(file: PurePosixPath) -> bool:
    """Whether a file of a distribution belongs into the archive: no scripts, no caches, no notes of the installer."""
    if ".." in file.parts or NOT_SHIPPED.intersection(file.parts):
        return False
    if file.parts[0].endswith(".dist-info"):
        return SHIPPED_METADATA.fullmatch("/".join(file.parts[1:])) is not None
    return True


def _verified(installed: Distribution, file: PackagePath) -> bytes:
    content = Path(str(installed.locate_file(file))).read_bytes()
    if file.hash is None or file.hash.mode != "sha256":
        raise WorkshopError(f"{file} of {installed.name} has no SHA-256 in its RECORD.", "Install it from a wheel.")
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if digest != file.hash.value:
        raise WorkshopError(
            f"{file} is not as {installed.name} {installed.version} was released.", "Reinstall it: make setup."
        )
    return content


def _zip(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, ENTRY_TIME)
            info.create_system = UNIX
            info.external_attr = ENTRY_MODE
            archive.writestr(info, entries[name])
    return buffer.getvalue()


def _write_if_changed(path: Path, content: bytes) -> None:
    """Replace the file in one step, so that a plan under way never reads half an archive."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
