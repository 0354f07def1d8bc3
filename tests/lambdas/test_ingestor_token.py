"""The token, and what polls do without one: SSM may refuse, be busy or not answer, and no event is lost by that."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from github_events_ingestor.telemetry import logger
from github_events_ingestor.token import read_token

NAME = "/dp-test/github-token"


@pytest.fixture
def ssm() -> Any:
    return boto3.client("ssm", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def stubber(ssm: Any) -> Iterator[Stubber]:
    with Stubber(ssm) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


@pytest.mark.parametrize(("value", "expected"), [("a-token", "a-token"), (" a-token\n", "a-token"), (" ", None)])
def test_the_token_is_the_parameters_value(value: str, expected: str | None, ssm: Any, stubber: Stubber) -> None:
    asked = {"Name": NAME, "WithDecryption": True}
    stubber.add_response("get_parameter", {"Parameter": {"Name": NAME, "Value": value}}, asked)
    assert read_token(ssm, NAME) == expected


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("ParameterNotFound", '"INFO"'),
        ("ThrottlingException", '"ERROR"'),
        ("AccessDeniedException", '"ERROR"'),
        ("InvalidKeyId", '"ERROR"'),
        ("InternalServerError", '"ERROR"'),
    ],
)
def test_a_token_that_cannot_be_read_is_told_and_costs_no_poll(
    code: str, level: str, ssm: Any, stubber: Stubber, logged: io.StringIO
) -> None:
    stubber.add_client_error("get_parameter", code)
    assert read_token(ssm, NAME) is None
    assert NAME in logged.getvalue()
    assert level in logged.getvalue()


def test_an_ssm_that_does_not_answer_costs_no_poll(logged: io.StringIO) -> None:
    class Unreachable:
        def get_parameter(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://ssm.example")

    assert read_token(Unreachable(), NAME) is None
    assert "EndpointConnectionError" in logged.getvalue()
