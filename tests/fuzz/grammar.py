"""Random statements: Trino's constructs over a few columns, DuckDB's where they do not belong, mutations of both."""
# ruff: noqa: E501 - the rows of these tables are easier to read in one piece

import re
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

COLUMNS = ("i", "b", "d", "n", "s", "y", "day", "at", "arr", "m", "r", "j", "bin")
SOURCE = """(VALUES
 (1, BIGINT '9223372036854775807', 0.5e0, DECIMAL '1.50', 'a,"b"', true, DATE '2020-02-29',
  TIMESTAMP '2020-01-01 01:02:03.456', ARRAY[1, NULL], MAP(ARRAY['k'], ARRAY[1]), CAST(ROW(1, 'x') AS ROW(p integer, q varchar)),
  JSON '{"a": [1, null]}', X'00ff'),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t (i, b, d, n, s, y, day, at, arr, m, r, j, bin)"""

LITERALS = (
    "1", "0", "-1", "2147483647", "9223372036854775807", "1.5", "1e308", "DECIMAL '99999999999999999999999999999999999999'",
    "NULL", "true", "'a'", "''", "'%y'", "'🦆'", "DATE '2020-01-31'", "TIMESTAMP '2020-01-01 00:00:00'",
    "TIMESTAMP '2020-01-01 00:00:00 Europe/Berlin'", "INTERVAL '1' DAY", "INTERVAL '3' MONTH", "TIME '01:02:03'",
    "ARRAY[]", "ARRAY[1, 2]", "MAP()", "ROW(1, 'a')", "JSON '{}'", "X'00'", "CHAR 'a'", "REAL '1.5'", "?",
)  # fmt: skip
TYPES = (
    "integer", "bigint", "smallint", "tinyint", "double", "real", "decimal(5,2)", "decimal(38,0)", "varchar", "varchar(2)",
    "char(3)", "boolean", "date", "timestamp", "timestamp(6)", "timestamp with time zone", "time", "varbinary", "json",
    "array(integer)", "map(varchar, bigint)", "row(a integer, b varchar)", "interval day to second", "uuid", "ipaddress",
)  # fmt: skip
OF_TYPE: dict[str, tuple[str, ...]] = {
    "bigint": ("i", "b", "3", "0", "-1"), "integer": ("i", "2", "-7"), "double": ("d", "0.5e0", "nan()"),
    "decimal": ("n", "1.50"), "varchar": ("s", "'a,b'", "''", "'%Y-%m-%d'"), "boolean": ("y", "true"),
    "date": ("day", "DATE '2020-02-29'"), "timestamp": ("at", "TIMESTAMP '2020-01-01 00:00:00'"),
    "timestamp with time zone": ("TIMESTAMP '2020-01-01 00:00:00 UTC'",), "array": ("arr", "ARRAY[3, 1, NULL]"),
    "map": ("m", "MAP(ARRAY['a'], ARRAY[2])"), "json": ("j", "JSON '[1, {}]'"), "varbinary": ("bin", "X'00ff'"),
    "row": ("r",), "interval day to second": ("INTERVAL '1' DAY",), "time": ("TIME '01:02:03'",),
    "T": ("i", "s", "arr"), "function": ("x -> x", "(x, y) -> x", "x -> x IS NULL"),
}  # fmt: skip
"""Expressions that fit the parameters of functions, by the names of the parameters' types."""
BINARY = (
    "+", "-", "*", "/", "%", "||", "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "IS DISTINCT FROM", "LIKE",
)  # fmt: skip
FOREIGN_BINARY = ("::", "->", "**", "//", "^", "~", "&", "AT TIME ZONE", "==")
DUCKDB = (
    "read_text('/etc/passwd')", "getenv('HOME')", "current_setting('temp_directory')", "[1, 2]", "{'a': 1}", "a.b.c.d",
    "COLUMNS(*)", "list_value(1)", "struct_pack(a := 1)", "glob('*')", "x -> x", "$1", "1_000", "e'\\n'", "$$a$$",
    "(SELECT 1 FROM '/etc/passwd')", "(FROM duckdb_settings())", "py_rows_0(1)", "athena_local(i)", "error('x')",
)  # fmt: skip
WRAPPERS = (
    "SELECT {e} FROM {t}", "SELECT DISTINCT {e}, {f} FROM {t} ORDER BY 1", "SELECT {e} AS x FROM {t} WHERE {f}",
    "SELECT {e}, count(*) FROM {t} GROUP BY {e} HAVING {f}", "SELECT count({e}) FILTER (WHERE {f}) FROM {t}",
    "SELECT {e} FROM {t} GROUP BY GROUPING SETS (({e}), ())", "SELECT row_number() OVER (PARTITION BY {e} ORDER BY {f}) FROM {t}",
    "WITH w AS (SELECT {e} AS x FROM {t}) SELECT x, {f} FROM w, {t} LIMIT 3", "SELECT * FROM {t} CROSS JOIN UNNEST({e}) AS u(x)",
    "SELECT {e} FROM {t} UNION ALL SELECT {f} FROM {t}", "SELECT (SELECT max({e}) FROM {t}) FROM {t} WHERE EXISTS (SELECT {f})",
    "SELECT sum({e}) OVER (ORDER BY {f} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {t}", "VALUES ({e}), ({f})",
    "SELECT * FROM {t} a JOIN {t} b ON a.{c} = b.{c} AND {e}", "SELECT t.* FROM {t} WHERE {e} IN ({f}, NULL)",
    "EXPLAIN SELECT {e}", "UNLOAD (SELECT {e} AS x) TO 's3://b/fuzz/' WITH (format = 'PARQUET')", "FROM {t} SELECT {e}",
    "COPY (SELECT {e}) TO '/tmp/fuzz'", "SELECT {e} INTO x FROM {t}", "PREPARE p FROM SELECT {e}", "SHOW TABLES LIKE {e}",
    "CREATE TABLE lake.z WITH (format = 'PARQUET') AS SELECT {e} AS x", "INSERT INTO lake.z SELECT {e}", "SELECT {e} QUALIFY {f}",
)  # fmt: skip
NOISE = "'\"`;()[]{}\x00\\$@"
_TOKEN = re.compile(r"\s+|'(?:[^']|'')*'|\w+|.", re.DOTALL)


