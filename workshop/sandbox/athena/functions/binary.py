"""Binary functions (Trino documentation: binary functions and operators). A varbinary is a BLOB, bytes in Python."""

import base64
import binascii
import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Callable
from functools import wraps

from workshop.sandbox.athena.functions import hashes
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.udf import Udf, invalid

_INT_MAX = 2**31 - 1
_BASE32_LENGTHS = frozenset([0, 2, 4, 5, 7])


def _plain(alphabet: bytes) -> Callable[[bytes], bytes]:
    """A decoder of base64 as Java's: no other characters; the `=` at the end may be left out, but not half."""
    others = re.compile(rb"[^A-Za-z0-9" + re.escape(alphabet) + rb"]")

    def decode(data: bytes) -> bytes:
        body = data.rstrip(b"=") if len(data) % 4 == 0 else data
        wrong = others.search(body)
        if len(data) - len(body) > 2 or (wrong and wrong[0] == b"="):
            raise invalid("Input byte array has wrong 4-byte ending unit")
        if wrong:
            raise invalid(f"Illegal base64 character {wrong[0][0]:x}")
        if len(body) % 4 == 1:
            raise invalid("Last unit does not have enough valid bits")
        return base64.b64decode(body + b"=" * (-len(body) % 4), alphabet)

    return decode


_from_base64 = _plain(b"+/")
_from_base64url = _plain(b"-_")


def _from_base32(data: bytes) -> bytes:
    body = data.rstrip(b"=")
    if len(body) % 8 not in _BASE32_LENGTHS:
        raise invalid(f"Invalid input length {len(body)}")
    wrong = re.search(rb"[^A-Z2-7]", body)
    if wrong:
        raise invalid(f"Unrecognized character: {wrong[0].decode('utf-8', 'replace')}")
    return base64.b32decode(body + b"=" * (-len(body) % 8))


def _from_hex(data: bytes) -> bytes:
    if len(data) % 2:
        raise invalid(f"invalid input length {len(data)}")
    try:
        return binascii.unhexlify(data)
    except binascii.Error:
        wrong = re.search(rb"[^0-9A-Fa-f]", data)
        shown = data.decode("utf-8", "replace") if wrong is None else wrong[0].decode("utf-8", "replace")
        raise invalid(f'not a hexadecimal digit: "{shown}" = {ord(shown[:1])}') from None


def _of_text(decode: Callable[[bytes], bytes]) -> Udf:
    @wraps(decode)
    def apply(text: str) -> bytes:
        return decode(text.encode())

    return Udf(apply)


def _packed(form: str) -> Udf:
    def pack(value: float) -> bytes:
        return struct.pack(form, value)

    return Udf(pack)


def _unpacked(form: str, message: str) -> Udf:
    size = struct.calcsize(form)

    def unpack(data: bytes) -> object:
        if len(data) != size:
            raise invalid(message.format(size=size, length=len(data)))
        (value,) = struct.unpack(form, data)
        return "NaN" if value != value else value  # noqa: PLR0124 - DuckDB takes Python's for NULL

    return Udf(unpack)


def _digest(name: str) -> Udf:
    def digest(data: bytes) -> bytes:
        return hashlib.new(name, data, usedforsecurity=False).digest()

    return Udf(digest)


def _hmac(name: str) -> Udf:
    def authenticate(data: bytes, key: bytes) -> bytes:
        return hmac.new(key, data, name).digest()

    return Udf(authenticate)


def _rest(data: bytes, start: int) -> bytes:
    return _part(data, start, len(data) - start + 1)


def _part(data: bytes, start: int, length: int) -> bytes:
    """From `start`, counted from 1 or from the end; outside the value there is nothing."""
    begin = start - 1 if start > 0 else start + len(data)
    return b"" if start == 0 or begin < 0 or length <= 0 else data[begin : begin + length]


def _lpad(data: bytes, size: int, filler: bytes) -> bytes:
    fill = _fill(data, size, filler)
    return fill + data[:size]


def _rpad(data: bytes, size: int, filler: bytes) -> bytes:
    fill = _fill(data, size, filler)
    return data[:size] + fill


