"""What a condition says of one table alone: it decides which partitions, files and row groups can matter.

A conjunct of WHERE or ON is handed to a table's scan when every column in it is a column of that table, seen directly
or passed on unchanged by derived tables and CTEs. The query still evaluates it: a condition that is not handed on costs
bytes, one that should not have been would cost rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.expressions import Expressions
from workshop.sandbox.athena.compiler.scope import Column, Range, Scan
from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.types import BOOLEAN

_ORDERED = frozenset(
    ["boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar", "date", "timestamp"]
)
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}


@dataclass(frozen=True)
class Finding:
    """A condition on `scan`. It holds for all readers of the scan unless one of the CTEs in `shared` has several.

    Exactly one of `partitions`, `paths` (SQL over the scan's alias) and `ranges` is set; `equalities` are the texts
    that a partition key is compared with.
    """

    scan: Scan
    shared: frozenset[str]
    partitions: str | None = None
    paths: str | None = None
    ranges: Range | None = None
    equalities: tuple[str, frozenset[str]] | None = None

    def apply(self) -> None:
        """Let the scan use it."""
        if self.partitions is not None:
            self.scan.conditions.append(self.partitions)
        if self.paths is not None:
            self.scan.path_conditions.append(self.paths)
        if self.ranges is not None:
            self.scan.ranges.append(self.ranges)
        if self.equalities is not None:
            key, values = self.equalities
            self.scan.equalities.setdefault(key, set()).update(values)


def sources(column: Column) -> tuple[Column, ...]:
    """The columns of tables that `column` shows unchanged: itself, or one for each branch of a UNION below."""
    return (column,) if column.scan is not None else column.origins


def findings(base: Expressions, condition: exp.Expr, applies: Callable[[Column], bool]) -> Iterator[Finding]:
    """What the conjuncts of `condition` say of single tables; `applies`: rows that fail it for this column are lost."""
    for conjunct in _conjuncts(condition):
        if conjunct.find(exp.Query):
            continue
        expressions = base.in_clause(base.clause)
        expressions.compile(conjunct)
        columns = [column for column, _ in expressions.touched]
        if not columns or not all(own and applies(column) for column, own in expressions.touched):
            continue
        for scan in dict.fromkeys(source.scan for source in sources(columns[0])):
            chosen = _of_scan(columns, scan)
            if scan is not None and chosen is not None:
                found = _Conjunct(base, conjunct, scan, chosen).finding()
                if found is not None:
                    yield found


def _of_scan(columns: Sequence[Column], scan: Scan | None) -> dict[int, Column] | None:
    """For each column the one of `scan` that it shows; None if some column shows another or a missing row's."""
    chosen = {}
    for column in columns:
        found = [source for source in sources(column) if source.scan is scan]
        if len(found) != 1 or found[0].nullable_side:
            return None
        chosen[id(column)] = found[0]
    return chosen


@dataclass(frozen=True)
class _Conjunct:
    """A conjunct, and for each column in it (by identity) the scan's own column."""

    base: Expressions
    node: exp.Expr
    scan: Scan
    chosen: Mapping[int, Column]

    def finding(self) -> Finding | None:
        columns = list(self.chosen.values())
        shared = frozenset().union(*(c.shared for c in columns))
        if any(c.hidden for c in columns) and all(c.hidden or c.partition_key for c in columns):
            return Finding(self.scan, shared, paths=self._sql())
        if all(c.partition_key for c in columns):
            return Finding(self.scan, shared, partitions=self._sql(), equalities=self._equalities(columns[0]))
        if len(columns) == 1 and not columns[0].hidden and columns[0].type.name in _ORDERED:
            sql = self._range(columns[0])
            return None if sql is None else Finding(self.scan, shared, ranges=Range(columns[0].own_name, sql))
        return None

    def _compile(self, node: exp.Expr) -> tuple[Value, bool]:
        """`node` over the scan's own columns, and whether it is constant."""
        scope = self.base.scope
        columns = [
            replace(c, sql=self.chosen[id(c)].sql, scan=None, origins=()) if id(c) in self.chosen else c
            for c in scope.columns
        ]
        expressions = replace(self.base, scope=replace(scope, columns=columns), touched=[])
        value = expressions.compile(node)
        return value, not expressions.touched

    def _sql(self) -> str:
        sql = coerce(self._compile(self.node)[0], BOOLEAN).sql
        # Conditions inside a derived table come first; a value that they keep from this one must not fail it here.
        return sql if all(id(c) in map(id, self.base.scope.columns) for c in self.chosen.values()) else _lenient(sql)

    def _equalities(self, key: Column) -> tuple[str, frozenset[str]] | None:
        """The texts of `key = 'text'` and `key IN ('text', …)`: keys with injected projection have these values."""
        match self.node:
            case exp.EQ(this=exp.Column(), expression=exp.Literal(is_string=True) as value):
                values = [value]
            case exp.In(this=exp.Column(), expressions=[*values]) if values and all(
                isinstance(v, exp.Literal) and v.is_string for v in values
            ):
                pass
            case _:
                return None
        return key.own_name, frozenset(v.name for v in values)

    def _range(self, column: Column) -> str | None:
        """The conjunct as a condition on the bounds `lo` and `hi`, if it compares the column with constants."""
        match self.node:
            case exp.EQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                kind: type[exp.Expr] = type(self.node)
                left, right = self.node.this, self.node.expression
                if self._constant(left) is not None:
                    kind, left, right = _FLIPPED[kind], right, left
                return self._bounded(column, left, [(kind, right)], " AND ")
            case exp.Between():
                limits = [(exp.GTE, self.node.args["low"]), (exp.LTE, self.node.args["high"])]
                return self._bounded(column, self.node.this, limits, " AND ")
            case exp.In(expressions=[_, *_]):
                return self._bounded(column, self.node.this, [(exp.EQ, e) for e in self.node.expressions], " OR ")
        return None

    def _constant(self, node: exp.Expr) -> Value | None:
        value, constant = self._compile(node)
        return value if constant else None

    def _bounded(
        self, column: Column, node: exp.Expr, limits: Sequence[tuple[type[exp.Expr], exp.Expr]], word: str
    ) -> str | None:
        if self._compile(node)[0].sql != column.sql:
            return None
        low, high = Value("lo", column.type), Value("hi", column.type)
        parts = []
        for kind, limit in limits:
            value = self._constant(limit)
            if value is None:
                return None
            above = operators.compare("<" if kind is exp.GT else "<=", value, high, None).sql
            below = operators.compare("<" if kind is exp.LT else "<=", low, value, None).sql
            if kind is exp.EQ:
                parts.append(f"({below} AND {above})")
            else:
                parts.append(below if kind in (exp.LT, exp.LTE) else above)
        return f"({word.join(parts)})"


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return [node]


def _lenient(sql: str) -> str:
    return f"coalesce(TRY({sql}), TRUE)"
