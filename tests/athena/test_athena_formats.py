"""ORC, Avro and Parquet files, schemas that change, partitions with columns of their own, hidden columns.

Expected rows follow Athena's user guide (handle schema updates, SerDe reference) and the files that pyarrow writes here.
"""
# ruff: noqa: E501 - a table of cases reads best with a case on a line

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena_fakes import JSON, PARQUET, LocalLake
from pyarrow import orc
from test_athena_tables import put, put_lines, put_parquet

from workshop.sandbox.athena.catalog.glue import NULL_PARTITION, Partition
from workshop.sandbox.athena.errors import AthenaError

ORC = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
AVRO = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def put_orc(local: LocalLake, uri: str, table: pa.Table, **options: Any) -> None:
    sink = io.BytesIO()
    orc.write_table(table, sink, **options)
    put(local, uri, sink.getvalue())


INT = pa.int32()
AT = datetime(2020, 2, 3, 4, 5, 6, 123600)
# (column of the table, column of the file, value as Athena prints it)
PARQUET_TYPES = [
    ("tinyint", pa.array([-1], pa.int8()), "-1"),
    ("tinyint", pa.array([7], pa.int32()), "7"),
    ("smallint", pa.array([-1], pa.int16()), "-1"),
    ("bigint", pa.array([5], pa.int32()), "5"),
    ("bigint", pa.array([5], pa.uint32()), "5"),
    ("double", pa.array([1.5], pa.float32()), "1.5"),
    ("decimal(10,2)", pa.array([Decimal("1.50")], pa.decimal128(10, 2)), "1.50"),
    ("decimal(12,3)", pa.array([Decimal("1.50")], pa.decimal128(10, 2)), "1.500"),
    ("decimal(38,10)", pa.array([Decimal("1234567890123456789012345678.0123456789")], pa.decimal128(38, 10)), "1234567890123456789012345678.0123456789"),
    ("decimal(5,0)", pa.array([7], pa.int32()), "7"),
    ("string", pa.array(["x"], pa.large_string()), "x"),
    ("string", pa.array(["x"]).dictionary_encode(), "x"),
    ("string", pa.array([b"x"], pa.binary()), "x"),
    ("varchar(2)", pa.array(["abc"]), "ab"),
    ("char(3)", pa.array(["a"]), "a  "),
    ("binary", pa.array([b"\x00\xff"]), "00 ff"),
    ("date", pa.array([date(2020, 2, 3)]), "2020-02-03"),
    ("timestamp", pa.array([AT], pa.timestamp("ms")), "2020-02-03 04:05:06.123"),
    ("timestamp", pa.array([AT], pa.timestamp("us")), "2020-02-03 04:05:06.124"),
    ("timestamp", pa.array([AT], pa.timestamp("ns")), "2020-02-03 04:05:06.124"),
    ("timestamp", pa.array([AT], pa.timestamp("us", "UTC")), "2020-02-03 04:05:06.124"),
    ("boolean", pa.array([True]), "true"),
    ("int", pa.nulls(1), None),
    ("array<bigint>", pa.array([[1, None]], pa.list_(INT)), "[1, null]"),
    ("map<string,double>", pa.array([[("k", 1.5)]], pa.map_(pa.string(), pa.float32())), "{k=1.5}"),
    ("struct<a:bigint,b:string>", pa.array([{"b": "x", "a": 1}], pa.struct([("b", pa.string()), ("a", INT)])), "{a=1, b=x}"),
    ("struct<a:bigint,new:string>", pa.array([{"a": 1, "old": True}]), "{a=1, new=null}"),
    ("array<struct<a:int,at:timestamp>>", pa.array([[{"at": AT}]], pa.list_(pa.struct([("at", pa.timestamp("us"))]))), "[{a=null, at=2020-02-03 04:05:06.124}]"),
    ("map<string,array<map<string,int>>>", pa.array([[("k", [[("l", 1)]])]], pa.map_(pa.string(), pa.list_(pa.map_(pa.string(), INT)))), "{k=[{l=1}]}"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "stored", "shown"), PARQUET_TYPES)
