"""PyAthena's cursors and its SQLAlchemy dialect, from the released package, against a running sandbox."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow.fs
import pytest
from pyathena import aio_connect, connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import Cursor, DictCursor
from pyathena.error import DatabaseError, OperationalError, ProgrammingError
from pyathena.pandas.cursor import PandasCursor
from pyathena.polars.cursor import PolarsCursor
from pyathena.s3fs.cursor import S3FSCursor
from running_sandbox import RunningSandbox
from sqlalchemy import MetaData, Table, create_engine, inspect, select
from sqlalchemy.exc import NoSuchTableError
from world import LONG_QUERY, World

pytestmark = pytest.mark.sandbox

Connect = Callable[..., Any]
VALUES = """
SELECT * FROM (VALUES
  (1, BIGINT '9223372036854775807', 'a "b", c', 0.25e0, DECIMAL '0.1', true, DATE '2017-01-02',
   TIMESTAMP '2017-01-01 00:00:00.500'),
  (2, NULL, '', NULL, NULL, NULL, NULL, NULL)
) AS t (i, big, text, real8, exact, yes, day, at) ORDER BY i
"""
FIRST = (
    1, 9223372036854775807, 'a "b", c', 0.25, Decimal("0.1"), True, date(2017, 1, 2),
    datetime(2017, 1, 1, 0, 0, 0, 500_000),
)  # fmt: skip


def numbers(count: int) -> str:
    return f"UNNEST(ARRAY[{', '.join(map(str, range(1, count + 1)))}]) AS t(x)"


@pytest.fixture(scope="module")
def world(sandbox: RunningSandbox) -> World:
    return World(sandbox)


@pytest.fixture
def pyathena(world: World, environment: None) -> Iterator[Connect]:
    yield partial(
        connect, s3_staging_dir=world.output, schema_name=world.database, region_name="us-east-1", poll_interval=0.05
    )


@pytest.fixture
def arrow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyarrow's S3 file system takes its endpoint from nowhere but its arguments, and PyAthena gives it none."""
    home = world.sandbox.home
    options = {"endpoint_override": home.endpoint, "tls_ca_file_path": str(home.ca_bundle)}
    monkeypatch.setattr(pyarrow.fs, "S3FileSystem", partial(pyarrow.fs.S3FileSystem, **options))


def test_cursor(pyathena: Connect) -> None:
    cursor = pyathena().cursor()
    cursor.execute(VALUES)
    assert cursor.fetchone() == FIRST
    assert cursor.fetchall() == [(2, None, "", None, None, None, None, None)]
    assert [(c[0], c[1], c[4], c[5], c[6]) for c in cursor.description] == [
        ("i", "integer", 10, 0, "UNKNOWN"),
        ("big", "bigint", 19, 0, "UNKNOWN"),
        ("text", "varchar", 8, 0, "UNKNOWN"),
        ("real8", "double", 17, 0, "UNKNOWN"),
        ("exact", "decimal", 1, 1, "UNKNOWN"),
        ("yes", "boolean", 0, 0, "UNKNOWN"),
        ("day", "date", 0, 0, "UNKNOWN"),
        ("at", "timestamp", 3, 0, "UNKNOWN"),
    ]


def test_bytes(pyathena: Connect) -> None:
    cursor = pyathena().cursor()
    cursor.execute("SELECT %(value)s", {"value": b"\x00\xff'%"})
    assert cursor.fetchone() == (b"\x00\xff'%",)
    assert (cursor.description[0][1], cursor.description[0][4]) == ("varbinary", 1073741824)


def test_what_a_cursor_tells_of_its_query(pyathena: Connect, world: World) -> None:
    cursor = pyathena(catalog_name="AwsDataCatalog").cursor()
    cursor.execute("SELECT * FROM people")
    assert (cursor.database, cursor.catalog) == (world.database, "awsdatacatalog")
    assert (cursor.statement_type, cursor.substatement_type) == ("DML", "SELECT")
    assert (cursor.state, cursor.state_change_reason, cursor.work_group) == ("SUCCEEDED", None, "primary")
    assert (cursor.error_category, cursor.error_type, cursor.error_message) == (None, None, None)
    assert (cursor.output_location, cursor.encryption_option) == (f"{world.output}{cursor.query_id}.csv", None)
    assert cursor.data_manifest_location is None
    assert (cursor.selected_engine_version, cursor.effective_engine_version) == ("AUTO", "Athena engine version 3")
    assert cursor.data_scanned_in_bytes
    for figure in ("engine_execution", "query_queue", "total_execution", "query_planning", "service_processing"):
        assert getattr(cursor, f"{figure}_time_in_millis")
    assert cursor.submission_date_time <= cursor.completion_date_time <= datetime.now(UTC)


