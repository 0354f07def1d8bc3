"""Regular expressions: how a pattern is translated, which engine runs it, and that none can stop the server."""

import time

import pytest
from athena_fakes import LocalLake

from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.regex import guard
from workshop.sandbox.athena.regex.matching import compiled, translated
from workshop.sandbox.athena.regex.parts import PatternError

_LONG = "a" * 60 + "!"


@pytest.mark.parametrize(
    "pattern",
    ["abc", r"^\d+$", "(a|b)c", "[a-z]+?x", "(?i)abc", r"\bx\b", "(?:ab){2,3}", r"\Qa.b\E", "a(?i:b)c", "[^,]*,"],
)
def test_simple_patterns_run_in_duckdb(pattern: str) -> None:
    assert translated(pattern).part.re2 is not None


_PYTHONS = ["(?=a)b", "(?<!a)b", r"(a)\1", "a++", "(?>a)", "(?m)^a$", r"\p{L}", "[a&&b]", r"a\Z"]
_TOO_OFTEN = ["(a*)*", "a{1,2000}", "(a{100}){100}"]


@pytest.mark.parametrize("pattern", _PYTHONS + _TOO_OFTEN)
def test_what_re2_does_not_have_runs_in_python(pattern: str) -> None:
    assert translated(pattern).part.re2 is None


@pytest.mark.parametrize(
    ("pattern", "explosive"),
    [
        ("(a+)+$", True),
        ("(a|aa)*$", True),
        ("(.*a){20}", True),
        ("(a++)+$", True),
        (r"\w+@\w+", False),
        ("(abc)+", False),
        ("(?:a|b)c", False),
    ],
)
def test_patterns_that_may_explode_are_known(pattern: str, explosive: bool) -> None:
    assert compiled(pattern).explosive is explosive


_NO_PATTERNS = ["(", ")", "[", "*", "a\\", "(?<n", "(?z)", "[z-a]", "[]", r"\x{110000}", r"\2(a)", "(" * 500]


@pytest.mark.parametrize("pattern", _NO_PATTERNS)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)


def test_a_match_that_takes_too_long_fails_alone(local: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "TIME_LIMIT", 2.0)
    started = time.monotonic()
    with pytest.raises(AthenaError, match="EXCEEDED_TIME_LIMIT"):
        local.rows(f"SELECT regexp_like('{_LONG}', '(a+)+$(?<=b)')")
    assert time.monotonic() - started < 30
    # TRY does not wait for each row.
    tried = f"SELECT count(*) FROM UNNEST(sequence(1, 500)) WHERE TRY(regexp_like('{_LONG}', '(a+)+$(?<=b)')) IS NULL"
    assert local.rows(tried) == [["500"]]
    assert time.monotonic() - started < 40
    # The next one has a new process.
    assert local.rows(f"SELECT regexp_like('{_LONG}', '(a|b)+!(?<=!)')") == [["true"]]


def test_a_pattern_of_re2_does_not_explode(local: LocalLake) -> None:
    assert local.rows(f"SELECT regexp_like('{_LONG}', '(a+)+$')") == [["false"]]


def test_errors_come_back_from_the_other_process(local: LocalLake) -> None:
    with pytest.raises(AthenaError, match=r"Pattern has 1 groups\. Cannot access group 2"):
        local.rows(f"SELECT regexp_extract('{_LONG}', '(a|b)+!(?<=!)', 2)")


def test_rows_of_ascii_and_of_other_text_agree(local: LocalLake) -> None:
    query = "SELECT regexp_extract(v, '[a-z]+(\\d+)', 1) FROM (VALUES 'ab12', 'éb34', 'x', NULL) t(v)"
    assert local.rows(query) == [["12"], ["34"], [None], [None]]
