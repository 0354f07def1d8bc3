"""Commands on the data: backfills, the quarantine, lineage, and the token that the ingestor polls with.

What they do is in modules of their own; this one reads what was typed and prints what came of it.
"""

import dataclasses
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from workshop import backfill as backfills
    from workshop.lineage import Lineage
    from workshop.names import Names

# Imports of heavy modules stay inside the commands: `workshop --help` must be instant.

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)
# Trees would be cut at the terminal's width: paths and addresses must survive being copied.
wide = Console(soft_wrap=True, width=4096)

LOOK_EVERY_SECONDS = 1.0
MOST_NOTES = 20

Env = Annotated[str, typer.Option("--env", help="The environment: dev.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


# --- commands --------------------------------------------------------------------------------------------------------


def backfill(
    days: Annotated[list[str], typer.Argument(metavar="DAY…", help="2024-01-15, or 2024-01-10..2024-01-15 (31 days).")],
    hours: Annotated[str, typer.Option(help="Hours of each day, UTC: 7, 0-23, 0-5,12.")] = "0-23",
    env: Env = "dev",
    as_json: AsJson = False,
) -> None:
    """Fetch past hours from GH Archive into Bronze, then bring Silver and Gold up to date.

    Hours that are there already are not fetched again: the same command does what is missing. It runs without you:
    Ctrl-C only stops looking, and the same command looks again. Exit status 1 if an hour failed.
    """
    from workshop import backfill as backfills  # noqa: PLC0415

    now = datetime.now(UTC)
    over, not_yet = backfills.hours_of(backfills.parse_days(days), backfills.parse_hours(hours), now)
    session, names = _connect(env)
    with _plain_errors(env):
        client = session.client("stepfunctions")
        arn, was_there = backfills.start_or_join(client, names.state_machine_arn, over)
        if not_yet:
            err.print(f"Left out, because they are not over: {len(not_yet)} hours from {not_yet[0]} on.")
        err.print("Following the execution that is at it already." if was_there else f"Started {arn.split(':')[-1]}.")
        try:
            progress = _follow(backfills.Follower(client, arn), over)
        except KeyboardInterrupt:
            again = shlex.join(["workshop", "backfill", *days, "--hours", hours, "--env", env])
            err.print(f"It goes on without you. To look again: [bold]{escape(again)}[/]", highlight=False)
            raise typer.Exit(130) from None
    ok = progress.status == "SUCCEEDED"
    if as_json:
        typer.echo(json.dumps(_as_json(arn, over, progress), default=str))
    else:
        _show_backfill(over, progress)
    if not ok:
        raise typer.Exit(1)


def quarantine(
    day: Annotated[str | None, typer.Argument(help="YYYY-MM-DD. Default: the newest 31 days that have any.")] = None,
    env: Env = "dev",
    as_json: AsJson = False,
) -> None:
    """Show what was refused as no event: counts by reason, and samples."""
    from workshop.backfill import parse_day  # noqa: PLC0415
    from workshop.quarantine import MOST_DAYS, contents, days_with_lines  # noqa: PLC0415

    chosen = parse_day(day) if day else None
    session, names = _connect(env)
    with _plain_errors(env):
        days = [chosen] if chosen else days_with_lines(session, names)[-MOST_DAYS:]
        found = contents(session, names, days)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), default=str))
    elif not found.reasons:
        out.print(f"Nothing is in quarantine{f' on {chosen}' if chosen else ''}.")
    else:
        _show_quarantine(found.reasons, found.samples)


def replay(
    day: Annotated[str, typer.Argument(help="YYYY-MM-DD, the day's folder in quarantine.")],
    env: Env = "dev",
    as_json: AsJson = False,
) -> None:
    """Check a day's quarantine anew, and release what is an event now to Bronze, Silver and Gold."""
    from workshop.backfill import parse_day  # noqa: PLC0415
    from workshop.quarantine import replay as release  # noqa: PLC0415

    chosen = parse_day(day)
    session, names = _connect(env)
    with _plain_errors(env):
        result = release(session, names, chosen, say=lambda text: err.print(f"{text} …"))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(result), default=str))
        return
    released, kept = result.released.get("released", 0), result.released.get("kept", 0)
    out.print(f"{chosen}: {released:,} released, {kept:,} kept.")
    for key in result.released.get("keys", []):
        out.print(f"  {key}", highlight=False, markup=False)
    out.print(f"Silver has {result.silver['rows']:,} new rows.")


