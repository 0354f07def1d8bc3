"""CAST from and to dates, times and timestamps, and their texts (Trino documentation: data types, date and time).

`casts` asks `castable`, `convert` and `text` here for every pair of types that one of `KINDS` is part of.

A text becomes a timestamp in DuckDB where its form leaves no doubt; the rest is read in Python, which knows any year,
any precision, zones, and the errors. The session's zone is UTC.
"""

from collections.abc import Callable

from workshop.sandbox.athena.compiler import moments
from workshop.sandbox.athena.compiler.moments import PICOS_PER_DAY, PICOS_PER_MICRO, PICOS_PER_MINUTE, once
from workshop.sandbox.athena.temporal import texts
from workshop.sandbox.athena.types import (
    BIGINT,
    INTEGER,
    MICROS,
    PICOS,
    TIMESTAMP,
    VARCHAR,
    Type,
    literal,
    row,
    time,
    timestamp,
)
from workshop.sandbox.athena.udf import FunctionError, Udf, call

_PLAIN_DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_PLAIN_TIMESTAMP = _PLAIN_DATE + "(?: (?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:[.][0-9]{1,6})?)?)?"
_CASTS = {
    "date": frozenset(["timestamp", "timestamp with time zone"]),
    "time": frozenset(["time with time zone", "timestamp", "timestamp with time zone"]),
    "time with time zone": frozenset(["time", "timestamp", "timestamp with time zone"]),
    "timestamp": frozenset(["date", "time", "time with time zone", "timestamp with time zone"]),
    "timestamp with time zone": frozenset(["date", "time", "time with time zone", "timestamp"]),
}
"""Kinds that Trino casts each kind to, besides text and other precisions of its own."""
KINDS = frozenset([*_CASTS, "interval day to second", "interval year to month"])
"""Names of the types whose casts and texts are here."""


def castable(source: Type, target: Type) -> bool:
    """Whether Trino casts `source` to `target`; one of them is of `KINDS`."""
    if source.name in ("varchar", "char"):
        return moments.is_temporal(target)
    if target.name == "varchar":
        return source.name in KINDS
    return source.name == target.name or target.name in _CASTS.get(source.name, ())


def convert(sql: str, source: Type, target: Type) -> str:
    """SQL of `CAST(sql AS target)`; `castable(source, target)` holds, and `target` is not text."""
    if source.name in ("varchar", "char"):
        return once(sql, lambda x: _from_text(x, target))
    if source.name == target.name:
        return moments.to_precision(sql, source, target)
    return once(sql, lambda x: _CONVERSIONS[source.name, target.name](x, source, target))


def round_to_millis(sql: str) -> str:
    """A TIMESTAMP rounded to the three digits of Hive's timestamps."""
    return moments.rounded(sql, TIMESTAMP.precision)


# from text


def _day_of_text(text: str) -> int:
    try:
        return texts.date(text)
    except texts.NoValueError:
        raise FunctionError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to date: {text}") from None


def _time_of_text(text: str, digits: int) -> int:
    try:
        moment = texts.time(text)
    except texts.NoValueError:
        moment = None
    if moment is None or moment.minutes is not None:
        raise FunctionError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to time: {text}")
    return moment.rounded(digits) % PICOS_PER_DAY


def _zoned_time_of_text(text: str, digits: int) -> dict[str, int]:
    try:
        moment = texts.time(text)
    except texts.NoValueError:
        raise FunctionError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to time: {text}") from None
    return {"t": moment.rounded(digits) % PICOS_PER_DAY, "z": moment.minutes or 0}


def _timestamp_of_text(text: str, digits: int) -> int:
    try:
        return texts.timestamp(text.strip(), zoned=False).rounded(digits)
    except texts.NoValueError:
        raise FunctionError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to timestamp: {text}") from None


def _zoned_timestamp_of_text(text: str, digits: int) -> dict[str, int | str]:
    try:
        moment = texts.timestamp(text.strip())
    except texts.NoValueError:
        raise FunctionError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to timestamp: {text}") from None
    return {"t": moment.rounded(digits), "z": moment.zone or "UTC"}


_DAY = Udf(_day_of_text)
_TIME = Udf(_time_of_text)
_ZONED_TIME = Udf(_zoned_time_of_text)
_TIMESTAMP = Udf(_timestamp_of_text)
_ZONED_TIMESTAMP = Udf(_zoned_timestamp_of_text)
_LONG = timestamp(PICOS)
_CLOCK_AND_ZONE = row([("t", _LONG), ("z", VARCHAR)])


