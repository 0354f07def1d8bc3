"""Requests as no good client sends them, work groups, saved queries, reuse: over a running sandbox."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox
from world import World

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def world(sandbox: RunningSandbox) -> World:
    return World(sandbox)


class Raw:
    """Sends any body as any action, signed."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        config = Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False)
        self._client = sandbox.client("athena", config=config)
        self._client.meta.events.register("before-call.athena.*", self._replace)
        self._body, self._action = b"", ""

    def _replace(self, params: dict[str, Any], **_: Any) -> None:
        params["body"] = self._body
        params["headers"]["X-Amz-Target"] = f"AmazonAthena.{self._action}"

    def refusal(self, action: str, body: bytes) -> tuple[int, str, str]:
        """Status, code and message of the answer."""
        self._body, self._action = body, action
        try:
            self._client.list_engine_versions()
        except ClientError as error:
            answer = error.response
            return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
        return 200, "", ""


@pytest.fixture(scope="module")
def raw(sandbox: RunningSandbox) -> Iterator[Raw]:
    yield Raw(sandbox)


START, RESULTS = "StartQueryExecution", "GetQueryResults"
REFUSED: list[tuple[str, bytes, str, str]] = [
    (START, b"{", "SerializationException", "not JSON"),
    (START, b"\xff\xfe", "SerializationException", "not JSON"),
    (START, b"[" * 100_000, "SerializationException", "not JSON"),
    (START, b'{"QueryString": ' + b"[" * 3_000 + b"]" * 3_000 + b"}", "SerializationException", "ARRAY_VALUE"),
    (START, b"[]", "SerializationException", "Start of structure or map found where not expected"),
    (START, b'"text"', "SerializationException", "Start of structure"),
    (START, b"{}", "InvalidRequestException", "'queryString' failed to satisfy constraint: Member must not be null"),
    (START, b'{"QueryString": null}', "InvalidRequestException", "Member must not be null"),
    (START, b'{"QueryString": 5}', "SerializationException", "NUMBER_VALUE can not be converted to String"),
    (START, b'{"QueryString": ""}', "InvalidRequestException", "length greater than or equal to 1"),
    (START, b'{"QueryString": "\\ud800"}', "SerializationException", "half of a character"),
    (START, b'{"QueryString": "SELECT 1", "WorkGroup": "a b"}', "InvalidRequestException", "regular expression"),
    (START, b'{"QueryString": "SELECT 1", "QueryExecutionContext": "x"}', "SerializationException", "STRING_VALUE"),
    (START, b'{"QueryString": "SELECT 1", "ExecutionParameters": [1]}', "SerializationException", "NUMBER_VALUE"),
    (START, b'{"QueryString": "SELECT 1", "ExecutionParameters": [""]}', "InvalidRequestException", "length greater"),
    (START, json.dumps({"QueryString": "x" * 262_145}).encode(), "InvalidRequestException", "less than or equal to"),
    (START, json.dumps({"QueryString": "SELECT '" + "é" * 200_000}).encode(), "InvalidRequestException", "longer than"),
    (START, b'{"QueryString": "-- nothing"}', "InvalidRequestException", ""),
    (START, b'{"QueryString": "SELECT 1; SELECT 2", "ResultConfiguration": {"OutputLocation": "s3://b/"}}',
     "InvalidRequestException", ""),
    (START, b'{"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "/etc/"}}',
     "InvalidRequestException", "outputLocation is not a valid S3 path"),
    (START, b'{"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://b/",'
     b' "EncryptionConfiguration": {"EncryptionOption": "CSE_KMS", "KmsKey": "k"}}}',
     "InvalidRequestException", "CSE_KMS is not supported"),
    (START, b'{"QueryString": "SELECT 1", "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration":'
     b' {"Enabled": true, "MaxAgeInMinutes": 10081}}}', "InvalidRequestException", "less than or equal to 10080"),
    (RESULTS, b'{"QueryExecutionId": "x", "MaxResults": "1"}', "InvalidRequestException", "was not found"),
    (RESULTS, b'{"QueryExecutionId": 1}', "SerializationException", "NUMBER_VALUE"),
    ("ListQueryExecutions", b'{"MaxResults": 51}', "InvalidRequestException", "maximum allowed length 50"),
    ("ListQueryExecutions", b'{"MaxResults": true}', "SerializationException", "TRUE_VALUE"),
    ("ListQueryExecutions", b'{"NextToken": "x"}', "InvalidRequestException", "Invalid NextToken"),
    ("ListQueryExecutions", b'{"NextToken": "MTotMQ=="}', "InvalidRequestException", "Invalid NextToken"),
    ("BatchGetQueryExecution", json.dumps({"QueryExecutionIds": ["x"] * 51}).encode(), "InvalidRequestException", ""),
    ("NoSuchAction", b"{}", "UnknownOperationException", ""),
    ("GetWorkGroup", b'{"WorkGroup": "nosuch"}', "InvalidRequestException", "WorkGroup nosuch is not found"),
    ("GetTableMetadata", b'{"CatalogName": "x", "DatabaseName": "a", "TableName": "b"}', "MetadataException", ""),
    ("GetDataCatalog", b'{"Name": "nosuch"}', "InvalidRequestException", "was not found"),
    ("GetPreparedStatement", b'{"StatementName": "nosuch", "WorkGroup": "primary"}', "ResourceNotFoundException",
     "PreparedStatement nosuch was not found"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "body", "code", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(raw: Raw, action: str, body: bytes, code: str, message: str) -> None:
    status, found, text = raw.refusal(action, body)
    assert (status, found) == (400, code)
    assert message in text


def test_pages_of_results_as_the_jdbc_driver_reads_them(world: World) -> None:
    """A first page of one row for the types, then pages of a thousand; the header is the first row of the first."""
    numbers = ", ".join(map(str, range(2500)))
    execution_id = world.run(f"SELECT x FROM UNNEST(ARRAY[{numbers}]) AS t(x) ORDER BY x")["QueryExecutionId"]
    ask = world.athena.get_query_results
    first = ask(QueryExecutionId=execution_id, MaxResults=1)
    assert first["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": "x"}]}]
    (info,) = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert info == {
        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": "x", "Label": "x", "Type": "integer",
        "Precision": 10, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": False,
    }  # fmt: skip
    rows, token, sizes = [], first["NextToken"], []
    while token:
        page = ask(QueryExecutionId=execution_id, MaxResults=1000, NextToken=token)
        rows += [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]
        sizes.append(len(page["ResultSet"]["Rows"]))
        token = page.get("NextToken")
    assert (rows, sizes) == ([str(i) for i in range(2500)], [1000, 1000, 500])
    assert first["UpdateCount"] == 0
    with pytest.raises(ClientError, match=r"maximum allowed length 1000\."):
        ask(QueryExecutionId=execution_id, MaxResults=1001)


