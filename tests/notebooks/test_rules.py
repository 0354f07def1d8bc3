"""What every committed notebook must be. Each rule is here because breaking it goes unseen in a green run."""

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workshop.errors import WorkshopError
from workshop.paths import NOTEBOOKS
from workshop.runner import refuse_unknown_parameters, section_of_cells, solution_of, with_solutions
from workshop.steps import NEEDS

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
# The same in every notebook, so that one command line fits all of them.
PARAMETERS = {"target": "sandbox", "env": "dev", "region": "us-east-1", "source": "replica"}
MOST_LINES = 15


def load(path: Path) -> Any:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def code(path: Path) -> list[Any]:
    return [cell for cell in load(path).cells if cell.cell_type == "code"]


def markdown(path: Path) -> str:
    return "\n\n".join(cell.source for cell in load(path).cells if cell.cell_type == "markdown")


every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def test_the_course_is_complete() -> None:
    assert [path.stem for path in PATHS] == list(NEEDS)


@every_notebook
def test_is_a_valid_notebook_for_the_kernel_that_everybody_has(path: Path) -> None:
    notebook = load(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5), "cell ids need nbformat 4.5"
    assert notebook.metadata.kernelspec.name == "python3"


@every_notebook
def test_is_committed_without_outputs(path: Path) -> None:
    for cell in code(path):
        assert cell.outputs == [], cell.id
        assert cell.execution_count is None, cell.id
        assert set(cell.metadata) <= {"tags"}, f"{cell.id}: what an editor or a run left behind"


@every_notebook
def test_every_cell_has_a_readable_id_of_its_own(path: Path) -> None:
    ids = [cell.id for cell in load(path).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", one) for one in ids), ids


@every_notebook
def test_has_the_same_parameters_in_one_tagged_cell(path: Path) -> None:
    # Without the tag papermill ignores every parameter, logs a warning and exits with 0.
    tagged = [cell for cell in code(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    namespace: dict[str, Any] = {}
    exec(tagged[0].source, namespace)
    assert {name: namespace[name] for name in PARAMETERS} == PARAMETERS
    assert len(ast.parse(tagged[0].source).body) == len(PARAMETERS)


@every_notebook
def test_has_no_cell_that_can_fail_unseen(path: Path) -> None:
    for cell in code(path):
        # A failing `!command` and a sys.exit(0) both end a papermill run with status 0; input() hangs or fails.
        assert not re.search(r"^\s*[!%]", cell.source, flags=re.MULTILINE), f"{cell.id}: magic or shell"
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)}
        assert not calls & {"input", "exit", "quit", "sys.exit", "os._exit", "os.system"}, cell.id
        # A cell with this tag that does not raise passes everywhere; denied() fails when nothing was denied.
        assert "raises-exception" not in cell.metadata.get("tags", []), cell.id


@every_notebook
def test_code_cells_are_short(path: Path) -> None:
    for cell in code(path):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES, f"{cell.id} has {len(lines)} lines"


@every_notebook
def test_prepares_its_own_world_and_checks_what_it_built(path: Path) -> None:
    sources = [cell.source for cell in code(path)]
    assert f'ws.prepare("{path.stem}")' in sources[1], "the first cell after the parameters prepares"
    assert "Workshop(env=env, region=region, source=source, target=target)" in sources[1]
    assert any("ws.checkpoint(" in source for source in sources)


@every_notebook
def test_does_not_know_the_sandbox(path: Path) -> None:
    for cell in code(path):
        if "parameters" not in cell.metadata.get("tags", []):
            assert "sandbox" not in cell.source.lower(), cell.id
            assert "127.0.0.1" not in cell.source, cell.id


@every_notebook
def test_says_what_it_is_for_and_what_it_costs(path: Path) -> None:
    first = load(path).cells[0].source
    assert first.startswith("# ")
    promise = re.search(r"\*For (.*?)\*", first, flags=re.DOTALL)
    assert promise, "who it is for"
    assert re.search(r"second|minute", promise[1]), "how long it takes"
    assert re.search(r"cost|\$|nothing|Deletes|Creates nothing", promise[1]), "what it costs"
    assert "## What you" in markdown(path)


@every_notebook
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", markdown(path)):
        assert (path.parent / target).is_file(), target


def test_links_lead_forwards_and_backwards() -> None:
    for before, after in itertools.pairwise(PATHS):
        assert f"]({after.name})" in load(before).cells[-1].source
        assert f"]({before.name})" in load(after).cells[-1].source


@every_notebook
def test_exercises_have_hint_and_solution_and_do_no_harm(path: Path) -> None:
    cells = load(path).cells
    exercises = [index for index, cell in enumerate(cells) if "exercise" in cell.metadata.get("tags", [])]
    assert exercises
    for index in exercises:
        assert re.search(r"^\w+ = \.\.\.$", cells[index].source, flags=re.MULTILINE), "an answer to fill in"
        folded = cells[index + 1].source
        assert folded.count("<details>") == folded.count("</details>") == 2
        assert "<summary>Hint</summary>" in folded
        ast.parse(solution_of(folded))


@every_notebook
def test_every_plot_is_followed_by_its_takeaway(path: Path) -> None:
    cells = load(path).cells
    for cell, following in itertools.pairwise(cells):
        if cell.cell_type == "code" and re.search(r"^plots\.\w+\(", cell.source, flags=re.MULTILINE):
            assert following.cell_type == "markdown", f"{cell.id}: what does it show?"


@every_notebook
def test_parameters_that_papermill_would_ignore_are_refused(path: Path) -> None:
    refuse_unknown_parameters(path, PARAMETERS)
    with pytest.raises(WorkshopError, match="regoin"):
        refuse_unknown_parameters(path, {"regoin": "eu-central-1"})


def test_solutions_replace_the_exercises_only() -> None:
    notebook = load(PATHS[0])
    solved = with_solutions(notebook)
    changed = [cell.id for cell, other in zip(notebook.cells, solved.cells, strict=True) if cell.source != other.source]
    assert changed == [cell.id for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]


def test_sections_are_the_headings_that_people_see() -> None:
    cells = [
        {"cell_type": "markdown", "source": "# One\n\ntext"},
        {"cell_type": "code", "source": "# not a heading"},
        {"cell_type": "markdown", "source": "no heading"},
        {"cell_type": "markdown", "source": "## Two"},
        {"cell_type": "code", "source": "1"},
    ]
    assert section_of_cells({"cells": cells}) == ["One", "One", "One", "Two", "Two"]


def test_files_are_written_the_way_jupyter_writes_them() -> None:
    # Otherwise the first learner who saves a notebook gets a diff of every line.
    for path in PATHS:
        assert path.read_text() == nbformat.writes(load(path)) + "\n", path.name
