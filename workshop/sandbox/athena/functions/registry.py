"""The allow-list of functions: tables of `signature -> DuckDB template`, and the choice among overloads.

A row of a table reads like Trino's documentation:

    ("lpad(varchar, bigint, varchar) -> varchar", "lpad({0}, CAST({1} AS INTEGER), {2})")

Letters `T`, `K`, `V`, `R`, `S` stand for any type; `decimal`, `char`, `varchar_x`, `timestamp` and their kin match any
precision or length, and as a result have that of the first argument of the kind; `...` after the last parameter
repeats it; `function(T, R)` is a lambda of a T that gives an R. A template is one of

- a format string over the arguments' SQL (a lambda's SQL is DuckDB's `lambda x: …`),
- a callable over the arguments' `Value`s, when the translation depends on a literal or a type,
- a `Udf`, a function in Python.

Those of aggregates and window functions also place `{distinct}`, `{inner}` (ORDER BY or IGNORE NULLS within the
brackets) and `{after}` (FILTER, OVER). A function that is in no table does not exist: nothing is passed through.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial

from workshop.sandbox.athena.compiler.values import LambdaValue, Value, coerce, sharing
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported
from workshop.sandbox.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    IPADDRESS,
    JSON,
    REAL,
    SMALLINT,
    TIME,
    TIME_TZ,
    TIMESTAMP,
    TIMESTAMP_TZ,
    TINYINT,
    UNKNOWN,
    UUID,
    VARBINARY,
    VARCHAR,
    Type,
    as_decimal,
    can_coerce,
    common_type,
    decimal,
)
from workshop.sandbox.athena.udf import Udf, call


class Kind(Enum):
    """Where a function may stand."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


Build = str | Udf | Callable[..., str]
"""A template; a callable takes (arguments), for aggregates and window functions (arguments, clauses)."""
ResultType = Callable[[Sequence[Type]], Type | None]
"""(types of the arguments) -> type of the result; None: the overload does not take them."""
Row = tuple[str, Build] | tuple[str, Build, ResultType]


@dataclass(frozen=True)
class LambdaArgument:
    """A lambda among the arguments of a call: it is compiled once the types of its parameters are known."""

    arity: int
    compile: Callable[[Sequence[Type]], LambdaValue]


Argument = Value | LambdaArgument


@dataclass(frozen=True)
class Pattern:
    """A type with holes: a name that is a type, a variable or `decimal`, applied to other patterns."""

    name: str
    args: tuple["Pattern", ...] = ()

    def __str__(self) -> str:
        name = _SHOWN.get(self.name, self.name)
        return f"{name}({', '.join(map(str, self.args))})" if self.args else name


@dataclass(frozen=True)
class Overload:
    """One signature of a function and how to write it in DuckDB."""

    name: str
    params: tuple[Pattern, ...]
    variadic: bool
    result: Pattern
    build: Build
    kind: Kind
    result_type: ResultType | None = None

    def __str__(self) -> str:
        dots = ", ..." if self.variadic else ""
        return f"{self.name}({', '.join(map(str, self.params))}{dots})"


@dataclass(frozen=True)
class Clauses:
    """What stands inside or behind the brackets of an aggregate or a window function; templates place it."""

    distinct: str = ""
    inner: str = ""
    after: str = ""


@dataclass(frozen=True)
class Call:
    """A resolved call: arguments already coerced."""

    sql: str
    type: Type
    kind: Kind


NO_CLAUSES = Clauses()


@dataclass
class Registry:
    """All functions by name."""

    _overloads: dict[str, list[Overload]] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def add(self, rows: Iterable[Row], kind: Kind = Kind.SCALAR) -> None:
        """Enter the rows of a table; overloads are tried in the order of entry, so narrow ones come first.

        A third element of a row computes the result type from the argument types, where the signature cannot say it.
        """
        for signature, build, *rest in rows:
            overload = _parse_signature(signature, build, kind, rest[0] if rest else None)
            self._overloads.setdefault(overload.name, []).append(overload)

    def refuse(self, names: Iterable[str]) -> None:
        """Functions that Athena has and this engine does not: calls fail with NOT_SUPPORTED and the function's name."""
        self._refused.update(names)

    def refused(self) -> list[str]:
        """Names of the functions that are refused."""
        return sorted(self._refused - self._overloads.keys())

    def kind(self, name: str) -> Kind | None:
        """Kind of the function called `name`, None if there is none."""
        found = self._overloads.get(name)
        return found[0].kind if found else None

    def names(self) -> list[str]:
        """All names."""
        return sorted(self._overloads)

    def resolve(
        self, name: str, args: Sequence[Argument], position: Position | None, clauses: Clauses = NO_CLAUSES
    ) -> Call:
        """The call of `name` with `args`; raises FUNCTION_NOT_FOUND as Trino words it."""
        overloads = self._overloads.get(name)
        if not overloads and name in self._refused:
            raise not_supported(f"The function {name}", position)
        if not overloads:
            raise AthenaError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", position)
        for exact in (True, False):
            for overload in overloads:
                matched = _match(overload, args, exact=exact)
                result = None if matched is None else _result(overload, matched)
                if matched is not None and result is not None:
                    return _call(overload, matched, result, clauses)
        shown = ", ".join("<function>" if isinstance(a, LambdaArgument) else str(a.type) for a in args)
        expected = ", ".join(map(str, overloads))
        raise AthenaError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({shown}) for function {name}. Expected: {expected}",
            position,
        )


