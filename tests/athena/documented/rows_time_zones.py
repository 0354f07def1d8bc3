"""Timestamps with time zone: Trino's data types page, its time zone conversion, summer time as Java and Joda see it."""

from documented.tables import Fails, Row, Table

_DIGITS = "123456789012"
_LITERALS: list[Row] = [
    (f"TIMESTAMP '{year}-05-01 12:34:56{fraction} Asia/Kathmandu'",
     f"{shown}-05-01 12:34:56{fraction} Asia/Kathmandu", f"timestamp({p}) with time zone")
    for year, shown in (("2020", "2020"), ("1500", "1500"), ("12001", "+12001"), ("-12001", "-12001"))
    for p in range(13)
    for fraction in [f".{_DIGITS[:p]}" if p else ""]
]  # fmt: skip
_ROUNDED: list[Row] = [
    (f"CAST(TIMESTAMP '2020-05-10 12:34:56.{'5' * 12} Asia/Kathmandu' AS timestamp({p}) with time zone)",
     ("2020-05-10 12:34:57" if p == 0 else f"2020-05-10 12:34:56.{'5' * (p - 1)}6") + " Asia/Kathmandu")
    for p in range(12)
]  # fmt: skip
_ZONE_NAMES: list[Row] = [
    (f"timezone(TIMESTAMP '2020-05-10 12:34:56 {written}')", shown)
    for written, shown in (
        ("UTC", "UTC"), ("Z", "UTC"), ("GMT", "UTC"), ("+00:00", "UTC"), ("Etc/UTC", "UTC"), ("Zulu", "UTC"),
        ("+07:09", "+07:09"), ("-14:00", "-14:00"), ("+5", "+05:00"), ("+0530", "+05:30"), ("UTC+5", "+05:00"),
        ("GMT-3", "-03:00"), ("Etc/GMT+5", "-05:00"), ("America/Los_Angeles", "America/Los_Angeles"),
        ("Asia/Kolkata", "Asia/Kolkata"), ("US/Pacific", "US/Pacific"),
    )
]  # fmt: skip
_NEW_YORK = "America/New_York"

