"""What the commands on the data print and how they end, with the work behind them replaced."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import CliRunner, Result

from workshop import backfill, cli_lake, github_token, lineage, quarantine
from workshop.backfill import Hour, Progress
from workshop.checks import QueryFailed
from workshop.cli import app
from workshop.errors import WorkshopError
from workshop.lineage import BronzeObject, Lineage, SilverFile
from workshop.names import Names
from workshop.quarantine import Contents, Replay

DAY = date(2024, 1, 15)
NAMES = Names("dev", "123456789012", "us-east-1")


class Session:
    """Stands in for a boto3 session where nothing is asked of it."""

    def client(self, service: str, **options: Any) -> Any:
        return service


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No target is started; the environments that were connected to."""
    used: list[str] = []

    def connect(env: str) -> tuple[Any, Names]:
        used.append(env)
        return Session(), replace(NAMES, env=env)

    monkeypatch.setattr(cli_lake, "_connect", connect)
    monkeypatch.setattr(cli_lake, "LOOK_EVERY_SECONDS", 0)
    return used


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def plain(text: str) -> str:
    return " ".join(text.split())


# --- backfill ---


class Execution:
    """Replaces the state machine; `looks` are what each look at it finds."""

    def __init__(self, *looks: Progress | BaseException) -> None:
        self.looks = list(looks)
        self.asked: list[Hour] = []
        self.was_there = False

    def start_or_join(self, client: Any, machine_arn: str, hours: list[Hour]) -> tuple[str, bool]:
        assert (client, machine_arn) == ("stepfunctions", NAMES.state_machine_arn)
        self.asked = hours
        return "arn:aws:states:us-east-1:123456789012:execution:m:the-run", self.was_there

    def look(self) -> Progress:
        found = self.looks.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found


@pytest.fixture
def execution(monkeypatch: pytest.MonkeyPatch) -> Execution:
    one = Execution()
    monkeypatch.setattr(backfill, "start_or_join", one.start_or_join)
    monkeypatch.setattr(backfill, "Follower", lambda *_: one)
    return one


def stored(events: int) -> dict[str, Any]:
    return {"outcome": "stored", "events": events, "quarantined": 2, "bytes": 1500}


def test_a_backfill_is_followed_and_added_up_by_day(execution: Execution) -> None:
    other = date(2024, 1, 16)
    results = {
        Hour(DAY, 6): stored(1000), Hour(DAY, 7): stored(234),
        Hour(other, 6): stored(10) | {"outcome": "already_stored"}, Hour(other, 7): {"outcome": "missing"},
    }  # fmt: skip
    done = Progress("SUCCEEDED", "gold", results, rows={"silver": 1200, "gold": 5}, seconds=61.0)
    execution.looks = [Progress(), Progress(results={Hour(DAY, 6): stored(1000)}, failed_tries=1), done]
    answer = run("backfill", "2024-01-15..2024-01-16", "--hours", "6-7")
    assert answer.exit_code == 0, answer.output
    assert execution.asked == sorted(results)
    assert "Started the-run." in answer.stderr
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert lines[1:4] == [
        ["2024-01-15", "2", "0", "0", "0", "1,234", "4", "3.0", "KB"],
        ["2024-01-16", "0", "1", "1", "0", "10", "2", "1.5", "KB"],
        ["all", "2", "1", "1", "0", "1,244", "6", "4.5", "KB"],
    ]
    assert "Took 1 min 01 s; 1,200 new rows in Silver." in answer.stdout
    assert "○ 2024-01-16 07:00  GH Archive does not have it" in answer.stdout


def test_a_failed_hour_is_named_and_is_exit_status_1(execution: Execution) -> None:
    failed = {"outcome": "failed", "error": "CorruptArchiveError", "cause": '{"errorMessage": "cut [off]"'}
    results = {Hour(DAY, 0): stored(1), Hour(DAY, 1): failed}
    execution.looks = [
        Progress("FAILED", results=results, error="HoursFailed", cause="Could not store 2024-01-15 1:00")
    ]
    answer = run("backfill", "2024-01-15", "--hours", "0-2")
    assert answer.exit_code == 1
    assert "✘ 2024-01-15 01:00  CorruptArchiveError: cut [off]" in answer.stdout
    assert "✘ 2024-01-15 02:00  not begun" in answer.stdout
    assert "ended as FAILED. HoursFailed: Could not store 2024-01-15 1:00" in answer.stderr


def test_an_execution_that_was_stopped_is_exit_status_1(execution: Execution) -> None:
    execution.looks = [Progress("ABORTED", cause="enough", results={Hour(DAY, 0): stored(1)})]
    answer = run("backfill", "2024-01-15", "--hours", "0")
    assert answer.exit_code == 1
    assert "ended as ABORTED. enough" in answer.stderr


