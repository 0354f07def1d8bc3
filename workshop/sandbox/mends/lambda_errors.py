"""A failed Lambda says which exception it raised.

Wrong in ministack 1.5.33: `errorType` is always "Runtime.HandlerError", and there is no `stackTrace`. AWS names the
exception's class: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

import re
from typing import Any

from ministack.services import lambda_svc

TRACEBACK = "Traceback (most recent call last):\n"
EXCEPTION = re.compile(r"^(?:\w+\.)*(\w+)(?::|$)", re.MULTILINE)


def name_exceptions() -> None:
    """Read the exception from the traceback that the emulator keeps for the log."""
    execute = lambda_svc._execute_function_warm

    def execute_function_warm(*arguments: Any) -> Any:
        result = execute(*arguments)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            body.update(described(result.get("log", "")))
        return result

    lambda_svc._execute_function_warm = execute_function_warm


def described(log: str) -> dict[str, Any]:
    """`errorType` and `stackTrace` of the last traceback in a log; {} without one."""
    _, found, traceback = log.rpartition(TRACEBACK)
    exception = EXCEPTION.search(traceback)
    if not found or exception is None:
        return {}
    frames = re.split(r"(?m)^(?=  File )", traceback[: exception.start()])
    return {"errorType": exception[1], "stackTrace": [frame for frame in frames if frame]}
