"""State machines run their tasks with the permissions of their role, and name errors as AWS does."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from running_sandbox import RunningSandbox, allow, policy, trust

pytestmark = pytest.mark.sandbox

# Doubles a number; raises for a negative one.
WORK = """
import time
class TooSmall(Exception):
    pass
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    if event["number"] < 0:
        raise TooSmall(f"{event['number']} is less than nothing")
    return {"double": 2 * event["number"]}
"""


def task(arn: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}", "End": True, **more,
    }  # fmt: skip


def machine_of(states: dict[str, Any]) -> str:
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states})


class Machines:
    """Functions and state machines of this module."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.client = sandbox.client("stepfunctions")
        self.functions = sandbox.client("lambda")
        self.iam = sandbox.client("iam")
        self.function = self._function("dp-states-work")

    def _role(self, name: str, service: str) -> str:
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service=service))["Role"]
        return str(role["Arn"])

    def _function(self, name: str) -> str:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("index.py", WORK)
        created = self.functions.create_function(
            FunctionName=name, Runtime="python3.13", Handler="index.handler", Timeout=30,
            Role=self._role(name, "lambda.amazonaws.com"), Code={"ZipFile": content.getvalue()},
        )  # fmt: skip
        return str(created["FunctionArn"])

    def create(self, name: str, states: dict[str, Any], invokes: Sequence[str]) -> str:
        """A state machine whose role may invoke these functions."""
        role = self._role(name, "states.amazonaws.com")
        if invokes:
            document = policy(allow("lambda:InvokeFunction", list(invokes)))
            self.iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document)
        created = self.client.create_state_machine(name=name, definition=machine_of(states), roleArn=role)
        return str(created["stateMachineArn"])

    def run(self, machine: str, given: Any) -> dict[str, Any]:
        """Start an execution and wait until it has ended."""
        started = self.client.start_execution(stateMachineArn=machine, input=json.dumps(given))
        return self.wait(started["executionArn"])

    def wait(self, execution: str) -> dict[str, Any]:
        while (found := self.client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.1)  # until the test's own timeout
        return dict(found)


@pytest.fixture(scope="module")
def machines(sandbox: RunningSandbox) -> Machines:
    return Machines(sandbox)


def test_a_task_invokes_with_the_permission_of_the_role(machines: Machines) -> None:
    machine = machines.create("dp-states-allowed", {"Work": task(machines.function)}, [machines.function])
    ended = machines.run(machine, {"number": 21})
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"double": 42})


def test_a_role_that_may_not_invoke_is_refused(machines: Machines) -> None:
    other = machines.function.replace("dp-states-work", "dp-states-other")
    machine = machines.create("dp-states-denied", {"Work": task(machines.function)}, [other])
    ended = machines.run(machine, {"number": 21})
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "assumed-role/dp-states-denied/" in ended["cause"]
    assert "is not authorized to perform: lambda:InvokeFunction" in ended["cause"]


def test_an_error_of_the_function_has_the_name_of_its_class_and_can_be_caught(machines: Machines) -> None:
    caught = {
        "Work": task(
            machines.function,
            Catch=[{"ErrorEquals": ["TooSmall"], "Output": "{% $states.errorOutput %}", "Next": "Note"}],
        ),
        "Note": {"Type": "Pass", "End": True},
    }
    machine = machines.create("dp-states-caught", caught, [machines.function])
    noted = json.loads(machines.run(machine, {"number": -1})["output"])
    assert noted["Error"] == "TooSmall"
    assert json.loads(noted["Cause"])["errorMessage"] == "-1 is less than nothing"


def test_reserved_concurrency_throttles_and_a_retrier_gets_through(machines: Machines) -> None:
    machines.functions.put_function_concurrency(FunctionName="dp-states-work", ReservedConcurrentExecutions=1)
    try:
        retry = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 20}]
        item = {"StartAt": "Work", "States": {"Work": task(machines.function, Retry=retry)}}
        each = {"Type": "Map", "Items": "{% $states.input %}", "MaxConcurrency": 3, "ItemProcessor": item, "End": True}
        machine = machines.create("dp-states-throttled", {"Each": each}, [machines.function])
        ended = machines.run(machine, [{"number": number, "seconds": 0.5} for number in range(3)])
    finally:
        machines.functions.delete_function_concurrency(FunctionName="dp-states-work")
    assert json.loads(ended["output"]) == [{"double": 0}, {"double": 2}, {"double": 4}]
    history = machines.client.get_execution_history(executionArn=ended["executionArn"], maxResults=1000)["events"]
    errors = {event["taskFailedEventDetails"]["error"] for event in history if event["type"] == "TaskFailed"}
    assert errors == {"Lambda.TooManyRequestsException"}


def test_a_stopped_execution_begins_nothing_more_and_stays_stopped(machines: Machines) -> None:
    item = {"StartAt": "Work", "States": {"Work": task(machines.function)}}
    each = {"Type": "Map", "Items": "{% $states.input %}", "MaxConcurrency": 1, "ItemProcessor": item, "End": True}
    machine = machines.create("dp-states-stopped", {"Each": each}, [machines.function])
    given = json.dumps([{"number": number, "seconds": 0.3} for number in range(60)])
    started = machines.client.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    wait_for(lambda: events(machines, started, "TaskScheduled") >= 2)
    machines.client.stop_execution(executionArn=started, cause="enough")
    wait_for(lambda: _has_ended(machines, started))
    found = machines.client.describe_execution(executionArn=started)
    assert (found["status"], found["cause"]) == ("ABORTED", "enough")
    assert events(machines, started, "TaskSucceeded") < 60


def events(machines: Machines, execution: str, kind: str) -> int:
    history = machines.client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    return sum(event["type"] == kind for event in history)


def _has_ended(machines: Machines, execution: str) -> bool:
    """Every task that was scheduled has ended, or was refused because the execution is stopped."""
    return events(machines, execution, "TaskScheduled") == 60


def wait_for(condition: Callable[[], bool]) -> None:
    """Until the test's own timeout."""
    while not condition():
        time.sleep(0.05)
