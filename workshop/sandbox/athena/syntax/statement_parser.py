"""INSERT and CREATE TABLE AS around a query, as sqlglot's nodes."""

from sqlglot import exp

from workshop.sandbox.athena.syntax.cursor import placed
from workshop.sandbox.athena.syntax.lexer import Kind
from workshop.sandbox.athena.syntax.query_parser import QueryParser


class StatementParser(QueryParser):
    """Reads statements that hold a query."""

    def statement(self) -> exp.Expr:
        """A query, INSERT, or CREATE TABLE AS."""
        if self.is_word("INSERT"):
            return self._ended(self._insert())
        if self.is_word("CREATE"):
            return self._ended(self._create_table_as())
        return self.whole()

    def _ended(self, node: exp.Expr) -> exp.Expr:
        if self.token.kind is not Kind.END:
            self.note("<EOF>")
            self.fail()
        return node

    def _insert(self) -> exp.Insert:
        first = self.take()
        self.expect("INTO")
        target: exp.Expr = self.table_name()
        start = self.index
        columns = self._insert_columns()
        if columns:
            target = exp.Schema(this=target, expressions=columns)
        else:
            self.index = start
        return placed(exp.Insert(this=target, expression=self.query()), first)

    def _insert_columns(self) -> list[exp.Identifier]:
        """`(a, b)`, which a query in brackets is not: that begins with a reserved word."""
        if not (self.is_symbol("(") and self.is_identifier(ahead=1)):
            self.note("'('")
            return []
        return self.column_aliases()

    def _create_table_as(self) -> exp.Create:
        first = self.take()
        self.expect("TABLE")
        exists = self.accept("IF") is not None
        if exists:
            self.expect_words("NOT", "EXISTS")
        target: exp.Expr = self.table_name()
        if self.is_symbol("("):
            target = exp.Schema(this=target, expressions=self.column_aliases())
        properties: list[exp.Expr] = []
        if self.accept("COMMENT"):
            properties.append(exp.Property(this=exp.Literal.string("comment"), value=self.string()))
        if self.accept("WITH"):
            self.expect_symbol("(")
            properties += self.several(self._property)
            self.expect_symbol(")")
        self.expect("AS")
        query = self.query()
        if isinstance(query, exp.Values):
            query = exp.Subquery(this=query)
        if self.accept("WITH"):
            properties.append(exp.WithDataProperty(no=self.accept("NO") is not None))
            self.expect("DATA")
        return placed(
            exp.Create(
                this=target,
                kind="TABLE",
                expression=query,
                exists=exists,
                properties=exp.Properties(expressions=properties) if properties else None,
            ),
            first,
        )

    def _property(self) -> exp.Property:
        first = self.token
        name = self.identifier()
        self.expect_symbol("=")
        value = self._constant()
        return placed(exp.Property(this=exp.Literal.string(name.name.lower()), value=value), first)

    def _constant(self) -> exp.Expr:
        """The value of a property: a text, a number, true or false, or an ARRAY of texts."""
        node = self.expression()
        if isinstance(node, exp.Boolean):
            return exp.Literal.string("true" if node.this else "false")
        if not isinstance(node, exp.Literal | exp.Array):
            self.refuse(self.previous, f"mismatched input '{self.previous.text}'. Expecting: <string>")
        return node
