"""The function's environment, read once per invocation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from athena_transform.errors import SettingsError

SILVER_TABLE = "github_events_silver"
GOLD_TABLE = "github_events_gold_daily"
GOLD_HOURLY_TABLE = "github_events_gold_hourly"
QUALITY_TABLE = "github_events_quality"
BRONZE_TABLE = "github_events_bronze"
# A table that exists only while a month of Silver that has been compacted is checked, over the folder that is about to
# be published. Gold's tables have one of the same kind each.
SILVER_AUDIT_TABLE = "github_events_silver_audit"

# Athena lower-cases names, and of the special characters only `_` is safe unquoted.
# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,127}")
_WORK_GROUP = re.compile(r"[A-Za-z0-9._-]{1,128}")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-]+/)*")


@dataclass(frozen=True)
class Settings:
    """Where this function works. Buckets are names; `state_prefix` is empty or ends in a slash."""

    transform: Literal["silver", "gold"]
    database: str
    work_group: str
    silver_bucket: str
    gold_bucket: str
    state_bucket: str
    state_prefix: str

    @property
    def state_key(self) -> str:
        """The transform's state object."""
        return f"{self.state_prefix}{self.transform}.json"

    @property
    def silver_state_key(self) -> str:
        """Silver's state object, in the Silver bucket; Gold reads it, too."""
        return f"{self.state_prefix}silver.json"

    @property
    def ledger_prefix(self) -> str:
        """Where Silver's ledgers of read objects are, in the Silver bucket."""
        return f"{self.state_prefix}silver/objects/"

    @property
    def silver_location(self) -> str:
        """The folder of all of Silver's files; the only place where a failed INSERT's files may be deleted."""
        return f"s3://{self.silver_bucket}/{SILVER_TABLE}/"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the variables; SettingsError names the first that is missing or malformed."""
        transform = _read(environment, "TRANSFORM", re.compile("silver|gold"))
        return cls(
            transform="silver" if transform == "silver" else "gold",
            database=_read(environment, "DATABASE", _DATABASE),
            work_group=_read(environment, "WORK_GROUP", _WORK_GROUP),
            silver_bucket=_read(environment, "SILVER_BUCKET", _BUCKET),
            gold_bucket=_read(environment, "GOLD_BUCKET", _BUCKET),
            state_bucket=_read(environment, "STATE_BUCKET", _BUCKET),
            state_prefix=_read(environment, "STATE_PREFIX", _PREFIX),
        )


def _read(environment: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = environment.get(name)
    if value is None:
        raise SettingsError(f"The environment variable {name} is not set.")
    if not shape.fullmatch(value):
        raise SettingsError(f"The environment variable {name} is {value!r}, which does not match {shape.pattern}.")
    return value
