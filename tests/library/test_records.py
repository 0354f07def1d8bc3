"""Records and the words around them."""

import dataclasses

import pytest

from workshop.records import MIME, Record, amount, read_records, step, took


def test_records_come_back_from_a_notebook_in_order() -> None:
    records = [Record("query", "one", seconds=0.5, details={"bytes_scanned": 7}), Record("check", "two", "fail")]
    bundles = [{"text/plain": "…", MIME: dataclasses.asdict(record)} for record in records]
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "outputs": [{"output_type": "stream", "text": "x"}, {"data": bundles[0]}]},
        {"cell_type": "code", "outputs": [{"data": {"text/plain": "no record"}}, {"data": bundles[1]}]},
    ]
    assert read_records({"cells": cells}) == records


def test_a_step_records_failure_and_lets_it_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), step("look it up"):
        raise KeyError("x")
    assert "✘ look it up KeyError" in capsys.readouterr().out


@pytest.mark.parametrize(("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.3, "12 s"), (65, "1 min 05 s")])
def test_took(seconds: float, words: str) -> None:
    assert took(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1600, "1.6 KB"), (2_510_587, "2.5 MB"), (5e12, "5.0 TB")]
)
def test_amount(count: float, words: str) -> None:
    assert amount(count) == words
