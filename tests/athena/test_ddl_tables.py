"""DDL of databases and tables: what Glue holds afterwards, and what is refused.

Expected structures are those that Athena's user guide describes for each SerDe and clause, and Hive's own texts.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

from pathlib import Path
from typing import Any

import pytest
from ddl_fixtures import CatalogBench

from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError
from workshop.sandbox.athena.syntax.statements import parse

TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@pytest.fixture
def bench(tmp_path: Path) -> CatalogBench:
    return CatalogBench(tmp_path)


def create(bench: CatalogBench, rest: str = "", columns: str = "a int") -> dict[str, Any]:
    bench.run(f"CREATE EXTERNAL TABLE t ({columns}) {rest} LOCATION 's3://bucket/t/'")
    return bench.table("t")


# (columns in DDL, columns in Glue)
COLUMNS = [
    ("a int", [("a", "int")]),
    ("A INTEGER, `b c` BIGINT", [("a", "int"), ("b c", "bigint")]),
    ("a tinyint, b smallint, c bigint, d float, e double", [("a", "tinyint"), ("b", "smallint"), ("c", "bigint"), ("d", "float"), ("e", "double")]),
    ("a boolean, b string, c binary, d date, e timestamp", [("a", "boolean"), ("b", "string"), ("c", "binary"), ("d", "date"), ("e", "timestamp")]),
    ("a decimal, b decimal(5), c DECIMAL(38, 10)", [("a", "decimal(10,0)"), ("b", "decimal(5,0)"), ("c", "decimal(38,10)")]),
    ("a varchar(10), b char(255)", [("a", "varchar(10)"), ("b", "char(255)")]),
    ("a array<int>, b map<string, array<bigint>>", [("a", "array<int>"), ("b", "map<string,array<bigint>>")]),
    ("s struct<a: int, b:struct<c:ARRAY<STRING>>>", [("s", "struct<a:int,b:struct<c:array<string>>>")]),
    ("s struct<`date`:string, n:decimal(10,2)>", [("s", "struct<date:string,n:decimal(10,2)>")]),
    ("`select` int, `from` string", [("select", "int"), ("from", "string")]),
]  # fmt: skip


@pytest.mark.parametrize(("ddl", "glue"), COLUMNS)
def test_columns(bench: CatalogBench, ddl: str, glue: list[tuple[str, str]]) -> None:
    found = create(bench, columns=ddl)["StorageDescriptor"]["Columns"]
    assert [(c["Name"], c["Type"]) for c in found] == glue


# (clauses, SerDe, its parameters, input format)
FORMATS = [
    ("", LAZY, {"serialization.format": "1"}, TEXT_IN),
    ("STORED AS TEXTFILE", LAZY, {"serialization.format": "1"}, TEXT_IN),
    (r"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' LINES TERMINATED BY '\n' STORED AS TEXTFILE", LAZY, {"serialization.format": "\t", "field.delim": "\t", "line.delim": "\n"}, TEXT_IN),
    (r"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':' NULL DEFINED AS ''", LAZY, {"serialization.format": ",", "field.delim": ",", "escape.delim": "\\", "colelction.delim": "|", "mapkey.delim": ":", "serialization.null.format": ""}, TEXT_IN),
    (r"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001'", LAZY, {"serialization.format": "\x01", "field.delim": "\x01"}, TEXT_IN),
    ("STORED AS PARQUET", PARQUET, {"serialization.format": "1"}, "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
    ("STORED AS ORC", "org.apache.hadoop.hive.ql.io.orc.OrcSerde", {"serialization.format": "1"}, "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"),
    ("STORED AS AVRO", "org.apache.hadoop.hive.serde2.avro.AvroSerDe", {"serialization.format": "1"}, "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat"),
    ("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='true')", "org.openx.data.jsonserde.JsonSerDe", {"serialization.format": "1", "ignore.malformed.json": "true"}, TEXT_IN),
    ("ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'", "org.apache.hive.hcatalog.data.JsonSerDe", {"serialization.format": "1"}, TEXT_IN),
    (r"""ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ("separatorChar" = ",", "quoteChar" = "\"", "escapeChar" = "\\")""", "org.apache.hadoop.hive.serde2.OpenCSVSerde", {"serialization.format": "1", "separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}, TEXT_IN),
    (r"ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('input.regex'='^(\\d+) \\[([^\\]]*)\\]$')", "org.apache.hadoop.hive.serde2.RegexSerDe", {"serialization.format": "1", "input.regex": r"^(\d+) \[([^\]]*)\]$"}, TEXT_IN),
    ("ROW FORMAT SERDE 'x.Y' STORED AS INPUTFORMAT 'in.F' OUTPUTFORMAT 'out.F'", "x.Y", {"serialization.format": "1"}, "in.F"),
    ("STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' OUTPUTFORMAT 'o'", PARQUET, {"serialization.format": "1"}, "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
]  # fmt: skip


@pytest.mark.parametrize(("clauses", "serde", "parameters", "input_format"), FORMATS)
def test_formats(bench: CatalogBench, clauses: str, serde: str, parameters: dict[str, str], input_format: str) -> None:
    storage = create(bench, clauses)["StorageDescriptor"]
    assert storage["SerdeInfo"] == {"SerializationLibrary": serde, "Parameters": parameters}
    assert storage["InputFormat"] == input_format


def test_a_whole_table(bench: CatalogBench) -> None:
    bench.run(
        """-- with everything
        CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`Events` (
          id string COMMENT 'the id', n int /* a number */
        )
        COMMENT 'all events'
        PARTITIONED BY (day string COMMENT 'yyyy-MM-dd', hour int)
        CLUSTERED BY (id) INTO 8 BUCKETS
        STORED AS PARQUET
        LOCATION 's3://bucket/events/'
        TBLPROPERTIES ('parquet.compression'='SNAPPY', "projection.enabled"="true");"""
    )
    table = bench.table("events")
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Parameters"] == {
        "EXTERNAL": "TRUE",
        "transient_lastDdlTime": "1714979289",
        "parquet.compression": "SNAPPY",
        "projection.enabled": "true",
        "comment": "all events",
    }
    assert table["PartitionKeys"] == [
        {"Name": "day", "Type": "string", "Comment": "yyyy-MM-dd"},
        {"Name": "hour", "Type": "int"},
    ]
    storage = table["StorageDescriptor"]
    assert storage["Columns"] == [{"Name": "id", "Type": "string", "Comment": "the id"}, {"Name": "n", "Type": "int"}]
    assert storage["Location"] == "s3://bucket/events"
    assert storage["OutputFormat"] == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (["id"], 8)


def test_what_athena_makes_of_texts_and_formats(bench: CatalogBench) -> None:
    """As PyAthena's own tests found it on Athena: blanks in comments and in Avro's schema, the formats of OpenX's SerDe."""
    bench.run(
        """CREATE EXTERNAL TABLE a (c int) COMMENT '
        table comment

        more' ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.avro.AvroSerDe'
        WITH SERDEPROPERTIES ('avro.schema.literal' = '{
          "type" : [  "record" ]
        }') STORED AS AVRO LOCATION 's3://b/a'"""
    )
    assert bench.table("a")["Parameters"]["comment"] == " table comment more"
    schema = bench.table("a")["StorageDescriptor"]["SerdeInfo"]["Parameters"]["avro.schema.literal"]
    assert schema == '{\n "type" : [ "record" ]\n }'
    bench.run(
        "CREATE EXTERNAL TABLE j (c int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/j'"
    )
    storage = bench.table("j")["StorageDescriptor"]
    assert storage["OutputFormat"] == "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"
    assert storage["InputFormat"] == TEXT_IN


