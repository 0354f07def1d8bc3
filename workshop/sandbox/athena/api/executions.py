"""Query executions: what is known of one, and how the API describes it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUNNING_STATES = ("QUEUED", "RUNNING")
ENGINE_VERSION = "Athena engine version 3"
REUSE_MINUTES = 60
"""`MaxAgeInMinutes` of a request that asks for result reuse and names no age (Athena user guide)."""


@dataclass
class Execution:
    """One query. Times are seconds since the epoch; `result_settings` are the members of the result configuration
    besides its location (encryption, expected owner, ACL); `reuse_minutes` is None without result reuse."""

    id: str
    account_id: str
    query: str
    work_group: str
    database: str | None
    catalog: str | None
    statement_type: str
    substatement_type: str
    output: str
    submitted: float
    result_settings: dict[str, Any] = field(default_factory=dict)
    parameters: list[str] = field(default_factory=list)
    token: str | None = None
    engine_selected: str = "AUTO"
    reuse_minutes: int | None = None
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
    reused: bool = False

    @property
    def encryption(self) -> Mapping[str, str]:
        """The `EncryptionConfiguration` of the results, empty without one."""
        found: Mapping[str, str] = self.result_settings.get("EncryptionConfiguration", {})
        return found

    def describe(self) -> dict[str, Any]:
        """The `QueryExecution` of the API."""
        reuse: dict[str, Any] = {"Enabled": self.reuse_minutes is not None}
        if self.reuse_minutes is not None:
            reuse["MaxAgeInMinutes"] = self.reuse_minutes
        described = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement_type,
            "SubstatementType": self.substatement_type,
            "ManagedQueryResultsConfiguration": {"Enabled": False},
            "ResultConfiguration": {"OutputLocation": self.output_location, **self.result_settings},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": reuse},
            "QueryExecutionContext": _without_none(Database=self.database, Catalog=self.catalog),
            "Status": {
                "State": self.state,
                "SubmissionDateTime": self.submitted,
                **_without_none(
                    StateChangeReason=self.reason, CompletionDateTime=self.completed, AthenaError=self.error
                ),
            },
            "Statistics": self.statistics(),
            "WorkGroup": self.work_group,
            "EngineVersion": {
                "SelectedEngineVersion": self.engine_selected,
                "EffectiveEngineVersion": ENGINE_VERSION,
            },
            "QueryResultsS3AccessGrantsConfiguration": {"EnableS3AccessGrants": False},
        }
        if self.parameters:
            described["ExecutionParameters"] = self.parameters
        return described

    def statistics(self) -> dict[str, Any]:
        """Bytes and milliseconds; a time is never 0, as clients take that for missing."""
        end = self.completed or time.time()
        begun = self.started or end
        engine, total = _millis(end - begun), _millis(end - self.submitted)
        return {
            "DataScannedInBytes": self.scanned,
            "EngineExecutionTimeInMillis": engine,
            "TotalExecutionTimeInMillis": total,
            "QueryQueueTimeInMillis": _millis(begun - self.submitted),
            "ServicePreProcessingTimeInMillis": 1,
            "QueryPlanningTimeInMillis": 1,
            "ServiceProcessingTimeInMillis": 1,
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
            **_without_none(DataManifestLocation=self.manifest),
        }


def _without_none(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _millis(seconds: float) -> int:
    return max(1, round(seconds * 1000))
