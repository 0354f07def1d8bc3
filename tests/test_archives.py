"""The Lambda archives: reproducible, complete, and refused when they would not be what the lock says."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop.archives import build, build_all, read_pins
from workshop.doctor import locked_versions
from workshop.errors import WorkshopError
from workshop.paths import LAMBDAS, REPOSITORY

NAMES = ["athena_transform", "github_events_ingestor"]
# What the Python runtimes of Lambda bring along: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"]


@pytest.fixture
def lambdas(tmp_path: Path) -> Path:
    """A copy of the Lambdas that a test may change."""
    return Path(shutil.copytree(LAMBDAS, tmp_path / "lambdas"))


@pytest.fixture
def odd_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize("name", NAMES)
def test_archives_do_not_depend_on_times_modes_or_order(
    name: str, lambdas: Path, tmp_path: Path, odd_umask: None
) -> None:
    other = tmp_path / "other"
    # Created in the opposite order, with other times and modes, and with what editors and Python leave behind.
    for path in sorted((lambdas / name).rglob("*"), reverse=True):
        if path.is_file():
            copy = other / path.relative_to(lambdas)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copy.chmod(0o700)
            os.utime(copy, (1_000_000_000, 1_000_000_000))
    cache = other / name / name / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "handler.cpython-313.pyc").write_bytes(b"machine-dependent")
    (other / name / name / "handler.py~").write_text("an editor's backup")
    (other / name / "tests").mkdir()
    (other / name / "tests" / "test_it.py").write_text("")

    one = build(name, lambdas=lambdas, dist=tmp_path / "one")
    two = build(name, lambdas=other, dist=tmp_path / "two")

    assert one.read_bytes() == two.read_bytes()


def test_an_unchanged_archive_is_left_alone_and_a_changed_one_is_replaced(lambdas: Path, tmp_path: Path) -> None:
    name = "github_events_ingestor"
    archive = build(name, lambdas=lambdas, dist=tmp_path)
    os.utime(archive, (1_000_000_000, 1_000_000_000))

    build(name, lambdas=lambdas, dist=tmp_path)
    assert archive.stat().st_mtime == 1_000_000_000

    (lambdas / name / name / "added.py").write_text("ADDED = True\n")
    build(name, lambdas=lambdas, dist=tmp_path)
    with zipfile.ZipFile(archive) as entries:
        assert entries.read(f"{name}/added.py") == b"ADDED = True\n"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [archive.name]


@pytest.mark.parametrize("name", NAMES)
def test_the_handler_imports_with_nothing_but_the_archive_and_the_runtime(name: str, tmp_path: Path) -> None:
    task, runtime = tmp_path / "task", tmp_path / "runtime"
    with zipfile.ZipFile(build(name, dist=tmp_path)) as archive:
        archive.extractall(task)
    runtime.mkdir()
    for library in RUNTIME:
        package = library.removesuffix(".py")
        origin = importlib.import_module(package).__file__
        assert origin is not None
        (runtime / library).symlink_to(Path(origin) if library.endswith(".py") else Path(origin).parent)
    program = f"""
import sys
sys.path[:0] = [{str(task)!r}, {str(runtime)!r}]
import importlib, json
module = importlib.import_module("{name}.handler")
origins = {{entry: sys.modules[entry].__file__ for entry in ("aws_lambda_powertools", "{name}")}}
print(json.dumps([callable(module.handler), origins]))
"""
    # -I and -S: no site-packages, no variables, no working directory.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, cwd=tmp_path, env={}, check=False
    )
    assert done.returncode == 0, done.stderr
    is_callable, origins = json.loads(done.stdout)
    assert is_callable
    assert all(Path(origin).is_relative_to(task) for origin in origins.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_pins_are_the_locks(name: str) -> None:
    locked = locked_versions(REPOSITORY / "requirements.lock")
    pins = {pinned.replace("_", "-"): version for pinned, version in read_pins(requirements(name)).items()}
    assert pins
    assert {pinned: locked[pinned] for pinned in pins} == pins


def requirements(name: str) -> Path:
    return LAMBDAS / name / "requirements.txt"


def test_the_transforms_sql_lies_at_the_root(tmp_path: Path) -> None:
    with zipfile.ZipFile(build("athena_transform", dist=tmp_path)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist() if name.startswith("sql/")}
    there = {f"sql/{path.name}": path.read_bytes() for path in (LAMBDAS / "athena_transform" / "sql").glob("*.sql")}
    assert inside == there
    assert inside


def test_the_archive_holds_licences_and_no_native_or_compiled_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(build("github_events_ingestor", dist=tmp_path)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    assert [name for name in names if name.endswith((".so", ".pyc")) or "__pycache__" in name] == []
    assert names == sorted(set(names))
    assert sum("LICEN" in name for name in names) == len(read_pins(requirements("github_events_ingestor")))
    assert not any(name.startswith(("boto3", "botocore")) for name in names)


def test_build_all_finds_every_lambda(tmp_path: Path) -> None:
    assert [path.name for path in build_all(dist=tmp_path)] == [f"{name}.zip" for name in NAMES]


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ("urllib3==1.0.0", "urllib3 .* is installed, but the Lambda pins 1.0.0"),
        ("urllib3>=2", "line 1: 'urllib3>=2' is not a pin"),
        ("no-such-distribution==1.0", "no-such-distribution is not installed"),
        (f"numpy=={importlib.metadata.version('numpy')}", r"numpy is not pure Python \(numpy"),
    ],
)
def test_requirements_that_cannot_be_met_are_refused(
    requirement: str, message: str, lambdas: Path, tmp_path: Path
) -> None:
    (lambdas / "github_events_ingestor" / "requirements.txt").write_text(f"{requirement}  # a comment\n")
    with pytest.raises(WorkshopError, match=message):
        build("github_events_ingestor", lambdas=lambdas, dist=tmp_path)
    assert not (tmp_path / "github_events_ingestor.zip").exists()


def test_a_distribution_changed_after_its_installation_is_refused(
    lambdas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "tiny").mkdir(parents=True)
    (site / "tiny" / "__init__.py").write_text("changed = True\n")
    (site / "tiny-1.0.dist-info").mkdir()
    (site / "tiny-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (site / "tiny-1.0.dist-info" / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    # The digest of an empty file: base64 of the SHA-256 that the standard gives for no input.
    (site / "tiny-1.0.dist-info" / "RECORD").write_text(
        "tiny/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
    )
    monkeypatch.syspath_prepend(str(site))
    (lambdas / "github_events_ingestor" / "requirements.txt").write_text("tiny==1.0\n")
    with pytest.raises(WorkshopError, match=r"is not as tiny 1\.0 was released"):
        build("github_events_ingestor", lambdas=lambdas, dist=tmp_path)

    (site / "tiny" / "__init__.py").write_text("")
    with zipfile.ZipFile(build("github_events_ingestor", lambdas=lambdas, dist=tmp_path)) as archive:
        assert archive.read("tiny/__init__.py") == b""


def test_an_unknown_lambda_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match="no Lambda 'nothing'"):
        build("nothing", dist=tmp_path)
