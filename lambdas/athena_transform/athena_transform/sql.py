"""Load a statement and fill in its values, safely.

Table names stand in the files as they are; the database comes from the query's context. Single days go in as execution
parameters (`?`). What Athena takes as a literal only (UNLOAD's target) or what is a list (objects, months) is
substituted for `${name}`, and only as a `Fragment`, which nothing but the functions of this module makes, after
checking the shape of every value. Athena allows `?` in WHERE clauses only:
https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NewType

from athena_transform.errors import StatementError

# Beside the package, in the repository as in the archive.
SQL_FOLDER = Path(__file__).resolve().parent.parent / "sql"
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
MOST_STATEMENT_BYTES = 262_144

Fragment = NewType("Fragment", str)

_NAME = re.compile(r"[a-z_]+")
_PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")
# Bucket and folders without a character that could end a SQL string; the trailing slash makes it a folder.
_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9_=-]+/)+")
_PATH = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9_=./+-]+")
# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
_COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
# GitHub's ids are digits; other characters that cannot end a SQL string do no harm.
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def statement(name: str, **values: str) -> str:
    """The text of `sql/<name>.sql` with every `${placeholder}` replaced.

    `location` is an S3 folder, every other value a `Fragment`. StatementError when the name or the location is
    malformed, when a placeholder has no value or a value no placeholder, and when the text is too long for Athena.
    """
    if not _NAME.fullmatch(name):
        raise StatementError(f"{name!r} is not the name of a statement.")
    return fill(name, (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8"), values)


def fill(name: str, text: str, values: dict[str, str]) -> str:
    """`text` with its placeholders replaced, under the rules of `statement`; `name` is for the errors."""
    wanted = placeholders(text)
    if wanted != set(values):
        raise StatementError(f"The statement {name} takes {sorted(wanted)}, not {sorted(values)}.")
    location = values.get("location")
    if location is not None and not _LOCATION.fullmatch(location):
        raise StatementError(f"{location!r} is not an S3 folder of the shape {_LOCATION.pattern}.")
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], text)
    if len(filled.encode()) > MOST_STATEMENT_BYTES:
        raise StatementError(f"The statement {name} has {len(filled.encode()):,} bytes; Athena takes 262,144.")
    return filled


def placeholders(text: str) -> set[str]:
    """The names of the placeholders in a text."""
    return set(_PLACEHOLDER.findall(text))


def day_parameter(day: date) -> Fragment:
    """A day as an execution parameter. Parameters are SQL literals as text, so a string brings its own quotes."""
    # A datetime is a date in Python, and its isoformat is not a day.
    if type(day) is not date:
        raise StatementError(f"{day!r} is not a day.")
    return Fragment(f"'{day.isoformat()}'")


def id_literal(value: str) -> Fragment:
    """An event id as a SQL string."""
    if not _ID.fullmatch(value):
        raise StatementError(f"{value!r} is not an event id of the shape {_ID.pattern}.")
    return Fragment(f"'{value}'")


def number(value: int) -> Fragment:
    """A whole number that is not negative."""
    if type(value) is not int or value < 0:
        raise StatementError(f"{value!r} is not a count.")
    return Fragment(str(value))


def paths(values: Iterable[str]) -> Fragment:
    """S3 paths as the list of an IN: `'s3://…', 's3://…'`."""
    listed = sorted(values)
    for path in listed:
        if not _PATH.fullmatch(path):
            raise StatementError(f"{path!r} is not an S3 path of the shape {_PATH.pattern}.")
    if not listed:
        raise StatementError("A list of paths must not be empty.")
    return Fragment(",\n".join(f"'{path}'" for path in listed))


def column_list(names: Iterable[str]) -> Fragment:
    """Column names as a SELECT list, in their order."""
    listed = list(names)
    for name in listed:
        if not _COLUMN.fullmatch(name):
            raise StatementError(f"{name!r} is not a column name of the shape {_COLUMN.pattern}.")
    return Fragment(",\n        ".join(f'"{name}"' for name in listed))


def months_predicate(months: Iterable[str]) -> Fragment:
    """A condition on the partition keys `year` and `month` that holds for these months (`yyyy-MM`) only.

    Written with literals, it prunes partitions when the query is planned.
    """
    years: dict[str, list[str]] = {}
    for one in sorted(set(months)):
        match = _MONTH.fullmatch(one)
        if match is None:
            raise StatementError(f"{one!r} is not a month of the form yyyy-MM.")
        years.setdefault(match[1], []).append(match[2])
    if not years:
        return Fragment("(1 = 0)")
    parts = []
    for year, listed in years.items():
        quoted = ", ".join(f"'{month}'" for month in listed)
        parts.append(f"(year = '{year}' AND month IN ({quoted}))")
    return Fragment(f"({' OR '.join(parts)})")


def rows_predicate(months: Iterable[str], first_id: str | None, last_id: str | None) -> Fragment:
    """A condition that holds for Silver's rows of these months with an id between two (None: no bound).

    Ids are compared as text, as Athena compares them. Parquet's statistics let it skip the row groups outside.
    """
    condition = months_predicate(months)
    if first_id is None or last_id is None:
        return condition
    return Fragment(f"{condition} AND event_id BETWEEN {id_literal(first_id)} AND {id_literal(last_id)}")
