"""json_extract and its kin: a JSONPath of names and subscripts followed through text, token by token.

As Trino's: what comes after the match is never looked at, so it need not be JSON; of equal keys the first counts; a
subscript is both the place in an array and the name of a key. What is not JSON on the way gives NULL.
"""

from collections.abc import Iterator
from functools import lru_cache
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined] # known to Python, not to its stubs

from workshop.sandbox.athena.sqljson.text import (
    Json,
    Real,
    refuse_constant,
    scalar_text,
    scan,
    skip_blanks,
    valid_text,
    write,
)
from workshop.sandbox.athena.udf import invalid


@lru_cache(maxsize=1024)
def path_steps(path: str) -> tuple[str, ...]:
    """The names and subscripts of a path such as `$.store.book[0]["author"]`; fails if it is none."""
    steps: list[str] = []
    at = 1
    if not path.startswith("$"):
        raise _bad_path(path)
    while at < len(path):
        if path[at] == ".":
            end = _word_end(path, at + 1, ":_")
            step = path[at + 1 : end]
        elif path[at : at + 2] == '["':
            step, end = _quoted(path, at + 2)
            if path[end : end + 1] != "]":
                raise _bad_path(path)
            steps.append(step)
            at = end + 1
            continue
        elif path[at] == "[":
            end = _word_end(path, at + 1, "_")
            step = path[at + 1 : end]
            if path[end : end + 1] != "]":
                raise _bad_path(path)
            end += 1
        else:
            raise _bad_path(path)
        if not step:
            raise _bad_path(path)
        steps.append(step)
        at = end
    return tuple(steps)


def _bad_path(path: str) -> Exception:
    return invalid(f"Invalid JSON path: '{path}'")


def _word_end(path: str, at: int, others: str) -> int:
    while at < len(path) and (path[at] in others or path[at].isalnum()):
        at += 1
    return at


def _quoted(path: str, at: int) -> tuple[str, int]:
    """The text up to the closing quote, and what comes behind that; a backslash stands before `"` and itself only."""
    step = ""
    while path[at : at + 1] != '"':
        if path[at : at + 1] == "\\":
            at += 1
            if path[at : at + 1] not in ('"', "\\"):
                raise _bad_path(path)
        if at >= len(path):
            raise _bad_path(path)
        step += path[at]
        at += 1
    return step, at + 1


def _find(text: str, path: str) -> int | None:
    """Where the value of the path begins; None if there is none, raises ValueError where the text is not JSON."""
    at = skip_blanks(text, 0)
    for step in path_steps(path):
        if text[at : at + 1] == "{":
            found = next((value for key, value in _members(text, at) if key == step), None)
        elif text[at : at + 1] == "[" and step.isascii() and step.isdigit():
            found = next((value for i, value in enumerate(_places(text, at)) if i == int(step)), None)
        elif text[at : at + 1] == "[":
            found = None
        else:
            raise ValueError("neither object nor array")
        if found is None:
            return None
        at = found
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Keys of the object that begins at `at`, and where their values begin."""
    at = skip_blanks(text, at + 1)
    while text[at : at + 1] == '"':
        key, at = scanstring(text, at + 1, True)
        at = skip_blanks(text, at)
        if text[at : at + 1] != ":":
            raise ValueError("no colon")
        at = skip_blanks(text, at + 1)
        yield key, at
        at = skip_blanks(text, scan(text, at)[1])
        if text[at : at + 1] == "}":
            return
        if text[at : at + 1] != ",":
            raise ValueError("no comma")
        at = skip_blanks(text, at + 1)
    if text[at : at + 1] != "}":
        raise ValueError("no key")


def _places(text: str, at: int) -> Iterator[int]:
    """Where the elements of the array that begins at `at` begin."""
    at = skip_blanks(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        yield at
        at = skip_blanks(text, scan(text, at)[1])
        if text[at : at + 1] == "]":
            return
        if text[at : at + 1] != ",":
            raise ValueError("no comma")
        at = skip_blanks(text, at + 1)


def _first(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object; of equal keys the first counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        found = {}
        for key, value in pairs:
            found.setdefault(key, value)
    return found


_WHOLE = JSONDecoder(parse_float=Real, parse_constant=refuse_constant, object_pairs_hook=_first)


def _value(text: str, path: str) -> Json:
    """The value of the path, None if there is none; raises ValueError where the text is not JSON.

    Most text is JSON as a whole, which is parsed faster than followed.
    """
    try:
        value: Json = _WHOLE.decode(text)
    except (ValueError, RecursionError):
        at = _find(text, path)
        return None if at is None else _kept(scan(text, at)[0])
    for step in path_steps(path):
        if isinstance(value, dict):
            if step not in value:
                return None
            value = value[step]
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return _kept(value)


def _kept(value: Json) -> Json:
    """JSON's null told from no value at all."""
    return _NULL if value is None else value


_NULL: Json = Real("0")
"""Stands for null; it is looked for by identity."""


def extract_scalar(text: str, path: str) -> str | None:
    """json_extract_scalar: text, numbers and booleans as they are written; NULL for the others."""
    path_steps(path)
    try:
        value = _value(text, path)
    except ValueError:
        return None
    if value is None or value is _NULL or isinstance(value, list | dict):
        return None
    if isinstance(value, str):
        return valid_text(value)
    return value.text if isinstance(value, Real) else scalar_text(value)


def extract(text: str, path: str) -> str | None:
    """json_extract: keys stay in the order in which they are written."""
    path_steps(path)
    try:
        value = _value(text, path)
        if value is None:
            return None
        return "null" if value is _NULL else valid_text(write(value, in_order=False))
    except ValueError:
        return None


def size(text: str, path: str) -> int | None:
    """json_size: elements of an array, members of an object, 0 for all else."""
    path_steps(path)
    try:
        at = _find(text, path)
        if at is None:
            return None
        if text[at : at + 1] == "[":
            return sum(1 for _ in _places(text, at))
        if text[at : at + 1] == "{":
            return sum(1 for _ in _members(text, at))
        scan(text, at)
    except ValueError:
        return None
    return 0


def _elements(text: str) -> Iterator[Json]:
    """The elements of an array; raises ValueError if the text is no array, or ceases to be one."""
    at = skip_blanks(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("no array")
    for place in _places(text, at):
        yield scan(text, place)[0]


def array_length(text: str) -> int | None:
    """json_array_length: NULL for what is no array."""
    try:
        return sum(1 for _ in _elements(text))
    except ValueError:
        return None


def array_get(text: str, index: int) -> str | None:
    """json_array_get: from 0, or from the end; NULL outside the array, and for null."""
    try:
        found: Json = None
        if index >= 0:
            found = next((v for i, v in enumerate(_elements(text)) if i == index), None)
        else:
            elements = list(_elements(text))
            found = elements[index] if -index <= len(elements) else None
    except ValueError:
        return None
    if found is None:
        return None
    # A string comes without its quotes, which Trino's documentation calls broken.
    return valid_text(found if isinstance(found, str) else write(found, in_order=False))


def array_contains(text: str, wanted: bool | float | str) -> bool | None:
    """json_array_contains: numbers are found as they are written, with or without a fraction."""
    kind = Real if isinstance(wanted, float) else type(wanted)
    try:
        return any(type(element) is kind and element == wanted for element in _elements(text))
    except ValueError:
        return None
