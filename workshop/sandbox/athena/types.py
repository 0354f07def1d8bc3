"""Trino's types: names, coercions, and their spelling in Hive (Glue) and DuckDB."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from workshop.sandbox.athena.errors import AthenaError, not_supported

UNBOUNDED = 2147483647
"""The length Athena reports for a varchar without one."""
MICROS = 6
"""Digits of a second that DuckDB's TIMESTAMP holds; Trino has up to `PICOS`."""
PICOS = 12


@dataclass(frozen=True)
class Type:
    """A Trino type. `args` are element types, `fields` the names of a row's fields (None = anonymous).

    `length` is that of char and varchar; `precision` the digits of a decimal, or of the seconds of a time or timestamp.
    """

    name: str
    length: int | None = None
    precision: int = 0
    scale: int = 0
    args: tuple["Type", ...] = ()
    fields: tuple[str | None, ...] = ()

    def __str__(self) -> str:  # noqa: PLR0911 - one return for each kind of type
        match self.name:
            case "varchar" | "char" if self.length is not None:
                return f"{self.name}({self.length})"
            case "decimal":
                return f"decimal({self.precision},{self.scale})"
            case "time" | "timestamp":
                return f"{self.name}({self.precision})"
            case "time with time zone" | "timestamp with time zone":
                return f"{self.name.partition(' ')[0]}({self.precision}) with time zone"
            case "array" | "map" | "qdigest":
                return f"{self.name}({', '.join(map(str, self.args))})"
            case "row":
                parts = (f"{n} {t}" if n else str(t) for n, t in zip(self.fields, self.args, strict=True))
                return f"row({', '.join(parts)})"
        return self.name

    @property
    def duckdb(self) -> str:
        """The DuckDB type that holds values of this type."""
        match self.name:
            case "decimal":
                return f"DECIMAL({self.precision},{self.scale})"
            case "array":
                return f"{self.args[0].duckdb}[]"
            case "map":
                return f"MAP({self.args[0].duckdb}, {self.args[1].duckdb})"
            case "row":
                names = field_names(self)
                return f"STRUCT({', '.join(f'{quote(n)} {t.duckdb}' for n, t in zip(names, self.args, strict=True))})"
        return (_LONG if self.is_long else _DUCKDB)[self.name]

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic applies."""
        return self.name in _NUMERIC_RANK

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the four integer types."""
        return self.name in _INTEGER_PRECISION

    @property
    def is_timestamp(self) -> bool:
        """Whether it is a timestamp without time zone, of any precision."""
        return self.name == "timestamp"

    @property
    def is_long(self) -> bool:
        """Whether it is a timestamp of more digits than DuckDB's TIMESTAMP holds: kept as picoseconds since 1970."""
        return self.precision > MICROS and self.name in _MOMENT_RANK

    @property
    def is_time(self) -> bool:
        """Whether it is a time of day without time zone, of any precision."""
        return self.name == "time"

    @property
    def is_time_tz(self) -> bool:
        """Whether it is a time of day with time zone, of any precision."""
        return self.name == "time with time zone"

    @property
    def is_timestamp_tz(self) -> bool:
        """Whether it is a timestamp with time zone, of any precision."""
        return self.name == "timestamp with time zone"


BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UUID = Type("uuid")
IPADDRESS = Type("ipaddress")
TIME = Type("time", precision=3)
TIME_TZ = Type("time with time zone", precision=3)
TIMESTAMP = Type("timestamp", precision=3)
TIMESTAMP_TZ = Type("timestamp with time zone", precision=3)
INTERVAL_DAY = Type("interval day to second")
INTERVAL_YEAR = Type("interval year to month")
UNKNOWN = Type("unknown")

_DUCKDB = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    # Without the blanks that fill it up to its length: they are added where the value is shown.
    "char": "VARCHAR",
    "varbinary": "BLOB",
    # Text as json_parse writes it: no blanks, keys in order.
    "json": "VARCHAR",
    "uuid": "UUID",
    # The sixteen bytes of IPv6; IPv4 is mapped into it, as in Trino.
    "ipaddress": "BLOB",
    "date": "DATE",
    "time": "BIGINT",  # picoseconds of the day
    # t is the time on the clock in picoseconds of the day, z the zone's offset from UTC in minutes.
    "time with time zone": "STRUCT(t BIGINT, z INTEGER)",
    "timestamp": "TIMESTAMP",
    # DuckDB's TIMESTAMPTZ forgets the zone; Trino keeps it with every value: t is the instant in UTC, z the zone.
    "timestamp with time zone": "STRUCT(t TIMESTAMP, z VARCHAR)",
    "interval day to second": "BIGINT",  # milliseconds
    "interval year to month": "INTEGER",  # months
    "unknown": "INTEGER",
}
_LONG = {"timestamp": "HUGEINT", "timestamp with time zone": "STRUCT(t HUGEINT, z VARCHAR)"}
"""What holds picoseconds since 1970."""
_LONGEST_CHAR = 65536
_INTEGER_PRECISION = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_NUMERIC_RANK = {"tinyint": 0, "smallint": 1, "integer": 2, "bigint": 3, "decimal": 4, "real": 5, "double": 6}
_MOMENT_RANK = {"date": 0, "timestamp": 1, "timestamp with time zone": 2}
_CLOCK_RANK = {"time": 0, "time with time zone": 1}


