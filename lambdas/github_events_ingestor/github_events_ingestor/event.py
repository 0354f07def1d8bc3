"""What an event is: one rule, for polls, for hours of GH Archive and for what is released from quarantine.

The rule protects the Bronze table: Athena reads a line with Trino's own reader of the Hive JSON SerDe, and a single
value that it cannot read into the declared type fails every query that meets it. That reader looks at names without
regard to case, takes `_col0` for the first column, and keeps the last of two equal names; such lines are refused,
because other readers see another event in them. Source: Trino's io.trino.hive.formats.line.json.JsonDeserializer.

There are two ways to the same answer. `judge` is the definition: strict JSON by the standard library, then one check
after the other, each with its reason. `recognise` is the shortcut for lines of the form in which GitHub serves them:
one call of SQLite parses the line and hands back what is left of it without the long members that nobody declared; one
regular expression checks that rest as a whole. It never refuses a line, it only passes it on. Measured on one core with
5,000 recorded events of 4 KB on average: json.loads alone takes 36 us an event and SQLite's json_valid alone 8, where
the shortcut takes 16 with all its checks. Asking for the fields with json_extract costs the same parse but cannot see a
second member of the same name; listing the names with json_each takes 4 us more than removing members.
"""

import json
import math
import re
import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, NoReturn

from github_events_ingestor.errors import NotAnEventError

MAX_LINE_BYTES = 32 * 1024 * 1024
TOO_LONG = f"longer than {MAX_LINE_BYTES} bytes"
# Deeper than any payload, and so shallow that every JSON parser can follow (Python's gives up at about 1,000).
MAX_DEPTH = 500
# The first day of GH Archive: https://www.gharchive.org
FIRST_DAY = date(2011, 2, 12)
# Clocks differ, and time zones are mistaken; more than that is not a time at which something has happened.
MAX_AHEAD = timedelta(days=1)

Hive = Literal["string", "bigint", "int", "boolean"]

# The Bronze table's columns. Those of `STRUCTS` are objects.
STRUCTS: Final[Mapping[str, Mapping[str, Hive]]] = {
    "actor": {"id": "bigint", "login": "string", "display_login": "string"},
    "repo": {"id": "bigint", "name": "string"},
    # In the order in which GitHub serves those that come together.
    "payload": {
        "size": "int",
        "distinct_size": "int",
        "action": "string",
        "number": "int",
        "ref": "string",
        "ref_type": "string",
    },
    "org": {"id": "bigint", "login": "string"},
}
SCALARS: Final[Mapping[str, Hive]] = {"id": "string", "type": "string", "public": "boolean", "created_at": "string"}

