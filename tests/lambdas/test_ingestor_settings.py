"""The ingestor's environment is read whole or refused by name."""

import pytest
from github_events_ingestor.errors import SettingsError
from github_events_ingestor.settings import PollSettings, quarantine_prefix

ENVIRONMENT = {
    "RAW_BUCKET": "dp-dev-123456789012-raw",
    "BRONZE_PREFIX": "github/events/",
    "STATE_KEY": "state/github_events_ingestor.json",
    "GITHUB_API_URL": "https://api.github.com",
}


def test_the_environment_is_read() -> None:
    settings = PollSettings.from_environment(ENVIRONMENT)
    assert settings == PollSettings(
        "dp-dev-123456789012-raw",
        "github/events/",
        "state/github_events_ingestor.json",
        "https://api.github.com",
        None,
    )
    assert quarantine_prefix(settings.bronze_prefix) == "quarantine/github/events/"


@pytest.mark.parametrize(("value", "parameter"), [("", None), ("/dp-dev/github-token", "/dp-dev/github-token")])
def test_the_token_is_optional(value: str, parameter: str | None) -> None:
    assert PollSettings.from_environment(ENVIRONMENT | {"GITHUB_TOKEN_PARAMETER": value}).token_parameter == parameter


@pytest.mark.parametrize("url", ["https://127.0.0.1:4566/_github", "https://github.example.com/api/v3"])
def test_another_server_of_the_api_can_be_chosen(url: str) -> None:
    assert PollSettings.from_environment(ENVIRONMENT | {"GITHUB_API_URL": url}).api_url == url


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_setting_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        PollSettings.from_environment(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAW_BUCKET", "Not A Bucket"),
        ("BRONZE_PREFIX", "github/events"),
        ("BRONZE_PREFIX", ""),
        ("STATE_KEY", ""),
        ("GITHUB_API_URL", "http://api.github.com"),
        ("GITHUB_API_URL", "https://user@api.github.com"),
        ("GITHUB_API_URL", "https://api.github.com/"),
        ("GITHUB_TOKEN_PARAMETER", "no spaces, please"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is"):
        PollSettings.from_environment(ENVIRONMENT | {name: value})
