"""The window over the events, and its position across restarts."""

import json
from pathlib import Path

import pytest

from workshop.errors import WorkshopError
from workshop.sandbox.github import EventSource, open_source
from workshop.sandbox.github.timeline import Timeline


@pytest.fixture(scope="module")
def source() -> EventSource:
    return open_source(seed=7, count=650)


def test_windows_follow_one_another_and_show_the_newest_first(source: EventSource, tmp_path: Path) -> None:
    timeline = Timeline(source, tmp_path / "state" / "timeline.json")
    windows = [timeline.window(index) for index in range(len(timeline))]
    assert [len(window) for window in windows] == [300, 300, 50]
    for number, window in enumerate(windows):
        assert sorted(event.raw for event in window) == sorted(
            event.raw for event in source.events[number * 300 : number * 300 + 300]
        )
        times = [event.created_at for event in window]
        assert times == sorted(times, reverse=True)


def test_the_window_that_a_reader_opened_survives_a_restart(source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    timeline = Timeline(source, state_file)
    timeline.open_window("one", 2)
    timeline.open_window("two", 1)
    again = Timeline(open_source(seed=7, count=650), state_file)
    assert [again.opened_window(reader) for reader in ("one", "two", "three")] == [2, 1, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["timeline.json"]


def test_another_source_has_other_windows(source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    Timeline(source, state_file).open_window("one", 1)
    assert Timeline(open_source(seed=8, count=650), state_file).opened_window("one") == 0


def test_300_events_are_one_window(tmp_path: Path) -> None:
    assert len(Timeline(open_source(count=300), tmp_path / "timeline.json")) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"readers": {}}', '{"source": "x", "readers": {"one": "far"}}'])
def test_a_state_that_cannot_be_read_is_named(content: str, source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    state_file.write_text(content)
    with pytest.raises(WorkshopError, match=r"timeline\.json cannot be read") as caught:
        Timeline(source, state_file)
    assert "Delete that file" in caught.value.hint


def test_a_window_outside_the_source_counts_as_none(source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    for index in (-1, 3):
        state_file.write_text(json.dumps({"source": source.fingerprint, "readers": {"one": index}}))
        assert Timeline(source, state_file).opened_window("one") == 0
