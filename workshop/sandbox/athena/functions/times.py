"""Date and time functions (Trino documentation: date and time functions and operators).

A timestamp with time zone works on the wall clock of its own zone; results of type timestamp with time zone keep it.
"""

from collections.abc import Iterator, Sequence

from workshop.sandbox.athena.compiler.time_casts import round_to_millis
from workshop.sandbox.athena.compiler.values import Value, fail, local_timestamp
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.functions.registry import Build, Registry
from workshop.sandbox.athena.types import DATE, TIMESTAMP, TIMESTAMP_TZ, Type, literal

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_TIME_UNITS = ("millisecond", "second", "minute", "hour")
_FIELDS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "week_of_year": "week",
    "day": "day",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
}
_CLOCK_FIELDS = {"hour": "hour", "minute": "minute", "second": "second"}
_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "Y": "%Y", "y": "%y", "%": "%%", "x": "%G",
}  # fmt: skip
"""Letters of Trino's date_format (MySQL's) and what DuckDB's strftime calls them."""
_PARSED = frozenset("cdefHhIijklMmprSsTYy%b")
"""Letters whose parsing is the same in both; the rest is refused."""


def _unit(value: Value, allowed: Sequence[str], kind: Type) -> str:
    if value.constant is None:
        raise not_supported("A unit that is not a literal")
    unit = value.constant.lower()
    if unit not in allowed:
        name = "DATE" if kind == DATE else "Timestamp"
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"'{value.constant}' is not a valid {name} field")
    return unit


def _format(value: Value, *, parsing: bool = False) -> str:
    if value.constant is None:
        raise not_supported("A date format that is not a literal")
    text, result = value.constant, ""
    letters = iter(text)
    for char in letters:
        if char != "%":
            result += char
            continue
        letter = next(letters, "")
        if letter not in _MYSQL:
            if letter in "DUuVwX" and letter:
                raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string")
            result += letter
            continue
        if parsing and letter not in _PARSED:
            raise not_supported(f"%{letter} in date_parse")
        # Parsing takes one or two digits wherever it stands.
        result += _MYSQL[letter]
    return literal(result)


def _clock(value: Value) -> str:
    return local_timestamp(value.sql) if value.type.is_timestamp_tz else value.sql


def _field(part: str) -> Build:
    return lambda values: f"CAST(datepart('{part}', {_clock(values[0])}) AS BIGINT)"


def _truncate(values: Sequence[Value]) -> str:
    value = values[1]
    if value.type == DATE:
        unit = _unit(values[0], _DATE_UNITS, DATE)
        return f"CAST(date_trunc('{unit}', {value.sql}) AS DATE)"
    unit = _unit(values[0], (*_TIME_UNITS, *_DATE_UNITS), TIMESTAMP)
    truncated = f"date_trunc('{unit}', {_clock(value)})"
    return f"athena_at({truncated}, ({value.sql}).z)" if value.type.is_timestamp_tz else truncated


def _add(values: Sequence[Value]) -> str:
    moment, amount = values[2], values[1].sql
    if moment.type == DATE:
        unit = _unit(values[0], _DATE_UNITS, DATE)
        return f"CAST({moment.sql} + {_span(unit, amount)} AS DATE)"
    unit = _unit(values[0], (*_TIME_UNITS, *_DATE_UNITS), TIMESTAMP)
    moved = f"{_clock(moment)} + {_span(unit, amount)}"
    return f"athena_at({moved}, ({moment.sql}).z)" if moment.type.is_timestamp_tz else f"({moved})"


def _span(unit: str, amount: str) -> str:
    match unit:
        case "week":
            return f"to_days(CAST({amount} * 7 AS INTEGER))"
        case "quarter":
            return f"to_months(CAST({amount} * 3 AS INTEGER))"
        case "day" | "month" | "year":
            return f"to_{unit}s(CAST({amount} AS INTEGER))"
    return f"to_{unit}s({amount})"


def _difference(values: Sequence[Value]) -> str:
    start, end = values[1], values[2]
    date = start.type == DATE
    unit = _unit(values[0], _DATE_UNITS if date else (*_TIME_UNITS, *_DATE_UNITS), start.type)
    # Complete units, as Trino counts them; DuckDB's date_diff counts the boundaries between.
    return f"date_sub('{unit}', CAST({_clock(start)} AS TIMESTAMP), CAST({_clock(end)} AS TIMESTAMP))"


def _date_format(values: Sequence[Value]) -> str:
    return f"strftime({_clock(values[0])}, {_format(values[1])})"


