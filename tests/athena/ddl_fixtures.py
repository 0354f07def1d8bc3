"""Runs statements about the catalog on Glue in memory and objects in a folder."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from athena_fakes import FakeStorage
from fake_glue import FakeGlueClient

from workshop.sandbox.athena.catalog.glue_client import Glue
from workshop.sandbox.athena.catalog_statements import dispatch
from workshop.sandbox.athena.catalog_statements.context import Answer, Context
from workshop.sandbox.athena.reading.storage import Encryption
from workshop.sandbox.athena.syntax.statements import parse

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@dataclass
class CatalogBench:
    """`run` returns what a statement answers; `client` is Glue from the outside."""

    root: Path
    client: FakeGlueClient = field(default_factory=lambda: FakeGlueClient("lake", "default", "other"))

    @property
    def storage(self) -> FakeStorage:
        return FakeStorage(self.root / "s3")

    def run(self, sql: str, database: str | None = "lake") -> Answer:
        statement = parse(sql)
        context = Context(Glue(self.client), self.storage, database, NOW, lambda: None)
        return dispatch.answer(statement, context)

    def lines(self, sql: str) -> list[str]:
        return self.run(sql).lines

    def table(self, name: str, database: str = "lake") -> dict[str, Any]:
        return self.client.tables[database, name]

    def partitions(self, name: str) -> dict[tuple[str, ...], str]:
        found = self.client.parts.get(("lake", name), [])
        return {tuple(p["Values"]): p["StorageDescriptor"]["Location"] for p in found}

    def put(self, *uris: str) -> None:
        for uri in uris:
            self.storage.put(uri, b"{}", Encryption())
