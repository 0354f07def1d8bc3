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
    windows = [timeline.window]
    while timeline.advance():
        windows.append(timeline.window)
    assert [len(window) for window in windows] == [300, 300, 50]
    for number, window in enumerate(windows):
        assert sorted(event.raw for event in window) == sorted(
            event.raw for event in source.events[number * 300 : number * 300 + 300]
        )
        times = [event.created_at for event in window]
        assert times == sorted(times, reverse=True)
    assert timeline.window == windows[-1], "at the end the window stays"


def test_the_position_survives_a_restart(source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    timeline = Timeline(source, state_file)
    timeline.advance()
    assert Timeline(open_source(seed=7, count=650), state_file).window == timeline.window
    assert [path.name for path in tmp_path.iterdir()] == ["timeline.json"]


def test_another_source_starts_at_its_first_event(source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    Timeline(source, state_file).advance()
    other = open_source(seed=8, count=650)
    assert set(Timeline(other, state_file).window) == set(other.events[:300])


def test_exactly_one_window_never_moves(tmp_path: Path) -> None:
    assert not Timeline(open_source(count=300), tmp_path / "timeline.json").advance()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"position": 300}', '{"source": "x", "position": "far"}'])
def test_a_position_that_cannot_be_read_is_named(content: str, source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    state_file.write_text(content)
    with pytest.raises(WorkshopError, match=r"timeline\.json cannot be read") as caught:
        Timeline(source, state_file)
    assert "Delete that file" in caught.value.hint


def test_a_position_outside_the_source_counts_as_none(source: EventSource, tmp_path: Path) -> None:
    state_file = tmp_path / "timeline.json"
    for position in (-300, 1, 900):
        state_file.write_text(json.dumps({"source": source.fingerprint, "position": position}))
        assert set(Timeline(source, state_file).window) == set(source.events[:300])
