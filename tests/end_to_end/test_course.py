"""The whole course as a user runs it, then the lake that it leaves, against the served events themselves.

One sandbox, one run of the notebooks up to Gold, then independent looks: counts come from the served file by plain
Python, answers from the AWS CLI, PyAthena and boto3. Then the notebooks about history, quality and faults, compared
with the archive's own files in the same way. The last test tears everything down.
"""

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from pyathena import connect

from workshop.paths import REPOSITORY
from workshop.sandbox import lifecycle
from workshop.sandbox.github import open_source
from workshop.sandbox.home import SandboxHome

pytestmark = [pytest.mark.workshop, pytest.mark.timeout(1500)]

RECORDING = os.environ.get("LAKEHOUSE_RECORDING")
DATABASE = "dp_dev_lake"
WORK_GROUP = "dp-dev-wg"
HISTORY_DAY = "2024-01-15"
# Of the archive's replica, by its own description (workshop/sandbox/github/hours.py and poison.py).
MISSING_HOUR, POISONED_HOUR, POISONED_LINES = 11, 3, (11, 22, 33, 44, 55)

# As they stand in the datasets' documentation for users.
QUERIES = {
    "event types today": """
SELECT event_type, SUM(events_count) AS total FROM github_events_gold_daily
WHERE ingest_dt = CURRENT_DATE GROUP BY event_type ORDER BY total DESC LIMIT 10;
""",
    "repositories today": """
SELECT repo_name, SUM(events_count) AS activity FROM github_events_gold_daily
WHERE ingest_dt = CURRENT_DATE GROUP BY repo_name ORDER BY activity DESC LIMIT 10;
""",
    "last week": """
SELECT ingest_dt, event_type, SUM(events_count) AS total FROM github_events_gold_daily
WHERE ingest_dt >= CURRENT_DATE - INTERVAL '7' DAY
GROUP BY ingest_dt, event_type ORDER BY ingest_dt DESC, total DESC;
""",
    "bronze": "SELECT * FROM github_events_bronze LIMIT 10;",
}


