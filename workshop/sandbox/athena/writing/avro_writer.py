"""Avro object container files, written (Avro 1.11 specification)."""

import io
import json
import os
import struct
import zlib
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Context
from pathlib import Path
from typing import Any

import pyarrow as pa

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import Type, field_names

_Write = Callable[[io.BytesIO, Any], object]
_CODECS = {"GZIP": "deflate", "DEFLATE": "deflate", "SNAPPY": "snappy", "ZSTD": "zstandard", "NONE": "null"}
_PLAIN = {
    "boolean": "boolean", "tinyint": "int", "smallint": "int", "integer": "int", "bigint": "long", "real": "float",
    "double": "double", "varchar": "string", "char": "string", "varbinary": "bytes",
}  # fmt: skip
_EXACT = Context(prec=80)
_EPOCH = date(1970, 1, 1).toordinal()


def write(target: Path, columns: list[tuple[str, Type]], tables: Iterable[pa.Table], compression: str) -> None:
    """A file with a block for each table; every column may be NULL."""
    codec = _CODECS[compression]
    names = iter(range(1_000_000))
    fields = [{"name": n, "type": ["null", _schema(t, names)], "default": None} for n, t in columns]
    schema = {"type": "record", "name": "row", "fields": fields}
    mark = os.urandom(16)
    writers = [_nullable(_writer(t)) for _, t in columns]
    with target.open("wb") as file:
        file.write(b"Obj\x01")
        head = io.BytesIO()
        _entries(head, {"avro.schema": json.dumps(schema).encode(), "avro.codec": codec.encode()}.items(), _bytes)
        file.write(head.getvalue() + mark)
        for table in tables:
            block = io.BytesIO()
            for values in zip(*(c.to_pylist() for c in table.columns), strict=True):
                for writer, value in zip(writers, values, strict=True):
                    writer(block, value)
            data = _compressed(block.getvalue(), codec)
            framed = io.BytesIO()
            _long(framed, table.num_rows)
            _long(framed, len(data))
            file.write(framed.getvalue() + data + mark)


def _compressed(data: bytes, codec: str) -> bytes:
    match codec:
        case "deflate":
            return zlib.compress(data, wbits=-15)
        case "snappy":
            packed: bytes = pa.Codec("snappy").compress(data, asbytes=True)
            return packed + zlib.crc32(data).to_bytes(4, "big")
        case "zstandard":
            return bytes(pa.Codec("zstd").compress(data, asbytes=True))
    return data


def _schema(type_: Type, names: Any) -> Any:  # noqa: PLR0911 - one return for each kind
    if type_.name in _PLAIN:
        return _PLAIN[type_.name]
    match type_.name:
        case "date":
            return {"type": "int", "logicalType": "date"}
        case "timestamp":
            return {"type": "long", "logicalType": "timestamp-millis"}
        case "decimal":
            return {"type": "bytes", "logicalType": "decimal", "precision": type_.precision, "scale": type_.scale}
        case "array":
            return {"type": "array", "items": ["null", _schema(type_.args[0], names)]}
        case "map":
            if type_.args[0].name not in ("varchar", "char"):
                raise AthenaError("NOT_SUPPORTED", "Avro maps only support String keys")
            return {"type": "map", "values": ["null", _schema(type_.args[1], names)]}
    fields = [
        {"name": n, "type": ["null", _schema(t, names)]} for n, t in zip(field_names(type_), type_.args, strict=True)
    ]
    return {"type": "record", "name": f"record_{next(names)}", "fields": fields}


def _long(target: io.BytesIO, number: int) -> None:
    number = (number << 1) ^ (number >> 63)
    while number > 0x7F:
        target.write(bytes((number & 0x7F | 0x80,)))
        number >>= 7
    target.write(bytes((number,)))


def _bytes(target: io.BytesIO, value: bytes) -> None:
    _long(target, len(value))
    target.write(value)


def _text(target: io.BytesIO, value: str) -> None:
    _bytes(target, value.encode())


def _nullable(write_value: _Write) -> _Write:
    def written(target: io.BytesIO, value: Any) -> None:
        _long(target, int(value is not None))
        if value is not None:
            write_value(target, value)

    return written


def _entries(target: io.BytesIO, items: Iterable[tuple[str, Any]], write_value: _Write) -> None:
    listed = list(items)
    if listed:
        _long(target, len(listed))
        for key, value in listed:
            _text(target, key)
            write_value(target, value)
    _long(target, 0)


_WRITERS: dict[str, _Write] = {
    "boolean": lambda t, v: t.write(b"\x01" if v else b"\x00"),
    "int": _long,
    "long": _long,
    "float": lambda t, v: t.write(struct.pack("<f", v)),
    "double": lambda t, v: t.write(struct.pack("<d", v)),
    "string": _text,
    "bytes": _bytes,
}


def _writer(type_: Type) -> _Write:  # noqa: PLR0911 - one return for each kind
    if type_.name in _PLAIN:
        return _WRITERS[_PLAIN[type_.name]]
    match type_.name:
        case "date":
            return lambda t, v: _long(t, v.toordinal() - _EPOCH)
        case "timestamp":
            return lambda t, v: _long(t, pa.scalar(v, pa.timestamp("us")).value // 1000)
        case "decimal":
            return lambda t, v: _bytes(t, _unscaled(int(v.scaleb(type_.scale, _EXACT))))
        case "array":
            item = _nullable(_writer(type_.args[0]))
            return lambda t, v: _items(t, v, item)
        case "map":
            value = _nullable(_writer(type_.args[1]))
            return lambda t, v: _entries(t, v, value)
    fields = [(n, _nullable(_writer(a))) for n, a in zip(field_names(type_), type_.args, strict=True)]
    return lambda t, v: [write_field(t, v[n]) for n, write_field in fields]


def _unscaled(number: int) -> bytes:
    return number.to_bytes((number.bit_length() // 8) + 1, "big", signed=True)


def _items(target: io.BytesIO, values: list[Any], write_item: _Write) -> None:
    if values:
        _long(target, len(values))
        for value in values:
            write_item(target, value)
    _long(target, 0)
