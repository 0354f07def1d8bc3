"""Result reuse: a query that asks for it is answered with the stored result of the same query.

Rules of the Athena user guide, "Reuse query results": the texts, catalog, database and result configuration match, the
previous result is younger than the age asked for, the work group is the same, and the caller has access to all tables
and to the stored result. The previous query need not have asked for reuse. A result that was reused itself is not
counted as a new one.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.athena.api.executions import REUSE_MINUTES, Execution
from workshop.sandbox.athena.api.store import ExecutionStore
from workshop.sandbox.athena.catalog.binder import Binder
from workshop.sandbox.athena.compiler.queries import QueryCompiler
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.run import Lake
from workshop.sandbox.athena.syntax.statements import Select, Statement


def asked_minutes(request: Mapping[str, Any]) -> int | None:
    """The age in minutes up to which a result may be reused; None if the request does not ask for it."""
    by_age = request.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
    if not by_age.get("Enabled"):
        return None
    minutes = by_age.get("MaxAgeInMinutes")
    return REUSE_MINUTES if minutes is None else int(minutes)


def find_reusable(store: ExecutionStore, execution: Execution, statement: Statement, lake: Lake) -> Execution | None:
    """The execution whose result answers this one, None if it has to run."""
    if execution.reuse_minutes is None or not isinstance(statement, Select):
        return None
    since = time.time() - execution.reuse_minutes * 60
    for previous in store.with_text(execution.account_id, execution.work_group, execution.query, since):
        if _same(previous, execution) and _readable(previous, lake) and _tables_readable(execution, statement, lake):
            return previous
    return None


def _same(previous: Execution, execution: Execution) -> bool:
    def compared(one: Execution) -> tuple[object, ...]:
        location = one.output.removesuffix(one.id)
        return one.parameters, one.database, one.catalog or "awsdatacatalog", one.result_settings, location

    return previous.id != execution.id and not previous.reused and compared(previous) == compared(execution)


def _readable(previous: Execution, lake: Lake) -> bool:
    try:
        with lake.storage.reading():
            lake.storage.read(previous.output_location)
    except AthenaError:
        return False
    return True


def _tables_readable(execution: Execution, statement: Select, lake: Lake) -> bool:
    """Whether the query still compiles: every table is asked of the catalog, as the caller."""
    compiler = QueryCompiler(Binder(lake.catalog, execution.database), execution.query, datetime.now(UTC))
    try:
        compiler.statement(statement.query.copy())
    except AthenaError:
        return False
    return True
