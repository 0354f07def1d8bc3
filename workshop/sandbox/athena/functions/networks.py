"""UUID and IP address functions (Trino documentation: UUID functions, IP address functions)."""

import ipaddress
from functools import lru_cache

from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.udf import Udf, invalid

_MAPPED = bytes(10) + b"\xff\xff"
"""What stands before the four bytes of an IPv4 address in an IPADDRESS."""


@lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address, slash, bits = text.partition("/")
    if not slash:
        raise invalid("Invalid CIDR")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise invalid("Invalid network IP address") from None
    if not bits.isascii() or not bits.isdigit() or int(bits) > parsed.max_prefixlen:
        raise invalid("Invalid prefix length")
    return ipaddress.ip_network(f"{address}/{int(bits)}", strict=False)


def _contains(text: str, address: bytes) -> bool:
    network = _network(text)
    if address.startswith(_MAPPED):
        return ipaddress.IPv4Address(address[len(_MAPPED) :]) in network
    return ipaddress.IPv6Address(address) in network


_ROWS: tuple[Row, ...] = (
    ("uuid() -> uuid", "uuid()"),
    ("contains(varchar, ipaddress) -> boolean", Udf(_contains)),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
