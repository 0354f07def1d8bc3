"""Tables of text: LazySimpleSerDe, OpenCSVSerDe, RegexSerDe; compressions; files that hold nothing.

Expected rows follow Athena's user guide (SerDe reference, compression formats) and Hive's documented behaviour.
"""
# ruff: noqa: E501 - a table of cases reads best with a case on a line

import bz2
import gzip
import zlib

import pyarrow as pa
import pytest
from athena_fakes import LocalLake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_athena_tables import put

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading import conversions

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe"
COMMA = {"field.delim": ","}


def rows(
    local: LocalLake,
    serde: str,
    columns: str,
    options: dict[str, str],
    body: bytes | str,
    sql: str = "SELECT * FROM t",
    **table: object,
) -> list[list[str | None]]:
    local.catalog.add("t", columns, serde=serde, serde_parameters=options, **table)
    put(local, "s3://lake/t/a.txt", body.encode() if isinstance(body, str) else body)
    return local.rows(sql)


# (columns, SerDe properties, file, rows)
DELIMITED = [
    ("a string; b int", {}, "x\x011\ny\x012\n", [["x", "1"], ["y", "2"]]),  # Ctrl-A without any property
    ("a string; b int", COMMA, "x,1\ny,2", [["x", "1"], ["y", "2"]]),  # no line end at the end
    ("a string; b int", {"field.delim": "\\t"}, "x\t1\n", [["x", "1"]]),
    ("a string; b int", {"field.delim": "\t"}, "x\t1\n", [["x", "1"]]),
    ("a string; b int", {"field.delim": "\\001"}, "x\x011\n", [["x", "1"]]),
    ("a string; b int", {"serialization.format": ","}, "x,1\n", [["x", "1"]]),
    ("a string; b int", {"serialization.format": "1"}, "x\x011\n", [["x", "1"]]),
    ("a string; b int", COMMA, "x,1\r\ny,2\rz,3", [["x", "1"], ["y", "2"], ["z", "3"]]),
    ("a string; b int; c int", COMMA, "x\ny,2,3,4\n", [["x", None, None], ["y", "2", "3"]]),  # too few, too many
    ("a string; b string", COMMA, "\n,\n", [["", None], ["", ""]]),
    ("a string; b int", COMMA, "\\N,\\N\n", [[None, None]]),
    ("a string; b int", {**COMMA, "serialization.null.format": ""}, ",1\nx,\n", [[None, "1"], ["x", None]]),
    ("a string; b string", {**COMMA, "serialization.null.format": "NULL"}, "NULL,\\N\n", [[None, "\\N"]]),
    ("a string; b string", COMMA, '"x,y",1\n', [['"x', 'y"']]),  # quotes mean nothing
    ("a string; b string", {**COMMA, "escape.delim": "\\"}, "x\\,y,a\\\\\\,b\\q\n", [["x,y", "a\\,bq"]]),
    ("a string; b string", {**COMMA, "escape.delim": "\\"}, "\\N,x\n", [[None, "x"]]),
    ("a string; b string", {**COMMA, "escape.delim": "!"}, "x!,y,!!\n", [["x,y", "!"]]),
    ("a string; b string", {**COMMA, "serialization.last.column.takes.rest": "true"}, "x,y,z\n", [["x", "y,z"]]),
    ("a tinyint; b smallint; c int; d bigint", COMMA, "127,32767,2147483647,9223372036854775807\n128,32768,2147483648,9223372036854775808\n", [["127", "32767", "2147483647", "9223372036854775807"], [None] * 4]),
    ("a int; b int; c int; d int", COMMA, "1.9,+7,-3.5,007\n1e2, 1,1_0,\n", [["1", "7", "-3", "7"], [None] * 4]),
    ("a double; b float; c double; d double", COMMA, "1.5,1e2, 2 ,x\nNaN,Infinity,-Infinity,\n", [["1.5", "100.0", "2.0", None], ["NaN", "Infinity", "-Infinity", None]]),
    ("a decimal(5,2); b decimal(5,2); c decimal(5,2)", COMMA, "1.005,999.994,1000\n1e2,x,\n", [["1.01", "999.99", None], ["100.00", None, None]]),
    ("a boolean; b boolean; c boolean; d boolean", COMMA, "true,FALSE,1,t\n", [["true", "false", None, None]]),
    ("a boolean; b boolean", {**COMMA, "hive.lazysimple.extended_boolean_literal": "true"}, "T,0\n", [["true", "false"]]),
    ("a date; b date; c date", COMMA, "2020-02-03,2020-2-3,2020-02-03 04:05:06\n2020-02-30,03/02/2020,\n", [["2020-02-03", "2020-02-03", "2020-02-03"], ["2020-03-01", None, None]]),
    ("a timestamp; b timestamp; c timestamp", COMMA, "2020-02-03 04:05:06,2020-02-03 04:05:06.1236,2020-02-03\n2020-02-03T04:05:06,2020-02-03 04:05,1580702706\n", [["2020-02-03 04:05:06.000", "2020-02-03 04:05:06.124", "2020-02-03 00:00:00.000"], ["2020-02-03 04:05:06.000", None, None]]),
    ("a varchar(2); b char(3)", COMMA, "abc,abcd\n", [["ab", "abc"]]),
    ("a binary", COMMA, "aGk=\n", [["68 69"]]),
    ("a array<int>; b string", {**COMMA, "collection.delim": "|"}, "1|2|x,y\n,z\n\\N,w\n", [["[1, 2, null]", "y"], ["[]", "z"], [None, "w"]]),
    ("a map<string,int>", {**COMMA, "collection.delim": "|", "mapkey.delim": ":"}, "x:1|y:2\nx:1|x:2|z\n\n", [["{x=1, y=2}"], ["{x=1, z=null}"], ["{}"]]),
    ("a map<string,int>", {**COMMA, "colelction.delim": "|", "mapkey.delim": ":"}, "x:1|y:2\n", [["{x=1, y=2}"]]),
    ("a struct<x:int,y:string>", {**COMMA, "collection.delim": "|"}, "1|q\n2\n3|q|more\n", [["{x=1, y=q}"], ["{x=2, y=null}"], ["{x=3, y=q}"]]),
    ("a array<array<int>>", {**COMMA, "collection.delim": "|", "mapkey.delim": ":"}, "1:2|3\n", [["[[1, 2], [3]]"]]),
    ("a map<string,array<int>>", {**COMMA, "collection.delim": "|", "mapkey.delim": ":"}, "x:1\x042|y:3\n", [["{x=[1, 2], y=[3]}"]]),
    ("a array<struct<x:int,m:map<string,int>>>", {}, "1\x03k\x052\x04l\x053\x024\n", [["[{x=1, m={k=2, l=3}}, {x=4, m=null}]"]]),
    ("a array<string>; b string", {**COMMA, "collection.delim": "|", "escape.delim": "\\"}, "x\\|y|z\\,w,v\n", [["[x|y, z,w]", "v"]]),
    ("a string", COMMA, b"caf\xc3\xa9\nb\xffc\n", [["café"], ["b\ufffdc"]]),
]  # fmt: skip


