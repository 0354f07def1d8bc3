"""The `workshop` command. Every `make` target of the course is one of these commands by the same name."""

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from workshop import cli_lake
from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from workshop.terraform import Terraform

# Imports of heavy modules stay inside the commands: `workshop --help` and `eval "$(workshop env)"` must be instant.

app = typer.Typer(
    name="workshop",
    help="Build, operate and break a production-grade AWS data lakehouse, one notebook at a time.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
terraform_app = typer.Typer(
    help="Terraform on the target: the sandbox, or your AWS account with LAKEHOUSE_TARGET=aws.", no_args_is_help=True
)
app.add_typer(terraform_app, name="terraform")

# Lines are never broken at the terminal's width: paths and addresses must survive being copied.
out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

Recording = Annotated[
    Path | None,
    typer.Option(
        help="Events to serve: JSON Lines, gzip or not. Default: LAKEHOUSE_RECORDING, else a seeded generator."
    ),
]
Environment = Annotated[str, typer.Argument(help="dev, or remote-state for the bucket that keeps the state.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def main() -> None:
    """Run the command line; a WorkshopError becomes one line on stderr and exit status 1."""
    try:
        app()
    except WorkshopError as error:
        err.print(f"[bold red]error:[/] {_escape(error.message)}", highlight=False)
        if error.hint:
            err.print(f"       {_escape(error.hint)}", highlight=False)
        sys.exit(1)


def _escape(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)


# --- sandbox ---------------------------------------------------------------------------------------------------------


@app.command("sandbox-up")
def sandbox_up(recording: Recording = None) -> None:
    """Start the sandbox, the local AWS. Starting a running one does nothing; its state is kept between starts."""
    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415
    from workshop.sandbox.lifecycle import up  # noqa: PLC0415

    status = up(SandboxHome.default(), recording=recording)
    out.print(f"The sandbox runs at [bold]{status.endpoint}[/] (pid {status.pid}), events from {status.source}.")
    out.print('In this shell: [bold]eval "$(workshop env)"[/], then aws, terraform and any SDK talk to it.')


@app.command("sandbox-down")
def sandbox_down() -> None:
    """Stop the sandbox. Its state is kept."""
    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415
    from workshop.sandbox.lifecycle import down  # noqa: PLC0415

    stopped = down(SandboxHome.default())
    out.print("The sandbox is stopped; its state is kept." if stopped else "The sandbox was not running.")


@app.command("sandbox-reset")
def sandbox_reset(yes: Yes = False) -> None:
    """Stop the sandbox and wipe everything in it: buckets, tables, Terraform's state."""
    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415
    from workshop.sandbox.lifecycle import reset  # noqa: PLC0415

    home = SandboxHome.default()
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Wipe the sandbox in {home.root}?", abort=True)
    reset(home)
    out.print("The sandbox is wiped. `make sandbox-up` starts a new one.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Show what runs, where, and where its files are."""
    import dataclasses  # noqa: PLC0415

    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415
    from workshop.sandbox.lifecycle import status as sandbox_status  # noqa: PLC0415

    home = SandboxHome.default()
    current = dataclasses.asdict(sandbox_status(home)) | {"home": str(home.root)}
    if as_json:
        typer.echo(json.dumps(current, default=str))
        return
    from rich.table import Table  # noqa: PLC0415

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in current.items():
        table.add_row(f"[bold]{name.replace('_', ' ')}[/]", _shown(value))
    out.print(table, highlight=False)


def _shown(value: object) -> str:
    from datetime import datetime  # noqa: PLC0415

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):  # Unix time
        return f"{datetime.fromtimestamp(value).astimezone():%Y-%m-%d %H:%M:%S %Z}"
    return "-" if value is None else str(value)


@app.command()
def env() -> None:
    """Print the variables that make any AWS client talk to the sandbox: eval "$(workshop env)"."""
    import shlex  # noqa: PLC0415

    from workshop.sandbox.home import SandboxHome  # noqa: PLC0415
    from workshop.sandbox.lifecycle import require_running  # noqa: PLC0415

    home = SandboxHome.default()
    require_running(home)
    for name, value in home.environment().items():
        typer.echo(f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}")


# --- course ----------------------------------------------------------------------------------------------------------


@app.command()
def run(  # noqa: PLR0917 - typer makes options of them; nobody passes them by position
    notebooks: Annotated[
        list[str] | None, typer.Argument(help="Names, e.g. 04_bronze_ingest or 04. Default: all, in order.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A notebook parameter.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The last notebook to run, e.g. 07: leaves the lake standing.")
    ] = None,
    output_dir: Annotated[Path, typer.Option(help="Where the executed notebooks and the report go.")] = Path("report"),
    solutions: Annotated[bool, typer.Option(help="Answer the exercises with their printed solutions.")] = False,
    recording: Recording = None,
) -> None:
    """Run the notebooks headless, in order, and write a report. Exit status 0 only if all of them passed."""
    from workshop.runner import run as run_notebooks  # noqa: PLC0415

    if recording is not None:
        os.environ["LAKEHOUSE_RECORDING"] = str(recording.resolve())
    result = run_notebooks(
        notebooks,
        parameters=_parameters(parameters or []),
        until=until,
        output_dir=output_dir,
        solutions=solutions,
    )
    if not result.ok:
        raise typer.Exit(1)


def _parameters(pairs: list[str]) -> dict[str, str]:
    parsed: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name.isidentifier():
            raise WorkshopError(f"{pair!r} is not a parameter.", "Write it as NAME=VALUE, e.g. -p env=dev.")
        parsed[name] = value
    return parsed


class Benchmark(StrEnum):
    """What `workshop bench` measures."""

    ATHENA = "athena"
    BACKFILL = "backfill"
    LAKE = "lake"
    COURSE = "course"


@app.command()
def bench(
    only: Annotated[Benchmark | None, typer.Argument(help="Measure this alone (default: everything).")] = None,
) -> None:
    """Measure in sandboxes of its own; prints the tables for docs/benchmarks.md."""
    if only in (None, Benchmark.ATHENA):
        from workshop.bench.athena import measure  # noqa: PLC0415

        typer.echo(measure(err))
    if only in (None, Benchmark.BACKFILL):
        from workshop.bench.backfill import measure_backfill  # noqa: PLC0415

        typer.echo(measure_backfill(err))
    if only in (None, Benchmark.LAKE):
        from workshop.bench.lake import measure_lake  # noqa: PLC0415

        typer.echo(measure_lake(err))
    if only in (None, Benchmark.COURSE):
        from workshop.bench.course import as_markdown, measure_course  # noqa: PLC0415

        result = measure_course(err)
        typer.echo(as_markdown(result))
        if not result.ok:
            raise typer.Exit(1)


@app.command(hidden=True)
def datasets(environment: Annotated[str, typer.Option("--env", help="Whose catalog.")] = "dev") -> None:
    """Write the generated parts of docs/datasets.md anew from a deployed catalog (for contributors)."""
    from workshop.datasets import PAGE, parts, refreshed  # noqa: PLC0415
    from workshop.lab import Workshop  # noqa: PLC0415

    workshop = Workshop(env=environment)
    page = refreshed(PAGE.read_text(encoding="utf-8"), parts(workshop.client("glue"), workshop.names))
    PAGE.write_text(page, encoding="utf-8")


@app.command()
def lab(
    port: Annotated[int, typer.Option(help="JupyterLab's port; the next free one is taken if it is in use.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Open JupyterLab on the notebooks, with the sandbox running and the variables set."""
    from workshop.paths import NOTEBOOKS, PACKAGE  # noqa: PLC0415
    from workshop.target import activate  # noqa: PLC0415

    activate()
    arguments = [
        sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={NOTEBOOKS}", "--LabApp.default_url=/lab/tree/00_welcome.ipynb",
        # No call home, neither for news nor for updates, and no question about it.
        f"--LabApp.app_settings_dir={PACKAGE / 'jupyterlab'}",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    if not browser:
        arguments.append("--no-browser")
    if os.geteuid() == 0:
        arguments.append("--allow-root")
    os.execv(sys.executable, arguments)  # noqa: S606 - JupyterLab takes this process over, and with it Ctrl-C


@app.command()
def doctor() -> None:
    """Say what is missing on this machine and how to get it. Exit status 1 if something needed is."""
    from workshop.doctor import examine, show  # noqa: PLC0415

    findings = examine()
    show(findings, out)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


# --- the lake --------------------------------------------------------------------------------------------------------

app.command()(cli_lake.backfill)
app.command()(cli_lake.quarantine)
app.command()(cli_lake.replay)
app.command()(cli_lake.lineage)
# Whatever follows it is refused in words of our own, not repeated in an error message.
app.command("github-token", context_settings={"allow_extra_args": True})(cli_lake.github_token)


# --- deployment ------------------------------------------------------------------------------------------------------


@app.command()
def archives() -> None:
    """Build the Lambda archives into dist/, byte for byte the same on every machine."""
    import hashlib  # noqa: PLC0415

    from workshop.archives import build_all  # noqa: PLC0415

    for path in build_all():
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        out.print(f"{path.name}  {len(content) / 1e6:.1f} MB  sha256 {digest}", highlight=False)


def _root(environment: str) -> str:
    from workshop.target import refuse_unknown_environment  # noqa: PLC0415

    if environment == "remote-state":
        return "global/remote_state"
    refuse_unknown_environment(environment)
    return f"envs/{environment}"


def _terraform(environment: str) -> "Terraform":
    """The runner for an environment, initialised, on the chosen target."""
    root = _root(environment)
    from workshop.target import activate  # noqa: PLC0415
    from workshop.terraform import Terraform, find_terraform  # noqa: PLC0415

    find_terraform()  # before anything is started for it
    activate()
    if environment != "remote-state":
        from workshop.archives import build_all  # noqa: PLC0415

        build_all()  # Terraform reads the archives' hashes even for a plan
    terraform = Terraform(root)
    terraform.init()
    return terraform


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise WorkshopError(f"{question} Nobody is there to answer.", "Pass --yes to go ahead.")
    typer.confirm(question, abort=True)


@terraform_app.command("init")
def terraform_init(environment: Environment) -> None:
    """Connect an environment to its remote state."""
    _terraform(environment)


@terraform_app.command("plan")
def terraform_plan(environment: Environment) -> None:
    """Show what an apply would change."""
    out.print(_terraform(environment).plan().describe(), highlight=False)


@terraform_app.command("apply")
def terraform_apply(environment: Environment, yes: Yes = False) -> None:
    """Show the plan and apply it. On AWS it asks first; in the sandbox nothing costs anything."""
    terraform = _terraform(environment)
    if os.environ.get("LAKEHOUSE_TARGET") == "aws":
        out.print(terraform.plan().describe(), highlight=False)
        _confirm(f"Apply this to {environment} on AWS?", yes)
    terraform.apply()


@terraform_app.command("check")
def terraform_check(environment: Environment) -> None:
    """Compare the world with what is declared: exit status 0 if they agree, 2 if something has drifted."""
    plan = _terraform(environment).plan()
    out.print(plan.describe(), highlight=False)
    raise typer.Exit(plan.exit_code)


@terraform_app.command("destroy")
def terraform_destroy(environment: Environment, yes: Yes = False) -> None:
    """Delete an environment and all its data."""
    _root(environment)
    _confirm(f"Delete {environment} and all data in it?", yes)
    _terraform(environment).destroy()


@terraform_app.command("output")
def terraform_output(environment: Environment) -> None:
    """Print the outputs as JSON."""
    typer.echo(json.dumps(_terraform(environment).output(), indent=2))


@terraform_app.command("state-list")
def terraform_state_list(environment: Environment) -> None:
    """List the resources that Terraform manages."""
    for address in _terraform(environment).state_list():
        typer.echo(address)


@terraform_app.command("validate")
def terraform_validate() -> None:
    """Run `terraform validate` on every root and `terraform test` on every module; needs no account and no sandbox."""
    from workshop.terraform_checks import validate_all  # noqa: PLC0415

    if not validate_all(out):
        raise typer.Exit(1)
