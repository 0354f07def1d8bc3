"""The archive's average as a sandbox remembers it, from `LAKEHOUSE_ARCHIVE_EVENTS_PER_HOUR`."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from workshop.errors import WorkshopError
from workshop.sandbox import lifecycle
from workshop.sandbox.github.hours import count_of
from workshop.sandbox.home import FORMAT, SandboxHome

VARIABLE = "LAKEHOUSE_ARCHIVE_EVENTS_PER_HOUR"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxHome]:
    monkeypatch.delenv(VARIABLE, raising=False)
    home = SandboxHome(tmp_path / "home")
    yield home
    lifecycle.down(home)


def events_of(home: SandboxHome, hour: int) -> int:
    answer = requests.get(f"{home.endpoint}/_gharchive/2024-01-16-{hour}.json.gz", verify=home.ca_bundle, timeout=30)
    return len(gzip.decompress(answer.content).splitlines()) if answer.status_code == 200 else 0


def test_the_average_is_remembered_and_cannot_change_while_the_sandbox_runs(
    home: SandboxHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuesday = [datetime(2024, 1, 16, hour, tzinfo=UTC) for hour in range(24)]
    lifecycle.up(home)
    assert events_of(home, 12) == count_of(tuesday[12], 1_000)
    monkeypatch.setenv(VARIABLE, "70")
    with pytest.raises(WorkshopError, match="already runs with an archive of 1000 events an hour") as caught:
        lifecycle.up(home)
    assert "sandbox-down" in caught.value.hint
    lifecycle.down(home)
    lifecycle.up(home)
    lifecycle.up(home)
    assert events_of(home, 12) == count_of(tuesday[12], 70)
    lifecycle.down(home)
    monkeypatch.delenv(VARIABLE)
    lifecycle.up(home)
    assert events_of(home, 13) == count_of(tuesday[13], 70)
    assert {path.name for path in (home.github / "gharchive").iterdir()} == {"2024-01-16-13.json.gz"}


def test_no_hours_are_generated_for_an_average_of_none(home: SandboxHome) -> None:
    lifecycle.up(home, archive_events_per_hour=0)
    assert events_of(home, 12) == 0


@pytest.mark.parametrize("value", ["many", "1.5", "-1", "1000000"])
def test_an_average_that_makes_no_sense_is_refused_before_anything_starts(
    value: str, home: SandboxHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(WorkshopError, match=r"not a number|cannot be generated"):
        lifecycle.up(home)
    assert not home.root.exists()


def test_a_home_of_an_older_checkout_is_taken_over(home: SandboxHome) -> None:
    """It has no average; what is written then, the older checkout could not read."""
    home.prepare()
    home.marker.write_text('{"format": 1}')
    home.settings_file.write_text('{"https_port": 1, "http_port": 2, "account": "123456789012", "region": "us-east-1"}')
    home.prepare()
    assert home.settings.archive_events_per_hour == 1_000
    assert json.loads(home.marker.read_text()) == {"format": FORMAT}
    assert FORMAT > 1
