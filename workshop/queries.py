"""Athena from a notebook: one query, one DataFrame, and what it cost."""

import html
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop.checks import QueryFailed
from workshop.records import AMBER, Line, Record, amount, took

if TYPE_CHECKING:
    import pandas as pd

# https://aws.amazon.com/athena/pricing/ (list price, us-east-1, 2025-10): $5.00 per TB scanned, rounded up to the
# next megabyte with 10 MB at least per query. DDL is free.
DOLLARS_PER_TB = 5.00
MINIMUM_BYTES = 10_000_000


@dataclass(frozen=True)
class QueryCost:
    """What Athena reports about a finished query. `data_scanned_in_bytes` is unrounded, as in its API."""

    query_execution_id: str
    statement_type: str
    data_scanned_in_bytes: int
    seconds: float

    @property
    def dollars(self) -> float:
        """The bill at list price: 10 MB at least, unless the statement is DDL."""
        return price(self.data_scanned_in_bytes, self.statement_type)


def price(data_scanned_in_bytes: int, statement_type: str = "DML") -> float:
    """Dollars for one query at list price."""
    if statement_type == "DDL":
        return 0.0
    return max(data_scanned_in_bytes, MINIMUM_BYTES) / 1e12 * DOLLARS_PER_TB


def athena_sql(session: Any, *, work_group: str, database: str, sql: str) -> "tuple[pd.DataFrame, QueryCost]":
    """Run one statement and wait for it. Returns all rows and the cost; raises `QueryFailed` with Athena's words."""
    from pyathena import connect  # noqa: PLC0415 - pandas and PyAthena take a second to import
    from pyathena.error import Error  # noqa: PLC0415
    from pyathena.pandas.cursor import PandasCursor  # noqa: PLC0415

    started = time.monotonic()
    connection = connect(
        session=session,
        work_group=work_group,
        schema_name=database,
        region_name=session.region_name,
        cursor_class=PandasCursor,
        poll_interval=0.2,
    )
    with connection, connection.cursor() as cursor:
        try:
            frame = cursor.execute(sql).as_pandas()
        except Error as error:
            raise QueryFailed(str(error)) from error
        cost = QueryCost(
            query_execution_id=cursor.query_id or "",
            statement_type=cursor.statement_type or "",
            data_scanned_in_bytes=cursor.data_scanned_in_bytes or 0,
            seconds=round(time.monotonic() - started, 3),
        )
    return frame, cost


def metered(run: "Callable[[], tuple[pd.DataFrame, QueryCost]]", sql: str) -> "pd.DataFrame":
    """Run a query with its cost meter on display, and record it.

    Returns the rows; their `attrs["bytes_scanned"]` says how much was read for them.
    """
    line = Line(_headline(sql))
    line.say("…")
    try:
        frame, cost = run()
    except QueryFailed as error:
        record = Record("query", line.title, "fail", round(line.seconds, 3), {"error": error.message})
        line.end(record, error.message)
        raise
    details = {
        "rows": len(frame),
        "bytes_scanned": cost.data_scanned_in_bytes,
        "dollars": cost.dollars,
        "query_execution_id": cost.query_execution_id,
    }
    scanned = f"{amount(cost.data_scanned_in_bytes)} scanned"
    note = f"{len(frame):,} rows · {scanned} · ${cost.dollars:.5f} · {took(cost.seconds)}"
    frame.attrs["bytes_scanned"] = cost.data_scanned_in_bytes
    line.end(Record("query", line.title, seconds=cost.seconds, details=details), note, _meter(cost))
    return frame


def _headline(sql: str) -> str:
    """The query on one line, short enough for a title."""
    text = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()
    return text if len(text) <= 72 else text[:71] + "…"


def _meter(cost: QueryCost) -> str:
    """A bar from nothing to the 10 MB that Athena bills at least: how much of the minimum the query used."""
    if cost.statement_type == "DDL":
        return ""
    share = min(1.0, cost.data_scanned_in_bytes / MINIMUM_BYTES)
    label = html.escape(f"{share:.0%} of the 10 MB that every query is billed for at least")
    bar = f"width:{share:.1%};height:4px;background:{AMBER};border-radius:2px"
    return (
        f'<div title="{label}" style="margin:2px 0 6px 22px;width:240px;height:4px;background:rgba(128,128,128,.25);'
        f'border-radius:2px"><div style="{bar}"></div></div>'
    )
