"""The form in which lines that are not events are kept: JSON, with the bytes as they came and the reason.

`{"reason", "source", "byte_offset", "raw", "raw_bytes", "encoding", "truncated", "received_at"}`: `raw` is the text, or
base64 of what is not UTF-8. Of a very long line only the beginning is kept; source and offset lead back to the rest.
"""

import base64
import codecs
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_RAW_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Rejected:
    """What is not an event, and why.

    `raw`: its bytes, or the first MAX_RAW_BYTES of them if there are more. `offset`: where it began in the decompressed
    page or file, in bytes. `size`: how many bytes it had.
    """

    raw: bytes
    reason: str
    offset: int
    size: int


def render(rejected: Rejected, source: str, received_at: datetime) -> bytes:
    """A quarantine line, with its line end."""
    raw = rejected.raw[:MAX_RAW_BYTES]
    truncated = len(raw) < rejected.size
    encoding, text = _encode(raw, whole=not truncated)
    document = {
        "reason": rejected.reason,
        "source": source,
        "byte_offset": rejected.offset,
        "raw": text,
        "raw_bytes": rejected.size,
        "encoding": encoding,
        "truncated": truncated,
        "received_at": received_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n"


def raw_of(line: bytes) -> bytes | None:
    """The whole bytes that a quarantine line keeps; None if it keeps only a part of them, or is none of ours."""
    try:
        document = json.loads(line)
        if document["truncated"]:
            return None
        return _decode(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _encode(raw: bytes, *, whole: bool) -> tuple[str, str]:
    try:
        # Without its last character, if the cut went through it.
        return "utf-8", codecs.getincrementaldecoder("utf-8")().decode(raw, final=whole)
    except UnicodeDecodeError:
        return "base64", base64.b64encode(raw).decode("ascii")


def _decode(document: dict[str, Any]) -> bytes | None:
    if document["encoding"] == "base64":
        return base64.b64decode(document["raw"], validate=True)
    return str(document["raw"]).encode("utf-8") if document["encoding"] == "utf-8" else None
