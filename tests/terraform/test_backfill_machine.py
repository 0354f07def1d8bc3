"""The backfill's state machine, run as its file declares it, with functions that answer what each test says."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from running_sandbox import RunningSandbox, allow, policy, trust

from workshop.paths import TERRAFORM

pytestmark = pytest.mark.sandbox

DEFINITION = TERRAFORM / "modules" / "gharchive_backfill" / "gharchive_backfill.asl.json"

# Answers a call by the script of its day: a list, one entry a call, the last one for all further calls; an entry that
# is a text is raised. Counts its calls in files, because each worker is a process of its own.
SCRIPTED = """
import json, os, pathlib
class CorruptArchiveError(Exception):
    pass
class QualityError(Exception):
    pass
def handler(event, context):
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    key = f"{event['day']}-{event['hour']}" if "day" in event else ",".join(event.get("days", []))
    with open(os.path.join(os.environ["CALLS"], f"{name}.{key}"), "a+") as calls:
        calls.write(json.dumps(event) + "\\n")
        calls.seek(0)
        number = len(calls.readlines())
    script = json.loads(pathlib.Path(os.environ["CALLS"], "script.json").read_text())[name]
    answers = script.get(key) or script["*"]
    answer = answers[min(number, len(answers)) - 1]
    if isinstance(answer, str):
        kind, _, text = answer.partition(": ")
        raise {"CorruptArchiveError": CorruptArchiveError, "QualityError": QualityError}.get(kind, RuntimeError)(text)
    return answer | ({"day": event["day"], "hour": event["hour"]} if "day" in event else {})
