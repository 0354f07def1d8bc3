"""What can go wrong in a transform, by name."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from athena_transform.lake import Outcome


class TransformError(Exception):
    """Base of the errors below. The invocation fails, Lambda retries it, then its failure destination hears of it."""


class SettingsError(TransformError):
    """The environment or the event lacks a value, or holds one that cannot be used."""


class StatementError(TransformError):
    """A value does not fit into a SQL statement: it is not of the strict shape that its place allows."""


class LeaseLostError(TransformError):
    """Another run took over the state; this one must not write any more."""


class UnsafeDeletionError(TransformError):
    """Something asked for objects outside the transform's own table folder to be deleted."""


class AuditError(TransformError):
    """What a compaction wrote is not what the month holds; it was not published."""


class MisplacedFilesError(TransformError):
    """An insert wrote files where no partition points, so that no reader would see them; they have been removed."""


class RulesError(TransformError):
    """The quality rules are not such that they could be used, or a rule gave something else than a number."""


class QualityError(TransformError):
    """Days were not published, because rules that block failed. `outcome` is what the run did besides."""

    def __init__(self, message: str, outcome: "Outcome") -> None:
        super().__init__(message)
        self.outcome = outcome


class QueryError(TransformError):
    """A query did not succeed. `query_execution_id` finds it in Athena's history."""

    def __init__(self, message: str, query_execution_id: str) -> None:
        super().__init__(f"{message} (query execution {query_execution_id})")
        self.query_execution_id = query_execution_id


class QueryFailedError(QueryError):
    """Athena ended the query as FAILED or CANCELLED; the message carries Athena's reason."""


class QueryTimedOutError(QueryError):
    """The function's time ran out first; the query has been told to stop."""
