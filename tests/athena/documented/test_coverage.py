"""Nothing that Trino documents is silently absent, and the page says what there is."""

from documented.coverage import PAGE, missing, page, tables


def test_every_documented_function_is_tested_or_refused_by_name() -> None:
    assert missing() == []


def test_there_are_enough_examples() -> None:
    assert sum(len(table.rows) for table in tables()) >= 1500


def test_the_page_shows_the_coverage_of_now() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python tests/athena/documented/coverage.py"
