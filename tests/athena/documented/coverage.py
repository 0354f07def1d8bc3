"""The coverage of Trino's functions by the tables of documented examples, as docs/athena-engine.md shows it.

`python tests/athena/documented/coverage.py` writes it anew into the page.
"""

import importlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from documented.functions import FUNCTIONS, names  # noqa: E402
from documented.tables import Table  # noqa: E402
from workshop.sandbox.athena.functions import REGISTRY  # noqa: E402

PAGE = HERE.parents[2] / "docs" / "athena-engine.md"
_WITHOUT_BRACKETS = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


def tables() -> Iterator[Table]:
    """All tables of the modules called rows_*.py."""
    for path in sorted(HERE.glob("rows_*.py")):
        yield from importlib.import_module(f"documented.{path.stem}").TABLES


def called() -> set[str]:
    """The functions that the rows' expressions call; those without brackets are words of their own."""
    text = "\n".join(row[0] for table in tables() for row in table.rows).lower()
    return {*re.findall(r"(\w+)\s*\(", text), *_WITHOUT_BRACKETS.intersection(re.findall(r"\w+", text))}


def markdown() -> str:
    """A row for each topic of Trino's documentation, then the sizes of the tables."""
    used, refused = called(), set(REGISTRY.refused())
    lines = ["| topic | functions | tested | refused by name |", "|---|---:|---:|---|"]
    for topic in FUNCTIONS:
        all_names = names(topic)
        no = [name for name in all_names if name in refused]
        done = [name for name in all_names if name in used and name not in refused]
        lines.append(f"| {topic} | {len(all_names)} | {len(done)} | {', '.join(f'`{n}`' for n in no)} |")
    sizes = Counter[str]()
    for table in tables():
        sizes[table.family] += len(table.rows)
    listed = ", ".join(f"{family} {size:,}" for family, size in sorted(sizes.items()))
    return "\n".join([*lines, "", f"{sum(sizes.values()):,} documented examples are tested: {listed}."])


def missing() -> list[str]:
    """Documented functions that are neither tested nor refused."""
    used, refused = called(), set(REGISTRY.refused())
    return sorted({n for topic in FUNCTIONS for n in names(topic) if n not in used and n not in refused})


def page() -> str:
    """The page with the coverage of now between the two marks."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
