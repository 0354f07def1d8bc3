"""The function's environment, read once per invocation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from github_events_ingestor.errors import SettingsError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-]+/)+")
_KEY = re.compile(r"[A-Za-z0-9_./-]{1,1024}")
# The token travels with every request, so it must be encrypted on the way.
_API_URL = re.compile(r"https://[A-Za-z0-9._:\[\]-]+(?:/[A-Za-z0-9._~-]+)*")
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
_PARAMETER = re.compile(r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")


@dataclass(frozen=True)
class Settings:
    """Where the function reads and writes. `bronze_prefix` ends in a slash; `token_parameter` is None for no token."""

    raw_bucket: str
    bronze_prefix: str
    state_key: str
    api_url: str
    token_parameter: str | None

    @property
    def quarantine_prefix(self) -> str:
        """Where lines go that are not events; outside of the Bronze table's location."""
        return f"quarantine/{self.bronze_prefix}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the variables; SettingsError names the first that is missing or malformed."""
        return cls(
            raw_bucket=_read(environment, "RAW_BUCKET", _BUCKET),
            bronze_prefix=_read(environment, "BRONZE_PREFIX", _PREFIX),
            state_key=_read(environment, "STATE_KEY", _KEY),
            api_url=_read(environment, "GITHUB_API_URL", _API_URL),
            token_parameter=(
                _read(environment, "GITHUB_TOKEN_PARAMETER", _PARAMETER)
                if environment.get("GITHUB_TOKEN_PARAMETER")
                else None
            ),
        )


def _read(environment: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = environment.get(name)
    if value is None:
        raise SettingsError(f"The environment variable {name} is not set.")
    if not shape.fullmatch(value):
        raise SettingsError(f"The environment variable {name} is {value!r}, which does not match {shape.pattern}.")
    return value
