"""Comparison of arrays, maps and rows by Trino's rules (Trino documentation: comparison functions and operators).

DuckDB takes NULL inside of a nested value for a value like others. For Trino `=` of nested values is NULL when NULLs
leave it open, `<` refuses them, and IS DISTINCT FROM, GROUP BY and DISTINCT take them for equal. Maps are equal
whatever the order of their entries, timestamps with time zone are instants wherever they stand, NaN equals nothing.
"""

from workshop.sandbox.athena.compiler.values import Value, fail, held, sharing
from workshop.sandbox.athena.types import BOOLEAN, Type, field_names, quote

_NOT_ORDERED = frozenset(["map", "json"])
_NULL_IN_ARRAY = "'NOT_SUPPORTED: ARRAY comparison not supported for arrays with null elements'"
_NULL_IN_ROW = "'NOT_SUPPORTED: ROW comparison not supported for fields with null elements'"
_ARRAY_CODE, _ROW_CODE = 2, 3
"""What `_order` gives instead of -1, 0 and 1 where it meets a NULL."""
_MINUTE, _DAY = 60 * 10**12, 86_400 * 10**12
"""In picoseconds."""


def is_nested(type_: Type) -> bool:
    """Whether values of the type hold other values."""
    return type_.name in ("array", "map", "row")


def is_orderable(type_: Type) -> bool:
    """Whether Trino orders values of the type."""
    return type_.name not in _NOT_ORDERED and all(map(is_orderable, type_.args))


def compare(operator: str, left: Value, right: Value) -> Value:
    """`left operator right` of nested values of one type; the caller has checked that the type is ordered for `<`."""

    type_ = left.type

    def written(x: str, y: str) -> str:
        match operator:
            case "=":
                return equal(x, y, type_)
            case "<>":
                return f"(NOT {equal(x, y, type_)})"
            case "IS DISTINCT FROM" | "IS NOT DISTINCT FROM":
                return f"({identity(x, type_)} {operator} {identity(y, type_)})"
        return _ordered(operator, x, y, type_)

    def once(x: str, y: str) -> str:
        # A map is looked into for every entry of the other.
        return written(x, y) if is_plain(type_) else held(x, lambda a: held(y, lambda b: written(a, b)))

    return Value(sharing([left, right], lambda values: once(values[0].sql, values[1].sql)), BOOLEAN)


# what is the same


def identity(sql: str, type_: Type) -> str:
    """SQL of what DuckDB groups, sorts and finds DISTINCT as Trino does the value; often the value itself."""
    match type_.name:
        case "timestamp with time zone":
            return f"({sql}).t"
        case "time with time zone":
            utc = f"(({sql}).t - ({sql}).z * {_MINUTE})"
            return f"(({utc} % {_DAY} + {_DAY}) % {_DAY})"
        case "array" if not is_plain(type_):
            return f"list_transform({sql}, lambda e: {identity('e', type_.args[0])})"
        case "map":
            key, value = (identity(f"e.{part}", t) for part, t in zip(("key", "value"), type_.args, strict=True))
            return f"list_sort(list_transform(map_entries({sql}), lambda e: struct_pack(k := {key}, v := {value})))"
        case "row" if not is_plain(type_):
            parts = zip(field_names(type_), type_.args, strict=True)
            fields = ", ".join(f"{quote(n)} := {identity(f'({sql}).{quote(n)}', t)}" for n, t in parts)
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"
    return sql


def is_plain(type_: Type) -> bool:
    """Whether `identity` of a value is the value."""
    return type_.name not in ("map", "timestamp with time zone", "time with time zone") and all(
        map(is_plain, type_.args)
    )


# what is equal


def equal(x: str, y: str, type_: Type, depth: int = 0) -> str:
    """SQL of Trino's `x = y`: TRUE, FALSE, or NULL. It names its operands more than once; `depth`: maps around them."""
    match type_.name:
        case "real" | "double":
            return f"({x} = {y} AND NOT isnan({x}))"
        case "array":
            pairs = f"list_transform(list_zip({x}, {y}), lambda p: {equal('p[1]', 'p[2]', type_.args[0], depth)})"
            return f"CASE WHEN len({x}) = len({y}) THEN {every(pairs)} WHEN len({x}) <> len({y}) THEN FALSE END"
        case "map":
            key, value = type_.args
            # Each depth has a name of its own: `y` is read inside of the lambda.
            e = f"e{depth}"
            same_value = equal(f"{e}.value", value_at(y, f"{e}.key", key), value, depth + 1)
            found = f"CASE WHEN {has_key(y, f'{e}.key', key)} THEN {same_value} ELSE FALSE END"
            entries = every(f"list_transform(map_entries({x}), lambda {e}: {found})")
            same, other = (f"cardinality({x}) {symbol} cardinality({y})" for symbol in ("=", "<>"))
            return f"CASE WHEN {same} THEN {entries} WHEN {other} THEN FALSE END"
        case "row":
            fields = zip(map(quote, field_names(type_)), type_.args, strict=True)
            return "(" + " AND ".join(equal(f"({x}).{n}", f"({y}).{n}", t, depth) for n, t in fields) + ")"
    return f"({identity(x, type_)} = {identity(y, type_)})"


