"""Build, operate and break a production-grade AWS data lakehouse, one notebook at a time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.checks import at_least, check, denied, exercise, refused
    from workshop.lab import Workshop

__all__ = ["Workshop", "at_least", "check", "denied", "exercise", "refused"]

# Found on first use, so that `workshop --help` does not import what only notebooks need.
_HOMES = {
    "Workshop": "workshop.lab",
    "at_least": "workshop.checks",
    "check": "workshop.checks",
    "denied": "workshop.checks",
    "exercise": "workshop.checks",
    "refused": "workshop.checks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'workshop' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
