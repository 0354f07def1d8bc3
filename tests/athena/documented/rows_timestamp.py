"""Timestamps without time zone of every precision: Trino's data types page, and what it follows for its own tests."""

from documented.tables import Fails, Row, Table

_DIGITS = "123456789012"
_LITERALS: list[Row] = [
    (f"TIMESTAMP '{year}-05-01 12:34:56{f'.{_DIGITS[:p]}' if p else ''}'",
     f"{shown}-05-01 12:34:56{f'.{_DIGITS[:p]}' if p else ''}", f"timestamp({p})")
    for year, shown in (("2020", "2020"), ("1500", "1500"), ("123001", "+123001"), ("-123001", "-123001"))
    for p in range(13)
]  # fmt: skip
_ROUNDED: list[Row] = [
    (f"CAST(TIMESTAMP '2020-05-10 12:34:56.{digit * 12}' AS timestamp({p}))",
     f"2020-05-10 12:34:5{second}{f'.{fraction}' if p else ''}", f"timestamp({p})")
    for digit in "159"
    for p in range(12)
    for second, fraction in [{
        "1": ("6", "1" * p), "5": ("7" if p == 0 else "6", "5" * (p - 1) + "6"), "9": ("7", "0" * p),
    }[digit]]
]  # fmt: skip
_WIDENED: list[Row] = [
    (f"CAST(TIMESTAMP '2020-05-10 12:34:56.12' AS timestamp({p}))",
     f"2020-05-10 12:34:56.{'12'.ljust(p, '0')}", f"timestamp({p})")
    for p in range(2, 13)
]  # fmt: skip
_FROM_TEXT: list[Row] = [
    (
        f"CAST('2020-05-10 12:34:56.111111111111' AS timestamp({p}))",
        "2020-05-10 12:34:56" + ("." + "1" * p if p else ""),
    )
    for p in range(13)
]
_UNIX = "to_unixtime(TIMESTAMP '2020-05-10 12:34:56.{}')"