def test_runtime_statistics(world: World) -> None:
    execution_id = world.run("SELECT * FROM people")["QueryExecutionId"]
    found = world.athena.get_query_runtime_statistics(QueryExecutionId=execution_id)["QueryRuntimeStatistics"]
    assert found["Rows"]["OutputRows"] == 2
    assert found["Rows"]["InputBytes"] > 0
    assert found["Timeline"]["TotalExecutionTimeInMillis"] > 0
    assert found["OutputStage"]["State"] == "FINISHED"


def test_work_groups(world: World) -> None:
    athena, name = world.athena, f"dp-{uuid.uuid4().hex[:8]}"
    athena.create_work_group(Name=name, Description="d", Tags=[{"Key": "a", "Value": "b"}])
    group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (group["Name"], group["State"], group["Description"]) == (name, "ENABLED", "d")
    assert group["Configuration"]["EnforceWorkGroupConfiguration"] is False
    assert group["Configuration"]["EngineVersion"] == {
        "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3",
    }  # fmt: skip
    with pytest.raises(ClientError, match="already created"):
        athena.create_work_group(Name=name)
    encryption = {"EncryptionOption": "SSE_S3"}
    athena.update_work_group(
        WorkGroup=name,
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
            "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
            "ResultConfigurationUpdates": {
                "OutputLocation": world.output,
                "EncryptionConfiguration": encryption,
                "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
            },
        },
    )
    configuration = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"] == encryption
    assert configuration["BytesScannedCutoffPerQuery"] == 10_000_000
    execution = world.run("SELECT 1", WorkGroup=name, ResultConfiguration={"OutputLocation": "s3://elsewhere/"})
    assert execution["ResultConfiguration"] == {
        "OutputLocation": f"{world.output}{execution['QueryExecutionId']}.csv",
        "EncryptionConfiguration": encryption,
        "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
    }
    assert execution["EngineVersion"]["SelectedEngineVersion"] == "Athena engine version 3"
    removed = {"RemoveEncryptionConfiguration": True, "RemoveOutputLocation": True, "RemoveAclConfiguration": True}
    athena.update_work_group(
        WorkGroup=name,
        ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True, "ResultConfigurationUpdates": removed},
    )
    configuration = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    assert configuration["ResultConfiguration"] == {}
    assert "BytesScannedCutoffPerQuery" not in configuration
    with pytest.raises(ClientError, match="No output location provided"):
        world.start("SELECT 1", WorkGroup=name)
    listed, asked = [], {"MaxResults": 1}
    while True:
        page = athena.list_work_groups(**asked)
        listed += [g["Name"] for g in page["WorkGroups"]]
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert {name, "primary"} <= set(listed)
    assert len(listed) == len(set(listed))
    with pytest.raises(ClientError, match="is not empty"):
        athena.delete_work_group(WorkGroup=name)
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    with pytest.raises(ClientError, match="was not found"):
        athena.get_query_execution(QueryExecutionId=execution["QueryExecutionId"])
    with pytest.raises(ClientError, match=f"WorkGroup {name} is not found"):
        athena.delete_work_group(WorkGroup=name)


