"""Date and time functions: examples of Trino's page, and the values of what it follows for its own tests."""

from documented.tables import Fails, Row, Table

_TS = "TIMESTAMP '2001-08-22 03:04:05.321'"
_TZ = "TIMESTAMP '2001-08-22 03:04:05.321 +07:09'"
_DATE = "DATE '2001-08-22'"
_TIME = "TIME '03:04:05.321'"
_ZONED_TIME = "TIME '03:04:05.321 +07:09'"

_DATE_FIELDS = {
    "year": 2001, "quarter": 3, "month": 8, "week": 34, "week_of_year": 34, "day": 22, "day_of_month": 22,
    "day_of_week": 3, "dow": 3, "day_of_year": 234, "doy": 234, "year_of_week": 2001, "yow": 2001,
}  # fmt: skip
_CLOCK_FIELDS = {"hour": 3, "minute": 4, "second": 5, "millisecond": 321}
_FIELDS: list[Row] = [
    *((f"{name}({value})", str(expected), "bigint") for name, expected in _DATE_FIELDS.items()
      for value in (_DATE, _TS, _TZ)),
    *((f"{name}({value})", str(expected), "bigint") for name, expected in _CLOCK_FIELDS.items()
      for value in (_TS, _TZ, _TIME, _ZONED_TIME)),
    *((f"extract({name} FROM {value})", str(expected)) for name, expected in _DATE_FIELDS.items()
      if name != "week_of_year" for value in (_DATE, _TS, _TZ)),
    *((f"extract({name} FROM {value})", str(expected)) for name, expected in _CLOCK_FIELDS.items()
      if name != "millisecond" for value in (_TS, _TZ, _TIME, _ZONED_TIME)),
    *((f"extract(quarter FROM {kind} '2001-{day}{behind}')", quarter)
      for kind, behind in (("DATE", ""), ("TIMESTAMP", " 23:59:59.999"), ("TIMESTAMP", " 00:00:00.000 +06:00"))
      for day, quarter in (("01-01", "1"), ("03-31", "1"), ("04-01", "2"), ("06-30", "2"), ("07-01", "3"),
                           ("09-30", "3"), ("10-01", "4"), ("12-31", "4"))),
]  # fmt: skip
_TRUNCATED = {
    "millisecond": "2001-08-22 03:04:05.321", "second": "2001-08-22 03:04:05.000",
    "minute": "2001-08-22 03:04:00.000", "hour": "2001-08-22 03:00:00.000", "day": "2001-08-22 00:00:00.000",
    "week": "2001-08-20 00:00:00.000", "month": "2001-08-01 00:00:00.000", "quarter": "2001-07-01 00:00:00.000",
    "year": "2001-01-01 00:00:00.000",
}  # fmt: skip
_ADDED = {
    "millisecond": "2001-08-22 03:04:05.324", "second": "2001-08-22 03:04:08.321",
    "minute": "2001-08-22 03:07:05.321", "hour": "2001-08-22 06:04:05.321", "day": "2001-08-25 03:04:05.321",
    "week": "2001-09-12 03:04:05.321", "month": "2001-11-22 03:04:05.321", "quarter": "2002-05-22 03:04:05.321",
    "year": "2004-08-22 03:04:05.321",
}  # fmt: skip
_TIMES_ADDED = {"millisecond": "03:04:05.324", "second": "03:04:08.321", "minute": "03:07:05.321",
                "hour": "06:04:05.321"}  # fmt: skip
_BETWEEN = {
    "millisecond": "1303416115643", "second": "1303416115", "minute": "21723601", "hour": "362060", "day": "15085",
    "week": "2155", "month": "495", "quarter": "165", "year": "41",
}  # fmt: skip
"""Since 1960-05-03 07:02:09.678."""

