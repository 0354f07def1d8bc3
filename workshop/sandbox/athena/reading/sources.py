"""The rows of some files as an item of FROM, one function for each kind of file.

A source names its rows `r`. Files that DuckDB reads itself are linked into the query's own folder as
`athena_file=<n>/…`, so that each row knows the number of its file; other files are cut up here, and either handed to
DuckDB as Arrow data or, when there is much of them, converted to Parquet once (see conversions.py).
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.reading import text_lines, text_values
from workshop.sandbox.athena.reading.conversions import DIRECT_BYTES, LocalFile, batches, kept, links
from workshop.sandbox.athena.reading.decompression import plain_chunks
from workshop.sandbox.athena.reading.formats import Kind, kind_of, properties_of, whole_number
from workshop.sandbox.athena.reading.storage import Check
from workshop.sandbox.athena.types import Type, literal, quote
from workshop.sandbox.athena.udf import Connection

FILE = "athena_file"
"""The number of a row's file, or of the first file of its batch."""
IN_BATCH = "athena_n"
"""The number of a row's file within its batch."""
_GROUP_ROWS = 61_440
"""Half of DuckDB's own: lines of text may be long, and a group is held in memory."""


@dataclass(frozen=True)
class Wanted:
    """A column to read: its number and name in the table, its place and type in the files' own schema."""

    index: int
    name: str
    place: int
    type: Type


@dataclass(frozen=True)
class Request:
    """Files to read by `table`, whose columns are those of the files' own partition."""

    connection: Connection
    table: Table
    wanted: Sequence[Wanted]
    files: Sequence[LocalFile]
    folder: Path
    name: str
    check: Check

    @property
    def size(self) -> int:
        """Bytes of the objects, compressed as they are."""
        return sum(f.object.size for f in self.files)

    def recipe(self, *more: object) -> list[object]:
        """All that the rows depend on, but the files themselves."""
        properties = sorted(properties_of(self.table).items())
        columns = [(w.name, w.place, str(w.type)) for w in self.wanted]
        return [self.table.serde, properties, columns, *more]


@dataclass(frozen=True)
class Source:
    """An item of FROM; the SQL of each wanted column over its rows `r`, and that of the number of the row's file."""

    sql: str
    columns: Sequence[str]
    number: str = f"r.{FILE}"


def parquet_list(files: Sequence[LocalFile], paths: Sequence[Path], request: Request) -> str:
    """read_parquet's list of files and its options but the closing bracket."""
    names = [f"{FILE}={f.number}/data.parquet" for f in files]
    listed = ", ".join(map(literal, links(paths, request.folder / request.name, names)))
    return f"read_parquet([{listed}], hive_partitioning = true, hive_types = {{'{FILE}': BIGINT}}"


def converted(request: Request, recipe: Sequence[object], write: Callable[[Sequence[LocalFile], Path], None]) -> Source:
    """The rows of Parquet copies, which `write` makes with columns c0, c1, … in the order of `request.wanted`."""
    found = batches(request.files)
    paths = []
    for batch in found:
        request.check()
        paths.append(kept(batch, recipe, request.folder / f"{request.name}_new", partial(write, batch)))
    source = parquet_list([b[0] for b in found], paths, request) + ")"
    number = f"(r.{FILE} + r.{IN_BATCH})"
    return Source(source, [f"r.c{i}" for i in range(len(request.wanted))], number)


def copy(connection: Connection, columns: Sequence[str], number: str, source: str, target: Path) -> None:
    """Write rows as such a copy."""
    listed = [f"{sql} AS c{i}" for i, sql in enumerate(columns)]
    connection.execute(
        f"COPY (SELECT {', '.join([*listed, f'CAST({number} AS INTEGER) AS {IN_BATCH}'])} FROM {source} AS r) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {_GROUP_ROWS})"
    ).fetchall()


# text


