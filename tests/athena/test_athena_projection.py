"""Partition projection, as Athena's user guide describes it (supported types, setting up partition projection)."""
# ruff: noqa: E501 - a table of cases reads best with a case on a line

import re
import time
from datetime import datetime

import duckdb
import pytest
from athena_fakes import JSON, NOW, LocalLake, columns
from hypothesis import given, settings
from hypothesis import strategies as st
from test_athena_tables import put_lines

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.catalog.projected_dates import dates, parse, render, strftime_of
from workshop.sandbox.athena.errors import AthenaError


def table(**properties: str) -> Table:
    """A table whose only key is k; `type=…` stands for `projection.k.type`."""
    named = {f"projection.k.{n.replace('_', '.')}": v for n, v in properties.items()}
    return Table(
        "lake",
        "t",
        columns("n int"),
        columns("k string"),
        "s3://lake/t/",
        JSON,
        properties={"projection.enabled": "true", **named},
    )


def values(local: LocalLake, **properties: str) -> list[str]:
    """All values that a key is projected to have: every folder that is looked for."""
    local.catalog.create_table(table(**properties))
    local.storage.listed.clear()
    local.rows("SELECT n FROM t")
    return [found[1] for uri in local.storage.listed if (found := re.fullmatch(r"s3://lake/t/k=(.*)/", uri))]


# (properties, values); now is 2020-12-18 15:42:01
PROJECTED = [
    ({"type": "enum", "values": "A,B,Unknown"}, ["A", "B", "Unknown"]),
    ({"type": "enum", "values": "A, B,C "}, ["A", " B", "C "]),  # white space is part of a value
    ({"type": " ENUM ", "values": "A"}, ["A"]),
    ({"type": "integer", "range": "0,3"}, ["0", "1", "2", "3"]),
    ({"type": "integer", "range": " 1 , 10 ", "interval": "4"}, ["1", "5", "9"]),
    ({"type": "integer", "range": "-1,8675309", "interval": "8675310"}, ["-1", "8675309"]),
    ({"type": "integer", "range": "8,11", "digits": "3"}, ["008", "009", "010", "011"]),
    ({"type": "integer", "range": "9998,10001", "digits": "4", "interval": "3"}, ["9998", "10001"]),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "2020-12-16,NOW"}, ["2020-12-16", "2020-12-17", "2020-12-18"]),
    ({"type": "date", "format": "yyyyMMdd", "range": "20200228,20200301"}, ["20200228", "20200229", "20200301"]),
    ({"type": "date", "format": "yyyy/MM/dd", "range": "NOW-2DAYS,NOW"}, ["2020/12/16", "2020/12/17", "2020/12/18"]),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "NOW - 1 WEEK, now + 0 days", "interval": "7"}, ["2020-12-11", "2020-12-18"]),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "2020-12-01,NOW", "interval": "1", "interval_unit": "WEEKS"}, ["2020-12-01", "2020-12-08", "2020-12-15"]),
    ({"type": "date", "format": "yyyy-MM", "range": "2020-10,NOW"}, ["2020-10", "2020-11", "2020-12"]),
    ({"type": "date", "format": "MMM yyyy", "range": "Nov 2020,NOW"}, ["Nov 2020", "Dec 2020"]),
    ({"type": "date", "format": "yyyy-M-d", "range": "2020-9-30,2020-10-1"}, ["2020-9-30", "2020-10-1"]),
    ({"type": "date", "format": "yyyy", "range": "NOW-2YEARS,NOW", "interval": "1", "interval_unit": "YEARS"}, ["2018", "2019", "2020"]),
    ({"type": "date", "format": "yyyy-MM-dd-HH", "range": "2020-12-18-13,NOW", "interval": "1", "interval_unit": "HOURS"}, ["2020-12-18-13", "2020-12-18-14", "2020-12-18-15"]),
    ({"type": "date", "format": "yyyy-MM-dd HH:mm:ss", "range": "NOW-1MINUTE,NOW", "interval": "30", "interval_unit": "SECONDS"}, ["2020-12-18 15:41:01", "2020-12-18 15:41:31", "2020-12-18 15:42:01"]),
    ({"type": "date", "format": "'dt='yyyyMMdd", "range": "dt=20201218,NOW"}, ["dt=20201218"]),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "2021-01-01,NOW"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "expected"), PROJECTED)
