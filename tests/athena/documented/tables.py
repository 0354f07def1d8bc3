"""The form of the tables of documented examples: expressions, and what Trino says they are."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fails:
    """The query fails with Trino's error `code`; `message` is a part of what it says."""

    code: str
    message: str = ""


Expected = str | None | Fails
"""The value as Athena prints it (None: NULL), or the failure."""
Row = tuple[str, Expected] | tuple[str, Expected, str]
"""An expression (or a whole query that gives one value), what is expected, and where it matters Trino's type of it."""


@dataclass(frozen=True)
class Table:
    """Rows that come from one page (and section) of Trino's or Athena's documentation, or follow from what it says.

    `family` is the name that the coverage in docs/athena-engine.md is counted under.
    """

    family: str
    page: str
    rows: Sequence[Row]
