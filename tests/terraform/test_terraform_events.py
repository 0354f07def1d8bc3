"""Reading what Terraform says. The lines are recorded from Terraform 1.11.4, shortened."""

import json
from typing import Any

from workshop.terraform_events import (
    Change,
    Diagnostic,
    PlanSummary,
    StateLock,
    diagnostics,
    is_complete,
    parse,
    plan_summary,
    state_lock,
)
from workshop.terraform_progress import Tracker, short

BLOCK = 'module.lakehouse.module.data_lake.aws_s3_bucket_public_access_block.this["raw"]'
LOCKED = Diagnostic(
    "error",
    "Error acquiring the state lock",
    "Error message: operation error S3: PutObject, https response error StatusCode: 412\nLock Info:\n"
    "  ID:        11111111-2222-3333-4444-555555555555\n  Path:      dp-tfstate/envs/dev/terraform.tfstate\n"
    "  Operation: OperationTypeApply\n  Who:       somebody@elsewhere\n  Version:   1.11.4\n"
    "  Created:   2026-01-02 20:00:00.5 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock to protect",
)


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@level": "info", "@message": "…", "type": kind, **fields}


def planned(action: str, address: str = BLOCK) -> dict[str, Any]:
    return event("planned_change", change={"resource": {"addr": address}, "action": action})


def hook(kind: str, action: str = "create", address: str = BLOCK, **more: Any) -> dict[str, Any]:
    return event(kind, hook={"resource": {"addr": address}, "action": action, **more})


def summary(operation: str, **counts: int) -> dict[str, Any]:
    changes = {"add": 0, "change": 0, "import": 0, "remove": 0, "operation": operation} | counts
    return event("change_summary", changes=changes)


def error(text: str, severity: str = "error") -> dict[str, Any]:
    return event("diagnostic", diagnostic={"severity": severity, "summary": text, "detail": "", "address": BLOCK})


def test_a_plan() -> None:
    drift = event("resource_drift", change={"resource": {"addr": BLOCK}, "action": "delete"})
    plan = plan_summary([drift, planned("replace"), summary("plan", add=1, remove=1)], 2)
    assert plan == PlanSummary(2, (Change(BLOCK, "replace"),), add=1, change=0, destroy=1)
    assert plan.changes[0].actions == ("delete", "create")
    assert plan.describe().splitlines() == [f"  ± {BLOCK}", "Plan: 1 to add, 0 to change, 1 to destroy."]


def test_an_empty_plan() -> None:
    plan = plan_summary([summary("plan")], 0)
    assert plan.is_empty
    assert plan.describe() == "No changes: the world is as declared."


def test_a_line_that_is_none() -> None:
    assert parse('{"@message": "half') is None
    assert parse("panic: runtime error") is None
    assert parse("[]") is None


def test_errors_are_told_once_and_without_warnings() -> None:
    found = diagnostics([error("Denied"), error("Denied"), error("Careful", "warning")])
    assert [str(one) for one in found] == [f"Denied ({BLOCK})"]


def test_whose_lock_it_is() -> None:
    assert state_lock([LOCKED]) == StateLock(
        id="11111111-2222-3333-4444-555555555555",
        who="somebody@elsewhere",
        operation="OperationTypeApply",
        created="2026-01-02 20:00:00.5 +0000 UTC",
    )
    assert state_lock([Diagnostic("error", "Denied", LOCKED.detail)]) is None


def test_a_run_that_was_cut_off_did_not_say_how_it_ended() -> None:
    began = [summary("plan", add=3), hook("apply_start")]
    assert not is_complete(map(json.dumps, began))
    assert not is_complete([*map(json.dumps, began), '{"@message": "cut'])
    assert is_complete(map(json.dumps, [*began, summary("apply", add=3)]))
    assert is_complete(map(json.dumps, [*began, error("Denied")]))


def test_progress_shows_a_resource_once() -> None:
    tracker = Tracker("terraform apply envs/dev")
    waiting = hook("apply_progress", elapsed_seconds=10)
    lines = [
        tracker.take(one)
        for one in (
            planned("create"),
            hook("apply_start"),
            waiting,
            waiting,
            hook("apply_complete", elapsed_seconds=55),
        )
    ]
    assert lines == [None, None, None, None, '+ data_lake.aws_s3_bucket_public_access_block.this["raw"] 55 s']
    assert "1 of 1" in tracker.now()


def test_progress_says_what_it_waits_for() -> None:
    tracker = Tracker("terraform apply envs/dev")
    for one in (planned("create"), hook("apply_start"), hook("apply_start", address="module.lakehouse.aws_kms_key.s3")):
        tracker.take(one)
    assert f"waiting for {short(BLOCK)} since" in tracker.now()
    assert "and 1 more" in tracker.now()


def test_progress_does_not_count_what_is_only_read() -> None:
    tracker = Tracker("terraform plan envs/dev")
    assert tracker.take(hook("apply_complete", action="read")) is None
    assert tracker.done == 0
