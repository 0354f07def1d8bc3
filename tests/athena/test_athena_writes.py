"""INSERT INTO, CREATE TABLE AS and UNLOAD in every format: what lies in S3 afterwards, and what the engine reads back."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import bz2
import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from athena_fakes import JSON, NOW, PARQUET, FakeStorage, LocalLake
from pyarrow import orc

from workshop.sandbox.athena.catalog.glue import NULL_PARTITION, Partition
from workshop.sandbox.athena.errors import AthenaError, QueryCancelledError
from workshop.sandbox.athena.reading.storage import Encryption
from workshop.sandbox.athena.run import Cancellation, Job, Lake, run
from workshop.sandbox.athena.syntax.statements import parse

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
ORC = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
AVRO = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
EVERY_TYPE = """
    SELECT true AS b, TINYINT '1' AS t, SMALLINT '2' AS s, 3 AS i, BIGINT '4' AS l, REAL '1.5' AS f, 2.5e0 AS d,
        CAST('12345678901234567890.12' AS decimal(22,2)) AS m, 'x,y' AS v, CAST('ab' AS varchar(5)) AS w, CAST('c' AS char(3)) AS c, X'00ff' AS y,
        DATE '2020-02-03' AS day, TIMESTAMP '2020-02-03 04:05:06.700' AS at, ARRAY[1, NULL] AS a,
        MAP(ARRAY['k'], ARRAY[7]) AS p, CAST(ROW(1, 'z') AS row(n integer, q varchar)) AS r
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""
VALUES = ["true", "1", "2", "3", "4", "1.5", "2.5", "12345678901234567890.12", "x,y", "ab", "c  ", "00 ff", "2020-02-03",
          "2020-02-03 04:05:06.700", "[1, null]", "{k=7}", "{n=1, q=z}"]  # fmt: skip


def written(local: LocalLake, prefix: str) -> list[str]:
    return [u for u in local.storage.uris() if u.startswith(prefix)]


@pytest.mark.parametrize("properties", [
    "format = 'PARQUET'", "format = 'parquet', write_compression = 'ZSTD', compression_level = 4", "format = 'PARQUET', parquet_compression = 'SNAPPY'",
    "format = 'ORC'", "format = 'ORC', orc_compression = 'SNAPPY'", "format = 'ORC', write_compression = 'NONE'",
    "format = 'AVRO'", "format = 'AVRO', write_compression = 'SNAPPY'", "format = 'AVRO', write_compression = 'ZSTD'",
    "format = 'JSON'", "format = 'JSON', write_compression = 'BZIP2'",
    "format = 'TEXTFILE'", "format = 'TEXTFILE', field_delimiter = '|', write_compression = 'ZSTD'", "format = 'TEXTFILE', write_compression = 'SNAPPY'",
    "format = 'TEXTFILE', write_compression = 'LZ4'", "format = 'TEXTFILE', write_compression = 'DEFLATE'", "format = 'TEXTFILE', write_compression = 'NONE'",
])  # fmt: skip
def test_every_type_in_every_format(local: LocalLake, properties: str) -> None:
    """What CREATE TABLE AS writes, the table that it makes reads."""
    names = "b, t, s, i, l, f, d, m, v, w, c, y, day, at, a, p, r"
    outcome = local.run(f"CREATE TABLE made WITH ({properties}, external_location = 's3://lake/made/') AS {EVERY_TYPE}")
    assert outcome.rows == 2
    found = local.rows(f"SELECT {names} FROM made ORDER BY i")
    expected = list(VALUES)
    if "JSON" in properties:
        expected[11] = found[0][11] or ""  # JSON has no bytes
    assert found == [expected, [None] * len(VALUES)]


def only(local: LocalLake, prefix: str) -> Path:
    [uri] = written(local, prefix)
    return local.storage.path(uri)


SOME = "SELECT 1 AS a, 'x' AS b, CAST(NULL AS varchar) AS c, TIMESTAMP '2020-02-03 04:05:06' AS t"
LINE = b"1\x01x\x01\\N\x012020-02-03 04:05:06\n"


