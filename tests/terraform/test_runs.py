"""The runner with a Terraform of the tests' own: a script that says what a real one says."""

import json
import os
import signal
import stat
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from workshop.adopt import Account, import_blocks, strays
from workshop.errors import WorkshopError
from workshop.paths import TERRAFORM
from workshop.terraform import Terraform, TerraformFailed, whoami
from workshop.terraform_process import Running, Workplace, process_start

LOCK_ID = "11111111-2222-3333-4444-555555555555"


def line(kind: str, **fields: object) -> str:
    return json.dumps({"@level": "info", "@message": "…", "type": kind, **fields})


def failing(summary: str, detail: str = "", address: str = "") -> str:
    diagnostic = {"severity": "error", "summary": summary, "detail": detail, "address": address}
    return line("diagnostic", diagnostic=diagnostic)


def locked(who: str, created: float) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S.123 +0000 UTC", time.gmtime(created))
    fields = {"ID": LOCK_ID, "Operation": "OperationTypeApply", "Who": who, "Created": moment}
    detail = "Lock Info:\n" + "".join(f"  {name + ':':<11}{value}\n" for name, value in fields.items())
    return failing("Error acquiring the state lock", detail)


APPLIED = line("change_summary", changes={"add": 0, "change": 0, "remove": 0, "operation": "apply"})