def test_if_not_exists_leaves_the_table_alone(bench: CatalogBench) -> None:
    before = create(bench)
    bench.run("CREATE EXTERNAL TABLE IF NOT EXISTS t (b string) LOCATION 's3://bucket/other'")
    assert bench.table("t") == before


def test_databases(bench: CatalogBench) -> None:
    bench.run(
        "CREATE SCHEMA IF NOT EXISTS Web COMMENT 'it''s web' LOCATION 's3://b/web/' WITH DBPROPERTIES ('o'='me', 'p'='1')"
    )
    # Adjacent literals are one in Hive, so a doubled quote disappears.
    expected = {
        "Name": "web",
        "Description": "its web",
        "LocationUri": "s3://b/web/",
        "Parameters": {"o": "me", "p": "1"},
    }
    assert bench.client.databases["web"] == expected
    bench.run("ALTER DATABASE web SET DBPROPERTIES ('p'='2', 'q'='3')")
    assert bench.client.databases["web"]["Parameters"] == {"o": "me", "p": "2", "q": "3"}
    bench.run("CREATE EXTERNAL TABLE web.t (a int) LOCATION 's3://b/t'")
    with pytest.raises(AthenaError, match=r"Database web is not empty\. One or more tables exist"):
        bench.run("DROP DATABASE web")
    bench.run("DROP DATABASE web CASCADE")
    assert "web" not in bench.client.databases
    bench.run("DROP SCHEMA IF EXISTS web RESTRICT")


