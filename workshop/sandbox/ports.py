"""Finds out which program listens on a port, where the system tells (Linux)."""

from pathlib import Path

LISTEN = "0A"
PROC = Path("/proc")


def owner_of(port: int) -> str | None:
    """Name the program that listens on a local TCP port, e.g. "python3 (pid 123)"; None if it cannot be found."""
    inodes = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening(PROC / "net" / table, port)}
    if not inodes:
        return None
    for process in PROC.glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in inodes:
                    return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            # The process ended meanwhile, or belongs to someone else.
            continue
    return None


def _listening(table: Path, port: int) -> list[str]:
    if not table.exists():
        return []
    found = []
    for line in table.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            found.append(fields[9])
    return found
