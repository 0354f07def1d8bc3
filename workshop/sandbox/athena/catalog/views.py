"""Views as Athena keeps them in Glue: a table of type VIRTUAL_VIEW whose text holds JSON (presto_view)."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXPANDED = "/* Presto View */"
_HEAD, _TAIL = "/* Presto View: ", " */"


@dataclass(frozen=True)
class ViewDefinition:
    """A view: its SQL as written, the database that names in it belong to, and (name, Trino type) of its columns."""

    sql: str
    schema: str | None
    columns: tuple[tuple[str, str], ...]

    def encoded(self, catalog: str) -> str:
        """What Glue holds as ViewOriginalText."""
        described: dict[str, Any] = {
            "originalSql": self.sql,
            "catalog": catalog,
            "columns": [{"name": name, "type": type_} for name, type_ in self.columns],
        }
        if self.schema is not None:
            described["schema"] = self.schema
        text = json.dumps(described, ensure_ascii=False).encode()
        return f"{_HEAD}{base64.b64encode(text).decode()}{_TAIL}"


def decoded(text: str) -> ViewDefinition | None:
    """The definition in a ViewOriginalText; None if it is not one of Athena's (but, say, Hive's)."""
    if not text.startswith(_HEAD) or not text.endswith(_TAIL):
        return None
    try:
        described = json.loads(base64.b64decode(text[len(_HEAD) : -len(_TAIL)], validate=True))
        columns = tuple((str(c["name"]).lower(), str(c["type"])) for c in described["columns"])
        schema = described.get("schema")
        return ViewDefinition(str(described["originalSql"]), str(schema).lower() if schema else None, columns)
    except (ValueError, binascii.Error, KeyError, TypeError):
        return None


def view_table(
    database: str, name: str, definition: ViewDefinition, hive_columns: Sequence[Mapping[str, str]], comment: str | None
) -> dict[str, Any]:
    """Glue's form of a view; `hive_columns` are its columns in Hive's types."""
    return {
        "DatabaseName": database,
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": comment or "Presto View"},
        "PartitionKeys": [],
        "ViewOriginalText": definition.encoded("awsdatacatalog"),
        "ViewExpandedText": EXPANDED,
        "StorageDescriptor": {
            "Columns": [dict(c) for c in hive_columns],
            "Location": "",
            "Compressed": False,
            "NumberOfBuckets": 0,
            "SerdeInfo": {},
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        },
    }
