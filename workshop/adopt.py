"""Bring what an interrupted apply has made, and could not write down any more, into Terraform's state.

Terraform saves its state every twenty seconds or so. Killed in between, it has made things that it does not know:
the next apply would fail because they exist already, or make another key that nobody uses and everybody pays for.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.terraform_process import ADOPTION_FILE

if TYPE_CHECKING:
    from workshop.terraform import Terraform
    from workshop.terraform_progress import Displays

# What services answer when something is not there.
MISSING = frozenset({
    "404", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchEntity", "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration", "OwnershipControlsNotFoundError", "NotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError", "EntityNotFoundException", "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidRequestException",
})  # fmt: skip


@dataclass(frozen=True)
class Account:
    """Looks things up in the account that Terraform works in."""

    client: Callable[[str], Any]
    account_id: str


# From a planned resource's values to its import id; None if there is no such thing yet. A missing value (not known
# before the apply) raises KeyError, which means the same: what it depends on is not there either.
Finder = Callable[[Mapping[str, Any], Account], str | None]


def _of_bucket(operation: str, key: str | None = None) -> Finder:
    """A setting of a bucket, imported by the bucket's name; it is there when `operation` answers (with `key`)."""

    def find(planned: Mapping[str, Any], account: Account) -> str | None:
        answer = getattr(account.client("s3"), operation)(Bucket=planned["bucket"])
        return str(planned["bucket"]) if key is None or key in answer else None

    return find


def _kms_key(planned: Mapping[str, Any], account: Account) -> str | None:
    # A key has no name, and its alias may not be there yet: ours is the usable one with our description and tags.
    kms = account.client("kms")
    wanted = dict(planned["tags_all"])
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            found = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if found["KeyState"] != "Enabled" or found["Description"] != planned["description"]:
                continue
            tags = {one["TagKey"]: one["TagValue"] for one in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]}
            if wanted.items() <= tags.items():
                return str(key["KeyId"])
    return None


def _kms_alias(planned: Mapping[str, Any], account: Account) -> str | None:
    account.client("kms").describe_key(KeyId=planned["name"])
    return str(planned["name"])


def _log_group(planned: Mapping[str, Any], account: Account) -> str | None:
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix=planned["name"])["logGroups"]
    return next((str(group["logGroupName"]) for group in groups if group["logGroupName"] == planned["name"]), None)


def _queue(planned: Mapping[str, Any], account: Account) -> str | None:
    return str(account.client("sqs").get_queue_url(QueueName=planned["name"])["QueueUrl"])


def _role(planned: Mapping[str, Any], account: Account) -> str | None:
    return str(account.client("iam").get_role(RoleName=planned["name"])["Role"]["RoleName"])


def _role_policy(planned: Mapping[str, Any], account: Account) -> str | None:
    account.client("iam").get_role_policy(RoleName=planned["role"], PolicyName=planned["name"])
    return f"{planned['role']}:{planned['name']}"


def _function(planned: Mapping[str, Any], account: Account) -> str | None:
    account.client("lambda").get_function_configuration(FunctionName=planned["function_name"])
    return str(planned["function_name"])


def _invoke_config(planned: Mapping[str, Any], account: Account) -> str | None:
    account.client("lambda").get_function_event_invoke_config(FunctionName=planned["function_name"])
    return str(planned["function_name"])


def _schedule(planned: Mapping[str, Any], account: Account) -> str | None:
    found = account.client("scheduler").get_schedule(Name=planned["name"], GroupName="default")
    return f"default/{found['Name']}"


def _state_machine(planned: Mapping[str, Any], account: Account) -> str | None:
    for page in account.client("stepfunctions").get_paginator("list_state_machines").paginate():
        for one in page["stateMachines"]:
            if one["name"] == planned["name"]:
                return str(one["stateMachineArn"])
    return None


def _database(planned: Mapping[str, Any], account: Account) -> str | None:
    account.client("glue").get_database(Name=planned["name"])
    return f"{account.account_id}:{planned['name']}"


def _table(planned: Mapping[str, Any], account: Account) -> str | None:
    database, name = planned["database_name"], planned["name"]
    account.client("glue").get_table(DatabaseName=database, Name=name)
    return f"{account.account_id}:{database}:{name}"


