"""The end of the deployed lake; after all other tests of it, as the files' names sort."""

import pytest
from lake_deployment import Deployment, keys
from running_sandbox import RunningSandbox

from workshop.errors import WorkshopError
from workshop.leftovers import find

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1200)]


def test_the_state_outlives_what_it_manages(deployed: Deployment) -> None:
    with pytest.raises(WorkshopError, match=r"envs/dev/terraform\.tfstate still manages \d+ resources"):
        deployed.remote_state.destroy()
    assert deployed.dev.state_list()


def test_destroy_leaves_nothing(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    s3, names = deployed.sandbox.client("s3"), deployed.dev.names()
    for _ in range(2):  # a bucket with data, and with versions of it
        s3.put_object(Bucket=names.buckets["raw"], Key="github/events/ingest_dt=2026-01-01/x.json.gz", Body=b"x")
    s3.delete_object(Bucket=names.buckets["raw"], Key="github/events/ingest_dt=2026-01-01/x.json.gz")
    session = deployed.session(monkeypatch)
    assert {("state machines", names.state_machine), ("functions", names.functions["backfill"])} <= set(
        find(session, "dev")
    )
    deployed.dev.destroy()
    assert deployed.dev.state_list() == []
    deployed.remote_state.destroy()
    assert leftovers(deployed.sandbox) == []
    assert find(session, "dev") == []


def leftovers(sandbox: RunningSandbox) -> list[str]:
    """Everything of ours that is still in the account, seen without Terraform."""
    client = sandbox.client
    found = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    found += [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]]
    found += [one["Name"] for one in client("glue").get_databases()["DatabaseList"]]
    found += [one["Name"] for one in client("athena").list_work_groups()["WorkGroups"]]
    found += [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]]
    found += client("sqs").list_queues().get("QueueUrls", [])
    found += [one["RoleName"] for one in client("iam").list_roles()["Roles"]]
    found += [one["Name"] for one in client("scheduler").list_schedules()["Schedules"]]
    found += [one["AliasName"] for one in client("kms").list_aliases()["Aliases"]]
    ours = [name for name in found if "dp-" in name or "dp_" in name]
    return ours + [one for one in keys(sandbox) if one.startswith("Encrypts the")]