def test_parquet_types(local: LocalLake, declared: str, stored: pa.Array, shown: str | None) -> None:
    local.catalog.add("t", f"v {declared}")
    put_parquet(local, "s3://lake/t/a.parquet", pa.table({"v": stored}))
    assert local.rows("SELECT v FROM t") == [[shown]]


def test_parquet_of_int96(local: LocalLake) -> None:
    local.catalog.add("t", "v timestamp")
    path = put_parquet(local, "s3://lake/t/a.parquet", pa.table({"v": [AT]}))
    pq.write_table(pa.table({"v": [AT]}), path, use_deprecated_int96_timestamps=True)
    assert local.rows("SELECT v FROM t WHERE v > TIMESTAMP '2020-01-01 00:00:00'") == [["2020-02-03 04:05:06.124"]]


# Types that a table must not give to a column of a file (declared, column, its name in the message)
MISMATCHES = [
    ("int", pa.array([1], pa.int64()), "INT64"),
    ("double", pa.array([1], pa.int64()), "INT64"),
    ("string", pa.array([1], pa.int32()), "INT32"),
    ("bigint", pa.array(["x"]), "BINARY"),
    ("float", pa.array([1.5], pa.float64()), "DOUBLE"),
    ("date", pa.array(["2020-01-01"]), "BINARY"),
    ("timestamp", pa.array([date(2020, 1, 1)]), "INT32"),
    ("int", pa.array([[1]]), "array(bigint)"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "stored", "named"), MISMATCHES)
def test_parquet_of_another_type(local: LocalLake, declared: str, stored: pa.Array, named: str) -> None:
    local.catalog.add("t", f"v {declared}; other int")
    put_parquet(local, "s3://lake/t/a.parquet", pa.table({"v": stored, "other": pa.array([7], INT)}))
    with pytest.raises(AthenaError) as refused:
        local.run("SELECT v FROM t")
    message = f"HIVE_BAD_DATA: Field v's type {named} in parquet file s3://lake/t/a.parquet is incompatible with type "
    assert str(refused.value).startswith(message)
    assert local.rows("SELECT other FROM t") == [["7"]]  # only what is read matters


def test_files_of_one_table_may_differ(local: LocalLake) -> None:
    """Widened, missing, reordered and removed columns (handle schema updates: Parquet by name)."""
    local.catalog.add("t", "a bigint; b double; s struct<x:bigint,y:string>")
    put_parquet(local, "s3://lake/t/1.parquet", pa.table({"a": pa.array([1], INT), "b": pa.array([0.5], pa.float32())}))
    put_parquet(local, "s3://lake/t/2.parquet", pa.table({"gone": [1], "B": [1.5], "A": [2], "s": [{"y": "q"}]}))
    put_parquet(local, "s3://lake/t/3.parquet", pa.table({"s": [{"z": 1, "x": 9}], "a": pa.array([3], pa.int16())}))
    expected = [["1", "0.5", None], ["2", "1.5", "{x=null, y=q}"], ["3", None, "{x=9, y=null}"]]
    assert local.rows("SELECT * FROM t ORDER BY a") == expected
    assert local.rows("""SELECT a FROM t WHERE "$path" LIKE '%/3.parquet'""") == [["3"]]


def test_parquet_by_index(local: LocalLake) -> None:
    options = {"parquet.column.index.access": "true"}
    local.catalog.add("t", "x bigint; y string; z int", serde_parameters=options)
    path = put_parquet(local, "s3://lake/t/1.parquet", pa.table({"a": [1], "z": ["q"]}))
    assert local.rows("SELECT * FROM t") == [["1", "q", None]]
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    assert local.run("SELECT x FROM t").scanned == chunk.total_compressed_size


ORC_TABLE = pa.table(
    {
        "a": pa.array([1, None], pa.int64()),
        "b": ["x", None],
        "c": pa.array([AT, None], pa.timestamp("ns")),
        "d": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        "e": pa.array([date(2020, 2, 3), None]),
        "f": pa.array([[1, 2], None], pa.list_(INT)),
        "g": pa.array([{"x": 1, "y": "q"}, None], pa.struct([("x", INT), ("y", pa.string())])),
        "h": pa.array([[("k", 1.5)], None], pa.map_(pa.string(), pa.float64())),
        "i": pa.array([True, None]),
    }
)
ORC_COLUMNS = "bigint; {} string; {} timestamp; {} decimal(10,2); {} date; {} array<int>; {} struct<x:int,y:string>; {} map<string,double>; {} boolean"
ORC_ROWS = [
    ["1", "x", "2020-02-03 04:05:06.124", "1.50", "2020-02-03", "[1, 2]", "{x=1, y=q}", "{k=1.5}", "true"],
    [None] * 9,
]