def quote(identifier: str) -> str:
    """A DuckDB identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def varchar(length: int) -> Type:
    """`varchar(length)`."""
    return Type("varchar", length=length)


def char(length: int) -> Type:
    """`char(length)`."""
    return Type("char", length=length)


def timestamp(precision: int) -> Type:
    """`timestamp(precision)`."""
    return Type("timestamp", precision=precision)


def time(precision: int) -> Type:
    """`time(precision)`."""
    return Type("time", precision=precision)


def time_tz(precision: int) -> Type:
    """`time(precision) with time zone`."""
    return Type("time with time zone", precision=precision)


def timestamp_tz(precision: int) -> Type:
    """`timestamp(precision) with time zone`."""
    return Type("timestamp with time zone", precision=precision)


def decimal(precision: int, scale: int) -> Type:
    """`decimal(precision, scale)`, with Trino's limit of 38 digits."""
    if not 1 <= precision <= 38 or not 0 <= scale <= precision:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"Invalid decimal type: decimal({precision},{scale})")
    return Type("decimal", precision=precision, scale=scale)


def array(element: Type) -> Type:
    """`array(element)`."""
    return Type("array", args=(element,))


def map_of(key: Type, value: Type) -> Type:
    """`map(key, value)`."""
    return Type("map", args=(key, value))


def row(fields: Sequence[tuple[str | None, Type]]) -> Type:
    """`row(name type, …)`; refuses fields of one name, which Trino has and DuckDB has not."""
    type_ = Type("row", args=tuple(t for _, t in fields), fields=tuple(n for n, _ in fields))
    if len({name.lower() for name in field_names(type_)}) < len(fields):
        raise not_supported(f"A row with several fields of one name ({type_})")
    return type_


def field_names(type_: Type) -> list[str]:
    """Names of a row's fields in DuckDB; an anonymous one is `field<i>`, as Athena prints it."""
    return [name if name is not None else f"field{i}" for i, name in enumerate(type_.fields)]


def as_decimal(type_: Type) -> Type:
    """The decimal that holds every value of an integer type (a decimal is itself)."""
    return type_ if type_.name == "decimal" else decimal(_INTEGER_PRECISION[type_.name], 0)


def common_type(a: Type, b: Type) -> Type | None:  # noqa: PLR0911 - one return for each rule
    """The type both sides coerce to, or None (Trino: TypeCoercion; nothing joins text with numbers or dates)."""
    if b in (a, UNKNOWN):
        return a
    if a == UNKNOWN:
        return b
    if a.name == b.name:
        return _common_of_kind(a, b)
    if a.is_numeric and b.is_numeric:
        if "decimal" in (a.name, b.name) and a.name not in ("real", "double") and b.name not in ("real", "double"):
            return _common_of_kind(as_decimal(a), as_decimal(b))
        return max(a, b, key=lambda t: _NUMERIC_RANK[t.name])
    if {a.name, b.name} == {"char", "varchar"}:
        # Compared as char: blanks at the end do not count (Trino documentation: char).
        return char(min(_LONGEST_CHAR, max(a.length or _LONGEST_CHAR, b.length or _LONGEST_CHAR)))
    for ranks in (_MOMENT_RANK, _CLOCK_RANK):
        if a.name in ranks and b.name in ranks:
            highest = max(a, b, key=lambda t: ranks[t.name])
            return replace(highest, precision=max(a.precision, b.precision))
    return None


def _common_of_kind(a: Type, b: Type) -> Type | None:  # noqa: PLR0911 - one return for each rule
    if a.name == "varchar":
        return VARCHAR if a.length is None or b.length is None else varchar(max(a.length, b.length))
    if a.name == "char":
        return char(max(a.length or 1, b.length or 1))
    if a.name in _CLOCK_RANK or a.name in _MOMENT_RANK:
        return replace(a, precision=max(a.precision, b.precision))
    if a.name == "decimal":
        scale = max(a.scale, b.scale)
        return decimal(min(38, max(a.precision - a.scale, b.precision - b.scale) + scale), scale)
    if len(a.args) != len(b.args):
        return None
    args = [common_type(x, y) for x, y in zip(a.args, b.args, strict=True)]
    if any(t is None for t in args):
        return None
    fields = tuple(x if x == y else None for x, y in zip(a.fields, b.fields, strict=False))
    return Type(a.name, args=tuple(t for t in args if t is not None), fields=fields)


def common_of(types: Sequence[Type]) -> Type | None:
    """The common type of several."""
    return reduce(lambda a, b: None if a is None else common_type(a, b), types[1:], types[0] if types else None)


