"""The API of Amazon Athena (JSON 1.1): executions and metadata are ours, the rest is kept by the emulator."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.api import answers
from workshop.sandbox.athena.api.metadata import Metadata
from workshop.sandbox.athena.api.requests import known_actions, read_request
from workshop.sandbox.athena.api.running import CONCURRENT_QUERIES, STACK_BYTES, Runner, deep_pool
from workshop.sandbox.athena.api.saved import Saved
from workshop.sandbox.athena.api.starting import Starter
from workshop.sandbox.athena.api.store import ExecutionStore
from workshop.sandbox.athena.api.work_groups import Emulator, Handler, Response, WorkGroups
from workshop.sandbox.athena.catalog.glue import CATALOG
from workshop.sandbox.athena.containment import contain_process
from workshop.sandbox.athena.engine import Engine, machine_memory
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError
from workshop.sandbox.athena.lake import Lakes
from workshop.sandbox.athena.run import Lake
from workshop.sandbox.caller import Caller
from workshop.sandbox.in_process import InProcessSession

logger = logging.getLogger(__name__)

_PARSERS = 2
_Headers = Mapping[str, str]
_Action = Callable[["AthenaService", dict[str, Any], _Headers], Awaitable[dict[str, Any]]]


class AthenaService:
    """Serves Athena's API. State lives in `state_dir`; Glue and S3 are called at `endpoint_url` as the caller."""

    def __init__(
        self,
        *,
        state_dir: Path,
        endpoint_url: str,
        ca_bundle: Path,
        region: str,
        resolve_caller: Callable[[_Headers], Caller],
        fallback: Handler,
        in_process: InProcessSession | None = None,
        lake_of: Callable[[Caller], Lake] | None = None,
        concurrent: int = CONCURRENT_QUERIES,
    ) -> None:
        contain_process(machine_memory() * 9 // 10 + (concurrent + _PARSERS) * STACK_BYTES)
        self._resolve_caller = resolve_caller
        self._fallback = fallback
        self._lakes = Lakes(
            endpoint_url=endpoint_url,
            ca_bundle=ca_bundle,
            region=region,
            cache=state_dir / "objects",
            in_process=in_process,
        )
        self._lake_of = lake_of or self._lakes.of
        self._engine = Engine(state_dir / "running")
        self._store = ExecutionStore(state_dir / "executions")
        self._runner = Runner(self._store, self._engine, concurrent)
        self._parsers = deep_pool(_PARSERS, "athena-parse")
        emulator = Emulator(fallback)
        self._starter = Starter(self._store, self._runner, emulator, self._lake_of, self._parsers)
        self._work_groups = WorkGroups(emulator, self._has_executions, self._store.delete_of)
        self._saved = Saved(emulator)
        known_actions()  # loads the service's model

    async def handle(
        self, method: str, path: str, headers: _Headers, body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        """Answer one request; the emulator has checked its signature and `athena:` permissions."""
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            if action not in known_actions():
                raise InvalidRequestError("", "UnknownOperationException")
            request = read_request(action, body)
            method_of_ours = _ACTIONS.get(action)
            if method_of_ours is None:
                return await self._fallback(method, path, headers, body, query_params)
            return _answer(200, await method_of_ours(self, request, headers))
        except InvalidRequestError as error:
            refused = {"__type": error.code, "Message": error.message}
            if error.athena_error_code:
                refused["AthenaErrorCode"] = error.athena_error_code
            return _answer(400, refused)
        except AthenaError as error:
            return _answer(400, {"__type": "InvalidRequestException", "Message": error.reason})
        except PermissionError:
            raise
        except Exception:
            logger.exception("%s failed unexpectedly", action)
            return _answer(500, {"__type": "InternalServerException", "Message": "Internal service error"})

    def work_group_of(self, query_execution_id: str) -> str | None:
        """The work group of an execution: IAM's resource for actions on executions."""
        found = self._store.find(query_execution_id)
        return None if found is None else found.work_group

    def close(self) -> None:
        """Stop what runs and end the threads."""
        self._runner.close()
        self._parsers.shutdown()
        self._lakes.close()
        self._engine.close()
        self._store.close()

    def _has_executions(self, account: str, work_group: str) -> bool:
        return bool(self._store.newest_first(account, work_group, 1)[0])

    def _account(self, headers: _Headers) -> str:
        return self._resolve_caller(headers).account_id

    async def _start(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return {"QueryExecutionId": await self._starter.start(request, self._resolve_caller(headers), headers)}

    async def _stop(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        execution = self._store.get(request["QueryExecutionId"], self._account(headers))
        await asyncio.to_thread(self._runner.stop, execution.id)
        return {}

    async def _get(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return {"QueryExecution": self._store.get(request["QueryExecutionId"], self._account(headers)).describe()}

    async def _batch_get(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return answers.batch(self._store, request["QueryExecutionIds"], self._account(headers))

    async def _list(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return answers.listing(self._store, request, self._account(headers))

    async def _runtime(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return answers.runtime(self._store.get(request["QueryExecutionId"], self._account(headers)))

    async def _results(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        caller = self._resolve_caller(headers)
        execution = self._store.get(request["QueryExecutionId"], caller.account_id)
        answers.finished(execution)
        return await asyncio.to_thread(answers.results, execution, self._lake_of(caller), request)

    async def _delete_work_group(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return await self._work_groups.delete(request, self._account(headers), headers)

    async def _get_catalog(self, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        return await self._saved.get_catalog(request, self._account(headers), headers)


def _metadata(answer: Callable[[Metadata, Mapping[str, Any]], dict[str, Any]]) -> _Action:
    """An action that asks Glue about databases and tables."""

    async def ask(service: AthenaService, request: dict[str, Any], headers: _Headers) -> dict[str, Any]:
        catalog = str(request.get("CatalogName", ""))
        if catalog.lower() != CATALOG:
            raise InvalidRequestError(f"Data catalog {catalog} is not found", "MetadataException")
        metadata = service._lake_of(service._resolve_caller(headers)).metadata
        assert metadata is not None  # every lake but those of tests has it
        return await asyncio.to_thread(answer, metadata, request)

    return ask


def _work_groups(name: str) -> _Action:
    return lambda service, request, headers: getattr(service._work_groups, name)(request, headers)


def _saved(name: str) -> _Action:
    return lambda service, request, headers: getattr(service._saved, name)(request, headers)


def _answer(status: int, body: Mapping[str, Any]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


_ACTIONS: dict[str, _Action] = {
    "StartQueryExecution": AthenaService._start,
    "StopQueryExecution": AthenaService._stop,
    "GetQueryExecution": AthenaService._get,
    "BatchGetQueryExecution": AthenaService._batch_get,
    "ListQueryExecutions": AthenaService._list,
    "GetQueryRuntimeStatistics": AthenaService._runtime,
    "GetQueryResults": AthenaService._results,
    "GetTableMetadata": _metadata(Metadata.table),
    "ListTableMetadata": _metadata(Metadata.tables),
    "GetDatabase": _metadata(Metadata.database),
    "ListDatabases": _metadata(Metadata.databases),
    "GetWorkGroup": _work_groups("get"),
    "CreateWorkGroup": _work_groups("create"),
    "UpdateWorkGroup": _work_groups("update"),
    "DeleteWorkGroup": AthenaService._delete_work_group,
    "ListWorkGroups": _work_groups("list"),
    "GetDataCatalog": AthenaService._get_catalog,
    "ListDataCatalogs": _saved("list_catalogs"),
    "ListEngineVersions": _saved("list_engine_versions"),
    "CreatePreparedStatement": _saved("create_prepared"),
    "GetPreparedStatement": _saved("get_prepared"),
    "UpdatePreparedStatement": _saved("update_prepared"),
    "DeletePreparedStatement": _saved("delete_prepared"),
    "ListPreparedStatements": _saved("list_prepared"),
    "BatchGetPreparedStatement": _saved("batch_get_prepared"),
    "CreateNamedQuery": _saved("create_named"),
    "GetNamedQuery": _saved("get_named"),
    "UpdateNamedQuery": _saved("update_named"),
    "DeleteNamedQuery": _saved("delete_named"),
    "ListNamedQueries": _saved("list_named"),
    "BatchGetNamedQuery": _saved("batch_get_named"),
}
