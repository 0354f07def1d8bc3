"""What the API answers about executions: GetQueryResults, ListQueryExecutions, GetQueryRuntimeStatistics."""

from collections.abc import Mapping, Sequence
from typing import Any

from workshop.sandbox.athena.api.executions import RUNNING_STATES, Execution
from workshop.sandbox.athena.api.requests import number_of, page_size, token_of
from workshop.sandbox.athena.api.results import Page, read_page
from workshop.sandbox.athena.api.store import ExecutionStore
from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.run import Lake

_TIMELINE = (
    "QueryQueueTimeInMillis", "ServicePreProcessingTimeInMillis", "QueryPlanningTimeInMillis",
    "EngineExecutionTimeInMillis", "ServiceProcessingTimeInMillis", "TotalExecutionTimeInMillis",
)  # fmt: skip


def batch(store: ExecutionStore, ids: Sequence[str], account: str) -> dict[str, Any]:
    """BatchGetQueryExecution."""
    found, missing = [], []
    for execution_id in ids:
        try:
            found.append(store.get(execution_id, account).describe())
        except InvalidRequestError as error:
            missing.append(
                {
                    "QueryExecutionId": execution_id,
                    "ErrorCode": error.athena_error_code,
                    "ErrorMessage": error.message,
                }
            )
    return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}


def listing(store: ExecutionStore, request: Mapping[str, Any], account: str) -> dict[str, Any]:
    """ListQueryExecutions, newest first."""
    size = page_size(request, 50, 50)
    ids, following = store.newest_first(account, request.get("WorkGroup") or "primary", size, number_of(request))
    answer: dict[str, Any] = {"QueryExecutionIds": ids}
    return answer if following is None else {**answer, "NextToken": token_of(following)}


def runtime(execution: Execution) -> dict[str, Any]:
    """GetQueryRuntimeStatistics."""
    figures = execution.statistics()
    stage = {
        "StageId": 0,
        "State": "FINISHED" if execution.state == "SUCCEEDED" else execution.state,
        "OutputRows": execution.rows,
        "InputBytes": execution.scanned,
        "ExecutionTime": figures["EngineExecutionTimeInMillis"],
        "SubStages": [],
    }
    return {
        "QueryRuntimeStatistics": {
            "Timeline": {name: figures[name] for name in _TIMELINE},
            "Rows": {"InputBytes": execution.scanned, "OutputRows": execution.rows},
            "OutputStage": stage,
        }
    }


def finished(execution: Execution) -> None:
    """Raise `InvalidRequestError` for an execution that has no result."""
    if execution.state in RUNNING_STATES:
        text = f"Query has not yet finished. Current state: {execution.state}"
    elif execution.state != "SUCCEEDED":
        text = f"Query did not finish successfully. Final query state: {execution.state}"
    else:
        return
    raise InvalidRequestError(text, athena_error_code="INVALID_QUERY_EXECUTION_STATUS")


def results(execution: Execution, lake: Lake, request: Mapping[str, Any]) -> dict[str, Any]:
    """GetQueryResults of a finished execution: a page of its result file, read as the caller."""
    size = page_size(request, 1000, 1000)
    offset = number_of(request) or 0
    page = Page([], None)
    separated = execution.output_location.endswith(".csv")
    if separated or execution.output_location.endswith(".txt"):
        with lake.storage.reading():
            page = read_page(lake.storage.read(execution.output_location), offset, size, separated=separated)
    rows = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in page.rows]
    answer: dict[str, Any] = {
        "ResultSet": {
            "Rows": rows,
            "ResultSetMetadata": {"ColumnInfo": execution.columns},
        },
    }
    if execution.update_count is not None or execution.statement_type == "DML":
        answer["UpdateCount"] = execution.update_count or 0  # statements about the catalog have none
    return answer if page.next_offset is None else {**answer, "NextToken": token_of(page.next_offset)}
