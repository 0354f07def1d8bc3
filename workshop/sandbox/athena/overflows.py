"""What Trino says of numbers that leave their type, read from what DuckDB says."""

import re

from workshop.sandbox.athena.errors import AthenaError

_TYPES = {"8": "tinyint", "16": "smallint", "32": "integer", "64": "bigint"}
_SMALLEST = {-(2**7): "tinyint", -(2**15): "smallint", -(2**31): "integer", -(2**63): "bigint"}
_INTEGERS = re.compile(
    r"Overflow in (addition|subtraction|multiplication) of INT(8|16|32|64) \((-?\d+) ([-+*]) (-?\d+)\)"
)
_DIVISION = re.compile(r"Overflow in division of (-?\d+) / (-?\d+)")
_MAGNITUDE = re.compile(r"Overflow on abs\((-\d+)\)")
_DECIMALS = re.compile(r"Overflow in \w+ of DECIMAL|Overflow in \w+ of INT128|Overflow in HUGEINT")
_NARROWED = re.compile(
    r"with value (\S+) can't be cast because the value is out of range for the destination type INT(\d+)"
)


def overflow(message: str) -> AthenaError | None:
    """The error that Trino raises where DuckDB raises one with `message`; None if it is about something else."""
    text = _text(message)
    return AthenaError("NUMERIC_VALUE_OUT_OF_RANGE", text) if text else None


def _text(message: str) -> str | None:  # noqa: PLR0911 - one return for each kind
    if found := _INTEGERS.search(message):
        operation, bits, left, sign, right = found.groups()
        type_ = _TYPES[bits]
        if operation == "subtraction" and left == "0":
            return f"{type_} negation overflow: {right}"
        return f"{type_} {operation} overflow: {left} {sign} {right}"
    if found := _DIVISION.search(message):
        type_ = _SMALLEST.get(int(found[1]), "bigint")
        return f"{type_} division overflow: {found[1]} / {found[2]}"
    if found := _MAGNITUDE.search(message):
        return f"Value {found[1]} is out of range for abs({_SMALLEST.get(int(found[1]), 'bigint')})"
    if _DECIMALS.search(message):
        return "Decimal overflow"
    if (found := _NARROWED.search(message)) and found[2] in _TYPES:
        if "INT128 with value" in message:
            return f"bigint addition overflow: {found[1]}"
        return f"Out of range for {_TYPES[found[2]]}: {found[1]}"
    return None
