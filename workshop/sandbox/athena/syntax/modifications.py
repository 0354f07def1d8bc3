"""UPDATE, DELETE, MERGE, OPTIMIZE and VACUUM: what they change.

Athena runs them on Iceberg tables alone, so all that is needed of them is the table.
"""

from dataclasses import dataclass

from workshop.sandbox.athena.syntax.catalog_statements import ObjectName
from workshop.sandbox.athena.syntax.hive_parts import name_of
from workshop.sandbox.athena.syntax.hive_tokens import Cursor

# First words, then words of which one must follow the table's name (none: nothing must).
_KINDS: tuple[tuple[tuple[str, ...], tuple[str, str], tuple[str, ...]], ...] = (
    (("DELETE", "FROM"), ("DML", "DELETE"), ()),
    (("UPDATE",), ("DML", "UPDATE"), ("SET",)),
    (("MERGE", "INTO"), ("DML", "MERGE"), ("USING",)),
    (("OPTIMIZE",), ("DDL", "OPTIMIZE"), ("REWRITE",)),
    (("VACUUM",), ("DML", "VACUUM_TABLE"), ()),
)


@dataclass(frozen=True)
class Modification:
    """A statement that changes rows or files of `table`; `line` and `column` are where its name stands."""

    what: str
    types: tuple[str, str]
    table: ObjectName
    line: int
    column: int


def modification(text: str) -> Modification | None:
    """The statement, None for any other kind; `InvalidRequestError` when its beginning is wrong."""
    cursor = Cursor.over(text, "trino")
    for words, types, following in _KINDS:
        if not cursor.at(*words):
            continue
        cursor.one_statement()
        cursor.expect(*words)
        place = cursor.refused(cursor.token, "").message.split(" ")[1].split(":")
        parts = [_identifier(cursor)]
        while cursor.accept("."):
            parts.append(_identifier(cursor))
        if cursor.accept("AS") or (cursor.token.is_name and not any(map(cursor.at, (*following, "WHERE")))):
            _identifier(cursor)  # an alias
        if following and not any(map(cursor.at, following)):
            raise cursor.unexpected(", ".join(f"'{w}'" for w in ("'.'", *following)))
        return Modification(words[0], types, name_of(parts), int(place[0]), int(place[1]))
    return None


def _identifier(cursor: Cursor) -> str:
    if not cursor.token.is_name or not cursor.token.text.strip():
        raise cursor.unexpected("<identifier>")
    return cursor.advance().text.lower()
