"""Expressions inside expressions: what is compiled grows with them, not with a power of two; long chains run."""

import sys
import time

import pytest
from athena_fakes import NOW, FakeCatalog, LocalLake

from workshop.sandbox.athena.api.running import deep_pool
from workshop.sandbox.athena.catalog.binder import Binder
from workshop.sandbox.athena.compiler.queries import QueryCompiler
from workshop.sandbox.athena.containment import RECURSION
from workshop.sandbox.athena.syntax.statements import Select, parse

LEVELS = 30
BYTES_A_LEVEL = 1_500

# (a form with a place for itself, what stands in the middle)
FORMS = [
    ("nullif({}, 2)", "1"),
    ("nullif({}, 2e0)", "1e0"),
    ("coalesce({}, 2)", "1"),
    ("if({} = 1, 1, 2)", "1"),
    ("if({} < 2e0, 1e0, 2e0)", "1e0"),
    ("if(2e0 < {}, 1e0, 2e0)", "1e0"),
    ("if({} <> 2e0, 1e0, 2e0)", "1e0"),
    ("if({} BETWEEN 1 AND 2, 1, 2)", "1"),
    ("if({} BETWEEN 0e0 AND 2e0, 1e0, 2e0)", "1e0"),
    ("if(1 BETWEEN {} AND 2, 1, 2)", "1"),
    ("if({} IN (1, 2), 1, 2)", "1"),
    ("if(ARRAY[{}] IN (ARRAY[1], ARRAY[2]), 1, 2)", "1"),
    ("if({} IS DISTINCT FROM 1, 1, 2)", "1"),
    ("CASE {} WHEN 1 THEN 1 WHEN 3 THEN 2 WHEN 2 THEN 4 END", "1"),
    ("CASE WHEN {} = 1 THEN 1 ELSE 2 END", "1"),
    ("greatest({}, 2)", "1"),
    ("greatest({}, 2e0)", "1e0"),
    ("least({}, 2)", "1"),
    ("try({})", "1"),
    ("({}) % 5", "1"),
    ("-({})", "1"),
    ("ARRAY[1, 2][{}]", "1"),
    ("MAP(ARRAY[1], ARRAY[1])[{}]", "1"),
    ("ROW({}, 2)[1]", "1"),
    ("CAST({} || 'a' AS char(3))", "'a'"),
    ("CAST(CAST({} AS varchar) AS double)", "1e0"),
    ("({}) AT TIME ZONE 'UTC'", "TIMESTAMP '2020-01-01 00:00:00 UTC'"),
]


def nested(form: str, middle: str, levels: int) -> str:
    for _ in range(levels):
        middle = form.format(middle)
    return f"SELECT {middle}"


@pytest.mark.parametrize(("form", "middle"), FORMS)
def test_text_does_not_double(form: str, middle: str) -> None:
    text = nested(form, middle, LEVELS)
    statement = parse(text)
    assert isinstance(statement, Select)
    compiled = QueryCompiler(Binder(FakeCatalog(), "lake"), text, NOW).statement(statement.query)
    assert len(compiled.sql) < LEVELS * BYTES_A_LEVEL


@pytest.mark.parametrize(
    ("subject", "value"),
    [("random() * 0 + 2", "b"), ("(SELECT 2)", "b"), ("a + (SELECT 1)", "b"), ("NULL", "c")],
)
def test_case_computes_its_subject_once(local: LocalLake, subject: str, value: str) -> None:
    sql = f"SELECT CASE {subject} WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE 'c' END FROM (VALUES 1) t(a)"
    assert local.rows(sql) == [[value]]


CHAINS = [
    ("+", "1", "1000"),
    ("-", "1", "-998"),
    ("*", "1e0", "1.0"),
    ("||", "'a'", "a" * 1000),
    ("AND", "1 = 1", "true"),
    ("OR", "1 = 2", "false"),
]


@pytest.mark.parametrize(("symbol", "term", "value"), CHAINS)
def test_a_chain_of_a_thousand(local: LocalLake, symbol: str, term: str, value: str) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(RECURSION)  # as the server does
    try:
        with deep_pool(1, "query") as pool:
            found = pool.submit(local.rows, f"SELECT {f' {symbol} '.join([term] * 1000)}").result()
    finally:
        sys.setrecursionlimit(before)
    assert found == [[value]]


@pytest.mark.parametrize(("word", "rows"), [("UNION", [["1"]]), ("INTERSECT", [["1"]]), ("EXCEPT", [])])
def test_chains_of_set_operations_are_flat(local: LocalLake, word: str, rows: list[list[str | None]]) -> None:
    begun = time.process_time()
    assert local.rows(f" {word} ".join(["SELECT 1"] * 300)) == rows
    assert time.process_time() - begun < 3


def test_arrays_of_arrays_are_printed(local: LocalLake) -> None:
    assert local.rows(f"SELECT {'ARRAY[' * 10}1{']' * 10}") == [["[" * 10 + "1" + "]" * 10]]


# (a subquery over columns of the query around it alone, its value for each row)
CORRELATED = [
    ("(SELECT sum(t.a))", ["1", "2"]),
    ("(SELECT sum(t.a) + count(*) FROM (VALUES 1, 2, 3))", ["6", "9"]),
    ("(SELECT array_agg(t.a ORDER BY b) FROM (VALUES 1, 2) u(b))", ["[1, 1]", "[2, 2]"]),
    ("EXISTS (SELECT 1 HAVING max(a) > 1)", ["false", "true"]),
    ("a IN (SELECT max(a))", ["true", "true"]),
]


@pytest.mark.parametrize(("query", "values"), CORRELATED)
def test_an_aggregate_is_of_the_query_it_stands_in(local: LocalLake, query: str, values: list[str]) -> None:
    assert local.rows(f"SELECT {query} FROM (VALUES 1, 2) t(a) ORDER BY a") == [[v] for v in values]


def test_aggregates_in_a_condition_s_query(local: LocalLake) -> None:
    sql = "SELECT a FROM (VALUES 1, 2) t(a) WHERE EXISTS (SELECT 1 FROM (VALUES 2) u(b) HAVING approx_distinct(a) < a)"
    assert local.rows(sql) == [["2"]]
