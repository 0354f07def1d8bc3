"""DESCRIBE, in the layout of Hive: fields of 20 characters, parted by tabs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog.views import decoded
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    columns_of,
    execution_error,
    is_iceberg,
    is_view,
    keys_of,
)
from workshop.sandbox.athena.catalog_statements.partitions import partition_of
from workshop.sandbox.athena.catalog_statements.tables import serde_of
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.syntax.catalog_statements import Describe

WIDTH = 20
_BLANK = "\t \t "
_HEADING = "# col_name            \tdata_type           \tcomment             "
_FROM_DESERIALIZER = "from deserializer"
_CATALOG_COLUMNS = (
    "LazySimpleSerDe", "ParquetHiveSerDe", "OrcSerde", "ColumnarSerDe", "LazyBinaryColumnarSerDe", "RegexSerDe",
)  # fmt: skip
"""SerDes whose columns Hive takes from the catalog; it asks the others, whose columns have this comment (Hive:
hive.serdes.using.metastore.for.schema, MetaStoreUtils.determineFieldComment)."""


def describe(statement: Describe, context: Context) -> Answer:
    """Columns, then the partition keys once more; EXTENDED and FORMATTED add what Glue knows of the table."""
    table = context.table(statement.name)
    if is_iceberg(table):
        raise not_supported("DESCRIBE of an Iceberg table")
    columns = [column("col_name"), column("data_type"), column("comment")]
    if statement.column is not None:
        return Answer(columns, [_one_column(table, statement.column)])
    if is_view(table) and not statement.mode:
        return view_columns(table)
    shown = table
    if statement.partition is not None:
        partition = partition_of(table, statement.partition, context)
        shown = {**table, **partition, "PartitionKeys": table.get("PartitionKeys")}
    if statement.mode == "FORMATTED":
        return Answer(columns, [*_formatted_columns(shown), *_details(shown, statement.partition is not None)])
    lines = [field_line(c, table) for c in (*columns_of(shown), *keys_of(shown))]
    if keys_of(shown):
        lines += [_BLANK, "# Partition Information\t \t ", _HEADING, _BLANK]
        lines += [field_line(c, None) for c in keys_of(shown)]
    if statement.mode == "EXTENDED":
        lines += [_BLANK, _thrift(shown)]
    return Answer(columns, lines)


def view_columns(table: Mapping[str, Any]) -> Answer:
    """What DESCRIBE and SHOW COLUMNS say of a view: names and Trino's types."""
    definition = decoded(table.get("ViewOriginalText") or "")
    if definition is None:
        raise not_supported(f"The Hive view {table['Name']}")
    lines = [f"{name}\t{type_}" for name, type_ in definition.columns]
    return Answer([column("column", "varchar"), column("type", "varchar")], lines)


def padded(text: str) -> str:
    """A field: at least 20 characters."""
    return text.ljust(WIDTH)


def field_line(field: Mapping[str, str], table: Mapping[str, Any] | None) -> str:
    """A column's line; its comment ends at the first tab in it. `table` None: a partition key."""
    comment = padded(comment_of(field, table)).partition("\t")[0]
    return f"{padded(field['Name'])}\t{padded(field.get('Type', 'string'))}\t{comment}"


def comment_of(field: Mapping[str, str], table: Mapping[str, Any] | None) -> str:
    """The comment that Hive shows for a column."""
    comment = field.get("Comment") or ""
    if comment or table is None or is_view(table):
        return comment
    return "" if serde_of(table).rpartition(".")[2] in _CATALOG_COLUMNS else _FROM_DESERIALIZER


def _one_column(table: Mapping[str, Any], name: str) -> str:
    found = next((c for c in (*columns_of(table), *keys_of(table)) if c["Name"] == name.partition(".")[0]), None)
    if found is None or "." in name:
        raise execution_error(f"cannot find field {name} from {[c['Name'] for c in columns_of(table)]}")
    return f"{padded(found['Name'])}\t{padded(found.get('Type', 'string'))}\t{padded(_FROM_DESERIALIZER)}"


def _formatted_columns(table: Mapping[str, Any]) -> list[str]:
    lines = [_HEADING, _BLANK, *(field_line(c, table) for c in columns_of(table)), _BLANK]
    if keys_of(table):
        lines += ["# Partition Information\t \t ", _HEADING, _BLANK]
        lines += [*(field_line(c, None) for c in keys_of(table)), _BLANK]
    return lines


