"""JSON Lines as the JSON SerDes read them: keys match columns in any case, each line is one record.

DuckDB parses them, and a Parquet copy of all columns is kept (see conversions.py). Its reader matches keys exactly and
rounds long fractions, so a file with keys in capitals, or with fractions in a column of text or of decimals, is first
rewritten, with the names as the table declares them.
"""
# ruff: noqa: S608 - this module writes SQL: names in it are our own, texts go through literal() or quote()

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from workshop.sandbox.athena.errors import MARK, AthenaError
from workshop.sandbox.athena.reading import json_arrow
from workshop.sandbox.athena.reading.conversions import LocalFile, links
from workshop.sandbox.athena.reading.decompression import is_compressed, plain_chunks
from workshop.sandbox.athena.reading.formats import Kind, kind_of, properties_of
from workshop.sandbox.athena.reading.json_values import NUMBER_TEXT, from_stored, stored_type
from workshop.sandbox.athena.reading.sources import FILE, IN_BATCH, Request, Source, Wanted, converted, copy
from workshop.sandbox.athena.reading.storage import Check
from workshop.sandbox.athena.types import Type, field_names, literal, quote, row

_THREADS = 2
_SCAN_BYTES = 16 * 1024**2
_CAPITALS = rb'"[^"\\]*[A-Z][^"\\]*"\s*:'


@dataclass(frozen=True)
class Options:
    """What the SerDe's properties say."""

    openx: bool
    ignore_malformed: bool
    ignore_case: bool
    dots: bool
    mapping: dict[str, str]

    def key_of(self, name: str) -> str:
        """The JSON key of a column or field."""
        return self.mapping.get(name, name)

    @property
    def is_plain(self) -> bool:
        """Whether keys are the columns' names, in any case, and every line is a record."""
        return self.ignore_case and not (self.dots or self.mapping or self.ignore_malformed)

    @property
    def rewrites_all(self) -> bool:
        """Whether DuckDB's matching of keys is never the SerDe's."""
        return self.dots or (bool(self.mapping) and self.ignore_case)


def _options(request: Request) -> Options:
    properties = properties_of(request.table)
    openx = kind_of(request.table) is Kind.OPENX_JSON

    def flag(name: str, default: str) -> bool:
        return openx and properties.get(name, default).strip().lower() == "true"

    mapping = {k.removeprefix("mapping."): v for k, v in properties.items() if openx and k.startswith("mapping.")}
    return Options(
        openx,
        flag("ignore.malformed.json", "false"),
        flag("case.insensitive", "true") or not openx,
        flag("dots.in.keys", "false"),
        mapping,
    )


def json_source(request: Request) -> Source:
    """Records of JSON."""
    every = [Wanted(i, c.name, i, c.type) for i, c in enumerate(request.table.columns)]
    places = {w.name: i for i, w in enumerate(every)}
    try:
        source = _converted(replace(request, wanted=every))
    except (AthenaError, duckdb.Error):
        # Some column cannot be read, but not all may be asked for.
        request.check()
        if len(request.wanted) == len(every):
            raise
        return _converted(request)
    return replace(source, columns=[source.columns[places[w.name]] for w in request.wanted])


def _converted(request: Request) -> Source:
    options = _options(request)

    def write(batch: Sequence[LocalFile], target: Path) -> None:
        columns = [(w.name, w.type) for w in request.wanted]
        if options.is_plain and json_arrow.convert(batch, columns, IN_BATCH, target, request.check):
            return
        with ThreadPoolExecutor(_THREADS) as pool:
            plain = list(pool.map(lambda f: plain_lines(f, request.check), batch))
        rewrite = [options.rewrites_all or (options.ignore_case and _has_capitals(p, request.check)) for p in plain]
        try:
            _copy(request, options, batch, _prepared(plain, rewrite, batch, options, request), target)
        except duckdb.Error as error:
            if NUMBER_TEXT not in str(error) and (not options.openx or MARK in str(error)):
                raise _failed(error, batch) from error
        else:
            return
        request.check()
        every = [True] * len(batch)
        try:
            _copy(request, options, batch, _prepared(plain, every, batch, options, request), target)
        except duckdb.Error as error:
            raise _failed(error, batch) from error

    return converted(request, request.recipe("json"), write)


