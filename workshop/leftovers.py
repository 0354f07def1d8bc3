"""Looks for all that the course may have made, service by service, whoever made it: Terraform knows only its own."""

from collections.abc import Callable, Iterator
from typing import Any

# What a lookup yields are names; what belongs to the course starts with one of the environment's prefixes.
Lookup = Callable[[Any], Iterator[str]]


def _paged(service: str, operation: str, items: str, name: str) -> Lookup:
    def look(session: Any) -> Iterator[str]:
        for page in session.client(service).get_paginator(operation).paginate():
            for item in page[items]:
                yield item if isinstance(item, str) else item[name]

    return look


def _work_groups(session: Any) -> Iterator[str]:
    for group in session.client("athena").list_work_groups()["WorkGroups"]:
        yield group["Name"]


def _queues(session: Any) -> Iterator[str]:
    for url in session.client("sqs").list_queues().get("QueueUrls", []):
        yield url.rpartition("/")[2]


def _topics(session: Any) -> Iterator[str]:
    for page in session.client("sns").get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            yield topic["TopicArn"].rpartition(":")[2]


LOOKUPS: dict[str, Lookup] = {
    "buckets": lambda session: (one["Name"] for one in session.client("s3").list_buckets()["Buckets"]),
    "key aliases": _paged("kms", "list_aliases", "Aliases", "AliasName"),
    "functions": _paged("lambda", "list_functions", "Functions", "FunctionName"),
    "schedules": _paged("scheduler", "list_schedules", "Schedules", "Name"),
    "state machines": _paged("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "roles": _paged("iam", "list_roles", "Roles", "RoleName"),
    "log groups": _paged("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "queues": _queues,
    "topics": _topics,
    "alarms": _paged("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": _paged("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "databases": _paged("glue", "get_databases", "DatabaseList", "Name"),
    "work groups": _work_groups,
}


def find(session: Any, env: str) -> list[tuple[str, str]]:
    """(service, name) of everything that belongs to `env` or to the remote state, in the order of `LOOKUPS`."""
    own = (f"dp-{env}-", f"dp_{env}_", "dp-tfstate")
    found = []
    for service, look in LOOKUPS.items():
        names = sorted(look(session))
        found += [(service, name) for name in names if _short(name).startswith(own)]
    return found


def _short(name: str) -> str:
    for prefix in ("alias/", "/aws/lambda/", "/aws/vendedlogs/states/"):
        name = name.removeprefix(prefix)
    return name
