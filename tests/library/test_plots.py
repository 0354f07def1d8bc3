"""The charts' arithmetic, by hand, and what a picture must not need."""

import re

import pandas as pd
import pytest

from workshop import plots
from workshop.diagrams import BOXES, architecture, tree
from workshop.paths import REPOSITORY


def series(*seconds: int, who: str = "people") -> pd.DataFrame:
    moments = pd.Timestamp("2020-12-18 15:00:00") + pd.to_timedelta(list(seconds), unit="s")
    return pd.DataFrame({"moment": moments, "who": who, "events": 1})


def test_moments_are_summed_into_equal_steps_without_gaps() -> None:
    frame = series(*range(0, 600, 2))
    binned, width = plots._binned(frame, "moment", "events", "")
    assert width == pd.Timedelta(seconds=10)  # 600 s in at most 60 steps
    assert set(binned["moment"].diff().dropna()) == {pd.Timedelta(seconds=10)}
    # 300 events less 2 % at each end; a full step of 10 s holds five of them.
    assert binned["events"].sum() == pytest.approx(288, abs=2)
    assert binned["events"].iloc[5] == 5


def test_a_straggler_does_not_squeeze_the_rest() -> None:
    frame = pd.concat([series(-7200), series(*range(600))])
    binned, _ = plots._binned(frame, "moment", "events", "")
    assert binned["moment"].min() >= pd.Timestamp("2020-12-18 15:00:00")


def test_a_series_that_pauses_has_zeros() -> None:
    frame = pd.concat([series(*range(600)), series(*range(300, 320), who="bots")])
    binned, _ = plots._binned(frame, "moment", "events", "who")
    bots, people = (binned[binned["who"] == who]["events"] for who in ("bots", "people"))
    assert len(bots) == len(people)
    assert bots.sum() == 20


def test_the_lorenz_curve_of_a_hand_made_world() -> None:
    # Nine repositories with one event each, one with 91: the busiest tenth makes 91 of 100.
    frame = pd.DataFrame({"events": [1] * 9 + [91]})
    chart = plots.lorenz(frame, value="events", title="t").to_dict()
    assert "makes 91%" in str(chart)


def test_a_drawing_needs_no_network_and_takes_the_pages_colour() -> None:
    svg = plots.to_svg(plots.bars(pd.DataFrame({"t": ["Push", "Watch"], "n": [2, 1]}), category="t", value="n"))
    assert "currentColor" in svg
    assert not re.search(r"(href|src)=.https?:", svg)
    assert "Push" in svg


def test_architecture_shows_what_is_there() -> None:
    nothing = architecture([])
    state = architecture(["aws_s3_bucket.state"])
    assert nothing.count("stroke-dasharray") == 11  # all boxes but the two sources and you
    assert state.count("stroke-dasharray") == 10


def test_the_readme_shows_the_architecture_as_it_is() -> None:
    # A picture in a page of its own does not inherit a colour; this grey can be read on white and on black.
    drawn = architecture(box.address for box in BOXES).replace("currentColor", "#767676")
    picture = REPOSITORY / "docs" / "images" / "architecture.svg"
    assert picture.read_text(encoding="utf-8") == drawn, f"{picture.name} shows another architecture: write it anew"


def test_tree_adds_up() -> None:
    drawn = tree([("lake/a/1.gz", 1000), ("lake/a/2.gz", 2000), ("lake/b/3.gz", 3000)], limit=1)
    assert "3 objects, 6.0 KB" in drawn
    assert "2 objects, 3.0 KB" in drawn
    assert "… and 1 more" in drawn
    assert "<script" not in tree([("lake/<script>alert(1)</script>", 1)])


def test_no_rows_is_not_an_error() -> None:
    assert "no rows" in plots.to_svg(plots.bars(pd.DataFrame({"t": [], "n": []}), category="t", value="n"))


def two_by_two() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "poll": ["9", "9", "10", "10"],
            "what": ["seen", "missed", "seen", "missed"],
            "events": [300, 0, 300, 450],
        }
    )


def test_columns_keep_the_frames_order_and_the_colours_order() -> None:
    colors = {"missed": "#8c8c8c", "seen": "#0f83c9"}
    chart = plots.columns(two_by_two(), category="poll", value="events", series="what", colors=colors).to_dict()
    encoding = chart["encoding"]
    assert encoding["x"]["sort"] == ["9", "10"]  # as text, 10 would come first
    assert encoding["color"]["scale"] == {"domain": ["missed", "seen"], "range": ["#8c8c8c", "#0f83c9"]}
    assert encoding["y"]["stack"] == "zero"
    assert "xOffset" not in encoding


def test_columns_side_by_side_are_not_added_up() -> None:
    chart = plots.columns(two_by_two(), category="poll", value="events", series="what", side_by_side=True)
    encoding = chart.to_dict()["encoding"]
    assert encoding["y"]["stack"] is None
    assert encoding["xOffset"] == {"field": "what", "sort": ["seen", "missed"], "type": "nominal"}
    svg = plots.to_svg(chart)
    assert len(re.findall(r'aria-roledescription="bar"', svg)) == 4


def test_a_broken_rule_is_told_by_shape_and_not_by_colour_alone() -> None:
    frame = pd.DataFrame({"rule": ["a", "b"] * 2, "run": ["1", "1", "2", "2"], "passed": [True, True, True, False]})
    chart = plots.verdicts(frame, rule="rule", run="run", passed="passed", label="runs")
    encoding = chart.to_dict()["encoding"]
    assert encoding["shape"]["scale"]["range"] == ["square", "cross"]
    drawn = plots.to_svg(chart)
    assert drawn.count("verdict: held") == 3
    assert drawn.count("verdict: broken") == 1


def test_what_is_not_there_is_nothing_to_draw() -> None:
    nothing = pd.DataFrame([])
    assert "no rows" in plots.to_svg(plots.columns(nothing, category="poll", value="events", series="what"))
    assert "no rows" in plots.to_svg(plots.verdicts(nothing, rule="rule", run="run", passed="passed"))
