"""Glue's Data Catalog where the emulator lacks something: the mend does what AWS's API reference says."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox

from workshop.sandbox.mends.glue_expressions import ExpressionError, condition, like

KEYS = {"year": "int", "region": "string", "day": "date"}
PARTITION = {"year": "2024", "region": "eu-west-1", "day": "2024-03-05"}
# (expression, whether the partition satisfies it)
EXPRESSIONS = [
    ("year = 2024", True),
    ("year = '2024'", True),
    ("year <> 2024", False),
    ("year > 300 AND region = 'eu-west-1'", True),
    ("year < 300 OR region != 'us-east-1'", True),
    ("year IN (2023, 2024)", True),
    ("region NOT IN ('eu-west-1')", False),
    ("day BETWEEN '2024-03-01' AND '2024-03-31'", True),
    ("day NOT BETWEEN '2024-03-01' AND '2024-03-31'", False),
    ("region LIKE 'eu-%'", True),
    ("region LIKE 'eu_west__1'", False),
    ("NOT (year = 2024 AND region LIKE 'us%')", True),
    ("((year = 2024))", True),
    ("`year` >= 2024 and YEAR <= 2024", True),
    ("region IS NOT NULL", True),
    ("region = 'it''s'", False),
]


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_expressions(text: str, expected: bool) -> None:
    assert condition(text, KEYS)(PARTITION) is expected


@pytest.mark.parametrize(
    "text", ["", "year", "year =", "nope = 1", "year = 1 2", "(year = 1", "year = 1; x", "(" * 900]
)
def test_no_expressions(text: str) -> None:
    with pytest.raises(ExpressionError):
        condition(text, KEYS)


def test_like_takes_no_exponential_time() -> None:
    assert not like("a" * 200, "%a" * 60 + "b")
    assert like("a" * 200, "%a" * 60)


class Catalog:
    """A database with a table of three partitions."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.glue = sandbox.client("glue")
        self.database = f"d{uuid.uuid4().hex}"
        self.names = {"DatabaseName": self.database, "TableName": "sales"}
        self.glue.create_database(DatabaseInput={"Name": self.database.upper()})
        for name in ("Sales", "returns", "sales_old"):
            keys = [{"Name": "year", "Type": "int"}]
            self.glue.create_table(DatabaseName=self.database, TableInput={"Name": name, "PartitionKeys": keys})
        columns = [{"Name": "a", "Type": "int"}]
        inputs = [
            {"Values": [year], "StorageDescriptor": {"Columns": columns, "Location": f"s3://b/{year}/"}}
            for year in ("2022", "2023", "2024")
        ]
        self.glue.batch_create_partition(**self.names, PartitionInputList=inputs)

    def years(self, **asked: Any) -> list[str]:
        return [p["Values"][0] for p in self.glue.get_partitions(**self.names, **asked)["Partitions"]]


@pytest.fixture(scope="module")
def catalog(sandbox: RunningSandbox) -> Catalog:
    return Catalog(sandbox)


@pytest.mark.sandbox
def test_partitions(catalog: Catalog) -> None:
    glue, names = catalog.glue, catalog.names
    assert catalog.years(Expression="year >= 2023") == ["2023", "2024"]
    parts = [catalog.years(Segment={"SegmentNumber": n, "TotalSegments": 2}) for n in (0, 1)]
    assert sorted(parts[0] + parts[1]) == ["2022", "2023", "2024"]
    pages = glue.get_paginator("get_partitions").paginate(**names, PaginationConfig={"PageSize": 2})
    assert [len(p["Partitions"]) for p in pages] == [2, 1]
    without = glue.get_partitions(**names, ExcludeColumnSchema=True)["Partitions"][0]
    assert "Columns" not in without["StorageDescriptor"]
    failed = glue.batch_delete_partition(**names, PartitionsToDelete=[{"Values": ["2022"]}, {"Values": ["1999"]}])
    assert [e["PartitionValues"] for e in failed["Errors"]] == [["1999"]]
    assert catalog.years() == ["2023", "2024"]
    for refused in (
        lambda: glue.delete_partition(**names, PartitionValues=["1999"]),
        lambda: glue.get_partitions(DatabaseName=catalog.database, TableName="nope"),
        lambda: glue.create_partition(
            DatabaseName=catalog.database, TableName="nope", PartitionInput={"Values": ["1"]}
        ),
    ):
        with pytest.raises(ClientError, match="EntityNotFoundException"):
            refused()
    with pytest.raises(ClientError, match="InvalidInputException"):
        catalog.years(Expression="month = 1")


def found_table(glue: Any, database: str) -> dict[str, Any]:
    table: dict[str, Any] = glue.get_tables(DatabaseName=database, Expression="sales")["TableList"][0]
    return table


@pytest.mark.sandbox
def test_tables(catalog: Catalog) -> None:
    glue, database = catalog.glue, catalog.database

    def found(expression: str) -> list[str]:
        return sorted(t["Name"] for t in glue.get_tables(DatabaseName=database, Expression=expression)["TableList"])

    assert found("sales*") == ["sales", "sales_old"]
    assert found("*s") == ["returns", "sales"]
    assert found("sales|returns") == ["returns", "sales"]
    assert found(".*_old") == ["sales_old"]
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database, PaginationConfig={"PageSize": 2})
    assert [len(p["TableList"]) for p in pages] == [2, 1]
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_tables(DatabaseName="nope")
    for table in (glue.get_table(DatabaseName=database, Name="SALES")["Table"], found_table(glue, database)):
        assert "Owner" not in table
        assert "Description" not in table
    named = [{"Key": "DatabaseName", "Value": database}]
    assert [t["Name"] for t in glue.search_tables(Filters=named, SearchText="return")["TableList"]] == ["returns"]


@pytest.mark.sandbox
def test_versions(catalog: Catalog) -> None:
    glue, names = catalog.glue, {**catalog.names, "TableName": "returns"}
    for n in ("1", "2"):
        glue.update_table(DatabaseName=catalog.database, TableInput={"Name": "returns", "Parameters": {"n": n}})
    versions = glue.get_table_versions(**names)["TableVersions"]
    assert [(v["VersionId"], v["Table"]["Parameters"].get("n")) for v in versions] == [
        ("3", "2"),
        ("2", "1"),
        ("1", None),
    ]
    assert glue.get_table_version(**names, VersionId="2")["TableVersion"]["Table"]["Parameters"] == {"n": "1"}
    glue.delete_table_version(**names, VersionId="1")
    assert [v["VersionId"] for v in glue.get_table_versions(**names)["TableVersions"]] == ["3", "2"]
    with pytest.raises(ClientError, match="InvalidInputException"):
        glue.delete_table_version(**names, VersionId="3")
