"""The parts of docs/datasets.md that are facts of the code: schemas from the catalog, rules from their file.

A part stands between `<!-- generated: name -->` and `<!-- end -->`. `workshop datasets` writes them anew from the
deployed catalog; tests hold the page against the catalog and the rules.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workshop.errors import WorkshopError
from workshop.names import Names
from workshop.paths import LAMBDAS, REPOSITORY

PAGE = REPOSITORY / "docs" / "datasets.md"
RULES = LAMBDAS / "athena_transform" / "quality" / "rules.toml"

_PART = re.compile(r"(<!-- generated: (?P<name>[a-z_ ]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)


def schema(table: Mapping[str, Any]) -> str:
    """A table's columns, partition keys last, as Markdown. `table` is Glue's answer to GetTable."""
    columns = [(column, "") for column in table["StorageDescriptor"]["Columns"]]
    keys = [(column, ", partition") for column in table.get("PartitionKeys", [])]
    lines = ["| column | type | |", "|---|---|---|"]
    for column, note in [*columns, *keys]:
        lines.append(f"| `{column['Name']}` | {column['Type']}{note} | {column.get('Comment', '')} |")
    return "\n".join(lines) + "\n"


def rules(file: Path = RULES) -> str:
    """The quality rules, as Markdown."""
    lines = ["| rule | table | holds when | if it fails |", "|---|---|---|---|"]
    for rule in tomllib.loads(file.read_text(encoding="utf-8"))["rule"]:
        consequence = "the day is not published" if rule["blocking"] else "a warning"
        table = rule["table"].removeprefix("github_events_")
        lines.append(f"| `{rule['name']}` | {table} | {rule['description']} | {consequence} |")
    return "\n".join(lines) + "\n"


def parts(glue: Any, names: Names) -> dict[str, str]:
    """Every generated part by its name: `schema <key of names.tables>`, and `rules`."""
    found = {
        f"schema {key}": schema(glue.get_table(DatabaseName=names.database, Name=table)["Table"])
        for key, table in names.tables.items()
    }
    return {**found, "rules": rules()}


def written(page: str) -> dict[str, str]:
    """The parts as the page has them."""
    return {match["name"]: match["text"] for match in _PART.finditer(page)}


def refreshed(page: str, fresh: Mapping[str, str]) -> str:
    """The page with its parts replaced. WorkshopError if page and parts do not name the same."""
    if set(written(page)) != set(fresh):
        raise WorkshopError(f"docs/datasets.md has the parts {sorted(written(page))}, not {sorted(fresh)}.")
    return _PART.sub(lambda match: f"{match[1]}{fresh[match['name']]}{match[4]}", page)