@pytest.mark.parametrize("direct", [0, conversions.DIRECT_BYTES])
@pytest.mark.parametrize(("columns", "options", "body", "expected"), DELIMITED)
def test_delimited(
    local: LocalLake,
    monkeypatch: pytest.MonkeyPatch,
    direct: int,
    columns: str,
    options: dict[str, str],
    body: bytes | str,
    expected: list[list[str | None]],
) -> None:
    monkeypatch.setattr("workshop.sandbox.athena.reading.sources.DIRECT_BYTES", direct)
    assert rows(local, LAZY, columns, options, body) == expected
    assert local.rows("SELECT count(*) FROM t") == [[str(len(expected))]]
    assert local.rows("SELECT * FROM t") == expected  # from the copy that is kept


# (columns, SerDe properties, table properties, file, rows)
CSVS = [
    ("a string; b string", {}, {}, 'x,"y,z"\n"q",w\n', [["x", "y,z"], ["q", "w"]]),
    ("a string; b string", {}, {}, 'x,"a""b"\n"a\\"b",""\n', [["x", 'a"b'], ['a"b', ""]]),
    ("a string; b string", {"separatorChar": ";", "quoteChar": "'"}, {}, "'x;y';z\n", [["x;y", "z"]]),
    ("a string; b string", {"separatorChar": "\t"}, {}, "x\ty\n", [["x", "y"]]),
    ("a string; b string", {"escapeChar": "!", "quoteChar": "`"}, {}, "`x!`y`,z\n", [["x`y", "z"]]),
    ("a string; b string; c string", {}, {}, "x\na,b,c,d\n", [["x", None, None], ["a", "b", "c"]]),
    ("a string; b string", {}, {}, "\n,\n", [[None, None], ["", ""]]),
    ("a string; b string", {}, {}, 'x,"open\nclose",y\n', [["x", None], [None, None]]),  # no line breaks inside of values
    ("a string; b int", {}, {"skip.header.line.count": "1"}, "name,n\nx,1\n", [["x", "1"]]),
    ("a boolean; b bigint; c double; d int", {}, {}, '"true","9007199254740993","1.5","-7"\nno,0,1e2,0\n', [["true", "9007199254740993", "1.5", "-7"], ["false", "0", "100.0", "0"]]),
    ("a date; b timestamp", {}, {}, '"18276","1579059880000"\n', [["2020-01-15", "2020-01-15 03:44:40.000"]]),
    ("a int; b date", {}, {"use.null.for.invalid.data": "true"}, "x,2020-01-01\n", [[None, None]]),
]  # fmt: skip


