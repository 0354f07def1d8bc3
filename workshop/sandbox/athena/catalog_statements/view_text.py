"""How SHOW CREATE VIEW lays out a view's query: as Trino's SqlFormatter does, where the query is a plain SELECT.

A query with more to it than items, one table, WHERE, GROUP BY and LIMIT is shown as it was written: laying it out would
take a formatter for the whole language.
"""

from collections.abc import Sequence

from workshop.sandbox.athena.syntax.hive_tokens import HiveToken, Kind, tokens_of

_CLAUSES = ("FROM", "WHERE", "GROUP", "LIMIT")
_BEYOND = (
    "WITH", "UNION", "INTERSECT", "EXCEPT", "JOIN", "HAVING", "ORDER", "WINDOW", "OFFSET", "FETCH", "DISTINCT", "ALL",
    "VALUES", "TABLE", "SELECT", "UNNEST", "LATERAL", "TABLESAMPLE", "CROSS", "NATURAL", "FOR", "MATCH_RECOGNIZE",
)  # fmt: skip


def formatted(sql: str) -> str:
    """The text of a query, laid out if it is plain."""
    tokens = tokens_of(sql, "trino")[:-1]
    if not tokens or not tokens[0].is_word("SELECT") or "--" in sql or "/*" in sql:
        return sql.strip()
    if any(t.kind is Kind.WORD and t.text.upper() in _BEYOND for t in tokens[1:]):
        return sql.strip()
    parts = _parts(tokens[1:])
    if parts is None:
        return sql.strip()
    items = [_without_as(sql, item) for item in _split(parts.pop("SELECT"))]
    lines = [f"SELECT {items[0]}"] if len(items) == 1 else ["SELECT", f"  {items[0]}", *(f", {i}" for i in items[1:])]
    for clause, listed in parts.items():
        if clause == "FROM":
            if len(_split(listed)) > 1:
                return sql.strip()
            lines += ["FROM", f"  {_without_as(sql, listed)}"]
        elif clause == "WHERE":
            lines.append(f"WHERE {_bracketed(_text(sql, listed))}")
        elif clause == "GROUP":
            keys = ", ".join(_text(sql, key) for key in _split(listed[1:]))
            lines.append(f"GROUP BY {keys}")
        else:
            lines.append(f"LIMIT {_text(sql, listed)}")
    return "\n".join(lines)


def _parts(tokens: Sequence[HiveToken]) -> dict[str, list[HiveToken]] | None:
    """The tokens of each clause, in their order; None if a clause is empty or comes twice."""
    parts: dict[str, list[HiveToken]] = {"SELECT": []}
    current, depth = "SELECT", 0
    for token in tokens:
        depth += (token.text in ("(", "[")) - (token.text in (")", "]")) if token.kind is Kind.SYMBOL else 0
        word = token.text.upper() if token.kind is Kind.WORD else ""
        if depth == 0 and word in _CLAUSES:
            if word in parts:
                return None
            current = word
            parts[current] = []
        else:
            parts[current].append(token)
    return parts if all(parts.values()) and depth == 0 else None


def _split(tokens: Sequence[HiveToken]) -> list[list[HiveToken]]:
    items: list[list[HiveToken]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind is Kind.SYMBOL:
            depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth == 0 and token.kind is Kind.SYMBOL and token.text == ",":
            items.append([])
        else:
            items[-1].append(token)
    return items if all(items) else [list(tokens)]


def _text(sql: str, tokens: Sequence[HiveToken]) -> str:
    return " ".join(sql[tokens[0].start : tokens[-1].end].split("\n"))


def _without_as(sql: str, tokens: Sequence[HiveToken]) -> str:
    """An item whose alias, if it has one, stands without AS."""
    if len(tokens) > 2 and tokens[-2].is_word("AS") and tokens[-1].is_name:
        return f"{_text(sql, tokens[:-2])} {_text(sql, tokens[-1:])}"
    return _text(sql, tokens)


def _bracketed(text: str) -> str:
    """A condition stands in brackets of its own."""
    return text if _in_brackets(text) else f"({text})"


def _in_brackets(text: str) -> bool:
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for token in tokens_of(text, "trino")[:-1]:
        if token.kind is Kind.SYMBOL:
            depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.end < len(text):
            return False
    return True
