"""Queries that Athena refuses once it looks at their names and types: code, place and words of Trino's analyzer.

The texts are those of Trino's StatementAnalyzer, ExpressionAnalyzer and AggregationAnalyzer; most of the queries about
groups and windows are the situations of its own tests.
"""
# ruff: noqa: E501 - a table of SQL reads best with a row on a line

import pytest
from athena_fakes import LocalLake

from workshop.sandbox.athena.errors import AthenaError

NESTED = "Cannot nest window functions or row pattern measures inside"
SCALAR = "cannot contain aggregations, window functions or grouping operations"
GROUP = "must be an aggregate expression or appear in GROUP BY clause"
CANNOT = "cannot be resolved or requester is not authorized to access requested resources"


@pytest.fixture
def lake(local: LocalLake) -> LocalLake:
    local.catalog.add("t1", "a bigint; b bigint; c bigint; d bigint")
    local.catalog.add("t2", "a bigint; b bigint")
    local.catalog.add("t3", "a string; day date; r struct<x:int,y:string>")
    return local


# (SQL, StateChangeReason)
REFUSED = [
    # names
    ("SELECT f FROM t1", f"COLUMN_NOT_FOUND: line 1:8: Column 'f' {CANNOT}"),
    ("SELECT t.y FROM (VALUES 1) t(x)", f"COLUMN_NOT_FOUND: line 1:8: Column 't.y' {CANNOT}"),
    ("SELECT t.a FROM (SELECT t.* FROM (VALUES 1) t(a))", f"COLUMN_NOT_FOUND: line 1:8: Column 't.a' {CANNOT}"),
    ("SELECT t1.a FROM t1 x", f"COLUMN_NOT_FOUND: line 1:8: Column 't1.a' {CANNOT}"),
    ("SELECT a FROM t1, t2", "AMBIGUOUS_NAME: line 1:8: Column 'a' is ambiguous"),
    ("SELECT * FROM t1 JOIN t2 ON a = t1.a", "AMBIGUOUS_NAME: line 1:29: Column 'a' is ambiguous"),
    ("SELECT a x, b x FROM t1 ORDER BY x", "AMBIGUOUS_NAME: line 1:34: Column 'x' is ambiguous"),
    ("SELECT a, a FROM t1 ORDER BY a", "AMBIGUOUS_NAME: line 1:30: Column 'a' is ambiguous"),
    ("SELECT x.c AS x\nFROM (VALUES 1) x(c)\nORDER BY x.c", "TYPE_MISMATCH: line 3:10: Expression integer is not of type ROW"),
    ("SELECT a.x FROM t1", "TYPE_MISMATCH: line 1:8: Expression bigint is not of type ROW"),
    ("SELECT * FROM a JOIN t1 ON true", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.a' does not exist"),
    ("SELECT * FROM t1 JOIN lake.b ON true", "TABLE_NOT_FOUND: line 1:23: Table 'awsdatacatalog.lake.b' does not exist"),
    ("SELECT * FROM t1, t2 JOIN t3 ON t1.a = t2.a", f"COLUMN_NOT_FOUND: line 1:33: Column 't1.a' {CANNOT}"),
    ("SELECT * FROM (SELECT 1 AS x), (SELECT x)", f"COLUMN_NOT_FOUND: line 1:40: Column 'x' {CANNOT}"),
    ("SELECT * FROM t1 u (x, y)", "MISMATCHED_COLUMN_ALIASES: line 1:15: Column alias list has 2 entries but 'u' has 4 columns available"),
    ("WITH w(x, y) AS (SELECT 1) SELECT * FROM w", "MISMATCHED_COLUMN_ALIASES: line 1:8: Column alias list has 2 entries but relation has 1 columns"),
    ("WITH w AS (SELECT 1), W AS (SELECT 2) SELECT * FROM w", "DUPLICATE_NAMED_QUERY: line 1:23: WITH query name 'W' specified more than once"),
    ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", "TABLE_NOT_FOUND: line 1:26: Table 'awsdatacatalog.lake.b' does not exist"),
    # stars
    ("SELECT *", "COLUMN_NOT_FOUND: line 1:8: SELECT * not allowed in queries without FROM clause"),
    ("SELECT x.* FROM t1", "TABLE_NOT_FOUND: line 1:8: Unable to resolve reference x"),
    ("SELECT r.* FROM (SELECT ROW(1, 2) AS r) t", "TABLE_NOT_FOUND: line 1:8: Unable to resolve reference r"),
    ("SELECT a.* FROM t1", "TABLE_NOT_FOUND: line 1:8: Unable to resolve reference a"),
    ("SELECT t.r.x.* FROM t3 t", "TYPE_MISMATCH: line 1:1: expected expression of type Row"),
    ("SELECT t3.* AS (p, q) FROM t3", "MISMATCHED_COLUMN_ALIASES: line 1:17: Column alias list has 2 entries but relation has 3 columns"),
    ("SELECT * FROM t1 GROUP BY 1", "EXPRESSION_NOT_AGGREGATE: Column 't1.b' not in GROUP BY clause"),
    # groups
    ("SELECT * FROM t1 GROUP BY 10", "INVALID_COLUMN_REFERENCE: line 1:27: GROUP BY position 10 is not in select list"),
    ("SELECT * FROM t1 ORDER BY 0", "INVALID_COLUMN_REFERENCE: line 1:27: ORDER BY position 0 is not in select list"),
    ("SELECT a, sum(b) FROM t1", f"EXPRESSION_NOT_AGGREGATE: line 1:8: 'a' {GROUP}"),
    ("SELECT sum(b) / a FROM t1", f"EXPRESSION_NOT_AGGREGATE: line 1:15: '(sum(b) / a)' {GROUP}"),
    ("SELECT a + 1, sum(b) FROM t1 GROUP BY c", f"EXPRESSION_NOT_AGGREGATE: line 1:10: '(a + 1)' {GROUP}"),
    ("SELECT sum(b) FROM t1 ORDER BY a + 1", f"EXPRESSION_NOT_AGGREGATE: line 1:34: '(a + 1)' {GROUP}"),
    ("SELECT a, sum(b) FROM t1 GROUP BY a HAVING c > 5", f"EXPRESSION_NOT_AGGREGATE: line 1:46: '(c > 5)' {GROUP}"),
    ("SELECT abs(a), sum(b) FROM t1 GROUP BY b", f"EXPRESSION_NOT_AGGREGATE: line 1:8: 'abs(a)' {GROUP}"),
    ("SELECT row_number() over() as a from (values (41, 42), (-41, -42)) t(a,b) group by a+b order by a+b",
     f"EXPRESSION_NOT_AGGREGATE: line 1:98: '(a + b)' {GROUP}"),
    ("SELECT count(*) over (PARTITION BY a) FROM t1 GROUP BY b", f"EXPRESSION_NOT_AGGREGATE: line 1:36: PARTITION BY expression 'a' {GROUP}"),
    ("SELECT count(*) over (ORDER BY a) FROM t1 GROUP BY b", f"EXPRESSION_NOT_AGGREGATE: line 1:32: ORDER BY expression 'a' {GROUP}"),
    ("SELECT count(*) over (ORDER BY count(*) ROWS a PRECEDING) FROM t1 GROUP BY b", f"EXPRESSION_NOT_AGGREGATE: line 1:46: Window frame start {GROUP}"),
    ("SELECT max(a) FROM (values (1,2)) t(a,b) GROUP BY b WINDOW w AS (ORDER BY a)", f"EXPRESSION_NOT_AGGREGATE: line 1:75: 'a' {GROUP}"),
    ("SELECT max(a) FROM (values (1,2)) t(a,b) GROUP BY b WINDOW w AS (ROWS a PRECEDING)", f"EXPRESSION_NOT_AGGREGATE: line 1:71: 'a' {GROUP}"),
    ("SELECT (SELECT u.a from (values 1) x(a)) FROM t1 u GROUP BY b", "EXPRESSION_NOT_AGGREGATE: line 1:16: Subquery uses 'u.a' which must appear in GROUP BY clause"),
    ("SELECT (SELECT 1 FROM t1 WHERE a = u.a) FROM t1 u GROUP BY b", "EXPRESSION_NOT_AGGREGATE: line 1:36: Subquery uses 'u.a' which must appear in GROUP BY clause"),
    ("SELECT EXISTS(SELECT a+2) FROM t1 GROUP BY a+1", "EXPRESSION_NOT_AGGREGATE: line 1:22: Subquery uses 'a' which must appear in GROUP BY clause"),
    ("SELECT a FROM t1 GROUP BY a ORDER BY (SELECT b)", "EXPRESSION_NOT_AGGREGATE: line 1:46: Subquery uses 'b' which must appear in GROUP BY clause"),
    ("SELECT a AS b FROM t1 GROUP BY t1.a\nORDER BY max(b)", "COLUMN_NOT_FOUND: line 2:14: Invalid reference to output projection attribute from ORDER BY aggregation"),
    ("SELECT sum(count(*)) FROM t1", "NESTED_AGGREGATION: line 1:8: Cannot nest aggregations inside aggregation 'sum': [count(*)]"),
    ("SELECT * FROM t1 WHERE sum(a) > 1", f"EXPRESSION_NOT_SCALAR: line 1:31: WHERE clause {SCALAR}: [sum(a)]"),
    ("SELECT * FROM t1 GROUP BY sum(a)", f"EXPRESSION_NOT_SCALAR: line 1:27: GROUP BY clause {SCALAR}: [sum(a)]"),
    ("SELECT a, sum(b) FROM t1 GROUP BY 1, 2", f"EXPRESSION_NOT_SCALAR: line 1:11: GROUP BY clause {SCALAR}: [sum(b)]"),
    ("SELECT * FROM t1 JOIN t2 ON sum(t1.a) = t2.a", f"EXPRESSION_NOT_SCALAR: line 1:39: JOIN clause {SCALAR}: [sum(t1.a)]"),
    ("VALUES (avg(3))", f"EXPRESSION_NOT_SCALAR: line 1:9: VALUES {SCALAR}: [avg(3)]"),
    ("VALUES 1, rank() OVER ()", f"EXPRESSION_NOT_SCALAR: line 1:11: VALUES {SCALAR}: [rank() OVER ()]"),
    ("SELECT * FROM t1 CROSS JOIN UNNEST(any_value(ARRAY[a]))", f"EXPRESSION_NOT_SCALAR: line 1:36: UNNEST {SCALAR}: [any_value(ARRAY[a])]"),
    ("SELECT a FROM t1 UNION SELECT 2 ORDER BY sum(1)", f"EXPRESSION_NOT_SCALAR: line 1:42: ORDER BY clause {SCALAR}: [sum(1)]"),
    ("SELECT * FROM t1 WHERE rank() over () > 1", f"EXPRESSION_NOT_SCALAR: line 1:39: WHERE clause {SCALAR}: [rank() OVER ()]"),
    ("SELECT * FROM t1 JOIN t2 ON sum(t1.a) over () = t2.a", f"EXPRESSION_NOT_SCALAR: line 1:47: JOIN clause {SCALAR}: [sum(t1.a) OVER ()]"),
    ("SELECT 1 FROM (VALUES 1) HAVING count(*) OVER () > 1", "NESTED_WINDOW: line 1:33: HAVING clause cannot contain window functions or row pattern measures"),
    ("SELECT sum(a) FROM t1 HAVING sum(a)", "TYPE_MISMATCH: line 1:30: HAVING clause must evaluate to a boolean: actual type bigint"),
    ("SELECT * FROM t1 WHERE a", "TYPE_MISMATCH: line 1:24: WHERE clause must evaluate to a boolean: actual type bigint"),
    ("SELECT * FROM t1 JOIN t2 ON 5", "TYPE_MISMATCH: line 1:29: JOIN ON clause must evaluate to a boolean: actual type integer"),
    ("SELECT CASE WHEN a THEN 1 END FROM t1", "TYPE_MISMATCH: line 1:18: CASE WHEN clause must evaluate to a boolean (actual: bigint)"),
    ("SELECT if(a, 1) FROM t1", "TYPE_MISMATCH: line 1:11: IF condition must evaluate to a boolean (actual: bigint)"),
    ("SELECT true OR a FROM t1", "TYPE_MISMATCH: line 1:16: Logical expression term must evaluate to a boolean (actual: bigint)"),
    ("SELECT NOT a FROM t1", "TYPE_MISMATCH: line 1:12: Value of logical NOT expression must evaluate to a boolean (actual: bigint)"),
    ("SELECT map(ARRAY[1], ARRAY[2]) AS m ORDER BY m", "TYPE_MISMATCH: line 1:1: Type map(integer, integer) is not orderable, and therefore cannot be used in ORDER BY: m"),
    ("SELECT a, b, sum(c) FROM t1 WHERE grouping(a, b) GROUP BY GROUPING SETS ((a), (a, b))", f"EXPRESSION_NOT_SCALAR: line 1:35: WHERE clause {SCALAR}: [GROUPING (a, b)]"),
    ("SELECT grouping(a) FROM t1", "MISSING_GROUP_BY: line 1:1: A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause"),
    ("SELECT * FROM t1 ORDER BY grouping(a)", "MISSING_GROUP_BY: line 1:1: A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause"),
    ("SELECT grouping(a) FROM t1 GROUP BY b",
     "INVALID_ARGUMENTS: line 1:8: The arguments to GROUPING() must be expressions referenced by the GROUP BY at the associated query level. Mismatch due to a."),
    ("SELECT a FROM t1 GROUP BY CUBE (a, abs(b))", "INVALID_COLUMN_REFERENCE: line 1:36: GROUP BY expression must be a column reference: abs(b)"),
    ("SELECT a FROM t1 GROUP BY CUBE (a, b, c, d), CUBE (a, b, c, d), CUBE (a, b, c, d)", "TOO_MANY_GROUPING_SETS: line 1:27: GROUP BY has 4096 grouping sets but can contain at most 2048"),
    ("SELECT DISTINCT a FROM t1 ORDER BY b", "EXPRESSION_NOT_IN_DISTINCT: line 1:36: For SELECT DISTINCT, ORDER BY expressions must appear in select list"),
    ("SELECT array_agg(DISTINCT a ORDER BY b) FROM t1", "EXPRESSION_NOT_IN_DISTINCT: line 1:38: For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"),
    ("SELECT abs(DISTINCT a) FROM t1", "FUNCTION_NOT_AGGREGATE: line 1:8: DISTINCT is only valid for aggregation functions"),
    ("SELECT abs(a) FILTER (WHERE true) FROM t1", "FUNCTION_NOT_AGGREGATE: line 1:8: Filter is only valid for aggregation functions"),
    # windows
    ("SELECT rank() FROM t1", "MISSING_OVER: line 1:8: Window function rank requires an OVER clause"),
    ("SELECT abs(a) OVER () FROM t1", "FUNCTION_NOT_WINDOW: line 1:8: Not a window function: abs"),
    ("SELECT * FROM t1 WINDOW w AS (PARTITION BY a), w AS (ORDER BY b)", "DUPLICATE_WINDOW_NAME: line 1:48: WINDOW name 'w' specified more than once"),
    ("SELECT avg(b) OVER w FROM (SELECT * FROM t1 WINDOW w AS (PARTITION BY a))", "INVALID_WINDOW_REFERENCE: line 1:20: Cannot resolve WINDOW name w"),
    ("SELECT * FROM t1 WINDOW w1 AS (w ORDER BY b), w AS (PARTITION BY a)", "INVALID_WINDOW_REFERENCE: line 1:32: Cannot resolve WINDOW name w"),
    ("SELECT avg(b) OVER w FROM t1 WINDOW \"w\" AS (PARTITION BY a)", "INVALID_WINDOW_REFERENCE: line 1:20: Cannot resolve WINDOW name w"),
    ("SELECT (SELECT count(*) OVER w FROM (VALUES 2)) FROM (VALUES 1) t(x) WINDOW w AS (PARTITION BY x)", "INVALID_WINDOW_REFERENCE: line 1:30: Cannot resolve WINDOW name w"),
    ("SELECT max(c) OVER (w PARTITION BY a) FROM t1 WINDOW w AS (ORDER BY b)",
     "INVALID_PARTITION_BY: line 1:36: WINDOW specification with named WINDOW reference cannot specify PARTITION BY"),
    ("SELECT max(c) OVER (w ORDER BY a) FROM t1 WINDOW w AS (ORDER BY b)", "INVALID_ORDER_BY: line 1:23: Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"),
    ("SELECT max(c) OVER (w ORDER BY a) FROM t1 WINDOW w AS (ROWS b PRECEDING)", "INVALID_WINDOW_REFERENCE: line 1:21: Cannot reference named WINDOW containing frame specification"),
    ("SELECT * FROM (VALUES 1) t(a) WINDOW w AS (RANGE UNBOUNDED FOLLOWING)", "INVALID_WINDOW_FRAME: line 1:44: Window frame start cannot be UNBOUNDED FOLLOWING"),
    ("SELECT sum(a) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM t1", "INVALID_WINDOW_FRAME: line 1:21: Window frame starting from CURRENT ROW cannot end with PRECEDING"),
    ("SELECT sum(a) OVER (ROWS BETWEEN 1 FOLLOWING AND CURRENT ROW) FROM t1", "INVALID_WINDOW_FRAME: line 1:21: Window frame starting from FOLLOWING cannot end with CURRENT ROW"),
    ("SELECT * FROM (VALUES 'x') t(a) WINDOW w AS (ROWS a PRECEDING)",
     "TYPE_MISMATCH: line 1:51: Window frame ROWS start value type must be exact numeric type with scale 0 (actual varchar(1))"),
    ("SELECT * FROM (VALUES 'x') t(a) WINDOW w AS (RANGE a PRECEDING)", "MISSING_ORDER_BY: line 1:46: Window frame of type RANGE PRECEDING or FOLLOWING requires ORDER BY"),
    ("SELECT * FROM (VALUES 'x') t(a) WINDOW w AS (GROUPS a PRECEDING)", "MISSING_ORDER_BY: line 1:46: Window frame of type GROUPS PRECEDING or FOLLOWING requires ORDER BY"),
    ("SELECT * FROM (VALUES (1, 2, 3)) t(a, b, c) WINDOW w AS (ORDER BY a, b RANGE c PRECEDING)",
     "INVALID_ORDER_BY: line 1:58: Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY (actual: 2)"),
    ("SELECT max(b) OVER (ORDER BY a RANGE 1 PRECEDING) FROM (VALUES ('a', 1)) t(a, b)",
     "TYPE_MISMATCH: line 1:30: Window frame of type RANGE PRECEDING or FOLLOWING requires that sort item type be numeric, datetime or interval (actual: varchar(1))"),
    ("SELECT * FROM (VALUES 1) t(a) WINDOW w AS (PARTITION BY count(a) OVER ())", f"NESTED_WINDOW: line 1:57: {NESTED} window specification"),
    ("SELECT * FROM (VALUES 1) t(a) WINDOW w AS (ROWS count(a) OVER () PRECEDING)", f"NESTED_WINDOW: line 1:49: {NESTED} window specification"),
    ("SELECT sum(sum(a) OVER ()) OVER () FROM t1", f"NESTED_WINDOW: line 1:12: {NESTED} window function arguments"),
    ("SELECT avg(sum(a) OVER ()) FROM t1", f"NESTED_WINDOW: line 1:8: {NESTED} aggregation 'avg': [sum(a) OVER ()]"),
    ("SELECT lag(a) OVER () FROM t1", "MISSING_ORDER_BY: line 1:21: lag function requires an ORDER BY window clause"),
    ("SELECT lead(a) OVER (ORDER BY a ROWS 1 PRECEDING) FROM t1", "INVALID_WINDOW_FRAME: line 1:33: Cannot specify window frame for lead function"),
    ("SELECT sum(a) IGNORE NULLS OVER () FROM t1", "NULL_TREATMENT_NOT_ALLOWED: line 1:8: Cannot specify null treatment clause for sum function"),
    ("SELECT count(DISTINCT a) OVER () FROM t1", "NOT_SUPPORTED: line 1:8: DISTINCT in window function parameters not yet supported: count(DISTINCT a)"),
    ("SELECT count(a) FILTER (WHERE a > 1) OVER () FROM t1", "NOT_SUPPORTED: line 1:1: FILTER is not yet supported for window functions"),
    ("SELECT sum(x) OVER (ROWS BETWEEN x PRECEDING AND CURRENT ROW) FROM (VALUES -1) t(x)", "INVALID_WINDOW_FRAME: Window frame offset value must not be negative or null"),
    # subqueries, set operations, VALUES
    ("SELECT * FROM t1 WHERE a IN (SELECT a FROM t3)", "TYPE_MISMATCH: line 1:26: Value expression and result of subquery must be of the same type: bigint vs varchar"),
    ("SELECT * FROM t1 WHERE a > ALL (SELECT a FROM t3)", "TYPE_MISMATCH: line 1:26: Value expression and result of subquery must be of the same type: bigint vs varchar"),
    ("SELECT transform(ARRAY[1], x -> (SELECT x))", "NOT_SUPPORTED: line 1:33: Lambda expression cannot contain subqueries"),
    ("SELECT x -> 1", "TYPE_MISMATCH: line 1:8: Lambda expression should always be used inside a function"),
    ("SELECT 1, 2 UNION SELECT 1", "TYPE_MISMATCH: line 1:13: UNION query has different number of fields: 2, 1"),
    ("SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 'a'", "TYPE_MISMATCH: line 1:29: column 1 in INTERSECT query has incompatible types: integer, varchar(1)"),
    ("SELECT 1 EXCEPT SELECT DATE '2020-01-01'", "TYPE_MISMATCH: line 1:10: column 1 in EXCEPT query has incompatible types: integer, date"),
    ("VALUES (1, 2), (3)", "TYPE_MISMATCH: line 1:1: Values rows have mismatched sizes: 2 vs 1"),
    ("VALUES 1, 'a'", "TYPE_MISMATCH: line 1:1: Values rows have mismatched types: integer vs varchar(1)"),
    ("SELECT * FROM t1 FETCH FIRST 0 ROWS ONLY", "NUMERIC_VALUE_OUT_OF_RANGE: line 1:18: FETCH FIRST row count must be positive (actual value: 0)"),
    ("SELECT * FROM t1 FETCH FIRST 5 ROWS WITH TIES", "MISSING_ORDER_BY: line 1:18: FETCH FIRST WITH TIES clause requires ORDER BY"),
    # relations
    ("SELECT * FROM t1 NATURAL JOIN t2", "NOT_SUPPORTED: line 1:15: Natural join not supported"),
    ("SELECT * FROM t1 JOIN t2 USING (x)", "COLUMN_NOT_FOUND: line 1:33: Column 'x' is missing from left side of join"),
    ("SELECT * FROM t1 JOIN t2 USING (c)", "COLUMN_NOT_FOUND: line 1:33: Column 'c' is missing from right side of join"),
    ("SELECT * FROM t1 JOIN t2 USING (a, a)", "DUPLICATE_COLUMN_NAME: line 1:36: Column 'a' appears multiple times in USING clause"),
    ("SELECT t1.a FROM t1 JOIN t2 USING (a)", f"COLUMN_NOT_FOUND: line 1:8: Column 't1.a' {CANNOT}"),
    ("SELECT * FROM t1 CROSS JOIN UNNEST(a)", "INVALID_FUNCTION_ARGUMENT: Cannot unnest type: bigint"),
    ("SELECT * FROM t1 RIGHT JOIN LATERAL (SELECT t1.a) l ON TRUE", "INVALID_COLUMN_REFERENCE: line 1:45: LATERAL reference not allowed in RIGHT JOIN"),
    ("SELECT * FROM t1 FULL JOIN LATERAL (SELECT x.a) l ON TRUE", f"COLUMN_NOT_FOUND: line 1:44: Column 'x.a' {CANNOT}"),
    ("SELECT * FROM t1 LEFT JOIN UNNEST(ARRAY[a]) u(x) ON x = 1", "NOT_SUPPORTED: line 1:55: LEFT JOIN involving UNNEST is only supported with condition ON TRUE"),
    ("SELECT * FROM UNNEST(ARRAY[1]) AS u(x, y)", "MISMATCHED_COLUMN_ALIASES: line 1:15: Column alias list has 2 entries but 'u' has 1 columns available"),
    ("SELECT * FROM t1 TABLESAMPLE BERNOULLI (101)", "NUMERIC_VALUE_OUT_OF_RANGE: line 1:41: Sample percentage must be less than or equal to 100"),
    ("SELECT * FROM t1 TABLESAMPLE SYSTEM (-1)", "NUMERIC_VALUE_OUT_OF_RANGE: line 1:38: Sample percentage must be greater than or equal to 0"),
    ("SELECT * FROM t1 TABLESAMPLE SYSTEM (a)", "EXPRESSION_NOT_CONSTANT: line 1:38: Sample percentage cannot contain column references"),
    ("SELECT * FROM t1 TABLESAMPLE SYSTEM ('a')", "TYPE_MISMATCH: line 1:38: Sample percentage should be a numeric expression"),
    ("SELECT * FROM t1 TABLESAMPLE SYSTEM (NULL)", "INVALID_ARGUMENTS: line 1:38: Sample percentage cannot be NULL"),
    ("SELECT * FROM TABLE(nosuch(1))", "FUNCTION_NOT_FOUND: line 1:15: Table function 'nosuch' not registered"),
    ("SELECT * FROM t1 MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)", "NOT_SUPPORTED: line 1:18: MATCH_RECOGNIZE is not supported by the local Athena"),
    ("SELECT * FROM t1 FOR VERSION AS OF 1", "NOT_SUPPORTED: line 1:15: A table as it was before is not supported by the local Athena"),
    # recursion
    ("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r", "MISSING_COLUMN_ALIASES: line 1:16: missing column aliases in recursive WITH query"),
    ("WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r", "MISSING_COLUMN_ALIASES: line 1:16: missing column aliases in recursive WITH query"),
    ("WITH RECURSIVE r(n) AS (WITH RECURSIVE q(x) AS (SELECT 1) SELECT x FROM q) SELECT * FROM r", "NESTED_RECURSIVE: line 1:25: nested recursive WITH query"),
    ("WITH w(x, X) AS (SELECT 1, 2) SELECT 1", "DUPLICATE_COLUMN_NAME: line 1:11: Column name 'X' specified more than once"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 FROM r UNION ALL SELECT 1 FROM r) SELECT * FROM r",
     "INVALID_RECURSIVE_REFERENCE: line 1:39: WITH table name is referenced in the base relation of recursion"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 FROM r, r q) SELECT * FROM r",
     "INVALID_RECURSIVE_REFERENCE: line 1:61: multiple recursive references in the step relation of recursion"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 WHERE EXISTS (SELECT 1 FROM r)) SELECT * FROM r",
     "INVALID_RECURSIVE_REFERENCE: line 1:81: recursive reference outside of FROM clause of the step relation of recursion"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 FROM t1 LEFT JOIN r ON true) SELECT * FROM r",
     "INVALID_RECURSIVE_REFERENCE: line 1:71: recursive reference in right source of LEFT join"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 5) SELECT * FROM r",
     "NOT_SUPPORTED: line 1:64: immediate FETCH FIRST / LIMIT clause in recursive query is not supported"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 'a' FROM r) SELECT * FROM r",
     "TYPE_MISMATCH: line 1:44: recursion step relation output type (varchar(1)) is not coercible to recursion base relation output type (integer) at column 1"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 INTERSECT SELECT 1 FROM r) SELECT * FROM r", "INVALID_RECURSIVE_REFERENCE: line 1:58: recursive reference not allowed in this context"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
     "NOT_SUPPORTED: Recursion depth limit exceeded (10). Use 'max_recursion_depth' session property to modify the limit."),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "reason"), REFUSED)
def test_refused(lake: LocalLake, sql: str, reason: str) -> None:
    with pytest.raises(AthenaError) as refused:
        lake.run(sql)
    assert str(refused.value) == reason
