"""ORC and Avro: converted to Parquet once, as DuckDB reads neither without an extension."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc as pyarrow_orc

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading import avro_files
from workshop.sandbox.athena.reading.conversions import LocalFile, kept
from workshop.sandbox.athena.reading.formats import by_name, properties_of
from workshop.sandbox.athena.reading.parquet_source import parquet_rows
from workshop.sandbox.athena.reading.sources import Request, Source
from workshop.sandbox.athena.reading.storage import Check


def orc(request: Request) -> Source:
    """The rows of ORC objects; columns by place unless the table says by name (Athena user guide: ORC SerDe)."""
    paths = orc_copies(request.files, request.folder, request.check)
    named = by_name(request.table)
    return parquet_rows(request, paths, named=named)


def orc_copies(files: Sequence[LocalFile], folder: Path, check: Check) -> list[Path]:
    """Parquet copies of ORC objects, with the columns they have."""
    return [_copy(file, ["orc"], folder, partial(_stripes, file), check) for file in files]


def avro(request: Request) -> Source:
    """The rows of Avro objects; columns by name, defaults from the table's schema."""
    literal = properties_of(request.table).get("avro.schema.literal")
    try:
        schema = json.loads(literal) if literal else None
    except ValueError as error:
        raise AthenaError("HIVE_INVALID_METADATA", f"Invalid avro.schema.literal: {error}") from error
    paths = [
        _copy(
            file,
            ["avro", literal],
            request.folder,
            partial(avro_files.tables, file.path, file.object.uri, schema),
            request.check,
        )
        for file in request.files
    ]
    wanted = [replace(w, name=w.name.lower()) for w in request.wanted]
    return parquet_rows(replace(request, wanted=wanted), paths, named=True)


def _stripes(file: LocalFile) -> Iterator[pa.Table]:
    try:
        opened = pyarrow_orc.ORCFile(str(file.path))
        for i in range(opened.nstripes):
            yield pa.Table.from_batches([opened.read_stripe(i)])
        if not opened.nstripes:
            yield opened.schema.empty_table()
    except (pa.ArrowException, OSError) as error:
        raise AthenaError("HIVE_BAD_DATA", f"Malformed ORC file. {file.object.uri}: {error}") from error


def _copy(
    file: LocalFile, recipe: list[object], folder: Path, tables: Callable[[], Iterator[pa.Table]], check: Check
) -> Path:
    def write(target: Path) -> None:
        writer = None
        try:
            for table in tables():
                check()
                writer = writer or pq.ParquetWriter(target, table.schema, compression="lz4")
                writer.write_table(table)
            if writer is None:
                pq.write_table(pa.table({}), target)
        finally:
            if writer is not None:
                writer.close()

    check()
    return kept([file], recipe, folder / "converted", write)
