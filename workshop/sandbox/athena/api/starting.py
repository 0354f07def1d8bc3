"""StartQueryExecution: from a request to an execution and the order to run it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from workshop.sandbox.athena.api.admission import PreparedStatements, admit
from workshop.sandbox.athena.api.executions import ENGINE_VERSION, Execution
from workshop.sandbox.athena.api.reuse import asked_minutes, find_reusable
from workshop.sandbox.athena.api.running import Order, Runner
from workshop.sandbox.athena.api.store import ExecutionStore
from workshop.sandbox.athena.api.work_groups import Emulator, ResultSettings, result_settings
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError
from workshop.sandbox.athena.run import Lake
from workshop.sandbox.athena.syntax import statements
from workshop.sandbox.athena.syntax.statements import Statement
from workshop.sandbox.caller import Caller

MAX_QUERY_BYTES = 262_144
"""Longest query string (Athena user guide: service quotas)."""

TOO_LARGE = "line 1:1: statement is too large (stack overflow while parsing)"


@dataclass(frozen=True)
class Starter:
    """What StartQueryExecution works with. Texts are parsed on `parsers`: threads with room for deep recursion."""

    store: ExecutionStore
    runner: Runner
    emulator: Emulator
    lake_of: Callable[[Caller], Lake]
    parsers: ThreadPoolExecutor

    async def start(self, request: Mapping[str, Any], caller: Caller, headers: Mapping[str, str]) -> str:
        """Store a new execution, or find the one with the same client token; returns its id."""
        text = request["QueryString"]
        if len(text.encode()) > MAX_QUERY_BYTES:
            raise InvalidRequestError(
                f"Query string is longer than {MAX_QUERY_BYTES} bytes", athena_error_code="INVALID_INPUT"
            )
        name = request.get("WorkGroup") or "primary"
        group = await self.emulator.work_group(name, headers)
        settings = result_settings(group, request.get("ResultConfiguration", {}))
        parameters = list(request.get("ExecutionParameters", []))
        statement = await self._parse(text)
        executes = isinstance(statement, statements.Execute)
        if isinstance(statement, statements.Execute):
            parameters = list(statement.parameters) or parameters
            prepared = {"StatementName": statement.name, "WorkGroup": name}
            found = (await self.emulator.call("GetPreparedStatement", prepared, headers))["PreparedStatement"]
            statement = await self._parse(str(found["QueryStatement"]))
        lake = partial(self.lake_of, caller)
        kept = PreparedStatements(self.emulator, name, headers)
        await admit(statement, kept, lake, _database(request))
        token = request.get("ClientRequestToken")
        types = (*statements.statement_types(statement), statements.result_suffix(statement))
        make = partial(_execution, request, caller.account_id, settings, parameters, types)
        execution, new = self.store.add(make, caller.account_id, token)
        if new:
            # What a prepared statement is may have changed since the text was run.
            find = None if executes else partial(find_reusable, self.store)
            self.runner.submit(Order(execution, statement, lake, settings.cutoff, find, settings.enforced))
        elif not _same_request(execution, make(execution.id)):
            raise InvalidRequestError("Idempotent parameters do not match", athena_error_code="INVALID_INPUT")
        return execution.id

    async def _parse(self, text: str) -> Statement:
        try:
            return await asyncio.get_running_loop().run_in_executor(self.parsers, statements.parse, text)
        except RecursionError as error:
            raise InvalidRequestError(TOO_LARGE, athena_error_code="MALFORMED_QUERY") from error
        except AthenaError as error:
            raise InvalidRequestError(error.reason, athena_error_code="MALFORMED_QUERY") from error


def _execution(  # noqa: PLR0917 - the first five are bound, one calls it with an id
    request: Mapping[str, Any],
    account_id: str,
    settings: ResultSettings,
    parameters: list[str],
    types: tuple[str, str, str],
    /,
    execution_id: str,
) -> Execution:
    context = request.get("QueryExecutionContext", {})
    kind, sort, extension = types
    output = settings.location + execution_id
    return Execution(
        id=execution_id,
        account_id=account_id,
        query=request["QueryString"],
        work_group=request.get("WorkGroup") or "primary",
        database=_database(request),
        catalog=context["Catalog"].lower() if context.get("Catalog") else None,
        statement_type=kind,
        substatement_type=sort,
        output=output,
        output_location=output + extension,
        result_settings=settings.others,
        submitted=time.time(),
        parameters=parameters,
        token=request.get("ClientRequestToken"),
        engine_selected=settings.engine_selected or ENGINE_VERSION,
        reuse_minutes=asked_minutes(request),
    )


def _database(request: Mapping[str, Any]) -> str | None:
    """The database of the context; awswrangler puts it in backquotes, which Athena takes."""
    return str(request.get("QueryExecutionContext", {}).get("Database") or "").strip("`").lower() or None


def _same_request(one: Execution, other: Execution) -> bool:
    def told(execution: Execution) -> tuple[object, ...]:
        return execution.query, execution.work_group, execution.database, execution.parameters, execution.output

    return told(one) == told(other)