@dataclass(frozen=True)
class Course:
    """A finished run up to Gold, and the events that its source served."""

    home: SandboxHome
    environment: dict[str, str]
    report: Path
    printed: str
    served: list[bytes]

    @property
    def session(self) -> boto3.Session:
        return boto3.Session(
            self.environment["AWS_ACCESS_KEY_ID"],
            self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        )

    def client(self, service: str, session: boto3.Session | None = None, **options: Any) -> Any:
        options = {"endpoint_url": self.home.endpoint, "verify": str(self.home.ca_bundle)} | options
        return (session or self.session).client(service, **options)

    def bucket(self, layer: str) -> str:
        return f"dp-dev-{self.home.settings.account}-{layer}"

    def workshop(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "workshop", *arguments],
            cwd=REPOSITORY,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, sql: str, session: boto3.Session | None = None) -> list[tuple[Any, ...]]:
        with connect(
            session=session or self.session,
            endpoint_url=self.home.endpoint,
            verify=str(self.home.ca_bundle),
            work_group=WORK_GROUP,
            schema_name=DATABASE,
            poll_interval=0.1,
        ).cursor() as cursor:
            return list(cursor.execute(sql).fetchall())

    def invoke(self, function: str) -> dict[str, Any]:
        answer = self.client("lambda").invoke(FunctionName=function, Payload=b"{}")
        body: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    folder = tmp_path_factory.mktemp("course")
    home = SandboxHome(folder / "home")
    environment = os.environ | {"LAKEHOUSE_SANDBOX_HOME": str(home.root), "COLUMNS": "160"}
    run = subprocess.run(
        [sys.executable, "-m", "workshop", "run", "--until", "07", "--output-dir", str(folder / "report")],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        assert run.returncode == 0, run.stdout + run.stderr
        served = open_source(Path(RECORDING) if RECORDING else None)
        for name, value in home.environment().items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        lines = [event.raw for event in served.events]
        yield Course(home, environment, folder / "report" / "index.html", run.stdout, lines)
    finally:
        lifecycle.down(home)


@pytest.fixture(scope="module")
def distinct(course: Course) -> dict[str, dict[str, Any]]:
    """The served events by id: what Silver and Gold must amount to, by plain Python."""
    return {event["id"]: event for event in map(json.loads, course.served)}


def keys(course: Course, layer: str, prefix: str = "") -> list[str]:
    pages = course.client("s3").get_paginator("list_objects_v2").paginate(Bucket=course.bucket(layer), Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def content(course: Course, key: str) -> bytes:
    body: bytes = course.client("s3").get_object(Bucket=course.bucket("raw"), Key=key)["Body"].read()
    return body


def bronze_lines(course: Course) -> list[bytes]:
    lines: list[bytes] = []
    for key in keys(course, "raw", "github/events/"):
        assert key.endswith(".json.gz")
        lines += gzip.decompress(content(course, key)).splitlines()
    return lines


def counts(course: Course) -> dict[str, int]:
    [(silver, ids)] = course.rows("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM github_events_silver")
    [(gold,)] = course.rows("SELECT SUM(events_count) FROM github_events_gold_daily")
    return {"bronze": len(bronze_lines(course)), "silver": silver, "ids": ids, "gold": gold}


def test_the_run_ends_with_a_table_and_a_report(course: Course) -> None:
    for name in ("00_welcome", "04_bronze_ingest", "07_explore_gold"):
        assert name in course.printed
    assert "total" in course.printed
    page = course.report.read_text()
    for name in ("00_welcome", "07_explore_gold"):
        assert name in page
        assert (course.report.parent / f"{name}.ipynb").is_file()


def test_bronze_holds_every_served_event_byte_for_byte(course: Course) -> None:
    assert Counter(bronze_lines(course)) == Counter(course.served)


def test_silver_and_gold_count_each_event_once(course: Course, distinct: dict[str, Any]) -> None:
    if RECORDING:
        # Counted by hand with zcat, jq and sort -u on the published recording.
        assert (len(course.served), len(distinct)) == (5000, 4945)
    assert counts(course) == {
        "bronze": len(course.served),
        "silver": len(distinct),
        "ids": len(distinct),
        "gold": len(distinct),
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [("event_type", lambda event: event["type"]), ("repo_name", lambda event: event["repo"]["name"])],
)
def test_gold_agrees_with_the_file(
    course: Course, distinct: dict[str, Any], column: str, value: Callable[[dict[str, Any]], str]
) -> None:
    rows = course.rows(f"SELECT {column}, SUM(events_count) FROM github_events_gold_daily GROUP BY {column}")
    assert dict(rows) == Counter(value(event) for event in distinct.values())


def test_running_everything_again_changes_nothing(course: Course) -> None:
    before = counts(course)
    for _ in range(2):
        assert course.invoke("dp-dev-github-events-ingestor")["outcome"] == "not_modified"
        assert course.invoke("dp-dev-silver-scheduler")["rows"] == 0
        assert course.invoke("dp-dev-gold-scheduler")["rows"] == 0
    assert counts(course) == before


@pytest.mark.parametrize("name", QUERIES)
def test_the_documented_queries_answer_alike_everywhere(course: Course, name: str) -> None:
    sql = QUERIES[name]
    [(newest,)] = course.rows("SELECT MAX(ingest_dt) FROM github_events_gold_daily")
    if name.endswith("today") and newest != datetime.now(UTC).date():
        pytest.skip("the day has ended since the run; a new day has no events yet")
    by_pyathena = course.rows(sql)
    by_cli = _aws_cli_rows(course, sql)
    assert len(by_pyathena) > 3
    if name == "bronze":  # ten rows of many, in no order: the same shape and real events
        ids = {json.loads(line)["id"] for line in course.served}
        for rows in (by_pyathena, by_cli):
            assert len(rows) == 10
            assert {row[0] for row in rows} <= ids
        return
    totals = [-1 if row[-1] is None else int(row[-1]) for row in by_cli]
    assert [int(row[-1]) for row in by_pyathena] == totals
    # Rows with equal totals have no order among each other.
    assert Counter(tuple(map(str, row)) for row in by_pyathena if row[-1] > totals[-1]) == Counter(
        row for row in by_cli if int(row[-1]) > totals[-1]
    )


def _aws_cli_rows(course: Course, sql: str) -> list[tuple[str, ...]]:
    def aws(*arguments: str) -> Any:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("aws")), *arguments, "--output", "json"],
            env=course.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    started = aws(
        "athena", "start-query-execution", "--work-group", WORK_GROUP,
        "--query-execution-context", f"Database={DATABASE}", "--query-string", sql,
    )  # fmt: skip
    identifier = started["QueryExecutionId"]
    while True:
        execution = aws("athena", "get-query-execution", "--query-execution-id", identifier)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            break
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    results = aws("athena", "get-query-results", "--query-execution-id", identifier)["ResultSet"]["Rows"]
    rows = [tuple(cell.get("VarCharValue", "") for cell in row["Data"]) for row in results]
    # The result file says the same as the API.
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    body = course.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert [tuple(row) for row in csv.reader(io.StringIO(body))] == rows
    return rows[1:]


@pytest.fixture(scope="module")
def history(course: Course) -> str:
    """The notebooks about history, quality and faults, with their exercises answered; what the run printed."""
    folder = course.report.parent / "history"
    run = course.workshop("run", "08", "09", "10", "--solutions", "--output-dir", str(folder))
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def archive(course: Course) -> dict[int, bytes]:
    """The archive's own files of the day, by hour; without those that it does not have."""
    files = {}
    for hour in range(24):
        address = f"{course.home.endpoint}/_gharchive/{HISTORY_DAY}-{hour}.json.gz"
        answer = requests.get(address, verify=str(course.home.ca_bundle), timeout=60)
        assert answer.status_code == (404 if hour == MISSING_HOUR else 200)
        if answer.ok:
            files[hour] = answer.content
    return files


