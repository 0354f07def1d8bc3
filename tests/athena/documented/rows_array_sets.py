"""Array functions: sets, sorting, sequences, combinations, zip."""

from documented.tables import Fails, Table

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_STOP = (
    "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop "
    "should be less than or equal to start"
)

TABLES = [
    Table(
        "array",
        "Trino: array functions, array_distinct, array_union, array_except, array_intersect, arrays_overlap",
        [
            ("array_distinct(ARRAY[1, 2, 3, 2, 1])", "[1, 2, 3]", "array(integer)"),
            ("array_distinct(ARRAY[3, 1, NULL, 3, NULL, 2])", "[3, 1, null, 2]"),
            ("array_distinct(ARRAY[])", "[]"),
            ("array_distinct(ARRAY[NULL, NULL])", "[null]"),
            ("array_distinct(ARRAY['b', 'a', 'b'])", "[b, a]"),
            ("array_distinct(ARRAY[TRUE, TRUE, NULL])", "[true, null]"),
            ("array_distinct(ARRAY[1.5, 1.50, 2])", "[1.50, 2.00]"),
            ("array_distinct(ARRAY[nan(), nan()])", "[NaN]"),
            ("array_distinct(ARRAY[ARRAY[1], ARRAY[1], ARRAY[2, NULL], ARRAY[2, NULL]])", "[[1], [2, null]]"),
            ("array_distinct(ARRAY[MAP(ARRAY[1, 2], ARRAY[3, 4]), MAP(ARRAY[2, 1], ARRAY[4, 3])])", "[{1=3, 2=4}]"),
            ("array_distinct(ARRAY[ROW(1, NULL), ROW(1, NULL)])", "[{field0=1, field1=null}]"),
            ("array_distinct(CAST(NULL AS array(integer)))", None),
            ("array_union(ARRAY[12], ARRAY[10])", "[12, 10]", "array(integer)"),
            ("array_union(ARRAY['foo', 'bar', 'baz'], ARRAY['foo', 'test', 'bar'])", "[foo, bar, baz, test]"),
            ("array_union(ARRAY[NULL], ARRAY[NULL, NULL])", "[null]"),
            ("array_union(ARRAY[], ARRAY[1, 1])", "[1]"),
            ("array_union(ARRAY[1, NULL], ARRAY[NULL, 2])", "[1, null, 2]"),
            ("array_union(ARRAY[1], ARRAY[1.0, 2.5])", "[1.0, 2.5]", "array(decimal(11,1))"),
            ("array_union(ARRAY[1], NULL)", None),
            ("array_except(ARRAY[1, 5, 3], ARRAY[3])", "[1, 5]", "array(integer)"),
            ("array_except(ARRAY[1, 5, 3], ARRAY[1, 2])", "[5, 3]"),
            ("array_except(ARRAY[1, 5, 3], ARRAY[1, 5])", "[3]"),
            ("array_except(ARRAY[1, 1, 2, 4], ARRAY[1, 1, 4, 4])", "[2]"),
            ("array_except(ARRAY[2, 2, 1], ARRAY[3])", "[2, 1]"),
            ("array_except(ARRAY[1, NULL, 5], ARRAY[NULL])", "[1, 5]"),
            ("array_except(ARRAY[NULL, 1, NULL], ARRAY[1])", "[null]"),
            ("array_except(ARRAY[], ARRAY[1])", "[]"),
            ("array_except(ARRAY[ARRAY[1], ARRAY[2]], ARRAY[ARRAY[1]])", "[[2]]"),
            ("array_except(NULL, ARRAY[1])", None),
            ("array_intersect(ARRAY[12], ARRAY[10])", "[]", "array(integer)"),
            ("array_intersect(ARRAY[1, 5, 3], ARRAY[3])", "[3]"),
            ("array_intersect(ARRAY[5, 3, 1, 3], ARRAY[3, 5])", "[5, 3]"),
            ("array_intersect(ARRAY[3, 5], ARRAY[5, 3, 1])", "[5, 3]"),
            ("array_intersect(ARRAY[1, NULL, 2], ARRAY[NULL, 1])", "[1, null]"),
            ("array_intersect(ARRAY['a', 'b', 'b'], ARRAY['b', 'c'])", "[b]"),
            ("array_intersect(ARRAY[], ARRAY[1])", "[]"),
            ("array_intersect(ARRAY[ARRAY[1, NULL]], ARRAY[ARRAY[1, NULL], ARRAY[2]])", "[[1, null]]"),
            ("array_intersect(ARRAY[1, 2], ARRAY[2.0])", "[2.0]"),
            ("array_intersect(ARRAY[1], NULL)", None),
            ("arrays_overlap(ARRAY[1, 2], ARRAY[3, 4])", "false", "boolean"),
            ("arrays_overlap(ARRAY[1, 2], ARRAY[2, 4])", "true"),
            ("arrays_overlap(ARRAY[1, NULL], ARRAY[2])", None),
            ("arrays_overlap(ARRAY[1, NULL], ARRAY[1])", "true"),
            ("arrays_overlap(ARRAY[NULL], ARRAY[NULL])", None),
            ("arrays_overlap(ARRAY[], ARRAY[NULL])", "false"),
            ("arrays_overlap(ARRAY[], ARRAY[1])", "false"),
            ("arrays_overlap(ARRAY['dog', 'cat'], ARRAY['cow', 'dog'])", "true"),
            ("arrays_overlap(ARRAY[ARRAY[1], ARRAY[2]], ARRAY[ARRAY[2]])", "true"),
            ("arrays_overlap(NULL, ARRAY[1])", None),
            ("array_histogram(ARRAY['a', 'b', 'a', NULL])", "{a=2, b=1}", "map(varchar(1), bigint)"),
            ("array_histogram(ARRAY[])", "{}"),
            ("array_histogram(ARRAY[NULL])", "{}"),
            ("array_histogram(CAST(NULL AS array(integer)))", None),
            ("array_histogram(ARRAY[ARRAY[1], ARRAY[1], ARRAY[2]])", "{[1]=2, [2]=1}"),
            ("array_histogram(ARRAY[map(ARRAY[1], ARRAY[2]), map(ARRAY[1], ARRAY[2])])", "{{1=2}=2}"),
        ],
    ),
    Table(
        "array",
        "Trino: array functions, array_sort",
        [
            ("array_sort(ARRAY[2, 3, 4, 1])", "[1, 2, 3, 4]", "array(integer)"),
            ("array_sort(ARRAY['z', 'f', 's', 'd', 'g'])", "[d, f, g, s, z]"),
            ("array_sort(ARRAY[2, NULL, 3, NULL, 1])", "[1, 2, 3, null, null]"),
            ("array_sort(ARRAY[TRUE, FALSE, NULL])", "[false, true, null]"),
            ("array_sort(ARRAY[22.1e0, 11.1e0, 1.1e0])", "[1.1, 11.1, 22.1]"),
            ("array_sort(ARRAY[nan(), 1e0])", "[1.0, NaN]"),
            ("array_sort(ARRAY[ARRAY[7, 1], ARRAY[2], ARRAY[2, 0]])", "[[2], [2, 0], [7, 1]]"),
            ("array_sort(ARRAY[ROW(2, 'a'), ROW(1, 'b')])", "[{field0=1, field1=b}, {field0=2, field1=a}]"),
            ("array_sort(ARRAY[])", "[]"),
            (
                "array_sort(ARRAY[ARRAY[1], ARRAY[NULL]])",
                Fails(_INVALID, "Array contains elements not supported for comparison"),
            ),
            (
                "array_sort(ARRAY[ROW(1), ROW(NULL)])",
                Fails(_INVALID, "Array contains elements not supported for comparison"),
            ),
            ("array_sort(ARRAY[ARRAY[2, NULL], ARRAY[1, NULL], NULL])", "[[1, null], [2, null], null]"),
            ("array_sort(CAST(NULL AS array(integer)))", None),
            ("array_sort(ARRAY[MAP(ARRAY[1], ARRAY[2])])", Fails("FUNCTION_NOT_FOUND", "for function array_sort")),
            (
                "array_sort(ARRAY[3, 2, 5, 1, 2], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))",
                "[5, 3, 2, 2, 1]",
                "array(integer)",
            ),
            (
                "array_sort(ARRAY['bc', 'ab', 'dc'], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))",
                "[dc, bc, ab]",
            ),
            (
                "array_sort(ARRAY[3, 2, NULL, 5, NULL, 1, 2], (x, y) -> CASE WHEN x IS NULL THEN -1 "
                "WHEN y IS NULL THEN 1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END)",
                "[null, null, 5, 3, 2, 2, 1]",
            ),
            (
                "array_sort(ARRAY[3, 2, NULL, 5, NULL, 1, 2], (x, y) -> CASE WHEN x IS NULL THEN 1 "
                "WHEN y IS NULL THEN -1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END)",
                "[5, 3, 2, 2, 1, null, null]",
            ),
            (
                "array_sort(ARRAY['a', 'abcd', 'abc'], (x, y) -> IF(length(x) < length(y), -1, "
                "IF(length(x) = length(y), 0, 1)))",
                "[a, abc, abcd]",
            ),
            (
                "array_sort(ARRAY[ARRAY[2, 3, 1], ARRAY[4, 2, 1, 4], ARRAY[1, 2]], (x, y) -> "
                "IF(cardinality(x) < cardinality(y), -1, IF(cardinality(x) = cardinality(y), 0, 1)))",
                "[[1, 2], [2, 3, 1], [4, 2, 1, 4]]",
            ),
            ("array_sort(ARRAY['b', 'a', 'c'], (x, y) -> 0)", "[b, a, c]"),
            ("array_sort(ARRAY[], (x, y) -> 5)", "[]"),
            ("array_sort(ARRAY[1], (x, y) -> 5)", "[1]"),
            ("array_sort(CAST(NULL AS array(integer)), (x, y) -> 0)", None),
            (
                "array_sort(ARRAY[2, 1], (x, y) -> 2)",
                Fails(_INVALID, "Lambda comparator must return either -1, 0, or 1"),
            ),
            (
                "array_sort(ARRAY[2, 1], (x, y) -> CAST(NULL AS integer))",
                Fails(_INVALID, "Lambda comparator must return either -1, 0, or 1"),
            ),
            ("array_sort(ARRAY[2, 1], (x, y) -> 'a')", Fails("FUNCTION_NOT_FOUND")),
            ("array_sort(ARRAY[2, 1], (x, y) -> BIGINT '1')", Fails("FUNCTION_NOT_FOUND")),
        ],
    ),
    Table(
        "array",
        "Trino: array functions, sequence",
        [
            ("sequence(1, 5)", "[1, 2, 3, 4, 5]", "array(bigint)"),
            ("sequence(5, 1)", "[5, 4, 3, 2, 1]"),
            ("sequence(-5, -10)", "[-5, -6, -7, -8, -9, -10]"),
            ("sequence(2, 2)", "[2]"),
            ("sequence(1, 9, 4)", "[1, 5, 9]"),
            ("sequence(-10, -5, 2)", "[-10, -8, -6]"),
            ("sequence(10, 2, -2)", "[10, 8, 6, 4, 2]"),
            ("sequence(5, 1, -3)", "[5, 2]"),
            ("sequence(1, NULL)", None),
            ("sequence(1, 3, CAST(NULL AS bigint))", None),
            ("sequence(9223372036854775806, 9223372036854775807)", "[9223372036854775806, 9223372036854775807]"),
            ("cardinality(sequence(1, 10000))", "10000"),
            ("sequence(2, -1, 1)", Fails(_INVALID, _STOP)),
            ("sequence(-1, -10, 1)", Fails(_INVALID, _STOP)),
            ("sequence(1, 5, -1)", Fails(_INVALID, _STOP)),
            ("sequence(1, 5, 0)", Fails(_INVALID, "step must not be zero")),
            (
                "sequence(1, 1000000)",
                Fails(_INVALID, "result of sequence function must not have more than 10000 entries"),
            ),
            ("sequence(DATE '2016-04-12', DATE '2016-04-14')", "[2016-04-12, 2016-04-13, 2016-04-14]", "array(date)"),
            ("sequence(DATE '2016-04-14', DATE '2016-04-12')", "[2016-04-14, 2016-04-13, 2016-04-12]"),
            (
                "sequence(DATE '2016-04-12', DATE '2016-04-16', INTERVAL '2' DAY)",
                "[2016-04-12, 2016-04-14, 2016-04-16]",
            ),
            ("sequence(DATE '2016-04-16', DATE '2016-04-12', INTERVAL '-3' DAY)", "[2016-04-16, 2016-04-13]"),
            (
                "sequence(DATE '2020-01-31', DATE '2020-04-30', INTERVAL '1' MONTH)",
                "[2020-01-31, 2020-02-29, 2020-03-31, 2020-04-30]",
            ),
            (
                "sequence(DATE '2016-04-12', DATE '2018-04-13', INTERVAL '1' YEAR)",
                "[2016-04-12, 2017-04-12, 2018-04-12]",
            ),
            (
                "sequence(DATE '2018-04-12', DATE '2016-04-12', INTERVAL '-1' YEAR)",
                "[2018-04-12, 2017-04-12, 2016-04-12]",
            ),
            (
                "sequence(TIMESTAMP '2016-04-16 01:00:10.000', "
                "TIMESTAMP '2016-04-16 01:07:00.000', INTERVAL '3' MINUTE)",
                "[2016-04-16 01:00:10.000, 2016-04-16 01:03:10.000, 2016-04-16 01:06:10.000]",
            ),
            (
                "sequence(TIMESTAMP '2016-04-16 01:10:10.000', "
                "TIMESTAMP '2016-04-16 01:03:00.000', INTERVAL '-3' MINUTE)",
                "[2016-04-16 01:10:10.000, 2016-04-16 01:07:10.000, 2016-04-16 01:04:10.000]",
            ),
            (
                "sequence(TIMESTAMP '2016-04-16 01:00:10.500', TIMESTAMP '2016-06-16 01:00:10', INTERVAL '1' MONTH)",
                "[2016-04-16 01:00:10.500, 2016-05-16 01:00:10.500]",
                "array(timestamp(3))",
            ),
            (
                "sequence(DATE '2016-04-12', DATE '2016-04-14', INTERVAL '0' DAY)",
                Fails(_INVALID, "step must not be zero"),
            ),
            ("sequence(DATE '2016-04-12', DATE '2016-04-14', INTERVAL '-1' DAY)", Fails(_INVALID, _STOP)),
            ("sequence(DATE '2016-04-12', DATE '2016-04-10', INTERVAL '1' MONTH)", Fails(_INVALID, _STOP)),
            (
                "sequence(DATE '2016-04-12', DATE '2016-04-14', INTERVAL '1' HOUR)",
                Fails(_INVALID, "sequence step must be a day interval if start and end values are dates"),
            ),
            (
                "sequence(DATE '2000-04-14', DATE '2030-04-12')",
                Fails(_INVALID, "result of sequence function must not have more than 10000 entries"),
            ),
            ("SELECT count(*) FROM UNNEST(sequence(1, 100)) t(x)", "100"),
        ],
    ),
    Table(
        "array",
        "Trino: array functions, combinations, ngrams",
        [
            (
                "combinations(ARRAY['foo', 'bar', 'boo'], 2)",
                "[[foo, bar], [foo, boo], [bar, boo]]",
                "array(array(varchar(3)))",
            ),
            (
                "combinations(ARRAY[1, 2, 3, 4, 5], 3)",
                "[[1, 2, 3], [1, 2, 4], [1, 3, 4], [2, 3, 4], [1, 2, 5], [1, 3, 5], [2, 3, 5], "
                "[1, 4, 5], [2, 4, 5], [3, 4, 5]]",
            ),
            (
                "combinations(ARRAY['a', 'bb', 'ccc', 'dddd'], 2)",
                "[[a, bb], [a, ccc], [bb, ccc], [a, dddd], [bb, dddd], [ccc, dddd]]",
            ),
            ("combinations(ARRAY[1, 2, 2], 2)", "[[1, 2], [1, 2], [2, 2]]"),
            ("combinations(ARRAY['foo', NULL, 'bar'], 2)", "[[foo, null], [foo, bar], [null, bar]]"),
            ("combinations(ARRAY[1, 2], 0)", "[[]]"),
            ("combinations(ARRAY[], 2)", "[]"),
            ("combinations(ARRAY[1], 2)", "[]"),
            ("combinations(ARRAY[1, 2, 3], 1)", "[[1], [2], [3]]"),
            ("combinations(CAST(NULL AS array(bigint)), 2)", None),
            ("cardinality(combinations(sequence(1, 40), 3))", "9880"),
            ("combinations(sequence(1, 40), -1)", Fails(_INVALID, "combination size must not be negative: -1")),
            ("combinations(sequence(1, 40), 10)", Fails(_INVALID, "combination size must not exceed 5: 10")),
            ("combinations(sequence(1, 100), 5)", Fails(_INVALID, "combinations exceed max size")),
            ("ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 2)", "[[foo, bar], [bar, baz], [baz, foo]]"),
            ("ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 3)", "[[foo, bar, baz], [bar, baz, foo]]"),
            ("ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 4)", "[[foo, bar, baz, foo]]"),
            ("ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 5)", "[[foo, bar, baz, foo]]"),
            ("ngrams(ARRAY[1, 2, 3, 4], 2)", "[[1, 2], [2, 3], [3, 4]]", "array(array(integer))"),
            ("ngrams(ARRAY['a', NULL], 1)", "[[a], [null]]"),
            ("ngrams(ARRAY[], 2)", "[[]]"),
            ("ngrams(NULL, 2)", None),
            ("ngrams(ARRAY['foo', 'bar'], 0)", Fails(_INVALID, "N must be positive")),
        ],
    ),
    Table(
        "array",
        "Trino: array functions, zip",
        [
            (
                "zip(ARRAY[1, 2], ARRAY['1b', NULL, '3b'])",
                "[{field0=1, field1=1b}, {field0=2, field1=null}, {field0=null, field1=3b}]",
                "array(row(integer, varchar(2)))",
            ),
            ("zip(ARRAY[1], ARRAY[2], ARRAY[3])", "[{field0=1, field1=2, field2=3}]"),
            (
                "zip(ARRAY[1], ARRAY[2], ARRAY[3], ARRAY['a'], ARRAY[TRUE])",
                "[{field0=1, field1=2, field2=3, field3=a, field4=true}]",
            ),
            ("zip(ARRAY[], ARRAY[])", "[]", "array(row(unknown, unknown))"),
            ("zip(ARRAY[NULL], ARRAY[NULL, 1])", "[{field0=null, field1=null}, {field0=null, field1=1}]"),
            ("zip(ARRAY[1, 2], NULL)", None),
            ("SELECT sum(a * b) FROM UNNEST(zip(ARRAY[1, 2], ARRAY[3, 4])) t(a, b)", "11"),
        ],
    ),
]
