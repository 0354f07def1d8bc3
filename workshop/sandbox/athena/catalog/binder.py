"""Binding of table names to the catalog."""

from dataclasses import dataclass, field, replace

from sqlglot import exp

from workshop.sandbox.athena.catalog.glue import CATALOG, Catalog, Table
from workshop.sandbox.athena.errors import AthenaError, Position, not_supported


@dataclass
class Binder:
    """Looks tables up once per query; names without a database belong to `database`.

    `views` are the views that are being read, the outermost first.
    """

    catalog: Catalog
    database: str | None
    views: tuple[tuple[str, str], ...] = ()
    _tables: dict[tuple[str, str], Table] = field(default_factory=dict)

    def inside(self, view: Table, database: str | None) -> "Binder":
        """The binder for a view's own text, whose names belong to `database`."""
        return replace(self, database=database, views=(*self.views, (view.database, view.name)))

    @property
    def reads_views(self) -> bool:
        """Whether a view was looked up."""
        return any(t.is_view for t in self._tables.values())

    def database_of(self, node: exp.Table, position: Position | None) -> str:
        """The database of a reference; CATALOG_NOT_FOUND or MISSING_SCHEMA_NAME as Athena words them."""
        catalog = node.catalog.lower()
        if catalog and catalog != CATALOG:
            raise AthenaError("CATALOG_NOT_FOUND", f"Catalog '{catalog}' does not exist", position)
        database = node.db.lower() or self.database
        if database is None:
            raise AthenaError(
                "MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set", position
            )
        return database

    def table(self, node: exp.Table, position: Position | None) -> Table:
        """The table or view a reference names; TABLE_NOT_FOUND or SCHEMA_NOT_FOUND as Athena words them."""
        return self._lookup(self.database_of(node, position), node.name.lower(), position)

    def named(self, database: str, name: str, position: Position | None = None) -> Table:
        """The table called `database.name`, to be written."""
        found = self._lookup(database, name, position)
        if found.is_view:
            raise AthenaError("NOT_SUPPORTED", "Inserting into views is not supported", position)
        return found

    def _lookup(self, database: str, name: str, position: Position | None) -> Table:
        found = self._tables.get((database, name)) or self.catalog.table(database, name)
        if found is None:
            if not self.catalog.database_exists(database):
                raise AthenaError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", position)
            raise AthenaError("TABLE_NOT_FOUND", f"Table '{CATALOG}.{database}.{name}' does not exist", position)
        self._tables[database, name] = found
        self._check(found)
        return found

    @staticmethod
    def _check(table: Table) -> None:
        names = [c.name for c in table.all_columns]
        if len(set(names)) < len(names):
            raise AthenaError(
                "HIVE_INVALID_METADATA",
                f"Hive metadata for table {table.name} is invalid: Table descriptor contains duplicate columns",
            )
        if table.properties.get("table_type", "").upper() == "ICEBERG":
            raise not_supported("An Iceberg table")
