"""The API of Amazon Athena (JSON 1.1): executions are ours, all else is the emulator's."""

import asyncio
import base64
import binascii
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.api.executions import RUNNING_STATES, Execution, ExecutionStore
from workshop.sandbox.athena.api.metadata import Metadata
from workshop.sandbox.athena.api.results import Page, read_page
from workshop.sandbox.athena.api.work_groups import Emulator, Handler, Response, ResultSettings, result_settings
from workshop.sandbox.athena.catalog.glue import CATALOG
from workshop.sandbox.athena.engine import Engine
from workshop.sandbox.athena.errors import (
    INTERNAL_ENGINE_ERROR,
    AthenaError,
    Category,
    InvalidRequestError,
    QueryCancelledError,
)
from workshop.sandbox.athena.lake import Lakes
from workshop.sandbox.athena.reading.opening import BytesScannedCutoffError
from workshop.sandbox.athena.reading.storage import Encryption
from workshop.sandbox.athena.run import Cancellation, Job, Lake, run
from workshop.sandbox.athena.syntax import statements
from workshop.sandbox.athena.syntax.statements import Statement
from workshop.sandbox.caller import Caller

logger = logging.getLogger(__name__)

MAX_QUERY_BYTES = 262_144
"""Longest query string (Athena user guide: service quotas)."""

_CONCURRENT_QUERIES = 20
_Action = Callable[["AthenaService", dict[str, Any], Mapping[str, str]], Awaitable[dict[str, Any]]]


