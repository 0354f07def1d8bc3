"""Query executions: one JSON file each, so that they outlive the process."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.errors import InvalidRequestError

HISTORY_SECONDS = 45 * 24 * 60 * 60
"""How long an execution is kept (Athena user guide: query history, 45 days)."""

RUNNING_STATES = ("QUEUED", "RUNNING")


@dataclass
class Execution:
    """One query; times are seconds since the epoch, `encryption` is that of its results."""

    id: str
    account_id: str
    query: str
    work_group: str
    database: str | None
    catalog: str | None
    statement_type: str
    substatement_type: str
    output: str
    encryption: dict[str, str]
    submitted: float
    parameters: list[str] = field(default_factory=list)
    token: str | None = None
    state: str = "QUEUED"
    reason: str | None = None
    error: dict[str, Any] | None = None
    started: float | None = None
    completed: float | None = None
    output_location: str = ""
    columns: list[dict[str, Any]] = field(default_factory=list)
    scanned: int = 0
    rows: int = 0
    update_count: int | None = None
    manifest: str | None = None

    def describe(self) -> dict[str, Any]:
        """The `QueryExecution` of the API."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.error is not None:
            status["AthenaError"] = self.error
        result: dict[str, Any] = {"OutputLocation": self.output_location}
        if self.encryption:
            result["EncryptionConfiguration"] = self.encryption
        context = {k: v for k, v in (("Database", self.database), ("Catalog", self.catalog)) if v is not None}
        described = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement_type,
            "SubstatementType": self.substatement_type,
            "ResultConfiguration": result,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": context,
            "Status": status,
            "Statistics": self.statistics(),
            "WorkGroup": self.work_group,
            "EngineVersion": {
                "SelectedEngineVersion": "Athena engine version 3",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.parameters:
            described["ExecutionParameters"] = self.parameters
        return described

    def statistics(self) -> dict[str, Any]:
        """Bytes and milliseconds; a time is never 0, as clients take that for missing."""
        now = time.time()
        end = self.completed or now
        begun = self.started or end
        figures: dict[str, Any] = {
            "DataScannedInBytes": self.scanned,
            "EngineExecutionTimeInMillis": _millis(end - begun),
            "TotalExecutionTimeInMillis": _millis(end - self.submitted),
            "QueryQueueTimeInMillis": _millis(begun - self.submitted),
            "ServiceProcessingTimeInMillis": 1,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        if self.manifest is not None:
            figures["DataManifestLocation"] = self.manifest
        return figures


def _millis(seconds: float) -> int:
    return max(1, round(seconds * 1000))


class ExecutionStore:
    """All executions, in memory and on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)
        loaded = [Execution(**json.loads(path.read_text("utf-8"))) for path in folder.glob("*.json")]
        self._executions = {e.id: e for e in sorted(loaded, key=lambda e: e.submitted)}
        self._tokens = {(e.account_id, e.token): e.id for e in self._executions.values() if e.token}
        self._expire()
        for execution in self._executions.values():
            if execution.state in RUNNING_STATES:
                self._interrupted(execution)

    def _expire(self) -> None:
        """Forget what is older than the history; the executions are in the order in which they were submitted."""
        oldest = time.time() - HISTORY_SECONDS
        while self._executions:
            execution = next(iter(self._executions.values()))
            if execution.submitted >= oldest:
                return
            del self._executions[execution.id]
            if execution.token:
                self._tokens.pop((execution.account_id, execution.token), None)
            (self._folder / f"{execution.id}.json").unlink(missing_ok=True)

    def _interrupted(self, execution: Execution) -> None:
        reason = "The query was running when the service stopped. Submit it again."
        error = {"ErrorCategory": 1, "ErrorType": 100, "Retryable": True, "ErrorMessage": reason}
        self.update(execution.id, state="FAILED", reason=reason, error=error, completed=time.time())

    def add(self, make: Callable[[str], Execution], account_id: str, token: str | None) -> tuple[Execution, bool]:
        """Store what `make` returns for a new id; an execution with the same token is returned instead (False)."""
        with self._lock:
            known = self._tokens.get((account_id, token)) if token else None
            if known is not None:
                return self._executions[known], False
            self._expire()
            execution = make(str(uuid.uuid4()))
            self._executions[execution.id] = execution
            if token:
                self._tokens[account_id, token] = execution.id
            self._save(execution)
            return execution, True

    def get(self, execution_id: str, account_id: str | None = None) -> Execution:
        """The execution; `InvalidRequestError` if there is none for this account."""
        with self._lock:
            found = self._executions.get(execution_id)
        if found is None or (account_id is not None and found.account_id != account_id):
            raise InvalidRequestError(
                f"QueryExecution {execution_id} was not found", athena_error_code="INVALID_QUERY_EXECUTION_ID"
            )
        return found

    def find(self, execution_id: str) -> Execution | None:
        """The execution, None if there is none."""
        with self._lock:
            return self._executions.get(execution_id)

    def update(self, execution_id: str, **changes: Any) -> Execution:
        """Change fields and save; an execution that has ended keeps its state."""
        with self._lock:
            execution = self._executions[execution_id]
            if "state" in changes and execution.state not in RUNNING_STATES:
                return execution
            for name, value in changes.items():
                setattr(execution, name, value)
            self._save(execution)
            return execution

    def newest_first(self, account_id: str, work_group: str) -> list[str]:
        """Ids of a work group's executions."""
        with self._lock:
            found = [
                e.id for e in self._executions.values() if (e.account_id, e.work_group) == (account_id, work_group)
            ]
        return found[::-1]

    def _save(self, execution: Execution) -> None:
        path = self._folder / f"{execution.id}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(execution)), "utf-8")
        partial.replace(path)
