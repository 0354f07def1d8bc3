"""Dates as text and back: date_format and date_parse (MySQL's formats), format_datetime and parse_datetime (Joda-Time's
patterns), ISO 8601 (Trino documentation: date and time functions)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from workshop.sandbox.athena.compiler import moments, time_casts
from workshop.sandbox.athena.compiler.moments import once
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.functions.time_fields import offset_minutes
from workshop.sandbox.athena.temporal import duckdb_formats, formats, iso8601, joda
from workshop.sandbox.athena.temporal.formats import UnknownFormatError
from workshop.sandbox.athena.temporal.joda import NotParsedError
from workshop.sandbox.athena.types import BIGINT, INTEGER, PICOS, TIMESTAMP, VARCHAR, Type, literal, row, timestamp
from workshop.sandbox.athena.udf import FunctionError, Udf, call, invalid

_CLOCK_AND_ZONE = row([("t", BIGINT), ("z", VARCHAR)])
_LONG_CLOCK = row([("t", timestamp(PICOS)), ("z", VARCHAR)])
_UTC = literal("UTC")


def _format_of(make: Callable[[str], joda.Format], text: str) -> joda.Format:
    try:
        return make(text)
    except UnknownFormatError as error:
        if str(error) == formats.LONG_ZONE_NAMES:
            raise FunctionError("NOT_SUPPORTED", f"{error} are not supported by the local Athena") from None
        raise invalid(str(error)) from None


# printing


def _mysql_text(millis: int, text: str) -> str:
    return joda.show(_format_of(formats.mysql, text), joda.Clock(millis))


def _joda_text(millis: int, pattern: str) -> str:
    elements = _format_of(formats.joda, pattern)
    if formats.has_zone(pattern):
        raise invalid(
            "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does not contain TZ "
            "information"
        )
    return joda.show(elements, joda.Clock(millis))


def _zoned_joda_text(millis: int, zone: str, minutes: int, pattern: str) -> str:
    short = _short_name(zone, millis - minutes * 60_000) if "z" in pattern else ""
    return joda.show(_format_of(formats.joda, pattern), joda.Clock(millis, zone, minutes, short))


@lru_cache(4096)
def _short_name(zone: str, instant: int) -> str:
    """`PST` or `PDT` for America/Los_Angeles; raises NOT_SUPPORTED where the tz database has only numbers."""
    if zone == "UTC" or zone[0] in "+-":
        return zone
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    name = moment.astimezone(ZoneInfo(zone)).tzname() or ""
    if not name.isalpha():
        raise FunctionError("NOT_SUPPORTED", f"The short name of the time zone {zone} is not known to the local Athena")
    return name


_MYSQL_TEXT = Udf(_mysql_text)
_JODA_TEXT = Udf(_joda_text)
_ZONED_JODA_TEXT = Udf(_zoned_joda_text)


def _clock_to_millis(value: Value) -> str:
    """The TIMESTAMP on the wall clock, rounded to the milliseconds that formats know."""
    rounded = moments.to_precision(
        value.sql, value.type, Type(value.type.name, precision=min(value.type.precision, TIMESTAMP.precision))
    )
    return moments.local_timestamp(rounded) if value.type.is_timestamp_tz else rounded


def _millis(clock: str) -> str:
    return f"(epoch_us({clock}) // 1000)"


def _known(make: Callable[[str], joda.Format], pattern: Value) -> joda.Format | None:
    """The elements of a format that is a literal, and a format."""
    try:
        return None if pattern.constant is None else make(pattern.constant)
    except UnknownFormatError:
        return None


def _usually(elements: joda.Format | None, clock: str, slow: str) -> str:
    """What DuckDB's strftime prints, where it knows the format and the year; else `slow`."""
    usual = None if elements is None else duckdb_formats.printing(elements)
    if usual is None:
        return slow
    return f"CASE WHEN year({clock}) BETWEEN 1 AND 9998 THEN strftime({clock}, {literal(usual)}) ELSE {slow} END"


def _date_format(values: Sequence[Value]) -> str:
    value, pattern = values

    def build(clock: str) -> str:
        slow = call(_MYSQL_TEXT, [_millis(clock), pattern.sql], [BIGINT, VARCHAR], VARCHAR)
        return _usually(_known(formats.mysql, pattern), clock, slow)

    return once(_clock_to_millis(value), build)


def _format_datetime(values: Sequence[Value]) -> str:
    value, pattern = values

    def build(clock: str) -> str:
        if value.type.is_timestamp_tz:
            minutes = f"CAST({offset_minutes(value)} AS INTEGER)"
            arguments = [_millis(clock), f"({value.sql}).z", minutes, pattern.sql]
            slow = call(_ZONED_JODA_TEXT, arguments, [BIGINT, VARCHAR, INTEGER, VARCHAR], VARCHAR)
        else:
            slow = call(_JODA_TEXT, [_millis(clock), pattern.sql], [BIGINT, VARCHAR], VARCHAR)
        return _usually(_known(formats.joda, pattern), clock, slow)

    return once(_clock_to_millis(value), build)


def _to_iso8601(values: Sequence[Value]) -> str:
    value = values[0]
    text = time_casts.clock_text(value.sql, value.type, "T")
    if not value.type.is_timestamp_tz:
        return text
    suffix = once(offset_minutes(value), lambda m: f"CASE {m} WHEN 0 THEN 'Z' ELSE athena_text_of_offset({m}) END")
    return f"({text} || {suffix})"


# parsing


def _mysql_millis(text: str, pattern: str) -> int:
    try:
        return joda.parse(_format_of(formats.mysql, pattern), text)[0]
    except NotParsedError as error:
        raise invalid(str(error)) from None