def _copy(
    request: Request, options: Options, batch: Sequence[LocalFile], paths: Sequence[tuple[Path, bool]], target: Path
) -> None:
    """Copy a batch; `paths` are the files to read, and whether their keys are the columns' own names."""
    columns: list[str] = []
    selects = []
    for renamed in (False, True):
        some = [(f, p) for f, (p, r) in zip(batch, paths, strict=True) if r is renamed]
        if not some:
            continue
        key_of = (lambda name: name) if renamed else options.key_of
        # A line must be read even when no column of it is used: count(*) counts lines.
        wanted = list(request.wanted) or [Wanted(0, c.name, 0, c.type) for c in request.table.columns[:1]]
        folder = request.folder / f"{request.name}_json_{target.stem}_{len(list(request.folder.glob('*')))}"
        names = [f"{FILE}={f.number}/data.json" for f, _ in some]
        listed = ", ".join(map(literal, links([p for _, p in some], folder, names)))
        types = ", ".join(f"{literal(key_of(w.name))}: {literal(stored_type(w.type, key_of))}" for w in wanted)
        broken = ", ignore_errors = true" if options.ignore_malformed else ""
        columns = [
            from_stored(f"r.{quote(key_of(w.name))}", w.type, key_of, strict=not options.openx) for w in request.wanted
        ]
        listed_columns = ", ".join([*(f"{sql} AS c{i}" for i, sql in enumerate(columns)), f"r.{FILE}"])
        selects.append(
            f"SELECT {listed_columns} FROM read_json([{listed}], format = 'newline_delimited', records = true, "
            f"auto_detect = false, columns = {{{types}}}, hive_partitioning = true, "
            f"hive_types = {{'{FILE}': BIGINT}}{broken}) AS r"
        )
    rows = f"({' UNION ALL '.join(selects)})"
    number = f"r.{FILE} - {batch[0].number}"
    copy(request.connection, [f"r.c{i}" for i in range(len(columns))], number, rows, target)


def _failed(error: duckdb.Error, batch: Sequence[LocalFile]) -> Exception:
    """What Athena says of records that cannot be read; the error itself if it is of another kind."""
    message = str(error)
    if "maximum_object_size" in message:
        return AthenaError("HIVE_BAD_DATA", "Line too long in text file")
    if MARK in message or "JSON" not in message:
        return error
    return AthenaError("HIVE_BAD_DATA", f"Error Parsing a row: {_named(message, batch)}")


def _named(message: str, batch: Sequence[LocalFile]) -> str:
    """DuckDB's message with the object's name for that of the local file."""
    uris = {str(f.number): f.object.uri for f in batch}
    line = message.splitlines()[0].partition(": ")[2] or message.splitlines()[0]
    return re.sub(rf'"?/[^"]*{FILE}=(\d+)/data\.json"?', lambda m: uris.get(m[1], ""), line)


