"""The rule of what an event is: its two ways give one answer, and what it accepts Athena can read.

What Athena reads is written down in `readable`, from the documentation of the table and of the SerDe, once more.
"""

import json
import os
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from github_events_ingestor import event as module
from github_events_ingestor.errors import NotAnEventError
from github_events_ingestor.event import MAX_DEPTH, MAX_LINE_BYTES, SCALARS, STRUCTS, Rule
from hypothesis import given, settings
from hypothesis import strategies as st
from ingestor_world import event

from workshop.paths import REPOSITORY
from workshop.sandbox.github import open_source

NOW = datetime(2025, 7, 1, tzinfo=UTC)
RECORDING = os.environ.get("LAKEHOUSE_RECORDING")
EVENTS = [one.raw for one in open_source(Path(RECORDING) if RECORDING else None, count=2_000).events[:2_000]]
# One of each type, short ones first, so that mutations hit what matters.
SAMPLES = sorted({json.loads(raw)["type"]: raw for raw in sorted(EVENTS, key=len, reverse=True)}.values(), key=len)


def written(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def accepted(line: bytes, rule: Rule | None = None) -> tuple[str, str] | None:
    try:
        return (rule or Rule(NOW)).judge(line)
    except NotAnEventError:
        return None


def reason(line: bytes) -> str:
    with pytest.raises(NotAnEventError) as caught:
        Rule(NOW).identify(line)
    return str(caught.value)


def test_the_fields_are_those_of_the_table() -> None:
    source = (REPOSITORY / "terraform" / "modules" / "catalog_athena" / "main.tf").read_text(encoding="utf-8")
    bronze = source[source.index("github_events_bronze") : source.index("github_events_silver")]
    declared = dict(re.findall(r'\{ name = "(\w+)", type = "([^"]+)"', bronze))
    del declared["ingest_dt"]
    of_the_rule: dict[str, str] = dict(SCALARS)
    for name, fields in STRUCTS.items():
        members = dict(re.findall(r"(\w+):(\w+)", declared[name]))
        assert members == dict(fields), name
        of_the_rule[name] = declared[name]
    assert of_the_rule == declared


def test_every_event_is_one_and_takes_the_shortcut() -> None:
    rule = Rule(NOW)
    for raw in EVENTS:
        document = json.loads(raw)
        expected = (document["id"], document["created_at"])
        assert rule.recognise(raw) == expected
        assert rule.judge(raw) == expected
        assert rule.identify(raw + b"\r") == expected


# What may stand in an event's place, or in a place of its own: values, members, half of them, and what is no JSON.
TOKENS: Sequence[bytes] = (
    b"null", b"true", b"false", b"NaN", b"-Infinity", b"0", b"-0", b"-1", b"1", b"01", b"1.5", b"1e3", b"1E400", b"+1",
    b".5", b"5.", b"0x1F", b"2147483648", b"-2147483649", b"9223372036854775808", b"1" * 5_000, b"{}", b"[]", b"[1]",
    b'{"id":1}', b'{"commits":[1]}', b'""', b'"1"', b'"x y"', b'"[bot]"', b'"\\ud83d"', b'"\\u0000"', b'"\\x41"',
    b'"\x1f"', b'"\x7f"', b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', '"\u212a\u2028"'.encode(), b"'a'", b'"\\""',
    b'"2025-06-30T24:00:00Z"', b'"2025-06-31T00:00:00Z"', b'"2025-06-30T00:00:60Z"', b'"2025-07-02T00:00:01Z"',
    b'"2011-02-11T23:59:59Z"', b'"2025-06-30T00:00:00.0Z"', b'"2025-06-30T00:00:00+00"', b'"123456789012345678901"',
    b'"id":"1",', b'"id":null,', b'"ID":5,', b'"\\u0069d":5,', b'"Id":"7",', b'"_col0":5,', b'"_col12":{},', b'"a":1,',
    b'"action":5,', b'"action":"x",', b'"Action":{},', b'"ACTION":5,', b'"size":1.5,', b'"size":"1",', b'"size":1,',
    b'"number":null,', b'"ref":[],', b'"ref_type":5,', b'"login":{},', b'"login":5,', b'"name":5,', b'"public":1,',
    b'"public":null,', b'"payload":{},', b'"payload":{"commits":[1]},', b'"commits":[],', b'"commits":[NaN],',
    b'"actor":5,', b'"actor":null,', b'"url":{"id":{}},', b'"org":{"id":1},', b'"created_at":"2025-06-31T00:00:00Z",',
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\t", b"\r", b"\0", b"\x1f", b"\x7f", b"\x0c", b"\xff",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"/* */", b"//", b"}}", b"},", b",}", b",,", b'{"id":1,', b"\0{", b"}\0",
)  # fmt: skip
_SCALAR = re.compile(rb'(?<=:)(?:"(?:[^"\\]|\\.)*"|[^][{}",]+)')
_STRUCTURE = re.compile(rb'[][{}",:]')


def places(line: bytes) -> list[tuple[int, int]]:
    """Where a mutation is likely to matter: each scalar value, as a range, and before and after what is structure."""
    structure = [found.start() for found in _STRUCTURE.finditer(line)]
    between = sorted({edge for start in structure for edge in (start, start + 1)} | {0, len(line)})
    return [found.span() for found in _SCALAR.finditer(line)] + [(place, place) for place in between]


def check(line: bytes) -> bool:
    """Whether the shortcut accepts the line; then the definition must, too, and with the same result."""
    shortcut = RULE.recognise(line)
    if shortcut is not None:
        assert shortcut == RULE.judge(line)
    return shortcut is not None


RULE = Rule(NOW)


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_the_shortcut_accepts_only_what_the_definition_accepts_after_one_mutation(number: int) -> None:
    line = SAMPLES[number]
    ranges = places(line)
    # All of a short event; of a long one both ends, which is where the declared fields are.
    ends = [one for one in ranges if one[0] < 900 or one[1] > len(line) - 500]
    passed = sum(check(line[:start] + token + line[end:]) for start, end in ends for token in TOKENS)
    assert passed > 0


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An event in which up to three parts were replaced, cut or doubled."""
    line = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 3))):
        start, end = draw(
            st.sampled_from(places(line)) | st.integers(0, len(line)).map(lambda place: (place, place + 1))
        )
        match draw(st.sampled_from(["replace", "cut", "double"])):
            case "replace":
                line = line[:start] + draw(st.sampled_from(TOKENS) | st.binary(max_size=2)) + line[end:]
            case "cut":
                until = draw(st.sampled_from([until for _, until in places(line) if until >= end] or [end]))
                line = line[:start] + line[until:]
            case "double":
                until = draw(st.sampled_from([until for _, until in places(line) if until >= end] or [end]))
                line = line[:until] + line[start:until] + line[until:]
    return line


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_the_shortcut_accepts_only_what_the_definition_accepts(line: bytes) -> None:
    check(line)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    | st.sampled_from([2**31, -(2**31), 2**63, -(2**63), 2**63 - 1, 2**31 - 1, "", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
NAMES = [(name,) for name in (*SCALARS, *STRUCTS)] + [(name, field) for name in STRUCTS for field in STRUCTS[name]]


def readable(document: dict[str, Any]) -> bool:
    """Whether Trino's reader of the Hive JSON SerDe takes the document, and our three columns are as promised."""

    def fits(value: Any, hive: str) -> bool:
        if value is None:
            return True
        match hive:
            case "string":
                return isinstance(value, str)
            case "boolean":
                return isinstance(value, bool)
        bits = {"int": 31, "bigint": 63}[hive]
        return isinstance(value, int) and not isinstance(value, bool) and -(2**bits) <= value < 2**bits

    structs = all(
        document.get(name) is None
        or (
            isinstance(document[name], dict)
            and all(fits(document[name].get(field), hive) for field, hive in STRUCTS[name].items())
        )
        for name in STRUCTS
    )
    known = all(isinstance(document.get(name), str) for name in ("id", "type", "created_at"))
    return structs and known and fits(document.get("public"), "boolean")


@settings(max_examples=600, deadline=None)
@given(raw=st.sampled_from(SAMPLES), place=st.sampled_from(NAMES), value=VALUES, drop=st.booleans())
def test_what_is_accepted_is_what_athena_can_read(raw: bytes, place: tuple[str, ...], value: Any, drop: bool) -> None:
    document = json.loads(raw)
    holder = document
    for name in place[:-1]:
        holder = holder.setdefault(name, {})
        if not isinstance(holder, dict):
            return
    holder.pop(place[-1], None)
    if not drop:
        holder[place[-1]] = value
    line = written(document)
    if place in {("id",), ("type",), ("created_at",)}:
        assert accepted(line) is None or readable(document)
    else:
        assert (accepted(line) is not None) == readable(document)


def test_members_in_another_order_and_space_between_tokens_are_no_reason() -> None:
    document = json.loads(SAMPLES[0])
    backwards = dict(reversed(document.items()))
    for line in (written(backwards), json.dumps(document, indent=1).replace("\n", " ").encode()):
        assert Rule(NOW).identify(line) == (document["id"], document["created_at"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", "not JSON: Expecting value, at character 0"),
        (b"42", "not a JSON object"),
        (b"\xef\xbb\xbf{}", "not JSON: "),
        (b"\xff\xfe{}", "not UTF-8, at byte 0"),
        (written(event(1)) + b"\0", "not JSON: Extra data"),
        (written(event(1)) + b"{}", "not JSON: Extra data"),
        (b"\0" + written(event(1)), "not JSON: "),
        (written(event(1)).replace(b"2,", b"NaN,"), "not JSON: NaN"),
        (written(event(1)).replace(b"2,", b"-Infinity,"), "not JSON: -Infinity"),
        (written(event(1)).replace(b"{", b"{\r", 1), "a carriage return inside of the line"),
        (written(event(1)) + b"\r\r", "a carriage return inside of the line"),
        (written(event(1)).replace(b'"id":"1"', b'"id":"1","id":"1"'), "id is there twice"),
        (written(event(1)).replace(b'"id":2', b'"id":2,"id":2'), "repo.id is there twice"),
        (written(event(1)).replace(b'"action"', b'"action":"x","\\u0061ction"'), "payload.action is there twice"),
        (written(event(1, Actor={})), "Actor is a name that Athena takes for a column's"),
        (written(event(1, _col0=1)), "_col0 is a name that Athena takes for a column's"),
        (written(event(1, payload={"REF": 5})), "payload.REF is a name that Athena takes for a column's"),
        # The Kelvin sign, which becomes a k in lower case: `tokenK` is no column, but nothing may break either.
        (written(event(1, payload={"ref_type": {}})), "payload.ref_type is not a string"),
        (written(event(1, actor={"id": True})), "actor.id is not a whole number of 64 bits"),
        (written(event(1, actor={"id": 2**63})), "actor.id is not a whole number of 64 bits"),
        (b'{"id":"1","type":"A","created_at":"2025-06-11T13:40:00Z","repo":{"id":' + b"9" * 5_000 + b"}}", "repo.id"),
        (written(event(1, payload={"size": -(2**31) - 1})), "payload.size is not a whole number of 32 bits"),
        (written(event(1, created_at="2025-06-11T24:00:00Z")), "created_at is not a time"),
        (written(event(1, created_at="2016-12-31T23:59:60Z")), "created_at is not a time"),
        (written(event(1, created_at="2023-02-29T00:00:00Z")), "created_at is not a time"),
        (written(event(1, created_at="0000-01-01T00:00:00Z")), "created_at is not a time"),
        (written(event(1, created_at="2011-02-11T23:59:59Z")), "created_at is before 2011-02-12"),
        (written(event(1, created_at="2025-07-02T00:00:01Z")), "created_at is more than a day ahead"),
        (written(event(1, created_at="\uff12025-06-11T00:00:00Z")), "created_at does not match"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_is_told_why(line: bytes, expected: str) -> None:
    assert Rule(NOW).recognise(line) is None
    assert reason(line).startswith(expected)


@pytest.mark.parametrize(
    "line",
    [
        written(event(1, payload={"body": "\u2028 a\\u0000b", "n": 10**40, "x": [1e300, "\\"]})),
        written(event(1, payload={"commits": [{"id": 5, "ID": 6, "id ": {}}], "Commits": 5})),
        b'{"id":"1","type":"A","created_at":"2025-06-11T13:40:00Z","n":' + b"9" * 5_000 + b',"f":1E400}',
        b'{"id":"1","type":"A","created_at":"2025-06-11T13:40:00Z","body":"\\ud83d"}',
        written(event(1, created_at="2011-02-12T00:00:00Z")),
        written(event(1, created_at="2025-07-02T00:00:00Z")),
        written(event(1, actor=None, repo=None, payload=None, org=None, public=None)),
        written(event(1, actor={"id": -(2**63)}, payload={"size": 2**31 - 1, "number": None})),
        b'{"x":1,"x":2,"id":"00000000000000000001","type":"A_1","created_at":"2025-06-11T13:40:00Z"}',
    ],
)
def test_what_no_column_reads_may_be_anything(line: bytes) -> None:
    assert Rule(NOW).identify(line)[0] == json.loads(line, parse_int=str)["id"]


def nested(depth: int) -> bytes:
    """An event whose deepest object is at this level; the event itself is at level 1, its payload at 2."""
    inner = b'{"a":' * (depth - 2) + b"1" + b"}" * (depth - 2)
    return b'{"id":"1","type":"A","created_at":"2025-06-11T13:40:00Z","payload":{"commits":' + inner + b"}}"


def test_nesting_is_bounded_in_the_same_place_whoever_parses() -> None:
    assert accepted(nested(MAX_DEPTH)) is not None
    assert reason(nested(MAX_DEPTH + 1)) == f"nested deeper than {MAX_DEPTH} levels"
    assert reason(nested(100_000)) == f"nested deeper than {MAX_DEPTH} levels"
    # Brackets in strings nest nothing, and an event may have many of them beside each other.
    assert accepted(written(event(1, payload={"body": "{[" * 5_000 + '\\"{'}))) is not None
    assert accepted(written(event(1, payload={"pages": [[]] * 5_000}))) is not None


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_the_shortcut_knows_the_bound_of_nesting(depth: int) -> None:
    deep = SAMPLES[-1].replace(b'"payload":{', b'"payload":{"commits":' + b"[" * depth + b"]" * depth + b",", 1)
    assert Rule(NOW).recognise(deep) is None


def test_a_line_has_at_most_32_mib() -> None:
    longest = written(event(1, payload={"body": ""}))
    longest = longest.replace(b'"body":""', b'"body":"' + b"x" * (MAX_LINE_BYTES - len(longest)) + b'"')
    assert len(longest) == MAX_LINE_BYTES
    assert Rule(NOW).identify(longest)[0] == "1"
    assert reason(longest.replace(b"x", b"xx", 1)) == "longer than 33554432 bytes"


def test_what_is_too_far_ahead_today_is_an_event_tomorrow() -> None:
    line = SAMPLES[0].replace(json.loads(SAMPLES[0])["created_at"].encode(), b"2025-07-02T00:00:01Z")
    assert Rule(NOW).recognise(line) is None
    later = Rule(NOW + timedelta(seconds=1))
    assert later.recognise(line) == later.judge(line) == (json.loads(line)["id"], "2025-07-02T00:00:01Z")


def test_the_shortcut_knows_the_days_that_there_were() -> None:
    rule = Rule(NOW)
    template = SAMPLES[0].replace(json.loads(SAMPLES[0])["created_at"].encode(), b"DAYT12:00:00Z")
    for number in range(366):
        day = (datetime(2024, 1, 1) + timedelta(days=number)).strftime("%Y-%m-%d").encode()
        assert rule.recognise(template.replace(b"DAY", day)) is not None
    for day in (
        b"2023-02-29",
        b"2024-02-30",
        b"2024-04-31",
        b"2024-13-01",
        b"2024-00-10",
        b"2024-01-00",
        b"2011-02-11",
    ):
        assert rule.recognise(template.replace(b"DAY", day)) is None


@pytest.mark.parametrize("statement", ["SELECT no_such_function(?1)", "SELECT NULL WHERE ?1 IS NULL OR 1", "SELECT"])
def test_without_sqlites_functions_the_answer_is_the_same(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WITHOUT_LONG_MEMBERS", statement)
    rule = Rule(NOW)
    assert rule.recognise(SAMPLES[0]) is None
    assert rule.identify(SAMPLES[0])[0] == json.loads(SAMPLES[0])["id"]


@pytest.mark.parametrize(
    "line", [b"{'id':'1'}", b'{"id":"1",}', b'{id:"1"}', b'{"id":"1"} // c', b'{"id":0x1}', b'{"id":+1}']
)
def test_sqlite_is_asked_for_strict_json(line: bytes) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        (rest,) = connection.execute(module._WITHOUT_LONG_MEMBERS, (line,)).fetchone()
    except sqlite3.Error:
        rest = None
    assert rest is None