_TYPES = {
    "bigint": BIGINT,
    "boolean": BOOLEAN,
    "char": Type("char", length=1),
    "date": DATE,
    "double": DOUBLE,
    "integer": INTEGER,
    "interval_day": INTERVAL_DAY,
    "interval_year": INTERVAL_YEAR,
    "ipaddress": IPADDRESS,
    "json": JSON,
    "real": REAL,
    "smallint": SMALLINT,
    "time": TIME,
    "time_tz": TIME_TZ,
    "timestamp": TIMESTAMP,
    "timestamp_tz": TIMESTAMP_TZ,
    "tinyint": TINYINT,
    "unknown": UNKNOWN,
    "uuid": UUID,
    "varbinary": VARBINARY,
    "varchar": VARCHAR,
    "varchar_x": VARCHAR,
}
_FAMILIES = frozenset(["decimal", "char", "varchar_x", "time", "time_tz", "timestamp", "timestamp_tz"])
"""Names of signatures that stand for types of any length or precision."""
_SHOWN = {
    "any": "T",
    "char": "char(x)",
    "decimal": "decimal(p, s)",
    "interval_day": "interval day to second",
    "interval_year": "interval year to month",
    "time": "time(p)",
    "time_tz": "time(p) with time zone",
    "timestamp": "timestamp(p)",
    "timestamp_tz": "timestamp(p) with time zone",
    "varchar_x": "varchar(x)",
}
"""What errors show of names of signatures."""
_VARIABLES = frozenset("TKVRSU")
_ANY = "any"
"""A parameter that takes a value of any type, whatever the others are."""
_WIDENINGS = 5
"""How often the types of a lambda's parameters may grow (Trino: SignatureBinder, SOLVE_ITERATION_LIMIT)."""
_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (.+)")


def _parse_signature(text: str, build: Build, kind: Kind, result_type: ResultType | None) -> Overload:
    matched = _SIGNATURE.fullmatch(text)
    if not matched:
        raise ValueError(f"bad signature: {text}")
    name, params, result = matched.groups()
    parts = _split(params)
    variadic = bool(parts) and parts[-1] == "..."
    patterns = tuple(_pattern(p) for p in (parts[:-1] if variadic else parts))
    return Overload(name, patterns, variadic, _pattern(result), build, kind, result_type)


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return [*parts, current.strip()] if current.strip() else parts


def _pattern(text: str) -> Pattern:
    if "(" not in text:
        if text not in _TYPES and text not in _VARIABLES and text != _ANY and text not in _FAMILIES:
            raise ValueError(f"unknown type in a signature: {text}")
        return Pattern(text)
    name, _, inner = text.partition("(")
    return Pattern(name, tuple(_pattern(p) for p in _split(inner[:-1])))


@dataclass(frozen=True)
class _Match:
    """The arguments as the overload takes them, and what its variables and families stand for."""

    values: tuple[Value, ...]
    bound: Mapping[str, Type]


def _match(overload: Overload, args: Sequence[Argument], *, exact: bool) -> _Match | None:
    """The arguments after coercion, or None; `exact` allows no coercion but that of a length or precision."""
    params = list(overload.params)
    if overload.variadic:
        params += params[-1:] * (len(args) - len(params))
    if len(params) != len(args):
        return None
    pairs = list(zip(params, args, strict=True))
    bound: dict[str, Type] = {}
    for pattern, argument in pairs:
        if (pattern.name == "function") != isinstance(argument, LambdaArgument):
            return None
        if isinstance(argument, Value) and not _bind(pattern, argument.type, bound, exact=exact):
            return None
    compiled: dict[int, LambdaValue] = {}
    for i, (pattern, argument) in enumerate(pairs):
        if isinstance(argument, LambdaArgument):
            value = _compile_lambda(pattern, argument, bound)
            if value is None:
                return None
            compiled[i] = value
    values: list[Value] = []
    for i, (pattern, argument) in enumerate(pairs):
        if not isinstance(argument, Value):
            values.append(compiled[i])
            continue
        target = _substitute(pattern, argument.type, bound)
        if pattern.name in _FAMILIES:
            bound.setdefault(pattern.name, target)
        if not can_coerce(argument.type, target) or (exact and argument.type.name != target.name):
            return None
        values.append(coerce(argument, target))
    return _Match(tuple(values), bound)


