"""Check a day by rules: all numbers of a stage in one query, and every result kept.

Athena bills 10 MB at least for a query and reads a table once for each time it stands in the text. So the rules become
one statement with one row: those that are aggregates share a single scan of the day's rows, the others are subqueries
of one value.
"""

import gzip
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from athena_transform.athena import Query
from athena_transform.errors import RulesError
from athena_transform.lake import Lake
from athena_transform.rules import Rule
from athena_transform.settings import QUALITY_TABLE
from athena_transform.sql import Fragment, fill, placeholders
from athena_transform.telemetry import logger


@dataclass(frozen=True)
class Relation:
    """Rows that aggregates look at: those of `table`, as found in `source` under `condition`."""

    table: str
    source: str
    condition: str | None = None


@dataclass(frozen=True)
class Observation:
    """What Athena found: the rows of each relation, by table, and each rule's number (None: not to be had yet)."""

    rows: dict[str, int]
    numbers: dict[Rule, float | None]


def observe(
    lake: Lake, name: str, relations: Iterable[Relation], rules: Iterable[Rule], values: Mapping[str, Fragment]
) -> Observation:
    """Ask Athena for all rules' numbers at once; `name` is the stage's name, for errors.

    A rule that may be NULL and needs a value that is not there (no Bronze objects, say) is not asked for. RulesError
    when a rule gives something else than a number.
    """
    relations = list(relations)
    numbers: dict[Rule, float | None] = {}
    asked: list[Rule] = []
    for rule in rules:
        if rule.may_be_null and not placeholders(rule.sql or "") <= set(values):
            numbers[rule] = None
        else:
            asked.append(rule)
    text = statement_of(relations, asked)
    wanted = placeholders(text)
    filled = fill(name, text, {key: value for key, value in values.items() if key in wanted})
    execution = lake.athena.run(Query(filled))
    [row] = lake.athena.rows(execution.query_execution_id)
    counts, cells = row[: len(relations)], row[len(relations) :]
    rows = {relation.table: int(cell or 0) for relation, cell in zip(relations, counts, strict=True)}
    return Observation(rows, numbers | {rule: _number(rule, cell) for rule, cell in zip(asked, cells, strict=True)})


def statement_of(relations: Iterable[Relation], rules: Iterable[Rule]) -> str:
    """A statement of one row: how many rows each relation has, then each rule's number."""
    relations, rules = list(relations), list(rules)
    columns = [f"{relation.table}.rows_count" for relation in relations]
    aggregates: dict[str, list[str]] = {relation.table: ["COUNT(*) AS rows_count"] for relation in relations}
    for number, rule in enumerate(rules):
        sql = (rule.sql or "").strip()
        if rule.is_select:
            value = f"({sql})"
        else:
            aggregates[rule.table].append(f"{sql} AS rule_{number}")
            value = f"{rule.table}.rule_{number}"
        columns.append(f'CAST({value} AS double) AS "{rule.table}.{rule.name}"')
    sources = []
    for relation in relations:
        condition = "" if relation.condition is None else f"\nWHERE {relation.condition}"
        counted = ",\n".join(aggregates[relation.table])
        sources.append(f"(\nSELECT\n{counted}\nFROM {relation.source}{condition}\n) AS {relation.table}")
    return "SELECT\n" + ",\n".join(columns) + "\nFROM " + "\nCROSS JOIN ".join(sources)


def _number(rule: Rule, cell: str | None) -> float | None:
    if cell is None:
        if rule.may_be_null:
            return None
        raise RulesError(f"The rule {rule.table}.{rule.name} gave NULL, and may_be_null is not set.")
    number = float(cell)
    if not math.isfinite(number):
        raise RulesError(f"The rule {rule.table}.{rule.name} gave {cell}, which is not a number.")
    return number


@dataclass(frozen=True)
class Check:
    """One rule's result for a day, at a revision of Silver's day."""

    day: date
    rule: Rule
    observed: float | None
    revision: str | None
    checked_at: datetime

    @property
    def has_passed(self) -> bool:
        """Whether the rule allows what was observed."""
        return self.rule.allows(self.observed)

    @property
    def is_blocking(self) -> bool:
        """Whether the day must not be published because of this."""
        return self.rule.blocking and not self.has_passed

    def describe(self) -> str:
        """Day, rule, numbers and what they mean, for people."""
        return (
            f"{self.day.isoformat()}, {self.rule.table}.{self.rule.name}: observed {self.observed:g},"
            f" allowed {self.rule.maximum:g} ({self.rule.description})"
        )

    def document(self, run_id: str) -> dict[str, Any]:
        """A row of the table of results."""
        return {
            "run_id": run_id,
            "checked_at": f"{self.checked_at:%Y-%m-%d %H:%M:%S}",
            "ingest_day": self.day.isoformat(),
            "table_name": self.rule.table,
            "rule": self.rule.name,
            "blocking": self.rule.blocking,
            "passed": self.has_passed,
            "observed": self.observed,
            "maximum": float(self.rule.maximum),
            "revision": self.revision,
        }


class Results:
    """All checks of one run. Leaving it, also by an error, writes them to the table of results: one object a run."""

    def __init__(self, lake: Lake, run_id: str) -> None:
        self._lake = lake
        self._began = lake.now()
        self.run_id = run_id
        self.checks: list[Check] = []

    @property
    def failures(self) -> list[Check]:
        """The checks that keep days from being published."""
        return [check for check in self.checks if check.is_blocking]

    @property
    def warnings(self) -> list[Check]:
        """The checks that failed without keeping a day from being published."""
        return [check for check in self.checks if not check.has_passed and not check.rule.blocking]

    def add(self, day: date, revision: str | None, numbers: Mapping[Rule, float | None]) -> bool:
        """Note what was observed for a day; True when nothing keeps it from being published."""
        checks = [Check(day, rule, number, revision, self._lake.now()) for rule, number in numbers.items()]
        self.checks += checks
        for check in checks:
            if not check.has_passed:
                log = logger.error if check.is_blocking else logger.warning
                log("A quality rule failed", extra=check.document(self.run_id))
        return not any(check.is_blocking for check in checks)

    def __enter__(self) -> "Results":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._write()
        except (ClientError, BotoCoreError):
            if error is None:
                raise
            # The error under way matters more; the log has what failed.
            logger.exception("The results could not be written")

    def _write(self) -> None:
        if not self.checks:
            return
        lines = "".join(f"{json.dumps(check.document(self.run_id))}\n" for check in self.checks)
        self._lake.s3.put_object(
            Bucket=self._lake.settings.gold_bucket,
            Key=f"{QUALITY_TABLE}/run_dt={self._began:%Y-%m-%d}/{self.run_id}.json.gz",
            Body=gzip.compress(lines.encode(), mtime=0),
            ContentType="application/gzip",
        )
