"""Reading and writing tables: partitions, pruning, formats, hidden files, accounting, clean-up.

Expected rows and files are written down by hand beside the data.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena_fakes import JSON, LocalLake

from workshop.sandbox.athena.catalog.glue import Partition
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading.opening import BytesScannedCutoffError
from workshop.sandbox.athena.reading.storage import Encryption

PROJECTED = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.format": "yyyy-MM-dd",
    "projection.day.range": "2015-01-01,NOW",
    "storage.location.template": "s3://lake/bronze/day=${day}/",
}


def put(local: LocalLake, uri: str, body: bytes) -> None:
    local.storage.put(uri, body, Encryption())


def put_lines(local: LocalLake, uri: str, *records: object) -> None:
    body = b"".join(json.dumps(r).encode() + b"\n" for r in records)
    put(local, uri, gzip.compress(body) if uri.endswith(".gz") else body)


def put_parquet(local: LocalLake, uri: str, table: pa.Table) -> Path:
    path = local.storage.path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


@pytest.fixture
def bronze(local: LocalLake) -> LocalLake:
    """Three days of JSON under date projection; 2020-12-18 is today."""
    local.catalog.add(
        "bronze", "id string; n int; actor struct<id:bigint,login:string>", "day string",
        serde=JSON, properties=PROJECTED,
    )  # fmt: skip
    for day, n in (("2020-12-16", 1), ("2020-12-17", 2), ("2020-12-18", 3)):
        uri = f"s3://lake/bronze/day={day}/a.json.gz"
        put_lines(local, uri, *({"id": f"{day}-{i}", "n": i, "actor": {"id": i, "login": "x"}} for i in range(n)))
    return local


# (WHERE, days whose files are opened)
PRUNED = [
    ("day = '2020-12-17'", ["2020-12-17"]),
    ("day IN ('2020-12-16', '2020-12-18')", ["2020-12-16", "2020-12-18"]),
    ("day BETWEEN '2020-12-17' AND '2020-12-31'", ["2020-12-17", "2020-12-18"]),
    ("day >= '2020-12-17' AND n >= 0", ["2020-12-17", "2020-12-18"]),
    ("CAST(day AS date) = CURRENT_DATE", ["2020-12-18"]),
    ("CAST(day AS date) >= CURRENT_DATE - INTERVAL '1' DAY", ["2020-12-17", "2020-12-18"]),
    ("day = '2020-12-17' OR day = '2020-12-16'", ["2020-12-16", "2020-12-17"]),
    ("day = '2020-12-17' OR n = 0", ["2020-12-16", "2020-12-17", "2020-12-18"]),
    ("day = '2031-01-01'", []),
    ("\"$path\" LIKE '%2020-12-17/a.json.gz'", ["2020-12-17"]),
]


@pytest.mark.parametrize(("where", "days"), PRUNED)
def test_only_matching_partitions_are_read(bronze: LocalLake, where: str, days: list[str]) -> None:
    bronze.rows(f"SELECT id FROM bronze WHERE {where}")
    assert [uri.split("=")[1][:10] for uri in bronze.storage.fetched] == days


def test_an_unbounded_projection_is_listed_once(bronze: LocalLake) -> None:
    assert bronze.rows("SELECT count(*) FROM bronze") == [["6"]]
    assert bronze.storage.listed == ["s3://lake/bronze/day="]


def test_one_day_lists_only_its_folder(bronze: LocalLake) -> None:
    bronze.rows("SELECT id FROM bronze WHERE day = '2020-12-17'")
    assert bronze.storage.listed == ["s3://lake/bronze/day=2020-12-17/"]


def test_outer_joins_prune_only_what_they_may(bronze: LocalLake) -> None:
    rows = bronze.rows(
        "SELECT a.id, b.id FROM bronze a LEFT JOIN bronze b ON a.id = b.id AND b.day = '2020-12-17' "
        "WHERE a.day >= '2020-12-17' AND b.day IS NULL ORDER BY 1"
    )
    assert rows == [[f"2020-12-18-{i}", None] for i in range(3)]


def test_an_inner_join_does_not_prune_a_side_that_an_outer_join_fills(bronze: LocalLake) -> None:
    """ON asks for rows of b that are missing; reading no day of b would make all of them missing."""
    rows = bronze.rows(
        "SELECT a.id FROM bronze a LEFT JOIN bronze b ON a.id = b.id AND b.n < 1 "
        "JOIN (VALUES 1) AS c(one) ON b.day IS NULL WHERE a.day = '2020-12-17'"
    )
    assert rows == [["2020-12-17-1"]]


def test_path_and_partition_columns(bronze: LocalLake) -> None:
    assert bronze.rows('SELECT DISTINCT "$path", day FROM bronze WHERE n = 1 ORDER BY day') == [
        ["s3://lake/bronze/day=2020-12-17/a.json.gz", "2020-12-17"],
        ["s3://lake/bronze/day=2020-12-18/a.json.gz", "2020-12-18"],
    ]
    assert bronze.rows("SELECT * FROM bronze WHERE n = 2") == [["2020-12-18-2", "2", "{id=2, login=x}", "2020-12-18"]]


def test_hidden_and_empty_objects_are_skipped(bronze: LocalLake) -> None:
    for name in ("_temporary/x.json", ".staging.json", "_SUCCESS"):
        put_lines(bronze, f"s3://lake/bronze/day=2020-12-18/{name}", {"id": "hidden"})
    put(bronze, "s3://lake/bronze/day=2020-12-18/empty.json", b"")
    assert bronze.rows("SELECT count(*) FROM bronze WHERE day = '2020-12-18'") == [["3"]]


def test_text_costs_whole_compressed_objects(bronze: LocalLake) -> None:
    sizes = {p.parent.name: p.stat().st_size for p in bronze.storage.root.rglob("*.gz")}
    assert bronze.run("SELECT id FROM bronze WHERE day = '2020-12-17'").scanned == sizes["day=2020-12-17"]
    assert bronze.run("SELECT count(*) FROM bronze").scanned == sum(sizes.values())
    assert bronze.run("SELECT count(*) FROM bronze WHERE day >= '2020-12-17'").scanned == (
        sizes["day=2020-12-17"] + sizes["day=2020-12-18"]
    )


def test_cutoff(bronze: LocalLake) -> None:
    with pytest.raises(BytesScannedCutoffError):
        bronze.run("SELECT id FROM bronze", cutoff=10)


def test_parquet_by_name_across_files(local: LocalLake) -> None:
    """A column that a file lacks is NULL there; a narrower integer is widened; names match in any case."""
    local.catalog.add("p", "a bigint; b string; c double")
    put_parquet(local, "s3://lake/p/1.parquet", pa.table({"B": ["x"], "a": pa.array([1], pa.int32())}))
    put_parquet(local, "s3://lake/p/2.parquet", pa.table({"a": pa.array([2], pa.int64()), "extra": [True]}))
    assert local.rows("SELECT a, b, c FROM p ORDER BY a") == [["1", "x", None], ["2", None, None]]


def test_parquet_of_another_type_is_refused(local: LocalLake) -> None:
    local.catalog.add("p", "a bigint")
    put_parquet(local, "s3://lake/p/1.parquet", pa.table({"a": ["text"]}))
    with pytest.raises(
        AthenaError, match=r"HIVE_BAD_DATA: Field a's type BINARY in parquet file .*1\.parquet is incompat"
    ):
        local.run("SELECT a FROM p")


def test_parquet_costs_the_referenced_leaf_columns(local: LocalLake) -> None:
    local.catalog.add("p", "a bigint; s struct<x:bigint,y:string>")
    data = pa.table({"a": range(1000), "s": [{"x": i, "y": f"text {i}"} for i in range(1000)]})
    path = put_parquet(local, "s3://lake/p/1.parquet", data)
    group = pq.ParquetFile(path).metadata.row_group(0)
    size = {group.column(i).path_in_schema: group.column(i).total_compressed_size for i in range(3)}
    assert local.run("SELECT sum(a) FROM p").scanned == size["a"]
    assert local.run("SELECT max(s.y) FROM p").scanned == size["s.y"]
    assert local.run("SELECT s FROM p").scanned == size["s.x"] + size["s.y"]
    assert local.run("SELECT count(*) FROM p").scanned == 0


@pytest.fixture
def silver(local: LocalLake) -> LocalLake:
    local.catalog.add("silver", "id bigint; name string; at timestamp", "year string; month string",
                      properties={"parquet.compression": "ZSTD"})  # fmt: skip
    return local


def test_insert_writes_partitions_and_registers_them(silver: LocalLake) -> None:
    outcome = silver.run(
        "INSERT INTO silver SELECT id, name, TIMESTAMP '2020-12-18 01:02:03', '2020', lpad(CAST(id AS varchar), 2, '0') "
        "FROM (VALUES (1, 'a'), (2, 'b'), (2, 'c')) v(id, name)"
    )
    assert (outcome.rows, outcome.update_count) == (3, 3)
    assert sorted(silver.catalog.registered["silver"], key=lambda p: p.values) == [
        Partition(("2020", "01"), "s3://lake/silver/year=2020/month=01/"),
        Partition(("2020", "02"), "s3://lake/silver/year=2020/month=02/"),
    ]
    assert outcome.manifest is not None
    listed = silver.storage.path(outcome.manifest).read_text().split()
    assert listed == [k for k in silver.storage.uris() if k.startswith("s3://lake/silver/")]
    file = pq.ParquetFile(silver.storage.path(listed[0]))
    assert file.schema_arrow.names == ["id", "name", "at"]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert silver.rows("SELECT id, name, at, year, month FROM silver ORDER BY name") == [
        ["1", "a", "2020-12-18 01:02:03.000", "2020", "01"],
        ["2", "b", "2020-12-18 01:02:03.000", "2020", "02"],
        ["2", "c", "2020-12-18 01:02:03.000", "2020", "02"],
    ]


def test_a_second_insert_adds_files_and_keeps_partitions(silver: LocalLake) -> None:
    for _ in range(2):
        silver.run("INSERT INTO silver (id, year, month) VALUES (1, '2020', '12')")
    assert len(silver.catalog.registered["silver"]) == 1
    assert silver.rows("SELECT id, name FROM silver") == [["1", None], ["1", None]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO silver SELECT 1, 'a'", "TYPE_MISMATCH: Insert query has mismatched column types: Table: [bigint,"),
        ("INSERT INTO silver SELECT '1', 'a', now(), '2020', '12'", "TYPE_MISMATCH: Insert query has mismatched"),
        ("INSERT INTO silver (nope) VALUES (1)", "COLUMN_NOT_FOUND: Insert column name does not exist in target table: nope"),
        ("INSERT INTO silver (id, id) VALUES (1, 2)", "DUPLICATE_COLUMN_NAME: "),
        ("INSERT INTO missing VALUES (1)", "TABLE_NOT_FOUND: "),
        ("UNLOAD (SELECT 1) TO 's3://lake/out/' WITH (format = 'PARQUET')", "MISSING_COLUMN_NAME: Column name not specified"),
        ("UNLOAD (SELECT 1 AS a, 2 AS a) TO 's3://lake/out/' WITH (format = 'PARQUET')",
         "DUPLICATE_COLUMN_NAME: Column name 'a' specified more than once"),
        ("UNLOAD (SELECT NULL AS a) TO 's3://lake/out/' WITH (format = 'PARQUET')",
         "COLUMN_TYPE_UNKNOWN: Column type is unknown"),
        ("UNLOAD (SELECT 1 AS a) TO 's3://lake/out/' WITH (format = 'ION')", "NOT_SUPPORTED: Writing the format ION"),
        ("UNLOAD (SELECT 1 AS a, 2 AS b) TO 's3://lake/out/' WITH (format = 'PARQUET', partitioned_by = ARRAY['a'])",
         "HIVE_COLUMN_ORDER_MISMATCH: "),
        ("CREATE TABLE silver WITH (format = 'PARQUET') AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS: "),
    ],
)  # fmt: skip
def test_refused_writes_leave_nothing(silver: LocalLake, sql: str, reason: str) -> None:
    with pytest.raises(AthenaError) as refused:
        silver.run(sql)
    assert str(refused.value).startswith(reason)
    assert silver.storage.uris() == []


def test_more_than_100_partitions_are_refused(silver: LocalLake) -> None:
    days = ", ".join(f"({i})" for i in range(101))
    with pytest.raises(AthenaError, match="HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"):
        silver.run(
            f"INSERT INTO silver (id, year, month) SELECT 1, '2020', CAST(i AS varchar) FROM (VALUES {days}) v(i)"
        )
    assert silver.storage.uris() == []


def test_a_failed_write_is_cleaned_up(silver: LocalLake) -> None:
    silver.storage.refuse_puts_after = 1
    with pytest.raises(OSError, match="full"):
        silver.run("INSERT INTO silver (id, year, month) VALUES (1, '2020', '11'), (2, '2020', '12')")
    assert silver.storage.uris() == []
    assert silver.catalog.registered == {}


def test_unload(local: LocalLake) -> None:
    sql = "UNLOAD (SELECT 1 AS a, 'x' AS b) TO 's3://lake/out' WITH (format = 'PARQUET', compression = 'ZSTD')"
    outcome = local.run(sql)
    [written] = [k for k in local.storage.uris() if k.startswith("s3://lake/out/")]
    assert pq.read_table(local.storage.path(written)).to_pylist() == [{"a": 1, "b": "x"}]
    assert local.storage.path(outcome.manifest or "").read_text() == f"{written}\n"
    with pytest.raises(AthenaError, match="HIVE_PATH_ALREADY_EXISTS"):
        local.run(sql)


def test_nothing_to_write_is_an_empty_manifest(silver: LocalLake) -> None:
    outcome = silver.run("INSERT INTO silver (id, year, month) SELECT 1, '2020', '12' WHERE false")
    assert (outcome.rows, silver.storage.path(outcome.manifest or "").read_bytes()) == (0, b"")


def test_create_table_as(local: LocalLake) -> None:
    local.run(
        "CREATE TABLE made WITH (format = 'PARQUET', partitioned_by = ARRAY['day'], external_location = 's3://lake/made/') "
        "AS SELECT 1 AS id, ARRAY['x'] AS tags, DATE '2020-12-18' AS day"
    )
    table = local.catalog.tables["lake", "made"]
    assert [(c.name, c.hive_type) for c in table.all_columns] == [
        ("id", "int"),
        ("tags", "array<varchar(1)>"),
        ("day", "date"),
    ]
    assert local.rows("SELECT id, tags, day FROM made WHERE day = DATE '2020-12-18'") == [["1", "[x]", "2020-12-18"]]


def test_dates_as_registered_partitions(local: LocalLake) -> None:
    """The spec's Gold: a partition key of type date, one folder per version of a day."""
    local.catalog.add("gold", "event_type string; events_count bigint", "day date")
    for day, n in (("2020-12-01", 1), ("2020-12-17", 2), ("2020-12-18", 4)):
        location = f"s3://lake/gold/day={day}/run=7/"
        put_parquet(local, f"{location}a.parquet", pa.table({"event_type": ["Push"], "events_count": [n]}))
        local.catalog.registered.setdefault("gold", []).append(Partition((day,), location))
    assert local.rows("SELECT event_type, SUM(events_count) AS total FROM gold WHERE day = CURRENT_DATE GROUP BY event_type "
                      "ORDER BY total DESC LIMIT 10") == [["Push", "4"]]  # fmt: skip
    assert len(local.storage.fetched) == 1
    assert local.rows("SELECT day, SUM(events_count) AS total FROM gold WHERE day >= CURRENT_DATE - INTERVAL '7' DAY "
                      "GROUP BY day ORDER BY day DESC, total DESC") == [["2020-12-18", "4"], ["2020-12-17", "2"]]  # fmt: skip


