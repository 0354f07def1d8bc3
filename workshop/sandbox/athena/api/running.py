"""Runs executions on threads: queueing, cancelling, and what ends how."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.athena.api.executions import RUNNING_STATES, Execution
from workshop.sandbox.athena.api.store import ExecutionStore
from workshop.sandbox.athena.engine import Engine
from workshop.sandbox.athena.errors import RESULT_WRITE_FAILED, AthenaError, InvalidRequestError, QueryCancelledError
from workshop.sandbox.athena.reading.opening import BytesScannedCutoffError
from workshop.sandbox.athena.reading.storage import Encryption
from workshop.sandbox.athena.run import Cancellation, Job, Lake, Outcome, run
from workshop.sandbox.athena.syntax import statements
from workshop.sandbox.athena.syntax.statements import Ctas, Select, Statement

logger = logging.getLogger(__name__)

CONCURRENT_QUERIES = 20
"""Queries that run at once; the others wait as QUEUED (service quotas: active DML queries)."""

STACK_BYTES = 64 * 1024 * 1024
"""Stack of a thread that runs queries: parsers and compilers descend into a query by recursion, in C++ too, where
too deep a recursion is the end of the process. Memory is taken as it is used."""

STOP_SECONDS = 0.8
"""How long StopQueryExecution waits for a query's thread before it says that the query is stopped all the same."""

_INSIST_SECONDS = 0.1

CANCELLED = "Query cancelled by user"
_OWN_LOCATION = (
    "The Create Table As Select query failed because it was submitted with an 'external_location' property to an "
    "Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
    "'external_location' property and resubmit the query."
)
_CATALOGS = (None, "awsdatacatalog")


@dataclass(frozen=True)
class Order:
    """A statement that is to run for an execution; `cutoff` in bytes. `find_reusable` finds the execution whose result
    answers this one; `enforced`: the work group decides where results go."""

    execution: Execution
    statement: Statement
    lake_of: Callable[[], Lake]
    cutoff: int | None = None
    find_reusable: Callable[[Execution, Statement, Lake], Execution | None] | None = None
    enforced: bool = False


@dataclass
class _Running:
    order: Order
    cancellation: Cancellation = field(default_factory=Cancellation)
    ended: threading.Event = field(default_factory=threading.Event)

    def interrupt(self) -> None:
        """Stop it, and go on until it has ended: DuckDB forgets an interrupt that comes just before a statement begins,
        and the thread would be lost to all other queries."""
        self.cancellation.stop()
        threading.Thread(target=self._insist, name="athena-stop", daemon=True).start()

    def _insist(self) -> None:
        while not self.ended.wait(_INSIST_SECONDS):
            self.cancellation.stop()


