"""The kinds of statement the engine runs; every other kind is refused by name."""

from dataclasses import dataclass, field, replace
from typing import NoReturn

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from workshop.sandbox.athena.errors import AthenaError, InvalidRequestError, not_supported
from workshop.sandbox.athena.syntax import modifications
from workshop.sandbox.athena.syntax.catalog_statements import CatalogStatement, Explain, FailsWhenRun
from workshop.sandbox.athena.syntax.hive_statements import hive_statement
from workshop.sandbox.athena.syntax.hive_tokens import first_word
from workshop.sandbox.athena.syntax.modifications import Modification
from workshop.sandbox.athena.syntax.parser import SyntaxTree
from workshop.sandbox.athena.syntax.statement_heads import headed_statement, is_ctas

_FIRST_WORDS = frozenset(
    [
        "ALTER",
        "ANALYZE",
        "CALL",
        "COMMENT",
        "COMMIT",
        "CREATE",
        "DEALLOCATE",
        "DELETE",
        "DENY",
        "DESC",
        "DESCRIBE",
        "DROP",
        "EXECUTE",
        "EXPLAIN",
        "GRANT",
        "INSERT",
        "MERGE",
        "MSCK",
        "OPTIMIZE",
        "PREPARE",
        "REFRESH",
        "RESET",
        "REVOKE",
        "ROLLBACK",
        "SELECT",
        "SET",
        "SHOW",
        "START",
        "TABLE",
        "TRUNCATE",
        "UNLOAD",
        "UPDATE",
        "USE",
        "VACUUM",
        "VALUES",
        "WITH",
    ]
)


_CATALOG_WORDS = frozenset(
    [
        "ALTER",
        "CREATE",
        "DEALLOCATE",
        "DELETE",
        "DESC",
        "DESCRIBE",
        "DROP",
        "EXPLAIN",
        "MERGE",
        "MSCK",
        "OPTIMIZE",
        "PREPARE",
        "SHOW",
        "UPDATE",
        "VACUUM",
    ]
)
"""First words of statements that are not read as queries and writes are."""


@dataclass(frozen=True)
class TableName:
    """A table as written; `None` parts come from the query's context."""

    name: str
    database: str | None
    catalog: str | None
    node: exp.Expr


@dataclass(frozen=True)
class Select:
    """A query whose rows go to a CSV file."""

    query: exp.Expr


@dataclass(frozen=True)
class Insert:
    """INSERT INTO table [(columns)] query."""

    table: TableName
    columns: tuple[str, ...] | None
    query: exp.Expr