@pytest.mark.parametrize("codec", ["uncompressed", "zlib", "snappy", "zstd", "lz4"])
@pytest.mark.parametrize(("names", "options"), [("opqrstuvw", {}), ("abcdefghi", {"orc.column.index.access": "false"})])
def test_orc(local: LocalLake, codec: str, names: str, options: dict[str, str]) -> None:
    """By index, whatever the columns are called; by name if the table says so. Only columns that are read are scanned."""
    local.catalog.add("t", f"{names[0]} " + ORC_COLUMNS.format(*names[1:]), serde=ORC, serde_parameters=options)
    put_orc(local, "s3://lake/t/1.orc", ORC_TABLE, compression=codec)
    assert local.rows(f"SELECT * FROM t ORDER BY {names[0]}") == ORC_ROWS
    sizes = [local.run(f"SELECT {sql} FROM t").scanned for sql in ("count(*)", f"max({names[0]})", "*")]
    assert sizes[0] == 0 < sizes[1] < sizes[2] < local.storage.path("s3://lake/t/1.orc").stat().st_size


def test_orc_of_several_stripes_and_files(local: LocalLake) -> None:
    local.catalog.add("t", "n bigint; added string", serde=ORC)
    for i in range(3):
        put_orc(
            local, f"s3://lake/t/{i}.orc", pa.table({"n": range(i * 100_000, (i + 1) * 100_000)}), stripe_size=100_000
        )
    assert local.rows("SELECT count(*), sum(n), count(added) FROM t") == [["300000", "44999850000", "0"]]


def test_what_is_no_orc(local: LocalLake) -> None:
    local.catalog.add("t", "n bigint", serde=ORC)
    put(local, "s3://lake/t/1.orc", b"text")
    with pytest.raises(AthenaError, match="HIVE_BAD_DATA: Malformed ORC file"):
        local.run("SELECT n FROM t")


@dataclass
class AvroFile:
    """A container file put together by hand, independently of the engine's own writer."""

    schema: dict[str, Any]
    rows: Sequence[bytes]

    def body(self) -> bytes:
        head = b"Obj\x01" + zigzag(1) + text("avro.schema") + text(json.dumps(self.schema)) + zigzag(0)
        mark = b"0123456789abcdef"
        block = b"".join(self.rows)
        return head + mark + zigzag(len(self.rows)) + zigzag(len(block)) + block + mark


def zigzag(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    out = b""
    while number > 0x7F:
        out += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return out + bytes((number,))


def text(value: str) -> bytes:
    return zigzag(len(value.encode())) + value.encode()


# (Avro type, value as bytes, column's type, value as Athena prints it)
AVRO_TYPES = [
    ("int", zigzag(-3), "int", "-3"),
    ("long", zigzag(2**40), "bigint", str(2**40)),
    ("boolean", b"\x01", "boolean", "true"),
    ("string", text("é"), "string", "é"),
    ("bytes", zigzag(2) + b"\x00\xff", "binary", "00 ff"),
    (["null", "int"], zigzag(0), "int", None),
    (["null", "int"], zigzag(1) + zigzag(5), "int", "5"),
    ({"type": "int", "logicalType": "date"}, zigzag(18276), "date", "2020-01-15"),
    ({"type": "long", "logicalType": "timestamp-millis"}, zigzag(1579059880123), "timestamp", "2020-01-15 03:44:40.123"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}, zigzag(2) + (-150).to_bytes(2, "big", signed=True), "decimal(5,2)", "-1.50"),
    ({"type": "enum", "name": "e", "symbols": ["A", "B"]}, zigzag(1), "string", "B"),
    ({"type": "array", "items": "int"}, zigzag(2) + zigzag(1) + zigzag(2) + zigzag(0), "array<int>", "[1, 2]"),
    ({"type": "map", "values": "int"}, zigzag(-1) + zigzag(3) + text("k") + zigzag(7) + zigzag(0), "map<string,int>", "{k=7}"),
    ({"type": "record", "name": "r", "fields": [{"name": "X", "type": "int"}]}, zigzag(4), "struct<x:int>", "{x=4}"),
]  # fmt: skip


