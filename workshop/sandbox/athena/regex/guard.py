"""Matches that may take very long run in a process of their own, which is ended when they do.

Python's matcher cannot be interrupted, and holds the interpreter's lock: in the server it would stop everything.
"""

import json
import select
import subprocess
import sys
import threading
import time
from typing import IO, Any

from workshop.sandbox.athena.regex.matching import OPERATIONS, compiled
from workshop.sandbox.athena.regex.parts import PatternError

TIME_LIMIT = 5.0
"""Seconds that one match may take."""
_START_LIMIT = 30.0
_MODULE = "workshop.sandbox.athena.regex.guard"
_REST = 30.0
"""Seconds for which a pattern that took too long is not tried again."""
_lock = threading.Lock()
_given_up: dict[str, float] = {}
_worker: subprocess.Popen[bytes] | None = None


class TookTooLongError(Exception):
    """The match was given up."""


def run(operation: str, pattern: str, text: str, *arguments: object) -> Any:
    """The operation's result; raises `PatternError` or `TookTooLongError`."""
    ready = compiled(pattern)
    if ready.may_take_long(text):
        if time.monotonic() < _given_up.get(pattern, 0):
            raise TookTooLongError  # TRY would ask for one row after the other
        return _elsewhere((operation, pattern, text, *arguments))
    return OPERATIONS[operation](ready.pattern, text, *arguments)


def _elsewhere(task: tuple[object, ...]) -> Any:
    global _worker  # noqa: PLW0603 - one process for all, started when the first match needs it
    with _lock:
        if _worker is None or _worker.poll() is not None:
            _worker = _started()
        answer = _ask(_worker, task)
        if answer is None:
            _worker.kill()
            _worker.wait()
            _worker = None
            _given_up[str(task[1])] = time.monotonic() + _REST
            raise TookTooLongError
    if "error" in answer:
        raise PatternError(answer["error"])
    return answer["value"]


def _started() -> subprocess.Popen[bytes]:
    """A process that is ready for tasks: lines of JSON. Nothing of the user's is on its command line."""
    worker = subprocess.Popen(
        [sys.executable, "-I", "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if _answer(worker, _START_LIMIT) is None:
        worker.kill()
        worker.wait()
        raise TookTooLongError
    return worker


def _ask(worker: subprocess.Popen[bytes], task: tuple[object, ...]) -> Any:
    """The worker's answer, None if there is none in time."""
    assert worker.stdin is not None  # it is a pipe
    try:
        _send(worker.stdin, task)
    except OSError:
        return None
    return _answer(worker, TIME_LIMIT)


def _answer(worker: subprocess.Popen[bytes], seconds: float) -> Any:
    assert worker.stdout is not None  # it is a pipe
    waiting, _, _ = select.select([worker.stdout], [], [], seconds)
    line = worker.stdout.readline() if waiting else b""
    return json.loads(line) if line else None


def _send(pipe: IO[bytes], value: object) -> None:
    pipe.write(json.dumps(value).encode() + b"\n")
    pipe.flush()


def _serve() -> None:
    """What the other process does until its input ends."""
    _send(sys.stdout.buffer, "ready")
    for line in sys.stdin.buffer:
        operation, pattern, text, *arguments = json.loads(line)
        try:
            answer = {"value": OPERATIONS[operation](compiled(pattern).pattern, text, *arguments)}
        except PatternError as error:
            answer = {"error": error.message}
        _send(sys.stdout.buffer, answer)


if __name__ == "__main__":
    _serve()