def test_prepared_statements(world: World) -> None:
    athena, name = world.athena, f"p{uuid.uuid4().hex[:8]}"
    named = {"StatementName": name, "WorkGroup": "primary"}
    athena.create_prepared_statement(**named, QueryStatement="SELECT 1")
    athena.update_prepared_statement(**named, QueryStatement="SELECT id FROM people WHERE id = ?", Description="d")
    found = athena.get_prepared_statement(**named)["PreparedStatement"]
    assert (found["QueryStatement"], found["Description"]) == ("SELECT id FROM people WHERE id = ?", "d")
    assert world.rows(world.run(f"EXECUTE {name} USING 2")) == [["id"], ["2"]]
    assert world.rows(world.run(f"EXECUTE {name}", ExecutionParameters=["1"])) == [["id"], ["1"]]
    batch = athena.batch_get_prepared_statement(WorkGroup="primary", PreparedStatementNames=[name, "nosuch"])
    assert [s["StatementName"] for s in batch["PreparedStatements"]] == [name]
    assert [s["StatementName"] for s in batch["UnprocessedPreparedStatementNames"]] == ["nosuch"]
    assert name in [
        s["StatementName"] for s in athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    ]
    athena.delete_prepared_statement(**named)
    with pytest.raises(ClientError) as refused:
        athena.delete_prepared_statement(**named)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_named_queries(world: World) -> None:
    athena = world.athena
    query = athena.create_named_query(Name="n", Database=world.database, QueryString="SELECT 1")["NamedQueryId"]
    athena.update_named_query(NamedQueryId=query, Name="m", QueryString="SELECT 2", Description="d")
    found = athena.get_named_query(NamedQueryId=query)["NamedQuery"]
    assert (found["Name"], found["QueryString"], found["WorkGroup"]) == ("m", "SELECT 2", "primary")
    assert query in athena.list_named_queries()["NamedQueryIds"]
    batch = athena.batch_get_named_query(NamedQueryIds=[query, "nosuch"])
    assert (len(batch["NamedQueries"]), len(batch["UnprocessedNamedQueryIds"])) == (1, 1)
    athena.delete_named_query(NamedQueryId=query)
    with pytest.raises(ClientError, match="was not found"):
        athena.get_named_query(NamedQueryId=query)


