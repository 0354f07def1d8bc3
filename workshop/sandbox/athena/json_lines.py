"""JSON Lines as Hive's JSON SerDe reads them: keys match columns in any case, each line is one record.

DuckDB's reader matches keys exactly. A file in which some key of interest is spelt with capitals is therefore rewritten
once, with the names as the table declares them; all others are read as they are.
"""

import gzip
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import Type, field_names


def as_declared(path: Path, row_type: Type, scratch: Path, uri: str) -> Path:
    """`path`, or a rewritten copy below `scratch` when its keys are not spelt as `row_type` spells them."""
    if not _has_capitals(path, frozenset(_names(row_type))):
        return path
    target = scratch / f"{path.name}.json"
    with target.open("w", encoding="utf-8") as file:
        for number, line in enumerate(_content(path).splitlines(), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise AthenaError(
                    "HIVE_BAD_DATA", f"Error Parsing a row: line {number} of {uri} is not JSON"
                ) from error
            file.write(json.dumps(_renamed(record, row_type)) + "\n")
    return target


def _names(type_: Type) -> list[str]:
    own = field_names(type_) if type_.name == "row" else []
    return [*own, *(name for t in type_.args for name in _names(t))]


@lru_cache(maxsize=4096)
def _has_capitals(path: Path, names: frozenset[str]) -> bool:
    """Whether some key of interest is written with capitals (files of the cache never change, so this is kept)."""
    alternatives = b"|".join(re.escape(n.encode()) for n in sorted(names))
    return re.search(rb'"(?=[^"\\]*[A-Z])(?i:' + alternatives + rb')"\s*:', _content(path)) is not None


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _renamed(value: Any, type_: Type) -> Any:
    if type_.name == "row" and isinstance(value, dict):
        types = dict(zip(field_names(type_), type_.args, strict=True))
        return {k.lower(): _renamed(v, types[k.lower()]) for k, v in value.items() if k.lower() in types}
    if type_.name == "array" and isinstance(value, list):
        return [_renamed(v, type_.args[0]) for v in value]
    return value
