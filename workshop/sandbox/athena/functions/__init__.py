"""Trino's functions and what they are in DuckDB. `REGISTRY` is the complete allow-list."""

from workshop.sandbox.athena.functions import (
    aggregates,
    binary,
    bitwise,
    collections,
    conditional,
    formatting,
    json,
    lambdas,
    mathematical,
    networks,
    refused,
    regular_expressions,
    strings,
    times,
    urls,
)
from workshop.sandbox.athena.functions.registry import Registry

REGISTRY = Registry()
for _module in (
    aggregates,
    binary,
    bitwise,
    collections,
    conditional,
    formatting,
    json,
    lambdas,
    mathematical,
    networks,
    refused,
    regular_expressions,
    strings,
    times,
    urls,
):
    _module.register(REGISTRY)
