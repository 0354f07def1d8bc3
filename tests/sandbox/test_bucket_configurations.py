"""A bucket survives the deletion of its configurations."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import RunningSandbox

BUCKET = "dp-configurations"


@pytest.fixture(scope="module")
def s3(sandbox: RunningSandbox) -> Any:
    client = sandbox.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


INVENTORY = {
    "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{BUCKET}", "Format": "CSV"}},
    "IsEnabled": True,
    "Id": "one",
    "IncludedObjectVersions": "Current",
    "Schedule": {"Frequency": "Daily"},
}
TIERING = {"Id": "one", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
CASES = [
    ("metrics", "metrics", "MetricsConfiguration", {"Id": "one"}),
    ("intelligent_tiering", "intelligent_tiering", "IntelligentTieringConfiguration", TIERING),
    ("analytics", "analytics", "AnalyticsConfiguration", {"Id": "one", "StorageClassAnalysis": {}}),
    ("inventory", "inventory", "InventoryConfiguration", INVENTORY),
]


@pytest.mark.parametrize(("name", "call", "member", "document"), CASES, ids=[case[0] for case in CASES])
def test_configurations_live_beside_the_bucket(
    s3: Any, name: str, call: str, member: str, document: dict[str, Any]
) -> None:
    del name
    one = {"Bucket": BUCKET, "Id": "one"}
    get, delete = getattr(s3, f"get_bucket_{call}_configuration"), getattr(s3, f"delete_bucket_{call}_configuration")
    with pytest.raises(ClientError, match="NoSuchConfiguration"):
        get(**one)
    getattr(s3, f"put_bucket_{call}_configuration")(**one, **{member: document})
    assert get(**one)[member] == document
    listed = getattr(s3, f"list_bucket_{call}_configurations")(Bucket=BUCKET)
    assert listed[f"{member}List"] == [document]
    delete(**one)
    with pytest.raises(ClientError, match="NoSuchConfiguration"):
        delete(**one)
    s3.head_bucket(Bucket=BUCKET)


def test_unknown_sub_resources_are_refused_by_name(s3: Any) -> None:
    with pytest.raises(ClientError, match="policyStatus"):
        s3.get_bucket_policy_status(Bucket=BUCKET)
    with pytest.raises(ClientError, match="metadataTable"):
        s3.delete_bucket_metadata_table_configuration(Bucket=BUCKET)
    s3.head_bucket(Bucket=BUCKET)


def test_buckets_themselves_still_go(s3: Any) -> None:
    s3.create_bucket(Bucket="dp-configurations-gone")
    s3.delete_bucket(Bucket="dp-configurations-gone")
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket="dp-configurations-gone")