@pytest.mark.parametrize(("properties", "read"), [
    ("format = 'TEXTFILE'", lambda p: gzip.decompress(p.read_bytes()) == LINE and p.suffix == ".gz"),
    ("format = 'TEXTFILE', compression = 'BZIP2'", lambda p: bz2.decompress(p.read_bytes()) == LINE and p.suffix == ".bz2"),
    ("format = 'TEXTFILE', compression = 'DEFLATE'", lambda p: zlib.decompress(p.read_bytes()) == LINE),
    ("format = 'TEXTFILE', compression = 'NONE', field_delimiter = ','", lambda p: p.read_bytes() == LINE.replace(b"\x01", b",") and not p.suffix),
    ("format = 'TEXTFILE', compression = 'NONE', field_delimiter = '\\t'", lambda p: p.read_bytes() == LINE.replace(b"\x01", b"\t")),
    ("format = 'JSON'", lambda p: json.loads(gzip.decompress(p.read_bytes())) == {"a": 1, "b": "x", "c": None, "t": "2020-02-03 04:05:06"}),
    ("format = 'PARQUET'", lambda p: pq.ParquetFile(p).metadata.row_group(0).column(0).compression == "GZIP"),
    ("format = 'PARQUET', compression = 'ZSTD'", lambda p: pq.ParquetFile(p).metadata.row_group(0).column(0).compression == "ZSTD"),
    ("format = 'PARQUET', compression = 'UNCOMPRESSED'", lambda p: pq.ParquetFile(p).metadata.row_group(0).column(0).compression == "UNCOMPRESSED"),
    ("format = 'ORC'", lambda p: orc.ORCFile(p).compression == "ZLIB" and orc.ORCFile(p).read().column("a").to_pylist() == [1]),
    ("format = 'ORC', compression = 'SNAPPY'", lambda p: orc.ORCFile(p).compression == "SNAPPY"),
    ("format = 'AVRO'", lambda p: (p.read_bytes().startswith(b"Obj\x01") and b'"avro.codec' in p.read_bytes()) or b"deflate" in p.read_bytes()),
])  # fmt: skip
def test_unload(local: LocalLake, properties: str, read: object) -> None:
    outcome = local.run(f"UNLOAD ({SOME}) TO 's3://lake/out' WITH ({properties})")
    assert callable(read)
    assert read(only(local, "s3://lake/out/"))
    assert local.storage.path(outcome.manifest or "").read_text().split() == written(local, "s3://lake/out/")


TABLES = [
    ("PARQUET", PARQUET, {}),
    ("ORC", ORC, {}),
    ("AVRO", AVRO, {}),
    ("JSON", JSON, {}),
    ("TEXTFILE", LAZY, {"field.delim": ","}),
    ("TEXTFILE", LAZY, {"field.delim": ",", "escape.delim": "\\"}),
]


@pytest.mark.parametrize(("name", "serde", "options"), TABLES)
def test_insert_into_partitions(local: LocalLake, name: str, serde: str, options: dict[str, str]) -> None:
    local.catalog.add("t", "a int; b string; c double", "day date; k string", serde=serde, serde_parameters=options)
    sql = "INSERT INTO t VALUES (1, 'x', 1.5e0, DATE '2020-01-01', 'a/b'), (2, 'y', NULL, DATE '2020-01-02', NULL), (3, NULL, 0e0, DATE '2020-01-01', 'a/b')"
    assert local.run(sql).update_count == 3
    places = {p.values: p.location for p in local.catalog.registered["t"]}
    assert places == {
        ("2020-01-01", "a/b"): "s3://lake/t/day=2020-01-01/k=a%2Fb/",
        ("2020-01-02", None): f"s3://lake/t/day=2020-01-02/k={NULL_PARTITION}/",
    }
    expected = [
        ["1", "x", "1.5", "2020-01-01", "a/b"],
        ["2", "y", None, "2020-01-02", None],
        ["3", None, "0.0", "2020-01-01", "a/b"],
    ]
    assert local.rows("SELECT a, b, c, day, k FROM t ORDER BY a") == expected
    assert local.rows("""SELECT DISTINCT "$partition" FROM t WHERE k IS NULL""") == [
        [f"day=2020-01-02/k={NULL_PARTITION}"]
    ]


def test_escapes_are_written_and_read(local: LocalLake) -> None:
    local.catalog.add(
        "t",
        "a string; b array<string>",
        serde=LAZY,
        serde_parameters={"field.delim": ",", "escape.delim": "\\", "collection.delim": "|"},
    )
    local.run(r"INSERT INTO t VALUES ('x,y\z', ARRAY['p|q', 'r,s', '\'])")
    assert local.rows("SELECT * FROM t") == [["x,y\\z", "[p|q, r,s, \\]"]]


