"""Runs one statement from its tree to its files in S3."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlglot import exp

from workshop.sandbox.athena.api.metadata import Metadata
from workshop.sandbox.athena.api.results import column_info, labels, metadata, write_csv
from workshop.sandbox.athena.catalog.binder import Binder
from workshop.sandbox.athena.catalog.glue import Catalog
from workshop.sandbox.athena.catalog.glue_client import Glue
from workshop.sandbox.athena.catalog_statements import dispatch, plans, views
from workshop.sandbox.athena.catalog_statements.context import Answer, Context
from workshop.sandbox.athena.compiler.queries import QueryCompiler
from workshop.sandbox.athena.compiler.scope import Compiled
from workshop.sandbox.athena.engine import Engine, Session
from workshop.sandbox.athena.errors import AthenaError, QueryCancelledError, not_supported
from workshop.sandbox.athena.reading import readers
from workshop.sandbox.athena.reading.opening import Opener
from workshop.sandbox.athena.reading.storage import Encryption, Storage
from workshop.sandbox.athena.syntax.catalog_statements import CatalogStatement, CreateView, Explain
from workshop.sandbox.athena.syntax.modifications import Modification
from workshop.sandbox.athena.syntax.statements import Ctas, Insert, Select, Statement, Unload, Unsupported
from workshop.sandbox.athena.types import BIGINT
from workshop.sandbox.athena.udf import Connection
from workshop.sandbox.athena.writing import writers


@dataclass(frozen=True)
class Lake:
    """The catalog and the store, as one caller sees them; `metadata` answers the API's questions about tables, `glue`
    is for statements that change the catalog."""

    catalog: Catalog
    storage: Storage
    metadata: Metadata | None = None
    glue: Glue | None = None

    def context(self, database: str | None, now: datetime, cancellation: "Cancellation | None" = None) -> Context:
        """What statements about the catalog work with."""
        assert self.glue is not None  # every lake but those of tests of queries has it
        check = (cancellation or Cancellation()).check
        return Context(self.glue, self.storage, database, now, check)


@dataclass(frozen=True)
class Job:
    """A statement to run. `output` is the URI of the results without an extension; `cutoff` in bytes."""

    statement: Statement
    text: str
    database: str | None
    output: str
    encryption: Encryption
    started: datetime
    cutoff: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What GetQueryExecution and GetQueryResults tell about a finished query."""

    output_location: str
    columns: list[dict[str, Any]]
    scanned: int
    rows: int
    update_count: int | None = None
    manifest: str | None = None


@dataclass
class Cancellation:
    """Stops a running query, from any thread."""

    _stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _connection: Connection | None = None

    def stop(self) -> None:
        """Interrupt what runs, and let nothing more begin."""
        self._stopped.set()
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()

    def check(self) -> None:
        """Raise `QueryCancelledError` once stopped."""
        if self._stopped.is_set():
            raise QueryCancelledError

    def watch(self, connection: Connection | None) -> None:
        """Name the connection to interrupt (None: no longer any)."""
        with self._lock:
            self._connection = connection
        self.check()


def run(job: Job, lake: Lake, engine: Engine, cancellation: Cancellation) -> Outcome:
    """Run a statement; raises `AthenaError`, `QueryCancelledError` or `BytesScannedCutoffError`."""
    match statement := job.statement:
        case CatalogStatement():
            return _about_the_catalog(job, statement, lake, engine, cancellation)
        case Modification():
            raise dispatch.refuse_modification(statement, lake.context(job.database, job.started))
        case Unsupported():
            raise not_supported(statement.what)
        case Select() | Insert() | Unload() | Ctas():
            return _query(job, statement, lake, engine, cancellation)
    raise not_supported(type(statement).__name__)


def _query(
    job: Job, statement: Select | Insert | Unload | Ctas, lake: Lake, engine: Engine, cancellation: Cancellation
) -> Outcome:
    binder = Binder(lake.catalog, job.database)
    compiler = QueryCompiler(binder, job.text, job.started)
    compiled = compiler.statement(statement.query)
    for scan in compiler.scans:
        readers.check_readable(scan.table)
    with lake.storage.reading(), engine.session() as session:
        cancellation.watch(session.connection)
        try:
            opener = Opener(lake.catalog, lake.storage, session, job.started, job.cutoff, cancellation.check)
            scanned = opener.open(_limited(statement.query, binder), compiled, compiler.scans)
            if isinstance(statement, Select):
                return _select(job, compiled, lake, session, scanned)
            plan = _plan(job, statement, compiled, binder, lake)
            output = writers.Output(lake.storage, job.encryption, f"{job.output}-manifest.csv", cancellation.check)
            written = writers.execute(plan, session, lake.catalog, output)
        finally:
            _forget(cancellation)
    return _report(job, statement, written, lake, scanned)


