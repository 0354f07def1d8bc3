"""Faults between a function and the services that it calls.

They strike below the SDK, at a request that is about to be sent, so that the SDK's own retries are part of what is
tested: a fault that the SDK survives by itself costs the function nothing, one that it gives up on reaches the function
as the error that AWS would cause. The function runs in this process. Being killed is an exception that no handler
catches, and from then on the process can neither call anything nor sleep, so that its `finally` blocks change nothing,
as after `kill -9`. Time is a clock of the test's own.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from athena_transform.handler import CLIENT_CONFIG as TRANSFORM_CONFIG
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from github_events_ingestor.backfill_handler import CLIENT_CONFIG as BACKFILL_CONFIG
from github_events_ingestor.handler import CLIENT_CONFIG as POLLER_CONFIG
from running_sandbox import RunningSandbox
from urllib3 import HTTPHeaderDict, HTTPResponse

# What happens to the attempts of one call, in turn; the last one for ever. "pass" lets the request through; "lost" and
# "error" do so too, but its answer gets lost or is a server error.
SCRIPTS: dict[str, tuple[str, ...]] = {
    "killed before": ("kill before",),
    "killed after": ("kill after",),
    "throttled once": ("throttle", "pass"),
    "throttled until given up": ("throttle",),
    "denied": ("deny",),
    "answer lost": ("lost", "pass"),
    "answers lost until given up": ("lost",),
    "server error after the effect": ("error", "pass"),
    "server errors until given up": ("error",),
    "answer lost, then throttled": ("lost", "throttle"),
    "answer lost, then denied": ("lost", "deny"),
    "answer cut short": ("cut",),
    # Kills the sandbox's server once the call has been answered, and starts it again.
    "sandbox killed": ("crash", "pass"),
    # The next three are done when the call begins; its requests pass.
    "time passes": ("pass",),
    "another worker": ("pass",),
    "query fails": ("pass",),
    "query takes long": ("pass",),
}
# Lambda's time limit of the transforms, and what a call takes.
LIMIT = timedelta(seconds=300)
CALL = timedelta(milliseconds=50)


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Fault:
    """A kind of `SCRIPTS`, at the n-th call of a run (from 1), or at the first one after it that it fits.

    `operation`: the only operation that it strikes, "" for any. `detail`: for "time passes" the seconds that Lambda
    then leaves; for "another worker" the function that it runs to its end; for "query fails" the share of its files
    that are written; for "query takes long" the seconds it takes and what becomes of it when it is stopped
    (`cancelled`, `too late`, `later`).
    """

    kind: str
    call: int
    operation: str = ""
    detail: tuple[Any, ...] = ()

    def fits(self, operation: str) -> bool:
        """Whether it can strike at a call of this operation."""
        if self.operation and operation != self.operation:
            return False
        if self.kind == "answer cut short":
            return operation == "s3.GetObject"
        if self.kind.startswith("query"):
            return operation == "athena.StartQueryExecution"
        return True

    def __str__(self) -> str:
        detail = f" ({', '.join(map(str, self.detail))})" if self.detail else ""
        where = f"call {self.call}" if not self.operation else f"{self.operation} from call {self.call} on"
        return f"{self.kind}{detail} at {where}"


@dataclass(frozen=True)
class Struck:
    """A fault that has struck: where."""

    function: str
    call: int
    operation: str
    fault: Fault

    def __str__(self) -> str:
        detail = f" ({', '.join(map(str, self.fault.detail))})" if self.fault.detail else ""
        return f"{self.function}, call {self.call}, {self.operation}: {self.fault.kind}{detail}"


class Clock:
    """Time that only its users move. It begins now, because the sandbox's Athena knows what day it is."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


@dataclass(frozen=True)
class Call:
    """A request about to be sent: its operation (`s3.PutObject`), and how to send it."""

    operation: str
    request: AWSPreparedRequest
    send: Callable[[], AWSResponse]

    @property
    def body(self) -> bytes:
        """The request's body, of a JSON or XML protocol."""
        body = self.request.body
        return body.encode() if isinstance(body, str) else bytes(body or b"")


class Effects(Protocol):
    """The world's part in a process's calls."""

    def perform(self, process: "Process", call: Call) -> AWSResponse:
        """Send the request, and keep track of what it does."""

    def meanwhile(self, function: str) -> None:
        """Let another worker run a function to its end."""

    def look(self) -> None:
        """Let a reader look."""

    def crash(self) -> None:
        """Kill the services with all that is in their memory, and start them again."""


