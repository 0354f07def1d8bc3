"""Glue and Athena calls are checked on the resources that AWS checks them on."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import Assume, RunningSandbox, allow, policy

GLUE = "arn:aws:glue:us-east-1:123456789012"
DATABASE = "dp_resources"


@pytest.fixture(scope="module")
def database(sandbox: RunningSandbox) -> str:
    glue = sandbox.client("glue")
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for table in ("events", "other"):
        keys = [{"Name": "day", "Type": "string"}]
        glue.create_table(DatabaseName=DATABASE, TableInput={"Name": table, "PartitionKeys": keys})
    return DATABASE


def partition(day: str) -> dict[str, Any]:
    return {"Values": [day], "StorageDescriptor": {"Location": f"s3://dp-x/{day}/"}}


# What a role may touch, and which calls it may then make: the resource itself and all its ancestors are needed.
# https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
CATALOG, ANCESTOR, TABLE = f"{GLUE}:catalog", f"{GLUE}:database/{DATABASE}", f"{GLUE}:table/{DATABASE}/events"
CASES: Sequence[tuple[str, Sequence[str], set[str]]] = [
    ("all", [CATALOG, ANCESTOR, TABLE], {"get_database", "get_table", "get_partitions", "create_partition"}),
    ("table-only", [TABLE], set()),
    ("no-catalog", [ANCESTOR, TABLE], set()),
    ("no-database", [CATALOG, TABLE], set()),
    ("no-table", [CATALOG, ANCESTOR], {"get_database"}),
    ("other-table", [CATALOG, ANCESTOR, TABLE.replace("events", "other")], {"get_database"}),
    ("every-table", [CATALOG, ANCESTOR, f"{GLUE}:table/{DATABASE}/*"]
     , {"get_database", "get_table", "get_tables", "get_partitions", "create_partition"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "resources", "allowed"), CASES, ids=[case[0] for case in CASES])
def test_glue(
    sandbox: RunningSandbox, assume: Assume, database: str, name: str, resources: Sequence[str], allowed: set[str]
) -> None:
    glue = sandbox.client("glue", assume(f"dp-glue-{name}", [allow("glue:*", resources)]))
    calls: Mapping[str, Mapping[str, Any]] = {
        "get_database": {"Name": database},
        "get_table": {"DatabaseName": database, "Name": "events"},
        "get_tables": {"DatabaseName": database},
        "get_partitions": {"DatabaseName": database, "TableName": "events"},
        "create_partition": {"DatabaseName": database, "TableName": "events", "PartitionInput": partition(name)},
    }
    found = set()
    for call, arguments in calls.items():
        try:
            getattr(glue, call)(**arguments)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            assert "glue:" in error.response["Error"]["Message"]
        else:
            found.add(call)
    assert found == allowed


def test_an_explicit_deny_on_a_database_wins(sandbox: RunningSandbox, assume: Assume, database: str) -> None:
    deny = {"Effect": "Deny", "Action": "glue:GetTable", "Resource": f"{GLUE}:database/{database}"}
    glue = sandbox.client("glue", assume("dp-glue-deny", [allow("glue:*", "*"), deny]))
    with pytest.raises(ClientError, match="AccessDenied"):
        glue.get_table(DatabaseName=database, Name="events")


def test_athena_calls_are_checked_on_their_work_group(sandbox: RunningSandbox, assume: Assume) -> None:
    learner = sandbox.client("athena")
    for group in ("dp-mine", "dp-theirs"):
        learner.create_work_group(Name=group)
    queries = {
        group: learner.create_named_query(Name="q", Database="d", QueryString="SELECT 1", WorkGroup=group)
        for group in ("dp-mine", "dp-theirs")
    }
    mine = "arn:aws:athena:us-east-1:123456789012:workgroup/dp-mine"
    athena = sandbox.client("athena", assume("dp-athena-mine", [allow("athena:*", mine)]))
    athena.get_work_group(WorkGroup="dp-mine")
    athena.list_query_executions(WorkGroup="dp-mine")
    athena.get_named_query(NamedQueryId=queries["dp-mine"]["NamedQueryId"])
    refused: Sequence[tuple[str, Mapping[str, str]]] = [
        ("get_work_group", {"WorkGroup": "dp-theirs"}),
        ("list_query_executions", {"WorkGroup": "dp-theirs"}),
        ("list_query_executions", {}),  # of the work group "primary"
        ("get_named_query", {"NamedQueryId": queries["dp-theirs"]["NamedQueryId"]}),
        ("list_work_groups", {}),
    ]
    for call, arguments in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(athena, call)(**arguments)


def test_a_query_execution_belongs_to_its_work_group(sandbox: RunningSandbox, assume: Assume) -> None:
    bucket = "dp-resources-results"
    sandbox.client("s3").create_bucket(Bucket=bucket)
    learner = sandbox.client("athena")
    executions = {}
    for group in ("dp-group-a", "dp-group-b"):
        configuration = {"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/{group}/"}}
        learner.create_work_group(Name=group, Configuration=configuration)
        executions[group] = learner.start_query_execution(QueryString="SELECT 1", WorkGroup=group)["QueryExecutionId"]
    resource = "arn:aws:athena:us-east-1:123456789012:workgroup/dp-group-a"
    athena = sandbox.client("athena", assume("dp-athena-a", [allow("athena:*", resource)]))
    found = athena.get_query_execution(QueryExecutionId=executions["dp-group-a"])["QueryExecution"]
    assert found["WorkGroup"] == "dp-group-a"
    for call in ("get_query_execution", "get_query_results", "stop_query_execution"):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(athena, call)(QueryExecutionId=executions["dp-group-b"])


def test_policies_and_oidc_providers_are_checked_by_name(sandbox: RunningSandbox, assume: Assume) -> None:
    iam = "arn:aws:iam::123456789012"
    mine = [f"{iam}:policy/dp-mine", f"{iam}:oidc-provider/issuer.example"]
    role = sandbox.client("iam", assume("dp-iam-mine", [allow("iam:*", mine)]))
    document = policy(allow("s3:ListAllMyBuckets", "*"))
    arn = role.create_policy(PolicyName="dp-mine", PolicyDocument=document)["Policy"]["Arn"]
    provider = role.create_open_id_connect_provider(Url="https://issuer.example")["OpenIDConnectProviderArn"]
    role.get_policy(PolicyArn=arn)
    role.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    refused: Sequence[tuple[str, Mapping[str, str]]] = [
        ("create_policy", {"PolicyName": "dp-theirs", "PolicyDocument": document}),
        ("create_open_id_connect_provider", {"Url": "https://other.example"}),
        ("list_open_id_connect_providers", {}),
    ]
    for call, arguments in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(role, call)(**arguments)