def test_values(local: LocalLake, properties: dict[str, str], expected: list[str]) -> None:
    assert values(local, **properties) == expected


# (properties, part of the message)
WRONG = [
    ({}, "Table lake.t is configured for partition projection, but the following partition columns are missing projection configuration: [k]"),
    ({"type": "set"}, "invalid projection type for column k: set"),
    ({"type": "enum"}, "lacks the property projection.k.values"),
    ({"type": "integer"}, "lacks the property projection.k.range"),
    ({"type": "integer", "range": "1"}, "projection.k.range must be 'min,max'"),
    ({"type": "integer", "range": "1,x"}, "projection.k.range must be of whole numbers, not 'x'"),
    ({"type": "integer", "range": "1,2", "interval": "0"}, "projection.k.interval must be positive"),
    ({"type": "integer", "range": "1,2", "digits": "two"}, "projection.k.digits must be of whole numbers"),
    ({"type": "date", "range": "2020-01-01,NOW"}, "lacks the property projection.k.format"),
    ({"type": "date", "format": "yyyy-MM-dd"}, "lacks the property projection.k.range"),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "2020,NOW"}, "projection.k.range: '2020' does not match the format"),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "2020-01-01"}, "projection.k.range must be 'start,end'"),
    ({"type": "date", "format": "yyyy-MM-dd-HH", "range": "2020-01-01-00,NOW", "interval": "1"}, "lacks the property projection.k.interval.unit"),
    ({"type": "date", "format": "yyyy-MM-dd-HH", "range": "2020-01-01-00,NOW", "interval_unit": "HOURS"}, "lacks the property projection.k.interval"),
    ({"type": "date", "format": "yyyy-MM-dd", "range": "2020-01-01,NOW", "interval_unit": "EPOCHS"}, "is not a unit of time: EPOCHS"),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "reason"), WRONG)
def test_what_is_wrong_is_named(local: LocalLake, properties: dict[str, str], reason: str) -> None:
    with pytest.raises(AthenaError) as refused:
        values(local, **properties)
    assert str(refused.value).startswith("INVALID_TABLE_PROPERTY: ")
    assert reason in str(refused.value)


@pytest.mark.parametrize("template", ["s3://lake/t/", "s3://lake/t/${other}/", "s3://lake/t/${k}/${other}/"])
def test_templates_name_the_keys_and_nothing_else(local: LocalLake, template: str) -> None:
    made = table(type="enum", values="a")
    local.catalog.add(
        "t", "n int", "k string", serde=JSON, properties={**made.properties, "storage.location.template": template}
    )
    with pytest.raises(AthenaError, match=r"INVALID_TABLE_PROPERTY: .*storage\.location\.template"):
        local.run("SELECT n FROM t")


@pytest.fixture
def hours(local: LocalLake) -> LocalLake:
    """A thousand years of hours, of which three have files; and one file that is off."""
    properties = {
        "projection.enabled": "true",
        "projection.h.type": "date",
        "projection.h.format": "yyyy/MM/dd/HH",
        "projection.h.range": "2000/01/01/00,3000/01/01/00",
        "projection.h.interval": "1",
        "projection.h.interval.unit": "HOURS",
        "projection.part.type": "integer",
        "projection.part.range": "0,9999",
        "storage.location.template": "s3://lake/hours/${h}/part-${part}/",
    }
    local.catalog.add("hours", "n int", "h string; part int", serde=JSON, properties=properties)
    for n, place in enumerate(
        (
            "2020/12/18/03/part-0",
            "2020/12/18/04/part-17",
            "2021/01/01/00/part-9999",
            "2021/01/01/24/part-1",
            "2020/12/18/03/part-00",
        )
    ):
        put_lines(local, f"s3://lake/hours/{place}/a.json", {"n": n})
    return local


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("TRUE", "012"),
        ("h = '2020/12/18/04'", "1"),
        ("h = '2020/12/18/04' AND part = 17", "1"),
        ("h = '2020/12/18/04' AND part < 17", ""),
        ("h IN ('2020/12/18/03', '2021/01/01/00')", "02"),
        ("h >= '2020/12/18' AND h < '2020/12/19'", "01"),
        ("part > 17", "2"),
        ("h = '3000/01/01/01'", ""),
        ("h = '2021/01/01/24'", ""),
        ("substr(h, 1, 4) = '2021' AND part + 1 = 10000", "2"),
    ],
)
def test_a_large_range_is_not_listed(hours: LocalLake, where: str, numbers: str) -> None:
    begun = time.monotonic()
    assert hours.rows(f"SELECT n FROM hours WHERE {where} ORDER BY n") == [[n] for n in numbers]
    assert time.monotonic() - begun < 20
    assert len(hours.storage.listed) <= 16


