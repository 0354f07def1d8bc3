"""The quarantine: what was refused and why, and releasing what is an event after all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from workshop.functions import invoke, patient_lambda, until_done
from workshop.names import Names
from workshop.queries import athena_sql

PREFIX = "quarantine/github/events/ingest_dt="
MOST_DAYS = 31
SAMPLES_PER_REASON = 2
SAMPLE_CHARACTERS = 160


@dataclass(frozen=True)
class Contents:
    """What is in quarantine on some days: lines and bytes by reason, and samples; rows as Athena returns them."""

    days: tuple[date, ...]
    reasons: tuple[Mapping[str, Any], ...]
    samples: tuple[Mapping[str, Any], ...]


def days_with_lines(session: Any, names: Names) -> list[date]:
    """The days that have a folder in quarantine, oldest first."""
    pages = session.client("s3").get_paginator("list_objects_v2")
    root, _, key = PREFIX.rpartition("/")
    found = []
    for page in pages.paginate(Bucket=names.buckets["raw"], Prefix=f"{root}/", Delimiter="/"):
        for one in page.get("CommonPrefixes", []):
            name, _, day = one["Prefix"].rstrip("/").rpartition("/")[2].partition("=")
            if f"{name}=" == key:
                found.append(date.fromisoformat(day))
    return sorted(found)


def contents(session: Any, names: Names, days: Sequence[date]) -> Contents:
    """Count and sample the lines of these days; two queries, each of which reads the days' folders only."""
    if not days:
        return Contents((), (), ())
    listed = ", ".join(f"'{day}'" for day in days)
    table = names.tables["quarantine"]
    reasons = _rows(
        session,
        names,
        f"""SELECT reason, COUNT(*) AS lines, SUM(raw_bytes) AS bytes, MIN(ingest_dt) AS first_day,
            MAX(ingest_dt) AS last_day
        FROM {table} WHERE ingest_dt IN ({listed}) GROUP BY reason ORDER BY lines DESC, reason""",  # noqa: S608 - dates and names of ours
    )
    samples = _rows(
        session,
        names,
        f"""SELECT reason, ingest_dt, source, byte_offset, encoding, truncated, raw
        FROM (
            SELECT reason, ingest_dt, source, byte_offset, encoding, truncated,
                substr(raw, 1, {SAMPLE_CHARACTERS}) AS raw,
                row_number() OVER (PARTITION BY reason ORDER BY ingest_dt DESC, source, byte_offset) AS place
            FROM {table} WHERE ingest_dt IN ({listed})
        ) WHERE place <= {SAMPLES_PER_REASON} ORDER BY reason, place""",  # noqa: S608 - dates and names of ours
    )
    return Contents(tuple(days), tuple(reasons), tuple(samples))


def _rows(session: Any, names: Names, sql: str) -> list[dict[str, Any]]:
    frame, _ = athena_sql(session, work_group=names.work_group, database=names.database, sql=sql)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@dataclass(frozen=True)
class Replay:
    """What a replay has done: the answers of the backfill function, of Silver and of Gold."""

    released: Mapping[str, Any]
    silver: Mapping[str, Any]
    gold: Mapping[str, Any]


def replay(session: Any, names: Names, day: date, say: Callable[[str], None] = lambda _: None) -> Replay:
    """Check the day's quarantine anew; what is an event now goes to Bronze, and from there to Silver and Gold.

    `say` is told what begins. Raises `FunctionFailed` with a function's own error.
    """
    client = patient_lambda(session)
    say(f"Checking the quarantine of {day}")
    released = invoke(client, names.functions["backfill"], {"replay": day.isoformat()})
    # Even if nothing was released now: a replay that ended early has left it to this one.
    say("Bringing Silver up to date")
    silver = until_done(client, names.functions["silver"], {"days": [day.isoformat()]})
    say("Bringing Gold up to date")
    gold = until_done(client, names.functions["gold"], {})
    return Replay(released, silver, gold)
