"""What keeps an aggregate over columns of the enclosing query in the subquery that it stands in.

DuckDB gives such an aggregate to the enclosing query, as SQL's standard does; Trino computes it in the subquery.
"""

from dataclasses import dataclass


@dataclass
class Anchor:
    """A row of its own beside those of a subquery; `name` is that of its relation in DuckDB."""

    name: str = ""
    used: bool = False

    def hold(self, sql: str) -> str:
        """The value of `sql`, which now names a column of the subquery, too."""
        if not self.name:
            return sql
        self.used = True
        return f"struct_pack(v := {sql}, own := {self.name}.c0).v"

    def beside(self, relation: str) -> str:
        """The relation with the row beside it, if that is needed."""
        if not self.used:
            return relation
        row = f"(SELECT 1 AS c0) AS {self.name}"
        return f"{relation} CROSS JOIN {row}" if relation else row
