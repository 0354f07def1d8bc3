"""Fixtures shared by all tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from running_sandbox import Assume, RunningSandbox, Statement, policy, trust

from workshop.sandbox import lifecycle
from workshop.sandbox.home import SandboxHome


@pytest.fixture(scope="session")
def start_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningSandbox]]:
    """Start sandboxes in temporary homes on free ports; all of them are stopped at the session's end."""
    homes: list[SandboxHome] = []

    def start(recording: Path | None = None) -> RunningSandbox:
        home = SandboxHome(tmp_path_factory.mktemp("sandbox") / "home")
        homes.append(home)
        lifecycle.up(home, recording=recording)
        return RunningSandbox(home)

    yield start
    for home in homes:
        lifecycle.down(home)


@pytest.fixture(scope="session")
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """One running sandbox for the whole session. Tests share it: use names of your own."""
    return start_sandbox()


@pytest.fixture
def environment(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that lead clients to the sandbox."""
    for name, value in sandbox.home.environment().items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def assume(sandbox: RunningSandbox) -> Assume:
    """Create a role that may do what the statements say, and return a session's credentials."""

    def create_and_assume(name: str, statements: Sequence[Statement]) -> Mapping[str, str]:
        iam = sandbox.client("iam")
        trusted = trust(AWS="arn:aws:iam::123456789012:user/learner")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="test", PolicyDocument=policy(*statements))
        session = sandbox.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")
        credentials: Mapping[str, str] = session["Credentials"]
        return credentials

    return create_and_assume