def test_a_script_reads_json_and_nothing_else(execution: Execution) -> None:
    execution.looks = [Progress("SUCCEEDED", results={Hour(DAY, 0): stored(5)}, answers={"silver": {"rows": 5}})]
    execution.was_there = True
    answer = run("backfill", "2024-01-15", "--hours", "0", "--json")
    found = json.loads(answer.stdout)
    assert found["hours"] == [{"day": "2024-01-15", "hour": 0} | stored(5)]
    assert (found["status"], found["total"]["events"], found["silver"]) == ("SUCCEEDED", 5, {"rows": 5})
    assert "at it already" in answer.stderr


def test_leaving_says_that_it_goes_on_and_how_to_look_again(execution: Execution) -> None:
    execution.looks = [Progress(), KeyboardInterrupt()]
    answer = run("backfill", "2024-01-15..2024-01-16", "--hours", "0-5,7", "--env", "dev")
    assert answer.exit_code == 130
    assert "goes on without you" in answer.stderr
    assert "workshop backfill 2024-01-15..2024-01-16 --hours 0-5,7 --env dev" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["2999-01-01"], "in the future"),
        (["2014-12-31"], "before 2015-01-01"),
        (["2024-01-01..2024-03-01"], "too many"),
        (["soon"], "not a day"),
        (["2024-01-15", "--hours", "25"], "hours of a day"),
    ],
)
def test_what_cannot_be_fetched_is_refused_before_anything_is_connected(
    arguments: list[str], says: str, connected: list[str]
) -> None:
    answer = run("backfill", *arguments)
    assert isinstance(answer.exception, WorkshopError)
    assert says in answer.exception.message
    assert answer.exception.hint
    assert connected == []


def raising(error: Exception) -> Any:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "says", "hint"),
    [
        (ClientError({"Error": {"Code": "StateMachineDoesNotExist", "Message": "no m"}}, "StartExecution"),
         "StateMachineDoesNotExist: no m", "workshop terraform apply dev"),
        (ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "StartExecution"),
         "AccessDeniedException: not you", ""),
        (EndpointConnectionError(endpoint_url="https://states"), "cannot be reached", "try again"),
    ],
)  # fmt: skip
def test_what_aws_answers_becomes_one_line(
    error: Exception, says: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "start_or_join", raising(error))
    answer = run("backfill", "2024-01-15")
    assert isinstance(answer.exception, WorkshopError)
    assert says in answer.exception.message
    assert hint in answer.exception.hint


# --- quarantine and replay ---

REASON = {"reason": "not JSON", "lines": 2, "bytes": 3000, "first_day": "2024-01-14", "last_day": "2024-01-15"}
SAMPLE = {
    "reason": "not JSON", "ingest_dt": "2024-01-15", "source": "https://archive/x", "byte_offset": 1234,
    "encoding": "utf-8", "truncated": False, "raw": "\x1b[2J[bold]red[/]\r",
}  # fmt: skip


@pytest.fixture
def in_quarantine(monkeypatch: pytest.MonkeyPatch) -> list[list[date]]:
    """Forty days have lines; the days that were asked for."""
    asked: list[list[date]] = []

    def contents(session: Any, names: Names, days: list[date]) -> Contents:
        asked.append(list(days))
        return Contents(tuple(days), (REASON,), (SAMPLE,)) if days else Contents((), (), ())

    days = [date.fromordinal(DAY.toordinal() - number) for number in range(40)][::-1]
    monkeypatch.setattr(quarantine, "days_with_lines", lambda *_: days)
    monkeypatch.setattr(quarantine, "contents", contents)
    return asked


def test_quarantine_shows_reasons_and_samples_that_cannot_touch_the_terminal(in_quarantine: list[list[date]]) -> None:
    answer = run("quarantine")
    assert answer.exit_code == 0
    assert "2 3.0 KB 2024-01-14..2024-01-15 not JSON" in plain(answer.stdout)
    assert "https://archive/x, byte 1,234" in answer.stdout
    assert "·[2J[bold]red[/]·" in answer.stdout
    assert "\x1b" not in answer.stdout
    [days] = in_quarantine
    assert (len(days), days[-1]) == (31, DAY)


def test_quarantine_of_one_day(in_quarantine: list[list[date]]) -> None:
    assert json.loads(run("quarantine", "2024-01-15", "--json").stdout)["reasons"] == [REASON]
    assert in_quarantine == [[DAY]]


def test_an_empty_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "days_with_lines", lambda *_: [])
    assert run("quarantine").stdout == "Nothing is in quarantine.\n"


def test_an_environment_without_the_table_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    error = QueryFailed("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.dp_dev_lake.q' does not exist")
    monkeypatch.setattr(quarantine, "contents", raising(error))
    answer = run("quarantine", "2024-01-15")
    assert isinstance(answer.exception, WorkshopError)
    assert "workshop terraform apply dev" in answer.exception.hint


def test_replay_says_what_it_released(monkeypatch: pytest.MonkeyPatch) -> None:
    released = {"outcome": "replayed", "day": "2024-01-15", "released": 1200, "kept": 3, "keys": ["github/events/[x]"]}
    monkeypatch.setattr(quarantine, "replay", lambda *_, **__: Replay(released, {"rows": 1100}, {"rows": 9}))
    answer = run("replay", "2024-01-15")
    assert answer.exit_code == 0
    assert "2024-01-15: 1,200 released, 3 kept." in answer.stdout
    assert "github/events/[x]" in answer.stdout
    assert "Silver has 1,100 new rows" in answer.stdout


