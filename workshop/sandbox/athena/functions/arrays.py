"""Functions on arrays (Trino documentation: array functions and operators); those like sets are in `array_sets`."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from math import comb

from workshop.sandbox.athena.compiler import comparisons
from workshop.sandbox.athena.compiler.array_concatenation import concatenate
from workshop.sandbox.athena.compiler.casts import castable, convert
from workshop.sandbox.athena.compiler.comparisons import equal, identity, is_plain
from workshop.sandbox.athena.compiler.values import Value, fail, held
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.types import BIGINT, VARCHAR, Type, array, field_names, quote
from workshop.sandbox.athena.types import row as row_type
from workshop.sandbox.athena.udf import Udf, call, invalid

_MOST_COMBINED = 5
_MOST_IN_COMBINATIONS = 100_000
_MOST_REPEATED = 10_000


def invalid_argument(message_sql: str, type_: Type) -> str:
    """SQL that raises INVALID_FUNCTION_ARGUMENT with the SQL text `message_sql`."""
    return fail(f"'INVALID_FUNCTION_ARGUMENT: ' || {message_sql}", type_)


# one element


def _element_at(values: Sequence[Value]) -> str:
    items, index = (v.sql for v in values)
    zero = invalid_argument("'SQL array indices start at 1'", values[0].type.args[0])
    return f"CASE WHEN {index} = 0 THEN {zero} WHEN abs({index}) <= len({items}) THEN ({items})[{index}] END"


def _contains(values: Sequence[Value]) -> str:
    """NULL rather than false when an element is NULL."""
    items, item = (v.sql for v in values)
    if not _is_simple(values[1].type):
        found = _first_verdict(values, "contains")
        nulls = f"WHEN list_count({items}) < len({items}) THEN NULL ELSE FALSE"
        verdict = f"CASE WHEN {found} IS NOT NULL THEN TRUE {nulls} END"
    else:
        verdict = (
            f"CASE WHEN list_contains({items}, {item}) THEN TRUE WHEN list_count({items}) < len({items}) THEN NULL "
            "ELSE FALSE END"
        )
    return _unless_null(values, verdict)


def _position(values: Sequence[Value]) -> str:
    items, item = (v.sql for v in values)
    place = f"list_position({items}, {item})"
    if not _is_simple(values[1].type):
        place = _first_verdict(values, "array_position")
    return _unless_null(values, f"CAST(coalesce({place}, 0) AS BIGINT)")


def _remove(values: Sequence[Value]) -> str:
    items, item = (v.sql for v in values)
    same = equal("e", item, values[1].type)
    if comparisons.is_nested(values[1].type):
        same = f"coalesce({same}, {_open('array_remove')})"
    return _unless_null(values, f"list_filter({items}, lambda e: e IS NULL OR NOT {same})")


def _is_simple(type_: Type) -> bool:
    """Whether DuckDB finds values of the type as Trino does: neither nested nor with zones, nor NaN."""
    return is_plain(type_) and not comparisons.is_nested(type_) and type_.name not in ("real", "double")


def _first_verdict(values: Sequence[Value], function: str) -> str:
    """The place of the first equal element; an error if a comparison before it is open (Trino: ArrayContains)."""
    items, item = (v.sql for v in values)
    type_ = values[1].type
    open_ = f"WHEN e IS NOT NULL AND {equal('e', item, type_)} IS NULL THEN -i "
    verdicts = f"list_transform({items}, lambda e, i: CASE WHEN {equal('e', item, type_)} THEN i {open_} END)"
    first = f"list_filter({verdicts}, lambda v: v IS NOT NULL)[1]"
    if not comparisons.is_nested(type_):
        return first
    wrong = fail(_open_message(function), BIGINT)
    return f"list_transform([{first}], lambda v: CASE WHEN v < 0 THEN {wrong} ELSE v END)[1]"


def _open(function: str) -> str:
    """An error that stands where a boolean does."""
    return f"(1 = {fail(_open_message(function), BIGINT)})"


def _open_message(function: str) -> str:
    return f"'NOT_SUPPORTED: {function} does not support arrays with elements that are null or contain null'"


def _unless_null(values: Sequence[Value], sql: str) -> str:
    given = " AND ".join(f"{v.sql} IS NOT NULL" for v in values)
    return f"CASE WHEN {given} THEN {sql} END"


# all elements


def _extreme(function: str) -> Callable[[Sequence[Value]], str]:
    """array_max, array_min: NULL if an element is NULL; NaN only if there is nothing else."""

    def build(values: Sequence[Value]) -> str:
        element = values[0].type.args[0]
        return held(values[0].sql, lambda a: f"CASE WHEN list_count({a}) = len({a}) THEN {chosen(a, element)} END")

    def chosen(items: str, element: Type) -> str:
        if is_plain(element) and not _holds_nan(element):
            return f"list_{function[-3:]}({items})"
        # NaN is greater than all numbers for DuckDB.
        keys = identity(items, array(element)) if function == "array_min" else _nan_first(items, array(element))
        places = f"list_sort(list_zip({keys}, range(1, len({items}) + 1)))"
        return f"({items})[({places})[{1 if function == 'array_min' else -1}][2]]"

    return build


def _holds_nan(type_: Type) -> bool:
    return type_.name in ("real", "double") or any(map(_holds_nan, type_.args))


def _nan_first(sql: str, type_: Type) -> str:
    """What orders values with NaN before all numbers."""
    if type_.name in ("real", "double"):
        return f"CASE WHEN isnan({sql}) THEN CAST('-Infinity' AS {type_.duckdb}) ELSE {sql} END"
    if type_.name == "array":
        return f"list_transform({sql}, lambda e: {_nan_first('e', type_.args[0])})"
    if type_.name == "row":
        parts = zip(map(quote, field_names(type_)), type_.args, strict=True)
        fields = [f"{n} := " + _nan_first(f"({sql}).{n}", t) for n, t in parts]
        return f"struct_pack({', '.join(fields)})"
    return identity(sql, type_)


def _sorted(items: str, type_: Type) -> str:
    if is_plain(type_):
        return f"list_sort({items})"
    places = f"list_sort(list_zip({identity(items, type_)}, range(1, len({items}) + 1)))"
    return f"list_select({items}, list_transform({places}, lambda p: p[2]))"


def _sort(values: Sequence[Value]) -> str:
    """NULLs last."""
    return held(
        values[0].sql, lambda items: f"CASE WHEN {items} IS NOT NULL THEN {_compared(items, values[0].type)} END"
    )


def _compared(items: str, type_: Type) -> str:
    """Sorted; elements that NULLs in them leave without an order are neighbours then, and an error."""
    element = type_.args[0]
    if not comparisons.is_nested(element):
        return _sorted(items, type_)
    wrong = invalid_argument("'Array contains elements not supported for comparison'", type_)

    def checked(found: str) -> str:
        pair = f"{found}[i] IS NOT NULL AND {found}[i + 1] IS NOT NULL"
        open_ = comparisons.without_order(f"{found}[i]", f"{found}[i + 1]", element)
        places = f"list_filter(range(1, len({found})), lambda i: {pair} AND {open_})"
        return f"CASE WHEN len({places}) > 0 THEN {wrong} ELSE {found} END"

    return held(_sorted(items, type_), checked)


def _join(values: Sequence[Value]) -> str:
    """NULLs are left out, or shown as the third argument."""
    items, delimiter, *nulls = values
    element = items.type.args[0]
    shown = convert("e", element, VARCHAR)
    texts = items.sql if element.name == "varchar" else f"list_transform({items.sql}, lambda e: {shown})"
    if nulls:
        texts = f"list_transform({texts}, lambda e: coalesce(e, {nulls[0].sql}))"
    return _unless_null([items, delimiter, *nulls], _with_delimiter(texts, delimiter))


def _with_delimiter(texts: str, delimiter: Value) -> str:
    """'' when there are only NULLs; DuckDB takes but a constant delimiter, so another is put before the texts."""
    if delimiter.constant is not None:
        return f"coalesce(list_aggregate({texts}, 'string_agg', {delimiter.sql}), '')"
    led = f"CASE WHEN i = 1 THEN e ELSE {delimiter.sql} || e END"
    known = f"list_filter({texts}, lambda e: e IS NOT NULL)"
    return f"coalesce(list_aggregate(list_transform({known}, lambda e, i: {led}), 'string_agg', ''), '')"


def _concat(values: Sequence[Value]) -> str:
    return "(" + " || ".join(v.sql for v in values) + ")"


def _beside(values: Sequence[Value]) -> str:
    """concat of an array and an element."""
    joined = concatenate(values[0], values[1])
    assert joined is not None
    return joined.sql


# parts


def _slice(values: Sequence[Value]) -> str:
    items, start, length = (v.sql for v in values)
    type_ = values[0].type
    short = invalid_argument("'length must be greater than or equal to 0'", type_)
    zero = invalid_argument("'SQL array indices start at 1'", type_)
    first = f"(CASE WHEN {start} < 0 THEN len({items}) + {start} + 1 ELSE {start} END)"
    last = f"least(CAST({first} AS HUGEINT) + {length} - 1, len({items}))"
    part = f"CASE WHEN {first} BETWEEN 1 AND len({items}) THEN ({items})[{first}:CAST({last} AS BIGINT)]"
    checked = (
        f"CASE WHEN {length} < 0 THEN {short} WHEN {start} = 0 THEN {zero} ELSE {part} ELSE ({items})[1:0] END END"
    )
    return _unless_null(values, checked)


def _trim(values: Sequence[Value]) -> str:
    items, size = (v.sql for v in values)
    negative = invalid_argument(f"'size must not be negative: ' || {size}", values[0].type)
    large = f"'size must not exceed array cardinality ' || len({items}) || ': ' || {size}"
    large = invalid_argument(large, values[0].type)
    checked = (
        f"CASE WHEN {size} < 0 THEN {negative} WHEN {size} > len({items}) THEN {large} "
        f"ELSE ({items})[1:len({items}) - {size}] END"
    )
    return _unless_null(values, checked)


def _contains_sequence(values: Sequence[Value]) -> str:
    def somewhere(a: str, b: str) -> str:
        starts = f"range(1, len({a}) - len({b}) + 2)"
        return f"(len(list_filter({starts}, lambda i: ({a})[i:i + len({b}) - 1] = {b})) > 0)"

    a, b = (identity(v.sql, v.type) for v in values)
    found = held(a, lambda x: held(b, lambda y: somewhere(x, y)))
    return _unless_null(values, f"(len({values[1].sql}) = 0 OR {found})")


def _ngrams(values: Sequence[Value]) -> str:
    size = values[1].sql
    wrong = invalid_argument("'N must be positive'", array(values[0].type))

    def written(items: str) -> str:
        width = f"least(len({items}), {size})"
        return f"list_transform(range(1, len({items}) - {width} + 2), lambda i: ({items})[i:i + {width} - 1])"

    grams = held(values[0].sql, written)
    return _unless_null(values, f"CASE WHEN {size} <= 0 THEN {wrong} ELSE {grams} END")


@lru_cache(maxsize=256)
def _places_of_combinations(length: int, size: int) -> list[list[int]]:
    """The places of each combination, in Trino's order: by the last one, then by the one before it."""
    if size < 0:
        raise invalid(f"combination size must not be negative: {size}")
    if size > _MOST_COMBINED:
        raise invalid(f"combination size must not exceed {_MOST_COMBINED}: {size}")
    if comb(length, size) * size > _MOST_IN_COMBINATIONS:
        raise invalid("combinations exceed max size")
    return sorted(map(list, combinations(range(1, length + 1), size)), key=lambda places: places[::-1])


