"""The files of a plan, below the query's own folder, one folder for each partition.

DuckDB writes Parquet. Other formats are made of Parquet files that it stages: of their columns, or, for text, of the
lines that it has put together.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from workshop.sandbox.athena.catalog.glue import NULL_PARTITION
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.formats import Kind
from workshop.sandbox.athena.reading.storage import Check
from workshop.sandbox.athena.types import Type, literal, quote
from workshop.sandbox.athena.udf import Connection
from workshop.sandbox.athena.writing import avro_writer
from workshop.sandbox.athena.writing.layouts import Layout
from workshop.sandbox.athena.writing.lines import delimited_line, json_line
from workshop.sandbox.athena.writing.plans import Plan

MAX_PARTITIONS = 100
"""Partitions that one statement may write (Athena user guide: considerations of CTAS and INSERT INTO)."""
FILE_BYTES = 256 * 1024**2
"""About the size of a file of a large result."""
_ROWS = 50_000
_LINE = "line"


@dataclass(frozen=True)
class File:
    """A file, and the texts of its partition's key values (None = NULL)."""

    path: Path
    values: tuple[str | None, ...]


def write(plan: Plan, connection: Connection, folder: Path, check: Check) -> tuple[int, list[File]]:
    """Write the rows; returns their number and the files. HIVE_TOO_MANY_OPEN_PARTITIONS past 100 partitions."""
    folder.mkdir(parents=True)
    rows, staged = _stage(plan, connection, folder)
    if plan.layout.format.kind is Kind.PARQUET:
        return rows, staged
    types = [(n, t) for n, t in plan.columns if n not in plan.partition_columns]
    files = []
    for i, file in enumerate(staged):
        check()
        target = folder / f"file_{i:05}"
        _ENCODERS[plan.layout.format.kind](file.path, target, types, plan.layout, check)
        file.path.unlink()
        files.append(File(target, file.values))
    return rows, files


def _stage(plan: Plan, connection: Connection, folder: Path) -> tuple[int, list[File]]:
    """Parquet files: final ones, or those that other formats are made of."""
    source, keys = _source(plan), [f"k{i}" for i in range(len(plan.partition_columns))]
    codec = _parquet_codec(plan.layout) if plan.layout.format.kind is Kind.PARQUET else "COMPRESSION lz4_raw"
    target = folder / "staged"
    if not keys:
        options = f"FORMAT parquet, {codec}, FILE_SIZE_BYTES {FILE_BYTES}"
        values: list[tuple[str, ...]] = []
    else:
        kept = literal(str(folder / "rows.parquet"))
        connection.execute(f"COPY ({source}) TO {kept} (FORMAT parquet, COMPRESSION lz4_raw)").fetchall()
        values = _partitions(connection, kept, keys)
        # Folders are named by the numbers of partitions: their values may be too long for names of files.
        numbered = f"list_position([{', '.join(map(_row, values))}], row({', '.join(keys)}))"
        source = f"SELECT * EXCLUDE ({', '.join(keys)}), {numbered} AS p FROM read_parquet({kept})"
        options = f"FORMAT parquet, {codec}, PARTITION_BY (p)"
    if keys and not values:
        return 0, []
    [(rows,)] = connection.execute(f"COPY ({source}) TO {literal(str(target))} ({options})").fetchall()
    if not keys:
        found = sorted(target.rglob("*.parquet")) if target.is_dir() else [target]
        return int(rows), [File(p, ()) for p in found if rows]
    (folder / "rows.parquet").unlink()
    files = [
        File(path, tuple(None if v == NULL_PARTITION else v for v in texts))
        for number, texts in enumerate(values, 1)
        for path in sorted((target / f"p={number}").glob("*.parquet"))
    ]
    return int(rows), files


def _row(values: tuple[str, ...]) -> str:
    return f"row({', '.join(map(literal, values))})"


def _source(plan: Plan) -> str:
    """The rows to stage: the columns or the line, and the text of each key."""
    kind = plan.layout.format.kind
    columns = [(n, t) for n, t in plan.columns if n not in plan.partition_columns]
    if kind is Kind.DELIMITED:
        listed = [f"{delimited_line([(f's.{quote(n)}', t) for n, t in columns], plan.layout.delimiters)} AS {_LINE}"]
    elif kind is Kind.HIVE_JSON:
        listed = [f"{json_line([(n, f's.{quote(n)}', t) for n, t in columns])} AS {_LINE}"]
    else:
        listed = [f"s.{quote(n)}" for n, _ in columns]
    types = dict(plan.columns)
    for i, name in enumerate(plan.partition_columns):
        shown = text(f"s.{quote(name)}", types[name])
        listed.append(f"coalesce(nullif({shown}, ''), {literal(NULL_PARTITION)}) AS k{i}")
    return f"SELECT {', '.join(listed)} FROM ({plan.sql}) AS s"


