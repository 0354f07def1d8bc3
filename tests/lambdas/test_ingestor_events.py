"""A page is taken apart without changing a byte; what is no event is told from what is one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from github_events_ingestor.errors import UnreadableBodyError
from github_events_ingestor.event import Rule
from github_events_ingestor.page import Batch
from github_events_ingestor.page import split as split_by
from hypothesis import given
from hypothesis import strategies as st
from ingestor_world import event, page

NOW = datetime(2025, 6, 12, tzinfo=UTC)
SPACE = st.text(alphabet=" \t", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def split(body: bytes) -> Batch:
    return split_by(body, Rule(NOW))


def raws(batch: Batch) -> list[bytes]:
    return [one.raw for one in batch.events]


@given(payloads=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5), space=SPACE, escaped=st.booleans())
def test_events_keep_their_exact_bytes(payloads: list[dict[str, Any]], space: str, escaped: bool) -> None:
    served = [
        json.dumps(event(number, payload=payload), ensure_ascii=escaped, separators=(f"{space},", f":{space}")).encode()
        for number, payload in enumerate(payloads)
    ]
    body = f"{space}[{space}".encode() + f"{space},{space}".encode().join(served) + f"{space}]{space}\n".encode()
    batch = split(body)
    assert raws(batch) == served
    assert list(batch.rejected) == []


def test_half_of_a_surrogate_pair_stays_as_it_was_escaped() -> None:
    body = page(event(1, payload={"body": "\ud83d"}))
    assert b"\\ud83d" in body
    assert raws(split(body)) == [body[1:-1]]


def test_duplicates_and_order_are_kept() -> None:
    served = [event(2), event(1), event(2)]
    assert [json.loads(raw)["id"] for raw in raws(split(page(*served)))] == ["2", "1", "2"]


def test_a_pretty_printed_event_becomes_one_line_with_the_same_content() -> None:
    document = event(1, payload={"body": "two\nlines\r\n"})
    (raw,) = raws(split(json.dumps([document], indent=2).replace("\n", "\r\n").encode()))
    assert b"\n" not in raw
    assert b"\r" not in raw
    assert json.loads(raw) == document


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (5, "not a JSON object"),
        ("text", "not a JSON object"),
        (None, "not a JSON object"),
        ([event(1)], "not a JSON object"),
        ({}, "id is missing or not a string"),
        (event(1, id=1), "id is missing or not a string"),
        (event(1, id="1e3"), "id does not match [0-9]{1,20}"),
        (event(1, id="\u0661"), "id does not match [0-9]{1,20}"),
        (event(1, type=None), "type is missing or not a string"),
        (event(1, type=""), "type does not match [A-Za-z][A-Za-z0-9_]*"),
        (event(1, created_at=1_600_000_000), "created_at is missing or not a string"),
        (event(1, created_at="2025-06-11 13:40:00"), r"created_at does not match \d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"),
        (event(1, created_at="2025-02-30T13:40:00Z"), "created_at is not a time"),
        (event(1, actor="someone"), "actor is not an object"),
        (event(1, repo=[]), "repo is not an object"),
        (event(1, payload="{}"), "payload is not an object"),
        (event(1, org=7), "org is not an object"),
    ],
)
def test_what_is_not_an_event_is_rejected_with_its_reason(document: Any, reason: str) -> None:
    batch = split(page(event(8), document, event(9)))
    assert [json.loads(raw)["id"] for raw in raws(batch)] == ["8", "9"]
    ((raw, told),) = [(item.raw, item.reason) for item in batch.rejected]
    assert json.loads(raw) == document
    assert told == reason


def test_fields_that_the_table_does_not_need_may_be_missing_or_null() -> None:
    sparse = {"id": "50800000193", "type": "PublicEvent", "created_at": "2025-06-11T13:40:00Z", "org": None}
    assert len(split(page(sparse)).events) == 1


def test_an_empty_page_has_no_elements() -> None:
    assert len(split(b" [ \n] ")) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[",
        b'[{"id": "1"',
        b'[{"id": "1"}',
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1] [2]",
        b'["\xff"]',
        b"\xef\xbb\xbf[]",
        b'["a\nline break in a string"]',
        b"<!DOCTYPE html>",
        b"[" * 200_000,
    ],
)
def test_a_body_that_is_not_one_json_array_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBodyError):
        split(body)
