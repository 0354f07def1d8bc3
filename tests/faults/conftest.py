"""Settings of the fault tests, which make runs small and repeatable."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest
from athena_transform import bronze, compaction, gold, silver
from athena_transform.rules import load_rules

# What the transforms' own tests made: a lake in the sandbox, and what it must hold.
sys.path.append(str(Path(__file__).resolve().parent.parent / "lambdas"))

# Of the quality rules those that see lost, doubled or half events; all of them cost a day of Gold twice the time.
RULES = frozenset({"event_id_unique", "complete_against_bronze", "old_day_has_not_shrunk", "sum_matches_silver"})


@pytest.fixture(scope="module")
def small_runs() -> Iterator[None]:
    """Small batches and early compactions, calls in one order, no waiting between the SDK's attempts, no logs."""
    rules = tuple(rule for rule in load_rules() if rule.name in RULES)
    assert len(rules) == 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bronze, "HEADS_AT_A_TIME", 1)
        patch.setattr(silver, "MOST_OBJECTS", 3)
        patch.setattr(compaction, "MANY_SMALL_FILES", 3)
        patch.setattr(gold, "load_rules", lambda: rules)
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None))
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        yield
        logging.disable(before)
