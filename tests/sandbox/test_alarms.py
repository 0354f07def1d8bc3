"""An alarm is described as it was put, in the query protocol that Terraform speaks."""

import re
import ssl
import urllib.request
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from running_sandbox import RunningSandbox

from workshop.sandbox.mends.alarms import unflatten


def query(sandbox: RunningSandbox, action: str, **parameters: str) -> str:
    """One CloudWatch call in the query protocol."""
    keys = sandbox.home.credentials
    body = urlencode({"Action": action, "Version": "2010-08-01", **parameters}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    signed = AWSRequest("POST", sandbox.home.endpoint + "/", headers=headers, data=body)
    SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), "monitoring", "us-east-1").add_auth(signed)
    request = urllib.request.Request(signed.url, data=body, headers=dict(signed.headers))
    context = ssl.create_default_context(cafile=str(sandbox.home.ca_bundle))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    text: str = opener.open(request, timeout=10).read().decode()
    return text


def described(sandbox: RunningSandbox, name: str) -> str:
    answer = query(sandbox, "DescribeAlarms", **{"AlarmNames.member.1": name})
    found = re.search(r"<MetricAlarms><member>(.*)</member></MetricAlarms>", answer)
    assert found is not None, answer
    return found[1]


def test_every_field_comes_back(sandbox: RunningSandbox) -> None:
    put = {
        "AlarmName": "dp-alarm",
        "AlarmDescription": "Errors & more",
        "ActionsEnabled": "true",
        "AlarmActions.member.1": "arn:aws:sns:us-east-1:123456789012:critical",
        "OKActions.member.1": "arn:aws:sns:us-east-1:123456789012:info",
        "InsufficientDataActions.member.1": "arn:aws:sns:us-east-1:123456789012:warning",
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Statistic": "Sum",
        "Dimensions.member.1.Name": "FunctionName",
        "Dimensions.member.1.Value": "dp-dev-github-events-ingestor",
        "Period": "300",
        "EvaluationPeriods": "3",
        "DatapointsToAlarm": "2",
        "Threshold": "1",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    query(sandbox, "PutMetricAlarm", **put)
    alarm = described(sandbox, "dp-alarm")
    for name in ("MetricName", "Namespace", "Statistic", "Period", "ComparisonOperator", "TreatMissingData"):
        assert f"<{name}>{put[name]}</{name}>" in alarm
    assert "<AlarmDescription>Errors &amp; more</AlarmDescription>" in alarm
    assert "<ActionsEnabled>true</ActionsEnabled>" in alarm
    assert "<DatapointsToAlarm>2</DatapointsToAlarm>" in alarm
    for kind, topic in (("AlarmActions", "critical"), ("OKActions", "info"), ("InsufficientDataActions", "warning")):
        arn = f"arn:aws:sns:us-east-1:123456789012:{topic}"
        assert f"<{kind}><member>{arn}</member></{kind}>" in alarm
    dimension = "<member><Name>FunctionName</Name><Value>dp-dev-github-events-ingestor</Value></member>"
    assert f"<Dimensions>{dimension}</Dimensions>" in alarm
    assert re.search(r"<StateUpdatedTimestamp>\d{4}-\d\d-\d\dT[\d:]{8}Z</StateUpdatedTimestamp>", alarm)


def test_metric_math_and_percentiles_come_back(sandbox: RunningSandbox) -> None:
    put = {
        "AlarmName": "dp-math",
        "Metrics.member.1.Id": "e1",
        "Metrics.member.1.Expression": "m1/60",
        "Metrics.member.1.ReturnData": "true",
        "Metrics.member.2.Id": "m1",
        "Metrics.member.2.ReturnData": "false",
        "Metrics.member.2.MetricStat.Metric.Namespace": "AWS/Lambda",
        "Metrics.member.2.MetricStat.Metric.MetricName": "Duration",
        "Metrics.member.2.MetricStat.Period": "60",
        "Metrics.member.2.MetricStat.Stat": "p90",
        "EvaluationPeriods": "1",
        "Threshold": "5",
        "ComparisonOperator": "GreaterThanThreshold",
    }
    query(sandbox, "PutMetricAlarm", **put)
    alarm = described(sandbox, "dp-math")
    assert "<Expression>m1/60</Expression><ReturnData>true</ReturnData>" in alarm
    assert "<Metric><Namespace>AWS/Lambda</Namespace><MetricName>Duration</MetricName></Metric>" in alarm
    # With metric math there is no statistic and no period of the alarm's own.
    assert "<Statistic>" not in alarm
    assert "</Metrics>" in alarm and not re.search(r"</Metrics>.*<Period>|<Period>.*<Metrics>", alarm)


def test_unflatten_nests_lists_and_structures() -> None:
    flat: dict[str, Any] = {
        "A.member.2.X": ["b"],
        "A.member.1.X": ["a"],
        "A.member.10.X": ["c"],
        "B": ["d"],
        "C.D": "e",
    }
    assert unflatten(flat) == {"A": [{"X": "a"}, {"X": "b"}, {"X": "c"}], "B": "d", "C": {"D": "e"}}
