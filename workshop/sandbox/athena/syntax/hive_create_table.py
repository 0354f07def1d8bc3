"""CREATE EXTERNAL TABLE: its clauses, and the SerDe and formats that they stand for (Athena user guide: create-table,
supported SerDes)."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.syntax import hive_parts
from workshop.sandbox.athena.syntax.catalog_statements import (
    ColumnDefinition,
    CreateTable,
    ObjectName,
    StorageFormat,
)
from workshop.sandbox.athena.syntax.hive_parts import HiveRefusalError
from workshop.sandbox.athena.syntax.hive_tokens import Cursor, Kind

LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_HIVE_IO = "org.apache.hadoop.hive.ql.io"

FORMATS: dict[str, tuple[str, str, str]] = {
    "TEXTFILE": (LAZY_SIMPLE, _TEXT_INPUT, _TEXT_OUTPUT),
    "JSONFILE": ("org.apache.hive.hcatalog.data.JsonSerDe", _TEXT_INPUT, _TEXT_OUTPUT),
    "PARQUET": (
        f"{_HIVE_IO}.parquet.serde.ParquetHiveSerDe",
        f"{_HIVE_IO}.parquet.MapredParquetInputFormat",
        f"{_HIVE_IO}.parquet.MapredParquetOutputFormat",
    ),
    "ORC": (f"{_HIVE_IO}.orc.OrcSerde", f"{_HIVE_IO}.orc.OrcInputFormat", f"{_HIVE_IO}.orc.OrcOutputFormat"),
    "AVRO": (
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
        f"{_HIVE_IO}.avro.AvroContainerInputFormat",
        f"{_HIVE_IO}.avro.AvroContainerOutputFormat",
    ),
}
"""STORED AS … -> SerDe, input format, output format."""

_OUTPUT_FORMATS = {"org.openx.data.jsonserde.JsonSerDe": f"{_HIVE_IO}.IgnoreKeyTextOutputFormat"}
"""Output formats of SerDes that are given without STORED AS, where they are not text's (PyAthena's tests on Athena)."""

NOT_HERE = ("SEQUENCEFILE", "RCFILE", "ION")
"""Formats of Athena's that this engine does not read."""

_AVRO_SCHEMA = "avro.schema.literal"
_ALIASES = {"PARQUETFILE": "PARQUET", "ORCFILE": "ORC", "AVROFILE": "AVRO", "JSON": "JSONFILE"}

_DELIMITERS = (
    ("FIELDS TERMINATED BY", ("field.delim", "serialization.format")),
    ("ESCAPED BY", ("escape.delim",)),
    ("COLLECTION ITEMS TERMINATED BY", ("colelction.delim",)),  # spelt so in Hive 2
    ("MAP KEYS TERMINATED BY", ("mapkey.delim",)),
    ("LINES TERMINATED BY", ("line.delim",)),
    ("NULL DEFINED AS", ("serialization.null.format",)),
)


@dataclass
class _Clauses:
    """What has been read so far."""

    comment: str | None = None
    keys: tuple[ColumnDefinition, ...] = ()
    buckets: tuple[tuple[str, ...], int] | None = None
    serde: str | None = None
    delimited: bool = False
    serde_parameters: dict[str, str] = field(default_factory=dict)
    formats: tuple[str, str] | None = None
    format: str | None = None
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


def create_table(cursor: Cursor) -> CreateTable:
    """The statement, its first word CREATE; raises `InvalidRequestError` or `HiveRefusalError`."""
    _refuse_iceberg(cursor)
    cursor.expect("CREATE")
    external = cursor.accept("EXTERNAL")
    cursor.expect("TABLE")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = hive_parts.object_name(cursor)
    columns = hive_parts.columns(cursor) if cursor.at("(") else ()
    clauses = _clauses(cursor)
    _check(clauses, external, name)
    _check_columns([c.name for c in columns], [c.name for c in clauses.keys])
    if not columns:
        raise HiveRefusalError(
            "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
            "org.apache.hadoop.hive.ql.metadata.HiveException: at least one column must be specified for the table"
        )
    return CreateTable(
        name=name,
        columns=columns,
        location=clauses.location or "",
        storage=_storage(clauses),
        if_not_exists=if_not_exists,
        partition_keys=clauses.keys,
        comment=clauses.comment,
        buckets=clauses.buckets,
        properties=clauses.properties,
    )


def _refuse_iceberg(cursor: Cursor) -> None:
    """Iceberg's DDL has a grammar of its own (`PARTITIONED BY (day(t))`), so the property is looked for first."""
    texts = [t.text.lower() for t in cursor.tokens]
    for key, equals, kind in zip(texts, texts[1:], texts[2:], strict=False):
        if (key, equals, kind) == ("table_type", "=", "iceberg"):
            raise HiveRefusalError("NOT_SUPPORTED: CREATE TABLE of an Iceberg table")


