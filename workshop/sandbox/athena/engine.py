"""DuckDB sessions: one connection per query, locked in before any user's SQL is compiled for it."""

import os
import re
import shutil
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from workshop.sandbox.athena.compiler import text_of_values
from workshop.sandbox.athena.errors import MARK, AthenaError, QueryCancelledError
from workshop.sandbox.athena.overflows import overflow
from workshop.sandbox.athena.types import literal
from workshop.sandbox.athena.udf import Connection


@dataclass(frozen=True)
class Session:
    """A connection that sees no file outside `folder`."""

    connection: Connection
    folder: Path

    def close(self) -> None:
        """End the connection and remove the folder."""
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)


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
    """The memory that all sessions share, in bytes. Each gets a quarter of what is left when it begins, but never less
    than the smallest share: so one query has most of the machine, and twenty fit on it (half as much again as the
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
        """The session has ended."""
        with self._lock:
            self._granted -= share


class Engine:
    """Opens sessions. Opening takes some 30 ms and closing 15, longer than a small query: so the next ones are prepared
    while a query runs, and a used one is closed once the query has been answered."""

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
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="athena-session")
        self._closer = ThreadPoolExecutor(1, thread_name_prefix="athena-close")
        self._lock = threading.Lock()
        self._wanted = spares
        self._spares = deque(self._opener.submit(self._open) for _ in range(spares))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of one query; DuckDB's errors come out as `AthenaError` or `QueryCancelledError`."""
        with self._lock:
            ready = self._spares.popleft() if self._spares else None
            if not self._spares:  # the others are in use by long queries
                self._spares.append(self._opener.submit(self._open))
        session = ready.result() if ready is not None else self._open()
        share = self._memory.take()
        try:
            session.connection.execute(f"SET memory_limit = '{share}B'")
            session.connection.execute("SET lock_configuration = true")
            yield session
        except duckdb.Error as error:
            raise translate_error(error) from error
        finally:
            self._memory.give_back(share)
            self._closer.submit(self._replace, session)

    def _replace(self, used: Session) -> None:
        """Close a used session and prepare another one. Both take time from queries, so they come after the answer."""
        with self._lock:
            if len(self._spares) < self._wanted:
                self._spares.append(self._opener.submit(self._open))
        used.close()

    def close(self) -> None:
        """Drop the spare sessions, once the used ones are closed."""
        self._closer.shutdown()
        with self._lock:
            spares, self._spares = list(self._spares), deque()
        for spare in spares:
            spare.result().close()
        self._opener.shutdown()

    def _open(self) -> Session:
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        connection = Connection(duckdb.connect(":memory:", config=self._config))
        for statement in (
            "SET TimeZone = 'UTC'",
            f"SET temp_directory = {literal(str(folder / 'spill'))}",
            *text_of_values.PRELUDE,
            f"SET allowed_directories = [{literal(str(folder))}]",
            "SET enable_external_access = false",
        ):
            connection.execute(statement)
        return Session(connection, folder)


_OUR_OWN = re.compile(f"{MARK}([A-Z_]+): (.*?){MARK}", re.DOTALL)
_KNOWN = (
    (duckdb.InvalidInputException, re.compile(r"Division by zero"), "DIVISION_BY_ZERO", "Division by zero"),
    (duckdb.InvalidInputException, re.compile(r"More than one row returned by a subquery"),
     "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"),
    (duckdb.OutOfMemoryException, re.compile(""), "EXHAUSTED_RESOURCES",
     "Query exhausted resources at this scale factor"),
    (duckdb.Error, re.compile(r"[Mm]ax(?:imum)?[ _](?:expression )?(?:recursion )?depth|exceeded the maximum"),
     "STACK_OVERFLOW", "statement is too large (stack overflow during analysis)"),
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
