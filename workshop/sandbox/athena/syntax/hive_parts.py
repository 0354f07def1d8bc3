"""Parts that Hive's statements share: names, types, column lists, properties, partition specifications."""

from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.syntax.catalog_statements import ColumnDefinition, ObjectName
from workshop.sandbox.athena.syntax.hive_tokens import Cursor, HiveToken, Kind

CATALOG = "awsdatacatalog"
_PRIMITIVES = {
    "boolean": "boolean", "tinyint": "tinyint", "smallint": "smallint", "int": "int", "integer": "int",
    "bigint": "bigint", "float": "float", "double": "double", "string": "string", "binary": "binary",
    "timestamp": "timestamp", "date": "date",
}  # fmt: skip
_MAX_DECIMAL = 38
_MAX_LENGTHS = {"varchar": 65_535, "char": 255}
_MAX_DEPTH = 200
"""Types nested deeper are refused; Glue takes 131,072 characters of type, which no parser here should recurse into."""


class HiveRefusalError(Exception):
    """Text that Athena accepts and Hive refuses when the statement runs; `reason` is the StateChangeReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def object_name(cursor: Cursor, *, shown_from_start: bool = True) -> ObjectName:
    """`[[catalog.]database.]name`. A name in double quotes is refused, as Hive takes it for text.

    `shown_from_start`: the answer shows the statement so far (DESCRIBE, ALTER), not the name alone (SHOW, DROP).
    """
    first = cursor.position
    parts: list[str] = []
    while True:
        token = cursor.token
        if not token.is_name or not token.text.strip():
            if parts:
                raise cursor.no_alternative(start=first)
            raise cursor.no_alternative() if shown_from_start else cursor.mismatched("<identifier>")
        parts.append(cursor.advance().text.lower())
        if not cursor.accept("."):
            break
        if len(parts) == 3:
            cursor.position -= 1
            raise cursor.mismatched("<EOF>")
    if len(parts) == 1 and "." in parts[0]:
        # Hive reads `db.table` in one pair of backquotes as a qualified name.
        parts = parts[0].split(".")
    return name_of(parts)


def name_of(parts: list[str]) -> ObjectName:
    """A name from its one to three parts; another catalog than Glue's is refused."""
    if len(parts) > 3 or not all(parts):
        raise InvalidRequestError(f"Invalid table name {'.'.join(parts)}", athena_error_code="INVALID_INPUT")
    catalog = parts[-3] if len(parts) == 3 else None
    if catalog is not None and catalog != CATALOG:
        raise InvalidRequestError(f"Catalog '{catalog}' does not exist", athena_error_code="DATACATALOG_NOT_FOUND")
    return ObjectName(parts[-1], parts[-2] if len(parts) > 1 else None, catalog)


def database_name(cursor: Cursor) -> str:
    """`[catalog.]database`."""
    name = object_name(cursor, shown_from_start=False)
    if name.catalog is not None:
        raise cursor.mismatched("<EOF>")
    if name.database is not None and name.database != CATALOG:
        raise InvalidRequestError(
            f"Catalog '{name.database}' does not exist", athena_error_code="DATACATALOG_NOT_FOUND"
        )
    return name.name


def columns(cursor: Cursor) -> tuple[ColumnDefinition, ...]:
    """`(name type [COMMENT '…'], …)`."""
    return cursor.listed(lambda: column(cursor))


def column(cursor: Cursor) -> ColumnDefinition:
    """`name type [COMMENT '…']`."""
    name = cursor.name()
    type_ = hive_type(cursor)
    comment = cursor.string() if cursor.accept("COMMENT") else ""
    if not cursor.at(",") and not cursor.at(")") and not _ends_a_column(cursor.token):
        raise cursor.no_alternative()
    return ColumnDefinition(name, type_, comment)


def _ends_a_column(token: HiveToken) -> bool:
    return token.kind is Kind.END or token.is_word("FIRST") or token.is_word("AFTER")


def hive_type(cursor: Cursor, depth: int = 0) -> str:
    """A type, in Glue's spelling: lower case, no spaces, `int` for INTEGER, `decimal(10,0)` for DECIMAL."""
    if depth > _MAX_DEPTH or cursor.token.kind is not Kind.WORD:
        raise cursor.no_alternative()
    first = cursor.position
    word = cursor.name()
    if word in ("array", "map", "struct") and cursor.at("<"):
        return _nested(cursor, word, depth)
    if word in ("decimal", "varchar", "char") and cursor.at("("):
        return _sized(word, list(cursor.listed(cursor.number)), cursor, first)
    if word == "decimal":
        return "decimal(10,0)"
    if word in _PRIMITIVES and not cursor.at("<") and not cursor.at("("):
        return _PRIMITIVES[word]
    if cursor.at("("):
        cursor.listed(cursor.number)
    if word in _PRIMITIVES and not cursor.at("<"):
        cursor.position = first + 1
        raise HiveRefusalError(parse_exception(cursor, first + 1, "column type"))
    raise HiveRefusalError(parse_exception(cursor, first, "column type"))


