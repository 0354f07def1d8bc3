"""The fast reader of JSON never differs from the strict one: where it might, it steps back."""

import json
from pathlib import Path

import pytest
from athena_fakes import JSON, FakeCatalog, FakeStorage, LocalLake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_athena_tables import put

from workshop.sandbox.athena.engine import Engine
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.reading import json_arrow

COLUMNS = "id string; n bigint; small tinyint; ok boolean; x double; who struct<id:int,name:string>; tags array<string>"

_TEXTS = st.text(max_size=5)
_NUMBERS = st.one_of(
    st.integers(-200, 200), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False, width=32)
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "Name", "z"]), inner)),
    max_leaves=4,
)
_PLAIN = st.fixed_dictionaries(
    {},
    optional={
        "id": _TEXTS,
        "n": st.integers(-(2**63), 2**63 - 1),
        "small": st.integers(-128, 127),
        "ok": st.booleans(),
        "x": st.floats(allow_nan=False, allow_infinity=False),
        "who": st.fixed_dictionaries({}, optional={"id": st.integers(-9, 9), "name": _TEXTS, "more": _VALUES}),
        "tags": st.lists(_TEXTS, max_size=3),
        "extra": _VALUES,
    },
)
_ODD = st.dictionaries(st.sampled_from(["id", "ID", "n", "small", "ok", "x", "who", "tags", "Tags", "y"]), _VALUES)
_LINES = st.lists(
    st.one_of(
        _PLAIN.map(json.dumps),
        _PLAIN.map(lambda record: json.dumps(record, ensure_ascii=False)),
        _ODD.map(json.dumps),
        st.sampled_from(["", "  ", "{}", "{", "[]", '{"id": "a"} {"id": "b"}', '{"id": "a", "id": "b"}', "null", "7"]),
    ),
    max_size=4,
)


def _answer(engine: Engine, folder: Path, body: bytes) -> object:
    local = LocalLake(engine, FakeCatalog(), FakeStorage(folder / "s3"))
    local.catalog.add("events", COLUMNS, serde=JSON)
    put(local, "s3://lake/events/a.json", body)
    try:
        return local.rows("SELECT * FROM events")
    except AthenaError as error:
        return error.code


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=_LINES)
def test_both_readers_agree(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    body = "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")
    fast = _answer(engine, tmp_path_factory.mktemp("fast"), body)
    with monkeypatch.context() as patch:
        patch.setattr(json_arrow, "convert", lambda *_: False)
        strict = _answer(engine, tmp_path_factory.mktemp("strict"), body)
    assert fast == strict


def test_plain_records_need_no_other_reader(local: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    convert = json_arrow.convert
    monkeypatch.setattr(json_arrow, "convert", lambda *args: answers.append(convert(*args)) or answers[-1])
    local.catalog.add("events", COLUMNS, serde=JSON)
    put(local, "s3://lake/events/a.json", b'{"id": "a", "who": {"id": 1, "login": "x"}, "tags": ["t"]}\n{"n": 5}\n')
    assert local.rows("SELECT id, n, who, tags FROM events") == [
        ["a", None, "{id=1, name=null}", "[t]"],
        [None, "5", None, None],
    ]
    assert answers == [True]
