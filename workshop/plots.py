"""The workshop's charts: one look, drawn offline, readable on light and dark, told apart by the colour-blind.

Every function takes a DataFrame with the columns its docstring names and returns an Altair chart; a chart is the last
expression of a cell. Drawing happens in this process (vl-convert), so a notebook needs no network to be looked at.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

import altair as alt
import pandas as pd

P = ParamSpec("P")

# Okabe and Ito's palette, in the order that keeps neighbours apart: https://jfly.uni-koeln.de/color/
PALETTE = ["#0f83c9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c8c8c"]
BLUE, ORANGE = PALETTE[:2]
LAYERS = {"Bronze": "#b87333", "Silver": "#8f9ba8", "Gold": "#d4a017"}
WIDTH = 560

# Text takes the page's own colour: an inline SVG inherits it, in JupyterLab's light and dark theme and in the report.
_INK = "currentColor"
_FALLBACK_INK = "#767676"


def enable() -> None:
    """Make charts render as inline SVG with the workshop's theme; every function here does it."""
    alt.theme.register("workshop", enable=True)(_theme)
    alt.renderers.register("workshop", _render)
    alt.renderers.enable("workshop")


def _drawn(function: Callable[P, Any]) -> Callable[P, Any]:
    """Let a chart be drawn in the workshop's look, without a side effect of importing this module.

    A frame without rows, such as a query about a day that has only begun, gives a chart that says so.
    """

    @functools.wraps(function)
    def draw(*arguments: P.args, **options: P.kwargs) -> Any:
        enable()
        if getattr(arguments[0], "empty", False):
            nothing = pd.DataFrame({"text": ["nothing to draw: the query found no rows"]})
            return alt.Chart(nothing).mark_text(color=_INK).encode(text="text:N").properties(width=WIDTH, height=40)
        return function(*arguments, **options)

    return draw


def to_svg(chart: Any) -> str:
    """Draw a chart as SVG whose text has the colour of the page around it."""
    import vl_convert  # noqa: PLC0415 - loads a JavaScript engine

    return str(vl_convert.vegalite_to_svg(chart if isinstance(chart, dict) else chart.to_dict()))


@_drawn
def bars(
    frame: pd.DataFrame, *, category: str, value: str, title: str = "", color: str = BLUE, width: int = WIDTH
) -> Any:
    """Horizontal bars, largest first, each with its number at its end.

    `frame`: one row a bar; `category` (text) and `value` (number).
    """
    base = alt.Chart(frame, title=title).encode(
        y=alt.Y(f"{category}:N", sort="-x", title=None),
        x=alt.X(f"{value}:Q", title=None, axis=None, scale=alt.Scale(domainMax=float(frame[value].max()) * 1.12)),
    )
    numbers = base.mark_text(align="left", dx=5, color=_INK).encode(text=alt.Text(f"{value}:Q", format=",~f"))
    return (base.mark_bar(color=color, cornerRadiusEnd=2) + numbers).properties(width=width, height=alt.Step(21))


@_drawn
def columns(
    frame: pd.DataFrame,
    *,
    category: str,
    value: str,
    series: str,
    title: str = "",
    label: str = "",
    colors: Mapping[str, str] | None = None,
    side_by_side: bool = False,
) -> Any:
    """Upright bars in the frame's own order, the series of a category on top of each other or side by side.

    `frame`: one row a category and series, `value` a number. `colors` gives the order of the series and their colours;
    `label` says what the categories are.
    """
    known = colors or dict(zip(dict.fromkeys(frame[series]), [ORANGE, BLUE, *PALETTE[2:]], strict=False))
    order = list(dict.fromkeys(frame[category]))
    # The first series lies on the ground.
    ranked = frame.assign(rank=frame[series].map(list(known).index))
    encoding: dict[str, Any] = {
        "x": alt.X(f"{category}:N", sort=order, title=label or None, axis=alt.Axis(labelAngle=0)),
        "y": alt.Y(f"{value}:Q", title=None, stack=None if side_by_side else "zero", axis=alt.Axis(format=",~f")),
        "color": alt.Color(f"{series}:N", title=None, scale=alt.Scale(domain=list(known), range=list(known.values()))),
        "order": alt.Order("rank:Q"),
    }
    if side_by_side:
        encoding["xOffset"] = alt.XOffset(f"{series}:N", sort=list(known))
    chart = alt.Chart(ranked, title=title).mark_bar(cornerRadiusEnd=2 if side_by_side else 0)
    return chart.encode(**encoding).properties(width=WIDTH, height=220)