@dataclass(frozen=True)
class Unload:
    """UNLOAD (query) TO 's3://…' WITH (…)."""

    query: exp.Expr
    location: str
    properties: dict[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ctas:
    """CREATE TABLE name WITH (…) AS query."""

    table: TableName
    query: exp.Expr
    properties: dict[str, str | list[str]]
    if_not_exists: bool
    with_data: bool = True


@dataclass(frozen=True)
class Execute:
    """EXECUTE name [USING value, …]."""

    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Unsupported:
    """A statement of Athena's that this engine does not run: it fails when it runs, as NOT_SUPPORTED."""

    what: str
    statement_type: str


Statement = Select | Insert | Unload | Ctas | Execute | Unsupported | Modification | CatalogStatement


def statement_types(statement: Statement) -> tuple[str, str]:  # noqa: PLR0911 - one return for each kind
    """`StatementType` and `SubstatementType` as GetQueryExecution reports them."""
    match statement:
        case Select():
            return "DML", "SELECT"
        case Insert():
            return "DML", "INSERT"
        case Unload():
            return "DML", "UNLOAD"
        case Ctas():
            return "DDL", "CREATE_TABLE_AS_SELECT"
        case Execute():
            return "DML", "EXECUTE"
        case Unsupported(what, statement_type):
            return statement_type, what.replace(" ", "_")
        case Modification() | FailsWhenRun():
            return statement.types
        case CatalogStatement():
            return statement.TYPES


def result_suffix(statement: Statement) -> str:
    """What follows the id in the name of a statement's result file; nothing where there is no such file."""
    match statement:
        case Select() | Modification():
            return ".csv"
        case CatalogStatement():
            return ".txt"
        case Unsupported(_, statement_type):
            return "" if statement_type == "DML" else ".txt"
    return ""


def parse(text: str) -> Statement:  # noqa: PLR0911 - one return for each kind of statement
    """The statement in `text`; `InvalidRequestError` when it is not SQL that Athena would accept."""
    if first_word(text) in _CATALOG_WORDS:
        found = headed_statement(text, parse) or modifications.modification(text)
        if found is None and not is_ctas(text):
            found = hive_statement(text)
        if found is not None:
            return found
    tree = SyntaxTree(text)
    if not tree.tokens:
        raise InvalidRequestError("Query string cannot be empty.", athena_error_code="MALFORMED_QUERY")
    first = tree.tokens[0]
    word = first.text.upper()
    if word not in _FIRST_WORDS and first.token_type != TokenType.L_PAREN:
        raise tree.mismatched(first, "'ALTER', 'CREATE', 'DELETE', 'INSERT', 'SELECT', 'UNLOAD', 'WITH', <query>")
    if word == "UNLOAD":
        return _unload(tree)
    if word == "EXECUTE":
        return _execute(tree)
    if word not in ("SELECT", "WITH", "VALUES", "TABLE", "INSERT", "CREATE") and first.token_type != TokenType.L_PAREN:
        return _unsupported(tree.tokens)
    if word == "CREATE" and not _is_ctas(tree.tokens):
        return _unsupported(tree.tokens)
    node = tree.parse()
    match node:
        case exp.Query() | exp.Values():
            return Select(node)
        case exp.Insert():
            return _insert(node)
        case exp.Create(kind="TABLE") if isinstance(node.expression, exp.Query):
            return _ctas(node)
    return _unsupported(tree.tokens)


def table_name(node: exp.Expr) -> TableName:
    """The name in a table reference; `_refuse` anything but plain identifiers."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise not_supported("This kind of table reference")
    return TableName(
        name=node.name.lower(), database=node.db.lower() or None, catalog=node.catalog.lower() or None, node=node
    )


def _is_ctas(tokens: list[Token]) -> bool:
    words = [t.text.upper() for t in tokens]
    return words[1] == "TABLE" and any(t.token_type == TokenType.SELECT for t in tokens) if len(words) > 1 else False


def _unsupported(tokens: list[Token]) -> Unsupported:
    words = [t.text.upper() for t in tokens[:2]]
    first = words[0]
    what = " ".join(words) if first in ("CREATE", "DROP", "ALTER", "MSCK", "SHOW") else first
    utility = first in ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")
    dml = first in ("DELETE", "UPDATE", "MERGE", "OPTIMIZE", "VACUUM", "INSERT")
    return Unsupported(what, "UTILITY" if utility else "DML" if dml else "DDL")


def _insert(node: exp.Insert) -> Statement:
    if node.args.get("overwrite") or node.args.get("partition") or node.args.get("by_name"):
        raise InvalidRequestError("line 1:8: mismatched input. Expecting: 'INTO'", athena_error_code="MALFORMED_QUERY")
    target, columns = node.this, None
    if isinstance(target, exp.Schema):
        columns = tuple(c.name.lower() for c in target.expressions)
        target = target.this
    return Insert(table_name(target), columns, node.expression)


def _ctas(node: exp.Create) -> Ctas:
    properties: dict[str, str | list[str]] = {}
    listed = node.args.get("properties")
    with_data = True
    for item in listed.expressions if listed else []:
        match item:
            case exp.FileFormatProperty():
                properties["format"] = item.this.name
            case exp.PartitionedByProperty():
                properties["partitioned_by"] = [e.name.lower() for e in item.this.expressions]
            case exp.WithDataProperty():
                with_data = not item.args.get("no")
            case exp.Property() if type(item) is exp.Property:
                value = item.args["value"]
                properties[item.name.lower()] = (
                    [e.name for e in value.expressions] if isinstance(value, exp.Array) else value.name
                )
            case _:
                raise not_supported(f"The table property {item.key}")
    if node.args.get("replace"):
        raise not_supported("CREATE OR REPLACE TABLE")
    return Ctas(table_name(node.this), node.expression, properties, bool(node.args.get("exists")), with_data)


def _unload(tree: SyntaxTree) -> Unload:
    """`UNLOAD ( query ) TO 'location' WITH ( name = value, … )`, found by its brackets."""
    tokens = tree.tokens
    if len(tokens) < 2 or tokens[1].token_type != TokenType.L_PAREN:
        raise tree.mismatched(tokens[1] if len(tokens) > 1 else None, "'('")
    end = _closing(tree, 1)
    query = tree.parse(tokens[2:end])
    if not isinstance(query, exp.Query):
        raise tree.mismatched(tokens[2], "<query>")
    rest = tokens[end + 1 :]
    if len(rest) < 2 or rest[0].text.upper() != "TO" or rest[1].token_type != TokenType.STRING:
        raise tree.mismatched(rest[0] if rest else None, "'TO'")
    if len(rest) < 4 or rest[2].text.upper() != "WITH" or rest[3].token_type != TokenType.L_PAREN:
        raise tree.mismatched(rest[2] if len(rest) > 2 else None, "'WITH'")
    opening = end + 4
    closing = _closing(tree, opening)
    if closing != len(tokens) - 1:
        raise tree.mismatched(tokens[closing + 1], "<EOF>")
    return Unload(query, rest[1].text, _properties(tree, tokens[opening + 1 : closing]))


def _properties(tree: SyntaxTree, tokens: list[Token]) -> dict[str, str | list[str]]:
    properties: dict[str, str | list[str]] = {}
    position = 0

    def take(*kinds: TokenType) -> Token:
        nonlocal position
        token = tokens[position] if position < len(tokens) else None
        if token is None or (kinds and token.token_type not in kinds):
            raise tree.mismatched(token)
        position += 1
        return token

    while position < len(tokens):
        name = take().text.lower()
        take(TokenType.EQ)
        value = take()
        if value.token_type == TokenType.ARRAY:
            take(TokenType.L_BRACKET)
            items = []
            while True:
                items.append(take(TokenType.STRING).text)
                if take(TokenType.COMMA, TokenType.R_BRACKET).token_type == TokenType.R_BRACKET:
                    break
            properties[name] = items
        elif value.token_type in (TokenType.STRING, TokenType.NUMBER):
            properties[name] = value.text
        else:
            raise tree.mismatched(value)
        if position < len(tokens):
            take(TokenType.COMMA)
    return properties


def _execute(tree: SyntaxTree) -> Execute:
    tokens = tree.tokens
    if len(tokens) < 2:
        raise tree.mismatched(None, "<identifier>")
    if len(tokens) == 2:
        return Execute(tokens[1].text, ())
    if tokens[2].text.upper() != "USING" or len(tokens) == 3:
        raise tree.mismatched(tokens[2], "'USING', <EOF>")
    parameters, start, depth = [], 3, 0
    for i in range(3, len(tokens) + 1):
        at_end = i == len(tokens)
        if at_end or (depth == 0 and tokens[i].token_type == TokenType.COMMA):
            if i == start:
                raise tree.mismatched(None if at_end else tokens[i], "<expression>")
            parameters.append(tree.text[tokens[start].start : tokens[i - 1].end + 1])
            start = i + 1
        elif tokens[i].token_type in (TokenType.L_PAREN, TokenType.L_BRACKET):
            depth += 1
        elif tokens[i].token_type in (TokenType.R_PAREN, TokenType.R_BRACKET):
            depth -= 1
    return Execute(tokens[1].text, tuple(parameters))


def _closing(tree: SyntaxTree, opening: int) -> int:
    depth = 0
    for i in range(opening, len(tree.tokens)):
        kind = tree.tokens[i].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if depth == 0:
            return i
    raise tree.mismatched(None, "')'")


def bind_parameters(statement: Statement, parameters: list[str]) -> Statement:
    """`statement` with each `?` replaced by the literal in `parameters`, in order."""
    if isinstance(statement, Explain):
        return replace(statement, statement=bind_parameters(statement.statement, parameters))
    if isinstance(statement, Unsupported | Execute | Modification | CatalogStatement):
        return statement
    found = [n for n in statement.query.walk(bfs=False) if isinstance(n, exp.Placeholder)]
    if len(found) != len(parameters):
        _parameters_refused(len(found), len(parameters))
    for node, text in zip(_in_order(found), parameters, strict=True):
        value = SyntaxTree(f"SELECT {text}").parse()
        item = value.expressions[0]
        if len(value.expressions) != 1 or not _is_constant(item):
            raise InvalidRequestError(f"Invalid execution parameter: {text}", athena_error_code="INVALID_INPUT")
        node.replace(item.copy())
    return statement


def _in_order(nodes: list[exp.Placeholder]) -> list[exp.Placeholder]:
    """Placeholders in the order of the text (a depth-first walk visits a tree's parts in another one)."""
    return sorted(nodes, key=lambda n: n.meta.get("start", 0))


def _is_constant(node: exp.Expr) -> bool:
    allowed = (exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Interval)
    return all(isinstance(n, (*allowed, exp.Var, exp.Paren)) for n in node.walk())


def _parameters_refused(expected: int, given: int) -> NoReturn:
    raise AthenaError(
        "INVALID_PARAMETER_USAGE", f"Incorrect number of parameters: expected {expected} but found {given}"
    )
