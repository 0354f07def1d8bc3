"""Calling the lake's Lambda functions by hand, as their schedules do."""

import json
import time
from typing import Any

from workshop.errors import WorkshopError
from workshop.records import Line, Record, amount, step, took

LONGEST_WAIT_SECONDS = 300


class FunctionFailed(WorkshopError):  # noqa: N818 - the name says what happened
    """The function raised; `message` is the error's own text."""


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
