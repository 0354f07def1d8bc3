"""Hash functions that Python lacks: xxHash64, MurmurHash3 (128 bits, x64), SpookyHash V2, as published."""

import struct

_MASK = 2**64 - 1
_XX1, _XX2, _XX3, _XX4, _XX5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_MURMUR1, _MURMUR2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_SPOOKY = 0xDEADBEEFDEADBEEF
_SPOOKY_SHORT = 192
_SPOOKY_BLOCK = 96
_SHORT_MIX = ((2, 50), (3, 52), (0, 30), (1, 41), (2, 54), (3, 48), (0, 38), (1, 37), (2, 62), (3, 34), (0, 5), (1, 36))
_SHORT_END = ((3, 15), (0, 52), (1, 26), (2, 51), (3, 28), (0, 9), (1, 47), (2, 54), (3, 32), (0, 25), (1, 63))
_LONG_MIX = (11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46)
_LONG_END = (44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54)


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def xxhash64(data: bytes) -> bytes:
    """xxHash64 with seed 0, big endian."""
    at, size = 0, len(data)
    if size >= 32:
        lanes = [(_XX1 + _XX2) & _MASK, _XX2, 0, -_XX1 & _MASK]
        while at <= size - 32:
            for i, word in enumerate(struct.unpack_from("<4Q", data, at)):
                lanes[i] = _xx_round(lanes[i], word)
            at += 32
        value = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            value = ((value ^ _xx_round(0, lane)) * _XX1 + _XX4) & _MASK
    else:
        value = _XX5
    value = (value + size) & _MASK
    while at <= size - 8:
        (word,) = struct.unpack_from("<Q", data, at)
        value = (_rotate(value ^ _xx_round(0, word), 27) * _XX1 + _XX4) & _MASK
        at += 8
    if at <= size - 4:
        (word,) = struct.unpack_from("<I", data, at)
        value = (_rotate(value ^ (word * _XX1 & _MASK), 23) * _XX2 + _XX3) & _MASK
        at += 4
    for byte in data[at:]:
        value = _rotate(value ^ (byte * _XX5 & _MASK), 11) * _XX1 & _MASK
    value = (value ^ value >> 33) * _XX2 & _MASK
    value = (value ^ value >> 29) * _XX3 & _MASK
    return (value ^ value >> 32).to_bytes(8, "big")


def _xx_round(lane: int, word: int) -> int:
    return _rotate((lane + word * _XX2) & _MASK, 31) * _XX1 & _MASK


def murmur3(data: bytes) -> bytes:
    """MurmurHash3 x64 128 with seed 0: two little endian words."""
    first = second = 0
    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        a, b = struct.unpack_from("<2Q", data, at)
        first = _rotate(first ^ _murmur_word(a, 31, _MURMUR1, _MURMUR2), 27)
        first = ((first + second) * 5 + 0x52DCE729) & _MASK
        second = _rotate(second ^ _murmur_word(b, 33, _MURMUR2, _MURMUR1), 31)
        second = ((second + first) * 5 + 0x38495AB5) & _MASK
    a, b = struct.unpack("<2Q", data[whole:].ljust(16, b"\0"))
    second ^= _murmur_word(b, 33, _MURMUR2, _MURMUR1)
    first ^= _murmur_word(a, 31, _MURMUR1, _MURMUR2)
    first ^= len(data)
    second ^= len(data)
    first = (first + second) & _MASK
    second = (second + first) & _MASK
    first, second = _murmur_end(first), _murmur_end(second)
    first = (first + second) & _MASK
    return struct.pack("<2Q", first, (second + first) & _MASK)


def _murmur_word(word: int, bits: int, before: int, after: int) -> int:
    return _rotate(word * before & _MASK, bits) * after & _MASK


def _murmur_end(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


def spooky64(data: bytes) -> bytes:
    """The first word of SpookyHash V2 with seeds 0, big endian."""
    value = _spooky_short(data) if len(data) < _SPOOKY_SHORT else _spooky_long(data)
    return value.to_bytes(8, "big")


def spooky32(data: bytes) -> bytes:
    """The low half of `spooky64`, big endian."""
    return spooky64(data)[4:]


def _spooky_short(data: bytes) -> int:
    h = [0, 0, _SPOOKY, _SPOOKY]
    at, size = 0, len(data)
    while at <= size - 32:
        a, b, c, d = struct.unpack_from("<4Q", data, at)
        h[2] = (h[2] + a) & _MASK
        h[3] = (h[3] + b) & _MASK
        _short_mix(h)
        h[0] = (h[0] + c) & _MASK
        h[1] = (h[1] + d) & _MASK
        at += 32
    if size - at >= 16:
        a, b = struct.unpack_from("<2Q", data, at)
        h[2] = (h[2] + a) & _MASK
        h[3] = (h[3] + b) & _MASK
        _short_mix(h)
        at += 16
    a, b = struct.unpack("<2Q", data[at:].ljust(16, b"\0")) if at < size else (_SPOOKY, _SPOOKY)
    h[2] = (h[2] + a) & _MASK
    h[3] = (h[3] + b + (size << 56)) & _MASK
    for i, bits in _SHORT_END:
        h[i] ^= h[i - 1]
        h[i - 1] = _rotate(h[i - 1], bits)
        h[i] = (h[i] + h[i - 1]) & _MASK
    return h[0]


def _short_mix(h: list[int]) -> None:
    for i, bits in _SHORT_MIX:
        h[i] = (_rotate(h[i], bits) + h[(i + 1) % 4]) & _MASK
        h[(i + 2) % 4] ^= h[i]


def _spooky_long(data: bytes) -> int:
    h = [0, 0, _SPOOKY] * 4
    whole = len(data) // _SPOOKY_BLOCK * _SPOOKY_BLOCK
    for at in range(0, whole, _SPOOKY_BLOCK):
        for i, word in enumerate(struct.unpack_from("<12Q", data, at)):
            h[i] = (h[i] + word) & _MASK
            h[(i + 2) % 12] ^= h[(i + 10) % 12]
            h[(i + 11) % 12] ^= h[i]
            h[i] = _rotate(h[i], _LONG_MIX[i])
            h[(i + 11) % 12] = (h[(i + 11) % 12] + h[(i + 1) % 12]) & _MASK
    rest = data[whole:]
    last = rest.ljust(_SPOOKY_BLOCK - 1, b"\0") + bytes([len(rest)])
    h = [(a + b) & _MASK for a, b in zip(h, struct.unpack("<12Q", last), strict=True)]
    for _ in range(3):
        for i, bits in enumerate(_LONG_END):
            h[(i + 11) % 12] = (h[(i + 11) % 12] + h[(i + 1) % 12]) & _MASK
            h[(i + 2) % 12] ^= h[(i + 11) % 12]
            h[(i + 1) % 12] = _rotate(h[(i + 1) % 12], bits)
    return h[0]
