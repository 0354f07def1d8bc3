"""Silver to Gold: rebuild the days whose revision in Silver has changed, each checked, then published at once.

Silver's state says a revision for every ingest day, which changes with the day's rows; Gold's own state says which
revision it has built. A day goes through the quality rules twice: Silver's rows before anything is written, and what
has been written before readers see it. A day that fails a blocking rule stays as it was published before, is checked
again by every run until it passes, and holds up no other day.

The state, besides lease and `retired` (see `publisher`):

    built    ingest day -> the revision that is published
    months   ingest day -> the partitions of Silver that it was built from; should Silver's state get lost, its new one
             may not know all of them
    asked    ingest day -> months; days to rebuild whatever their revision is (`rebuild`, `reconcile`), until they are
    blocked  ingest day -> the revision that failed; such days come last, so that they cost no other day its time
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from athena_transform.athena import Query
from athena_transform.errors import QualityError, SettingsError
from athena_transform.lake import Lake, Outcome
from athena_transform.publisher import GOLD_TABLES, Publisher
from athena_transform.quality import Relation, Results, observe
from athena_transform.rules import Rule, load_rules
from athena_transform.settings import SILVER_TABLE
from athena_transform.silver_view import SilverDay, SilverView, read_objects
from athena_transform.sql import day_parameter, months_predicate, number, statement
from athena_transform.state import Lease
from athena_transform.telemetry import logger

SILVER_ROWS = Relation(SILVER_TABLE, SILVER_TABLE, "${months}\n    AND ingest_dt = DATE ${day}")
WRITTEN_ROWS = tuple(Relation(table.name, table.audit_name) for table in GOLD_TABLES)


def run(lake: Lake, *, rebuild: Iterable[date] = (), reconcile: bool = False) -> Outcome:
    """Build the days that have changed; `busy` when another run is at it, QualityError when days were blocked.

    `rebuild` names days to build although their revision has not changed, `reconcile` looks for days whose events in
    Silver and in Gold differ in number. What does not fit into the time is left to the next run, which need not be
    asked again.
    """
    rules = load_rules()
    lease = lake.state().acquire(lake.owner, lake.deadline.until_killed())
    if lease is None:
        return Outcome("busy")
    run_id = f"{lake.now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    with lease, Results(lake, run_id) as results:
        publisher = Publisher(lake, lease, run_id)
        publisher.remove_retired()
        memory = GoldMemory(lease.document)
        silver = SilverView.read(lake)
        _ask(memory, silver, rebuild)
        if reconcile:
            _reconcile(lake, memory)
        _check_freshness(lake, silver, rules, results)
        outcome = Builder(lake, lease, publisher, rules, results).build(memory.changed(silver))
    outcome = replace(outcome, quality_failures=len(results.failures), quality_warnings=len(results.warnings))
    if results.failures:
        raise QualityError(_blocked_message(results), outcome)
    return outcome


@dataclass(frozen=True)
class GoldMemory:
    """What Gold remembers between runs: typed access to the state document, which belongs to the run's lease."""

    document: dict[str, Any]

    def _part(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self.document.setdefault(name, {})
        return part

    def ask(self, day: date, months: Iterable[str] = ()) -> None:
        """Rebuild the day whatever its revision is; `months` of Silver may hold its rows besides the known ones."""
        asked = self._part("asked")
        asked[day.isoformat()] = sorted({*asked.get(day.isoformat(), []), *months})

    def months(self, day: date) -> set[str]:
        """Months that may hold the day's rows, from what it was built from and from the request to rebuild it."""
        key = day.isoformat()
        return {*self._part("months").get(key, []), *self._part("asked").get(key, [])}

    def changed(self, silver: SilverView) -> list[date]:
        """The days to build: the oldest first, but those that are known to be blocked after all others."""
        built, blocked = self._part("built"), self._part("blocked")
        days = {day for day in silver.days if built.get(day.isoformat()) != silver.day(day).revision}
        days |= {date.fromisoformat(day) for day in self._part("asked")}

        def order(day: date) -> tuple[bool, date]:
            key = day.isoformat()
            return key in blocked and blocked[key] == silver.day(day).revision, day

        return sorted(days, key=order)

    def has_built(self, day: SilverDay) -> None:
        """The day is published as it was at this revision."""
        key = day.day.isoformat()
        if day.revision is not None:
            self._part("built")[key] = day.revision
        self._part("months")[key] = sorted(day.months)
        self._part("asked").pop(key, None)
        self._part("blocked").pop(key, None)

    def was_blocked(self, day: SilverDay) -> None:
        """A blocking rule failed for the day at this revision."""
        self._part("blocked")[day.day.isoformat()] = day.revision


class Builder:
    """Builds days, one after the other; each that is done is remembered."""

    def __init__(
        self, lake: Lake, lease: Lease, publisher: Publisher, rules: tuple[Rule, ...], results: Results
    ) -> None:
        self._lake = lake
        self._lease = lease
        self._memory = GoldMemory(lease.document)
        self._publisher = publisher
        self._silver_rules = [rule for rule in rules if rule.table == SILVER_TABLE and rule.sql is not None]
        self._gold_rules = [rule for rule in rules if rule.table != SILVER_TABLE]
        self._results = results

    def build(self, days: list[date]) -> Outcome:
        """Build the days in this order, as far as the time allows."""
        rows, done, begun = 0, [], 0
        for day in days:
            if begun and not self._lake.deadline.allows_more():
                logger.warning("Little time left; the next run goes on", extra={"days_left": len(days) - begun})
                break
            begun += 1
            written = self._build_day(day)
            if written is not None:
                rows += written
                done.append(day)
        return Outcome.of(rows, done, is_complete=begun == len(days))

    def _build_day(self, day: date) -> int | None:
        """Check a day, write it, check that, and publish it; returns the rows written, None if it was kept back."""
        # The ledger before the state: Silver writes them in this order, so the state knows of all that is listed.
        objects = read_objects(self._lake, day)
        silver = SilverView.read(self._lake)
        entry = silver.day(day).with_months(self._memory.months(day))
        if not entry.months:
            logger.warning("Silver does not know where the day's rows are", extra={"day": day.isoformat()})
            return None
        values = silver.values(entry, self._lake.silver_partitions(), objects)
        found = observe(self._lake, "silver_rules", [SILVER_ROWS], self._silver_rules, values)
        if not self._results.add(day, entry.revision, found.numbers):
            self._memory.was_blocked(entry)
            return None
        events = found.rows[SILVER_TABLE]
        if events == 0 and not self._publisher.is_published(day):
            # Its events were all known from other days. There is nothing that readers could see or miss.
            self._memory.has_built(entry)
            return 0
        rows = self._publish(entry, events)
        if rows is None:
            self._memory.was_blocked(entry)
        return rows

    def _publish(self, entry: SilverDay, events: int) -> int | None:
        """Write, check and publish a day that passed Silver's rules with so many events."""
        staged = self._publisher.stage(entry.day, entry.months)
        values = {
            "day": day_parameter(entry.day),
            "months": months_predicate(entry.months),
            "events": number(events),
        }
        with self._publisher.audit_tables(staged):
            found = observe(self._lake, "gold_rules", WRITTEN_ROWS, self._gold_rules, values)
        if not self._results.add(entry.day, entry.revision, found.numbers):
            return None
        self._publisher.publish(staged)
        self._memory.has_built(entry)
        self._lease.save()
        return sum(found.rows.values())


def _ask(memory: GoldMemory, silver: SilverView, rebuild: Iterable[date]) -> None:
    """Remember the days that somebody wants rebuilt."""
    days = sorted(set(rebuild))
    if unknown := [day.isoformat() for day in days if not silver.day(day).months and not memory.months(day)]:
        raise SettingsError(
            f"Silver's state does not know {', '.join(unknown)}, so rebuild cannot tell where the rows are."
            ' If Silver holds such days, {"reconcile": true} finds them.'
        )
    for day in days:
        memory.ask(day)


def _reconcile(lake: Lake, memory: GoldMemory) -> None:
    """Ask for the days whose number of events in Silver is not the one in Gold, whatever the states say."""
    execution = lake.athena.run(Query(statement("gold_changed_days")))
    for text, months in lake.athena.rows(execution.query_execution_id):
        if text is not None and months is not None:
            logger.warning("Silver and Gold differ", extra={"day": text})
            memory.ask(date.fromisoformat(text), months.split(","))


def _check_freshness(lake: Lake, silver: SilverView, rules: Iterable[Rule], results: Results) -> None:
    """Evaluate the rules that need no query."""
    if not silver.days:
        return
    newest = silver.day(silver.days[-1])
    measures = {"days_since_newest_day": float((lake.now().date() - newest.day).days)}
    numbers = {rule: measures[rule.measure] for rule in rules if rule.measure is not None}
    results.add(newest.day, newest.revision, numbers)


def _blocked_message(results: Results) -> str:
    days = sorted({check.day for check in results.failures})
    listed = "\n".join(check.describe() for check in results.failures)
    return (
        f"{len(days)} of the days that were to be built failed rules that block, so readers still see what was"
        f" published of them before:\n{listed}\n"
        "What to do: look at the rule's SQL in quality/rules.toml and at its results (github_events_quality, run_id"
        f" '{results.run_id}'), and mend what it points to in Bronze or Silver, or the rule. Every run checks these"
        " days again and publishes them once they pass."
    )
