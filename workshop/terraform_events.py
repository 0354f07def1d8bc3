"""What Terraform says with `-json`, one object a line: https://developer.hashicorp.com/terraform/internals/machine-readable-ui."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SYMBOLS = {"create": "+", "update": "~", "delete": "-", "replace": "±", "import": "←", "read": "?"}


@dataclass(frozen=True)
class Diagnostic:
    """An error or a warning, in Terraform's own words."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""

    def __str__(self) -> str:
        place = f" ({self.address})" if self.address else ""
        summary, detail = (re.sub(r"\s+", " ", text).strip() for text in (self.summary, self.detail))
        return f"{summary}{place}" + (f": {detail}" if detail and detail != summary else "")

    @property
    def text(self) -> str:
        """Everything in it, to search in."""
        return f"{self.summary}\n{self.detail}"


@dataclass(frozen=True)
class Change:
    """What a plan means to do to one resource: create, update, delete, replace, import, …"""

    address: str
    action: str

    @property
    def actions(self) -> tuple[str, ...]:
        """The same as steps; a replacement is two."""
        return ("delete", "create") if self.action == "replace" else (self.action,)


@dataclass(frozen=True)
class PlanSummary:
    """A plan: `exit_code` 0 when the world is as declared, 2 when something is to be done."""

    exit_code: int
    changes: tuple[Change, ...] = ()
    add: int = 0
    change: int = 0
    destroy: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.exit_code == 0

    def describe(self) -> str:
        """What an apply would do, a line for each resource."""
        if self.is_empty:
            return "No changes: the world is as declared."
        lines = [f"  {SYMBOLS.get(one.action, '?')} {one.address}" for one in self.changes]
        head = f"Plan: {self.add} to add, {self.change} to change, {self.destroy} to destroy."
        return "\n".join([*lines, head])


@dataclass(frozen=True)
class StateLock:
    """Who holds a state's lock: `who` is user@host, `created` is Terraform's own timestamp."""

    id: str
    who: str
    operation: str
    created: str


def parse(line: str) -> dict[str, Any] | None:
    """An event, or None for a line that is none (a half-written one, or a word of the operating system's)."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "@message" in event else None


def diagnostics(events: Iterable[Mapping[str, Any]], severity: str = "error") -> list[Diagnostic]:
    """All errors (or warnings), each once."""
    found: dict[Diagnostic, None] = {}  # a set that keeps the order
    for event in events:
        raw = event.get("diagnostic")
        if event.get("type") == "diagnostic" and isinstance(raw, dict) and raw.get("severity") == severity:
            one = Diagnostic(severity, raw.get("summary", ""), raw.get("detail", ""), raw.get("address", ""))
            found[one] = None
    return list(found)


def plan_summary(events: Iterable[Mapping[str, Any]], exit_code: int) -> PlanSummary:
    """The plan in the output of `plan -json -detailed-exitcode`."""
    changes, counts = [], {"add": 0, "change": 0, "remove": 0}
    for event in events:
        if event.get("type") == "planned_change":
            change = event["change"]
            changes.append(Change(change["resource"]["addr"], change["action"]))
        elif event.get("type") == "change_summary":
            counts |= event["changes"]
    return PlanSummary(exit_code, tuple(changes), counts["add"], counts["change"], counts["remove"])


def is_complete(lines: Iterable[str]) -> bool:
    """Whether the run that wrote these lines came to its own end: it says what it changed, or why it could not."""
    events = [event for line in lines if (event := parse(line))]
    summaries = [event for event in events if event.get("type") == "change_summary"]
    ended = any(event["changes"].get("operation") in {"apply", "destroy"} for event in summaries)
    return ended or bool(diagnostics(events))


_LOCK_FIELD = re.compile(r"^\s*(ID|Who|Operation|Created):\s*(.*?)\s*$", re.MULTILINE)


def state_lock(found: Iterable[Diagnostic]) -> StateLock | None:
    """The lock of which a diagnostic complains, or None if none does."""
    for one in found:
        if "state lock" not in one.summary.lower():
            continue
        fields = dict(_LOCK_FIELD.findall(one.detail))
        if "ID" in fields:
            return StateLock(
                fields["ID"], fields.get("Who", ""), fields.get("Operation", ""), fields.get("Created", "")
            )
    return None