@pytest.mark.parametrize("direct", [0, conversions.DIRECT_BYTES])
@pytest.mark.parametrize(("columns", "options", "properties", "body", "expected"), CSVS)
def test_open_csv(
    local: LocalLake,
    monkeypatch: pytest.MonkeyPatch,
    direct: int,
    columns: str,
    options: dict[str, str],
    properties: dict[str, str],
    body: str,
    expected: list[list[str | None]],
) -> None:
    monkeypatch.setattr("workshop.sandbox.athena.reading.sources.DIRECT_BYTES", direct)
    assert rows(local, CSV, columns, options, body, properties=properties) == expected


@pytest.mark.parametrize("direct", [0, conversions.DIRECT_BYTES])
@pytest.mark.parametrize(
    ("columns", "value", "reason"),
    [
        ("a string; n int", "x,", "HIVE_BAD_DATA: Error parsing field value '' for field 1: For input string: \"\""),
        ("a string; n bigint", "x,many", "HIVE_BAD_DATA: Error parsing field value 'many' for field 1: For input string: \"many\""),
        ("a string; n timestamp", "x,2020-01-15 03:44:40", "HIVE_BAD_DATA: Error parsing field value '2020-01-15 03:44:40' for field 1"),
        ("a string; n array<int>", "x,1", "NOT_SUPPORTED: A column of type array(integer) with OpenCSVSerDe"),
    ],
)  # fmt: skip
def test_open_csv_refuses(
    local: LocalLake, monkeypatch: pytest.MonkeyPatch, direct: int, columns: str, value: str, reason: str
) -> None:
    monkeypatch.setattr("workshop.sandbox.athena.reading.sources.DIRECT_BYTES", direct)
    with pytest.raises(AthenaError) as refused:
        rows(local, CSV, columns, {}, value + "\n")
    assert str(refused.value).startswith(reason)


LOG = r'^(\S+) \[([^\]]*)\] "(?<request>[^"]*)" (\d+|-)$'
# (columns, regex, file, rows)
REGEXES = [
    ("host string; at string; request string; status int", LOG, '1.2.3.4 [now] "GET /" 200\nnonsense\n::1 [x] "" -\n', [["1.2.3.4", "now", "GET /", "200"], [None] * 4, ["::1", "x", "", None]]),
    ("a string; b string", r"(\w+)(?: (\w+))?", "x y\nz\n", [["x", "y"], ["z", None]]),
    ("a string; b string", r"(\w+).*", "x y\n", [["x", None]]),  # fewer groups than columns
    ("a string", r"(a)", "ab\na\n", [[None], ["a"]]),  # the whole line must match
    ("a bigint; b double; c date; d boolean", r"(\S*),(\S*),(\S*),(\S*)", "5,1.5,2020-02-03,TRUE\nx,y,z,w\n", [["5", "1.5", "2020-02-03", "true"], [None, None, None, "false"]]),
    ("a string", r"(?i)(GET).*", "get it\n", [["get"]]),
    ("a string", r"([\[\]x]+)", "[x]\n", [["[x]"]]),
    ("a string", r"(\p{Alpha}++)\d*", "abc12\n", [["abc"]]),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "regex", "body", "expected"), REGEXES)
def test_regex(local: LocalLake, columns: str, regex: str, body: str, expected: list[list[str | None]]) -> None:
    assert rows(local, REGEX, columns, {"input.regex": regex}, body) == expected


@pytest.mark.parametrize(
    ("serde", "options", "more", "reason"),
    [
        (REGEX, {}, {}, 'HIVE_INVALID_METADATA: This table does not have serde property "input.regex"!'),
        (REGEX, {"input.regex": "(a"}, {}, "HIVE_INVALID_METADATA: Invalid input.regex '(a'"),
        (REGEX, {"input.regex": r"(\p{IsGreek})"}, {}, r"NOT_SUPPORTED: '\\p' in the regular expression"),
        (REGEX, {"input.regex": "([a-z&&[^b]])"}, {}, "NOT_SUPPORTED: '&&' in the regular expression"),
        ("com.amazonaws.glue.serde.GrokSerDe", {}, {}, "NOT_SUPPORTED: The SerDe com.amazonaws.glue.serde.GrokSerDe of table t"),
        (LAZY, {}, {"input_format": "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"}, "NOT_SUPPORTED: The input format org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"),
        (LAZY, {"timestamp.formats": "yyyy"}, {}, "NOT_SUPPORTED: The SerDe property timestamp.formats"),
        (LAZY, {}, {"properties": {"skip.header.line.count": "x"}}, "HIVE_INVALID_METADATA: Invalid value for skip.header.line.count property: x"),
    ],
)  # fmt: skip
def test_refused_tables(
    local: LocalLake, serde: str, options: dict[str, str], more: dict[str, object], reason: str
) -> None:
    with pytest.raises(AthenaError) as refused:
        rows(local, serde, "a string", options, "a\n", **more)
    assert str(refused.value).startswith(reason)