_ID = re.compile(r"[0-9]{1,20}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CREATED_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_REQUIRED = {"id": _ID, "type": _TYPE, "created_at": _CREATED_AT}
_COLUMN_BY_NUMBER = re.compile(r"_col[0-9]+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")


class Rule:
    """The rule as of `now`, which bounds how far ahead a time may be. For one thread: it holds a SQLite connection."""

    def __init__(self, now: datetime) -> None:
        self._latest = (now.astimezone(UTC) + MAX_AHEAD).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._days: set[str] = set()
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._execute = self._connection.cursor().execute

    def identify(self, line: bytes) -> tuple[str, str]:
        """The id and created_at of the event that `line` is (without its line end); NotAnEventError if it is none."""
        return self.recognise(line) or self.judge(line)

    def recognise(self, line: bytes) -> tuple[str, str] | None:
        """The answer of `judge` for a line in GitHub's own form, None for every other line, event or not."""
        if b"\r" in line:
            line = line.removesuffix(b"\r")
        # SQLite stops at NUL and does not look at the encoding.
        if b"\0" in line or b"\r" in line or _is_extreme(line) or not (line.isascii() or _is_utf8(line)):
            return None
        try:
            (rest,) = self._execute(_WITHOUT_LONG_MEMBERS, (line,)).fetchone()
        except sqlite3.Error:
            # "malformed JSON", or a SQLite without the functions: then everything goes the long way.
            return None
        found = _GITHUBS_FORM.fullmatch(rest) if rest is not None else None
        if found is None:
            return None
        identifier, created_at = found.groups()
        if created_at <= self._latest and (created_at[:10] in self._days or self._is_new_day(created_at)):
            return identifier, created_at
        return None

    def judge(self, line: bytes) -> tuple[str, str]:
        """What `identify` says, found step by step."""
        if len(line) > MAX_LINE_BYTES:
            raise NotAnEventError(TOO_LONG)
        # Athena ends a line at a carriage return, alone or before a line feed.
        if b"\r" in line[:-1]:
            raise NotAnEventError("a carriage return inside of the line")
        document = _parse(line)
        if not isinstance(document, dict):
            raise NotAnEventError("not a JSON object")
        _check_names(document, [*SCALARS, *STRUCTS], "")
        for name, shape in _REQUIRED.items():
            value = document.get(name)
            if not isinstance(value, str):
                raise NotAnEventError(f"{name} is missing or not a string")
            if not shape.fullmatch(value):
                raise NotAnEventError(f"{name} does not match {shape.pattern}")
        _check_value(document.get("public"), "boolean", "public")
        for name, fields in STRUCTS.items():
            struct = document.get(name)
            if struct is None:
                continue
            if not isinstance(struct, dict):
                raise NotAnEventError(f"{name} is not an object")
            _check_names(struct, list(fields), f"{name}.")
            for field, hive in fields.items():
                _check_value(struct.get(field), hive, f"{name}.{field}")
        self._check_time(document["created_at"])
        return document["id"], document["created_at"]

    def _is_new_day(self, created_at: str) -> bool:
        """Whether a well-formed created_at is on a day that there was, which is then remembered."""
        try:
            self._check_time(created_at)
        except NotAnEventError:
            return False
        self._days.add(created_at[:10])
        return True

    def _check_time(self, created_at: str) -> None:
        try:
            # Not fromisoformat: what it takes (24:00, for one) differs between versions of Python.
            year, month, day, hour, minute, second = map(int, re.findall("[0-9]+", created_at))
            time = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise NotAnEventError("created_at is not a time") from None
        if time.date() < FIRST_DAY:
            raise NotAnEventError(f"created_at is before {FIRST_DAY}")
        # Of one length and in UTC, so their text compares as they do.
        if created_at > self._latest:
            raise NotAnEventError("created_at is more than a day ahead")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_extreme(line: bytes) -> bool:
    """Whether a line is too long, or has so many brackets (in strings too) that it might be nested too deeply."""
    size = len(line)
    if size <= 2 * MAX_DEPTH:
        return False
    # What is gone when brackets are deleted; three times faster than `count`, which does not search with memchr.
    brackets = 2 * size - len(line.replace(b"{", b"")) - len(line.replace(b"[", b""))
    return brackets > MAX_DEPTH or size > MAX_LINE_BYTES


# The definition


class _Object(dict[str, Any]):
    """A JSON object that has names twice."""

    twice: frozenset[str] = frozenset()


def _parse(line: bytes) -> Any:
    if _is_extreme(line) and _depth(line) > MAX_DEPTH:
        raise NotAnEventError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAnEventError(f"not UTF-8, at byte {error.start}") from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise NotAnEventError(f"not JSON: {error.msg}, at character {error.pos}") from None
    except RecursionError:
        raise NotAnEventError("nested too deeply") from None


def _depth(line: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", line)):
        depth += 1 if bracket in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) == len(pairs):
        return document
    names = [name for name, _ in pairs]
    ambiguous = _Object(document)
    ambiguous.twice = frozenset(name for name in document if names.count(name) > 1)
    return ambiguous


def _whole(text: str) -> int | float:
    """A number without a fraction. Python refuses to convert very long ones, which no column could hold anyway."""
    return int(text) if len(text) <= 20 else math.inf


def _refuse(constant: str) -> NoReturn:
    raise NotAnEventError(f"not JSON: {constant}")


def _check_names(document: dict[str, Any], declared: list[str], path: str) -> None:
    """Refuse names that another reader would take for other columns than we do."""
    for name in getattr(document, "twice", ()):
        if name in declared:
            raise NotAnEventError(f"{path}{name} is there twice")
    for name in document:
        if name not in declared and (name.lower() in declared or _COLUMN_BY_NUMBER.fullmatch(name)):
            raise NotAnEventError(f"{path}{name} is a name that Athena takes for a column's")


def _check_value(value: Any, hive: Hive, path: str) -> None:
    """Refuse a value that is not of the column's own type. `type` and not `isinstance`: True is an int."""
    if value is None:
        return
    if hive == "string" and type(value) is not str:
        raise NotAnEventError(f"{path} is not a string")
    if hive == "boolean" and type(value) is not bool:
        raise NotAnEventError(f"{path} is not true or false")
    bits = {"bigint": 64, "int": 32}.get(hive)
    if bits and not (type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)):
        raise NotAnEventError(f"{path} is not a whole number of {bits} bits")


