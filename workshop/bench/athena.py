"""The local Athena against DuckDB on local files, and against the emulator's own Athena, in one run."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pyathena
from botocore.config import Config
from rich.console import Console

from workshop.bench.athena_data import (
    BRONZE_COLUMNS,
    BRONZE_KEYS,
    SILVER_COLUMNS,
    SILVER_KEYS,
    write_bronze,
    write_silver,
)
from workshop.sandbox.home import SandboxHome, free_ports
from workshop.sandbox.lifecycle import down, up

SILVER_ROWS = 2_000_000
BRONZE_EVENTS = 200_000
WARM_GOAL, WARM_GOAL_SECONDS, COLD_GOAL = 1.2, 0.060, 2.0
"""Goals: warm within 1.2 times DuckDB and 60 ms, cold within twice; `SELECT 1` under 40 ms."""

_DATABASE = "dp_bench"
_BUCKET = "dp-bench-lake"
_POLL_SECONDS = 0.015
_RUNS = 5
_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@dataclass(frozen=True)
class Query:
    """A question that Athena and DuckDB understand alike; DuckDB's tables are views over the same files."""

    name: str
    sql: str


QUERIES = (
    Query("Silver: count", "SELECT count(*) FROM silver"),
    Query("Silver: by type", "SELECT event_type, count(*) FROM silver GROUP BY event_type"),
    Query(
        "Silver: top repositories",
        "SELECT repo_name, count(*) AS n FROM silver GROUP BY repo_name ORDER BY n DESC, repo_name LIMIT 10",
    ),
    Query(
        "Silver: people a day",
        "SELECT event_date, count(DISTINCT actor_id) FROM silver WHERE NOT is_bot GROUP BY event_date",
    ),
    Query(
        "Silver: one month",
        "SELECT event_type, count(*) FROM silver WHERE year = '2025' AND month = '04' GROUP BY event_type",
    ),
    Query(
        "Silver: one event",
        "SELECT event_id, event_type, created_at, repo_name FROM silver WHERE event_id = '50807000000'",
    ),
    Query(
        "Silver: hours",
        "SELECT date_trunc('hour', created_at) AS h, count(*) FROM silver GROUP BY date_trunc('hour', created_at)",
    ),
    Query(
        "Silver: window",
        "SELECT event_type, repo_name, n FROM (SELECT event_type, repo_name, count(*) AS n, "
        "row_number() OVER (PARTITION BY event_type ORDER BY count(*) DESC, repo_name) AS place FROM silver "
        "GROUP BY event_type, repo_name) AS ranked WHERE place <= 3",
    ),
    Query("Bronze: count", "SELECT count(*) FROM bronze"),
    Query("Bronze: by type", "SELECT type, count(*) FROM bronze GROUP BY type"),
    Query(
        "Bronze: top people",
        "SELECT actor.login, count(*) AS n FROM bronze GROUP BY actor.login ORDER BY n DESC, 1 LIMIT 10",
    ),
    Query("Bronze: one day", "SELECT count(DISTINCT repo.id) FROM bronze WHERE ingest_dt = '2025-06-12'"),
    Query("Bronze: ten rows", "SELECT * FROM bronze LIMIT 10"),
)


@dataclass(frozen=True)
class Measured:
    """Seconds for one query; None where it was refused or gave other rows."""

    name: str
    duckdb_cold: float
    duckdb_warm: float
    cold: float
    warm: float
    emulator: float | None

    @property
    def cold_ok(self) -> bool:
        """Whether the goal for a query whose objects are not in the cache holds."""
        return self.cold <= self.duckdb_cold * COLD_GOAL

    @property
    def warm_ok(self) -> bool:
        """Whether the goal for a query whose objects are in the cache holds."""
        return self.warm <= self.duckdb_warm * WARM_GOAL + WARM_GOAL_SECONDS


