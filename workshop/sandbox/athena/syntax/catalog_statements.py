"""What the statements about the catalog say: one class for each, with the types that GetQueryExecution reports.

`TYPES` are StatementType and SubstatementType (measured names where they are known: the Athena user guide lists none).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from workshop.sandbox.athena.errors import AthenaError, Category, not_supported

PARSE_ERROR = 1003
"""AthenaError.ErrorType of text that Hive cannot parse."""


@dataclass(frozen=True)
class CatalogStatement:
    """A statement that is neither a query nor a write."""

    TYPES: ClassVar[tuple[str, str]] = ("DDL", "")


@dataclass(frozen=True)
class ObjectName:
    """A table or view as written, in lower case; `database` None: that of the query's context."""

    name: str
    database: str | None = None
    catalog: str | None = None

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.database, self.name) if part)


@dataclass(frozen=True)
class ColumnDefinition:
    """A column in DDL; `hive_type` as Glue holds it."""

    name: str
    hive_type: str
    comment: str = ""

    def glue(self) -> dict[str, str]:
        """Glue's form of it."""
        described = {"Name": self.name, "Type": self.hive_type}
        return {**described, "Comment": self.comment} if self.comment else described


@dataclass(frozen=True)
class FailsWhenRun(CatalogStatement):
    """A statement that is accepted and then refused: `reason` is Hive's whole text, or `NOT_SUPPORTED: what`."""

    types: tuple[str, str]
    reason: str
    error_type: int = PARSE_ERROR

    def error(self) -> AthenaError:
        """The failure."""
        if self.reason.startswith("NOT_SUPPORTED: "):
            return not_supported(self.reason.removeprefix("NOT_SUPPORTED: "))
        return AthenaError("", self.reason, category=Category.SYSTEM, error_type=self.error_type)


# databases


@dataclass(frozen=True)
class CreateDatabase(CatalogStatement):
    """CREATE DATABASE."""

    TYPES = ("DDL", "CREATE_DATABASE")
    name: str
    if_not_exists: bool = False
    comment: str | None = None
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DropDatabase(CatalogStatement):
    """DROP DATABASE; without `cascade` it must be empty."""

    TYPES = ("DDL", "DROP_DATABASE")
    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class AlterDatabase(CatalogStatement):
    """ALTER DATABASE … SET DBPROPERTIES."""

    TYPES = ("DDL", "ALTER_DATABASE")
    name: str
    properties: Mapping[str, str]


# tables


@dataclass(frozen=True)
class StorageFormat:
    """How a table's files are read: a SerDe with parameters, and Hive's input and output formats."""

    serde: str
    input_format: str
    output_format: str
    serde_parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CreateTable(CatalogStatement):
    """CREATE EXTERNAL TABLE."""

    TYPES = ("DDL", "CREATE_TABLE")
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    location: str
    storage: StorageFormat
    if_not_exists: bool = False
    partition_keys: tuple[ColumnDefinition, ...] = ()
    comment: str | None = None
    buckets: tuple[tuple[str, ...], int] | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DropTable(CatalogStatement):
    """DROP TABLE."""

    TYPES = ("DDL", "DROP_TABLE")
    name: ObjectName
    if_exists: bool = False


@dataclass(frozen=True)
class PartitionLocation:
    """`PARTITION (key = value, …) [LOCATION '…']`."""

    values: Mapping[str, str]
    location: str | None = None


@dataclass(frozen=True)
class AddPartitions(CatalogStatement):
    """ALTER TABLE … ADD PARTITION."""

    TYPES = ("DDL", "ALTER_TABLE_ADD_PARTITION")
    name: ObjectName
    partitions: tuple[PartitionLocation, ...]
    if_not_exists: bool = False


@dataclass(frozen=True)
class DropPartitions(CatalogStatement):
    """ALTER TABLE … DROP PARTITION; each of `specs` is a list of (key, comparison, value)."""

    TYPES = ("DDL", "ALTER_TABLE_DROP_PARTITION")
    name: ObjectName
    specs: tuple[tuple[tuple[str, str, str], ...], ...]
    if_exists: bool = False


@dataclass(frozen=True)
class RenamePartition(CatalogStatement):
    """ALTER TABLE … PARTITION (…) RENAME TO PARTITION (…)."""

    TYPES = ("DDL", "ALTER_TABLE_RENAME_PARTITION")
    name: ObjectName
    values: Mapping[str, str]
    new_values: Mapping[str, str]


@dataclass(frozen=True)
class SetLocation(CatalogStatement):
    """ALTER TABLE … [PARTITION (…)] SET LOCATION."""

    TYPES = ("DDL", "ALTER_TABLE_SET_LOCATION")
    name: ObjectName
    location: str
    partition: Mapping[str, str] | None = None


