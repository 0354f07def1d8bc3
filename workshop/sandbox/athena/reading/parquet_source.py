"""Parquet: columns by name, or by place; types as Trino's reader takes them."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.coercions import coerced
from workshop.sandbox.athena.reading.conversions import LocalFile
from workshop.sandbox.athena.reading.formats import by_name
from workshop.sandbox.athena.reading.parquet_files import ParquetFile, inspect
from workshop.sandbox.athena.reading.sources import FILE, Request, Source, column, null_column, parquet_list
from workshop.sandbox.athena.types import UNKNOWN, Type, field_names

_PHYSICAL = {
    "boolean": "BOOLEAN", "tinyint": "INT32", "smallint": "INT32", "integer": "INT32", "date": "INT32",
    "bigint": "INT64", "timestamp": "INT64", "real": "FLOAT", "double": "DOUBLE", "varchar": "BINARY",
    "varbinary": "BINARY", "decimal": "FIXED_LEN_BYTE_ARRAY",
}  # fmt: skip
_READ_AS = {
    "tinyint": ("smallint", "integer", "bigint", "decimal"),
    "smallint": ("tinyint", "integer", "bigint", "decimal"),
    "integer": ("tinyint", "smallint", "bigint", "decimal"),
    "bigint": ("decimal",),
    "real": ("double",),
    "varchar": ("char", "varbinary"),
    "varbinary": ("varchar", "char"),
}
"""Types of a file that are read as another type of a table without its values being looked at."""


@dataclass
class _Same:
    """Files with the same columns."""

    inside: ParquetFile
    files: list[LocalFile] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)


def parquet(request: Request) -> Source:
    """The rows of Parquet objects."""
    return parquet_rows(request, [f.path for f in request.files], named=by_name(request.table))


def parquet_rows(request: Request, paths: Sequence[Path], *, named: bool) -> Source:
    """The rows of Parquet files at `paths`, one for each file of the request."""
    kinds: dict[object, _Same] = {}
    for file, path in zip(request.files, paths, strict=True):
        request.check()
        inside = inspect(path)
        same = kinds.setdefault(tuple(inside.columns.items()), _Same(inside))
        same.files.append(file)
        same.paths.append(path)
    found = list(kinds.values())
    if len(found) == 1:
        return Source(parquet_list(found[0].files, found[0].paths, request) + ")", _columns(request, found[0], named))
    selects = []
    for same in found:
        listed = [f"{sql} AS c{i}" for i, sql in enumerate(_columns(request, same, named))]
        source = parquet_list(same.files, same.paths, request)
        selects.append(f"SELECT {', '.join([*listed, f'r.{FILE}'])} FROM {source}) AS r")
    return Source(f"({' UNION ALL '.join(selects)})", [f"r.c{i}" for i in range(len(request.wanted))])


def _columns(request: Request, same: _Same, named: bool) -> list[str]:
    names = list(same.inside.columns)
    listed = []
    for wanted in request.wanted:
        name = wanted.name if named else (names[wanted.place] if wanted.place < len(names) else "")
        if name not in same.inside.columns:
            listed.append(null_column(wanted.type))
            continue
        stored = same.inside.columns[name]
        if stored is None or not _readable(stored, wanted.type):
            raise AthenaError(
                "HIVE_BAD_DATA",
                f"Field {name}'s type {_shown(stored)} in parquet file {same.files[0].object.uri} is incompatible "
                f"with type {wanted.type} defined in table schema",
            )
        listed.append(null_column(wanted.type) if stored == UNKNOWN else coerced(column(name), stored, wanted.type))
    return listed


def _shown(stored: Type | None) -> str:
    return "UNKNOWN" if stored is None else _PHYSICAL.get(stored.name, str(stored))


def _readable(stored: Type, declared: Type) -> bool:
    if stored == UNKNOWN:
        return True
    if stored.name != declared.name:
        return declared.name in _READ_AS.get(stored.name, ())
    if stored.name == "row":
        types = dict(zip(field_names(declared), declared.args, strict=True))
        pairs = zip(field_names(stored), stored.args, strict=True)
        return all(_readable(t, types[n]) for n, t in pairs if n in types)
    return all(map(_readable, stored.args, declared.args))
