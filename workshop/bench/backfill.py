"""How fast an hour of GH Archive is checked and made ready for Bronze, against two loops over the same file.

One thread, one process for each measurement; the upload is left out, as it is in the loops. Times are of the CPU, so
that other work on the machine counts as little as possible.
"""

import gzip
import json
import multiprocessing
import multiprocessing.connection
import os
import platform
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from workshop.paths import LAMBDAS
from workshop.records import amount

LEVEL = 6
CHUNK = 256 * 1024
NOT_AN_EVENT = b'{"id": "1", "type": "PushEv\n'


@dataclass(frozen=True)
class Figure:
    """CPU seconds, and the peak of memory of the process in bytes."""

    seconds: float
    peak: int


def measure_backfill(console: Console, events: int = 150_000) -> str:
    """The table for docs/benchmarks.md."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as folder:
        clean, poisoned, large = (Path(folder) / name for name in ("clean", "poisoned", "large"))
        size = _write(clean, events)
        _write(poisoned, events, NOT_AN_EVENT)
        _write(large, 4 * events)
        figures: dict[str, Figure] = {}
        for name, work, file in (
            ("gunzip and gzip the same bytes, level 6", copy, clean),
            ("gunzip, json.loads, json.dumps, gzip, level 6", loop, clean),
            ("the same with gzip.open's own level, 9", loop_by_default, clean),
            ("**an hour of events**: checked, kept as it came", check, clean),
            ("an hour with one bad line: checked, written anew", check, poisoned),
            ("an hour of events, four times the size", check, large),
        ):
            figures[name] = _in_a_process(work, file)
            console.print(f"{name}: {figures[name].seconds:.2f} s")
    limit, slow, *_ = figures.values()
    rows = []
    for name, figure in figures.items():
        factor = 4 if "four times" in name else 1
        speed, per_event = factor * size / figure.seconds / 1e6, factor * events / figure.seconds
        rows.append(
            f"| {name} | {figure.seconds:.2f} | {per_event:,.0f} | {speed:,.0f} "
            f"| {factor * limit.seconds / figure.seconds:.2f} | {factor * slow.seconds / figure.seconds:.2f} "
            f"| {amount(figure.peak)} |"
        )
    conditions = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {platform.system()}, Python {platform.python_version()}, "
        f"zlib {zlib.ZLIB_RUNTIME_VERSION}; load of the last minute {os.getloadavg()[0]:.1f}. "
        f"{events:,} events of {_source()}, {amount(size)} decompressed."
    )
    header = (
        "| work, one core | CPU s | events/s | MB/s | of the copy's speed | of the json loop's | peak memory |\n"
        "|---|---:|---:|---:|---:|---:|---:|"
    )
    return "\n".join([conditions, "", header, *rows])


def copy(file: Path, target: Path) -> None:
    """The limit for whatever writes gzip: decompress and compress, looking at nothing."""
    reader, writer = zlib.decompressobj(31), zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    with file.open("rb") as source, target.open("wb") as sink:
        while chunk := source.read(CHUNK):
            sink.write(writer.compress(reader.decompress(chunk)))
        sink.write(writer.flush())


def loop(file: Path, target: Path, level: int = LEVEL) -> None:
    """What one writes first: parse every line, dump it again."""
    with gzip.open(file) as source, gzip.open(target, "wb", compresslevel=level) as sink:
        for line in source:
            sink.write(json.dumps(json.loads(line)).encode() + b"\n")


def loop_by_default(file: Path, target: Path) -> None:
    """The same with the compression that gzip.open has by default."""
    loop(file, target, level=9)


def check(file: Path, target: Path) -> None:
    """What the backfill does between the download and the upload."""
    sys.path.insert(0, str(LAMBDAS / "github_events_ingestor"))
    from github_events_ingestor.event import Rule  # noqa: PLC0415
    from github_events_ingestor.hour import CheckedHour  # noqa: PLC0415

    now = datetime.now(UTC)
    with file.open("rb") as source, CheckedHour() as checked, target.open("wb") as sink:
        checked.read(iter(lambda: source.read(CHUNK), b""), Rule(now), "bench", now)
        ready = checked.archive if checked.is_clean else checked.rewritten()
        ready.seek(0)
        shutil.copyfileobj(ready, sink)


def _in_a_process(work: Callable[[Path, Path], None], file: Path) -> Figure:
    """Run the work in a new process, so that its memory is its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(work, file, sender))
    process.start()
    figure: Figure = receiver.recv()
    process.join()
    return figure


def _measured(work: Callable[[Path, Path], None], file: Path, sender: "multiprocessing.connection.Connection") -> None:
    begun = time.process_time()
    work(file, file.with_suffix(".out"))
    seconds = time.process_time() - begun
    # Not getrusage: its maximum is inherited from the process that started this one.
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    sender.send(Figure(seconds, int(peak) * 1024))


def _source() -> str:
    recording = os.environ.get("LAKEHOUSE_RECORDING")
    return "a recording, repeated" if recording else "the seeded generator"


def _write(target: Path, events: int, extra: bytes = b"") -> int:
    """Write an archive file of so many events, with an extra line in its middle; returns its decompressed bytes."""
    from workshop.sandbox.github import open_source  # noqa: PLC0415

    recording = os.environ.get("LAKEHOUSE_RECORDING")
    source = open_source(Path(recording)) if recording else open_source(count=min(events, 20_000))
    lines = [event.raw + b"\n" for event in source.events]
    size = 0
    with target.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=LEVEL, mtime=0) as sink:
        for number in range(events):
            size += sink.write(lines[number % len(lines)])
            if number == events // 2:
                sink.write(extra)
    return size