def good_lines(archive: dict[int, bytes]) -> dict[int, list[bytes]]:
    """The lines that are events, by hour of the file."""
    lines = {hour: gzip.decompress(file).splitlines() for hour, file in archive.items()}
    lines[POISONED_HOUR] = [line for i, line in enumerate(lines[POISONED_HOUR], 1) if i not in POISONED_LINES]
    return lines


def test_the_notebooks_about_history_quality_and_faults_pass(history: str) -> None:
    for name in ("08_backfill", "09_quality", "10_break_and_heal"):
        assert re.search(rf"✔ {name}", history), history


@pytest.mark.usefixtures("history")
def test_a_day_of_history_is_stored_as_the_archive_has_it(course: Course, archive: dict[int, bytes]) -> None:
    expected = good_lines(archive)
    assert sum(map(len, expected.values())) > 20_000
    folder = f"github/events/ingest_dt={HISTORY_DAY}/"
    assert keys(course, "raw", folder) == [f"{folder}gharchive-{HISTORY_DAY}-{hour:02}.json.gz" for hour in archive]
    for hour, file in archive.items():
        stored = content(course, f"{folder}gharchive-{HISTORY_DAY}-{hour:02}.json.gz")
        if hour == POISONED_HOUR:
            assert gzip.decompress(stored).splitlines() == expected[hour]
        else:
            assert stored == file, f"hour {hour} is not the archive's own file"


@pytest.mark.usefixtures("history")
def test_what_is_no_event_is_in_quarantine_as_it_came(course: Course, archive: dict[int, bytes]) -> None:
    [key] = keys(course, "raw", f"quarantine/github/events/ingest_dt={HISTORY_DAY}/")
    kept = [json.loads(line) for line in gzip.decompress(content(course, key)).splitlines()]
    file = gzip.decompress(archive[POISONED_HOUR])
    strangers = [file.splitlines()[number - 1] for number in POISONED_LINES]
    assert [one["raw"].encode() for one in kept] == strangers
    assert [file[one["byte_offset"] :][: one["raw_bytes"]] for one in kept] == strangers


@pytest.mark.usefixtures("history")
def test_every_layer_holds_each_event_once_after_all_that_was_broken(course: Course) -> None:
    ids = {json.loads(line)["id"] for line in bronze_lines(course)}
    found = counts(course)
    assert (found["silver"], found["ids"], found["gold"]) == (len(ids),) * 3
    assert course.rows("SELECT SUM(events_count) FROM github_events_gold_hourly") == [(len(ids),)]
    # The lab has brought three hours more, and put back what it changed.
    assert len(keys(course, "raw", "github/events/ingest_dt=2024-01-16/")) == 3
    assert [key for layer in ("raw", "silver", "gold") for key in keys(course, layer) if "lesson" in key] == []
    for function in ("dp-dev-silver-scheduler", "dp-dev-gold-scheduler"):
        assert course.client("lambda").get_function_configuration(FunctionName=function)["Timeout"] == 600
    assert course.invoke("dp-dev-silver-scheduler")["rows"] == 0


@pytest.mark.usefixtures("history")
def test_gold_by_the_hour_agrees_with_the_archives_files(course: Course, archive: dict[int, bytes]) -> None:
    events = {event["id"]: event for lines in good_lines(archive).values() for event in map(json.loads, lines)}
    expected = Counter(
        (int(event["created_at"][11:13]), event["type"], event["actor"]["login"].endswith("[bot]"))
        for event in events.values()
    )
    found = course.rows(f"""
        SELECT hour(hour), event_type, is_bot, events_count FROM github_events_gold_hourly
        WHERE ingest_dt = DATE '{HISTORY_DAY}'
    """)
    assert {(hour, kind, bot): count for hour, kind, bot, count in found} == expected


@pytest.mark.usefixtures("history")
def test_the_lessons_can_be_repeated(course: Course, tmp_path: Path) -> None:
    before = keys(course, "raw", f"github/events/ingest_dt={HISTORY_DAY}/")
    again = course.workshop("run", "08", "10", "--output-dir", str(tmp_path))
    assert again.returncode == 0, again.stdout + again.stderr
    assert keys(course, "raw", f"github/events/ingest_dt={HISTORY_DAY}/") == before
    assert len(keys(course, "raw", "github/events/ingest_dt=2024-01-16/")) == 6


