"""Checkpoints, denials and exercises: each can fail, and fails for the right reason."""

import json
from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import ClientError

from workshop import at_least, check, denied, exercise, refused
from workshop.checks import CheckpointFailed, QueryFailed, checkpoint, examine
from workshop.errors import WorkshopError
from workshop.functions import FunctionFailed


def refuse(code: str, message: str = "no") -> Any:
    def call(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")

    return call


def test_a_value_is_compared_or_given_to_the_predicate() -> None:
    assert examine(check("equal", lambda: 3, 3)).ok
    assert not examine(check("different", lambda: 4, 3)).ok
    assert examine(check("enough", lambda: 3, at_least(3))).ok
    assert not examine(check("too few", lambda: 2, at_least(3))).ok
    assert examine(check("something", lambda: "x")).ok
    assert not examine(check("nothing", lambda: "")).ok


def test_a_failed_check_says_what_was_found_and_what_was_expected() -> None:
    assert examine(check("versions", lambda: "Suspended", "Enabled")).found == "Suspended, expected Enabled"
    assert examine(check("rows", lambda: 7, at_least(1000))).found == "7, expected at least 1,000"


def test_what_pandas_finds_is_judged_and_said_as_what_it_is() -> None:
    frame = pd.DataFrame({"events": [1000, 234]})
    whole = examine(check("events", frame["events"].sum, 1234))
    truth = examine(check("all", frame["events"].gt(0).all, True))
    assert (whole.ok, whole.found) == (True, "1,234")
    assert (truth.ok, truth.found) == (True, "yes")
    # They are kept in the notebook as JSON, which knows nothing of numpy.
    json.dumps([vars(whole), vars(truth)])


def test_an_error_of_aws_is_a_finding_and_a_mistake_in_the_notebook_is_not() -> None:
    found = examine(check("bucket", refuse("NoSuchBucket", "gone")))
    assert (found.ok, found.found) == (False, "NoSuchBucket: gone")
    with pytest.raises(ZeroDivisionError):
        examine(check("typo", lambda: 1 / 0))


def test_every_check_is_made_before_the_checkpoint_fails() -> None:
    looked: list[int] = []

    def look(number: int) -> int:
        looked.append(number)
        return number

    with pytest.raises(CheckpointFailed, match="1 of 2 checks failed"):
        checkpoint("both", [check("a", lambda: look(1), 99), check("b", lambda: look(2), 2)])
    assert looked == [1, 2]


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "403"])
def test_denied_accepts_a_refusal(code: str) -> None:
    denied("write", refuse(code), Bucket="b")


def test_denied_fails_when_it_was_allowed() -> None:
    with pytest.raises(CheckpointFailed, match="allowed"):
        denied("write", lambda: None)


def test_denied_does_not_take_another_error_for_a_refusal() -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        denied("write", refuse("NoSuchBucket"))


def test_denied_reads_athenas_reason() -> None:
    def query(reason: str) -> Any:
        def fail() -> None:
            raise QueryFailed(reason)

        return fail

    denied("read", query("PERMISSION_DENIED: Access Denied (Service: Amazon S3; Status Code: 403)"))
    with pytest.raises(QueryFailed):
        denied("read", query("SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved"))


@pytest.mark.parametrize("kind", [FunctionFailed, QueryFailed])
def test_refused_accepts_what_the_lake_itself_refuses(kind: type[WorkshopError]) -> None:
    def fail(number: int) -> None:
        raise kind(f"QualityError: {number} events twice")

    assert "7 events twice" in refused("publish", fail, 7, because="QualityError")
    with pytest.raises(kind, match="7 events twice"):
        refused("publish", fail, 7, because="HIVE_BAD_DATA")


def test_refused_fails_when_it_was_done_and_lets_other_errors_through() -> None:
    with pytest.raises(CheckpointFailed, match="should have refused"):
        refused("publish", lambda: None, because="QualityError")
    with pytest.raises(ClientError):
        refused("publish", refuse("AccessDenied"), because="AccessDenied")


def test_an_exercise_has_four_outcomes(capsys: pytest.CaptureFixture[str]) -> None:
    for answer in (..., 2, 3, lambda: 1 / 0):
        exercise("one plus one", answer, lambda value: value == 2)
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines] == ["○", "✔", "✘", "✘"]
    assert "your answer is 3" in lines[2]
    assert "ZeroDivisionError" in lines[3]
