"""EXPLAIN: a plan as a tree. Its shape is Trino's, its words are this engine's: what is scanned, what of it is used,
and what is done with it (Athena user guide: EXPLAIN and EXPLAIN ANALYZE)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from workshop.sandbox.athena.api.columns import column
from workshop.sandbox.athena.catalog_statements.context import Answer, lines_of
from workshop.sandbox.athena.compiler.scope import Compiled, Scan
from workshop.sandbox.athena.syntax.catalog_statements import Explain
from workshop.sandbox.athena.syntax.statements import Ctas, Insert, Unload

_UNBOUNDED = 2147483647


@dataclass(frozen=True)
class PlanNode:
    """A step of a plan, what is to say of it, and the steps that feed it."""

    name: str
    descriptor: Mapping[str, str] = field(default_factory=dict)
    details: tuple[str, ...] = ()
    children: tuple["PlanNode", ...] = ()


@dataclass(frozen=True)
class Ran:
    """What EXPLAIN ANALYZE measured: rows of the result, bytes scanned, milliseconds."""

    rows: int
    scanned: int
    millis: float


def answer(statement: Explain, compiled: Compiled, scans: Sequence[Scan], ran: Ran | None = None) -> Answer:
    """The plan in the format that was asked for, a row for each line, the column's name first."""
    if statement.kind == "VALIDATE":
        return Answer([column("Valid", "boolean")], ["Valid", "true", ""])
    tree = plan(statement, compiled, scans)
    if statement.kind == "IO":
        text = json.dumps({"inputTableColumnInfos": [_input(scan) for scan in scans]}, indent=2)
    elif statement.format == "JSON":
        described = _json(tree, iter(range(1_000_000)))
        text = json.dumps(described if statement.kind == "LOGICAL" else {"0": described}, indent=2)
    elif statement.format == "GRAPHVIZ":
        text = "\n".join(["digraph logical_plan {", *_graph(tree), "}"]) + "\n"
    else:
        text = "\n".join(_text(statement, tree, compiled, ran)) + "\n\n"
    precision = _UNBOUNDED if statement.analyze else len(text)
    lines = lines_of("Query Plan", text + "\n")
    return Answer([column("Query Plan", "varchar", precision, case_sensitive=True)], lines, ran.scanned if ran else 0)


def plan(statement: Explain, compiled: Compiled, scans: Sequence[Scan]) -> PlanNode:
    """The tree of a query or of a statement that writes one's rows."""
    written = statement.statement
    top = _Planner({id(scan): scan for scan in scans}, list(scans)).query(written.query)
    match written:
        case Insert():
            top = PlanNode("TableWriter", {"table": written.table.name}, (), (top,))
        case Ctas():
            top = PlanNode("TableWriter", {"table": written.table.name, "create": "true"}, (), (top,))
        case Unload():
            top = PlanNode("Unload", {"location": written.location}, (), (top,))
    names = [c.name if c.name is not None else f"_col{i}" for i, c in enumerate(compiled.columns)]
    layout = ", ".join(f"{n}:{c.type}" for n, c in zip(names, compiled.columns, strict=True))
    return PlanNode("Output", {"columnNames": f"[{', '.join(names)}]"}, (f"Layout: [{layout}]",), (top,))


