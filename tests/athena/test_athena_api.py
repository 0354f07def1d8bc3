"""The API over a running sandbox, with boto3, the AWS CLI and PyAthena as clients."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox
from world import JSON_SERDE, LONG_QUERY, PEOPLE, World

from workshop.sandbox import lifecycle

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def world(sandbox: RunningSandbox) -> World:
    return World(sandbox)


def test_select(world: World) -> None:
    execution = world.run("SELECT id, name FROM people ORDER BY id")
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert "StateChangeReason" not in execution["Status"]
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    assert execution["Statistics"]["DataScannedInBytes"] == len(PEOPLE)
    for figure in ("EngineExecutionTimeInMillis", "QueryQueueTimeInMillis", "TotalExecutionTimeInMillis"):
        assert execution["Statistics"][figure] > 0
    assert world.rows(execution) == [["id", "name"], ["1", "ann"], ["2", None]]
    key = f"results/{execution['QueryExecutionId']}.csv"
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{world.name}/{key}"
    assert world.s3.get_object(Bucket=world.name, Key=key)["Body"].read() == b'"id","name"\n"1","ann"\n"2",\n'
    world.s3.head_object(Bucket=world.name, Key=f"{key}.metadata")


# (statement, AthenaError.ErrorType)
ERROR_TYPES = [
    ("SELECT * FROM nosuch", 1301),
    ("SELECT * FROM nosuch.t", 1301),
    ("SELECT nosuch FROM people", 1006),
    ("SELECT * FROM nosuch.a.b", 1006),
    ("SELECT nosuch(1)", 1303),
    ("SELECT 1 / 0", 1001),
    ("SELECT CAST('a' AS integer)", 1100),
    ("SELECT * FROM people NATURAL JOIN people p", 1200),
]


def test_types_of_errors(world: World) -> None:
    found = [world.run(sql)["Status"]["AthenaError"]["ErrorType"] for sql, _ in ERROR_TYPES]
    assert found == [number for _, number in ERROR_TYPES]


def test_every_account_has_the_database_default(world: World) -> None:
    assert world.glue.get_database(Name="default")["Database"]["Name"] == "default"
    execution = world.run("SELECT * FROM nosuch", QueryExecutionContext={"Database": "default"})
    reason = "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nosuch' does not exist"
    assert execution["Status"]["StateChangeReason"] == reason


def test_results_come_in_pages(world: World) -> None:
    numbers = ", ".join(map(str, range(1, 8)))
    execution = world.run(f"SELECT x FROM UNNEST(ARRAY[{numbers}]) AS t(x) ORDER BY x")
    pages = world.athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"], PaginationConfig={"PageSize": 3}
    )
    rows = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in pages]
    assert rows == [["x", "1", "2"], ["3", "4", "5"], ["6", "7"]]


def test_failure_tells_why(world: World) -> None:
    execution = world.run("SELECT * FROM people WHERE name = 1")
    status = execution["Status"]
    reason = "TYPE_MISMATCH: line 1:33: Cannot apply operator: varchar = integer"
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", reason)
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["ErrorType"] == 1002
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        world.rows(execution)


REFUSED: list[tuple[Callable[[World], object], str]] = [
    (lambda w: w.start("selct 1"), "line 1:1: mismatched input 'selct'"),
    (lambda w: w.start("SELECT 1", ResultConfiguration={}), "No output location provided"),
    (lambda w: w.start("SELECT 1", WorkGroup="nosuch"), "WorkGroup nosuch is not found"),
    (lambda w: w.athena.get_query_execution(QueryExecutionId="nosuch"), "QueryExecution nosuch was not found"),
    (lambda w: w.start("EXECUTE nosuch"), "nosuch"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_requests_that_are_refused(world: World, call: Callable[[World], object], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        call(world)
    assert refused.value.response["Error"]["Code"] in ("InvalidRequestException", "ResourceNotFoundException")
    assert message in refused.value.response["Error"]["Message"]


def test_metadata(world: World) -> None:
    names = {"CatalogName": "AwsDataCatalog", "DatabaseName": world.database}
    table = world.athena.get_table_metadata(**names, TableName="people")["TableMetadata"]
    assert [(c["Name"], c["Type"]) for c in table["Columns"]] == [("id", "int"), ("name", "string")]
    assert table["Parameters"]["location"] == f"s3://{world.name}/people/"
    assert table["Parameters"]["serde.serialization.lib"] == JSON_SERDE
    listed = world.athena.list_table_metadata(**names, Expression="peo.*")["TableMetadataList"]
    assert [t["Name"] for t in listed] == ["people"]
    assert world.athena.list_table_metadata(**names, Expression="x.*")["TableMetadataList"] == []
    assert world.database in [
        d["Name"] for d in world.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    ]
    with pytest.raises(ClientError) as refused:
        world.athena.get_table_metadata(**names, TableName="nosuch")
    assert refused.value.response["Error"]["Code"] == "MetadataException"


def test_same_token_same_execution(world: World) -> None:
    token = uuid.uuid4().hex
    first = world.start("SELECT 1", ClientRequestToken=token)
    assert world.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent"):
        world.start("SELECT 2", ClientRequestToken=token)
    assert world.start("SELECT 1", ClientRequestToken=uuid.uuid4().hex) != first


def test_parameters_and_prepared_statements(world: World) -> None:
    execution = world.run("SELECT name FROM people WHERE id = ? AND name = ?", ExecutionParameters=["1", "'ann'"])
    assert world.rows(execution) == [["name"], ["ann"]]
    assert execution["ExecutionParameters"] == ["1", "'ann'"]
    name = f"p{uuid.uuid4().hex[:8]}"
    world.athena.create_prepared_statement(
        StatementName=name, WorkGroup="primary", QueryStatement="SELECT name FROM people WHERE id = ?"
    )
    assert world.rows(world.run(f"EXECUTE {name} USING 1")) == [["name"], ["ann"]]
    wrong = world.run("SELECT ?", ExecutionParameters=["1", "2"])
    assert "Incorrect number of parameters: expected 1 but found 2" in wrong["Status"]["StateChangeReason"]


def test_enforced_work_group_decides(world: World) -> None:
    name = f"dp-{uuid.uuid4().hex[:8]}"
    location = f"s3://{world.name}/enforced/"
    world.athena.create_work_group(
        Name=name,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
            "ResultConfiguration": {
                "OutputLocation": location,
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
        },
    )
    execution = world.run("SELECT 1", WorkGroup=name)
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(location)
    key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{world.name}/")
    assert world.s3.head_object(Bucket=world.name, Key=key)["ServerSideEncryption"] == "AES256"
    listed = world.athena.list_query_executions(WorkGroup=name)["QueryExecutionIds"]
    assert listed == [execution["QueryExecutionId"]]
    batch = world.athena.batch_get_query_execution(QueryExecutionIds=[*listed, str(uuid.uuid4())])
    assert [e["WorkGroup"] for e in batch["QueryExecutions"]] == [name]
    assert len(batch["UnprocessedQueryExecutionIds"]) == 1
    made = world.run(f"CREATE TABLE t WITH (external_location = '{world.output}t/') AS SELECT 1 AS n", WorkGroup=name)
    assert made["Status"]["StateChangeReason"] == (
        "The Create Table As Select query failed because it was submitted with an 'external_location' property to an "
        "Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
        "'external_location' property and resubmit the query."
    )
    world.athena.update_work_group(WorkGroup=name, State="DISABLED")
    with pytest.raises(ClientError, match="disabled"):
        world.start("SELECT 1", WorkGroup=name)


def test_executions_are_listed_newest_first(world: World) -> None:
    name = f"dp-{uuid.uuid4().hex[:8]}"
    world.athena.create_work_group(Name=name)
    ids = [world.start("SELECT 1", WorkGroup=name) for _ in range(5)]
    pages = world.athena.get_paginator("list_query_executions").paginate(
        WorkGroup=name, PaginationConfig={"PageSize": 2}
    )
    assert [i for page in pages for i in page["QueryExecutionIds"]] == ids[::-1]


def test_stop(world: World) -> None:
    execution_id = world.start(LONG_QUERY)
    while (
        world.athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"]["State"] == "QUEUED"
    ):
        time.sleep(0.05)
    world.athena.stop_query_execution(QueryExecutionId=execution_id)
    status = world.wait(execution_id)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query cancelled by user")


def test_twenty_queries_at_once(world: World) -> None:
    ids = [world.start(f"SELECT count(*) + {i} FROM people") for i in range(20)]
    assert [world.rows(world.wait(i))[1] for i in ids] == [[str(2 + i)] for i in range(20)]


ATHENA = {"Action": "athena:*"}
GLUE = {"Action": "glue:Get*"}
RESULTS = {"Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"]}


def outcome(world: World, sql: str, *statements: dict[str, Any]) -> str:
    client = world.sandbox.client("athena", world.role(*statements))
    return str(world.run(sql, client)["Status"].get("StateChangeReason", ""))


def test_a_role_reads_only_what_it_may(world: World) -> None:
    sql = "SELECT * FROM people"
    assert outcome(world, sql, ATHENA, GLUE, RESULTS) == ""
    glue = outcome(world, sql, ATHENA, RESULTS)
    assert glue.startswith("Insufficient permissions to execute the query. ")
    assert "is not authorized to perform: glue:GetTable" in glue
    only_results = {**RESULTS, "Resource": [f"arn:aws:s3:::{world.name}", f"arn:aws:s3:::{world.name}/results/*"]}
    denied = outcome(world, sql, ATHENA, GLUE, only_results)
    assert denied.startswith(
        f"HIVE_CURSOR_ERROR: Failed to read S3 object: s3://{world.name}/people/a.json: Access Denied"
    )
    no_results = {**RESULTS, "Resource": [f"arn:aws:s3:::{world.name}", f"arn:aws:s3:::{world.name}/people/*"]}
    assert outcome(world, sql, ATHENA, GLUE, no_results).startswith("Access denied when writing output to url: s3://")


def test_the_cache_is_no_way_around_a_policy(world: World) -> None:
    """The object is in the cache since the first query; the permission to read it is gone before the second."""
    role = world.role(ATHENA, GLUE, RESULTS)
    client = world.sandbox.client("athena", role)
    assert world.run("SELECT * FROM people", client)["Status"]["State"] == "SUCCEEDED"
    only_results = {**RESULTS, "Resource": [f"arn:aws:s3:::{world.name}", f"arn:aws:s3:::{world.name}/results/*"]}
    world.allow(role["RoleName"], ATHENA, GLUE, only_results)
    assert "Access Denied" in world.run("SELECT * FROM people", client)["Status"]["StateChangeReason"]


def test_results_are_read_as_the_caller(world: World) -> None:
    execution = world.run("SELECT 1")
    client = world.sandbox.client("athena", world.role(ATHENA))
    with pytest.raises(ClientError, match="Access Denied"):
        client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])


def test_changed_objects_are_read_anew(world: World) -> None:
    world.s3.put_object(Bucket=world.name, Key="people/b.json", Body=b'{"id": 3}\n')
    assert world.rows(world.run("SELECT max(id) FROM people"))[1] == ["3"]
    world.s3.put_object(Bucket=world.name, Key="people/b.json", Body=b'{"id": 4}\n')
    assert world.rows(world.run("SELECT max(id) FROM people"))[1] == ["4"]
    world.s3.delete_object(Bucket=world.name, Key="people/b.json")
    assert world.rows(world.run("SELECT max(id) FROM people"))[1] == ["2"]


def test_aws_cli(world: World) -> None:
    def aws(*arguments: str) -> Any:
        command = [str(Path(sys.executable).with_name("aws")), "athena", *arguments, "--output", "json"]
        done = subprocess.run(command, env=world.sandbox.environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    started = aws(
        "start-query-execution", "--query-string", f"SELECT name FROM {world.database}.people WHERE id = 1",
        "--result-configuration", f"OutputLocation={world.output}",
    )  # fmt: skip
    world.wait(started["QueryExecutionId"])
    results = aws("get-query-results", "--query-execution-id", started["QueryExecutionId"])
    assert [r["Data"] for r in results["ResultSet"]["Rows"]] == [[{"VarCharValue": "name"}], [{"VarCharValue": "ann"}]]


def test_executions_survive_a_restart(start_sandbox: Callable[..., RunningSandbox]) -> None:
    own = World(start_sandbox())
    done = own.run("SELECT name FROM people ORDER BY id")
    running = own.start(LONG_QUERY)
    while own.athena.get_query_execution(QueryExecutionId=running)["QueryExecution"]["Status"]["State"] == "QUEUED":
        time.sleep(0.05)
    lifecycle.down(own.sandbox.home)
    lifecycle.up(own.sandbox.home)
    own.athena = RunningSandbox(own.sandbox.home).client("athena")
    assert own.rows(own.wait(done["QueryExecutionId"])) == [["name"], ["ann"], [None]]
    assert own.wait(running)["Status"]["State"] in ("FAILED", "CANCELLED")
    assert own.athena.list_query_executions()["QueryExecutionIds"][:2] == [running, done["QueryExecutionId"]]


@pytest.fixture(scope="module")
def key_arn(world: World) -> str:
    return str(world.sandbox.client("kms").create_key()["KeyMetadata"]["Arn"])


KEY = {"Action": ["kms:Decrypt", "kms:GenerateDataKey"]}


def test_results_under_a_key(world: World, key_arn: str) -> None:
    """The result is stored under the key, and who may not use the key neither writes nor reads it."""
    encryption = {"EncryptionOption": "SSE_KMS", "KmsKey": key_arn}
    configuration = {"OutputLocation": world.output, "EncryptionConfiguration": encryption}
    execution = world.run("SELECT name FROM people WHERE id = 1", ResultConfiguration=configuration)
    assert execution["ResultConfiguration"]["EncryptionConfiguration"] == encryption
    stored = world.s3.head_object(Bucket=world.name, Key=f"results/{execution['QueryExecutionId']}.csv")
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key_arn)
    assert world.rows(execution)[1] == ["ann"]

    without = world.sandbox.client("athena", world.role(ATHENA, GLUE, RESULTS))
    with pytest.raises(ClientError, match="Access Denied"):
        without.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    refused = world.run("SELECT 1", without, ResultConfiguration=configuration)["Status"]
    assert refused["State"] == "FAILED"
    assert refused["StateChangeReason"].startswith(f"Access denied when writing output to url: {world.output}")
    assert "please ensure you are allowed to access your KMS key" in refused["StateChangeReason"]

    allowed = world.sandbox.client("athena", world.role(ATHENA, GLUE, RESULTS, KEY))
    assert world.run("SELECT 1", allowed, ResultConfiguration=configuration)["Status"]["State"] == "SUCCEEDED"


def test_a_table_under_a_key(world: World, key_arn: str) -> None:
    """Reading needs kms:Decrypt, also when the object is in the cache since another caller read it."""
    location = f"s3://{world.name}/secrets/"
    world.s3.put_object(
        Bucket=world.name, Key="secrets/a.json", Body=PEOPLE, ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn
    )
    table = world.glue.get_table(DatabaseName=world.database, Name="people")["Table"]
    storage = {**table["StorageDescriptor"], "Location": location}
    world.glue.create_table(DatabaseName=world.database, TableInput={"Name": "secrets", "StorageDescriptor": storage})
    sql = "SELECT count(*) FROM secrets"
    denied = f"HIVE_CURSOR_ERROR: Failed to read S3 object: {location}a.json: Access Denied"
    assert outcome(world, sql, ATHENA, GLUE, RESULTS).startswith(denied)
    assert outcome(world, sql, ATHENA, GLUE, RESULTS, KEY) == ""
    assert outcome(world, sql, ATHENA, GLUE, RESULTS).startswith(denied)
