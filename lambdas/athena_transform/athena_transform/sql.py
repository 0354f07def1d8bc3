"""Load a statement and fill in its values, safely.

Table names stand in the files as they are; the database comes from the query's context. Two kinds of value remain:
days go in as execution parameters (`?`), and UNLOAD's target, which Athena takes as a literal only, is substituted
after its shape has been checked. Athena allows `?` in WHERE clauses only:
https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

import re
from datetime import date
from pathlib import Path

from athena_transform.errors import StatementError

# Beside the package, in the repository as in the archive.
SQL_FOLDER = Path(__file__).resolve().parent.parent / "sql"

_PLACEHOLDER = "${location}"
_NAME = re.compile(r"[a-z_]+")
# Bucket and folders without a character that could end a SQL string; the trailing slash makes it a folder.
_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9_=-]+/)+")


def statement(name: str, *, location: str | None = None) -> str:
    """The text of `sql/<name>.sql`, with `${location}` replaced where the statement has it.

    StatementError when the name or the location is malformed, and when the statement takes no location or needs one.
    """
    if not _NAME.fullmatch(name):
        raise StatementError(f"{name!r} is not the name of a statement.")
    text = (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    if (_PLACEHOLDER in text) != (location is not None):
        raise StatementError(f"The statement {name} takes {'a' if _PLACEHOLDER in text else 'no'} location.")
    if location is None:
        return text
    if not _LOCATION.fullmatch(location):
        raise StatementError(f"{location!r} is not an S3 folder of the shape {_LOCATION.pattern}.")
    return text.replace(_PLACEHOLDER, location)


def day_parameter(day: date) -> str:
    """A day as an execution parameter. Parameters are SQL literals as text, so a string brings its own quotes."""
    # A datetime is a date in Python, and its isoformat is not a day.
    if type(day) is not date:
        raise StatementError(f"{day!r} is not a day.")
    return f"'{day.isoformat()}'"
