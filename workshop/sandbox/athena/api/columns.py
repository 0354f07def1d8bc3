"""The `ColumnInfo` of GetQueryResults."""

from typing import Any


def column(
    name: str, type_: str = "string", precision: int = 0, scale: int = 0, *, case_sensitive: bool = False
) -> dict[str, Any]:
    """A column as Athena describes it; those of SHOW and DESCRIBE have no precision, and no case."""
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": type_,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": case_sensitive,
    }