def lineage(
    day: Annotated[str, typer.Argument(help="YYYY-MM-DD, the day as Gold has it (ingest_dt).")],
    event_type: Annotated[str, typer.Argument(metavar="EVENT_TYPE", help="e.g. WatchEvent")],
    repository: Annotated[str, typer.Argument(metavar="REPOSITORY", help="owner/name")],
    env: Env = "dev",
    as_json: AsJson = False,
) -> None:
    """Follow a number of Gold down to Silver's files, Bronze's objects and where those came from.

    Exit status 1 if Gold and Silver do not agree.
    """
    from workshop.backfill import parse_day  # noqa: PLC0415
    from workshop.lineage import trace  # noqa: PLC0415

    chosen = parse_day(day)
    session, names = _connect(env)
    with _plain_errors(env):
        found = trace(session, names, chosen, event_type, repository)
    if as_json:
        numbers = {"silver_events": found.silver_events, "agrees": found.agrees}
        typer.echo(json.dumps(dataclasses.asdict(found) | numbers, default=str))
    else:
        _show_lineage(found)
    if not found.agrees:
        raise typer.Exit(1)


def github_token(
    context: typer.Context,
    parameter: Annotated[
        str | None, typer.Option(help="Name of the parameter. Default: TF_VAR_github_token_parameter.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it.")] = False,
) -> None:
    """Store a GitHub token, encrypted, where the ingestor reads it: 5,000 requests an hour instead of 60.

    The token is typed at a hidden prompt or piped in; it is never an argument, never printed, and Terraform never sees
    it. Terraform has to know the parameter's name, now and at every later apply, so that the ingestor may read it:

    export TF_VAR_github_token_parameter=/lakehouse/github-token
    workshop github-token
    workshop terraform apply dev
    """
    from workshop import github_token as tokens  # noqa: PLC0415

    if context.args:
        raise WorkshopError(
            "A token is never an argument: it is in your shell's history now.",
            "Revoke it on GitHub, make a new one, and type that at the prompt of `workshop github-token`.",
        )
    name = tokens.parameter_name(parameter)
    token = "" if delete else tokens.checked(_read_secret())
    session, _ = _connect("dev")
    with _plain_errors("dev"):
        if delete:
            there = tokens.delete(session, name)
            out.print(f"{escape(name)} is deleted." if there else f"There is no {escape(name)}.", highlight=False)
            return
        version = tokens.put(session, name, token)
    out.print(f"The token is in {escape(name)}, version {version}.", highlight=False)
    out.print(
        f"The ingestor reads it once Terraform knows the name: [bold]{tokens.VARIABLE}={escape(name)}[/], then"
        " `workshop terraform apply dev`.",
        highlight=False,
    )


def _read_secret() -> str:
    import getpass  # noqa: PLC0415

    if not sys.stdin.isatty():
        return sys.stdin.read()
    return getpass.getpass("GitHub token (not shown): ")


# --- how they talk to AWS --------------------------------------------------------------------------------------------


def _connect(env: str) -> "tuple[Any, Names]":
    """A boto3 session on the chosen target, and the environment's names there."""
    from workshop.target import activate, refuse_unknown_environment  # noqa: PLC0415

    refuse_unknown_environment(env)
    activate()
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from workshop.names import Names  # noqa: PLC0415

    session = boto3.Session()
    try:
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise WorkshopError(
            f"AWS does not know who you are: {error}", "Sign in first (`aws sso login`, or set AWS_PROFILE)."
        ) from error
    partition = identity["Arn"].split(":")[1]
    return session, Names(env=env, account_id=identity["Account"], region=session.region_name, partition=partition)


@contextmanager
def _plain_errors(env: str) -> Iterator[None]:
    """Turn what AWS answers into one line with a way out."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from workshop.checks import QueryFailed  # noqa: PLC0415

    deploy = f"Is {env} deployed? `workshop terraform apply {env}` does it."
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        absent = code == "404" or any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist", "InvalidRequest"))
        raise WorkshopError(f"{code}: {message}", deploy if absent else "") from error
    except QueryFailed as error:
        raise WorkshopError(error.message, deploy if "does not exist" in error.message else "") from error
    except BotoCoreError as error:
        raise WorkshopError(f"AWS cannot be reached: {error}", "What runs there goes on; try again.") from error


# --- what they print -------------------------------------------------------------------------------------------------


def _follow(
    follower: "backfills.Follower", hours: "Sequence[backfills.Hour]", pause: Callable[[float], None] = time.sleep
) -> "backfills.Progress":
    """Look until the execution has ended, with a bar of the hours."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    titles = {"hours": "Storing hours", "silver": "Hours stored; bringing Silver up to date", "gold": "… and Gold"}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(titles["hours"], total=len(hours))
        while True:
            progress = follower.look()
            tries = f" ({progress.failed_tries} failed tries)" if progress.failed_tries else ""
            bar.update(task, completed=len(progress.results), description=titles[progress.phase] + tries)
            if progress.has_ended:
                return progress
            pause(LOOK_EVERY_SECONDS)


