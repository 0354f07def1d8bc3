"""Dates, times of day, and the current moment: Trino's data types page, and what it follows for its own tests."""

from documented.tables import Fails, Row, Table

_DIGITS = "123456789012"
_LITERALS: list[Row] = [
    (f"TIME '12:34:56{fraction}{zone}'", f"12:34:56{fraction}{zone.strip()}",
     f"time({p})" + (" with time zone" if zone else ""))
    for zone in ("", "+08:35", " -08:35")
    for p in range(13)
    for fraction in [f".{_DIGITS[:p]}" if p else ""]
]  # fmt: skip
_ROUNDED: list[Row] = [
    (f"CAST(TIME '12:34:56.{'5' * 12}' AS time({p}))",
     "12:34:57" if p == 0 else f"12:34:56.{'5' * (p - 1)}6", f"time({p})")
    for p in range(12)
]  # fmt: skip
_WRAPPED: list[Row] = [
    (f"CAST(TIME '23:59:59.{'9' * 12}{zone}' AS time({p}){kind})", f"00:00:00{'.' if p else ''}{'0' * p}{zone}")
    for p in range(12)
    for zone, kind in (("", ""), ("+08:35", " with time zone"))
]
_COMPARED: list[Row] = [
    (f"{kind} '{a}' {operator} {kind} '{b}'", expected)
    for kind, low, high in (
        ("DATE", "2001-01-22", "2001-01-23"),
        ("TIME", "01:02:03.321", "01:02:03.333"),
        ("TIME", "20:00:00.0+08:00", "20:00:00.0+07:00"),
        ("TIMESTAMP", "2001-01-22 03:04:05.321 +05:09", "2001-01-22 03:04:05.321 +04:09"),
    )
    for a, operator, b, expected in (
        (low, "=", low, "true"), (low, "=", high, "false"), (low, "<>", high, "true"), (low, "<>", low, "false"),
        (low, "<", high, "true"), (low, "<", low, "false"), (high, "<", low, "false"), (low, "<=", low, "true"),
        (high, "<=", low, "false"), (high, ">", low, "true"), (low, ">", low, "false"), (low, ">=", low, "true"),
        (low, ">=", high, "false"), (low, "IS DISTINCT FROM", high, "true"), (low, "IS DISTINCT FROM", low, "false"),
    )
]  # fmt: skip