def test_a_cursor_fetches_page_by_page(pyathena: Connect) -> None:
    cursor = pyathena().cursor()
    cursor.execute(f"SELECT x FROM {numbers(2500)} ORDER BY x")
    assert [cursor.fetchone(), *cursor.fetchmany(10), *cursor.fetchall()] == [(i,) for i in range(1, 2501)]


def test_dict_cursor(pyathena: Connect) -> None:
    cursor = pyathena(cursor_class=DictCursor).cursor()
    assert cursor.execute("SELECT id, name FROM people ORDER BY id").fetchall() == [
        {"id": 1, "name": "ann"},
        {"id": 2, "name": None},
    ]


def test_parameters(pyathena: Connect) -> None:
    cursor = pyathena().cursor()
    text = "`~!@#$%^&*()_+-={}[]|\\;:'\",./<>?\n\r\t 王"
    cursor.execute("SELECT %(a)d, %(b)s", {"a": 1, "b": text})
    assert cursor.fetchall() == [(1, text)]
    cursor.execute("SELECT name FROM people WHERE id = ? AND name = ?", ["1", "'ann'"], paramstyle="qmark")
    assert cursor.fetchall() == [("ann",)]


def test_failures(pyathena: Connect) -> None:
    with pytest.raises(OperationalError, match="TABLE_NOT_FOUND"):
        pyathena().cursor().execute("SELECT does_not_exist FROM this_really_does_not_exist")
    _, future = pyathena(cursor_class=AsyncCursor).cursor().execute("SELECT 1 / 0")
    failed = future.result()
    assert (failed.state, failed.error_category, failed.retryable) == ("FAILED", 2, False)
    assert failed.error_type
    assert failed.error_message == failed.state_change_reason == "DIVISION_BY_ZERO: Division by zero"
    with pytest.raises(DatabaseError, match="mismatched input"):
        pyathena().cursor().execute("blah_blah")
    with pytest.raises(ProgrammingError):
        pyathena().cursor().fetchone()


def test_cancel(pyathena: Connect) -> None:
    cursor: AsyncCursor = pyathena(cursor_class=AsyncCursor).cursor()
    query_id, future = cursor.execute(LONG_QUERY)
    wait([cursor.cancel(query_id)])
    assert future.result().state == "CANCELLED"


def test_async_cursor(pyathena: Connect) -> None:
    cursor: AsyncCursor = pyathena(cursor_class=AsyncCursor).cursor(max_workers=5)
    futures = [cursor.execute(f"SELECT {i}")[1] for i in range(5)]
    assert [f.result().fetchall() for f in futures] == [[(i,)] for i in range(5)]


def test_cursor_of_asyncio(world: World, environment: None) -> None:
    async def rows() -> Any:
        connection = await aio_connect(s3_staging_dir=world.output, region_name="us-east-1", poll_interval=0.05)
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT 1")
            return await cursor.fetchall()

    assert asyncio.run(rows()) == [(1,)]


def test_pandas_cursor(pyathena: Connect) -> None:
    cursor = pyathena(cursor_class=PandasCursor).cursor()
    frame = cursor.execute(VALUES).as_pandas()
    assert frame["text"][0] == 'a "b", c'
    assert (frame["i"].tolist(), str(frame["at"][0])) == ([1, 2], "2017-01-01 00:00:00.500000")
    assert cursor.execute("SELECT * FROM people WHERE id < 0").as_pandas().columns.tolist() == ["id", "name"]
    chunks = cursor.execute(f"SELECT x FROM {numbers(50)}", chunksize=20).as_pandas()
    assert [len(c) for c in chunks] == [20, 20, 10]


def test_polars_cursor(pyathena: Connect) -> None:
    frame = pyathena(cursor_class=PolarsCursor).cursor().execute(VALUES).as_polars()
    assert (frame["i"].to_list(), frame["text"].to_list()) == ([1, 2], ['a "b", c', ""])
    assert frame["day"].to_list() == [date(2017, 1, 2), None]