@_drawn
def verdicts(frame: pd.DataFrame, *, rule: str, run: str, passed: str, title: str = "", label: str = "") -> Any:
    """What each rule said in each run: a square where it held, a larger cross where it did not.

    `frame`: one row a rule and run, `passed` true or false; rules and runs keep the frame's order. `label` says what
    the runs are.
    """
    told = frame.assign(verdict=frame[passed].map({True: "held", False: "broken"}))

    def scale(*held_and_broken: Any) -> alt.Scale:
        return alt.Scale(domain=["held", "broken"], range=list(held_and_broken))

    return (
        alt.Chart(told, title=title)
        .mark_point(filled=True, opacity=1)
        .encode(
            x=alt.X(f"{run}:N", sort=list(dict.fromkeys(frame[run])), title=label or None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"{rule}:N", sort=list(dict.fromkeys(frame[rule])), title=None),
            color=alt.Color("verdict:N", title=None, scale=scale(PALETTE[2], PALETTE[4])),
            shape=alt.Shape("verdict:N", title=None, scale=scale("square", "cross")),
            size=alt.Size("verdict:N", title=None, scale=scale(70, 260)),
        )
        .properties(width=WIDTH - 120, height=alt.Step(21))
    )


@_drawn
def histogram(frame: pd.DataFrame, *, value: str, title: str = "", label: str = "", bins: int = 30) -> Any:
    """How often each size occurs, on a logarithmic axis. `frame`: one row an observation, `value` > 0."""
    import numpy as np  # noqa: PLC0415

    edges = np.geomspace(frame[value].min() * 0.99, frame[value].max() * 1.01, bins + 1)
    counts, _ = np.histogram(frame[value], bins=edges)
    boxes = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "count": counts})
    return (
        alt.Chart(boxes[boxes["count"] > 0], title=title)
        .mark_bar(color=BLUE, stroke=None)
        .encode(
            x=alt.X("from:Q", scale=alt.Scale(type="log"), title=label, axis=alt.Axis(format="~s", tickCount=6)),
            x2="to:Q",
            y=alt.Y("count:Q", title=None),
            y2=alt.datum(0),
        )
        .properties(width=WIDTH, height=200)
    )


@_drawn
def over_time(frame: pd.DataFrame, *, time: str, value: str, series: str = "", title: str = "") -> Any:
    """Counts over time as areas, stacked by `series` if given.

    `frame`: one row a moment (and series), `time` a timestamp, `value` a count. Moments are summed up into about sixty
    steps; stragglers long before or after the rest (2 % at each end) are left out, or they would squeeze it to nothing.
    """
    binned, width = _binned(frame, time, value, series)
    encoding: dict[str, Any] = {
        "x": alt.X(f"{time}:T", title=None, axis=_clock(width)),
        "y": alt.Y(f"{value}:Q", title=f"events in {_span(width)}", stack="zero" if series else None),
    }
    if series:
        encoding["color"] = alt.Color(f"{series}:N", title=None, scale=alt.Scale(range=[ORANGE, BLUE, *PALETTE[2:]]))
    mark = alt.Chart(binned, title=title).mark_area(opacity=0.85, interpolate="step-after", color=BLUE)
    return mark.encode(**encoding).properties(width=WIDTH, height=220)


