"""Functions in Python whose result may be NULL."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from workshop.sandbox.athena.udf import Udf


def nullable(function: Callable[..., Any]) -> Udf:
    """A `Udf` that may give None. DuckDB hands such a function its NULLs, too: they give NULL at once."""

    @wraps(function)
    def apply(*arguments: Any) -> Any:
        return None if any(a is None for a in arguments) else function(*arguments)

    return Udf(apply, nulls=True)