"""
STORED = {
    "outcome": "stored",
    "events": 7,
    "quarantined": 1,
    "bytes": 900,
    "key": "k",
    "quarantine_key": None,
    "attempts": 1,
}
OK = {"outcome": "ok", "rows": 7, "days": ["2024-01-15"], "query_execution_ids": [], "data_scanned_in_bytes": 0}
DONE = OK | {"is_complete": True}


class Machine:
    """The state machine of the module, over three scripted functions."""

    def __init__(self, sandbox: RunningSandbox, calls: Path) -> None:
        self.client = sandbox.client("stepfunctions")
        self._functions = sandbox.client("lambda")
        self._iam = sandbox.client("iam")
        self._calls = calls
        arns = {name: self._function(f"dp-machine-{name}") for name in ("backfill", "silver", "gold")}
        text = DEFINITION.read_text(encoding="utf-8").replace("${invoke}", "arn:aws:states:::lambda:invoke")
        for name, arn in arns.items():
            text = text.replace(f"${{{name}}}", arn)
        role = self._role("dp-machine-states", "states.amazonaws.com")
        document = policy(allow("lambda:InvokeFunction", list(arns.values())))
        self._iam.put_role_policy(RoleName="dp-machine-states", PolicyName="work", PolicyDocument=document)
        created = self.client.create_state_machine(name="dp-machine", definition=text, roleArn=role)
        self.arn = created["stateMachineArn"]

    def _role(self, name: str, service: str) -> str:
        created = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service=service))
        return str(created["Role"]["Arn"])

    def _function(self, name: str) -> str:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("index.py", SCRIPTED)
        created = self._functions.create_function(
            FunctionName=name, Runtime="python3.13", Handler="index.handler", Timeout=30,
            Role=self._role(name, "lambda.amazonaws.com"), Code={"ZipFile": content.getvalue()},
            Environment={"Variables": {"CALLS": str(self._calls)}},
        )  # fmt: skip
        return str(created["FunctionArn"])

    def run(self, hours: list[int], script: dict[str, Any]) -> dict[str, Any]:
        """Run a backfill of one day; `script` holds answers by function and key."""
        for file in self._calls.iterdir():
            file.unlink()
        defaults: dict[str, Any] = {"backfill": {"*": [STORED]}, "silver": {"*": [DONE]}, "gold": {"*": [DONE]}}
        full = {f"dp-machine-{name}": answers | script.get(name, {}) for name, answers in defaults.items()}
        (self._calls / "script.json").write_text(json.dumps(full))
        given = {"hours": [{"day": "2024-01-15", "hour": hour} for hour in hours], "days": ["2024-01-15"]}
        started = self.client.start_execution(stateMachineArn=self.arn, input=json.dumps(given))["executionArn"]
        while (found := self.client.describe_execution(executionArn=started))["status"] == "RUNNING":
            time.sleep(0.1)  # until the test's own timeout
        return dict(found)

    def calls(self, function: str, key: str) -> list[Any]:
        """The events that a function was called with, in order."""
        file = self._calls / f"dp-machine-{function}.{key}"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def states(self, execution: dict[str, Any]) -> list[str]:
        """The states of an execution, in the order in which they were entered; those inside the map are left out."""
        arn = execution["executionArn"]
        history = self.client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [
            event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event
        ]
        return [name for name in entered if name not in ("Store an hour", "Note the failure")]


@pytest.fixture(scope="module")
def machine(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(sandbox, tmp_path_factory.mktemp("calls"))


STRAIGHT = [
    "Store the hours", "Silver", "Is Silver complete?", "Gold", "Is Gold complete?", "Is every hour stored?", "Done",
]  # fmt: skip


def test_hours_then_silver_with_the_days_then_gold(machine: Machine) -> None:
    ended = machine.run([0, 1, 2, 3, 4, 5], {"backfill": {"2024-01-15-3": [STORED | {"outcome": "missing"}]}})
    assert ended["status"] == "SUCCEEDED"
    output = json.loads(ended["output"])
    assert output["days"] == ["2024-01-15"]
    one = {"day": "2024-01-15", "outcome": "stored", "events": 7, "quarantined": 1, "bytes": 900}
    assert output["hours"] == [
        one | {"hour": hour} | ({"outcome": "missing"} if hour == 3 else {}) for hour in range(6)
    ]
    assert output["silver"] == output["gold"] == DONE
    assert machine.states(ended) == STRAIGHT
    assert machine.calls("silver", "2024-01-15") == [{"days": ["2024-01-15"]}]
    assert machine.calls("gold", "") == [{}]


def test_one_hour_is_still_a_list(machine: Machine) -> None:
    """JSONata takes a sequence of one for its only member."""
    output = json.loads(machine.run([7], {})["output"])
    assert (len(output["hours"]), output["hours"][0]["hour"], output["days"]) == (1, 7, ["2024-01-15"])


def test_a_failed_hour_stops_neither_the_others_nor_silver_and_gold(machine: Machine) -> None:
    ended = machine.run([0, 1, 2], {"backfill": {"2024-01-15-1": ["CorruptArchiveError: hour 1 is cut off"]}})
    assert (ended["status"], ended["error"]) == ("FAILED", "HoursFailed")
    assert ended["cause"].startswith("Could not store 2024-01-15 1:00. ")
    assert machine.states(ended) == [*STRAIGHT[:-1], "Hours failed"]
    assert len(machine.calls("backfill", "2024-01-15-1")) == 1, "the function itself has tried a damaged file before"
    assert [len(machine.calls("backfill", f"2024-01-15-{hour}")) for hour in (0, 2)] == [1, 1]


def test_a_passing_fault_is_tried_again(machine: Machine) -> None:
    ended = machine.run([0], {"backfill": {"2024-01-15-0": ["RuntimeError: the network", STORED]}})
    assert ended["status"] == "SUCCEEDED"
    assert len(machine.calls("backfill", "2024-01-15-0")) == 2


def test_silver_and_gold_are_called_until_they_are_done(machine: Machine) -> None:
    busy, partly = OK | {"outcome": "busy", "is_complete": False}, OK | {"is_complete": False}
    ended = machine.run([0], {"silver": {"2024-01-15": [busy, partly, DONE]}, "gold": {"": [partly, DONE]}})
    assert ended["status"] == "SUCCEEDED"
    asked = "Is Silver complete?"
    assert machine.states(ended) == [
        "Store the hours", "Silver", asked, "Wait for the other Silver run", "Silver", asked, "Silver", asked,
        "Gold", "Is Gold complete?", "Gold", "Is Gold complete?", "Is every hour stored?", "Done",
    ]  # fmt: skip


def test_a_day_that_breaks_a_rule_fails_the_backfill_by_name(machine: Machine) -> None:
    ended = machine.run([0], {"gold": {"": ["QualityError: 2024-01-15 breaks unique_ids: 3 > 0"]}})
    assert (ended["status"], ended["error"]) == ("FAILED", "QualityError")
    assert "2024-01-15 breaks unique_ids: 3 > 0" in ended["cause"]
    assert len(machine.calls("gold", "")) == 1
