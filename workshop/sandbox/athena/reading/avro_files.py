"""Avro object container files (Avro 1.11 specification), as Arrow tables."""

import bz2
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.reading.decompression import snappy_block

_EXACT = Context(prec=80)
_MAGIC = b"Obj\x01"
Schema = Any
_Read = Callable[[io.BytesIO], Any]

_SCALARS = {
    "null": pa.null(), "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
    "double": pa.float64(), "bytes": pa.binary(), "string": pa.string(),
}  # fmt: skip
_LOGICAL = {
    "date": pa.date32(),
    "timestamp-millis": pa.timestamp("ms"),
    "timestamp-micros": pa.timestamp("us"),
    "local-timestamp-millis": pa.timestamp("ms"),
    "local-timestamp-micros": pa.timestamp("us"),
}


def tables(path: Path, uri: str, reader: Schema | None = None) -> Iterator[pa.Table]:
    """A table for each block of a file, its columns in lower case; `reader` adds fields with defaults.

    HIVE_BAD_DATA if it is no Avro file, NOT_SUPPORTED for unions of several types and unknown codecs.
    """
    try:
        yield from _tables(path, reader)
    except (ValueError, KeyError, IndexError, EOFError, zlib.error, pa.ArrowException) as error:
        raise AthenaError("HIVE_BAD_DATA", f"Not a valid Avro file: {uri}: {error}") from error


def _tables(path: Path, reader: Schema | None) -> Iterator[pa.Table]:
    with path.open("rb") as file:
        data = io.BytesIO(file.read())
    if data.read(4) != _MAGIC:
        raise ValueError("it does not start with Obj")
    meta = _map_of(lambda s: s.read(_long(s)))(data)
    sync = data.read(16)
    schema, codec = json.loads(meta["avro.schema"]), meta.get("avro.codec", b"null").decode()
    types = _Types()
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError("its schema is not a record")
    read = types.reader(schema)
    target = types.arrow(schema)
    added = _defaults(schema, reader)
    if data.tell() == data.getbuffer().nbytes:
        yield pa.schema([(f.name, f.type) for f in target]).empty_table()
    while data.tell() < data.getbuffer().nbytes:
        count, size = _long(data), _long(data)
        block = io.BytesIO(_plain(data.read(size), codec))
        records = [read(block) for _ in range(count)]
        if data.read(16) != sync:
            raise ValueError("a block does not end with the file's mark")
        table = pa.Table.from_struct_array(pa.array(records, target)) if target.num_fields else None
        if table is None:
            continue
        for name, type_, value in added:
            table = table.append_column(name, pa.array([value] * count, type_))
        yield table.rename_columns([n.lower() for n in table.column_names])


def _defaults(writer: Schema, reader: Schema | None) -> list[tuple[str, pa.DataType, Any]]:
    """Fields of the table's schema that the file lacks but a default is given for."""
    known = {f["name"].lower() for f in writer["fields"]}
    types = _Types()
    fields = (reader or {}).get("fields", [])
    return [
        (f["name"], types.arrow(f["type"]), f["default"])
        for f in fields
        if f["name"].lower() not in known and f.get("default") is not None
    ]


def _plain(block: bytes, codec: str) -> bytes:
    match codec:
        case "null":
            return block
        case "deflate":
            return zlib.decompress(block, -15)
        case "snappy":  # followed by a CRC of four bytes
            return snappy_block(block[:-4])
        case "zstandard":
            return bytes(pa.CompressedInputStream(pa.BufferReader(block), "zstd").read())
        case "bzip2":
            return bz2.decompress(block)
    raise not_supported(f"The Avro codec {codec}")


def _long(source: io.BytesIO) -> int:
    number = shift = 0
    while True:
        [byte] = source.read(1) or b"\xff\xff"
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1)
        shift += 7


def _blocks(source: io.BytesIO) -> Iterator[int]:
    """Sizes of the blocks of an array or a map."""
    while count := _long(source):
        if count < 0:
            _long(source)  # the bytes of the block
            count = -count
        yield count


def _map_of(read: _Read) -> Callable[[io.BytesIO], dict[str, Any]]:
    def entries(source: io.BytesIO) -> dict[str, Any]:
        return {_text(source): read(source) for count in _blocks(source) for _ in range(count)}

    return entries


def _bytes(source: io.BytesIO) -> bytes:
    return source.read(_long(source))


def _text(source: io.BytesIO) -> str:
    return _bytes(source).decode()


_READ: dict[str, _Read] = {
    "null": lambda s: None,
    "boolean": lambda s: s.read(1) == b"\x01",
    "int": _long,
    "long": _long,
    "float": lambda s: struct.unpack("<f", s.read(4))[0],
    "double": lambda s: struct.unpack("<d", s.read(8))[0],
    "bytes": _bytes,
    "string": _text,
}


class _Types:
    """Schemas by name, as they may refer to one another."""

    def __init__(self) -> None:
        self._named: dict[str, Schema] = {}

    def _resolve(self, schema: Schema) -> Schema:
        if isinstance(schema, str):
            return self._named.get(schema, schema)
        if isinstance(schema, dict) and "name" in schema:
            self._named[schema["name"]] = schema
            self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
        return schema

    def arrow(self, schema: Schema) -> pa.DataType:  # noqa: PLR0911 - one return for each kind
        """The Arrow type of a schema."""
        schema = self._resolve(schema)
        if isinstance(schema, list):
            return self.arrow(_only(schema))
        if isinstance(schema, str):
            return _SCALARS[schema]
        kind = schema["type"]
        logical = schema.get("logicalType")
        if logical == "decimal":
            return pa.decimal128(schema["precision"], schema.get("scale", 0))
        if logical in _LOGICAL:
            return _LOGICAL[logical]
        match kind:
            case "record":
                return pa.struct([(f["name"].lower(), self.arrow(f["type"])) for f in schema["fields"]])
            case "array":
                return pa.list_(self.arrow(schema["items"]))
            case "map":
                return pa.map_(pa.string(), self.arrow(schema["values"]))
            case "enum":
                return pa.string()
            case "fixed":
                return pa.binary()
        return self.arrow(kind)

    def reader(self, schema: Schema) -> _Read:  # noqa: PLR0911 - one return for each kind
        """A function that reads a value of a schema."""
        schema = self._resolve(schema)
        if isinstance(schema, list):
            readers = [self.reader(s) for s in schema]
            return lambda s: readers[_long(s)](s)
        if isinstance(schema, str):
            return _READ[schema]
        if schema.get("logicalType") == "decimal":
            raw, scale = self.reader({k: v for k, v in schema.items() if k != "logicalType"}), schema.get("scale", 0)
            return lambda s: Decimal(int.from_bytes(raw(s), "big", signed=True)).scaleb(-scale, _EXACT)
        match schema["type"]:
            case "record":
                fields = [(f["name"].lower(), self.reader(f["type"])) for f in schema["fields"]]
                return lambda s: {name: read(s) for name, read in fields}
            case "array":
                item = self.reader(schema["items"])
                return lambda s: [item(s) for count in _blocks(s) for _ in range(count)]
            case "map":
                entries = _map_of(self.reader(schema["values"]))
                return lambda s: list(entries(s).items())
            case "enum":
                symbols = schema["symbols"]
                return lambda s: symbols[_long(s)]
            case "fixed":
                size = schema["size"]
                return lambda s: s.read(size)
        return self.reader(schema["type"])


def _only(union: list[Schema]) -> Schema:
    others = [s for s in union if s != "null"]
    if len(others) > 1:
        raise not_supported("An Avro union of several types")
    return others[0] if others else "null"