def measure(console: Console) -> str:
    """Measure everything in folders and a sandbox of its own; returns Markdown."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as name:
        folder = Path(name)
        console.print(f"Writing {SILVER_ROWS:,} rows of Silver and {BRONZE_EVENTS:,} events of Bronze …")
        write_silver(folder / "data" / "silver", SILVER_ROWS)
        write_bronze(folder / "data" / "bronze", BRONZE_EVENTS)
        files = sorted(p for p in (folder / "data").rglob("*") if p.is_file())
        size = sum(p.stat().st_size for p in files)
        console.print(f"{len(files)} files, {size / 1e6:.0f} MB. Loading the sandbox and the emulator …")
        with _sandbox(folder / "home") as home, _emulator(folder / "emulator") as emulator:
            _load(_clients(home.endpoint, home.ca_bundle, home), folder / "data", files)
            _load(_clients(emulator, None, None), folder / "data", files)
            results = [_measure(query, home, emulator, folder / "data", console) for query in QUERIES]
            select_one = _select_one(home)
    return _as_markdown(results, select_one, len(files), size)


# the three engines


@contextmanager
def _sandbox(root: Path) -> Iterator[SandboxHome]:
    home = SandboxHome(root)
    up(home)
    try:
        yield home
    finally:
        down(home)


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    """ministack by itself, without our Athena, permissions or TLS; yields its endpoint."""
    [port] = free_ports(1)
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "ATHENA_ENGINE": "duckdb", "HOME": str(folder)}
    off = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "SERVICES": "athena,glue,s3,sts"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=kept | settings | off, stdout=log, stderr=log
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(lambda: _clients(endpoint, None, None)("s3").list_buckets())
        yield endpoint
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(Exception):
            ask()
            return
        time.sleep(0.1)
    ask()


def _clients(endpoint: str, ca_bundle: Path | None, home: SandboxHome | None) -> Callable[[str], Any]:
    session = boto3.Session(
        aws_access_key_id=home.credentials.access_key_id if home else "test",
        aws_secret_access_key=home.credentials.secret_access_key if home else "test",
        region_name=home.settings.region if home else "us-east-1",
    )
    config = Config(proxies={}, s3={"addressing_style": "path"})
    return lambda service: session.client(
        service, endpoint_url=endpoint, verify=str(ca_bundle) if ca_bundle else None, config=config
    )


def _load(client: Callable[[str], Any], root: Path, files: Sequence[Path]) -> None:
    s3, glue = client("s3"), client("glue")
    s3.create_bucket(Bucket=_BUCKET)
    for path in files:
        s3.put_object(Bucket=_BUCKET, Key=str(path.relative_to(root)), Body=path.read_bytes())
    glue.create_database(DatabaseInput={"Name": _DATABASE})
    for name, columns, keys, serde in (
        ("silver", SILVER_COLUMNS, SILVER_KEYS, _PARQUET),
        ("bronze", BRONZE_COLUMNS, BRONZE_KEYS, _JSON),
    ):
        storage = {
            "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
            "Location": f"s3://{_BUCKET}/{name}/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": serde},
        }
        glue.create_table(
            DatabaseName=_DATABASE,
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": [{"Name": n, "Type": t} for n, t in keys.items()],
                "StorageDescriptor": storage,
            },
        )
        folders = sorted({path.parent.relative_to(root) for path in files if path.is_relative_to(root / name)})
        glue.batch_create_partition(
            DatabaseName=_DATABASE,
            TableName=name,
            PartitionInputList=[
                {
                    "Values": [part.partition("=")[2] for part in folder.parts[1:]],
                    "StorageDescriptor": {**storage, "Location": f"s3://{_BUCKET}/{folder}/"},
                }
                for folder in folders
            ],
        )


# one query


def _measure(query: Query, home: SandboxHome, emulator: str, data: Path, console: Console) -> Measured:
    duck_cold, expected = _timed(lambda: _ask_duckdb(query, data))
    duck_warm = _median(lambda: _ask_duckdb(query, data))
    connection = _connect(_clients(home.endpoint, home.ca_bundle, home))
    # Cold: no object is in the engine's cache. The sandbox's own files stay in the system's, as DuckDB's do.
    connection.cursor().execute("SELECT 1").fetchall()
    for part in (home.athena / "objects").iterdir():
        shutil.rmtree(part)
    cold, found = _timed(lambda: connection.cursor().execute(query.sql).fetchall())
    warm = _median(lambda: connection.cursor().execute(query.sql).fetchall())
    if "LIMIT 10" not in query.sql and sorted(map(repr, found)) != sorted(map(repr, expected)):
        raise AssertionError(f"{query.name}: Athena and DuckDB do not agree: {found[:3]} {expected[:3]}")
    seconds: float | None
    try:
        plain = _connect(_clients(emulator, None, None))
        plain.cursor().execute(query.sql).fetchall()
        seconds, _ = _timed(lambda: plain.cursor().execute(query.sql).fetchall())
    except (pyathena.error.Error, AttributeError, ValueError):
        seconds = None
    measured = Measured(query.name, duck_cold, duck_warm, cold, warm, seconds)
    console.print(_row(measured))
    return measured


def _connect(client: Callable[[str], Any]) -> Any:
    """A PyAthena connection over clients of ours, which polls often."""
    athena = client("athena")
    session = _Session(athena, client)
    return pyathena.connect(
        session=session,
        s3_staging_dir=f"s3://{_BUCKET}/results/",
        schema_name=_DATABASE,
        poll_interval=_POLL_SECONDS,
        region_name="us-east-1",
    )


class _Session:
    """What PyAthena asks of a boto3 session, answered by clients that know their endpoint."""

    region_name = "us-east-1"
    profile_name = None

    def __init__(self, athena: Any, client: Callable[[str], Any]) -> None:
        self._athena = athena
        self._client = client

    def client(self, service: str, **_: Any) -> Any:
        """A client."""
        return self._athena if service == "athena" else self._client(service)


def _ask_duckdb(query: Query, data: Path) -> list[tuple[Any, ...]]:
    """The answer of a new connection with as many threads as the engine's."""
    connection = duckdb.connect(":memory:", config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    parquet = f"'{data}/silver/**/*.parquet', hive_types = {{year: VARCHAR, month: VARCHAR}}"
    connection.execute(f"CREATE VIEW silver AS FROM read_parquet({parquet}, hive_partitioning = true)")
    lines = f"'{data}/bronze/**/*.json.gz', hive_types = {{ingest_dt: VARCHAR}}, columns = {{{_duckdb_columns()}}}"
    connection.execute(
        f"CREATE VIEW bronze AS FROM read_json({lines}, format = 'newline_delimited', hive_partitioning = true)"
    )
    return connection.execute(query.sql).fetchall()


def _duckdb_columns() -> str:
    types = {"string": "VARCHAR"}

    def written(hive: str) -> str:
        if hive.startswith("struct<"):
            fields = (part.partition(":") for part in hive[7:-1].split(","))
            return "STRUCT(" + ", ".join(f'"{n}" {types.get(t, t).upper()}' for n, _, t in fields) + ")"
        return types.get(hive, hive).upper()

    return ", ".join(f"{name}: '{written(hive)}'" for name, hive in BRONZE_COLUMNS.items())


def _select_one(home: SandboxHome) -> float:
    """Median seconds of start, poll and results of `SELECT 1` with boto3."""
    athena = _clients(home.endpoint, home.ca_bundle, home)("athena")

    def ask() -> None:
        started = athena.start_query_execution(
            QueryString="SELECT 1", ResultConfiguration={"OutputLocation": f"s3://{_BUCKET}/results/"}
        )["QueryExecutionId"]
        while athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"] != "SUCCEEDED":
            time.sleep(0.001)
        athena.get_query_results(QueryExecutionId=started)

    ask()
    return statistics.median(_timed(ask)[0] for _ in range(50))


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = run()
    return time.perf_counter() - begun, result


def _median(run: Callable[[], Any]) -> float:
    return statistics.median(_timed(run)[0] for _ in range(_RUNS))


# the report


def _as_markdown(results: Sequence[Measured], select_one: float, files: int, size: int) -> str:
    conditions = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, duckdb {version('duckdb')}, sqlglot {version('sqlglot')}, "
        f"PyAthena {version('PyAthena')}, ministack {version('ministack')}; load of the last minute "
        f"{os.getloadavg()[0]:.1f}. Silver: {SILVER_ROWS:,} rows of Parquet; Bronze: {BRONZE_EVENTS:,} events of "
        f"gzipped JSON; {files} files, {size / 1e6:.0f} MB. Warm: the median of {_RUNS} runs (ministack: the second "
        "run). Milliseconds."
    )
    header = (
        "| query | DuckDB, cold | local Athena, cold | within 2 times | DuckDB, warm | local Athena, warm "
        "| within 1.2 times + 60 ms | ministack, warm |"
    )
    latency = f"The query 1 with boto3, from its start to its row: {select_one * 1000:.0f} ms (goal: under 40 ms)."
    return "\n".join(
        [conditions, "", header, "|---|---:|---:|---|---:|---:|---|---:|", *map(_row, results), "", latency]
    )


def _row(m: Measured) -> str:
    other = "refused" if m.emulator is None else _shown(m.emulator)
    cold = f"{_shown(m.duckdb_cold)} | {_shown(m.cold)} | {_verdict(m.cold_ok)}"
    warm = f"{_shown(m.duckdb_warm)} | {_shown(m.warm)} | {_verdict(m.warm_ok)}"
    return f"| {m.name} | {cold} | {warm} | {other} |"


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _verdict(ok: bool) -> str:
    return "yes" if ok else "**no**"
