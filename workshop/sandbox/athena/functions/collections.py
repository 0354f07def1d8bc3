"""Functions on arrays and maps without lambdas (Trino documentation: array functions, map functions)."""

from workshop.sandbox.athena.functions import array_sets, arrays, maps, sequences
from workshop.sandbox.athena.functions.registry import Registry


def register(registry: Registry) -> None:
    """Enter the tables."""
    for module in (arrays, array_sets, sequences, maps):
        registry.add(module.ROWS)
