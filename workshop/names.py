"""What everything is called: the same names that Terraform gives, computed without asking it.

Terraform's own names are in `terraform/modules/*/main.tf`; a test compares the two.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Names:
    """Names in one environment of one account and region.

    `env` is "dev", "stage" or "prod", with an optional suffix. Buckets are keyed by raw, silver, gold and logs;
    functions (and their roles, which are named like them) by ingestor, backfill, silver and gold; tables by layer.
    """

    env: str
    account_id: str
    region: str
    partition: str = field(default="aws", kw_only=True)

    # --- account-wide ---

    @property
    def state_bucket(self) -> str:
        """The bucket of all Terraform states of the account."""
        return f"dp-tfstate-{self.account_id}"

    @property
    def state_key_alias(self) -> str:
        """The alias of the key that encrypts them."""
        return "alias/dp-tfstate"

    @property
    def state_key_alias_arn(self) -> str:
        """The same as an ARN, which is known before anyone knows the key's id."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account_id}:{self.state_key_alias}"

    @property
    def lock_table(self) -> str:
        """The DynamoDB table for Terraform older than 1.10, where it was asked for."""
        return "dp-tfstate-lock"

    # --- the environment ---

    @property
    def prefix(self) -> str:
        """What the names of the environment's resources begin with."""
        return f"dp-{self.env}"

    @property
    def buckets(self) -> dict[str, str]:
        """Bucket names."""
        return {name: f"{self.prefix}-{self.account_id}-{name}" for name in ("raw", "silver", "gold", "logs")}

    @property
    def key_alias(self) -> str:
        """The alias of the environment's key."""
        return f"alias/{self.prefix}-s3"

    @property
    def database(self) -> str:
        """The Glue database; an underscore, because a hyphen would need quoting in every query."""
        return f"dp_{self.env}_lake"

    @property
    def tables(self) -> dict[str, str]:
        """Table names."""
        return {
            "bronze": "github_events_bronze",
            "silver": "github_events_silver",
            "gold": "github_events_gold_daily",
            "gold_hourly": "github_events_gold_hourly",
            "quarantine": "github_events_quarantine",
            "quality": "github_events_quality",
        }

    @property
    def work_group(self) -> str:
        """The Athena work group."""
        return f"{self.prefix}-wg"

    @property
    def results_location(self) -> str:
        """Where the work group writes results."""
        return f"s3://{self.buckets['gold']}/athena-results/"

    @property
    def functions(self) -> dict[str, str]:
        """Lambda function names."""
        return {
            "ingestor": f"{self.prefix}-github-events-ingestor",
            "backfill": f"{self.prefix}-gharchive-backfill",
            "silver": f"{self.prefix}-silver-scheduler",
            "gold": f"{self.prefix}-gold-scheduler",
        }

    @property
    def roles(self) -> dict[str, str]:
        """The functions' roles, named like the functions."""
        return self.functions

    @property
    def state_machine(self) -> str:
        """The state machine that runs backfills."""
        return f"{self.prefix}-gharchive-backfill"

    @property
    def state_machine_arn(self) -> str:
        """The same as an ARN, which its API asks for."""
        return f"arn:{self.partition}:states:{self.region}:{self.account_id}:stateMachine:{self.state_machine}"