def text(request: Request) -> Source:
    """Files of lines: delimited, OpenCSV or Regex."""
    split, columns = _text_rules(request)
    properties = properties_of(request.table)
    if whole_number(properties, "skip.footer.line.count"):
        raise not_supported("The table property skip.footer.line.count")
    skip = whole_number(properties, "skip.header.line.count")

    def rows(files: Sequence[LocalFile], base: int) -> Iterator[pa.RecordBatch]:
        for file in files:
            for lines in text_lines.line_batches(plain_chunks(file.path, file.object.key), skip):
                request.check()
                numbers = pa.array(np.full(len(lines), file.number - base, np.int32))
                yield from _fields(split(lines), numbers)

    if request.size <= DIRECT_BYTES:
        table = pa.Table.from_batches(rows(request.files, 0), _FIELDS)
        request.connection.register(request.name, table)
        return Source(request.name, columns)

    def write(batch: Sequence[LocalFile], target: Path) -> None:
        failures: list[BaseException] = []
        stream = pa.RecordBatchReader.from_batches(_FIELDS, _recorded(rows(batch, batch[0].number), failures))
        request.connection.register(request.name, stream)
        try:
            copy(request.connection, columns, f"r.{FILE}", request.name, target)
        except duckdb.Error as error:
            raise failures[0] if failures else error from error

    return converted(request, request.recipe("text"), write)


_FIELDS = pa.schema([("f", pa.list_(pa.string())), (FILE, pa.int32())])


def _fields(fields: pa.Array, numbers: pa.Array) -> Iterator[pa.RecordBatch]:
    if isinstance(fields, pa.ChunkedArray):
        fields = fields.combine_chunks()
    yield pa.RecordBatch.from_arrays([fields, numbers], schema=_FIELDS)


def _recorded(rows: Iterator[pa.RecordBatch], failures: list[BaseException]) -> Iterator[pa.RecordBatch]:
    """The same rows; what goes wrong is noted, as DuckDB would only show its text."""
    try:
        yield from rows
    except BaseException as error:
        failures.append(error)
        raise


def _text_rules(request: Request) -> tuple[text_lines.Splitter, list[str]]:
    """How lines become fields, and fields become values."""
    properties = properties_of(request.table)
    fields = [(f"r.f[{w.place + 1}]", w) for w in request.wanted]
    match kind_of(request.table):
        case Kind.CSV:
            marks = [
                (properties.get(f"{n}Char") or d)[0] for n, d in (("separator", ","), ("quote", '"'), ("escape", "\\"))
            ]
            lenient = properties.get("use.null.for.invalid.data", "").lower() == "true"
            columns = [text_values.csv_value(sql, w.type, w.place, null_if_bad=lenient) for sql, w in fields]
            return text_lines.Csv(*marks).splitter(), columns
        case Kind.REGEX:
            if "input.regex" not in properties:
                raise AthenaError("HIVE_INVALID_METADATA", 'This table does not have serde property "input.regex"!')
            ignore_case = properties.get("input.regex.case.insensitive", "").lower() == "true"
            split = text_lines.matched(properties["input.regex"], ignore_case=ignore_case)
            return split, [text_values.regex_value(sql, w.type) for sql, w in fields]
    if "timestamp.formats" in properties:
        raise not_supported("The SerDe property timestamp.formats")
    options = text_values.delimiters(properties)
    rest = properties.get("serialization.last.column.takes.rest", "").lower() == "true"
    split = text_lines.delimited(
        options.separators[0],
        options.escape,
        options.specials,
        last_takes_rest=len(request.table.columns) if rest else None,
    )
    return split, [text_values.delimited_value(sql, w.type, options) for sql, w in fields]


def null_column(type_: Type) -> str:
    """SQL of a column that the files do not have."""
    return f"CAST(NULL AS {type_.duckdb})"


def column(name: str) -> str:
    """SQL of a column of the files."""
    return f"r.{quote(name)}"
