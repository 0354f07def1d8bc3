"""Glue's Data Catalog answers what catalogs' clients ask.

Wrong in ministack 1.5.33: GetPartitions takes no notice of Expression, Segment, ExcludeColumnSchema and MaxResults;
GetTables and GetDatabases have one page, and GetTables does not know regular expressions; there is no
BatchDeletePartition, no table version but the current one, no SearchTables; partitions may be made of tables that do
not exist, and those that do not exist can be deleted; names keep their upper case; a table without an owner has an
empty one.
"""

import base64
import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response
from ministack.services import glue

from workshop.sandbox.mends.glue_expressions import ExpressionError, condition

Request = dict[str, Any]

_versions = AccountRegionScopedDict()  # "database/table" -> the versions before the current one, oldest first
_NAMES = ("DatabaseName", "TableName", "Name")
_INPUTS = ("DatabaseInput", "TableInput")
_OF_TABLES = re.compile(r"(Database|Table|Partition)s?$|TableVersion|ColumnStatistics")


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = error_response_json(code, message, 400)


def complete_the_catalog() -> None:
    """Answer the actions above; the caller's permissions for them are checked before."""
    glue._ALL_STATE["table_versions"] = _versions
    original = glue._handle_request_sync

    def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if not _OF_TABLES.search(action):
            return original(method, path, headers, body, query)
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return original(method, path, headers, body, query)
        _lower_names(request)
        try:
            if action in _BEFORE:
                _BEFORE[action](request)
            if action in _ANSWERS:
                return json_response(_ANSWERS[action](request))
        except _RefusedError as refused:
            return refused.answer
        answer = original(method, path, headers, json.dumps(request).encode(), query)
        return _completed(action, request, answer)

    glue._handle_request_sync = handle


def _lower_names(request: Request) -> None:
    """Glue folds the names of databases and tables to lower case."""
    for name in _NAMES:
        if isinstance(request.get(name), str):
            request[name] = request[name].lower()
    for name in _INPUTS:
        given = request.get(name)
        if isinstance(given, dict) and isinstance(given.get("Name"), str):
            given["Name"] = given["Name"].lower()


def _table(request: Request) -> dict[str, Any]:
    name = request.get("TableName")
    found = glue._tables.get(f"{request.get('DatabaseName')}/{name}")
    if found is None:
        raise _RefusedError("EntityNotFoundException", f"Table {name} not found.")
    table: dict[str, Any] = found
    return table


# before the emulator answers


def _table_exists(request: Request) -> None:
    _table(request)


def _partition_exists(request: Request) -> None:
    table = _table(request)
    known = glue._partitions.get(f"{request['DatabaseName']}/{table['Name']}", [])
    if not any(p["Values"] == request.get("PartitionValues") for p in known):
        raise _RefusedError("EntityNotFoundException", "Cannot find partition.")


def _keep_version(request: Request) -> None:
    key = f"{request.get('DatabaseName')}/{(request.get('TableInput') or {}).get('Name')}"
    table = glue._tables.get(key)
    if table is not None and not request.get("SkipArchive"):
        _versions[key] = [*_versions.get(key, []), copy.deepcopy(table)]


def _forget_versions(request: Request) -> None:
    _versions.pop(f"{request.get('DatabaseName')}/{request.get('Name')}", None)


_BEFORE: dict[str, Callable[[Request], None]] = {
    "CreatePartition": _table_exists,
    "BatchCreatePartition": _table_exists,
    "DeletePartition": _partition_exists,
    "UpdateTable": _keep_version,
    "DeleteTable": _forget_versions,
}


# instead of the emulator


def _get_partitions(request: Request) -> dict[str, Any]:
    table = _table(request)
    found = list(glue._partitions.get(f"{request['DatabaseName']}/{table['Name']}", []))
    keys = {k["Name"].lower(): str(k.get("Type", "string")).lower() for k in table.get("PartitionKeys") or []}
    if request.get("Expression"):
        try:
            test = condition(str(request["Expression"]), keys)
        except ExpressionError as error:
            raise _RefusedError("InvalidInputException", str(error)) from error
        found = [p for p in found if test(dict(zip(keys, p["Values"], strict=False)))]
    segment = request.get("Segment")
    if segment:
        found = [p for i, p in enumerate(found) if i % segment["TotalSegments"] == segment["SegmentNumber"]]
    page, more = _page(found, request)
    if request.get("ExcludeColumnSchema"):
        page = [_without_columns(p) for p in page]
    return {"Partitions": page, **more}


def _without_columns(partition: Mapping[str, Any]) -> dict[str, Any]:
    storage = {k: v for k, v in (partition.get("StorageDescriptor") or {}).items() if k != "Columns"}
    return {**partition, "StorageDescriptor": storage}


def _get_tables(request: Request) -> dict[str, Any]:
    database = request.get("DatabaseName")
    if database not in glue._databases:
        raise _RefusedError("EntityNotFoundException", f"Database {database} not found.")
    found = [t for key, t in glue._tables.items() if key.startswith(f"{database}/")]
    if request.get("Expression"):
        found = _matching(found, str(request["Expression"]))
    page, more = _page(found, request)
    return {"TableList": [_without_blanks(t) for t in page], **more}


