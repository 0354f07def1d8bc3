"""What names mean: columns in scope, the scans of tables behind them, and what a query used of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.errors import AthenaError, Position
from workshop.sandbox.athena.types import Type


@dataclass(eq=False)
class Scan:
    """One reading of a table: `alias` names its rows in the generated SQL, columns are c0, c1, …

    `used` collects the paths of columns that the query touches (`("actor", "login")`), for the bytes scanned;
    `conditions` the predicates on partition keys alone, `path_conditions` those on `"$path"` too, as SQL over
    `alias`; `equalities` the literals that a key is compared with by `=` or IN; `ranges` the comparisons of a column
    with constants, which statistics in Parquet files may answer.
    """

    table: Table
    alias: str
    used: set[tuple[str, ...]] = field(default_factory=set)
    conditions: list[str] = field(default_factory=list)
    path_conditions: list[str] = field(default_factory=list)
    equalities: dict[str, set[str]] = field(default_factory=dict)
    ranges: list["Range"] = field(default_factory=list)
    uses_path: bool = False

    @property
    def view(self) -> str:
        """Name of the DuckDB view that reads the table's files."""
        return f"scan_{self.alias}"


@dataclass(frozen=True)
class Range:
    """What a comparison says of all values of a column: `sql` is false of `lo` and `hi`, the least and the greatest,
    only when no value between them satisfies it."""

    column: str
    sql: str


@dataclass(frozen=True, eq=False)
class Column:
    """A column in scope: `sql` refers to it. `relation` and `database` are the qualifiers it answers to.

    A column of a table knows its `scan`, and the name it is `stored` under if it has another one here; one of a derived
    table the `origins` that it shows unchanged. `shared` are the CTEs that it has come through.
    """

    name: str | None
    type: Type
    sql: str
    relation: str | None = None
    database: str | None = None
    hidden: bool = False
    scan: Scan | None = None
    partition_key: bool = False
    nullable_side: bool = False
    output: bool = False
    origins: "tuple[Column, ...]" = ()
    shared: frozenset[str] = frozenset()
    stored: str | None = None

    @property
    def own_name(self) -> str:
        """The name in the table, whatever an alias calls it here."""
        return self.stored or self.name or ""


@dataclass
class Scope:
    """Columns that names are looked up in; then those of `parent`.

    The parent is the enclosing query, or, with `extends`, more columns of the same one (FROM, behind ORDER BY's names).
    `outputs` says that the columns are those that SELECT names. `groups` holds the GROUP BY keys of a block that
    aggregates, for the subqueries in it: they may use no other column.
    """

    columns: Sequence[Column]
    parent: "Scope | None" = None
    extends: bool = False
    groups: "Mapping[str, str] | None" = None
    outputs: bool = False

    def resolve(self, parts: Sequence[str], position: Position | None) -> "Found":
        """The column that `a.b.c` names; the longest qualified name that is a column wins over a field of a shorter."""
        for scope, own in self._chain():
            for length in range(min(len(parts), 4), 0, -1):
                found = [c for c in scope.columns if _matches(c, parts[:length])]
                if len(found) > 1:
                    raise AthenaError("AMBIGUOUS_NAME", f"Column '{'.'.join(parts[:length])}' is ambiguous", position)
                if found:
                    return Found(found[0], parts[length:], own, scope)
        raise AthenaError(
            "COLUMN_NOT_FOUND",
            f"Column '{'.'.join(parts)}' cannot be resolved or requester is not authorized to access requested "
            "resources",
            position,
        )

    def _chain(self) -> "Iterator[tuple[Scope, bool]]":
        scope: Scope | None = self
        own = True
        while scope is not None:
            yield scope, own
            own = own and scope.extends
            scope = scope.parent


@dataclass(frozen=True)
class Found:
    """What a name means: a column, the rest of the path (fields of it), whether the column is of this query itself, and
    the scope that holds it."""

    column: Column
    fields: Sequence[str]
    own: bool
    scope: Scope


def _matches(column: Column, parts: Sequence[str]) -> bool:
    if column.name != parts[-1]:
        return False
    qualifiers = [column.relation, column.database, "awsdatacatalog" if column.database else None]
    wanted = list(reversed(parts[:-1]))
    return all(w == q for w, q in zip(wanted, qualifiers, strict=False)) and len(wanted) <= len(qualifiers)


@dataclass(frozen=True)
class Relation:
    """Something to select from: SQL for FROM and the columns it brings."""

    sql: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class OutputColumn:
    """A column of a query's result; `name` is None where the query gave none (Athena shows `_col<i>`)."""

    name: str | None
    type: Type


@dataclass(frozen=True)
class Compiled:
    """A compiled query: DuckDB SQL whose columns are named c0, c1, … and what they are.

    `origins` holds for each of them the columns of tables whose values it shows unchanged, where a condition on it may
    as well be put on them: one for each branch of a UNION.
    """

    sql: str
    columns: tuple[OutputColumn, ...]
    origins: tuple[tuple[Column, ...], ...] = ()
