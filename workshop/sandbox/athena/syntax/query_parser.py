"""Queries of Trino's grammar as sqlglot nodes (Trino source: query … querySpecification of SqlBase.g4).

What differs from sqlglot's own trees: a query in brackets is a `Subquery`; VALUES with ORDER BY or LIMIT is one inside
a `Subquery`; FROM holds one relation, which may be a tree of joins (see `relation_parser`); a GROUP BY item is an
expression, a `Tuple` with `meta["grouping_set"]` (several expressions, or none for `()`), a `Cube`, a `Rollup` or
`GroupingSets`; the WINDOW clause is `Select.windows`, a list of `Window` nodes without a function, named by `this`.
"""

from sqlglot import exp

from workshop.sandbox.athena.errors import InvalidRequestError
from workshop.sandbox.athena.syntax.cursor import placed
from workshop.sandbox.athena.syntax.lexer import Kind
from workshop.sandbox.athena.syntax.relation_parser import RelationParser
from workshop.sandbox.athena.syntax.windows import window_parts
from workshop.sandbox.athena.syntax.words import QUERY_STARTS

_SETS: dict[str, type[exp.SetOperation]] = {"UNION": exp.Union, "EXCEPT": exp.Except, "INTERSECT": exp.Intersect}
_GROUPINGS: dict[str, type[exp.Expr]] = {"CUBE": exp.Cube, "ROLLUP": exp.Rollup}
_PRIMARY = (exp.Column, exp.Dot, exp.Bracket, exp.Anonymous, exp.Tuple, exp.Subquery, exp.Cast, exp.TryCast)


