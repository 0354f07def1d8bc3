"""Window functions: OVER, named windows and frames, checked as Trino checks them (Trino source: StatementAnalyzer,
ExpressionAnalyzer.analyzeWindow)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators, time_operators
from workshop.sandbox.athena.compiler.aggregation import NotGroupedError, canonical, windows_in
from workshop.sandbox.athena.compiler.calls import function
from workshop.sandbox.athena.compiler.limits import direction
from workshop.sandbox.athena.compiler.values import Value, coerce, fail
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.functions import REGISTRY
from workshop.sandbox.athena.functions.registry import Kind
from workshop.sandbox.athena.syntax.formatting import shown
from workshop.sandbox.athena.syntax.parser import position_of
from workshop.sandbox.athena.types import BIGINT, INTERVAL_DAY, INTERVAL_YEAR, Type, common_of

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions

_VALUE_FUNCTIONS = frozenset(["first_value", "last_value", "nth_value", "lead", "lag"])
"""Functions that take IGNORE NULLS."""
_WITHOUT_FRAME = frozenset(["lead", "lag"])


def named_windows(
    block: "Expressions", clause: Sequence[exp.Window], started: Mapping[str, exp.Window] | None = None
) -> dict[str, exp.Window]:
    """The windows of a WINDOW clause by name, each with what it takes from others."""
    found = dict(started or {})
    for window in clause:
        name = _canonical_name(window.this)
        if name in found:
            raise AthenaError(
                "DUPLICATE_WINDOW_NAME", f"WINDOW name '{shown(window.this)}' specified more than once",
                block.position(window),
            )  # fmt: skip
        found[name] = _resolved(block, window, found)
    return found


def _resolved(block: "Expressions", window: exp.Window, known: Mapping[str, exp.Window]) -> exp.Window:
    """`window` with the parts of the window it names."""
    name = window.args.get("alias")
    if name is None:
        return window
    base = known.get(_canonical_name(name))
    if base is None:
        raise AthenaError("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {shown(name)}", block.position(name))
    if window.args.get("over"):
        parts = base
    else:
        _check_inheritance(block, window, base)
        parts = window
    merged = exp.Window(
        this=window.this,
        partition_by=base.args.get("partition_by"),
        order=parts.args.get("order") or base.args.get("order"),
        spec=parts.args.get("spec"),
    )
    merged.meta.update(window.meta)
    return merged


def _canonical_name(identifier: exp.Expr) -> str:
    """Names of windows follow SQL: `w` and `W` are one name, `"w"` is another."""
    return identifier.name if identifier.args.get("quoted") else identifier.name.upper()


def _check_inheritance(block: "Expressions", window: exp.Window, base: exp.Window) -> None:
    keys, order = window.args.get("partition_by"), window.args.get("order")
    if keys:
        raise AthenaError(
            "INVALID_PARTITION_BY", "WINDOW specification with named WINDOW reference cannot specify PARTITION BY",
            block.position(keys[0]),
        )  # fmt: skip
    if order is not None and base.args.get("order") is not None:
        raise AthenaError(
            "INVALID_ORDER_BY", "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY",
            block.position(order),
        )  # fmt: skip
    if base.args.get("spec") is not None:
        raise AthenaError(
            "INVALID_WINDOW_REFERENCE", "Cannot reference named WINDOW containing frame specification",
            block.position(window.args["alias"]),
        )  # fmt: skip


def _window(block: "Expressions", node: exp.Expr) -> Value:
    assert isinstance(node, exp.Window)
    call, nulls = node.this, ""
    treated = isinstance(call, exp.IgnoreNulls | exp.RespectNulls)
    if treated:
        nulls = "IGNORE NULLS" if isinstance(call, exp.IgnoreNulls) else ""
        call = call.this
    if isinstance(call, exp.Filter):
        raise AthenaError("NOT_SUPPORTED", "FILTER is not yet supported for window functions", block.place)
    window = _resolved(block, node, block.named_windows)
    _check_call(block, call, window, treated=treated)
    return function(block, str(call.this).lower(), call, over=f"({over(block, window)})", nulls=nulls)


def _check_call(block: "Expressions", call: exp.Expr, window: exp.Window, *, treated: bool) -> None:
    name, written = str(call.this).lower(), str(call.this)
    nested = windows_in(call.expressions)
    if nested:
        raise AthenaError(
            "NESTED_WINDOW", "Cannot nest window functions or row pattern measures inside window function arguments",
            block.position(nested[0]),
        )  # fmt: skip
    kind = REGISTRY.kind(name)
    if kind not in (Kind.AGGREGATE, Kind.WINDOW) and kind is not None:
        raise AthenaError("FUNCTION_NOT_WINDOW", f"Not a window function: {written}", block.position(call))
    if name in _WITHOUT_FRAME and window.args.get("order") is None:
        raise AthenaError(
            "MISSING_ORDER_BY", f"{written} function requires an ORDER BY window clause", inside(block, window)
        )
    if name in _WITHOUT_FRAME and window.args.get("spec") is not None:
        raise AthenaError(
            "INVALID_WINDOW_FRAME", f"Cannot specify window frame for {written} function",
            block.position(window.args["spec"]),
        )  # fmt: skip
    if treated and name not in _VALUE_FUNCTIONS:
        raise AthenaError(
            "NULL_TREATMENT_NOT_ALLOWED", f"Cannot specify null treatment clause for {written} function",
            block.position(call),
        )  # fmt: skip
    if call.expressions and isinstance(call.expressions[0], exp.Distinct):
        raise AthenaError(
            "NOT_SUPPORTED", f"DISTINCT in window function parameters not yet supported: {shown(call)}",
            block.position(call),
        )  # fmt: skip
    if call.expressions and isinstance(call.expressions[-1], exp.Order):
        raise AthenaError("NOT_SUPPORTED", "Window function with ORDER BY is not supported", block.position(call))


def over(block: "Expressions", window: exp.Window, words: str = "") -> str:
    """SQL of a window, without its brackets; `words` for an expression that its group does not determine."""
    spec = window.args.get("spec")
    bounds = [spec.args.get(k) for k in ("start", "end")] if spec is not None else []
    listed = [*(window.args.get("partition_by") or []), *_sort_items(window)]
    listed += [bound for bound in bounds if isinstance(bound, exp.Expr)]
    nested = windows_in(listed)
    if nested:
        raise AthenaError(
            "NESTED_WINDOW", "Cannot nest window functions or row pattern measures inside window specification",
            block.position(nested[0]),
        )  # fmt: skip
    parts = []
    keys = [_part(block, e, words or _IN_PARTITION) for e in window.args.get("partition_by") or []]
    block.partitions.append(frozenset(canonical(k.sql) for k in keys))
    if keys:
        parts.append("PARTITION BY " + ", ".join(map(operators.comparable, keys)))
    if window.args.get("order") is not None:
        for item in _sort_items(window):
            _part(block, item.this, words or _IN_ORDER)
        parts.append("ORDER BY " + block.order_by(_sort_items(window)))
    if spec is not None:
        frame = _frame(block, window, words)
        common = _common_of_range(block, window)
        if common is not None:
            key, item = block.compile(_sort_items(window)[0].this), _sort_items(window)[0]
            parts[-1] = f"ORDER BY {coerce(key, common).sql}{direction(item)}"
        parts.append(frame)
    return " ".join(parts)


def _common_of_range(block: "Expressions", window: exp.Window) -> Type | None:
    """The numeric type in which a RANGE frame adds its offsets to the sort key; None if it adds none."""
    spec, items = window.args["spec"], _sort_items(window)
    offsets = [spec.args.get(k) for k in ("start", "end")]
    offsets = [offset for offset in offsets if isinstance(offset, exp.Expr)]
    if spec.args["kind"] != "RANGE" or not offsets:
        return None
    return common_of([block.compile(node).type for node in (items[0].this, *offsets)])


_IN_PARTITION = "PARTITION BY expression '{}' must be an aggregate expression or appear in GROUP BY clause"
_IN_ORDER = "ORDER BY expression '{}' must be an aggregate expression or appear in GROUP BY clause"


def inside(block: "Expressions", window: exp.Window) -> Position | None:
    """Where the description of a window begins, within its brackets."""
    return position_of(block.queries.text, int(window.meta.get("inside", window.meta["start"])))


def _sort_items(window: exp.Window) -> list[exp.Expr]:
    order = window.args.get("order")
    return [] if order is None else list(order.expressions)


def _part(block: "Expressions", node: exp.Expr, words: str) -> Value:
    try:
        return block.compile(node)
    except NotGroupedError as error:
        raise error.refuse(node, block.queries.text, words) from None


# frames


def _frame(block: "Expressions", window: exp.Window, words: str) -> str:
    spec = window.args["spec"]
    kind = str(spec.args["kind"])
    start, end = _kind_of_bound(spec, "start"), _kind_of_bound(spec, "end")
    wrong = _wrong_bounds(start, end)
    if wrong:
        raise AthenaError("INVALID_WINDOW_FRAME", wrong, block.position(spec))
    for bound in ("start", "end"):
        if isinstance(spec.args.get(bound), exp.Expr):
            _check_offset(block, window, bound, words)
    first = _bound(block, window, "start")
    if spec.args.get("end") is None:
        return f"{kind} {first}"
    return f"{kind} BETWEEN {first} AND {_bound(block, window, 'end')}"


def _kind_of_bound(spec: exp.Expr, bound: str) -> str:
    value, side = spec.args.get(bound), spec.args.get(f"{bound}_side")
    if value is None or value == "CURRENT ROW":
        return "CURRENT ROW"
    return f"UNBOUNDED {side}" if value == "UNBOUNDED" else str(side)


def _wrong_bounds(start: str, end: str) -> str | None:
    if start == "UNBOUNDED FOLLOWING":
        return "Window frame start cannot be UNBOUNDED FOLLOWING"
    if end == "UNBOUNDED PRECEDING":
        return "Window frame end cannot be UNBOUNDED PRECEDING"
    if start == "CURRENT ROW" and end == "PRECEDING":
        return "Window frame starting from CURRENT ROW cannot end with PRECEDING"
    if start == "FOLLOWING" and end in ("PRECEDING", "CURRENT ROW"):
        return f"Window frame starting from FOLLOWING cannot end with {end}"
    return None


def _check_offset(block: "Expressions", window: exp.Window, bound: str, words: str) -> None:
    spec, items = window.args["spec"], _sort_items(window)
    offset, kind = spec.args[bound], str(spec.args["kind"])
    if kind != "ROWS" and not items:
        raise AthenaError(
            "MISSING_ORDER_BY", f"Window frame of type {kind} PRECEDING or FOLLOWING requires ORDER BY",
            inside(block, window),
        )  # fmt: skip
    grouped = words or f"Window frame {bound} must be an aggregate expression or appear in GROUP BY clause"
    type_ = _part(block, offset, grouped).type
    if kind != "RANGE":
        if not type_.is_integer and not (type_.name == "decimal" and type_.scale == 0):
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Window frame {kind} {bound} value type must be exact numeric type with scale 0 (actual {type_})",
                block.position(offset),
            )
        return
    if len(items) != 1:
        raise AthenaError(
            "INVALID_ORDER_BY",
            "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY "
            f"(actual: {len(items)})",
            block.position(window.args["order"]),
        )
    _check_range(block, items[0].this, offset, type_)


def _check_range(block: "Expressions", key: exp.Expr, offset: exp.Expr, type_: Type) -> None:
    sorted_by = block.compile(key).type
    moment = sorted_by.name in ("date", "time") or sorted_by.is_timestamp or sorted_by.is_timestamp_tz
    if not (sorted_by.is_numeric or moment or sorted_by in (INTERVAL_DAY, INTERVAL_YEAR)):
        raise AthenaError(
            "TYPE_MISMATCH",
            "Window frame of type RANGE PRECEDING or FOLLOWING requires that sort item type be numeric, datetime or "
            f"interval (actual: {sorted_by})",
            block.position(key),
        )
    fits = type_.is_numeric if sorted_by.is_numeric else type_ in (INTERVAL_DAY, INTERVAL_YEAR)
    if not fits:
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Window frame RANGE value type ({type_}) not compatible with sort item type ({sorted_by})",
            block.position(offset),
        )


def _bound(block: "Expressions", window: exp.Window, bound: str) -> str:
    spec = window.args["spec"]
    value = spec.args[bound]
    if not isinstance(value, exp.Expr):
        return _kind_of_bound(spec, bound)
    offset = block.compile(value)
    if spec.args["kind"] != "RANGE":
        sql = coerce(offset, BIGINT).sql
        if not isinstance(value, exp.Literal):
            sql = f"CASE WHEN {sql} >= 0 THEN {sql} ELSE {fail(_NEGATIVE, BIGINT)} END"
        return f"{sql} {_kind_of_bound(spec, bound)}"
    key = block.compile(_sort_items(window)[0].this)
    if key.type.is_numeric:
        common = _common_of_range(block, window) or key.type
        sql = coerce(offset, common).sql
        if not isinstance(value, exp.Literal):
            sql = f"CASE WHEN {sql} >= 0 THEN {sql} ELSE {fail(_NEGATIVE, common)} END"
    elif key.type in (INTERVAL_DAY, INTERVAL_YEAR):
        sql = offset.sql
    elif key.type.name == "time":
        raise not_supported("A window frame over times", block.position(value))
    else:
        sql = time_operators.span(offset)
    return f"{sql} {_kind_of_bound(spec, bound)}"


_NEGATIVE = "'INVALID_WINDOW_FRAME: Window frame offset value must not be negative or null'"

METHODS: dict[type[exp.Expr], Callable[["Expressions", exp.Expr], Value]] = {exp.Window: _window}
"""What compiles each kind of node."""