class AthenaService:
    """Serves Athena's API. State lives in `state_dir`; Glue and S3 are called at `endpoint_url` as the caller."""

    def __init__(
        self,
        *,
        state_dir: Path,
        endpoint_url: str,
        ca_bundle: Path,
        region: str,
        resolve_caller: Callable[[Mapping[str, str]], Caller],
        fallback: Handler,
        lake_of: Callable[[Caller], Lake] | None = None,
    ) -> None:
        self._resolve_caller = resolve_caller
        self._fallback = fallback
        self._emulator = Emulator(fallback)
        self._lakes = Lakes(endpoint_url=endpoint_url, ca_bundle=ca_bundle, region=region, cache=state_dir / "objects")
        self._lake_of = lake_of or self._lakes.of
        self._engine = Engine(state_dir / "running")
        self._store = ExecutionStore(state_dir / "executions")
        self._pool = ThreadPoolExecutor(_CONCURRENT_QUERIES, thread_name_prefix="athena-query")
        self._running: dict[str, Cancellation] = {}

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        """Answer one request; the emulator has checked its signature and `athena:` permissions."""
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        method_of_ours = _ACTIONS.get(action)
        if method_of_ours is None:
            return await self._fallback(method, path, headers, body, query_params)
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return _answer(400, {"__type": "SerializationException", "Message": "The request body is not JSON"})
        try:
            return _answer(200, await method_of_ours(self, request, headers))
        except InvalidRequestError as error:
            refused = {"__type": error.code, "Message": error.message}
            if error.athena_error_code:
                refused["AthenaErrorCode"] = error.athena_error_code
            return _answer(400, refused)
        except AthenaError as error:
            return _answer(400, {"__type": "InvalidRequestException", "Message": error.reason})

    def work_group_of(self, query_execution_id: str) -> str | None:
        """The work group of an execution: IAM's resource for actions on executions."""
        found = self._store.find(query_execution_id)
        return None if found is None else found.work_group

    def close(self) -> None:
        """Stop what runs and end the threads."""
        for cancellation in list(self._running.values()):
            cancellation.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._lakes.close()
        self._engine.close()

    # starting and running

    async def _start(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        text = str(request.get("QueryString", ""))
        if len(text.encode()) > MAX_QUERY_BYTES:
            raise InvalidRequestError(
                f"Query string is longer than {MAX_QUERY_BYTES} bytes", athena_error_code="INVALID_INPUT"
            )
        caller = self._resolve_caller(headers)
        name = str(request.get("WorkGroup") or "primary")
        group = await self._emulator.work_group(name, headers)
        settings = result_settings(group, request.get("ResultConfiguration", {}))
        parameters = [str(p) for p in request.get("ExecutionParameters", [])]
        statement = await asyncio.to_thread(statements.parse, text)
        if isinstance(statement, statements.Execute):
            parameters = list(statement.parameters) or parameters
            statement = await self._prepared(statement.name, name, headers)
        context = request.get("QueryExecutionContext", {})
        types = statements.statement_types(statement)

        def make(execution_id: str) -> Execution:
            output = settings.location + execution_id
            return Execution(
                id=execution_id,
                account_id=caller.account_id,
                query=text,
                work_group=name,
                database=str(context["Database"]).lower() if context.get("Database") else None,
                catalog=str(context["Catalog"]).lower() if context.get("Catalog") else None,
                statement_type=types[0],
                substatement_type=types[1],
                output=output,
                output_location=output + (".csv" if types == ("DML", "SELECT") else ""),
                encryption=settings.encryption,
                submitted=time.time(),
                parameters=parameters,
                token=request.get("ClientRequestToken"),
            )

        execution, new = self._store.add(make, caller.account_id, request.get("ClientRequestToken"))
        if not new and execution.query != text:
            raise InvalidRequestError("Idempotent parameters do not match", athena_error_code="INVALID_INPUT")
        if new:
            cancellation = self._running[execution.id] = Cancellation()
            self._pool.submit(self._run, execution, statement, settings, caller, cancellation)
        return {"QueryExecutionId": execution.id}

    async def _prepared(self, name: str, work_group: str, headers: Mapping[str, str]) -> Statement:
        request = {"StatementName": name, "WorkGroup": work_group}
        found = (await self._emulator.call("GetPreparedStatement", request, headers))["PreparedStatement"]
        return await asyncio.to_thread(statements.parse, str(found["QueryStatement"]))

    def _run(
        self,
        execution: Execution,
        statement: Statement,
        settings: ResultSettings,
        caller: Caller,
        cancellation: Cancellation,
    ) -> None:
        now = datetime.now(UTC)
        try:
            cancellation.check()
            self._store.update(execution.id, state="RUNNING", started=now.timestamp())
            catalog = execution.catalog
            if catalog not in (None, "awsdatacatalog"):
                raise AthenaError("CATALOG_NOT_FOUND", f"Catalog '{catalog}' does not exist")
            job = Job(
                statement=statements.bind_parameters(statement, execution.parameters),
                text=execution.query,
                database=execution.database,
                output=execution.output,
                encryption=Encryption(settings.encryption.get("EncryptionOption"), settings.encryption.get("KmsKey")),
                started=now,
                cutoff=settings.cutoff,
            )
            outcome = run(job, self._lake_of(caller), self._engine, cancellation)
        except QueryCancelledError:
            self._end(execution, "CANCELLED", reason="Query cancelled by user")
        except BytesScannedCutoffError:
            self._end(execution, "CANCELLED", reason="Query cancelled! : Bytes scanned limit was exceeded")
        except AthenaError as error:
            self._fail(execution, error)
        except InvalidRequestError as error:  # a parameter that is no literal
            self._fail(execution, AthenaError("INVALID_PARAMETER_USAGE", error.message))
        except Exception as error:
            logger.exception("query %s failed unexpectedly", execution.id)
            text = f"{type(error).__name__}: {error}"
            self._fail(
                execution,
                AthenaError("GENERIC_INTERNAL_ERROR", text, category=Category.SYSTEM, error_type=INTERNAL_ENGINE_ERROR),
            )
        else:
            self._end(
                execution,
                "SUCCEEDED",
                output_location=outcome.output_location,
                columns=outcome.columns,
                scanned=outcome.scanned,
                rows=outcome.rows,
                update_count=outcome.update_count,
                manifest=outcome.manifest,
            )
        finally:
            self._running.pop(execution.id, None)

    def _fail(self, execution: Execution, error: AthenaError) -> None:
        described = {
            "ErrorCategory": int(error.category),
            "ErrorType": error.error_type,
            "Retryable": False,
            "ErrorMessage": error.reason,
        }
        self._end(execution, "FAILED", reason=error.reason, error=described)

    def _end(self, execution: Execution, state: str, **changes: Any) -> None:
        self._store.update(execution.id, state=state, completed=time.time(), **changes)

    # asking about executions

    def _find(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> Execution:
        return self._store.get(str(request.get("QueryExecutionId", "")), self._resolve_caller(headers).account_id)

    async def _get(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        return {"QueryExecution": self._find(request, headers).describe()}

    async def _batch_get(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        account = self._resolve_caller(headers).account_id
        found, missing = [], []
        for execution_id in request.get("QueryExecutionIds", []):
            try:
                found.append(self._store.get(execution_id, account).describe())
            except InvalidRequestError as error:
                missing.append(
                    {
                        "QueryExecutionId": execution_id,
                        "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                        "ErrorMessage": error.message,
                    }
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    async def _list(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        account = self._resolve_caller(headers).account_id
        ids = self._store.newest_first(account, str(request.get("WorkGroup") or "primary"))
        size = _page_size(request.get("MaxResults"), 50, 50)
        token = request.get("NextToken")
        if token is not None and token not in ids:
            raise InvalidRequestError("Invalid NextToken", athena_error_code="INVALID_INPUT")
        start = ids.index(token) if token is not None else 0
        answer: dict[str, Any] = {"QueryExecutionIds": ids[start : start + size]}
        if start + size < len(ids):
            answer["NextToken"] = ids[start + size]
        return answer

    async def _stop(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        execution = self._find(request, headers)
        cancellation = self._running.get(execution.id)
        if cancellation is not None:
            await asyncio.to_thread(cancellation.stop)
        if execution.state == "QUEUED":
            self._end(execution, "CANCELLED", reason="Query cancelled by user")
        return {}

    async def _runtime(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        execution = self._find(request, headers)
        figures = execution.statistics()
        timeline = {
            name: figures[name]
            for name in ("QueryQueueTimeInMillis", "EngineExecutionTimeInMillis", "TotalExecutionTimeInMillis")
        }
        rows = {"InputBytes": execution.scanned, "OutputRows": execution.rows}
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}

    # results

    async def _results(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        execution = self._find(request, headers)
        if execution.state in RUNNING_STATES:
            raise InvalidRequestError(
                f"Query has not yet finished. Current state: {execution.state}",
                athena_error_code="INVALID_QUERY_STATUS",
            )
        if execution.state != "SUCCEEDED":
            raise InvalidRequestError(
                f"Query did not finish successfully. Final query state: {execution.state}",
                athena_error_code="INVALID_QUERY_STATUS",
            )
        size = _page_size(request.get("MaxResults"), 1000, 1000)
        offset = _offset(request.get("NextToken"))
        page = Page([], None)
        if execution.substatement_type == "SELECT":
            lake = self._lake_of(self._resolve_caller(headers))
            page = await asyncio.to_thread(_page, lake, execution, offset, size)
        rows = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in page.rows]
        answer: dict[str, Any] = {
            "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": execution.columns}},
            "UpdateCount": execution.update_count or 0,
        }
        if page.next_offset is not None:
            answer["NextToken"] = base64.urlsafe_b64encode(str(page.next_offset).encode()).decode()
        return answer

    async def _get_work_group(self, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The emulator's answer, with the settings that clients take for granted."""
        answer = await self._emulator.call("GetWorkGroup", request, headers)
        configuration = answer["WorkGroup"].setdefault("Configuration", {})
        for name in ("EnforceWorkGroupConfiguration", "PublishCloudWatchMetricsEnabled", "RequesterPaysEnabled"):
            configuration.setdefault(name, False)
        return answer


def _metadata(answer: Callable[[Metadata, Mapping[str, Any]], dict[str, Any]]) -> _Action:
    """An action that asks Glue about databases and tables."""

    async def ask(service: AthenaService, request: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        catalog = str(request.get("CatalogName", ""))
        if catalog.lower() != CATALOG:
            raise InvalidRequestError(f"Data catalog {catalog} is not found", "MetadataException")
        metadata = service._lake_of(service._resolve_caller(headers)).metadata
        assert metadata is not None  # every lake but those of tests has it
        return await asyncio.to_thread(answer, metadata, request)

    return ask


def _page(lake: Lake, execution: Execution, offset: int, size: int) -> Page:
    with lake.storage.reading():
        return read_page(lake.storage.read(execution.output_location), offset, size)


def _page_size(asked: object, default: int, limit: int) -> int:
    if asked is None:
        return default
    if not isinstance(asked, int) or not 1 <= asked <= limit:
        raise InvalidRequestError(
            f"MaxResults is more than maximum allowed length {limit}."
            if isinstance(asked, int) and asked > limit
            else "MaxResults must be a positive integer.",
            athena_error_code="INVALID_INPUT",
        )
    return asked


def _offset(token: object) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(token)))
    except (ValueError, binascii.Error) as error:
        raise InvalidRequestError("Invalid NextToken", athena_error_code="INVALID_INPUT") from error


def _answer(status: int, body: Mapping[str, Any]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


_ACTIONS: dict[str, _Action] = {
    "StartQueryExecution": AthenaService._start,
    "GetQueryExecution": AthenaService._get,
    "BatchGetQueryExecution": AthenaService._batch_get,
    "ListQueryExecutions": AthenaService._list,
    "StopQueryExecution": AthenaService._stop,
    "GetQueryRuntimeStatistics": AthenaService._runtime,
    "GetQueryResults": AthenaService._results,
    "GetWorkGroup": AthenaService._get_work_group,
    "GetTableMetadata": _metadata(Metadata.table),
    "ListTableMetadata": _metadata(Metadata.tables),
    "GetDatabase": _metadata(Metadata.database),
    "ListDatabases": _metadata(Metadata.databases),
}
