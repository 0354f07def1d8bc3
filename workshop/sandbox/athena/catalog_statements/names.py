"""Names: which are valid, which a pattern picks."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from workshop.sandbox.athena.catalog_statements.context import execution_error

_VALID_NAME = re.compile(r"[^\x00-\x1f\x7f/`.\\]{1,255}")


def matching(names: Sequence[str], pattern: str) -> list[str]:
    """The names that a regular expression matches as a whole, in any case; one that is none picks nothing.

    Arrow's expressions are RE2's: no pattern takes longer than a pass over the name.
    """
    try:
        found = pc.match_substring_regex(pa.array(names, pa.string()), pattern=f"^(?:{pattern})$", ignore_case=True)
    except pa.ArrowInvalid:
        return []
    return [name for name, matched in zip(names, found.to_pylist(), strict=True) if matched]


def matching_wildcards(names: Sequence[str], pattern: str) -> list[str]:
    """The names that SHOW TABLES picks: `*` stands for anything, `|` for a choice (Athena user guide: show-tables)."""
    return matching(names, pattern if ".*" in pattern else pattern.replace("*", ".*"))


def check_name(name: str) -> None:
    """Refuse names that Glue does not take."""
    if _VALID_NAME.fullmatch(name) is None:
        raise execution_error(f"InvalidObjectException(message:{name} is not a valid object name)")


def check_location(location: str | None) -> None:
    """Refuse locations outside S3."""
    if location is None:
        return
    scheme = location.partition("://")[0]
    if scheme not in ("s3", "s3a", "s3n") or not location.partition("://")[2].strip("/"):
        raise execution_error(
            f"MetaException(message:Got exception: java.io.IOException No FileSystem for scheme: {scheme})"
            if "://" in location
            else f"MetaException(message:{location} is not an absolute S3 path)"
        )
