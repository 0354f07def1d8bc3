"""Run queries on Athena within the time that an invocation has."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from athena_transform.deadline import Deadline
from athena_transform.errors import QueryFailedError, QueryTimedOutError

# Each pause is half as long again as the one before, so a query is noticed within a third of the time it took.
FIRST_POLL_SECONDS = 0.1
POLL_GROWTH = 1.5
LONGEST_POLL_SECONDS = 5.0
# How long to look whether a stop took effect; it fits into the time that Deadline keeps back.
STOP_POLLS = 5
STOP_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Query:
    """A statement with its parameters, and the token that makes starting it twice start it once."""

    sql: str
    parameters: tuple[str, ...] = ()
    token: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Execution:
    """What Athena says about a query. `manifest` is the s3:// path of its list of files, written or meant to be."""

    query_execution_id: str
    state: str
    reason: str
    data_scanned_in_bytes: int
    manifest: str | None

    @property
    def is_finished(self) -> bool:
        """Whether the state is final."""
        return self.state in {"SUCCEEDED", "FAILED", "CANCELLED"}

    @property
    def has_succeeded(self) -> bool:
        """Whether all of the query's effects are there."""
        return self.state == "SUCCEEDED"

    def error(self) -> QueryFailedError:
        """The exception for a query that ended without success."""
        return QueryFailedError(f"Athena ended the query as {self.state}: {self.reason}", self.query_execution_id)


class Athena:
    """Queries in one database and one work group; remembers the queries it waited for, for the run's report."""

    def __init__(self, client: Any, *, database: str, work_group: str, deadline: Deadline) -> None:
        self._client = client
        self._database = database
        self._work_group = work_group
        self._deadline = deadline
        self.executions: list[Execution] = []

    def start(self, query: Query) -> str:
        """Start the query and return its id. The same query object, token included, always gives the same id."""
        request: dict[str, Any] = {
            "QueryString": query.sql,
            "ClientRequestToken": query.token,
            "QueryExecutionContext": {"Database": self._database},
            "WorkGroup": self._work_group,
        }
        if query.parameters:
            request["ExecutionParameters"] = list(query.parameters)
        return str(self._client.start_query_execution(**request)["QueryExecutionId"])

    def describe(self, query_execution_id: str) -> Execution:
        """The query's present state."""
        answer = self._client.get_query_execution(QueryExecutionId=query_execution_id)["QueryExecution"]
        status, statistics = answer["Status"], answer.get("Statistics", {})
        return Execution(
            query_execution_id=query_execution_id,
            state=status["State"],
            reason=status.get("StateChangeReason") or "no reason given",
            data_scanned_in_bytes=statistics.get("DataScannedInBytes", 0),
            manifest=statistics.get("DataManifestLocation"),
        )

    def wait(self, query_execution_id: str) -> Execution:
        """Wait until the query has ended, well or not. Out of time: stop the query and raise QueryTimedOutError."""
        pause = FIRST_POLL_SECONDS
        while True:
            execution = self.describe(query_execution_id)
            if execution.is_finished:
                self.executions.append(execution)
                return execution
            left = self._deadline.for_work()
            if left == 0:
                raise self._stop(query_execution_id)
            self._deadline.sleep(min(pause, left))
            pause = min(POLL_GROWTH * pause, LONGEST_POLL_SECONDS)

    def run(self, query: Query) -> Execution:
        """Start the query and wait for its success; QueryFailedError carries Athena's reason."""
        execution = self.wait(self.start(query))
        if not execution.has_succeeded:
            raise execution.error()
        return execution

    def rows(self, query_execution_id: str) -> Iterator[list[str | None]]:
        """The result of a SELECT, as texts (None is NULL), without the header row."""
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query_execution_id)
        is_header = True
        for page in pages:
            for row in page["ResultSet"]["Rows"]:
                if not is_header:
                    yield [cell.get("VarCharValue") for cell in row["Data"]]
                is_header = False

    def inserted_rows(self, query_execution_id: str) -> int:
        """How many rows a successful INSERT wrote."""
        answer = self._client.get_query_results(QueryExecutionId=query_execution_id, MaxResults=1)
        return int(answer.get("UpdateCount", 0))

    def _stop(self, query_execution_id: str) -> QueryTimedOutError:
        self._client.stop_query_execution(QueryExecutionId=query_execution_id)
        for _ in range(STOP_POLLS):
            execution = self.describe(query_execution_id)
            if execution.is_finished:
                self.executions.append(execution)
                return QueryTimedOutError(f"Out of time; the query ended as {execution.state}", query_execution_id)
            self._deadline.sleep(STOP_POLL_SECONDS)
        return QueryTimedOutError("Out of time; the query has been told to stop", query_execution_id)