def test_catalogs_and_engine_versions(world: World) -> None:
    account = world.sandbox.client("sts").get_caller_identity()["Account"]
    for name in ("AwsDataCatalog", "awsdatacatalog"):
        catalog = world.athena.get_data_catalog(Name=name)["DataCatalog"]
        assert (catalog["Type"], catalog["Parameters"]) == ("GLUE", {"catalog-id": account})
    summary = world.athena.list_data_catalogs()["DataCatalogsSummary"]
    assert ("AwsDataCatalog", "GLUE") in [(c["CatalogName"], c["Type"]) for c in summary]
    versions = [v["SelectedEngineVersion"] for v in world.athena.list_engine_versions()["EngineVersions"]]
    assert versions == ["AUTO", "Athena engine version 3"]
    for catalog in ("AwsDataCatalog", "awsdatacatalog", "AWSDATACATALOG"):
        execution = world.run(
            "SELECT * FROM people", QueryExecutionContext={"Database": world.database, "Catalog": catalog}
        )
        assert execution["QueryExecutionContext"] == {"Database": world.database, "Catalog": "awsdatacatalog"}
    status = world.run("SELECT 1", QueryExecutionContext={"Catalog": "nosuch"})["Status"]
    assert status["StateChangeReason"].startswith("CATALOG_NOT_FOUND")


def test_the_expected_owner_of_the_bucket(world: World) -> None:
    account = world.sandbox.client("sts").get_caller_identity()["Account"]
    for owner, state in ((account, "SUCCEEDED"), ("000000000000", "FAILED")):
        configuration = {"OutputLocation": world.output, "ExpectedBucketOwner": owner}
        execution = world.run("SELECT 1", ResultConfiguration=configuration)
        assert execution["Status"]["State"] == state
        assert execution["ResultConfiguration"]["ExpectedBucketOwner"] == owner


def test_result_reuse(world: World) -> None:
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    sql = f"SELECT name, '{uuid.uuid4()}' FROM people ORDER BY id"

    def run(client: Any = None, **options: Any) -> tuple[bool, dict[str, Any]]:
        execution = world.run(sql, client, **{"ResultReuseConfiguration": reuse, **options})
        assert execution["Status"]["State"] == "SUCCEEDED"
        return execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"], execution

    reused, first = run()
    assert not reused
    reused, second = run()
    assert (reused, second["Statistics"]["DataScannedInBytes"]) == (True, 0)
    assert second["ResultConfiguration"]["OutputLocation"] == first["ResultConfiguration"]["OutputLocation"]
    assert second["ResultReuseConfiguration"] == reuse
    assert world.rows(second) == world.rows(first)
    assert not run(ResultReuseConfiguration={"ResultReuseByAgeConfiguration": {"Enabled": False}})[0]
    assert not run(ResultConfiguration={"OutputLocation": f"s3://{world.name}/other/"})[0]
    old = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 0}}
    assert not run(ResultReuseConfiguration=old)[0]
    # Who may not read the stored result has the query run again.
    everything = {"Action": ["athena:*", "glue:*", "s3:*"]}
    hidden = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{world.name}/results/*"}
    assert not run(world.sandbox.client("athena", world.role(everything, hidden)))[0]
    for key in world.s3.list_objects_v2(Bucket=world.name, Prefix="results/")["Contents"]:
        world.s3.delete_object(Bucket=world.name, Key=key["Key"])
    assert not run()[0]
