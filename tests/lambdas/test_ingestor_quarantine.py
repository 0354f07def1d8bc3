"""What is not an event is kept so that it can be found, and be read again, byte for byte."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from github_events_ingestor.event import Rule
from github_events_ingestor.page import split
from github_events_ingestor.quarantine import MAX_RAW_BYTES, Rejected, raw_of, render
from github_events_ingestor.store import Store
from hypothesis import given
from hypothesis import strategies as st
from ingestor_world import BRONZE, QUARANTINE, event

NOW = datetime(2025, 7, 1, 23, 59, 58, 999_999, tzinfo=UTC)
SOURCE = "https://api.example/events?per_page=100&page=2"


def kept(raw: bytes, **more: Any) -> dict[str, Any]:
    line = render(Rejected(raw, "a reason", 5, more.get("size", len(raw))), SOURCE, NOW)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    document: dict[str, Any] = json.loads(line)
    return document


def test_a_line_has_the_form_that_the_table_reads() -> None:
    assert kept(b'{"id": 1}') == {
        "reason": "a reason",
        "source": SOURCE,
        "byte_offset": 5,
        "raw": '{"id": 1}',
        "raw_bytes": 9,
        "encoding": "utf-8",
        "truncated": False,
        "received_at": "2025-07-01 23:59:58",
    }


def test_times_are_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=9)))
    assert json.loads(render(Rejected(b"", "", 0, 0), SOURCE, local))["received_at"] == "2025-07-01 23:59:58"


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_the_bytes_come_back_as_they_were(raw: bytes) -> None:
    line = render(Rejected(raw, "a reason", 0, len(raw)), SOURCE, NOW)
    assert raw_of(line) == raw_of(line.rstrip(b"\n")) == raw
    document = json.loads(line)
    try:
        raw.decode()
    except UnicodeDecodeError:
        assert document["encoding"] == "base64"
        assert base64.b64decode(document["raw"]) == raw
    else:
        assert (document["encoding"], document["raw"].encode()) == ("utf-8", raw)


@pytest.mark.parametrize("character", ["x", "ü", "€", "😀"])
def test_of_a_long_line_the_first_mebibyte_is_kept(character: str) -> None:
    # One byte in front, so that the cut goes through a character of two, three or four bytes.
    whole = b"." + character.encode() * (MAX_RAW_BYTES // len(character.encode()) + 1)
    document = kept(whole)
    assert (document["truncated"], document["raw_bytes"], document["encoding"]) == (True, len(whole), "utf-8")
    begun = document["raw"].encode()
    assert whole.startswith(begun)
    assert MAX_RAW_BYTES - len(character.encode()) < len(begun) <= MAX_RAW_BYTES
    assert raw_of(json.dumps(document).encode()) is None
    exactly = kept(b"x" * MAX_RAW_BYTES)
    assert (exactly["truncated"], len(exactly["raw"])) == (False, MAX_RAW_BYTES)


def test_a_long_line_that_is_no_text_is_kept_as_base64() -> None:
    document = kept(b"\xff" * MAX_RAW_BYTES, size=40_000_000)
    assert (document["truncated"], document["raw_bytes"], document["encoding"]) == (True, 40_000_000, "base64")
    assert base64.b64decode(document["raw"]) == b"\xff" * MAX_RAW_BYTES


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"reason": "the form before this one", "raw": "5"}',
        b'{"truncated": false, "encoding": "base64", "raw": "not base64!"}',
        b'{"truncated": false, "encoding": "latin-1", "raw": "5"}',
        b'{"truncated": false, "encoding": "utf-8", "raw": "\\ud83d"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_of_this_form_has_no_bytes(line: bytes) -> None:
    assert raw_of(line) is None


@given(
    space=st.text(alphabet=" \t\r\n", max_size=3),
    names=st.lists(st.text(max_size=3), min_size=1, max_size=5),
    bad=st.sets(st.integers(0, 4)),
)
def test_an_element_of_a_page_is_found_by_its_offset(space: str, names: list[str], bad: set[int]) -> None:
    elements = [
        json.dumps(event(number, repo=name if number in bad else {"name": name}), ensure_ascii=False)
        for number, name in enumerate(names)
    ]
    body = f"{space}[{space}{f'{space},{space}'.join(elements)}{space}]".encode()
    rejected = split(body, Rule(NOW)).rejected
    assert [body[item.offset : item.offset + item.size].decode() for item in rejected] == [
        element for number, element in enumerate(elements) if number in bad
    ]


class Kept:
    """An S3 client that keeps what is put."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def put_object(self, **request: Any) -> None:
        self.objects[request["Key"]] = request


def test_the_same_elements_have_one_object_whenever_they_are_seen() -> None:
    client = Kept()
    store = Store(client, "a-bucket", BRONZE, QUARANTINE)
    items = [(SOURCE, Rejected(b"5", "not a JSON object", 1, 1)), (SOURCE, Rejected(b"6", "not a JSON object", 3, 1))]
    keys = {store.put_rejected(items, NOW - timedelta(minutes=minutes)) for minutes in (0, 5)}
    assert len(keys) == len(client.objects) == 1
    other = store.put_rejected(items[:1], NOW)
    assert other not in keys
    [key] = keys
    assert key.startswith("quarantine/github/events/ingest_dt=2025-07-01/")
    assert client.objects[key]["Metadata"]["quarantined"] == "2"
    lines = [json.loads(line) for line in gzip.decompress(client.objects[key]["Body"]).splitlines()]
    assert [(line["raw"], line["byte_offset"], line["source"]) for line in lines] == [
        ("5", 1, SOURCE),
        ("6", 3, SOURCE),
    ]
