"""Partitions: ADD, DROP, RENAME, SET LOCATION, MSCK REPAIR TABLE, SHOW PARTITIONS."""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

from pathlib import Path

import pytest
from ddl_fixtures import CatalogBench

from workshop.sandbox.athena.errors import AthenaError

Values = tuple[str, ...]


@pytest.fixture
def bench(tmp_path: Path) -> CatalogBench:
    """A table by day and hour with three partitions, one without partitions."""
    bench = CatalogBench(tmp_path)
    bench.run(
        "CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (day string, hour int) STORED AS PARQUET LOCATION 's3://b/t/'"
    )
    bench.run("CREATE EXTERNAL TABLE plain (a int) LOCATION 's3://b/plain/'")
    bench.run(
        "ALTER TABLE t ADD PARTITION (day = '2024-01-01', hour = 9) PARTITION (day='2024-01-01', hour=10) "
        "PARTITION (hour=9, day='2024-01-02') LOCATION 's3://b/elsewhere/'"
    )
    return bench


THREE = {
    ("2024-01-01", "9"): "s3://b/t/day=2024-01-01/hour=9",
    ("2024-01-01", "10"): "s3://b/t/day=2024-01-01/hour=10",
    ("2024-01-02", "9"): "s3://b/elsewhere/",
}


def test_added(bench: CatalogBench) -> None:
    assert bench.partitions("t") == THREE
    storage = bench.client.parts["lake", "t"][0]["StorageDescriptor"]
    assert storage["Columns"] == [{"Name": "a", "Type": "int"}]
    assert storage["SerdeInfo"] == bench.table("t")["StorageDescriptor"]["SerdeInfo"]


