"""All query executions, in one SQLite file: they outlive the process, however it ends.

With a file for each, 10,000 cost 0.7 s of a processor at every start; here nothing is loaded. What is written is
with the operating system when a call is answered, so it survives `kill -9`; it is not forced through to the disk.
"""

import json
import sqlite3
import threading
import time
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.api.executions import RUNNING_STATES, Execution
from workshop.sandbox.athena.errors import INTERNAL_SERVICE_ERROR, AthenaError, Category, InvalidRequestError

HISTORY_SECONDS = 45 * 24 * 60 * 60
"""How long an execution is kept (Athena user guide: query history, 45 days)."""

_REMEMBERED = 256
"""Executions kept in memory: those that clients still ask about."""

_TABLES = """
CREATE TABLE IF NOT EXISTS execution (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    work_group TEXT NOT NULL,
    token TEXT,
    state TEXT NOT NULL,
    submitted REAL NOT NULL,
    text_hash INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_group ON execution (account, work_group, number);
CREATE UNIQUE INDEX IF NOT EXISTS by_token ON execution (account, token) WHERE token IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_time ON execution (submitted);
CREATE INDEX IF NOT EXISTS by_text ON execution (text_hash, number);
"""


class ExecutionStore:
    """Executions by id, by client token, by work group and by text. All methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._recent: OrderedDict[str, Execution] = OrderedDict()
        self._database = sqlite3.connect(folder / "executions.sqlite", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_TABLES)
        self._expire()
        for row in self._rows("SELECT body FROM execution WHERE state IN (?, ?)", *RUNNING_STATES):
            self._interrupted(_loaded(row[0]))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def add(self, make: Callable[[str], Execution], account_id: str, token: str | None) -> tuple[Execution, bool]:
        """Store what `make` returns for a new id; an execution with the same token is returned instead (False)."""
        with self._lock:
            self._expire()
            if token is not None:
                known = self._rows("SELECT id FROM execution WHERE account = ? AND token = ?", account_id, token)
                if known:
                    return self.get(known[0][0]), False
            execution = make(str(uuid.uuid4()))
            self._database.execute(
                "INSERT INTO execution (id, account, work_group, token, state, submitted, text_hash, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    execution.id, account_id, execution.work_group, token, execution.state, execution.submitted,
                    _text_hash(execution.query), _dumped(execution),
                ),
            )  # fmt: skip
            self._remember(execution)
            return execution, True

    def get(self, execution_id: str, account_id: str | None = None) -> Execution:
        """The execution; `InvalidRequestError` if there is none for this account."""
        found = self.find(execution_id)
        if found is None or (account_id is not None and found.account_id != account_id):
            raise InvalidRequestError(
                f"QueryExecution {execution_id} was not found", athena_error_code="INVALID_QUERY_EXECUTION_ID"
            )
        return found

    def find(self, execution_id: str) -> Execution | None:
        """The execution, None if there is none."""
        with self._lock:
            found = self._recent.get(execution_id)
            if found is not None:
                return found
            rows = self._rows("SELECT body FROM execution WHERE id = ?", execution_id)
            if not rows:
                return None
            execution = _loaded(rows[0][0])
            self._remember(execution)
            return execution

    def update(self, execution_id: str, **changes: Any) -> Execution:
        """Change fields and save; an execution that has ended keeps what it is, one that is deleted stays so."""
        with self._lock:
            execution = self.get(execution_id)
            if "state" in changes and execution.state not in RUNNING_STATES:
                return execution
            for name, value in changes.items():
                setattr(execution, name, value)
            self._database.execute(
                "UPDATE execution SET state = ?, submitted = ?, body = ? WHERE id = ?",
                (execution.state, execution.submitted, _dumped(execution), execution.id),
            )
            return execution

    def newest_first(
        self, account_id: str, work_group: str, count: int, before: int | None = None
    ) -> tuple[list[str], int | None]:
        """`count` ids of a work group's executions, those older than number `before`; and what the next page's
        `before` is, None if there is none."""
        rows = self._rows(
            "SELECT id, number FROM execution WHERE account = ? AND work_group = ? AND number < ?"
            " ORDER BY number DESC LIMIT ?",
            account_id, work_group, before if before is not None else 1 << 62, count + 1,
        )  # fmt: skip
        return [r[0] for r in rows[:count]], rows[count - 1][1] if len(rows) > count else None

    def with_text(self, account_id: str, work_group: str, query: str, since: float) -> list[Execution]:
        """The newest successful executions of a text that were submitted after `since`, at most ten."""
        rows = self._rows(
            "SELECT body FROM execution WHERE text_hash = ? AND account = ? AND work_group = ? AND state = 'SUCCEEDED'"
            " AND submitted >= ? ORDER BY number DESC LIMIT 10",
            _text_hash(query), account_id, work_group, since,
        )  # fmt: skip
        return [e for e in (_loaded(r[0]) for r in rows) if e.query == query]

    def delete_of(self, account_id: str, work_group: str) -> None:
        """Forget a work group's executions."""
        with self._lock:
            self._database.execute(
                "DELETE FROM execution WHERE account = ? AND work_group = ?", (account_id, work_group)
            )
            self._recent.clear()

    def _remember(self, execution: Execution) -> None:
        self._recent[execution.id] = execution
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    def _expire(self) -> None:
        oldest = time.time() - HISTORY_SECONDS
        with self._lock:
            if self._database.execute("DELETE FROM execution WHERE submitted < ?", (oldest,)).rowcount:
                self._recent.clear()

    def _interrupted(self, execution: Execution) -> None:
        error = AthenaError(
            "",
            "The query was running when the service stopped. Submit it again.",
            category=Category.SYSTEM,
            error_type=INTERNAL_SERVICE_ERROR,
        )
        described = {**error.describe(), "Retryable": True}
        self.update(execution.id, state="FAILED", reason=error.reason, error=described, completed=time.time())

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()


def _dumped(execution: Execution) -> str:
    return json.dumps(asdict(execution))


def _loaded(body: str) -> Execution:
    return Execution(**json.loads(body))


def _text_hash(query: str) -> int:
    return zlib.crc32(query.encode())
