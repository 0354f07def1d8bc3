"""The deployed lake under load: what a run costs as the lake grows, days of GH Archive's size, and freshness.

Everything goes through the deployed functions, in sandboxes of its own. What the lake should hold is counted from the
archive's files with the standard library, and compared; a difference is an error, not a figure.
"""

import gzip
import json
import os
import platform
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
from rich.console import Console

from workshop import functions
from workshop.lab import Workshop
from workshop.records import amount, took
from workshop.sandbox.home import SandboxHome
from workshop.sandbox.lifecycle import down

GROWTH_EVENTS_AN_HOUR = 24_000
GROWTH_SIZES = (1, 10, 50)
BATCH_EVENTS = 3_600  # an hour of the API's timeline: 300 every five minutes
REPEATS = 3
# In one month each, so that the lake grows as it does in years.
GROWTH_START = date(2019, 1, 16)
# A day of a million events, and GH Archive's own volume: about four millions.
VOLUME_EVENTS_AN_HOUR = (37_500, 150_000)
HOURS_AT_A_TIME = 4
VOLUME_DAY = date(2024, 1, 16)

QUESTIONS = {
    "Bronze": "SELECT type, COUNT(*) AS events FROM github_events_bronze WHERE ingest_dt = '{day}' GROUP BY type",
    "Silver": "SELECT event_type, COUNT(*) AS events FROM github_events_silver WHERE year = '{day:%Y}'"
    " AND month = '{day:%m}' AND ingest_dt = DATE '{day}' GROUP BY event_type",
    "Gold": "SELECT event_type, SUM(events_count) AS events FROM github_events_gold_daily"
    " WHERE ingest_dt = DATE '{day}' GROUP BY event_type",
}


@contextmanager
def deployed_lake(archive_events_per_hour: int) -> Iterator[Workshop]:
    """A lake that Terraform has applied in a new sandbox, with nothing on a schedule; deleted at the end."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as folder:
        home = SandboxHome(Path(folder) / "home")
        os.environ["LAKEHOUSE_SANDBOX_HOME"] = str(home.root)
        os.environ["LAKEHOUSE_ARCHIVE_EVENTS_PER_HOUR"] = str(archive_events_per_hour)
        os.environ["TF_VAR_schedules_enabled"] = "false"  # noqa: SIM112 - Terraform's spelling
        try:
            lake = Workshop()
            lake.apply("global/remote_state")
            lake.apply()
            yield lake
        finally:
            down(home)
            os.environ.clear()
            os.environ.update(before)


def conditions() -> str:
    """The machine and what runs on it."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "ministack"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python "
        f"{platform.python_version()}, {packages}; load of the last minute {os.getloadavg()[0]:.1f}."
    )


def measure_lake(console: Console) -> str:
    """All of this module, as Markdown."""
    volumes = [measure_volume(console, events) for events in VOLUME_EVENTS_AN_HOUR]
    return "\n\n".join([measure_growth(console), *volumes, measure_freshness(console)])


# --- the cost of the same batch as the lake grows ---


@dataclass
class Run:
    """The seconds and the bytes scanned of one transform's runs."""

    seconds: list[float] = field(default_factory=list)
    scanned: list[int] = field(default_factory=list)

    def add(self, seconds: float, answer: dict[str, Any]) -> None:
        """Count one run."""
        self.seconds.append(seconds)
        self.scanned.append(answer["data_scanned_in_bytes"])

    def median(self) -> tuple[float, float]:
        """Median seconds and median bytes."""
        return statistics.median(self.seconds), statistics.median(self.scanned)


def measure_growth(console: Console) -> str:
    """Silver and Gold on the same new batch at several sizes of the lake, as Markdown."""
    from workshop.sandbox.github import open_source  # noqa: PLC0415

    batch = [event.raw for event in open_source(count=BATCH_EVENTS).events]
    rows: list[tuple[int, int, Run, Run]] = []
    with deployed_lake(GROWTH_EVENTS_AN_HOUR) as lake:
        hours = 0
        for size in GROWTH_SIZES:
            days = [_month_later(GROWTH_START, number) for number in range(hours, size)]
            hours = size
            for day in days:
                lake.invoke("backfill", {"day": day.isoformat(), "hour": 12})
            until_complete(lake, "silver", {"days": [day.isoformat() for day in days]})
            until_complete(lake, "gold", {})
            silver, gold = Run(), Run()
            for repeat in range(REPEATS):
                day = datetime.now(UTC).date() - timedelta(days=1 + len(rows) * REPEATS + repeat)
                put_batch(lake, day, batch, number=len(rows) * REPEATS + repeat)
                silver.add(*timed(lake, "silver", {"days": [day.isoformat()]}))
                gold.add(*timed(lake, "gold", {}))
            [(total,)] = lake.quiet_sql("SELECT COUNT(*) FROM github_events_silver").to_numpy()
            rows.append((size, int(total), silver, gold))
            console.print(growth_row(rows[-1], rows[0]))
    header = (
        f"| lake | rows in Silver | Silver, s | scanned | Gold, s | scanned |\n|---:|---:|---:|---:|---:|---:|\n"
        f"{chr(10).join(growth_row(row, rows[0]) for row in rows)}"
    )
    return f"{conditions()} The batch: {len(batch):,} events; the median of {REPEATS} runs each.\n\n{header}"


