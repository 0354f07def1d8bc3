"""A replica of GitHub's Events API and of GH Archive, for a machine without a network."""

from pathlib import Path

from workshop.sandbox.github.app import GitHubReplica
from workshop.sandbox.github.faults import Fault
from workshop.sandbox.github.generated import check_events_per_hour
from workshop.sandbox.github.generator import DEFAULT_COUNT, DEFAULT_SEED, generate
from workshop.sandbox.github.recording import read_recording
from workshop.sandbox.github.source import Event, EventSource

__all__ = ["Event", "EventSource", "Fault", "GitHubReplica", "check_events_per_hour", "open_source"]


def open_source(recording: Path | None = None, seed: int = DEFAULT_SEED, count: int = DEFAULT_COUNT) -> EventSource:
    """The events of a recording, or `count` generated ones. WorkshopError if the recording cannot be used."""
    return read_recording(recording) if recording is not None else generate(seed, count)