def hadoop(codec: str, body: bytes) -> bytes:
    """Hadoop's framing: plain length, compressed length, data."""
    piece = pa.Codec(codec).compress(body, asbytes=True)
    return len(body).to_bytes(4, "big") + len(piece).to_bytes(4, "big") + piece


BODY = b"header\n" + b"".join(b"%d,x%d\n" % (i, i % 7) for i in range(3000))
COMPRESSED = {
    "a.txt": BODY,
    "a.gz": gzip.compress(BODY),
    "a.csv.bz2": bz2.compress(BODY),
    "a.deflate": zlib.compress(BODY),
    "a.zst": pa.Codec("zstd").compress(BODY, asbytes=True),
    "a.snappy": hadoop("snappy", BODY[:9000]) + hadoop("snappy", BODY[9000:]),
    "a.lz4": hadoop("lz4_raw", BODY),
    "a.txt.backup": BODY,
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressions(local: LocalLake, name: str) -> None:
    """The extension names the compression; every file's first line is skipped; each counts with its own size."""
    local.catalog.add(
        "t", "n int; x string", serde=LAZY, serde_parameters=COMMA, properties={"skip.header.line.count": "1"}
    )
    for copy in ("1", "2"):
        put(local, f"s3://lake/t/{copy}{name}", COMPRESSED[name])
    assert local.rows("SELECT count(*), sum(n), max(x) FROM t") == [["6000", "8997000", "x6"]]
    assert local.run("SELECT count(*) FROM t").scanned == 2 * len(COMPRESSED[name])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.lzo", "NOT_SUPPORTED: The compression of t/a.lzo"),
        ("a.gz", "HIVE_CURSOR_ERROR: "),
        ("a.snappy", "HIVE_CURSOR_ERROR: "),
    ],
)
def test_what_does_not_decompress(local: LocalLake, name: str, reason: str) -> None:
    local.catalog.add("t", "n int; x string", serde=LAZY)
    put(local, f"s3://lake/t/{name}", BODY)
    with pytest.raises(AthenaError) as refused:
        local.run("SELECT * FROM t")
    assert str(refused.value).startswith(reason)


def test_upper_case_gz_is_plain_text(local: LocalLake) -> None:
    local.catalog.add("t", "a string", serde=LAZY)
    put(local, "s3://lake/t/a.GZ", b"plain\n")
    assert local.rows("SELECT a FROM t") == [["plain"]]


def test_archived_objects_folders_and_empty_files_are_skipped(local: LocalLake) -> None:
    local.catalog.add("t", "a string", serde=LAZY)
    for name, body in (("1.txt", b"a\n"), ("2.txt", b"frozen\n"), ("empty.txt", b"")):
        put(local, f"s3://lake/t/{name}", body)
    local.storage.archived.add("s3://lake/t/2.txt")
    assert local.rows("SELECT a FROM t") == [["a"]]


def test_many_small_files_and_large_ones(local: LocalLake) -> None:
    """Files of all sizes, more than one batch: each row knows its own file."""
    local.catalog.add("t", "n int; x string", serde=LAZY, serde_parameters=COMMA)
    for i, count in enumerate((1, 200_000, 3, 500_000, 2, 1)):
        put(local, f"s3://lake/t/{i}.txt", b"".join(b"%d,%d\n" % (i, k) for k in range(count)))
    found = local.rows("""SELECT "$path", min(n), max(n), count(*) FROM t GROUP BY 1 ORDER BY 1""")
    counts = ((0, 1), (1, 200_000), (2, 3), (3, 500_000), (4, 2), (5, 1))
    assert found == [[f"s3://lake/t/{i}.txt", str(i), str(i), str(count)] for i, count in counts]


TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\\"), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.lists(TEXTS.map(lambda t: t.replace(",", ";")), min_size=3, max_size=3), min_size=1, max_size=8)
)
def test_lines_are_split_as_python_splits_them(local: LocalLake, lines: list[list[str]]) -> None:
    body = "\n".join(",".join(line) for line in lines)
    assert rows(local, LAZY, "a string; b string; c string", COMMA, body + "\n") == lines
