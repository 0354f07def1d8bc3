"""What a table's files are: its SerDe and input format, by name (Athena user guide: SerDe reference)."""

from collections.abc import Mapping
from enum import Enum, auto

from workshop.sandbox.athena.catalog.glue import Table
from workshop.sandbox.athena.errors import AthenaError, not_supported

PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
ORC_SERDE = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
AVRO_SERDE = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
OPENX_SERDE = "org.openx.data.jsonserde.JsonSerDe"
LAZY_SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
CSV_SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
REGEX_SERDE = "org.apache.hadoop.hive.serde2.RegexSerDe"


class Kind(Enum):
    """How files are read."""

    PARQUET = auto()
    ORC = auto()
    AVRO = auto()
    HIVE_JSON = auto()
    OPENX_JSON = auto()
    DELIMITED = auto()
    CSV = auto()
    REGEX = auto()


_KINDS = {
    PARQUET_SERDE: Kind.PARQUET,
    ORC_SERDE: Kind.ORC,
    AVRO_SERDE: Kind.AVRO,
    JSON_SERDE: Kind.HIVE_JSON,
    "org.apache.hadoop.hive.serde2.JsonSerDe": Kind.HIVE_JSON,
    OPENX_SERDE: Kind.OPENX_JSON,
    LAZY_SERDE: Kind.DELIMITED,
    CSV_SERDE: Kind.CSV,
    "com.bizo.hive.serde.csv.CSVSerde": Kind.CSV,
    REGEX_SERDE: Kind.REGEX,
    "org.apache.hadoop.hive.contrib.serde2.RegexSerDe": Kind.REGEX,
}
COLUMNAR = (Kind.PARQUET, Kind.ORC)
BY_NAME = (Kind.AVRO, Kind.HIVE_JSON, Kind.OPENX_JSON)
_REFUSED_INPUTS = ("SymlinkTextInputFormat", "HoodieParquetInputFormat", "SequenceFileInputFormat", "RCFileInputFormat")


def kind_of(table: Table) -> Kind:
    """How the files of a table are read; NOT_SUPPORTED names what is not."""
    for name in _REFUSED_INPUTS:
        if table.input_format.endswith(name):
            raise not_supported(f"The input format {table.input_format} of table {table.name}")
    found = _KINDS.get(table.serde)
    if found is None:
        raise not_supported(f"The SerDe {table.serde or '(none)'} of table {table.name}")
    return found


def properties_of(table: Table) -> dict[str, str]:
    """SerDe and table properties together; the SerDe's count."""
    return {**table.properties, **table.serde_parameters}


def by_name(table: Table) -> bool:
    """Whether columns are found in the files by their names, else by their places (handle schema updates)."""
    properties = properties_of(table)
    match kind_of(table):
        case Kind.PARQUET:
            return properties.get("parquet.column.index.access", "").lower() != "true"
        case Kind.ORC:
            return properties.get("orc.column.index.access", "").lower() == "false"
        case kind:
            return kind in BY_NAME


def whole_number(properties: Mapping[str, str], name: str) -> int:
    """A property that counts something; 0 without it."""
    text = properties.get(name, "").strip() or "0"
    if not text.isdigit():
        raise AthenaError("HIVE_INVALID_METADATA", f"Invalid value for {name} property: {text}")
    return int(text)
