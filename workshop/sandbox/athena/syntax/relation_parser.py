"""What stands behind FROM, as sqlglot nodes (Trino source: relation … relationPrimary of SqlBase.g4).

A relation is a `Table`, a `Subquery` of a query, an `Unnest` (`offset` is True WITH ORDINALITY), a `Lateral` of a
query, a `Subquery` of a relation (joins in brackets with an alias), a `TableSample` of a relation (`this`, `method`,
`percent`), a table function (`Table` of an `Anonymous` call), a `MatchRecognize`, or a `Join`: unlike in sqlglot, its
left side is in the tree too, as the argument `left`. `kind` is `INNER`, `CROSS` or `IMPLICIT` (a comma), `side` LEFT,
RIGHT or FULL, `method` NATURAL; `on` is a condition, `using` a list of identifiers. Aliases are `TableAlias`, in
`alias`.
"""

from collections.abc import Callable

from sqlglot import exp

from workshop.sandbox.athena.syntax.cursor import placed
from workshop.sandbox.athena.syntax.expression_parser import ExpressionParser
from workshop.sandbox.athena.syntax.lexer import Kind

_JOIN_WORDS = ("CROSS", "FULL", "INNER", "JOIN", "LEFT", "NATURAL", "RIGHT")

_Test = Callable[[ExpressionParser], bool]


def _then_count(parser: ExpressionParser) -> bool:
    return parser.ahead().kind is Kind.INTEGER or parser.is_symbol("?", ahead=1) or parser.is_word("ALL", ahead=1)


_CLAUSES: dict[str, _Test] = {
    "LIMIT": _then_count,
    "OFFSET": _then_count,
    "FETCH": lambda parser: parser.is_word("FIRST", "NEXT", ahead=1),
    "WINDOW": lambda parser: parser.is_identifier(ahead=1) and parser.is_word("AS", ahead=2),
    "TABLESAMPLE": lambda parser: parser.is_word("BERNOULLI", "SYSTEM", ahead=1),
    "MATCH_RECOGNIZE": lambda parser: parser.is_symbol("(", ahead=1),
}
"""Words that are no alias where what follows makes them a clause."""