TABLES = [
    Table("date and time", "Trino: data types, time and time with time zone: literals", [
        *_LITERALS,
        ("TIME '1:2:3'", "01:02:03"),
        ("TIME '03:04'", "03:04:00", "time(0)"),
        ("TIME '03:04:05.321'", "03:04:05.321", "time(3)"),
        ("TIME '03:04:05.321 +07:09'", "03:04:05.321+07:09", "time(3) with time zone"),
        ("TIME '03:04+14:00'", "03:04:00+14:00"),
        ("TIME '12:34:56.1234567890123'",
         Fails("NUMERIC_VALUE_OUT_OF_RANGE", "TIME precision must be in range [0, 12]: 13")),
        ("TIME '12:34:56.1234567890123+08:35'",
         Fails("NUMERIC_VALUE_OUT_OF_RANGE", "TIME WITH TIME ZONE precision must be in range [0, 12]: 13")),
        ("TIME '25:00:00'", Fails("INVALID_LITERAL", "'25:00:00' is not a valid time literal")),
        ("TIME '12:65:00'", Fails("INVALID_LITERAL", "'12:65:00' is not a valid time literal")),
        ("TIME '12:34:65'", Fails("INVALID_LITERAL")),
        ("TIME 'xxx'", Fails("INVALID_LITERAL", "'xxx' is not a valid time literal")),
        ("TIME '12:00:00+15:00'", Fails("INVALID_LITERAL")),
        ("TIME '12:00:00 Europe/Berlin'", Fails("INVALID_LITERAL")),
    ]),
    Table("date and time", "Trino: data types, time: precision", [
        *_ROUNDED,
        *_WRAPPED,
        ("CAST(TIME '12:34:56.12' AS time(12))", "12:34:56.120000000000", "time(12)"),
        ("CAST(NULL AS time)", None, "time(3)"),
        ("CAST(NULL AS time(9) with time zone)", None, "time(9) with time zone"),
        ("ARRAY[TIME '12:34:56', TIME '12:34:56.111']", "[12:34:56.000, 12:34:56.111]", "array(time(3))"),
    ]),
    Table("date and time", "Trino: conversion functions, cast of time", [
        ("CAST('12:34:56.5555555' AS time(3))", "12:34:56.556", "time(3)"),
        ("CAST('12:34:56' AS time(0))", "12:34:56"),
        ("CAST('1:2' AS time)", "01:02:00.000"),
        ("CAST('23:59:59.999999999999' AS time(11))", "00:00:00.00000000000"),
        ("CAST('12:34:56.555+08:35' AS time(2) with time zone)", "12:34:56.56+08:35"),
        ("CAST('xyz' AS time)", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to time: xyz")),
        ("CAST('25:00' AS time)", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to time: 25:00")),
        ("TRY_CAST('25:00' AS time)", None),
        ("CAST(TIME '12:34:56.123456' AS varchar)", "12:34:56.123456", "varchar"),
        ("CAST(TIME '12:34:56.1+08:35' AS varchar)", "12:34:56.1+08:35"),
        ("CAST(TIME '12:34:56' AS varchar(4))", Fails("INVALID_CAST_ARGUMENT")),
        ("CAST(TIME '12:34:56.1' AS time with time zone)", "12:34:56.100+00:00"),
        ("CAST(TIME '12:34:56.1+08:35' AS time)", "12:34:56.100", "time(3)"),
        ("CAST(TIME '12:34:56.16+08:35' AS time(1))", "12:34:56.2"),
        ("CAST(CAST(TIME '12:34:56.1' AS timestamp(3)) AS time(1))", "12:34:56.1"),
        ("CAST(TIME '12:34:56' AS date)", Fails("TYPE_MISMATCH", "Cannot cast time(0) to date")),
        ("CAST(TIME '12:34:56' AS bigint)", Fails("TYPE_MISMATCH")),
    ]),
    Table("date and time", "Trino: data types, date", [
        ("DATE '2012-12-31'", "2012-12-31", "date"),
        ("DATE '2001-1-2'", "2001-01-02"),
        ("DATE '0000-12-31'", "0000-12-31"),
        ("DATE '0001-10-25'", "0001-10-25"),
        ("DATE '1560-04-29'", "1560-04-29"),
        ("DATE '-0044-03-15'", "-0044-03-15"),
        ("DATE '12345-06-07'", "12345-06-07"),
        ("DATE '2013-02-29'", Fails("INVALID_LITERAL", "'2013-02-29' is not a valid date literal")),
        ("DATE '5881580-07-12'", Fails("INVALID_LITERAL", "'5881580-07-12' is not a valid date literal")),
        ("DATE '392251590-07-12'", Fails("INVALID_LITERAL")),
        ("DATE 'x'", Fails("INVALID_LITERAL", "'x' is not a valid date literal")),
        ("CAST('2013-02-02' AS date)", "2013-02-02", "date"),
        ("CAST(' 2013-02-02 ' AS date)", "2013-02-02"),
        ("CAST('2013-2-2' AS date)", "2013-02-02"),
        ("CAST('2013-02-29' AS date)", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to date: 2013-02-29")),
        ("CAST('2013-02-02 00:00:00' AS date)", Fails("INVALID_CAST_ARGUMENT")),
        ("CAST('x' AS date)", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to date: x")),
        ("TRY_CAST('x' AS date)", None),
        ("CAST(DATE '2013-02-02' AS varchar)", "2013-02-02"),
        ("CAST(DATE '2013-02-02' AS varchar(10))", "2013-02-02", "varchar(10)"),
        ("CAST(DATE '2013-02-02' AS varchar(9))", Fails("INVALID_CAST_ARGUMENT")),
        ("CAST(DATE '2001-01-22' AS time)", Fails("TYPE_MISMATCH", "Cannot cast date to time(3)")),
        ("DATE '2001-01-22' = '2001-01-22'", Fails("TYPE_MISMATCH")),
        ("greatest(DATE '2013-03-30', DATE '2012-05-23', DATE '2012-06-01')", "2013-03-30", "date"),
        ("least(DATE '2013-03-30', DATE '2012-05-23')", "2012-05-23"),
    ]),
    Table("date and time", "Trino: comparison of dates and times", _COMPARED),
    Table("date and time", "Trino: date and time functions, current moment", [
        ("current_date", "2020-12-18", "date"),
        ("current_date()", Fails("SYNTAX")),
        ("localtime", "15:42:01.123", "time(3)"),
        ("localtime(0)", "15:42:01", "time(0)"),
        ("localtime(6)", "15:42:01.123456"),
        ("localtime(9)", "15:42:01.123456000", "time(9)"),
        ("current_time", "15:42:01.123+00:00", "time(3) with time zone"),
        ("current_time(1)", "15:42:01.1+00:00"),
        ("localtimestamp", "2020-12-18 15:42:01.123", "timestamp(3)"),
        ("localtimestamp(0)", "2020-12-18 15:42:01", "timestamp(0)"),
        ("localtimestamp(12)", "2020-12-18 15:42:01.123456000000"),
        ("current_timestamp", "2020-12-18 15:42:01.123 UTC", "timestamp(3) with time zone"),
        ("current_timestamp(6)", "2020-12-18 15:42:01.123456 UTC", "timestamp(6) with time zone"),
        ("current_timestamp(9)", "2020-12-18 15:42:01.123456000 UTC", "timestamp(9) with time zone"),
        ("now()", "2020-12-18 15:42:01.123 UTC", "timestamp(3) with time zone"),
        ("current_timezone()", "UTC", "varchar"),
        ("now() = current_timestamp", "true"),
        ("current_timestamp(13)", Fails("NUMERIC_VALUE_OUT_OF_RANGE")),
    ]),
]  # fmt: skip
