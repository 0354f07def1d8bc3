"""Checkpoints: what a lesson claims, looked up in the deployed world. They read AWS, never the learner's variables."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.errors import WorkshopError
from workshop.functions import FunctionFailed
from workshop.records import GREEN, GREY, RED, Line, Outcome, Record, show, took

# How services spell "no": S3, IAM and STS; JSON services such as Glue and Athena; answers without a body (HEAD).
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403"})


class CheckpointFailed(WorkshopError):  # noqa: N818 - the name says what happened
    """The world is not as the lesson says; the table above the error says in what."""


class QueryFailed(WorkshopError):  # noqa: N818
    """Athena ended a query as FAILED or CANCELLED; `message` is Athena's own reason."""


@dataclass(frozen=True)
class Check:
    """`look` reads something of the world; `expect` is the value it must equal, or a predicate on it."""

    claim: str
    look: Callable[[], Any]
    expect: Any


@dataclass(frozen=True)
class Finding:
    """What a check found, in words."""

    claim: str
    ok: bool
    found: str


def check(claim: str, look: Callable[[], Any], expect: Any = bool) -> Check:
    """State a claim about the deployed world.

    Without `expect`, whatever `look` returns must be true-ish. Nothing is called before the checkpoint runs.
    """
    return Check(claim, look, expect)


def at_least(minimum: float) -> Callable[[Any], bool]:
    """Return a predicate: the value found is `minimum` or more."""

    def holds(value: Any) -> bool:
        return bool(value >= minimum)

    holds.__name__ = f"at least {minimum:,}"
    return holds


def examine(one: Check) -> Finding:
    """Look, compare, and put the result in words. An error of AWS or Athena is a finding, not a crash."""
    try:
        value = _plain(one.look())
    except ClientError as error:
        details = error.response["Error"]
        return Finding(one.claim, False, f"{details['Code']}: {details['Message']}")
    except (BotoCoreError, WorkshopError) as error:
        return Finding(one.claim, False, str(error))
    if callable(one.expect):
        ok = bool(one.expect(value))
        wanted = "" if one.expect is bool else one.expect.__name__
    else:
        ok = bool(value == one.expect)
        wanted = _words(one.expect)
    suffix = f", expected {wanted}" if not ok and wanted and wanted != "<lambda>" else ""
    return Finding(one.claim, ok, _words(value) + suffix)


def checkpoint(title: str, checks: Sequence[Check]) -> None:
    """Examine all checks, show them as one table, and raise `CheckpointFailed` if any does not hold."""
    line = Line(title)
    findings = []
    for number, one in enumerate(checks, start=1):
        line.say(f"{number}/{len(checks)} {one.claim}")
        findings.append(examine(one))
    failed = [finding for finding in findings if not finding.ok]
    outcome: Outcome = "fail" if failed else "pass"
    seconds = round(line.seconds, 3)
    details = {"checks": [vars(finding) for finding in findings]}
    note = f"{len(findings) - len(failed)} of {len(findings)} checks passed in {took(seconds)}"
    line.end(Record("check", title, outcome, seconds, details), note, _table(findings))
    if failed:
        first = failed[0]
        raise CheckpointFailed(
            f"{title}: {len(failed)} of {len(findings)} checks failed. First: {first.claim} (found: {first.found}).",
            "Run the notebook again from its first cell: `prepare` repairs what is missing.",
        )


def denied(action: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Prove that AWS refuses `call(*arguments, **options)`. Shows AWS's words; fails loudly when it is allowed.

    Only a refusal counts: any other error (a missing bucket, a typing mistake) is raised as it is.
    """
    title = f"Denied: {action}"
    try:
        call(*arguments, **options)
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] not in DENIED_CODES:
            raise
        said = f"{details['Code']}: {details['Message']}"
    except QueryFailed as error:
        if not _says_denied(error.message):
            raise
        said = error.message
    else:
        _finding(title, False, "it was allowed")
        raise CheckpointFailed(
            f"{action}: AWS allowed it, and it should not have.", "Compare the policies with the text above."
        )
    _finding(title, True, said)


def refused(action: str, call: Callable[..., Any], *arguments: Any, because: str, **options: Any) -> str:
    """Prove that the lake itself refuses `call(*arguments, **options)`: a function or Athena says `because`.

    Returns the words of the refusal, which are shown; fails loudly when nothing was refused. A failure for another
    reason is raised as it is.
    """
    title = f"Refused: {action}"
    try:
        call(*arguments, **options)
    except (FunctionFailed, QueryFailed) as error:
        if because not in error.message:
            raise
        # A function's own line has said it already.
        _finding(title, True, error.message, quote=isinstance(error, QueryFailed))
        return error.message
    _finding(title, False, "it was done")
    raise CheckpointFailed(
        f"{action}: the lake did it, and it should have refused.", "Run the notebook again from its first cell."
    )


def exercise(title: str, answer: Any, accept: Callable[[Any], bool], hint: str = "") -> None:
    """Judge a learner's answer; `...` means not attempted. Shows the outcome and never stops the notebook.

    `answer` is the answer itself, or a function without arguments that makes it, so that its errors can be shown.
    """
    if answer is ...:
        show(
            Record("exercise", f"Exercise: {title}", "not attempted"),
            "replace the dots by your answer and run the cell",
        )
        return
    try:
        value = answer() if callable(answer) else answer
        ok = accept(value)
    except Exception as error:  # noqa: BLE001 - whatever a learner's answer does is shown to the learner
        show(Record("exercise", f"Exercise: {title}", "fail"), f"{type(error).__name__}: {error}")
        return
    note = "correct" if ok else f"not yet, your answer is {_words(value)}. {hint}".strip()
    show(Record("exercise", f"Exercise: {title}", "pass" if ok else "fail"), note)


def _finding(claim: str, ok: bool, found: str, *, quote: bool = True) -> None:
    details = {"checks": [{"claim": claim, "ok": ok, "found": found}]}
    look = f"margin:2px 0 0 22px;border-left:3px solid {GREY};padding-left:8px"
    body = f'<div style="{look}">{html.escape(found)}</div>' if quote else ""
    show(Record("check", claim, "pass" if ok else "fail", details=details), body=body)


def _says_denied(message: str) -> bool:
    lowered = message.lower()
    return any(words in lowered for words in ("access denied", "accessdenied", "not authorized"))


def _plain(value: Any) -> Any:
    """Python's own value for a scalar of numpy's, which is what pandas finds."""
    return value.item() if getattr(value, "shape", None) == () else value


def _words(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items()) or "nothing"
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return ", ".join(_words(item) for item in items) or "nothing"
    return str(value)


def _table(findings: Sequence[Finding]) -> str:
    cell = 'style="text-align:left;padding:2px 14px 2px 0;vertical-align:top"'
    rows = "".join(
        f'<tr><td {cell}><span style="color:{GREEN if one.ok else RED}">{"✔" if one.ok else "✘"}</span></td>'
        f"<td {cell}>{html.escape(one.claim)}</td>"
        f'<td {cell}><span style="opacity:.72">{html.escape(one.found)}</span></td></tr>'
        for one in findings
    )
    return f'<table style="margin:4px 0 0 0;border:none">{rows}</table>'
