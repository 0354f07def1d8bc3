"""Work groups: kept by the emulator, which is asked through its handler; what it does not do is done here."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workshop.sandbox.athena.api.executions import ENGINE_VERSION
from workshop.sandbox.athena.api.requests import number_of, page_size, token_of
from workshop.sandbox.athena.errors import InvalidRequestError

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]
"""(method, path, headers, body, query parameters) -> (status, headers, body), the emulator's form of a service."""

ENGINE_VERSIONS = ("AUTO", ENGINE_VERSION)
_DEFAULTS: Mapping[str, Any] = {
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
    "EnableMinimumEncryptionConfiguration": False,
}
_NOT_PLAIN = frozenset({"ResultConfigurationUpdates", "ManagedQueryResultsConfigurationUpdates", "EngineVersion"})


@dataclass(frozen=True)
class ResultSettings:
    """Where results go and what else the result configuration says; `cutoff` is the limit of bytes scanned, `enforced`
    whether the work group decides."""

    location: str
    others: dict[str, Any]
    cutoff: int | None
    engine_selected: str | None = None
    enforced: bool = False

    @property
    def encryption(self) -> Mapping[str, str]:
        """The `EncryptionConfiguration`, empty without one."""
        found: Mapping[str, str] = self.others.get("EncryptionConfiguration", {})
        return found


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
        """The work group, with the settings that clients take for granted; `InvalidRequestError` when there is none."""
        try:
            found: dict[str, Any] = (await self.call("GetWorkGroup", {"WorkGroup": name}, headers))["WorkGroup"]
        except InvalidRequestError as error:
            raise InvalidRequestError(f"WorkGroup {name} is not found.", athena_error_code="INVALID_INPUT") from error
        found.pop("WorkGroupConfiguration", None)  # the emulator's own
        configuration = {**_DEFAULTS, **(found.get("Configuration") or {})}
        configuration["EngineVersion"] = _engine_version(configuration.get("EngineVersion"))
        return {**found, "Configuration": configuration}

    async def change(self, name: str, configuration: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """Replace a work group's configuration. The emulator's update knows only some of the settings."""
        from ministack.services import athena  # noqa: PLC0415 - reads the environment when it is imported

        athena._workgroups[name] = {**athena._workgroups[name], "Configuration": dict(configuration)}
        await self.call("UpdateWorkGroup", {"WorkGroup": name}, headers)  # writes the state to disk


class WorkGroups:
    """The actions about work groups. `delete_executions` forgets those of one; `has_executions` says if there are."""

    def __init__(
        self,
        emulator: Emulator,
        has_executions: Callable[[str, str], bool],
        delete_executions: Callable[[str, str], None],
    ) -> None:
        self._emulator = emulator
        self._has_executions = has_executions
        self._delete_executions = delete_executions

    async def get(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """GetWorkGroup."""
        return {"WorkGroup": await self._emulator.work_group(request["WorkGroup"], headers)}

    async def create(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """CreateWorkGroup."""
        configuration = {**_DEFAULTS, **request.get("Configuration", {})}
        configuration["EngineVersion"] = _engine_version(configuration.get("EngineVersion"))
        _check(configuration)
        try:
            await self._emulator.call("CreateWorkGroup", {**request, "Configuration": configuration}, headers)
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"WorkGroup {request['Name']} is already created.", athena_error_code="INVALID_INPUT"
            ) from error
        return {}

    async def update(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """UpdateWorkGroup."""
        name = request["WorkGroup"]
        group = await self._emulator.work_group(name, headers)
        if "ConfigurationUpdates" in request:
            configuration = updated(group["Configuration"], request["ConfigurationUpdates"])
            _check(configuration)
            await self._emulator.change(name, configuration, headers)
        others = {k: v for k, v in request.items() if k in ("WorkGroup", "Description", "State")}
        await self._emulator.call("UpdateWorkGroup", others, headers)
        return {}

    async def delete(self, request: Mapping[str, Any], account: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """DeleteWorkGroup; one that holds something needs `RecursiveDeleteOption`."""
        name = request["WorkGroup"]
        if name == "primary":
            raise InvalidRequestError("Cannot delete the primary WorkGroup.", athena_error_code="INVALID_INPUT")
        await self._emulator.work_group(name, headers)
        named = (await self._emulator.call("ListNamedQueries", {"WorkGroup": name}, headers))["NamedQueryIds"]
        prepared = (await self._emulator.call("ListPreparedStatements", {"WorkGroup": name}, headers)).get(
            "PreparedStatements", []
        )
        if not request.get("RecursiveDeleteOption") and (named or prepared or self._has_executions(account, name)):
            raise InvalidRequestError(f"WorkGroup {name} is not empty", athena_error_code="INVALID_INPUT")
        for query in named:
            await self._emulator.call("DeleteNamedQuery", {"NamedQueryId": query}, headers)
        for statement in prepared:
            asked = {"WorkGroup": name, "StatementName": statement["StatementName"]}
            await self._emulator.call("DeletePreparedStatement", asked, headers)
        self._delete_executions(account, name)
        await self._emulator.call("DeleteWorkGroup", {"WorkGroup": name}, headers)
        return {}

    async def list(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """ListWorkGroups, in pages."""
        listed = (await self._emulator.call("ListWorkGroups", {}, headers))["WorkGroups"]
        page, token = paged(sorted(listed, key=lambda g: str(g["Name"])), request, 50)
        groups = [(await self._emulator.work_group(g["Name"], headers))["Configuration"]["EngineVersion"] for g in page]
        summaries = [{**g, "EngineVersion": version} for g, version in zip(page, groups, strict=True)]
        return {"WorkGroups": summaries, **token}


def paged(listed: list[Any], request: Mapping[str, Any], limit: int) -> tuple[list[Any], dict[str, str]]:
    """The page of a list that a request asks for, and the `NextToken` of the answer, if there are more."""
    size, start = page_size(request, limit, limit), number_of(request) or 0
    following = {"NextToken": token_of(start + size)} if start + size < len(listed) else {}
    return listed[start : start + size], following


def updated(configuration: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    """A work group's configuration after `ConfigurationUpdates`: each `RemoveX` takes X away."""
    changed = _replaced(configuration, {k: v for k, v in updates.items() if k not in _NOT_PLAIN})
    for name in ("ResultConfiguration", "ManagedQueryResultsConfiguration"):
        if f"{name}Updates" in updates:
            changed[name] = _replaced(changed.get(name, {}), updates[f"{name}Updates"])
    if "EngineVersion" in updates:
        changed["EngineVersion"] = _engine_version(updates["EngineVersion"])
    return changed


def _replaced(current: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    removed = {name.removeprefix("Remove") for name, asked in updates.items() if name.startswith("Remove") and asked}
    kept = {name: value for name, value in current.items() if name not in removed}
    return kept | {name: value for name, value in updates.items() if not name.startswith("Remove")}


def _engine_version(asked: Mapping[str, Any] | None) -> dict[str, str]:
    selected = str((asked or {}).get("SelectedEngineVersion") or "AUTO")
    if selected not in ENGINE_VERSIONS:
        raise InvalidRequestError(f"Engine version {selected} is not supported", athena_error_code="INVALID_INPUT")
    return {"SelectedEngineVersion": selected, "EffectiveEngineVersion": ENGINE_VERSION}


def _check(configuration: Mapping[str, Any]) -> None:
    """Refuse what a query would be refused for."""
    if configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
        raise InvalidRequestError("Managed query results are not supported by the local Athena")
    own = configuration.get("ResultConfiguration", {})
    if own.get("OutputLocation"):
        _check_location(str(own["OutputLocation"]))
    _check_encryption(own.get("EncryptionConfiguration", {}))


def _check_location(location: str) -> None:
    if not location.startswith("s3://") or len(location) <= len("s3://"):
        raise InvalidRequestError("outputLocation is not a valid S3 path.", athena_error_code="INVALID_INPUT")


def _check_encryption(encryption: Mapping[str, str]) -> None:
    option = encryption.get("EncryptionOption")
    if option == "CSE_KMS":
        raise InvalidRequestError("CSE_KMS is not supported by the local Athena", athena_error_code="INVALID_INPUT")
    if option == "SSE_KMS" and not encryption.get("KmsKey"):
        raise InvalidRequestError("KmsKey is required for SSE_KMS", athena_error_code="INVALID_INPUT")


def result_settings(work_group: Mapping[str, Any], asked: Mapping[str, Any]) -> ResultSettings:
    """The work group's configuration where it is enforced, else the request's, else the work group's."""
    if work_group.get("State") == "DISABLED":
        raise InvalidRequestError(f"WorkGroup {work_group['Name']} is disabled.", athena_error_code="INVALID_INPUT")
    configuration = work_group.get("Configuration", {})
    own = configuration.get("ResultConfiguration", {})
    enforced = bool(configuration.get("EnforceWorkGroupConfiguration", False))
    chosen = own if enforced else {**own, **asked}
    location = str(chosen.get("OutputLocation") or "")
    if not location:
        raise InvalidRequestError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input.",
            athena_error_code="INVALID_INPUT",
        )
    _check_location(location)
    _check_encryption(chosen.get("EncryptionConfiguration", {}))
    others = {name: value for name, value in chosen.items() if name != "OutputLocation"}
    selected = configuration.get("EngineVersion", {}).get("SelectedEngineVersion")
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    return ResultSettings(location.rstrip("/") + "/", others, cutoff, selected, enforced)
