"""Generated hours: read back with gzip and json, and compared with a real recording's figures and plain arithmetic."""

import gzip
import hashlib
import io
import json
import os
import random
import re
import statistics
import subprocess
import sys
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workshop.errors import WorkshopError
from workshop.sandbox.github import check_events_per_hour
from workshop.sandbox.github.batches import EVENTS_IN_BATCH, Batches
from workshop.sandbox.github.generated import GeneratedArchive
from workshop.sandbox.github.hour_writer import HourWriter
from workshop.sandbox.github.hours import count_of

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Events of each type in 5,000, counted in a recording of 2020-12-18.
RECORDED = {
    "PushEvent": 2621, "CreateEvent": 732, "PullRequestEvent": 356, "IssueCommentEvent": 322, "WatchEvent": 204,
    "PullRequestReviewEvent": 171, "PullRequestReviewCommentEvent": 140, "IssuesEvent": 133, "DeleteEvent": 108,
    "ForkEvent": 106, "ReleaseEvent": 34, "MemberEvent": 23, "CommitCommentEvent": 18, "GollumEvent": 17,
    "PublicEvent": 15,
}  # fmt: skip


@pytest.fixture(scope="module")
def batches() -> Batches:
    return Batches()


def written(writer: HourWriter, hour: datetime) -> bytes:
    file = io.BytesIO()
    writer.write(hour, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def lines(batches: Batches) -> list[bytes]:
    """One hour of some 20,000 events."""
    return gzip.decompress(written(HourWriter(batches, 15_000), NOON)).splitlines()


@pytest.fixture(scope="module")
def documents(lines: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_a_file_is_one_gzip_member_of_as_many_lines_as_the_calendar_says(batches: Batches) -> None:
    for average in (1, 15, 30, 1_000):
        content = written(HourWriter(batches, average), NOON)
        member = zlib.decompressobj(wbits=31)
        text = member.decompress(content)
        assert member.eof
        assert member.unused_data == b""
        assert text == gzip.decompress(content)
        assert text.endswith(b"\n")
        assert text.count(b"\n") == len(text.splitlines()) == count_of(NOON, average)
        assert all(json.loads(line)["public"] for line in text.splitlines())


def test_events_are_in_their_hour_in_order_and_once(documents: list[dict[str, Any]]) -> None:
    times = [document["created_at"] for document in documents]
    ids = [int(document["id"]) for document in documents]
    assert {time[:14] for time in times} == {"2024-01-16T12:"}
    assert times == sorted(times)
    assert ids == sorted(set(ids))
    assert len({time[14:16] for time in times}) == 60, "in every minute"
    assert {datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").hour for time in set(times)} == {12}


def test_types_come_as_often_as_in_a_recording(documents: list[dict[str, Any]]) -> None:
    kinds = Counter(document["type"] for document in documents)
    assert set(kinds) == set(RECORDED)
    for kind, recorded in RECORDED.items():
        share = recorded / 5_000
        # Rare types are a few events of all batches.
        assert kinds[kind] / len(documents) == pytest.approx(share, rel=0.15, abs=0.003), kind


def test_sizes_are_those_of_a_recording(lines: list[bytes], documents: list[dict[str, Any]]) -> None:
    """The recording: median 0.93 KB, mean 4.1 KB, 1 % above 25 KB, at most 87 KB; a pull request has 17 KB."""
    sizes = sorted(map(len, lines))
    assert 850 < statistics.median(sizes) < 1_200
    assert 3_000 < statistics.mean(sizes) < 4_300
    assert sizes[len(sizes) * 95 // 100] > 12_000
    assert 50_000 < sizes[-1] < 130_000
    of_type = {
        kind: statistics.median(
            len(line) for line, document in zip(lines, documents, strict=True) if document["type"] == kind
        )
        for kind in RECORDED
    }
    for kind, recorded in {"PushEvent": 918, "PullRequestEvent": 17_278, "CreateEvent": 539, "WatchEvent": 456}.items():
        assert of_type[kind] == pytest.approx(recorded, rel=0.25), kind
    assert not all(line.isascii() for line in lines)


def test_actors_are_people_and_bots_of_whom_few_are_busy(documents: list[dict[str, Any]]) -> None:
    """The recording: 319 bots in 5,000 events, 30 % with an organization."""
    bots = sum(document["actor"]["login"].endswith("[bot]") for document in documents)
    assert 0.04 < bots / len(documents) < 0.09
    assert 0.25 < sum("org" in document for document in documents) / len(documents) < 0.35
    repositories = Counter((document["repo"]["id"], document["repo"]["name"]) for document in documents)
    assert len(repositories) > 2_000
    assert 0.005 < repositories.most_common(1)[0][1] / len(documents) < 0.05


def test_no_two_pushes_push_the_same(documents: list[dict[str, Any]]) -> None:
    pushes = [document["payload"] for document in documents if document["type"] == "PushEvent"]
    assert len({push["push_id"] for push in pushes}) == len(pushes)
    assert len({push["head"] for push in pushes} | {push["before"] for push in pushes}) == 2 * len(pushes)
    for push in pushes:
        assert type(push["push_id"]) is int
        assert len(push["head"]) == len(push["before"]) == 40
        assert len(push["commits"]) == min(push["size"], 20)
        assert all(commit["url"].endswith(f"/commits/{commit['sha']}") for commit in push["commits"])
        if push["commits"]:
            assert push["commits"][-1]["sha"] == push["head"]
    sizes = Counter(push["size"] for push in pushes)
    assert 0.78 < sizes[1] / len(pushes) < 0.90  # the recording: 2,192 of 2,621
    assert sizes[0]
    assert any(size > 20 for size in sizes)


def test_payloads_speak_of_the_events_own_repository_and_of_no_future(
    documents: list[dict[str, Any]], lines: list[bytes]
) -> None:
    pulls = [document for document in documents if document["type"] == "PullRequestEvent"]
    for document in pulls:
        assert document["payload"]["pull_request"]["base"]["repo"]["full_name"] == document["repo"]["name"]
    for line, document in zip(lines[:2_000], documents, strict=False):
        text = line.decode()
        assert text.count(document["created_at"]) == 1
        assert not any(character in text for character in "\ue000\ue001\ue002\ue003\ue004")
        payload = json.dumps(document["payload"])
        assert all(year < "2015" for year in re.findall(r"(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\dZ", payload))


def test_ids_are_unique_over_neighbouring_hours_and_days(batches: Batches) -> None:
    writer = HourWriter(batches, 300)
    ids: list[int] = []
    for first, hours in ((datetime(2015, 1, 1, tzinfo=UTC), 3), (datetime(2024, 1, 15, 20, tzinfo=UTC), 30)):
        for number in range(hours):
            text = gzip.decompress(written(writer, first + number * HOUR))
            ids += [int(json.loads(line)["id"]) for line in text.splitlines()]
    assert ids == sorted(set(ids)), "they grow from hour to hour, too"
    assert len(ids) > 33 * 300 * 0.5
    assert min(ids) > 2**32


def test_ids_of_the_sources_events_are_not_used_again(batches: Batches) -> None:
    plain = gzip.decompress(written(HourWriter(batches, 1_000), NOON)).splitlines()
    taken = {int(json.loads(line)["id"]) for line in plain[::2]}
    others = gzip.decompress(written(HourWriter(batches, 1_000, taken), NOON)).splitlines()
    assert len(others) == len(plain)
    assert not taken & {int(json.loads(line)["id"]) for line in others}


def run(code: str, *arguments: str, seed: str = "1") -> str:
    """The output of a Python process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


DIGESTS = """
import hashlib, io
from datetime import UTC, datetime
from workshop.sandbox.github.batches import Batches
from workshop.sandbox.github.hour_writer import HourWriter
for hour in (3, 4):
    file = io.BytesIO()
    HourWriter(Batches(), 1000).write(datetime(2024, 1, 15, hour, tzinfo=UTC), file)
    print(hashlib.sha256(file.getvalue()).hexdigest())
"""


def test_two_processes_write_the_same_bytes(batches: Batches) -> None:
    one = run(DIGESTS, seed="1")
    assert run(DIGESTS, seed="2") == one
    # Nor does it matter what was written before.
    writer = HourWriter(batches, 1_000)
    written(writer, NOON)
    here = [hashlib.sha256(written(writer, datetime(2024, 1, 15, hour, tzinfo=UTC))).hexdigest() for hour in (4, 3)]
    assert one.split() == here[::-1]


def test_the_lines_are_the_same_on_every_machine(batches: Batches) -> None:
    """Pinned: a change of the generator changes every lesson's numbers, and must be meant."""
    text = gzip.decompress(written(HourWriter(batches, 1_000), datetime(2024, 1, 15, 7, tzinfo=UTC)))
    assert hashlib.sha256(text).hexdigest() == "de4b838695dc72c9cb6e55fe5786657dedbcc3e68b5f4f0ff9966a474f041df9"


PEAK = """
import resource, sys
from datetime import UTC, datetime
from workshop.sandbox.github.batches import Batches
from workshop.sandbox.github.hour_writer import HourWriter
with open(sys.argv[2], "wb") as file:
    HourWriter(Batches(), int(sys.argv[1])).write(datetime(2024, 1, 16, 12, tzinfo=UTC), file)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_hour(tmp_path: Path) -> None:
    """Ten times the events, of half a gigabyte, take hardly more memory: all batches are in use in both hours."""
    small, large = (int(run(PEAK, average, str(tmp_path / average))) for average in ("15000", "150000"))
    assert (tmp_path / "150000").stat().st_size > 9 * (tmp_path / "15000").stat().st_size
    assert large < 1.25 * small


# Lines that are not events


def is_event(line: bytes) -> bool:
    """Whether a line has what the Events API documents, and a time that has been."""
    try:
        document = json.loads(line)
        created = datetime.strptime(document["created_at"], "%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, KeyError):
        return False
    return created.year == 2024 and document.get("id", "").isdigit() and type(document["actor"]["id"]) is int


@pytest.mark.parametrize("average", [1_000, 15_000])
def test_one_hour_has_five_lines_that_are_not_events_at_known_places(average: int, batches: Batches) -> None:
    hour = datetime(2024, 1, 15, 3, tzinfo=UTC)
    lines = gzip.decompress(written(HourWriter(batches, average), hour)).splitlines()
    strangers = {number: line for number, line in enumerate(lines, start=1) if not is_event(line)}
    assert list(strangers) == [11, 22, 33, 44, 55]
    assert len(lines) == count_of(hour, average) + 5
    cut, *others = strangers.values()
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)
    assert cut.startswith(b'{"id":"')
    no_id, no_time, future, quoted = map(json.loads, others)
    assert "id" not in no_id
    assert no_time["created_at"] == "yesterday at noon"
    assert future["created_at"] == "2999-01-15T03:30:00Z"
    assert quoted["actor"]["id"] == "20000977"
    assert quoted["created_at"] == no_id["created_at"] == "2024-01-15T03:30:00Z"
    ids = [json.loads(line)["id"] for number, line in enumerate(lines, start=1) if number not in {11, 22}]
    assert len(set(ids)) == len(ids), "theirs are not those of events"


def test_a_poisoned_hour_of_few_events_has_them_at_its_end(batches: Batches) -> None:
    hour = datetime(2024, 1, 15, 3, tzinfo=UTC)
    lines = gzip.decompress(written(HourWriter(batches, 20), hour)).splitlines()
    events = count_of(hour, 20)
    assert 10 < events < 21
    assert [number for number, line in enumerate(lines, start=1) if not is_event(line)] == [
        11, *range(events + 2, events + 6),
    ]  # fmt: skip


def test_no_other_hour_of_the_lesson_has_lines_that_are_not_events(batches: Batches) -> None:
    writer = HourWriter(batches, 100)
    for number in {*range(24)} - {3}:
        hour = datetime(2024, 1, 15, number, tzinfo=UTC)
        lines = gzip.decompress(written(writer, hour)).splitlines()
        assert len(lines) == count_of(hour, 100)
        assert all(map(is_event, lines))


# Batches


def test_a_part_of_a_batch_is_its_first_events(batches: Batches) -> None:
    ids, times = list(range(20_000_000_000, 20_000_000_020)), [b"2024-01-15T03:30:00Z"] * 20
    whole, compressed = batches.whole(5).fill(ids, times, random.Random(1))
    assert zlib.decompress(compressed + b"\x03\x00", wbits=-15) == whole
    for events in (1, 7, EVENTS_IN_BATCH):
        text, compressed = batches.part(5, events).fill(ids[:events], times[:events], random.Random(1))
        assert zlib.decompress(compressed + b"\x03\x00", wbits=-15) == text
        without_hashes = [
            [(document["id"], document["type"], document["repo"]) for document in map(json.loads, lines)]
            for lines in (text.splitlines(), whole.splitlines()[:events])
        ]
        assert without_hashes[0] == without_hashes[1]


@pytest.mark.parametrize("first", [9_999_999_999, 10_499_999_999, 99_999_999_990])
def test_ids_of_another_width_are_refused(first: int, batches: Batches) -> None:
    times = [b"2024-01-15T03:30:00Z"] * 20
    with pytest.raises(ValueError, match="eleven digits"):
        batches.whole(5).fill(range(first, first + 20), times, random.Random(1))


# The folder of files


def archive_of(
    folder: Path, average: int = 20, now: datetime = datetime(2024, 2, 1, tzinfo=UTC), **options: Any
) -> Any:
    return GeneratedArchive(folder, average, clock=now.timestamp, **options)


def content_of(archive: GeneratedArchive, name: str) -> bytes | None:
    file = archive.open(name)
    if file is None:
        return None
    with file:
        return file.read()


def test_a_file_is_kept_until_the_next_start(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "files")
    name = "2024-01-16-12.json.gz"
    first = content_of(archive, name)
    assert first == written(HourWriter(Batches(), 20), NOON)
    assert [path.name for path in (tmp_path / "files").iterdir()] == [name]
    (tmp_path / "files" / name).write_bytes(b"kept")
    assert content_of(archive, name) == b"kept"
    # Another average, another version: a new start trusts nothing that is there.
    assert content_of(archive_of(tmp_path / "files", 21), name) == written(HourWriter(Batches(), 21), NOON)


def test_only_so_many_bytes_are_kept_and_the_oldest_go(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, kept_bytes=1)
    names = [f"2024-01-16-{hour}.json.gz" for hour in (12, 13)]
    opened = archive.open(names[0])
    assert content_of(archive, names[1])
    assert [path.name for path in tmp_path.iterdir()] == names[1:]
    with opened:
        assert gzip.decompress(opened.read()), "whoever reads a file can go on"

    roomy = archive_of(tmp_path, kept_bytes=2 * max(len(written(HourWriter(Batches(), 20), NOON + HOUR)), 100_000))
    for number, name in enumerate(names):
        content_of(roomy, name)
        os.utime(tmp_path / name, (number, number))
    assert content_of(roomy, names[0])  # asked for again: no longer the oldest
    roomy._kept_bytes = sum(path.stat().st_size for path in tmp_path.iterdir())
    content_of(roomy, "2024-01-16-14.json.gz")
    left = {path.name for path in tmp_path.iterdir()}
    assert names[1] not in left
    assert "2024-01-16-14.json.gz" in left


def test_half_a_file_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: HourWriter, hour: datetime, file: Any) -> None:
        file.write(b"half")
        raise OSError("No space left on device")

    archive = archive_of(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(HourWriter, "write", fail)
        with pytest.raises(OSError, match="No space"):
            archive.open("2024-01-16-12.json.gz")
    assert not list(tmp_path.iterdir())
    assert gzip.decompress(content_of(archive, "2024-01-16-12.json.gz") or b"")


def test_hours_that_there_are_not(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, now=datetime(2024, 1, 16, 12, 59, tzinfo=UTC))
    for name in ("2024-01-16-12.json.gz", "2014-12-31-23.json.gz", "2024-01-15-11.json.gz", "2024-01-16-01.json.gz"):
        assert archive.open(name) is None
    assert content_of(archive, "2024-01-16-11.json.gz")
    assert content_of(archive, "2015-01-01-0.json.gz")
    assert archive_of(tmp_path, average=0).open("2024-01-16-11.json.gz") is None


@pytest.mark.parametrize("average", [-1, 200_001])
def test_an_average_that_cannot_be_had_is_refused(average: int) -> None:
    check_events_per_hour(0)
    check_events_per_hour(200_000)
    with pytest.raises(WorkshopError, match="cannot be generated"):
        check_events_per_hour(average)
