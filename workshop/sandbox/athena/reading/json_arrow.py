"""JSON Lines by Arrow's reader, many times faster than the strict one, for records that leave no question open.

Arrow fails where a value is not of the very kind that its column declares: then, and for types and SerDe properties
that it does not know, the strict reader of json_lines.py decides. What it reads is what that one would have read.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from workshop.sandbox.athena.reading.conversions import LocalFile
from workshop.sandbox.athena.reading.decompression import plain_chunks
from workshop.sandbox.athena.reading.storage import Check
from workshop.sandbox.athena.types import Type, field_names

THREADS = 2
_PIECE_BYTES = 16 * 1024**2
_BLOCK_BYTES = 4 * 1024**2
"""Arrow refuses a line that is longer."""

_SIMPLE = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
}


def arrow_type(type_: Type) -> pa.DataType | None:
    """The Arrow type whose JSON values are exactly those of `type_`; None if there is none."""
    if type_.name in _SIMPLE:
        return _SIMPLE[type_.name]
    if type_.name == "varchar" and type_.length is None:
        return pa.string()
    inner = [arrow_type(t) for t in type_.args]
    if any(t is None for t in inner):
        return None
    if type_.name == "array":
        return pa.list_(inner[0])
    if type_.name == "row":
        return pa.struct(list(zip(field_names(type_), inner, strict=True)))
    return None


def convert(
    batch: Sequence[LocalFile], columns: Sequence[tuple[str, Type]], number: str, target: Path, check: Check
) -> bool:
    """Write the records of `batch` to `target` as Parquet with columns c0, c1, … and `number`, a file's place in it.

    False, and nothing is written, if Arrow cannot tell what they are.
    """
    types = [arrow_type(t) for _, t in columns]
    if not columns or any(t is None for t in types):
        return False
    schema = pa.schema([pa.field(name, t) for (name, _), t in zip(columns, types, strict=True)])
    odd = _odd_text([name for name, _ in columns], [t for _, t in columns])
    written = pa.schema([*(pa.field(f"c{i}", t) for i, t in enumerate(types)), pa.field(number, pa.int32())])

    def read(item: tuple[int, LocalFile]) -> list[pa.Table]:
        place, file = item
        tables = [_parsed(piece, schema, odd) for piece in _pieces(file, check)]
        return [
            pa.Table.from_arrays([*t.columns, pa.array([place] * len(t), pa.int32())], schema=written) for t in tables
        ]

    try:
        with (
            ThreadPoolExecutor(THREADS) as pool,
            pq.ParquetWriter(target, written, compression="lz4", use_dictionary=False) as out,
        ):
            for tables in pool.map(read, enumerate(batch)):
                for table in tables:
                    out.write_table(table)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, _UnsureError):
        target.unlink(missing_ok=True)
        return False
    return True


class _UnsureError(Exception):
    """Arrow would read this, but perhaps not as the SerDe does."""


def _pieces(file: LocalFile, check: Check) -> Iterator[bytes]:
    """The file's plain text, in pieces that end where a line ends."""
    held: list[bytes] = []
    size = 0
    for chunk in plain_chunks(file.path, file.object.key):
        check()
        held.append(chunk)
        size += len(chunk)
        if size >= _PIECE_BYTES and b"\n" in chunk:
            text = b"".join(held)
            end = text.rfind(b"\n") + 1
            yield text[:end]
            held, size = [text[end:]], len(text) - end
    if size:
        yield b"".join(held)


def _parsed(piece: bytes, schema: pa.Schema, odd: bytes) -> pa.Table:
    if not piece.startswith(b"{") or pc.match_substring_regex(pa.array([piece], pa.large_binary()), odd)[0].as_py():
        raise _UnsureError
    table = pj.read_json(
        pa.BufferReader(piece),
        read_options=pj.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    if len(table) != piece.count(b"\n") + (not piece.endswith(b"\n")):  # several records in a line
        raise _UnsureError
    table.validate(full=True)  # texts are UTF-8
    return table


def _odd_text(names: Sequence[str], types: Sequence[Type]) -> bytes:
    """Matches a key that may be one of ours with capitals, and lines that do not begin with an object.

    Arrow's reader would end the process at a block whose first value is null.
    """
    letters = {c for name in [*names, *_fields(types)] for c in name}
    ours = "".join(re.escape(c) for c in sorted(letters | {c.upper() for c in letters}))
    capitals = "".join(re.escape(c.upper()) for c in sorted(letters) if c != c.upper())
    key = [rf'"[{ours}]*[{capitals}][{ours}]*"\s*:'] if capitals else []
    return "|".join([*key, r"\n[^{]", r"\r[^\n]"]).encode()


def _fields(types: Sequence[Type]) -> Iterator[str]:
    for type_ in types:
        if type_.name == "row":
            yield from field_names(type_)
        yield from _fields(type_.args)
