"""Bitwise functions (Trino documentation: bitwise functions; source: BitwiseFunctions)."""

from collections.abc import Callable

from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.udf import Udf, invalid

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_LONG = 64


def _bit_count(value: int, bits: int) -> int:
    if bits != _LONG and not 1 < bits <= _LONG:
        raise invalid(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    half = 1 << (bits - 1)
    if not -half <= value < half:
        raise invalid(
            f"Number must be representable with the bits specified. {value} cannot be represented with {bits} bits"
        )
    return (value & ((1 << bits) - 1)).bit_count()


def _signed(value: int, bits: int) -> int:
    """The low bits of `value` as a number in two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _left(bits: int) -> Callable[[int, int], int]:
    def left_shift(value: int, shift: int) -> int:
        return 0 if shift >= _LONG else _signed(value << (shift % _LONG), bits)

    return left_shift


def _right(bits: int) -> Callable[[int, int], int]:
    def right_shift(value: int, shift: int) -> int:
        if shift >= _LONG:
            return 0
        # Java takes shifts by their low six bits; a shift by nothing leaves the sign.
        return value if shift % _LONG == 0 else _signed((value & ((1 << bits) - 1)) >> (shift % _LONG), _LONG)

    return right_shift


def _right_arithmetic(value: int, shift: int) -> int:
    return value >> (_LONG - 1 if shift >= _LONG else shift % _LONG)


_ROWS: tuple[Row, ...] = (
    ("bit_count(bigint, bigint) -> bigint", Udf(_bit_count)),
    ("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})"),
    ("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})"),
    ("bitwise_xor(bigint, bigint) -> bigint", "xor({0}, {1})"),
    ("bitwise_not(bigint) -> bigint", "(~{0})"),
    *((f"bitwise_left_shift({t}, bigint) -> {t}", Udf(_left(bits))) for t, bits in _BITS.items()),
    *((f"bitwise_right_shift({t}, bigint) -> {t}", Udf(_right(bits))) for t, bits in _BITS.items()),
    *((f"bitwise_right_shift_arithmetic({t}, bigint) -> {t}", Udf(_right_arithmetic)) for t in _BITS),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