def _combinations(values: Sequence[Value]) -> str:
    items, size = values
    # An array of its own, else the cache would hold lists that DuckDB reads.
    places = call(
        Udf(_places_of_combinations), [f"len({items.sql})", size.sql], [BIGINT, size.type], array(array(BIGINT))
    )
    chosen = held(items.sql, lambda a: f"list_transform({places}, lambda c: list_transform(c, lambda i: ({a})[i]))")
    return _unless_null(values, chosen)


# more elements


def _repeat(values: Sequence[Value]) -> str:
    item, count = (v.sql for v in values)
    item = f"CAST({item} AS {values[0].type.duckdb})" if values[0].type.name == "unknown" else item
    result = array(values[0].type)
    most = f"'count argument of repeat function must be less than or equal to {_MOST_REPEATED}'"
    least = "'count argument of repeat function must be greater than or equal to 0'"
    checked = (
        f"CASE WHEN {count} < 0 THEN {invalid_argument(least, result)} "
        f"WHEN {count} > {_MOST_REPEATED} THEN {invalid_argument(most, result)} "
        f"ELSE list_transform(range({count}), lambda i: {item}) END"
    )
    return f"CASE WHEN {count} IS NOT NULL THEN {checked} END"


def _zip(values: Sequence[Value]) -> str:
    fields = ", ".join(f"field{i} := p[{i + 1}]" for i in range(len(values)))
    zipped = f"list_zip({', '.join(v.sql for v in values)})"
    return _unless_null(values, f"list_transform({zipped}, lambda p: struct_pack({fields}))")


