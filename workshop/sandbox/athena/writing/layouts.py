"""How files are written: formats, compressions, what Glue says of them (Athena user guide: CTAS, UNLOAD)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.errors import AthenaError, not_supported
from workshop.sandbox.athena.reading.formats import (
    AVRO_SERDE,
    JSON_SERDE,
    LAZY_SERDE,
    ORC_SERDE,
    PARQUET_SERDE,
    Kind,
    kind_of,
    properties_of,
    whole_number,
)
from workshop.sandbox.athena.reading.text_values import Delimiters, delimiters

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_TEXT_CODECS = ("GZIP", "BZIP2", "DEFLATE", "ZSTD", "SNAPPY", "LZ4", "NONE")


@dataclass(frozen=True)
class Format:
    """A format: its SerDe and classes, its compressions (the first is the default), the properties that choose one."""

    name: str
    kind: Kind
    serde: str
    input_format: str
    output_format: str
    compressions: tuple[str, ...]
    properties: tuple[str, ...]


FORMATS = {
    f.name: f
    for f in (
        Format(
            "PARQUET", Kind.PARQUET, PARQUET_SERDE,
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"), ("parquet_compression", "parquet.compression"),
        ),
        Format(
            "ORC", Kind.ORC, ORC_SERDE, "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
            "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
            ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"), ("orc_compression", "orc.compress"),
        ),
        Format(
            "AVRO", Kind.AVRO, AVRO_SERDE, "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
            "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
            ("GZIP", "DEFLATE", "SNAPPY", "ZSTD", "NONE"), ("avro.output.codec",),
        ),
        Format("JSON", Kind.HIVE_JSON, JSON_SERDE, _TEXT_INPUT, _TEXT_OUTPUT, _TEXT_CODECS, ()),
        Format("TEXTFILE", Kind.DELIMITED, LAZY_SERDE, _TEXT_INPUT, _TEXT_OUTPUT, _TEXT_CODECS, ()),
    )
}  # fmt: skip
_ANY = ("write_compression", "compression", "write.compression")
_EXTENSIONS = {
    "GZIP": ".gz",
    "BZIP2": ".bz2",
    "DEFLATE": ".deflate",
    "ZSTD": ".zst",
    "SNAPPY": ".snappy",
    "LZ4": ".lz4",
}
_SYNONYMS = {"UNCOMPRESSED": "NONE"}


@dataclass(frozen=True)
class Layout:
    """A format with its compression (upper case), its level (ZSTD's) and the delimiters of text."""

    format: Format
    compression: str
    level: int | None = None
    delimiters: Delimiters = field(default_factory=lambda: delimiters({}))

    @property
    def extension(self) -> str:
        """What a file's name ends with: readers of text go by it."""
        return _EXTENSIONS.get(self.compression, "") if self.format.kind in (Kind.HIVE_JSON, Kind.DELIMITED) else ""


def layout(given: Mapping[str, str | list[str]], name: str | None) -> Layout:
    """What the properties of CTAS or UNLOAD ask for; INVALID_TABLE_PROPERTY names what there is not."""
    properties = {k: v for k, v in given.items() if isinstance(v, str)}
    found = FORMATS.get((name or "PARQUET").strip().upper())
    if found is None:
        if (name or "").upper() in ("RCTEXT", "RCBINARY", "SEQUENCEFILE", "CSV", "ION"):
            raise not_supported(f"Writing the format {name}")
        raise AthenaError(
            "INVALID_TABLE_PROPERTY", f"Unable to set catalog 'awsdatacatalog' table property 'format' to [{name}]"
        )
    text = {}
    if "field_delimiter" in properties:
        delimiter = properties["field_delimiter"]
        if found.kind is not Kind.DELIMITED:
            raise AthenaError(
                "INVALID_TABLE_PROPERTY",
                f"Cannot specify field_delimiter table property for storage format: {found.name}",
            )
        if len(delimiter.encode()) != 1 and not delimiter.startswith("\\"):
            raise AthenaError("INVALID_TABLE_PROPERTY", "field_delimiter must be a single character")
        text = {"field.delim": delimiter}
    return Layout(found, _compression(found, properties), _level(properties), delimiters(text))


def layout_of(table: Table) -> Layout:
    """How files of an existing table are written; NOT_SUPPORTED for SerDes that INSERT INTO does not write."""
    kind = kind_of(table)
    found = next((f for f in FORMATS.values() if f.kind is kind), None)
    if found is None:
        raise not_supported(f"INSERT INTO a table of SerDe {table.serde}")
    properties = properties_of(table)
    if whole_number(properties, "skip.header.line.count") or whole_number(properties, "skip.footer.line.count"):
        raise AthenaError(
            "NOT_SUPPORTED",
            "Inserting into Hive table with skip.header.line.count or skip.footer.line.count property not supported",
        )
    return Layout(found, _compression(found, properties), _level(properties), delimiters(properties))


def _compression(found: Format, properties: Mapping[str, str]) -> str:
    names = (*found.properties, *_ANY)
    given = next((properties[n] for n in names if properties.get(n)), found.compressions[0])
    name = _SYNONYMS.get(given.strip().upper(), given.strip().upper())
    if name == "GZIP" and found.kind is Kind.ORC:
        name = "ZLIB"
    if name not in found.compressions:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Unsupported compression for {found.name}: {given}")
    return name


def _level(properties: Mapping[str, str]) -> int | None:
    text = properties.get("compression_level")
    if text is None:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 22:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"compression_level must be between 1 and 22: {text}")
    return int(text)


def properties_for_glue(written: Layout) -> tuple[dict[str, str], dict[str, str]]:
    """SerDe parameters and table properties of a table that CTAS makes."""
    compression = {"write.compression": written.compression}
    match written.format.kind:
        case Kind.PARQUET:
            return {"serialization.format": "1"}, {"parquet.compression": written.compression}
        case Kind.ORC:
            return {"serialization.format": "1"}, {"orc.compress": written.compression}
        case Kind.DELIMITED:
            delimiter = written.delimiters.separators[0]
            return {"field.delim": delimiter, "serialization.format": delimiter}, compression
    return {"serialization.format": "1"}, compression
