"""Expressions of Trino's grammar as sqlglot nodes (Trino source: expression … primaryExpression of SqlBase.g4).

From loose to tight: OR, AND, NOT, one predicate (they do not chain: `a = b = c` is no expression), `||`, `+ -`,
`* / %`, signs, AT TIME ZONE, subscripts and fields. Every node carries the place that Trino gives it: an operator's
symbol, the keyword of a predicate (or the NOT before it), else its first token. Brackets leave no node. Chains of AND
and OR become balanced trees, so that thousands of terms are no deep tree.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sqlglot import exp

from workshop.sandbox.athena.syntax import special_forms
from workshop.sandbox.athena.syntax.cursor import placed
from workshop.sandbox.athena.syntax.lexer import Kind, Lexeme
from workshop.sandbox.athena.syntax.type_parser import TypeParser
from workshop.sandbox.athena.syntax.words import QUERY_STARTS

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_BINARY: dict[str, tuple[int, type[exp.Binary]]] = {
    "||": (1, exp.DPipe),
    "+": (2, exp.Add),
    "-": (2, exp.Sub),
    "*": (3, exp.Mul),
    "/": (3, exp.Div),
    "%": (3, exp.Mod),
}
_AFTER_VALUE = ("'%'", "'*'", "'+'", "'-'", "'/'", "'||'", "'AT'")
_SMALLEST = frozenset(["2147483648", "9223372036854775808"])
"""Numbers whose negatives are the smallest of their types: `-9223372036854775808` is one literal."""
_LARGEST, _DIGITS = 2**63 - 1, 19


class ExpressionParser(TypeParser, ABC):
    """Reads expressions; queries in them are the query parser's."""

    @abstractmethod
    def query(self) -> exp.Expr:
        """A query."""

    @abstractmethod
    def order_by(self) -> list[exp.Ordered]:
        """`ORDER BY` and its items."""

    # logic

    def expression(self) -> exp.Expr:
        """Any expression."""
        self.note("<expression>")
        with self.deeper():
            terms = [self._conjunction()]
            while self.accept("OR"):
                terms.append(self._conjunction())
        return _balanced(exp.Or, terms)

    def _conjunction(self) -> exp.Expr:
        terms = [self._negation()]
        while self.accept("AND"):
            terms.append(self._negation())
        return _balanced(exp.And, terms)

    def _negation(self) -> exp.Expr:
        negations = []
        while self.is_word("NOT"):
            negations.append(self.take())
        node = self._predicate()
        for token in reversed(negations):
            node = placed(exp.Not(this=node), token)
        return node

    def _predicate(self) -> exp.Expr:
        left = self.value()
        self.note("<predicate>")
        token = self.token
        if token.kind is Kind.SYMBOL and token.text in _COMPARISONS:
            self.take()
            return placed(_COMPARISONS[token.text](this=left, expression=self._compared()), token)
        if token.kind is not Kind.WORD:
            return left
        negated = token.value == "NOT" and self.is_word("BETWEEN", "IN", "LIKE", ahead=1)
        if negated:
            self.take()
        node: exp.Expr
        match self.token.value:
            case "BETWEEN":
                node = self._between(left)
            case "IN":
                node = self._in(left)
            case "LIKE":
                node = self._like(left, token)
            case "IS":
                return self._is(left)
            case _:
                return left
        placed(node, token)
        return placed(exp.Not(this=node), token) if negated else node

    def _compared(self) -> exp.Expr:
        """The right side of a comparison: a value, or ALL, ANY or SOME rows of a query."""
        token = self.token
        if self.is_word("ALL", "ANY", "SOME") and self.is_symbol("(", ahead=1):
            self.take()
            self.expect_symbol("(")
            query = self.query()
            self.expect_symbol(")")
            return placed((exp.All if token.value == "ALL" else exp.Any)(this=query), token)
        return self.value()

    def _between(self, left: exp.Expr) -> exp.Expr:
        self.take()
        low = self.value()
        self.expect("AND")
        return exp.Between(this=left, low=low, high=self.value())

    def _in(self, left: exp.Expr) -> exp.Expr:
        self.take()
        self.expect_symbol("(")
        self.note("<query>")
        query = self.query_before(")")
        if query is not None:
            self.expect_symbol(")")
            return exp.In(this=left, query=query)
        items = self.several(self._item)
        self.expect_symbol(")")
        return exp.In(this=left, expressions=items)

    def _item(self) -> exp.Expr:
        """An expression of a list; a literal alone, as in lists of thousands, is read without detours."""
        if self.token.kind in (Kind.INTEGER, Kind.STRING) and self.is_symbol(",", ")", ahead=1):
            return self._atom()
        return self.expression()

    def _like(self, left: exp.Expr, place: Lexeme) -> exp.Expr:
        self.take()
        node = placed(exp.Like(this=left, expression=self.value()), place)
        if self.accept("ESCAPE"):
            return exp.Escape(this=node, expression=self.value())
        return node

    def _is(self, left: exp.Expr) -> exp.Expr:
        token = self.take()
        negated = self.accept("NOT") is not None
        if self.accept("NULL"):
            node: exp.Expr = placed(exp.Is(this=left, expression=exp.Null()), token)
            return placed(exp.Not(this=node), token) if negated else node
        self.expect("DISTINCT")
        self.expect("FROM")
        kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
        return placed(kind(this=left, expression=self.value()), token)

    # values

    def value(self, level: int = 1) -> exp.Expr:
        """An expression without predicates and logic, of operators that bind at least as tight as `level`."""
        self.note("<expression>")
        left = self._signed()
        while True:
            token = self.token
            found = _BINARY.get(token.text) if token.kind is Kind.SYMBOL else None
            if found is None or found[0] < level:
                self.note(*_AFTER_VALUE)
                return left
            self.take()
            left = placed(found[1](this=left, expression=self.value(found[0] + 1)), token)

    def _signed(self) -> exp.Expr:
        signs = []
        while self.is_symbol("+", "-"):
            signs.append(self.take())
        literal = self.token.kind is Kind.INTEGER and bool(signs) and self.token.value in _SMALLEST
        node = self._at_time_zone()
        if literal and isinstance(node, exp.Literal) and signs[-1].text == "-":
            node = placed(exp.Literal(this=f"-{node.name}", is_string=False), signs.pop())
        for token in reversed(signs):
            node = placed(exp.Neg(this=node), token)
            if token.text == "+":  # twice negated: checked as a number, and itself again
                node = placed(exp.Neg(this=node), token)
        return node

    def _at_time_zone(self) -> exp.Expr:
        node = self.primary()
        while self.is_word("AT") and self.is_word("TIME", ahead=1):
            token = self.take()
            self.expect_words("TIME", "ZONE")
            zone = special_forms.interval(self) if self.is_word("INTERVAL") else self.string()
            node = placed(exp.AtTimeZone(this=node, zone=zone), token)
        return node

    def primary(self) -> exp.Expr:
        """A value with its subscripts and fields; stops before `.*`."""
        first = self.token
        node = self._atom()
        while True:
            if self.is_symbol(".") and not self.is_symbol("*", ahead=1):
                self.take()
                node = placed(exp.Dot(this=node, expression=self.identifier()), first)
            elif self.accept_symbol("["):
                with self.deeper():
                    index = self.value()
                self.expect_symbol("]")
                node = placed(exp.Bracket(this=node, expressions=[index]), first)
            else:
                self.note("'.'")
                return node

    def _atom(self) -> exp.Expr:  # noqa: PLR0911 - one return for each kind of token
        token = self.token
        match token.kind:
            case Kind.SYMBOL:
                if token.text == "(":
                    return self._bracketed()
                if token.text == "?":
                    return placed(exp.Placeholder(), self.take())
            case Kind.STRING | Kind.UNICODE:
                return self.string()
            case Kind.INTEGER | Kind.DECIMAL | Kind.DOUBLE:
                return self._number()
            case Kind.BINARY:
                return special_forms.binary(self)
            case Kind.WORD if token.value in special_forms.FORMS:
                form = special_forms.FORMS[token.value](self)
                if form is not None:
                    return form
        if not self.is_identifier():
            self.note("<expression>")
            self.fail()
        return self._named()

    def string(self) -> exp.Expr:
        """A string literal."""
        token = self.expect_kind(Kind.STRING, Kind.UNICODE)
        value = special_forms.unicode(self, token) if token.kind is Kind.UNICODE else token.value
        return placed(exp.Literal(this=value, is_string=True), token)

    def _number(self) -> exp.Expr:
        token = self.take()
        if token.kind is Kind.INTEGER:
            largest = _LARGEST + (self.tokens[self.index - 2].text == "-")
            if len(token.value.lstrip("0")) > _DIGITS or int(token.value) > largest:
                self.refuse_whole(f"Invalid numeric literal: {token.text}")
        return placed(exp.Literal(this=token.value, is_string=False), token)

    def _bracketed(self) -> exp.Expr:
        opening = self.token
        if self._begins_lambda():
            return self._lambda()
        self.take()
        self.note("<query>")
        query = self.query_before(")")
        if query is not None:
            self.expect_symbol(")")
            return placed(exp.Subquery(this=query), opening)
        items = self.several(self.expression)
        closing = self.expect_symbol(")")
        return items[0] if len(items) == 1 else placed(exp.Tuple(expressions=items), opening, closing)

    def _begins_lambda(self) -> bool:
        at = 1
        while self.is_identifier(ahead=at):
            at += 1
            if not self.is_symbol(",", ahead=at):
                break
            at += 1
        return self.is_symbol(")", ahead=at) and self.is_symbol("->", ahead=at + 1)

    def _lambda(self) -> exp.Expr:
        first = self.token
        names = []
        if self.accept_symbol("("):
            if not self.is_symbol(")"):
                names = self.several(self.identifier)
            self.expect_symbol(")")
        else:
            names = [self.identifier()]
        self.expect_symbol("->")
        return placed(exp.Lambda(this=self.expression(), expressions=names), first)

    # names

    def _named(self) -> exp.Expr:
        """A column, a call, a lambda or a literal of a named type."""
        first = self.token
        if self.ahead().kind in (Kind.STRING, Kind.UNICODE):
            return special_forms.typed_literal(self)
        if self.is_symbol("->", ahead=1):
            return self._lambda()
        names = [self.identifier()]
        while self.is_symbol(".") and self.is_identifier(ahead=1):
            self.take()
            names.append(self.identifier())
        if self.is_symbol("("):
            return special_forms.call(self, ".".join(name.name for name in names), first)
        column, rest = names[:4], names[4:]
        places = dict(zip(("this", "table", "db", "catalog"), reversed(column), strict=False))
        node: exp.Expr = placed(exp.Column(**places), first)
        for name in rest:
            node = placed(exp.Dot(this=node, expression=name), first)
        return node

    def query_before(self, closing: str) -> exp.Expr | None:
        """The query that begins here and ends before the symbol `closing`; None (nothing taken) if there is none."""
        brackets = self.brackets_ahead()
        if not self.is_word(*QUERY_STARTS, ahead=brackets):
            return None
        if brackets == 0:
            return self.query()
        return self.attempt(self.query, closing)


def _balanced(kind: type[exp.And] | type[exp.Or], terms: Sequence[exp.Expr]) -> exp.Expr:
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    node = kind(this=_balanced(kind, terms[:middle]), expression=_balanced(kind, terms[middle:]))
    node.meta["start"] = node.this.meta.get("start", 0)
    return node
