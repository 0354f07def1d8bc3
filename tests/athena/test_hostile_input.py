"""SQL that tries DuckDB's files, extensions, settings and network; statements that are too large, deep or odd.

Every statement here has to be refused with a code of Athena's or to run as Trino would run it; none may touch a file
outside its own folder or open a connection.
"""

import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from athena_fakes import LocalLake

from workshop.sandbox.athena.api.running import deep_pool
from workshop.sandbox.athena.containment import RECURSION, check_sql
from workshop.sandbox.athena.engine import Engine
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError

SECRET = "the-canary-sings"


@dataclass
class Canary:
    """A file that must neither be read nor changed, and a port that nobody may call."""

    folder: Path
    server: socket.socket

    @property
    def file(self) -> Path:
        return self.folder / "canary.csv"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}/canary.csv"

    def check(self) -> None:
        assert [p.name for p in self.folder.iterdir()] == ["canary.csv"]
        assert self.file.read_text() == f"a,b\n1,{SECRET}\n"
        with pytest.raises(BlockingIOError):
            self.server.accept()


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / "canary.csv").write_text(f"a,b\n1,{SECRET}\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Canary(folder, server)


@pytest.fixture(scope="module")
def deep() -> Iterator[ThreadPoolExecutor]:
    pool = deep_pool(1, "test-query")
    yield pool
    pool.shutdown()


FUNCTIONS = [
    f"{name}('{{path}}')"
    for name in (
        "read_csv", "read_csv_auto", "read_text", "read_blob", "read_json", "read_json_auto", "read_json_objects",
        "read_ndjson", "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "glob", "sniff_csv",
        "read_duckdb", "sqlite_scan", "query", "query_table", "load_aws_credentials", "iceberg_scan", "delta_scan",
    )
]  # fmt: skip
TABLES = [
    *FUNCTIONS,
    "'{path}'", '"{path}"', "`{path}`", "'{url}'", '"{url}"', '"s3://bucket/key.parquet"', '"file://{path}"',
    '"/etc/passwd"', '"/proc/self/environ"', "read_csv('{url}')", "read_csv(['{path}'])", "TABLE(read_csv('{path}'))",
    "LATERAL read_csv('{path}')", "duckdb_settings()", "duckdb_secrets()", "duckdb_extensions()", "duckdb_functions()",
    "duckdb_databases()", "duckdb_variables()", "duckdb_logs", "pragma_database_list()", "pragma_version()",
    "pragma_table_info('t1')", "sqlite_master", "pg_catalog.pg_class", "information_schema.duckdb_settings",
    "repeat_row(1, num_rows = 3)", "range(3)", "generate_series(1, 3)", "summary('t1')", "which_secret('s3://x', 's3')",
    "checkpoint()", "force_checkpoint()", "test_all_types()", "t1", "main.t1", "memory.main.t1", "temp.t1",
]  # fmt: skip
SCALARS = [
    "getenv('HOME')", "current_setting('allowed_directories')", "set_config('x', 'y')", "getvariable('x')",
    "read_text('{path}')", "system('id')", "pg_read_file('{path}')", "current_database()", "in_search_path('a', 'b')",
    "txid_current()", "nextval('s')", "currval('s')", "pg_typeof(1)", "struct_pack(a := 1)", "list_value(1)",
    "write_log('x')", "error('x')", "sleep_ms(1)", "icu_sort_key('a', 'b')", "py_rows_0(1)", "athena_local(1)",
    "1::varchar", "(1).a", "[1, 2]", "{{'a': 1}}", "x -> 1", "COLUMNS('.*')", "$1", "$path", "@1", "#1", "a := 1",
    "(SELECT content FROM read_text('{path}'))", "(FROM read_text('{path}') SELECT content)",
]  # fmt: skip
STATEMENTS = [
    "COPY (SELECT 1) TO '{folder}/out.csv'", "COPY t FROM '{path}'", "ATTACH '{folder}/x.db' AS x", "DETACH memory",
    "INSTALL httpfs", "LOAD httpfs", "LOAD '{path}'", "FORCE INSTALL httpfs FROM '{url}'", "PRAGMA database_list",
    "PRAGMA enable_external_access", "SET enable_external_access = true", "SET lock_configuration = false",
    "SET SESSION allowed_directories = ['/']", "RESET enable_external_access", "SET VARIABLE x = 1",
    "EXPORT DATABASE '{folder}/out'", "IMPORT DATABASE '{folder}'", "CREATE MACRO m(x) AS x", "CHECKPOINT",
    "CREATE SECRET s (TYPE s3)", "CREATE TABLE t AS FROM '{path}'", "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE FUNCTION f() AS 1", "FROM '{path}'", "FROM read_csv('{path}')", "SUMMARIZE SELECT 1", "PIVOT t ON x",
    "CALL pragma_version()", "USE memory", "BEGIN", "VACUUM", "ANALYZE", "SELECT 1; COPY (SELECT 1) TO '{folder}/o'",
    "SELECT 1;; SELECT 2", "SELECT 1 -- \n; DROP TABLE t",
    "SELECT * FROM t1 POSITIONAL JOIN t2", "SELECT * EXCLUDE (a) FROM people", "SELECT DISTINCT ON (a) a FROM people",
    "SELECT * FROM people ASOF JOIN people b ON true", "SELECT * FROM people USING SAMPLE 3",
    "SELECT a.* REPLACE (1 AS b) FROM people a", "EXECUTE p('{path}')", "INSERT INTO '{path}' VALUES (1)",
    "UNLOAD (SELECT 1 AS a) TO '{folder}/out' WITH (format = 'PARQUET')",
    "UNLOAD (SELECT 1 AS a) TO 'file://{folder}/out' WITH (format = 'PARQUET')",
    "CREATE TABLE lake.t WITH (external_location = '{folder}/out') AS SELECT 1 AS a",
    "CREATE TABLE lake.t WITH (format = 'PARQUET', location = '../../x') AS SELECT 1 AS a",
    "UNLOAD (SELECT 1 AS a) TO 's3://b/../../x/' WITH (format = 'PARQUET'' ) ; COPY')",
    "EXPLAIN ANALYZE SELECT * FROM '{path}'", "DESCRIBE SELECT * FROM '{path}'", "SHOW TABLES FROM '{path}'",
]  # fmt: skip
HOSTILE = [*(f"SELECT * FROM {t}" for t in TABLES), *(f"SELECT {s}" for s in SCALARS), *STATEMENTS]
"""`{path}`, `{folder}` and `{url}` stand for the canary's."""


def outcome(local: LocalLake, sql: str) -> str:
    """The rows as text, or the refusal."""
    try:
        return str(local.rows(sql))
    except (AthenaError, InvalidRequestError) as error:
        code = error.code if isinstance(error, AthenaError) else ""
        assert code != "GENERIC_INTERNAL_ERROR", f"{sql}: {error}"
        return str(error)


@pytest.mark.parametrize("sql", HOSTILE)
def test_duckdb_is_out_of_reach(local: LocalLake, canary: Canary, sql: str) -> None:
    text = sql.format(path=canary.file, folder=canary.folder, url=canary.url)
    assert SECRET not in outcome(local, text)
    canary.check()


def test_a_session_reaches_nothing_by_itself(engine: Engine, canary: Canary) -> None:
    """The second line of defence: what the compiler might let through, DuckDB refuses."""
    for sql in (
        f"SELECT * FROM read_csv('{canary.file}')", f"SELECT * FROM read_text('{canary.file}')",
        f"SELECT * FROM glob('{canary.folder}/*')", f"COPY (SELECT 1) TO '{canary.folder}/out.csv'",
        f"ATTACH '{canary.folder}/x.db'", "INSTALL httpfs", "LOAD httpfs", f"SELECT * FROM '{canary.url}'",
        "SET enable_external_access = true", "SET lock_configuration = false", "SET allowed_directories = ['/']",
        "SET memory_limit = '1TB'", f"EXPORT DATABASE '{canary.folder}/out'", "SET temp_directory = '/tmp'",
        f"SET extension_directory = '{canary.folder}'", f"SET log_query_path = '{canary.folder}/log'",
    ):  # fmt: skip
        with pytest.raises(Exception, match=r"(?i)disabled|locked|cannot|not|permission"), engine.session() as session:
            session.connection.execute(sql).fetchall()
        canary.check()


DEEP: list[tuple[str, str]] = [
    (f"{what} {count}", sql)
    for count in (300, 10_000)
    for what, sql in (
        ("brackets", f"SELECT {'(' * count}1{')' * count}"),
        ("operators", "SELECT " + " + ".join(["1"] * count)),
        ("texts", "SELECT " + " || ".join(["'a'"] * count)),
        ("conditions", "SELECT 1 WHERE " + " OR ".join(["1 = 1"] * count)),
        ("calls", f"SELECT {'abs(' * count}1{')' * count}"),
        ("cases", f"SELECT {'CASE WHEN true THEN ' * count}1{' END' * count}"),
        ("queries", f"SELECT * FROM {'(SELECT * FROM ' * count}(VALUES 1) AS t(x){')' * count}"),
        ("arrays", f"SELECT {'ARRAY[' * count}1{']' * count}"),
        ("rows", f"SELECT {'ROW(' * count}1{')' * count}"),
        ("nots", f"SELECT {'NOT ' * count}true"),
        ("signs", f"SELECT {'- ' * count}1"),
        ("casts", f"SELECT {'CAST(' * count}1{' AS bigint)' * count}"),
        ("types", f"SELECT CAST(NULL AS {'array(' * count}bigint{')' * count})"),
        ("lambdas", f"SELECT {'transform(ARRAY[1], x -> ' * count}1{')' * count}"),
        ("unclosed", f"SELECT {'(' * count}"),
        ("comments", f"SELECT {'/*' * count}1"),
    )
]


@pytest.mark.parametrize("sql", [s for _, s in DEEP], ids=[n for n, _ in DEEP])
@pytest.mark.timeout(60)
def test_depth_is_an_error_or_none(local: LocalLake, deep: ThreadPoolExecutor, sql: str) -> None:
    """As the service runs it: with its recursion limit, on a thread with a large stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(RECURSION)
    try:
        deep.submit(outcome_or_depth, local, sql).result()
    finally:
        sys.setrecursionlimit(before)


def outcome_or_depth(local: LocalLake, sql: str) -> str:
    try:
        return outcome(local, sql)
    except RecursionError:  # the service says that the statement is too large
        return ""


ODD = [
    'SELECT "{}" FROM people'.format("x" * 10_000), 'SELECT 1 AS "a\x00b"', "SELECT 'a\x00b'", 'SELECT 1 AS "a""b"',
    'SELECT 1 AS "🦆", 2 AS "王"', "SELECT '🦆'", 'SELECT * FROM "a\'; DROP TABLE t; --"', 'SELECT 1 AS ""',
    'SELECT * FROM ""', 'SELECT * FROM "a"."b"."c"."d"', 'SELECT 1 AS "\n"', "SELECT '\ud7ff'", "SELECT '" + "'" * 999,
    'SELECT "a\\" FROM (SELECT 1 AS "a\\")', "SELECT '\\'", "SELECT U&'\\0041'", "SELECT U&'\\zzzz'", "SELECT X'zz'",
    "\ufeffSELECT 1", "SELECT\u00a01", "SELECT 1\x1b", "\x00", "SELECT '\x1eNOT_A_CODE: x\x1e'", "SELECT 1e999999",
    "SELECT 1" + "0" * 5000, "SELECT 0." + "1" * 5000, "SELECT CAST('" + "9" * 5000 + "' AS bigint)", "--", "/*", ";",
    "SELECT DATE '99999-99-99'", "SELECT INTERVAL '1' CENTURY", "SELECT TIMESTAMP '0000-00-00'", "SELECT ?",
    "SELECT 1 1",
]  # fmt: skip


@pytest.mark.parametrize("sql", ODD, ids=range(len(ODD)))
def test_odd_text(local: LocalLake, sql: str) -> None:
    outcome(local, sql)


def test_names_come_back_as_they_were_written(local: LocalLake) -> None:
    found = local.run('SELECT 1 AS "a""b", 2 AS "🦆;--"')
    assert [c["Name"] for c in found.columns] == ['a"b', "🦆;--"]


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("SELECT 1", False),
        ("list_transform(a, lambda x: 1)" * 20, False),
        ("list_transform(a, lambda x: " * 11 + "1" + ")" * 11, False),
        ("list_transform(a, lambda x: " * 12 + "1" + ")" * 12, True),
        ("SELECT '" + "lambda (" * 20 + "'", False),
        ("x" * (17 * 1024 * 1024), True),
    ],
    ids=range(6),
)
def test_sql_that_duckdb_would_choke_on(sql: str, refused: bool) -> None:
    if not refused:
        check_sql(sql)
        return
    with pytest.raises(AthenaError, match="STACK_OVERFLOW"):
        check_sql(sql)
