"""DataScannedInBytes against the footers that pyarrow reads from the test's own files, and against sizes of objects."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena_fakes import JSON, LocalLake
from test_athena_tables import put_lines

from workshop.sandbox.athena.catalog.glue import Partition

ROWS = 100  # of each row group


def groups(path: Path, *leaves: str, only: Callable[[int], bool] = lambda group: True) -> int:
    """Compressed bytes of some leaf columns in some row groups of a file."""
    metadata = pq.ParquetFile(path).metadata
    return sum(
        metadata.row_group(g).column(c).total_compressed_size
        for g in range(metadata.num_row_groups)
        for c in range(metadata.num_columns)
        if only(g) and metadata.row_group(g).column(c).path_in_schema in leaves
    )


@pytest.fixture
def numbers(local: LocalLake) -> Path:
    """Five row groups; in group g all columns follow n, which goes from 100 g to 100 g + 99, and `none` is NULL but in group 4."""
    local.catalog.add(
        "numbers",
        "n int; big bigint; x double; price decimal(10,2); name string; day date; at timestamp; none int; s struct<n:bigint>",
    )
    n = range(5 * ROWS)
    start = datetime(2020, 1, 1)
    table = pa.table(
        {
            "n": pa.array(n, pa.int32()),
            "big": pa.array(n, pa.int32()),  # narrower than the table says
            "x": [i / 2 for i in n],
            "price": pa.array([Decimal(i) / 100 for i in n], pa.decimal128(10, 2)),
            "name": [f"n{i:04}" for i in n],
            "day": [date(2020, 1, 1) + timedelta(days=i) for i in n],
            "at": pa.array([start + timedelta(hours=i) for i in n], pa.timestamp("us")),
            "none": pa.array([i if i >= 4 * ROWS else None for i in n], pa.int32()),
            "s": [{"n": i} for i in n],
        }
    )
    path = local.storage.path("s3://lake/numbers/a.parquet")
    path.parent.mkdir(parents=True)
    pq.write_table(table, path, row_group_size=ROWS)
    return path


# (WHERE, the column it reads, row groups whose bounds do not exclude it)
RANGES = [
    ("n = 150", "n", {1}),
    ("150 = n", "n", {1}),
    ("n = 1000", "n", set()),
    ("n < 100", "n", {0}),
    ("n <= 100", "n", {0, 1}),
    ("n > 399", "n", {4}),
    ("399 <= n", "n", {3, 4}),
    ("n >= 400", "n", {4}),
    ("n BETWEEN 199 AND 200", "n", {1, 2}),
    ("n IN (5, 450, 999)", "n", {0, 4}),
    ("n > 150 AND n < 250", "n", {1, 2}),
    ("(n > 150) AND (n < 120 + 30)", "n", {1}),
    ("n = 150 OR n = 250", "n", {0, 1, 2, 3, 4}),
    ("n + 0 = 150", "n", {0, 1, 2, 3, 4}),
    ("n <> 150", "n", {0, 1, 2, 3, 4}),
    ("n = NULL", "n", {0, 1, 2, 3, 4}),
    ("big = 150", "big", {1}),
    ("n = 150.0", "n", {1}),
    ("n > 399.5", "n", {4}),
    ("x >= 249.5", "x", {4}),
    ("price = 1.50", "price", {1}),
    ("price > 3.99", "price", {4}),
    ("name = 'n0150'", "name", {1}),
    ("name < 'n01'", "name", {0}),
    ("day = DATE '2020-01-01'", "day", {0}),
    ("day > DATE '2020-01-01' + INTERVAL '450' DAY", "day", {4}),
    ("at < TIMESTAMP '2020-01-01 05:00:00'", "at", {0}),
    ("none = 450", "none", {4}),
    ("none < 450", "none", {4}),
    ("s.n = 150", "s.n", {0, 1, 2, 3, 4}),
]  # fmt: skip


@pytest.mark.parametrize(("where", "column", "read"), RANGES)
def test_row_groups_that_statistics_exclude_cost_nothing(
    local: LocalLake, numbers: Path, where: str, column: str, read: set[int]
) -> None:
    expected = groups(numbers, column, only=lambda g: g in read)
    assert local.run(f"SELECT count(*) FROM numbers WHERE {where}").scanned == expected


def test_all_columns_of_the_row_groups_left(local: LocalLake, numbers: Path) -> None:
    scanned = local.run(
        "SELECT name, sum(x) FROM numbers WHERE n >= 400 AND at > TIMESTAMP '2020-01-01 00:00:00' GROUP BY name"
    ).scanned
    assert scanned == groups(numbers, "name", "x", "n", "at", only=lambda g: g == 4)
    derived = local.run("WITH w AS (SELECT n AS m, x FROM numbers) SELECT sum(x) FROM w WHERE m >= 400").scanned
    assert derived == groups(numbers, "n", "x", only=lambda g: g == 4)
    outer = "SELECT count(b.x) FROM numbers a LEFT JOIN numbers b ON a.n = b.n AND {} WHERE {}"
    assert local.run(outer.format("b.n >= 400", "TRUE")).scanned == (
        groups(numbers, "n") + groups(numbers, "n", "x", only=lambda g: g == 4)
    )
    assert local.run(outer.format("a.n >= 400", "b.n >= 400")).scanned == groups(numbers, "n") + groups(
        numbers, "n", "x"
    )


def test_what_costs_nothing(local: LocalLake, numbers: Path) -> None:
    local.catalog.add("parted", "n int", "day string")
    for day in ("a", "b"):
        path = local.storage.path(f"s3://lake/parted/day={day}/a.parquet")
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table({"n": pa.array(range(10), pa.int32())}), path)
        local.catalog.registered.setdefault("parted", []).append(Partition((day,), f"s3://lake/parted/day={day}/"))
    assert local.run("SELECT count(*) FROM numbers").scanned == 0
    assert local.run("SELECT DISTINCT day FROM parted").scanned == 0
    assert local.run("SELECT day, count(*) FROM parted GROUP BY day").scanned == 0
    assert local.run("SELECT sum(n) FROM parted WHERE day = 'b'").scanned == groups(path, "n")


def test_a_subquery_in_a_condition_is_read_once(local: LocalLake, numbers: Path) -> None:
    scanned = local.run("SELECT count(*) FROM numbers WHERE n IN (SELECT max(n) FROM numbers) AND TRUE").scanned
    assert scanned == 2 * groups(numbers, "n")


@pytest.fixture
def lines(local: LocalLake) -> LocalLake:
    """Files 0 to 7 of text; file i holds the number i, three times."""
    local.catalog.add("lines", "n int", serde=JSON)
    for i in range(8):
        put_lines(local, f"s3://lake/lines/{i}.json.gz", *({"n": i} for _ in range(3)))
    return local


# (query, files that must be opened to answer it; a search goes on with twice as many files)
LIMITS = [
    ("SELECT n FROM lines LIMIT 3", 1),
    ("SELECT n FROM lines LIMIT 0", 0),
    ("SELECT n FROM lines LIMIT 4", 2),
    ("SELECT n FROM lines OFFSET 3 LIMIT 3", 2),
    ("SELECT n FROM lines WHERE n = 2 LIMIT 2", 4),
    ("SELECT n FROM lines WHERE n = 99 LIMIT 2", 8),
    ("SELECT n FROM lines LIMIT ALL", 8),
    ("SELECT n FROM lines ORDER BY n LIMIT 3", 8),
    ("SELECT DISTINCT n FROM lines LIMIT 1", 8),
    ("SELECT count(*) FROM lines LIMIT 1", 8),
    ("SELECT n FROM lines GROUP BY n LIMIT 1", 8),
    ("SELECT n, row_number() OVER () FROM lines LIMIT 1", 8),
    ("SELECT n FROM lines WHERE n < (SELECT 5) LIMIT 1", 8),
    ("SELECT x FROM (SELECT n AS x FROM lines) LIMIT 1", 8),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "opened"), LIMITS)
def test_a_limit_opens_only_the_files_it_needs(lines: LocalLake, sql: str, opened: int) -> None:
    sizes = [lines.storage.path(f"s3://lake/lines/{i}.json.gz").stat().st_size for i in range(8)]
    assert lines.run(sql).scanned == sum(sizes[:opened])
    assert lines.storage.fetched == [f"s3://lake/lines/{i}.json.gz" for i in range(opened)]


def test_rows_of_a_limit(lines: LocalLake) -> None:
    assert lines.rows("SELECT n FROM lines LIMIT 4") == [["0"], ["0"], ["0"], ["1"]]
    assert lines.rows('SELECT "$path" FROM lines WHERE n = 2 LIMIT 1') == [["s3://lake/lines/2.json.gz"]]
    assert lines.rows("SELECT n FROM lines LIMIT 0") == []