@pytest.mark.parametrize(("avro", "value", "declared", "shown"), AVRO_TYPES)
def test_avro_types(local: LocalLake, avro: Any, value: bytes, declared: str, shown: str | None) -> None:
    local.catalog.add("t", f"v {declared}; missing string", serde=AVRO)
    schema = {
        "type": "record",
        "name": "row",
        "fields": [{"name": "other", "type": "string"}, {"name": "V", "type": avro}],
    }
    put(local, "s3://lake/t/a.avro", AvroFile(schema, [text("o") + value] * 2).body())
    assert local.rows("SELECT * FROM t") == [[shown, None]] * 2


def test_avro_of_no_blocks(local: LocalLake) -> None:
    local.catalog.add("t", "a int", serde=AVRO)
    body = AvroFile({"type": "record", "name": "row", "fields": [{"name": "a", "type": "int"}]}, [zigzag(1)]).body()
    put(local, "s3://lake/t/a.avro", body[: body.index(b"0123456789abcdef") + 16])  # no blocks at all
    put(local, "s3://lake/t/b.avro", body)
    assert local.rows("SELECT a FROM t") == [["1"]]


def test_avro_defaults_and_refusals(local: LocalLake) -> None:
    reader = {
        "type": "record",
        "name": "row",
        "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "string", "default": "none"}],
    }
    local.catalog.add("t", "a int; b string", serde=AVRO, serde_parameters={"avro.schema.literal": json.dumps(reader)})
    schema: dict[str, Any] = {"type": "record", "name": "row", "fields": [{"name": "a", "type": "int"}]}
    put(local, "s3://lake/t/a.avro", AvroFile(schema, [zigzag(1)]).body())
    assert local.rows("SELECT * FROM t") == [["1", "none"]]
    schema["fields"][0]["type"] = ["int", "string"]
    put(local, "s3://lake/t/a.avro", AvroFile(schema, [zigzag(0) + zigzag(1)]).body())
    with pytest.raises(AthenaError, match="NOT_SUPPORTED: An Avro union of several types"):
        local.run("SELECT * FROM t")
    put(local, "s3://lake/t/a.avro", b"text")
    with pytest.raises(AthenaError, match="HIVE_BAD_DATA: Not a valid Avro file: s3://lake/t/a"):
        local.run("SELECT * FROM t")


def descriptor(location: str, listed: str, serde: str = PARQUET, **parameters: str) -> dict[str, Any]:
    columns = [dict(zip(("Name", "Type"), c.strip().split(" ", 1), strict=True)) for c in listed.split(";")]
    info = {"SerializationLibrary": serde, "Parameters": parameters}
    return {"Columns": columns, "Location": location, "SerdeInfo": info}


def partition(
    local: LocalLake, table: str, key: str | None, listed: str, serde: str = PARQUET, **parameters: str
) -> str:
    location = f"s3://lake/{table}/k={NULL_PARTITION if key is None else key}/"
    storage = descriptor(location, listed, serde, **parameters)
    local.catalog.registered.setdefault(table, []).append(Partition((key,), location, storage))
    return location


def test_partitions_with_columns_of_their_own(local: LocalLake) -> None:
    """An old partition lacks a column and has a narrower one; the table's types are what the query sees."""
    local.catalog.add("t", "a bigint; b string; c double", "k string")
    old = partition(local, "t", "old", "a int; c float")
    put_parquet(local, old + "1.parquet", pa.table({"a": pa.array([1], INT), "c": pa.array([0.5], pa.float32())}))
    new = partition(local, "t", "new", "a bigint; b string; c double")
    put_parquet(local, new + "1.parquet", pa.table({"a": [2], "b": ["x"], "c": [1.5]}))
    assert local.rows("SELECT * FROM t ORDER BY a") == [["1", None, "0.5", "old"], ["2", "x", "1.5", "new"]]
    assert local.types("SELECT * FROM t") == ["bigint", "varchar", "double", "varchar"]