def test_tables_of_glue_that_ctas_makes(local: LocalLake) -> None:
    local.run(
        "CREATE TABLE made WITH (format = 'TEXTFILE', field_delimiter = ',', partitioned_by = ARRAY['k']) AS SELECT 1 AS a, 'x' AS k"
    )
    made = local.catalog.tables["lake", "made"]
    assert (made.serde, dict(made.serde_parameters)) == (LAZY, {"field.delim": ",", "serialization.format": ","})
    assert made.input_format == "org.apache.hadoop.mapred.TextInputFormat"
    assert made.location == "s3://results/tables/q1/"
    assert [c.name for c in made.partition_keys] == ["k"]
    assert local.rows("SELECT * FROM made") == [["1", "x"]]


def test_with_no_data_only_the_table_is_made(local: LocalLake) -> None:
    local.catalog.add("source", "n int", serde=LAZY)
    outcome = local.run(
        "CREATE TABLE made WITH (external_location = 's3://lake/made/') AS SELECT n, 'x' AS x FROM source WITH NO DATA"
    )
    assert (outcome.rows, written(local, "s3://lake/")) == (0, [])
    assert [(c.name, c.hive_type) for c in local.catalog.tables["lake", "made"].columns] == [
        ("n", "int"),
        ("x", "varchar(1)"),
    ]
    assert local.rows("SELECT * FROM made") == []


def test_if_not_exists_leaves_a_table_alone(local: LocalLake) -> None:
    table = local.catalog.add("made", "n int")
    assert local.run("CREATE TABLE IF NOT EXISTS made AS SELECT 1 AS a").rows == 0
    assert local.catalog.tables["lake", "made"] == table
    assert written(local, "s3://results/tables") == []


@pytest.mark.parametrize(("sql", "reason"), [
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'XML')", "INVALID_TABLE_PROPERTY: "),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'SEQUENCEFILE')", "NOT_SUPPORTED: Writing the format SEQUENCEFILE"),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'PARQUET', compression = 'BZIP2')", "INVALID_TABLE_PROPERTY: Unsupported compression for PARQUET: BZIP2"),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'PARQUET', field_delimiter = ',')", "INVALID_TABLE_PROPERTY: Cannot specify field_delimiter"),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'TEXTFILE', field_delimiter = '||')", "INVALID_TABLE_PROPERTY: field_delimiter must be a single character"),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (compression = 'GZIP')", "INVALID_TABLE_PROPERTY: UNLOAD requires the property 'format'"),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'PARQUET', partitioned_by = ARRAY['z'])", "INVALID_TABLE_PROPERTY: Partition columns [z] not present in schema"),
    ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'PARQUET', partitioned_by = ARRAY['a'])", "INVALID_TABLE_PROPERTY: Table contains only partition columns"),
    ("CREATE TABLE made WITH (format = 'PARQUET', bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT 1 AS a", "NOT_SUPPORTED: Bucketing"),
    ("CREATE TABLE made WITH (nonsense = 'x') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY: Catalog 'awsdatacatalog' table property 'nonsense' does not exist"),
    ("CREATE TABLE made AS SELECT now() AS a", "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone"),
    ("INSERT INTO csv VALUES ('x')", "NOT_SUPPORTED: INSERT INTO a table of SerDe org.apache.hadoop.hive.serde2.OpenCSVSerde"),
    ("INSERT INTO openx VALUES ('x')", "NOT_SUPPORTED: INSERT INTO a table of SerDe org.openx.data.jsonserde.JsonSerDe"),
    ("INSERT INTO headed VALUES ('x')", "NOT_SUPPORTED: Inserting into Hive table with skip.header.line.count"),
    ("INSERT INTO buckets VALUES ('x')", "NOT_SUPPORTED: Inserting into bucketed tables is not supported"),
])  # fmt: skip
def test_refused_writes(local: LocalLake, sql: str, reason: str) -> None:
    local.catalog.add("csv", "a string", serde="org.apache.hadoop.hive.serde2.OpenCSVSerde")
    local.catalog.add("openx", "a string", serde="org.openx.data.jsonserde.JsonSerDe")
    local.catalog.add("headed", "a string", serde=LAZY, properties={"skip.header.line.count": "1"})
    local.catalog.add("buckets", "a string", storage={"BucketColumns": ["a"]})
    with pytest.raises(AthenaError) as refused:
        local.run(sql)
    assert str(refused.value).startswith(reason)
    assert local.storage.uris() == []


