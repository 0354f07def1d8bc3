"""What StartQueryExecution does with a statement before there is an execution: prepared statements are kept by the work
group, and DESCRIBE of a table that is not there is refused at once."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from workshop.sandbox.athena.api.work_groups import Emulator
from workshop.sandbox.athena.catalog_statements.dispatch import refuse_at_start
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError
from workshop.sandbox.athena.run import Lake
from workshop.sandbox.athena.syntax.catalog_statements import Deallocate, Describe, Prepare, ShowColumns
from workshop.sandbox.athena.syntax.statements import Statement


@dataclass(frozen=True)
class PreparedStatements:
    """A work group's prepared statements, as the emulator keeps them for CreatePreparedStatement."""

    emulator: Emulator
    work_group: str
    headers: Mapping[str, str]

    async def put(self, statement: Prepare) -> None:
        """Keep a statement; one of the same name is replaced."""
        named = {"StatementName": statement.name, "WorkGroup": self.work_group}
        with suppress(InvalidRequestError):
            await self.emulator.call("DeletePreparedStatement", named, self.headers)
        request = {**named, "QueryStatement": statement.sql}
        await self.emulator.call("CreatePreparedStatement", request, self.headers)

    async def delete(self, statement: Deallocate) -> None:
        """Forget a statement."""
        named = {"StatementName": statement.name, "WorkGroup": self.work_group}
        try:
            await self.emulator.call("DeletePreparedStatement", named, self.headers)
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"PreparedStatement {statement.name} was not found in workGroup {self.work_group}",
                athena_error_code="INVALID_INPUT",
            ) from error


async def admit(
    statement: Statement, prepared: PreparedStatements, lake: Callable[[], Lake], database: str | None
) -> None:
    """Do what must be done first; `InvalidRequestError` if the statement is refused."""
    match statement:
        case Prepare():
            await prepared.put(statement)
        case Deallocate():
            await prepared.delete(statement)
        case Describe() | ShowColumns():
            await asyncio.to_thread(_check, statement, lake, database)


def _check(statement: Statement, lake: Callable[[], Lake], database: str | None) -> None:
    with suppress(AthenaError):  # what Glue denies the execution will say
        refuse_at_start(statement, lake().context(database, datetime.now(UTC)))
