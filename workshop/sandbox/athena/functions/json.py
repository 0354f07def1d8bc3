"""JSON functions on text (Trino documentation: JSON functions and operators)."""

import re
from collections.abc import Sequence

from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import not_supported
from workshop.sandbox.athena.functions.registry import Registry
from workshop.sandbox.athena.types import literal

_PATH = re.compile(r"\$((\.[A-Za-z_]\w*)|(\[\d+\])|(\[\"[^\"]*\"\]))*")


def _extract_scalar(values: Sequence[Value]) -> str:
    path = values[1].constant
    if path is None or not _PATH.fullmatch(path):
        raise not_supported(f"The JSON path {values[1].sql}")
    written = literal(re.sub(r'\["([^"]*)"\]', r'."\1"', path))
    text = f"CASE WHEN json_valid({values[0].sql}) THEN {values[0].sql} END"
    kind = f"json_type({text}, {written})"
    return f"CASE WHEN {kind} NOT IN ('OBJECT', 'ARRAY') THEN json_extract_string({text}, {written}) END"


_ROWS = (("json_extract_scalar(varchar, varchar) -> varchar", _extract_scalar),)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
