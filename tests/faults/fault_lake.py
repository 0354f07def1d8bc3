"""A lake under a schedule of faults: the functions that run on it, and what an observer knows of it meanwhile."""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import sleep
from typing import Any

import pandas as pd
from athena_transform import gold, silver
from athena_transform.athena import Athena
from athena_transform.deadline import Deadline
from athena_transform.errors import TransformError
from athena_transform.lake import Lake
from athena_transform.settings import Settings
from athena_transform.staging import GRACE
from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from fault_injection import Call, Clock, Fault, Killed, Process, Struck, Worker, json_answer, reconnect
from fault_sources import BAD_ELEMENTS, Archive, Events, Timeline
from fault_truth import Gold, check_lake, versions_of_gold
from github_events_ingestor.backfill import Backfill
from github_events_ingestor.deadline import Deadline as IngestorDeadline
from github_events_ingestor.errors import IngestorError
from github_events_ingestor.hour_store import HourStore
from github_events_ingestor.ingest import ingest
from github_events_ingestor.state import StateStore
from github_events_ingestor.store import Store
from github_events_ingestor.token import read_token
from running_sandbox import RunningSandbox, kill
from transform_lake import GOLD, HOURLY, SILVER, SandboxLake
from urllib3.exceptions import HTTPError

from workshop.sandbox import lifecycle

DAYS = (date(2025, 6, 29), date(2025, 6, 30), date(2025, 7, 1))
# Further back than Silver looks by itself.
OLD_DAY = date(2025, 5, 14)
PREFIX = "github/events/"
# Longer than a lease, and than any query takes here.
A_WHILE = timedelta(minutes=40)
MOST_TRIES = 8
POLL_SECONDS = 0.02
PATH = re.compile(r"'(s3://[^']+)'")


class Failure(AssertionError):  # noqa: N818 - the name says what happened
    """The lake is not what it must be."""


@dataclass
class Query:
    """A query as the sandbox ran it, and what is told of it: a state, from a moment on."""

    sql: str
    document: dict[str, Any]
    state: str
    ends_at: datetime
    when_stopped: str = "too late"
    hides_manifest: bool = False

    @property
    def is_insert(self) -> bool:
        return "INSERT INTO github_events_silver" in self.sql

    @property
    def objects(self) -> frozenset[str]:
        """The Bronze objects that an insert reads."""
        return frozenset(PATH.findall(self.sql.partition('"$path" IN')[2].partition(")")[0]))


@dataclass(frozen=True)
class Ended:
    """How a run ended: with an outcome, with an error, or (neither) killed."""

    outcome: Any = None
    error: Exception | None = None


class Arena:
    """A running sandbox, two workers' clients, and an observer's, which never meets a fault."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.workers = (Worker(sandbox), Worker(sandbox))
        self.observer = {name: sandbox.client(name) for name in ("s3", "glue", "athena")}

    def crash(self) -> None:
        """Kill the sandbox's server and start it again, on the same ports with what it had acknowledged."""
        kill(self.sandbox)
        lifecycle.up(self.sandbox.home)
        workers = [client for worker in self.workers for client in worker.all_clients]
        for client in [*workers, *self.observer.values()]:
            reconnect(client, self.sandbox)


