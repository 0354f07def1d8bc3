"""Work groups: kept by the emulator, asked through its handler."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workshop.sandbox.athena.errors import InvalidRequestError

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]
"""(method, path, headers, body, query parameters) -> (status, headers, body), the emulator's form of a service."""


@dataclass(frozen=True)
class ResultSettings:
    """Where results go and how they are encrypted; `cutoff` is the limit of bytes scanned."""

    location: str
    encryption: dict[str, str]
    cutoff: int | None


class Emulator:
    """Calls the emulator's own Athena for what it keeps: work groups, prepared statements, catalogs."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def call(self, action: str, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The answer to an action; raises `InvalidRequestError` with the emulator's code and message."""
        sent = {**headers, "x-amz-target": f"AmazonAthena.{action}"}
        status, _, body = await self._handler("POST", "/", sent, json.dumps(request).encode(), {})
        answer: dict[str, Any] = json.loads(body or b"{}")
        if status != 200:
            message = str(answer.get("message") or answer.get("Message") or "")
            raise InvalidRequestError(message, str(answer.get("__type", "InvalidRequestException")))
        return answer

    async def work_group(self, name: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """The work group; `InvalidRequestError` when there is none or it is disabled."""
        try:
            found: dict[str, Any] = (await self.call("GetWorkGroup", {"WorkGroup": name}, headers))["WorkGroup"]
        except InvalidRequestError as error:
            raise InvalidRequestError(f"WorkGroup {name} is not found.", athena_error_code="INVALID_INPUT") from error
        return found


def result_settings(work_group: Mapping[str, Any], asked: Mapping[str, Any]) -> ResultSettings:
    """The work group's configuration where it is enforced, else the request's, else the work group's."""
    name = work_group.get("Name", "")
    if work_group.get("State") == "DISABLED":
        raise InvalidRequestError(f"WorkGroup {name} is disabled.", athena_error_code="INVALID_INPUT")
    configuration = work_group.get("Configuration", {})
    own = configuration.get("ResultConfiguration", {})
    chosen = own if configuration.get("EnforceWorkGroupConfiguration", False) else {**own, **asked}
    location = chosen.get("OutputLocation")
    if not location:
        raise InvalidRequestError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input.",
            athena_error_code="INVALID_INPUT",
        )
    if not str(location).startswith("s3://") or len(str(location)) <= len("s3://"):
        raise InvalidRequestError("outputLocation is not a valid S3 path.", athena_error_code="INVALID_INPUT")
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    return ResultSettings(str(location).rstrip("/") + "/", dict(chosen.get("EncryptionConfiguration", {})), cutoff)
