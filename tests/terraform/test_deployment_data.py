"""What the deployed lake does with data: backfills, lineage, the quarantine and views; what it may do; no secrets."""

import gzip
import json
import re
from typing import Any

import pytest
import requests
from lake_deployment import Deployment

from workshop import identities
from workshop.names import Names
from workshop.paths import TERRAFORM
from workshop.queries import athena_sql
from workshop.terraform import Terraform

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1200)]

DAY = "2024-01-15"
# In two parts: nothing in the repository may look like a token, and the source refuses what does not.
TOKEN = "gh" + "p_" + "0f7heTestsWhichNobodyMayFindAnywhere"
PARAMETER = "/lakehouse/github-token"


def rows(session: Any, names: Names, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query in the lake."""
    frame, _ = athena_sql(session, work_group=names.work_group, database=names.database, sql=sql)
    return list(frame.itertuples(index=False, name=None))


def bronze_ids(deployment: Deployment, keys: list[str]) -> list[str]:
    """The ids in these objects, read as they lie there."""
    s3, bucket = deployment.sandbox.client("s3"), deployment.names.buckets["raw"]
    contents = [gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    return [json.loads(line)["id"] for content in contents for line in content.splitlines()]


def test_a_backfill_brings_hours_of_the_archive_to_gold_and_does_nothing_twice(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = deployed.workshop("backfill", DAY, "--hours", "3-4", "--json")
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert [(hour["hour"], hour["outcome"]) for hour in report["hours"]] == [(3, "stored"), (4, "stored")]
    # Every line of the archive's own files is either an event or in quarantine.
    lines = 0
    for hour in (3, 4):
        address = f"{deployed.sandbox.home.endpoint}/_gharchive/{DAY}-{hour}.json.gz"
        lines += len(gzip.decompress(requests.get(address, verify=deployed.env["AWS_CA_BUNDLE"]).content).splitlines())
    assert report["total"]["events"] + report["total"]["quarantined"] == lines
    # Each of them once in Silver, and counted once in Gold, by day and by hour.
    names, session = deployed.names, deployed.session(monkeypatch)
    ids = bronze_ids(deployed, [f"github/events/ingest_dt={DAY}/gharchive-{DAY}-{hour:02}.json.gz" for hour in (3, 4)])
    silver = [
        row[0] for row in rows(session, names, "SELECT CAST(event_id AS varchar) || 'x' FROM github_events_silver")
    ]
    assert sorted(silver) == sorted(f"{one}x" for one in set(ids))
    for table in ("gold", "gold_hourly"):
        [(events,)] = rows(session, names, f"SELECT SUM(events_count) FROM {names.tables[table]}")
        assert events == len(set(ids))
    checked = rows(session, names, f"SELECT DISTINCT ingest_day, passed FROM {names.tables['quality']} WHERE blocking")
    assert [(str(day)[:10], passed) for day, passed in checked] == [(DAY, True)]
    again = deployed.workshop("backfill", DAY, "--hours", "3-4")
    assert again.returncode == 0, again.stderr
    [row] = [line.split() for line in again.stdout.splitlines() if line.startswith(DAY)]
    assert row[:5] == [DAY, "0", "2", "0", "0"], "nothing stored, two hours there, none missing, none failed"
    assert "; 0 new rows in Silver." in again.stdout


def test_a_number_of_gold_leads_back_to_the_archive(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    names, session = deployed.names, deployed.session(monkeypatch)
    [(kind, repository, number)] = rows(
        session, names,
        "SELECT event_type, repo_name, SUM(events_count) FROM github_events_gold_daily"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 1",
    )  # fmt: skip
    answer = deployed.workshop("lineage", DAY, kind, repository, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["gold_events"], found["silver_events"], found["agrees"]) == (number, number, True)
    objects = [one for file in found["files"] for one in file["bronze"]]
    raw = f"s3://{names.buckets['raw']}/github/events/ingest_dt={DAY}/gharchive-{DAY}"
    archive = f"{deployed.sandbox.home.endpoint}/_gharchive/{DAY}"
    known = {f"{raw}-{hour:02}.json.gz": f"{archive}-{hour}.json.gz" for hour in (3, 4)}
    assert {(one["path"], one["source"]) for one in objects} <= set(known.items())
    for one in objects:
        assert one["object_events"] == len(bronze_ids(deployed, [one["path"].split("/", 3)[3]]))
    missing = deployed.workshop("lineage", DAY, kind, "no'body/100%s")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "There is no" in missing.stderr


def test_what_is_released_from_quarantine_arrives_in_gold(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, names = deployed.sandbox.client("s3"), deployed.names
    template = gzip.decompress(
        s3.get_object(Bucket=names.buckets["raw"], Key=f"github/events/ingest_dt={DAY}/gharchive-{DAY}-03.json.gz")[
            "Body"
        ].read()
    ).splitlines()[0]
    events = [json.loads(template) | {"id": identifier} for identifier in ("1", "2")]
    refused = [json.dumps(event) for event in events] + ["{"]
    # As a stricter rule of yesterday would have left them.
    lines = [
        {
            "reason": "a rule that was wrong", "source": "https://example.org/page", "byte_offset": 0, "raw": raw,
            "raw_bytes": len(raw), "encoding": "utf-8", "truncated": False, "received_at": "2024-01-16 00:00:00",
        }
        for raw in refused
    ]  # fmt: skip
    body = gzip.compress("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    key = f"quarantine/github/events/ingest_dt={DAY}/{'0' * 32}.json.gz"
    s3.put_object(Bucket=names.buckets["raw"], Key=key, Body=body)
    shown = deployed.workshop("quarantine", DAY)
    assert re.search(r"^ *3 .* a rule that was wrong *$", shown.stdout, re.MULTILINE), shown.stdout + shown.stderr
    answer = deployed.workshop("replay", DAY)
    assert answer.returncode == 0, answer.stderr
    assert f"{DAY}: 2 released, " in answer.stdout
    assert "Silver has 2 new rows." in answer.stdout
    session = deployed.session(monkeypatch)
    found = rows(session, names, "SELECT event_id, bronze_path FROM github_events_silver WHERE event_id IN ('1', '2')")
    assert sorted(str(one) for one, _ in found) == ["1", "2"]
    assert all("/replay-" in path for _, path in found)
    left = deployed.workshop("quarantine", DAY, "--json")
    assert {one["reason"]: one["lines"] for one in json.loads(left.stdout)["reasons"]}.get(
        "a rule that was wrong", 0
    ) <= 1


def test_the_views_answer_what_their_queries_answer(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for function in ("ingestor", "silver", "gold"):
        deployed.invoke(function)
    names, session = deployed.names, deployed.session(monkeypatch)
    queries = TERRAFORM / "modules" / "catalog_athena" / "queries"
    for view, file, least in (
        ("github_events_top_types_today", "gold_event_types_today.sql", 2),
        ("github_events_top_repositories_today", "gold_repositories_today.sql", 10),
        ("github_events_last_week", "gold_last_week.sql", 2),
    ):
        found = rows(session, names, f"SELECT * FROM {view}")
        totals = sorted((row[-1] for row in found), reverse=True)
        assert totals == sorted((row[-1] for row in rows(session, names, (queries / file).read_text())), reverse=True)
        assert len(found) >= least


def test_the_saved_queries_run(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    session = deployed.session(monkeypatch)
    for file in sorted((TERRAFORM / "modules" / "catalog_athena" / "queries").glob("*.sql")):
        rows(session, deployed.names, file.read_text())


def test_the_backfill_may_do_its_work_and_no_more(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    names, session = deployed.names, deployed.session(monkeypatch)
    role = deployed.dev.output()["role_arns"]["backfill"]
    raw = names.buckets["raw"]

    def put(bucket: str, key: str) -> tuple[str, dict[str, Any]]:
        return "s3.put_object", {"Bucket": bucket, "Key": key, "Body": "x"}

    bronze, quarantined, state = "github/events/probe", "quarantine/probe", "state/gharchive_backfill/probe"
    allowed = [
        put(raw, bronze), put(raw, quarantined), put(raw, state),
        ("s3.get_object", {"Bucket": raw, "Key": bronze}), ("s3.get_object", {"Bucket": raw, "Key": state}),
        ("s3.delete_object", {"Bucket": raw, "Key": quarantined}), ("s3.list_objects_v2", {"Bucket": raw}),
    ]  # fmt: skip
    denied = [
        ("s3.delete_object", {"Bucket": raw, "Key": bronze}), ("s3.delete_object", {"Bucket": raw, "Key": state}),
        put(raw, "state/github_events_ingestor.json"), put(raw, "elsewhere"),
        put(names.buckets["silver"], bronze), put(names.buckets["gold"], bronze),
        ("s3.list_objects_v2", {"Bucket": names.buckets["silver"]}),
        ("lambda.invoke", {"FunctionName": names.functions["silver"]}),
        ("ssm.get_parameter", {"Name": PARAMETER}),
        ("stepfunctions.list_executions", {"stateMachineArn": names.state_machine_arn}),
    ]  # fmt: skip
    with identities.function_wearing(session, role, "dp-dev-probe") as call:
        assert [answer for action, arguments in allowed if not (answer := call(action, arguments))["allowed"]] == []
        answers = [call(action, arguments) for action, arguments in denied]
    assert [answer["code"] for answer in answers] == [
        *["AccessDenied"] * 7, "AccessDeniedException", "AccessDeniedException", "AccessDeniedException",
    ]  # fmt: skip
    deployed.sandbox.client("s3").delete_object(Bucket=raw, Key=bronze)


def test_the_state_machine_may_invoke_its_functions_only(deployed: Deployment) -> None:
    iam, names = deployed.sandbox.client("iam"), deployed.names
    document = iam.get_role_policy(RoleName=f"{names.state_machine}-states", PolicyName="work")["PolicyDocument"]
    [invoke] = [one for one in document["Statement"] if one["Action"] == "lambda:InvokeFunction"]
    prefix = f"arn:aws:lambda:{names.region}:{names.account_id}:function:"
    assert invoke["Resource"] == [prefix + names.functions[name] for name in ("backfill", "silver", "gold")]


def test_a_token_is_read_by_the_ingestor_and_found_nowhere_else(deployed: Deployment) -> None:
    stored = deployed.workshop("github-token", given=f"{TOKEN}\n")
    assert stored.returncode == 0, stored.stderr
    parameter = deployed.sandbox.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]
    assert (parameter["Type"], parameter["Value"]) == ("SecureString", TOKEN)
    deployed.env["TF_VAR_github_token_parameter"] = PARAMETER
    with_token = Terraform("envs/dev", env=deployed.env)
    with_token.apply()
    names, s3, client = deployed.names, deployed.sandbox.client("s3"), deployed.sandbox.client
    functions_of = client("lambda")
    configured = [functions_of.get_function(FunctionName=one) for one in names.functions.values()]
    assert configured[0]["Configuration"]["Environment"]["Variables"]["GITHUB_TOKEN_PARAMETER"] == PARAMETER
    assert deployed.invoke("ingestor")["outcome"] in {"stored", "not_modified", "too_early"}
    state = s3.get_object(Bucket=names.state_bucket, Key="envs/dev/terraform.tfstate")["Body"].read().decode()
    assert PARAMETER in state, "the right state was looked into"
    logs = client("logs")
    messages = [
        event["message"]
        for function in names.functions.values()
        for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    ]
    plans = [path.read_text(errors="replace") for path in deployed.sandbox.home.terraform.rglob("*") if path.is_file()]
    outputs = json.dumps(with_token.output())
    everywhere = [state, outputs, json.dumps(configured, default=str), stored.stdout, stored.stderr, *messages, *plans]
    assert [text[:200] for text in everywhere if TOKEN in text] == []
    assert deployed.workshop("github-token", "--delete").returncode == 0
    del deployed.env["TF_VAR_github_token_parameter"]