def test_arrow_cursor(pyathena: Connect, arrow: None) -> None:
    table = pyathena(cursor_class=ArrowCursor).cursor().execute(VALUES).as_arrow()
    assert (table.num_rows, table.column_names[:3]) == (2, ["i", "big", "text"])
    assert table["big"].to_pylist() == [9223372036854775807, None]


@pytest.mark.parametrize(
    ("cursor_class", "read"),
    [
        (PandasCursor, lambda c: c.as_pandas()["x"].tolist()),
        (PolarsCursor, lambda c: c.as_polars()["x"].to_list()),
        (ArrowCursor, lambda c: c.as_arrow()["x"].to_pylist()),
    ],
    ids=["pandas", "polars", "arrow"],
)
def test_cursors_that_unload(
    pyathena: Connect, arrow: None, cursor_class: type, read: Callable[[Any], list[int]]
) -> None:
    cursor = pyathena(cursor_class=cursor_class, cursor_kwargs={"unload": True}).cursor()
    cursor.execute("SELECT x FROM UNNEST(ARRAY[1, 2, 3]) AS t(x)")
    assert sorted(read(cursor)) == [1, 2, 3]
    assert cursor.data_manifest_location.endswith("-manifest.csv")


def test_s3fs_cursor(pyathena: Connect) -> None:
    rows = pyathena(cursor_class=S3FSCursor).cursor().execute(VALUES).fetchall()
    assert rows[0][:4] == FIRST[:4]
    assert len(rows) == 2


def test_results_are_reused(pyathena: Connect) -> None:
    cursor: Cursor = pyathena().cursor()
    sql = "SELECT count(*) + 1000 FROM people"
    cursor.execute(sql, result_reuse_enable=True, result_reuse_minutes=5)
    assert not cursor.reused_previous_result
    first = cursor.fetchall()
    cursor.execute(sql, result_reuse_enable=True, result_reuse_minutes=5)
    assert (cursor.reused_previous_result, cursor.data_scanned_in_bytes) == (True, 0)
    assert (cursor.result_reuse_enabled, cursor.result_reuse_minutes) == (True, 5)
    assert cursor.fetchall() == first


def test_the_cache_of_earlier_queries(pyathena: Connect) -> None:
    cursor = pyathena().cursor()
    cursor.execute("SELECT count(*) + 2000 FROM people")
    first = cursor.query_id
    assert cursor.execute("SELECT count(*) + 2000 FROM people", cache_size=50).query_id == first
    assert cursor.execute("SELECT count(*) + 2000 FROM people").query_id != first


def test_metadata(pyathena: Connect, world: World) -> None:
    cursor = pyathena().cursor()
    assert world.database in [d.name for d in cursor.list_databases("AwsDataCatalog")]
    table = cursor.get_table_metadata("people")
    assert [(c.name, c.type) for c in table.columns] == [("id", "int"), ("name", "string")]
    assert [t.name for t in cursor.list_table_metadata()] == ["people"]
    with pytest.raises(OperationalError):
        cursor.get_table_metadata("nosuch")


@pytest.mark.parametrize("driver", ["rest", "pandas", "polars"])
def test_sqlalchemy(world: World, environment: None, driver: str) -> None:
    url = (
        f"awsathena+{driver}://athena.us-east-1.amazonaws.com:443/{world.database}?s3_staging_dir={world.output}"
        "&poll_interval=0.05"
    )
    engine = create_engine(url)
    inspector = inspect(engine)
    assert world.database in inspector.get_schema_names()
    assert inspector.get_table_names(world.database) == ["people"]
    assert [c["name"] for c in inspector.get_columns("people", world.database)] == ["id", "name"]
    assert inspector.has_table("people", world.database)
    assert not inspector.has_table("nosuch", world.database)
    people = Table("people", MetaData(schema=world.database), autoload_with=engine)
    assert [c.type.__class__.__name__.upper() for c in people.columns] == ["INTEGER", "STRING"]
    with pytest.raises(NoSuchTableError):
        Table("nosuch", MetaData(schema=world.database), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(select(people).where(people.c.name == "ann")).fetchall()
    assert [tuple(r) for r in rows] == [(1, "ann")]
