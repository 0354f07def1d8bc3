"""Statements in Trino's language that hold another one, or name a view: their heads are read here.

The statement inside is read by whoever reads statements, from the same text with the head blanked out, so that places
in its errors are right.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from workshop.sandbox.athena.syntax import catalog_statements as statements
from workshop.sandbox.athena.syntax.catalog_statements import CatalogStatement, ObjectName
from workshop.sandbox.athena.syntax.hive_parts import name_of
from workshop.sandbox.athena.syntax.hive_tokens import Cursor, Kind

Parse = Callable[[str], Any]
"""From text to statement."""

_QUERY_WORDS = ("SELECT", "WITH", "VALUES", "TABLE", "(")
_FORMATS = ("TEXT", "GRAPHVIZ", "JSON")
_PLANS = ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO")


def headed_statement(text: str, parse: Parse) -> CatalogStatement | None:
    """CREATE or DROP VIEW, SHOW CREATE VIEW, EXPLAIN, PREPARE, DEALLOCATE; None for any other statement."""
    cursor = Cursor.over(text, "trino")
    for words, read in _READERS:
        if cursor.at(*words):
            cursor.one_statement()
            cursor.expect(*words)
            return read(cursor, parse)
    return None


def is_ctas(text: str) -> bool:
    """Whether it is CREATE TABLE … AS with a query, and not Hive's CREATE TABLE."""
    cursor = Cursor.over(text, "trino")
    if not cursor.at("CREATE", "TABLE"):
        return False
    tokens = cursor.tokens
    return any(t.is_word("AS") and any(n.is_word(w) or n.text == w for w in _QUERY_WORDS) for t, n in pairwise(tokens))


def _create_view(cursor: Cursor, parse: Parse) -> CatalogStatement:
    return _view(cursor, parse, replace=False)


def _replace(cursor: Cursor, parse: Parse) -> CatalogStatement:
    if not cursor.accept("VIEW"):
        raise cursor.unexpected("'MATERIALIZED', 'MULTI', 'PROTECTED', 'VIEW'")
    return _view(cursor, parse, replace=True)


def _view(cursor: Cursor, parse: Parse, *, replace: bool) -> CatalogStatement:
    name = _name(cursor)
    comment = _string(cursor) if cursor.accept("COMMENT") else None
    if cursor.accept("SECURITY") and not (cursor.accept("DEFINER") or cursor.accept("INVOKER")):
        raise cursor.unexpected("'DEFINER', 'INVOKER'")
    if not cursor.accept("AS"):
        raise cursor.unexpected("'.', 'AS', 'COMMENT', 'SECURITY'")
    if not any(cursor.at(word) for word in _QUERY_WORDS):
        raise cursor.unexpected("<query>")
    inner = parse(_rest(cursor))
    return statements.CreateView(name, inner.query, _rest(cursor).strip(), replace, comment)


def _drop_view(cursor: Cursor, parse: Parse) -> CatalogStatement:
    if_exists = cursor.accept("IF", "EXISTS")
    name = _name(cursor)
    _end(cursor)
    return statements.DropView(name, if_exists)


def _show_create_view(cursor: Cursor, parse: Parse) -> CatalogStatement:
    name = _name(cursor)
    _end(cursor)
    return statements.ShowCreateView(name)


def _explain(cursor: Cursor, parse: Parse) -> CatalogStatement:
    analyze = cursor.accept("ANALYZE")
    verbose = analyze and cursor.accept("VERBOSE")
    options: dict[str, str] = {}
    if cursor.at("(") and (cursor.ahead(1).is_word("FORMAT") or cursor.ahead(1).is_word("TYPE")):
        cursor.advance()
        while True:
            option = cursor.advance().text.upper()
            allowed = {"FORMAT": _FORMATS, "TYPE": () if analyze else _PLANS}.get(option, ())
            word = next((w for w in allowed if cursor.accept(w)), None)
            if word is None:
                raise cursor.unexpected(", ".join(f"'{w}'" for w in allowed) or "'FORMAT', 'TYPE'")
            options[option] = word
            if cursor.accept(")"):
                break
            if not cursor.accept(","):
                raise cursor.unexpected("')', ','")
    if cursor.token.kind is Kind.END or any(map(cursor.at, ("EXPLAIN", "PREPARE", "EXECUTE", "DEALLOCATE"))):
        raise cursor.unexpected("<statement>")
    inner = parse(_rest(cursor))
    return statements.Explain(
        inner, analyze, verbose, options.get("FORMAT", "TEXT"), options.get("TYPE", "DISTRIBUTED")
    )


def _prepare(cursor: Cursor, parse: Parse) -> CatalogStatement:
    name = _identifier(cursor)
    if not cursor.accept("FROM"):
        raise cursor.unexpected("'FROM'")
    if cursor.token.kind is Kind.END or cursor.at("PREPARE") or cursor.at("EXECUTE"):
        raise cursor.unexpected("<statement>")
    parse(_rest(cursor))
    return statements.Prepare(name, _rest(cursor).strip())


def _deallocate(cursor: Cursor, parse: Parse) -> CatalogStatement:
    if not cursor.accept("PREPARE"):
        raise cursor.unexpected("'PREPARE'")
    name = _identifier(cursor)
    _end(cursor)
    return statements.Deallocate(name)


def _rest(cursor: Cursor) -> str:
    """The text from the next token on, with blanks (and the line breaks) of what stands before it."""
    start, end = cursor.token.start, cursor.tokens[-2].end
    return "".join(c if c == "\n" else " " for c in cursor.text[:start]) + cursor.text[start:end]


def _name(cursor: Cursor) -> ObjectName:
    parts = [_identifier(cursor).lower()]
    while cursor.accept("."):
        parts.append(_identifier(cursor).lower())
    return name_of(parts)


def _identifier(cursor: Cursor) -> str:
    token = cursor.token
    if not token.is_name or token.quote == "`" or not token.text.strip():
        raise cursor.unexpected("<identifier>")
    return cursor.advance().text


def _string(cursor: Cursor) -> str:
    if cursor.token.kind is not Kind.STRING:
        raise cursor.unexpected("<string>")
    return cursor.advance().text


def _end(cursor: Cursor) -> None:
    if cursor.token.kind is not Kind.END:
        raise cursor.unexpected("'.', <EOF>")


_READERS: tuple[tuple[tuple[str, ...], Callable[[Cursor, Parse], CatalogStatement]], ...] = (
    (("CREATE", "VIEW"), _create_view),
    (("CREATE", "OR", "REPLACE"), _replace),
    (("DROP", "VIEW"), _drop_view),
    (("SHOW", "CREATE", "VIEW"), _show_create_view),
    (("EXPLAIN",), _explain),
    (("PREPARE",), _prepare),
    (("DEALLOCATE",), _deallocate),
)