# The shortcut

# Members that events are long by, and that no column reads. What else is there stays, and is checked: these names only
# make the rest short. `json_remove` takes away the first of equal names, so a second one shows.
_LONG = {
    "payload": (
        "assignee assignees before changes comment commits description discussion forkee full_ref head issue label "
        "labels master_branch member page pages pull_request push_id pusher_type release repository_id review"
    ),
    "actor": "avatar_url gravatar_id url",
    "repo": "url",
    "org": "avatar_url gravatar_id url",
}
_PATHS = ", ".join(f"'$.{struct}.{name}'" for struct, names in _LONG.items() for name in names.split())
# From 3.42 on SQLite reads JSON5 (comments, single quotes, NaN), which json_valid alone does not accept.
# https://www.sqlite.org/json1.html#json5_extensions
_WITHOUT_LONG_MEMBERS = (
    f"SELECT json_remove(CAST(?1 AS TEXT), {_PATHS})"
    if sqlite3.sqlite_version_info < (3, 42)
    else f"SELECT CASE WHEN json_valid(CAST(?1 AS TEXT)) THEN json_remove(CAST(?1 AS TEXT), {_PATHS}) END"
)

# The rest is valid JSON without whitespace. So an expression that reads it from end to end, and whose strings end where
# JSON's do, needs to tell only what may stand where; nothing in it goes back over what it has read (`++`, `*+`, `?+`).
_TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_ANY = rf"(?:{_TEXT}|-?[0-9][0-9.eE+-]*+|true|false|null)"
_OF_TYPE: Mapping[Hive, str] = {
    "string": rf"(?:{_TEXT}|null)",
    "boolean": r"(?:true|false|null)",
    # One digit less than the largest numbers have: those are rare enough for the long way.
    "bigint": r"(?:-?[0-9]{1,18}+(?![0-9.eE])|null)",
    "int": r"(?:-?[0-9]{1,9}+(?![0-9.eE])|null)",
}


def _object_form(fields: Mapping[str, Hive]) -> str:
    """An object with `fields` in this order, each once at most, among others that cannot be taken for them."""
    others = rf'(?:"(?!(?:{"|".join(fields)})")[a-z_]++":{_ANY}[,}}])*+'
    members = "".join(rf'(?:"{name}":{_OF_TYPE[hive]}[,}}])?+{others}' for name, hive in fields.items())
    return rf"\{{(?:\}}|{others}{members}(?<=\}}))"


_GITHUBS_FORM = re.compile(
    rf'\{{"id":"([0-9]{{1,20}}+)","type":"[A-Za-z][A-Za-z0-9_]*+","actor":{_object_form(STRUCTS["actor"])}'
    rf',"repo":{_object_form(STRUCTS["repo"])},"payload":{_object_form(STRUCTS["payload"])}'
    rf',"public":{_OF_TYPE["boolean"]}'
    r',"created_at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)"'
    rf'(?:,"org":{_object_form(STRUCTS["org"])})?+\}}'
)
