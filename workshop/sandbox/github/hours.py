"""The calendar of GH Archive's replica: which hours there are, how busy each one is, and which ids belong to it.

Everything follows from an hour's name by integers alone, so that every machine has the same archive. The archive of
https://www.gharchive.org begins in 2011, and on 2015-01-01 with events in the shape that the Events API has today;
the replica begins on that day. It ends with the last full hour.
"""

import hashlib
import random
import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta

from workshop.sandbox.github.generator import FIRST_EVENT_AT, FIRST_ID

FIRST_HOUR = datetime(2015, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Hours that GH Archive does not have: about 0.5 % of some 69,000, by a public mirror's count.
MISSING_ONE_IN = 200
# The days that lessons speak of: two whole weeks, which are complete but for one hour that is always missing.
LESSON_DAYS = tuple(date(2024, 1, 8) + timedelta(days=number) for number in range(14))
MISSING_LESSON_HOUR = datetime(2024, 1, 15, 11, tzinfo=UTC)
# The only hour with lines that are not events: see `poison.py`.
POISONED_HOUR = datetime(2024, 1, 15, 3, tzinfo=UTC)

# So many ids belong to each hour, however many of them it uses: no two hours can ever share one, and ids grow with
# time. The generator's events, which need far fewer, lie where they belong. All ids have eleven digits, so they sort
# alike as numbers and as text; the real ones grew from ten digits to eleven in these years.
IDS_PER_HOUR = 440_000
# The last ones of each hour are for lines that are not events.
SPARE_IDS = 1_000
LARGEST_ID = 99_999_999_999

# How busy an hour is in thousandths of the average, by hour of the day (UTC) and by day of the week from Monday:
# quiet while America sleeps, busiest when Europe and America both work, a third less at the weekend.
RHYTHM_OF_DAY = (
    700, 690, 680, 660, 640, 650, 730, 870, 1030, 1110, 1120, 1110,
    1150, 1290, 1420, 1460, 1420, 1320, 1220, 1140, 1060, 920, 830, 780,
)  # fmt: skip
RHYTHM_OF_WEEK = (1060, 1110, 1120, 1110, 1050, 780, 770)
# An hour is up to so many thousandths busier or quieter than that.
NOISE = 60
# At the busiest hour, 1.74 times the average, the ids of an hour still suffice.
MAX_EVENTS_PER_HOUR = 200_000

NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})-(\d|1\d|2[0-3])\.json\.gz", re.ASCII)


def name_of(hour: datetime) -> str:
    """The file's name; the hour in it is not padded."""
    return f"{hour:%Y-%m-%d}-{hour.hour}.json.gz"


def hour_of(name: str) -> datetime | None:
    """The hour that a file's name stands for, None for any other name."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    year, month, day, hour = (int(number) for number in found.groups())
    try:
        return datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return None


def is_covered(hour: datetime, now: datetime) -> bool:
    """Whether the archive reaches as far as this hour: not before 2015, and over by `now`."""
    return hour >= FIRST_HOUR and hour + HOUR <= now and _first_id(hour) + IDS_PER_HOUR <= LARGEST_ID + 1


def is_missing(hour: datetime) -> bool:
    """Whether the archive has a hole at this hour."""
    if hour.date() in LESSON_DAYS:
        return hour == MISSING_LESSON_HOUR
    return _hash(f"missing {name_of(hour)}") % MISSING_ONE_IN == 0


def count_of(hour: datetime, events_per_hour: int) -> int:
    """How many events an hour has if the hours of a week have `events_per_hour` on average; at least one."""
    noise = 1000 - NOISE + _hash(f"busy {name_of(hour)}") % (2 * NOISE + 1)
    thousandths = events_per_hour * RHYTHM_OF_DAY[hour.hour] * RHYTHM_OF_WEEK[hour.weekday()] * noise
    return max(1, thousandths // 1000**3)


def ids_of(hour: datetime, events: int, taken: Collection[int], rng: random.Random) -> Iterator[int]:
    """Increasing ids for so many events of an hour, none of them in `taken`. ValueError for more events than ids.

    Each event has an equal share of the hour's ids to itself, and `rng` says where in that share its id lies.
    """
    first = _first_id(hour)
    avoid = sorted(number for number in taken if first <= number < first + IDS_PER_HOUR - SPARE_IDS)
    share = (IDS_PER_HOUR - SPARE_IDS - len(avoid)) // events
    if share < 1:
        raise ValueError(f"{events} events are more than {name_of(hour)} has ids")
    passed = 0
    for start in range(first, first + events * share, share):
        # Ids are counted without those to avoid, so each of them that is passed moves the rest by one.
        identifier = start + int(rng.random() * share)
        while passed < len(avoid) and avoid[passed] <= identifier + passed:
            passed += 1
        yield identifier + passed


def spare_id(hour: datetime, number: int) -> int:
    """An id of the hour that no event of it has."""
    return _first_id(hour) + IDS_PER_HOUR - SPARE_IDS + number


def _first_id(hour: datetime) -> int:
    return FIRST_ID + (hour - FIRST_EVENT_AT.replace(minute=0)) // HOUR * IDS_PER_HOUR


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
