"""What pyarrow and Python write, the engine reads: random rows in every format, each read cold and warm."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from athena_fakes import JSON, PARQUET, LocalLake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import orc
from test_athena_tables import put

ORC = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPENX = "org.openx.data.jsonserde.JsonSerDe"
COLUMNS = "n bigint; t string; b boolean; d date; m decimal(38,10); a array<int>"
SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("t", pa.string()),
        ("b", pa.bool_()),
        ("d", pa.date32()),
        ("m", pa.decimal128(38, 10)),
        ("a", pa.list_(pa.int32())),
    ]
)
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0"), max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "t": st.none() | TEXT,
            "b": st.none() | st.booleans(),
            "d": st.none() | st.dates(date(1600, 1, 1), date(2200, 1, 1)),
            "m": st.none() | st.decimals(-(10**20), 10**20, places=10),
            "a": st.none()
            | st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=3).filter(
                lambda a: a != [None]
            ),  # text has no such array
        }
    ),
    min_size=1,
    max_size=12,
)


def shown(row: dict[str, Any]) -> list[str | None]:
    """A row as Athena prints it."""
    elements = None if row["a"] is None else ", ".join("null" if e is None else str(e) for e in row["a"])
    return [
        None if row["n"] is None else str(row["n"]),
        row["t"],
        None if row["b"] is None else str(row["b"]).lower(),
        None if row["d"] is None else row["d"].isoformat(),
        None if row["m"] is None else f"{row['m']:.10f}",
        None if elements is None else f"[{elements}]",
    ]


def as_json(row: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        return str(value) if isinstance(value, date | Decimal) else value

    return json.dumps({k: plain(v) for k, v in row.items()})


def as_text(row: dict[str, Any]) -> str:
    """A line with tabs between fields and bars between elements; backslashes escape both."""

    def field(value: str | None) -> str:
        return "\\N" if value is None else value

    text = row["t"]
    if text is not None:
        for special in "\\\t|\x03\x04\x05\x06\x07\x08":
            text = text.replace(special, "\\" + special)
    values = shown(row)
    values[1] = text
    values[5] = None if row["a"] is None else "|".join("\\N" if e is None else str(e) for e in row["a"])
    return "\t".join(map(field, values))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, size=st.integers(1, 6))
def test_the_same_rows_in_every_format(local: LocalLake, rows: list[dict[str, Any]], size: int) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=size)
    packed = pa.BufferOutputStream()
    orc.write_table(table, packed, compression="zstd")
    bodies = {
        (PARQUET, ()): sink.getvalue().to_pybytes(),
        (ORC, ()): packed.getvalue().to_pybytes(),
        (JSON, ()): "".join(f"{as_json(r)}\n" for r in rows).encode(),
        (OPENX, ()): "".join(f"{as_json(r)}\n" for r in rows).encode(),
        (LAZY, (("field.delim", "\t"), ("collection.delim", "|"), ("escape.delim", "\\"))): "".join(
            f"{as_text(r)}\n" for r in rows
        ).encode(),
    }
    expected = [shown(r) for r in rows]
    for (serde, options), body in bodies.items():
        local.catalog.add("t", COLUMNS, serde=serde, serde_parameters=dict(options))
        put(local, "s3://lake/t/a", body)
        for _ in range(2):
            assert local.rows("SELECT * FROM t") == expected, serde
