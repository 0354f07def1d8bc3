"""Errors of the engine: those that fail a query and those that refuse a request."""

from dataclasses import dataclass
from enum import IntEnum


class Category(IntEnum):
    """`AthenaError.ErrorCategory` (Athena user guide: error catalog)."""

    SYSTEM = 1
    USER = 2
    OTHER = 3


# AthenaError.ErrorType, from the error catalog of the Athena user guide.
GENERIC_USER_ERROR = 1000
DATA_ERROR = 1001
INTERNAL_ENGINE_ERROR = 200
RESULT_WRITE_FAILED = 401
RESOURCES_EXHAUSTED = 0

_TYPE_OF_CODE = {
    "HIVE_BAD_DATA": DATA_ERROR,
    "HIVE_CURSOR_ERROR": DATA_ERROR,
    "EXCEEDED_MEMORY_LIMIT": RESOURCES_EXHAUSTED,
}


MARK = "\u001e"
"""Encloses the text of an error that our SQL raises on purpose (the record separator: not in ordinary data)."""


@dataclass(frozen=True)
class Position:
    """A place in the text of the query; both numbers start at 1."""

    line: int
    column: int


class AthenaError(Exception):
    """A failed query: `code` is Trino's name of the error, `position` the place it points at.

    `str(error)` is what Athena shows as StateChangeReason, e.g.
    `COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved …`. An empty code gives the message alone
    (Athena's own errors, such as denied access to the result location, have none).
    """

    def __init__(
        self,
        code: str,
        message: str,
        position: Position | None = None,
        *,
        category: Category = Category.USER,
        error_type: int | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.position = position
        self.category = category
        self.error_type = _TYPE_OF_CODE.get(code, GENERIC_USER_ERROR) if error_type is None else error_type
        super().__init__(self.reason)

    @property
    def reason(self) -> str:
        """The text shown to users."""
        place = f"line {self.position.line}:{self.position.column}: " if self.position else ""
        return f"{self.code}: {place}{self.message}" if self.code else f"{place}{self.message}"


class QueryCancelledError(Exception):
    """The query was stopped while it ran."""


class InvalidRequestError(Exception):
    """A request that the API refuses: HTTP 400 with `code` as its `__type`."""

    def __init__(self, message: str, code: str = "InvalidRequestException", athena_error_code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.athena_error_code = athena_error_code


def not_supported(what: str, position: Position | None = None) -> AthenaError:
    """The answer to everything this engine does not know: it never guesses."""
    return AthenaError("NOT_SUPPORTED", f"{what} is not supported by the local Athena", position)