# (ALTER TABLE t …, (columns) of Glue afterwards)
ALTERED = [
    ("ADD COLUMNS (c string COMMENT 'new', d array<int>)", [("a", "int"), ("b", "string"), ("c", "string"), ("d", "array<int>")]),
    ("REPLACE COLUMNS (x double)", [("x", "double")]),
    ("CHANGE COLUMN a aa bigint", [("aa", "bigint"), ("b", "string")]),
    ("CHANGE a a string AFTER b", [("b", "string"), ("a", "string")]),
    ("CHANGE COLUMN b b string FIRST", [("b", "string"), ("a", "int")]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "glue"), ALTERED)
def test_alter_columns(bench: CatalogBench, change: str, glue: list[tuple[str, str]]) -> None:
    create(bench, "PARTITIONED BY (p string) STORED AS PARQUET", "a int, b string")
    bench.run(f"ALTER TABLE `lake`.t {change}")
    found = bench.table("t")
    assert [(c["Name"], c["Type"]) for c in found["StorageDescriptor"]["Columns"]] == glue
    assert found["PartitionKeys"] == [{"Name": "p", "Type": "string"}]


def test_alter_properties_and_location_keep_the_rest(bench: CatalogBench) -> None:
    create(bench, "STORED AS PARQUET")
    bench.client.tables["lake", "t"]["StorageDescriptor"]["SkewedInfo"] = {"SkewedColumnNames": []}
    bench.run("ALTER TABLE t SET TBLPROPERTIES ('classification'='parquet', 'EXTERNAL'='TRUE')")
    bench.run("ALTER TABLE t SET LOCATION 's3://bucket/moved/'")
    table = bench.table("t")
    assert table["Parameters"]["classification"] == "parquet"
    assert table["StorageDescriptor"]["Location"] == "s3://bucket/moved"
    assert table["StorageDescriptor"]["SkewedInfo"] == {"SkewedColumnNames": []}
    assert table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == PARQUET


def test_drop_table(bench: CatalogBench) -> None:
    create(bench)
    bench.run("DROP TABLE `lake`.`t`")
    assert bench.client.tables == {}
    bench.run("DROP TABLE IF EXISTS t")


