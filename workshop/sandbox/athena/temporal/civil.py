"""The proleptic Gregorian calendar for any year, as days since 1970-01-01 (Python's own has the years 1 to 9999)."""

EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_OF_ERA = 146_097  # 400 years


def is_leap(year: int) -> bool:
    """Whether the year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Days of a month (1 to 12)."""
    return 29 if month == 2 and is_leap(year) else _LENGTHS[month - 1]


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date."""
    year -= month <= 2  # years that begin in March have their leap day at their end
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_OF_ERA + day_of_era - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day since 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, _DAYS_OF_ERA)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def weekday(days: int) -> int:
    """ISO's day of the week: 1 is Monday, 7 Sunday."""
    return (days + EPOCH_WEEKDAY) % 7 + 1


def first_week(year: int) -> int:
    """The Monday of ISO's first week of a year, in days since 1970-01-01."""
    fourth = days_of(year, 1, 4)
    return fourth - (weekday(fourth) - 1)


def iso_week(days: int) -> tuple[int, int]:
    """ISO's week-numbering year, and the week in it."""
    year = date_of(days - (weekday(days) - 4))[0]
    return year, (days - first_week(year)) // 7 + 1


def weeks_of(year: int) -> int:
    """Weeks of ISO's week-numbering year."""
    return (first_week(year + 1) - first_week(year)) // 7
