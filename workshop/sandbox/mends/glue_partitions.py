"""Glue can update a partition, all at once.

Wrong in ministack 1.5.33: it answers UpdatePartition with "Unknown Glue action". It has BatchUpdatePartition, which
empties a partition before it fills it again, so that a reader in between meets one without a location.
"""

import json
import time
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import glue


def add_update_partition() -> None:
    """Answer UpdatePartition; the caller's permission for it is checked before."""
    answer = glue._handle_request_sync

    def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        if headers.get("x-amz-target", "").rpartition(".")[2] == "UpdatePartition":
            return _update_partition(json.loads(body))
        return answer(method, path, headers, body, query)

    glue._handle_request_sync = handle


def _update_partition(request: dict[str, Any]) -> Any:
    database, table = request["DatabaseName"], request["TableName"]
    partitions = glue._partitions.get(f"{database}/{table}", [])
    for position, partition in enumerate(partitions):
        if partition["Values"] == request["PartitionValueList"]:
            partitions[position] = {
                **request["PartitionInput"],
                "DatabaseName": database,
                "TableName": table,
                "CreationTime": partition["CreationTime"],
                "LastAccessTime": int(time.time()),
                "CatalogId": get_account_id(),
            }
            return json_response({})
    return error_response_json("EntityNotFoundException", "Partition not found.", 400)
