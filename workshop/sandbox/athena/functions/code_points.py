"""What Trino's string functions do code point by code point, where DuckDB counts bytes or graphemes or folds otherwise.

Source of each rule: Trino documentation, string functions. Errors are INVALID_FUNCTION_ARGUMENT.
"""

import unicodedata

from workshop.sandbox.athena.udf import invalid

_LEVENSHTEIN_CELLS = 1_000_000
_LARGEST_CODE_POINT = 0x10FFFF
_INT_MAX = 2**31 - 1
WHITESPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680" + "".join(
    chr(c) for c in (*range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000)
)
"""Java's Character.isWhitespace: what trim removes. No-break spaces are not among them."""


def upper(text: str) -> str:
    """Each code point's simple upper case: ß stays."""
    return "".join(map(_simple_upper, text))


def _simple_upper(char: str) -> str:
    changed = char.upper()
    if len(changed) == 1:
        return changed
    titled = char.title()
    return titled if len(titled) == 1 else char


def lower(text: str) -> str:
    """Each code point's simple lower case."""
    return "".join("i" if char == "İ" else char.lower() for char in text)


def reverse(text: str) -> str:
    """Code points from the end, combining marks too."""
    return text[::-1]


def chr_of(code_point: int) -> str:
    """The character of a code point; surrogates and numbers out of range fail."""
    if not 0 <= code_point <= _LARGEST_CODE_POINT or _is_surrogate(code_point):
        raise invalid(f"Not a valid Unicode code point: {code_point}")
    return chr(code_point)


def _is_surrogate(code_point: int) -> bool:
    return 0xD800 <= code_point <= 0xDFFF


def codepoint(text: str) -> int:
    """The number of a single character."""
    if len(text) != 1:
        raise invalid("Input string must be a single character string")
    return ord(text)


