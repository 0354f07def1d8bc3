"""The datasets page says what the code does: its rules are the rules' file, its parts are all there."""

import tomllib

import pytest

from workshop import datasets
from workshop.errors import WorkshopError
from workshop.names import Names

NAMES = Names(env="dev", account_id="123456789012", region="us-east-1")
PAGE = datasets.PAGE.read_text(encoding="utf-8")


def test_page_has_every_rule_with_what_it_means() -> None:
    [text] = [text for name, text in datasets.written(PAGE).items() if name == "rules"]
    rules = tomllib.loads(datasets.RULES.read_text(encoding="utf-8"))["rule"]
    assert len(rules) > 10
    lines = text.splitlines()[2:]
    assert len(lines) == len(rules)
    for line, rule in zip(lines, rules, strict=True):
        assert f"`{rule['name']}`" in line
        assert rule["description"] in line
        assert line.endswith("| the day is not published |" if rule["blocking"] else "| a warning |")


def test_page_has_the_schema_of_every_table() -> None:
    parts = datasets.written(PAGE)
    assert set(parts) == {"rules", *(f"schema {key}" for key in NAMES.tables)}
    assert all("|---|" in text for text in parts.values())


def test_parts_are_replaced_and_nothing_else() -> None:
    page = "before\n<!-- generated: rules -->\nold\n<!-- end -->\nafter\n"
    assert datasets.refreshed(page, {"rules": "new\n"}) == page.replace("old", "new")
    with pytest.raises(WorkshopError, match="parts"):
        datasets.refreshed(page, {"other": ""})
