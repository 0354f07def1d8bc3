"""Date and time functions (Trino documentation: date and time functions and operators), gathered from their modules.

A timestamp with time zone works on the wall clock of its own zone; results of type timestamp with time zone keep it.
"""

from workshop.sandbox.athena.functions import time_arithmetic, time_fields, time_formats, time_zones, unix_times
from workshop.sandbox.athena.functions.registry import Registry

_MODULES = (time_fields, time_arithmetic, time_formats, time_zones, unix_times)


def register(registry: Registry) -> None:
    """Enter the tables."""
    for module in _MODULES:
        registry.add(module.rows())