def _limited(query: exp.Expr, binder: Binder) -> exp.Expr:
    """The query whose LIMIT may leave files unopened: none where a view stands between it and the files."""
    return exp.Select() if binder.reads_views else query


def _about_the_catalog(
    job: Job, statement: CatalogStatement, lake: Lake, engine: Engine, cancellation: Cancellation
) -> Outcome:
    """Answer with `<id>.txt`, a row a line. What Hive refuses leaves its reason there, as on Athena."""
    context = lake.context(job.database, job.started, cancellation)
    target = f"{job.output}.txt"
    try:
        match statement:
            case CreateView():
                compiled = QueryCompiler(Binder(lake.catalog, job.database), job.text, job.started).statement(
                    statement.query
                )
                answer = views.create_view(statement, compiled, context)
            case Explain():
                answer = _explain(job, statement, lake, engine, cancellation)
            case _:
                answer = dispatch.answer(statement, context)
    except AthenaError as error:
        if error.reason.startswith("FAILED: "):
            with suppress(AthenaError):
                lake.storage.put(target, error.reason.encode(), job.encryption)
        raise
    lake.storage.put(target, "\n".join(answer.lines).encode(), job.encryption)
    if answer.columns:
        lake.storage.put(f"{target}.metadata", metadata(answer.columns), job.encryption)
    return Outcome(target, answer.columns, answer.scanned, len(answer.lines))


def _explain(job: Job, statement: Explain, lake: Lake, engine: Engine, cancellation: Cancellation) -> Answer:
    inner = statement.statement
    if not isinstance(inner, Select | Insert | Unload | Ctas):
        raise not_supported("EXPLAIN of a statement without a query")
    if statement.analyze and not isinstance(inner, Select):
        raise not_supported("EXPLAIN ANALYZE of a statement that writes")
    binder = Binder(lake.catalog, job.database)
    compiler = QueryCompiler(binder, job.text, job.started)
    compiled = compiler.statement(inner.query)
    if not statement.analyze:
        return plans.answer(statement, compiled, compiler.scans)
    for scan in compiler.scans:
        readers.check_readable(scan.table)
    begun = time.monotonic()
    with lake.storage.reading(), engine.session() as session:
        cancellation.watch(session.connection)
        try:
            opener = Opener(lake.catalog, lake.storage, session, job.started, job.cutoff, cancellation.check)
            scanned = opener.open(_limited(inner.query, binder), compiled, compiler.scans)
            rows = write_csv(session.connection, compiled, session.folder / "result.csv")
        finally:
            _forget(cancellation)
    millis = (time.monotonic() - begun) * 1000
    return plans.answer(statement, compiled, compiler.scans, plans.Ran(rows, scanned, millis))


def _forget(cancellation: Cancellation) -> None:
    try:
        cancellation.watch(None)
    except QueryCancelledError:
        # A stop that came after the last statement: the query has done its work and says so.
        return


def _select(job: Job, compiled: Compiled, lake: Lake, session: Session, scanned: int) -> Outcome:
    target = session.folder / "result.csv"
    rows = write_csv(session.connection, compiled, target)
    columns = [column_info(n, c.type) for n, c in zip(labels(compiled.columns), compiled.columns, strict=True)]
    lake.storage.put(f"{job.output}.csv", target, job.encryption)
    lake.storage.put(f"{job.output}.csv.metadata", metadata(columns), job.encryption)
    return Outcome(f"{job.output}.csv", columns, scanned, rows)


def _plan(job: Job, statement: Insert | Unload | Ctas, compiled: Compiled, binder: Binder, lake: Lake) -> writers.Plan:
    match statement:
        case Insert():
            database = statement.table.database or job.database
            if database is None:
                raise AthenaError("MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set")
            return writers.plan_insert(statement, compiled, binder.named(database, statement.table.name))
        case Unload():
            return writers.plan_unload(statement, compiled, lake.storage)
        case Ctas():
            folder, _, query_id = job.output.rpartition("/")
            return writers.plan_ctas(statement, compiled, binder, lake.storage, f"{folder}/tables/{query_id}")


def _report(job: Job, statement: Insert | Unload | Ctas, written: writers.Written, lake: Lake, scanned: int) -> Outcome:
    """What is said of a statement that has written; its manifest is stored."""
    manifest = f"{job.output}-manifest.csv"
    columns = [] if isinstance(statement, Unload) else [column_info("rows", BIGINT)]
    lake.storage.put(f"{job.output}.metadata", metadata(columns), job.encryption)
    output = job.output
    if isinstance(statement, Ctas):
        folder, _, query_id = job.output.rpartition("/")
        output = f"{folder}/tables/{query_id}"
    return Outcome(output, columns, scanned, written.rows, written.rows, manifest)