# --- lineage ---

KEY = "s3://dp-dev-123456789012-raw/github/events/ingest_dt=2024-01-15/gharchive-2024-01-15-07.json.gz"
FOUND = Lineage(
    DAY, "WatchEvent", "octo/[bold]cat", 5,
    (SilverFile("s3://silver/a", (
        BronzeObject(KEY, 3, True, "https://archive/2024-01-15-7.json.gz", "2024-01-16", 9000),
        BronzeObject("s3://raw/gone", 2, exists=False),
    )),),
    is_stale=False,
)  # fmt: skip


def show(monkeypatch: pytest.MonkeyPatch, found: Lineage, *options: str) -> Result:
    monkeypatch.setattr(lineage, "trace", lambda *_: found)
    return run("lineage", "2024-01-15", "WatchEvent", "octo/cat", *options)


def test_lineage_goes_from_the_number_to_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = show(monkeypatch, FOUND)
    assert answer.exit_code == 0
    lines = [line.lstrip("│├└─ ").rstrip() for line in answer.stdout.splitlines()]
    assert lines == [
        "WatchEvent in octo/[bold]cat on 2024-01-15: Gold says 5",
        "Silver holds 5 rows in 1 files",
        "5 in s3://silver/a",
        f"3 from {KEY}",
        "https://archive/2024-01-15-7.json.gz, received 2024-01-16, 9,000 events in all",
        "2 from s3://raw/gone",
        "is no longer there",
        "Gold and Silver agree.",
    ]


@pytest.mark.parametrize(("is_stale", "says"), [(True, "the next run of Gold"), (False, "something is wrong")])
def test_sums_that_do_not_agree_are_said_plainly(is_stale: bool, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = show(monkeypatch, replace(FOUND, gold_events=6, is_stale=is_stale))
    assert answer.exit_code == 1
    assert "They do not agree: Gold 6, Silver 5." in answer.stdout
    assert says in answer.stdout


def test_lineage_for_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(show(monkeypatch, FOUND, "--json").stdout)
    assert (found["gold_events"], found["silver_events"], found["agrees"]) == (5, 5, True)
    assert found["files"][0]["bronze"][0]["source"] == "https://archive/2024-01-15-7.json.gz"


# --- the token ---

TOKEN = "ghp_0123456789abcdefSECRET"


@pytest.fixture
def stored_tokens(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    kept: dict[str, str] = {}

    def put(_: Any, name: str, token: str) -> int:
        kept[name] = token
        return len(kept)

    monkeypatch.setattr(github_token, "put", put)
    monkeypatch.setattr(github_token, "delete", lambda _, name: kept.pop(name, None) is not None)
    monkeypatch.delenv(github_token.VARIABLE, raising=False)
    return kept


def test_a_token_is_piped_in_and_never_shown(stored_tokens: dict[str, str]) -> None:
    answer = run("github-token", typed=f"  {TOKEN}\n")
    assert answer.exit_code == 0, answer.output
    assert stored_tokens == {"/lakehouse/github-token": TOKEN}
    assert TOKEN not in answer.output
    assert "TF_VAR_github_token_parameter=/lakehouse/github-token" in answer.stdout


def test_the_parameter_is_the_one_that_terraform_is_told(
    stored_tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(github_token.VARIABLE, "/team/token")
    run("github-token", typed=TOKEN)
    run("github-token", "--parameter", "/other", typed=TOKEN)
    assert list(stored_tokens) == ["/team/token", "/other"]
    assert "is deleted" in run("github-token", "--delete").stdout
    assert "There is no /team/token" in run("github-token", "--delete").stdout
    assert list(stored_tokens) == ["/other"]


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        ([TOKEN], "", "never an argument"),
        ([], "", "There is no token"),
        ([], f"{TOKEN} {TOKEN}", "not a token"),
        ([], f"{TOKEN}\n{TOKEN}\n", "not a token"),
        (["--parameter", "/a*"], TOKEN, "not a parameter's name"),
        (["--parameter", "a/b"], TOKEN, "not a parameter's name"),
    ],
)
def test_a_token_that_is_refused_is_not_repeated(
    arguments: list[str], typed: str, says: str, stored_tokens: dict[str, str], connected: list[str]
) -> None:
    answer = run("github-token", *arguments, typed=typed)
    assert isinstance(answer.exception, WorkshopError)
    assert says in answer.exception.message
    assert TOKEN not in answer.output + str(answer.exception)
    assert (stored_tokens, connected) == ({}, [])


def test_the_help_shows_how_token_and_terraform_belong_together() -> None:
    shown = run("github-token", "--help").stdout
    for line in ("export TF_VAR_github_token_parameter=", "workshop github-token", "workshop terraform apply dev"):
        assert line in shown