def test_typed_keys_and_missing_folders(local: LocalLake) -> None:
    properties = {
        "projection.enabled": "TRUE",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2020-12-01,NOW",
        "projection.shard.type": "integer",
        "projection.shard.range": "1,12",
        "projection.shard.digits": "2",
    }
    local.catalog.add("t", "n int", "day date; shard int", serde=JSON, properties=properties)
    put_lines(local, "s3://lake/t/day=2020-12-17/shard=02/a.json", {"n": 1})
    put_lines(local, "s3://lake/t/day=2020-12-17/shard=10/a.json", {"n": 2})
    assert local.rows("SELECT n, day, shard FROM t WHERE day = current_date - INTERVAL '1' DAY AND shard < 10") == [
        ["1", "2020-12-17", "2"]
    ]
    assert local.rows("SELECT n FROM t WHERE shard = 10") == [["2"]]
    assert local.rows("SELECT max(n), count(DISTINCT shard) FROM t WHERE day > DATE '2020-12-10'") == [["2", "2"]]
    assert local.rows("SELECT n FROM t WHERE day = DATE '2031-01-01'") == []


def test_what_is_written_lies_where_it_is_projected(local: LocalLake) -> None:
    properties = {**table(type="enum", values="a,b").properties, "storage.location.template": "s3://lake/else/${k}/"}
    local.catalog.add("t", "n int", "k string", serde=JSON, properties=properties)
    local.run("INSERT INTO t VALUES (1, 'a')")
    assert local.catalog.registered == {}
    assert [u.rpartition("/")[0] for u in local.storage.uris() if u.startswith("s3://lake/")] == ["s3://lake/else/a"]
    assert local.rows("SELECT * FROM t") == [["1", "a"]]


def test_projection_hides_what_glue_has_registered(local: LocalLake) -> None:
    made = table(type="enum", values="a")
    local.catalog.create_table(made)
    local.catalog.registered["t"] = []
    put_lines(local, "s3://lake/t/k=b/a.json", {"n": 1})
    put_lines(local, "s3://lake/t/k=a/a.json", {"n": 2})
    assert local.rows("SELECT n, k FROM t") == [["2", "a"]]


UNITS = {"MONTHS": "yyyy-MM", "DAYS": "yyyy-MM-dd", "HOURS": "yyyyMMddHH", "MINUTES": "yyyy/MM/dd HH:mm"}


@settings(max_examples=60, deadline=None)
@given(
    unit=st.sampled_from(sorted(UNITS)),
    first=st.datetimes(datetime(1990, 1, 1), datetime(2030, 12, 28)),
    step=st.integers(1, 40),
    index=st.integers(0, 30),
    other=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)),
)
def test_membership_agrees_with_the_values(
    local_connection: duckdb.DuckDBPyConnection, unit: str, first: datetime, step: int, index: int, other: datetime
) -> None:
    """Whether a text is a value is computed; DuckDB makes the values themselves. Both must say the same."""
    form = strftime_of(UNITS[unit])
    start = render(first, form)
    end = (
        render(first.replace(year=first.year + (1 if unit in ("HOURS", "MINUTES") else 9), day=1), form)
        if unit != "MINUTES"
        else render(first.replace(hour=23, minute=59), form)
    )
    key = dates(
        table(type="date", format=UNITS[unit], range=f"{start},{end}", interval=str(step), interval_unit=unit), "k", NOW
    )
    found = [k for (k,) in local_connection.execute(key.sql()).fetchall()]
    assert all(map(key.contains, found[:: max(1, len(found) // 20)]))
    text = render(other, form)
    assert key.contains(text) == (text in found)
    if found:
        near = found[index % len(found)]
        assert key.contains(near)
        assert parse(near, form) is not None


@pytest.fixture(scope="module")
def local_connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
