"""Puts the server together: the emulator with its mends, our Athena, the GitHub replica.

Importing this module imports the emulator, which reads its settings from `os.environ`: see `environment.py`.
"""

from pathlib import Path
from typing import Any

import ministack.app as emulator

from workshop.sandbox.app import SandboxApp
from workshop.sandbox.athena.service import AthenaService
from workshop.sandbox.bootstrap import ensure_learner
from workshop.sandbox.caller import resolve_caller
from workshop.sandbox.github import GitHubReplica, open_source
from workshop.sandbox.home import SandboxHome
from workshop.sandbox.mends import install_mends
from workshop.sandbox.persistence import StateSaver, save_before_answering


def assemble(home: SandboxHome, health: dict[str, Any]) -> SandboxApp:
    """Build the application for `home`; `health` is what its health page answers."""
    settings = home.settings
    recording = Path(settings.recording) if settings.recording else None
    github = GitHubReplica(open_source(recording), state_file=home.github / "timeline.json")
    saver = StateSaver(home.emulator_state)

    def work_group_of(query_execution_id: str) -> str | None:
        return athena.work_group_of(query_execution_id)

    install_mends(work_group_of)
    save_before_answering(saver)
    athena = AthenaService(
        state_dir=home.athena,
        endpoint_url=home.endpoint,
        ca_bundle=home.ca_bundle,
        region=settings.region,
        resolve_caller=resolve_caller,
        fallback=emulator.SERVICE_HANDLERS["athena"],
    )
    emulator.SERVICE_HANDLERS["athena"] = athena.handle

    async def start() -> None:
        await ensure_learner(home)
        await saver.save_all()
        saver.start()

    async def stop() -> None:
        saver.stop()
        athena.close()

    return SandboxApp(aws=emulator.app, github=github, health=health, on_startup=start, on_shutdown=stop)