def test_text_partitions_by_index_and_serde(local: LocalLake) -> None:
    local.catalog.add("t", "a bigint; b string", "k string", serde=LAZY, serde_parameters={"field.delim": ","})
    put(local, partition(local, "t", "1", "x int; y string", LAZY, **{"field.delim": "|"}) + "f", b"1|x\n")
    put(local, partition(local, "t", "2", "a bigint; b string", LAZY, **{"field.delim": ","}) + "f", b"2,y\n")
    put_lines(local, partition(local, "t", "3", "b string; a bigint", JSON) + "f", {"a": 3, "b": "z"})
    assert local.rows("SELECT a, b, k FROM t WHERE k < '3' ORDER BY a") == [["1", "x", "1"], ["2", "y", "2"]]
    put_parquet(local, partition(local, "t", "4", "b string; a bigint") + "f.parquet", pa.table({"a": [4], "b": ["w"]}))
    assert local.rows("SELECT a, b FROM t WHERE k = '4'") == [["4", "w"]]
    assert local.rows("""SELECT a, b, "$path" FROM t ORDER BY a""")[2] == ["3", "z", "s3://lake/t/k=3/f"]


def test_a_partition_whose_types_do_not_fit(local: LocalLake) -> None:
    local.catalog.add("t", "a int; b string", "k string")
    put_parquet(
        local, partition(local, "t", "x", "a string; b string") + "1.parquet", pa.table({"a": [["1"]], "b": ["x"]})
    )
    local.catalog.registered["t"] = [
        Partition(("x",), "s3://lake/t/k=x/", descriptor("s3://lake/t/k=x/", "a array<string>; b string"))
    ]
    with pytest.raises(AthenaError) as refused:
        local.run("SELECT b FROM t")
    assert str(refused.value) == (
        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types are "
        "incompatible and cannot be coerced. The column 'a' in table 'lake.t' is declared as type 'int', but partition "
        "'k=x' declared column 'a' as type 'array<string>'."
    )


def test_partitions_anywhere_and_of_null(local: LocalLake) -> None:
    local.catalog.add("t", "a int", "k int")
    for key, location in ((None, "s3://lake/t/k=none/"), ("7", "s3://other/place/"), ("8", "s3://lake/t/eight")):
        put_parquet(local, location.rstrip("/") + "/1.parquet", pa.table({"a": pa.array([1], INT)}))
        local.catalog.registered.setdefault("t", []).append(Partition((key,), location))
    put_parquet(
        local, "s3://lake/t/eighty/1.parquet", pa.table({"a": pa.array([9], INT)})
    )  # not of the partition `eight`
    assert local.rows("SELECT a, k FROM t ORDER BY k") == [["1", "7"], ["1", "8"], ["1", None]]
    assert local.rows("""SELECT "$partition" FROM t WHERE k IS NULL""") == [[f"k={NULL_PARTITION}"]]
    assert local.rows("SELECT count(*) FROM t WHERE k = 7") == [["1"]]


def test_hidden_columns(local: LocalLake) -> None:
    local.catalog.add("t", "a int", "k string; day date")
    for i, (k, day) in enumerate((("x", "2020-01-01"), ("y", "2020-01-02"))):
        location = f"s3://lake/t/{i}/"
        put_parquet(local, f"{location}f.parquet", pa.table({"a": pa.array(range(i * 1000 + 1), INT)}))
        local.catalog.registered.setdefault("t", []).append(Partition((k, day), location))
    paths = [local.storage.path(f"s3://lake/t/{i}/f.parquet") for i in range(2)]
    sizes = [str(p.stat().st_size) for p in paths]
    sql = 'SELECT DISTINCT "$path", "$file_size", "$partition" FROM t ORDER BY 1'
    assert local.rows(sql) == [
        ["s3://lake/t/0/f.parquet", sizes[0], "k=x/day=2020-01-01"],
        ["s3://lake/t/1/f.parquet", sizes[1], "k=y/day=2020-01-02"],
    ]
    assert local.types(sql) == ["varchar", "bigint", "varchar"]
    stamp = datetime.fromtimestamp(paths[0].stat().st_mtime, UTC)
    assert local.rows('SELECT "$file_modified_time" FROM t LIMIT 1') == [
        [f"{stamp:%Y-%m-%d %H:%M:%S}.{stamp.microsecond // 1000:03} UTC"]
    ]
    assert local.types('SELECT "$file_modified_time" FROM t') == ["timestamp with time zone"]
    assert local.rows("SELECT * FROM t WHERE k = 'x'") == [["0", "x", "2020-01-01"]]


