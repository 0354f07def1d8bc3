"""Types written in SQL (`CAST(x AS decimal(10,2))`) as Trino types."""

from sqlglot import exp

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
    PICOS,
    REAL,
    SMALLINT,
    TINYINT,
    UUID,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    char,
    decimal,
    map_of,
    row,
    varchar,
)

_D = exp.DataType.Type
_SIMPLE = {
    _D.BOOLEAN: BOOLEAN,
    _D.TINYINT: TINYINT,
    _D.SMALLINT: SMALLINT,
    _D.INT: INTEGER,
    _D.BIGINT: BIGINT,
    _D.FLOAT: REAL,
    _D.DOUBLE: DOUBLE,
    _D.DATE: DATE,
    _D.VARBINARY: VARBINARY,
    _D.JSON: JSON,
    _D.UUID: UUID,
    _D.IPADDRESS: IPADDRESS,
}
_TIMES = {
    _D.TIME: "time",
    _D.TIMETZ: "time with time zone",
    _D.TIMESTAMP: "timestamp",
    _D.TIMESTAMPTZ: "timestamp with time zone",
}
_MILLIS = 3


def type_of(node: exp.Expr, operand: exp.Expr, position: Position | None) -> Type:  # noqa: PLR0911 - one per kind
    """The Trino type of a sqlglot DataType; `operand` is what is cast to it."""
    if not isinstance(node, exp.DataType):
        raise not_supported(f"The type {node.sql('trino')}", position)
    kind = node.this
    if isinstance(kind, exp.Interval):
        return _interval(kind, position)
    numbers = [int(p.name) for p in node.expressions if isinstance(p, exp.DataTypeParam) and p.name.isdigit()]
    if kind in _SIMPLE and not numbers:
        return _SIMPLE[kind]
    if kind in (_D.VARCHAR, _D.TEXT):
        return varchar(numbers[0]) if numbers else VARCHAR
    if kind == _D.DECIMAL:
        return decimal(*[*numbers, 0][:2]) if numbers else decimal(38, 0)
    if kind == _D.CHAR:
        return char(numbers[0] if numbers else 1)
    if kind in _TIMES:
        precision = numbers[0] if numbers else _MILLIS
        if precision > PICOS:
            message = f"{_TIMES[kind].upper()} precision must be in range [0, {PICOS}]: {precision}"
            raise AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", message, position)
        return Type(_TIMES[kind], precision=precision)
    if kind == _D.ARRAY:
        return array(type_of(node.expressions[0], node, position))
    if kind == _D.MAP:
        return map_of(*(type_of(e, node, position) for e in node.expressions))
    if kind == _D.STRUCT:
        return row([_field(e, position) for e in node.expressions])
    if kind in (_D.USERDEFINED, _D.UNKNOWN):
        raise AthenaError("TYPE_MISMATCH", f"Unknown type: {node.sql('trino')}", position)
    raise not_supported(f"The type {node.sql('trino').lower()}", position)


_INTERVALS = {("DAY", "SECOND"): INTERVAL_DAY, ("YEAR", "MONTH"): INTERVAL_YEAR}


def _interval(node: exp.Interval, position: Position | None) -> Type:
    span = node.args["unit"]
    ends = (span.name.upper(), span.expression.name.upper())
    if ends not in _INTERVALS:
        raise AthenaError("TYPE_MISMATCH", f"Unknown type: interval {' to '.join(ends).lower()}", position)
    return _INTERVALS[ends]


def _field(node: exp.Expr, position: Position | None) -> tuple[str | None, Type]:
    if isinstance(node, exp.ColumnDef):
        return node.name.lower(), type_of(node.args["kind"], node, position)
    return None, type_of(node, node, position)
