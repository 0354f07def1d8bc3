"""What a statement about the catalog works with, what it answers, and how Hive words its failures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workshop.sandbox.athena.catalog.glue_client import Glue, Structure
from workshop.sandbox.athena.errors import AthenaError, Category
from workshop.sandbox.athena.reading.storage import Storage
from workshop.sandbox.athena.syntax.catalog_statements import ObjectName

NOT_FOUND = 1301
"""AthenaError.ErrorType of a table or database that is not there."""

_NOT_ICEBERG = 1200


@dataclass(frozen=True)
class Context:
    """Glue and S3 as the caller sees them; `database` is that of the query's context, `check` raises once stopped."""

    glue: Glue
    storage: Storage
    database: str | None
    now: datetime
    check: Callable[[], None]

    def database_of(self, name: ObjectName) -> str:
        """The database of a name; Hive's statements without one mean `default`."""
        return name.database or self.database or "default"

    def find(self, name: ObjectName) -> Structure | None:
        """The table or view, None if there is none."""
        return self.glue.table(self.database_of(name), name.name)

    def table(self, name: ObjectName) -> Structure:
        """The table or view; Hive's error if there is none."""
        found = self.find(name)
        if found is not None:
            return found
        if name.database is not None and self.glue.database(name.database) is None:
            raise no_database(name.database)
        raise semantic_error(10001, f"Table not found {name}", NOT_FOUND)

    def hive_table(self, name: ObjectName) -> Structure:
        """A table that Hive's DDL may change: no view, no Iceberg table."""
        found = self.table(name)
        if is_view(found):
            raise AthenaError(
                "", f"FAILED: SemanticException [Error 10144]: Cannot alter a view with ALTER TABLE: {name}"
            )
        if is_iceberg(found):
            raise AthenaError("", "Query type not supported by Athena Iceberg at this time", error_type=_NOT_ICEBERG)
        return found


@dataclass(frozen=True)
class Answer:
    """The rows of a statement's result, a line each, and its ColumnInfo; `scanned` in bytes."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    scanned: int = 0


def lines_of(*texts: str) -> list[str]:
    """Rows of a result: line breaks in values part rows, as in Athena."""
    return [line for text in texts for line in text.split("\n")]


def is_view(table: Mapping[str, Any]) -> bool:
    """Whether it is a view."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def is_iceberg(table: Mapping[str, Any]) -> bool:
    """Whether it is an Iceberg table."""
    return str((table.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def semantic_error(number: int, text: str, error_type: int | None = None) -> AthenaError:
    """Hive's refusal of a statement that means nothing."""
    return AthenaError("", f"FAILED: SemanticException [Error {number}]: {text}", error_type=error_type)


def no_database(name: str) -> AthenaError:
    """Hive's answer to an unknown database."""
    return semantic_error(10072, f"Database does not exist: {name}", NOT_FOUND)


def execution_error(text: str) -> AthenaError:
    """Hive's refusal by the metastore."""
    return AthenaError(
        "",
        f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {text}",
        category=Category.USER,
    )


def columns_of(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A table's own columns, in Glue's form."""
    return list((table.get("StorageDescriptor") or {}).get("Columns") or [])


def keys_of(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A table's partition keys, in Glue's form."""
    return list(table.get("PartitionKeys") or [])
