"""Partition projection (Athena user guide: partition projection, supported types).

The partitions of a table follow from its properties: `projection.<key>.type` and its kin say which values a key has,
`storage.location.template` where their files are. Glue's own partitions are then ignored.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product

from workshop.sandbox.athena.catalog.glue import Partition, Table
from workshop.sandbox.athena.errors import AthenaError, not_supported

_MAX_PARTITIONS = 1_000_000
_RELATIVE = re.compile(
    r"NOW(?:\s*([+-])\s*(\d+)\s*(YEARS?|MONTHS?|WEEKS?|DAYS?|HOURS?|MINUTES?|SECONDS?))?", re.IGNORECASE
)
_JAVA_FORMAT = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "yy": "%y", "DDD": "%j"}


def is_projected(table: Table) -> bool:
    """Whether projection is switched on for a partitioned table."""
    return table.properties.get("projection.enabled", "").strip().lower() == "true" and bool(table.partition_keys)


def values_of(table: Table, key: str, now: datetime, injected: Sequence[str] = ()) -> list[str]:
    """All values of one key, as text; `injected` are those that the query gives for an injected one."""
    properties = table.properties
    kind = _required(table, key, "type").strip().lower()
    match kind:
        case "enum":
            return [v.strip() for v in _required(table, key, "values").split(",")]
        case "integer":
            return _integers(table, key)
        case "date":
            return list(_dates(table, key, now))
        case "injected":
            if not injected:
                raise AthenaError(
                    "CONSTRAINT_VIOLATION",
                    f"For the injected projected partition column {key}, the WHERE clause must contain only static "
                    f"equality conditions, and at least one such condition must be present.",
                )
            return list(injected)
    raise AthenaError(
        "INVALID_TABLE_PROPERTY",
        f"Invalid projection type for column {key}: {properties.get(f'projection.{key}.type')}",
    )


def is_injected(table: Table, key: str) -> bool:
    """Whether the query must give the values of `key`."""
    return table.properties.get(f"projection.{key}.type", "").strip().lower() == "injected"


def partitions(table: Table, now: datetime, injected: Mapping[str, Sequence[str]]) -> list[Partition]:
    """Every partition that the properties project; `now` is in UTC."""
    columns = [values_of(table, c.name, now, injected.get(c.name, ())) for c in table.partition_keys]
    count = 1
    for values in columns:
        count *= len(values)
    if count > _MAX_PARTITIONS:
        raise not_supported(f"Projection of {count} partitions")
    return [Partition(values, location(table, values)) for values in product(*columns)]


def location(table: Table, values: Sequence[str]) -> str:
    """The folder of a partition: the template with each `${key}` replaced, or `key=value/` below the table."""
    keys = [c.name for c in table.partition_keys]
    template = table.properties.get("storage.location.template")
    if template is None:
        return table.location.rstrip("/") + "/" + "".join(f"{k}={v}/" for k, v in zip(keys, values, strict=True))
    for key, value in zip(keys, values, strict=True):
        if f"${{{key}}}" not in template:
            raise AthenaError(
                "INVALID_TABLE_PROPERTY", f"storage.location.template does not contain the partition column {key}"
            )
        template = template.replace(f"${{{key}}}", value)
    return template.rstrip("/") + "/"


def common_prefix(table: Table) -> str:
    """The part of every partition's location that comes before the first value."""
    template = table.properties.get("storage.location.template")
    return template.partition("${")[0] if template else table.location.rstrip("/") + "/"


def _required(table: Table, key: str, name: str) -> str:
    value = table.properties.get(f"projection.{key}.{name}")
    if value is None:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Table {table.name} lacks the property projection.{key}.{name}")
    return value


def _integers(table: Table, key: str) -> list[str]:
    low, _, high = _required(table, key, "range").partition(",")
    first, last = (_whole(table, key, "range", bound) for bound in (low, high))
    digits = _whole(table, key, "digits", table.properties.get(f"projection.{key}.digits", "0"))
    return [str(n).zfill(digits) for n in range(first, last + 1, _interval(table, key))]


def _whole(table: Table, key: str, name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise AthenaError(
            "INVALID_TABLE_PROPERTY",
            f"Table {table.name}: projection.{key}.{name} must be of whole numbers, not {text!r}",
        ) from error


def _interval(table: Table, key: str) -> int:
    interval = _whole(table, key, "interval", table.properties.get(f"projection.{key}.interval", "1"))
    if interval < 1:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Table {table.name}: projection.{key}.interval must be positive")
    return interval


@dataclass(frozen=True)
class _Step:
    amount: int
    unit: str

    def after(self, moment: datetime, times: int) -> datetime:
        return _move(moment, self.amount * times, self.unit)


def _dates(table: Table, key: str, now: datetime) -> Iterator[str]:
    pattern = _strftime(_required(table, key, "format"))
    bounds = [b.strip() for b in _required(table, key, "range").split(",")]
    if len(bounds) != 2:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"projection.{key}.range must be 'start,end'")
    first, last = (_bound(b, pattern, now) for b in bounds)
    unit = table.properties.get(f"projection.{key}.interval.unit", "").strip().lower().rstrip("s")
    step = _Step(_interval(table, key), unit or _finest(pattern))
    moment, times = first, 0
    while moment <= last:
        yield moment.strftime(pattern) if "%Y" not in pattern else _format(moment, pattern)
        times += 1
        moment = step.after(first, times)


def _format(moment: datetime, pattern: str) -> str:
    return moment.strftime(pattern.replace("%Y", f"{moment.year:04}"))


def _strftime(pattern: str) -> str:
    """A Java date format as strftime's; letters that are not known are refused."""
    result = ""
    for part in re.findall(r"'[^']*'|([A-Za-z])(?:\1*)|[^A-Za-z']+", pattern) and re.finditer(
        r"'([^']*)'|(([A-Za-z])\3*)|([^A-Za-z']+)", pattern
    ):
        quoted, letters, _, other = part.groups()
        if letters:
            if letters not in _JAVA_FORMAT:
                raise not_supported(f"The letters {letters!r} in a projection's date format")
            result += _JAVA_FORMAT[letters]
        else:
            result += (quoted if quoted is not None else other).replace("%", "%%")
    return result


def _bound(text: str, pattern: str, now: datetime) -> datetime:
    relative = _RELATIVE.fullmatch(text)
    if relative:
        sign, amount, unit = relative.groups()
        moment = now.replace(tzinfo=None)
        if amount:
            moment = _move(moment, int(amount) * (-1 if sign == "-" else 1), unit.lower().rstrip("s"))
        return datetime.strptime(_format(moment, pattern), pattern)
    try:
        return datetime.strptime(text, pattern)
    except ValueError as error:
        raise AthenaError(
            "INVALID_TABLE_PROPERTY", f"projection range value {text!r} does not match its format"
        ) from error


def _finest(pattern: str) -> str:
    for code, unit in (
        ("%S", "second"),
        ("%M", "minute"),
        ("%H", "hour"),
        ("%d", "day"),
        ("%j", "day"),
        ("%m", "month"),
    ):
        if code in pattern:
            return unit
    return "year"


def _move(moment: datetime, amount: int, unit: str) -> datetime:
    if unit in ("month", "year"):
        months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
        return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
    return moment + timedelta(**{f"{unit}s": amount})
