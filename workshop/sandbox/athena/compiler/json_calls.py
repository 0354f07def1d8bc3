"""JSON_EXISTS, JSON_VALUE and JSON_QUERY (Trino documentation: JSON functions and operators).

`syntax/json_functions.py` says what the nodes hold.
"""

from typing import TYPE_CHECKING

from sqlglot import exp

from workshop.sandbox.athena.compiler import casts, json_casts
from workshop.sandbox.athena.compiler.text_of_values import text
from workshop.sandbox.athena.compiler.values import Value, coerce, fail
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.sqljson.from_json import reader
from workshop.sandbox.athena.sqljson.path_functions import ENCODINGS, FAILED, FOUND, NOTHING, NULL, OUTCOME, runner
from workshop.sandbox.athena.sqljson.path_syntax import Path, parse_path
from workshop.sandbox.athena.syntax.syntax_types import type_of
from workshop.sandbox.athena.types import BOOLEAN, JSON, VARBINARY, VARCHAR, Type, array, can_coerce, literal
from workshop.sandbox.athena.udf import Udf, call

if TYPE_CHECKING:
    from workshop.sandbox.athena.compiler.expressions import Expressions

_NUMBERS = frozenset(["tinyint", "smallint", "integer", "bigint", "real", "double"])
_MOMENTS = {
    "date": "date",
    "time": "time without time zone",
    "time with time zone": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamp with time zone": "timestamp with time zone",
}
_READ = _NUMBERS | {"boolean", "decimal", "varchar"}
_EMPTY_TEXTS = {"EMPTY ARRAY": "'[]'", "EMPTY OBJECT": "'{}'"}


def json_exists(block: "Expressions", node: exp.Expr) -> Value:
    """JSON_EXISTS(…)."""
    outcome = _outcome(block, node, "")
    failed = {"TRUE": "TRUE", "FALSE": "FALSE", "UNKNOWN": "CAST(NULL AS BOOLEAN)", "ERROR": fail("r.text", BOOLEAN)}
    on_error = failed[str(node.meta["json"]["on_error"])]
    cases = f"WHEN {FOUND} THEN TRUE WHEN {NOTHING} THEN FALSE WHEN {FAILED} THEN {on_error}"
    return Value(_decided(outcome, cases), BOOLEAN)


def json_query(block: "Expressions", node: exp.Expr) -> Value:
    """JSON_QUERY(…)."""
    clauses = node.meta["json"]
    outcome = _outcome(block, node, f"{clauses['wrapper']} {clauses['quotes']}")
    special = {"NULL": "CAST(NULL AS VARCHAR)", "ERROR": fail("r.text", VARCHAR), **_EMPTY_TEXTS}
    cases = (
        f"WHEN {FOUND} THEN r.text WHEN {NOTHING} THEN {special[clauses['on_empty']]} "
        f"WHEN {FAILED} THEN {special[clauses['on_error']]}"
    )
    return returned(block, node, Value(_decided(outcome, cases), VARCHAR))


def json_value(block: "Expressions", node: exp.Expr) -> Value:
    """JSON_VALUE(…)."""
    target = _returning(block, node)
    outcome = _outcome(block, node, "")
    converted = _of_scalar(target, block.position(node))
    wrong = (
        "'JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: Cannot cast value of type ' || r.kind || "
        + literal(f" to declared return type of function JSON_VALUE: {target}")
    )
    nothing = _handled(block, node, target, "empty", "r.text")
    failed = _handled(block, node, target, "error", "r.text")
    uncast = _handled(block, node, target, "error", wrong)
    cases = (
        f"WHEN {FOUND} THEN coalesce(TRY({converted}), {uncast}) WHEN {NOTHING} THEN {nothing} "
        f"WHEN {FAILED} THEN {failed} WHEN {NULL} THEN CAST(NULL AS {target.duckdb})"
    )
    return Value(_decided(outcome, cases), target)


def _handled(block: "Expressions", node: exp.Expr, target: Type, event: str, message: str) -> str:
    """What ON EMPTY or ON ERROR gives; `message` is SQL of the error."""
    behaviour = node.meta["json"][f"on_{event}"]
    if behaviour == "ERROR":
        return fail(message, target)
    if behaviour != "DEFAULT":
        return f"CAST(NULL AS {target.duckdb})"
    default = node.args[f"{event}_default"]
    value = block.compile(default)
    if not can_coerce(value.type, target):
        wrong = (
            f"Function JSON_VALUE default ON {event.upper()} result must evaluate to a {target} (actual: {value.type})"
        )
        raise AthenaError("TYPE_MISMATCH", wrong, block.position(default))
    return coerce(value, target).sql


def _of_scalar(target: Type, position: Position | None) -> str:
    """SQL of the scalar JSON text `r.text` as `target`."""
    if target.name in _READ and target.name != "varchar":
        return call(reader(target), ["r.text"], [JSON], target)
    if not casts.castable(VARCHAR, target):
        raise AthenaError("TYPE_MISMATCH", f"Invalid return type of function JSON_VALUE: {target}", position)
    shown = f"CASE WHEN r.kind = 'decimal' THEN r.text ELSE {call(reader(VARCHAR), ['r.text'], [JSON], VARCHAR)} END"
    return casts.convert(shown, VARCHAR, target)


