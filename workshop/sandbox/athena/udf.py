"""Functions written in Python, for what DuckDB cannot say: Java's regular expressions, Joda's patterns, zones, JSON.

`call` gives the SQL of a call; `Connection` defines the functions that a text calls before it runs the text.
DuckDB hands over None for NULL, int, float, str, bytes, Decimal, datetime, list for arrays and dict for rows and maps.
"""

import itertools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from workshop.sandbox.athena.errors import MARK
from workshop.sandbox.athena.types import Type

_NAME = re.compile(r"\bpy_\w+")


@dataclass(frozen=True)
class Udf:
    """A function of a table of functions; `nulls`: it is called with None, too, where others give NULL at once."""

    function: Callable[..., Any]
    nulls: bool = False


@dataclass(frozen=True)
class _Definition:
    udf: Udf
    parameters: tuple[str, ...]
    returns: str


_lock = threading.Lock()
_names: dict[_Definition, str] = {}
_definitions: dict[str, _Definition] = {}
_numbers = itertools.count()


class FunctionError(Exception):
    """Raised by a function in Python: fails the query with Trino's `code` and `message`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{MARK}{code}: {message}{MARK}")


def invalid(message: str) -> FunctionError:
    """The error of an argument that a function does not take."""
    return FunctionError("INVALID_FUNCTION_ARGUMENT", message)


def call(udf: Udf, arguments: Sequence[str], types: Sequence[Type], returns: Type) -> str:
    """SQL of a call with `arguments`, whose SQL is of `types`."""
    definition = _Definition(udf, tuple(t.duckdb for t in types), returns.duckdb)
    with _lock:
        name = _names.get(definition)
        if name is None:
            word = re.sub(r"\W", "", udf.function.__name__).strip("_")
            name = _names[definition] = f"py_{word}_{next(_numbers)}"
            _definitions[name] = definition
    return f"{name}({', '.join(arguments)})"


class Connection:
    """A DuckDB connection that knows our functions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._defined: set[str] = set()

    def execute(self, sql: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run `sql`; the functions it calls are defined before."""
        for name in set(_NAME.findall(sql)) - self._defined:
            if name in _definitions:
                self._define(name, _definitions[name])
        return self._connection.execute(sql, parameters)

    def register(self, name: str, rows: object) -> None:
        """Let SQL read Arrow data as the table `name`."""
        self._connection.register(name, rows)

    def interrupt(self) -> None:
        """Stop what runs."""
        self._connection.interrupt()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _define(self, name: str, definition: _Definition) -> None:
        # DuckDB takes types as text, and names of null handling as text; its stubs know neither.
        options: dict[str, Any] = {"null_handling": "special"} if definition.udf.nulls else {}
        self._connection.create_function(
            name, definition.udf.function, list(definition.parameters), definition.returns, **options
        )
        self._defined.add(name)
