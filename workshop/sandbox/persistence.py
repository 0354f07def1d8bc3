"""Keeps what has been acknowledged: a service's state is on disk before the answer to a call that changed it is sent.

The emulator itself saves at an orderly end only. S3 objects, their versions, tags and metadata are files already; what
is written here is everything else, one JSON file a service in the emulator's own format, replaced atomically. It
survives the end of the process however it comes (`kill -9`), not a power failure: nothing is forced through to disk.
What changes without a call (log lines, metrics, messages on their way) is saved every few seconds.
"""

import asyncio
import hashlib
import json
import logging
import re
import time
from pathlib import Path
from typing import Any

import ministack.app as emulator
from ministack.core import persistence as format_

from workshop.errors import WorkshopError
from workshop.sandbox.calls import Call, Handler, Response

TRIES = 20
BACKGROUND_SECONDS = 5.0
# A large state is saved less often: at most one part in so many of the time goes into it.
BACKGROUND_SHARE = 20
# Actions that leave nothing behind, or nothing that outlives a process on AWS either (a received message's lease).
READS = re.compile(
    r"(?:Get|List|Describe|BatchGet|Head|Filter|Lookup|Search|Query|Scan|Select|Simulate|Decode|Validate|Verify|Sign"
    r"|Encrypt|Decrypt|ReEncrypt|GenerateDataKey|GenerateRandom|GenerateMac|ReceiveMessage|ChangeMessageVisibility)"
)
# `GetSessionToken` and its like hand out credentials, which must work after a restart.
WRITES = re.compile(r"Get(?:SessionToken|FederationToken)$")
INVOCATION = re.compile(r"/functions/[^/]+/(?:invocations|invoke-async|response-streaming-invocations)/?$")

log = logging.getLogger(__name__)


class StateSaver:
    """Writes services' states. Calls that end while a state is being written share the next write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._on_disk: dict[str, bytes] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin saving what changes in the background."""
        self._task = asyncio.create_task(self._save_in_background())

    def stop(self) -> None:
        """End the background saving; the emulator saves everything when it stops."""
        if self._task is not None:
            self._task.cancel()

    async def save(self, key: str) -> None:
        """Return when everything that service `key` holds now is on disk. Raises `OSError` if it cannot be written."""
        ticket = self._asked[key] = self._asked.get(key, 0) + 1
        async with self._locks.setdefault(key, asyncio.Lock()):
            if self._done.get(key, 0) >= ticket:
                return
            covered = self._asked[key]
            for tries_left in reversed(range(TRIES)):
                try:
                    await self._save_now(key)
                    break
                except RuntimeError:
                    # A worker thread (a Lambda that logs, say) changed the state while it was copied.
                    if not tries_left:
                        raise
                    await asyncio.sleep(0.01)
            self._done[key] = covered

    async def _save_now(self, key: str) -> None:
        state = emulator._get_module(emulator._state_map[key]).get_state()
        if state is not None:
            await asyncio.to_thread(self._write, key, state)

    async def save_all(self) -> None:
        """Save every service that has been used."""
        for key, module in emulator._state_map.items():
            if module in emulator._loaded_modules:
                await self.save(key)

    def _write(self, key: str, state: dict[str, Any]) -> None:
        document = {"__ministack_format__": format_._state_format_version(key), "payload": state}
        content = json.dumps(document, default=format_._json_default).encode()
        digest = hashlib.sha256(content).digest()
        if self._on_disk.get(key) == digest:
            return
        path = self._folder / f"{key}.json"
        staged = path.with_suffix(".json.tmp")
        staged.write_bytes(content)
        staged.replace(path)
        self._on_disk[key] = digest

    async def _save_in_background(self) -> None:
        took = 0.0
        while True:
            await asyncio.sleep(max(BACKGROUND_SECONDS, took * BACKGROUND_SHARE))
            started = time.monotonic()
            try:
                await self.save_all()
            except (OSError, RuntimeError, TypeError) as error:
                # A full disk, say: the next round tries again, and a call that changes something is refused until then.
                log.warning("The sandbox's state could not be saved: %s", error)
            took = time.monotonic() - started


def load_strictly(folder: Path) -> None:
    """Let the emulator refuse to start with a state that it cannot read: it would start empty and save that."""

    def load() -> None:
        for key, module in emulator._state_map.items():
            path = folder / f"{key}.json"
            if not path.exists():
                continue
            try:
                document = json.loads(path.read_text(encoding="utf-8"), object_hook=format_._json_object_hook)
                newer = document["__ministack_format__"] > format_._state_format_version(key)
                if not newer:
                    emulator._get_module(module).load_persisted_state(document["payload"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise WorkshopError(
                    f"{path} is damaged ({error}).", "Wipe the sandbox with `make sandbox-reset`."
                ) from error
            if newer:
                raise WorkshopError(
                    f"{path} was written by a newer version of the workshop.",
                    "Update the checkout, or wipe the sandbox with `make sandbox-reset`.",
                )

    emulator._load_persisted_state = load


def save_before_answering(saver: StateSaver) -> None:
    """Wrap every service of the emulator so that a call that changes something is answered after it is on disk."""
    for service, handler in emulator.SERVICE_HANDLERS.items():
        emulator.SERVICE_HANDLERS[service] = _saving(service, handler, saver)
    control = emulator._handle_s3_control_request

    async def saving_control(path: str, method: str, *rest: Any, **named: Any) -> Any:
        response = await control(path, method, *rest, **named)
        if response is not None and method not in {"GET", "HEAD"}:
            await saver.save("s3")
        return response

    emulator._handle_s3_control_request = saving_control


def _saving(service: str, handler: Handler, saver: StateSaver) -> Handler:
    registered = emulator.SERVICE_REGISTRY[service]
    key = registered.get("state_key", registered["module"])

    async def handle(*parts: Any) -> Response:
        response = await handler(*parts)
        if changes_state(service, Call(*parts)):
            if service == "tagging":
                await saver.save_all()  # tags live with the services they belong to
            else:
                await saver.save(key)
        return response

    return handle


def changes_state(service: str, call: Call) -> bool:
    """Whether a call may change what its service's JSON file holds. Unknown actions count as changes."""
    if service == "s3":
        # Objects are files of their own; the JSON file holds the buckets' settings.
        _, key = call.bucket_and_key
        return call.method not in {"GET", "HEAD"} and not key and "delete" not in call.query
    if action := call.action:
        return bool(WRITES.match(action)) or not READS.match(action)
    return call.method not in {"GET", "HEAD"} and not INVOCATION.search(call.path)
