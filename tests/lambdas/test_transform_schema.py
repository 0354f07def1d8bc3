"""What happens when events or tables change their shape. docs/datasets.md says it in words."""

import json
from datetime import date
from typing import Any

import pytest
from athena_transform import silver
from running_sandbox import RunningSandbox
from transform_lake import BRONZE, SILVER, SandboxLake

from workshop.sandbox.github import open_source

pytestmark = pytest.mark.sandbox

DAY, NEXT_DAY = date(2025, 6, 11), date(2025, 6, 12)


@pytest.fixture
def lake(sandbox: RunningSandbox) -> SandboxLake:
    return SandboxLake({name: sandbox.client(name) for name in ("s3", "glue", "athena")})


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return [json.loads(event.raw) for event in open_source(count=60).events]


def put(lake: SandboxLake, day: date, name: str, documents: list[dict[str, Any]]) -> None:
    lake.put_poll(day, name, (json.dumps(document, separators=(",", ":")).encode() for document in documents))
    silver.run(lake.lake("silver"))


def change_columns(lake: SandboxLake, table: str, change: Any) -> None:
    """Change the columns of a table (name -> type) in the catalog, as an apply of Terraform does."""
    glue = lake.clients["glue"]
    found = glue.get_table(DatabaseName=lake.database, Name=table)["Table"]
    columns = {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}
    descriptor = found["StorageDescriptor"] | {
        "Columns": [{"Name": name, "Type": kind} for name, kind in change(columns).items()]
    }
    kept = {name: found[name] for name in ("Name", "TableType", "Parameters", "PartitionKeys")}
    glue.update_table(DatabaseName=lake.database, TableInput=kept | {"StorageDescriptor": descriptor})


def test_new_field_of_events_waits_in_bronze_until_a_column_names_it(
    lake: SandboxLake, events: list[dict[str, Any]]
) -> None:
    put(lake, DAY, "old", events[:20])
    put(lake, DAY, "new", [event | {"reactions": {"heart": 3}} for event in events[20:40]])
    assert lake.query("SELECT COUNT(*) FROM github_events_silver") == [["40"]]
    change_columns(lake, BRONZE, lambda columns: columns | {"reactions": "struct<heart:int>"})
    # Files that are older than the column show it as well.
    assert lake.query("SELECT COUNT(reactions.heart), SUM(reactions.heart) FROM github_events_bronze") == [["20", "60"]]


def test_new_event_type_is_a_row_like_any_other(lake: SandboxLake, events: list[dict[str, Any]]) -> None:
    put(lake, DAY, "new", [event | {"type": "TeleportEvent"} for event in events[:7]])
    assert lake.query("SELECT event_type, COUNT(*) FROM github_events_silver GROUP BY 1") == [["TeleportEvent", "7"]]


def test_added_column_is_null_in_old_rows_and_survives_compaction(
    lake: SandboxLake, events: list[dict[str, Any]]
) -> None:
    put(lake, DAY, "old", events[:20])
    change_columns(lake, SILVER, lambda columns: columns | {"language": "string"})
    put(lake, DAY, "new", events[20:30])
    lake.query(
        "INSERT INTO github_events_silver (event_id, language, ingest_dt, year, month)"
        " VALUES ('1', 'Python', DATE '2025-06-11', '2025', '06')"
    )
    question = "SELECT COUNT(*), COUNT(language), MAX(language) FROM github_events_silver"
    assert lake.query(question) == [["31", "1", "Python"]]
    silver.run(lake.lake("silver"), compact=["2025-06"])
    assert lake.query(question) == [["31", "1", "Python"]]


def test_renamed_column_hides_old_values_and_renaming_back_shows_them(
    lake: SandboxLake, events: list[dict[str, Any]]
) -> None:
    put(lake, DAY, "old", events[:20])
    [[known]] = lake.query("SELECT COUNT(actor_login) FROM github_events_silver")
    assert known == "20"

    def renamed(old: str, new: str) -> Any:
        return lambda columns: {new if name == old else name: kind for name, kind in columns.items()}

    change_columns(lake, SILVER, renamed("actor_login", "login"))
    # Parquet's columns are found by name: the old files have none of the new one.
    assert lake.query("SELECT COUNT(login), COUNT(event_id) FROM github_events_silver") == [["0", "20"]]
    change_columns(lake, SILVER, renamed("login", "actor_login"))
    assert lake.query("SELECT COUNT(actor_login) FROM github_events_silver") == [["20"]]


def test_column_that_replaces_another_is_read_through_both(lake: SandboxLake, events: list[dict[str, Any]]) -> None:
    put(lake, DAY, "old", events[:20])
    change_columns(lake, SILVER, lambda columns: columns | {"login": "string"})
    assert lake.query("SELECT COUNT(COALESCE(login, actor_login)) FROM github_events_silver") == [["20"]]
