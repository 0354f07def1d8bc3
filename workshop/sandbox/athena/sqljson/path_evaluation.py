"""The SQL/JSON path language: what a path makes of a value (Trino documentation: JSON path language).

A path works on sequences of items. In the lax mode arrays are unnested, other items wrapped, and what is not there is
left out; in the strict mode each of these is an error. Predicates are true, false or unknown (None) and never fail.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from itertools import count
from typing import Any, cast

from workshop.sandbox.athena.sqljson.path_syntax import Node, Path

Sequence = list[Any]
_BOUND = 2**63
_DECIMALS = Context(prec=100)
"""More digits than any decimal has."""


EMPTY = object()
"""A passed JSON value that is NULL: no item at all."""


@dataclass(frozen=True)
class Moment:
    """A passed date or time: `kind` is what type() says of it. It is no JSON."""

    kind: str
    text: str


class PathError(Exception):
    """The path cannot be evaluated."""


@dataclass(frozen=True)
class _Scope:
    """What `$`, `$name`, `@` and `last` stand for."""

    lax: bool
    context: Any
    variables: Mapping[str, Any]
    ids: Iterator[int]
    item: Any = None
    last: int | None = None


def evaluate(path: Path, context: object, variables: Mapping[str, object]) -> Sequence:
    """The items of the path; raises PathError."""
    try:
        return _evaluate(path.root, _Scope(path.lax, context, variables, count()))
    except RecursionError:
        raise PathError("nested too deeply") from None


def _evaluate(node: Node, scope: _Scope) -> Sequence:
    return _KINDS[node.kind](scope, *node.args)


def _input(node: Node, scope: _Scope) -> Sequence:
    """The items of the path before an accessor; lax: without arrays around them."""
    items = _evaluate(node, scope)
    return _unnested(items) if scope.lax else items


def _unnested(items: Sequence) -> Sequence:
    return [inner for item in items for inner in (item if isinstance(item, list) else [item])]


def _kind(item: object) -> str:
    """The name that type() gives."""
    if item is None:
        return "null"
    if isinstance(item, Moment):
        return item.kind
    names = {bool: "boolean", str: "string", list: "array", dict: "object"}
    return next((name for type_, name in names.items() if isinstance(item, type_)), "number")


def _wrong(expected: str, item: object) -> PathError:
    return PathError(f"invalid item type. Expected: {expected}, actual: {_kind(item).upper()}")


def _is_number(item: object) -> bool:
    return _kind(item) == "number"


def _variable(scope: _Scope, name: str) -> Sequence:
    value = scope.variables[name]
    return [] if value is EMPTY else [value]


def _last(scope: _Scope) -> Sequence:
    if scope.last is None:
        raise PathError("accessing the last array index with no enclosing array")
    return [scope.last]


def _member(scope: _Scope, base: Node, key: str) -> Sequence:
    found = []
    for item in _input(base, scope):
        if isinstance(item, dict) and key in item:
            found.append(item[key])
        elif not scope.lax:
            if not isinstance(item, dict):
                raise _wrong("OBJECT", item)
            raise PathError(f"structural error: missing member '{key}' in JSON object")
    return found


def _members(scope: _Scope, base: Node) -> Sequence:
    found: Sequence = []
    for item in _input(base, scope):
        if isinstance(item, dict):
            found += item.values()
        elif not scope.lax:
            raise _wrong("OBJECT", item)
    return found


def _descendant(scope: _Scope, base: Node, key: str) -> Sequence:
    found: Sequence = []

    def visit(item: object) -> None:
        if isinstance(item, dict):
            if key in item:
                found.append(item[key])
            for inner in item.values():
                visit(inner)
        elif isinstance(item, list):
            for inner in item:
                visit(inner)

    for item in _evaluate(base, scope):
        visit(item)
    return found


def _arrays(scope: _Scope, base: Node) -> Iterator[Sequence]:
    for item in _evaluate(base, scope):
        if not isinstance(item, list) and not scope.lax:
            raise _wrong("ARRAY", item)
        yield item if isinstance(item, list) else [item]


def _elements(scope: _Scope, base: Node) -> Sequence:
    return [element for array in _arrays(scope, base) for element in array]


def _subscripts(scope: _Scope, base: Node, ranges: tuple[tuple[Node, Node | None], ...]) -> Sequence:
    found: Sequence = []
    for array in _arrays(scope, base):
        inside = replace(scope, last=len(array) - 1)
        for first, last in ranges:
            start = _index(inside, first)
            end = start if last is None else _index(inside, last)
            outside = start < 0 or end >= len(array) or start > end
            if outside and not scope.lax:
                subscript = f"[{start}, {end}] for array of size {len(array)}"
                raise PathError(f"structural error: invalid array subscript: {subscript}")
            found += array[max(start, 0) : max(end, -1) + 1]
    return found


def _index(scope: _Scope, node: Node) -> int:
    items = _evaluate(node, scope)
    if len(items) != 1 or not _is_number(items[0]):
        raise PathError("array subscript must be a singleton numeric value")
    number = items[0]
    if isinstance(number, float) and not math.isfinite(number):
        raise PathError("invalid array subscript")
    return int(number)


def _filter(scope: _Scope, base: Node, predicate: Node) -> Sequence:
    return [item for item in _input(base, scope) if _holds(predicate, replace(scope, item=item)) is True]


def _arithmetic(scope: _Scope, operator: str, left: Node, right: Node) -> Sequence:
    sides = []
    for node in (left, right):
        items = _input(node, scope)
        if len(items) != 1:
            raise PathError("arithmetic binary expression requires singleton operands")
        if not _is_number(items[0]):
            raise _wrong("NUMBER", items[0])
        sides.append(items[0])
    return [_calculate(operator, sides[0], sides[1])]


def _calculate(operator: str, a: Any, b: Any) -> Any:
    """As SQL: integers divide without a fraction, decimals keep the longer scale, doubles are doubles."""
    if isinstance(a, float) or isinstance(b, float):
        return _in_doubles(operator, float(a), float(b))
    if b == 0 and operator in "/%":
        raise PathError("Division by zero")
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if operator in "/%" else 0
        whole = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - b * quotient}[operator]
        if not -_BOUND <= whole < _BOUND:
            raise PathError(f"bigint overflow: {a} {operator} {b}")
        return whole
    a, b = Decimal(a), Decimal(b)
    if operator == "/":
        scale = max(-int(cast(int, a.as_tuple().exponent)), -int(cast(int, b.as_tuple().exponent)), 0)
        return _DECIMALS.divide(a, b).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _DECIMALS)
    calculate = {"+": _DECIMALS.add, "-": _DECIMALS.subtract, "*": _DECIMALS.multiply, "%": _DECIMALS.remainder}
    return calculate[operator](a, b)


def _in_doubles(operator: str, a: float, b: float) -> float:
    if operator in "+-*":
        return {"+": a + b, "-": a - b, "*": a * b}[operator]
    if operator == "%":
        return math.fmod(a, b) if b and math.isfinite(a) else math.nan
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _sign(scope: _Scope, sign: str, operand: Node) -> Sequence:
    return [_number(item, (lambda n: -n) if sign == "-" else (lambda n: n)) for item in _input(operand, scope)]


def _number(item: Any, change: Callable[[Any], Any]) -> Any:
    if not _is_number(item):
        raise _wrong("NUMBER", item)
    return change(float(item) if isinstance(item, float) else item)


def _rounded(number: Any, up: bool) -> Any:
    if isinstance(number, float):
        return float(math.ceil(number) if up else math.floor(number)) if math.isfinite(number) else number
    return number if isinstance(number, int) else number.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)


def _double(item: Any) -> float:
    if not isinstance(item, str):
        return float(_number(item, float))
    try:
        return float(item.strip())
    except ValueError:
        raise PathError(f"Cannot cast '{item}' to DOUBLE") from None


_OF_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "ceiling": lambda n: _rounded(n, True),
    "floor": lambda n: _rounded(n, False),
}


def _method(scope: _Scope, name: str, base: Node) -> Sequence:
    if name == "type":
        return [_kind(item) for item in _evaluate(base, scope)]
    if name == "size":
        return [len(array) for array in _arrays(scope, base)]
    items = _input(base, scope)
    if name == "double":
        return [_double(item) for item in items]
    if name == "keyvalue":
        return [entry for item in items for entry in _entries(scope, item)]
    return [_number(item, _OF_NUMBERS[name]) for item in items]


def _entries(scope: _Scope, item: Any) -> Sequence:
    if not isinstance(item, dict):
        raise _wrong("OBJECT", item)
    number = next(scope.ids)
    return [{"name": key, "value": value, "id": number} for key, value in item.items()]


_KINDS: dict[str, Callable[..., Sequence]] = {
    "literal": lambda _, value: [value],
    "context": lambda scope: [scope.context],
    "item": lambda scope: [scope.item],
    "variable": _variable,
    "last": _last,
    "member": _member,
    "members": _members,
    "descendant": _descendant,
    "elements": _elements,
    "subscripts": _subscripts,
    "filter": _filter,
    "arithmetic": _arithmetic,
    "sign": _sign,
    "method": _method,
}


def _holds(node: Node, scope: _Scope) -> bool | None:
    return _PREDICATES[node.kind](scope, *node.args)


def _and(scope: _Scope, left: Node, right: Node) -> bool | None:
    sides = (_holds(left, scope), _holds(right, scope))
    return False if False in sides else None if None in sides else True


def _or(scope: _Scope, left: Node, right: Node) -> bool | None:
    sides = (_holds(left, scope), _holds(right, scope))
    return True if True in sides else None if None in sides else False


def _not(scope: _Scope, operand: Node) -> bool | None:
    held = _holds(operand, scope)
    return None if held is None else not held


def _exists(scope: _Scope, operand: Node) -> bool | None:
    try:
        return bool(_evaluate(operand, scope))
    except PathError:
        return None


def _any(scope: _Scope, outcomes: Iterator[bool | None]) -> bool | None:
    """True if one is; lax: what comes first, true or unknown, counts; strict: any unknown does."""
    result: bool | None = False
    for outcome in outcomes:
        if outcome is None:
            return None
        if outcome:
            result = True
            if scope.lax:
                return True
    return result


def _compare(scope: _Scope, operator: str, left: Node, right: Node) -> bool | None:
    try:
        lefts, rights = _input(left, scope), _input(right, scope)
    except PathError:
        return None
    return _any(scope, (_compared(operator, a, b) for a in lefts for b in rights))


def _compared(operator: str, a: Any, b: Any) -> bool | None:
    kinds = {_kind(a), _kind(b)}
    if "null" in kinds:
        # null equals null alone; it is neither greater nor smaller than anything.
        same = a is None and b is None
        return same == (operator in ("==", "<=", ">=")) and operator not in ("<", ">")
    if len(kinds) > 1 or kinds & {"array", "object"}:
        return None
    if isinstance(a, Moment):
        a, b = a.text, b.text
    if kinds == {"number"} and (isinstance(a, float) or isinstance(b, float)):
        a, b = float(a), float(b)
    outcomes = {"==": a == b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}
    return bool(outcomes.get(operator, a != b))


def _starts(scope: _Scope, operand: Node, start: Node) -> bool | None:
    try:
        items, (prefix,) = _input(operand, scope), _evaluate(start, scope)
    except PathError:
        return None
    if not isinstance(prefix, str):
        return None
    return _any(scope, (item.startswith(prefix) if isinstance(item, str) else None for item in items))


_PREDICATES: dict[str, Callable[..., bool | None]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "exists": _exists,
    "compare": _compare,
    "starts": _starts,
    "unknown": lambda scope, operand: _holds(operand, scope) is None,
}
