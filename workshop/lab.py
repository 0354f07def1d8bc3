"""`Workshop`, what every notebook starts with: the way to AWS, to Terraform, to Athena and to the lake's functions."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workshop import breakage, checks, functions, identities, queries
from workshop.errors import WorkshopError
from workshop.names import Names
from workshop.records import Record, amount, in_notebook, show, show_html, step
from workshop.target import activate, refuse_unknown_environment
from workshop.terraform import Terraform
from workshop.terraform_events import PlanSummary

if TYPE_CHECKING:
    import pandas as pd

LAYERS = {"bronze": "raw", "silver": "silver", "gold": "gold"}


@dataclass(frozen=True)
class Counts:
    """How much each layer holds. After a run of Silver and Gold, all but `bronze_lines` are the same number."""

    bronze_lines: int
    bronze_ids: int
    silver_rows: int
    gold_events: int


class Workshop:
    """The world that a notebook works in.

    `target` is "sandbox" (the local AWS, started if it does not run) or "aws" (the account of the caller's
    credentials); `source` is "replica" (the sandbox's own GitHub) or "live" (GitHub itself). After construction the
    process's AWS environment variables point at the target, so any AWS client made in the notebook does too.
    """

    def __init__(
        self, env: str = "dev", region: str = "us-east-1", source: str = "replica", target: str = "sandbox"
    ) -> None:
        refuse_unknown_environment(env)
        if target == "aws":
            if source == "replica":
                raise WorkshopError(
                    "The replica of GitHub lives in the sandbox; AWS cannot reach it.", 'On AWS, set source = "live".'
                )
            os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
        elif target == "sandbox":
            os.environ.setdefault("LAKEHOUSE_REGION", region)  # for a sandbox that is made now
        self.target = activate(target, source)
        self.env = env
        if os.environ.get("AWS_REGION") != region:
            raise WorkshopError(
                f"The sandbox was made for the region {os.environ.get('AWS_REGION')}, not {region}.",
                "Set `region` to that, or make a new sandbox with `make sandbox-reset`.",
            )
        self._terraforms: dict[str, Terraform] = {}
        _prepare_kernel()

    def __repr__(self) -> str:
        return f"Workshop(env={self.env!r}, target={self.target!r}, account={self.names.account_id!r})"

    # --- AWS ---------------------------------------------------------------------------------------------------------

    @cached_property
    def session(self) -> Any:
        """A boto3 session with the caller's credentials."""
        import boto3  # noqa: PLC0415 - a quarter of a second to import

        return boto3.Session()

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the session, e.g. `ws.client("s3")`."""
        return self.session.client(service, **options)

    @property
    def plain_http_endpoint(self) -> str:
        """Where S3 answers without TLS, to see it refused."""
        default = f"http://s3.{self.session.region_name}.amazonaws.com"
        return os.environ.get("LAKEHOUSE_PLAIN_HTTP_ENDPOINT", default)

    @cached_property
    def names(self) -> Names:
        """The names of everything in this environment and account. Asks AWS once who the caller is."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            identity = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise WorkshopError(
                f"AWS does not know who you are: {error}", "Sign in first (`aws sso login`, or set AWS_PROFILE)."
            ) from error
        partition = identity["Arn"].split(":")[1]
        return Names(env=self.env, account_id=identity["Account"], region=self.session.region_name, partition=partition)

    # --- Terraform ---------------------------------------------------------------------------------------------------

    def terraform(self, root: str = "") -> Terraform:
        """Terraform in one of the project's roots, by default the environment's, initialized on first use."""
        root = root or f"envs/{self.env}"
        if root not in self._terraforms:
            terraform = Terraform(root)
            terraform.init()
            self._terraforms[root] = terraform
        return self._terraforms[root]

    def apply(self, root: str = "", targets: Sequence[str] = ()) -> None:
        """`terraform apply`, with progress while it runs. `targets` are addresses for -target, for lessons only."""
        from workshop import archives  # noqa: PLC0415

        root = root or f"envs/{self.env}"
        what = ", ".join(target.removeprefix("module.lakehouse.") for target in targets) or root
        with step(f"terraform apply {what}", live=False) as line:
            if root.startswith("envs/"):
                archives.build_all()
            terraform = self.terraform(root)
            terraform.apply(targets=targets)
            line.note = f"{len(terraform.state_list())} resources in state"

    def plan(self, root: str = "") -> PlanSummary:
        """`terraform plan`: what an apply would change."""
        with step(f"terraform plan {root or f'envs/{self.env}'}", live=False) as line:
            summary = self.terraform(root).plan()
            line.note = f"{len(summary.changes)} changes"
        return summary

    def destroy(self, root: str = "") -> None:
        """`terraform destroy`. A root that was never applied has nothing to destroy."""
        from workshop.steps import remote_state_exists  # noqa: PLC0415

        root = root or f"envs/{self.env}"
        with step(f"terraform destroy {root}", live=False) as line:
            if root.startswith("envs/") and not remote_state_exists(self):
                line.note = "there is no remote state, so there is nothing to destroy"
                return
            self.terraform(root).destroy()
            del self._terraforms[root]

    def leftovers(self) -> "pd.DataFrame":
        """What there is of the course in the account: columns service and name, one row a thing."""
        import pandas as pd  # noqa: PLC0415

        from workshop.leftovers import find  # noqa: PLC0415

        return pd.DataFrame(find(self.session, self.env), columns=["service", "name"])

    def picture(self) -> None:
        """Draw the architecture with what Terraform has built so far."""
        from workshop.diagrams import architecture  # noqa: PLC0415
        from workshop.steps import state_addresses  # noqa: PLC0415

        addresses = state_addresses(self)
        show_html(architecture(addresses), f"{len(addresses)} resources in Terraform's state")

    # --- the lake ----------------------------------------------------------------------------------------------------

    def prepare(self, notebook: str) -> None:
        """Bring the world to the state that `notebook` starts from; instant when it is there already."""
        from workshop.steps import prepare  # noqa: PLC0415

        prepare(self, notebook)

    def sql(self, sql: str, session: Any = None) -> "pd.DataFrame":
        """Run a query in the environment's work group; shows what it read and cost, returns its rows.

        `session` is another identity's boto3 session. Raises `QueryFailed` with Athena's own message.
        """
        as_whom = session or self.session
        names = self.names
        return queries.metered(
            lambda: queries.athena_sql(as_whom, work_group=names.work_group, database=names.database, sql=sql), sql
        )

    def quiet_sql(self, sql: str) -> "pd.DataFrame":
        """Run a query without a word, for checks."""
        frame, _ = queries.athena_sql(
            self.session, work_group=self.names.work_group, database=self.names.database, sql=sql
        )
        return frame

    def invoke(self, function: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        """Invoke a function ("ingestor", "backfill", "silver", "gold") and return its answer.

        Raises `FunctionFailed` with the function's own error.
        """
        if function not in self.names.functions:
            raise WorkshopError(
                f"There is no function {function!r}.", f"Choose one of: {', '.join(self.names.functions)}."
            )
        return functions.call(functions.patient_lambda(self.session), self.names.functions[function], payload)

    def ingest(self, max_polls: int = 60) -> list[dict[str, Any]]:
        """Poll the source until it has nothing new (at most `max_polls` times). Returns every poll's answer."""
        return functions.drain(functions.patient_lambda(self.session), self.names.functions["ingestor"], max_polls)

    def backfill(self, *days: str, hours: str = "0-23") -> "pd.DataFrame":
        """Fetch hours of GH Archive into Bronze, then bring Silver and Gold up to date; one row an hour.

        `days` are days or ranges (`2024-01-10..2024-01-15`), `hours` those of each day, e.g. `0-5,12`. Columns: day,
        hour, outcome (stored, already_stored, missing, failed), events, quarantined, bytes, attempts. WorkshopError if
        an hour failed or the state machine did not come to its end.
        """
        from workshop.history import fetch  # noqa: PLC0415

        return fetch(self.client("stepfunctions"), self.names.state_machine_arn, days, hours)

    def quarantine(self, *days: str) -> "pd.DataFrame":
        """What was refused on these days (by default, the newest that have any): columns reason, lines, bytes."""
        import pandas as pd  # noqa: PLC0415

        from workshop import quarantine  # noqa: PLC0415
        from workshop.backfill import parse_days  # noqa: PLC0415

        chosen = parse_days(days) or quarantine.days_with_lines(self.session, self.names)[-quarantine.MOST_DAYS :]
        found = quarantine.contents(self.session, self.names, chosen)
        return pd.DataFrame(found.reasons, columns=["reason", "lines", "bytes"])

    def replay(self, day: str) -> dict[str, Any]:
        """Check a day's quarantine anew, and release what is an event now; the function's answer."""
        from workshop import quarantine  # noqa: PLC0415
        from workshop.backfill import parse_day  # noqa: PLC0415

        with step(f"Replay the quarantine of {day}") as line:
            answer = dict(quarantine.replay(self.session, self.names, parse_day(day), line.say).released)
            line.note = f"{answer['released']:,} released, {answer['kept']:,} kept"
        return answer

    def lineage(self, day: str, event_type: str, repository: str) -> "pd.DataFrame":
        """Where a number of Gold comes from; one row for each file of Silver and object of Bronze, which are the index.

        Columns events, received_at (UTC), source. WorkshopError if Gold and Silver have nothing of it, or do not agree.
        """
        from workshop.backfill import parse_day  # noqa: PLC0415
        from workshop.history import lineage  # noqa: PLC0415

        return lineage(self.session, self.names, parse_day(day), event_type, repository)

    def counts(self) -> Counts:
        """How much each layer holds, by one query that reads all of them."""
        tables = self.names.tables
        sql = f"""SELECT bronze_lines, bronze_ids, silver_rows, gold_events
        FROM (SELECT COUNT(*) AS bronze_lines, COUNT(DISTINCT id) AS bronze_ids FROM {tables["bronze"]})
        CROSS JOIN (SELECT COUNT(*) AS silver_rows FROM {tables["silver"]})
        CROSS JOIN (SELECT COALESCE(SUM(events_count), 0) AS gold_events FROM {tables["gold"]})"""  # noqa: S608 - names of ours
        return Counts(*(int(number) for number in self.quiet_sql(sql).iloc[0]))

    def bucket(self, layer: str) -> str:
        """The bucket of "bronze", "silver" or "gold"."""
        return self.names.buckets[LAYERS[layer]]

    def objects(self, layer: str, prefix: str = "") -> "pd.DataFrame":
        """The objects of a layer's bucket: columns key, bytes, modified."""
        import pandas as pd  # noqa: PLC0415

        rows = [(item["Key"], item["Size"], item["LastModified"]) for item in self._list(layer, prefix)]
        return pd.DataFrame(rows, columns=["key", "bytes", "modified"])

    def _list(self, layer: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket(layer), Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def tree(self, *layers: str) -> None:
        """Draw what lies in these layers' buckets, with sizes; the results of queries are left out."""
        from workshop.diagrams import tree  # noqa: PLC0415

        found = [
            (f"{self.bucket(layer)}/{item['Key']}", item["Size"])
            for layer in layers or LAYERS
            for item in self._list(layer)
            if not item["Key"].startswith("athena-results/")
        ]
        show_html(tree(found), f"{len(found)} objects, {amount(sum(size for _, size in found))}")

    def source_events(self, count: int = 5) -> list[dict[str, Any]]:
        """The newest events that the source shows right now, without taking them from anybody.

        Reads the first page of `GET /events` without an ETag. `count` is at most 100.
        """
        import requests  # noqa: PLC0415

        base = os.environ.get("TF_VAR_github_api_url", "https://api.github.com")  # noqa: SIM112 - Terraform's spelling
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        own = bool(endpoint) and base.startswith(str(endpoint))
        response = requests.get(
            f"{base}/events",
            params={"per_page": count},
            headers={"Accept": "application/vnd.github+json"},
            verify=os.environ["AWS_CA_BUNDLE"] if own else True,
            timeout=20,
        )
        if not response.ok:
            raise WorkshopError(f"{base} answered {response.status_code}: {response.text[:200]}")
        return list(response.json())

    # --- identities --------------------------------------------------------------------------------------------------

    def temporary_role(self, name: str, statements: Sequence[dict[str, Any]]) -> AbstractContextManager[Any]:
        """Create a role, yield a boto3 session in it, and delete it again."""
        return identities.temporary_role(self.session, name, statements)

    def function_wearing(self, role_arn: str, name: str) -> AbstractContextManager[Any]:
        """Create a function that has the role, yield `call(action, arguments)`, and delete it again."""
        return identities.function_wearing(self.session, role_arn, name)

    # --- breaking things, each for one `with` block (see `workshop.breakage`) ----------------------------------------

    def source_faults(self, *faults: Mapping[str, Any], part: breakage.Part = "api") -> AbstractContextManager[bool]:
        """Let the source's next answers go wrong; yields False where the source is real and cannot be made to."""
        return breakage.source_faults(faults, part)

    def copy_beside(
        self, layer: str, key: str, change: Callable[[bytes], bytes] | None = None
    ) -> AbstractContextManager[str]:
        """Put a copy of an object, changed by `change`, beside it; yields its key, and takes it away at the end."""
        return breakage.copy_beside(self.client("s3"), self.bucket(layer), key, change)

    def put_back(self, layer: str, key: str) -> AbstractContextManager[None]:
        """Put an object back at the end as it is now."""
        return breakage.put_back(self.client("s3"), self.bucket(layer), key)

    def short_of_time(self, function: str, seconds: int) -> AbstractContextManager[None]:
        """Let a function ("silver", …) run for so many seconds at most, and at the end for as long as before."""
        return breakage.short_of_time(self.client("lambda"), self.names.functions[function], seconds)

    # --- lessons -----------------------------------------------------------------------------------------------------

    def checkpoint(self, title: str, *claims: checks.Check) -> None:
        """Look up every claim in the deployed world, show a table, and stop the notebook if one does not hold."""
        checks.checkpoint(title, claims)

    def note(self, title: str, text: str = "") -> None:
        """Record something that needed no work."""
        show(Record("step", title), text)


def _prepare_kernel() -> None:
    """Make the kernel fit for lessons: our errors without a traceback, tables with room for AWS's answers."""
    if not in_notebook():
        return
    import pandas as pd  # noqa: PLC0415
    from IPython.core.getipython import get_ipython  # noqa: PLC0415

    get_ipython().set_custom_exc((WorkshopError,), _show_plainly)
    pd.options.display.max_colwidth = 120  # AWS's answers are sentences


def _show_plainly(shell: Any, kind: type, error: WorkshopError, trace: Any, tb_offset: Any = None) -> list[str]:
    del trace, tb_offset
    lines = [f"{kind.__name__}: {error.message}", *([error.hint] if error.hint else [])]
    shell._showtraceback(kind, error, lines)
    return lines