def split(text: str, delimiter: str, limit: int) -> list[str]:
    """Parts between delimiters; the last of `limit` parts is the rest."""
    if limit <= 0:
        raise invalid("Limit must be positive")
    if limit > _INT_MAX:
        raise invalid("Limit is too large")
    if not delimiter:
        raise invalid("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def split_all(text: str, delimiter: str) -> list[str]:
    """Parts between delimiters."""
    return split(text, delimiter, _INT_MAX)


def split_part(text: str, delimiter: str, index: int) -> str | None:
    """The part numbered `index` from 1, None after the last; an empty delimiter splits into characters."""
    if index <= 0:
        raise invalid("Index must be greater than zero")
    parts = text.split(delimiter) if delimiter else list(text)
    return parts[index - 1] if index <= len(parts) else None


def split_to_map(text: str, entry_delimiter: str, key_delimiter: str) -> dict[str, list[str]]:
    """`a=1,b=2` as a map; DuckDB takes a map as its keys and values. A key that is there twice fails."""
    entries: dict[str, str] = {}
    for key, value in _entries(text, entry_delimiter, key_delimiter):
        if key in entries:
            raise invalid(f"Duplicate keys ({key}) are not allowed")
        entries[key] = value
    return {"key": list(entries), "value": list(entries.values())}


def split_to_multimap(text: str, entry_delimiter: str, key_delimiter: str) -> dict[str, list[object]]:
    """`a=1,a=2` as a map of arrays."""
    entries: dict[str, list[str]] = {}
    for key, value in _entries(text, entry_delimiter, key_delimiter, quote=""):
        entries.setdefault(key, []).append(value)
    return {"key": list(entries), "value": list(entries.values())}


def _entries(text: str, entry_delimiter: str, key_delimiter: str, quote: str = "'") -> list[tuple[str, str]]:
    if not entry_delimiter:
        raise invalid("entryDelimiter is empty")
    if not key_delimiter:
        raise invalid("keyValueDelimiter is empty")
    if entry_delimiter == key_delimiter:
        raise invalid("entryDelimiter and keyValueDelimiter must not be the same")
    entries = []
    pieces = text.split(entry_delimiter)
    # A delimiter at the end opens no further entry.
    for piece in pieces[:-1] if pieces[-1] == "" else pieces:
        key, found, value = piece.partition(key_delimiter)
        if not found or key_delimiter in value:
            shown = f"{quote}{piece}{quote}"
            raise invalid(f"Key-value delimiter must appear exactly once in each entry. Bad input: {shown}")
        entries.append((key, value))
    return entries


def position(text: str, part: str, instance: int) -> int:
    """Where the part begins for the n-th time, from 1; from the end for a negative number; 0 if it does not."""
    if instance == 0:
        raise invalid("'instance' must be a positive or negative number.")
    if not part:
        return 1
    at = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        if instance > 0:
            at = text.find(part, at + 1)
        else:
            at = text.rfind(part, 0, at + len(part) - 1) if at + len(part) - 1 >= 0 else -1
        if at < 0:
            return 0
    return at + 1


def hamming_distance(left: str, right: str) -> int:
    """In how many places two texts of the same length differ."""
    if len(left) != len(right):
        raise invalid("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(left, right, strict=True))


def levenshtein_distance(left: str, right: str) -> int:
    """Insertions, deletions and substitutions from one text to the other."""
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    if not shorter:
        return len(longer)
    if len(longer) * (len(shorter) - 1) > _LEVENSHTEIN_CELLS:
        raise invalid("The combined inputs for Levenshtein distance are too large")
    row = list(range(len(shorter) + 1))
    for i, a in enumerate(longer, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(shorter, 1):
            cost = diagonal if a == b else 1 + min(diagonal, row[j], row[j - 1])
            diagonal, row[j] = row[j], cost
    return row[-1]


def normalize(text: str, form: str) -> str:
    """Unicode normalization."""
    match form:
        case "NFC" | "NFD" | "NFKC" | "NFKD":
            return unicodedata.normalize(form, text)
    raise invalid("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")


def replace(text: str, search: str, replacement: str) -> str:
    """An empty search is found around every character."""
    return text.replace(search, replacement)


def translate(text: str, originals: str, replacements: str) -> str:
    """Characters replaced one for one; those without a replacement are dropped, the first mention counts."""
    table: dict[int, str] = {}
    for i, char in enumerate(originals):
        table.setdefault(ord(char), replacements[i] if i < len(replacements) else "")
    return text.translate(table)


def lpad(text: str, size: int, filler: str) -> str:
    """Filled up to `size` characters from the left, or cut to them."""
    return _fill(text, size, filler) + text[: max(size, 0)]


def rpad(text: str, size: int, filler: str) -> str:
    """Filled up to `size` characters to the right, or cut to them."""
    filled = _fill(text, size, filler)
    return text[: max(size, 0)] + filled


def _fill(text: str, size: int, filler: str) -> str:
    if not 0 <= size <= _INT_MAX:
        raise invalid(f"Target length must be in the range [0..{_INT_MAX}]")
    if not filler:
        raise invalid("Padding string must not be empty")
    missing = max(size - len(text), 0)
    return (filler * (missing // len(filler) + 1))[:missing]


def luhn_check(text: str) -> bool:
    """Whether the digits pass the Luhn test."""
    if not text:
        return False
    total = 0
    for i, char in enumerate(reversed(text)):
        if not "0" <= char <= "9":
            raise invalid("Input must contain only digits.")
        digit = int(char) * (2 if i % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))

_SOUNDEX_LENGTH = 4


def soundex(text: str) -> str:
    """American Soundex as Apache Commons Codec computes it: H and W do not part letters of the same code."""
    letters = [c for c in text.upper() if c.isalpha()]
    if not letters:
        return ""
    code, last = letters[0], _soundex_digit(letters[0])
    for char in letters[1:]:
        digit = _soundex_digit(char)
        if char in "HW":
            continue
        if digit not in ("0", last):
            code += digit
            if len(code) == _SOUNDEX_LENGTH:
                break
        last = digit
    return code.ljust(_SOUNDEX_LENGTH, "0")


def _soundex_digit(char: str) -> str:
    if char not in _SOUNDEX:
        raise invalid(f"The character is not mapped: {char} (index={ord(char) - ord('A')})")
    return _SOUNDEX[char]


def from_utf8(data: bytes) -> str:
    """Text; what is no UTF-8 becomes U+FFFD."""
    return data.decode("utf-8", errors="replace")


def from_utf8_with(data: bytes, replacement: str) -> str:
    """Text; what is no UTF-8 becomes `replacement`, one character or none."""
    if len(replacement) > 1:
        raise invalid("Replacement character string must empty or a single character")
    return _decoded(data, replacement)


def from_utf8_with_code_point(data: bytes, code_point: int) -> str:
    """Text; what is no UTF-8 becomes the character of `code_point`."""
    if not 0 <= code_point <= _LARGEST_CODE_POINT or _is_surrogate(code_point):
        raise invalid("Invalid replacement character")
    return _decoded(data, chr(code_point))


def _decoded(data: bytes, replacement: str) -> str:
    parts: list[str] = []
    start = 0
    while True:
        try:
            return "".join([*parts, data[start:].decode("utf-8")])
        except UnicodeDecodeError as error:
            parts += [data[start : start + error.start].decode("utf-8"), replacement]
            start += error.end