def test_a_role_that_may_not_read_silver_cannot_query_it(course: Course) -> None:
    iam = course.client("iam")
    account = course.home.settings.account
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    may = [
        {"Effect": "Allow", "Action": ["athena:*", "glue:Get*"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": [f"arn:aws:s3:::{course.bucket('gold')}", f"arn:aws:s3:::{course.bucket('gold')}/*"],
        },
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{course.bucket('silver')}"]},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"},
    ]
    role = iam.create_role(
        RoleName="dp-dev-test-analyst",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    iam.put_role_policy(
        RoleName="dp-dev-test-analyst",
        PolicyName="all-but-silver",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": may}),
    )
    try:
        keys = course.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
        analyst = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], course.environment["AWS_REGION"]
        )
        assert course.rows("SELECT SUM(events_count) FROM github_events_gold_daily", analyst)
        with pytest.raises(Exception, match=r"(?i)access ?denied.*"):
            course.rows("SELECT event_type, COUNT(*) FROM github_events_silver GROUP BY event_type", analyst)
    finally:
        iam.delete_role_policy(RoleName="dp-dev-test-analyst", PolicyName="all-but-silver")
        iam.delete_role(RoleName="dp-dev-test-analyst")


def test_plain_http_is_denied_and_https_allowed(course: Course) -> None:
    for layer in ("raw", "silver", "gold", "logs"):
        assert course.client("s3").list_objects_v2(Bucket=course.bucket(layer), MaxKeys=1)["KeyCount"] >= 0
        with pytest.raises(ClientError) as denied:
            course.client("s3", endpoint_url=course.home.http_endpoint).list_objects_v2(Bucket=course.bucket(layer))
        assert denied.value.response["Error"]["Code"] == "AccessDenied"


def test_no_secret_lies_in_state_logs_or_reports(course: Course) -> None:
    secret = course.environment["AWS_SECRET_ACCESS_KEY"].encode()
    places = [course.home.terraform, course.home.log, course.report.parent]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]
    assert len(files) > 10
    assert [file for file in files if secret in file.read_bytes()] == []


def test_plan_finds_nothing_until_somebody_changes_the_world(course: Course) -> None:
    assert (clean := course.workshop("terraform", "check", "dev")).returncode == 0, clean.stdout + clean.stderr
    course.client("s3").delete_public_access_block(Bucket=course.bucket("silver"))
    drifted = course.workshop("terraform", "check", "dev")
    assert drifted.returncode == 2, drifted.stdout + drifted.stderr
    assert "public_access_block" in drifted.stdout
    assert (repaired := course.workshop("terraform", "apply", "dev", "--yes")).returncode == 0, repaired.stderr
    assert (clean := course.workshop("terraform", "check", "dev")).returncode == 0, clean.stdout + clean.stderr


def test_the_schedules_run_the_functions(course: Course) -> None:
    """Nobody invokes anything here: the ingestor and Silver run by the clock, Gold because Silver succeeded."""
    functions = ("dp-dev-github-events-ingestor", "dp-dev-silver-scheduler", "dp-dev-gold-scheduler")
    every_minute = {f"TF_VAR_{name}_schedule": "rate(1 minute)" for name in ("ingest", "silver")}
    assert (applied := course.workshop("terraform", "apply", "dev", "--yes", **every_minute)).returncode == 0, applied
    before = [_runs(course, function) for function in functions]
    deadline = time.monotonic() + 150
    while not all(_runs(course, function) > count for function, count in zip(functions, before, strict=True)):
        assert time.monotonic() < deadline, [_runs(course, function) for function in functions]
        time.sleep(2)


def _runs(course: Course, function: str) -> int:
    """How often a function has come to its end, by its own log group."""
    pages = course.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
    return sum("REPORT RequestId" in event["message"] for page in pages for event in page["events"])


def test_teardown_leaves_nothing(course: Course, tmp_path: Path) -> None:
    torn_down = course.workshop("run", "99", "--output-dir", str(tmp_path / "report"))
    assert torn_down.returncode == 0, torn_down.stdout + torn_down.stderr
    assert course.client("s3").list_buckets()["Buckets"] == []
    assert [role["RoleName"] for role in course.client("iam").list_roles()["Roles"]] == []
    assert course.client("lambda").list_functions()["Functions"] == []
    assert [one["Name"] for one in course.client("glue").get_databases()["DatabaseList"]] in ([], ["default"])
    assert course.client("logs").describe_log_groups()["logGroups"] == []
    assert course.client("sqs").list_queues().get("QueueUrls", []) == []
    assert course.client("scheduler").list_schedules()["Schedules"] == []
    assert course.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert [one["Name"] for one in course.client("athena").list_work_groups()["WorkGroups"]] == ["primary"]
    aliases = [one["AliasName"] for one in course.client("kms").list_aliases()["Aliases"]]
    assert [alias for alias in aliases if not alias.startswith("alias/aws/")] == []
