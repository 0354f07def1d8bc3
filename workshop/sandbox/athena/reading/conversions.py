"""Parquet copies of what DuckDB cannot read fast or at all, kept beside the cached objects: a second query is warm.

Small objects are converted together, so that a copy stands for a batch of them.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop.sandbox.athena.reading.storage import S3Object

DIRECT_BYTES = 1024**2
"""Up to this many (compressed) bytes a scan is read as it is: converting takes longer than it saves."""
_BATCH_BYTES = 4 * 1024**2
_BATCH_FILES = 1000


@dataclass(frozen=True)
class LocalFile:
    """An object, its copy, and its number among the files of the scan."""

    object: S3Object
    path: Path
    number: int


def batches(files: Sequence[LocalFile]) -> list[Sequence[LocalFile]]:
    """Files in order, put together up to some size."""
    found: list[Sequence[LocalFile]] = []
    batch: list[LocalFile] = []
    size = 0
    for file in files:
        if batch and (size + file.object.size > _BATCH_BYTES or len(batch) == _BATCH_FILES):
            found.append(batch)
            batch, size = [], 0
        batch.append(file)
        size += file.object.size
    return [*found, batch] if batch else found


def kept(batch: Sequence[LocalFile], recipe: Iterable[object], folder: Path, write: Callable[[Path], None]) -> Path:
    """The copy of a batch by `recipe` (all that the copy depends on); `write` makes it, at a path below `folder`."""
    names = "\n".join([*map(repr, recipe), *(file.path.name for file in batch)])
    digest = hashlib.sha256(names.encode()).hexdigest()[:20]
    first = batch[0].path
    target = first.with_name(f"{first.name.partition('.')[0]}.{digest}.parquet")
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{digest}.parquet"
        try:
            write(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target


def links(paths: Sequence[Path], folder: Path, names: Sequence[str]) -> list[str]:
    """Hard links below `folder` (the cache may drop a file while it is read) as `names`."""
    made: set[str] = set()
    targets = []
    for path, name in zip(paths, names, strict=True):
        parent, _, _ = name.rpartition("/")
        if parent not in made:
            (folder / parent).mkdir(parents=True, exist_ok=True)
            made.add(parent)
        target = str(folder / name)
        os.link(path, target)
        targets.append(target)
    return targets