TABLES = [
    Table("date and time", "Trino: data types, timestamp with time zone: literals", [
        *_LITERALS,
        *_ZONE_NAMES,
        ("TIMESTAMP '2001-08-22 03:04:05.321 +07:09'", "2001-08-22 03:04:05.321 +07:09", "timestamp(3) with time zone"),
        ("TIMESTAMP '2001-08-22 03:04:05.321-08:00'", "2001-08-22 03:04:05.321 -08:00"),
        ("TIMESTAMP '2001-08-22 Europe/Berlin'", "2001-08-22 00:00:00 Europe/Berlin"),
        ("TIMESTAMP '2001-08-22 03:04 UTC'", "2001-08-22 03:04:00 UTC"),
        ("TIMESTAMP '0000-01-02 01:02:03 Asia/Shanghai'", "0000-01-02 01:02:03 Asia/Shanghai"),
        ("TIMESTAMP '1234-05-06 23:23:23.233 America/Los_Angeles'", "1234-05-06 23:23:23.233 America/Los_Angeles"),
        ("TIMESTAMP '2020-05-01 12:34:56.1234567890123 Asia/Kathmandu'",
         Fails("NUMERIC_VALUE_OUT_OF_RANGE", "TIMESTAMP WITH TIME ZONE precision must be in range [0, 12]: 13")),
        ("TIMESTAMP '2020-13-01 Asia/Kathmandu'", Fails("INVALID_LITERAL")),
        ("TIMESTAMP '2020-01-01 Nowhere/Land'", Fails("INVALID_LITERAL")),
        ("TIMESTAMP '2020-01-01 00:00:00 +15:00'", Fails("INVALID_LITERAL")),
        ("TIMESTAMP '123001-01-02 03:04:05.321 Europe/Berlin'", Fails("INVALID_LITERAL")),
        (f"TIMESTAMP '2020-03-08 02:30:00 {_NEW_YORK}'", Fails("INVALID_LITERAL")),
    ]),
    Table("date and time", "Trino: data types, timestamp with time zone: precision and casts", [
        *_ROUNDED,
        ("CAST(TIMESTAMP '2020-05-10 12:34:56.1 Asia/Kathmandu' AS timestamp(12) with time zone)",
         "2020-05-10 12:34:56.100000000000 Asia/Kathmandu"),
        ("CAST('2020-05-10 12:34:56.5555 Asia/Kathmandu' AS timestamp(3) with time zone)",
         "2020-05-10 12:34:56.556 Asia/Kathmandu"),
        ("CAST('2020-05-10 12:34:56.123' AS timestamp with time zone)", "2020-05-10 12:34:56.123 UTC",
         "timestamp(3) with time zone"),
        ("CAST('2020-05-10' AS timestamp(0) with time zone)", "2020-05-10 00:00:00 UTC"),
        (f"CAST('2020-03-08 02:30:00 {_NEW_YORK}' AS timestamp(0) with time zone)", f"2020-03-08 03:30:00 {_NEW_YORK}"),
        ("CAST('xyz' AS timestamp with time zone)",
         Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp: xyz")),
        ("CAST('2020-05-10 12:34:56 Nowhere/Land' AS timestamp with time zone)", Fails("INVALID_CAST_ARGUMENT")),
        ("TRY_CAST('xyz' AS timestamp with time zone)", None),
        ("CAST(TIMESTAMP '2020-05-10 12:34:56.1 Asia/Kathmandu' AS varchar)", "2020-05-10 12:34:56.1 Asia/Kathmandu"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321 +07:09' AS date)", "2001-01-22"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321 +07:09' AS time)", "03:04:05.321", "time(3)"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321 +07:09' AS time with time zone)", "03:04:05.321+07:09"),
        ("CAST(TIMESTAMP '2017-06-06 10:00:00.000 Europe/Warsaw' AS time with time zone)", "10:00:00.000+02:00"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.321 +07:09' AS timestamp)", "2001-01-22 03:04:05.321", "timestamp(3)"),
        ("CAST(TIMESTAMP '2001-1-22 03:04:05.123456789 Europe/Berlin' AS timestamp(12))",
         "2001-01-22 03:04:05.123456789000"),
        ("CAST(DATE '2012-03-04' AS timestamp with time zone)", "2012-03-04 00:00:00.000 UTC"),
    ]),
    Table("date and time", "Trino: time zone conversion", [
        ("TIMESTAMP '2012-10-31 01:00 UTC'", "2012-10-31 01:00:00 UTC"),
        ("TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles'",
         "2012-10-30 18:00:00 America/Los_Angeles", "timestamp(0) with time zone"),
        ("TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE INTERVAL '10' HOUR", "2012-10-31 11:00:00 +10:00"),
        ("TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE INTERVAL '-05:30' HOUR TO MINUTE",
         "2012-10-30 19:30:00 -05:30"),
        ("TIMESTAMP '2012-10-31 01:00' AT TIME ZONE '+05:45'", "2012-10-31 06:45:00 +05:45"),
        ("at_timezone(TIMESTAMP '2012-10-31 01:00:00.123456789 UTC', 'Asia/Kolkata')",
         "2012-10-31 06:30:00.123456789 Asia/Kolkata", "timestamp(9) with time zone"),
        ("TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE 'Nowhere/Land'",
         Fails("INVALID_FUNCTION_ARGUMENT", "'Nowhere/Land' is not a valid time zone")),
        ("TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE INTERVAL '15' HOUR", Fails("INVALID_FUNCTION_ARGUMENT")),
        ("TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE INTERVAL '1' SECOND",
         Fails("INVALID_FUNCTION_ARGUMENT", "Invalid time zone offset interval: interval contains seconds")),
        ("TIME '12:34:56.1+08:35' AT TIME ZONE '+10:00'", "13:59:56.1+10:00", "time(1) with time zone"),
        ("TIME '23:30:00+00:00' AT TIME ZONE INTERVAL '2' HOUR", "01:30:00+02:00"),
        ("with_timezone(TIMESTAMP '2001-08-22 03:04:05.321', 'UTC')", "2001-08-22 03:04:05.321 UTC",
         "timestamp(3) with time zone"),
        ("with_timezone(TIMESTAMP '2001-08-22 03:04:05.321', '+13')", "2001-08-22 03:04:05.321 +13:00"),
        ("with_timezone(TIMESTAMP '2001-08-22 03:04:05.321', 'America/New_York')",
         "2001-08-22 03:04:05.321 America/New_York"),
        ("with_timezone(TIMESTAMP '2001-12-01 03:04:05.123456789', 'America/Los_Angeles')",
         "2001-12-01 03:04:05.123456789 America/Los_Angeles", "timestamp(9) with time zone"),
        ("with_timezone(TIMESTAMP '2001-08-22 03:04:05.321', 'invalidzoneid')",
         Fails("INVALID_FUNCTION_ARGUMENT", "'invalidzoneid' is not a valid time zone")),
        ("timezone(TIME '12:00:00+05:30')", "+05:30"),
        ("timezone_hour(TIMESTAMP '2001-08-22 03:04:05.321 +07:09')", "7", "bigint"),
        ("timezone_minute(TIMESTAMP '2001-08-22 03:04:05.321 +07:09')", "9"),
        ("timezone_hour(TIMESTAMP '2001-08-22 03:04:05.321 -05:30')", "-5"),
        ("timezone_minute(TIMESTAMP '2001-08-22 03:04:05.321 -05:30')", "-30"),
        ("timezone_hour(TIMESTAMP '2001-08-22 03:04:05.321 America/New_York')", "-4"),
        ("timezone_hour(TIMESTAMP '2001-01-22 03:04:05.321 America/New_York')", "-5"),
        ("timezone_hour(TIME '12:00:00-05:30')", "-5"),
        ("timezone_minute(TIME '12:00:00-05:30')", "-30"),
        ("extract(timezone_hour FROM TIMESTAMP '2001-08-22 03:04:05.321 +07:09')", "7"),
        ("extract(timezone_minute FROM TIMESTAMP '2001-08-22 03:04:05.321 +07:09')", "9"),
    ]),
    Table("date and time", "Trino: timestamps with time zone are instants", [
        ("TIMESTAMP '2020-01-01 00:00:00 UTC' = TIMESTAMP '2020-01-01 01:00:00 +01:00'", "true"),
        ("TIMESTAMP '2020-01-01 00:00:00 UTC' < TIMESTAMP '2020-01-01 00:00:00 America/New_York'", "true"),
        ("TIMESTAMP '2020-01-01 00:00:00 UTC' = TIMESTAMP '2020-01-01 00:00:00'", "true"),
        ("TIMESTAMP '2020-01-01 00:00:00 UTC' = DATE '2020-01-01'", "true"),
        ("TIMESTAMP '2020-01-01 00:00:00.000000000 UTC' = TIMESTAMP '2020-01-01 02:00:00.0 +02:00'", "true"),
        ("TIME '10:00:00+01:00' = TIME '09:00:00+00:00'", "true"),
        ("TIME '23:00:00-02:00' = TIME '01:00:00+00:00'", "true"),
        ("TIMESTAMP '2020-01-01 00:00:00 UTC' IN (TIMESTAMP '2020-01-01 01:00:00 +01:00')", "true"),
        ("SELECT count(*) FROM (SELECT DISTINCT x FROM (VALUES TIMESTAMP '2020-01-01 00:00:00 UTC', "
         "TIMESTAMP '2020-01-01 01:00:00 +01:00') t(x))", "1"),
    ]),
    Table("date and time", "Trino: summer time", [
        (f"TIMESTAMP '2020-11-01 01:30:00 {_NEW_YORK}' AT TIME ZONE 'UTC'", "2020-11-01 05:30:00 UTC"),
        (f"with_timezone(TIMESTAMP '2020-03-08 02:30:00', '{_NEW_YORK}')", f"2020-03-08 03:30:00 {_NEW_YORK}"),
        (f"date_add('day', 1, TIMESTAMP '2020-03-07 12:00:00 {_NEW_YORK}')", f"2020-03-08 12:00:00 {_NEW_YORK}"),
        (f"date_add('hour', 24, TIMESTAMP '2020-03-07 12:00:00 {_NEW_YORK}')", f"2020-03-08 13:00:00 {_NEW_YORK}"),
        (f"date_add('day', 1, TIMESTAMP '2020-03-07 02:30:00 {_NEW_YORK}')", f"2020-03-08 03:30:00 {_NEW_YORK}"),
        (f"date_add('hour', 1, TIMESTAMP '2020-11-01 01:30:00 {_NEW_YORK}') AT TIME ZONE 'UTC'",
         "2020-11-01 06:30:00 UTC"),
        (f"date_diff('day', TIMESTAMP '2020-03-07 12:00 {_NEW_YORK}', TIMESTAMP '2020-03-08 12:00 {_NEW_YORK}')", "1"),
        (f"date_diff('hour', TIMESTAMP '2020-03-07 12:00 {_NEW_YORK}', TIMESTAMP '2020-03-08 12:00 {_NEW_YORK}')",
         "23"),
        (f"date_trunc('day', TIMESTAMP '2020-03-08 12:00:00 {_NEW_YORK}')", f"2020-03-08 00:00:00 {_NEW_YORK}"),
        (f"date_trunc('hour', TIMESTAMP '2020-11-01 06:30:00 UTC' AT TIME ZONE '{_NEW_YORK}') AT TIME ZONE 'UTC'",
         "2020-11-01 06:00:00 UTC"),
        (f"TIMESTAMP '2020-03-07 12:00:00 {_NEW_YORK}' + INTERVAL '1' DAY", f"2020-03-08 13:00:00.000 {_NEW_YORK}"),
        (f"TIMESTAMP '2020-02-08 12:00:00 {_NEW_YORK}' + INTERVAL '1' MONTH", f"2020-03-08 12:00:00 {_NEW_YORK}"),
        ("TIMESTAMP '1850-01-01 00:00:00 America/New_York' AT TIME ZONE 'UTC'", "1850-01-01 04:56:02 UTC"),
        ("TIMESTAMP '2011-12-29 12:00:00 Pacific/Apia' + INTERVAL '24' HOUR", "2011-12-31 12:00:00.000 Pacific/Apia"),
    ]),
]  # fmt: skip
