"""URL functions (Trino documentation: URL functions), with java.net.URI's idea of what a URL is: RFC 2396.

What is no URL gives NULL; a part that is not there gives the empty text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus, unquote, unquote_plus

from workshop.sandbox.athena.functions.nullable import nullable
from workshop.sandbox.athena.functions.registry import Registry, Row
from workshop.sandbox.athena.types import VARCHAR, Type, varchar
from workshop.sandbox.athena.udf import Udf, invalid

_MAX_LENGTH = 2**31 - 1
_UNRESERVED = r"A-Za-z0-9\-_.!~*'()"
# Java lets characters beyond ASCII stand as they are, but for blanks and controls.
_OTHER = r"[^\x00-\x9f\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_ESCAPED = r"%[0-9A-Fa-f]{2}"


def _any_of(characters: str) -> str:
    return rf"(?:[{characters}]|{_ESCAPED}|{_OTHER})*+"


_URIC = _any_of(_UNRESERVED + r";/?:@&=+$,\[\]")
_PATH = _any_of(_UNRESERVED + r":@&=+$,;/")
_REGISTRY = _any_of(_UNRESERVED + r"$,;:@&=+")
_USER = _any_of(_UNRESERVED + r";:&=+$,")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_TOP_LABEL = r"[A-Za-z](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|[01]?\d?\d)"
_HOST = rf"{_OCTET}(?:\.{_OCTET}){{3}}|(?:{_LABEL}\.)+{_TOP_LABEL}\.?|{_LABEL}\.?|\[[0-9A-Fa-f:.]+(?:%[\w.]+)?\]"
_SERVER = re.compile(rf"(?:{_USER}@)?(?P<host>{_HOST})(?::(?P<port>\d*))?")
_WHOLE = re.compile(
    r"(?:(?P<scheme>[^:/?#]*):(?=(?P<rest>[^#])))?"
    r"(?:(?<=:)(?P<opaque>[^/#][^#]*)|(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?)"
    r"(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*"


@dataclass(frozen=True)
class Url:
    """The parts as they are written; None: not there."""

    scheme: str | None
    host: str | None
    port: int | None
    path: str | None
    query: str | None
    fragment: str | None


@lru_cache(maxsize=4096)
def parse(text: str) -> Url | None:
    """The parts of a URL, None if it is none."""
    found = _WHOLE.fullmatch(text)
    if not found or not _legal(found, text):
        return None
    if found["opaque"] is not None:
        return Url(found["scheme"], None, None, None, None, found["fragment"])
    server = _SERVER.fullmatch(found["authority"] or "")
    port = int(server["port"]) if server and server["port"] else None
    if port is not None and port > _MAX_LENGTH:
        server = port = None
    host = server["host"] if server else None
    return Url(found["scheme"], host, port, found["path"], found["query"], found["fragment"])


def _legal(found: re.Match[str], text: str) -> bool:
    """Whether each part holds nothing but what may stand there."""
    if found["scheme"] is None and re.match(r"[^/?#]*:", text):
        return False
    forms = {"scheme": _SCHEME, "opaque": _URIC, "path": _PATH, "query": _URIC, "fragment": _URIC}
    if not all(found[part] is None or re.fullmatch(form, found[part]) for part, form in forms.items()):
        return False
    authority = found["authority"]
    if authority == "":
        return bool(found["path"] or found["query"] is not None or found["fragment"] is not None)
    return authority is None or bool(_SERVER.fullmatch(authority) or re.fullmatch(_REGISTRY, authority))


def _protocol(text: str) -> str | None:
    url = parse(text)
    return url.scheme or "" if url else None


def _host(text: str) -> str | None:
    url = parse(text)
    return url.host or "" if url else None


def _port(text: str) -> int | None:
    url = parse(text)
    return url.port if url else None


def _path(text: str) -> str | None:
    url = parse(text)
    return unquote(url.path or "") if url else None


def _query(text: str) -> str | None:
    url = parse(text)
    return unquote(url.query or "") if url else None


def _fragment(text: str) -> str | None:
    url = parse(text)
    return unquote(url.fragment or "") if url else None


def _parameter(text: str, name: str) -> str | None:
    url = parse(text)
    if url is None or url.query is None:
        return None
    for argument in url.query.split("&"):
        key, _, value = argument.partition("=")
        if key == name:
            return decode(value)
    return None


def encode(text: str) -> str:
    """As a form's parameter: blanks become +, all but letters, digits and -_.* are escaped."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def decode(text: str) -> str:
    """What `encode` made; a `%` that begins no escape fails."""
    wrong = re.search(r"%(?![0-9A-Fa-f]{2})", text)
    if wrong:
        if len(text) - wrong.start() < 3:
            raise invalid("URLDecoder: Incomplete trailing escape (%) pattern")
        digits = text[wrong.end() : wrong.end() + 2]
        raise invalid(f'URLDecoder: Illegal hex characters in escape (%) pattern - For input string: "{digits}"')
    return unquote_plus(text)


def _encoded_length(types: Sequence[Type]) -> Type:
    length = types[0].length
    return VARCHAR if length is None or length * 12 >= _MAX_LENGTH else varchar(length * 12)


_ROWS: tuple[Row, ...] = (
    ("url_extract_protocol(varchar_x) -> varchar_x", nullable(_protocol)),
    ("url_extract_host(varchar_x) -> varchar_x", nullable(_host)),
    ("url_extract_port(varchar_x) -> bigint", nullable(_port)),
    ("url_extract_path(varchar_x) -> varchar_x", nullable(_path)),
    ("url_extract_query(varchar_x) -> varchar_x", nullable(_query)),
    ("url_extract_fragment(varchar_x) -> varchar_x", nullable(_fragment)),
    ("url_extract_parameter(varchar_x, varchar) -> varchar_x", nullable(_parameter)),
    ("url_encode(varchar_x) -> varchar", Udf(encode), _encoded_length),
    ("url_decode(varchar_x) -> varchar_x", Udf(decode)),
)


def register(registry: Registry) -> None:
    """Enter the table."""
    registry.add(_ROWS)