TABLES = [
    Table("date and time", "Trino: data types, timestamp: literals", [
        *_LITERALS,
        ("TIMESTAMP '2013-03-30 01:05'", "2013-03-30 01:05:00", "timestamp(0)"),
        ("TIMESTAMP '2001-01-22'", "2001-01-22 00:00:00", "timestamp(0)"),
        ("TIMESTAMP '2001-1-2 3:4:5.321'", "2001-01-02 03:04:05.321", "timestamp(3)"),
        ("TIMESTAMP '2001-1-2 3:4:5'", "2001-01-02 03:04:05"),
        ("TIMESTAMP '2001-1-2 3:4'", "2001-01-02 03:04:00"),
        ("TIMESTAMP '2001-1-2'", "2001-01-02 00:00:00"),
        ("TIMESTAMP '0000-01-02 01:02:03'", "0000-01-02 01:02:03"),
        ("TIMESTAMP '2020-05-01 12:34:56.1234567890123'",
         Fails("NUMERIC_VALUE_OUT_OF_RANGE", "TIMESTAMP precision must be in range [0, 12]: 13")),
        ("TIMESTAMP '2020-13-01'", Fails("INVALID_LITERAL", "'2020-13-01' is not a valid timestamp literal")),
        ("TIMESTAMP 'xxx'", Fails("INVALID_LITERAL", "'xxx' is not a valid timestamp literal")),
        ("TIMESTAMP '2001-02-29'", Fails("INVALID_LITERAL")),
        ("TIMESTAMP '2001-02-28 24:00:00'", Fails("INVALID_LITERAL")),
        ("TIMESTAMP '2001-02-28 12:60:00'", Fails("INVALID_LITERAL")),
    ]),
    Table("date and time", "Trino: data types, timestamp: precision", [
        *_ROUNDED,
        *_WIDENED,
        ("CAST(TIMESTAMP '1969-12-31 23:59:59.999999' AS timestamp(3))", "1970-01-01 00:00:00.000"),
        ("CAST(TIMESTAMP '1500-05-01 12:34:56.5' AS timestamp(0))", "1500-05-01 12:34:57"),
        ("CAST(NULL AS timestamp(3))", None, "timestamp(3)"),
        ("CAST(NULL AS timestamp(12))", None, "timestamp(12)"),
        ("CAST('2020-01-01' AS timestamp(13))", Fails("NUMERIC_VALUE_OUT_OF_RANGE")),
        ("ARRAY[TIMESTAMP '2020-05-10 12:34:56', TIMESTAMP '2020-05-10 12:34:56.111']",
         "[2020-05-10 12:34:56.000, 2020-05-10 12:34:56.111]", "array(timestamp(3))"),
        ("ARRAY[TIMESTAMP '2020-05-10 12:34:56', TIMESTAMP '2020-05-10 12:34:56.111111111']",
         "[2020-05-10 12:34:56.000000000, 2020-05-10 12:34:56.111111111]", "array(timestamp(9))"),
        ("ARRAY[DATE '2020-05-10', TIMESTAMP '2020-05-10 12:34:56.111']",
         "[2020-05-10 00:00:00.000, 2020-05-10 12:34:56.111]", "array(timestamp(3))"),
    ]),
    Table("date and time", "Trino: conversion functions, cast of text to timestamp", [
        *_FROM_TEXT,
        ("CAST('2020-05-10 12:34:56.555555555555' AS timestamp(0))", "2020-05-10 12:34:57"),
        ("CAST('2020-05-10 12:34:56.555555555555' AS timestamp(3))", "2020-05-10 12:34:56.556"),
        ("CAST('2020-05-10 12:34:56.555555555555' AS timestamp(9))", "2020-05-10 12:34:56.555555556"),
        ("CAST('2001-1-22 03:04:05.321' AS timestamp)", "2001-01-22 03:04:05.321", "timestamp(3)"),
        ("CAST('2001-1-22 03:04:05' AS timestamp)", "2001-01-22 03:04:05.000"),
        ("CAST('2001-1-22 03:04' AS timestamp)", "2001-01-22 03:04:00.000"),
        ("CAST('2001-1-22' AS timestamp)", "2001-01-22 00:00:00.000"),
        ("CAST(U&'\\000a\\0009 2001-1-22 03:04:05.321 \\0009\\000a' AS timestamp)", "2001-01-22 03:04:05.321"),
        ("CAST('2001-1-22 03:04:05.321 +07:09' AS timestamp)", "2001-01-22 03:04:05.321"),
        ("CAST('2001-1-22 03:04 Asia/Oral' AS timestamp)", "2001-01-22 03:04:00.000"),
        ("CAST('2001-1-22 Asia/Oral' AS timestamp)", "2001-01-22 00:00:00.000"),
        ("CAST('123001-05-10 12:34:56' AS timestamp(0))", "+123001-05-10 12:34:56"),
        ("CAST('-123001-05-10 12:34:56.1' AS timestamp(1))", "-123001-05-10 12:34:56.1"),
        ("CAST('x' AS timestamp)", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp: x")),
        ("CAST('2020-13-01' AS timestamp)", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp")),
        ("CAST('2020-05-10T12:34:56' AS timestamp)", Fails("INVALID_CAST_ARGUMENT")),
        ("TRY_CAST('2020-02-30' AS timestamp)", None, "timestamp(3)"),
        ("TRY_CAST('x' AS timestamp(9))", None, "timestamp(9)"),
        ("TRY(CAST('x' AS timestamp))", None),
    ]),
    Table("date and time", "Trino: conversion functions, cast of timestamp", [
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321' AS varchar)", "2001-01-22 03:04:05.321", "varchar"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05' AS varchar)", "2001-01-22 03:04:05"),
        ("CAST(TIMESTAMP '2001-1-22' AS varchar)", "2001-01-22 00:00:00"),
        ("CAST(TIMESTAMP '2020-05-10 12:34:56.123456789012' AS varchar)", "2020-05-10 12:34:56.123456789012"),
        ("CAST(TIMESTAMP '2020-05-10 12:34:56' AS varchar(19))", "2020-05-10 12:34:56", "varchar(19)"),
        ("CAST(TIMESTAMP '2020-05-10 12:34:56' AS varchar(10))", Fails("INVALID_CAST_ARGUMENT")),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321' AS date)", "2001-01-22", "date"),
        ("CAST(TIMESTAMP '1969-12-31 23:59:59.999999999999' AS date)", "1969-12-31"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321' AS time)", "03:04:05.321", "time(3)"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321' AS time(0))", "03:04:05", "time(0)"),
        ("CAST(TIMESTAMP '2001-1-22 23:59:59.999' AS time(2))", "00:00:00.00"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.123456789012' AS time(12))", "03:04:05.123456789012"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321' AS time with time zone)", "03:04:05.321+00:00"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321' AS timestamp with time zone)", "2001-01-22 03:04:05.321 UTC",
         "timestamp(3) with time zone"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.987654321' AS timestamp(9) with time zone)",
         "2001-01-22 03:04:05.987654321 UTC"),
        ("CAST(DATE '2012-03-04' AS timestamp)", "2012-03-04 00:00:00.000", "timestamp(3)"),
        ("CAST(DATE '2012-03-04' AS timestamp(12))", "2012-03-04 00:00:00.000000000000"),
        ("CAST(TIMESTAMP '2012-03-04' AS bigint)", Fails("TYPE_MISMATCH", "Cannot cast timestamp(0) to bigint")),
        ("CAST(1 AS timestamp)", Fails("TYPE_MISMATCH", "Cannot cast integer to timestamp(3)")),
    ]),
    Table("date and time", "Trino: comparison of timestamps", [
        ("TIMESTAMP '2001-1-22 03:04:05.321' = TIMESTAMP '2001-1-22 03:04:05.321'", "true"),
        ("TIMESTAMP '2001-1-22' = TIMESTAMP '2001-1-11'", "false"),
        ("TIMESTAMP '2001-1-22 03:04:05.321' <> TIMESTAMP '2001-1-22 03:04:05.333'", "true"),
        ("TIMESTAMP '2001-1-22 03:04:05.321' < TIMESTAMP '2001-1-22 03:04:05'", "false"),
        ("TIMESTAMP '2020-05-01 12:34:56.123456789' < TIMESTAMP '2020-05-01 12:34:56.123456790'", "true"),
        ("TIMESTAMP '2020-05-01 12:34:56.1' = TIMESTAMP '2020-05-01 12:34:56.100000000000'", "true"),
        ("TIMESTAMP '2020-05-01 00:00:00' = DATE '2020-05-01'", "true"),
        ("TIMESTAMP '2001-1-22' BETWEEN TIMESTAMP '2001-1-21' AND TIMESTAMP '2001-1-22 00:00:00.001'", "true"),
        ("TIMESTAMP '2001-1-22' IN (TIMESTAMP '2001-1-21', TIMESTAMP '2001-1-22 00:00:00.000000000')", "true"),
        ("TIMESTAMP '2001-1-22' IS DISTINCT FROM NULL", "true"),
        ("greatest(TIMESTAMP '2013-03-30 01:05', TIMESTAMP '2012-03-30 01:05')", "2013-03-30 01:05:00", "timestamp(0)"),
        ("least(TIMESTAMP '2013-03-30 01:05', TIMESTAMP '2012-03-30 01:05', TIMESTAMP '2012-05-01 01:05')",
         "2012-03-30 01:05:00"),
        ("TIMESTAMP '2001-1-22' = '2001-01-22'", Fails("TYPE_MISMATCH", "Cannot apply operator")),
    ]),
    Table("date and time", "Trino: to_unixtime of timestamps", [
        (_UNIX.format(_DIGITS[:p]), "1.5891140961234567E9" if p > 6 else f"1.5891140961{_DIGITS[1:p].rstrip('0')}E9",
         "double")
        for p in range(1, 13)
    ]),
]  # fmt: skip