@pytest.mark.parametrize(
    ("where", "opened"),
    [
        ('"$file_size" > {size}', [1]),
        ("\"$path\" = 's3://lake/t/0/f.parquet'", [0]),
        ("regexp_like(\"$path\", 't/1/')", [1]),
        ("\"$partition\" = 'k=y'", [1]),
        ("\"$file_modified_time\" > TIMESTAMP '2100-01-01 00:00:00 UTC'", []),
        ("\"$path\" = 's3://lake/t/0/f.parquet' OR a = 1", [0, 1]),
    ],
)
def test_predicates_on_hidden_columns_prune(local: LocalLake, where: str, opened: list[int]) -> None:
    local.catalog.add("t", "a int", "k string")
    for i, k in enumerate(("x", "y")):
        put_parquet(local, f"s3://lake/t/{i}/f.parquet", pa.table({"a": pa.array(range(i * 1000 + 1), INT)}))
        local.catalog.registered.setdefault("t", []).append(Partition((k,), f"s3://lake/t/{i}/"))
    size = local.storage.path("s3://lake/t/0/f.parquet").stat().st_size
    local.rows(f"SELECT count(*) FROM t WHERE {where.format(size=size)}")
    assert local.storage.fetched == [f"s3://lake/t/{i}/f.parquet" for i in opened]


def test_ten_thousand_partitions(local: LocalLake) -> None:
    local.catalog.add("t", "a int", "k string", serde=LAZY)
    local.catalog.registered["t"] = [Partition((f"{i:05}",), f"s3://lake/t/k={i:05}/") for i in range(10_000)]
    for i in (0, 5000, 9999):
        put(local, f"s3://lake/t/k={i:05}/f", b"%d\n" % i)
    assert local.rows("SELECT sum(a), count(DISTINCT k) FROM t") == [["14999", "3"]]
    assert local.rows("SELECT a FROM t WHERE k = '05000'") == [["5000"]]


# OpenX's options: (SerDe properties, columns, lines, rows)
OPENX = [
    ({"ignore.malformed.json": "true"}, "a int", '{"a": 1}\nbad\n{"a": \n{"a": 2}\n', [["1"], [None], [None], ["2"]]),
    ({"mapping.a": "class"}, "a int", '{"class": 1}\n{"CLASS": 2}\n', [["1"], ["2"]]),
    ({"case.insensitive": "false", "mapping.a": "A"}, "a int; b int", '{"A": 1, "a": 2, "B": 3}\n', [["1", None]]),
    ({"dots.in.keys": "true"}, "a_b int", '{"a.b": 1}\n{"a_b": 2}\n', [["1"], ["2"]]),
    ({}, "a struct<x:int,y:string>", '{"a": [1, "q"]}\n', [["{x=1, y=q}"]]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "columns", "lines", "expected"), OPENX)
def test_openx_options(
    local: LocalLake, options: dict[str, str], columns: str, lines: str, expected: list[list[str | None]]
) -> None:
    local.catalog.add("t", columns, serde="org.openx.data.jsonserde.JsonSerDe", serde_parameters=options)
    put(local, "s3://lake/t/a.json", lines.encode())
    assert local.rows("SELECT * FROM t") == expected


def test_a_bad_column_does_not_matter_to_those_who_do_not_ask_for_it(local: LocalLake) -> None:
    local.catalog.add("t", "a int; b int", serde=JSON)
    put_lines(local, "s3://lake/t/a.json", {"a": 1, "b": "many"}, {"a": 2})
    assert local.rows("SELECT a FROM t ORDER BY a") == [["1"], ["2"]]
    assert local.rows("SELECT count(*) FROM t") == [["2"]]
    with pytest.raises(AthenaError, match="HIVE_BAD_DATA: Error Parsing a row"):
        local.run("SELECT b FROM t")
