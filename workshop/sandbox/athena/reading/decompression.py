"""Plain bytes of text files; as in Hadoop, the (lower-case) extension of the key says how they are compressed."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from workshop.sandbox.athena.errors import AthenaError, not_supported

CHUNK_BYTES = 1 << 20
"""Size of the pieces that are decompressed between two looks at whether the query was stopped."""


def is_compressed(key: str) -> bool:
    """Whether the extension of a key names a compression; `.GZ` does not (Athena user guide: compression formats)."""
    return _extension(key) in _READERS or _extension(key) in _REFUSED


def plain_chunks(path: Path, key: str) -> Iterator[bytes]:
    """The plain bytes of an object that the cache holds at `path`; HIVE_CURSOR_ERROR if it is damaged."""
    extension = _extension(key)
    if extension in _REFUSED:
        raise not_supported(f"The compression of {key}")
    try:
        yield from _READERS.get(extension, _stored)(path)
    except EOFError as error:
        raise AthenaError("HIVE_CURSOR_ERROR", f"Unexpected end of input stream: {key}") from error
    except (OSError, zlib.error, pa.ArrowException, IndexError, ValueError) as error:
        raise AthenaError("HIVE_CURSOR_ERROR", f"{_reason(error)}: {key}") from error


def _extension(key: str) -> str:
    name = key.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


def _reason(error: Exception) -> str:
    text = str(error)
    return "incorrect header check" if "Not a gzipped file" in text or "header" in text else text


def _chunks(file: BinaryIO | Any) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _stored(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _chunks(file)


def _gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from _chunks(file)


def _bzip2(path: Path) -> Iterator[bytes]:
    with bz2.open(path) as file:
        yield from _chunks(file)


def _deflate(path: Path) -> Iterator[bytes]:
    decompressor = zlib.decompressobj()
    for chunk in _stored(path):
        yield decompressor.decompress(chunk)
    yield decompressor.flush()
    if not decompressor.eof:
        raise EOFError


def _zstd(path: Path) -> Iterator[bytes]:
    with pa.OSFile(str(path)) as source, pa.CompressedInputStream(source, "zstd") as file:
        yield from _chunks(file)


def _hadoop_blocks(codec: str) -> Callable[[Path], Iterator[bytes]]:
    """Hadoop's framing: blocks of a plain length and compressed pieces, each after its own length, all big-endian."""

    def read(path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            while head := file.read(4):
                left = _length(head)
                while left > 0:
                    size = _length(file.read(4))
                    piece = file.read(size)
                    if len(piece) < size:
                        raise EOFError
                    plain = snappy_block(piece) if codec == "snappy" else lz4_block(piece)
                    left -= len(plain)
                    yield plain

    return read


def _length(head: bytes) -> int:
    if len(head) < 4:
        raise EOFError
    return int.from_bytes(head, "big")


def snappy_block(piece: bytes) -> bytes:
    """A raw Snappy block; its own length is the number it starts with."""
    size = shift = 0
    for byte in piece[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return pa.Codec("snappy").decompress(piece, decompressed_size=size, asbytes=True)  # type: ignore[no-any-return]


def lz4_block(data: bytes) -> bytes:
    """A raw LZ4 block of unknown plain length: sequences of literals and copies of what came before."""
    plain, at = bytearray(), 0
    while True:
        token = data[at]
        count, at = _lz4_count(data, at + 1, token >> 4)
        plain += data[at : at + count]
        at += count
        if at >= len(data):
            return bytes(plain)
        start = len(plain) - int.from_bytes(data[at : at + 2], "little")
        count, at = _lz4_count(data, at + 2, token & 15)
        for i in range(start, start + count + 4):
            plain.append(plain[i])


def _lz4_count(data: bytes, at: int, count: int) -> tuple[int, int]:
    if count < 15:
        return count, at
    while True:
        byte = data[at]
        at += 1
        count += byte
        if byte < 255:
            return count, at


_READERS: dict[str, Callable[[Path], Iterator[bytes]]] = {
    ".gz": _gzip,
    ".bz2": _bzip2,
    ".deflate": _deflate,
    ".zst": _zstd,
    ".snappy": _hadoop_blocks("snappy"),
    ".lz4": _hadoop_blocks("lz4"),
}
_REFUSED = (".lzo", ".lzo_deflate")
