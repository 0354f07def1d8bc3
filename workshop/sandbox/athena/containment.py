"""What keeps one query from taking the whole process with it: limits of depth, size and memory."""

import re
import resource
import sys

from workshop.sandbox.athena.errors import AthenaError

RECURSION = 5_000
"""How deep Python may descend: enough for a chain of a thousand operators, and little enough for the 8 MB stack of a
thread that is not one of the queries'."""

LAMBDA_DEPTH = 11
"""Lambdas inside lambdas: binding one more level takes DuckDB twice as long (11 levels: a third of a second), or more,
and nothing interrupts it. Arrays of arrays are printed with one lambda a level."""

EXPRESSION_DEPTH = 5_000
"""Expressions inside expressions that DuckDB descends into; a chain of a thousand operators is as deep as it is long,
and a thread of DuckDB's own, with a stack of 8 MB, computes it."""

SQL_BYTES = 16 * 1024 * 1024
"""Longest text for DuckDB; one of 256 kB from the user, compiled, is a few times as long."""

_TOO_LARGE = "statement is too large (stack overflow during analysis)"
_PIECES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\blambda\b|[()]""")


def contain_process(memory: int) -> None:
    """Set this process's limits; `memory` in bytes. What asks for more is refused, and only the query that did fails,
    where the system would end the process. Threads' stacks count as they are reserved, so there is room for them."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def check_sql(sql: str) -> None:
    """Raise `AthenaError` for a text that DuckDB would choke on."""
    if len(sql) > SQL_BYTES or (sql.count("lambda") > LAMBDA_DEPTH and _lambda_depth(sql) > LAMBDA_DEPTH):
        raise AthenaError("STACK_OVERFLOW", _TOO_LARGE)


def _lambda_depth(sql: str) -> int:
    deepest, depth = 0, 0
    open_lambdas: list[int] = []  # the depth of parentheses that each lambda stands in
    for piece in _PIECES.finditer(sql):
        match piece[0]:
            case "(":
                depth += 1
            case ")":
                depth -= 1
                while open_lambdas and open_lambdas[-1] > depth:
                    open_lambdas.pop()
            case "lambda":
                open_lambdas.append(depth)
                deepest = max(deepest, len(open_lambdas))
    return deepest
