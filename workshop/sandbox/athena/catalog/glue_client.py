"""Glue's own structures, read and written as the caller: for statements that change the catalog and must keep what they
do not know."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from workshop.sandbox.athena.errors import AthenaError

Structure = dict[str, Any]

_TABLE_INPUT = frozenset(
    [
        "Name",
        "Description",
        "Owner",
        "LastAccessTime",
        "LastAnalyzedTime",
        "Retention",
        "StorageDescriptor",
        "PartitionKeys",
        "ViewOriginalText",
        "ViewExpandedText",
        "TableType",
        "Parameters",
        "TargetTable",
    ]
)
_PARTITION_INPUT = frozenset(["Values", "LastAccessTime", "StorageDescriptor", "Parameters", "LastAnalyzedTime"])
_DATABASE_INPUT = frozenset(["Name", "Description", "LocationUri", "Parameters", "CreateTableDefaultPermissions"])
_BATCH = 100
"""Partitions that a BatchCreatePartition takes."""


class Glue:
    """A boto3 Glue client made from the caller's credentials; errors come out as `AthenaError`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    # databases

    def database(self, name: str) -> Structure | None:
        """The database, None if there is none."""
        answer = self._find("get_database", Name=name)
        return None if answer is None else answer["Database"]

    def databases(self) -> Iterator[Structure]:
        """All databases."""
        return self._pages("get_databases", "DatabaseList")

    def create_database(self, database: Mapping[str, Any]) -> None:
        """Create a database."""
        self._call("create_database", DatabaseInput=_only(database, _DATABASE_INPUT))

    def update_database(self, database: Mapping[str, Any]) -> None:
        """Replace a database's description, location and parameters."""
        self._call("update_database", Name=database["Name"], DatabaseInput=_only(database, _DATABASE_INPUT))

    def delete_database(self, name: str) -> None:
        """Delete a database and the tables in it."""
        self._call("delete_database", Name=name)

    # tables

    def table(self, database: str, name: str) -> Structure | None:
        """The table or view, None if there is none."""
        answer = self._find("get_table", DatabaseName=database, Name=name)
        return None if answer is None else answer["Table"]

    def tables(self, database: str) -> Iterator[Structure]:
        """All tables and views of a database."""
        return self._pages("get_tables", "TableList", DatabaseName=database)

    def create_table(self, database: str, table: Mapping[str, Any]) -> None:
        """Create a table or view."""
        self._call("create_table", DatabaseName=database, TableInput=_only(table, _TABLE_INPUT))

    def update_table(self, database: str, table: Mapping[str, Any]) -> None:
        """Replace a table or view."""
        self._call("update_table", DatabaseName=database, TableInput=_only(table, _TABLE_INPUT))

    def delete_table(self, database: str, name: str) -> None:
        """Delete a table or view."""
        self._call("delete_table", DatabaseName=database, Name=name)

    # partitions

    def partitions(self, database: str, table: str) -> Iterator[Structure]:
        """All partitions of a table."""
        return self._pages("get_partitions", "Partitions", DatabaseName=database, TableName=table)

    def create_partitions(
        self, database: str, table: str, partitions: Sequence[Mapping[str, Any]]
    ) -> list[tuple[str, ...]]:
        """Create partitions; returns the values of those that were there already and stay as they were."""
        existing = []
        inputs = [_only(p, _PARTITION_INPUT) for p in partitions]
        for start in range(0, len(inputs), _BATCH):
            answer = self._call(
                "batch_create_partition",
                DatabaseName=database,
                TableName=table,
                PartitionInputList=inputs[start : start + _BATCH],
            )
            for failed in answer.get("Errors", []):
                details = failed["ErrorDetail"]
                if details["ErrorCode"] != "AlreadyExistsException":
                    raise AthenaError("HIVE_METASTORE_ERROR", details.get("ErrorMessage", ""))
                existing.append(tuple(failed["PartitionValues"]))
        return existing

    def update_partition(self, database: str, table: str, values: Sequence[str], partition: Mapping[str, Any]) -> None:
        """Replace the partition that has these values."""
        self._call(
            "update_partition",
            DatabaseName=database,
            TableName=table,
            PartitionValueList=list(values),
            PartitionInput=_only(partition, _PARTITION_INPUT),
        )

    def delete_partition(self, database: str, table: str, values: Sequence[str]) -> None:
        """Delete the partition that has these values."""
        self._call("delete_partition", DatabaseName=database, TableName=table, PartitionValues=list(values))

    # calls

    def _call(self, action: str, **request: Any) -> Structure:
        try:
            answer: Structure = getattr(self._client, action)(**request)
        except ClientError as error:
            raise glue_error(error) from error
        except ParamValidationError as error:
            raise _invalid(error) from error
        return answer

    def _find(self, action: str, **request: Any) -> Structure | None:
        try:
            answer: Structure = getattr(self._client, action)(**request)
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return None
            raise glue_error(error) from error
        except ParamValidationError as error:
            raise _invalid(error) from error
        return answer

    def _pages(self, action: str, member: str, **request: Any) -> Iterator[Structure]:
        try:
            for page in self._client.get_paginator(action).paginate(**request):
                yield from page[member]
        except ClientError as error:
            raise glue_error(error) from error


def error_code(error: ClientError) -> str:
    """The code of an error of Glue's."""
    return str(error.response.get("Error", {}).get("Code", ""))


def glue_error(error: ClientError) -> AthenaError:
    """How Athena words a refusal of Glue's."""
    message = error.response.get("Error", {}).get("Message", str(error))
    if error_code(error) in ("AccessDeniedException", "AccessDenied"):
        return AthenaError("", f"Insufficient permissions to execute the query. {message}")
    return AthenaError("HIVE_METASTORE_ERROR", f"{message} (Service: Glue; Error Code: {error_code(error)})")


def _invalid(error: ParamValidationError) -> AthenaError:
    """A value that Glue's API does not take: too long, or empty."""
    text = " ".join(str(error).split())
    return AthenaError(
        "",
        "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
        f"MetaException(message:{text} (Service: AmazonDataCatalog; Error Code: ValidationException))",
    )


def _only(structure: Mapping[str, Any], members: frozenset[str]) -> Structure:
    """The members that an input takes; what the API gives as nothing it does not take as nothing."""
    return {
        name: value
        for name, value in structure.items()
        if name in members and value is not None and not (name == "Owner" and not value)
    }