@_drawn
def heatmap(frame: pd.DataFrame, *, time: str, category: str, value: str, title: str = "") -> Any:
    """When each category was busy: one row a category, each on its own scale from its quietest to its busiest moment.

    `frame`: one row a moment and category, `time` a timestamp, `value` a count.
    """
    binned, width = _binned(frame, time, value, category, most=36)
    binned["share"] = binned[value] / binned.groupby(category)[value].transform("max")
    binned["until"] = binned[time] + pd.Timedelta(width)
    order = frame.groupby(category)[value].sum().sort_values(ascending=False).index.tolist()
    return (
        alt.Chart(binned[binned[value] > 0], title=title)
        .mark_rect(color=BLUE)
        .encode(
            x=alt.X(f"{time}:T", title=None, axis=_clock(width)),
            x2="until:T",
            y=alt.Y(f"{category}:N", sort=order, title=None),
            opacity=alt.Opacity("share:Q", scale=alt.Scale(range=[0.12, 1]), legend=None),
        )
        .properties(width=WIDTH, height=alt.Step(20))
    )


@_drawn
def shares(frame: pd.DataFrame, *, category: str, group: str, value: str, title: str = "") -> Any:
    """Two or more groups compared: how each group's total is spread over the categories, as bars side by side.

    `frame`: one row a category and group, `value` a count.
    """
    within = frame.assign(share=frame[value] / frame.groupby(group)[value].transform("sum"))
    order = frame.groupby(category)[value].sum().sort_values(ascending=False).index.tolist()
    return (
        alt.Chart(within, title=title)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y(f"{category}:N", sort=order, title=None),
            yOffset=f"{group}:N",
            x=alt.X("share:Q", title="share within the group", axis=alt.Axis(format="%")),
            color=alt.Color(f"{group}:N", title=None, scale=alt.Scale(range=[ORANGE, BLUE])),
        )
        .properties(width=WIDTH, height=alt.Step(11))
    )


_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400]


def _binned(
    frame: pd.DataFrame, time: str, value: str, series: str, most: int = 60
) -> tuple[pd.DataFrame, pd.Timedelta]:
    """Sum `value` into equal steps of time, with zeros where nothing happened; returns the steps' width too."""
    ordered = frame.sort_values(time)
    reached = ordered[value].cumsum() / ordered[value].sum()
    kept = ordered[(reached >= 0.02) & (reached <= 0.98)]
    span = (kept[time].max() - kept[time].min()).total_seconds()
    width = pd.Timedelta(seconds=next((step for step in _STEPS if span / step <= most), _STEPS[-1]))
    keys = [kept[time].dt.floor(width), *([kept[series]] if series else [])]
    sums = kept.groupby(keys)[value].sum()
    wide = sums.unstack(fill_value=0) if series else sums.to_frame(value)
    full = wide.reindex(pd.date_range(wide.index.min(), wide.index.max(), freq=width, name=time), fill_value=0)
    long = full.melt(ignore_index=False, value_name=value).reset_index() if series else full.reset_index()
    return long, width


def _clock(width: pd.Timedelta) -> alt.Axis:
    return alt.Axis(format="%H:%M" if width.total_seconds() >= 60 else "%H:%M:%S", labelFlush=True, tickCount=6)


def _span(width: pd.Timedelta) -> str:
    seconds = int(width.total_seconds())
    for unit, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0:
            count = seconds // unit
            return f"a {name}" if count == 1 and name != "hour" else ("an hour" if count == 1 else f"{count} {name}s")
    return f"{seconds} seconds"


