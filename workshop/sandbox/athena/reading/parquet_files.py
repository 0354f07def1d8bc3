"""What is inside Parquet files: types of the columns and sizes of their chunks, read once per file."""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    REAL,
    SMALLINT,
    TINYINT,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    decimal,
    map_of,
    row,
)


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest value of a column in a row group, as text."""

    low: str
    high: str


@dataclass(frozen=True)
class RowGroup:
    """Bytes (compressed) by path of the leaf column; by name, the bounds of those columns that have statistics.

    `empty` names the columns that hold nothing but NULL.
    """

    chunk_sizes: dict[tuple[str, ...], int]
    bounds: dict[str, Bounds]
    empty: frozenset[str]

    def bytes_of(self, used: set[tuple[str, ...]]) -> int:
        """Compressed bytes of the leaf columns at or below the paths in `used`."""
        return sum(size for leaf, size in self.chunk_sizes.items() if any(leaf[: len(path)] == path for path in used))


@dataclass(frozen=True)
class ParquetFile:
    """Columns by lower-case name (None for types that Trino does not have), and the row groups."""

    columns: dict[str, Type | None]
    row_groups: tuple[RowGroup, ...]


@lru_cache(maxsize=20_000)
def inspect(path: Path) -> ParquetFile:
    """Read the footer of a file (files of the cache never change, so the answer is kept)."""
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise AthenaError("HIVE_BAD_DATA", f"Not valid Parquet file: {error}") from error
    schema = metadata.schema.to_arrow_schema()
    columns = {f.name.lower(): trino_type(f.type) for f in schema}
    groups = tuple(_row_group(metadata.row_group(i)) for i in range(metadata.num_row_groups))
    return ParquetFile(columns, groups)


def _row_group(metadata: pq.RowGroupMetaData) -> RowGroup:
    sizes: dict[tuple[str, ...], int] = {}
    bounds: dict[str, Bounds] = {}
    empty = set()
    for i in range(metadata.num_columns):
        chunk = metadata.column(i)
        leaf = tuple(chunk.path_in_schema.lower().split("."))
        sizes[leaf] = sizes.get(leaf, 0) + chunk.total_compressed_size
        statistics = chunk.statistics
        if statistics is None or len(leaf) > 1:
            continue
        if statistics.has_null_count and statistics.null_count == chunk.num_values:
            empty.add(leaf[0])
        low, high = (_text(statistics.min), _text(statistics.max)) if statistics.has_min_max else (None, None)
        if low is not None and high is not None:
            bounds[leaf[0]] = Bounds(low, high)
    return RowGroup(sizes, bounds, frozenset(empty))


def _text(value: object) -> str | None:
    """A bound as text that DuckDB casts back; None for what has no order of use (bytes, NaN)."""
    match value:
        case bool() | int() | str() | date():  # datetime is a date
            return str(value)
        case float() if not math.isnan(value):
            return repr(value)
        case Decimal():
            return f"{value:f}"
    return None


_SIMPLE = (
    (pa.types.is_null, UNKNOWN),
    (pa.types.is_boolean, BOOLEAN),
    (pa.types.is_int8, TINYINT),
    (pa.types.is_int16, SMALLINT),
    (pa.types.is_int32, INTEGER),
    (pa.types.is_int64, BIGINT),
    (pa.types.is_uint8, SMALLINT),
    (pa.types.is_uint16, INTEGER),
    (pa.types.is_uint32, BIGINT),
    (pa.types.is_float32, REAL),
    (pa.types.is_float64, DOUBLE),
    (pa.types.is_string, VARCHAR),
    (pa.types.is_large_string, VARCHAR),
    (pa.types.is_string_view, VARCHAR),
    (pa.types.is_binary, VARBINARY),
    (pa.types.is_large_binary, VARBINARY),
    (pa.types.is_fixed_size_binary, VARBINARY),
    (pa.types.is_date, DATE),
)
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 6}


def trino_type(arrow: pa.DataType) -> Type | None:  # noqa: PLR0911 - one return for each kind
    """The Trino type that a Parquet column holds, None when there is none (unsigned integers, times, …)."""
    for test, type_ in _SIMPLE:
        if test(arrow):
            return type_
    if pa.types.is_dictionary(arrow):
        return trino_type(arrow.value_type)
    if pa.types.is_timestamp(arrow):
        # Not the table's type: it says how many digits the file holds, and (scale) whether they are an instant's.
        return Type("timestamp", precision=_DIGITS[arrow.unit], scale=int(arrow.tz is not None))
    if pa.types.is_decimal(arrow) and arrow.precision <= 38:
        return decimal(arrow.precision, arrow.scale)
    if pa.types.is_map(arrow):
        key, item = trino_type(arrow.key_type), trino_type(arrow.item_type)
        return None if key is None or item is None else map_of(key, item)
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow) or pa.types.is_fixed_size_list(arrow):
        element = trino_type(arrow.value_type)
        return None if element is None else array(element)
    if pa.types.is_struct(arrow):
        fields = [(f.name.lower(), trino_type(f.type)) for f in arrow]
        return None if any(t is None for _, t in fields) else row([(n, t) for n, t in fields if t is not None])
    return None