@pytest.fixture
def projected(local: LocalLake) -> LocalLake:
    """Keys of each kind but date; files for some of the projected partitions, and one outside of them."""
    local.catalog.add(
        "logs", "n int", "level string; shard int; tenant string", serde=JSON,
        properties={
            "projection.enabled": "true",
            "projection.level.type": "enum",
            "projection.level.values": "info,warn",
            "projection.shard.type": "integer",
            "projection.shard.range": "0,12",
            "projection.shard.interval": "4",
            "projection.shard.digits": "2",
            "projection.tenant.type": "injected",
        },
    )  # fmt: skip
    places = [
        ("info", "00", "a"),
        ("info", "04", "a"),
        ("warn", "12", "a"),
        ("warn", "12", "b"),
        ("warn", "05", "a"),
        ("error", "00", "a"),
    ]
    for n, (level, shard, tenant) in enumerate(places):
        put_lines(local, f"s3://lake/logs/level={level}/shard={shard}/tenant={tenant}/a.json", {"n": n})
    return local


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("tenant = 'a'", "012"),  # shard 05 is off the interval, level error is not in the enum
        ("tenant = 'b'", "3"),
        ("tenant IN ('a', 'b') AND level = 'warn'", "23"),
        ("tenant = 'a' AND shard = 4", "1"),
        ("tenant = 'a' AND shard > 4 AND n < 3", "2"),
        ("tenant = 'a' AND level = 'error'", ""),
        ("tenant = 'nobody'", ""),
        ("tenant = 'a' AND tenant = 'b'", ""),
    ],
)
def test_enum_integer_and_injected_projection(projected: LocalLake, where: str, numbers: str) -> None:
    assert projected.rows(f"SELECT n FROM logs WHERE {where} ORDER BY n") == [[n] for n in numbers]
    opened = projected.storage.fetched
    assert len(opened) == len(numbers)
    derived = f"WITH w(n, level, shard, tenant) AS (SELECT * FROM logs) SELECT n FROM w WHERE {where} ORDER BY n"
    assert projected.rows(derived) == [[n] for n in numbers]


