"""Values of expressions, as Athena prints them.

Expected values are from Trino's documentation (the section is named above each group) or worked out by hand from it.
"""

import pytest
from athena_fakes import LocalLake

# (expression, text; None = NULL)
VALUES: list[tuple[str, str | None]] = [
    # mathematical operators: integer division truncates, % takes the sign of the dividend
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("-7 % 3", "-1"),
    ("7e0 / 2", "3.5"),
    ("1e0 / 0", "Infinity"),
    ("1 + 2 * 3", "7"),
    # decimal functions and operators: scale of /, rounding half up, literals
    ("1.5 * 2", "3.0"),
    ("10.0 / 4", "2.5"),
    ("1.00 / 3", "0.33"),
    ("2.00 / 3", "0.67"),
    ("-2.00 / 3", "-0.67"),
    ("CAST(1 AS decimal(10, 4)) / CAST(3 AS decimal(10, 4))", "0.3333"),
    ("1.5 + 1", "2.5"),
    # conversion functions: rounding half up, cutting, text of doubles (Java's Double.toString)
    ("CAST(2.5e0 AS integer)", "3"),
    ("CAST(-2.5e0 AS integer)", "-3"),
    ("CAST(2.5 AS integer)", "3"),
    ("CAST('abcdef' AS varchar(3))", "abc"),
    ("CAST('12' AS bigint)", "12"),
    ("CAST(' 2020-01-02 ' AS date)", "2020-01-02"),
    ("CAST('2020-01-02 03:04:05.678' AS timestamp)", "2020-01-02 03:04:05.678"),
    ("CAST(TIMESTAMP '2020-01-02 23:59:00' AS date)", "2020-01-02"),
    ("CAST(DATE '2020-01-02' AS varchar)", "2020-01-02"),
    ("CAST(true AS varchar)", "true"),
    ("TRY_CAST('x' AS integer)", None),
    ("TRY_CAST('2020-13-01' AS date)", None),
    ("TRY(1 / 0)", None),
    ("1e10", "1.0E10"),
    ("1e-5", "1.0E-5"),
    ("12345678e0", "1.2345678E7"),
    ("-0.00012e0", "-1.2E-4"),
    ("0.001e0", "0.001"),
    ("9999999e0", "9999999.0"),
    # date and time functions: a date stays a date, months end where they must, complete units
    ("DATE '2020-01-31' + INTERVAL '1' MONTH", "2020-02-29"),
    ("DATE '2020-01-08' - INTERVAL '7' DAY", "2020-01-01"),
    ("TIMESTAMP '2020-01-01 00:00:00' + INTERVAL '90' MINUTE", "2020-01-01 01:30:00.000"),
    ("date_add('month', 1, DATE '2020-01-31')", "2020-02-29"),
    ("date_add('hour', -1, TIMESTAMP '2020-01-01 00:00:00')", "2019-12-31 23:00:00"),
    ("date_diff('day', DATE '2020-02-28', DATE '2020-03-01')", "2"),
    ("date_diff('day', TIMESTAMP '2020-01-01 10:00:00', TIMESTAMP '2020-01-03 09:00:00')", "1"),
    ("date_diff('month', DATE '2020-01-31', DATE '2020-02-28')", "0"),
    ("date_trunc('month', DATE '2020-02-28')", "2020-02-01"),
    ("date_trunc('hour', TIMESTAMP '2020-02-28 13:45:00')", "2020-02-28 13:00:00"),
    ("date_format(TIMESTAMP '2020-03-04 05:06:07', '%Y-%m-%d %H:%i:%s')", "2020-03-04 05:06:07"),
    ("date_format(TIMESTAMP '2020-03-04 15:06:07', '%c/%e/%y %l %p %W %M %j')", "3/4/20 3 PM Wednesday March 064"),
    ("date_parse('2020-03-04', '%Y-%m-%d')", "2020-03-04 00:00:00.000"),
    ("from_iso8601_timestamp('2020-12-18T15:41:51Z')", "2020-12-18 15:41:51.000 UTC"),
    ("from_iso8601_timestamp('2020-12-18T15:41:51+02:00')", "2020-12-18 15:41:51.000 +02:00"),
    ("CAST(from_iso8601_timestamp('2020-12-18T15:41:51Z') AT TIME ZONE 'UTC' AS timestamp)", "2020-12-18 15:41:51.000"),
    ("CAST(from_iso8601_timestamp('2020-12-18T15:41:51+02:00') AT TIME ZONE 'UTC' AS timestamp)",
     "2020-12-18 13:41:51.000"),
    ("CAST(from_iso8601_timestamp('2020-06-01T12:00:00Z') AT TIME ZONE 'America/New_York' AS timestamp)",
     "2020-06-01 08:00:00.000"),
    ("from_iso8601_timestamp('2020-12-18T15:00:00+02:00') = from_iso8601_timestamp('2020-12-18T13:00:00Z')", "true"),
    ("from_iso8601_date('2020-12-18')", "2020-12-18"),
    ("current_date", "2020-12-18"),
    ("CURRENT_TIMESTAMP", "2020-12-18 15:42:01.123 UTC"),
    ("CAST(now() AS date)", "2020-12-18"),
    ("year(DATE '2020-03-04') * 100 + month(DATE '2020-03-04')", "202003"),
    ("day_of_week(DATE '2020-12-20')", "7"),  # a Sunday
    ("EXTRACT(quarter FROM DATE '2020-03-04')", "1"),
    ("hour(TIMESTAMP '2020-01-01 13:45:00')", "13"),
    ("week(DATE '2021-01-03')", "53"),  # ISO weeks
    ("TIMESTAMP '2020-01-02 00:00:00' - TIMESTAMP '2020-01-01 12:00:00'", "0 12:00:00.000"),
    ("from_unixtime(1608306111)", "2020-12-18 15:41:51.000 UTC"),
    ("to_unixtime(from_iso8601_timestamp('1970-01-01T00:00:01Z'))", "1.0"),
    # string functions
    ("substr('abc', 0)", ""),
    ("substr('abc', 2)", "bc"),
    ("substr('abc', -2, 1)", "b"),
    ("substr('abc', 9)", ""),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("split('a,b,c', ',', 2)", "[a, b,c]"),
    ("concat('a', NULL)", None),
    ("'a' || 'b'", "ab"),
    ("lower('ABC') || upper('def')", "abcDEF"),
    ("length('héllo')", "5"),
    ("strpos('abc', 'c')", "3"),
    ("position('z' IN 'abc')", "0"),
    ("replace('abcabc', 'b')", "acac"),
    ("lpad('7', 2, '0')", "07"),
    ("trim('  a ')", "a"),
    ("reverse('abc')", "cba"),
    ("'abc' LIKE 'a%'", "true"),
    ("'a_c' LIKE 'a#_c' ESCAPE '#'", "true"),
    ("'dependabot[bot]' LIKE '%[bot]'", "true"),
    ("regexp_like('abc', 'b.')", "true"),
    ("regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "a"),
    ("regexp_extract('abc', '\\d')", None),
    ("regexp_extract_all('1a 2b 14m', '\\d+')", "[1, 2, 14]"),
    ("regexp_replace('1a 2b 14m', '(\\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"),
    # conditional expressions
    ("CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END", "two"),
    ("CASE WHEN false THEN 1 END", None),
    ("if(1 > 2, 'a')", None),
    ("coalesce(NULL, 3, 4)", "3"),
    ("nullif(1, 1)", None),
    ("greatest(1, NULL)", None),
    ("greatest(1, 3, 2)", "3"),
    # comparison functions and operators
    ("1 IN (1, 2)", "true"),
    ("NULL IS NULL", "true"),
    ("NULL IS DISTINCT FROM 1", "true"),
    ("2 BETWEEN 1 AND 3", "true"),
    ("DATE '2020-01-01' < TIMESTAMP '2020-01-01 00:00:01'", "true"),
    # array and map functions; results as Athena prints them
    ("ARRAY[1, 2]", "[1, 2]"),
    ("ARRAY['a', NULL]", "[a, null]"),
    ("ARRAY[5, 6][2]", "6"),
    ("element_at(ARRAY[5, 6], 3)", None),
    ("cardinality(ARRAY[5, 6])", "2"),
    ("contains(ARRAY[1, NULL], 2)", None),
    ("contains(ARRAY[1, NULL], 1)", "true"),
    ("MAP(ARRAY['a'], ARRAY[1])", "{a=1}"),
    ("MAP(ARRAY['a'], ARRAY[1])['a']", "1"),
    ("ROW(1, 'x')", "{field0=1, field1=x}"),
    ("CAST(ROW(1, 2) AS ROW(a integer, b varchar))", "{a=1, b=2}"),
    ("CAST(ROW(1, 2) AS ROW(a integer, b integer)).b", "2"),
    ("transform(ARRAY[1, 2], x -> x * 10)", "[10, 20]"),
    ("filter(ARRAY[1, 2, 3], x -> x > 1)", "[2, 3]"),
    ("array_join(ARRAY['a', NULL, 'c'], '-')", "a-c"),
    # JSON functions: an object is no scalar
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a')", None),
    ("json_extract_scalar('{\"a\": \"x\"}', '$.a')", "x"),
    ("json_extract_scalar('nonsense', '$.a')", None),
    ("typeof(1 + 1.5)", "decimal(12,1)"),
]  # fmt: skip


def test_expressions_have_the_values_that_trino_documents(local: LocalLake) -> None:
    wrong = []
    for expression, expected in VALUES:
        [[actual]] = local.rows(f"SELECT {expression}")
        if actual != expected:
            wrong.append((expression, expected, actual))
    assert wrong == []


# (expression, type, precision, scale) as ColumnInfo reports them; Trino: data types, decimal operators
TYPES = [
    ("1", "integer", 10, 0),
    ("3000000000", "bigint", 19, 0),
    ("1 + BIGINT '1'", "bigint", 19, 0),
    ("1.25", "decimal", 3, 2),
    ("1.25 * 1.5", "decimal", 5, 3),
    ("1e0", "double", 17, 0),
    ("REAL '1'", "float", 17, 0),
    ("'abc'", "varchar", 3, 0),
    ("lower('abc')", "varchar", 3, 0),
    ("DATE '2020-01-01' + INTERVAL '1' DAY", "date", 0, 0),
    ("date_trunc('day', TIMESTAMP '2020-01-01 00:00:00')", "timestamp", 3, 0),
    ("current_timestamp", "timestamp with time zone", 3, 0),
    ("1 = 1", "boolean", 0, 0),
    ("ARRAY[1]", "array", 0, 0),
    ("ROW(1)", "row", 0, 0),
]


@pytest.mark.parametrize(("expression", "name", "precision", "scale"), TYPES)
def test_column_info(local: LocalLake, expression: str, name: str, precision: int, scale: int) -> None:
    [column] = local.run(f"SELECT {expression} AS x").columns
    assert (column["Name"], column["Type"], column["Precision"], column["Scale"]) == ("x", name, precision, scale)
    assert column["CaseSensitive"] is (name == "varchar")
