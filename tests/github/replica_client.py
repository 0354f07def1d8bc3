"""A client of the replica, and what a test needs to start one."""

from collections.abc import Callable
from typing import Any

import requests
from serving import Server

from workshop.sandbox.github import GitHubReplica

# 2025-06-15, some days after the generator's events.
START = 1_750_000_000


class Client:
    """A client of one server; answers are bytes as sent, whatever their status."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self._session = requests.Session()
        self._session.verify = str(server.ca_bundle)
        self._session.trust_env = False
        self._session.headers.update({"Accept-Encoding": "identity"})

    def close(self) -> None:
        self._session.close()

    def get(self, path: str = "/_github/events", method: str = "GET", **options: Any) -> requests.Response:
        return self._session.request(method, self.url + path, timeout=30, **options)

    def page(self, number: int = 1, etag: str | None = None, authorization: str | None = None) -> requests.Response:
        headers = {"If-None-Match": etag, "Authorization": authorization}
        return self.get(params={"per_page": "100", "page": str(number)}, headers=headers)


Start = Callable[..., tuple[GitHubReplica, Client]]