def _clauses(cursor: Cursor) -> _Clauses:
    found = _Clauses()
    readers: dict[tuple[str, ...], Callable[[Cursor, _Clauses], Any]] = {
        ("COMMENT",): _comment,
        ("PARTITIONED", "BY"): _keys,
        ("CLUSTERED", "BY"): _buckets,
        ("ROW", "FORMAT"): _row_format,
        ("WITH", "SERDEPROPERTIES"): _serde_parameters,
        ("STORED", "AS"): _stored_as,
        ("LOCATION",): _location,
        ("TBLPROPERTIES",): _properties,
    }
    while True:
        words = next((words for words in readers if cursor.at(*words)), None)
        if words is None:
            if cursor.token.kind is not Kind.END:
                raise cursor.no_alternative()
            return found
        read = readers.pop(words)  # each clause once
        cursor.expect(*words)
        read(cursor, found)


def _comment(cursor: Cursor, found: _Clauses) -> None:
    """A table's comment; Athena keeps each run of blanks and line breaks in it as one blank."""
    found.comment = re.sub(r"\s+", " ", cursor.string())


def _keys(cursor: Cursor, found: _Clauses) -> None:
    found.keys = hive_parts.columns(cursor)


def _buckets(cursor: Cursor, found: _Clauses) -> None:
    names = cursor.listed(cursor.name)
    if cursor.accept("SORTED", "BY"):
        raise cursor.no_alternative()
    cursor.expect("INTO")
    found.buckets = (names, cursor.number())
    cursor.expect("BUCKETS")


def _row_format(cursor: Cursor, found: _Clauses) -> None:
    if cursor.accept("SERDE"):
        found.serde = cursor.string()
        return
    cursor.expect("DELIMITED")
    found.delimited = True
    waiting = dict(_DELIMITERS)
    while words := next((w for w in waiting if cursor.at(*w.split())), None):
        cursor.expect(*words.split())
        text = cursor.string()
        if words.startswith("LINES") and text not in ("\n", "10"):
            raise HiveRefusalError(
                "FAILED: SemanticException LINES TERMINATED BY only supports newline '\\n' right now"
            )
        for key in waiting.pop(words):
            found.serde_parameters[key] = text


def _serde_parameters(cursor: Cursor, found: _Clauses) -> None:
    given = hive_parts.properties(cursor)
    if _AVRO_SCHEMA in given:  # Athena keeps the schema's line breaks, and one blank where it is indented
        given[_AVRO_SCHEMA] = re.sub(" +", " ", given[_AVRO_SCHEMA])
    found.serde_parameters.update(given)


def _stored_as(cursor: Cursor, found: _Clauses) -> None:
    if cursor.accept("INPUTFORMAT"):
        input_format = cursor.string()
        cursor.expect("OUTPUTFORMAT")
        found.formats = (input_format, cursor.string())
        return
    found.format = cursor.name().upper()


def _location(cursor: Cursor, found: _Clauses) -> None:
    found.location = cursor.string()


def _properties(cursor: Cursor, found: _Clauses) -> None:
    found.properties = hive_parts.properties(cursor)


def _check(clauses: _Clauses, external: bool, name: ObjectName) -> None:
    if clauses.location is None:
        raise InvalidRequestError(
            "No location was specified for table. An S3 location must be specified",
            athena_error_code="MALFORMED_QUERY",
        )
    if not external:
        raise InvalidRequestError(
            f"Table {name} is not an Iceberg table: only external tables can be created, use CREATE EXTERNAL TABLE",
            athena_error_code="MALFORMED_QUERY",
        )


def _check_columns(columns: list[str], keys: list[str]) -> None:
    twice = next((name for name, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        raise HiveRefusalError(f"FAILED: SemanticException [Error 10036]: Duplicate column name: {twice}")
    if len(set(keys)) < len(keys) or set(keys) & set(columns):
        raise HiveRefusalError("FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns")


def _storage(clauses: _Clauses) -> StorageFormat:
    asked = _ALIASES.get(clauses.format or "", clauses.format)
    if asked in NOT_HERE:
        raise HiveRefusalError(f"NOT_SUPPORTED: STORED AS {asked}")
    if asked is not None and asked not in FORMATS:
        raise HiveRefusalError(
            f"FAILED: SemanticException Unrecognized file format in STORED AS clause: '{asked.lower()}'"
        )
    serde, input_format, output_format = FORMATS[asked or "TEXTFILE"]
    if clauses.formats is not None:
        input_format, output_format = clauses.formats
        serde = _serde_of(input_format)
    elif asked is None and clauses.serde is not None:
        output_format = _OUTPUT_FORMATS.get(clauses.serde, output_format)
    if clauses.delimited:
        serde = LAZY_SIMPLE
    parameters = {"serialization.format": "1", **clauses.serde_parameters}
    return StorageFormat(clauses.serde or serde, input_format, output_format, parameters)


def _serde_of(input_format: str) -> str:
    return next((serde for serde, reads, _ in FORMATS.values() if reads == input_format), LAZY_SIMPLE)