def _date_parse(values: Sequence[Value]) -> str:
    pattern = _format(values[1], parsing=True)
    wrong = _invalid_format(values[0].sql, TIMESTAMP)
    parsed = f"coalesce(try_strptime({values[0].sql}, {pattern}), {wrong})"
    return f"CASE WHEN {values[0].sql} IS NOT NULL THEN {parsed} END"


def _invalid_format(text: str, type_: Type) -> str:
    """SQL that fails as Trino does on text that is no date."""
    return fail("'INVALID_FUNCTION_ARGUMENT: Invalid format: \"' || " + text + " || '\"'", type_)


def _from_iso8601(values: Sequence[Value]) -> str:
    return f"athena_from_iso8601({values[0].sql})"


_BAD_INSTANT = _invalid_format("x", TIMESTAMP)
_BAD_MOMENT = _invalid_format("x", TIMESTAMP_TZ)
PRELUDE = (
    # Offsets are kept as +hh:mm; without one the session's zone, UTC, holds.
    f"""CREATE MACRO athena_from_iso8601(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN regexp_full_match(x, '\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z?') THEN struct_pack(
            t := coalesce({round_to_millis("TRY_CAST(rtrim(x, 'Z') AS TIMESTAMP)")}, {_BAD_INSTANT}), z := 'UTC')
        WHEN regexp_full_match(x, '\\d{{4}}-\\d\\d-\\d\\d') THEN struct_pack(
            t := coalesce(TRY_CAST(x AS TIMESTAMP), {_BAD_INSTANT}), z := 'UTC')
        WHEN regexp_full_match(x,
            '\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?[+-]\\d\\d:\\d\\d') THEN athena_at(
            coalesce({round_to_millis("TRY_CAST(x[:-7] AS TIMESTAMP)")}, {_BAD_INSTANT}), x[-6:])
        ELSE {_BAD_MOMENT} END""",
)
"""Macros that the generated SQL calls."""


def _from_unixtime(values: Sequence[Value]) -> str:
    millis = f"CAST(round({values[0].sql} * 1000) AS BIGINT)"
    return f"CASE WHEN {values[0].sql} IS NOT NULL THEN struct_pack(t := epoch_ms({millis}), z := 'UTC') END"


def _at_timezone(values: Sequence[Value]) -> str:
    zone = values[1].constant
    if zone is None:
        raise not_supported("A time zone that is not a literal")
    moment = values[0].sql
    return f"CASE WHEN {moment} IS NOT NULL THEN struct_pack(t := ({moment}).t, z := {literal(zone)}) END"


def _rows() -> Iterator[tuple[str, Build]]:
    moments = ("date", "timestamp", "timestamp_tz")
    for name, part in _FIELDS.items():
        for type_ in moments:
            yield f"{name}({type_}) -> bigint", _field(part)
    for name, part in _CLOCK_FIELDS.items():
        for type_ in moments[1:]:
            yield f"{name}({type_}) -> bigint", _field(part)
    for type_ in moments:
        yield f"date_trunc(varchar, {type_}) -> {type_}", _truncate
        yield f"date_add(varchar, bigint, {type_}) -> {type_}", _add
        yield f"date_diff(varchar, {type_}, {type_}) -> bigint", _difference
    for type_ in moments[1:]:
        yield f"date_format({type_}, varchar) -> varchar", _date_format
    yield "date_parse(varchar, varchar) -> timestamp", _date_parse
    yield "from_iso8601_timestamp(varchar) -> timestamp_tz", _from_iso8601
    yield "from_iso8601_date(varchar) -> date", _from_iso8601_date
    yield "from_unixtime(double) -> timestamp_tz", _from_unixtime
    yield "to_unixtime(timestamp_tz) -> double", "(epoch_ms(({0}).t) / CAST(1000 AS DOUBLE))"
    yield "at_timezone(timestamp_tz, varchar) -> timestamp_tz", _at_timezone
    yield "last_day_of_month(date) -> date", "last_day({0})"
    yield "date(date) -> date", "{0}"
    yield "date(timestamp) -> date", "CAST({0} AS DATE)"
    yield "date(timestamp_tz) -> date", lambda values: f"CAST({_clock(values[0])} AS DATE)"


def _from_iso8601_date(values: Sequence[Value]) -> str:
    text = values[0].sql
    wrong = _invalid_format(text, DATE)
    checked = f"CASE WHEN regexp_full_match({text}, '\\d{{4}}-\\d\\d-\\d\\d') THEN TRY_CAST({text} AS DATE) END"
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce({checked}, {wrong}) END"


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_rows())