def can_coerce(source: Type, target: Type) -> bool:
    """Whether Trino converts `source` to `target` without a CAST."""
    if target == VARCHAR:
        return source.name in ("varchar", "char") or source == UNKNOWN
    if (source.name, target.name) == ("char", "varchar"):
        return (source.length or 1) <= (target.length or 0)
    if source.name == "row" and target.name == "row":
        return len(source.args) == len(target.args) and all(map(can_coerce, source.args, target.args))
    return common_type(source, target) == target


def parse_hive(text: str) -> Type:
    """A Hive type as Glue spells it (`struct<id:bigint,login:string>`); raises for those not supported."""
    parser = _HiveTypeParser(text)
    result = parser.parse()
    if parser.rest():
        raise AthenaError("HIVE_INVALID_METADATA", f"Invalid column type: {text}")
    return result


_HIVE_NAMES = {
    "boolean": BOOLEAN,
    "tinyint": TINYINT,
    "smallint": SMALLINT,
    "int": INTEGER,
    "integer": INTEGER,
    "bigint": BIGINT,
    "float": REAL,
    "double": DOUBLE,
    "string": VARCHAR,
    "binary": VARBINARY,
    "date": DATE,
    "timestamp": TIMESTAMP,
}


class _HiveTypeParser:
    _TOKEN = re.compile(r"\s*([A-Za-z0-9_$ ]+|[<>(),:])")

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [t.strip() for t in self._TOKEN.findall(text)]
        if "".join(self._tokens).replace(" ", "") != re.sub(r"\s", "", text):
            raise AthenaError("HIVE_INVALID_METADATA", f"Invalid column type: {text}")

    def rest(self) -> list[str]:
        return self._tokens

    def parse(self) -> Type:  # noqa: PLR0911 - one return for each kind of type
        name = self._next().lower()
        if name == "array":
            return array(self._between("<", ">", 1)[0])
        if name == "map":
            return map_of(*self._between("<", ">", 2))
        if name == "struct":
            return self._struct()
        if name in ("decimal", "varchar", "char"):
            numbers = self._numbers()
            if name == "varchar":
                return varchar(numbers[0]) if numbers else VARCHAR
            if name == "char":
                return char(numbers[0] if numbers else 1)
            return decimal(*[*numbers, 0][:2]) if numbers else decimal(10, 0)
        if name not in _HIVE_NAMES:
            raise not_supported(f"The column type {self._text!r}")
        return _HIVE_NAMES[name]

    def _struct(self) -> Type:
        self._expect("<")
        fields: list[tuple[str | None, Type]] = []
        while True:
            field = self._next().lower()
            self._expect(":")
            fields.append((field, self.parse()))
            if (mark := self._next()) == ">":
                return row(fields)
            if mark != ",":
                raise AthenaError("HIVE_INVALID_METADATA", f"Invalid column type: {self._text}")

    def _between(self, opening: str, closing: str, count: int) -> list[Type]:
        self._expect(opening)
        types = [self.parse()]
        for _ in range(count - 1):
            self._expect(",")
            types.append(self.parse())
        self._expect(closing)
        return types

    def _numbers(self) -> list[int]:
        numbers = []
        if self._tokens[:1] == ["("]:
            while self._next() != ")":
                numbers.append(int(self._next()))
        return numbers[:2]

    def _next(self) -> str:
        if not self._tokens:
            raise AthenaError("HIVE_INVALID_METADATA", f"Invalid column type: {self._text}")
        return str(self._tokens.pop(0))

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise AthenaError("HIVE_INVALID_METADATA", f"Invalid column type: {self._text}")


def to_hive(type_: Type) -> str:  # noqa: PLR0911 - one return for each kind of type
    """The Hive spelling of a type, for tables that CTAS registers in Glue."""
    match type_.name:
        case "varchar":
            return "string" if type_.length is None else f"varchar({type_.length})"
        case "char":
            return f"char({type_.length})"
        case "integer":
            return "int"
        case "real":
            return "float"
        case "varbinary":
            return "binary"
        case "decimal":
            return f"decimal({type_.precision},{type_.scale})"
        case "array":
            return f"array<{to_hive(type_.args[0])}>"
        case "map":
            return f"map<{to_hive(type_.args[0])},{to_hive(type_.args[1])}>"
        case "row":
            parts = (f"{n}:{to_hive(t)}" for n, t in zip(field_names(type_), type_.args, strict=True))
            return f"struct<{','.join(parts)}>"
        case "timestamp" if type_.is_long:
            message = f"Incorrect timestamp precision for {type_}; the configured precision is MILLISECONDS"
            raise AthenaError("NOT_SUPPORTED", message)
        case "boolean" | "tinyint" | "smallint" | "bigint" | "double" | "date" | "timestamp":
            return type_.name
    raise AthenaError("NOT_SUPPORTED", f"Unsupported Hive type: {type_}")
