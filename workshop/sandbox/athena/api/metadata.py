"""GetTableMetadata, ListTableMetadata, GetDatabase and ListDatabases, from Glue as the caller sees it.

The emulator invents a table for every name that is asked for; clients tell by the MetadataException that there is none.
"""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.athena.errors import InvalidRequestError

_PAGE = 50


class Metadata:
    """Answers from a boto3 Glue client made from the caller's credentials."""

    def __init__(self, glue: Any) -> None:
        self._glue = glue

    def table(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """GetTableMetadata."""
        names = {"DatabaseName": request.get("DatabaseName"), "Name": request.get("TableName")}
        return {"TableMetadata": _table(self._call("get_table", **names)["Table"])}

    def tables(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """ListTableMetadata; `Expression` is a regular expression that a whole name must match."""
        asked: dict[str, Any] = {"DatabaseName": request.get("DatabaseName"), "MaxResults": _page(request)}
        if request.get("NextToken"):
            asked["NextToken"] = request["NextToken"]
        answer = self._call("get_tables", **asked)
        pattern = re.compile(str(request.get("Expression") or ".*"), re.IGNORECASE)
        found = [_table(t) for t in answer["TableList"] if pattern.fullmatch(t["Name"])]
        return _with_token({"TableMetadataList": found}, answer)

    def database(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """GetDatabase."""
        return {"Database": _database(self._call("get_database", Name=request.get("DatabaseName"))["Database"])}

    def databases(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """ListDatabases."""
        asked = {"NextToken": request["NextToken"]} if request.get("NextToken") else {}
        answer = self._call("get_databases", MaxResults=_page(request), **asked)
        return _with_token({"DatabaseList": [_database(d) for d in answer["DatabaseList"]]}, answer)

    def _call(self, action: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._glue, action)(**request)
        except ClientError as error:
            details, sent = error.response["Error"], error.response.get("ResponseMetadata", {})
            # Clients read the code of Glue's error from the parentheses.
            raise InvalidRequestError(
                f"{details.get('Message', '')} (Service: AmazonDataCatalog; Status Code: "
                f"{sent.get('HTTPStatusCode', 400)}; Error Code: {details.get('Code', '')}; Request ID: "
                f"{sent.get('RequestId', '')}; Proxy: null)",
                "MetadataException",
            ) from error
        return answer


def _page(request: Mapping[str, Any]) -> int:
    return int(request.get("MaxResults") or _PAGE)


def _with_token(body: dict[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "NextToken": answer["NextToken"]} if answer.get("NextToken") else body


def _database(glue: Mapping[str, Any]) -> dict[str, Any]:
    described = {"Name": glue["Name"], "Parameters": glue.get("Parameters", {})}
    return {**described, "Description": glue["Description"]} if glue.get("Description") else described


def _table(glue: Mapping[str, Any]) -> dict[str, Any]:
    storage = glue.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    parameters = {
        **glue.get("Parameters", {}),
        "location": storage.get("Location", ""),
        "inputformat": storage.get("InputFormat", ""),
        "outputformat": storage.get("OutputFormat", ""),
        "serde.serialization.lib": serde.get("SerializationLibrary", ""),
        **{f"serde.param.{name}": value for name, value in serde.get("Parameters", {}).items()},
    }
    described: dict[str, Any] = {
        "Name": glue["Name"],
        "TableType": glue.get("TableType", ""),
        "Columns": [_column(c) for c in storage.get("Columns", [])],
        "PartitionKeys": [_column(c) for c in glue.get("PartitionKeys", [])],
        "Parameters": {name: value for name, value in parameters.items() if value},
    }
    for name in ("CreateTime", "LastAccessTime"):
        if glue.get(name) is not None:
            described[name] = glue[name].timestamp()
    return described


def _column(glue: Mapping[str, str]) -> dict[str, str]:
    described = {"Name": glue["Name"], "Type": glue.get("Type", "string")}
    return {**described, "Comment": glue["Comment"]} if glue.get("Comment") else described
