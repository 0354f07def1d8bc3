"""The allow-list of functions: tables of `signature -> DuckDB template`, and the choice among overloads.

A row of a table reads like Trino's documentation:

    ("lpad(varchar, bigint, varchar) -> varchar", "lpad({0}, CAST({1} AS INTEGER), {2})")

Letters `T`, `K`, `V` stand for any type; `decimal` in a parameter matches any decimal; `...` after the last parameter
repeats it. A template is a format string over the arguments' SQL, or a callable over the argument `Value`s when the
translation depends on a literal or a type; those of aggregates and window functions also place `{distinct}`,
`{inner}` (ORDER BY or IGNORE NULLS within the brackets) and `{after}` (FILTER, OVER). A function that is in no table
does not exist: nothing is passed through.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from workshop.sandbox.athena.compiler.values import Value, coerce
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    REAL,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMP_TZ,
    TINYINT,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    as_decimal,
    can_coerce,
    common_type,
)


class Kind(Enum):
    """Where a function may stand."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


Build = Callable[..., str]
"""(arguments) -> SQL; for aggregates and window functions (arguments, clauses) -> SQL."""
ResultType = Callable[[Sequence[Type]], Type]
Row = tuple[str, str | Build] | tuple[str, str | Build, ResultType]


@dataclass(frozen=True)
class Pattern:
    """A type with holes: a name that is a type, a variable or `decimal`, applied to other patterns."""

    name: str
    args: tuple["Pattern", ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})" if self.args else self.name


@dataclass(frozen=True)
class Overload:
    """One signature of a function and how to write it in DuckDB."""

    name: str
    params: tuple[Pattern, ...]
    variadic: bool
    result: Pattern
    build: str | Build
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

    def add(self, rows: Iterable[Row], kind: Kind = Kind.SCALAR) -> None:
        """Enter the rows of a table; overloads are tried in the order of entry, so narrow ones come first.

        A third element of a row computes the result type from the argument types, where the signature cannot say it.
        """
        for signature, build, *rest in rows:
            overload = _parse_signature(signature, build, kind, rest[0] if rest else None)
            self._overloads.setdefault(overload.name, []).append(overload)

    def kind(self, name: str) -> Kind | None:
        """Kind of the function called `name`, None if there is none."""
        found = self._overloads.get(name)
        return found[0].kind if found else None

    def names(self) -> list[str]:
        """All names."""
        return sorted(self._overloads)

    def resolve(
        self, name: str, args: Sequence[Value], position: Position | None, clauses: Clauses = NO_CLAUSES
    ) -> Call:
        """The call of `name` with `args`; raises FUNCTION_NOT_FOUND as Trino words it."""
        overloads = self._overloads.get(name)
        if not overloads:
            raise AthenaError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", position)
        for exact in (True, False):
            for overload in overloads:
                types = _match(overload, [a.type for a in args], exact=exact)
                if types is not None:
                    return _call(overload, types, args, clauses)
        shown = ", ".join(str(a.type) for a in args)
        expected = ", ".join(map(str, overloads))
        raise AthenaError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({shown}) for function {name}. Expected: {expected}",
            position,
        )


_TYPES = {
    "bigint": BIGINT,
    "boolean": BOOLEAN,
    "date": DATE,
    "double": DOUBLE,
    "integer": INTEGER,
    "interval_day": INTERVAL_DAY,
    "interval_year": INTERVAL_YEAR,
    "real": REAL,
    "smallint": SMALLINT,
    "timestamp": TIMESTAMP,
    "timestamp_tz": TIMESTAMP_TZ,
    "tinyint": TINYINT,
    "unknown": UNKNOWN,
    "varbinary": VARBINARY,
    "varchar": VARCHAR,
}
_VARIABLES = frozenset("TKVR")
_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (.+)")


def _parse_signature(text: str, build: str | Build, kind: Kind, result_type: ResultType | None) -> Overload:
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
        if text not in _TYPES and text not in _VARIABLES and text != "decimal":
            raise ValueError(f"unknown type in a signature: {text}")
        return Pattern(text)
    name, _, inner = text.partition("(")
    return Pattern(name, tuple(_pattern(p) for p in _split(inner[:-1])))


def _match(overload: Overload, types: Sequence[Type], *, exact: bool) -> list[Type] | None:
    """The parameter types after coercion, or None; `exact` allows no coercion but that of a varchar's length."""
    params = list(overload.params)
    if overload.variadic:
        if len(types) < len(params):
            return None
        params += [params[-1]] * (len(types) - len(params))
    if len(params) != len(types):
        return None
    bound: dict[str, Type] = {}
    if not all(_bind(p, t, bound, exact=exact) for p, t in zip(params, types, strict=True)):
        return None
    targets = [_substitute(p, t, bound) for p, t in zip(params, types, strict=True)]
    if not all(can_coerce(t, target) for t, target in zip(types, targets, strict=True)):
        return None
    if exact and any(t.name != target.name for t, target in zip(types, targets, strict=True)):
        return None
    return targets


def _bind(pattern: Pattern, type_: Type, bound: dict[str, Type], *, exact: bool) -> bool:
    if pattern.name in _VARIABLES:
        common = common_type(bound.get(pattern.name, UNKNOWN), type_)
        if common is None:
            return False
        bound[pattern.name] = common
        return True
    if pattern.args:
        if type_ == UNKNOWN:
            return not exact
        return type_.name == pattern.name and all(
            _bind(p, t, bound, exact=exact) for p, t in zip(pattern.args, type_.args, strict=True)
        )
    if pattern.name == "decimal":
        return type_.name == "decimal" or (not exact and type_.is_integer)
    return True


def _substitute(pattern: Pattern, type_: Type, bound: dict[str, Type]) -> Type:
    if pattern.name in _VARIABLES:
        return bound.get(pattern.name, UNKNOWN)
    if pattern.name == "decimal":
        return as_decimal(type_) if type_.is_integer or type_.name == "decimal" else type_
    if pattern.args:
        inner = type_.args or (UNKNOWN,) * len(pattern.args)
        return Type(
            pattern.name, args=tuple(_substitute(p, t, bound) for p, t in zip(pattern.args, inner, strict=True))
        )
    return _TYPES[pattern.name]


def _call(overload: Overload, types: Sequence[Type], args: Sequence[Value], clauses: Clauses) -> Call:
    values = [coerce(a, t) for a, t in zip(args, types, strict=True)]
    build = overload.build
    if isinstance(build, str):
        sql = build.format(
            *(v.sql for v in values), distinct=clauses.distinct, inner=clauses.inner, after=clauses.after
        )
    else:
        sql = build(values) if overload.kind == Kind.SCALAR else build(values, clauses)
    if overload.result_type is not None:
        return Call(sql, overload.result_type(types), overload.kind)
    bound: dict[str, Type] = {}
    params = [*overload.params, *overload.params[-1:] * (len(types) - len(overload.params))]
    for pattern, type_ in zip(params, types, strict=True):
        _bind(pattern, type_, bound, exact=True)
    return Call(sql, _substitute(overload.result, UNKNOWN, bound), overload.kind)