class QueryParser(RelationParser):
    """Reads queries."""

    def whole(self) -> exp.Expr:
        """The one query that the text is; raises `InvalidRequestError` as Athena words it."""
        node = self.query()
        if self.token.kind is not Kind.END:
            self.note("<EOF>")
            self.fail()
        return node

    def query(self) -> exp.Expr:
        """`[WITH …]` and a query."""
        if not (self.is_word(*QUERY_STARTS) or self.is_symbol("(")):
            self.note("<query>")
            self.fail()
        with self.deeper():
            clause = self._with() if self.is_word("WITH") else None
            node = self._ordered_query()
        if clause is not None:
            node.set("with_", clause)
        return node

    def _with(self) -> exp.With:
        token = self.take()
        recursive = self.accept("RECURSIVE") is not None
        return placed(exp.With(expressions=self.several(self._named_query), recursive=recursive), token)

    def _named_query(self) -> exp.CTE:
        first = self.token
        name = self.identifier()
        columns = self.column_aliases()
        self.expect("AS")
        self.expect_symbol("(")
        query = self.query()
        self.expect_symbol(")")
        return placed(exp.CTE(this=query, alias=exp.TableAlias(this=name, columns=columns)), first)

    # set operations

    def _ordered_query(self) -> exp.Expr:
        return self._with_order(self._union())

    def _union(self) -> exp.Expr:
        node = self._intersection()
        while word := self.accept("UNION", "EXCEPT"):
            node = self._set_operation(word.value, node, self._quantifier(), self._intersection(), word.start)
        return node

    def _intersection(self) -> exp.Expr:
        node = self._query_primary()
        while word := self.accept("INTERSECT"):
            node = self._set_operation(word.value, node, self._quantifier(), self._query_primary(), word.start)
        return node

    def _quantifier(self) -> bool:
        """Whether ALL rows are kept."""
        found = self.accept("ALL", "DISTINCT")
        return found is not None and found.value == "ALL"

    @staticmethod
    def _set_operation(word: str, left: exp.Expr, keep: bool, right: exp.Expr, start: int) -> exp.Expr:
        node = _SETS[word](this=left, expression=right, distinct=not keep)
        node.meta["start"] = start
        return node

    def _query_primary(self) -> exp.Expr:
        first = self.token
        if self.is_word("SELECT"):
            return self._select()
        if self.accept("TABLE"):
            table = self.table_name()
            star = placed(exp.Star(), first)
            return placed(exp.Select(expressions=[star], from_=exp.From(this=table)), first)
        if self.accept("VALUES"):
            return placed(exp.Values(expressions=self.several(self.expression)), first)
        self.note("'SELECT'", "'TABLE'", "'VALUES'")
        self.expect_symbol("(")
        with self.deeper():
            node = self._ordered_query()
        self.expect_symbol(")")
        return placed(exp.Subquery(this=node), first)

    # SELECT

    def _select(self) -> exp.Expr:
        first = self.take()
        quantifier = self.accept("DISTINCT", "ALL")
        node = placed(exp.Select(), first)
        if quantifier is not None and quantifier.value == "DISTINCT":
            node.set("distinct", placed(exp.Distinct(), quantifier))
        node.set("expressions", self.several(self._select_item))
        if token := self.accept("FROM"):
            node.set("from_", placed(exp.From(this=self.relations()), token))
        if token := self.accept("WHERE"):
            node.set("where", placed(exp.Where(this=self.expression()), token))
        if token := self.accept("GROUP"):
            self.expect("BY")
            token = self.token
            quantifier = self.accept("ALL", "DISTINCT")
            group = exp.Group(expressions=self.several(self._grouping_element))
            group.set("unique", quantifier is not None and quantifier.value == "DISTINCT")
            node.set("group", placed(group, token))
        if token := self.accept("HAVING"):
            node.set("having", placed(exp.Having(this=self.expression()), token))
        if self.accept("WINDOW"):
            node.set("windows", self.several(self._named_window))
        return node

    def _select_item(self) -> exp.Expr:
        first = self.token
        if star := self.accept_symbol("*"):
            return placed(exp.Star(), star)
        value = self.expression()
        if self.is_symbol(".") and self.is_symbol("*", ahead=1) and isinstance(value, _PRIMARY):
            self.take()
            star = self.take()
            return self._star_of(value, first.start, star.end)
        alias = self.alias()
        if alias is None:
            return value
        return placed(exp.Alias(this=value, alias=alias), first)

    def _star_of(self, value: exp.Expr, start: int, end: int) -> exp.Expr:
        """`t.*` as a Column of a Star; `(row).*` as a Dot of one; `AS (a, b)` behind it is the argument `names`."""
        node: exp.Expr = exp.Dot(this=value, expression=exp.Star())
        if isinstance(value, exp.Column) and not value.args.get("catalog"):
            parts = [value.args[k] for k in ("this", "table", "db") if value.args.get(k) is not None]
            node = exp.Column(this=exp.Star(), **dict(zip(("table", "db", "catalog"), parts, strict=False)))
        if self.accept("AS"):
            self.expect_symbol("(")
            node.set("names", self.several(self.identifier))
            self.expect_symbol(")")
        node.meta["start"], node.meta["end"] = start, end
        return node

    def _grouping_element(self) -> exp.Expr:
        token = self.token
        if word := self.accept("CUBE", "ROLLUP"):
            self.expect_symbol("(")
            sets = [] if self.is_symbol(")") else self.several(self._grouping_set)
            self.expect_symbol(")")
            return placed(_GROUPINGS[word.value](expressions=sets), token)
        if self.is_word("GROUPING") and self.is_word("SETS", ahead=1):
            self.take()
            self.take()
            self.expect_symbol("(")
            # Trino nests no CUBE or ROLLUP here.
            sets = self.several(self._grouping_set)
            self.expect_symbol(")")
            return placed(exp.GroupingSets(expressions=sets), token)
        return self._grouping_set()

    def _grouping_set(self) -> exp.Expr:
        token = self.token
        if self.is_symbol("(") and self.is_symbol(")", ahead=1):
            self.take()
            self.take()
            listed: list[exp.Expr] | None = []
        else:
            listed = self.attempt_list() if self.is_symbol("(") else None
        if listed is None:
            return self.expression()
        node = listed[0] if len(listed) == 1 else placed(exp.Tuple(expressions=listed), token)
        node.meta["grouping_set"] = len(listed) != 1
        return node

    def attempt_list(self) -> list[exp.Expr] | None:
        """`(a, b)` when nothing follows that makes it part of an expression; else nothing is taken."""
        start = self.index
        try:
            self.take()
            items = self.several(self.expression)
            self.expect_symbol(")")
        except InvalidRequestError:
            self.index = start
            return None
        if self.is_symbol(",", ")") or self.token.kind is not Kind.SYMBOL:
            return items
        self.index = start
        return None

    def _named_window(self) -> exp.Expr:
        first = self.token
        name = self.identifier()
        self.expect("AS")
        inside = self.ahead().start
        window = placed(exp.Window(this=name, **window_parts(self)), first)
        window.meta["inside"] = inside
        return window

    # ORDER BY, OFFSET, LIMIT

    def order_by(self) -> list[exp.Ordered]:
        """`ORDER BY` and its items; `nulls_first` is said for each, as Trino's default is NULLS LAST."""
        self.expect("ORDER")
        self.expect("BY")
        return self.several(self._sort_item)

    def _sort_item(self) -> exp.Ordered:
        first = self.token
        value = self.expression()
        direction = self.accept("ASC", "DESC")
        nulls_first = False
        if self.accept("NULLS"):
            nulls_first = self.expect("FIRST", "LAST").value == "FIRST"
        down = direction is not None and direction.value == "DESC"
        return placed(exp.Ordered(this=value, desc=down, nulls_first=nulls_first), first)

    def _with_order(self, node: exp.Expr) -> exp.Expr:
        """`node` with what may follow it: ORDER BY, OFFSET, and LIMIT or FETCH FIRST, in this order."""
        first = self.token
        clauses: dict[str, exp.Expr] = {}
        if self.is_word("ORDER"):
            clauses["order"] = placed(exp.Order(expressions=self.order_by()), first)
        else:
            self.note("'ORDER'")
        if token := self.accept("OFFSET"):
            clauses["offset"] = placed(exp.Offset(expression=self._row_count()), token)
            self.accept("ROW", "ROWS")
        if token := self.accept("LIMIT"):
            everything = self.accept("ALL")
            if everything is None:
                clauses["limit"] = placed(exp.Limit(expression=self._row_count()), token)
        elif token := self.accept("FETCH"):
            clauses["limit"] = placed(self._fetch(), token)
        if not clauses:
            return node
        if isinstance(node, exp.Values):
            node = placed(exp.Subquery(this=node), first)
            node.meta["start"] = node.this.meta["start"]
        for name, clause in clauses.items():
            node.set(name, clause)
        return node

    def _fetch(self) -> exp.Fetch:
        self.expect("FIRST", "NEXT")
        count = None if self.is_word("ROW", "ROWS") else self._row_count()
        self.expect("ROW", "ROWS")
        ties = self.expect("ONLY", "WITH").value == "WITH"
        if ties:
            self.expect("TIES")
        return exp.Fetch(count=count, limit_options=exp.LimitOptions(with_ties=True) if ties else None)

    def _row_count(self) -> exp.Expr:
        if mark := self.accept_symbol("?"):
            return placed(exp.Placeholder(), mark)
        number = self.expect_kind(Kind.INTEGER)
        return placed(exp.Literal(this=number.value, is_string=False), number)
