"""Terraform in one of the project's roots: live progress, errors in Terraform's own words, and no harm from a kill.

What an interrupted run leaves behind (a lock, a state that was not saved, resources that the state does not know) is
cleared away by the next one, which says so.
"""

import hashlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop.errors import WorkshopError
from workshop.names import Names
from workshop.paths import REPOSITORY, TERRAFORM
from workshop.terraform_events import Diagnostic, PlanSummary, StateLock, diagnostics, plan_summary, state_lock
from workshop.terraform_process import ADOPTION_FILE, ERRORED_STATE, Workplace
from workshop.terraform_progress import Displays
from workshop.terraform_provider import cli_environment, describe_provider_source, find_terraform, provider_source

__all__ = ["PlanSummary", "Terraform", "TerraformFailed", "describe_provider_source", "find_terraform"]

REMOTE_STATE = "global/remote_state"
# Most of an apply is waiting for AWS: thirty resources at a time, so that the waits overlap.
PARALLELISM = "-parallelism=30"
# A lock is taken within moments of a run's start.
LOCK_SECONDS = 60


class TerraformFailed(WorkshopError):  # noqa: N818 - the name says what happened
    """Terraform ended with errors; `diagnostics` has them all, the message the first few."""

    def __init__(self, message: str, hint: str, found: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message, hint)
        self.diagnostics = tuple(found)


