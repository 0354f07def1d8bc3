"""A metric alarm is described as it was put.

Wrong in ministack 1.5.33: in the query protocol, which Terraform speaks, PutMetricAlarm forgets some fields and
DescribeAlarms answers with a third of them, so that every plan wants to change every alarm.
"""

import datetime
import json
import re
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

# Fields that PutMetricAlarm drops, besides those it fills in though the request did not name them.
DROPPED = ("InsufficientDataActions", "Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile")
FILLED_IN = ("Statistic", "Period")
NUMBERED = re.compile(r"member\.(\d+)")


def describe_alarms_fully() -> None:
    """Hook into PutMetricAlarm and DescribeAlarms for requests in the query protocol."""
    put, describe = cloudwatch._put_metric_alarm, cloudwatch._describe_alarms

    def put_metric_alarm(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        response = put(params, data, is_cbor, is_json)
        fields = data if is_cbor or is_json else unflatten(params)
        alarm = cloudwatch._alarms.get(fields.get("AlarmName", ""))
        if response[0] == 200 and alarm is not None:
            alarm.update({name: fields[name] for name in DROPPED if name in fields})
            for name in FILLED_IN:
                if name not in fields:
                    alarm.pop(name, None)
            for metric in alarm.get("Metrics", []):
                metric["ReturnData"] = metric.get("ReturnData", "true") in {True, "true"}
        return response

    def describe_alarms(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return describe(params, data, is_cbor, is_json)
        status, _, body = describe(params, unflatten(params), False, True)
        if status != 200:
            return describe(params, data, is_cbor, is_json)
        result = "".join(_element(name, value) for name, value in json.loads(body).items())
        return cloudwatch._xml(200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{result}</DescribeAlarmsResult>")

    cloudwatch._put_metric_alarm = put_metric_alarm
    cloudwatch._describe_alarms = describe_alarms


def unflatten(params: dict[str, Any]) -> dict[str, Any]:
    """Nest the query protocol's flat names: `Dimensions.member.1.Name` -> {"Dimensions": [{"Name": …}]}."""
    tree: dict[str, Any] = {}
    for name, value in params.items():
        *parents, last = NUMBERED.sub(r"\1", name).split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value[0] if isinstance(value, list) else value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if all(name.isdigit() for name in node):
        return [_listed(node[name]) for name in sorted(node, key=int)]
    return {name: _listed(value) for name, value in node.items()}


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        inner = "".join(_element("member", one) for one in value)
    elif isinstance(value, dict):
        inner = "".join(_element(key, one) for key, one in value.items())
    elif isinstance(value, bool):
        inner = str(value).lower()
    elif name.endswith("Timestamp") and isinstance(value, int | float):
        inner = datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"