def plain_lines(file: LocalFile, check: Check) -> Path:
    """The decompressed text of an object, kept beside its copy. DuckDB's own gzip reader is far slower on JSON."""
    if not is_compressed(file.object.key):
        return file.path
    plain = file.path.with_name(f"{file.path.name}.lines")
    if not plain.exists():
        handle, partial = tempfile.mkstemp(dir=file.path.parent, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as target:
                for chunk in plain_chunks(file.path, file.object.key):
                    check()
                    target.write(chunk)
            Path(partial).replace(plain)
        finally:
            Path(partial).unlink(missing_ok=True)
    return plain


def _has_capitals(path: Path, check: Check) -> bool:
    """Whether some key is written with capitals."""
    with path.open("rb") as file:
        left = b""
        while chunk := file.read(_SCAN_BYTES):
            check()
            data = left + chunk
            end = data.rfind(b"\n") + 1
            left = data[end:]
            if end and _found(data[:end]):
                return True
        return bool(left) and _found(left)


def _found(data: bytes) -> bool:
    return bool(pc.match_substring_regex(pa.array([data], pa.large_binary()), _CAPITALS)[0].as_py())


def _prepared(
    plain: Sequence[Path],
    rewrite: Sequence[bool],
    batch: Sequence[LocalFile],
    options: Options,
    request: Request,
) -> list[tuple[Path, bool]]:
    """The files to read, and whether they are rewritten."""
    shape = row([(w.name, w.type) for w in request.wanted])
    prepared = []
    for path, odd, file in zip(plain, rewrite, batch, strict=True):
        if not odd:
            prepared.append((path, False))
            continue
        handle, target = tempfile.mkstemp(dir=request.folder, suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            for record in _records(path, file, options, request.check):
                written.write(json.dumps(_renamed(record, shape, options), ensure_ascii=False) + "\n")
        prepared.append((Path(target), True))
    return prepared


class _Number(str):
    """A number with a fraction or an exponent, as it is written."""

    __slots__ = ()


def _records(path: Path, file: LocalFile, options: Options, check: Check) -> Iterator[Any]:
    with path.open(encoding="utf-8", errors="replace") as source:
        for number, line in enumerate(source, 1):
            if number % 1000 == 0:
                check()
            text = line.strip()
            if not text:
                continue
            if options.openx and not text.startswith(("{", "[")):
                yield {}
                continue
            try:
                record = json.loads(text, parse_float=_Number)
            except ValueError as error:
                if options.ignore_malformed:
                    yield {}
                    continue
                reason = f"Error Parsing a row: line {number} of {file.object.uri} is not JSON"
                raise AthenaError("HIVE_BAD_DATA", reason) from error
            if not isinstance(record, dict) and not options.openx:
                reason = f"Error Parsing a row: line {number} of {file.object.uri} is not a JSON object"
                raise AthenaError("HIVE_BAD_DATA", reason)
            yield record


def _renamed(value: Any, type_: Type, options: Options) -> Any:  # noqa: PLR0911 - one return for each kind
    if type_.name == "row" and isinstance(value, dict):
        return _fields(value, type_, options)
    if type_.name == "row" and isinstance(value, list) and options.openx:
        pairs = zip(field_names(type_), type_.args, value, strict=False)
        return {n: _renamed(v, t, options) for n, t, v in pairs}
    if type_.name == "array":
        if isinstance(value, list):
            return [_renamed(v, type_.args[0], options) for v in value]
        if options.openx and value is not None:  # anything else is an array of one
            return None if value == "" else [_renamed(value, type_.args[0], options)]
    if type_.name == "map" and isinstance(value, dict):
        return {k: _renamed(v, type_.args[1], options) for k, v in value.items()}
    if isinstance(value, _Number):
        return str(value) if type_.name in ("varchar", "char", "decimal") else float(value)
    return _floats(value)


def _floats(value: Any) -> Any:
    """A value no column of whose own tells the numbers' types."""
    if isinstance(value, _Number):
        return float(value)
    if isinstance(value, dict):
        return {k: _floats(v) for k, v in value.items()}
    return [_floats(v) for v in value] if isinstance(value, list) else value


def _fields(value: dict[str, Any], type_: Type, options: Options) -> dict[str, Any]:
    """The declared fields of an object under their own names; of equal keys the last counts."""

    def folded(text: str) -> str:
        return text.lower() if options.ignore_case else text

    found = {folded(k): v for k, v in value.items()}
    dotted = {folded(k.replace(".", "_")): v for k, v in value.items() if options.dots and "." in k}
    fields = {}
    for name, field_type in zip(field_names(type_), type_.args, strict=True):
        key = folded(options.key_of(name))
        if key in found or name in dotted:
            fields[name] = _renamed(found[key] if key in found else dotted[name], field_type, options)
    return fields
