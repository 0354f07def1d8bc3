"""Prepared statements, named queries, data catalogs, engine versions: kept by the emulator, answered as by Athena."""

from collections.abc import Mapping
from typing import Any

from workshop.sandbox.athena.api.work_groups import ENGINE_VERSIONS, Emulator, paged
from workshop.sandbox.athena.catalog.glue import CATALOG
from workshop.sandbox.athena.errors import InvalidRequestError

_BATCH = 50
"""Most names or ids in one batch request."""


class Saved:
    """Each method is the action of its name."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def create_prepared(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """CreatePreparedStatement."""
        await self._emulator.work_group(request["WorkGroup"], headers)
        return await self._emulator.call("CreatePreparedStatement", request, headers)

    async def get_prepared(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """GetPreparedStatement."""
        try:
            return await self._emulator.call("GetPreparedStatement", request, headers)
        except InvalidRequestError as error:
            raise _no_statement(request) from error

    async def update_prepared(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """UpdatePreparedStatement: the emulator has none, so it is deleted and created."""
        await self.get_prepared(request, headers)
        names = {"WorkGroup": request["WorkGroup"], "StatementName": request["StatementName"]}
        await self._emulator.call("DeletePreparedStatement", names, headers)
        await self._emulator.call("CreatePreparedStatement", request, headers)
        return {}

    async def delete_prepared(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """DeletePreparedStatement."""
        await self.get_prepared(request, headers)
        return await self._emulator.call("DeletePreparedStatement", request, headers)

    async def list_prepared(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """ListPreparedStatements."""
        await self._emulator.work_group(request["WorkGroup"], headers)
        listed = await self._emulator.call("ListPreparedStatements", {"WorkGroup": request["WorkGroup"]}, headers)
        page, token = paged(listed["PreparedStatements"], request, 50)
        return {"PreparedStatements": page, **token}

    async def batch_get_prepared(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """BatchGetPreparedStatement."""
        found, missing = [], []
        for name in _batch(request["PreparedStatementNames"]):
            asked = {"WorkGroup": request["WorkGroup"], "StatementName": name}
            try:
                found.append((await self.get_prepared(asked, headers))["PreparedStatement"])
            except InvalidRequestError as error:
                missing.append({"StatementName": name, "ErrorCode": error.code, "ErrorMessage": error.message})
        return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}

    async def create_named(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """CreateNamedQuery."""
        await self._emulator.work_group(request.get("WorkGroup") or "primary", headers)
        return await self._emulator.call("CreateNamedQuery", request, headers)

    async def get_named(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """GetNamedQuery."""
        try:
            return await self._emulator.call("GetNamedQuery", request, headers)
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"NamedQuery {request['NamedQueryId']} was not found", athena_error_code="INVALID_INPUT"
            ) from error

    async def delete_named(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """DeleteNamedQuery."""
        await self.get_named(request, headers)
        return await self._emulator.call("DeleteNamedQuery", request, headers)

    async def update_named(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """UpdateNamedQuery: the emulator has none, and a query created anew would get another id."""
        from ministack.services import athena  # noqa: PLC0415 - reads the environment when it is imported

        query = (await self.get_named(request, headers))["NamedQuery"]
        athena._named_queries[request["NamedQueryId"]] = {**query, **request}
        # Writes the state to disk.
        await self._emulator.call("UpdateWorkGroup", {"WorkGroup": query["WorkGroup"]}, headers)
        return {}

    async def list_named(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """ListNamedQueries."""
        group = request.get("WorkGroup") or "primary"
        await self._emulator.work_group(group, headers)
        listed = await self._emulator.call("ListNamedQueries", {"WorkGroup": group}, headers)
        page, token = paged(listed["NamedQueryIds"], request, 50)
        return {"NamedQueryIds": page, **token}

    async def batch_get_named(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """BatchGetNamedQuery."""
        found, missing = [], []
        for query_id in _batch(request["NamedQueryIds"]):
            try:
                found.append((await self.get_named({"NamedQueryId": query_id}, headers))["NamedQuery"])
            except InvalidRequestError as error:
                missing.append(
                    {"NamedQueryId": query_id, "ErrorCode": error.athena_error_code, "ErrorMessage": error.message}
                )
        return {"NamedQueries": found, "UnprocessedNamedQueryIds": missing}

    async def get_catalog(self, request: Mapping[str, Any], account: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """GetDataCatalog. The account's own catalog tells its id, which clients hand to Glue."""
        name = request["Name"]
        if name.lower() == CATALOG:
            return {
                "DataCatalog": {
                    "Name": "AwsDataCatalog",
                    "Type": "GLUE",
                    "Parameters": {"catalog-id": account},
                    "Status": "CREATE_COMPLETE",
                }
            }
        try:
            found = (await self._emulator.call("GetDataCatalog", request, headers))["DataCatalog"]
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"Data catalog {name} was not found", athena_error_code="INVALID_INPUT"
            ) from error
        return {"DataCatalog": {**found, "Status": "CREATE_COMPLETE"}}

    async def list_catalogs(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """ListDataCatalogs."""
        listed = (await self._emulator.call("ListDataCatalogs", {}, headers))["DataCatalogsSummary"]
        page, token = paged([{**c, "Status": "CREATE_COMPLETE"} for c in listed], request, 50)
        return {"DataCatalogsSummary": page, **token}

    @staticmethod
    async def list_engine_versions(request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """ListEngineVersions."""
        versions = [
            {"SelectedEngineVersion": v, "EffectiveEngineVersion": ENGINE_VERSIONS[-1]} for v in ENGINE_VERSIONS
        ]
        page, token = paged(versions, request, 10)
        return {"EngineVersions": page, **token}


def _batch(names: list[str]) -> list[str]:
    if len(names) > _BATCH:
        raise InvalidRequestError(f"More than {_BATCH} names or ids", athena_error_code="INVALID_INPUT")
    return names


def _no_statement(request: Mapping[str, Any]) -> InvalidRequestError:
    return InvalidRequestError(
        f"PreparedStatement {request['StatementName']} was not found in workGroup {request['WorkGroup']}",
        "ResourceNotFoundException",
    )
