"""The headless runner on small notebooks of its own: what it refuses, how it stops, what it reports."""

import io
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console

from workshop import runner, target
from workshop.errors import WorkshopError

PARAMETERS = 'target = "sandbox"\ncolour = "blue"'
RECORDS = """
from workshop.checks import check, checkpoint
from workshop.records import Record, show

show(Record("query", "SELECT 1", seconds=0.1, details={"rows": 1, "bytes_scanned": 2500, "dollars": 0.00005}))
checkpoint("fine", [check("colour", lambda: colour, "blue"), check("two", lambda: 1 + 1, 2)])
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of three notebooks; the second one fails if it is not told colour=red."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    bodies = {
        "00_first": RECORDS,
        "01_second": 'if colour != "red":\n    raise ValueError("not red\\nbut " + colour)',
        "02_third": "answer = ...\nassert answer is not ..., 'unanswered'",
    }
    for name, body in bodies.items():
        cells = [
            new_markdown_cell(f"# Title of {name}"),
            new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            new_markdown_cell("## The work"),
            new_code_cell(body, metadata={"tags": ["exercise"]} if name == "02_third" else {}),
            new_markdown_cell("<details><summary>Solution</summary>\n\n```python\nanswer = 1\n```\n</details>"),
        ]
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), folder / f"{name}.ipynb")
    monkeypatch.setattr(runner, "NOTEBOOKS", folder)
    monkeypatch.setenv("LAKEHOUSE_REGION", "us-east-1")  # the runner sets it, and it must not stay
    monkeypatch.setattr(target, "activate", lambda *_: "sandbox")
    return tmp_path / "report"


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def test_a_good_run_is_told_from_the_notebooks_themselves(course: Path) -> None:
    console = Console(file=io.StringIO(), width=120)
    result = runner.run(["00"], output_dir=course, console=console)
    assert result.ok
    assert result.notebooks[0].checks == (2, 2)
    assert result.notebooks[0].bytes_scanned == 2500
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert re.search(r"00_first .* 2/2 +2.5 KB +\$0.00005", text)
    assert "The work" in text, "a line for the section"


def test_the_first_failure_stops_the_run_and_says_where(course: Path) -> None:
    console = Console(file=io.StringIO(), width=120)
    result = runner.run(output_dir=course, console=console)
    assert not result.ok
    assert [one.name for one in result.notebooks] == ["00_first", "01_second"]
    assert result.not_run == ["02_third"]
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✘ 01_second, cell 4, section 'The work'" in text
    assert "ValueError: not red" in text
    assert "workshop run 01_second 02_third" in text


def test_the_environment_chooses_the_target_for_every_notebook(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_TARGET", "aws")
    chosen: list[tuple[str, str]] = []
    monkeypatch.setattr(target, "activate", lambda *choice: chosen.append(choice))
    result = runner.run(["00"], output_dir=course, console=Console(file=io.StringIO()))
    assert result.parameters == {"target": "aws"}
    assert chosen == [("aws", "replica")]


def test_parameters_reach_the_notebooks_and_solutions_the_exercises(course: Path) -> None:
    console = Console(file=io.StringIO())
    result = runner.run(
        ["01", "02_third"], parameters={"colour": "red"}, output_dir=course, solutions=True, console=console
    )
    assert result.ok, [one.failure for one in result.notebooks]


def test_a_solution_that_does_not_solve_fails_the_run(course: Path) -> None:
    path = course.parent / "notebooks" / "02_third.ipynb"
    notebook = nbformat.read(path, as_version=4)
    judged = "from workshop import exercise\n\nexercise('one', 2, lambda a: a == 1)"
    notebook.cells[4].source = f"<details><summary>Solution</summary>\n\n```python\n{judged}\n```\n</details>"
    nbformat.write(notebook, path)
    result = runner.run(["02"], output_dir=course, solutions=True, console=Console(file=io.StringIO()))
    assert result.notebooks[0].failure is not None
    assert "Exercise: one" in result.notebooks[0].failure.message


def test_the_report_needs_nothing_but_itself(course: Path) -> None:
    runner.run(output_dir=course, console=Console(file=io.StringIO()))
    for page in course.glob("*.html"):
        text = page.read_text()
        assert not re.search(r"<(script|link|img)[^>]*(src|href)=.(https?:)?//", text), page.name
        assert "prefers-color-scheme: dark" in text
    index = (course / "index.html").read_text()
    assert "The run stopped at a failure" in index
    assert 'href="01_second.html"' in index
    assert "not red" in index


@pytest.mark.parametrize("name", ["1", "03", "00_frist", "third"])
def test_an_unknown_notebook_is_refused_before_anything_starts(course: Path, name: str) -> None:
    with pytest.raises(WorkshopError, match="There is no notebook"):
        runner.run([name], output_dir=course)
    assert not course.exists()


def test_an_unknown_parameter_is_refused_before_anything_starts(course: Path) -> None:
    with pytest.raises(WorkshopError, match="no parameter 'color'"):
        runner.run(parameters={"color": "red"}, output_dir=course)
    assert not course.exists()


@pytest.mark.usefixtures("course")
def test_choosing() -> None:
    def names(*chosen: str, until: str | None = None) -> list[str]:
        return [path.stem for path in runner.choose(chosen, until)]

    assert names() == ["00_first", "01_second", "02_third"]
    assert names("02", "00_first.ipynb") == ["00_first", "02_third"], "in the course's order"
    assert names(until="01") == ["00_first", "01_second"]
    with pytest.raises(WorkshopError, match="Nothing to run"):
        names("02", until="01")
