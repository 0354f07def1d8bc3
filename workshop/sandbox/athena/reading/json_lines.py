"""JSON Lines as Hive's JSON SerDe reads them: keys match columns in any case, each line is one record.

DuckDB's reader matches keys exactly. A file in which some key of interest is spelt with capitals is therefore rewritten
once, with the names as the table declares them; all others are read as they are.
"""

import gzip
import json
import os
import re
import shutil
import tempfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.storage import S3Object
from workshop.sandbox.athena.types import Type, field_names


def plain_lines(path: Path, item: S3Object) -> Path:
    """The decompressed text of an object that the cache holds at `path`; kept beside it.

    As in Hive, the (lower-case) extension decides. DuckDB's own gzip reader is some 15 times slower on JSON.
    """
    if not item.key.endswith(".gz"):
        return path
    plain = path.with_name(f"{path.name}.lines")
    if not plain.exists():
        handle, partial = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as target, gzip.open(path) as source:
                shutil.copyfileobj(source, target, 1 << 20)
        except (OSError, EOFError, zlib.error) as error:
            Path(partial).unlink()
            raise AthenaError("HIVE_BAD_DATA", f"{item.uri} is not valid gzip: {error}") from error
        Path(partial).replace(plain)
    return plain


def as_declared(path: Path, row_type: Type, scratch: Path, item: S3Object) -> Path:
    """Plain text of `item`, rewritten below `scratch` when its keys are not spelt as `row_type` spells them."""
    plain = plain_lines(path, item)
    if not _has_capitals(plain, frozenset(_names(row_type))):
        return plain
    target = scratch / f"{path.name}.json"
    with target.open("w", encoding="utf-8") as file, plain.open("rb") as source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                reason = f"Error Parsing a row: line {number} of {item.uri} is not JSON"
                raise AthenaError("HIVE_BAD_DATA", reason) from error
            file.write(json.dumps(_renamed(record, row_type)) + "\n")
    return target


def _names(type_: Type) -> list[str]:
    own = field_names(type_) if type_.name == "row" else []
    return [*own, *(name for t in type_.args for name in _names(t))]


@lru_cache(maxsize=4096)
def _has_capitals(path: Path, names: frozenset[str]) -> bool:
    """Whether some key of interest is written with capitals (files of the cache never change, so this is kept)."""
    alternatives = b"|".join(re.escape(n.encode()) for n in sorted(names))
    pattern = re.compile(rb'"(?=[^"\\]*[A-Z])(?i:' + alternatives + rb')"\s*:')
    with path.open("rb") as file:
        return any(pattern.search(line) for line in file)


def _renamed(value: Any, type_: Type) -> Any:
    if type_.name == "row" and isinstance(value, dict):
        types = dict(zip(field_names(type_), type_.args, strict=True))
        return {k.lower(): _renamed(v, types[k.lower()]) for k, v in value.items() if k.lower() in types}
    if type_.name == "array" and isinstance(value, list):
        return [_renamed(v, type_.args[0]) for v in value]
    return value