def _partitions(connection: Connection, kept: str, keys: list[str]) -> list[tuple[str, ...]]:
    """The texts of the keys of each partition that there are rows of."""
    listed = ", ".join(keys)
    distinct = f"SELECT DISTINCT {listed} FROM read_parquet({kept}) LIMIT {MAX_PARTITIONS + 1}"
    found = sorted(connection.execute(distinct).fetchall())
    if len(found) > MAX_PARTITIONS:
        raise AthenaError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets",
        )
    return found


def _parquet_codec(layout: Layout) -> str:
    codec = {"NONE": "uncompressed", "LZ4": "lz4_raw"}.get(layout.compression, layout.compression.lower())
    level = f", COMPRESSION_LEVEL {layout.level}" if layout.level is not None and codec == "zstd" else ""
    return f"COMPRESSION {codec}{level}"


# other formats


def _batches(staged: Path, check: Check) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(staged) as file:
        for batch in file.iter_batches(_ROWS):
            check()
            yield batch


def _orc(staged: Path, target: Path, types: list[tuple[str, Type]], layout: Layout, check: Check) -> None:
    codec = {"NONE": "uncompressed"}.get(layout.compression, layout.compression.lower())
    with orc.ORCWriter(str(target), compression=codec) as writer:
        for batch in _batches(staged, check):
            writer.write(pa.Table.from_batches([batch]))


def _avro(staged: Path, target: Path, types: list[tuple[str, Type]], layout: Layout, check: Check) -> None:
    tables = (pa.Table.from_batches([batch]) for batch in _batches(staged, check))
    avro_writer.write(target, types, tables, layout.compression)


def _text(staged: Path, target: Path, types: list[tuple[str, Type]], layout: Layout, check: Check) -> None:
    def lines() -> Iterator[bytes]:
        for batch in _batches(staged, check):
            yield "".join(f"{line}\n" for line in batch.column(0).to_pylist()).encode()

    with target.open("wb") as file:
        for chunk in _COMPRESSORS[layout.compression](lines(), layout.level):
            file.write(chunk)


_Compressor = Callable[[Iterator[bytes], int | None], Iterator[bytes]]


def _stored(chunks: Iterator[bytes], _: int | None) -> Iterator[bytes]:
    return chunks


def _gzip(chunks: Iterator[bytes], _: int | None) -> Iterator[bytes]:
    """Members one after the other are one gzip file."""
    return (gzip.compress(chunk, 6) for chunk in chunks)


def _bzip2(chunks: Iterator[bytes], _: int | None) -> Iterator[bytes]:
    return (bz2.compress(chunk) for chunk in chunks)


def _deflate(chunks: Iterator[bytes], _: int | None) -> Iterator[bytes]:
    compressor = zlib.compressobj()
    for chunk in chunks:
        yield compressor.compress(chunk)
    yield compressor.flush()


def _zstd(chunks: Iterator[bytes], level: int | None) -> Iterator[bytes]:
    codec = pa.Codec("zstd", compression_level=level)
    return (codec.compress(chunk, asbytes=True) for chunk in chunks)


def _hadoop(name: str) -> _Compressor:
    def framed(chunks: Iterator[bytes], _: int | None) -> Iterator[bytes]:
        codec = pa.Codec(name)
        for chunk in chunks:
            packed = codec.compress(chunk, asbytes=True)
            yield len(chunk).to_bytes(4, "big") + len(packed).to_bytes(4, "big") + packed

    return framed


_COMPRESSORS: dict[str, _Compressor] = {
    "NONE": _stored,
    "GZIP": _gzip,
    "BZIP2": _bzip2,
    "DEFLATE": _deflate,
    "ZSTD": _zstd,
    "SNAPPY": _hadoop("snappy"),
    "LZ4": _hadoop("lz4_raw"),
}
_ENCODERS: dict[Kind, Callable[[Path, Path, list[tuple[str, Type]], Layout, Check], None]] = {
    Kind.ORC: _orc,
    Kind.AVRO: _avro,
    Kind.DELIMITED: _text,
    Kind.HIVE_JSON: _text,
}
