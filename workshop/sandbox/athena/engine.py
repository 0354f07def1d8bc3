"""DuckDB sessions: one connection per query, locked in before any user's SQL is compiled for it."""

import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from workshop.sandbox.athena.compiler import text_of_values
from workshop.sandbox.athena.containment import EXPRESSION_DEPTH, check_sql
from workshop.sandbox.athena.errors import MARK, AthenaError, QueryCancelledError
from workshop.sandbox.athena.overflows import overflow
from workshop.sandbox.athena.types import literal, quote
from workshop.sandbox.athena.udf import Connection


class _Checked(Connection):
    """Refuses what would keep DuckDB from answering."""

    def execute(self, sql: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run `sql`, if it is neither too long nor nested too deep."""
        check_sql(sql)
        return super().execute(sql, parameters)


@dataclass(frozen=True)
class Session:
    """A connection that sees no file outside `folder` and uses no more memory than `share` bytes."""

    connection: Connection
    folder: Path
    share: int

    def clean(self) -> None:
        """Remove what a query made: its views, tables and files. What is left are our own macros and functions."""
        made = self.connection.execute(_MADE).fetchall()
        for kind, name in made:
            self.connection.execute(f"DROP {kind} IF EXISTS {quote(name)} CASCADE")
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def close(self) -> None:
        """End the connection and remove the folder."""
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_MADE = """
SELECT 'VIEW', view_name FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE NOT internal
"""


def machine_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its control group's if that is less."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text("ascii").strip()
    except OSError:
        return pages
    return min(pages, int(limit)) if limit.isdigit() else pages


@dataclass
class MemoryBudget:
    """The memory that all sessions share, in bytes. Each gets a quarter of what is left when it is opened, but never
    less than the smallest share: so one query has much of the machine, and twenty fit on it (half as much again as the
    budget, if each of them took all it may)."""

    total: int
    _granted: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """Bytes for one more session; `give_back` them."""
        with self._lock:
            share = max((self.total - self._granted) // 4, self.total // 40)
            self._granted += share
            return share

    def give_back(self, share: int) -> None:
        """The session is closed."""
        with self._lock:
            self._granted -= share


class Engine:
    """Opens sessions and keeps some for the next queries. Opening one takes 40 ms of a processor, cleaning one 2: so a
    session is used again, unless its query failed or was stopped. Cleaning comes after the answer."""

    def __init__(self, folder: Path, *, threads: int = 2, memory: int | None = None, spares: int = 4) -> None:
        """`memory` is the budget of all sessions in bytes; None: half of the machine's."""
        self._folder = folder
        self._memory = MemoryBudget(memory if memory is not None else machine_memory() // 2)
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
        folder.mkdir(parents=True)
        self._wanted = spares
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._closed = False
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="athena-session")
        for _ in range(spares):
            self._keeper.submit(self._prepare)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of one query, the idle one with most memory; DuckDB's errors come out as `AthenaError` or
        `QueryCancelledError`."""
        with self._lock:
            self._idle.sort(key=lambda s: s.share)
            session = self._idle.pop() if self._idle else None
        session = session or self._open()
        clean = False
        try:
            yield session
            clean = True
        except duckdb.Error as error:
            raise translate_error(error) from error
        finally:
            self._keeper.submit(self._take_back, session, clean)

    def close(self) -> None:
        """Close the idle sessions, once the used ones are back."""
        self._closed = True
        self._keeper.shutdown()
        for session in self._idle:
            self._discard(session)

    def _prepare(self) -> None:
        """Open a session for later, unless there are enough."""
        if len(self._idle) < self._wanted and not self._closed:
            self._keep(self._open())

    def _take_back(self, session: Session, clean: bool) -> None:
        if clean:
            try:
                session.clean()
            except (duckdb.Error, OSError):
                clean = False
        if clean and len(self._idle) < self._wanted:
            self._keep(session)
        else:
            self._discard(session)
            self._prepare()

    def _keep(self, session: Session) -> None:
        with self._lock:
            self._idle.append(session)

    def _discard(self, session: Session) -> None:
        session.close()
        self._memory.give_back(session.share)

    def _open(self) -> Session:
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        share = self._memory.take()
        connection = _Checked(duckdb.connect(":memory:", config=self._config))
        for statement in (
            "SET TimeZone = 'UTC'",
            f"SET max_expression_depth = {EXPRESSION_DEPTH}",
            "SET order_by_non_integer_literal = true",  # Trino sorts by a text as by any other constant
            f"SET memory_limit = '{share}B'",
            f"SET temp_directory = {literal(str(folder / 'spill'))}",
            *text_of_values.PRELUDE,
            f"SET allowed_directories = [{literal(str(folder))}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            connection.execute(statement)
        return Session(connection, folder, share)


_OUR_OWN = re.compile(f"{MARK}([A-Z_]+): (.*?){MARK}", re.DOTALL)
_KNOWN = (
    (duckdb.InvalidInputException, re.compile(r"Division by zero"), "DIVISION_BY_ZERO", "Division by zero"),
    (duckdb.InvalidInputException, re.compile(r"More than one row returned by a subquery"),
     "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"),
    (duckdb.OutOfMemoryException, re.compile(""), "EXHAUSTED_RESOURCES",
     "Query exhausted resources at this scale factor"),
    (duckdb.Error, re.compile(r"[Mm]ax(?:imum)?[ _](?:expression )?(?:recursion )?depth|exceeded the maximum"),
     "STACK_OVERFLOW", "statement is too large (stack overflow during analysis)"),
    (duckdb.BinderException, re.compile(r"window expressions cannot be volatile"),
     "NOT_SUPPORTED", "A window over random values is not supported by the local Athena"),
    (duckdb.Error, re.compile(r"Unknown TimeZone '([^']*)'"),
     "INVALID_FUNCTION_ARGUMENT", "'{}' is not a valid time zone"),
    (duckdb.Error, re.compile(r"invalid perl operator|bad repetition|missing [)\]]|invalid escape"),
     "INVALID_FUNCTION_ARGUMENT", "Invalid regular expression"),
)  # fmt: skip


def translate_error(error: duckdb.Error) -> Exception:  # noqa: PLR0911 - one return for each kind
    """What Athena would say to an error of DuckDB's."""
    message = str(error)
    own = _OUR_OWN.search(message)
    if own:
        return AthenaError(own[1], own[2])
    if isinstance(error, duckdb.InterruptException):
        return QueryCancelledError()
    for kind, pattern, code, text in _KNOWN:
        found = pattern.search(message)
        if isinstance(error, kind) and found:
            return AthenaError(code, text.format(*found.groups()))
    outside = overflow(message)
    if outside is not None:
        return outside
    if isinstance(error, duckdb.OutOfRangeException) or "out of range for the destination type" in message:
        return AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", message.partition(": ")[2].splitlines()[0])
    if "JSON" in message:
        return AthenaError("HIVE_BAD_DATA", f"Error Parsing a row: {message.splitlines()[0]}")
    if isinstance(error, duckdb.ConversionException):
        return AthenaError("INVALID_CAST_ARGUMENT", message.splitlines()[0].removeprefix("Conversion Error: "))
    return AthenaError("GENERIC_INTERNAL_ERROR", message)