class Terraform:
    """One root, e.g. "global/remote_state" or "envs/dev".

    `env` replaces `os.environ`, which is read anew by every command. Raises `WorkshopError` for everything that a user
    can do something about.
    """

    def __init__(self, root: str, *, env: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.directory = TERRAFORM / root
        if not (self.directory / "versions.tf").is_file():
            raise WorkshopError(f"There is no Terraform root {root!r}.", f"The roots are folders of {TERRAFORM}.")
        self._env = env

    # --- commands ----------------------------------------------------------------------------------------------------

    def init(self) -> None:
        """`terraform init`: provider, modules and the connection to the state. Does nothing when all is as it was."""
        with self._session() as display:
            arguments = self._backend_arguments()
            fingerprint = self._fingerprint(arguments)
            marker = self.data_dir / "initialized"
            if marker.is_file() and marker.read_text(encoding="utf-8") == fingerprint:
                return
            display.say(f"AWS provider {provider_source(self.environment).describe()}")
            # The state stays where it is whatever was configured before: nothing to migrate, hence -reconfigure.
            self._execute("init", ["-reconfigure", "-lockfile=readonly", *arguments], display)
            marker.write_text(fingerprint, encoding="utf-8")

    def plan(self, targets: Sequence[str] = ()) -> PlanSummary:
        """`terraform plan`: compare the world with what is declared, changing nothing."""
        with self._session() as display:
            code, events = self._execute("plan", ["-detailed-exitcode", *_targets(targets)], display)
        return plan_summary(events, code)

    def apply(self, targets: Sequence[str] = ()) -> None:
        """`terraform apply`, without asking. `targets` are addresses for -target, for lessons and repair only."""
        with self._session() as display:
            self._adopt_after_interruption(display)
            self._execute("apply", ["-auto-approve", PARALLELISM, *_targets(targets)], display)
            self.workplace.forget_interruption()

    def destroy(self) -> None:
        """`terraform destroy`, without asking.

        The bucket of the states is emptied first, which its own settings forbid; so this refuses while any state in
        it still manages something.
        """
        with self._session() as display:
            variables = []
            if self.root == REMOTE_STATE:
                self._refuse_while_states_are_in_use()
                variables = ["-var=force_destroy=true"]
                if "aws_s3_bucket.state" in self.state_list():
                    bucket = ["-auto-approve", "-refresh=false", "-target=aws_s3_bucket.state"]
                    self._execute("apply", [*bucket, *variables], display)
            self._adopt_after_interruption(display)
            self._execute("destroy", ["-auto-approve", PARALLELISM, *variables], display)
            self.workplace.forget_interruption()

    def output(self) -> dict[str, Any]:
        """The outputs by name, as Python values; empty before the first apply."""
        answer: dict[str, dict[str, Any]] = json.loads(self.capture("output", "-json"))
        return {name: item["value"] for name, item in answer.items()}

    def state_list(self) -> list[str]:
        """The addresses of everything that the state manages (not what it only reads); none before an apply."""
        try:
            addresses = self.capture("state", "list").splitlines()
            return [address for address in addresses if not re.search(r"(^|\.)data\.", address)]
        except TerraformFailed as error:
            if "No state file was found" in error.message:
                return []
            raise

    # --- surroundings ------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment."""
        return dict(os.environ if self._env is None else self._env)

    @property
    def state_home(self) -> Path:
        """Where the files of our own live: data directories, logs, the state of the state bucket."""
        return Path(self.environment.get("LAKEHOUSE_STATE_HOME") or REPOSITORY / ".lakehouse").absolute()

    @property
    def slug(self) -> str:
        """The root's name as a file name."""
        return self.root.replace("/", "-")

    @property
    def data_dir(self) -> Path:
        """TF_DATA_DIR: providers, modules and backend settings, outside the checkout's tree."""
        return self.state_home / self.slug

    @property
    def workplace(self) -> Workplace:
        """The files through which runs on this root find each other."""
        return Workplace(self.state_home, self.slug)

    def client(self, service: str) -> Any:
        """A boto3 client that talks to the same AWS as Terraform."""
        import boto3  # noqa: PLC0415 - a quarter of a second to import

        if self._env is None:
            # Not boto3's default session: that would keep the credentials of the first sandbox it met.
            return boto3.Session().client(service)
        env = self._env
        return boto3.client(
            service,
            region_name=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
            endpoint_url=env.get("AWS_ENDPOINT_URL"),
            verify=env.get("AWS_CA_BUNDLE"),
            aws_access_key_id=env.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=env.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=env.get("AWS_SESSION_TOKEN"),
        )

    def names(self) -> Names:
        """The names in the account and region of the caller's credentials."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            client = self.client("sts")
            identity = client.get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise WorkshopError(
                f"AWS does not know who you are: {error}", "Sign in first (`aws sso login`, or set AWS_PROFILE)."
            ) from error
        return Names(
            env=self.root.rpartition("/")[2],
            account_id=identity["Account"],
            region=client.meta.region_name,
            partition=identity["Arn"].split(":")[1],
        )

    def capture(self, *arguments: str) -> str:
        """Run a short command and return what it prints. Raises `TerraformFailed` with its words."""
        executable, _ = find_terraform(self.environment)
        command = [str(executable), *arguments]
        for attempt in (1, 2):
            answer = subprocess.run(
                command, cwd=self.directory, env=self._terraform_environment(), capture_output=True, text=True,
                check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            if answer.returncode == 0:
                return answer.stdout
            said = Diagnostic("error", _plain(answer.stderr or answer.stdout))
            lock = state_lock([Diagnostic("error", "state lock", said.summary)])
            if attempt == 2 or lock is None or not self._is_left_over(lock):
                break
            self._unlock(lock)
        raise self._failure(" ".join(arguments[:2]), [said], lock)

    def execute(self, operation: str, arguments: Sequence[str], display: Displays) -> tuple[int, list[dict[str, Any]]]:
        """Run one command of a session that is already open; for `workshop.adopt`."""
        return self._execute(operation, arguments, display)

    # --- inside ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _session(self) -> Iterator[Displays]:
        """Everything that has to be right before Terraform starts, and the display while it runs."""
        find_terraform(self.environment)
        self._check_endpoint()
        workplace = self.workplace
        display = Displays()
        told: list[str] = []

        def waiting() -> None:
            if not told:
                told.append("")
                display.say(f"waiting for another command that works on {self.root} …")
            display(None)

        with workplace.exclusive(waiting):
            try:
                running = workplace.recorded()
                if running is not None and running.is_alive:
                    display.say(f"a terraform {running.operation} from before is still running; waiting for it …")
                    workplace.wait_for_running(display)
                workplace.settle()
                (self.directory / ADOPTION_FILE).unlink(missing_ok=True)  # of an adoption that was itself cut off
                self._push_errored_state(display)
                yield display
            finally:
                display.close()

    def _execute(self, operation: str, arguments: Sequence[str], display: Displays) -> tuple[int, list[dict[str, Any]]]:
        executable, _ = find_terraform(self.environment)
        command = [str(executable), operation, "-json", "-input=false", *arguments]
        env = self._terraform_environment()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        display.begin(f"terraform {operation} {self.root}")
        code, events = self.workplace.run(operation, command, cwd=self.directory, env=env, listener=display)
        lock = state_lock(diagnostics(events))
        if lock is not None and self._is_left_over(lock):
            self._unlock(lock)
            display.say(f"removed the lock that an interrupted {lock.operation} had left")
            code, events = self.workplace.run(operation, command, cwd=self.directory, env=env, listener=display)
            lock = state_lock(diagnostics(events))
        if code not in ((0, 2) if operation == "plan" else (0,)):
            found = diagnostics(events) or [self._last_words(operation)]
            raise self._failure(operation, found, lock)
        return code, events

    def _terraform_environment(self) -> dict[str, str]:
        env = self.environment
        self.state_home.mkdir(parents=True, exist_ok=True)
        for name, value in cli_environment(provider_source(env), self.state_home).items():
            if value is None:
                env.pop(name, None)
            else:
                env[name] = value
        return env | {
            "TF_DATA_DIR": str(self.data_dir),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }

    def _backend_arguments(self) -> list[str]:
        if self.root == REMOTE_STATE:
            settings = {"path": str(self.state_home / f"{self.slug}.tfstate")}
        else:
            names = self.names()
            settings = {
                "bucket": names.state_bucket,
                "region": names.region,
                "kms_key_id": names.state_key_alias_arn,
            }
        return [f"-backend-config={name}={value}" for name, value in settings.items()]

    def _fingerprint(self, backend_arguments: Sequence[str]) -> str:
        """Changes with everything that `init` looks at."""
        digest = hashlib.sha256("\0".join([*backend_arguments, str(provider_source(self.environment))]).encode())
        for path in sorted([*TERRAFORM.rglob("*.tf"), self.directory / ".terraform.lock.hcl"]):
            digest.update(f"{path}\0".encode() + path.read_bytes())
        return digest.hexdigest()

    def _check_endpoint(self) -> None:
        """Fail at once where Terraform would retry for many minutes."""
        if self.environment.get("AWS_ENDPOINT_URL"):
            from workshop.sandbox.endpoint import check_endpoint  # noqa: PLC0415

            check_endpoint(self.environment)

    def _adopt_after_interruption(self, display: Displays) -> None:
        interruption = self.workplace.interruption()
        if interruption is None or interruption.operation not in {"apply", "destroy"}:
            return
        from workshop.adopt import adopt  # noqa: PLC0415 - needs boto3, and only after an accident

        adopted = adopt(self, display)
        if adopted:
            display.say(f"adopted {len(adopted)} resources that the interrupted {interruption.operation} had made")

    def _refuse_while_states_are_in_use(self) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        s3, bucket = self.client("s3"), self.names().state_bucket
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
            for key in (key for key in keys if key.endswith(".tfstate")):
                state = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
                managed = [one for one in state.get("resources", []) if one.get("mode") == "managed"]
                if managed:
                    raise WorkshopError(
                        f"{key} still manages {len(managed)} resources; without its state nobody could destroy them.",
                        f"Destroy that environment first (`make destroy-{Path(key).parent.name}`).",
                    )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise

    def _push_errored_state(self, display: Displays) -> None:
        errored = self.directory / ERRORED_STATE
        if not errored.exists():
            return
        try:
            self.capture("state", "push", ERRORED_STATE)
        except TerraformFailed as error:
            raise WorkshopError(
                f"An earlier run could not save its state, and pushing it failed: {error.message}",
                f"Compare {errored} with the remote state, then push or delete it: "
                "https://developer.hashicorp.com/terraform/cli/state/recover",
            ) from error
        shutil.move(errored, self.state_home / f"{self.slug}.{ERRORED_STATE}")
        display.say("pushed the state that an earlier run could not save")

    def _is_left_over(self, lock: StateLock) -> bool:
        """Whether the lock is that of our own run which was interrupted; its process is known to be dead."""
        interruption = self.workplace.interruption()
        if interruption is None or lock.who != whoami():
            return False
        created = re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", lock.created)
        if created is None:
            return False
        seconds = datetime.fromisoformat(created[0]).replace(tzinfo=UTC).timestamp()
        return -1 <= seconds - int(interruption.began) <= LOCK_SECONDS

    def _unlock(self, lock: StateLock) -> None:
        self.capture("force-unlock", "-force", lock.id)

    def _last_words(self, operation: str) -> Diagnostic:
        text = self.workplace.log(operation).read_text(encoding="utf-8", errors="replace")
        spoken = [line for line in text.splitlines() if not line.startswith("{")]
        return Diagnostic("error", _plain("\n".join(spoken[-20:])) or f"terraform {operation} failed without a word")

    def _failure(self, operation: str, found: Sequence[Diagnostic], lock: StateLock | None) -> TerraformFailed:
        if lock is not None:
            return TerraformFailed(
                f"The state of {self.root} is locked by {lock.who} ({lock.operation}) since {lock.created}.",
                "Wait until that run has ended. If it is dead for certain: "
                f"`terraform -chdir=terraform/{self.root} force-unlock {lock.id}`.",
                found,
            )
        shown = "; ".join(str(one) for one in found[:3])
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        text = "\n".join(one.text for one in found)
        hints = [hint for pattern, hint in HINTS if re.search(pattern, text)]
        hint = hints[0] if hints else f"The whole output is in {self.workplace.log(operation)}."
        return TerraformFailed(f"terraform {operation} {self.root} failed: {shown}{more}", hint, found)


HINTS = (
    (
        r"S3 bucket .*does not exist|NoSuchBucket.*dp-tfstate",
        "Create the state bucket first: `make init-remote-state`.",
    ),
    (r"ExpiredToken|InvalidClientTokenId|no valid credential", "Sign in again (`aws sso login`, or new keys)."),
    (r"init.* required|Module not installed|Inconsistent dependency lock", "Run `init` first, e.g. `make init-dev`."),
    (r"archive .* does not exist", "Build the archives: `make archives`."),
)


def whoami() -> str:
    """User and machine as Terraform writes them into a lock."""
    return f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"


def _targets(addresses: Sequence[str]) -> list[str]:
    return [f"-target={address}" for address in addresses if address]


def _plain(text: str) -> str:
    """Without colours and box drawing."""
    return re.sub(r"\x1b\[[0-9;]*m|[╷│╵]", "", text).strip()
