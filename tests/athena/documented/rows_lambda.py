"""Lambda expressions and the functions that take them."""

from documented.tables import Fails, Table

_INVALID = "INVALID_FUNCTION_ARGUMENT"

TABLES = [
    Table(
        "lambda",
        "Trino: lambda expressions",
        [
            ("transform(ARRAY[1, 2], x -> x + 1)", "[2, 3]"),
            ("transform(ARRAY[1, 2], (x) -> x + 1)", "[2, 3]"),
            ("transform(ARRAY['a', 'b'], X -> x || 'z')", "[az, bz]"),
            ("transform(ARRAY[1, 2], x -> NULL)", "[null, null]", "array(unknown)"),
            ("transform(ARRAY[1, 2], x -> 'c')", "[c, c]", "array(varchar(1))"),
            ("transform(ARRAY[], x -> 1)", "[]", "array(integer)"),
            ("transform(ARRAY[ARRAY[1], ARRAY[2, 3]], x -> transform(x, y -> y + cardinality(x)))", "[[2], [4, 5]]"),
            ("transform(ARRAY[1, 2], x -> transform(ARRAY[10, 20], x -> x))", "[[10, 20], [10, 20]]"),
            ("transform(ARRAY[1, 2], x -> transform(ARRAY[10, 20], y -> x * y))", "[[10, 20], [20, 40]]"),
            ("transform(ARRAY[1, 2], x -> reduce(ARRAY[1, 2], x, (s, y) -> s + y, s -> s * x))", "[4, 10]"),
            (
                "zip_with(ARRAY[1, 2], ARRAY[10, 20], (x, y) -> zip_with(ARRAY[x], ARRAY[y], (a, b) -> a + b + x))",
                "[[12], [24]]",
            ),
            ("transform(ARRAY[ROW(1, 'a')], r -> r[2])", "[a]"),
            ("transform(CAST(ARRAY[ROW(1, 'a')] AS array(row(n integer, t varchar))), r -> r.t)", "[a]"),
            ("transform(ARRAY[1, 2], x -> IF(x > 1, 'big', NULL))", "[null, big]"),
            ("transform(ARRAY[1, 2], x -> ROW(x, 'k'))", "[{field0=1, field1=k}, {field0=2, field1=k}]"),
            ("transform(ARRAY[1, 0], x -> TRY(10 / x))", "[10, null]"),
            ("transform(ARRAY[1, 0], x -> 10 / x)", Fails("DIVISION_BY_ZERO")),
            ("TRY(transform(ARRAY[1, 0], x -> 10 / x))", None),
            (
                "SELECT sum(cardinality(filter(a, x -> x > n))) FROM (VALUES (ARRAY[1, 2], 1), (ARRAY[3], 5)) t(a, n)",
                "1",
            ),
            (
                "SELECT count(*) FROM (VALUES (ARRAY[1, 2], 2), (ARRAY[3], 5)) t(a, n) WHERE any_match(a, x -> x = n)",
                "1",
            ),
            ("SELECT transform(a, x -> x + t.n) FROM (VALUES (ARRAY[1, 2], 10)) t(a, n)", "[11, 12]"),
            ("SELECT transform(a, n -> n + 1) FROM (VALUES (ARRAY[1, 2], 10)) t(a, n)", "[2, 3]"),
            ("SELECT transform(a, x -> x.f) FROM (VALUES ROW(ARRAY[CAST(ROW(1) AS row(f integer))])) t(a)", "[1]"),
            ("SELECT transform(array_agg(x), y -> y + 1) FROM (VALUES 1) t(x)", "[2]"),
            ("SELECT transform(ARRAY[1], y -> y + x) FROM (VALUES 5, 5) t(x) GROUP BY x", "[6]"),
            (
                "SELECT count(*) FROM (SELECT 1 FROM (VALUES 1, 1, 2) t(x) GROUP BY transform(ARRAY[1], y -> y + x))",
                "2",
            ),
            (
                "SELECT transform(ARRAY[1], y -> y + x) FROM (VALUES 5, 5) t(x) "
                "GROUP BY transform(ARRAY[1], y -> y + x)",
                "[6]",
            ),
            ("SELECT max(reduce(a, 0, (s, x) -> s + x, s -> s)) FROM (VALUES ARRAY[1, 2], ARRAY[4]) t(a)", "4"),
            (
                "SELECT (SELECT sum(x) FROM UNNEST(transform(t.a, x -> x * n)) u(x)) "
                "FROM (VALUES (ARRAY[1, 2], 3)) t(a, n)",
                "9",
            ),
            (
                "SELECT transform(ARRAY[1], y -> y + x) FROM (VALUES (5, 1)) t(x, z) GROUP BY z",
                Fails("EXPRESSION_NOT_AGGREGATE"),
            ),
            (
                "transform(ARRAY[1, 2], (x, y) -> x)",
                Fails("INVALID_PARAMETER_USAGE", "Expected a lambda that takes 1 argument(s) but got 2"),
            ),
            (
                "transform(ARRAY[1, 2], () -> 1)",
                Fails("INVALID_PARAMETER_USAGE", "Expected a lambda that takes 1 argument(s) but got 0"),
            ),
            (
                "reduce(ARRAY[1], 0, s -> s, s -> s)",
                Fails("INVALID_PARAMETER_USAGE", "Expected a lambda that takes 2 argument(s) but got 1"),
            ),
            ("x -> x", Fails("TYPE_MISMATCH", "Lambda expression should always be used inside a function")),
            ("abs(x -> x)", Fails("FUNCTION_NOT_FOUND", "Unexpected parameters (<function>) for function abs")),
            (
                "transform(1, x -> x)",
                Fails("FUNCTION_NOT_FOUND", "Unexpected parameters (integer, <function>) for function transform"),
            ),
            ("transform(ARRAY[1], 2)", Fails("FUNCTION_NOT_FOUND", "for function transform")),
            ("transform(ARRAY[1], x -> y)", Fails("COLUMN_NOT_FOUND", "Column 'y' cannot be resolved")),
            ("transform(ARRAY[1], x -> x || 'a')", Fails("FUNCTION_NOT_FOUND")),
            (
                "transform(ARRAY[1], x -> (SELECT 1))",
                Fails("NOT_SUPPORTED", "Lambda expression cannot contain subqueries"),
            ),
            (
                "filter(ARRAY[1], x -> x IN (SELECT 1))",
                Fails("NOT_SUPPORTED", "Lambda expression cannot contain subqueries"),
            ),
            (
                "transform(ARRAY[1], x -> sum(x))",
                Fails(
                    "EXPRESSION_NOT_SCALAR",
                    "Lambda expression cannot contain aggregations, window functions or grouping operations: [sum(x)]",
                ),
            ),
            (
                "transform(ARRAY[1], x -> rank() OVER ())",
                Fails("EXPRESSION_NOT_SCALAR", "Lambda expression cannot contain"),
            ),
            ("filter(ARRAY[1, 2], x -> x)", Fails("FUNCTION_NOT_FOUND")),
        ],
    ),
    Table(
        "lambda",
        "Trino: array functions, transform, filter, reduce, zip_with",
        [
            ("transform(ARRAY[5, 6], x -> x + 1)", "[6, 7]", "array(integer)"),
            ("transform(ARRAY[5, NULL, 6], x -> coalesce(x, 0) + 1)", "[6, 1, 7]"),
            ("transform(ARRAY['x', 'abc', 'z'], x -> x || '0')", "[x0, abc0, z0]"),
            (
                "transform(ARRAY[ARRAY[1, NULL, 2], ARRAY[3, NULL]], a -> filter(a, x -> x IS NOT NULL))",
                "[[1, 2], [3]]",
            ),
            ("transform(ARRAY[25, 26], x -> CAST(x AS double))", "[25.0, 26.0]", "array(double)"),
            ("transform(ARRAY[TRUE, NULL], x -> NOT x)", "[false, null]"),
            ("transform(CAST(NULL AS array(integer)), x -> x)", None),
            ("transform(NULL, x -> x)", None),
            ("transform(ARRAY[1, 2], x -> map(ARRAY['k'], ARRAY[x]))", "[{k=1}, {k=2}]"),
            ("transform(ARRAY[map(ARRAY['abc'], ARRAY[1])], m -> map_keys(m))", "[[abc]]"),
            ("filter(ARRAY[], x -> TRUE)", "[]"),
            ("filter(ARRAY[5, -6, NULL, 7], x -> x > 0)", "[5, 7]", "array(integer)"),
            ("filter(ARRAY[5, NULL, 7, NULL], x -> x IS NOT NULL)", "[5, 7]"),
            ("filter(ARRAY[5, 6], x -> CAST(NULL AS boolean))", "[]"),
            ("filter(ARRAY[5, 6], x -> NULL)", Fails("FUNCTION_NOT_FOUND")),
            ("filter(ARRAY[TRUE, FALSE, NULL], x -> x)", "[true]"),
            ("filter(ARRAY[NULL, 1], x -> x IS NULL)", "[null]"),
            ("filter(CAST(NULL AS array(integer)), x -> TRUE)", None),
            ("reduce(ARRAY[], 0, (s, x) -> s + x, s -> s)", "0"),
            ("reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)", "75", "integer"),
            ("reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + x, s -> s)", None),
            ("reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + coalesce(x, 0), s -> s)", "75"),
            ("reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> IF(x IS NULL, s, s + x), s -> s)", "75"),
            ("reduce(ARRAY[2147483647, 1], BIGINT '0', (s, x) -> s + x, s -> s)", "2147483648", "bigint"),
            ("reduce(ARRAY[BIGINT '2147483647', 1], 0, (s, x) -> s + x, s -> s)", "2147483648", "bigint"),
            (
                "reduce(ARRAY[5, 6, 10, 20], CAST(ROW(0.0, 0) AS row(sum double, count integer)), "
                "(s, x) -> CAST(ROW(x + s.sum, s.count + 1) AS row(sum double, count integer)), "
                "s -> IF(s.count = 0, NULL, s.sum / s.count))",
                "10.25",
                "double",
            ),
            (
                "reduce(ARRAY[2147483647, 1], CAST(0 AS bigint), (s, x) -> s + x, s -> CAST(s AS varchar))",
                "2147483648",
                "varchar",
            ),
            ("reduce(ARRAY['a', 'b'], CAST('' AS varchar), (s, x) -> s || x, s -> s)", "ab"),
            ("reduce(ARRAY[1, 2, 3], ARRAY[0], (s, x) -> s || x, s -> reverse(s))", "[3, 2, 1, 0]"),
            ("reduce(ARRAY[1, 2], CAST(NULL AS integer), (s, x) -> coalesce(s, 10) + x, s -> s)", "13"),
            ("reduce(ARRAY[3, 4], 0, (s, x) -> s + x, s -> s > 5)", "true", "boolean"),
            ("reduce(CAST(NULL AS array(integer)), 0, (s, x) -> s + x, s -> s)", None),
            ("reduce(ARRAY[1], 0, (s, x) -> CAST(NULL AS integer), s -> coalesce(s, -1))", "-1"),
            ("reduce(ARRAY[1, NULL, 2], 0, (s, x) -> CAST(s + x AS tinyint), s -> s)", Fails("FUNCTION_NOT_FOUND")),
            (
                "reduce(ARRAY[123456789012345, NULL, 54321], 0, (s, x) -> s + coalesce(x, 0), s -> s)",
                "123456789066666",
                "bigint",
            ),
            (
                "zip_with(ARRAY[1, 3, 5], ARRAY['a', 'b', 'c'], (x, y) -> (y, x))",
                "[{field0=a, field1=1}, {field0=b, field1=3}, {field0=c, field1=5}]",
                "array(row(varchar(1), integer))",
            ),
            ("zip_with(ARRAY[1, 2], ARRAY[3, 4], (x, y) -> x + y)", "[4, 6]", "array(integer)"),
            ("zip_with(ARRAY['a', 'b', 'c'], ARRAY['d', 'e', 'f'], (x, y) -> concat(x, y))", "[ad, be, cf]"),
            ("zip_with(ARRAY['a'], ARRAY['d', NULL, 'f'], (x, y) -> coalesce(x, y))", "[a, null, f]"),
            ("zip_with(ARRAY[1, 2, 3], ARRAY[10], (x, y) -> coalesce(y, 0) + x)", "[11, 2, 3]"),
            ("zip_with(ARRAY[], ARRAY[], (x, y) -> x)", "[]"),
            ("zip_with(ARRAY[1], NULL, (x, y) -> x)", None),
            ("zip_with(CAST(NULL AS array(integer)), ARRAY[1], (x, y) -> y)", None),
            (
                "SELECT zip_with(a, b, (x, y) -> x * y + n) FROM (VALUES (ARRAY[1, 2], ARRAY[3, 4], 100)) t(a, b, n)",
                "[103, 108]",
            ),
        ],
    ),
    Table(
        "lambda",
        "Trino: array functions, all_match, any_match, none_match",
        [
            ("all_match(ARRAY[4, 5, 6], x -> x > 3)", "true", "boolean"),
            ("all_match(ARRAY[3, 4], x -> x > 3)", "false"),
            ("all_match(ARRAY[], x -> FALSE)", "true"),
            ("all_match(ARRAY[4, NULL], x -> x > 3)", None),
            ("all_match(ARRAY[1, NULL], x -> x > 3)", "false"),
            ("all_match(ARRAY[NULL], x -> x IS NULL)", "true"),
            ("all_match(ARRAY[1], x -> CAST(NULL AS boolean))", None),
            ("all_match(CAST(NULL AS array(integer)), x -> TRUE)", None),
            ("any_match(ARRAY[1, 5], x -> x > 3)", "true", "boolean"),
            ("any_match(ARRAY[1, 2], x -> x > 3)", "false"),
            ("any_match(ARRAY[], x -> TRUE)", "false"),
            ("any_match(ARRAY[1, NULL], x -> x > 3)", None),
            ("any_match(ARRAY[5, NULL], x -> x > 3)", "true"),
            ("any_match(CAST(NULL AS array(integer)), x -> TRUE)", None),
            ("any_match(ARRAY[ARRAY[1], ARRAY[2]], a -> contains(a, 2))", "true"),
            ("none_match(ARRAY[1, 2], x -> x > 3)", "true", "boolean"),
            ("none_match(ARRAY[1, 5], x -> x > 3)", "false"),
            ("none_match(ARRAY[], x -> TRUE)", "true"),
            ("none_match(ARRAY[1, NULL], x -> x > 3)", None),
            ("none_match(ARRAY[5, NULL], x -> x > 3)", "false"),
            ("none_match(CAST(NULL AS array(integer)), x -> TRUE)", None),
        ],
    ),
    Table(
        "map",
        "Trino: map functions, map_filter, transform_keys, transform_values, map_zip_with",
        [
            ("map_filter(map(ARRAY[], ARRAY[]), (k, v) -> TRUE)", "{}"),
            (
                "map_filter(map(ARRAY[10, 20, 30], ARRAY['a', NULL, 'c']), (k, v) -> v IS NOT NULL)",
                "{10=a, 30=c}",
                "map(integer, varchar(1))",
            ),
            ("map_filter(map(ARRAY['k1', 'k2', 'k3'], ARRAY[20, 3, 15]), (k, v) -> v > 10)", "{k1=20, k3=15}"),
            ("map_filter(map(ARRAY[1, 2], ARRAY[3, 4]), (k, v) -> CAST(NULL AS boolean))", "{}"),
            ("map_filter(map(ARRAY[1, 2], ARRAY[3, 4]), (k, v) -> k = 2)", "{2=4}"),
            ("map_filter(CAST(NULL AS map(integer, integer)), (k, v) -> TRUE)", None),
            ("transform_keys(map(ARRAY[], ARRAY[]), (k, v) -> NULL)", "{}", "map(unknown, unknown)"),
            ("transform_keys(CAST(map() AS map(integer, integer)), (k, v) -> k + 1)", "{}"),
            ("transform_keys(map(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), (k, v) -> k + 1)", "{2=a, 3=b, 4=c}"),
            ("transform_keys(map(ARRAY['a', 'b', 'c'], ARRAY[1, 2, 3]), (k, v) -> v * v)", "{1=1, 4=2, 9=3}"),
            (
                "transform_keys(map(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS varchar))",
                "{a1=1, b2=2}",
                "map(varchar, integer)",
            ),
            (
                "transform_keys(map(ARRAY[1, 2], ARRAY[1.0, 1.4]), (k, v) -> map(ARRAY[1, 2], ARRAY['one', 'two'])[k])",
                "{one=1.0, two=1.4}",
            ),
            ("transform_keys(CAST(NULL AS map(integer, integer)), (k, v) -> k)", None),
            (
                "transform_keys(map(ARRAY[1, 2], ARRAY[3, 4]), (k, v) -> 'x')",
                Fails(_INVALID, "Duplicate keys (x) are not allowed"),
            ),
            (
                "transform_keys(map(ARRAY[1, 2], ARRAY[3, 4]), (k, v) -> CAST(NULL AS integer))",
                Fails(_INVALID, "map key cannot be null"),
            ),
            (
                "transform_values(map(ARRAY[1, 2, 3], ARRAY[10, 20, 30]), (k, v) -> v + k)",
                "{1=11, 2=22, 3=33}",
                "map(integer, integer)",
            ),
            ("transform_values(map(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), (k, v) -> k * k)", "{1=1, 2=4, 3=9}"),
            ("transform_values(map(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS varchar))", "{a=a1, b=b2}"),
            (
                "transform_values(map(ARRAY[1, 2], ARRAY[1.0, 1.4]), (k, v) -> NULL)",
                "{1=null, 2=null}",
                "map(integer, unknown)",
            ),
            ("transform_values(map(), (k, v) -> 1)", "{}"),
            ("transform_values(CAST(NULL AS map(integer, integer)), (k, v) -> k)", None),
            (
                "map_zip_with(map(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), map(ARRAY[1, 2, 3], ARRAY['d', 'e', 'f']), "
                "(k, v1, v2) -> concat(v1, v2))",
                "{1=ad, 2=be, 3=cf}",
            ),
            (
                "map_zip_with(map(ARRAY['k1', 'k2'], ARRAY[1, 2]), map(ARRAY['k2', 'k3'], ARRAY[4, 9]), "
                "(k, v1, v2) -> (v1, v2))",
                "{k1={field0=1, field1=null}, k2={field0=2, field1=4}, k3={field0=null, field1=9}}",
                "map(varchar(2), row(integer, integer))",
            ),
            (
                "map_zip_with(map(ARRAY['a', 'b', 'c'], ARRAY[1, 8, 27]), map(ARRAY['a', 'b', 'c'], ARRAY[1, 2, 3]), "
                "(k, v1, v2) -> k || CAST(v1 / v2 AS varchar))",
                "{a=a1, b=b4, c=c9}",
            ),
            ("map_zip_with(map(), map(), (k, v1, v2) -> 1)", "{}"),
            ("map_zip_with(map(ARRAY[1], ARRAY[2]), CAST(NULL AS map(integer, integer)), (k, v1, v2) -> 1)", None),
            (
                "map_filter(map(ARRAY['a'], ARRAY[map(ARRAY['b'], ARRAY[1])]), (k, v) -> "
                "cardinality(map_filter(v, (a, b) -> a > k)) > 0)",
                "{a={b=1}}",
            ),
            (
                "map_filter(map(ARRAY[1], ARRAY[2]), k -> TRUE)",
                Fails("INVALID_PARAMETER_USAGE", "Expected a lambda that takes 2 argument(s) but got 1"),
            ),
        ],
    ),
]
