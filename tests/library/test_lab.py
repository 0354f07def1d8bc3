"""`Workshop` before it talks to AWS, and what it makes of a kernel."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from workshop import Workshop
from workshop.errors import WorkshopError


def test_unknown_choices_are_refused_with_the_known_ones() -> None:
    with pytest.raises(WorkshopError, match=r"Unknown target 'gcp'.*sandbox, aws"):
        Workshop(target="gcp")
    with pytest.raises(WorkshopError, match=r"Unknown source 'twitter'.*replica, live"):
        Workshop(source="twitter")


def test_aws_cannot_reach_the_replica() -> None:
    with pytest.raises(WorkshopError, match='source = "live"'):
        Workshop(target="aws", source="replica")


def test_aws_is_not_entered_with_the_sandboxs_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:4566")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(WorkshopError, match="AWS_ENDPOINT_URL"):
        Workshop(target="aws", source="live")


def test_an_error_for_people_has_no_traceback_in_a_notebook_and_still_fails_the_run() -> None:
    cells = [
        new_code_cell("from workshop.lab import _prepare_kernel\n_prepare_kernel()"),
        new_code_cell('from workshop.errors import WorkshopError\nraise WorkshopError("It is broken.", "Mend it.")'),
    ]
    notebook = new_notebook(cells=cells)
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, kernel_name="python3").execute()
    output = next(output for output in notebook.cells[1].outputs if output.output_type == "error")
    assert output.traceback == ["WorkshopError: It is broken.", "Mend it."]
    assert nbformat.validate(notebook) is None


def test_records_reach_the_notebook_and_change_in_place() -> None:
    source = (
        'from workshop.records import step\nwith step("work") as line:\n    line.say("half")\n    line.note = "done"'
    )
    notebook = new_notebook(cells=[new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"].startswith("✔ work done")
    assert output.data["application/vnd.lakehouse.record+json"]["outcome"] == "pass"