def every(booleans: str) -> str:
    """Whether all in a list (that is not NULL) are TRUE: FALSE if one is FALSE, else NULL if one is NULL."""
    return f"[FALSE, NULL, TRUE][coalesce(list_min({_ranks(booleans)}), 3)]"


def some(booleans: str) -> str:
    """Whether one in a list (that is not NULL) is TRUE; else NULL if one is NULL, else FALSE."""
    return f"[FALSE, NULL, TRUE][coalesce(list_max({_ranks(booleans)}), 1)]"


def _ranks(booleans: str) -> str:
    return f"list_transform({booleans}, lambda b: coalesce(CAST(b AS INTEGER) * 2, 1) + 1)"


# keys of maps


def has_key(map_: str, key: str, key_type: Type) -> str:
    """SQL: whether the map holds the key, which is not NULL."""
    if is_plain(key_type):
        return f"map_contains({map_}, {key})"
    return f"({_place_of_key(map_, key, key_type)} IS NOT NULL)"


def value_at(map_: str, key: str, key_type: Type) -> str:
    """SQL: the value of the key, NULL if there is none."""
    if is_plain(key_type):
        return f"({map_})[{key}]"
    return f"map_values({map_})[{_place_of_key(map_, key, key_type)}]"


def _place_of_key(map_: str, key: str, key_type: Type) -> str:
    keys = f"list_transform(map_keys({map_}), lambda k: {identity('k', key_type)})"
    return f"list_position({keys}, {identity(key, key_type)})"


# what comes before


def _ordered(operator: str, x: str, y: str, type_: Type) -> str:
    """`<` and its kin; a NULL that is met before a difference is an error."""
    wrong = f"CASE o WHEN {_ARRAY_CODE} THEN {fail(_NULL_IN_ARRAY, BOOLEAN)} "
    wrong += f"WHEN {_ROW_CODE} THEN {fail(_NULL_IN_ROW, BOOLEAN)} ELSE o {operator} 0 END"
    either = f"{x} IS NOT NULL AND {y} IS NOT NULL"
    return f"CASE WHEN {either} THEN list_transform([{_order(x, y, type_)}], lambda o: {wrong})[1] END"


def without_order(x: str, y: str, type_: Type) -> str:
    """SQL: whether a NULL inside leaves open how `x` stands to `y`, both not NULL."""
    return f"({_order(x, y, type_)} >= {_ARRAY_CODE})"


def _order(x: str, y: str, type_: Type) -> str:
    """SQL of -1, 0 or 1, or one of the codes: how `x` stands to `y`, both not NULL."""
    match type_.name:
        case "array":
            pairs = _checked("p[1]", "p[2]", type_.args[0], _ARRAY_CODE)
            shorter = f"list_zip({x}, {y})[1:least(len({x}), len({y}))]"
            first = f"list_filter(list_transform({shorter}, lambda p: {pairs}), lambda o: o <> 0)[1]"
            return f"coalesce({first}, sign(len({x}) - len({y})))"
        case "row":
            fields = zip(map(quote, field_names(type_)), type_.args, strict=True)
            orders = [_checked(f"({x}).{n}", f"({y}).{n}", t, _ROW_CODE) for n, t in fields]
            # A list, since DuckDB writes what nullif is given twice.
            return f"coalesce(list_filter([{', '.join(orders)}], lambda o: o <> 0)[1], 0)"
    a, b = identity(x, type_), identity(y, type_)
    return f"(CAST({a} > {b} AS INTEGER) - CAST({a} < {b} AS INTEGER))"


def _checked(x: str, y: str, type_: Type, code: int) -> str:
    return f"CASE WHEN {x} IS NULL OR {y} IS NULL THEN {code} ELSE {_order(x, y, type_)} END"
