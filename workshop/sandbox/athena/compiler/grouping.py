"""GROUP BY: keys, grouping sets, and what stands for a key in the rest of the block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from workshop.sandbox.athena.compiler import operators
from workshop.sandbox.athena.compiler.aggregation import canonical, refuse_all_but_scalars
from workshop.sandbox.athena.compiler.expressions import GROUP_BY, Expressions
from workshop.sandbox.athena.compiler.values import Value
from workshop.sandbox.athena.errors import AthenaError
from workshop.sandbox.athena.syntax.formatting import shown

_SETS: dict[type[exp.Expr], str] = {exp.Cube: "CUBE", exp.Rollup: "ROLLUP", exp.GroupingSets: "GROUPING SETS"}
_MOST_SETS = 2048
"""Trino's max_grouping_sets."""


@dataclass(frozen=True)
class Grouping:
    """`keys` maps the SQL of each key to the SQL of its value in a group; `sql` is the GROUP BY clause.

    They differ where equal values may look different: of one instant in two zones a group shows one.
    """

    keys: Mapping[str, str]
    sql: str

    @staticmethod
    def of(block: Expressions, clause: exp.Expr, items: Sequence[exp.Expr | Value]) -> "Grouping":
        """The grouping that a GROUP BY clause asks for; `items` are the outputs, which ordinals name."""
        return _Reader(block.in_clause(GROUP_BY), items, is_whole(clause)).read(clause)


@dataclass
class _Reader:
    block: Expressions
    items: Sequence[exp.Expr | Value]
    in_sets: bool

    def read(self, clause: exp.Expr) -> Grouping:
        self.keys: dict[str, str] = {}
        self._check_count(clause)
        sets = [self._element(item) for item in clause.expressions]
        if all(len(listed) == 1 for listed in sets):
            together = dict.fromkeys(key for element in sets for key in element[0])
            return Grouping(self.keys, f" GROUP BY {', '.join(together) or '()'}")
        product: list[tuple[str, ...]] = [()]
        for element in sets:
            product = [(*before, *keys) for before in product for keys in element]
        chosen = [tuple(dict.fromkeys(keys)) for keys in product]
        if clause.args.get("unique"):
            chosen = list({frozenset(keys): keys for keys in chosen}.values())
        written = ", ".join(f"({', '.join(keys)})" for keys in chosen)
        return Grouping(self.keys, f" GROUP BY GROUPING SETS ({written})")

    def _check_count(self, clause: exp.Expr) -> None:
        count = 1
        for item in clause.expressions:
            members = len(item.expressions)
            count *= {exp.Cube: 2**members, exp.Rollup: members + 1, exp.GroupingSets: members}.get(type(item), 1)
            if count > _MOST_SETS:
                shown_count = str(count) if count < 2**31 else f"more than {2**31 - 1}"
                raise AthenaError(
                    "TOO_MANY_GROUPING_SETS",
                    f"GROUP BY has {shown_count} grouping sets but can contain at most {_MOST_SETS}",
                    self.block.position(clause),
                )

    def _element(self, item: exp.Expr) -> list[tuple[str, ...]]:
        """The grouping sets of one element of GROUP BY."""
        if type(item) not in _SETS:
            return [tuple(self._key(node) for node in _members(item))]
        sets = [tuple(self._column(node) for node in _members(node)) for node in item.expressions]
        if isinstance(item, exp.GroupingSets):
            return sets
        if isinstance(item, exp.Rollup):
            return [tuple(key for keys in sets[:n] for key in keys) for n in range(len(sets), -1, -1)]
        return [
            tuple(key for i, keys in enumerate(sets) if not chosen >> i & 1 for key in keys)
            for chosen in range(2 ** len(sets))
        ]

    def _column(self, node: exp.Expr) -> str:
        value = self.block.compile(node)
        if not isinstance(node, exp.Column):
            raise AthenaError(
                "INVALID_COLUMN_REFERENCE",
                f"GROUP BY expression must be a column reference: {shown(node)}",
                self.block.position(node),
            )
        return self._enter(value)

    def _key(self, node: exp.Expr) -> str:
        target: exp.Expr | Value = node
        if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
            target = self._of_ordinal(node)
        if isinstance(target, Value):
            return self._enter(target)
        refuse_all_but_scalars(target, "GROUP BY clause", self.block.queries.text)
        return self._enter(self.block.compile(target))

    def _of_ordinal(self, node: exp.Expr) -> exp.Expr | Value:
        number = int(node.name)
        if not 1 <= number <= len(self.items):
            raise AthenaError(
                "INVALID_COLUMN_REFERENCE",
                f"GROUP BY position {number} is not in select list",
                self.block.position(node),
            )
        item = self.items[number - 1]
        return item if isinstance(item, Value) else unaliased(item)

    def _enter(self, value: Value) -> str:
        """Remember the key; its SQL in the clause."""
        compared = operators.comparable(value)
        shown_in_group = compared if compared == value.sql else f"any_value({value.sql})"
        if compared != value.sql and self.in_sets:
            shown_in_group = f"CASE WHEN GROUPING({compared}) = 0 THEN {shown_in_group} END"
        self.keys.setdefault(canonical(value.sql), shown_in_group)
        return compared


def is_whole(clause: exp.Expr) -> bool:
    """Whether a GROUP BY clause has sets of keys, so that some rows of the result are of more than one key's group."""
    return any(type(item) in _SETS for item in clause.expressions)


def unaliased(node: exp.Expr) -> exp.Expr:
    """An item of SELECT without its name."""
    return node.this if isinstance(node, exp.Alias) else node


def output_name(node: exp.Expr) -> str | None:
    """The name that an item of SELECT has."""
    if isinstance(node, exp.Alias):
        return node.alias.lower()
    if isinstance(node, exp.Column):
        return node.name.lower()
    if isinstance(node, exp.Dot):
        return str(node.expression.name.lower())
    return None


def _members(node: exp.Expr) -> list[exp.Expr]:
    """The expressions of a set `(a, b)`; a row constructor is one expression."""
    return list(node.expressions) if node.meta.get("grouping_set") else [node]