def _joda_clock(text: str, pattern: str) -> dict[str, int | str]:
    try:
        millis, zone = joda.parse(_format_of(formats.joda, pattern), text)
    except NotParsedError as error:
        raise invalid(str(error)) from None
    return {"t": millis, "z": zone or "UTC"}


def _iso_clock(text: str) -> dict[str, int | str]:
    try:
        millis, zone = iso8601.timestamp(text)
    except NotParsedError as error:
        raise invalid(str(error)) from None
    return {"t": millis, "z": zone}


def _iso_nanos(text: str) -> dict[str, int | str]:
    try:
        nanos, zone, minutes = iso8601.timestamp_nanos(text)
    except NotParsedError as error:
        raise invalid(str(error)) from None
    return {"t": (nanos - minutes * 60 * 10**9) * 1000, "z": zone}


def _iso_day(text: str) -> int:
    try:
        return iso8601.date(text)
    except NotParsedError as error:
        raise invalid(str(error)) from None


_MYSQL_MILLIS = Udf(_mysql_millis)
_JODA_CLOCK = Udf(_joda_clock)
_ISO_CLOCK = Udf(_iso_clock)
_ISO_NANOS = Udf(_iso_nanos)
_ISO_DAY = Udf(_iso_day)


def _usually_parsed(elements: joda.Format | None, text: str) -> str | None:
    """What DuckDB's strptime reads as Trino does, NULL where it might not; None if it does not know the format."""
    usual = None if elements is None else duckdb_formats.parsing(elements)
    if usual is None:
        return None
    form, strptime = map(literal, usual)
    parsed = f"date_trunc('millisecond', try_strptime({text}, {strptime}))"
    return f"CASE WHEN regexp_full_match({text}, {form}) THEN {parsed} END"


def _date_parse(values: Sequence[Value]) -> str:
    text, pattern = values
    slow = f"make_timestamp({call(_MYSQL_MILLIS, [text.sql, pattern.sql], [VARCHAR, VARCHAR], BIGINT)} * 1000)"
    fast = _usually_parsed(_known(formats.mysql, pattern), text.sql)
    return slow if fast is None else f"coalesce({fast}, {slow})"


def _zoned(sql: str) -> str:
    """A timestamp with time zone of a struct of milliseconds on the wall clock, and the zone."""
    return once(sql, lambda v: moments.at_zone(f"make_timestamp(({v}).t * 1000)", f"({v}).z"))


def _in_utc(clock: str) -> str:
    return once(clock, lambda t: f"CASE WHEN {t} IS NOT NULL THEN struct_pack(t := {t}, z := {_UTC}) END")


def _parse_datetime(values: Sequence[Value]) -> str:
    text, pattern = values
    slow = _zoned(call(_JODA_CLOCK, [text.sql, pattern.sql], [VARCHAR, VARCHAR], _CLOCK_AND_ZONE))
    fast = _usually_parsed(_known(formats.joda, pattern), text.sql)
    return slow if fast is None else f"coalesce({_in_utc(fast)}, {slow})"


_USUAL_ISO = "[0-9]{4}-[0-9][0-9]-[0-9][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?Z?"


def _from_iso8601(values: Sequence[Value]) -> str:
    def build(text: str) -> str:
        plain = f"date_trunc('millisecond', TRY_CAST(rtrim({text}, 'Z') AS TIMESTAMP))"
        fast = f"CASE WHEN regexp_full_match({text}, {literal(_USUAL_ISO)}) THEN {_in_utc(plain)} END"
        return f"coalesce({fast}, {_zoned(call(_ISO_CLOCK, [text], [VARCHAR], _CLOCK_AND_ZONE))})"

    return once(values[0].sql, build)


def _from_iso8601_nanos(values: Sequence[Value]) -> str:
    return call(_ISO_NANOS, [values[0].sql], [VARCHAR], _LONG_CLOCK)


def _from_iso8601_date(values: Sequence[Value]) -> str:
    return f"(DATE '1970-01-01' + {call(_ISO_DAY, [values[0].sql], [VARCHAR], INTEGER)})"


def _iso_type(length: int, *, zoned: bool = False) -> Callable[[Sequence[Type]], Type]:
    def result(types: Sequence[Type]) -> Type:
        digits = types[0].precision
        fraction = digits + 1 if digits else 0
        return Type("varchar", length=length + fraction + 6 * zoned)

    return result


def rows() -> Iterator[Row]:
    """The rows of the table."""
    for type_ in ("timestamp", "timestamp_tz"):
        yield f"date_format({type_}, varchar) -> varchar", _date_format
        yield f"format_datetime({type_}, varchar) -> varchar", _format_datetime
    yield "date_parse(varchar, varchar) -> timestamp", _date_parse
    yield "parse_datetime(varchar, varchar) -> timestamp_tz", _parse_datetime
    yield "to_iso8601(date) -> varchar", lambda values: time_casts.text(values[0].sql, values[0].type), _iso_type(16)
    yield "to_iso8601(timestamp) -> varchar", _to_iso8601, _iso_type(22)
    yield "to_iso8601(timestamp_tz) -> varchar", _to_iso8601, _iso_type(22, zoned=True)
    yield "from_iso8601_timestamp(varchar) -> timestamp_tz", _from_iso8601
    yield (
        "from_iso8601_timestamp_nanos(varchar) -> timestamp_tz",
        _from_iso8601_nanos,
        lambda _: Type("timestamp with time zone", precision=9),
    )
    yield "from_iso8601_date(varchar) -> date", _from_iso8601_date