@dataclass
class _Planner:
    """Walks a tree of the parser's; tables are matched with the scans, which are in the order of the walk."""

    by_id: dict[int, Scan]
    waiting: list[Scan]

    def query(self, node: exp.Expr) -> PlanNode:
        """A query, from what it reads upwards."""
        match node:
            case exp.Subquery():
                found = self.query(node.this)
            case exp.SetOperation():
                sides = (self.query(node.this), self.query(node.expression))
                found = PlanNode(node.key.capitalize(), {}, (), sides)
            case exp.Values():
                found = PlanNode("Values", {"rows": str(len(node.expressions))})
            case exp.Select():
                found = self._select(node)
            case _:
                found = PlanNode(node.key.capitalize())
        return self._ordered(node, found)

    def _select(self, node: exp.Select) -> PlanNode:
        found = self._source(node)
        if (where := node.args.get("where")) is not None:
            found = PlanNode("Filter", {"filterPredicate": _sql(where.this)}, (), (found,))
        if (group := node.args.get("group")) is not None or any(e.find(exp.AggFunc) for e in node.expressions):
            keys = [_sql(e) for e in group.expressions] if group is not None else []
            found = PlanNode("Aggregate", {"keys": f"[{', '.join(keys)}]"}, (), (found,))
        if (having := node.args.get("having")) is not None:
            found = PlanNode("Filter", {"filterPredicate": _sql(having.this)}, (), (found,))
        if any(e.find(exp.Window) for e in node.expressions):
            found = PlanNode("Window", {}, (), (found,))
        found = PlanNode("Project", {"expressions": f"[{', '.join(map(_sql, node.expressions))}]"}, (), (found,))
        return PlanNode("Distinct", {}, (), (found,)) if node.args.get("distinct") else found

    def _ordered(self, node: exp.Expr, found: PlanNode) -> PlanNode:
        if (order := node.args.get("order")) is not None:
            found = PlanNode("Sort", {"orderBy": f"[{', '.join(map(_sql, order.expressions))}]"}, (), (found,))
        for key in ("offset", "limit"):
            if (clause := node.args.get(key)) is not None:
                count = clause.args.get("expression") or clause.args.get("count")
                found = PlanNode(key.capitalize(), {"count": _sql(count) if count is not None else "1"}, (), (found,))
        return found

    def _source(self, node: exp.Expr) -> PlanNode:
        clause = node.args.get("from_")
        if clause is None:
            return PlanNode("Values", {"rows": "1"})
        left = self._relation(clause.this)
        for join in [*(clause.this.args.get("joins") or []), *(node.args.get("joins") or [])]:
            kind = " ".join(str(join.args.get(k)) for k in ("side", "kind") if join.args.get(k)) or "INNER"
            on = join.args.get("on")
            using = [i.name for i in join.args.get("using") or []]
            described = {"type": kind.upper()}
            if on is not None:
                described["criteria"] = _sql(on)
            if using:
                described["using"] = f"[{', '.join(using)}]"
            left = PlanNode("Join", described, (), (left, self._relation(join.this)))
        return left

    def _relation(self, node: exp.Expr) -> PlanNode:
        match node:
            case exp.Table():
                return self._scan(node)
            case exp.Subquery() | exp.Values():
                return self.query(node)
            case exp.Unnest():
                return PlanNode("Unnest", {"expressions": f"[{', '.join(map(_sql, node.expressions))}]"})
        return PlanNode(node.key.capitalize())

    def _scan(self, node: exp.Table) -> PlanNode:
        name = node.name.lower()
        scan = next((s for s in self.waiting if s.table.name == name), None)
        if scan is None:
            return PlanNode("Read", {"relation": ".".join(p.name for p in node.parts)})
        self.waiting.remove(scan)
        used = sorted({path[0] for path in scan.used})
        keys = [k.name for k in scan.table.partition_keys]
        details = [f"columns: [{', '.join(used)}]"]
        if keys:
            details.append(f"partition keys: [{', '.join(keys)}], conditions on them alone: {len(scan.conditions)}")
        if scan.ranges:
            details.append(f"columns compared with constants: [{', '.join(sorted({r.column for r in scan.ranges}))}]")
        return PlanNode("TableScan", {"table": _full_name(scan)}, tuple(details))


def _full_name(scan: Scan) -> str:
    return f"awsdatacatalog:{scan.table.database}:{scan.table.name}"


def _sql(node: exp.Expr) -> str:
    return node.sql("trino")


def _text(statement: Explain, tree: PlanNode, compiled: Compiled, ran: Ran | None) -> Iterator[str]:
    indent = ""
    if ran is not None:
        yield f"Query executed in {ran.millis:.2f}ms: {ran.rows} rows, {ran.scanned} bytes scanned"
        yield ""
    if statement.kind == "DISTRIBUTED":
        yield "Fragment 0 [SINGLE]"
        yield f"    Output layout: [{', '.join(c.name or f'_col{i}' for i, c in enumerate(compiled.columns))}]"
        yield "    Output partitioning: SINGLE []"
        indent = "    "
    yield from _indented(tree, indent, "")


def _indented(node: PlanNode, head: str, tail: str) -> Iterator[str]:
    described = ", ".join(f"{k} = {v}" for k, v in node.descriptor.items())
    yield from lines_of(f"{head}{node.name}[{described}]".replace("\n", " "))
    inner = tail or " " * len(head)
    bar = "│   " if node.children else "    "
    for detail in node.details:
        yield f"{inner}{bar}{detail}"
    for i, child in enumerate(node.children):
        last = i == len(node.children) - 1
        yield from _indented(child, f"{inner}{'└─ ' if last else '├─ '}", f"{inner}{'   ' if last else '│  '}")


def _json(node: PlanNode, ids: Iterator[int]) -> dict[str, Any]:
    return {
        "id": str(next(ids)),
        "name": node.name,
        "descriptor": dict(node.descriptor),
        "outputs": [],
        "details": list(node.details),
        "estimates": [],
        "children": [_json(child, ids) for child in node.children],
    }


def _graph(tree: PlanNode) -> Iterator[str]:
    ids = iter(range(1_000_000))

    def walk(node: PlanNode, parent: int | None) -> Iterator[str]:
        own = next(ids)
        label = node.name + "".join(f" {k} = {v}" for k, v in node.descriptor.items())
        yield f'plannode_{own}[label={json.dumps(label)}, style="rounded, filled", shape=record];'
        if parent is not None:
            yield f"plannode_{parent} -> plannode_{own};"
        for child in node.children:
            yield from walk(child, own)

    return walk(tree, None)


def _input(scan: Scan) -> dict[str, Any]:
    return {
        "table": {
            "catalog": "awsdatacatalog",
            "schemaTable": {"schema": scan.table.database, "table": scan.table.name},
        },
        "columnConstraints": [
            {"columnName": k.name, "typeSignature": str(k.type)} for k in scan.table.partition_keys if scan.conditions
        ],
    }