def test_projected_values_are_typed(projected: LocalLake) -> None:
    assert projected.rows("SELECT level, shard + 1, tenant FROM logs WHERE tenant = 'b'") == [["warn", "13", "b"]]


@pytest.mark.parametrize("where", ["n = 1", "tenant > 'a'", "tenant = 'a' OR n = 1", "tenant = lower('A')"])
def test_an_injected_key_needs_its_values(projected: LocalLake, where: str) -> None:
    with pytest.raises(AthenaError, match="CONSTRAINT_VIOLATION: For the injected projected partition column tenant, "):
        projected.run(f"SELECT n FROM logs WHERE {where}")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"projection.day.type": "date"}, "INVALID_TABLE_PROPERTY: Table bad lacks the property projection.day.format"),
        (
            {},
            "INVALID_TABLE_PROPERTY: Table lake.bad is configured for partition projection, but the following partition "
            "columns are missing projection configuration: [day]",
        ),
        (
            {"projection.day.type": "list"},
            "INVALID_TABLE_PROPERTY: Table bad has an invalid projection type for column day: list",
        ),
        ({"projection.day.type": "enum"}, "INVALID_TABLE_PROPERTY: Table bad lacks the property projection.day.values"),
        (
            {"projection.day.type": "integer", "projection.day.range": "one,2"},
            "INVALID_TABLE_PROPERTY: Table bad: projection.day.range must be of whole numbers, not 'one'",
        ),
        (
            {"projection.day.type": "integer", "projection.day.range": "1,2", "projection.day.interval": "0"},
            "INVALID_TABLE_PROPERTY: Table bad: projection.day.interval must be positive",
        ),
        (
            {
                "projection.day.type": "enum",
                "projection.day.values": "a",
                "storage.location.template": "s3://lake/bad/",
            },
            "INVALID_TABLE_PROPERTY: storage.location.template does not contain the partition column day",
        ),
    ],
)
def test_wrong_projection_is_named(local: LocalLake, properties: dict[str, str], reason: str) -> None:
    enabled = {"projection.enabled": "true", **properties}
    local.catalog.add("bad", "n int", "day string", serde=JSON, properties=enabled)
    with pytest.raises(AthenaError) as refused:
        local.run("SELECT n FROM bad")
    assert str(refused.value).startswith(reason)
