"""The page that a run leaves behind: one self-contained HTML file, and one per executed notebook.

No script, no font and no style comes from a network, so the folder can be kept as a CI artifact and opened anywhere.
"""

import html
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.records import Record, amount, took

if TYPE_CHECKING:
    from workshop.runner import NotebookResult, RunResult

_PACKAGES = ("lakehouse-workshop", "boto3", "duckdb", "sqlglot", "ministack", "PyAthena", "pandas", "papermill")
# What a stretch of a notebook's bar was spent on, in the order of the legend.
_KINDS = {
    "step": ("building", "#0f83c9"),
    "call": ("functions", "#e69f00"),
    "query": ("queries", "#009e73"),
    "check": ("checks", "#cc79a7"),
}

# The share of a lane, in percent, that the bars may take; the rest is for the last one's label.
LANE = 90


def write_report(result: "RunResult") -> None:
    """Write `result.report` and, beside it, an HTML page per executed notebook."""
    for notebook in result.notebooks:
        if notebook.executed.exists():
            _page_of(notebook).write_text(_render_notebook(notebook))
    result.report.write_text(_document("Workshop run", _summary(result), folder_link=False))


def _page_of(notebook: "NotebookResult") -> Path:
    return notebook.executed.with_suffix(".html")


def _summary(result: "RunResult") -> str:
    passed = sum(one.checks[0] for one in result.notebooks)
    made = sum(one.checks[1] for one in result.notebooks)
    queries = sum(record.kind == "query" for one in result.notebooks for record in one.records)
    count = len(result.notebooks) + len(result.not_run)
    done = sum(one.ok for one in result.notebooks)
    when = datetime.fromtimestamp(result.notebooks[0].started, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    verdict = "Every notebook passed" if result.ok else "The run stopped at a failure"
    tiles = "".join(
        f'<div class="tile"><div class="number">{number}</div><div class="label">{label}</div></div>'
        for number, label in (
            (f"{done}/{count}", "notebooks"),
            (f"{passed}/{made}", "checks on the deployed world"),
            (took(result.seconds), "from first cell to last"),
            (f"{queries}", "Athena queries"),
            (amount(sum(one.bytes_scanned for one in result.notebooks)), "scanned"),
            (f"${sum(one.dollars for one in result.notebooks):.4f}", "at Athena's list price"),
        )
    )
    parameters = ", ".join(f"{name}={value}" for name, value in result.parameters.items()) or "the notebooks' defaults"
    return f"""
<header><p class="eyebrow">lakehouse-workshop · {when}</p>
<h1><span class="{"good" if result.ok else "bad"}">{"✔" if result.ok else "✘"}</span> {verdict}</h1></header>
<section class="tiles">{tiles}</section>
{_failure(result)}
<section><h2>Where the time went</h2>{_timeline(result)}</section>
<section><h2>Notebooks</h2>{_table(result)}</section>
<section><h2>Environment</h2>{_environment(parameters)}</section>"""


def _failure(result: "RunResult") -> str:
    failed = next((one for one in result.notebooks if one.failure), None)
    if failed is None or failed.failure is None:
        return ""
    reason = failed.failure
    where = f", cell {reason.cell}, {reason.section}" if reason.cell else ""
    return (
        f'<section class="failure"><strong>{html.escape(failed.name)}</strong>{html.escape(where)}'
        f"<pre>{html.escape(f'{reason.kind}: {reason.message}')}</pre></section>"
    )


def _timeline(result: "RunResult") -> str:
    """One bar a notebook on a common time axis, coloured by what its recorded work was."""
    total = result.seconds or 1.0
    rows, before = [], 0.0
    for one in result.notebooks:
        left, width = before / total * LANE, one.seconds / total * LANE
        rows.append(
            f'<div class="row"><a href="{_page_of(one).name}">{html.escape(one.name)}</a><div class="lane">'
            f'<div class="bar" style="left:{left:.2f}%;width:max({width:.2f}%,3px)">{_stretches(one)}</div>'
            f'<span class="after" style="left:calc({left + width:.2f}% + 6px)">{took(one.seconds)}</span>'
            "</div></div>"
        )
        before += one.seconds
    swatches = [(color, label) for label, color in _KINDS.values()] + [("var(--faint)", "reading, drawing, starting")]
    legend = "".join(f'<span><i style="background:{color}"></i>{label}</span>' for color, label in swatches)
    return f'<div class="timeline">{"".join(rows)}</div><p class="legend">{legend}</p>'


def _stretches(notebook: "NotebookResult") -> str:
    parts = []
    for kind, (label, color) in _KINDS.items():
        spent = sum(record.seconds for record in notebook.records if record.kind == kind)
        share = min(100.0, spent / (notebook.seconds or 1.0) * 100)
        if share >= 0.5:
            parts.append(f'<i title="{label}: {took(spent)}" style="width:{share:.1f}%;background:{color}"></i>')
    return "".join(parts)


def _table(result: "RunResult") -> str:
    rows = []
    for one in result.notebooks:
        passed, made = one.checks
        mark = '<span class="good">✔</span>' if one.ok else '<span class="bad">✘</span>'
        title = f'<div class="quiet">{html.escape(one.title)}</div>'
        rows.append(
            f'<tr><td>{mark}</td><td><a href="{_page_of(one).name}">{html.escape(one.name)}</a>'
            f"{title}</td><td>{took(one.seconds)}</td><td>{passed}/{made}</td>"
            f"<td>{sum(record.kind == 'query' for record in one.records)}</td><td>{amount(one.bytes_scanned)}</td>"
            f"<td>${one.dollars:.5f}</td></tr>{_details(one.records)}"
        )
    rows += [
        f'<tr class="quiet"><td>○</td><td>{html.escape(name)}</td><td colspan="5">not run</td></tr>'
        for name in result.not_run
    ]
    heads = "".join(f"<th>{head}</th>" for head in ("", "", "duration", "checks", "queries", "scanned", "cost"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _details(records: Sequence[Record]) -> str:
    findings = [finding for record in records if record.kind == "check" for finding in record.details["checks"]]
    if not findings:
        return ""
    items = "".join(
        f'<li><span class="{"good" if one["ok"] else "bad"}">{"✔" if one["ok"] else "✘"}</span> '
        f'{html.escape(one["claim"])} <span class="quiet">{html.escape(one["found"])}</span></li>'
        for one in findings
    )
    summary = f"<summary>what was checked ({len(findings)})</summary>"
    return f'<tr class="fold"><td></td><td colspan="6"><details>{summary}<ul>{items}</ul></details></td></tr>'


def _environment(parameters: str) -> str:
    facts = [
        ("parameters", parameters),
        ("Python", platform.python_version()),
        ("system", platform.platform(terse=True)),
    ]
    facts += [(package, version(package)) for package in _PACKAGES]
    return "<dl>" + "".join(f"<dt>{html.escape(a)}</dt><dd>{html.escape(b)}</dd>" for a, b in facts) + "</dl>"


def _render_notebook(notebook: "NotebookResult") -> str:
    """The executed notebook in the report's own look; nbconvert's full templates load scripts from a CDN."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 - takes a second to import

    exporter = HTMLExporter(template_name="basic", exclude_anchor_links=True)
    body, _ = exporter.from_filename(str(notebook.executed))
    mark = '<span class="good">✔</span>' if notebook.ok else '<span class="bad">✘</span>'
    passed, made = notebook.checks
    note = f"{mark} {html.escape(notebook.name)} · {took(notebook.seconds)} · {passed}/{made} checks"
    return _document(
        notebook.title, f'<div class="crumb"><span>{note}</span></div><main>{body}</main>', folder_link=True
    )


def _document(title: str, body: str, *, folder_link: bool) -> str:
    from pygments.formatters import HtmlFormatter  # noqa: PLC0415

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="monokai").get_style_defs(".highlight")
    style = Path(__file__).with_name("report.css").read_text()
    back = '<nav><a href="index.html">← the whole run</a></nav>' if folder_link else ""
    code = f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>'
        f'{html.escape(title)}</title><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{code}\n{style}</style></head><body>{back}{body}</body></html>\n"
    )