@dataclass
class World:
    """A lake of its own in an arena, under one schedule. `seed` decides what its events are."""

    arena: Arena
    seed: int
    clock: Clock = field(default_factory=Clock)
    struck: list[Struck] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    # Of the last run that was given to the first worker.
    last: Process | None = None

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.lake = SandboxLake(self.arena.observer)
        self.events = Events(self.rng)
        self.timeline, self.archive = Timeline(), Archive()
        self.polls = 0
        self.today = DAYS[0]
        self.acknowledged: set[bytes] = set()
        self.acknowledged_bad: set[bytes] = set()
        self.hours_to_do: list[tuple[date, int]] = []
        self.days_to_ask: set[date] = set()
        self.queries: dict[str, Query] = {}
        self.live: dict[tuple[str, str], str] = {}
        self.replaced: dict[str, datetime] = {}
        self.versions: list[Gold] = []
        self.seen: dict[tuple[str, str], int] = {}
        self.waiting: dict[str, list[Fault]] = {}
        self.frames: dict[tuple[str, str], pd.DataFrame] = {}
        self.violations: list[str] = []
        self._is_nested = False

    # --- what arrives ---

    def happen(self, day: date, number: int, bad: int = 0) -> None:
        """So many events, and elements that are none, appear on the public timeline."""
        self.timeline.happen([*self.events.new(day, number), *self.rng.sample(BAD_ELEMENTS, bad)])

    def publish_hour(self, day: date, hour: int, number: int, repeated: int, bad: int = 0) -> None:
        """The archive has an hour: new events, and some that were there before."""
        known = self.rng.sample(self.events.made, min(repeated, len(self.events.made)))
        lines = [*known, *self.events.new(day, number), *self.rng.sample(BAD_ELEMENTS, bad)]
        self.archive.hours[day, hour] = lines
        self.hours_to_do.append((day, hour))

    def put_foreign(self, day: date, number: int, repeated: int) -> None:
        """Somebody else puts an object into Bronze, without metadata."""
        known = self.rng.sample(self.events.made, min(repeated, len(self.events.made)))
        events = [*known, *self.events.new(day, number)]
        key = f"{PREFIX}ingest_dt={day}/foreign-{len(self.events.made)}.json.gz"
        body = gzip.compress(b"".join(event + b"\n" for event in events), mtime=0)
        self.arena.observer["s3"].put_object(Bucket=self.lake.bucket("raw"), Key=key, Body=body)
        self.acknowledged |= set(events)
        self.ask(day)

    def ask(self, day: date) -> None:
        """Whoever writes to a day that Silver does not look at by itself names it."""
        if day == OLD_DAY:
            self.days_to_ask.add(day)

    # --- runs ---

    def run(self, function: str, faults: Sequence[Fault] = (), looks: Sequence[int] = (), **arguments: Any) -> Ended:
        """One invocation. Faults that do not strike wait for the function's next run that is given any or none."""
        waiting = [*self.waiting.pop(function, []), *faults]
        process = Process(self, self.clock, function, waiting, looks)
        ended = self._run(process, self.arena.workers[0], arguments)
        self.waiting[function] = process.left_over()
        self.last = process
        self.struck += process.struck
        self.history.append(f"{function} {arguments or ''}: {self._describe(ended)}")
        self.history += [f"    struck: {one}" for one in process.struck]
        self._refuse_violations()
        return ended

    def run_clean(self, function: str, **arguments: Any) -> Any:
        """A run without faults, which must not fail; returns its outcome."""
        process = Process(self, self.clock, function)
        ended = self._run(process, self.arena.workers[0], arguments)
        self.history.append(f"{function} {arguments or ''}, without faults: {self._describe(ended)}")
        self._refuse_violations()
        if ended.error is not None:
            raise Failure(f"A run of {function} without faults failed: {ended.error!r}") from ended.error
        assert ended.outcome is not None, "nothing kills a run without faults"
        return ended.outcome

    def _run(self, process: Process, worker: Worker, arguments: dict[str, Any]) -> Ended:
        functions: dict[str, Callable[..., Any]] = {
            "poll": self._poll,
            "hour": self._hour,
            "silver": self._silver,
            "gold": self._gold,
        }
        worker.process = process
        try:
            return Ended(outcome=functions[process.function](process, worker.clients(process.function), **arguments))
        except Killed:
            return Ended()
        except (ClientError, BotoCoreError, HTTPError, TransformError, IngestorError) as error:
            return Ended(error=error)
        finally:
            process.is_dead = True
            worker.process = None

    def _poll(self, process: Process, clients: dict[str, Any], day: date) -> Any:
        self.polls += 1
        self.today = day
        now = datetime.combine(day, time(), UTC) + timedelta(minutes=5 * self.polls)
        bucket = self.lake.bucket("raw")
        shown: list[bytes] = []

        def poll(etag: str | None) -> Any:
            read_token(clients["ssm"], "/dp-test/github-token")
            shown.extend(self.timeline.elements)
            return self.timeline.poll(etag, now)

        store = Store(clients["s3"], bucket, PREFIX, f"quarantine/{PREFIX}")
        memory = StateStore(clients["s3"], bucket, "state/github_events_ingestor.json")
        outcome = ingest(store, memory, poll, now, "https://api.test/events")
        # Whoever polled may rely on this: what the timeline showed is stored.
        self.acknowledge(shown)
        self.ask(day)
        return outcome

    def acknowledge(self, lines: Iterable[bytes]) -> None:
        """Lines that a function said it has stored."""
        for line in lines:
            (self.acknowledged_bad if line in BAD_ELEMENTS else self.acknowledged).add(line)

    def _hour(self, process: Process, clients: dict[str, Any], day: date, hour: int) -> Any:
        store = HourStore(
            clients["s3"], self.lake.bucket("raw"), PREFIX, f"quarantine/{PREFIX}", "state/gharchive_backfill/"
        )
        deadline = IngestorDeadline(process, process.sleep)
        outcome = Backfill(store, self.archive, deadline, self.clock.now).hour(day, hour)  # type: ignore[arg-type]
        if (day, hour) in self.hours_to_do:
            self.hours_to_do.remove((day, hour))
        self.acknowledge(self.archive.hours[day, hour])
        self.ask(day)
        return outcome

    def _silver(self, process: Process, clients: dict[str, Any], compact: bool = False) -> Any:
        asked = set(self.days_to_ask)
        months = sorted(key for table, key in self.partitions(SILVER)) if compact else []
        outcome = silver.run(self._lake("silver", process, clients), days=sorted(asked), compact=months)
        if outcome.outcome != "busy" and outcome.is_complete:
            self.days_to_ask -= asked
        return outcome

    def _gold(
        self, process: Process, clients: dict[str, Any], rebuild: Sequence[date] = (), reconcile: bool = False
    ) -> Any:
        self.remember_version()
        return gold.run(self._lake("gold", process, clients), rebuild=rebuild, reconcile=reconcile)

    def _lake(self, transform: str, process: Process, clients: dict[str, Any]) -> Lake:
        settings = Settings.from_environment(
            {
                "TRANSFORM": transform,
                "DATABASE": self.lake.database,
                "WORK_GROUP": self.lake.work_group,
                "SILVER_BUCKET": self.lake.bucket("silver"),
                "GOLD_BUCKET": self.lake.bucket("gold"),
                "STATE_BUCKET": self.lake.bucket(transform),
                "STATE_PREFIX": "state/",
            }
        )
        deadline = Deadline(process, process.sleep)
        names = {"database": settings.database, "work_group": settings.work_group}
        athena = Athena(clients["athena"], deadline=deadline, **names)
        return Lake(settings, clients["s3"], clients["glue"], athena, deadline, process.aws_request_id, self.clock.now)

    def _describe(self, ended: Ended) -> str:
        if ended.error is not None:
            return f"{type(ended.error).__name__}: {str(ended.error)[:120]}"
        return "killed" if ended.outcome is None else str(getattr(ended.outcome, "outcome", ended.outcome))

    # --- what happens meanwhile ---

    def meanwhile(self, function: str) -> None:
        """Another worker runs a function to its end, with what is there for it."""
        if self._is_nested:
            return
        self._is_nested = True
        try:
            arguments: dict[str, Any] = {}
            if function == "poll":
                self.happen(self.today, 2)
                arguments = {"day": self.today}
            elif function == "hour":
                if not self.archive.hours:
                    return
                day, hour = list(self.archive.hours)[-1]
                arguments = {"day": day, "hour": hour}
            ended = self._run(Process(self, self.clock, function), self.arena.workers[1], arguments)
            self.history.append(f"    meanwhile {function}: {self._describe(ended)}")
            if function == "silver":
                self.remember_version()
        finally:
            self._is_nested = False

    def crash(self) -> None:
        """The sandbox dies, and comes back."""
        self.arena.crash()

    def look(self) -> None:
        """A reader queries Gold.

        Every day is a whole one, as Silver was when a run of Gold could read it; none goes back to an older version, or
        vanishes.
        """
        for table, days in self._read_gold().items():
            for day in {*days, *(day for name, day in self.seen if name == table)}:
                rows, since = days.get(day, frozenset()), self.seen.get((table, day), 0)
                versions = enumerate(self.versions[since:], since)
                number = next((n for n, version in versions if version[table].get(day, frozenset()) == rows), None)
                if number is None:
                    self.violations.append(f"A reader saw of {table}, {day}, what Silver never held: {sorted(rows)}")
                else:
                    self.seen[table, day] = number

    def remember_version(self) -> None:
        """What Gold may be built from now on."""
        self.versions.append(versions_of_gold(self))

    def _read_gold(self) -> Gold:
        text = (
            f"SELECT '{GOLD}', CAST(ingest_dt AS varchar), event_type, CAST(repo_id AS varchar), SUM(events_count)"
            f" FROM {GOLD} GROUP BY 1, 2, 3, 4 UNION ALL "
            f"SELECT '{HOURLY}', CAST(ingest_dt AS varchar), event_type, CAST(hour AS varchar), SUM(events_count)"
            f" FROM {HOURLY} GROUP BY 1, 2, 3, 4"
        )
        found: dict[str, dict[str, set[tuple[str, str, int]]]] = {GOLD: {}, HOURLY: {}}
        for table, day, kind, key, count in self.query(text):
            found[table].setdefault(day, set()).add((kind, key, int(count)))
        return {table: {day: frozenset(rows) for day, rows in days.items()} for table, days in found.items()}

    def query(self, text: str) -> list[list[str]]:
        """Ask Athena, without faults."""
        athena = self.arena.observer["athena"]
        started = athena.start_query_execution(
            QueryString=text, QueryExecutionContext={"Database": self.lake.database}, WorkGroup=self.lake.work_group
        )
        found = self._finished(started["QueryExecutionId"])
        if found["Status"]["State"] != "SUCCEEDED":
            raise Failure(f"A reader's query failed: {found['Status']}")
        rows = athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows[1:]]

    def partitions(self, table: str) -> dict[tuple[str, str], str]:
        """(table, values joined by "-") -> the folder that readers see, ending in a slash."""
        pages = self.arena.observer["glue"].get_paginator("get_partitions")
        return {
            (table, "-".join(one["Values"])): f"{one['StorageDescriptor']['Location'].rstrip('/')}/"
            for page in pages.paginate(DatabaseName=self.lake.database, TableName=table)
            for one in page["Partitions"]
        }

    # --- requests ---

    def perform(self, process: Process, call: Call) -> AWSResponse:
        """Send a request of a function's, keep track of what it does, and tell of queries what the faults say."""
        operation = call.operation
        if operation in {"s3.DeleteObjects", "s3.DeleteObject"}:
            self._check_deletion(call)
        if operation == "athena.GetQueryExecution":
            return self._tell(call)
        if operation == "athena.StopQueryExecution":
            self._stop(self.queries[json.loads(call.body)["QueryExecutionId"]])
        response = call.send()
        if operation == "athena.StartQueryExecution" and response.status_code == 200:
            identifier = json.loads(response.content)["QueryExecutionId"]
            if identifier not in self.queries:
                self._begin(identifier, json.loads(call.body)["QueryString"], process.query_fault)
        elif operation in {"glue.CreatePartition", "glue.UpdatePartition"} and response.status_code == 200:
            self._point(json.loads(call.body))
        return response

    def _begin(self, identifier: str, sql: str, fault: Fault | None) -> None:
        """A query has been started. It is let run to its end at once: what is told of it does not depend on time."""
        document = self._finished(identifier)
        query = Query(sql, document, document["Status"]["State"], self.clock.now())
        self.queries[identifier] = query
        if fault is None or query.state != "SUCCEEDED":
            return
        if fault.kind == "query fails":
            query.state = "FAILED"
            self._drop_files(query, fault.detail[0])
        else:
            seconds, query.when_stopped = fault.detail
            query.ends_at = self.clock.now() + timedelta(seconds=seconds)

    def _finished(self, identifier: str) -> dict[str, Any]:
        athena = self.arena.observer["athena"]
        while True:
            document: dict[str, Any] = athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if document["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                return document
            # Asking all the time would take the time from the query.
            sleep(POLL_SECONDS)

    def _drop_files(self, query: Query, share: float) -> None:
        """Of a query that does not succeed, only a share of its files has been written. Without any, no manifest."""
        paths = self.manifest(query)
        kept = round(share * len(paths))
        for path in paths[kept:]:
            bucket, _, key = path.removeprefix("s3://").partition("/")
            self.arena.observer["s3"].delete_object(Bucket=bucket, Key=key)
        query.hides_manifest = kept == 0

    def manifest(self, query: Query) -> list[str]:
        """The files that a query wrote or meant to write."""
        location = query.document["Statistics"].get("DataManifestLocation")
        if location is None:
            return []
        bucket, _, key = location.removeprefix("s3://").partition("/")
        body = self.arena.observer["s3"].get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return sorted(line.strip('"') for line in body.split())

    def _tell(self, call: Call) -> AWSResponse:
        query = self.queries[json.loads(call.body)["QueryExecutionId"]]
        statistics = dict(query.document["Statistics"])
        if query.hides_manifest:
            statistics.pop("DataManifestLocation", None)
        if self.clock.now() < query.ends_at:
            status = {"State": "RUNNING"}
        elif query.state == query.document["Status"]["State"]:
            status = {
                name: query.document["Status"][name]
                for name in ("State", "StateChangeReason")
                if name in query.document["Status"]
            }
        else:
            status = {"State": query.state, "StateChangeReason": "HIVE_WRITER_CLOSE_ERROR: injected"}
        return json_answer(call, {"QueryExecution": {"Status": status, "Statistics": statistics}})

    def _stop(self, query: Query) -> None:
        now = self.clock.now()
        if now >= query.ends_at or query.when_stopped == "too late":
            query.ends_at = min(query.ends_at, now)
            return
        query.state = "CANCELLED"
        query.ends_at = now if query.when_stopped == "cancelled" else now + timedelta(minutes=3)
        self._drop_files(query, 0.5)

    def _point(self, body: dict[str, Any]) -> None:
        """A partition points to a folder now, and another folder is out of use."""
        if body["DatabaseName"] != self.lake.database:
            return
        table, values = body["TableName"], body["PartitionInput"]["Values"]
        key = (table, "-".join(values))
        location = f"{body['PartitionInput']['StorageDescriptor']['Location'].rstrip('/')}/"
        before = self.live.get(key)
        if before is None and table == SILVER:
            # Where an insert has created the month.
            before = f"s3://{self.lake.bucket('silver')}/{SILVER}/year={values[0]}/month={values[1]}/"
        if before is not None and before != location:
            self.replaced[before] = self.clock.now()
        self.live[key] = location

    def _check_deletion(self, call: Call) -> None:
        """Only what no reader sees may be deleted: files of failed inserts, folders out of use for the grace period."""
        bucket = next((b for b in ("silver", "gold") if f"/{self.lake.bucket(b)}" in call.request.url), None)
        if bucket is None:
            return
        orphans = {
            path
            for query in self.queries.values()
            if query.is_insert and query.state in {"FAILED", "CANCELLED"}
            for path in self.manifest(query)
        }
        tables = (SILVER,) if bucket == "silver" else (GOLD, HOURLY)
        live = tuple(location for table in tables for location in self.partitions(table).values())
        for key in re.findall(r"<Key>([^<]+)</Key>", call.body.decode()):
            path = f"s3://{self.lake.bucket(bucket)}/{key}"
            if path in orphans:
                continue
            if path.startswith(live):
                self.violations.append(f"{path} was to be deleted, which readers see")
            for location, since in self.replaced.items():
                if path.startswith(location) and since > self.clock.now() - GRACE:
                    self.violations.append(f"{path} was to be deleted {self.clock.now() - since} after readers saw it")

    def _refuse_violations(self) -> None:
        if self.violations:
            raise Failure("; ".join(self.violations))

    # --- the end ---

    def close(self) -> None:
        """Delete the lake. The sandbox writes what it holds of a service at each change: many lakes make it slow."""
        s3, glue, athena = (self.arena.observer[name] for name in ("s3", "glue", "athena"))
        glue.delete_database(Name=self.lake.database)
        athena.delete_work_group(WorkGroup=self.lake.work_group, RecursiveDeleteOption=True)
        for layer in ("raw", "silver", "gold"):
            bucket = self.lake.bucket(layer)
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            keys = [{"Key": item["Key"]} for page in pages for item in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            s3.delete_bucket(Bucket=bucket)

    def finish(self) -> None:
        """Run every function without faults until nothing is left to do, and compare the lake with the truth."""
        self.waiting.clear()
        for day, hour in list(self.hours_to_do):
            self.run_clean("hour", day=day, hour=hour)
        self.run_clean("poll", day=DAYS[-1])
        for function in ("silver", "gold"):
            for _ in range(MOST_TRIES):
                self.clock.advance(A_WHILE)
                outcome = self.run_clean(function)
                if outcome.outcome != "busy" and outcome.is_complete:
                    break
            else:
                raise Failure(f"{function} is not done after {MOST_TRIES} runs without faults: {outcome}")
        self.clock.advance(2 * GRACE)
        for function in ("silver", "gold"):
            outcome = self.run_clean(function)
            if outcome.outcome != "nothing_to_do":
                raise Failure(f"{function} has something to do although nothing is new: {outcome}")
        check_lake(self)