class Runner:
    """Runs orders; an execution never stays RUNNING once its thread has ended."""

    def __init__(self, store: ExecutionStore, engine: Engine, concurrent: int = CONCURRENT_QUERIES) -> None:
        self._store = store
        self._engine = engine
        self._pool = deep_pool(concurrent, "athena-query")
        self._running: dict[str, _Running] = {}

    def submit(self, order: Order) -> None:
        """Run it as soon as a thread is free."""
        running = self._running[order.execution.id] = _Running(order)
        future: Future[None] = self._pool.submit(self._run, running)
        future.add_done_callback(lambda _: self._running.pop(order.execution.id, None))

    def stop(self, execution_id: str) -> None:
        """Cancel a query and wait until it has ended. One that only reads is given up after `STOP_SECONDS`; one that
        writes has ended when what it wrote is complete or gone."""
        running = self._running.get(execution_id)
        if running is None:
            return
        if self._store.get(execution_id).state == "QUEUED":
            self._end(execution_id, "CANCELLED", reason=CANCELLED)
        running.interrupt()
        if not running.ended.wait(STOP_SECONDS) and isinstance(running.order.statement, Select):
            self._end(execution_id, "CANCELLED", reason=CANCELLED)

    def close(self) -> None:
        """Stop what runs and end the threads."""
        for running in list(self._running.values()):
            running.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for running in list(self._running.values()):  # those that never began
            running.ended.set()

    def _run(self, running: _Running) -> None:
        execution = running.order.execution
        try:
            self._attempt(running)
        except QueryCancelledError:
            self._end(execution.id, "CANCELLED", reason=CANCELLED)
        except BytesScannedCutoffError:
            self._end(execution.id, "CANCELLED", reason="Query cancelled! : Bytes scanned limit was exceeded")
        except AthenaError as error:
            self._fail(execution.id, error)
        except InvalidRequestError as error:  # a parameter that is no literal
            self._fail(execution.id, AthenaError("INVALID_PARAMETER_USAGE", error.message))
        except RecursionError:
            self._fail(execution.id, too_deep())
        except MemoryError:
            self._fail(execution.id, exhausted())
        except BaseException as error:
            logger.exception("query %s failed unexpectedly", execution.id)
            self._fail(execution.id, AthenaError("GENERIC_INTERNAL_ERROR", f"{type(error).__name__}: {error}"))
        finally:
            running.ended.set()

    def _attempt(self, running: _Running) -> None:
        order, execution = running.order, running.order.execution
        running.cancellation.check()
        now = datetime.now(UTC)
        self._store.update(execution.id, state="RUNNING", started=now.timestamp())
        if execution.catalog not in _CATALOGS:
            raise AthenaError("CATALOG_NOT_FOUND", f"Catalog '{execution.catalog}' does not exist")
        owner = execution.result_settings.get("ExpectedBucketOwner")
        if owner not in (None, execution.account_id):  # all buckets of the sandbox are the caller's account's
            raise _not_the_owner(execution.output)
        if order.enforced and isinstance(order.statement, Ctas) and "external_location" in order.statement.properties:
            raise AthenaError("", _OWN_LOCATION)
        lake = order.lake_of()
        statement = statements.bind_parameters(order.statement, execution.parameters)
        find = order.find_reusable
        if find is not None and (previous := find(execution, statement, lake)) is not None:
            self._end(
                execution.id, "SUCCEEDED", output_location=previous.output_location, columns=previous.columns,
                rows=previous.rows, update_count=previous.update_count, reused=True,
            )  # fmt: skip
            return
        encryption = execution.encryption
        job = Job(
            statement=statement,
            text=execution.query,
            database=execution.database,
            output=execution.output,
            encryption=Encryption(encryption.get("EncryptionOption"), encryption.get("KmsKey")),
            started=now,
            cutoff=order.cutoff,
        )
        self._succeed(execution.id, run(job, lake, self._engine, running.cancellation))

    def _succeed(self, execution_id: str, outcome: Outcome) -> None:
        self._end(
            execution_id, "SUCCEEDED", output_location=outcome.output_location, columns=outcome.columns,
            scanned=outcome.scanned, rows=outcome.rows, update_count=outcome.update_count, manifest=outcome.manifest,
        )  # fmt: skip

    def _fail(self, execution_id: str, error: AthenaError) -> None:
        self._end(execution_id, "FAILED", reason=error.reason, error=error.describe())

    def _end(self, execution_id: str, state: str, **changes: Any) -> None:
        execution = self._store.find(execution_id)
        if execution is not None and execution.state in RUNNING_STATES:  # its work group may be deleted meanwhile
            self._store.update(execution_id, state=state, completed=time.time(), **changes)


def _not_the_owner(output: str) -> AthenaError:
    text = (
        f"Access denied when writing output to url: {output} . Please ensure you are allowed to access the S3 bucket."
    )
    return AthenaError("", text, error_type=RESULT_WRITE_FAILED)


def deep_pool(size: int, name: str) -> ThreadPoolExecutor:
    """Threads with a stack for deep recursion; all are started here, as a thread's stack is set when it starts."""
    pool = ThreadPoolExecutor(size, thread_name_prefix=name)
    before = threading.stack_size(STACK_BYTES)
    try:
        ready = threading.Barrier(size + 1)
        for _ in range(size):
            pool.submit(ready.wait)
        ready.wait()
    finally:
        threading.stack_size(before)
    return pool


def too_deep() -> AthenaError:
    """The failure of a query that is nested too deep."""
    return AthenaError("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)")


def exhausted() -> AthenaError:
    """The failure of a query that needs more memory than it may have."""
    return AthenaError("EXHAUSTED_RESOURCES", "Query exhausted resources at this scale factor")