def _details(table: Mapping[str, Any], partition: bool) -> list[str]:
    storage = table.get("StorageDescriptor") or {}
    parameters = table.get("Parameters") or {}
    if partition:
        lines = ["# Detailed Partition Information\t \t ", _pair("Partition Value:", _list(table.get("Values") or []))]
        lines += [_pair("Database:", table["DatabaseName"]), _pair("Table:", table.get("TableName") or "")]
    else:
        lines = ["# Detailed Table Information\t \t ", _pair("Database:", table["DatabaseName"])]
        lines += [_pair("Owner:", table.get("Owner") or "")]
    lines += [_pair("CreateTime:", _time(table.get("CreateTime") or table.get("CreationTime")))]
    lines += [_pair("LastAccessTime:", "UNKNOWN"), _pair("Protect Mode:", "None")]
    if not partition:
        lines += [_pair("Retention:", str(table.get("Retention") or 0))]
    lines += [_pair("Location:", storage.get("Location") or "")]
    if not partition:
        lines += [_pair("Table Type:", table.get("TableType") or "")]
    lines += [f"{'Partition' if partition else 'Table'} Parameters:\t \t "]
    lines += [_parameter(k, v) for k, v in sorted(parameters.items())]
    serde = storage.get("SerdeInfo") or {}
    lines += [_BLANK, "# Storage Information\t \t ", _pair("SerDe Library:", serde_of(table))]
    lines += [_pair("InputFormat:", storage.get("InputFormat") or "")]
    lines += [_pair("OutputFormat:", storage.get("OutputFormat") or "")]
    lines += [_pair("Compressed:", "Yes" if storage.get("Compressed") else "No")]
    lines += [_pair("Num Buckets:", str(storage.get("NumberOfBuckets", -1)))]
    lines += [_pair("Bucket Columns:", _list(storage.get("BucketColumns") or [])), _pair("Sort Columns:", "[]")]
    if serde.get("Parameters"):
        lines += ["Storage Desc Params:\t \t ", *(_parameter(k, v) for k, v in sorted(serde["Parameters"].items()))]
    return lines


def _pair(name: str, value: str) -> str:
    return f"{padded(name)}\t{padded(value)}\t "


def _parameter(name: str, value: str) -> str:
    return f"\t{padded(name)}\t{padded(_escaped(value))}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(values)}]"


def _time(value: object) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(0, UTC)
    return f"{moment.astimezone(UTC):%a %b %d %H:%M:%S} UTC {moment.year}"


def _thrift(table: Mapping[str, Any]) -> str:
    """The one line of EXTENDED: the metastore's own structure, as Thrift prints it."""

    def fields(columns: Sequence[Mapping[str, str]]) -> str:
        shown = (
            f"FieldSchema(name:{c['Name']}, type:{c.get('Type', '')}, comment:{c.get('Comment') or 'null'})"
            for c in columns
        )
        return f"[{', '.join(shown)}]"

    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    parameters = ", ".join(f"{k}={v}" for k, v in sorted((serde.get("Parameters") or {}).items()))
    own = ", ".join(f"{k}={v}" for k, v in sorted((table.get("Parameters") or {}).items()))
    created = table.get("CreateTime") or table.get("CreationTime")
    seconds = int(created.timestamp()) if isinstance(created, datetime) else 0
    return (
        f"Detailed Table Information\tTable(tableName:{table.get('Name')}, dbName:{table['DatabaseName']}, "
        f"owner:{table.get('Owner') or 'null'}, createTime:{seconds}, lastAccessTime:0, retention:0, "
        f"sd:StorageDescriptor(cols:{fields([*columns_of(table), *keys_of(table)])}, "
        f"location:{storage.get('Location')}, inputFormat:{storage.get('InputFormat')}, "
        f"outputFormat:{storage.get('OutputFormat')}, compressed:false, "
        f"numBuckets:{storage.get('NumberOfBuckets', -1)}, serdeInfo:SerDeInfo(name:null, "
        f"serializationLib:{serde.get('SerializationLibrary')}, parameters:{{{parameters}}}), "
        f"bucketCols:{_list(storage.get('BucketColumns') or [])}, sortCols:[], parameters:{{}}, "
        f"storedAsSubDirectories:false), partitionKeys:{fields(keys_of(table))}, parameters:{{{own}}}, "
        f"viewOriginalText:null, viewExpandedText:null, tableType:{table.get('TableType')})\t"
    ).replace("\n", " ")