HIVE = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
# (statement, StateChangeReason)
FAILING = [
    ("CREATE DATABASE lake", HIVE + "Database lake already exists"),
    ("DROP DATABASE nope", "FAILED: SemanticException [Error 10072]: Database does not exist: nope"),
    ("ALTER DATABASE nope SET DBPROPERTIES ('a'='b')", "FAILED: SemanticException [Error 10072]: Database does not exist: nope"),
    ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/t'", HIVE + "AlreadyExistsException(message:Table t already exists.)"),
    ("CREATE EXTERNAL TABLE nope.t (a int) LOCATION 's3://b/t'", "FAILED: SemanticException [Error 10072]: Database does not exist: nope"),
    ("CREATE EXTERNAL TABLE u (a int, A string) LOCATION 's3://b/t'", "FAILED: SemanticException [Error 10036]: Duplicate column name: a"),
    ("CREATE EXTERNAL TABLE u (a int) PARTITIONED BY (a int) LOCATION 's3://b/t'", "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns"),
    ("CREATE EXTERNAL TABLE u (a int) LOCATION 'hdfs://b/t'", HIVE + "MetaException(message:Got exception: java.io.IOException No FileSystem for scheme: hdfs)"),
    ("CREATE EXTERNAL TABLE u (a int) STORED AS FOO LOCATION 's3://b/t'", "FAILED: SemanticException Unrecognized file format in STORED AS clause: 'foo'"),
    (r"CREATE EXTERNAL TABLE u (a int) ROW FORMAT DELIMITED LINES TERMINATED BY '|' LOCATION 's3://b/t'", "FAILED: SemanticException LINES TERMINATED BY only supports newline '\\n' right now"),
    ("CREATE EXTERNAL TABLE u (a foo) LOCATION 's3://b/t'", "FAILED: ParseException line 1:27 cannot recognize input near 'foo' ')' 'LOCATION' in column type"),
    ("CREATE EXTERNAL TABLE u (a decimal(39)) LOCATION 's3://b/t'", "FAILED: SemanticException Decimal precision out of allowed range [1,38]"),
    ("CREATE EXTERNAL TABLE u (a varchar(65536)) LOCATION 's3://b/t'", "FAILED: RuntimeException Varchar length 65536 out of allowed range [1, 65535]"),
    ("CREATE TABLE u (a int) LOCATION 's3://b/t' TBLPROPERTIES ('table_type'='ICEBERG')", "NOT_SUPPORTED: CREATE TABLE of an Iceberg table is not supported by the local Athena"),
    ("CREATE TABLE u (a int, t timestamp) PARTITIONED BY (day(t)) LOCATION 's3://b/t' TBLPROPERTIES ('table_type' = 'iceberg')", "NOT_SUPPORTED: CREATE TABLE of an Iceberg table is not supported by the local Athena"),
    ("CREATE EXTERNAL TABLE u (a int) STORED AS SEQUENCEFILE LOCATION 's3://b/t'", "NOT_SUPPORTED: STORED AS SEQUENCEFILE is not supported by the local Athena"),
    ("DROP TABLE nope", "FAILED: SemanticException [Error 10001]: Table not found nope"),
    ("DROP TABLE lake.nope", "FAILED: SemanticException [Error 10001]: Table not found lake.nope"),
    ("DROP TABLE none.nope", "FAILED: SemanticException [Error 10072]: Database does not exist: none"),
    ("ALTER TABLE nope ADD COLUMNS (a int)", "FAILED: SemanticException [Error 10001]: Table not found nope"),
    ("ALTER TABLE t ADD COLUMNS (A int)", HIVE + "Duplicate column name: a"),
    ("ALTER TABLE json REPLACE COLUMNS (a int)", HIVE + "Replace columns is not supported for table json. SerDe may be incompatible."),
    ("ALTER TABLE t CHANGE x y int", HIVE + "Invalid column reference x"),
    ("ALTER TABLE t RENAME TO u", HIVE + "Unable to alter table. Table cannot be renamed. (Service: AmazonDataCatalog; Status Code: 400; Error Code: InvalidInputException)"),
    ("ALTER TABLE t DROP COLUMN a", "NOT_SUPPORTED: ALTER TABLE DROP COLUMN is only supported for Iceberg tables"),
    ("ALTER TABLE ice SET LOCATION 's3://b/x'", "Query type not supported by Athena Iceberg at this time"),
    ("MSCK REPAIR TABLE nope", "FAILED: SemanticException [Error 10001]: Table not found nope"),
    ("SHOW TABLES IN nope", "FAILED: SemanticException [Error 10072]: Database does not exist: nope"),
    ("SHOW FUNCTIONS", "NOT_SUPPORTED: SHOW FUNCTIONS is not supported by the local Athena"),
    ("DESCRIBE INPUT p", "NOT_SUPPORTED: DESCRIBE INPUT is not supported by the local Athena"),
    ("DESCRIBE OUTPUT p", "NOT_SUPPORTED: DESCRIBE OUTPUT is not supported by the local Athena"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "reason"), FAILING)
