"""Expressions: one pass resolves names, checks types as Trino does and writes DuckDB SQL.

Every kind of syntax node has its own method; a node without one is refused by name. Errors carry the place in the
query's text.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from workshop.sandbox.athena import operators
from workshop.sandbox.athena.casts import cast, try_cast
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.functions.lambdas import LAMBDA_FUNCTIONS
from workshop.sandbox.athena.functions.registry import Clauses, Kind
from workshop.sandbox.athena.parser import position_of, start_of
from workshop.sandbox.athena.scope import Column, Compiled, Scope
from workshop.sandbox.athena.syntax_types import type_of
from workshop.sandbox.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    TIMESTAMP,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    can_coerce,
    common_of,
    decimal,
    field_names,
    quote,
    row,
)
from workshop.sandbox.athena.values import Value, coerce, fail, text_literal

if TYPE_CHECKING:
    from workshop.sandbox.athena.queries import QueryCompiler


@dataclass(frozen=True)
class Clause:
    """Where an expression stands, and so what it may hold."""

    name: str
    aggregates: bool = False
    windows: bool = False


WHERE = Clause("WHERE clause")
JOIN = Clause("JOIN clause")
GROUP_BY = Clause("GROUP BY clause")
HAVING = Clause("HAVING clause", aggregates=True)
SELECT = Clause("SELECT", aggregates=True, windows=True)


@dataclass
class Expressions:
    """Compiles the expressions of one query block.

    `groups` holds the SQL of the GROUP BY keys once the block aggregates; `touched` collects the columns that were
    resolved, so that the caller can tell which tables a predicate is about; `partitions` the SQL of the PARTITION BY
    keys of each window of the block.
    """

    queries: "QueryCompiler"
    scope: Scope
    clause: Clause = SELECT
    groups: frozenset[str] | None = None
    touched: list[tuple[Column, bool]] = field(default_factory=list)
    partitions: list[frozenset[str]] = field(default_factory=list)
    _inside_aggregate: bool = False

    def compile(self, node: exp.Expr) -> Value:
        """The value of `node`."""
        if self.groups is not None and not self._inside_aggregate and not isinstance(node, exp.Literal):
            plain = self._as_group_key(node)
            if plain is not None:
                return plain
        method = self._METHODS.get(type(node))
        if method is None:
            raise not_supported(f"The expression {node.key.upper()} ({node.sql('trino')})", self.position(node))
        return method(self, node)

    def boolean(self, node: exp.Expr, what: str) -> Value:
        """A condition; `what` names the clause in the error."""
        value = self.compile(node)
        if not can_coerce(value.type, BOOLEAN):
            raise AthenaError(
                "TYPE_MISMATCH", f"{what} must evaluate to a boolean: actual type {value.type}", self.position(node)
            )
        return coerce(value, BOOLEAN)

    def position(self, node: exp.Expr) -> Position | None:
        """Where `node` begins in the text."""
        start = start_of(node)
        return None if start is None else position_of(self.queries.text, start)

    @property
    def started(self) -> datetime:
        """The moment that CURRENT_DATE and its kin are taken from."""
        return self.queries.started

    def in_clause(self, clause: Clause) -> "Expressions":
        """The same block, another clause."""
        return replace(self, clause=clause, touched=[])

    # grouping

    def _as_group_key(self, node: exp.Expr) -> Value | None:
        """`node` if it is one of the GROUP BY expressions."""
        if isinstance(node, exp.Window | exp.Filter) or contains_aggregate(node) or node.find(exp.Query):
            return None
        plain = replace(self, groups=None, touched=[]).compile(node)
        return plain if self.groups is not None and plain.sql in self.groups else None

    # names

    def _column(self, node: exp.Expr) -> Value:
        assert isinstance(node, exp.Column)
        if isinstance(node.this, exp.Star):
            raise not_supported("A star here", self.position(node))
        return self.path([part.name.lower() for part in node.parts], node)

    def _identifier(self, node: exp.Expr) -> Value:
        return self.path([node.name.lower()], node)

    def path(self, parts: Sequence[str], node: exp.Expr) -> Value:
        """A column by its qualified name, then fields of it."""
        column, fields, own = self.scope.resolve(parts, self.position(node))
        if own and self.groups is not None and not self._inside_aggregate and not column.output:
            raise AthenaError(
                "EXPRESSION_NOT_AGGREGATE",
                f"'{'.'.join(parts)}' must be an aggregate expression or appear in GROUP BY clause",
                self.position(node),
            )
        self.touched.append((column, own))
        if column.scan is not None and column.hidden:
            column.scan.uses_path = True
        elif column.scan is not None and column.name is not None:
            column.scan.used.add((column.name, *fields))
        value = Value(column.sql, column.type)
        for name in fields:
            value = self._field(value, name, node)
        return value

    def _field(self, value: Value, name: str, node: exp.Expr) -> Value:
        if value.type.name == "row" and name in (names := field_names(value.type)):
            return Value(f"({value.sql}).{quote(name)}", value.type.args[names.index(name)])
        if value.type.name == "row":
            raise AthenaError(
                "COLUMN_NOT_FOUND",
                f"Column '{node.sql('trino')}' cannot be resolved or requester is not authorized to access "
                "requested resources",
                self.position(node),
            )
        raise AthenaError("TYPE_MISMATCH", f"Expression {value.type} is not of type ROW", self.position(node))

    def _dot(self, node: exp.Expr) -> Value:
        parts = _dotted(node)
        if parts is not None:
            return self.path(parts, node)
        return self._field(self.compile(node.this), node.expression.name.lower(), node)

    # literals

    def _literal(self, node: exp.Expr) -> Value:
        text = node.name
        if node.args["is_string"]:
            return text_literal(text)
        lowered = text.lower()
        if "e" in lowered:
            return Value(f"CAST('{lowered}' AS DOUBLE)", DOUBLE, text)
        if "." in text:
            whole, _, fraction = text.partition(".")
            type_ = decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
            return Value(f"CAST('{text}' AS {type_.duckdb})", type_, text)
        type_ = INTEGER if int(text) <= 2**31 - 1 else BIGINT
        # CAST keeps DuckDB from taking a bare number in GROUP BY or ORDER BY for a column's ordinal.
        return Value(f"CAST({int(text)} AS {type_.duckdb})", type_, text)

    def _true_or_false(self, node: exp.Expr) -> Value:
        return Value("TRUE" if node.this else "FALSE", BOOLEAN)

    def _null(self, _: exp.Expr) -> Value:
        return Value("NULL", UNKNOWN)

    def _interval(self, node: exp.Expr) -> Value:
        unit = node.args.get("unit")
        amount = node.this
        negative = isinstance(amount, exp.Neg)
        amount = amount.this if negative else amount
        if not isinstance(unit, exp.Var) or not isinstance(amount, exp.Literal):
            raise not_supported(f"The interval {node.sql('trino')}", self.position(node))
        name = unit.name.lower().removesuffix("s")
        number = amount.name.strip()
        units = {"year": INTERVAL_YEAR, "month": INTERVAL_YEAR}
        units |= dict.fromkeys(("day", "hour", "minute", "second"), INTERVAL_DAY)
        digits = number.lstrip("+-")
        if name not in units or not (digits.isdigit() or (name == "second" and digits.replace(".", "", 1).isdigit())):
            raise not_supported(f"The interval {node.sql('trino')}", self.position(node))
        return Value(f"to_{name}s({'-' if negative else ''}({number}))", units[name], name)

    def _current_date(self, _: exp.Expr) -> Value:
        return Value(f"DATE '{self.started:%Y-%m-%d}'", DATE)

    def _current_timestamp(self, _: exp.Expr) -> Value:
        return Value(f"struct_pack(t := {self._now()}, z := 'UTC')", TIMESTAMP_TZ)

    def _local_timestamp(self, _: exp.Expr) -> Value:
        return Value(self._now(), TIMESTAMP)

    def _now(self) -> str:
        return f"TIMESTAMP '{self.started:%Y-%m-%d %H:%M:%S}.{self.started.microsecond // 1000:03}'"

    # operators

    def _paren(self, node: exp.Expr) -> Value:
        return self.compile(node.this)

    def _connector(self, node: exp.Expr) -> Value:
        word = "AND" if isinstance(node, exp.And) else "OR"
        sides = [self._logical(n, word) for n in (node.this, node.expression)]
        return Value(f"({sides[0]} {word} {sides[1]})", BOOLEAN)

    def _not(self, node: exp.Expr) -> Value:
        return Value(f"(NOT {self._logical(node.this, 'NOT')})", BOOLEAN)

    def _logical(self, node: exp.Expr, word: str) -> str:
        value = self.compile(node)
        if not can_coerce(value.type, BOOLEAN):
            message = f"Logical expression term must evaluate to a boolean: actual type {value.type}"
            if word == "NOT":
                message = f"Value of logical NOT expression must evaluate to a boolean (actual: {value.type})"
            raise AthenaError("TYPE_MISMATCH", message, self.position(node))
        return coerce(value, BOOLEAN).sql

    def _arithmetic(self, node: exp.Expr) -> Value:
        symbol = _ARITHMETIC[type(node)]
        left, right = self.compile(node.this), self.compile(node.expression)
        return operators.arithmetic(symbol, left, right, self.position(node))

    def _neg(self, node: exp.Expr) -> Value:
        return operators.negate(self.compile(node.this), self.position(node))

    def _comparison(self, node: exp.Expr) -> Value:
        symbol = _COMPARISONS[type(node)]
        left, right = self.compile(node.this), self.compile(node.expression)
        return operators.compare(symbol, left, right, self.position(node))

    def _between(self, node: exp.Expr) -> Value:
        value, low, high = (self.compile(node.args[k]) for k in ("this", "low", "high"))
        if common_of([value.type, low.type, high.type]) is None:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}",
                self.position(node),
            )
        above = operators.compare(">=", value, low, None)
        below = operators.compare("<=", value, high, None)
        return Value(f"({above.sql} AND {below.sql})", BOOLEAN)

    def _is(self, node: exp.Expr) -> Value:
        if not isinstance(node.expression, exp.Null):
            raise not_supported(f"The expression {node.sql('trino')}", self.position(node))
        return Value(f"({self.compile(node.this).sql} IS NULL)", BOOLEAN)

    def _in(self, node: exp.Expr) -> Value:
        value = self.compile(node.this)
        if node.args.get("query") is not None:
            return self._in_query(value, node)
        items = [self.compile(e) for e in node.expressions]
        common = common_of([value.type, *(i.type for i in items)])
        if common is None:
            other = next(i.type for i in items if common_of([value.type, i.type]) is None)
            raise AthenaError(
                "TYPE_MISMATCH",
                f"IN value and list items must be the same type or coercible to a common type. Cannot find common type "
                f"between {value.type} and {other}, all types (without duplicates): "
                f"[{', '.join(dict.fromkeys(str(t) for t in (value.type, *(i.type for i in items))))}]",
                self.position(node),
            )
        listed = ", ".join(operators.comparable(coerce(i, common)) for i in items)
        return Value(f"({operators.comparable(coerce(value, common))} IN ({listed}))", BOOLEAN)

    def _in_query(self, value: Value, node: exp.Expr) -> Value:
        inner = self._query(node.args["query"])
        if len(inner.columns) != 1:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Multiple columns returned by subquery are not yet supported. Found {len(inner.columns)}",
                self.position(node),
            )
        column = inner.columns[0]
        common = common_of([value.type, column.type])
        if common is None:
            raise AthenaError(
                "TYPE_MISMATCH",
                "value and result of subquery must be of the same type for IN expression: "
                f"{value.type} vs {column.type}",
                self.position(node),
            )
        item = operators.comparable(coerce(Value("q.c0", column.type), common))
        left = operators.comparable(coerce(value, common))
        return Value(f"({left} IN (SELECT {item} FROM ({inner.sql}) AS q))", BOOLEAN)

    def _like(self, node: exp.Expr, escape: exp.Expr | None = None) -> Value:
        value, pattern = self.compile(node.this), self.compile(node.expression)
        for side in (value, pattern):
            if not can_coerce(side.type, VARCHAR):
                raise AthenaError(
                    "TYPE_MISMATCH",
                    f"Left side of LIKE expression must evaluate to a varchar (actual: {side.type})"
                    if side is value
                    else f"Pattern for LIKE expression must evaluate to a varchar (actual: {side.type})",
                    self.position(node),
                )
        tail = f" ESCAPE {self.compile(escape).sql}" if escape is not None else ""
        return Value(f"({coerce(value, VARCHAR).sql} LIKE {coerce(pattern, VARCHAR).sql}{tail})", BOOLEAN)

    def _escape(self, node: exp.Expr) -> Value:
        return self._like(node.this, node.expression)

    def _concatenation(self, node: exp.Expr) -> Value:
        return operators.concatenate(self.compile(node.this), self.compile(node.expression), self.position(node))

    def _at_time_zone(self, node: exp.Expr) -> Value:
        arguments = [self.compile(node.this), self.compile(node.args["zone"])]
        call = REGISTRY.resolve("at_timezone", arguments, self.position(node))
        return Value(call.sql, call.type)

    # conditionals

    def _case(self, node: exp.Expr) -> Value:
        subject = self.compile(node.this) if node.this is not None else None
        conditions = []
        for branch in node.args["ifs"]:
            if subject is None:
                conditions.append(self.boolean(branch.this, "CASE WHEN clause").sql)
            else:
                conditions.append(operators.compare("=", subject, self.compile(branch.this), self.position(branch)).sql)
        results = [self.compile(branch.args["true"]) for branch in node.args["ifs"]]
        default = node.args.get("default")
        otherwise = self.compile(default) if default is not None else Value("NULL", UNKNOWN)
        common = self._same_type([*results, otherwise], "All CASE results", node)
        branches = " ".join(f"WHEN {c} THEN {coerce(r, common).sql}" for c, r in zip(conditions, results, strict=True))
        return Value(f"CASE {branches} ELSE {coerce(otherwise, common).sql} END", common)

    def _if(self, node: exp.Expr) -> Value:
        condition = self.boolean(node.this, "IF condition")
        yes = self.compile(node.args["true"])
        no = node.args.get("false")
        otherwise = self.compile(no) if no is not None else Value("NULL", UNKNOWN)
        common = self._same_type([yes, otherwise], "Result types for IF", node)
        chosen = f"WHEN {condition.sql} THEN {coerce(yes, common).sql} ELSE {coerce(otherwise, common).sql}"
        return Value(f"CASE {chosen} END", common)

    def _same_type(self, values: Sequence[Value], what: str, node: exp.Expr) -> Type:
        common = common_of([v.type for v in values])
        if common is None:
            shown = ", ".join(str(v.type) for v in values)
            raise AthenaError("TYPE_MISMATCH", f"{what} must be the same type: {shown}", self.position(node))
        return common

    # conversions

    def _cast(self, node: exp.Expr) -> Value:
        value = self.compile(node.this)
        target = type_of(node.args["to"], node.this, self.position(node))
        return (try_cast if isinstance(node, exp.TryCast) else cast)(value, target, self.position(node))

    # collections

    def _array(self, node: exp.Expr) -> Value:
        items = [self.compile(e) for e in node.expressions]
        common = self._same_type(items, "All ARRAY elements", node) if items else UNKNOWN
        return Value(f"[{', '.join(coerce(i, common).sql for i in items)}]", array(common))

    def _tuple(self, node: exp.Expr) -> Value:
        items = [self.compile(e) for e in node.expressions]
        fields = ", ".join(f"field{i} := {v.sql}" for i, v in enumerate(items))
        return Value(f"struct_pack({fields})", row([(None, v.type) for v in items]))

    def _subscript(self, node: exp.Expr) -> Value:
        base, index = self.compile(node.this), self.compile(node.expressions[0])
        if base.type.name == "array" and index.type.is_integer:
            element = base.type.args[0]
            wrong = fail(
                "'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length'", element
            )
            low = fail("'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1'", element)
            negative = fail("'INVALID_FUNCTION_ARGUMENT: Array subscript is negative'", element)
            checks = (
                f"WHEN {index.sql} = 0 THEN {low} WHEN {index.sql} < 0 THEN {negative} "
                f"WHEN {index.sql} > len({base.sql}) THEN {wrong}"
            )
            return Value(f"CASE {checks} ELSE ({base.sql})[{index.sql}] END", element)
        if base.type.name == "map" and can_coerce(index.type, base.type.args[0]):
            key = coerce(index, base.type.args[0])
            missing = fail("'INVALID_FUNCTION_ARGUMENT: Key not present in map'", base.type.args[1])
            absent = f"{base.sql} IS NOT NULL AND NOT map_contains({base.sql}, {key.sql})"
            return Value(f"CASE WHEN {absent} THEN {missing} ELSE ({base.sql})[{key.sql}] END", base.type.args[1])
        if base.type.name == "row" and index.constant is not None and index.constant.isdigit():
            position = int(index.constant)
            if 1 <= position <= len(base.type.args):
                name = field_names(base.type)[position - 1]
                return Value(f"({base.sql}).{quote(name)}", base.type.args[position - 1])
        raise AthenaError("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {base.type}", self.position(node))

    # subqueries

    def _query(self, node: exp.Expr) -> Compiled:
        return self.queries.compile(node, self.scope)

    def _scalar_query(self, node: exp.Expr) -> Value:
        inner = self._query(node)
        if len(inner.columns) != 1:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Multiple columns returned by subquery are not yet supported. Found {len(inner.columns)}",
                self.position(node),
            )
        return Value(f"({inner.sql})", inner.columns[0].type)

    def _exists(self, node: exp.Expr) -> Value:
        return Value(f"EXISTS ({self._query(node.this).sql})", BOOLEAN)

    # functions

    def _call(self, node: exp.Expr) -> Value:
        return self.function(node.name.lower() if isinstance(node.this, str) else str(node.this).lower(), node)

    def function(self, name: str, node: exp.Expr, over: str = "", filtered: str = "", nulls: str = "") -> Value:
        """A call by name; `over`, `filtered` and `nulls` are SQL that follows it."""
        special = self._SPECIAL.get(name)
        if special is not None:
            return special(self, node)
        if name in LAMBDA_FUNCTIONS:
            return LAMBDA_FUNCTIONS[name](self, node)
        kind = REGISTRY.kind(name)
        if kind == Kind.WINDOW and not over:
            raise AthenaError("MISSING_OVER", f"Window function {name} requires an OVER clause", self.position(node))
        if kind == Kind.SCALAR and (over or filtered):
            raise AthenaError("FUNCTION_NOT_AGGREGATE", f"{name} is not an aggregate function", self.position(node))
        if kind == Kind.AGGREGATE and not over:
            return self._aggregate(name, node, filtered)
        with self._within(kind == Kind.AGGREGATE and not over):
            arguments, distinct, order = self._arguments(name, node)
        if (distinct or order) and kind != Kind.AGGREGATE:
            raise AthenaError("FUNCTION_NOT_AGGREGATE", f"{name} is not an aggregate function", self.position(node))
        if over and (distinct or order):
            raise not_supported("DISTINCT or ORDER BY in a window function", self.position(node))
        clauses = Clauses(inner=f" {nulls}" if nulls else "", after=_after(filtered, over))
        call = REGISTRY.resolve(name, arguments, self.position(node), clauses)
        return Value(call.sql, call.type)

    def _aggregate(self, name: str, node: exp.Expr, filtered: str) -> Value:
        if self._inside_aggregate:
            raise AthenaError(
                "NESTED_AGGREGATION",
                f"Cannot nest aggregations inside aggregation '{name}': [{node.sql('trino')}]",
                self.position(node),
            )
        if not self.clause.aggregates:
            raise AthenaError(
                "EXPRESSION_NOT_SCALAR",
                f"{self.clause.name} cannot contain aggregations, window functions or grouping operations: "
                f"[{node.sql('trino')}]",
                self.position(node),
            )
        with self._within(True):
            arguments, distinct, order = self._arguments(name, node)
        clauses = Clauses("DISTINCT " if distinct else "", f" ORDER BY {order}" if order else "", _after(filtered, ""))
        call = REGISTRY.resolve(name, arguments, self.position(node), clauses)
        return Value(call.sql, call.type)

    @contextmanager
    def _within(self, aggregate: bool) -> Iterator[None]:
        before = self._inside_aggregate
        self._inside_aggregate = before or aggregate
        try:
            yield
        finally:
            self._inside_aggregate = before

    def _arguments(self, name: str, node: exp.Expr) -> tuple[list[Value], bool, str]:
        """Arguments of a call; whether they are DISTINCT; SQL of ORDER BY within the call."""
        listed, distinct, order = list(node.expressions), False, ""
        if name == "count" and len(listed) == 1 and isinstance(listed[0], exp.Star):
            return [], False, ""
        if len(listed) == 1 and isinstance(listed[0], exp.Distinct):
            listed, distinct = list(listed[0].expressions), True
        if listed and isinstance(listed[-1], exp.Order):
            order = self.order_by(listed[-1].expressions)
            listed[-1] = listed[-1].this
        return [self.compile(e) for e in listed], distinct, order

    def order_by(self, items: Sequence[exp.Expr]) -> str:
        """SQL of ORDER BY; NULLS LAST unless said otherwise (Trino's default, for DESC too)."""
        parts = []
        for item in items:
            value = self.compile(item.this)
            parts.append(operators.comparable(value) + direction(item))
        return ", ".join(parts)

    def _filter(self, node: exp.Expr) -> Value:
        with self._within(True):
            condition = self.boolean(node.expression.this, "FILTER clause").sql
        call = node.this
        if not isinstance(call, exp.Anonymous):
            raise not_supported(f"FILTER on {call.sql('trino')}", self.position(node))
        return self.function(str(call.this).lower(), call, filtered=condition)

    def _window(self, node: exp.Expr) -> Value:
        if not self.clause.windows or self._inside_aggregate:
            raise AthenaError(
                "EXPRESSION_NOT_SCALAR",
                f"{self.clause.name} cannot contain aggregations, window functions or grouping operations: "
                f"[{node.sql('trino')}]",
                self.position(node),
            )
        call, nulls, filtered = node.this, "", ""
        if isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
            nulls = "IGNORE NULLS" if isinstance(call, exp.IgnoreNulls) else ""
            call = call.this
        if isinstance(call, exp.Filter):
            filtered = self.boolean(call.expression.this, "FILTER clause").sql
            call = call.this
        if not isinstance(call, exp.Anonymous) or node.args.get("alias") is not None:
            raise not_supported(f"The window {node.sql('trino')}", self.position(node))
        parts = []
        keys = [self.compile(e) for e in node.args.get("partition_by") or []]
        self.partitions.append(frozenset(k.sql for k in keys))
        if keys:
            parts.append("PARTITION BY " + ", ".join(map(operators.comparable, keys)))
        if node.args.get("order"):
            parts.append("ORDER BY " + self.order_by(node.args["order"].expressions))
        if node.args.get("spec"):
            parts.append(self._frame(node.args["spec"]))
        return self.function(str(call.this).lower(), call, over=f"({' '.join(parts)})", filtered=filtered, nulls=nulls)

    def _frame(self, spec: exp.Expr) -> str:
        kind = str(spec.args["kind"]).upper()
        if kind not in ("ROWS", "RANGE", "GROUPS") or spec.args.get("exclude"):
            raise not_supported("This window frame", self.position(spec))
        start = self._bound(spec.args.get("start"), spec.args.get("start_side"))
        if spec.args.get("end") is None:
            return f"{kind} {start}"
        return f"{kind} BETWEEN {start} AND {self._bound(spec.args['end'], spec.args.get('end_side'))}"

    def _bound(self, bound: object, side: object) -> str:
        if bound in ("CURRENT ROW", "UNBOUNDED"):
            return f"{bound} {side or ''}".strip() if bound == "UNBOUNDED" else "CURRENT ROW"
        if not isinstance(bound, exp.Expr) or side not in ("PRECEDING", "FOLLOWING"):
            raise not_supported("This window frame")
        return f"{self.compile(bound).sql} {side}"

    def _extract(self, node: exp.Expr) -> Value:
        name = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week"}.get(
            node.name.lower(), node.name.lower()
        )
        if name not in _EXTRACTED:
            raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"Invalid EXTRACT field: {node.name}", self.position(node))
        call = REGISTRY.resolve(name, [self.compile(node.expression)], self.position(node))
        return Value(call.sql, call.type)

    def _position_in(self, node: exp.Expr) -> Value:
        arguments = [self.compile(node.this), self.compile(node.args["substr"])]
        call = REGISTRY.resolve("strpos", arguments, self.position(node))
        return Value(call.sql, call.type)

    def _trim(self, node: exp.Expr) -> Value:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        arguments = [self.compile(node.this)]
        if node.expression is not None:
            arguments.append(self.compile(node.expression))
        call = REGISTRY.resolve(name, arguments, self.position(node))
        return Value(call.sql, call.type)

    # functions whose arguments are not values first

    def _coalesce(self, node: exp.Expr) -> Value:
        values = [self.compile(e) for e in node.expressions]
        if len(values) < 2:
            raise AthenaError(
                "INVALID_ARGUMENTS", "The 'coalesce' function must have at least two arguments", self.position(node)
            )
        common = self._same_type(values, "All COALESCE operands", node)
        return Value(f"coalesce({', '.join(coerce(v, common).sql for v in values)})", common)

    def _nullif(self, node: exp.Expr) -> Value:
        if len(node.expressions) != 2:
            raise AthenaError("INVALID_ARGUMENTS", "Invalid number of arguments for 'nullif'", self.position(node))
        first, second = (self.compile(e) for e in node.expressions)
        equal = operators.compare("=", first, second, self.position(node))
        return Value(f"CASE WHEN {equal.sql} THEN NULL ELSE {first.sql} END", first.type)

    def _try(self, node: exp.Expr) -> Value:
        if len(node.expressions) != 1:
            raise AthenaError(
                "INVALID_ARGUMENTS", "The 'try' function must have exactly one argument", self.position(node)
            )
        value = self.compile(node.expressions[0])
        return Value(f"TRY({value.sql})", value.type)

    def _typeof(self, node: exp.Expr) -> Value:
        return text_literal(str(self.compile(node.expressions[0]).type))

    def _row(self, node: exp.Expr) -> Value:
        return self._tuple(node)

    def _grouping(self, node: exp.Expr) -> Value:
        keys = [replace(self, groups=None).compile(e) for e in node.expressions]
        if self.groups is None or not keys or any(k.sql not in self.groups for k in keys):
            raise AthenaError(
                "INVALID_ARGUMENTS",
                "The arguments to GROUPING() must be expressions referenced by GROUP BY",
                self.position(node),
            )
        return Value(f"CAST(GROUPING({', '.join(k.sql for k in keys)}) AS BIGINT)", BIGINT)

    def _now_call(self, node: exp.Expr) -> Value:
        return self._current_timestamp(node)

    _SPECIAL: ClassVar[dict[str, Callable[["Expressions", exp.Expr], Value]]] = {
        "coalesce": _coalesce,
        "nullif": _nullif,
        "try": _try,
        "typeof": _typeof,
        "row": _row,
        "grouping": _grouping,
        "now": _now_call,
    }
    _METHODS: ClassVar[dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]]] = {
        exp.Column: _column,
        exp.Identifier: _identifier,
        exp.Dot: _dot,
        exp.Literal: _literal,
        exp.Boolean: _true_or_false,
        exp.Null: _null,
        exp.Interval: _interval,
        exp.CurrentDate: _current_date,
        exp.CurrentTimestamp: _current_timestamp,
        exp.Localtimestamp: _local_timestamp,
        exp.Paren: _paren,
        exp.And: _connector,
        exp.Or: _connector,
        exp.Not: _not,
        exp.Add: _arithmetic,
        exp.Sub: _arithmetic,
        exp.Mul: _arithmetic,
        exp.Div: _arithmetic,
        exp.Mod: _arithmetic,
        exp.Neg: _neg,
        exp.EQ: _comparison,
        exp.NEQ: _comparison,
        exp.LT: _comparison,
        exp.LTE: _comparison,
        exp.GT: _comparison,
        exp.GTE: _comparison,
        exp.NullSafeEQ: _comparison,
        exp.NullSafeNEQ: _comparison,
        exp.Between: _between,
        exp.Is: _is,
        exp.In: _in,
        exp.Like: _like,
        exp.Escape: _escape,
        exp.DPipe: _concatenation,
        exp.AtTimeZone: _at_time_zone,
        exp.Case: _case,
        exp.If: _if,
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Array: _array,
        exp.Tuple: _tuple,
        exp.Bracket: _subscript,
        exp.Subquery: _scalar_query,
        exp.Exists: _exists,
        exp.Anonymous: _call,
        exp.Filter: _filter,
        exp.Window: _window,
        exp.Extract: _extract,
        exp.StrPosition: _position_in,
        exp.Trim: _trim,
    }


