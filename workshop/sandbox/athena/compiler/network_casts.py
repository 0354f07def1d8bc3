"""CAST from and to UUID and IPADDRESS (Trino documentation: data types)."""

import ipaddress
from functools import lru_cache

from workshop.sandbox.athena.compiler.values import fail
from workshop.sandbox.athena.types import IPADDRESS, VARCHAR, Type, literal
from workshop.sandbox.athena.udf import FunctionError, Udf, call

KINDS = frozenset(["uuid", "ipaddress"])
"""Names of the types whose casts are here."""

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def castable(source: Type, target: Type) -> bool:
    """Whether Trino casts `source` to `target`; one of them is of `KINDS`."""
    other = target if source.name in KINDS else source
    return other.name in ("varchar", "varbinary")


def convert(sql: str, source: Type, target: Type) -> str:
    """SQL of `CAST(sql AS target)`; `castable(source, target)` holds, and `target` is not text."""
    if source.name == "varchar":
        return _from_text(sql, target)
    if source.name == "varbinary":
        return _from_bytes(sql, target)
    return sql if source == IPADDRESS else f"unhex(replace(CAST({sql} AS VARCHAR), '-', ''))"


def text_of_address(sql: str) -> str:
    """An IPADDRESS as text."""
    return call(_SHOW, [sql], [IPADDRESS], VARCHAR)


def _from_text(sql: str, target: Type) -> str:
    if target == IPADDRESS:
        return call(_PARSE, [sql], [VARCHAR], IPADDRESS)
    message = "'INVALID_CAST_ARGUMENT: Cannot cast value to UUID: ' || " + sql
    parsed = f"CASE WHEN regexp_full_match({sql}, {literal(_UUID)}) THEN TRY_CAST({sql} AS UUID) END"
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce({parsed}, {fail(message, target)}) END"


def _from_bytes(sql: str, target: Type) -> str:
    if target == IPADDRESS:
        return call(_EXTEND, [sql], [IPADDRESS], IPADDRESS)
    message = f"'INVALID_CAST_ARGUMENT: Invalid UUID binary length: ' || octet_length({sql})"
    return f"CASE WHEN octet_length({sql}) <> 16 THEN {fail(message, target)} ELSE CAST(lower(hex({sql})) AS UUID) END"


def _parse(value: str) -> bytes:
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        raise FunctionError("INVALID_CAST_ARGUMENT", f"Cannot cast value to IPADDRESS: {value}") from None
    return found.packed if found.version == 6 else _MAPPED + found.packed


def _extend(value: bytes) -> bytes:
    if len(value) == 4:
        return _MAPPED + value
    if len(value) == 16:
        return value
    raise FunctionError("INVALID_CAST_ARGUMENT", f"Invalid InetAddress binary length: {len(value)}")


@lru_cache(maxsize=4096)
def _show(value: bytes) -> str:
    if value.startswith(_MAPPED):
        return str(ipaddress.IPv4Address(value[12:]))
    return str(ipaddress.IPv6Address(value))


_MAPPED = bytes(10) + b"\xff\xff"
"""What stands before the four bytes of an IPv4 address."""
_PARSE, _EXTEND, _SHOW = Udf(_parse), Udf(_extend), Udf(_show)