def _decided(outcome: str, cases: str) -> str:
    return f"list_transform([{outcome}], lambda r: CASE r.status {cases} END)[1]"


def _outcome(block: "Expressions", node: exp.Expr, options: str) -> str:
    """SQL of the path's outcome, a struct; NULL if the input is."""
    clauses = node.meta["json"]
    operand, path_node = node.expressions
    value, encoding = json_input(block, operand, clauses["input_format"])
    names, kinds, texts = [], [], []
    passing = zip(node.args.get("passing") or [], clauses["formats"], strict=True)
    for item, form in passing:
        alias = item.args["alias"]
        names.append(alias.name if alias.args.get("quoted") else alias.name.upper())
        kind, sql = _passed(block, item.this, form)
        kinds.append(kind)
        texts.append(sql)
    path = _path(block, path_node, frozenset(names))
    udf = runner(str(node.this), path, tuple(names), tuple(kinds), f"{encoding} {options}".strip())
    passed = f"CAST([{', '.join(texts)}] AS VARCHAR[])"
    return call(udf, [value.sql, passed], [value.type, array(VARCHAR)], OUTCOME)


def _path(block: "Expressions", node: exp.Expr, names: frozenset[str]) -> Path:
    position = block.position(node)
    try:
        path = parse_path(node.name)
    except AthenaError as error:
        inside = Position(position.line, position.column + 1) if position and error.code == "INVALID_PATH" else position
        raise AthenaError(error.code, error.message, inside) from None
    for name in sorted(path.variables - names):
        message = f'no value passed for parameter {name}. Try quoting "{name}" in the PASSING clause to match case'
        raise AthenaError("INVALID_PATH", message, position)
    return path


def json_input(block: "Expressions", node: exp.Expr, form: str | None) -> tuple[Value, str]:
    """JSON text as varchar or varbinary, and its encoding."""
    value = block.compile(node)
    if value.type == VARBINARY:
        return value, ENCODINGS[form.rpartition(" ")[2] if form and "ENCODING" in form else "UTF8"]
    if value.type == JSON or (can_coerce(value.type, VARCHAR) and not (form and "ENCODING" in form)):
        return (value if value.type == JSON else coerce(value, VARCHAR)), "utf-8"
    message = f"Cannot read input of type {value.type} as JSON using formatting {form or 'JSON'}"
    raise AthenaError("TYPE_MISMATCH", message, block.position(node))


def _passed(block: "Expressions", node: exp.Expr, form: str | None) -> tuple[str, str]:
    """What a passed value is, and SQL of its text."""
    if form is not None:
        value, encoding = json_input(block, node, form)
        if value.type == VARBINARY:
            return "json", call(_DECODE, [value.sql, literal(encoding)], [VARBINARY, VARCHAR], VARCHAR)
        return "json", value.sql
    value = block.compile(node)
    if value.type == JSON:
        return "json", value.sql
    if value.type.name in _MOMENTS:
        return _MOMENTS[value.type.name], text(value.sql, value.type)
    return ("decimal" if value.type.name == "decimal" else "value"), sql_item(value, block.position(node))


def sql_item(value: Value, position: Position | None) -> str:
    """JSON text of an SQL value: booleans and numbers as they are, all else as text."""
    if value.type.name in _NUMBERS or value.type.name in ("boolean", "decimal", "varchar", "unknown", "date"):
        return json_casts.convert(value.sql, value.type, JSON)
    if value.type.name != "char" and not casts.castable(value.type, VARCHAR):
        raise AthenaError("TYPE_MISMATCH", f"Cannot cast {value.type} to varchar", position)
    return json_casts.convert(text(value.sql, value.type), VARCHAR, JSON)


def _decode(data: bytes, encoding: str) -> str:
    return data.decode(encoding, errors="replace")


def _encode(shown: str, encoding: str) -> bytes:
    return shown.encode(encoding)


_DECODE, _ENCODE = Udf(_decode), Udf(_encode)


def _returning(block: "Expressions", node: exp.Expr) -> Type:
    wanted = node.args.get("returning")
    return VARCHAR if wanted is None else type_of(wanted, node, block.position(node))


def returned(block: "Expressions", node: exp.Expr, value: Value) -> Value:
    """JSON text as the type of RETURNING: text, cut to its length, or bytes."""
    target, form = _returning(block, node), node.meta["json"]["format"]
    encoded = form is not None and "ENCODING" in form
    if target == VARBINARY:
        encoding = ENCODINGS[form.rpartition(" ")[2] if encoded else "UTF8"]
        return Value(call(_ENCODE, [value.sql, literal(encoding)], [VARCHAR, VARCHAR], VARBINARY), VARBINARY)
    if target.name not in ("varchar", "char") or encoded:
        message = f"Cannot output JSON value as {target} using formatting {form or 'JSON'}"
        raise AthenaError("TYPE_MISMATCH", message, block.position(node))
    return casts.cast(value, target, block.position(node))