def _fill(data: bytes, size: int, filler: bytes) -> bytes:
    if not 0 <= size <= _INT_MAX:
        raise invalid(f"Target length must be in the range [0..{_INT_MAX}]")
    if not filler:
        raise invalid("Padding bytes must not be empty")
    missing = max(size - len(data), 0)
    return (filler * (missing // len(filler) + 1))[:missing]


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _to_base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii")


def _crc32(data: bytes) -> int:
    return zlib.crc32(data)


def _reverse(data: bytes) -> bytes:
    return data[::-1]


_EXPECTED = "expected {size}-byte input, but got instead: {length}"
_FLOATING = "Input floating-point value must be exactly {size} bytes long"
_ROWS: tuple[Row, ...] = (
    ("length(varbinary) -> bigint", "octet_length({0})"),
    ("concat(varbinary, varbinary, ...) -> varbinary", lambda v: "(" + " || ".join(x.sql for x in v) + ")"),
    ("reverse(varbinary) -> varbinary", Udf(_reverse)),
    ("substr(varbinary, bigint) -> varbinary", Udf(_rest)),
    ("substr(varbinary, bigint, bigint) -> varbinary", Udf(_part)),
    ("substring(varbinary, bigint) -> varbinary", Udf(_rest)),
    ("substring(varbinary, bigint, bigint) -> varbinary", Udf(_part)),
    ("lpad(varbinary, bigint, varbinary) -> varbinary", Udf(_lpad)),
    ("rpad(varbinary, bigint, varbinary) -> varbinary", Udf(_rpad)),
    ("to_base64(varbinary) -> varchar", Udf(_to_base64)),
    ("from_base64(varchar) -> varbinary", _of_text(_from_base64)),
    ("from_base64(varbinary) -> varbinary", Udf(_from_base64)),
    ("to_base64url(varbinary) -> varchar", Udf(_to_base64url)),
    ("from_base64url(varchar) -> varbinary", _of_text(_from_base64url)),
    ("from_base64url(varbinary) -> varbinary", Udf(_from_base64url)),
    ("to_base32(varbinary) -> varchar", Udf(_to_base32)),
    ("from_base32(varchar) -> varbinary", _of_text(_from_base32)),
    ("from_base32(varbinary) -> varbinary", Udf(_from_base32)),
    ("to_hex(varbinary) -> varchar", "hex({0})"),
    ("from_hex(varchar) -> varbinary", _of_text(_from_hex)),
    ("from_hex(varbinary) -> varbinary", Udf(_from_hex)),
    ("to_big_endian_32(integer) -> varbinary", _packed(">i")),
    ("from_big_endian_32(varbinary) -> integer", _unpacked(">i", _EXPECTED)),
    ("to_big_endian_64(bigint) -> varbinary", _packed(">q")),
    ("from_big_endian_64(varbinary) -> bigint", _unpacked(">q", _EXPECTED)),
    ("to_ieee754_32(real) -> varbinary", _packed(">f")),
    ("from_ieee754_32(varbinary) -> real", _unpacked(">f", _FLOATING)),
    ("to_ieee754_64(double) -> varbinary", _packed(">d")),
    ("from_ieee754_64(varbinary) -> double", _unpacked(">d", _FLOATING)),
    ("crc32(varbinary) -> bigint", Udf(_crc32)),
    ("md5(varbinary) -> varbinary", "unhex(md5({0}))"),
    ("sha1(varbinary) -> varbinary", "unhex(sha1({0}))"),
    ("sha256(varbinary) -> varbinary", "unhex(sha256({0}))"),
    ("sha512(varbinary) -> varbinary", _digest("sha512")),
    ("xxhash64(varbinary) -> varbinary", Udf(hashes.xxhash64)),
    ("murmur3(varbinary) -> varbinary", Udf(hashes.murmur3)),
    ("spooky_hash_v2_32(varbinary) -> varbinary", Udf(hashes.spooky32)),
    ("spooky_hash_v2_64(varbinary) -> varbinary", Udf(hashes.spooky64)),
    ("hmac_md5(varbinary, varbinary) -> varbinary", _hmac("md5")),
    ("hmac_sha1(varbinary, varbinary) -> varbinary", _hmac("sha1")),
    ("hmac_sha256(varbinary, varbinary) -> varbinary", _hmac("sha256")),
    ("hmac_sha512(varbinary, varbinary) -> varbinary", _hmac("sha512")),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