@_drawn
def lorenz(frame: pd.DataFrame, *, value: str, title: str = "", of: str = "repositories") -> Any:
    """Concentration: the share of all activity (y) that the quietest share of members (x) makes.

    `frame`: one row a member, `value` its activity. The dashed diagonal is perfect equality; the dot marks what the
    busiest tenth makes.
    """
    ordered = frame[value].sort_values().to_numpy(dtype=float)
    curve = pd.DataFrame(
        {
            "members": [0.0, *((index + 1) / len(ordered) for index in range(len(ordered)))],
            "activity": [0.0, *(ordered.cumsum() / ordered.sum())],
        }
    )
    # A few hundred points draw the same line as tens of thousands.
    curve = curve.iloc[sorted({*range(0, len(curve), max(1, len(curve) // 400)), len(curve) - 1})]
    tenth = curve.iloc[(curve["members"] - 0.9).abs().argsort()[:1]]
    said = f"the busiest tenth of {of} makes {1 - tenth['activity'].iloc[0]:.0%} of all events"
    axes = {
        "x": alt.X("members:Q", title=f"share of {of}, quietest first", axis=alt.Axis(format="%")),
        "y": alt.Y("activity:Q", title="share of events", axis=alt.Axis(format="%")),
    }
    equality = alt.Chart(pd.DataFrame({"members": [0.0, 1.0], "activity": [0.0, 1.0]}))
    return (
        alt.Chart(curve, title=alt.Title(title, subtitle=said)).mark_area(color=BLUE, opacity=0.18).encode(**axes)
        + alt.Chart(curve).mark_line(color=BLUE).encode(**axes)
        + equality.mark_line(color="#808080", strokeDash=[5, 4]).encode(**axes)
        + alt.Chart(tenth).mark_point(color=ORANGE, filled=True, size=90, opacity=1).encode(**axes)
    ).properties(width=360, height=360)


@_drawn
def scanned(frame: pd.DataFrame, title: str = "") -> Any:
    """Bytes read for one question, a bar a layer on a logarithmic axis.

    `frame`: columns `layer` (Bronze, Silver, Gold) and `bytes`.
    """
    labelled = frame.assign(label=[_si(count) for count in frame["bytes"]])
    floor = 1  # a length on a logarithmic axis needs a base, and one byte is the least one can read
    base = alt.Chart(labelled, title=title).encode(y=alt.Y("layer:N", sort=list(LAYERS), title=None))
    axis = alt.Axis(format="~s", title="bytes scanned (logarithmic)", tickCount=5)
    x = alt.X("bytes:Q", scale=alt.Scale(type="log", domainMin=floor, clamp=True), axis=axis)
    colors = alt.Color("layer:N", scale=alt.Scale(domain=list(LAYERS), range=list(LAYERS.values())), legend=None)
    marks = base.mark_bar(cornerRadiusEnd=2).encode(x=x, x2=alt.datum(floor), color=colors)
    numbers = base.mark_text(align="left", dx=6, color=_INK).encode(x=x, text="label:N")
    return (marks + numbers).properties(width=440, height=alt.Step(34))


def _si(count: float) -> str:
    from workshop.records import amount  # noqa: PLC0415

    return amount(count)


def _render(spec: dict[str, Any], **_: Any) -> dict[str, str]:
    svg = to_svg(spec)
    # Fonts differ between this process, which lays the labels out, and the browser: none may be cut off.
    inline = svg.replace("<svg ", '<svg style="overflow:visible" ', 1)
    return {
        "text/html": f'<div style="overflow-x:auto;padding-left:18px">{inline}</div>',
        "image/svg+xml": svg.replace(_INK, _FALLBACK_INK),
    }


def _theme() -> alt.theme.ThemeConfig:
    lines = {"domainColor": "#808080", "tickColor": "#808080", "gridColor": "#808080", "gridOpacity": 0.2}
    text = {"labelColor": _INK, "titleColor": _INK, "labelFontSize": 12, "titleFontSize": 12}
    config: Any = {
        "background": "transparent",
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "title": {
            "color": _INK,
            "anchor": "start",
            "fontSize": 15,
            "fontWeight": 600,
            "offset": 12,
            "subtitleColor": _INK,
        },
        "axis": {**lines, **text, "titleFontWeight": "normal", "labelLimit": 260, "labelPadding": 5},
        "legend": {**text, "orient": "top", "offset": 4},
        "text": {"fontSize": 12},
        "range": {"category": PALETTE},
        "padding": {"left": 24, "top": 6, "right": 12, "bottom": 4},
    }
    return {"config": config}
