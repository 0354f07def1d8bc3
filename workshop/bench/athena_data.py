"""What the local Athena is measured on: a Silver of Parquet and a Bronze of JSON lines, the same on every machine."""
# ruff: noqa: S608 - the SQL is our own

import gzip
from pathlib import Path

import duckdb

from workshop.sandbox.github.generator import generate

SILVER_COLUMNS = {
    "event_id": "string", "event_type": "string", "created_at": "timestamp", "event_date": "date", "repo_id": "bigint",
    "repo_name": "string", "actor_id": "bigint", "actor_login": "string", "is_bot": "boolean", "org_login": "string",
}  # fmt: skip
SILVER_KEYS = {"year": "string", "month": "string"}
BRONZE_COLUMNS = {
    "id": "string",
    "type": "string",
    "actor": "struct<id:bigint,login:string,display_login:string>",
    "repo": "struct<id:bigint,name:string>",
    "payload": "struct<action:string,ref:string,ref_type:string,size:int,distinct_size:int,number:int>",
    "public": "boolean",
    "created_at": "string",
    "org": "struct<id:bigint,login:string>",
}
BRONZE_KEYS = {"ingest_dt": "string"}

_EVENTS_AN_OBJECT = 5_000
_DAYS = 4
_FILES_A_MONTH = 4
_ROW_GROUP = 122_880
_TYPES = "['PushEvent', 'PushEvent', 'PushEvent', 'PushEvent', 'PushEvent', 'CreateEvent', 'CreateEvent', " \
    "'PullRequestEvent', 'WatchEvent', 'IssueCommentEvent']"  # fmt: skip


def write_silver(folder: Path, rows: int) -> None:
    """`rows` events of four months as `year=…/month=…/<n>.parquet`, ZSTD; a few repositories have most of them."""
    connection = duckdb.connect(":memory:")
    connection.execute(
        f"""CREATE TABLE silver AS SELECT
            CAST(50800000000 + i * 7 AS VARCHAR) AS event_id,
            ({_TYPES})[1 + CAST(hash(i) % 10 AS BIGINT)] AS event_type,
            TIMESTAMP '2025-03-01 00:00:00' + to_seconds(CAST(i * (122 * 86400.0 / {rows}) AS BIGINT)) AS created_at,
            CAST(created_at AS DATE) AS event_date,
            CAST(pow(1000000, (hash(i + 1) % 100000) / 100000.0) AS BIGINT) AS repo_id,
            'owner-' || (repo_id % 9973) || '/repository-' || repo_id AS repo_name,
            CAST(pow(200000, (hash(i + 2) % 100000) / 100000.0) AS BIGINT) AS actor_id,
            'user-' || actor_id || CASE WHEN actor_id % 16 = 0 THEN '[bot]' ELSE '' END AS actor_login,
            actor_id % 16 = 0 AS is_bot,
            CASE WHEN repo_id % 3 = 0 THEN 'org-' || (repo_id % 997) END AS org_login,
            strftime(created_at, '%Y') AS year, strftime(created_at, '%m') AS month,
            i % {_FILES_A_MONTH} AS part
        FROM range({rows}) AS r(i)"""
    )
    listed = ", ".join(SILVER_COLUMNS)
    months = connection.execute("SELECT DISTINCT year, month, part FROM silver ORDER BY ALL").fetchall()
    for year, month, part in months:
        target = folder / f"year={year}" / f"month={month}"
        target.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"COPY (SELECT {listed} FROM silver WHERE (year, month, part) = ('{year}', '{month}', {part})) "
            f"TO '{target / f'{part}.parquet'}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
        )


def write_bronze(folder: Path, events: int) -> None:
    """About `events` generated events as `ingest_dt=…/<n>.json.gz`, one JSON object a line."""
    source = generate(count=events)
    lines = [event.raw for event in source.events]
    for number, start in enumerate(range(0, len(lines), _EVENTS_AN_OBJECT)):
        target = folder / f"ingest_dt=2025-06-{11 + number % _DAYS:02}"
        target.mkdir(parents=True, exist_ok=True)
        body = b"\n".join(lines[start : start + _EVENTS_AN_OBJECT]) + b"\n"
        (target / f"{number:04}.json.gz").write_bytes(gzip.compress(body, 6, mtime=0))