Signature = tuple[str, tuple[str, ...]]
"""A function's name and the names of its parameters' types."""


def expressions(functions: Sequence[Signature]) -> st.SearchStrategy[str]:
    """Expressions of Trino's, now and then with one of DuckDB's inside."""
    leaves = st.one_of(st.sampled_from(LITERALS), st.sampled_from(COLUMNS), st.sampled_from(COLUMNS))
    foreign = st.integers(0, 19).flatmap(lambda n: st.sampled_from(DUCKDB) if n == 0 else leaves)
    return st.recursive(foreign, lambda inner: _composed(inner, functions), max_leaves=6)


def _composed(inner: st.SearchStrategy[str], functions: Sequence[Signature]) -> st.SearchStrategy[str]:
    def joined(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda values: form.format(*values))

    types = st.sampled_from(TYPES)
    return st.one_of(
        st.sampled_from(functions).flatmap(lambda signature: _fitting(signature, inner)),
        st.sampled_from(functions).flatmap(lambda signature: _fitting(signature, inner)),
        st.tuples(st.sampled_from(functions), st.lists(inner, max_size=4)).map(
            lambda p: f"{p[0][0]}({', '.join(p[1])})"
        ),
        joined("({} {} {})", inner, st.sampled_from([*BINARY * 20, *FOREIGN_BINARY]), inner),
        joined("CAST({} AS {})", inner, types),
        joined("TRY_CAST({} AS {})", inner, types),
        joined("CASE WHEN {} THEN {} ELSE {} END", inner, inner, inner),
        joined("CASE {} WHEN {} THEN {} END", inner, inner, inner),
        joined("({} BETWEEN {} AND {})", inner, inner, inner),
        joined("({} IN ({}, {}))", inner, inner, inner),
        joined("({} IS NULL)", inner),
        joined("NOT {}", inner),
        joined("- {}", inner),
        joined("{}[{}]", inner, inner),
        joined("ARRAY[{}, {}]", inner, inner),
        joined("ROW({}, {})", inner, inner),
        joined("MAP(ARRAY[{}], ARRAY[{}])", inner, inner),
        joined("if({}, {}, {})", inner, inner, inner),
        joined("try({})", inner),
        joined("extract(YEAR FROM {})", inner),
        joined("transform({}, x -> {})", inner, inner),
        joined("reduce({}, {}, (a, x) -> {}, a -> a)", inner, inner, inner),
        joined("(SELECT {})", inner),
        joined("({} + INTERVAL '1' MONTH)", inner),
    )


def _fitting(signature: Signature, inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A call with arguments of the right types, most of them."""
    name, parameters = signature
    arguments = [st.one_of(*[st.sampled_from(OF_TYPE[p])] * 3, inner) if p in OF_TYPE else inner for p in parameters]
    return st.tuples(*arguments).map(lambda values: f"{name}({', '.join(values)})")


def statements(functions: Sequence[Signature]) -> st.SearchStrategy[str]:
    """Whole statements; one in four is mutated."""
    written = st.builds(
        lambda form, e, f, c: form.format(e=e, f=f, c=c, t=SOURCE),
        st.sampled_from(WRAPPERS),
        expressions(functions),
        expressions(functions),
        st.sampled_from(COLUMNS),
    )
    changes = st.lists(st.tuples(st.sampled_from(list(MUTATIONS)), st.integers(0, 10_000), st.integers(0, 10_000)))
    return st.one_of(written, written, written, st.builds(mutated, written, changes))


def mutated(sql: str, changes: Sequence[tuple[str, int, int]]) -> str:
    """The statement after some changes of its tokens."""
    tokens = _TOKEN.findall(sql)
    for name, first, second in changes[:4]:
        if tokens:
            MUTATIONS[name](tokens, first % len(tokens), second % len(tokens))
    return "".join(tokens)


def _swap(tokens: list[str], one: int, other: int) -> None:
    tokens[one], tokens[other] = tokens[other], tokens[one]


MUTATIONS: dict[str, Callable[[list[str], int, int], object]] = {
    "delete": lambda tokens, one, _: tokens.pop(one),
    "repeat": lambda tokens, one, other: tokens.insert(other, tokens[one]),
    "swap": _swap,
    "break": lambda tokens, one, other: tokens.insert(one, NOISE[other % len(NOISE)]),
}
