"""Tasks of a state machine invoke functions as the machine's role does, and a stopped execution starts nothing more.

Wrong in ministack 1.5.33: a task that invokes a function asks nobody for the permission; and after StopExecution the
items of a Map that have not begun are begun all the same. On AWS the call is the role's
(https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html), its errors are named `Lambda.<error>`, one
that the function raised by its class, and the cause of the latter is the function's answer as text.
"""

import contextvars
import json
import os
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_region
from ministack.services import stepfunctions

from workshop.sandbox.mends.asynchronous import session_of

# Longer than any function may run: a call that is given up would be made again while the first still works.
READ_SECONDS = 960


class ExecutionStopped(Exception):  # noqa: N818 - says what happened; nothing of the machine's may catch it
    """Somebody has stopped the execution."""


@dataclass(frozen=True)
class Caller:
    """The execution that a thread works for, and the role that it works as."""

    execution: dict[str, Any]
    role_arn: str


_CALLER: contextvars.ContextVar[Caller | None] = contextvars.ContextVar("state_machine_caller", default=None)


def invoke_as_the_role() -> None:
    """Replace the emulator's way of invoking a function from a task."""
    run_execution, fail_execution = stepfunctions._run_execution, stepfunctions._fail_execution
    call_lambda = stepfunctions._call_lambda

    def run_as_role(exec_arn: str) -> None:
        execution = stepfunctions._executions.get(exec_arn)
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
        _CALLER.set(Caller(execution, machine["roleArn"]) if machine else None)
        run_execution(exec_arn)

    def fail_unless_stopped(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail_execution(execution, error, cause)

    def call_as_role(func_ref: str, event: Any) -> Any:
        caller = _CALLER.get()
        if caller is None:  # TestState, which has no execution
            return call_lambda(func_ref, event)
        if caller.execution["status"] != "RUNNING":
            raise ExecutionStopped
        return _invoke(func_ref, event, caller)

    stepfunctions._run_execution = run_as_role
    stepfunctions._fail_execution = fail_unless_stopped
    stepfunctions._call_lambda = call_as_role


def _invoke(function: str, event: Any, caller: Caller) -> Any:
    import boto3  # noqa: PLC0415 - slow to import
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    credentials = session_of(caller.role_arn, caller.execution["name"])
    client = boto3.client(
        "lambda",
        region_name=get_region(),
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        verify=os.environ["AWS_CA_BUNDLE"],
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
        config=Config(read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}, proxies={}),
    )
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        text = answer["Payload"].read().decode()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        # What Lambda has no error of its own for, a refusal above all.
        name = "AWSLambdaException" if code == "AccessDeniedException" else code
        raise stepfunctions._ExecutionError(f"Lambda.{name}", error.response["Error"]["Message"]) from error
    except BotoCoreError as error:
        raise stepfunctions._ExecutionError("Lambda.SdkClientException", str(error)) from error
    content = json.loads(text) if text else None
    if "FunctionError" in answer:
        kind = content.get("errorType") if isinstance(content, dict) else None
        raise stepfunctions._ExecutionError(kind or "Lambda.Unknown", text)
    return content
