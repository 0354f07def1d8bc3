"""Puts the server together: the emulator with its mends, our Athena, the GitHub replica.

Importing this module imports the emulator, which reads its settings from `os.environ`: see `environment.py`.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ministack.app as emulator

from workshop.sandbox.app import App, Receive, SandboxApp, Scope, Send
from workshop.sandbox.bootstrap import ensure_default_database, ensure_learner
from workshop.sandbox.caller import resolve_caller
from workshop.sandbox.calls import Handler, Response
from workshop.sandbox.deferred import Deferred
from workshop.sandbox.home import SandboxHome
from workshop.sandbox.in_process import InProcessSession
from workshop.sandbox.mends import install_mends
from workshop.sandbox.persistence import StateSaver, load_strictly, save_before_answering

if TYPE_CHECKING:
    from workshop.sandbox.athena.api.service import AthenaService
    from workshop.sandbox.github import GitHubReplica

ATHENA_TARGET = b"AmazonAthena."


def assemble(home: SandboxHome, health: dict[str, Any]) -> SandboxApp:
    """Build the application for `home`; `health` is what its health page answers."""
    saver = StateSaver(home.emulator_state)
    in_process = InProcessSession()
    github = Deferred(lambda: _github(home))
    athena = Deferred(lambda: _athena(home, fallback, in_process))

    def work_group_of(query_execution_id: str) -> str | None:
        service = athena.built()
        return service.work_group_of(query_execution_id) if service else None

    install_mends(work_group_of)
    load_strictly(home.emulator_state)
    save_before_answering(saver)
    fallback: Handler = emulator.SERVICE_HANDLERS["athena"]

    async def serve_athena(*parts: Any) -> Response:
        return await (await athena.get()).handle(*parts)

    emulator.SERVICE_HANDLERS["athena"] = serve_athena

    async def serve_github(scope: Scope, receive: Receive, send: Send) -> None:
        await (await github.get())(scope, receive, send)

    async def start() -> None:
        in_process.serve(app, asyncio.get_running_loop())
        await ensure_learner(home)
        await ensure_default_database()
        await saver.save_all()
        saver.start()
        github.start()
        athena.start()

    async def stop() -> None:
        saver.stop()
        if service := athena.built():
            # Queries that end may still ask this very server for something.
            await asyncio.to_thread(service.close)

    app = SandboxApp(
        aws=_after(athena, emulator.app), github=serve_github, health=health, on_startup=start, on_shutdown=stop
    )
    return app


def _after(athena: "Deferred[AthenaService]", app: App) -> App:
    """Let Athena's calls wait until the service is there: already their authorization asks it for the work group."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"x-amz-target" and value.startswith(ATHENA_TARGET) for name, value in scope.get("headers", ())):
            await athena.get()
        await app(scope, receive, send)

    return serve


def _github(home: SandboxHome) -> "GitHubReplica":
    from workshop.sandbox.github import GitHubReplica, open_source  # noqa: PLC0415

    recording = home.settings.recording
    return GitHubReplica(
        open_source(Path(recording) if recording else None),
        state_file=home.github / "timeline.json",
        archive_events_per_hour=home.settings.archive_events_per_hour,
    )


def _athena(home: SandboxHome, fallback: Handler, in_process: InProcessSession) -> "AthenaService":
    from workshop.sandbox.athena.api.service import AthenaService  # noqa: PLC0415

    return AthenaService(
        state_dir=home.athena,
        endpoint_url=home.endpoint,
        ca_bundle=home.ca_bundle,
        region=home.settings.region,
        resolve_caller=resolve_caller,
        fallback=fallback,
        in_process=in_process,
    )
