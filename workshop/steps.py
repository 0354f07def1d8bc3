"""The world's states, in the order in which the course builds them, and how to reach each from wherever one is.

What is there is looked up in the deployed world every time; nothing is remembered. So a learner can open any notebook
first, and a run that was killed halfway is simply continued.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from workshop.errors import WorkshopError
from workshop.records import step

if TYPE_CHECKING:
    from workshop.lab import Workshop

# An hour of the schedule. It leaves the rest of the source for notebook 06, where new events have to arrive.
FIRST_POLLS = 12

Look = Callable[["Workshop"], object]


@dataclass(frozen=True)
class Stage:
    """A state of the world that builds on the one before.

    `deployed` reads what Terraform made last in it: any exception of AWS, or a false value, means not there.
    `filled` and `fill` are about data and come after all of Terraform's work.
    """

    name: str
    target: str
    deployed: Look
    filled: Look = lambda _: True
    fill: Look = lambda _: None


def _state_bucket(ws: "Workshop") -> object:
    s3, bucket = ws.client("s3"), ws.names.state_bucket
    s3.get_bucket_policy(Bucket=bucket)
    s3.get_bucket_encryption(Bucket=bucket)
    return s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]


def _data_lake(ws: "Workshop") -> object:
    s3 = ws.client("s3")
    for bucket in ws.names.buckets.values():
        s3.get_bucket_policy(Bucket=bucket)
        s3.get_bucket_encryption(Bucket=bucket)
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    return True


def _catalog(ws: "Workshop") -> object:
    ws.client("athena").get_work_group(WorkGroup=ws.names.work_group)
    glue = ws.client("glue")
    return [glue.get_table(DatabaseName=ws.names.database, Name=table) for table in ws.names.tables.values()]


def _functions(*names: str, scheduled: str) -> Look:
    def look(ws: "Workshop") -> object:
        ws.client("scheduler").get_schedule(Name=ws.names.functions[scheduled])
        functions = [ws.names.functions[name] for name in (*names, scheduled)]
        client = ws.client("lambda")
        return all(client.get_function_configuration(FunctionName=one)["State"] == "Active" for one in functions)

    return look


def _state_machine(ws: "Workshop") -> object:
    arn = ws.names.state_machine_arn
    return ws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"


def _partitions(layer: str) -> Look:
    def look(ws: "Workshop") -> object:
        table = ws.names.tables[layer]
        return ws.client("glue").get_partitions(DatabaseName=ws.names.database, TableName=table)["Partitions"]

    return look


STAGES = (
    Stage("remote_state", "", _state_bucket),
    Stage("data_lake", "module.lakehouse.module.data_lake", _data_lake),
    Stage("catalog", "module.lakehouse.module.catalog_athena", _catalog),
    Stage(
        "ingest", "module.lakehouse.module.github_events_lambda", _functions("backfill", scheduled="ingestor"),
        filled=lambda ws: len(ws.objects("bronze", "github/events/")), fill=lambda ws: ws.ingest(FIRST_POLLS),
    ),
    Stage(
        "silver", "module.lakehouse.module.athena_scheduler", _functions("gold", scheduled="silver"),
        filled=_partitions("silver"), fill=lambda ws: ws.invoke("silver"),
    ),
    Stage(
        "gold", "", _functions("silver", scheduled="gold"),
        filled=_partitions("gold"), fill=lambda ws: ws.invoke("gold"),
    ),
    Stage("backfill", "module.lakehouse.module.gharchive_backfill", _state_machine),
)  # fmt: skip

# The last stage that has to be there before a notebook's own work begins; it does the next one itself.
NEEDS: dict[str, str | None] = {
    "00_welcome": None,
    "01_remote_state": None,
    "02_data_lake": "remote_state",
    "03_catalog": "data_lake",
    "04_bronze_ingest": "catalog",
    "05_silver": "ingest",
    "06_gold": "silver",
    "07_explore_gold": "gold",
    "08_backfill": "backfill",
    "09_quality": "backfill",
    "10_break_and_heal": "backfill",
    "99_teardown": None,
}


def prepare(ws: "Workshop", notebook: str) -> None:
    """Bring the world to what `notebook` needs, and say what was there and what had to be done."""
    if notebook not in NEEDS:
        raise WorkshopError(f"There is no notebook {notebook!r}.", f"Choose from: {', '.join(NEEDS)}.")
    needed = stages_until(NEEDS[notebook])
    if not needed:
        ws.note("Ready", f"{ws.target}, account {ws.names.account_id}, {ws.names.region}; this notebook needs no more")
        return
    with step("Looking for what this notebook needs") as line:
        missing = [stage for stage in needed if not is_there(stage.deployed, ws)]
        line.note = f"to be built: {', '.join(stage.name for stage in missing)}" if missing else "all of it is there"
    if any(stage.name == "remote_state" for stage in missing):
        ws.apply("global/remote_state")
    if targets := [stage.target for stage in missing if stage.target]:
        ws.apply(targets=targets)  # all at once, so that the waits overlap
    for stage in needed:
        if not is_there(stage.filled, ws):
            stage.fill(ws)


def stages_until(name: str | None) -> list[Stage]:
    """All stages up to and with `name`, in order; none for None."""
    if name is None:
        return []
    position = next(index for index, stage in enumerate(STAGES) if stage.name == name)
    return list(STAGES[: position + 1])


def is_there(look: Look, ws: "Workshop") -> bool:
    """Whether `look` finds something. "Not found" in any service's spelling is an answer; other errors are raised."""
    try:
        return bool(look(ws))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "404" or any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist", "InvalidRequest")):
            return False
        raise


def remote_state_exists(ws: "Workshop") -> bool:
    """Whether there is a bucket that can hold states."""
    return is_there(lambda ws: ws.client("s3").head_bucket(Bucket=ws.names.state_bucket), ws)


def state_addresses(ws: "Workshop") -> list[str]:
    """The Terraform addresses of what has been built in the environment, and the state bucket's, if it is there."""
    if not remote_state_exists(ws):
        return []
    return ["aws_s3_bucket.state", *ws.terraform().state_list()]
