"""Trino's functions and what they are in DuckDB. `REGISTRY` is the complete allow-list."""

from workshop.sandbox.athena.functions import (
    aggregates,
    bitwise,
    collections,
    conditional,
    json,
    lambdas,
    mathematical,
    regular_expressions,
    strings,
    times,
)
from workshop.sandbox.athena.functions.registry import Registry

REGISTRY = Registry()
for _module in (
    aggregates,
    bitwise,
    collections,
    conditional,
    json,
    lambdas,
    mathematical,
    regular_expressions,
    strings,
    times,
):
    _module.register(REGISTRY)