def _from_text(sql: str, target: Type) -> str:
    if target.name == "date":
        slow = f"(DATE '1970-01-01' + {call(_DAY, [sql], [VARCHAR], INTEGER)})"
        return f"coalesce({_plainly(sql, _PLAIN_DATE, 'DATE')}, {slow})"
    arguments, types = [sql, str(target.precision)], [VARCHAR, INTEGER]
    if target.is_time:
        return call(_TIME, arguments, types, BIGINT)
    if target.is_time_tz:
        return call(_ZONED_TIME, arguments, types, target)
    if target.is_timestamp_tz:
        return once(call(_ZONED_TIMESTAMP, arguments, types, _CLOCK_AND_ZONE), lambda v: from_clock(v, target))
    slow = call(_TIMESTAMP, arguments, types, _LONG)
    if target.is_long:
        return slow
    plainly = moments.rounded(_plainly(sql, _PLAIN_TIMESTAMP, "TIMESTAMP"), target.precision)
    return f"coalesce({plainly}, {once(slow, lambda x: f'athena_micros({x})')})"


def _plainly(sql: str, form: str, duckdb: str) -> str:
    return f"CASE WHEN regexp_full_match({sql}, {literal(form)}) THEN TRY_CAST({sql} AS {duckdb}) END"


def from_clock(sql: str, target: Type) -> str:
    """A timestamp with time zone from a struct of the picoseconds `t` that the clocks of `z` show."""
    zoned = moments.at_zone(f"athena_micros(({sql}).t)", f"({sql}).z")
    return moments.lengthened(zoned, moments.floor_mod(f"({sql}).t", PICOS_PER_MICRO), target)


# to text


def text(sql: str, type_: Type) -> str:
    """A value of one of `KINDS` as text; NULL stays NULL."""
    return once(sql, lambda x: _TEXTS[type_.name](x, type_))


def _date_text(sql: str, _: Type) -> str:
    return f"CASE WHEN {sql} < DATE '0001-01-01' THEN athena_text_of_year({sql}, '') || strftime({sql}, '-%m-%d') " + (
        f"ELSE CAST({sql} AS VARCHAR) END"
    )


def _fraction(picos: str, digits: int) -> str:
    """`.` and the digits of a second, of picoseconds."""
    if digits == 0:
        return ""
    number = f"CAST({picos} // {10 ** (PICOS - digits)} % {10**digits} AS VARCHAR)"
    return f" || '.' || lpad({number}, {digits}, '0')"


_STRFTIME = {0: "", 3: ".%g", 6: ".%f"}


def clock_text(sql: str, type_: Type, separator: str = " ") -> str:
    """What the wall clock of a timestamp shows; `separator` stands between day and time."""
    return once(moments.clock(sql, type_), lambda x: _clock_text(x, sql, type_, separator))


def _clock_text(clock: str, sql: str, type_: Type, separator: str) -> str:
    if type_.precision in _STRFTIME:
        form, fraction = f"{separator}%H:%M:%S{_STRFTIME[type_.precision]}", ""
    elif type_.precision < MICROS:
        form = f"{separator}%H:%M:%S"
        fraction = _fraction(f"(epoch_us({clock}) - epoch_us(date_trunc('second', {clock}))) * {PICOS_PER_MICRO}",
                             type_.precision)  # fmt: skip
    else:
        form = f"{separator}%H:%M:%S.%f"
        number = f"{moments.rest(sql, type_)} // {10 ** (PICOS - type_.precision)}"
        fraction = f" || lpad(CAST({number} AS VARCHAR), {type_.precision - MICROS}, '0')"
    usual = f"strftime({clock}, '%Y-%m-%d{form}')"
    other = f"athena_text_of_year({clock}, '+') || strftime({clock}, '-%m-%d{form}')"
    return f"(CASE WHEN year({clock}) BETWEEN 0 AND 9999 THEN {usual} ELSE {other} END{fraction})"


def _zoned_timestamp_text(sql: str, type_: Type) -> str:
    return f"({clock_text(sql, type_)} || ' ' || ({sql}).z)"


def _time_text(sql: str, type_: Type) -> str:
    return f"(strftime(make_timestamp({sql} // {PICOS_PER_MICRO}), '%H:%M:%S'){_fraction(sql, type_.precision)})"


def _zoned_time_text(sql: str, type_: Type) -> str:
    return f"({_time_text(f'({sql}).t', type_)} || athena_text_of_offset(({sql}).z))"


_TEXTS: dict[str, Callable[[str, Type], str]] = {
    "date": _date_text,
    "time": _time_text,
    "time with time zone": _zoned_time_text,
    "timestamp": clock_text,
    "timestamp with time zone": _zoned_timestamp_text,
    "interval day to second": lambda sql, _: f"athena_text_of_interval({sql})",
    "interval year to month": lambda sql, _: f"athena_text_of_months({sql})",
}


# between the kinds


def _time_of_timestamp(sql: str, source: Type) -> str:
    """Picoseconds of the day that a timestamp's clock shows."""
    micros = f"(epoch_us({moments.clock(sql, source)}) - epoch_us(date_trunc('day', {moments.clock(sql, source)})))"
    return f"({micros} * {PICOS_PER_MICRO} + CAST({moments.rest(sql, source)} AS BIGINT))"


