"""The ARNs that IAM checks a Glue, Athena or IAM call on.

Wrong in ministack 1.5.33: `glue:GetDatabase` is checked on a table's ARN, table and partition calls on the database's,
calls about a query execution, a named query, a policy's creation or an OIDC provider on "*". AWS checks a Glue call on
the resource and each of its ancestors
(https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html), and an Athena call on the work group
that the query runs in (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html).
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ministack.app as emulator
from ministack.core import iam_actions
from ministack.core.iam_evaluator import AuthError, enforce
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import athena

from workshop.sandbox.calls import Call, Handler, Response

WorkGroupOf = Callable[[str], str | None]

# Deleting a database deletes what is in it; listing tables shows any of them.
ALL_TABLES = frozenset({"DeleteDatabase", "GetTables"})
ABOUT_A_TABLE = frozenset(
    {"CreateTable", "DeleteTable", "GetTable", "UpdateTable"}
    | {"GetTableVersion", "GetTableVersions", "DeleteTableVersion", "BatchDeleteTableVersion"}
)
ABOUT_A_DATABASE = frozenset({"CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase"})
CATALOG_CALLS = frozenset({"GetDataCatalog", "UpdateDataCatalog", "DeleteDataCatalog", "CreateDataCatalog"})
LISTS_OF_ATHENA = frozenset({"ListWorkGroups", "ListDataCatalogs", "ListEngineVersions"})


def check_right_resources(work_group_of: WorkGroupOf) -> None:
    """Correct the ARNs. `work_group_of` maps a query execution's id to its work group, None for an unknown id."""
    original = iam_actions.extract_resource_arn
    serve_glue: Handler = emulator.SERVICE_HANDLERS["glue"]

    def extract_resource_arn(service: str, *rest: Any) -> str:
        method, path, headers, body, query, *_ = rest
        call = Call(method, path, headers, body, query)
        if service == "glue" and (arns := glue_resources(call.action, call.fields)):
            return arns[-1]
        if service == "athena":
            return athena_resource(call.action, call.fields, work_group_of)
        if service == "iam" and (arn := iam_resource(query)):
            return arn
        return str(original(service, *rest))

    async def handle_glue(*parts: Any) -> Response:
        call = Call(*parts)
        # The dispatcher has checked the last one.
        for arn in glue_resources(call.action, call.fields)[:-1]:
            if refusal := _refusal(call, arn):
                return refusal
        return await serve_glue(*parts)

    iam_actions.extract_resource_arn = extract_resource_arn
    emulator.SERVICE_HANDLERS["glue"] = handle_glue


def glue_resources(action: str, fields: dict[str, Any]) -> list[str]:
    """The ARNs a Data Catalog call is checked on, ancestors first; [] for calls that are not about the catalog."""
    prefix = f"arn:aws:glue:{get_region()}:{get_account_id()}"
    database, table = fields.get("DatabaseName"), fields.get("TableName")
    if action in ABOUT_A_DATABASE:
        database = fields.get("Name") or fields.get("DatabaseInput", {}).get("Name")
    elif action in ABOUT_A_TABLE:
        table = table or fields.get("Name") or fields.get("TableInput", {}).get("Name")
    if action in ALL_TABLES:
        table = "*"
    if action == "GetDatabases":
        database = "*"
    if not database:
        return []
    arns = [f"{prefix}:catalog", f"{prefix}:database/{database}"]
    tables = [table] if table else fields.get("TablesToDelete", [])
    return arns + [f"{prefix}:table/{database}/{one}" for one in tables]


def athena_resource(action: str, fields: dict[str, Any], work_group_of: WorkGroupOf) -> str:
    """The ARN an Athena call is checked on; "*" for listings of everything."""
    prefix = f"arn:aws:athena:{get_region()}:{get_account_id()}"
    if action in LISTS_OF_ATHENA or "ResourceARN" in fields:
        return str(fields.get("ResourceARN", "*"))
    if action in CATALOG_CALLS or "CatalogName" in fields:
        return f"{prefix}:datacatalog/{fields.get('CatalogName') or fields.get('Name')}"
    group = fields.get("WorkGroup") or (fields.get("Name") if action == "CreateWorkGroup" else None)
    if execution := fields.get("QueryExecutionId"):
        group = work_group_of(execution)
    elif executions := fields.get("QueryExecutionIds"):
        group = work_group_of(executions[0])
    elif named := fields.get("NamedQueryId"):
        group = athena._named_queries.get(named, {}).get("WorkGroup")
    elif not group:
        group = "primary"
    # An unknown id is nobody's: whoever may ask for any work group is told that it does not exist.
    return f"{prefix}:workgroup/{group or '*'}"


def iam_resource(parameters: Mapping[str, Sequence[str]]) -> str | None:
    """The ARN of a policy to be created or of an OIDC provider; None for the rest, which the emulator knows."""

    def value(name: str) -> str:
        return (parameters.get(name) or [""])[0]

    prefix = f"arn:aws:iam::{get_account_id()}"
    if value("Action") == "CreatePolicy":
        return f"{prefix}:policy{value('Path') or '/'}{value('PolicyName')}"
    if value("Action") == "CreateOpenIDConnectProvider":
        return f"{prefix}:oidc-provider/{value('Url').removeprefix('https://')}"
    return value("OpenIDConnectProviderArn") or None


def _refusal(call: Call, arn: str) -> Response | None:
    action = f"glue:{call.action}"
    key = extract_access_key_id(call.headers, call.query)
    denied = enforce(key, action, "glue", get_region(), resource_arn=arn)
    if denied is None or isinstance(denied, AuthError):
        return None  # credentials were checked with the first ARN
    explicit = denied.decision == "Deny"
    message = iam_actions.identity_denial_message(action, denied.principal_arn, arn, explicit)
    response: Response = iam_actions.access_denied_response(
        "glue", action, denied.principal_arn, str(uuid.uuid4()), message=message, headers=call.headers
    )
    return response
