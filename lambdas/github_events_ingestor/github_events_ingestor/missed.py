"""An estimate of how many events of the public timeline no poll has seen."""

from collections.abc import Iterable


def estimate_missed(ids: Iterable[str], newest_before: str | None) -> int | None:
    """Events between the newest one of the poll before and the oldest one of this poll, from the spacing of their ids.

    Method: linear interpolation. GitHub numbers events in the order in which they happen, but not without gaps. Within
    a window of n different ids the mean step is (newest - oldest) / (n - 1); if the step was the same between the two
    polls, then (oldest now - newest before) / step - 1 events fit in between. 0 if the windows overlap. None if there
    is nothing to go by: no poll before, or fewer than two ids.

    Limits: it is no count. Ids are also spent on what the public timeline never shows, and the step differs with the
    time of day, so the longer the gap, the less a window of 300 events says about it. Events that appear late, with ids
    inside of windows that were read before, are not in it. What it is good for is telling none from some from most.
    """
    numbers = {int(identifier) for identifier in ids}
    if newest_before is None or len(numbers) < 2:
        return None
    oldest, newest, before = min(numbers), max(numbers), int(newest_before)
    if oldest <= before:
        return 0
    step = (newest - oldest) / (len(numbers) - 1)
    return max(0, round((oldest - before) / step) - 1)