@dataclass(frozen=True)
class AddColumns(CatalogStatement):
    """ALTER TABLE … [PARTITION (…)] ADD COLUMNS."""

    TYPES = ("DDL", "ALTER_TABLE_ADD_COLUMN")
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    partition: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ReplaceColumns(CatalogStatement):
    """ALTER TABLE … [PARTITION (…)] REPLACE COLUMNS."""

    TYPES = ("DDL", "ALTER_TABLE_REPLACE_COLUMN")
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    partition: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ChangeColumn(CatalogStatement):
    """ALTER TABLE … CHANGE [COLUMN] old new type [COMMENT …] [FIRST | AFTER column]."""

    TYPES = ("DDL", "ALTER_TABLE_CHANGE_COLUMN")
    name: ObjectName
    old: str
    column: ColumnDefinition
    first: bool = False
    after: str | None = None


@dataclass(frozen=True)
class SetProperties(CatalogStatement):
    """ALTER TABLE … SET TBLPROPERTIES."""

    TYPES = ("DDL", "ALTER_TABLE_PROPERTIES")
    name: ObjectName
    properties: Mapping[str, str]


@dataclass(frozen=True)
class RenameTable(CatalogStatement):
    """ALTER TABLE … RENAME TO: Glue cannot."""

    TYPES = ("DDL", "ALTER_TABLE_RENAME")
    name: ObjectName


@dataclass(frozen=True)
class DropColumn(CatalogStatement):
    """ALTER TABLE … DROP COLUMN: for Iceberg tables alone."""

    TYPES = ("DDL", "ALTER_TABLE_DROP_COLUMN")
    name: ObjectName


@dataclass(frozen=True)
class RepairTable(CatalogStatement):
    """MSCK REPAIR TABLE."""

    TYPES = ("DDL", "MSCK_REPAIR")
    name: ObjectName


# views


@dataclass(frozen=True)
class CreateView(CatalogStatement):
    """CREATE [OR REPLACE] VIEW; `query` is the tree of `sql`, the text behind AS."""

    TYPES = ("DDL", "CREATE_VIEW")
    name: ObjectName
    query: Any
    sql: str
    replace: bool = False
    comment: str | None = None


@dataclass(frozen=True)
class DropView(CatalogStatement):
    """DROP VIEW."""

    TYPES = ("DDL", "DROP_VIEW")
    name: ObjectName
    if_exists: bool = False


# SHOW and DESCRIBE


@dataclass(frozen=True)
class ShowDatabases(CatalogStatement):
    """SHOW DATABASES [LIKE 'regular expression']."""

    TYPES = ("UTILITY", "SHOW_DATABASES")
    pattern: str | None = None


@dataclass(frozen=True)
class ShowTables(CatalogStatement):
    """SHOW TABLES [IN database] ['pattern']."""

    TYPES = ("UTILITY", "SHOW_TABLES")
    database: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class ShowViews(CatalogStatement):
    """SHOW VIEWS [IN database] [LIKE 'pattern']."""

    TYPES = ("UTILITY", "SHOW_VIEWS")
    database: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class ShowColumns(CatalogStatement):
    """SHOW COLUMNS IN table."""

    TYPES = ("UTILITY", "SHOW_COLUMNS")
    name: ObjectName


@dataclass(frozen=True)
class ShowPartitions(CatalogStatement):
    """SHOW PARTITIONS table [PARTITION (…)]."""

    TYPES = ("UTILITY", "SHOW_PARTITIONS")
    name: ObjectName
    partition: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ShowCreateTable(CatalogStatement):
    """SHOW CREATE TABLE."""

    TYPES = ("UTILITY", "SHOW_CREATE_TABLE")
    name: ObjectName


@dataclass(frozen=True)
class ShowCreateView(CatalogStatement):
    """SHOW CREATE VIEW."""

    TYPES = ("UTILITY", "SHOW_CREATE_VIEW")
    name: ObjectName


@dataclass(frozen=True)
class ShowProperties(CatalogStatement):
    """SHOW TBLPROPERTIES table [('property')]."""

    TYPES = ("UTILITY", "SHOW_TABLE_PROPERTIES")
    name: ObjectName
    key: str | None = None


@dataclass(frozen=True)
class Describe(CatalogStatement):
    """DESCRIBE [EXTENDED | FORMATTED] table [PARTITION (…)] [column]; `mode` is '', 'EXTENDED' or 'FORMATTED'."""

    TYPES = ("UTILITY", "DESCRIBE_TABLE")
    name: ObjectName
    mode: str = ""
    partition: Mapping[str, str] | None = None
    column: str | None = None


# plans and prepared statements


@dataclass(frozen=True)
class Explain(CatalogStatement):
    """EXPLAIN; `statement` is the query or write to explain, `kind` LOGICAL, DISTRIBUTED, VALIDATE or IO."""

    TYPES = ("DML", "EXPLAIN")
    statement: Any
    analyze: bool = False
    verbose: bool = False
    format: str = "TEXT"
    kind: str = "DISTRIBUTED"


@dataclass(frozen=True)
class Prepare(CatalogStatement):
    """PREPARE name FROM statement."""

    TYPES = ("DDL", "PREPARE")
    name: str
    sql: str


@dataclass(frozen=True)
class Deallocate(CatalogStatement):
    """DEALLOCATE PREPARE name."""

    TYPES = ("DDL", "DEALLOCATE")
    name: str
