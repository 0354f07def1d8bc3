"""The schemas on the datasets page are those of the deployed catalog."""

import pytest
from lake_deployment import Deployment

from workshop import datasets

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1200)]


def test_page_shows_the_deployed_tables(deployed: Deployment) -> None:
    page = datasets.written(datasets.PAGE.read_text(encoding="utf-8"))
    assert page == datasets.parts(deployed.sandbox.client("glue"), deployed.names)
