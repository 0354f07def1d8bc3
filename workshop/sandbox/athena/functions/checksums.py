"""The aggregate `checksum` (Trino documentation: aggregate functions; source: ChecksumAggregationFunction)."""

import struct
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.collecting import collected
from workshop.sandbox.athena.functions.hashes import xxhash64
from workshop.sandbox.athena.functions.registry import Clauses, Row
from workshop.sandbox.athena.types import VARBINARY, Type, array
from workshop.sandbox.athena.udf import Udf, call

_PRIME = 0x9E3779B185EBCA87
_SHORT_DECIMAL = 18


def _of_long(value: int) -> bytes:
    return (value % 2**64).to_bytes(8, "little")


_BYTES: dict[str, Callable[[Any], bytes]] = {
    "boolean": lambda v: _of_long(int(v)),
    "tinyint": _of_long,
    "smallint": _of_long,
    "integer": _of_long,
    "bigint": _of_long,
    "real": lambda v: _of_long(struct.unpack("<i", struct.pack("<f", v or 0.0))[0]),
    "double": lambda v: struct.pack("<d", v or 0.0),
    "decimal": lambda v: _of_long(int(Decimal(v).scaleb(-v.as_tuple().exponent))),
    "varchar": lambda v: str(v).encode(),
    "char": lambda v: str(v).encode(),
    "varbinary": bytes,
    "date": lambda v: _of_long((v - date(1970, 1, 1)).days),
}
"""What Trino hashes of a value of each type."""


def _checksum(values: Sequence[Value], clauses: Clauses) -> str:
    type_ = values[0].type
    if type_.name not in _BYTES or type_.precision > _SHORT_DECIMAL:
        raise not_supported(f"checksum of {type_}")
    return call(_summing(type_), [collected(values[0], clauses)], [array(type_)], VARBINARY)


@lru_cache
def _summing(type_: Type) -> Udf:
    encode = _BYTES[type_.name]

    def checksum(values: list[Any]) -> bytes:
        total = 0
        for value in values:
            found = 1 if value is None else int.from_bytes(xxhash64(encode(value)), "big")
            total += found * _PRIME
        return _of_long(total)

    return Udf(checksum)


ROWS: tuple[Row, ...] = (("checksum(T) -> varbinary", _checksum),)
