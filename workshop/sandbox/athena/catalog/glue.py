"""The Glue Data Catalog, as the caller sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from workshop.sandbox.athena.catalog.glue_client import Glue, error_code, glue_error
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import Type, parse_hive

CATALOG = "awsdatacatalog"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class TableColumn:
    """A column of a table; `hive_type` as Glue holds it."""

    name: str
    hive_type: str
    comment: str = ""

    @property
    def type(self) -> Type:
        """The Trino type."""
        return parse_hive(self.hive_type)


@dataclass(frozen=True)
class Table:
    """A Glue table. `location` is its `s3://…` root; `properties` are the table parameters."""

    database: str
    name: str
    columns: tuple[TableColumn, ...]
    partition_keys: tuple[TableColumn, ...] = ()
    location: str = ""
    serde: str = ""
    input_format: str = ""
    output_format: str = ""
    serde_parameters: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    table_type: str = "EXTERNAL_TABLE"
    storage: Mapping[str, Any] = field(default_factory=dict)
    view_text: str = ""

    @property
    def is_view(self) -> bool:
        """Whether it is a view; `view_text` then holds its definition."""
        return self.table_type == "VIRTUAL_VIEW"

    @property
    def all_columns(self) -> tuple[TableColumn, ...]:
        """Columns, then partition keys, as SELECT * shows them."""
        return self.columns + self.partition_keys


@dataclass(frozen=True)
class Partition:
    """A partition: the text of each key's value (None = NULL) and the `s3://…` folder of its files.

    `storage` is its storage descriptor, where the catalog has one: its columns and SerDe may differ from the table's.
    """

    values: tuple[str | None, ...]
    location: str
    storage: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)


class Catalog(Protocol):
    """What the engine asks of a catalog; every call acts with the caller's permissions."""

    def database_exists(self, name: str) -> bool:
        """Whether there is such a database."""

    def table(self, database: str, name: str) -> Table | None:
        """The table, None if there is none."""

    def databases(self) -> list[str]:
        """Names of all databases."""

    def tables(self, database: str) -> list[Table]:
        """All tables and views of a database; none if there is no such database."""

    def partitions(self, table: Table, expression: str | None = None) -> list[Partition]:
        """The registered partitions; those that do not satisfy `expression`, in Glue's grammar, may be left out."""

    def add_partitions(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Register partitions; those that exist already stay as they are."""

    def create_table(self, table: Table) -> None:
        """Create a table."""

    def delete_table(self, database: str, name: str) -> None:
        """Delete a table."""


class GlueCatalog:
    """`Catalog` over a boto3 Glue client made from the caller's credentials."""

    _BATCH = 100  # partitions a BatchCreatePartition takes

    def __init__(self, client: Any) -> None:
        self._client = client
        self._glue = Glue(client)

    def database_exists(self, name: str) -> bool:
        """Whether there is such a database."""
        try:
            self._client.get_database(Name=name)
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return False
            raise glue_error(error) from error
        return True

    def table(self, database: str, name: str) -> Table | None:
        """The table, None if there is none."""
        try:
            return table_from_glue(self._client.get_table(DatabaseName=database, Name=name)["Table"])
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return None
            raise glue_error(error) from error

    def databases(self) -> list[str]:
        """Names of all databases."""
        return [d["Name"] for d in self._glue.databases()]

    def tables(self, database: str) -> list[Table]:
        """All tables and views of a database; none if there is no such database."""
        if not self.database_exists(database):
            return []
        return [table_from_glue(t) for t in self._glue.tables(database)]

    def partitions(self, table: Table, expression: str | None = None) -> list[Partition]:
        """The registered partitions; those that do not satisfy `expression`, in Glue's grammar, may be left out."""
        narrowed = {"Expression": expression} if expression else {}
        pages = self._client.get_paginator("get_partitions").paginate(
            DatabaseName=table.database, TableName=table.name, **narrowed
        )
        try:
            return [
                Partition(
                    tuple(None if v == NULL_PARTITION else v for v in p["Values"]),
                    p["StorageDescriptor"]["Location"],
                    p["StorageDescriptor"],
                )
                for page in pages
                for p in page["Partitions"]
            ]
        except ClientError as error:
            raise glue_error(error) from error

    def add_partitions(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Register partitions; those that exist already stay as they are."""
        inputs = [
            {
                "Values": [NULL_PARTITION if v is None else v for v in p.values],
                "StorageDescriptor": {**table.storage, "Location": p.location},
            }
            for p in partitions
        ]
        for start in range(0, len(inputs), self._BATCH):
            try:
                answer = self._client.batch_create_partition(
                    DatabaseName=table.database,
                    TableName=table.name,
                    PartitionInputList=inputs[start : start + self._BATCH],
                )
            except ClientError as error:
                raise glue_error(error) from error
            for failed in answer.get("Errors", []):
                if failed["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                    raise AthenaError("HIVE_METASTORE_ERROR", failed["ErrorDetail"].get("ErrorMessage", ""))

    def create_table(self, table: Table) -> None:
        """Create a table."""
        try:
            self._client.create_table(DatabaseName=table.database, TableInput=_table_input(table))
        except ClientError as error:
            raise glue_error(error) from error

    def delete_table(self, database: str, name: str) -> None:
        """Delete a table."""
        try:
            self._client.delete_table(DatabaseName=database, Name=name)
        except ClientError as error:
            raise glue_error(error) from error


def table_from_glue(glue: Mapping[str, Any]) -> Table:
    """A `Table` from the structure that GetTable returns."""
    storage = glue.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    return Table(
        database=glue["DatabaseName"],
        name=glue["Name"],
        columns=_columns(storage.get("Columns", [])),
        partition_keys=_columns(glue.get("PartitionKeys", [])),
        location=storage.get("Location", ""),
        serde=serde.get("SerializationLibrary", ""),
        input_format=storage.get("InputFormat", ""),
        output_format=storage.get("OutputFormat", ""),
        serde_parameters=serde.get("Parameters", {}),
        properties=glue.get("Parameters", {}),
        table_type=glue.get("TableType", "EXTERNAL_TABLE"),
        storage=storage,
        view_text=glue.get("ViewOriginalText") or "",
    )


def _columns(glue: Sequence[Mapping[str, str]]) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(c["Name"].lower(), c.get("Type", "string"), c.get("Comment", "")) for c in glue)


def _table_input(table: Table) -> dict[str, Any]:
    def columns(listed: Sequence[TableColumn]) -> list[dict[str, str]]:
        return [{"Name": c.name, "Type": c.hive_type} for c in listed]

    return {
        "Name": table.name,
        "TableType": table.table_type,
        "Owner": "hadoop",
        "Parameters": {"EXTERNAL": "TRUE", **table.properties},
        "PartitionKeys": columns(table.partition_keys),
        "StorageDescriptor": {
            "Columns": columns(table.columns),
            "Location": table.location,
            "InputFormat": table.input_format,
            "OutputFormat": table.output_format,
            "SerdeInfo": {"SerializationLibrary": table.serde, "Parameters": dict(table.serde_parameters)},
        },
    }
