"""Small pictures of the real thing: what Terraform has built so far, and what lies in the lake."""

import html
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from workshop.records import AMBER, GREEN, amount


@dataclass(frozen=True)
class Box:
    """A part of the architecture. It is there once Terraform's state holds an address that contains `address`."""

    title: str
    subtitle: str
    address: str
    x: int
    y: int
    color: str
    width: int = 148


_NEUTRAL = "#808080"
_BRONZE, _SILVER, _GOLD, _COMPUTE, _CATALOG = "#b87333", "#8f9ba8", "#d4a017", "#0f83c9", "#009e73"

BOXES = (
    Box("GitHub events", "the source", "", 0, 96, _NEUTRAL),
    Box("backfill", "Step Functions, by hand", "gharchive_backfill.aws_sfn_state_machine", 0, 180, _COMPUTE),
    Box("GH Archive", "every past hour", "", 0, 252, _NEUTRAL),
    Box(
        "ingestor",
        "Lambda, every 5 min",
        "github_events_lambda.module.function.aws_lambda_function",
        190,
        12,
        _COMPUTE,
    ),
    Box("silver", "Lambda, hourly", "athena_scheduler.module.silver.aws_lambda_function", 380, 12, _COMPUTE),
    Box("gold", "Lambda, after silver", "athena_scheduler.module.gold.aws_lambda_function", 570, 12, _COMPUTE),
    Box("Bronze", "S3, JSON as received", "data_lake.aws_s3_bucket.", 190, 96, _BRONZE),
    Box("Silver", "S3, one row per event", "data_lake.aws_s3_bucket.", 380, 96, _SILVER),
    Box("Gold", "S3, counts per day", "data_lake.aws_s3_bucket.", 570, 96, _GOLD),
    Box("You", "SQL, pandas, plots", "", 760, 96, _NEUTRAL, 120),
    Box("Glue catalog", "tables and views", "catalog_athena.aws_glue_catalog_table", 190, 180, _CATALOG, 243),
    Box("Athena", "one work group", "catalog_athena.aws_athena_workgroup", 475, 180, _CATALOG, 243),
    Box("KMS key", "encrypts all of it", "data_lake.aws_kms_key", 190, 252, _NEUTRAL, 243),
    Box("Remote state", "what Terraform knows", "aws_s3_bucket.state", 475, 252, _NEUTRAL, 243),
)
_HEIGHT = 54
# From the middle of one side to the middle of the next; the lake's own flow runs along the middle row.
ARROWS = (
    (148, 108, 188, 44), (264, 66, 264, 94), (338, 108, 378, 52), (454, 66, 454, 94),
    (528, 108, 568, 52), (644, 66, 644, 94), (718, 123, 758, 123), (74, 252, 74, 236), (148, 192, 188, 144),
)  # fmt: skip


def architecture(addresses: Iterable[str]) -> str:
    """Draw the whole platform as SVG, with what is in Terraform's state solid and the rest dashed.

    `addresses`: Terraform addresses of every root that has been applied, e.g. from `Terraform.state_list()`.
    """
    known = set(addresses)
    drawn = "".join(_draw(box, _is_there(box, known)) for box in BOXES)
    lines = "".join(
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{_NEUTRAL}" stroke-width="1.5" marker-end="url(#tip)"/>'
        for x1, y1, x2, y2 in ARROWS
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{_NEUTRAL}"/></marker></defs>'
    )
    label = 'role="img" aria-label="The architecture so far"'
    look = 'style="max-width:892px;width:100%" font-family="system-ui,sans-serif"'
    body = f"{tip}{lines}{drawn}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 0 892 318" {label} {look}>{body}</svg>'


def _is_there(box: Box, addresses: Collection[str]) -> bool:
    return not box.address or any(box.address in address for address in addresses)


def _draw(box: Box, there: bool) -> str:
    outline = "" if there else ' stroke-dasharray="5 4" opacity=".7"'
    fill = box.color if there else "none"
    faint = "" if there else ' opacity=".7"'
    middle = box.x + box.width / 2
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{_HEIGHT}" rx="7" fill="{fill}" '
        f'fill-opacity=".16" stroke="{box.color}" stroke-width="1.6"{outline}/>'
        f'<g fill="currentColor" text-anchor="middle"{faint}>'
        f'<text x="{middle}" y="{box.y + 23}" font-size="14" font-weight="600">{html.escape(box.title)}</text>'
        f'<text x="{middle}" y="{box.y + 41}" font-size="11.5" opacity=".8">{html.escape(box.subtitle)}</text></g>'
    )


def tree(objects: Iterable[tuple[str, int]], *, limit: int = 3) -> str:
    """Draw keys with their sizes in bytes as a folder tree in HTML; a folder shows `limit` objects and counts the rest.

    `objects`: (`bucket/key`, size) pairs.
    """
    folders: dict[str, list[tuple[str, int]]] = {}
    for path, size in sorted(objects):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append((name, size))
    rows = []
    shown: set[str] = set()
    for folder, content in sorted(folders.items()):
        parts = folder.split("/")
        for depth in range(len(parts)):
            prefix = "/".join(parts[: depth + 1])
            if prefix not in shown:
                shown.add(prefix)
                below = [items for name, items in folders.items() if f"{name}/".startswith(f"{prefix}/")]
                inside = [size for items in below for _, size in items]
                rows.append(_row(depth, f"{parts[depth]}/", f"{len(inside):,} objects, {amount(sum(inside))}", AMBER))
        rows += [_row(len(parts), name, amount(size), GREEN) for name, size in content[:limit]]
        if len(content) > limit:
            rest = content[limit:]
            rows.append(_row(len(parts), f"… and {len(rest):,} more", amount(sum(size for _, size in rest)), ""))
    style = "font-family:var(--jp-code-font-family,monospace);font-size:12.5px;line-height:1.65"
    return f'<div style="{style}">{"".join(rows)}</div>'


def _row(depth: int, name: str, note: str, color: str) -> str:
    marker = f'<span style="color:{color}">{"▸" if color == AMBER else "·"}</span> ' if color else "  "
    return (
        f'<div style="padding-left:{depth * 22}px;white-space:nowrap">{marker}{html.escape(name)} '
        f'<span style="opacity:.65">{html.escape(note)}</span></div>'
    )