def _zipped(types: Sequence[Type]) -> Type:
    return array(row_type([(None, t.args[0]) for t in types]))


def _zip_rows() -> tuple[Row, ...]:
    """zip of two to five arrays."""
    letters = "TUVKS"
    params = (", ".join(f"array({letter})" for letter in letters[:n]) for n in range(2, len(letters) + 1))
    return tuple((f"zip({p}) -> array(T)", _zip, _zipped) for p in params)


def _ordered_array(types: Sequence[Type]) -> Type | None:
    return types[0] if comparisons.is_orderable(types[0]) else None


def _ordered_element(types: Sequence[Type]) -> Type | None:
    return types[0].args[0] if comparisons.is_orderable(types[0]) else None


def _text_of_elements(types: Sequence[Type]) -> Type | None:
    return VARCHAR if castable(types[0].args[0], VARCHAR) else None


ROWS: tuple[Row, ...] = (
    ("cardinality(array(T)) -> bigint", "CAST(len({0}) AS BIGINT)"),
    ("contains(array(T), T) -> boolean", _contains),
    ("contains_sequence(array(T), array(T)) -> boolean", _contains_sequence),
    ("element_at(array(T), bigint) -> T", _element_at),
    ("array_first(array(T)) -> T", "({0})[1]"),
    ("array_last(array(T)) -> T", "({0})[-1]"),
    ("array_position(array(T), T) -> bigint", _position),
    ("array_remove(array(T), T) -> array(T)", _remove),
    ("array_max(array(T)) -> T", _extreme("array_max"), _ordered_element),
    ("array_min(array(T)) -> T", _extreme("array_min"), _ordered_element),
    ("array_sort(array(T)) -> array(T)", _sort, _ordered_array),
    ("array_join(array(T), varchar) -> varchar", _join, _text_of_elements),
    ("array_join(array(T), varchar, varchar) -> varchar", _join, _text_of_elements),
    ("combinations(array(T), integer) -> array(array(T))", _combinations),
    ("concat(array(T), array(T), ...) -> array(T)", _concat),
    ("concat(array(T), T) -> array(T)", _beside),
    ("concat(T, array(T)) -> array(T)", _beside),
    ("flatten(array(array(T))) -> array(T)", "flatten({0})"),
    ("ngrams(array(T), bigint) -> array(array(T))", _ngrams),
    ("repeat(T, integer) -> array(T)", _repeat),
    ("reverse(array(T)) -> array(T)", "list_reverse({0})"),
    ("shuffle(array(T)) -> array(T)", "list_select({0}, list_grade_up(list_transform({0}, lambda e: random())))"),
    ("slice(array(T), bigint, bigint) -> array(T)", _slice),
    ("trim_array(array(T), bigint) -> array(T)", _trim),
    *_zip_rows(),
)
