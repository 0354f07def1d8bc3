"""Every row of every table of documented examples, on the engine.

A table is one query of many columns as long as all its rows agree; else each row is asked alone.
"""

import pytest
from athena_fakes import LocalLake

from documented.coverage import tables
from documented.tables import Fails, Row, Table
from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError

_AT_ONCE = 40


def _is_query(text: str) -> bool:
    return text.lstrip("(").split(None, 1)[0].upper() in ("SELECT", "WITH", "VALUES", "TABLE")


def _ask(local: LocalLake, text: str) -> list[list[str | None]]:
    return local.rows(text if _is_query(text) else f"SELECT {text}")


def _disagreement(local: LocalLake, row: Row) -> str | None:
    """What the engine says instead of what the row says; None if they agree."""
    text, expected, *types = row
    try:
        found = _ask(local, text)
        if found != [[expected]]:
            return f"{text}\n    expected {expected!r}\n    got      {found!r}"
        if types:
            [[shown]] = local.rows(f"SELECT typeof({text})")
            if shown != types[0]:
                return f"{text}\n    expected the type {types[0]}\n    got               {shown}"
    except AthenaError as error:
        if not isinstance(expected, Fails) or error.code != expected.code or expected.message not in error.message:
            return f"{text}\n    expected {expected!r}\n    failed   {error}"
    except InvalidRequestError as error:
        if not isinstance(expected, Fails) or expected.code != "SYNTAX" or expected.message not in error.message:
            return f"{text}\n    expected {expected!r}\n    refused  {error}"
    return None


def _all_agree(local: LocalLake, rows: list[Row]) -> bool:
    """Whether one query that asks all these expressions gives what is expected."""
    try:
        asked = [f"{r[0]}" for r in rows] + [f"typeof({r[0]})" for r in rows if len(r) > 2]
        return local.rows(f"SELECT {', '.join(asked)}") == [[r[1] for r in rows] + [r[2] for r in rows if len(r) > 2]]
    except (AthenaError, InvalidRequestError):
        return False


@pytest.mark.parametrize("table", tables(), ids=lambda table: f"{table.family}: {table.page}")
def test_rows(local: LocalLake, table: Table) -> None:
    together = [r for r in table.rows if not isinstance(r[1], Fails) and not _is_query(r[0])]
    alone = [r for r in table.rows if r not in together]
    for start in range(0, len(together), _AT_ONCE):
        rows = together[start : start + _AT_ONCE]
        if not _all_agree(local, rows):
            alone += rows
    wrong = [found for row in alone if (found := _disagreement(local, row)) is not None]
    assert not wrong, "\n".join(["", *wrong])
