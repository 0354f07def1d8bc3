"""sequence: numbers, dates and timestamps at even distances (Trino: SequenceFunction and its kin for intervals)."""

from collections.abc import Sequence

from workshop.sandbox.athena.compiler.values import Value, fail, held
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.registry import Row
from workshop.sandbox.athena.types import BIGINT, DATE, Type, array

_MOST = 10_000
"""Elements that a sequence may have."""
_DAY = 86_400_000
_ZERO = "step must not be zero"
_DIRECTION = (
    "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop "
    "should be less than or equal to start"
)
_LONG = f"result of sequence function must not have more than {_MOST} entries"
_NOT_DAYS = "sequence step must be a day interval if start and end values are dates"


def _checked(bounds: tuple[str, str, str], length: str, listed: str, element: Type) -> str:
    """`listed`, unless start, stop and step are wrong; NULL if one of them is."""
    start, stop, step = bounds

    def wrong(message: str) -> str:
        return fail(f"'INVALID_FUNCTION_ARGUMENT: {message}'", array(element))

    return (
        f"CASE WHEN {start} IS NULL OR {stop} IS NULL OR {step} IS NULL THEN NULL WHEN {step} = 0 THEN {wrong(_ZERO)} "
        f"WHEN CASE WHEN {step} > 0 THEN {stop} < {start} ELSE {stop} > {start} END THEN {wrong(_DIRECTION)} "
        f"WHEN {length} > {_MOST} THEN {wrong(_LONG)} ELSE {listed} END"
    )


def _numbers(values: Sequence[Value]) -> str:
    start, stop, *steps = (v.sql for v in values)
    step = steps[0] if steps else f"(CASE WHEN {stop} < {start} THEN -1 ELSE 1 END)"
    length = f"(CAST({stop} AS HUGEINT) - {start}) // {step} + 1"
    return _checked((start, stop, step), length, f"generate_series({start}, {stop}, {step})", BIGINT)


def _days(values: Sequence[Value]) -> str:
    """Dates, a number of whole days apart."""
    start, stop, *steps = (v.sql for v in values)
    if not steps:
        step = f"(CASE WHEN {stop} < {start} THEN -1 ELSE 1 END)"
        return _dates(start, stop, step)
    uneven = fail(f"'INVALID_FUNCTION_ARGUMENT: {_NOT_DAYS}'", array(DATE))
    return f"CASE WHEN {steps[0]} % {_DAY} <> 0 THEN {uneven} ELSE {_dates(start, stop, f'({steps[0]} // {_DAY})')} END"


def _dates(start: str, stop: str, step: str) -> str:
    length = f"({stop} - {start}) // {step} + 1"
    days = f"list_transform(generate_series(0, CAST({stop} - {start} AS BIGINT), {step}), "
    return _checked((start, stop, step), length, f"{days}lambda i: {start} + CAST(i AS INTEGER))", DATE)


def _moments(values: Sequence[Value]) -> str:
    """Timestamps, a number of milliseconds apart."""
    _refuse_long(values[0].type)
    start, stop, step = (v.sql for v in values)
    micros = f"({step} * 1000)"
    distance = f"(epoch_us({stop}) - epoch_us({start}))"
    listed = f"list_transform(generate_series(0, {distance}, {micros}), lambda i: {start} + to_microseconds(i))"
    return _checked((start, stop, step), f"{distance} // {micros} + 1", listed, values[0].type)


def _months(values: Sequence[Value]) -> str:
    """Dates or timestamps, a number of months from the first: the 31st of January, the 29th of February, the 31st."""
    start, stop, step = (v.sql for v in values)
    type_ = values[0].type
    _refuse_long(type_)
    several = f"abs(datediff('month', {start}, {stop})) // abs({step}) + 2"
    moved = f"CAST({start} + to_months(CAST(i * {step} AS INTEGER)) AS {type_.duckdb})"
    within = f"CASE WHEN {step} > 0 THEN m <= {stop} ELSE m >= {stop} END"
    candidates = f"list_transform(range(0, least({several}, {_MOST + 2})), lambda i: {moved})"
    made = f"CASE WHEN {step} <> 0 THEN list_filter({candidates}, lambda m: {within}) END"
    return held(made, lambda found: _checked((start, stop, step), f"len({found})", found, type_))


def _refuse_long(type_: Type) -> None:
    if type_.is_long:
        raise not_supported(f"sequence of {type_}")


ROWS: tuple[Row, ...] = (
    ("sequence(bigint, bigint) -> array(bigint)", _numbers),
    ("sequence(bigint, bigint, bigint) -> array(bigint)", _numbers),
    ("sequence(date, date) -> array(date)", _days),
    ("sequence(date, date, interval_day) -> array(date)", _days),
    ("sequence(date, date, interval_year) -> array(date)", _months),
    ("sequence(timestamp, timestamp, interval_day) -> array(timestamp)", _moments),
    ("sequence(timestamp, timestamp, interval_year) -> array(timestamp)", _months),
)