def test_a_target_that_is_not_empty(local: LocalLake) -> None:
    local.storage.put("s3://lake/out/x", b"1", Encryption())
    for sql in ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out' WITH (format = 'JSON')",
                "CREATE TABLE made WITH (external_location = 's3://lake/out/') AS SELECT 1 AS a"):  # fmt: skip
        with pytest.raises(
            AthenaError, match="HIVE_PATH_ALREADY_EXISTS: Target directory for table already exists: s3://lake/out"
        ):
            local.run(sql)


@pytest.mark.parametrize("name", ["PARQUET", "JSON", "ORC"])
def test_a_hundred_partitions_and_one_more(local: LocalLake, name: str) -> None:
    sql = (
        "UNLOAD (SELECT n, CAST(n AS varchar) AS k FROM UNNEST(sequence(1, {})) t(n)) TO 's3://lake/out{}' WITH (format = '"
        + name
        + "', partitioned_by = ARRAY['k'])"
    )
    assert local.run(sql.format(100, 1)).rows == 100
    assert len(written(local, "s3://lake/out1/")) == 100
    with pytest.raises(AthenaError, match="TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"):
        local.run(sql.format(101, 2))
    assert written(local, "s3://lake/out2/") == []


@dataclass
class StoppingStorage(FakeStorage):
    """Stops the query after some objects have been written."""

    after: int = 2
    cancellation: Cancellation | None = None

    def put(self, uri: str, body: bytes | Path, encryption: Encryption) -> None:
        super().put(uri, body, encryption)
        self.after -= 1
        if self.after == 0 and self.cancellation is not None:
            self.cancellation.stop()


@pytest.mark.parametrize("after", [1, 2, 5])
def test_a_query_that_is_stopped_while_it_writes_leaves_nothing(local: LocalLake, after: int) -> None:
    local.catalog.add("t", "a int", "k string")
    storage = StoppingStorage(local.storage.root, after=after, cancellation=Cancellation())
    sql = "INSERT INTO t VALUES " + ", ".join(f"({i}, '{i}')" for i in range(5))
    job = Job(parse(sql), sql, "lake", "s3://results/q", Encryption(), NOW)
    assert storage.cancellation is not None
    with pytest.raises(QueryCancelledError):
        run(job, Lake(local.catalog, storage), local.engine, storage.cancellation)
    assert storage.uris() == []
    assert local.catalog.registered == {}


def test_partitions_are_registered_after_the_files(local: LocalLake) -> None:
    """A second INSERT into a partition whose folder is elsewhere writes into that folder."""
    local.catalog.add("t", "a int", "k string")
    local.catalog.registered["t"] = [Partition(("x",), "s3://elsewhere/x/")]
    local.run("INSERT INTO t VALUES (1, 'x')")
    assert [p.location for p in local.catalog.registered["t"]] == ["s3://elsewhere/x/"]
    assert [u.rpartition("/")[0] for u in local.storage.uris() if "/t/" in u or "elsewhere" in u] == [
        "s3://elsewhere/x"
    ]


def test_large_results_are_several_files(local: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop.sandbox.athena.writing.files.FILE_BYTES", 200_000)
    local.run(
        "CREATE TABLE made WITH (external_location = 's3://lake/made/') AS SELECT n, CAST(random() AS varchar) AS x FROM UNNEST(sequence(1, 9000)) a(m) CROSS JOIN UNNEST(sequence(1, 30)) b(n)"
    )
    assert len(written(local, "s3://lake/made/")) > 1
    assert local.rows("SELECT count(*), sum(n) FROM made") == [["270000", "4185000"]]


@pytest.mark.parametrize(
    "value", ["a b", "ä=ö", "100%", "a/b:c", "x" * 200, "'; DROP", "{[^#]}", "line\nbreak", "UPPER"]
)
def test_values_of_partitions_of_every_kind(local: LocalLake, value: str) -> None:
    """Escaped in folders as Hive does, and read back; a text that is empty is the partition of NULL."""
    local.catalog.add("t", "a int", "k string")
    quoted = value.replace("'", "''")
    local.run(f"INSERT INTO t VALUES (1, '{quoted}'), (2, '')")
    assert {p.values for p in local.catalog.registered["t"]} == {(value,), (None,)}
    assert local.rows(f"SELECT a, k FROM t WHERE k = '{quoted}'") == [["1", value]]
    assert local.rows("SELECT a, k FROM t WHERE k IS NULL") == [["2", None]]
