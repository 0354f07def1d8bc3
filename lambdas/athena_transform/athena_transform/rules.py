"""The quality rules, read from `quality/rules.toml` and checked before any of them is used."""

import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from athena_transform.errors import RulesError
from athena_transform.settings import GOLD_HOURLY_TABLE, GOLD_TABLE, SILVER_TABLE
from athena_transform.sql import placeholders

# Beside the package, in the repository as in the archive.
RULES_FILE = Path(__file__).resolve().parent.parent / "quality" / "rules.toml"

SILVER_VALUES = frozenset({"day", "months", "ids", "first_id", "last_id", "objects"})
GOLD_VALUES = frozenset({"day", "months", "events"})
# What a rule's SQL may use, by the table that the rule is about.
VALUES = {SILVER_TABLE: SILVER_VALUES, GOLD_TABLE: GOLD_VALUES, GOLD_HOURLY_TABLE: GOLD_VALUES}
# Numbers that the code has without asking Athena.
MEASURES = frozenset({"days_since_newest_day"})

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_REQUIRED: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "table": str,
    "blocking": bool,
    "description": str,
    "maximum": (int, float),
}
_OPTIONAL: dict[str, type | tuple[type, ...]] = {"sql": str, "measure": str, "may_be_null": bool}


@dataclass(frozen=True)
class Rule:
    """One number that must not exceed `maximum`: `sql` gives it, or `measure` names it. The file explains the rest."""

    name: str
    table: str
    blocking: bool
    description: str
    maximum: float
    sql: str | None = None
    measure: str | None = None
    may_be_null: bool = False

    @property
    def is_select(self) -> bool:
        """Whether the SQL stands by itself; otherwise it is an aggregate over the day's rows."""
        return self.sql is not None and re.match(r"\s*SELECT\b", self.sql) is not None

    def allows(self, observed: float | None) -> bool:
        """Whether the rule holds with this number; None is a number that cannot be had yet."""
        return observed is None or observed <= self.maximum


def load_rules(path: Path = RULES_FILE) -> tuple[Rule, ...]:
    """The rules of the file, in its order. RulesError names the rule and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{path.name} is not TOML: {error}.") from error
    tables = document.pop("rule", None)
    if document or not isinstance(tables, list) or not tables:
        raise RulesError(f"{path.name} must hold [[rule]] tables and nothing else.")
    rules: list[Rule] = []
    for number, fields in enumerate(tables, start=1):
        if not isinstance(fields, dict):
            raise RulesError(f"{path.name}, rule {number} is not a table.")
        rule = _rule(f"{path.name}, rule {number} ({fields.get('name', 'without a name')})", fields)
        if any((rule.table, rule.name) == (other.table, other.name) for other in rules):
            raise RulesError(f"{path.name}, rule {number}: {rule.table} has a rule {rule.name} already.")
        rules.append(rule)
    return tuple(rules)


def _rule(where: str, fields: dict[str, Any]) -> Rule:
    """One rule, checked. `where` begins the message of every error."""
    if missing := sorted(set(_REQUIRED) - set(fields)):
        raise RulesError(f"{where} lacks {', '.join(missing)}.")
    kinds = _REQUIRED | _OPTIONAL
    if unknown := sorted(set(fields) - set(kinds)):
        raise RulesError(f"{where} has the unknown field {', '.join(unknown)}.")
    for field, value in fields.items():
        # True is an int in Python.
        if not isinstance(value, kinds[field]) or (isinstance(value, bool) and kinds[field] is not bool):
            raise RulesError(f"{where}: {field} is {value!r}, which is of the wrong type.")
    rule = Rule(**fields)
    if not _NAME.fullmatch(rule.name):
        raise RulesError(f"{where}: the name must match {_NAME.pattern}.")
    if rule.table not in VALUES:
        raise RulesError(f"{where}: the table must be one of {', '.join(VALUES)}.")
    if not re.fullmatch(r"[A-Z][^\n]*[^\s.]\.", rule.description):
        raise RulesError(f"{where}: the description must be one sentence on one line.")
    if not math.isfinite(rule.maximum) or rule.maximum < 0:
        raise RulesError(f"{where}: maximum must be a number that is not negative.")
    if (rule.sql is None) == (rule.measure is None):
        raise RulesError(f"{where} must have either sql or measure.")
    if rule.measure is not None and rule.measure not in MEASURES:
        raise RulesError(f"{where}: the measure must be one of {', '.join(sorted(MEASURES))}.")
    if rule.measure is not None and rule.blocking:
        raise RulesError(f"{where}: a measure is not about a day that could be kept back, so it must not block.")
    if rule.sql is not None:
        _check_sql(where, rule.sql, VALUES[rule.table])
    return rule


def _check_sql(where: str, sql: str, allowed: frozenset[str]) -> None:
    """It must fit into the statement that it becomes a part of: one expression, without a way out of its brackets."""
    if unknown := sorted(placeholders(sql) - allowed):
        raise RulesError(f"{where}: the SQL uses ${{{unknown[0]}}}; it may use {', '.join(sorted(allowed))}.")
    code = re.sub(r"'[^']*'", "''", sql)
    if not code.strip() or re.search(r";|--|/\*|\?", code):
        raise RulesError(f"{where}: the SQL must be one expression without comments, parameters and semicolons.")
    depth = 0
    for character in code:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
    if depth != 0:
        raise RulesError(f"{where}: the SQL's brackets do not match.")
