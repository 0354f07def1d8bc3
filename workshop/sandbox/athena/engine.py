"""DuckDB sessions: one connection per query, locked in before any user's SQL is compiled for it."""

import re
import shutil
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from workshop.sandbox.athena.compiler import casts
from workshop.sandbox.athena.errors import INTERNAL_ENGINE_ERROR, MARK, AthenaError, Category, QueryCancelledError
from workshop.sandbox.athena.functions import times
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


class Engine:
    """Opens sessions. Opening takes some 30 ms and closing 15, longer than a small query: so the next one is prepared
    while a query runs, and a used one is closed once the query has been answered."""

    def __init__(self, folder: Path, *, threads: int = 2, memory_limit: str = "1GB") -> None:
        self._folder = folder
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
        folder.mkdir(parents=True)
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="athena-session")
        self._closer = ThreadPoolExecutor(1, thread_name_prefix="athena-close")
        self._lock = threading.Lock()
        self._spare: Future[Session] | None = self._opener.submit(self._open)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of one query; DuckDB's errors come out as `AthenaError` or `QueryCancelledError`."""
        with self._lock:
            ready, self._spare = self._spare, self._opener.submit(self._open)
        session = ready.result() if ready is not None else self._open()
        try:
            yield session
        except duckdb.Error as error:
            raise translate_error(error) from error
        finally:
            self._closer.submit(session.close)

    def close(self) -> None:
        """Drop the spare session, once the used ones are closed."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.result().close()
        self._opener.shutdown()
        self._closer.shutdown()

    def _open(self) -> Session:
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        connection = Connection(duckdb.connect(":memory:", config=self._config))
        for statement in (
            "SET TimeZone = 'UTC'",
            f"SET temp_directory = {literal(str(folder / 'spill'))}",
            *casts.PRELUDE,
            *times.PRELUDE,
            f"SET allowed_directories = [{literal(str(folder))}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            connection.execute(statement)
        return Session(connection, folder)


_OUR_OWN = re.compile(f"{MARK}([A-Z_]+): (.*?){MARK}", re.DOTALL)
_KNOWN = (
    (duckdb.InvalidInputException, re.compile(r"Division by zero"), "DIVISION_BY_ZERO", "Division by zero"),
    (duckdb.InvalidInputException, re.compile(r"More than one row returned by a subquery"),
     "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"),
    (duckdb.OutOfMemoryException, re.compile(""), "EXCEEDED_MEMORY_LIMIT", "Query exceeded the memory limit"),
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
    if isinstance(error, duckdb.OutOfRangeException) or "out of range for the destination type" in message:
        return AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", message.partition(": ")[2].splitlines()[0])
    if "JSON" in message:
        return AthenaError("HIVE_BAD_DATA", f"Error Parsing a row: {message.splitlines()[0]}")
    if isinstance(error, duckdb.ConversionException):
        return AthenaError("INVALID_CAST_ARGUMENT", message.splitlines()[0].removeprefix("Conversion Error: "))
    return AthenaError("GENERIC_INTERNAL_ERROR", message, category=Category.SYSTEM, error_type=INTERNAL_ENGINE_ERROR)
