"""JSON Lines, value by value, as the Hive and the OpenX SerDe read them."""
# ruff: noqa: E501 - a table of cases reads best with a case on a line

import gzip

import pytest
from athena_fakes import JSON, LocalLake
from test_athena_tables import put, put_lines

from workshop.sandbox.athena.errors import AthenaError

# JSON lines as Hive's SerDe reads them: (record, values of id, n, actor)
JSON_RECORDS = [
    ({"id": "1", "n": 2, "actor": {"id": 3, "login": "x"}}, ["1", "2", "{id=3, login=x}"]),
    ({"ID": "1", "N": 2, "Actor": {"Id": 3, "LOGIN": "x"}}, ["1", "2", "{id=3, login=x}"]),
    ({"id": 7}, ["7", None, None]),
    ({"id": None, "n": None, "actor": None}, [None, None, None]),
    ({"n": 5, "extra": [1, {"id": 9}]}, [None, "5", None]),
    ({"id": True, "n": 2.9, "actor": {"id": -2.9, "login": 7}}, ["true", "2", "{id=-2, login=7}"]),
    ({"actor": {"id": 3, "unknown": {"login": "y"}}}, [None, None, "{id=3, login=null}"]),
]


@pytest.mark.parametrize(("record", "values"), JSON_RECORDS)
def test_json_records(local: LocalLake, record: object, values: list[str | None]) -> None:
    local.catalog.add("events", "id string; n int; actor struct<id:bigint,login:string>", serde=JSON)
    put_lines(local, "s3://lake/events/a.json", record)
    assert local.rows("SELECT * FROM events") == [values]


# (type, JSON, what the Hive SerDe and the OpenX SerDe make of it; None = HIVE_BAD_DATA). The first as Trino's
# JsonDeserializer has it; of the second only what is plain.
JSON_VALUES = [
    ("int", "2.9", "2", "2"),
    ("int", "1e2", "100", "100"),
    ("int", '"5"', None, "5"),
    ("int", "true", None, None),
    ("int", "{}", None, None),
    ("int", "2147483648", None, None),
    ("tinyint", "128", None, None),
    ("bigint", "9007199254740993", "9007199254740993", "9007199254740993"),
    ("double", '"1.5"', None, "1.5"),
    ("double", "1e2", "100.0", "100.0"),
    ("decimal(5,2)", "1.005", "1.01", "1.01"),
    ("decimal(5,2)", '"1.5"', "1.50", "1.50"),
    ("decimal(5,2)", '"many"', None, None),
    ("string", "17", "17", "17"),
    ("string", "false", "false", "false"),
    ("string", '{"a": [1]}', None, '{"a":[1]}'),
    ("string", "[1]", None, "[1]"),
    ("varchar(2)", '"abc"', "ab", "ab"),
    ("boolean", '"TRUE"', "true", "true"),
    ("boolean", "1", "false", "false"),
    ("boolean", "[]", None, None),
    ("date", '"2020-02-03"', "2020-02-03", "2020-02-03"),
    ("date", '"2020-02-30"', "2020-03-01", "2020-03-01"),
    ("date", '"soon"', None, None),
    ("date", "18276", None, "2020-01-15"),
    ("int", '"0x1F"', None, "31"),
    ("int", '"010"', None, "8"),
    ("string", "1.50", "1.50", "1.50"),
    ("decimal(38,20)", "1.12345678901234567890", "1.12345678901234567890", "1.12345678901234567890"),
    ("timestamp", '"2020-02-03T04:05:06Z"', None, "2020-02-03 04:05:06.000"),
    ("timestamp", '"2020-02-03T04:05:06+0200"', None, "2020-02-03 02:05:06.000"),
    ("timestamp", "1580702706", None, "2020-02-03 04:05:06.000"),
    ("timestamp", "1580702706789", None, "2020-02-03 04:05:06.789"),
    ("timestamp", "1580702706.5", None, "2020-02-03 04:05:06.500"),
    ("char(3)", '"abcd"', "abc", "abc"),
    ("timestamp", '"2020-02-03 04:05:06.7"', "2020-02-03 04:05:06.700", "2020-02-03 04:05:06.700"),
    ("timestamp", "17", None, "1970-01-01 00:00:17.000"),
    ("array<int>", "[1, 2.5, null]", "[1, 2, null]", "[1, 2, null]"),
    ("array<int>", "1", None, "[1]"),
    ("array<string>", "[[]]", None, "[[]]"),
    ("map<int,string>", '{"1": "a", "2": null}', "{1=a, 2=null}", "{1=a, 2=null}"),
    ("map<string,int>", '{"a": {}}', None, None),
    ("struct<a:int,b:array<struct<c:string>>>", '{"a": 1.5, "b": [{"c": 2}, null]}', "{a=1, b=[{c=2}, null]}", "{a=1, b=[{c=2}, null]}"),
    ("struct<a:int>", '"text"', None, None),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "json_value", "hive", "openx"), JSON_VALUES)
def test_json_values(local: LocalLake, type_: str, json_value: str, hive: str | None, openx: str | None) -> None:
    put(local, "s3://lake/events/a.json", f'{{"v": {json_value}}}\n{{"v": null}}\n'.encode())
    for serde, expected in ((JSON, hive), ("org.openx.data.jsonserde.JsonSerDe", openx)):
        local.catalog.add("events", f"v {type_}", serde=serde)
        if expected is None:
            with pytest.raises(AthenaError, match="HIVE_BAD_DATA: "):
                local.run("SELECT v FROM events")
        else:
            assert local.rows("SELECT v FROM events") == [[expected], [None]]


@pytest.mark.parametrize("line", [b'{"id": "1"', b"no json", b'{"id": "1", "n": "many"}', b'{"ID": "1", "n": "many"}'])
def test_bad_json_fails_the_query(local: LocalLake, line: bytes) -> None:
    local.catalog.add("events", "id string; n int", serde=JSON)
    put(local, "s3://lake/events/a.json", b'{"id": "0", "n": 1}\n' + line + b"\n")
    with pytest.raises(AthenaError, match="HIVE_BAD_DATA"):
        local.run("SELECT id, n FROM events")


def test_truncated_gzip_fails_the_query(local: LocalLake) -> None:
    local.catalog.add("events", "id string", serde=JSON)
    put(local, "s3://lake/events/a.json.gz", gzip.compress(b'{"id": "1"}\n')[:-9])
    with pytest.raises(AthenaError, match="HIVE_CURSOR_ERROR: Unexpected end of input stream"):
        local.run("SELECT id FROM events")
