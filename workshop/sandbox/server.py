"""The sandbox's server process: `python -m workshop.sandbox.server --home DIR`."""

import argparse
import asyncio
import asyncio.constants
import logging
import os
import shutil
import signal
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop.errors import WorkshopError
from workshop.sandbox.certificates import ensure_certificates, write_trust_bundle
from workshop.sandbox.environment import public_roots, server_environment
from workshop.sandbox.home import SandboxHome
from workshop.sandbox.lock import HomeLock

if TYPE_CHECKING:
    from workshop.sandbox.app import SandboxApp

LOG_BYTES = 5_000_000
# How long requests that are under way may take to end when the sandbox stops.
GRACE_SECONDS = 3


def main() -> None:
    """Serve one home until SIGTERM or SIGINT. A failure to start is one line on stderr and exit status 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the sandbox's folder")
    home = SandboxHome(parser.parse_args().home)
    try:
        run(home)
    except WorkshopError as error:
        sys.exit(f"{error.message}\t{error.hint}")
    except ImportError as error:
        sys.exit(f"A package is missing: {error}.\tRun `make setup`.")
    except OSError as error:
        sys.exit(f"The server cannot start: {error}.\t")


def run(home: SandboxHome) -> None:
    """Prepare this process for `home` and serve it."""
    os.umask(0o077)  # what is in here is this user's own: keys, data, logs
    home.prepare()
    source_name = home.settings.recording or "the seeded generator"
    lock = HomeLock(home.lock)
    holder = lock.acquire(source_name)
    _empty(home.tmp)
    certificate, key = ensure_certificates(home)
    write_trust_bundle(home, public_roots(os.environ))
    _log_to(home.log)
    environment = server_environment(home, os.environ)
    os.environ.clear()
    os.environ.update(environment)

    from workshop.sandbox.assembly import assemble  # noqa: PLC0415 - reads the environment when it is imported

    app = assemble(home, {"status": "ready", "pid": holder.pid, "source": source_name})
    asyncio.run(_serve(app, home, certificate, key))


async def _serve(app: "SandboxApp", home: SandboxHome, certificate: Path, key: Path) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from hypercorn.utils import LifespanFailureError  # noqa: PLC0415

    config = Config()
    config.bind = [f"127.0.0.1:{home.settings.https_port}"]
    config.insecure_bind = [f"127.0.0.1:{home.settings.http_port}"]
    config.certfile, config.keyfile = str(certificate), str(key)
    # S3 speaks HTTP/1.1 only.
    config.alpn_protocols = ["http/1.1"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = GRACE_SECONDS
    # A client that keeps a connection open but never answers a TLS goodbye must not delay the end (default: 30 s).
    asyncio.constants.SSL_SHUTDOWN_TIMEOUT = 1.0
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unless_goodbye)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await serve(app, config, shutdown_trigger=stop.wait)
    except LifespanFailureError as error:
        raise app.failure or error from None


def _log_unless_goodbye(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody handled, except the TLS goodbye that a client did not answer."""
    if not isinstance(context.get("exception"), TimeoutError):
        loop.default_exception_handler(context)


def _empty(folder: Path) -> None:
    """Delete what a killed server left behind: unpacked Lambdas."""
    for entry in folder.iterdir():
        shutil.rmtree(entry, ignore_errors=True)


def _log_to(path: Path) -> None:
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    main()
