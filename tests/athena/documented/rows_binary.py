"""Binary functions: examples of the documentation and published test vectors of the hashes."""

from documented.tables import Fails, Row, Table

_WRONG = "INVALID_FUNCTION_ARGUMENT"
_PAGE = "Trino: binary functions and operators"
_TARGET = "Target length must be in the range [0..2147483647]"
_HASHME = "to_utf8('hashme')"
_EMPTY = "to_utf8('')"
_KEY = "to_utf8('key')"


def _hexed(name: str, rows: list[tuple[str, str]]) -> list[Row]:
    """Digests, as `to_hex` shows them."""
    return [(f"to_hex({name}({arguments}))", expected) for arguments, expected in rows]


TABLES = [
    Table(
        "binary",
        f"{_PAGE}, ||, concat, length, substr, lpad, rpad, reverse",
        [
            ("X'65683F'", "65 68 3f", "varbinary"),
            ("X''", ""),
            ("X'000102' || X'AAABAC' || X'FDFEFF'", "00 01 02 aa ab ac fd fe ff", "varbinary"),
            ("X'' || X'58' || X''", "58"),
            ("X'61' || NULL", None),
            ("concat(X'000102', X'AAABAC', X'FDFEFF')", "00 01 02 aa ab ac fd fe ff", "varbinary"),
            ("concat(X'58', X'F7')", "58 f7"),
            ("length(X'')", "0", "bigint"),
            ("length(to_utf8('é'))", "2"),
            ("substr(to_utf8('Quadratically'), 5)", "72 61 74 69 63 61 6c 6c 79", "varbinary"),
            ("substr(to_utf8('Quadratically'), 50)", ""),
            ("substr(to_utf8('Quadratically'), -5)", "63 61 6c 6c 79"),
            ("substr(to_utf8('Quadratically'), -50)", ""),
            ("substr(to_utf8('Quadratically'), 0)", ""),
            ("substr(to_utf8('Quadratically'), 5, 6)", "72 61 74 69 63 61"),
            ("substr(to_utf8('Quadratically'), 5, 50)", "72 61 74 69 63 61 6c 6c 79"),
            ("substr(to_utf8('Quadratically'), -5, 4)", "63 61 6c 6c"),
            ("substr(to_utf8('Quadratically'), 5, 0)", ""),
            ("substring(X'4FE15FF5' FROM 2 FOR 2)", "e1 5f"),
            ("substring(X'4FE15FF5' FROM -2)", "5f f5"),
            ("lpad(X'1234', 7, X'45')", "45 45 45 45 45 12 34", "varbinary"),
            ("lpad(X'1234', 7, X'4524')", "45 24 45 24 45 12 34"),
            ("lpad(X'1234', 3, X'4524')", "45 12 34"),
            ("lpad(X'1234', 0, X'4524')", ""),
            ("lpad(X'1234', 1, X'4524')", "12"),
            ("lpad(X'2312', -1, X'4524')", Fails(_WRONG, _TARGET)),
            ("lpad(X'2312', 1, X'')", Fails(_WRONG, "Padding bytes must not be empty")),
            ("rpad(X'1234', 7, X'45')", "12 34 45 45 45 45 45"),
            ("rpad(X'1234', 7, X'4524')", "12 34 45 24 45 24 45"),
            ("rpad(X'23', 0, X'4524')", ""),
            ("rpad(X'1234', 1, X'4524')", "12"),
            ("rpad(X'1234', 1, X'')", Fails(_WRONG, "Padding bytes must not be empty")),
            ("reverse(to_utf8('hello'))", "6f 6c 6c 65 68"),
            ("reverse(X'')", ""),
            ("X'61' = to_utf8('a')", "true"),
            ("X'61' < X'62'", "true"),
            ("X'FF' > X'01'", "true"),
            ("X'61' = 'a'", Fails("TYPE_MISMATCH", "varbinary")),
        ],
    ),
    Table(
        "binary",
        f"{_PAGE}, base64, base32, hex",
        [
            ("to_base64(to_utf8(''))", "", "varchar"),
            ("to_base64(to_utf8('a'))", "YQ=="),
            ("to_base64(to_utf8('hello world'))", "aGVsbG8gd29ybGQ="),
            ("to_base64(X'FBFF')", "+/8="),
            ("from_base64('aGVsbG8gd29ybGQ=')", "68 65 6c 6c 6f 20 77 6f 72 6c 64", "varbinary"),
            ("from_base64(to_utf8('YWJj'))", "61 62 63"),
            ("from_base64('')", ""),
            ("from_base64('YQ')", "61"),
            ("from_base64('Y!==')", Fails(_WRONG, "Illegal base64 character 21")),
            ("to_base64url(X'FBFF')", "-_8=", "varchar"),
            ("from_base64url('-_8=')", "fb ff"),
            ("from_base64url('+/8=')", Fails(_WRONG, "Illegal base64 character 2b")),
            ("to_base32(to_utf8('hello'))", "NBSWY3DP", "varchar"),
            ("to_base32(to_utf8('a'))", "ME======"),
            ("from_base32('NBSWY3DP')", "68 65 6c 6c 6f", "varbinary"),
            ("from_base32('ME======')", "61"),
            ("from_base32('ME')", "61"),
            ("from_base32('1=')", Fails(_WRONG, "Invalid input length 1")),
            ("from_base32('M1======')", Fails(_WRONG, "Unrecognized character: 1")),
            ("to_hex(to_utf8('hello world'))", "68656C6C6F20776F726C64", "varchar"),
            ("to_hex(X'')", ""),
            ("from_hex('617a6f')", "61 7a 6f", "varbinary"),
            ("from_hex('617A6F')", "61 7a 6f"),
            ("from_hex(to_utf8('61'))", "61"),
            ("from_hex('f/')", Fails(_WRONG)),
            ("from_hex('fG')", Fails(_WRONG)),
            ("from_hex('fff')", Fails(_WRONG, "invalid input length 3")),
        ],
    ),
    Table(
        "binary",
        f"{_PAGE}, integer and floating-point encoding",
        [
            ("to_big_endian_64(0)", "00 00 00 00 00 00 00 00", "varbinary"),
            ("to_big_endian_64(9223372036854775807)", "7f ff ff ff ff ff ff ff"),
            ("to_big_endian_64(-9223372036854775807)", "80 00 00 00 00 00 00 01"),
            ("from_big_endian_64(from_hex('7FFFFFFFFFFFFFFF'))", "9223372036854775807", "bigint"),
            ("from_big_endian_64(from_hex('8000000000000001'))", "-9223372036854775807"),
            ("from_big_endian_64(from_hex('1111'))", Fails(_WRONG, "expected 8-byte input, but got instead: 2")),
            ("to_big_endian_32(1)", "00 00 00 01"),
            ("to_big_endian_32(-2147483647)", "80 00 00 01"),
            ("from_big_endian_32(from_hex('7FFFFFFF'))", "2147483647", "integer"),
            ("from_big_endian_32(from_hex(''))", Fails(_WRONG, "expected 4-byte input, but got instead: 0")),
            ("to_ieee754_32(CAST(1.0 AS real))", "3f 80 00 00", "varbinary"),
            ("to_ieee754_32(CAST(3.14 AS real))", "40 48 f5 c3"),
            ("to_ieee754_32(CAST(nan() AS real))", "7f c0 00 00"),
            ("to_ieee754_32(CAST(-infinity() AS real))", "ff 80 00 00"),
            ("from_ieee754_32(from_hex('4048F5C3'))", "3.14", "real"),
            ("from_ieee754_32(from_hex('0000'))", Fails(_WRONG, "must be exactly 4 bytes long")),
            ("to_ieee754_64(1.0)", "3f f0 00 00 00 00 00 00"),
            ("to_ieee754_64(3.1415926)", "40 09 21 fb 4d 12 d8 4a"),
            ("to_ieee754_64(infinity())", "7f f0 00 00 00 00 00 00"),
            ("from_ieee754_64(from_hex('3FF0000000000000'))", "1.0", "double"),
            ("from_ieee754_64(to_ieee754_64(nan()))", "NaN"),
            ("from_ieee754_64(from_hex('00000000'))", Fails(_WRONG, "must be exactly 8 bytes long")),
        ],
    ),
    Table(
        "binary",
        f"{_PAGE}, hashing and HMAC functions",
        [
            ("crc32(to_utf8('CRC me!'))", "38028046", "bigint"),
            ("crc32(to_utf8('1234567890'))", "639479525"),
            ("crc32(to_utf8('ABCDEFGHIJKLM'))", "4223167559"),
            ("md5(X'')", "d4 1d 8c d9 8f 00 b2 04 e9 80 09 98 ec f8 42 7e", "varbinary"),
            *_hexed("md5", [(_HASHME, "533F6357E0210E67D91F651BC49E1278")]),
            *_hexed(
                "sha1",
                [
                    (_EMPTY, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"),
                    (_HASHME, "FB78992E561929A6967D5328F49413FA99048D06"),
                ],
            ),
            *_hexed(
                "sha256",
                [
                    (_EMPTY, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
                    (_HASHME, "02208B9403A87DF9F4ED6B2EE2657EFAA589026B4CCE9ACCC8E8A5BF3D693C86"),
                ],
            ),
            *_hexed(
                "sha512",
                [
                    (
                        _HASHME,
                        "8A4B59FB9188D09B989FF596AC9CEFBF2ED91DED8DCD9498E8BF2236814A92B2"
                        "3BE6867E7FC340880E514F8FDF97E1F147EA4B0FD6C2DA3557D0CF1C0B58A204",
                    )
                ],
            ),
            *_hexed("xxhash64", [(_EMPTY, "EF46DB3751D8E999"), (_HASHME, "F9D96E0E1165E892")]),
            *_hexed("murmur3", [(_EMPTY, "0" * 32), (_HASHME, "93192FE805BE23041C8318F67EC4F2BC")]),
            *_hexed("spooky_hash_v2_32", [(_EMPTY, "6BF50919"), ("to_utf8('hello')", "D382E6CA")]),
            *_hexed("spooky_hash_v2_64", [(_EMPTY, "232706FC6BF50919"), ("to_utf8('hello')", "3768826AD382E6CA")]),
            *_hexed(
                "hmac_md5",
                [
                    (f"{_EMPTY}, {_KEY}", "63530468A04E386459855DA0063B6596"),
                    (f"{_HASHME}, {_KEY}", "0A26EBEB0E7B65F528D96F7BC631BC8F"),
                ],
            ),
            *_hexed(
                "hmac_sha1",
                [
                    (f"{_EMPTY}, {_KEY}", "F42BB0EEB018EBBD4597AE7213711EC60760843F"),
                    (f"{_HASHME}, {_KEY}", "2E7C4C6AEFA7E69F106EEE3CE21944D0046D2F3D"),
                ],
            ),
            *_hexed(
                "hmac_sha256",
                [(f"{_HASHME}, {_KEY}", "D3D72F9FACDE059DA3A4EB43A9ABDD4B35118E0FEF00E6D16FB04BB332AF0484")],
            ),
            *_hexed(
                "hmac_sha512",
                [
                    (
                        f"{_HASHME}, {_KEY}",
                        "FEFA712B67DED871E1ED987F8B20D6A69EB9FCC87974218B9A1A6D5202B54C18"
                        "ECDA4839A979DED22F07E0881CF40B762691992D120408F49D6212E112509D72",
                    )
                ],
            ),
            ("md5(NULL)", None),
            ("md5('a')", Fails("FUNCTION_NOT_FOUND", "Unexpected parameters (varchar(1)) for function md5")),
        ],
    ),
]
