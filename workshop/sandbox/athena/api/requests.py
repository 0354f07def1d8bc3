"""Requests checked against Athena's own service model before anything looks at them.

botocore carries the model (names, types, lengths, ranges, patterns) of the service; a client that does not check its
requests is answered as the service answers it.
"""

import base64
import json
import operator
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from workshop.sandbox.athena.errors import InvalidRequestError

_DEEPEST = 32
"""Nesting of a request's members; the service's own are at most 4 deep."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LENGTH = "Member must have length {} than or equal to {}"
_VALUE = "Member must have value {} than or equal to {}"


def read_request(action: str, body: bytes) -> dict[str, Any]:
    """The members of a request. Raises `InvalidRequestError` as the service does: SerializationException for a body
    that is not an object of the right types, InvalidRequestException for values out of bounds."""
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _serialization("The request body is not JSON") from error
    if not isinstance(request, dict):
        raise _serialization("Start of structure or map found where not expected.")
    shape = _model().operation_model(action).input_shape
    problems = list(_problems(shape, request, "", 0)) if shape is not None else []
    if problems:
        plural = "s" if len(problems) > 1 else ""
        raise InvalidRequestError(
            f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}",
            athena_error_code="INVALID_INPUT",
        )
    return {name: value for name, value in request.items() if value is not None}


def page_size(request: Mapping[str, Any], default: int, limit: int) -> int:
    """`MaxResults` of a request; `InvalidRequestError` if it is out of bounds."""
    asked = request.get("MaxResults")
    if asked is None or asked == 0:
        return default
    if isinstance(asked, bool) or not isinstance(asked, int):
        raise _serialization(f"{_json_kind(asked)} can not be converted to Integer")
    if asked > limit:
        raise InvalidRequestError(
            f"MaxResults is more than maximum allowed length {limit}.", athena_error_code="INVALID_INPUT"
        )
    if asked < 0:
        raise InvalidRequestError("MaxResults must be a positive integer.", athena_error_code="INVALID_INPUT")
    return asked


def token_of(number: int) -> str:
    """An opaque page token that stands for a number."""
    return base64.urlsafe_b64encode(f"1:{number}".encode()).decode()


def number_of(request: Mapping[str, Any]) -> int | None:
    """What the request's `NextToken` stands for, None without one; `InvalidRequestError` for a token not of ours."""
    token = request.get("NextToken")
    if token is None:
        return None
    try:
        version, _, number = base64.b64decode(str(token), altchars=b"-_", validate=True).decode().partition(":")
        if version == "1" and number.isascii() and number.isdigit() and len(number) < 19:
            return int(number)
    except ValueError:
        pass
    raise InvalidRequestError("Invalid NextToken", athena_error_code="INVALID_INPUT")


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("athena", "service-2"), "athena")


def known_actions() -> frozenset[str]:
    """The operations of the service."""
    return frozenset(_model().operation_names)


def _problems(shape: Any, value: object, path: str, depth: int) -> Iterator[str]:
    """What is wrong with a value, in the service's words; wrong types are raised."""
    kinds = _TYPES.get(shape.type_name)
    if kinds is None:
        return
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds) or depth > _DEEPEST:
        raise _serialization(f"{_json_kind(value)} can not be converted to {_java_kind(shape.type_name)}")
    if shape.type_name == "structure":
        yield from _of_structure(shape, value, path, depth)
    elif shape.type_name == "list":
        yield from _outside(len(value), shape, path, _LENGTH)  # type: ignore[arg-type]
        for index, member in enumerate(value, 1):  # type: ignore[arg-type, var-annotated]
            yield from _problems(shape.member, member, f"{path}.{index}.member", depth + 1)
    elif shape.type_name == "map":
        for key, member in value.items():  # type: ignore[attr-defined]
            yield from _problems(shape.value, member, f"{path}.{key}", depth + 1)
    elif isinstance(value, str):
        yield from _of_text(shape, value, path)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _outside(value, shape, path, _VALUE)


def _of_structure(shape: Any, value: Any, path: str, depth: int) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            where = _lower(f"{path}.{name}".lstrip("."))
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None and name != "MaxResults":  # `page_size` refuses those in words of their own
            yield from _problems(member, value[name], f"{path}.{name}".lstrip("."), depth + 1)


def _of_text(shape: Any, value: str, path: str) -> Iterator[str]:
    if _SURROGATE.search(value):
        raise _serialization("The request body holds half of a character")
    yield from _outside(len(value), shape, path, _LENGTH)
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield f"Value '{_short(value)}' at '{_lower(path)}' failed to satisfy constraint: Member must satisfy enum " + (
            f"value set: [{allowed}]"
        )
    pattern = _pattern(shape.metadata.get("pattern"))
    if pattern is not None and not pattern.fullmatch(value):
        yield (
            f"Value '{_short(value)}' at '{_lower(path)}' failed to satisfy constraint: Member must satisfy regular "
            + (f"expression pattern: {pattern.pattern}")
        )


def _outside(number: int, shape: Any, path: str, text: str) -> Iterator[str]:
    for limit, word, wrong in (
        (shape.metadata.get("min"), "greater", operator.lt),
        (shape.metadata.get("max"), "less", operator.gt),
    ):
        if limit is not None and wrong(number, limit):
            yield f"Value at '{_lower(path)}' failed to satisfy constraint: {text.format(word, limit)}"


@cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    """A pattern of the model; the few that are not regular expressions of Python's are not checked."""
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None


def _serialization(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, "SerializationException")


def _short(value: str) -> str:
    return value if len(value) <= 128 else f"{value[:128]}…"


def _lower(path: str) -> str:
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))


def _json_kind(value: object) -> str:
    match value:
        case bool():
            return "TRUE_VALUE" if value else "FALSE_VALUE"
        case int() | float():
            return "NUMBER_VALUE"
        case str():
            return "STRING_VALUE"
        case list():
            return "ARRAY_VALUE"
        case dict():
            return "OBJECT_VALUE"
    return "NULL_VALUE"


def _java_kind(type_name: str) -> str:
    return {"structure": "Object", "list": "List", "map": "Map"}.get(type_name, type_name.title())