def _nested(cursor: Cursor, word: str, depth: int) -> str:
    cursor.expect("<")
    parts = []
    while True:
        if word == "struct":
            if not cursor.token.is_name:
                raise cursor.no_alternative()
            name = cursor.advance().text
            cursor.expect(":")
            parts.append(f"{name}:{hive_type(cursor, depth + 1)}")
            if cursor.accept("COMMENT"):
                cursor.string()
        else:
            parts.append(hive_type(cursor, depth + 1))
        if not cursor.accept(","):
            break
    if (word == "array" and len(parts) != 1) or (word == "map" and len(parts) != 2):
        raise cursor.no_alternative()
    cursor.expect(">")
    return f"{word}<{','.join(parts)}>"


def _sized(word: str, numbers: list[int], cursor: Cursor, first: int) -> str:
    if word == "decimal" and len(numbers) <= 2:
        precision, scale = [*numbers, 0][:2]
        if not 1 <= precision <= _MAX_DECIMAL or scale > precision:
            raise HiveRefusalError(
                f"FAILED: SemanticException Decimal precision out of allowed range [1,{_MAX_DECIMAL}]"
                if not 1 <= precision <= _MAX_DECIMAL
                else "FAILED: SemanticException Decimal scale must be less than or equal to precision"
            )
        return f"decimal({precision},{scale})"
    if word in _MAX_LENGTHS and len(numbers) == 1:
        if not 1 <= numbers[0] <= _MAX_LENGTHS[word]:
            name = word.capitalize()
            raise HiveRefusalError(
                f"FAILED: RuntimeException {name} length {numbers[0]} out of allowed range [1, {_MAX_LENGTHS[word]}]"
            )
        return f"{word}({numbers[0]})"
    raise cursor.no_alternative(start=first)


def parse_exception(cursor: Cursor, position: int, where: str) -> str:
    """Hive's own complaint about a token; its columns start at 0."""
    token = cursor.tokens[position]
    before = cursor.text[: token.start]
    line, column_ = before.count("\n") + 1, token.start - (before.rfind("\n") + 1)
    near = " ".join(
        f"'{cursor.text[t.start : t.end]}'" if t.kind is not Kind.END else "'<EOF>'"
        for t in cursor.tokens[position : position + 3]
    )
    return f"FAILED: ParseException line {line}:{column_} cannot recognize input near {near} in {where}"


def properties(cursor: Cursor) -> dict[str, str]:
    """`('name'='value', …)`."""

    def read() -> tuple[str, str]:
        key = cursor.string()
        cursor.expect("=")
        return key, cursor.string()

    return dict(cursor.listed(read))


def partition(cursor: Cursor) -> dict[str, str]:
    """`PARTITION (key = value, …)`."""
    cursor.expect("PARTITION")

    def read() -> tuple[str, str]:
        key = cursor.name()
        cursor.expect("=")
        return key, value(cursor)

    return dict(cursor.listed(read))


_COMPARISONS = ("=", "!=", "<>", "<=", ">=", "<", ">")


def partition_conditions(cursor: Cursor) -> tuple[tuple[str, str, str], ...]:
    """`PARTITION (key < value, …)`: what DROP PARTITION takes."""
    cursor.expect("PARTITION")

    def read() -> tuple[str, str, str]:
        key = cursor.name()
        comparison = next((c for c in _COMPARISONS if cursor.accept(c)), None)
        if comparison is None:
            raise cursor.no_alternative()
        return key, "!=" if comparison == "<>" else comparison, value(cursor)

    return cursor.listed(read)


def value(cursor: Cursor) -> str:
    """The text of a constant: a string, a number, or `DATE '…'`."""
    if cursor.at("DATE") or cursor.at("TIMESTAMP"):
        cursor.advance()
        return cursor.string()
    sign = "-" if cursor.accept("-") else ""
    if cursor.token.kind is Kind.NUMBER:
        return sign + cursor.advance().text
    if sign:
        raise cursor.no_alternative()
    if cursor.at("TRUE") or cursor.at("FALSE"):
        return cursor.advance().text.lower()
    return cursor.string()
