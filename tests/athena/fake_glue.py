"""Glue in memory, with the methods of a boto3 client: what DDL did is read off it."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError


def _refuse(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Glue")


class FakeGlueClient:
    """Databases, tables and partitions; lists come in pages of two. `denied` are the actions that are refused."""

    def __init__(self, *databases: str) -> None:
        self.databases: dict[str, dict[str, Any]] = {name: {"Name": name} for name in databases}
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.parts: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.denied: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name in object.__getattribute__(self, "__dict__").get("denied", ()):
            raise _refuse("AccessDeniedException", f"User: arn:x is not authorized to perform: glue:{name}")
        return object.__getattribute__(self, name)

    def get_database(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        if Name not in self.databases:
            raise _refuse("EntityNotFoundException", f"Database {Name} not found.")
        return {"Database": self.databases[Name]}

    def create_database(self, *, DatabaseInput: dict[str, Any]) -> None:  # noqa: N803
        self.databases[DatabaseInput["Name"]] = DatabaseInput

    def update_database(self, *, Name: str, DatabaseInput: dict[str, Any]) -> None:  # noqa: N803
        self.databases[Name] = DatabaseInput

    def delete_database(self, *, Name: str) -> None:  # noqa: N803
        del self.databases[Name]
        for key in [k for k in self.tables if k[0] == Name]:
            del self.tables[key]

    def get_table(self, *, DatabaseName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        if (DatabaseName, Name) not in self.tables:
            raise _refuse("EntityNotFoundException", f"Table {Name} not found.")
        return {"Table": self.tables[DatabaseName, Name]}

    def create_table(self, *, DatabaseName: str, TableInput: dict[str, Any]) -> None:  # noqa: N803
        if (DatabaseName, TableInput["Name"]) in self.tables:
            raise _refuse("AlreadyExistsException", "Table already exists.")
        self.tables[DatabaseName, TableInput["Name"]] = {"DatabaseName": DatabaseName, **TableInput}

    def update_table(self, *, DatabaseName: str, TableInput: dict[str, Any]) -> None:  # noqa: N803
        self.tables[DatabaseName, TableInput["Name"]] = {"DatabaseName": DatabaseName, **TableInput}

    def delete_table(self, *, DatabaseName: str, Name: str) -> None:  # noqa: N803
        del self.tables[DatabaseName, Name]
        self.parts.pop((DatabaseName, Name), None)

    def batch_create_partition(
        self,
        *,
        DatabaseName: str,  # noqa: N803
        TableName: str,  # noqa: N803
        PartitionInputList: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        errors = []
        known = self.parts.setdefault((DatabaseName, TableName), [])
        for given in PartitionInputList:
            if any(p["Values"] == given["Values"] for p in known):
                detail = {"ErrorCode": "AlreadyExistsException"}
                errors.append({"PartitionValues": given["Values"], "ErrorDetail": detail})
            else:
                known.append(given)
        return {"Errors": errors}

    def update_partition(
        self,
        *,
        DatabaseName: str,  # noqa: N803
        TableName: str,  # noqa: N803
        PartitionValueList: list[str],  # noqa: N803
        PartitionInput: dict[str, Any],  # noqa: N803
    ) -> None:
        known = self.parts[DatabaseName, TableName]
        at = next(i for i, p in enumerate(known) if p["Values"] == PartitionValueList)
        known[at] = PartitionInput

    def delete_partition(self, *, DatabaseName: str, TableName: str, PartitionValues: list[str]) -> None:  # noqa: N803
        known = self.parts[DatabaseName, TableName]
        known[:] = [p for p in known if p["Values"] != PartitionValues]

    def get_paginator(self, action: str) -> "_Paginator":
        getattr(self, action, None)
        return _Paginator(self, action)


class _Paginator:
    def __init__(self, glue: FakeGlueClient, action: str) -> None:
        self._glue = glue
        self._action = action

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        glue = self._glue
        if self._action == "get_databases":
            member, found = "DatabaseList", list(glue.databases.values())
        elif self._action == "get_tables":
            member = "TableList"
            found = [t for (d, _), t in glue.tables.items() if d == asked["DatabaseName"]]
        else:
            member, found = "Partitions", glue.parts.get((asked["DatabaseName"], asked["TableName"]), [])
        for start in range(0, len(found), 2):
            yield {member: found[start : start + 2]}
        if not found:
            yield {member: []}