def _show_backfill(hours: "Sequence[backfills.Hour]", progress: "backfills.Progress") -> None:
    from rich.table import Table  # noqa: PLC0415

    from workshop.backfill import reason_of, tally  # noqa: PLC0415
    from workshop.records import amount, took  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("day")
    for name in ("stored", "already there", "missing", "failed", "events", "quarantined", "bytes"):
        table.add_column(name, justify="right")
    days = sorted({hour.day for hour in hours})
    groups = [(str(day), [hour for hour in hours if hour.day == day]) for day in days]
    for title, group in [*groups, *([("all", list(hours))] if len(groups) > 1 else [])]:
        one = dataclasses.asdict(tally(group, progress.results))
        size = amount(one.pop("bytes"))
        table.add_row(title, *(f"{count:,}" for count in one.values()), size)
    out.print(table, highlight=False)
    parts = [f"Took {took(progress.seconds)}"]
    parts += [
        f"{progress.rows[layer]:,} new rows in {layer.title()}" for layer in ("silver",) if layer in progress.rows
    ]
    out.print("; ".join(parts) + ".", highlight=False)
    outcomes = {hour: progress.results.get(hour, {}) for hour in hours}
    notes = [
        f"○ {hour}  GH Archive does not have it" for hour, one in outcomes.items() if one.get("outcome") == "missing"
    ]
    notes += [
        f"✘ {hour}  {reason_of(one)}" for hour, one in outcomes.items() if one.get("outcome", "failed") == "failed"
    ]
    for note in notes[:MOST_NOTES]:
        out.print(note, markup=False, highlight=False, style="red" if note.startswith("✘") else None)
    if len(notes) > MOST_NOTES:
        out.print(f"… and {len(notes) - MOST_NOTES} more.")
    if progress.status != "SUCCEEDED":
        reason = reason_of({"error": progress.error, "cause": progress.cause}) if progress.error else progress.cause
        err.print(f"The execution ended as {progress.status}. {reason}".rstrip(), markup=False, highlight=False)


def _as_json(arn: str, hours: "Sequence[backfills.Hour]", progress: "backfills.Progress") -> dict[str, Any]:
    from workshop.backfill import tally  # noqa: PLC0415

    nothing = {"outcome": "failed"}
    listed = [{"day": str(hour.day), "hour": hour.hour} | (progress.results.get(hour) or nothing) for hour in hours]
    return {
        "execution_arn": arn,
        "status": progress.status,
        "error": progress.error,
        "cause": progress.cause,
        "seconds": progress.seconds,
        "total": dataclasses.asdict(tally(hours, progress.results)),
        "hours": listed,
        "silver": progress.answers.get("silver"),
        "gold": progress.answers.get("gold"),
    }


def _show_quarantine(reasons: Sequence[Any], samples: Sequence[Any]) -> None:
    from rich.table import Table  # noqa: PLC0415

    from workshop.records import amount  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("lines", justify="right")
    table.add_column("bytes", justify="right")
    table.add_column("days", no_wrap=True)
    table.add_column("reason")
    for one in reasons:
        days = one["first_day"] if one["first_day"] == one["last_day"] else f"{one['first_day']}..{one['last_day']}"
        table.add_row(f"{one['lines']:,}", amount(one["bytes"]), days, escape(_printable(one["reason"])))
    out.print(table, highlight=False)
    for one in samples:
        place = f"{one['reason']}: {one['source']}, byte {one['byte_offset']:,}, {one['encoding']}"
        out.print(f"\n{_printable(place)}", markup=False, highlight=False, style="bold")
        out.print(f"  {_printable(one['raw'])}", markup=False, highlight=False)


def _printable(text: object) -> str:
    """A text without characters that a terminal would obey; quarantine holds what strangers sent."""
    return "".join(one if one.isprintable() else "·" for one in str(text))


def _show_lineage(found: "Lineage") -> None:
    from rich.tree import Tree  # noqa: PLC0415

    title = f"{found.event_type} in {found.repository} on {found.day}"
    tree = Tree(f"[bold]{escape(title)}[/]: Gold says {found.gold_events:,}", highlight=False)
    rows = f"{found.silver_events:,} rows in {len(found.files)} files"
    silver = tree.add(f"Silver holds {rows}", highlight=False)
    for file in found.files:
        branch = silver.add(f"{file.events:,} in {escape(file.path)}", highlight=False)
        for one in file.bronze:
            leaf = branch.add(f"{one.events:,} from {escape(one.path or 'an object that Silver did not note')}")
            if not one.exists:
                leaf.add("[red]is no longer there[/]")
            elif one.source:
                total = "" if one.object_events is None else f", {one.object_events:,} events in all"
                leaf.add(f"{escape(_printable(one.source))}, received {escape(str(one.received_at))}{total}")
    wide.print(tree, highlight=False)
    if found.agrees:
        out.print("Gold and Silver agree.")
        return
    why = (
        "Silver has changed since Gold was built; the next run of Gold puts it right."
        if found.is_stale
        else "Gold was built from just this Silver: something is wrong."
    )
    out.print(f"[bold red]They do not agree:[/] Gold {found.gold_events:,}, Silver {found.silver_events:,}. {why}")