class Process:
    """One invocation of a function: Lambda's context for it, its calls, and what happens to them.

    `looks`: the calls before which a reader looks.
    """

    function_name = "dp-test-function"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def __init__(
        self,
        world: Effects,
        clock: Clock,
        function: str,
        faults: Sequence[Fault] = (),
        looks: Sequence[int] = (),
        limit: timedelta = LIMIT,
    ) -> None:
        self._world = world
        self._clock = clock
        self.function = function
        self._waiting = sorted(faults, key=lambda fault: fault.call)
        self._looks = set(looks)
        self.killed_at = clock.now() + limit
        self.calls = 0
        self.is_dead = False
        self.struck: list[Struck] = []
        self.operations: list[str] = []
        self.query_fault: Fault | None = None
        self._script: tuple[str, ...] = ("pass",)
        self._attempt = 0

    # --- Lambda ---

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context says it."""
        return int((self.killed_at - self._clock.now()).total_seconds() * 1000)

    def sleep(self, seconds: float) -> None:
        """Let time pass; Lambda may end the process meanwhile."""
        self._clock.advance(timedelta(seconds=seconds))
        self._check_alive()

    def left_over(self) -> list[Fault]:
        """The faults that have not struck, for the function's next run."""
        return [replace(fault, call=max(1, fault.call - self.calls)) for fault in self._waiting]

    def _check_alive(self) -> None:
        if self._clock.now() >= self.killed_at:
            self.is_dead = True
        if self.is_dead:
            raise Killed

    def _die(self) -> None:
        self.is_dead = True
        raise Killed

    # --- calls ---

    def begin(self, operation: str) -> None:
        """A call begins, before its first attempt."""
        self._check_alive()
        self.calls += 1
        self.operations.append(operation)
        self._clock.advance(CALL)
        self._script, self._attempt, self.query_fault = ("pass",), 0, None
        if self.calls in self._looks:
            self._world.look()
        fault = next((one for one in self._waiting if one.call <= self.calls and one.fits(operation)), None)
        if fault is None:
            return
        self._waiting.remove(fault)
        self.struck.append(Struck(self.function, self.calls, operation, fault))
        self._script = SCRIPTS[fault.kind]
        if fault.kind == "time passes":
            self._clock.advance(self.killed_at - self._clock.now() - timedelta(seconds=fault.detail[0]))
            self._check_alive()
        elif fault.kind == "another worker":
            self._world.meanwhile(fault.detail[0])
        elif fault.kind.startswith("query"):
            self.query_fault = fault

    def send(self, call: Call) -> AWSResponse:
        """One attempt of the call."""
        self._check_alive()
        action = self._script[min(self._attempt, len(self._script) - 1)]
        self._attempt += 1
        if action == "kill before":
            self._die()
        if action == "throttle":
            return throttled(call)
        if action == "deny":
            return denied(call)
        response = self._world.perform(self, call)
        if action == "kill after":
            self._die()
        if action == "crash":
            self._world.crash()
        if action == "lost":
            raise ConnectionClosedError(endpoint_url=call.request.url)
        if action == "error":
            return failed(call)
        return cut(response) if action == "cut" else response


class Worker:
    """boto3 clients of one worker, configured as the functions configure theirs, that obey its current process."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.process: Process | None = None
        self._clients: dict[str, dict[str, Any]] = {}
        for functions, config, services in (
            (("poll",), POLLER_CONFIG, ("s3", "ssm")),
            (("hour", "replay"), BACKFILL_CONFIG, ("s3",)),
            (("silver", "gold"), TRANSFORM_CONFIG, ("s3", "glue", "athena")),
        ):
            made = {name: sandbox.client(name, config=config.merge(Config(proxies={}))) for name in services}
            for client in made.values():
                self._watch(client)
            self._clients.update(dict.fromkeys(functions, made))

    @property
    def all_clients(self) -> list[Any]:
        """Every client there is."""
        return [client for made in self._clients.values() for client in made.values()]

    def clients(self, function: str) -> dict[str, Any]:
        """The clients that a function uses, by service."""
        return self._clients[function]

    def _watch(self, client: Any) -> None:
        def before_call(event_name: str, **_: Any) -> None:
            if self.process is not None:
                self.process.begin(event_name.removeprefix("before-call."))

        def before_send(event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
            if self.process is None:
                return None
            session = client._endpoint.http_session
            operation = event_name.removeprefix("before-send.")
            return self.process.send(Call(operation, request, lambda: session.send(request)))

        client.meta.events.register("before-call", before_call)
        client.meta.events.register("before-send", before_send)


def reconnect(client: Any, sandbox: RunningSandbox) -> None:
    """Let a client go on with a server that has been started anew: new connections, and the learner's new keys."""
    client._endpoint.http_session.close()
    known, keys = client._request_signer._credentials, sandbox.home.credentials
    known.access_key, known.secret_key = keys.access_key_id, keys.secret_access_key


# --- answers ---


def answer(call: Call, status: int, body: bytes, content_type: str) -> AWSResponse:
    """An answer that no server gave."""
    headers = HTTPHeaderDict({"content-type": content_type, "content-length": str(len(body))})
    raw = HTTPResponse(io.BytesIO(body), headers, status, preload_content=False, request_method=call.request.method)
    return AWSResponse(call.request.url, status, headers, raw)


def json_answer(call: Call, document: Any, status: int = 200) -> AWSResponse:
    """An answer of a JSON protocol."""
    return answer(call, status, json.dumps(document).encode(), "application/x-amz-json-1.1")


def error_answer(call: Call, s3: tuple[int, str], others: tuple[int, str]) -> AWSResponse:
    """An error of S3, or of the services with a JSON protocol."""
    if not call.operation.startswith("s3."):
        status, code = others
        return json_answer(call, {"__type": code, "message": f"Injected: {code}."}, status)
    status, code = s3
    body = f"<Error><Code>{code}</Code><Message>Injected.</Message></Error>".encode()
    return answer(call, status, b"" if call.request.method == "HEAD" else body, "application/xml")


def throttled(call: Call) -> AWSResponse:
    """The service is asked too much."""
    return error_answer(call, (503, "SlowDown"), (400, "ThrottlingException"))


def denied(call: Call) -> AWSResponse:
    """The role may not do this."""
    return error_answer(call, (403, "AccessDenied"), (400, "AccessDeniedException"))


def failed(call: Call) -> AWSResponse:
    """The service has failed by itself."""
    return error_answer(call, (500, "InternalError"), (500, "InternalServerException"))


def cut(response: AWSResponse) -> AWSResponse:
    """An answer whose connection ends in the middle of the body; one without a body to read stays as it is."""
    if response.status_code != 200:
        return response
    body = response.raw.read()
    headers = HTTPHeaderDict(response.headers)
    raw = HTTPResponse(io.BytesIO(body[: len(body) // 2]), headers, response.status_code, preload_content=False)
    return AWSResponse(response.url, response.status_code, headers, raw)
