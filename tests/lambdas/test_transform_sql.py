"""The SQL files: their form, and that nothing unchecked can get into a statement."""

import re
from datetime import date, datetime

import pytest
import sqlglot
from athena_transform import sql
from athena_transform.errors import StatementError
from sqlglot import exp
from sqlglot.tokens import Tokenizer

NAMES = sorted(path.stem for path in sql.SQL_FOLDER.glob("*.sql"))
LOCATION = "s3://dp-dev-123456789012-gold/github_events_gold_daily/ingest_dt=2020-12-18/run=20201218T134500Z-0a1b2c3d/"


PATHS = [f"s3://dp-dev-123456789012-raw/github/events/ingest_dt=2020-12-18/{name}.json.gz" for name in "ab"]
# A value for every placeholder that there is.
VALUES = {
    "location": LOCATION,
    "objects": sql.paths(PATHS),
    "months": sql.months_predicate(["2020-11", "2020-12", "2021-01"]),
    "columns": sql.column_list(["event_id", "number"]),
    "known": sql.rows_predicate(["2020-12"], "100", "200"),
}


def text(name: str) -> str:
    placeholders = re.findall(r"\$\{(\w+)\}", (sql.SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
    return sql.statement(name, **{placeholder: VALUES[placeholder] for placeholder in placeholders})


def compact(location: str) -> str:
    """A statement that takes a location."""
    others = {name: VALUES[name] for name in ("columns", "months", "objects")}
    return sql.statement("silver_compact", location=location, **others)


def body(name: str) -> str:
    return "\n".join(line for line in text(name).splitlines() if not line.startswith("--"))


@pytest.mark.parametrize("name", NAMES)
def test_header_says_what_it_reads_writes_and_why_it_is_safe(name: str) -> None:
    header = [line for line in text(name).splitlines() if line.startswith("--")]
    labels = [line.split(":")[0] for line in header if not line.startswith("--  ")]
    assert labels == ["-- Reads", "-- Writes", "-- Safe to run twice"]
    assert text(name).splitlines()[: len(header)] == header


@pytest.mark.parametrize("name", NAMES)
def test_statement_is_one_that_athena_parses(name: str) -> None:
    statement = body(name)
    if "UNLOAD" in statement:  # sqlglot has no UNLOAD; the SELECT inside it is what can be parsed
        inner = re.fullmatch(r"\s*UNLOAD \((.*)\)\nTO '(.*)'\nWITH \((.*)\)\s*", statement, re.DOTALL)
        assert inner is not None
        statement = inner[1]
    [tree] = sqlglot.parse(statement, dialect="athena")
    assert isinstance(tree, exp.Select | exp.Insert)
    assert not list(tree.find_all(exp.Star, exp.Command)) or "COUNT(*)" in statement


@pytest.mark.parametrize("name", NAMES)
def test_keywords_are_upper_case_and_lines_short(name: str) -> None:
    # Words that sqlglot knows as keywords but that stand here for a column, a type or an alias.
    names = {"action", "date", "timestamp", "varchar", "event", "ref", "format", "year", "month", "number"}
    keywords = {word.lower() for word in Tokenizer.KEYWORDS if word.isalpha()} - names
    unquoted = re.sub(r"'[^']*'", "''", body(name))
    lower = {word for word in re.findall(r"(?<![.\w$])[a-z]+(?![.\w(])", unquoted) if word in keywords}
    assert lower == set()
    own = (sql.SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    assert max(map(len, own.splitlines())) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_stands_in_a_where_clause(name: str) -> None:
    # "Currently, ? parameters can be placed only in the WHERE clause" (Athena: using parameterized queries)
    for line in body(name).splitlines():
        assert "?" not in line or re.match(r"\s*WHERE ", line)


def test_partition_columns_are_the_last_ones_inserted() -> None:
    columns = body("silver_insert").split("(", 1)[1].split(")", 1)[0]
    assert [column.strip() for column in columns.split(",")][-2:] == ["year", "month"]


@pytest.mark.parametrize(
    "location",
    [
        "s3://bucket/a/') WITH (format = 'JSON') --/",
        "s3://bucket/a'/",
        's3://bucket/a"/',
        "s3://bucket/a;b/",
        "s3://bucket/a b/",
        "s3://bucket/a\n/",
        "s3://bucket/../silver/",
        "s3://bucket/a//b/",
        "s3://bucket/a",  # a file, not a folder
        "s3://bucket/",  # a whole bucket
        "s3://Bucket/a/",
        "https://bucket/a/",
        "${location}",
        "",
    ],
)
def test_location_of_another_shape_is_refused(location: str) -> None:
    with pytest.raises(StatementError):
        compact(location)


def test_location_stands_in_the_statement_as_it_is() -> None:
    assert f"TO '{LOCATION}'" in compact(LOCATION)
    assert "${" not in compact(LOCATION)


@pytest.mark.parametrize("name", ["../requirements", "silver_insert.sql", "", "Silver", "silver-insert", "a/b"])
def test_name_that_is_no_statement_is_refused(name: str) -> None:
    with pytest.raises(StatementError):
        sql.statement(name)


def test_values_must_be_the_ones_the_statement_takes() -> None:
    with pytest.raises(StatementError, match="takes"):
        sql.statement("silver_compact", location=LOCATION)
    with pytest.raises(StatementError, match="takes"):
        sql.statement("silver_insert", location=LOCATION)


@pytest.mark.parametrize("day", ["2020-12-18", "2020-12-18' OR TRUE --", datetime(2020, 12, 18), None, 20201218])
def test_only_a_date_becomes_a_day_parameter(day: object) -> None:
    with pytest.raises(StatementError):
        sql.day_parameter(day)  # type: ignore[arg-type]


def test_day_parameter_is_a_quoted_literal() -> None:
    assert sql.day_parameter(date(2020, 3, 1)) == "'2020-03-01'"


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ([], "(1 = 0)"),
        (["2020-12"], "((year = '2020' AND month IN ('12')))"),
        (
            ["2021-01", "2020-12", "2020-11", "2020-12"],
            "((year = '2020' AND month IN ('11', '12')) OR (year = '2021' AND month IN ('01')))",
        ),
    ],
)
def test_months_become_a_condition_on_the_partition_keys(months: list[str], expected: str) -> None:
    assert sql.months_predicate(months) == expected


@pytest.mark.parametrize("month", ["2020-13", "2020-00", "2020-1", "202012", "2020-12'", "2020-12\n", "", "2020-12-01"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(StatementError):
        sql.months_predicate([month])


@pytest.mark.parametrize("identifier", ["1' OR '1' = '1", "", "1\n", 'a"', "x" * 65, "${objects}"])
def test_what_cannot_be_an_id_is_refused(identifier: str) -> None:
    with pytest.raises(StatementError):
        sql.rows_predicate(["2020-12"], "1", identifier)


@pytest.mark.parametrize("path", ["s3://bucket/a'", "s3://bucket/a b", "s3://bucket/", "https://a/b", "s3://b/a\n", ""])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(StatementError):
        sql.paths([path])


def test_list_of_paths_is_never_empty_and_a_statement_never_too_long() -> None:
    with pytest.raises(StatementError, match="empty"):
        sql.paths([])
    many = sql.paths(f"{PATHS[0]}{number:05}" for number in range(4_000))
    with pytest.raises(StatementError, match="262,144"):
        sql.statement("silver_insert", objects=many, known=VALUES["known"])


@pytest.mark.parametrize("name", ['a"', "a b", "A", "", "a;", "1a"])
def test_what_is_no_column_is_refused(name: str) -> None:
    with pytest.raises(StatementError):
        sql.column_list([name])
