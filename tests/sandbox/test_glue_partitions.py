"""Glue's UpdatePartition, which the emulator lacks: the mend still fits, and does what AWS's API reference says."""

import uuid

import pytest
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox

pytestmark = pytest.mark.sandbox


def test_partition_is_replaced_as_a_whole(sandbox: RunningSandbox) -> None:
    glue = sandbox.client("glue")
    names = {"DatabaseName": f"d{uuid.uuid4().hex}", "TableName": "t"}
    glue.create_database(DatabaseInput={"Name": names["DatabaseName"]})
    glue.create_table(DatabaseName=names["DatabaseName"], TableInput={"Name": "t"})
    for day in ("2020-12-18", "2020-12-19"):
        first = {"Values": [day], "StorageDescriptor": {"Location": "s3://b/1/"}, "Parameters": {"run": "1"}}
        glue.create_partition(**names, PartitionInput=first)

    second = {"Values": ["2020-12-18"], "StorageDescriptor": {"Location": "s3://b/2/"}}
    glue.update_partition(**names, PartitionValueList=["2020-12-18"], PartitionInput=second)

    partitions = {item["Values"][0]: item for item in glue.get_partitions(**names)["Partitions"]}
    assert partitions["2020-12-18"]["StorageDescriptor"]["Location"] == "s3://b/2/"
    assert "Parameters" not in partitions["2020-12-18"]
    assert partitions["2020-12-19"]["StorageDescriptor"]["Location"] == "s3://b/1/"
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.update_partition(**names, PartitionValueList=["2020-12-20"], PartitionInput=second)