def test_failures(bench: CatalogBench, sql: str, reason: str) -> None:
    create(bench)
    bench.run(
        "CREATE EXTERNAL TABLE json (a int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/j'"
    )
    bench.client.tables["lake", "ice"] = {
        "DatabaseName": "lake",
        "Name": "ice",
        "Parameters": {"table_type": "ICEBERG"},
    }
    before = dict(bench.client.tables)
    with pytest.raises(AthenaError) as refused:
        bench.run(sql)
    assert refused.value.reason == reason
    assert bench.client.tables == before


# (statement, message) refused before anything runs
SYNTAX = [
    ("CREATE EXTERNAL TABLE t (a int)", "No location was specified for table. An S3 location must be specified"),
    ("CREATE TABLE t (a int)", "No location was specified for table. An S3 location must be specified"),
    ("CREATE TABLE t (n int NOT NULL)", "line 1:23: no viable alternative at input 'CREATE TABLE t (n int NOT'"),
    ('CREATE EXTERNAL TABLE t ("a" int) LOCATION \'s3://b/t\'', "line 1:26: no viable alternative at input 'CREATE EXTERNAL TABLE t (\"a\"'"),
    ('DESCRIBE "t"', "line 1:10: no viable alternative at input 'DESCRIBE \"t\"'"),
    ('  DESCRIBE "t"', "line 1:10: no viable alternative at input 'DESCRIBE \"t\"'"),
    ('DESCRIBE\n"t"', "line 2:1: no viable alternative at input 'DESCRIBE\\n\"t\"'"),
    ('DESCRIBE db."t"', "line 1:13: no viable alternative at input 'db.\"t\"'"),
    ('SHOW CREATE TABLE "t"', "Queries of this type are not supported"),
    ("ALTER TABLE t ADD COLUMN m int", "line 1:19: no viable alternative at input 'ALTER TABLE t ADD COLUMN'"),
    ("ALTER TABLE t SET PROPERTIES (a=1)", "line 1:19: no viable alternative at input 'ALTER TABLE t SET PROPERTIES'"),
    ("ALTER TABLE IF EXISTS t ADD COLUMNS (a int)", "line 1:16: no viable alternative at input 'ALTER TABLE IF EXISTS'"),
    ("ALTER TABLE t DROP COLUMN IF EXISTS m", "line 1:30: mismatched input 'EXISTS' expecting {<EOF>, '.'}"),
    ("CREATE OR REPLACE TABLE t AS SELECT 1 a", "line 1:19: mismatched input 'TABLE'. Expecting: 'MATERIALIZED', 'MULTI', 'PROTECTED', 'VIEW'"),
    ("SHOW SESSION", "line 1:6: no viable alternative at input 'SHOW SESSION'"),
    ("DROP TABLE a.b.c.d", "Catalog 'a' does not exist"),
    ("DROP TABLE t; DROP TABLE u", "Only one sql statement is allowed. Got: DROP TABLE t; DROP TABLE u"),
    ("DROP TABLE _t", "line 1:12: mismatched input '_' expecting <identifier>"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), SYNTAX)
def test_syntax_errors(sql: str, message: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse(sql)
    if "a.b.c.d" not in sql:
        assert refused.value.message == message


def test_denied(bench: CatalogBench) -> None:
    bench.client.denied = {"create_table"}
    with pytest.raises(AthenaError, match="User: arn:x is not authorized to perform: glue:create_table"):
        create(bench)
