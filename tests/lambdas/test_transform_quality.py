"""The quality rules: their file, the statement they become, their results."""

import gzip
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from athena_transform.errors import QueryFailedError, RulesError, StatementError
from athena_transform.gold import SILVER_ROWS, WRITTEN_ROWS
from athena_transform.quality import Check, Results, observe, statement_of
from athena_transform.rules import RULES_FILE, Rule, load_rules
from athena_transform.sql import Fragment, fill, months_predicate, number, paths, rows_predicate
from sqlglot import exp
from transform_fakes import GOLD, START, Scripted, World, client_error

from workshop.archives import build

SILVER_TABLE, DAILY, HOURLY = "github_events_silver", "github_events_gold_daily", "github_events_gold_hourly"
DAY = date(2020, 12, 18)
VALUES = {
    "day": Fragment("'2020-12-18'"),
    "months": months_predicate(["2020-12"]),
    "ids": rows_predicate(["2020-12"], "100", "900"),
    "first_id": Fragment("'100'"),
    "last_id": Fragment("'900'"),
    "objects": paths(["s3://dp-test-raw/github/events/ingest_dt=2020-12-18/a.json.gz"]),
    "events": number(10),
}
GOOD = """
[[rule]]
name = "a_rule"
table = "github_events_silver"
blocking = true
description = "Something holds."
maximum = 0
sql = "COUNT_IF(event_id IS NULL)"
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    return file


def a_rule(**fields: Any) -> Rule:
    rule = Rule("a_rule", SILVER_TABLE, True, "Something holds.", 0, sql="COUNT_IF(event_id IS NULL)")
    return replace(rule, **fields)


# --- the file ---


def test_every_table_has_its_rules() -> None:
    by_table: dict[str, dict[str, bool]] = {}
    for rule in load_rules():
        by_table.setdefault(rule.table, {})[rule.name] = rule.blocking
    gold = {"sum_matches_silver": True, "counts_are_positive": True, "event_type_present": True}
    assert by_table == {
        SILVER_TABLE: {
            "event_id_unique": True,
            "complete_against_bronze": True,
            "required_fields_present": True,
            "partition_matches_created_at": True,
            "event_date_matches_created_at": True,
            "created_at_plausible": True,
            "event_type_known": False,
            "bot_flag_matches_login": True,
            "old_day_has_not_shrunk": True,
            "volume_is_usual": False,
            "data_is_fresh": False,
        },
        DAILY: gold,
        HOURLY: gold,
    }


def test_good_rule_is_read(tmp_path: Path) -> None:
    assert load_rules(written(tmp_path, GOOD)) == (a_rule(),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[rule]]", "[[rules]]", "must hold"),
        ("[[rule]]", "rule = [1]\n[other]", "must hold"),
        ('name = "a_rule"', "", "lacks name"),
        ("blocking = true", "", "lacks blocking"),
        ("blocking = true", 'blocking = "yes"', "blocking is 'yes'"),
        ("maximum = 0", "maximum = true", "maximum is True"),
        ("maximum = 0", "maximum = -1", "not negative"),
        ("maximum = 0", "maximum = nan", "not negative"),
        ("maximum = 0", "maximum = inf", "not negative"),
        ("maximum = 0", "maximum = 0\nminimum = 0", "unknown field minimum"),
        ("maximum = 0", "maximum 0", "not TOML"),
        ('"a_rule"', '"A rule"', "name must match"),
        ('"a_rule"', "'a\"rule'", "name must match"),
        ('"github_events_silver"', '"github_events_bronze"', "table must be one of"),
        ("Something holds.", "something holds", "one sentence"),
        ("Something holds.", "", "one sentence"),
        ('sql = "COUNT_IF(event_id IS NULL)"', "", "either sql or measure"),
        ('sql = "COUNT_IF(event_id IS NULL)"', 'measure = "age"', "measure must be one of"),
        ('sql = "COUNT_IF(event_id IS NULL)"', 'measure = "days_since_newest_day"', "must not block"),
        ("maximum = 0", 'maximum = 0\nmeasure = "days_since_newest_day"', "either sql or measure"),
        ("COUNT_IF(event_id IS NULL)", "", "one expression"),
        ("COUNT_IF(event_id IS NULL)", "1; DROP TABLE a", "one expression"),
        ("COUNT_IF(event_id IS NULL)", "1 -- 2", "one expression"),
        ("COUNT_IF(event_id IS NULL)", "1 /* 2 */", "one expression"),
        ("COUNT_IF(event_id IS NULL)", "COUNT_IF(event_id = ?)", "one expression"),
        ("COUNT_IF(event_id IS NULL)", "COUNT(*)) FROM other, (SELECT 1", "brackets"),
        ("COUNT_IF(event_id IS NULL)", "COUNT_IF(event_id IS NULL", "brackets"),
        ("COUNT_IF(event_id IS NULL)", "COUNT_IF(event_id > ${events})", r"uses \$\{events\}"),
        ("COUNT_IF(event_id IS NULL)", "COUNT_IF(event_id > ${yesterday})", r"uses \$\{yesterday\}"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(RulesError, match=message):
        load_rules(written(tmp_path, GOOD.replace(old, new)))


def test_rule_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="has a rule a_rule already"):
        load_rules(written(tmp_path, GOOD + GOOD))
    assert len(load_rules(written(tmp_path, GOOD + GOOD.replace(SILVER_TABLE, DAILY)))) == 2


@pytest.mark.parametrize(("text", "message"), [("", "must hold"), ("rule = []", "must hold"), ("rule = [1]", "rule 1")])
def test_file_without_rules_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RulesError, match=message):
        load_rules(written(tmp_path, text))


def test_rules_are_in_the_archive_where_the_code_looks_for_them(tmp_path: Path) -> None:
    with zipfile.ZipFile(build("athena_transform", dist=tmp_path)) as archive:
        archive.extractall(tmp_path / "task")
    script = "from athena_transform.rules import RULES_FILE, load_rules; print(RULES_FILE, len(load_rules()))"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(tmp_path / "task")},
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    file, count = answer.stdout.split()
    assert Path(file).is_relative_to(tmp_path / "task")
    assert Path(file).read_bytes() == RULES_FILE.read_bytes()
    assert int(count) == len(load_rules())


# --- the statement ---


def statements() -> dict[str, str]:
    """The statements of both stages, with their values."""
    rules = [rule for rule in load_rules() if rule.sql is not None]
    texts = {
        "silver": statement_of([SILVER_ROWS], [rule for rule in rules if rule.table == SILVER_TABLE]),
        "gold": statement_of(WRITTEN_ROWS, [rule for rule in rules if rule.table != SILVER_TABLE]),
    }
    return {
        stage: fill(stage, text, {name: value for name, value in VALUES.items() if f"${{{name}}}" in text})
        for stage, text in texts.items()
    }


@pytest.mark.parametrize(("stage", "columns"), [("silver", 11), ("gold", 8)])
def test_statement_is_one_select_with_a_column_for_each_rule(stage: str, columns: int) -> None:
    """Silver: the row count and 10 rules with SQL; Gold: two counts and 6 rules."""
    [tree] = sqlglot.parse(statements()[stage], dialect="athena")
    assert isinstance(tree, exp.Select)
    assert len(tree.expressions) == columns
    assert "${" not in statements()[stage]


def test_aggregates_over_the_days_rows_share_one_scan() -> None:
    rules = [a_rule(name=f"rule_{letter}") for letter in "abc"]
    text = statement_of([SILVER_ROWS], rules)
    assert text.count("FROM github_events_silver") == 1
    assert text.count("COUNT_IF") == 3


def test_select_stands_by_itself() -> None:
    text = statement_of([SILVER_ROWS], [a_rule(sql="\nSELECT COUNT(*) FROM github_events_bronze\n")])
    assert 'CAST((SELECT COUNT(*) FROM github_events_bronze) AS double) AS "github_events_silver.a_rule"' in text


def test_values_are_checked_before_they_are_filled_in() -> None:
    with pytest.raises(StatementError):
        number(-1)
    with pytest.raises(StatementError):
        number("1 OR TRUE")  # type: ignore[arg-type]


# --- what Athena answers ---


def answered(world: World, *cells: str | None) -> None:
    world.athena.script = [Scripted("SELECT", rows=[list(cells)])]


def test_numbers_are_read_in_the_rules_order() -> None:
    world = World("gold")
    rules = [a_rule(name="first"), a_rule(name="second"), a_rule(name="third", may_be_null=True)]
    answered(world, "12", "0.0", "3.5E0", None)
    found = observe(world.lake(), "stage", [SILVER_ROWS], rules, VALUES)
    assert found.rows == {SILVER_TABLE: 12}
    assert [found.numbers[rule] for rule in rules] == [0.0, 3.5, None]


def test_rule_that_lacks_its_value_is_not_asked_for() -> None:
    world = World("gold")
    bronze = a_rule(name="bronze", may_be_null=True, sql='SELECT COUNT(*) FROM b WHERE "$path" IN (${objects})')
    answered(world, "12", "0.0")
    values = {name: value for name, value in VALUES.items() if name != "objects"}
    found = observe(world.lake(), "stage", [SILVER_ROWS], [bronze, a_rule()], values)
    assert found.numbers == {bronze: None, a_rule(): 0.0}
    with pytest.raises(StatementError):
        observe(world.lake(), "stage", [SILVER_ROWS], [replace(bronze, may_be_null=False)], values)


@pytest.mark.parametrize(("cell", "message"), [(None, "gave NULL"), ("NaN", "gave NaN"), ("Infinity", "gave Infinity")])
def test_rule_that_gives_no_number_does_not_pass(cell: str | None, message: str) -> None:
    world = World("gold")
    answered(world, "12", cell)
    with pytest.raises(RulesError, match=f"{SILVER_TABLE}.a_rule {message}"):
        observe(world.lake(), "stage", [SILVER_ROWS], [a_rule()], VALUES)


@pytest.mark.parametrize(
    ("observed", "maximum", "holds"), [(0, 0, True), (1, 0, False), (5, 5, True), (5.1, 5, False), (None, 0, True)]
)
def test_rule_allows_up_to_its_maximum(observed: float | None, maximum: float, holds: bool) -> None:
    assert a_rule(maximum=maximum).allows(observed) == holds


# --- results ---


def test_results_are_json_lines_of_the_tables_columns() -> None:
    world = World("gold")
    with Results(world.lake(), "a-run") as results:
        assert results.add(DAY, "r1", {a_rule(): 0.0, a_rule(name="news", blocking=False): 2.5})
        assert not results.add(DAY, None, {a_rule(name="broken"): 1.0, a_rule(name="early", may_be_null=True): None})
    assert [check.rule.name for check in results.failures] == ["broken"]
    assert [check.rule.name for check in results.warnings] == ["news"]
    body = world.s3.objects[GOLD, "github_events_quality/run_dt=2020-12-31/a-run.json.gz"]
    rows = [json.loads(line) for line in gzip.decompress(body).decode().splitlines()]
    common = {
        "run_id": "a-run",
        "checked_at": "2020-12-31 12:00:00",
        "ingest_day": "2020-12-18",
        "table_name": SILVER_TABLE,
        "maximum": 0.0,
    }
    assert rows == [
        {**common, "rule": "a_rule", "blocking": True, "passed": True, "observed": 0.0, "revision": "r1"},
        {**common, "rule": "news", "blocking": False, "passed": False, "observed": 2.5, "revision": "r1"},
        {**common, "rule": "broken", "blocking": True, "passed": False, "observed": 1.0, "revision": None},
        {**common, "rule": "early", "blocking": True, "passed": True, "observed": None, "revision": None},
    ]


def test_results_are_written_when_the_run_fails() -> None:
    world = World("gold")
    with pytest.raises(QueryFailedError), Results(world.lake(), "a-run") as results:
        results.add(DAY, "r1", {a_rule(): 0.0})
        raise QueryFailedError("no", "query-1")
    assert world.s3.keys(GOLD) == {"github_events_quality/run_dt=2020-12-31/a-run.json.gz"}


def test_results_that_cannot_be_written_fail_the_run_but_hide_no_other_error() -> None:
    world = World("gold")

    def refuse() -> None:
        raise client_error("AccessDenied", 403)

    world.s3.before_put = refuse
    with pytest.raises(Exception, match="AccessDenied"), Results(world.lake(), "a-run") as results:
        results.add(DAY, "r1", {a_rule(): 0.0})
    with pytest.raises(QueryFailedError), Results(world.lake(), "a-run") as results:
        results.add(DAY, "r1", {a_rule(): 0.0})
        raise QueryFailedError("no", "query-1")


def test_run_without_checks_writes_nothing() -> None:
    world = World("gold")
    with Results(world.lake(), "a-run"):
        pass
    assert world.s3.keys(GOLD) == set()


def test_check_is_described_with_its_numbers_and_its_meaning() -> None:
    check = Check(DAY, a_rule(maximum=5), 7.25, "r1", START)
    assert check.describe() == "2020-12-18, github_events_silver.a_rule: observed 7.25, allowed 5 (Something holds.)"
