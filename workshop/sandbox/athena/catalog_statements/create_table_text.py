"""SHOW CREATE TABLE, in Hive's layout, blanks at the ends of lines and all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog_statements.context import (
    Answer,
    Context,
    columns_of,
    is_iceberg,
    is_view,
    keys_of,
    lines_of,
)
from workshop.sandbox.athena.catalog_statements.describing import comment_of
from workshop.sandbox.athena.catalog_statements.tables import serde_of
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.syntax.catalog_statements import ShowCreateTable

_DELIMITERS = (
    ("FIELDS TERMINATED BY", ("field.delim",)),
    ("ESCAPED BY", ("escape.delim",)),
    ("COLLECTION ITEMS TERMINATED BY", ("colelction.delim", "collection.delim")),
    ("MAP KEYS TERMINATED BY", ("mapkey.delim",)),
    ("LINES TERMINATED BY", ("line.delim",)),
    ("NULL DEFINED AS", ("serialization.null.format",)),
)
_SHOWN_ELSEWHERE = ("EXTERNAL", "comment")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def show_create_table(statement: ShowCreateTable, context: Context) -> Answer:
    """The statement that makes the table."""
    table = context.table(statement.name)
    if is_view(table):
        raise AthenaError(
            "", f"FAILED: SemanticException {statement.name} is a view, not a table: use SHOW CREATE VIEW"
        )
    if is_iceberg(table):
        raise not_supported("SHOW CREATE TABLE of an Iceberg table")
    return Answer([column("createtab_stmt")], lines_of(create_table_text(table, str(statement.name))))


def create_table_text(table: Mapping[str, Any], name: str) -> str:
    """CREATE EXTERNAL TABLE, as `name`."""
    storage = table.get("StorageDescriptor") or {}
    parameters = table.get("Parameters") or {}
    external = "EXTERNAL " if table.get("TableType", "EXTERNAL_TABLE") == "EXTERNAL_TABLE" else ""
    parts = [f"CREATE {external}TABLE `{name}`(\n{_columns(columns_of(table), table)})"]
    if parameters.get("comment"):
        parts.append(f"COMMENT {_quoted(parameters['comment'])}")
    if keys_of(table):
        parts.append(f"PARTITIONED BY ( \n{_columns(keys_of(table), None)})")
    if storage.get("BucketColumns"):
        listed = ", \n".join(f"  {c}" for c in storage["BucketColumns"])
        parts.append(f"CLUSTERED BY ( \n{listed}) \nINTO {storage.get('NumberOfBuckets', -1)} BUCKETS")
    parts += _row_format(table, (storage.get("SerdeInfo") or {}).get("Parameters") or {})
    parts.append(f"STORED AS INPUTFORMAT \n  '{storage.get('InputFormat', '')}' ")
    parts.append(f"OUTPUTFORMAT \n  '{storage.get('OutputFormat', '')}'")
    parts.append(f"LOCATION\n  {_quoted(storage.get('Location', ''))}")
    shown = {k: v for k, v in parameters.items() if k not in _SHOWN_ELSEWHERE}
    if shown:
        parts.append(f"TBLPROPERTIES (\n{_pairs(shown)})")
    return "\n".join(parts)


def _columns(columns: Sequence[Mapping[str, str]], table: Mapping[str, Any] | None) -> str:
    def shown(field: Mapping[str, str]) -> str:
        comment = comment_of(field, table)
        empty = table is not None and serde_of(table).endswith("RegexSerDe")
        tail = f" COMMENT {_quoted(comment)}" if comment or empty else ""
        return f"  `{field['Name']}` {field.get('Type', 'string')}{tail}"

    return ", \n".join(map(shown, columns))


def _row_format(table: Mapping[str, Any], parameters: Mapping[str, str]) -> Iterator[str]:
    delimited = serde_of(table).endswith("LazySimpleSerDe") and any(
        key in parameters for _, keys in _DELIMITERS for key in keys
    )
    if delimited:
        yield "ROW FORMAT DELIMITED "
        for words, keys in _DELIMITERS:
            value = next((parameters[key] for key in keys if key in parameters), None)
            if value is not None:
                yield f"  {words} {_quoted(value)} "
        return
    yield f"ROW FORMAT SERDE \n  '{serde_of(table)}' "
    own = {k: v for k, v in parameters.items() if (k, v) != ("serialization.format", "1")}
    if own:
        yield f"WITH SERDEPROPERTIES ( \n{_pairs(own)}) "


def _pairs(values: Mapping[str, str]) -> str:
    return ", \n".join(f"  {_quoted(name)}={_quoted(value)}" for name, value in sorted(values.items()))


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(c, c if c >= " " else f"\\u{ord(c):04X}") for c in text)
    return f"'{escaped}'"
