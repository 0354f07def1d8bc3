"""Calling the lake's Lambda functions by hand, as their schedules do."""

import json
import time
from typing import Any

from workshop.errors import WorkshopError
from workshop.records import Line, Record, amount, step, took

# Longer than any function may run: a call that is given up would be made again while the first still works.
READ_SECONDS = 960
LONGEST_WAIT_SECONDS = 1800


class FunctionFailed(WorkshopError):  # noqa: N818 - the name says what happened
    """The function raised; `message` is the error's own text."""


def patient_lambda(session: Any) -> Any:
    """A client that waits for a function as long as it may run, and never calls it twice by itself."""
    from botocore.config import Config  # noqa: PLC0415 - slow to import

    return session.client("lambda", config=Config(read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}))


def invoke(client: Any, function_name: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    """Invoke synchronously and return the function's answer. A function's own error is raised as `FunctionFailed`."""
    response = client.invoke(FunctionName=function_name, Payload=json.dumps(payload or {}).encode())
    body = json.loads(response["Payload"].read() or b"null")
    if "FunctionError" in response:
        kind, message = body.get("errorType", "Error"), body.get("errorMessage", json.dumps(body))
        raise FunctionFailed(
            f"{function_name} failed with {kind}: {message}", f"Its log group is /aws/lambda/{function_name}."
        )
    if not isinstance(body, dict):
        raise FunctionFailed(f"{function_name} answered {body!r}, not a JSON object.")
    return body


def call(client: Any, function_name: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    """Invoke, show what came back in one line, and record it. Waits for another run that holds the lease (`busy`)."""
    line = Line(function_name)
    line.say("running …")
    try:
        answer = invoke(client, function_name, payload)
        while answer.get("outcome") == "busy" and line.seconds < LONGEST_WAIT_SECONDS:
            line.say("another run, started by the schedule, is at it …")
            time.sleep(2)
            answer = invoke(client, function_name, payload)
    except FunctionFailed as error:
        note = error.message.removeprefix(f"{function_name} ")
        line.end(Record("call", function_name, "fail", round(line.seconds, 3)), note)
        raise
    record = Record("call", function_name, seconds=round(line.seconds, 3), details={"outcome": answer.get("outcome")})
    line.end(record, f"{summary(answer)} · {took(line.seconds)}")
    return answer


def until_done(client: Any, function_name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Call Silver or Gold until nothing is left to do; the last answer, with the rows of all calls."""
    started = time.monotonic()
    rows = 0
    while True:
        answer = invoke(client, function_name, payload)
        rows += answer.get("rows", 0)
        busy = answer.get("outcome") == "busy"
        if not busy and answer.get("is_complete", True):
            return answer | {"rows": rows}
        if time.monotonic() - started > LONGEST_WAIT_SECONDS:
            raise WorkshopError(f"{function_name} has not come to an end.", "Run the command again.")
        if busy:
            time.sleep(2)


def summary(answer: dict[str, Any]) -> str:
    """The fields of an answer that a person wants first."""
    parts = [str(answer.get("outcome", "no outcome"))]
    parts += [f"{answer[field]:,} {field}" for field in ("events", "rows") if isinstance(answer.get(field), int)]
    scanned = answer.get("data_scanned_in_bytes")
    if isinstance(scanned, int):
        parts.append(f"{amount(scanned)} scanned")
    return " · ".join(parts)


def drain(client: Any, function_name: str, max_polls: int) -> list[dict[str, Any]]:
    """Poll the source until it has nothing new, at most `max_polls` times. Returns every poll's answer.

    Also stops when GitHub asks for patience (`rate_limited`, `too_early`): waiting is the schedule's business.
    """
    answers: list[dict[str, Any]] = []
    stored = 0
    with step(f"Poll the source until it has nothing new, at most {max_polls} times") as line:
        while len(answers) < max_polls:
            answers.append(invoke(client, function_name))
            stored = sum(answer.get("events", 0) for answer in answers)
            line.say(f"{len(answers)} polls, {stored:,} events, {took(line.seconds)}")
            if answers[-1]["outcome"] in {"not_modified", "rate_limited", "too_early"}:
                break
        line.note = f"{len(answers)} polls, {stored:,} events, then {answers[-1]['outcome']}" if answers else "no polls"
    return answers


def wait_until_active(client: Any, function_name: str, seconds: float = 60) -> None:
    """Wait for a new function to become invokable."""
    deadline = time.monotonic() + seconds
    while client.get_function_configuration(FunctionName=function_name)["State"] != "Active":
        if time.monotonic() > deadline:
            raise WorkshopError(f"{function_name} did not become active within {seconds:.0f} s.")
        time.sleep(0.5)
