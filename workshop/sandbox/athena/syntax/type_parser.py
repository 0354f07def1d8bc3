"""Types as they are written in SQL, as sqlglot's DataType nodes."""

from sqlglot import exp

from workshop.sandbox.athena.syntax.cursor import Cursor, placed
from workshop.sandbox.athena.syntax.lexer import Kind

_D = exp.DataType.Type
_NAMES = {
    "BIGINT": _D.BIGINT,
    "BOOLEAN": _D.BOOLEAN,
    "CHAR": _D.CHAR,
    "DATE": _D.DATE,
    "DECIMAL": _D.DECIMAL,
    "DOUBLE": _D.DOUBLE,
    "INT": _D.INT,
    "INTEGER": _D.INT,
    "IPADDRESS": _D.IPADDRESS,
    "JSON": _D.JSON,
    "REAL": _D.FLOAT,
    "SMALLINT": _D.SMALLINT,
    "TIME": _D.TIME,
    "TIMESTAMP": _D.TIMESTAMP,
    "TINYINT": _D.TINYINT,
    "UUID": _D.UUID,
    "VARBINARY": _D.VARBINARY,
    "VARCHAR": _D.VARCHAR,
}
"""Names of Trino's types; any other name is a type that Trino does not know."""

_NESTED = {"ARRAY": _D.ARRAY, "MAP": _D.MAP}
_WITH_ZONE = {"TIME": _D.TIMETZ, "TIMESTAMP": _D.TIMESTAMPTZ}
INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
"""The fields of an interval, from large to small."""


class TypeParser(Cursor):
    """Reads types."""

    def type(self) -> exp.DataType:
        """A type, and any `ARRAY` behind it."""
        with self.deeper():
            found = self._single_type()
        while self.is_word("ARRAY"):
            self.take()
            if self.accept_symbol("["):
                self.expect_kind(Kind.INTEGER)
                self.expect_symbol("]")
            found = exp.DataType(this=_D.ARRAY, expressions=[found], nested=True)
        return found

    def _single_type(self) -> exp.DataType:
        token = self.token
        self.note("<type>")
        if not self.is_identifier():
            self.fail()
        name = token.value if token.kind is Kind.WORD else token.value.upper()
        if name == "INTERVAL" and self.is_word(*INTERVAL_FIELDS, ahead=1):
            return placed(self._interval_type(), token)
        self.identifier()
        if name == "ROW" and self.is_symbol("("):
            return placed(self._row_type(), token)
        if name in _NESTED and self.is_symbol("(", "<"):
            closing = {"(": ")", "<": ">"}[self.take().text]
            arguments = [self.type()]
            while self.accept_symbol(","):
                arguments.append(self.type())
            self.expect_symbol(closing)
            return placed(exp.DataType(this=_NESTED[name], expressions=arguments, nested=True), token)
        if name == "DOUBLE" and self.is_word("PRECISION"):
            self.take()
        return placed(self._simple_type(name, token.text), token)

    def _simple_type(self, name: str, written: str) -> exp.DataType:
        parameters: list[exp.Expr] = []
        if self.accept_symbol("("):
            parameters.append(self._type_parameter())
            while self.accept_symbol(","):
                parameters.append(self._type_parameter())
            self.expect_symbol(")")
        kind = _NAMES.get(name)
        if name in _WITH_ZONE and self.accept("WITH", "WITHOUT"):
            kind = _WITH_ZONE[name] if self.previous.value == "WITH" else kind
            self.expect_words("TIME", "ZONE")
        if kind is None:
            return exp.DataType(this=_D.USERDEFINED, kind=written.lower(), expressions=parameters)
        return exp.DataType(this=kind, expressions=parameters)

    def _type_parameter(self) -> exp.Expr:
        number = self.accept_kind(Kind.INTEGER)
        if number is None:
            return self.type()
        return exp.DataTypeParam(this=exp.Literal(this=number.value, is_string=False))

    def _row_type(self) -> exp.DataType:
        self.expect_symbol("(")
        fields = [self._row_field()]
        while self.accept_symbol(","):
            fields.append(self._row_field())
        self.expect_symbol(")")
        return exp.DataType(this=_D.STRUCT, expressions=fields, nested=True)

    def _row_field(self) -> exp.Expr:
        two_words = self.is_word("DOUBLE") and self.is_word("PRECISION", ahead=1)
        two_words = two_words or (self.is_word("INTERVAL") and self.is_word(*INTERVAL_FIELDS, ahead=1))
        if self.is_identifier() and self.is_identifier(ahead=1) and not two_words:
            name = self.identifier()
            return exp.ColumnDef(this=name, kind=self.type())
        return self.type()

    def _interval_type(self) -> exp.DataType:
        self.take()
        first = self.expect(*INTERVAL_FIELDS).value
        self.expect("TO")
        last = self.expect(*INTERVAL_FIELDS).value
        span = exp.IntervalSpan(this=exp.Var(this=first), expression=exp.Var(this=last))
        return exp.DataType(this=exp.Interval(unit=span))