def _work_group(planned: Mapping[str, Any], account: Account) -> str | None:
    return str(account.client("athena").get_work_group(WorkGroup=planned["name"])["WorkGroup"]["Name"])


def _named_query(planned: Mapping[str, Any], account: Account) -> str | None:
    athena = account.client("athena")
    for page in athena.get_paginator("list_named_queries").paginate(WorkGroup=planned["workgroup"]):
        for one in page["NamedQueryIds"]:
            if athena.get_named_query(NamedQueryId=one)["NamedQuery"]["Name"] == planned["name"]:
                return str(one)
    return None


def _lock_table(planned: Mapping[str, Any], account: Account) -> str | None:
    return str(account.client("dynamodb").describe_table(TableName=planned["name"])["Table"]["TableName"])


FINDERS: dict[str, Finder] = {
    "aws_athena_named_query": _named_query,
    "aws_athena_workgroup": _work_group,
    "aws_cloudwatch_log_group": _log_group,
    "aws_dynamodb_table": _lock_table,
    "aws_glue_catalog_database": _database,
    "aws_glue_catalog_table": _table,
    "aws_iam_role": _role,
    "aws_iam_role_policy": _role_policy,
    "aws_kms_alias": _kms_alias,
    "aws_kms_key": _kms_key,
    "aws_lambda_function": _function,
    "aws_lambda_function_event_invoke_config": _invoke_config,
    "aws_s3_bucket": _of_bucket("head_bucket"),
    "aws_s3_bucket_lifecycle_configuration": _of_bucket("get_bucket_lifecycle_configuration"),
    "aws_s3_bucket_logging": _of_bucket("get_bucket_logging", "LoggingEnabled"),
    "aws_s3_bucket_ownership_controls": _of_bucket("get_bucket_ownership_controls"),
    "aws_s3_bucket_policy": _of_bucket("get_bucket_policy"),
    "aws_s3_bucket_public_access_block": _of_bucket("get_public_access_block"),
    "aws_s3_bucket_server_side_encryption_configuration": _of_bucket("get_bucket_encryption"),
    "aws_s3_bucket_versioning": _of_bucket("get_bucket_versioning", "Status"),
    "aws_scheduler_schedule": _schedule,
    "aws_sfn_state_machine": _state_machine,
    "aws_sqs_queue": _queue,
}


def strays(plan: Mapping[str, Any], account: Account) -> dict[str, str]:
    """What a plan (`terraform show -json`) would create although it exists: import ids by address."""
    found = {}
    for change in plan.get("resource_changes", []):
        finder = FINDERS.get(change["type"])
        if finder is None or change["change"]["actions"] != ["create"]:
            continue
        try:
            import_id = finder(change["change"]["after"], account)
        except KeyError:
            continue
        except ClientError as error:
            if error.response["Error"]["Code"] not in MISSING:
                raise
            continue
        if import_id is not None:
            found[change["address"]] = import_id
    return found


def import_blocks(found: Mapping[str, str]) -> str:
    """The configuration that makes Terraform take them into its state."""
    return "\n".join(_blocks(found))


def _blocks(found: Mapping[str, str]) -> Iterator[str]:
    yield "# Written after an interrupted apply, and deleted as soon as Terraform has read it.\n"
    for address, import_id in found.items():
        yield f"import {{\n  to = {address}\n  id = {json.dumps(import_id)}\n}}\n"


def adopt(terraform: "Terraform", display: "Displays") -> list[str]:
    """Find what exists and is not in the state, import it, and return its addresses.

    Works inside the command of a `Terraform` that calls it; costs a plan, and an apply if there is something to do.
    """
    plan_file = terraform.state_home / f"{terraform.slug}.tfplan"
    try:
        terraform.execute("plan", [f"-out={plan_file}"], display)
        plan = json.loads(terraform.capture("show", "-json", str(plan_file)))
    finally:
        plan_file.unlink(missing_ok=True)
    found = strays(plan, Account(terraform.client, terraform.names().account_id))
    if not found:
        return []
    written = terraform.directory / ADOPTION_FILE
    try:
        written.write_text(import_blocks(found), encoding="utf-8")
        terraform.execute("apply", ["-auto-approve", *(f"-target={address}" for address in found)], display)
    finally:
        written.unlink(missing_ok=True)
    return list(found)