_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_EXTRACTED = frozenset(
    [
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "year_of_week",
        "hour",
        "minute",
        "second",
    ]
)


def contains_aggregate(node: exp.Expr) -> bool:
    """Whether `node` holds an aggregate of its own query block (not one of a subquery or a plain window)."""
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        inner: exp.Expr = node.this
        while isinstance(inner, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
            inner = inner.this
        rest = [*inner.expressions, *(node.args.get("partition_by") or [])]
        order = node.args.get("order")
        return any(map(contains_aggregate, rest + ([order] if order is not None else [])))
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        if REGISTRY.kind(name) == Kind.AGGREGATE or name == "grouping":
            return True
    return any(contains_aggregate(child) for child in node.iter_expressions())


def _after(filtered: str, over: str) -> str:
    return (f" FILTER (WHERE {filtered})" if filtered else "") + (f" OVER {over}" if over else "")


def direction(item: exp.Expr) -> str:
    """ASC/DESC and NULLS of an ORDER BY item, as SQL."""
    nulls = " NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST"
    return (" DESC" if item.args.get("desc") else " ASC") + nulls


def _dotted(node: exp.Expr) -> list[str] | None:
    """`a.b.c.d.e` as parts when it is nothing but names."""
    if isinstance(node, exp.Column):
        return [p.name.lower() for p in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        parts = _dotted(node.this)
        return None if parts is None else [*parts, node.expression.name.lower()]
    return None
