"""The patterns that DuckDB's RE2 runs mean the same there as in Python, on texts of ASCII."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from workshop.sandbox.athena.regex.matching import OPERATIONS, compiled, translated
from workshop.sandbox.athena.regex.parts import PatternError, Translation

_ATOMS = ["a", "b", "1", "-", ".", r"\d", r"\w", r"\s", r"\W", "[ab]", "[^a]", r"\b", "^", "$", r"\z", "(?i)", "A"]
_REPEATS = ["*", "+", "?", "*?", "+?", "{2}", "{1,2}"]


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda sides: f"({sides[0]}|{sides[1]})"),
        st.tuples(inner, st.sampled_from(_REPEATS)).map(lambda sides: f"(?:{sides[0]}){sides[1]}"),
        inner.map(lambda part: f"({part})"),
    )


_PATTERNS = st.recursive(st.sampled_from(_ATOMS), _compound, max_leaves=6)
_TEXTS = st.text("aabbA1 .-_\n", max_size=8)


@pytest.fixture(scope="module")
def re2() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def _translated(pattern: str) -> Translation | None:
    try:
        compiled(pattern)
        return translated(pattern)
    except PatternError:
        return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=_PATTERNS, text=_TEXTS)
def test_engines_agree(re2: duckdb.DuckDBPyConnection, pattern: str, text: str) -> None:
    translation = _translated(pattern)
    assume(translation is not None and translation.part.re2 is not None)
    assert translation is not None
    # RE2 does not know that `$` matches before a line end at the end: such texts are left to Python.
    assume(not (translation.ends and text.endswith("\n")))
    python, written = compiled(pattern).pattern, translation.part.re2

    def ask(sql: str) -> object:
        return re2.execute(f"SELECT {sql}", [text, written]).fetchall()[0][0]

    assert ask("regexp_matches($1, $2)") == OPERATIONS["like"](python, text)
    if translation.part.empty:
        return
    assert ask("regexp_extract_all($1, $2)") == OPERATIONS["extract_all"](python, text, 0)
    assert ask("regexp_replace($1, $2, '<\\0>', 'g')") == OPERATIONS["replace"](python, text, "<$0>")
    for group in translation.sure:
        found = ask(f"CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, {group}) END")
        assert found == OPERATIONS["extract"](python, text, group)