def _matching(tables: Sequence[dict[str, Any]], expression: str) -> list[dict[str, Any]]:
    """The tables whose names a pattern matches: a regular expression, or one whose `*` stands for anything.

    Arrow's expressions are RE2's: no pattern takes longer than a pass over the names.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import, seldom needed
    import pyarrow.compute as pc  # noqa: PLC0415

    pattern = expression if ".*" in expression else expression.replace("*", ".*")
    names = pa.array([t["Name"] for t in tables], pa.string())
    try:
        found = pc.match_substring_regex(names, pattern=f"^(?:{pattern})$", ignore_case=True).to_pylist()
    except pa.ArrowInvalid as error:
        raise _RefusedError("InvalidInputException", f"Invalid pattern: {error}") from error
    return [table for table, matched in zip(tables, found, strict=True) if matched]


def _search_tables(request: Request) -> dict[str, Any]:
    text = str(request.get("SearchText") or "").strip('"').lower()
    filters = {f.get("Key"): f.get("Value") for f in request.get("Filters") or []}
    found = [
        t
        for t in glue._tables.values()
        if text in json.dumps([t["Name"], t.get("Description")]).lower()
        and filters.get("DatabaseName", t["DatabaseName"]) == t["DatabaseName"]
    ]
    page, more = _page(found, request)
    return {"TableList": [_without_blanks(t) for t in page], **more}


def _batch_delete_partition(request: Request) -> dict[str, Any]:
    table = _table(request)
    key = f"{request['DatabaseName']}/{table['Name']}"
    errors = []
    for values in (p.get("Values") for p in request.get("PartitionsToDelete", [])):
        known = glue._partitions.get(key, [])
        if any(p["Values"] == values for p in known):
            glue._partitions[key] = [p for p in known if p["Values"] != values]
        else:
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Cannot find partition."}
            errors.append({"PartitionValues": values, "ErrorDetail": detail})
    return {"Errors": errors}


def _all_versions(request: Request) -> list[dict[str, Any]]:
    table = _table(request)
    older = _versions.get(f"{request['DatabaseName']}/{table['Name']}", [])
    return [{"Table": _without_blanks(t), "VersionId": t.get("VersionId", "1")} for t in reversed([*older, table])]


def _get_table_versions(request: Request) -> dict[str, Any]:
    page, more = _page(_all_versions(request), request)
    return {"TableVersions": page, **more}


def _get_table_version(request: Request) -> dict[str, Any]:
    versions = _all_versions(request)
    wanted = str(request.get("VersionId") or versions[0]["VersionId"])
    found = next((v for v in versions if v["VersionId"] == wanted), None)
    if found is None:
        raise _RefusedError("EntityNotFoundException", "Table version not found.")
    return {"TableVersion": found}


def _delete_table_version(request: Request) -> dict[str, Any]:
    failed = _batch_delete_table_version({**request, "VersionIds": [request.get("VersionId")]})["Errors"]
    if failed:
        raise _RefusedError(failed[0]["ErrorDetail"]["ErrorCode"], failed[0]["ErrorDetail"]["ErrorMessage"])
    return {}


def _batch_delete_table_version(request: Request) -> dict[str, Any]:
    table = _table(request)
    key = f"{request['DatabaseName']}/{table['Name']}"
    errors = []
    for version in map(str, request.get("VersionIds", [])):
        kept = [t for t in _versions.get(key, []) if t.get("VersionId", "1") != version]
        if len(kept) < len(_versions.get(key, [])):
            _versions[key] = kept
            continue
        current = version == table.get("VersionId", "1")
        code = "InvalidInputException" if current else "EntityNotFoundException"
        message = "Cannot delete the current version of a table." if current else "Table version not found."
        detail = {"ErrorCode": code, "ErrorMessage": message}
        errors.append({"TableName": table["Name"], "VersionId": version, "ErrorDetail": detail})
    return {"Errors": errors}


_ANSWERS: dict[str, Callable[[Request], dict[str, Any]]] = {
    "GetPartitions": _get_partitions,
    "GetTables": _get_tables,
    "SearchTables": _search_tables,
    "BatchDeletePartition": _batch_delete_partition,
    "GetTableVersions": _get_table_versions,
    "GetTableVersion": _get_table_version,
    "DeleteTableVersion": _delete_table_version,
    "BatchDeleteTableVersion": _batch_delete_table_version,
}


# pages


def _page(found: Sequence[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """The items from NextToken on, at most MaxResults of them, and the token of those that follow."""
    start = 0
    if request.get("NextToken"):
        try:
            start = int(base64.urlsafe_b64decode(str(request["NextToken"])))
        except ValueError as error:
            raise _RefusedError("InvalidInputException", "Invalid token") from error
    end = start + int(request.get("MaxResults") or len(found) or 1)
    more = {"NextToken": base64.urlsafe_b64encode(str(end).encode()).decode()} if end < len(found) else {}
    return list(found[start:end]), more


def _without_blanks(table: dict[str, Any]) -> dict[str, Any]:
    """Glue says nothing of an owner or a description that a table does not have; it would not take an empty owner."""
    return {k: v for k, v in table.items() if v or k not in ("Owner", "Description")}


def _completed(action: str, request: Request, answer: Any) -> Any:
    """The emulator's GetTable without what is not there, its GetDatabases a page at a time."""
    if action == "GetTable" and answer[0] == 200:
        return json_response({"Table": _without_blanks(json.loads(answer[2])["Table"])})
    if action != "GetDatabases" or answer[0] != 200:
        return answer
    try:
        page, more = _page(json.loads(answer[2])["DatabaseList"], request)
    except _RefusedError as refused:
        return refused.answer
    return json_response({"DatabaseList": page, **more})
