"""Errors of the engine: those that fail a query and those that refuse a request."""

from dataclasses import dataclass
from enum import IntEnum


class Category(IntEnum):
    """`AthenaError.ErrorCategory` (Athena user guide: error catalog)."""

    SYSTEM = 1
    USER = 2
    OTHER = 3


# AthenaError.ErrorType, from the error catalog of the Athena user guide.
RESOURCES_EXHAUSTED = 0
INTERNAL_SERVICE_ERROR = 100
INTERNAL_ENGINE_ERROR = 200
METASTORE_ERROR = 204
ICEBERG_ERROR = 233
RESULT_WRITE_FAILED = 401
GENERIC_USER_ERROR = 1000
DATA_ERROR = 1001
TYPE_ERROR = 1002
DDL_FAILED = 1003
SYNTAX_ERROR = 1006
INVALID_ARGUMENT = 1100
INVALID_PROPERTY = 1101
INVALID_TABLE_PROPERTY = 1103
INVALID_FUNCTION_ARGUMENT = 1106
INVALID_VIEW = 1107
QUERY_NOT_SUPPORTED = 1200
ENTITY_NOT_FOUND = 1301
FUNCTION_NOT_FOUND = 1303
PERMISSION_ERROR = 1500

# Several codes have another type than the catalog's sentences suggest: these are the ones that Athena v3 answers with.
_TYPE_OF_CODE = {
    "AMBIGUOUS_NAME": SYNTAX_ERROR,
    "CATALOG_NOT_FOUND": SYNTAX_ERROR,
    "COLUMN_NOT_FOUND": SYNTAX_ERROR,
    "COLUMN_TYPE_UNKNOWN": SYNTAX_ERROR,
    "DIVISION_BY_ZERO": DATA_ERROR,
    "DUPLICATE_COLUMN_NAME": SYNTAX_ERROR,
    "EXHAUSTED_RESOURCES": RESOURCES_EXHAUSTED,
    "EXPRESSION_NOT_AGGREGATE": SYNTAX_ERROR,
    "EXPRESSION_NOT_SCALAR": SYNTAX_ERROR,
    "FUNCTION_NOT_FOUND": FUNCTION_NOT_FOUND,
    "GENERIC_INTERNAL_ERROR": INTERNAL_ENGINE_ERROR,
    "HIVE_BAD_DATA": DATA_ERROR,
    "HIVE_CURSOR_ERROR": DATA_ERROR,
    "HIVE_METASTORE_ERROR": METASTORE_ERROR,
    "HIVE_PARTITION_SCHEMA_MISMATCH": DATA_ERROR,
    "ICEBERG_COMMIT_ERROR": ICEBERG_ERROR,
    "INVALID_ARGUMENTS": INVALID_ARGUMENT,
    "INVALID_CAST_ARGUMENT": INVALID_ARGUMENT,
    "INVALID_FUNCTION_ARGUMENT": INVALID_FUNCTION_ARGUMENT,
    "INVALID_PARAMETER_USAGE": INVALID_ARGUMENT,
    "INVALID_TABLE_PROPERTY": INVALID_TABLE_PROPERTY,
    "INVALID_VIEW": INVALID_VIEW,
    "MISMATCHED_COLUMN_ALIASES": SYNTAX_ERROR,
    "MISSING_SCHEMA_NAME": SYNTAX_ERROR,
    "NOT_SUPPORTED": QUERY_NOT_SUPPORTED,
    "PERMISSION_DENIED": PERMISSION_ERROR,
    "SCHEMA_NOT_FOUND": ENTITY_NOT_FOUND,
    "SYNTAX_ERROR": SYNTAX_ERROR,
    "TABLE_NOT_FOUND": ENTITY_NOT_FOUND,
    "TYPE_MISMATCH": TYPE_ERROR,
}
_SYSTEM_CODES = frozenset({"GENERIC_INTERNAL_ERROR", "EXHAUSTED_RESOURCES"})
_RETRYABLE_CODES = frozenset({"EXHAUSTED_RESOURCES", "ICEBERG_COMMIT_ERROR"})


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
        category: Category | None = None,
        error_type: int | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.position = position
        known = Category.SYSTEM if code in _SYSTEM_CODES else Category.USER
        self.category = known if category is None else category
        self.error_type = _TYPE_OF_CODE.get(code, GENERIC_USER_ERROR) if error_type is None else error_type
        super().__init__(self.reason)

    @property
    def reason(self) -> str:
        """The text shown to users."""
        place = f"line {self.position.line}:{self.position.column}: " if self.position else ""
        return f"{self.code}: {place}{self.message}" if self.code else f"{place}{self.message}"

    @property
    def retryable(self) -> bool:
        """Whether the same query may succeed when it is submitted again."""
        return self.code in _RETRYABLE_CODES

    def describe(self) -> dict[str, int | bool | str]:
        """The `AthenaError` of the API."""
        return {
            "ErrorCategory": int(self.category),
            "ErrorType": self.error_type,
            "Retryable": self.retryable,
            "ErrorMessage": self.reason,
        }


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
