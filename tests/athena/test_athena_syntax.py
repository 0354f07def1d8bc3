"""Trino's grammar: what Athena refuses when a query is submitted, and what it reads however odd it looks.

The texts of the errors are those of Trino's own parser (its tests of parsing errors), the rest follows its grammar.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import time

import pytest
from athena_fakes import LocalLake
from sqlglot import exp

from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.syntax.query_parser import QueryParser
from workshop.sandbox.athena.syntax.statements import parse

_BEHIND_A_TABLE = (
    "'CROSS', 'EXCEPT', 'FETCH', 'FULL', 'GROUP', 'HAVING', 'INNER', 'INTERSECT', 'JOIN', 'LEFT', 'LIMIT', "
    "'MATCH_RECOGNIZE', 'NATURAL', 'OFFSET', 'ORDER', 'RIGHT', 'TABLESAMPLE', 'UNION', 'WHERE', 'WINDOW', <EOF>"
)

# (text, whole message)
MESSAGES = [
    ("select * from foo where @what", "line 1:25: mismatched input '@'. Expecting: <expression>"),
    ("select *\nfrom x\nfrom",
     "line 3:1: mismatched input 'from'. Expecting: ',', '.', 'AS', 'CROSS', 'EXCEPT', 'FETCH', 'FOR', 'FULL', 'GROUP', 'HAVING', "
     "'INNER', 'INTERSECT', 'JOIN', 'LEFT', 'LIMIT', 'MATCH_RECOGNIZE', 'NATURAL', 'OFFSET', 'ORDER', 'RIGHT', 'TABLESAMPLE', "
     "'UNION', 'WHERE', 'WINDOW', <EOF>, <identifier>"),
    ("select *\nfrom x\nwhere from", "line 3:7: mismatched input 'from'. Expecting: <expression>"),
    ("select * from", "line 1:14: mismatched input '<EOF>'. Expecting: '(', 'LATERAL', 'TABLE', 'UNNEST', <identifier>"),
    ("select * from `foo`", "line 1:15: backquoted identifiers are not supported; use double quotes to quote identifiers"),
    ("select * from foo `bar`", "line 1:19: backquoted identifiers are not supported; use double quotes to quote identifiers"),
    ("select 1x from dual", "line 1:8: identifiers must not start with a digit; surround the identifier with double quotes"),
    ("select fuu from dual order by fuu order by fuu",
     "line 1:35: mismatched input 'order'. Expecting: '%', '*', '+', ',', '-', '.', '/', 'AND', 'ASC', 'AT', 'DESC', 'FETCH', "
     "'LIMIT', 'NULLS', 'OFFSET', 'OR', '[', '||', <EOF>, <predicate>"),
    ("select fuu from dual limit 10 order by fuu", "line 1:31: mismatched input 'order'. Expecting: <EOF>"),
    ("select CAST(12223222232535343423232435343 AS BIGINT)", "line 1:1: Invalid numeric literal: 12223222232535343423232435343"),
    ("select foo(DISTINCT ,1)", "line 1:21: mismatched input ','. Expecting: <expression>"),
    ("select foo(DISTINCT)", "line 1:20: mismatched input ')'. Expecting: <expression>"),
    ("SELECT grouping(a+2) FROM (VALUES (1)) AS t (a) GROUP BY a+2", "line 1:18: mismatched input '+'. Expecting: ')', ',', '.'"),
    ("SELECT x() over (ROWS select) FROM t",
     "line 1:23: mismatched input 'select'. Expecting: 'BETWEEN', 'CURRENT', 'UNBOUNDED', <expression>"),
    ("SELECT X() OVER (ROWS UNBOUNDED) FROM T", "line 1:32: mismatched input ')'. Expecting: 'FOLLOWING', 'PRECEDING'"),
    ("SELECT a FROM x ORDER BY (SELECT b FROM t WHERE ", "line 1:49: mismatched input '<EOF>'. Expecting: <expression>"),
    ("SELECT a FROM a AS x TABLESAMPLE x ", "line 1:34: mismatched input 'x'. Expecting: 'BERNOULLI', 'SYSTEM'"),
    ("SELECT a AS z FROM t WHERE x = 1 + ", "line 1:36: mismatched input '<EOF>'. Expecting: <expression>"),
    ("SELECT * FROM ( ", "line 1:17: mismatched input '<EOF>'. Expecting: '(', 'LATERAL', 'TABLE', 'UNNEST', <identifier>, <query>"),
    ("SELECT CAST(a AS )", "line 1:18: mismatched input ')'. Expecting: <type>"),
    ("SELECT foo(*) filter (", "line 1:23: mismatched input '<EOF>'. Expecting: 'WHERE'"),
    ("SELECT * FROM t t x", f"line 1:19: mismatched input 'x'. Expecting: '(', ',', {_BEHIND_A_TABLE}"),
    ("SELECT * FROM t WHERE EXISTS (", "line 1:31: mismatched input '<EOF>'. Expecting: <query>"),
    ("UNLOAD (SELECT * FROM t WHERE ) TO 's3://b/x/' WITH (format = 'PARQUET')", "line 1:31: mismatched input ')'. Expecting: <expression>"),
    ("SELECT if(true)", "line 1:8: Invalid number of arguments for 'if' function"),
    ("SELECT nullif(1)", "line 1:8: Invalid number of arguments for 'nullif' function"),
    ("SELECT coalesce(1)", "line 1:8: The 'coalesce' function must have at least two arguments"),
    ("SELECT try(1, 2)", "line 1:8: The 'try' function must have exactly one argument"),
    ("SELECT X'1'", "line 1:8: Binary literal must contain an even number of digits"),
    ("SELECT X'1z'", "line 1:8: Binary literal can only contain hexadecimal digits"),
    ('SELECT ""', "line 1:8: Zero-length delimited identifier not allowed"),
]  # fmt: skip

# (text, start of the message): other engines' SQL, which a parser of many dialects would take
REFUSED = [
    ("SELECT 1::bigint", "line 1:9: mismatched input ':'"),
    ("SELECT a FROM t QUALIFY row_number() OVER () = 1", "line 1:25: mismatched input 'row_number'"),
    ("SELECT TOP 5 a FROM t", "line 1:12: mismatched input '5'"),
    ("SELECT a ILIKE 'x' FROM t", "line 1:16: mismatched input ''x''"),
    ("SELECT a GLOB 'x' FROM t", "line 1:15: mismatched input ''x''"),
    ("SELECT a RLIKE 'x' FROM t", "line 1:16: mismatched input ''x''"),
    ("SELECT a ~ 'x'", "line 1:10: mismatched input '~'"),
    ("SELECT {'a': 1}", "line 1:8: mismatched input '{'"),
    ("SELECT [1, 2]", "line 1:8: mismatched input '['"),
    ("SELECT * EXCEPT (a) FROM t", "line 1:18: mismatched input 'a'"),
    ("SELECT * EXCLUDE (a) FROM t", "line 1:10: mismatched input 'EXCLUDE'"),
    ("SELECT * REPLACE (1 AS a) FROM t", "line 1:10: mismatched input 'REPLACE'"),
    ("SELECT a FROM t LIMIT 1, 2", "line 1:24: mismatched input ','"),
    ("SELECT a FROM t LIMIT 1 OFFSET 2", "line 1:25: mismatched input 'OFFSET'"),
    ("SELECT a FROM t LIMIT 1 + 1", "line 1:25: mismatched input '+'"),
    ("SELECT a FROM t LIMIT (SELECT 1)", "line 1:24: mismatched input 'SELECT'"),
    ("SELECT * FROM t PIVOT (sum(a) FOR b IN (1))", "line 1:27: mismatched input '('"),
    ("FROM t SELECT a", "line 1:1: mismatched input 'FROM'"),
    ("SELECT f(a => 1)", "line 1:12: mismatched input '=>'"),
    ("SELECT 1 # comment", "line 1:10: mismatched input '#'"),
    ("SELECT 'it\\'s'", "line 1:14: mismatched input '''"),
    ("SELECT 1 // 2", "line 1:11: mismatched input '/'"),
    ("SELECT a == 1", "line 1:11: mismatched input '='"),
    ("SELECT a ? b : c", "line 1:10: mismatched input '?'"),
    ("SELECT DISTINCT ON (a) a, b FROM t", "line 1:17: mismatched input 'ON'"),
    ("SELECT a IS TRUE", "line 1:13: mismatched input 'TRUE'. Expecting: 'DISTINCT', 'NOT', 'NULL'"),
    ("SELECT a NOTNULL IS NULL", "line 1:18: mismatched input 'IS'"),
    ("SELECT a ISNULL + 1", "line 1:17: mismatched input '+'"),
    ("SELECT a BETWEEN SYMMETRIC 1 AND 2", "line 1:28: mismatched input '1'"),
    ("SELECT a = b = c", "line 1:14: mismatched input '='"),
    ("SELECT a IS NULL IS NULL", "line 1:18: mismatched input 'IS'"),
    ("SELECT a < b < c", "line 1:14: mismatched input '<'"),
    ("SELECT a = NOT b", "line 1:12: mismatched input 'NOT'"),
    ("SELECT a AT TIME ZONE zone FROM t", "line 1:23: mismatched input 'zone'"),
    ("SELECT TIMESTAMP(3) '2020-01-01'", "line 1:21: mismatched input ''2020-01-01''"),
    ("SELECT INTERVAL 1 DAY", "line 1:17: mismatched input '1'"),
    ("SELECT INTERVAL '1' WEEK", "line 1:21: mismatched input 'WEEK'. Expecting: 'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'"),
    ("SELECT first_value(a IGNORE NULLS) OVER () FROM t", "line 1:22: mismatched input 'IGNORE'"),
    ("SELECT count(DISTINCT *)", "line 1:23: mismatched input '*'"),
    ("SELECT a, FROM t", "line 1:11: mismatched input 'FROM'"),
    ("SELECT FROM t", "line 1:8: mismatched input 'FROM'. Expecting: '*', 'ALL', 'DISTINCT', <expression>"),
    ("SELECT (1, )", "line 1:12: mismatched input ')'"),
    ("SELECT 1 FROM t GROUP BY", "line 1:25: mismatched input '<EOF>'"),
    ("SELECT 1 FROM t JOIN u", "line 1:23: mismatched input '<EOF>'"),
    ("SELECT 1 FROM t NATURAL JOIN u ON true", "line 1:32: mismatched input 'ON'"),
    ("SELECT 1 FROM VALUES 1", "line 1:15: mismatched input 'VALUES'"),
    ("SELECT 1 UNION BY NAME SELECT 2", "line 1:16: mismatched input 'BY'"),
    ("SELECT 1 MINUS SELECT 2", "line 1:16: mismatched input 'SELECT'"),
    ("SELECT 1 UNION CORRESPONDING SELECT 1", "line 1:16: mismatched input 'CORRESPONDING'"),
    ("(WITH a AS (SELECT 1) SELECT * FROM a) UNION SELECT 1", "line 1:2: mismatched input 'WITH'"),
    ("WITH a AS SELECT 1 SELECT * FROM a", "line 1:11: mismatched input 'SELECT'. Expecting: '('"),
    ("WITH a AS MATERIALIZED (SELECT 1) SELECT * FROM a", "line 1:11: mismatched input 'MATERIALIZED'. Expecting: '('"),
    ("SELECT count(*) FROM t GROUP BY a WITH ROLLUP", "line 1:35: mismatched input 'WITH'"),
    ("SELECT 1; DROP TABLE t", "Only one sql statement is allowed"),
    ("SELECT 'a' 'b'", "line 1:12: mismatched input ''b''"),
    ("SELECT \"a", "line 1:8: mismatched input '\"'"),
    ("SELECT CASE END", "line 1:13: mismatched input 'END'"),
    ("SELECT a.b.* .c FROM t", "line 1:14: mismatched input '.'"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_syntax_errors_in_full(sql: str, message: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse(sql)
    assert refused.value.message == message
    assert refused.value.code == "InvalidRequestException"


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_other_dialects_are_syntax_errors(sql: str, message: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse(sql)
    assert refused.value.message.startswith(message)


RESERVED = [
    "ALTER",
    "CROSS",
    "CUBE",
    "END",
    "ESCAPE",
    "EXECUTE",
    "FOR",
    "GROUPING",
    "JOIN",
    "LISTAGG",
    "NORMALIZE",
    "RECURSIVE",
    "SKIP",
    "TRIM",
    "UESCAPE",
    "USING",
]
FREE = [
    "ADD",
    "ANY",
    "ARRAY",
    "ASC",
    "AT",
    "COLUMNS",
    "COMMENT",
    "COUNT",
    "CURRENT",
    "DATA",
    "DATE",
    "DAY",
    "DESC",
    "FETCH",
    "FILTER",
    "FIRST",
    "FORMAT",
    "GROUPS",
    "HOUR",
    "IF",
    "IGNORE",
    "INTERVAL",
    "KEY",
    "LAST",
    "LATERAL",
    "LIMIT",
    "MAP",
    "MATCH",
    "MONTH",
    "NAME",
    "NO",
    "NULLIF",
    "OF",
    "OFFSET",
    "ORDINALITY",
    "OUTPUT",
    "OVER",
    "PARTITION",
    "POSITION",
    "PRECISION",
    "RANGE",
    "ROW",
    "ROWS",
    "SAMPLE",
    "SCHEMA",
    "SET",
    "SHOW",
    "SOME",
    "SUBSTRING",
    "TIME",
    "TIMESTAMP",
    "TO",
    "TRY_CAST",
    "TYPE",
    "USER",
    "VALUE",
    "VIEW",
    "WINDOW",
    "WITHIN",
    "WORK",
    "YEAR",
    "ZONE",
    "QUALIFY",
    "TOP",
    "ILIKE",
    "PIVOT",
    "INDEX",
    "DATABASE",
    "DESCRIPTOR",
    "LEADING",
    "BERNOULLI",
]


@pytest.mark.parametrize("word", RESERVED)
def test_reserved_words_are_no_names(word: str) -> None:
    with pytest.raises(InvalidRequestError, match="mismatched input"):
        parse(f"SELECT 1 AS {word}")
    parse(f'SELECT 1 AS "{word}"')


@pytest.mark.parametrize("word", FREE)
def test_other_words_are_names_everywhere(local: LocalLake, word: str) -> None:
    sql = f"SELECT {word}, {word}.{word} AS b FROM (SELECT 1 AS {word}) AS {word} WHERE {word} = 1 GROUP BY {word} ORDER BY b"
    assert local.rows(sql) == [["1", "1"]]


# (expression, the same with brackets that say how Trino reads it)
PRECEDENCE = [
    ("NOT a = b AND c OR d", "((NOT (a = b)) AND c) OR d"),
    ("NOT NOT a", "NOT (NOT a)"),
    ("a OR b AND c", "a OR (b AND c)"),
    ("a || b + c * d", "a || (b + (c * d))"),
    ("a - b - c", "(a - b) - c"),
    ("a / b * c", "(a / b) * c"),
    ("-a * b", "(-a) * b"),
    ("- a AT TIME ZONE 'UTC'", "-(a AT TIME ZONE 'UTC')"),
    ("a + b AT TIME ZONE 'UTC'", "a + (b AT TIME ZONE 'UTC')"),
    ("a = b + 1 AND c", "(a = (b + 1)) AND c"),
    ("a BETWEEN b + 1 AND c || d AND e", "(a BETWEEN (b + 1) AND (c || d)) AND e"),
    ("NOT a BETWEEN b AND c", "NOT (a BETWEEN b AND c)"),
    ("a NOT IN (b, c) = d", None),
    ("a LIKE b || '%' ESCAPE '#'", "a LIKE (b || '%') ESCAPE '#'"),
    ("a IS NOT DISTINCT FROM b || c", "a IS NOT DISTINCT FROM (b || c)"),
    ("a[1].b[2]", "((a[1]).b)[2]"),
    ("x -> x + 1 > 2 AND true", "x -> (((x + 1) > 2) AND true)"),
    ("+a - -b", "(+a) - (-b)"),
    ("a.b.c.d.e", "(a.b.c.d).e"),
]


@pytest.mark.parametrize(("short", "bracketed"), PRECEDENCE)
def test_precedence(short: str, bracketed: str | None) -> None:
    if bracketed is None:
        with pytest.raises(InvalidRequestError):
            parse(f"SELECT {short}")
        return
    trees = [QueryParser(f"SELECT f({text})").whole() for text in (short, bracketed)]
    assert trees[0] == trees[1]


# (text, the literal it is, in plain SQL)
LITERALS = [
    ("1E0", "1.0E0"), (".5", "0.5"), ("1.", "1."), ("1_000", "1000"), ("0xFF", "255"), ("0b101", "5"), ("0o17", "15"),
    ("U&'\\0041\\+000042'", "'AB'"), ("U&'d!0061t' UESCAPE '!'", "'dat'"), ("'it''s'", "'it''s'"), ("'a\\'", "'a\\'"),
    ("-9223372036854775808", "-9223372036854775807 - 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "plain"), LITERALS)
def test_literals(local: LocalLake, text: str, plain: str) -> None:
    assert local.rows(f"SELECT {text} = {plain}") == [["true"]]


def test_typed_literals_are_told_from_casts() -> None:
    literal, cast = QueryParser("SELECT DECIMAL '1.23', CAST('1.23' AS DECIMAL)").whole().expressions
    assert (literal.meta.get("typed_literal"), cast.meta.get("typed_literal")) == (True, None)
    for name in (
        "BIGINT",
        "VARCHAR",
        "REAL",
        "BOOLEAN",
        "UUID",
        "IPADDRESS",
        "JSON",
        "CHAR",
        "TIME",
        "DOUBLE PRECISION",
    ):
        node = QueryParser(f"SELECT {name} 'x'").whole().expressions[0]
        assert isinstance(node, exp.Cast)
        assert node.meta["typed_literal"] is True


def test_clauses_of_json_functions_are_kept() -> None:
    sql = (
        "SELECT json_value(j, 'lax $.a' PASSING x AS p, y FORMAT JSON AS q RETURNING bigint DEFAULT 1 ON EMPTY ERROR ON ERROR), "
        "json_query(j, '$' WITH CONDITIONAL ARRAY WRAPPER OMIT QUOTES ON SCALAR STRING EMPTY ARRAY ON EMPTY), "
        "json_exists(j FORMAT JSON, '$.a' TRUE ON ERROR), "
        "json_object('a' : 1, KEY 'b' VALUE 2 ABSENT ON NULL WITH UNIQUE KEYS), json_array(1, NULL NULL ON NULL)"
    )
    value, query, exists, made, listed = QueryParser(sql).whole().expressions
    assert [a.alias for a in value.args["passing"]] == ["p", "q"]
    assert value.args["empty_default"] == exp.Literal.number(1)
    assert value.meta["json"]["formats"] == [None, "JSON"]
    assert (value.meta["json"]["on_empty"], value.meta["json"]["on_error"]) == ("DEFAULT", "ERROR")
    assert query.meta["json"] | {"formats": [], "input_format": None, "format": None} == {
        "wrapper": "CONDITIONAL", "quotes": "OMIT", "on_empty": "EMPTY ARRAY", "on_error": "NULL", "formats": [],
        "input_format": None, "format": None,
    }  # fmt: skip
    assert (exists.meta["json"]["on_error"], exists.meta["json"]["input_format"]) == ("TRUE", "JSON")
    assert (len(made.expressions), made.meta["json"]["nulls"], made.meta["json"]["unique"]) == (4, "ABSENT", True)
    assert (len(listed.expressions), listed.meta["json"]["nulls"]) == (2, "NULL")


def test_listagg_keeps_its_clauses() -> None:
    sql = "SELECT LISTAGG(DISTINCT a, ',' ON OVERFLOW TRUNCATE '…' WITH COUNT) WITHIN GROUP (ORDER BY b DESC)"
    node = QueryParser(sql).whole().expressions[0]
    assert node.meta["overflow"] == {"error": False, "filler": "…", "count": True}
    assert isinstance(node.expressions[0], exp.Distinct)


TOO_DEEP = "line 1:1: statement is too large (stack overflow while parsing)"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
        "SELECT * FROM " + "(" * 10_000 + "SELECT 1" + ")" * 10_000,
        "SELECT " + "abs(" * 10_000 + "1" + ")" * 10_000,
        "SELECT CAST(1 AS " + "array(" * 10_000,
        "SELECT " + "CASE WHEN " * 10_000,
        "SELECT " + "x -> " * 10_000 + "1",
        "SELECT " + "ARRAY[" * 10_000,
        "SELECT 1 FROM " + "t JOIN " * 10_000 + "t",
        "SELECT " + "EXISTS (SELECT " * 10_000,
    ],
)
def test_deep_nesting_is_refused(sql: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse(sql)
    assert refused.value.message == TOO_DEEP


# (SQL, rows): large, but not deep
LARGE = [
    ("SELECT 7 IN (" + ",".join(map(str, range(20_000))) + ")", [["true"]]),
    ("SELECT count(*) FROM (" + " UNION ALL ".join(["SELECT 1"] * 1000) + ")", [["1000"]]),
    ("SELECT 1 WHERE " + " AND ".join(f"{i} = {i}" for i in range(2000)), [["1"]]),
    ("SELECT 1 WHERE " + " OR ".join(f"1 = {i}" for i in range(2000)), [["1"]]),
    ("SELECT " + "(" * 200 + "1" + ")" * 200, [["1"]]),
    ("SELECT " + " + ".join(["1"] * 300), [["300"]]),
]


@pytest.mark.parametrize(("sql", "rows"), LARGE)
def test_large_queries_run(local: LocalLake, sql: str, rows: list[list[str]]) -> None:
    begun = time.monotonic()
    assert local.rows(sql) == rows
    assert time.monotonic() - begun < 20


def test_an_endless_sum_fails_clearly(local: LocalLake) -> None:
    with pytest.raises(Exception, match=r"STACK_OVERFLOW: statement is too large \(stack overflow during analysis\)"):
        local.rows("SELECT " + " + ".join(["1"] * 20_000))