TABLES = [
    Table("date and time", "Trino: date and time functions, extraction", [
        *_FIELDS,
        ("year_of_week(DATE '2005-01-02')", "2004"),
        ("year_of_week(DATE '2008-12-28')", "2008"),
        ("year_of_week(DATE '2008-12-29')", "2009"),
        ("year_of_week(DATE '2009-12-31')", "2009"),
        ("year_of_week(DATE '2010-01-03')", "2009"),
        ("year_of_week(TIMESTAMP '2010-01-03 03:04:05.321')", "2009"),
        ("millisecond(TIMESTAMP '2020-05-10 12:34:56.987654321')", "987"),
        ("second(TIMESTAMP '1969-12-31 23:59:59.5')", "59"),
        ("year(DATE '-0044-03-15')", "-44"),
        ("year(TIMESTAMP '12345-01-01 00:00:00')", "12345"),
        ("year(CAST(NULL AS date))", None, "bigint"),
        ("hour(DATE '2001-08-22')", "0"),
        ("extract(fortnight FROM DATE '2001-08-22')", Fails("INVALID_FUNCTION_ARGUMENT")),
        ("year('2001-08-22')", Fails("FUNCTION_NOT_FOUND", "Unexpected parameters (varchar(10)) for function year")),
    ]),
    Table("date and time", "Trino: date and time functions, date_trunc", [
        *((f"date_trunc('{unit}', {_TS})", expected, "timestamp(3)") for unit, expected in _TRUNCATED.items()),
        *((f"date_trunc('{unit}', {_TZ})", f"{expected} +07:09", "timestamp(3) with time zone")
          for unit, expected in _TRUNCATED.items()),
        *((f"date_trunc('{unit}', {_DATE})", _TRUNCATED[unit][:10], "date")
          for unit in ("day", "week", "month", "quarter", "year")),
        ("date_trunc('second', TIME '03:04:05.321')", "03:04:05.000", "time(3)"),
        ("date_trunc('minute', TIME '03:04:05.321')", "03:04:00.000"),
        ("date_trunc('hour', TIME '03:04:05.321')", "03:00:00.000"),
        ("date_trunc('hour', TIME '03:04:05.321 +07:09')", "03:00:00.000+07:09"),
        ("date_trunc('HOUR', TIMESTAMP '2020-05-10 12:34:56')", "2020-05-10 12:00:00", "timestamp(0)"),
        ("date_trunc('second', TIMESTAMP '2020-05-10 12:34:56.123456789012')", "2020-05-10 12:34:56.000000000000"),
        ("date_trunc('millisecond', TIMESTAMP '1969-12-31 23:59:59.9996')", "1969-12-31 23:59:59.9990"),
        ("date_trunc('month', TIMESTAMP '1960-05-03 00:00:00')", "1960-05-01 00:00:00"),
        ("date_trunc('week', DATE '2001-08-19')", "2001-08-13"),
        ("date_trunc(x, DATE '2001-08-22') FROM (VALUES 'month') t(x)", "2001-08-01"),
        ("date_trunc('hour', DATE '2001-08-22')",
         Fails("INVALID_FUNCTION_ARGUMENT", "'hour' is not a valid DATE field")),
        ("date_trunc('day', TIME '03:04:05')", Fails("INVALID_FUNCTION_ARGUMENT", "'day' is not a valid Time field")),
        ("date_trunc('foo', TIMESTAMP '2001-08-22 03:04:05')",
         Fails("INVALID_FUNCTION_ARGUMENT", "'foo' is not a valid Timestamp field")),
        ("TRY(date_trunc('foo', TIMESTAMP '2001-08-22 03:04:05'))", None),
    ]),
    Table("date and time", "Trino: date and time functions, date_add", [
        *((f"date_add('{unit}', 3, {_TS})", expected, "timestamp(3)") for unit, expected in _ADDED.items()),
        *((f"date_add('{unit}', 3, {_TZ})", f"{expected} +07:09", "timestamp(3) with time zone")
          for unit, expected in _ADDED.items()),
        *((f"date_add('{unit}', 3, {_DATE})", _ADDED[unit][:10], "date")
          for unit in ("day", "week", "month", "quarter", "year")),
        *((f"date_add('{unit}', 3, {_TIME})", expected, "time(3)") for unit, expected in _TIMES_ADDED.items()),
        ("date_add('hour', 23, TIME '03:04:05.321')", "02:04:05.321"),
        ("date_add('hour', -4, TIME '03:04:05.321')", "23:04:05.321"),
        ("date_add('hour', -23, TIME '03:04:05.321 +07:09')", "04:04:05.321+07:09"),
        ("date_add('day', 0, DATE '2001-08-22')", "2001-08-22"),
        ("date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01 00:01:26", "timestamp(0)"),
        ("date_add('hour', 9, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01 09:00:00"),
        ("date_add('day', -1, TIMESTAMP '2020-03-01 00:00:00 UTC')", "2020-02-29 00:00:00 UTC"),
        ("date_add('month', 1, DATE '2020-01-31')", "2020-02-29"),
        ("date_add('year', 1, DATE '2020-02-29')", "2021-02-28"),
        ("date_add('quarter', -1, DATE '2020-05-31')", "2020-02-29"),
        ("date_add('millisecond', 600, TIMESTAMP '2020-05-10 12:34:56')", "2020-05-10 12:34:57"),
        ("date_add('millisecond', 1, TIMESTAMP '2020-05-10 12:34:56.123456789')", "2020-05-10 12:34:56.124456789"),
        ("date_add('hour', 1, DATE '2001-08-22')", Fails("INVALID_FUNCTION_ARGUMENT", "is not a valid DATE field")),
        ("date_add('day', CAST(NULL AS bigint), DATE '2001-08-22')", None),
    ]),
    Table("date and time", "Trino: date and time functions, date_diff", [
        *((f"date_diff('{unit}', TIMESTAMP '1960-05-03 07:02:09.678{zone}', {value})", expected, "bigint")
          for unit, expected in _BETWEEN.items() for zone, value in (("", _TS), (" +07:09", _TZ))),
        *((f"date_diff('{unit}', DATE '1960-05-03', {_DATE})", expected)
          for unit, expected in (("day", "15086"), ("week", "2155"), ("month", "495"), ("quarter", "165"),
                                 ("year", "41"))),
        *((f"date_diff('{unit}', TIME '07:02:09.678{zone}', {value})", expected)
          for unit, expected in (("millisecond", "-14284357"), ("second", "-14284"), ("minute", "-238"),
                                 ("hour", "-3"))
          for zone, value in (("", _TIME), (" +07:09", _ZONED_TIME))),
        ("date_diff('second', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')", "86400"),
        ("date_diff('hour', TIMESTAMP '2020-03-01 00:00:00 UTC', TIMESTAMP '2020-03-02 00:00:00 UTC')", "24"),
        ("date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1"),
        ("date_diff('second', TIMESTAMP '2020-06-01 12:30:45.000', TIMESTAMP '2020-06-02 12:30:45.123')", "86400"),
        ("date_diff('millisecond', TIMESTAMP '2020-06-01 12:30:45.000', TIMESTAMP '2020-06-02 12:30:45.123')",
         "86400123"),
        ("date_diff('month', DATE '2020-01-31', DATE '2020-02-29')", "1"),
        ("date_diff('month', DATE '2020-02-29', DATE '2020-01-31')", "-1"),
        ("date_diff('month', DATE '2020-01-31', DATE '2020-02-28')", "0"),
        ("date_diff('year', DATE '2020-02-29', DATE '2021-02-28')", "1"),
        ("date_diff('day', TIMESTAMP '2020-03-01 12:00:00', TIMESTAMP '2020-03-02 11:59:59')", "0"),
        ("date_diff('day', TIMESTAMP '2020-03-02 11:59:59', TIMESTAMP '2020-03-01 12:00:00')", "0"),
        ("date_diff('day', TIMESTAMP '2020-01-01 00:00:00', DATE '2020-01-02')", "1"),
    ]),
    Table("date and time", "Trino: date and time functions, last_day_of_month and date", [
        ("last_day_of_month(DATE '2019-08-01')", "2019-08-31", "date"),
        ("last_day_of_month(DATE '2019-08-31')", "2019-08-31"),
        ("last_day_of_month(DATE '2020-02-03')", "2020-02-29"),
        ("last_day_of_month(TIMESTAMP '2019-08-31 23:59:59.999')", "2019-08-31"),
        *((f"last_day_of_month(TIMESTAMP '{moment} {zone}')", day)
          for zone in ("+05:45", "+00:00", "-05:45", "Asia/Tokyo", "Europe/London", "America/Los_Angeles",
                       "America/Bahia_Banderas")
          for moment, day in (("2018-12-31 23:59:59.999", "2018-12-31"), ("2019-01-01 00:00:00.001", "2019-01-31"))),
        ("date('2001-08-22')", "2001-08-22", "date"),
        (f"date({_TS})", "2001-08-22"),
        (f"date({_TZ})", "2001-08-22"),
        ("date('x')", Fails("INVALID_CAST_ARGUMENT", "Value cannot be cast to date: x")),
    ]),
]  # fmt: skip
