"""What the lake must hold, computed with pandas from the bytes in Bronze, and what it holds, read without Athena."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
from transform_lake import GOLD, HOURLY, SILVER, Line, comparable, expected_gold, expected_hourly, expected_silver

if TYPE_CHECKING:
    from fault_lake import World

# Table -> ingest day -> (event type, repository or hour, count).
Gold = dict[str, dict[str, frozenset[tuple[str, str, int]]]]


def check_lake(world: World) -> None:
    """Bronze, Silver, Gold and the folders. AssertionError says what is wrong."""
    lines = bronze_lines(world)
    check_bronze(world, lines)
    check_silver(world, lines)
    check_gold(world, lines)
    check_folders(world)


# --- Bronze and quarantine ---


def lines_of(world: World, prefix: str) -> list[tuple[str, bytes]]:
    """(key, line) of the gzip objects under a prefix of the raw bucket."""
    s3, bucket = world.arena.observer["s3"], world.lake.bucket("raw")
    found = []
    for key in world.lake.objects("raw", prefix):
        body = gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        found += [(key, line) for line in body.split(b"\n") if line]
    return found


def bronze_lines(world: World) -> list[Line]:
    """Bronze's lines. `arrival` is the number of the first insert that read the object and was not undone."""
    inserts = [query.objects for query in world.queries.values() if query.is_insert and query.state == "SUCCEEDED"]
    found = []
    for key, raw in lines_of(world, "github/events/"):
        path = f"s3://{world.lake.bucket('raw')}/{key}"
        arrivals = [number for number, objects in enumerate(inserts) if path in objects]
        assert arrivals, f"No insert has read {key}"
        found.append(
            Line(raw, date.fromisoformat(key.split("/")[2].removeprefix("ingest_dt=")), path, key, arrivals[0])
        )
    return found


def check_bronze(world: World, lines: Iterable[Line]) -> None:
    """Every line that was acknowledged is there, byte for byte, and nothing that no source served."""
    stored = {line.raw for line in lines}
    lost = world.acknowledged - stored
    assert not lost, f"Bronze lost {len(lost)} acknowledged events: {sorted(lost)[:3]}"
    strange = stored - set(world.events.made)
    assert not strange, f"Bronze holds what is no event: {sorted(strange)[:3]}"
    kept = {json.loads(line)["raw"].encode() for _, line in lines_of(world, "quarantine/")}
    assert world.acknowledged_bad <= kept, f"The quarantine lost {world.acknowledged_bad - kept}"
    assert not kept & set(world.events.made), "The quarantine holds events"


# --- Silver ---


def rows_of(world: World, table: str) -> pd.DataFrame:
    """The rows that readers of a table see, from the Parquet files in the folders that Glue names."""
    layer = "silver" if table == SILVER else "gold"
    frames = []
    for (_, values), location in world.partitions(table).items():
        prefix = location.removeprefix(f"s3://{world.lake.bucket(layer)}/")
        frame = parquet(world, layer, prefix)
        if table == SILVER:
            year, month = values.split("-")
            frames.append(frame.assign(year=year, month=month))
        else:
            frames.append(frame.assign(ingest_dt=date.fromisoformat(values)))
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def parquet(world: World, layer: str, prefix: str) -> pd.DataFrame:
    """The rows of a folder's files."""
    s3, bucket = world.arena.observer["s3"], world.lake.bucket(layer)
    frames = []
    for key, etag in world.lake.objects(layer, prefix).items():
        # A file does not change; the cache saves most of what a look costs.
        if (key, etag) not in world.frames:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            world.frames[key, etag] = pq.ParquetFile(io.BytesIO(body)).read().to_pandas(date_as_object=True)
        frames.append(world.frames[key, etag])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def check_silver(world: World, lines: list[Line]) -> None:
    """One row for each id, of the copy that the first lasting insert saw: its earliest day, then path; all columns.

    Which copy that is follows from the statements that Athena was given (what each insert read) and from which of them
    lasted, so exactly one row is right.
    """
    if not lines:
        assert rows_of(world, SILVER).empty
        return
    expected = expected_silver(lines)
    actual = rows_of(world, SILVER)
    assert sorted(actual.columns) == sorted(expected.columns)
    assert_same(actual, expected, SILVER)


def assert_same(actual: pd.DataFrame, expected: pd.DataFrame, table: str) -> None:
    """The same rows, as often."""
    found, wanted = (comparable(frame, expected.columns) for frame in (actual, expected))
    missing = [row for row in wanted if row not in found]
    surplus = [row for row in found if row not in wanted]
    assert found == wanted, (
        f"{table} has {len(found)} rows, not {len(wanted)}; missing {missing[:4]}; surplus or wrong {surplus[:4]}"
    )


# --- Gold ---


def check_gold(world: World, lines: list[Line]) -> None:
    """Both tables are the counts of Silver's rows."""
    for table, expect in ((GOLD, expected_gold), (HOURLY, expected_hourly)):
        actual = rows_of(world, table)
        if not lines:
            assert actual.empty
            continue
        assert_same(actual, expect(lines), table)


def versions_of_gold(world: World) -> Gold:
    """What Gold would be if it were built from what readers see of Silver now."""
    rows = rows_of(world, SILVER)
    found: Gold = {GOLD: {}, HOURLY: {}}
    if rows.empty:
        return found
    keys = {
        GOLD: rows["repo_id"].astype(str),
        HOURLY: rows["created_at"].dt.strftime("%Y-%m-%d %H:00:00.000"),
    }
    for table, key in keys.items():
        counts = rows.assign(key=key, day=rows["ingest_dt"].astype(str)).groupby(["day", "event_type", "key"]).size()
        for (day, kind, value), count in counts.items():
            found[table][day] = found[table].get(day, frozenset()) | {(kind, value, int(count))}
    return found


# --- folders ---


def check_folders(world: World) -> None:
    """After the grace period there is no file that readers do not see."""
    for layer, tables in (("silver", (SILVER,)), ("gold", (GOLD, HOURLY))):
        bucket = f"s3://{world.lake.bucket(layer)}/"
        live = tuple(location for table in tables for location in world.partitions(table).values())
        strays = [key for key in world.lake.objects(layer) if not f"{bucket}{key}".startswith(live)]
        assert not strays, f"Nobody reads {strays[:4]}"