def growth_row(row: tuple[int, int, Run, Run], first: tuple[int, int, Run, Run]) -> str:
    """One size as a row, each figure also as a multiple of the first row's."""
    cells = [f"{row[0]}x", f"{row[1]:,}"]
    for run, base in zip(row[2:], first[2:], strict=True):
        (seconds, scanned), (base_seconds, base_scanned) = run.median(), base.median()
        cells.append(f"{seconds:.2f} ({seconds / base_seconds:.2f})")
        cells.append(f"{amount(int(scanned))} ({scanned / max(base_scanned, 1):.2f})")
    return f"| {' | '.join(cells)} |"


def put_batch(lake: Workshop, day: date, events: Sequence[bytes], number: int) -> None:
    """Store the same events once more in Bronze, with ids and times of their own: always as many bytes."""
    first = 90_000_000_000 + number * 1_000_000
    lines = []
    for index, raw in enumerate(events):
        line = re.sub(rb'"id":"\d+"', b'"id":"%d"' % (first + index), raw, count=1)
        created_at = b'"created_at":"%sT12:%02d:%02dZ"' % (str(day).encode(), index // 60 % 60, index % 60)
        before, _, after = line.rpartition(b'"created_at":"')
        lines.append(before + created_at + after[after.index(b'"') + 1 :])
    key = f"github/events/ingest_dt={day}/bench-{number}.json.gz"
    metadata = {
        "events": str(len(lines)),
        "first-id": str(first),
        "last-id": str(first + len(lines) - 1),
        "first-created-at": f"{day}T12:00:00Z",
        "last-created-at": f"{day}T12:59:59Z",
    }
    body = gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0)
    lake.client("s3").put_object(Bucket=lake.bucket("bronze"), Key=key, Body=body, Metadata=metadata)


