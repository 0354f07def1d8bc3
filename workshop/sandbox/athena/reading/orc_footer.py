"""Sizes of the columns of ORC files, from their footers (ORC specification, v1: file tail, stripes)."""

import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.decompression import lz4_block, snappy_block

_Fields = dict[int, list[int | bytes]]


@lru_cache(maxsize=20_000)
def column_sizes(path: Path) -> tuple[list[str], dict[tuple[str, ...], int]]:
    """Names of the columns in order, and compressed bytes by path of the leaf, all in lower case."""
    try:
        return _column_sizes(path.read_bytes())
    except (IndexError, KeyError, ValueError, UnicodeDecodeError, zlib.error, pa.ArrowException) as error:
        raise AthenaError("HIVE_BAD_DATA", f"Malformed ORC file: {error}") from error


def _column_sizes(data: bytes) -> tuple[list[str], dict[tuple[str, ...], int]]:
    length = data[-1]
    script = _message(data[-1 - length : -1])
    kind, size = _number(script, 2), _number(script, 1)
    footer = _message(_plain(data[-1 - length - size : -1 - length], kind))
    types = [_message(_bytes(t)) for t in footer.get(4, [])]
    paths = dict(_paths(types, 0, ()))
    sizes = dict.fromkeys(paths.values(), 0)
    for packed in footer.get(3, []):
        stripe = _message(_bytes(packed))
        start = _number(stripe, 1) + _number(stripe, 2) + _number(stripe, 3)
        for stream in _message(_plain(data[start : start + _number(stripe, 4)], kind)).get(1, []):
            fields = _message(_bytes(stream))
            path = paths.get(_number(fields, 2))
            if path:
                sizes[path] += _number(fields, 3)
    names = [_bytes(n).decode().lower() for n in types[0].get(3, [])]
    return names, sizes


def _paths(types: list[_Fields], number: int, path: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """For each column its path; elements of arrays and maps belong to these."""
    yield number, path
    names = [_bytes(n).decode().lower() for n in types[number].get(3, [])]
    for i, child in enumerate(_numbers(types[number].get(2, []))):
        yield from _paths(types, child, (*path, names[i]) if names else path)


def _message(data: bytes) -> _Fields:
    """The fields of a protobuf message by their numbers."""
    fields: _Fields = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        value: int | bytes
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
            case 2:
                size, at = _varint(data, at)
                value, at = data[at : at + size], at + size
            case 1:
                value, at = data[at : at + 8], at + 8
            case 5:
                value, at = data[at : at + 4], at + 4
            case other:
                raise ValueError(f"wire type {other}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _number(fields: _Fields, tag: int) -> int:
    value = fields.get(tag, [0])[0]
    return value if isinstance(value, int) else 0


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where there should be bytes")
    return value


def _numbers(values: list[int | bytes]) -> Iterator[int]:
    """Repeated numbers, packed or not."""
    for value in values:
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            yield number


def _plain(data: bytes, kind: int) -> bytes:
    """Decompress: pieces after a header of three bytes, whose lowest bit says that they are stored as they are."""
    if kind == 0:
        return data
    parts, at = [], 0
    while at < len(data):
        head = int.from_bytes(data[at : at + 3], "little")
        piece = data[at + 3 : at + 3 + (head >> 1)]
        at += 3 + (head >> 1)
        parts.append(piece if head & 1 else _piece(piece, kind))
    return b"".join(parts)


def _piece(piece: bytes, kind: int) -> bytes:
    match kind:
        case 1:
            return zlib.decompress(piece, -15)
        case 2:
            return snappy_block(piece)
        case 4:
            return lz4_block(piece)
        case 5:
            return bytes(pa.CompressedInputStream(pa.BufferReader(piece), "zstd").read())
    raise ValueError(f"compression {kind}")