def _compile_lambda(pattern: Pattern, argument: LambdaArgument, bound: dict[str, Type]) -> LambdaValue | None:
    """The lambda, if it has the type that the pattern asks for; compiled again when its own widens a parameter's."""
    *parameters, result = pattern.args
    for _ in range(_WIDENINGS):
        types = [_substitute(p, UNKNOWN, bound) for p in parameters]
        value = argument.compile(types)
        if not _bind(result, value.type, bound, exact=False):
            return None
        if [_substitute(p, UNKNOWN, bound) for p in parameters] == types:
            return value if _fits(value.type, _substitute(result, value.type, bound)) else None
    return None


def _fits(type_: Type, wanted: Type) -> bool:
    """Whether a lambda gives what is wanted: Trino does not convert its result; only a text may be shorter."""
    return type_ == wanted or (type_.name == wanted.name == "varchar" and can_coerce(type_, wanted))


def _bind(  # noqa: PLR0911 - one return for each kind of pattern
    pattern: Pattern, type_: Type, bound: dict[str, Type], *, exact: bool
) -> bool:
    if pattern.name == _ANY:
        return True
    if pattern.name in _VARIABLES:
        common = common_type(bound.get(pattern.name, UNKNOWN), type_)
        if common is None:
            return False
        bound[pattern.name] = common
        return True
    if pattern.args:
        if type_ == UNKNOWN:
            return not exact
        return (
            type_.name == pattern.name
            and len(type_.args) == len(pattern.args)
            and all(_bind(p, t, bound, exact=exact) for p, t in zip(pattern.args, type_.args, strict=True))
        )
    if pattern.name == "decimal":
        fits = type_.name == "decimal" or (not exact and (type_.is_integer or type_ == UNKNOWN))
        if fits and type_ != UNKNOWN:
            bound.setdefault("decimal", as_decimal(type_))
        return fits
    if pattern.name in _FAMILIES:
        family = _TYPES[pattern.name]
        if type_.name == family.name:
            bound.setdefault(pattern.name, type_)
    # A text is never made a char for a function's sake.
    return pattern.name != "char" or type_.name == "char"


def _substitute(  # noqa: PLR0911 - one return for each kind of pattern
    pattern: Pattern, type_: Type, bound: Mapping[str, Type]
) -> Type:
    """The type that `pattern` asks for; `type_` is the argument's, UNKNOWN where it does not matter."""
    if pattern.name == _ANY:
        return type_
    if pattern.name in _VARIABLES:
        return bound.get(pattern.name, UNKNOWN)
    if pattern.name == "decimal":
        return (
            as_decimal(type_) if type_.is_integer or type_.name == "decimal" else bound.get("decimal", decimal(38, 0))
        )
    if pattern.args:
        inner = type_.args or (UNKNOWN,) * len(pattern.args)
        args = tuple(_substitute(p, t, bound) for p, t in zip(pattern.args, inner, strict=True))
        fields = type_.fields if type_.name == pattern.name else (None,) * len(args) * (pattern.name == "row")
        return Type(pattern.name, args=args, fields=fields)
    if pattern.name in _FAMILIES:
        family = _TYPES[pattern.name]
        if type_.name == family.name:
            return type_
        wider = common_type(type_, family)
        return bound.get(pattern.name) or (
            replace(family, precision=type_.precision) if wider and type_ != UNKNOWN else family
        )
    return _TYPES[pattern.name]


def _result(overload: Overload, matched: _Match) -> Type | None:
    if overload.result_type is not None:
        return overload.result_type([v.type for v in matched.values])
    return _substitute(overload.result, UNKNOWN, matched.bound)


def _call(overload: Overload, matched: _Match, result: Type, clauses: Clauses) -> Call:
    values, build = matched.values, overload.build
    if isinstance(build, Udf):
        return Call(call(build, [v.sql for v in values], [v.type for v in values], result), result, overload.kind)
    if isinstance(build, str):
        placed = {"distinct": clauses.distinct, "inner": clauses.inner, "after": clauses.after}
        written: Callable[..., str] = partial(_format, build, placed)
    else:
        written = build if overload.kind == Kind.SCALAR else partial(_with_clauses, build, clauses)
    sql = sharing(values, written) if overload.kind == Kind.SCALAR else written(values)
    return Call(sql, result, overload.kind)


def _format(template: str, placed: Mapping[str, str], values: Sequence[Value]) -> str:
    return template.format(*(v.sql for v in values), **placed)


def _with_clauses(build: Callable[..., str], clauses: Clauses, values: Sequence[Value]) -> str:
    return build(values, clauses)