def timed(lake: Workshop, function: str, payload: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Seconds and answer of one invocation that must do something."""
    begun = time.perf_counter()
    answer = lake.invoke(function, payload)
    seconds = time.perf_counter() - begun
    if answer["outcome"] != "ok":
        raise AssertionError(f"{function} answered {answer['outcome']}, not ok.")
    return seconds, answer


def until_complete(lake: Workshop, function: str, payload: dict[str, Any]) -> float:
    """Invoke until nothing is left to do; returns the seconds."""
    begun = time.perf_counter()
    functions.until_done(functions.patient_lambda(lake.session), lake.names.functions[function], payload)
    return time.perf_counter() - begun


def _month_later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return day.replace(year=number // 12, month=number % 12 + 1)


# --- a day of the archive ---


@dataclass
class Truth:
    """What the archive's files of a day hold, counted without the lake: ids, and events by type and by hour."""

    ids: set[str] = field(default_factory=set)
    types: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    bytes: int = 0
    compressed: int = 0
    missing: list[int] = field(default_factory=list)


def count_archive(day: date) -> Truth:
    """Download every hour of the day from the sandbox's GH Archive and count it."""
    truth = Truth()
    for hour in range(24):
        url = f"{os.environ['TF_VAR_gharchive_url']}/{day}-{hour}.json.gz"  # noqa: SIM112 - Terraform's spelling
        answer = requests.get(url, verify=os.environ["AWS_CA_BUNDLE"], timeout=300)
        if answer.status_code == 404:
            truth.missing.append(hour)
            continue
        answer.raise_for_status()
        content = gzip.decompress(answer.content)
        truth.bytes += len(content)
        truth.compressed += len(answer.content)
        for line in content.splitlines():
            truth.lines += 1
            event = json.loads(line)
            if event["id"] not in truth.ids:
                truth.ids.add(event["id"])
                truth.types[event["type"]] += 1
                truth.hours[event["created_at"][:13].replace("T", " ")] += 1
    return truth


def measure_volume(console: Console, events_per_hour: int, pictures: Path | None = None) -> str:
    """A whole day of the archive through backfill, Silver and Gold, compared and timed, as Markdown."""
    with deployed_lake(events_per_hour) as lake:
        begun = time.perf_counter()
        backfill(lake, VOLUME_DAY)
        stored = time.perf_counter() - begun
        console.print(f"backfill {took(stored)}")
        silver = until_complete(lake, "silver", {"days": [VOLUME_DAY.isoformat()]})
        console.print(f"Silver {took(silver)}")
        gold = until_complete(lake, "gold", {})
        console.print(f"Gold {took(gold)}")
        truth = count_archive(VOLUME_DAY)
        compare(lake, truth)
        compacting = time.perf_counter()
        merged = lake.invoke("silver", {"compact": [f"{VOLUME_DAY:%Y-%m}"]})["compacted"]
        compacting = time.perf_counter() - compacting
        compare(lake, truth)
        read = {layer: lake.sql(sql.format(day=VOLUME_DAY)).attrs["bytes_scanned"] for layer, sql in QUESTIONS.items()}
        if pictures is not None:
            draw(lake, pictures, read)
    return "\n".join(
        [
            f"{conditions()} {len(truth.ids):,} events in {24 - len(truth.missing)} hours of {VOLUME_DAY}, "
            f"{amount(truth.bytes)}, {amount(truth.compressed)} compressed.",
            "",
            "| step | time | events/s | MB/s |",
            "|---|---:|---:|---:|",
            *(
                f"| {name} | {took(seconds)} | {truth.lines / seconds:,.0f} | {truth.bytes / seconds / 1e6:,.0f} |"
                for name, seconds in (("backfill", stored), ("Silver", silver), ("Gold", gold))
            ),
            # Silver merges by itself when it has written many small files.
            f"| compaction | {took(compacting) if merged else 'nothing left to merge'} | | |",
            "",
            "| the same question | scanned | of Bronze |",
            "|---|---:|---:|",
            *(
                f"| {layer} | {amount(scanned)} | 1/{read['Bronze'] / scanned:,.0f} |"
                for layer, scanned in read.items()
            ),
        ]
    )


def backfill(lake: Workshop, day: date) -> None:
    """All hours of a day, as many at a time as the state machine does; Silver and Gold are timed by themselves."""
    client, name = functions.patient_lambda(lake.session), lake.names.functions["backfill"]
    with ThreadPoolExecutor(HOURS_AT_A_TIME) as pool:
        list(pool.map(lambda hour: functions.invoke(client, name, {"day": str(day), "hour": hour}), range(24)))


def compare(lake: Workshop, truth: Truth) -> None:
    """Hold the lake against what was counted. AssertionError names what differs."""
    [(rows, ids)] = lake.quiet_sql("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM github_events_silver").to_numpy()
    types = lake.quiet_sql("SELECT event_type, SUM(events_count) FROM github_events_gold_daily GROUP BY 1").to_numpy()
    hours = lake.quiet_sql("SELECT hour, SUM(events_count) FROM github_events_gold_hourly GROUP BY 1").to_numpy()
    found = {
        "rows of Silver": int(rows),
        "ids of Silver": int(ids),
        "types in Gold": {str(kind): int(count) for kind, count in types},
        "hours in Gold": {str(hour)[:13]: int(count) for hour, count in hours},
    }
    wanted = {
        "rows of Silver": len(truth.ids),
        "ids of Silver": len(truth.ids),
        "types in Gold": dict(truth.types),
        "hours in Gold": dict(truth.hours),
    }
    for name, value in wanted.items():
        if found[name] != value:
            raise AssertionError(f"{name}: the lake has {found[name]}, the archive's files have {value}.")


def draw(lake: Workshop, folder: Path, read: dict[str, int]) -> None:
    """Draw the pictures of docs/datasets.md from what the lake holds."""
    import pandas as pd  # noqa: PLC0415

    from workshop import plots  # noqa: PLC0415

    hourly = lake.quiet_sql(
        "SELECT date_format(hour, '%H') AS hour, IF(is_bot, 'bots', 'people') AS who, SUM(events_count) AS events"
        " FROM github_events_gold_hourly GROUP BY 1, 2 ORDER BY 1, 2 DESC"
    )
    types = lake.quiet_sql("SELECT event_type, SUM(events_count) AS events FROM github_events_gold_daily GROUP BY 1")
    scanned = pd.DataFrame({"layer": read.keys(), "bytes": read.values()})
    charts = {
        "day-by-hour": plots.columns(
            hourly, category="hour", value="events", series="who", title="A day, by hour", label="hour, UTC"
        ),
        "day-by-type": plots.bars(types, category="event_type", value="events", title="A day, by type"),
        "bytes-read": plots.scanned(scanned, title="Bytes read for the same question"),
    }
    for name, chart in charts.items():
        svg = plots.to_svg(chart).replace("currentColor", "#767676")
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


# --- freshness ---


def measure_freshness(console: Console) -> str:
    """Seconds from an event that the source serves to its row in Gold, step by step, as Markdown."""
    with deployed_lake(1_000) as lake:
        lake.invoke("ingestor")
        until_complete(lake, "silver", {})
        until_complete(lake, "gold", {})
        steps: dict[str, list[float]] = {}
        for _ in range(REPEATS):
            for function in ("ingestor", "silver", "gold"):
                begun = time.perf_counter()
                lake.invoke(function)
                steps.setdefault(function, []).append(time.perf_counter() - begun)
    medians = {function: statistics.median(seconds) for function, seconds in steps.items()}
    console.print(medians)
    cells = " | ".join(f"{seconds:.2f} s" for seconds in medians.values())
    return (
        f"{conditions()} The median of {REPEATS} polls of 300 events.\n\n"
        f"| poll | Silver | Gold | together |\n|---:|---:|---:|---:|\n| {cells} | {sum(medians.values()):.2f} s |"
    )
