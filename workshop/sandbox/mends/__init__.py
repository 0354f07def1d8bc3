"""Small hooks into the emulator, one module for each thing that it does not do as AWS does.

They reach for private names, which is why `ministack` is pinned to one version; `tests/sandbox` says when a hook no
longer fits.
"""

from workshop.sandbox.mends import doors, glue_partitions, root_keys


def install_mends() -> None:
    """Install every mend. Call once, after `import ministack.app` and before it serves."""
    doors.close_other_doors()
    root_keys.close_root_keys()
    glue_partitions.add_update_partition()