class RelationParser(ExpressionParser):
    """Reads relations."""

    def relations(self) -> exp.Expr:
        """Relations between commas, as implicit joins."""
        first = self.token
        node = self.relation()
        while self.accept_symbol(","):
            node = placed(exp.Join(this=self.relation(), left=node, kind="IMPLICIT"), first)
        return node

    def relation(self) -> exp.Expr:
        """A relation with its joins."""
        first = self.token
        node = self._sampled()
        while True:
            if not self.is_word(*_JOIN_WORDS):
                self.note(*(f"'{word}'" for word in _JOIN_WORDS))
                return node
            with self.deeper():
                node = placed(self._join(node), first)

    def _join(self, left: exp.Expr) -> exp.Join:
        if self.accept("CROSS"):
            self.expect("JOIN")
            return exp.Join(this=self._sampled(), left=left, kind="CROSS")
        natural = self.accept("NATURAL")
        side, kind = "", "INNER"
        if word := self.accept("LEFT", "RIGHT", "FULL"):
            side, kind = word.value, ""
            self.accept("OUTER")
        else:
            self.accept("INNER")
        self.expect("JOIN")
        if natural:
            return exp.Join(this=self._sampled(), left=left, side=side, kind=kind, method="NATURAL")
        # `a JOIN b JOIN c ON x ON y` joins b with c first.
        node = exp.Join(this=self.relation(), left=left, side=side, kind=kind)
        if self.accept("USING"):
            self.expect_symbol("(")
            node.set("using", self.several(self.identifier))
            self.expect_symbol(")")
        else:
            self.expect("ON")
            node.set("on", self.expression())
        return node

    def _sampled(self) -> exp.Expr:
        first = self.token
        node = self._aliased()
        if not self.accept("TABLESAMPLE"):
            return node
        method = self.expect("BERNOULLI", "SYSTEM").value
        self.expect_symbol("(")
        percent = self.expression()
        self.expect_symbol(")")
        return placed(exp.TableSample(this=node, method=method, percent=percent), first)

    def _aliased(self) -> exp.Expr:
        node = self._relation_primary()
        alias = self._alias()
        if self.is_word("MATCH_RECOGNIZE") and self.is_symbol("(", ahead=1):
            node = self._match_recognize(node)
            self._alias()
            return node
        self.note("'MATCH_RECOGNIZE'")
        if alias is None:
            return node
        if isinstance(node, exp.Join | exp.TableSample) or node.args.get("alias") is not None:
            start = node.meta.get("start", 0)
            node = exp.Subquery(this=node)
            node.meta["start"] = start
        node.set("alias", alias)
        return node

    def _alias(self) -> exp.TableAlias | None:
        self.note("'MATCH_RECOGNIZE'", "'TABLESAMPLE'")
        name = self.alias()
        return None if name is None else exp.TableAlias(this=name, columns=self.column_aliases())

    def alias(self) -> exp.Identifier | None:
        """`[AS] name`, if it is there: some words that are names elsewhere begin the next clause here."""
        if self.accept("AS"):
            return self.identifier()
        follower = _CLAUSES.get(self.token.value) if self.token.kind is Kind.WORD else None
        if follower is not None and follower(self):
            self.note(Kind.WORD.value)
            return None
        return self.accept_identifier()

    def _match_recognize(self, node: exp.Expr) -> exp.Expr:
        """A relation with MATCH_RECOGNIZE, whose brackets are skipped: the engine refuses it by name."""
        first = self.take()
        depth = 0
        while True:
            depth += self.is_symbol("(") - self.is_symbol(")")
            if self.token.kind is Kind.END:
                self.expect_symbol(")")
            self.take()
            if depth == 0:
                return placed(exp.MatchRecognize(this=node), first)

    def column_aliases(self) -> list[exp.Identifier]:
        """`(a, b)` behind an alias, if it is there."""
        if not self.accept_symbol("("):
            return []
        names = self.several(self.identifier)
        self.expect_symbol(")")
        return names

    def _relation_primary(self) -> exp.Expr:
        first = self.token
        self.note("'('", "'LATERAL'", "'TABLE'", "'UNNEST'")
        if self.is_symbol("("):
            return self._bracketed_relation()
        if self.accept("UNNEST"):
            self.expect_symbol("(")
            items = self.several(self.expression)
            self.expect_symbol(")")
            ordinality = self.accept("WITH")
            if ordinality is not None:
                self.expect("ORDINALITY")
            return placed(exp.Unnest(expressions=items, offset=ordinality is not None), first)
        if self.is_word("LATERAL") and self.is_symbol("(", ahead=1):
            self.take()
            self.expect_symbol("(")
            query = self.query()
            self.expect_symbol(")")
            return placed(exp.Lateral(this=exp.Subquery(this=query)), first)
        if self.is_word("TABLE") and self.is_symbol("(", ahead=1):
            return self._table_function()
        return self.table_name()

    def _bracketed_relation(self) -> exp.Expr:
        first = self.take()
        self.note("<query>")
        query = self.query_before(")")
        if query is not None:
            node: exp.Expr = placed(exp.Subquery(this=query), first)
        else:
            with self.deeper():
                node = self.relation()
        self.expect_symbol(")")
        return node

    def _table_function(self) -> exp.Expr:
        first = self.take()
        self.expect_symbol("(")
        place = self.token
        names = [self.identifier()]
        while self.accept_symbol("."):
            names.append(self.identifier())
        self.expect_symbol("(")
        items: list[exp.Expr] = []
        if not self.is_symbol(")"):
            items = self.several(self._table_argument)
        self.expect_symbol(")")
        self.expect_symbol(")")
        call = placed(exp.Anonymous(this=".".join(n.name for n in names), expressions=items), place)
        return placed(exp.Table(this=call), first)

    def _table_argument(self) -> exp.Expr:
        first = self.token
        if self.is_identifier() and self.is_symbol("=>", ahead=1):
            name = self.identifier()
            self.take()
            return placed(exp.Kwarg(this=name, expression=self._table_argument()), first)
        if self.is_word("TABLE") and self.is_symbol("(", ahead=1):
            self.take()
            self.expect_symbol("(")
            node = self.relation()
            self.expect_symbol(")")
            return node
        return self.expression()

    def table_name(self) -> exp.Table:
        """`[[catalog.]database.]table`."""
        first = self.token
        names = [self.identifier()]
        while self.accept_symbol("."):
            names.append(self.identifier())
        places = dict(zip(("this", "db", "catalog"), reversed(names), strict=False))
        node = placed(exp.Table(**places), first, self.previous)
        if len(names) > 3:
            self.refuse(first, f"Too many dots in table name: {'.'.join(n.name for n in names)}")
        if self.is_word("FOR") and self.is_word("TIMESTAMP", "VERSION", ahead=1):
            self.take()
            kind = self.take().value
            self.expect_words("AS", "OF")
            node.set("version", exp.Version(this=kind, kind="AS OF", expression=self.value()))
        elif self.token.kind is Kind.WORD:
            self.note("'FOR'")
        return node