# (ALTER TABLE t …, the partitions afterwards)
CHANGES: list[tuple[str, dict[Values, str]]] = [
    ("ADD IF NOT EXISTS PARTITION (day='2024-01-01', hour=9) LOCATION 's3://b/x'", THREE),
    ("ADD PARTITION (day='a/b:c', hour='7')", {**THREE, ("a/b:c", "7"): "s3://b/t/day=a%2Fb%3Ac/hour=7"}),
    ("ADD PARTITION (day=date '2024-01-03', hour=-1)", {**THREE, ("2024-01-03", "-1"): "s3://b/t/day=2024-01-03/hour=-1"}),
    ("DROP PARTITION (day='2024-01-01', hour=10)", {k: v for k, v in THREE.items() if k != ("2024-01-01", "10")}),
    ("DROP PARTITION (day='2024-01-01')", {("2024-01-02", "9"): "s3://b/elsewhere/"}),
    ("DROP PARTITION (hour > 9)", {k: v for k, v in THREE.items() if k[1] != "10"}),
    ("DROP PARTITION (day >= '2024-01-02'), PARTITION (hour=10)", {("2024-01-01", "9"): THREE["2024-01-01", "9"]}),
    ("DROP PARTITION (hour != 9)", {k: v for k, v in THREE.items() if k[1] == "9"}),
    ("DROP IF EXISTS PARTITION (day='1999-01-01')", THREE),
    ("PARTITION (day='2024-01-02', hour=9) RENAME TO PARTITION (day='2024-01-02', hour=11)", {**{k: v for k, v in THREE.items() if k[0] == "2024-01-01"}, ("2024-01-02", "11"): "s3://b/elsewhere/"}),
    ("PARTITION (day='2024-01-02', hour=9) SET LOCATION 's3://b/new/'", {**THREE, ("2024-01-02", "9"): "s3://b/new/"}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_changes(bench: CatalogBench, change: str, expected: dict[Values, str]) -> None:
    bench.run(f"ALTER TABLE t {change}")
    assert bench.partitions("t") == expected


def test_columns_of_one_partition(bench: CatalogBench) -> None:
    bench.run("ALTER TABLE t PARTITION (day='2024-01-02', hour=9) ADD COLUMNS (b string)")
    by_values = {tuple(p["Values"]): p["StorageDescriptor"]["Columns"] for p in bench.client.parts["lake", "t"]}
    assert [c["Name"] for c in by_values["2024-01-02", "9"]] == ["a", "b"]
    assert [c["Name"] for c in by_values["2024-01-01", "9"]] == ["a"]
    assert [c["Name"] for c in bench.table("t")["StorageDescriptor"]["Columns"]] == ["a"]


HIVE = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
INVALID = "FAILED: ValidationFailureSemanticException "
FAILING = [
    ("ALTER TABLE t ADD PARTITION (day='2024-01-01', hour=9)", HIVE + "AlreadyExistsException(message:Partition already exists.)"),
    ("ALTER TABLE t ADD PARTITION (day='x', hour=1) PARTITION (day='x', hour=1)", HIVE + "AlreadyExistsException(message:Partition already exists.)"),
    ("ALTER TABLE t ADD PARTITION (day='x')", INVALID + "partition spec {day=x} doesn't contain all (2) partition columns"),
    ("ALTER TABLE t ADD PARTITION (day='x', minute=1)", INVALID + "Partition spec {day=x, minute=1} contains non-partition columns"),
    ("ALTER TABLE t ADD PARTITION (day='x', hour='noon')", "FAILED: SemanticException [Error 10248]: Cannot add partition column hour of type string as it cannot be converted to type int"),
    ("ALTER TABLE plain ADD PARTITION (day='x')", INVALID + "table is not partitioned but partition spec exists: {day=x}"),
    ("ALTER TABLE t ADD PARTITION (day='x', hour=1) LOCATION 'file:///etc'", HIVE + "MetaException(message:Got exception: java.io.IOException No FileSystem for scheme: file)"),
    ("ALTER TABLE t DROP PARTITION (day='1999-01-01')", "FAILED: SemanticException [Error 10006]: Partition not found (day = 1999-01-01)"),
    ("ALTER TABLE t PARTITION (day='x', hour=1) RENAME TO PARTITION (day='y', hour=1)", "FAILED: SemanticException [Error 10006]: Partition not found {day=x, hour=1}"),
    ("SHOW PARTITIONS plain", "FAILED: SemanticException [Error 10241]: Table plain is not a partitioned table"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "reason"), FAILING)
def test_failures(bench: CatalogBench, sql: str, reason: str) -> None:
    with pytest.raises(AthenaError) as refused:
        bench.run(sql)
    assert refused.value.reason == reason
    assert bench.partitions("t") == THREE


def test_show_partitions(bench: CatalogBench) -> None:
    answer = bench.run("SHOW PARTITIONS lake.t")
    assert answer.lines == ["day=2024-01-01/hour=9", "day=2024-01-01/hour=10", "day=2024-01-02/hour=9"]
    assert [(c["Name"], c["Type"]) for c in answer.columns] == [("partition", "string")]
    assert bench.lines("SHOW PARTITIONS t PARTITION (hour = 9)") == ["day=2024-01-01/hour=9", "day=2024-01-02/hour=9"]


def test_repair(bench: CatalogBench) -> None:
    bench.put(
        "s3://b/t/day=2024-01-01/hour=9/a.parquet",
        "s3://b/t/day=2024-02-01/hour=1/a.parquet",
        "s3://b/t/day=2024-02-01/hour=1/b.parquet",
        "s3://b/t/DAY=a%2Fb/hour=2/a.parquet",
        "s3://b/t/day=2024-02-01/loose.parquet",
        "s3://b/t/hour=3/day=2024-02-01/a.parquet",
        "s3://b/t/_temporary/x",
    )
    lines = bench.lines("MSCK REPAIR TABLE `lake`.`t`")
    assert sorted(lines[0].split("\t")[1:]) == ["t:day=2024-02-01/hour=1", "t:day=a%2Fb/hour=2"]
    assert lines[0].startswith("Partitions not in metastore:\t")
    # Hour 10 has no files; the partition elsewhere is none of the table's folder.
    assert lines[1] == "Partitions missing from filesystem:\tt:day=2024-01-01/hour=10"
    assert sorted(lines[2:]) == [
        "Repair: Added partition to metastore t:day=2024-02-01/hour=1",
        "Repair: Added partition to metastore t:day=a%2Fb/hour=2",
    ]
    assert bench.partitions("t") == {
        **THREE,
        ("2024-02-01", "1"): "s3://b/t/day=2024-02-01/hour=1",
        ("a/b", "2"): "s3://b/t/DAY=a%2Fb/hour=2",
    }
    assert bench.lines("MSCK REPAIR TABLE t") == [lines[1]]


def test_repair_of_a_table_without_files(bench: CatalogBench) -> None:
    assert bench.lines("MSCK REPAIR TABLE t") == ["Tables missing on filesystem:\tt"]
