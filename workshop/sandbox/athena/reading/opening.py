"""Opens the tables that a query reads: which files, how many bytes, and a DuckDB view of each."""
# ruff: noqa: S608 - this module writes SQL: names in it are our own

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from workshop.sandbox.athena.catalog.glue import Catalog
from workshop.sandbox.athena.compiler.aggregation import contains_aggregate
from workshop.sandbox.athena.compiler.scope import Compiled, Scan
from workshop.sandbox.athena.engine import Session
from workshop.sandbox.athena.reading import readers
from workshop.sandbox.athena.reading.accounting import scanned_bytes
from workshop.sandbox.athena.reading.pruning import PartitionFiles, files_of
from workshop.sandbox.athena.reading.readers import ScanFiles
from workshop.sandbox.athena.reading.storage import Storage


class BytesScannedCutoffError(Exception):
    """The work group's limit on bytes scanned was exceeded."""


@dataclass(frozen=True)
class Opener:
    """Opens scans for one query; `cutoff` in bytes, `check` raises once the query has been stopped."""

    catalog: Catalog
    storage: Storage
    session: Session
    started: datetime
    cutoff: int | None
    check: Callable[[], None]

    def open(self, query: exp.Expr, compiled: Compiled, scans: Sequence[Scan]) -> int:
        """Create the views that `compiled` reads; returns the bytes scanned."""
        limit = _limit_of_any_rows(query)
        if limit is not None and len(scans) == 1:
            return self._open_until(limit, compiled, scans[0])
        opened = [readers.fetch(scan, self._files(scan), self.storage, check=self.check) for scan in scans]
        scanned = self._account(opened)
        for files in opened:
            self.check()
            readers.create_view(self.session.connection, files, self.session.folder, self.check)
        return scanned

    def _open_until(self, limit: int, compiled: Compiled, scan: Scan) -> int:
        """Open files until there are `limit` rows, each time twice as many; any rows will do."""
        partitions = self._files(scan)
        total = sum(o.size > 0 for p in partitions for o in p.objects)
        count = min(limit, 1)
        files = readers.fetch(scan, _first(partitions, count), self.storage, check=self.check)
        while True:
            self.check()
            scanned = self._account([files])
            readers.create_view(self.session.connection, files, self.session.folder / f"first_{count}", self.check)
            if count >= total or limit == 0:
                return scanned
            [(found,)] = self.session.connection.execute(f"SELECT count(*) FROM ({compiled.sql}) AS q").fetchall()
            if found >= limit:
                return scanned
            count *= 2
            files = readers.fetch(scan, _first(partitions, count), self.storage, files.paths, self.check)

    def _files(self, scan: Scan) -> list[PartitionFiles]:
        self.check()
        return files_of(scan, self.catalog, self.storage, self.session.connection, self.started)

    def _account(self, opened: Sequence[ScanFiles]) -> int:
        scanned = scanned_bytes(opened, self.session.connection)
        if self.cutoff is not None and scanned > self.cutoff:
            raise BytesScannedCutoffError
        return scanned


def _limit_of_any_rows(query: exp.Expr) -> int | None:
    """The LIMIT of a query that any rows of one table satisfy: no order, no groups, no windows, no other query."""
    while isinstance(query, exp.Subquery) and not query.args.get("limit"):
        query = query.this
    if not isinstance(query, exp.Select) or not isinstance(query.args.get("limit"), exp.Limit):
        return None
    source = query.args.get("from_")
    whole = any(query.args.get(k) for k in ("joins", "group", "having", "order", "distinct", "with_"))
    nested = sum(1 for _ in query.find_all(exp.Query, exp.Window)) > 1
    if whole or nested or source is None or not isinstance(source.this, exp.Table):
        return None
    count = query.args["limit"].expression
    if any(map(contains_aggregate, query.expressions)) or not isinstance(count, exp.Literal):
        return None
    return int(count.name)


def _first(partitions: Sequence[PartitionFiles], count: int) -> list[PartitionFiles]:
    """As many partitions and files as hold the first `count` files that are not empty."""
    chosen = []
    for item in partitions:
        objects = tuple(o for o in item.objects if o.size > 0)[:count]
        chosen.append(PartitionFiles(item.partition, objects))
        count -= len(objects)
    return chosen