def _to_time(sql: str, source: Type, target: Type) -> str:
    taken = f"({sql}).t" if source.is_time_tz else _time_of_timestamp(sql, source)
    return moments.to_precision(taken, time(source.precision), target)


def _to_zoned_time(sql: str, source: Type, target: Type) -> str:
    if source.is_timestamp_tz:
        zone = f"CAST((epoch_us({moments.clock(sql, source)}) - epoch_us(({moments.short(sql, source)}).t)) " + (
            "// 60000000 AS INTEGER)"
        )
    else:
        zone = "0"
    clock = _to_time(sql, source, time(target.precision))
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := {clock}, z := {zone}) END"


def _to_date(sql: str, source: Type, _: Type) -> str:
    return f"CAST({moments.clock(sql, source)} AS DATE)"


def _to_timestamp(sql: str, source: Type, target: Type) -> str:
    """The wall clock; a time of day becomes one of today's."""
    if source.is_timestamp_tz:
        local = moments.lengthened(moments.clock(sql, source), moments.rest(sql, source), timestamp(source.precision))
        return moments.to_precision(local, timestamp(source.precision), target)
    picos = f"(athena_picos(CAST(current_date AS TIMESTAMP)) + {f'({sql}).t' if source.is_time_tz else sql})"
    return moments.to_precision(picos, _LONG, target)


def _to_zoned_timestamp(sql: str, source: Type, target: Type) -> str:
    local = _to_timestamp(sql, source, _LONG)
    if source.is_time_tz:
        instant = f"({local} - ({sql}).z * CAST({PICOS_PER_MINUTE} AS HUGEINT))"
        zone = f"athena_zone_of_offset(({sql}).z)"
    else:
        instant, zone = local, "'UTC'"
    instant = moments.to_precision(instant, _LONG, timestamp(target.precision))
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack(t := {instant}, z := {zone}) END"


_CONVERSIONS: dict[tuple[str, str], Callable[[str, Type, Type], str]] = {
    ("timestamp", "timestamp with time zone"): lambda sql, source, target: moments.coerced(
        moments.to_precision(sql, source, timestamp(target.precision)), timestamp(target.precision), target
    ),
    ("date", "timestamp"): moments.coerced,
    ("date", "timestamp with time zone"): moments.coerced,
    ("time", "time with time zone"): lambda sql, source, target: moments.coerced(
        moments.to_precision(sql, source, time(target.precision)), time(target.precision), target
    ),
    **{(name, "date"): _to_date for name in ("timestamp", "timestamp with time zone")},
    **{(name, "time"): _to_time for name in ("time with time zone", "timestamp", "timestamp with time zone")},
    **{(name, "time with time zone"): _to_zoned_time for name in ("timestamp", "timestamp with time zone")},
    **{(name, "timestamp"): _to_timestamp for name in ("time", "time with time zone", "timestamp with time zone")},
    **{(name, "timestamp with time zone"): _to_zoned_timestamp for name in ("time", "time with time zone")},
}

PRELUDE = (
    *moments.PRELUDE,
    # Years that have no four digits; `plus` stands before those after 9999.
    """CREATE MACRO athena_text_of_year(x, plus) AS
        CASE WHEN year(x) < 0 THEN '-' WHEN year(x) > 9999 THEN plus ELSE '' END
        || CASE WHEN abs(year(x)) > 9999 THEN CAST(abs(year(x)) AS VARCHAR)
                ELSE lpad(CAST(abs(year(x)) AS VARCHAR), 4, '0') END""",
    """CREATE MACRO athena_text_of_offset(z) AS
        CASE WHEN z < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(z) // 60 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(abs(z) % 60 AS VARCHAR), 2, '0')""",
    "CREATE MACRO athena_zone_of_offset(z) AS CASE WHEN z = 0 THEN 'UTC' ELSE athena_text_of_offset(z) END",
    # days hours:minutes:seconds.millis
    """CREATE MACRO athena_text_of_interval(i) AS
        CASE WHEN i < 0 THEN '-' ELSE '' END
        || (abs(i) // 86400000) || ' '
        || lpad(CAST(abs(i) // 3600000 % 24 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(abs(i) // 60000 % 60 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(abs(i) // 1000 % 60 AS VARCHAR), 2, '0') || '.'
        || lpad(CAST(abs(i) % 1000 AS VARCHAR), 3, '0')""",
    # years-months
    """CREATE MACRO athena_text_of_months(i) AS
        CASE WHEN i < 0 THEN '-' ELSE '' END || (abs(i) // 12) || '-' || (abs(i) % 12)""",
)
"""Macros that the generated SQL calls."""