class World:
    """A state home, and a `terraform` on PATH whose commands are shell snippets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.calls_file = folder / "calls"
        self.env = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "LAKEHOUSE_STATE_HOME": str(folder / "state"),
        }
        self.terraform = Terraform("global/remote_state", env=self.env)
        self.workplace = Workplace(folder / "state", "global-remote_state")

    def script(self, **commands: str) -> None:
        cases = "".join(f"{name.replace('_', '-')})\n{snippet}\n;;\n" for name, snippet in commands.items())
        text = (
            '#!/bin/sh\ncase "$1" in version) echo \'{"terraform_version": "1.11.4"}\'; exit 0;; esac\n'
            f'echo "$@" >>"{self.calls_file}"\ncase "$1" in\n{cases}esac\n'
        )
        file = self.bin / "terraform"
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def says(self, text: str) -> str:
        """A snippet that prints lines as they are."""
        file = self.folder / f"said-{len(list(self.folder.iterdir()))}"
        file.write_text(text + "\n")
        return f'cat "{file}"'

    @property
    def calls(self) -> list[str]:
        return [call.split()[0] for call in self.calls_file.read_text().splitlines()]

    def interrupt(self, operation: str, began: float) -> None:
        """As if a run that began then had been killed."""
        log = self.workplace.log(operation)
        log.parent.mkdir(exist_ok=True)
        log.write_text(line("version") + "\n")
        record = {"pid": 999_999_999, "started": "1", "began": began, "operation": operation, "log": str(log)}
        self.workplace.record.write_text(json.dumps(record))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_errors_are_terraforms_own_words(world: World) -> None:
    world.script(
        apply=world.says(failing("creating S3 Bucket: AccessDenied", "no\n identity", "aws_s3_bucket.state"))
        + "; exit 1"
    )
    with pytest.raises(TerraformFailed) as caught:
        world.terraform.apply()
    assert caught.value.message == (
        "terraform apply global/remote_state failed: "
        "creating S3 Bucket: AccessDenied (aws_s3_bucket.state): no identity"
    )
    assert str(world.workplace.log("apply")) in caught.value.hint


def test_words_that_are_not_json_are_not_lost(world: World) -> None:
    world.script(apply="echo 'panic: out of memory'; exit 2")
    with pytest.raises(TerraformFailed, match="panic: out of memory"):
        world.terraform.apply()


def test_a_missing_state_bucket_says_what_to_do(world: World) -> None:
    world.script(plan=world.says(failing('S3 bucket "dp-tfstate-1" does not exist.')) + "; exit 1")
    with pytest.raises(TerraformFailed) as caught:
        world.terraform.plan()
    assert "make init-remote-state" in caught.value.hint


def test_a_foreign_lock_is_left_alone(world: World) -> None:
    world.interrupt("apply", time.time())
    world.script(plan=world.says(locked("somebody@elsewhere", time.time())) + "; exit 1")
    with pytest.raises(TerraformFailed, match="locked by somebody@elsewhere") as caught:
        world.terraform.plan()
    assert f"force-unlock {LOCK_ID}" in caught.value.hint
    assert "force-unlock" not in world.calls


def test_our_lock_without_an_interrupted_run_is_left_alone(world: World) -> None:
    world.script(plan=world.says(locked(whoami(), time.time())) + "; exit 1")
    with pytest.raises(TerraformFailed, match="locked by"):
        world.terraform.plan()
    assert "force-unlock" not in world.calls


def test_our_lock_of_another_run_is_left_alone(world: World) -> None:
    world.interrupt("plan", time.time() - 3600)
    world.script(plan=world.says(locked(whoami(), time.time())) + "; exit 1")
    with pytest.raises(TerraformFailed, match="locked by"):
        world.terraform.plan()
    assert "force-unlock" not in world.calls


def test_the_lock_of_our_killed_run_is_removed(world: World) -> None:
    world.interrupt("plan", time.time())
    said = world.says(locked(whoami(), time.time()))
    opened = world.folder / "opened"
    world.script(plan=f'[ -e "{opened}" ] && exit 0; {said}; exit 1', force_unlock=f'touch "{opened}"')
    assert world.terraform.plan().exit_code == 0
    assert world.calls == ["plan", "force-unlock", "plan"]


def test_a_run_that_ended_unseen_is_not_an_interruption(world: World) -> None:
    world.interrupt("apply", time.time())
    world.workplace.log("apply").write_text(APPLIED + "\n")
    world.workplace.settle()
    assert world.workplace.recorded() is None
    assert world.workplace.interruption() is None


def test_a_killed_plan_does_not_hide_a_killed_apply(world: World) -> None:
    for operation in ("apply", "plan"):
        world.interrupt(operation, time.time())
        world.workplace.settle()
    interruption = world.workplace.interruption()
    assert interruption is not None
    assert interruption.operation == "apply"


def test_a_running_terraform_is_waited_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    gate, log = world.folder / "gate", world.workplace.log("apply")
    log.parent.mkdir()
    log.write_text("")
    pid = os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", f'while [ ! -e "{gate}" ]; do sleep 0.05; done')
    running = Running(pid, process_start(pid), time.time(), "apply", str(log))
    world.workplace.record.write_text(json.dumps(running.__dict__))

    def end() -> None:
        log.write_text(APPLIED + "\n")
        gate.touch()
        os.waitpid(pid, 0)

    world.script(plan="exit 0")
    ending = threading.Timer(0.5, end)
    ending.start()
    assert world.terraform.plan().exit_code == 0
    ending.join()
    assert "still running; waiting" in capsys.readouterr().out


def test_a_recycled_process_id_is_somebody_else(world: World) -> None:
    mine = Running(os.getpid(), process_start(os.getpid()), time.time(), "apply", "")
    assert mine.is_alive
    assert not Running(os.getpid(), "1", time.time(), "apply", "").is_alive


def test_ctrl_c_lets_terraform_finish(world: World) -> None:
    ready, finished = world.folder / "ready", world.folder / "finished"
    world.script(
        apply=f'trap \'touch "{finished}"; exit 1\' INT; touch "{ready}"; while :; do sleep 0.05; done',
    )

    def interrupt() -> None:
        while not ready.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=interrupt)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        world.terraform.apply()
    pressing.join()
    assert finished.exists()


def test_a_killed_terraform_says_so_and_is_remembered(world: World) -> None:
    world.script(apply="kill -9 $$")
    with pytest.raises(WorkshopError, match="SIGKILL"):
        world.terraform.apply()
    interruption = world.workplace.interruption()
    assert interruption is not None
    assert interruption.operation == "apply"


def test_nothing_is_written_into_the_checkout(world: World) -> None:
    world.script(init="exit 0", plan="exit 0")
    before = {path for path in TERRAFORM.rglob("*") if ".terraform/" not in str(path)}
    world.terraform.init()
    world.terraform.plan()
    assert {path for path in TERRAFORM.rglob("*") if ".terraform/" not in str(path)} == before


def test_init_does_nothing_the_second_time(world: World) -> None:
    world.script(init="exit 0")
    world.terraform.init()
    world.terraform.init()
    assert world.calls == ["init"]


def test_an_unknown_root_is_named() -> None:
    with pytest.raises(WorkshopError, match="moon"):
        Terraform("envs/moon")


def test_an_endpoint_that_is_not_there_fails_at_once(world: World) -> None:
    world.script(plan="exit 0")
    terraform = Terraform("global/remote_state", env=world.env | {"AWS_ENDPOINT_URL": "https://127.0.0.1:1"})
    with pytest.raises(WorkshopError, match=r"127\.0\.0\.1:1"):
        terraform.plan()
    assert not world.calls_file.exists()


class Queues:
    """As much of SQS as `strays` asks: one queue is there."""

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        if QueueName != "there":
            raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "GetQueueUrl")
        return {"QueueUrl": "https://sqs/1/there"}


def test_what_exists_and_is_planned_anew_is_adopted() -> None:
    def change(address: str, name: str, *actions: str) -> dict[str, object]:
        return {
            "address": address,
            "type": "aws_sqs_queue",
            "change": {"actions": list(actions), "after": {"name": name}},
        }

    plan = {
        "resource_changes": [
            change("module.a.aws_sqs_queue.stray", "there", "create"),
            change("module.a.aws_sqs_queue.new", "not-there", "create"),
            change("module.a.aws_sqs_queue.known", "there", "update"),
            change("module.a.aws_sqs_queue.replaced", "there", "delete", "create"),
        ]
    }
    found = strays(plan, Account(lambda _: Queues(), "1"))
    assert found == {"module.a.aws_sqs_queue.stray": "https://sqs/1/there"}
    assert 'to = module.a.aws_sqs_queue.stray\n  id = "https://sqs/1/there"' in import_blocks(found)
