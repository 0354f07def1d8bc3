"""Starting, stopping and wiping: each does its own part, and each failure is one clear line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from running_sandbox import RunningSandbox

from workshop.errors import WorkshopError
from workshop.sandbox import lifecycle
from workshop.sandbox.endpoint import check_endpoint
from workshop.sandbox.home import SandboxHome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxHome]:
    monkeypatch.delenv("LAKEHOUSE_RECORDING", raising=False)
    home = SandboxHome(tmp_path / "home")
    yield home
    lifecycle.down(home)


def test_up_is_idempotent_and_down_keeps_ports_credentials_and_authority(home: SandboxHome) -> None:
    first = lifecycle.up(home)
    assert first.running and first.pid and first.endpoint and first.source == "the seeded generator"
    assert lifecycle.up(home) == first
    environment, authority = home.environment(), home.ca_bundle.read_bytes()
    assert lifecycle.down(home)
    assert not lifecycle.status(home).running
    assert not lifecycle.down(home)
    for port in (home.settings.https_port, home.settings.http_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    second = lifecycle.up(home)
    assert second.pid != first.pid
    assert SandboxHome(home.root).environment() == environment
    assert home.ca_bundle.read_bytes() == authority


def test_the_environment_is_the_contract(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    monkeypatch.delenv("LAKEHOUSE_SOURCE", raising=False)
    home, settings = sandbox.home, sandbox.home.settings
    environment = home.environment()
    assert environment["AWS_ENDPOINT_URL"] == f"https://127.0.0.1:{settings.https_port}"
    assert environment["LAKEHOUSE_PLAIN_HTTP_ENDPOINT"] == f"http://127.0.0.1:{settings.http_port}"
    assert environment["AWS_CA_BUNDLE"] == str(home.root / "certificates" / "ca.pem")
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environment["AWS_SESSION_TOKEN"] is None and environment["AWS_PROFILE"] is None
    assert environment["NO_PROXY"] == environment["no_proxy"] == "internal.example,127.0.0.1,localhost"
    assert environment["LAKEHOUSE_STATE_HOME"] == str(home.root / "terraform")
    assert environment["TF_VAR_github_api_url"] == f"https://127.0.0.1:{settings.https_port}/_github"
    assert environment["TF_VAR_gharchive_url"] == f"https://127.0.0.1:{settings.https_port}/_gharchive"
    monkeypatch.setenv("LAKEHOUSE_SOURCE", "live")
    assert home.environment()["TF_VAR_github_api_url"] is None
    assert home.environment()["TF_VAR_gharchive_url"] is None


def test_commands_without_a_sandbox_say_how_to_start_it(home: SandboxHome) -> None:
    assert not lifecycle.status(home).running
    for call in (lambda: lifecycle.require_running(home), home.environment):
        with pytest.raises(WorkshopError, match=r"^The sandbox is not running\. Start it with `make sandbox-up`\.$"):
            call()
    assert not home.root.exists()


def test_a_taken_port_is_named_with_its_owner_and_never_exchanged(home: SandboxHome) -> None:
    lifecycle.up(home)
    lifecycle.down(home)
    ports = home.settings
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", ports.http_port))
        other.listen()
        with pytest.raises(WorkshopError, match=f"Port {ports.http_port} .*taken") as refused:
            lifecycle.up(home)
    if Path("/proc/net/tcp").exists():
        assert f"(pid {os.getpid()})" in refused.value.message
    assert "sandbox-reset" in refused.value.hint
    assert SandboxHome(home.root).settings == ports


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which even root cannot write")
def test_an_unwritable_folder_is_named() -> None:
    with pytest.raises(WorkshopError, match=r"cannot write to /proc/self/home.*LAKEHOUSE_SANDBOX_HOME"):
        lifecycle.up(SandboxHome(Path("/proc/self/home")))


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkshopError, match="cannot write to"):
        lifecycle.up(SandboxHome(tmp_path / "file" / "home"))


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    foreign = SandboxHome(tmp_path)
    with pytest.raises(WorkshopError, match="not a sandbox's folder"):
        lifecycle.up(foreign)
    with pytest.raises(WorkshopError, match="nothing was deleted"):
        lifecycle.reset(foreign)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_reset_wipes_a_running_sandbox(home: SandboxHome) -> None:
    first = lifecycle.up(home)
    outside = home.root.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    (home.root / "link").symlink_to(outside)
    lifecycle.reset(home)
    assert not home.root.exists()
    assert (outside / "kept").exists()
    assert first.pid is not None
    assert not lifecycle.status(home).running
    lifecycle.reset(home)  # nothing to do


def test_a_killed_server_leaves_nothing_in_the_way(home: SandboxHome) -> None:
    first = lifecycle.up(home)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while lifecycle.status(home).running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert home.lock.exists(), "the file of the dead server is still there"
    assert not lifecycle.status(home).running
    assert not lifecycle.down(home)
    assert lifecycle.up(home).pid != first.pid


def test_down_leaves_a_process_alone_that_has_the_old_pid(home: SandboxHome) -> None:
    home.prepare()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        home.lock.write_text(json.dumps({"pid": bystander.pid, "started_at": 0, "source": "x"}))
        assert not lifecycle.down(home)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_second_server_on_a_home_is_refused(sandbox: RunningSandbox) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "workshop.sandbox.server", "--home", str(sandbox.home.root)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "Another sandbox already runs on" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_damaged_settings_are_named(home: SandboxHome) -> None:
    home.prepare()
    for damage in ("{", "[]", '{"https_port": 1}'):
        home.settings_file.write_text(damage)
        with pytest.raises(WorkshopError, match=r"settings\.json is damaged.*sandbox-reset"):
            lifecycle.up(SandboxHome(home.root))


def test_state_of_a_newer_version_is_refused(home: SandboxHome) -> None:
    home.prepare()
    home.marker.write_text('{"format": 99}')
    with pytest.raises(WorkshopError, match="written by a newer version"):
        lifecycle.up(home)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"__ministack_format__": 2, "payload": 7}', "is damaged"),
        ('{"__ministack_format__": 99, "payload": {}}', "was written by a newer version"),
    ],
)
def test_state_that_cannot_be_read_is_named_and_left_alone(home: SandboxHome, content: str, says: str) -> None:
    """An emulator that starts without it would save the emptiness over it."""
    home.prepare()
    file = home.emulator_state / "ssm.json"
    file.write_text(content)
    with pytest.raises(WorkshopError, match=rf"ssm\.json {says}"):
        lifecycle.up(home)
    assert file.read_text() == content


def test_a_damaged_certificate_is_named(home: SandboxHome) -> None:
    lifecycle.up(home)
    lifecycle.down(home)
    (home.certificates / "server.pem").write_text("not a certificate")
    with pytest.raises(WorkshopError, match=r"certificates in .* cannot be used"):
        lifecycle.up(home)


def test_a_server_that_dies_is_quoted(home: SandboxHome, monkeypatch: pytest.MonkeyPatch) -> None:
    original = subprocess.Popen

    def broken(arguments: list[str], **options: object) -> "subprocess.Popen[bytes]":
        return original([sys.executable, "-c", "raise SystemExit('out of patience')"], **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "Popen", broken)
    with pytest.raises(WorkshopError, match=r"died while starting: out of patience"):
        lifecycle.up(home)


def test_recordings_are_checked_before_anything_starts_and_remembered(home: SandboxHome, tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match=r"none\.jsonl"):
        lifecycle.up(home, recording=tmp_path / "none.jsonl")
    assert not home.root.exists()
    event = {"id": "1", "type": "PushEvent", "actor": {"id": 1, "login": "a"}, "repo": {"id": 1, "name": "a/b"}}
    recording = tmp_path / "events.jsonl"
    recording.write_text(json.dumps(event | {"payload": {}, "public": True, "created_at": "2020-12-18T13:39:00Z"}))
    assert lifecycle.up(home, recording=recording).source == str(recording)
    other = tmp_path / "other.jsonl"
    other.write_text(recording.read_text())
    with pytest.raises(WorkshopError, match="already runs with events from"):
        lifecycle.up(home, recording=other)
    lifecycle.down(home)
    assert lifecycle.up(home).source == str(recording)
    lifecycle.down(home)
    recording.unlink()
    with pytest.raises(WorkshopError, match=r"events\.jsonl"):
        lifecycle.up(home)


def test_the_endpoint_check_fails_fast_and_says_why(sandbox: RunningSandbox, tmp_path: Path) -> None:
    good = {"AWS_ENDPOINT_URL": sandbox.home.endpoint, "AWS_CA_BUNDLE": str(sandbox.home.ca_bundle)}
    check_endpoint(good)
    check_endpoint({})  # AWS itself
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for bundle in (certifi.where(), str(empty), str(tmp_path / "missing.pem")):
        with pytest.raises(WorkshopError, match="AWS_CA_BUNDLE"):
            check_endpoint(good | {"AWS_CA_BUNDLE": bundle})
    with pytest.raises(WorkshopError, match="Nothing answers"):
        check_endpoint(good | {"AWS_ENDPOINT_URL": "https://127.0.0.1:1"})


def test_lifecycle_imports_nothing_heavy() -> None:
    code = "import sys, workshop.sandbox.lifecycle; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"ministack", "boto3", "botocore", "hypercorn", "cryptography", "duckdb", "pandas"} & set(loaded) == set()
