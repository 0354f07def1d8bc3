"""Result files as Athena writes them, and the pages of GetQueryResults read back from them.

`<id>.csv`: a header line, every value in double quotes, NULL an empty field without them. GetQueryResults reads the
same object, as its own caller, so the file and the API cannot disagree.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.compiler.scope import Compiled, OutputColumn
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.types import UNBOUNDED, Type
from workshop.sandbox.athena.udf import Connection

_ROWS_AT_ONCE = 20_000
_PRECISION = {
    "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 17, "double": 17, "timestamp": 3,
    "timestamp with time zone": 3, "varbinary": 1073741824,
}  # fmt: skip
_NAMES = {"real": "float", "unknown": "unknown"}


def column_info(name: str, type_: Type) -> dict[str, Any]:
    """A `ColumnInfo` of GetQueryResults."""
    precision, scale = _PRECISION.get(type_.name, 0), 0
    if type_.name == "varchar":
        precision = UNBOUNDED if type_.length is None else type_.length
    elif type_.name == "decimal":
        precision, scale = type_.precision, type_.scale
    name_of_type = _NAMES.get(type_.name, type_.name)
    return column(name, name_of_type, precision, scale, case_sensitive=type_.name == "varchar")


def labels(columns: Sequence[OutputColumn]) -> list[str]:
    """Names of result columns; one without a name is `_col<i>`."""
    return [c.name if c.name is not None else f"_col{i}" for i, c in enumerate(columns)]


def write_csv(connection: Connection, compiled: Compiled, target: Path) -> int:
    """Run the query and write its rows; returns how many."""
    fields = (
        f"""coalesce('"' || replace({text(f"q.c{i}", c.type)}, '"', '""') || '"', '')"""
        for i, c in enumerate(compiled.columns)
    )
    line = " || ',' || ".join(fields)
    cursor = connection.execute(f"SELECT {line} FROM ({compiled.sql}) AS q")
    count = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(f'"{escape(name)}"' for name in labels(compiled.columns)) + "\n")
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            file.writelines(f"{row[0]}\n" for row in rows)
            count += len(rows)
    return count


def escape(value: str) -> str:
    """A value inside double quotes."""
    return value.replace('"', '""')


def metadata(columns: Sequence[dict[str, Any]]) -> bytes:
    """Body of the `.metadata` object. Athena's is a binary of its own; clients only delete it."""
    return json.dumps({"ColumnInfo": list(columns)}).encode()


@dataclass(frozen=True)
class Page:
    """Rows of a result file (None = NULL) and the byte where the next page begins, if there is one."""

    rows: list[list[str | None]]
    next_offset: int | None


_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",\n]*)')


def read_page(path: Path, offset: int, count: int, *, separated: bool = True) -> Page:
    """`count` rows of a result file from byte `offset`; `separated`: CSV, else one column of plain lines."""
    rows: list[list[str | None]] = []
    with path.open("rb") as file:
        file.seek(offset)
        for record in _records(file) if separated else (line.decode() for line in file):
            if len(rows) == count:
                return Page(rows, offset)
            offset += len(record.encode())
            rows.append(parse_line(record) if separated else [record.rstrip("\n")])
    return Page(rows, None)


def _records(file: Any) -> Iterator[str]:
    """Lines of a CSV file; a value in quotes may hold line breaks."""
    pending = b""
    for line in file:
        pending += line
        if pending.count(b'"') % 2 == 0:
            yield pending.decode()
            pending = b""


def parse_line(record: str) -> list[str | None]:
    """Values of a record of ours: quoted text, or nothing at all for NULL."""
    body = record[:-1] if record.endswith("\n") else record
    values: list[str | None] = []
    position = 0
    while True:
        found = _FIELD.match(body, position)
        assert found is not None  # the second alternative matches anything
        quoted = found.group(1)
        values.append(None if quoted is None else quoted.replace('""', '"'))
        position = found.end() + 1
        if position > len(body):
            return values
