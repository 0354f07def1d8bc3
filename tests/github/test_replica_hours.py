"""The archive's calendar. Expected figures are GH Archive's own (https://www.gharchive.org) or plain arithmetic."""

import random
import statistics
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from workshop.sandbox.github.hours import (
    LESSON_DAYS,
    MAX_EVENTS_PER_HOUR,
    count_of,
    hour_of,
    ids_of,
    is_covered,
    is_missing,
    name_of,
    spare_id,
)

HOUR = timedelta(hours=1)
FIRST = datetime(2015, 1, 1, tzinfo=UTC)
# A Monday, and 52 weeks from it.
MONDAY = datetime(2023, 1, 2, tzinfo=UTC)
YEAR = 52 * 7 * 24


def hours(first: datetime, count: int) -> Iterator[datetime]:
    return (first + number * HOUR for number in range(count))


@pytest.mark.parametrize(
    ("name", "hour"),
    [
        ("2024-01-15-3.json.gz", datetime(2024, 1, 15, 3, tzinfo=UTC)),
        ("2024-02-29-23.json.gz", datetime(2024, 2, 29, 23, tzinfo=UTC)),
        ("2015-01-01-0.json.gz", FIRST),
    ],
)
def test_names_stand_for_hours(name: str, hour: datetime) -> None:
    assert hour_of(name) == hour
    assert name_of(hour) == name


@pytest.mark.parametrize(
    "name",
    [
        "2024-01-15-03.json.gz", "2024-01-15-24.json.gz", "2024-01-15--1.json.gz", "2023-02-29-1.json.gz",
        "2024-1-15-3.json.gz", "2024-01-15-3.json", "2024-01-15-3.json.gz.new", "../2024-01-15-3.json.gz",
        "2024-01-15-3.json.gz\n", "2024-01-15.json.gz", "0000-01-15-3.json.gz", "٢٠٢٤-01-15-3.json.gz", "", "_faults",
    ],
)  # fmt: skip
def test_other_names_stand_for_none(name: str) -> None:
    assert hour_of(name) is None


def test_the_archive_reaches_from_2015_to_the_last_full_hour() -> None:
    now = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)
    assert is_covered(FIRST, now)
    assert not is_covered(FIRST - HOUR, now)
    assert is_covered(now - HOUR, now)
    assert not is_covered(now, now)
    assert not is_covered(now - HOUR, now - timedelta(seconds=1))
    assert not is_covered(datetime(9999, 12, 31, 23, tzinfo=UTC) - HOUR, datetime.max.replace(tzinfo=UTC))


def test_half_a_percent_of_the_hours_is_missing() -> None:
    """About 350 of 69,000 hours, by a public mirror's count. The deviation of such a draw is 19."""
    assert 280 < sum(map(is_missing, hours(FIRST, 69_000))) < 410


def test_exactly_one_hour_of_the_lessons_days_is_missing() -> None:
    assert LESSON_DAYS[0] == date(2024, 1, 8)
    assert LESSON_DAYS[-1] == date(2024, 1, 21)
    lessons = list(hours(datetime(2024, 1, 8, tzinfo=UTC), 14 * 24))
    assert {hour.date() for hour in lessons} == set(LESSON_DAYS)
    assert [name_of(hour) for hour in lessons if is_missing(hour)] == ["2024-01-15-11.json.gz"]


@pytest.mark.parametrize("average", [1_000, 42_000, 150_000])
def test_hours_have_the_average_that_was_asked_for(average: int) -> None:
    counts = [count_of(hour, average) for hour in hours(MONDAY, YEAR)]
    assert statistics.mean(counts) == pytest.approx(average, rel=0.01)


def test_days_and_weeks_have_a_rhythm() -> None:
    counts = {hour: count_of(hour, 100_000) for hour in hours(MONDAY, YEAR)}
    by_hour = [statistics.mean(counts[hour] for hour in counts if hour.hour == number) for number in range(24)]
    by_day = [statistics.mean(counts[hour] for hour in counts if hour.weekday() == number) for number in range(7)]
    # Europe's afternoon is America's morning; at 4 UTC both sleep.
    assert max(range(24), key=by_hour.__getitem__) in {14, 15, 16}
    assert min(range(24), key=by_hour.__getitem__) in {3, 4, 5}
    assert max(by_hour) > 2 * min(by_hour)
    assert max(by_day[5:]) < 0.8 * min(by_day[:5])
    # Two Mondays are alike, but not the same.
    mondays = [count for hour, count in counts.items() if (hour.weekday(), hour.hour) == (0, 15)]
    assert len(set(mondays)) > 40
    assert max(mondays) < 1.2 * min(mondays)


def test_the_smallest_archive_has_an_event_in_every_hour() -> None:
    assert {count_of(hour, 1) for hour in hours(MONDAY, 168)} == {1}


def test_no_hour_can_have_more_events_than_ids() -> None:
    busiest = max(hours(MONDAY, YEAR), key=lambda hour: count_of(hour, MAX_EVENTS_PER_HOUR))
    events = count_of(busiest, MAX_EVENTS_PER_HOUR)
    assert len(set(ids_of(busiest, events, (), random.Random(1)))) == events > 300_000
    with pytest.raises(ValueError, match="more than"):
        list(ids_of(busiest, 440_000, (), random.Random(1)))


def test_ids_grow_over_hours_and_years_and_are_never_shared() -> None:
    """As those of GitHub, they need more than 32 bits; all have eleven digits, so text sorts as numbers do."""
    rng = random.Random(1)
    last = 2**32
    for first in (FIRST, datetime(2019, 12, 31, 20, tzinfo=UTC), datetime(2024, 1, 15, tzinfo=UTC)):
        for hour in hours(first, 30):
            ids = list(ids_of(hour, rng.choice((1, 7, 1_000, 60_000)), (), rng))
            assert ids == sorted(set(ids))
            assert ids[0] > last
            assert ids[-1] < spare_id(hour, 0)
            last = spare_id(hour, 999)
    assert len(str(next(ids_of(FIRST, 1, (), rng)))) == 11
    assert len(str(next(ids_of(datetime(2035, 1, 1, tzinfo=UTC), 1, (), rng)))) == 11


@pytest.mark.parametrize("events", [1, 100, 150_000])
def test_ids_of_other_events_are_left_out(events: int) -> None:
    hour = datetime(2017, 3, 5, 14, tzinfo=UTC)
    first = next(ids_of(hour, 439_000, (), random.Random(1)))
    taken = {*range(first, first + 5_000), *range(first + 20_000, first + 60_000, 3), 7}
    ids = list(ids_of(hour, events, taken, random.Random(2)))
    assert len(ids) == events
    assert ids == sorted(set(ids) - taken)
    assert first <= ids[0] <= ids[-1] < spare_id(hour, 0)


def test_all_ids_that_are_left_can_be_used() -> None:
    hour = datetime(2017, 3, 5, 14, tzinfo=UTC)
    first = next(ids_of(hour, 439_000, (), random.Random(1)))
    taken = {first, first + 1, first + 10, first + 438_999}
    assert set(ids_of(hour, 438_996, taken, random.Random(2))) == set(range(first, first + 439_000)) - taken
